"""Results on the survey's own post, for surveys whose manager lets everybody see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from core.markup import escape
from core.message import Button
from core.texts import Domain, Words
from plugins.surveys.actions import action
from plugins.surveys.answered import answers_of, enough, look
from plugins.surveys.definition import Kind, Seen
from plugins.surveys.groups import GROUPED
from plugins.surveys.tables import Wave
from plugins.surveys.tally import Result, needed, results
from plugins.surveys.toml_text import known

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("surveys")

MOST_LINES = 12
"""Of results on the post: the rest is a press away."""


class Live(NamedTuple):
    """What a post shows of the results, and the button to all of them."""

    lines: list[Words]
    buttons: list[Button]


async def live(session: AsyncSession, wave: Wave) -> Live:
    """The first questions' shares, of so many answers as may be told while the survey runs."""
    found = await look(session, wave.community_id, wave.id)
    seen = Seen.MANAGERS if found is None else known(found.survey.definition).results
    if found is None or seen is Seen.MANAGERS or found.waits:
        return Live([], [])
    buttons = [Button(_("Results"), action("qv", wave.community_id, wave.id, 0))]
    lines: list[Words] = []
    for question in found.definition.questions if seen is Seen.LIVE and enough(found) else ():
        size = len(question.choices) + 2
        if question.kind in GROUPED | {Kind.MULTIPLE} and len(lines) + size <= MOST_LINES:
            names = needed(found.definition, question.name)
            answers = await answers_of(session, wave, names, everything=False)  # two or three questions
            lines += _lines(results(found.definition, answers)[question.name])
    return Live(lines, buttons)


def _lines(result: Result) -> list[Words]:
    if result.hidden is not None or all(row.figure is None for row in result.rows):
        return []
    lines: list[Words] = [f"**{escape(result.question.plain)}**"]
    for row in result.rows:
        if row.figure is None or row.figure.interval is None:
            lines.append(_("- {label}: –", label=row.label if not isinstance(row.label, str) else escape(row.label)))
            continue
        low, high = (round(100 * bound) for bound in row.figure.interval)
        lines.append(
            _(
                "- {label}: **{share}%** ({low}–{high}) · {n}",
                label=escape(row.label) if isinstance(row.label, str) else row.label,
                share=round(100 * row.figure.value),
                low=low,
                high=high,
                n=row.count or 0,
            )
        )
    lines.append(_("_{n} answer, in brackets 95% intervals_", "_{n} answers, in brackets 95% intervals_", n=result.n))
    if result.leaders is not None and result.close:
        lines.append(_("_Too close to call._"))
    return lines
