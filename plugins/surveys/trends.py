"""A question over the waves of a pulse."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from core.charts import Line, Lines, Point, Range, picture
from core.context import Context
from core.figures import Figure
from core.message import Button, Message, cut
from core.texts import Domain, Words
from plugins.surveys.answered import Looked, enough, look, newest, result_of
from plugins.surveys.result_words import ASKED, Teller
from plugins.surveys.showing import ask_of, gone
from plugins.surveys.tally import Result, Unit

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("surveys")

MOST_WAVES = 12
"""Waves in a picture: as many as can be told apart."""
MOST_LINES = 4


class Seen(NamedTuple):
    """A wave with what came of the question in it."""

    at: datetime
    result: Result


async def trend_message(ctx: Context, wave_id: UUID | None, number: int) -> Message:
    """The question over the newest waves, as a picture and in words."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, wave_id)
        if found is None or not 0 <= number < len(found.definition.questions):
            return gone()
        name = found.definition.questions[number].name
        several = await over_waves(session, found, name)
        zone = ctx.place.time_zone
    back = Button(_("Back"), ctx.action("qq", found.wave.id, number))
    chart = drawn(several, Teller(ctx.say, ctx.language), zone) if several else None
    if chart is None:
        return Message(text=_("Fewer than two waves have enough answers to this question."), controls=(back,))
    lines = [f"- {line.label}: {line.note}" for line in chart.lines]
    return Message(
        title=ask_of(found.definition.questions[number]),
        text="\n".join(lines),
        image=await picture(chart),
        controls=(back,),
    )


async def over_waves(session: AsyncSession, found: Looked, name: str) -> list[Seen]:
    """What came of the question in each wave that asked it in the same way, the oldest first."""
    kind = found.definition.by_name[name].kind
    several = []
    for one in reversed(await newest(session, found.wave.community_id, MOST_WAVES, found.survey.id)):
        asked = one.definition.by_name.get(name)
        if asked is not None and asked.kind is kind and enough(one):
            several.append(Seen(one.wave.opened_at, await result_of(session, one, name)))  # twelve at most
    return several


def drawn(several: list[Seen], teller: Teller, time_zone: str) -> Lines | None:
    """The lines; None where fewer than two waves tell of the question."""
    if sum(one.result.hidden is None for one in several) < 2:
        return None
    last = next(one.result for one in reversed(several) if one.result.hidden is None)
    lines: list[Line] = []
    percent = not last.figures
    if last.figures:
        told = last.figures[0]
        figures = [_summary(one.result, told.label) for one in several]
        lines = [_line(teller, told.label, figures, told.unit)]
        percent = told.unit is Unit.SHARE
    else:
        rows = sorted(last.rows, key=lambda row: row.figure.value if row.figure else -1.0, reverse=True)
        for row in rows[:MOST_LINES]:
            lines.append(_line(teller, row.label, [_share(one.result, row.key) for one in several], Unit.SHARE))
    if not any(point.value is not None for line in lines for point in line.points):
        return None
    zone = ZoneInfo(time_zone)
    steps = tuple(f"{one.at.astimezone(zone):%Y-%m-%d}" for one in several)
    foot = teller.say(_("The stripes are 95% intervals."))
    bottom = 0 if percent else None
    return Lines(cut(last.question.plain, ASKED), steps, tuple(lines), foot, bottom=bottom, percent=percent)


def _line(teller: Teller, label: Words, figures: list[Figure | None], unit: Unit) -> Line:
    known_ones = [one for one in figures if one is not None]
    note = teller.value(known_ones[-1], unit) if known_ones else "–"
    points = tuple(
        Point(None) if one is None else Point(one.value, Range(*one.interval) if one.interval else None)
        for one in figures
    )
    return Line(teller.say(label), points, note)


def _summary(result: Result, label: Words) -> Figure | None:
    return next((told.figure for told in result.figures if told.label == label), None)


def _share(result: Result, key: str) -> Figure | None:
    return next((row.figure for row in result.rows if row.key == key), None)
