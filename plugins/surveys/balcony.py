"""What follows from “Where do you spend your time?”: where members want to meet, and the hall beside a page.

Descriptive, never causal; what favours the page is shown as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from core.action import Action
from core.context import Context
from core.figures.halls import Comparison, Pair, Side, compare
from core.form import FieldKind, Form, FormField, Value
from core.markup import escape
from core.message import Button, Message
from core.numbers import decimal, percent
from core.plugin import FormErrors
from core.texts import Domain, Phrase, Words
from plugins.surveys.answered import answers_of, enough, look
from plugins.surveys.result_words import Teller
from plugins.surveys.showing import gone, why_not
from plugins.surveys.tally import Result, needed, results
from storage.tables import Member, ParticipationDay

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("surveys")

DAYS = 30
"""Of our own log that is looked at: a month."""
MOST_PEOPLE = 10**10


class Own(NamedTuple):
    """What happened in the hall in the last :data:`DAYS`."""

    engagements: int
    conversations: int


async def costs_form(ctx: Context, action: Action) -> Form:
    """What the store can't know: costs, and the page's numbers."""
    async with ctx.session() as session:
        members = await _known_members(session, ctx)
    free = _("0 where it costs nothing")
    fields = (
        FormField(
            FieldKind.NUMBER, "members", _("Members of your community"), minimum=1, maximum=MOST_PEOPLE,
            value=str(members) if members else "",
        ),
        FormField(FieldKind.NUMBER, "cost", _("What it costs a month"), minimum=0, hint=free),
        FormField(
            FieldKind.NUMBER, "followers", _("Followers of your page, if any"), required=False, minimum=1,
            maximum=MOST_PEOPLE,
        ),
        FormField(
            FieldKind.TEXT, "acts", _("Its reactions and comments a month"), required=False, maximum=60,
            hint=_("Two numbers, for example: 7485000 15000"),
        ),
        FormField(FieldKind.NUMBER, "page_cost", _("What the page costs a month"), required=False, minimum=0),
    )  # fmt: skip
    return Form(action, _("What follows from it"), fields, submit=_("Show"))


async def recommendation(ctx: Context, wave_id: UUID | None, values: Mapping[str, Value]) -> Message | FormErrors:
    """What the answers and the numbers say."""
    acts = two_numbers(str(values.get("acts") or ""))
    if values.get("acts") and acts is None:
        return FormErrors({"acts": _("Write two numbers: reactions, then comments.")})
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, wave_id)
        if found is None or not {"most", "meet"} <= set(found.definition.by_name):
            return gone()
        if not enough(found):
            return Message(text=why_not(found))
        names = {one for name in ("most", "meet") for one in needed(found.definition, name)}
        told = results(found.definition, await answers_of(session, found.wave, names))
        own = await own_month(session, ctx)
    hall = Side(_number(values, "members"), own.engagements, own.conversations, _number(values, "cost"))
    page = None
    if acts is not None and values.get("followers"):
        reactions, comments = acts
        page = Side(_number(values, "followers"), reactions + comments, comments, _number(values, "page_cost"))
    teller = Teller(ctx.say, ctx.language)
    lines = [f"**{ctx.say(advice(told['most']))}**", ctx.say(meeting_place(told["meet"], teller))]
    for name in ("most", "meet"):
        lines += [f"**{escape(told[name].question.plain)}**", *teller.lines(told[name])]
    lines.append(f"**{ctx.say(_('Your hall in the last {n} days', n=DAYS))}**")
    if page is None:
        lines += _alone(ctx, hall)
        lines.append(ctx.say(_("Give the numbers of a page as well, and the two are shown beside each other.")))
    else:
        lines += _beside(ctx, compare(hall, page))
    again = Button(_("Other numbers"), ctx.action("qr", found.wave.id), form=True)
    back = Button(_("All questions"), ctx.action("qw", found.wave.id))
    return Message(title=_("What follows from it"), text="\n".join(lines), controls=(again, back))


def advice(most: Result) -> Phrase:
    """Hall or page, by where members say that they spend their time; neither where it can't be told."""
    counts = {row.key: row.count for row in most.rows}
    leading = most.leaders[0].key if most.leaders and not most.close else ""
    if most.hidden or all(count is None for count in counts.values()):
        return _("Too few answered to recommend anything.")
    if leading == "hall":
        return _("Meet in a hall: most spend their time where people talk with each other.")
    if leading == "balcony":
        return _(
            "Keep a page: most watch and follow. A hall would have to earn their time, so begin with a small one."
        )
    if leading == "both":
        return _("Have both: most spend as much time in halls as on pages. Let the page lead into the hall.")
    return _("No clear winner. Try a hall for a month, and compare what it brings with what the page does.")


def meeting_place(meet: Result, teller: Teller) -> Phrase:
    """Where to meet."""
    if meet.leaders is None:
        return _("Where to meet can’t be told from these answers.")
    first, second = (escape(teller.say(row.label)) for row in meet.leaders)
    if meet.close:
        return _("Where: {first} or {second}; which is too close to call.", first=first, second=second)
    return _("Where: {first}.", first=first)


async def own_month(session: AsyncSession, ctx: Context) -> Own:
    """The community's own last month."""
    today = ctx.now.date()
    days = [today - timedelta(days=back) for back in range(DAYS)]
    here = (col(ParticipationDay.day).in_(days), col(ParticipationDay.community_id) == ctx.community_id)
    acts, conversations = (
        await session.execute(
            select(func.sum(col(ParticipationDay.count)), func.sum(col(ParticipationDay.conversations))).where(*here)
        )
    ).one()
    return Own(int(acts or 0), int(conversations or 0))


async def _known_members(session: AsyncSession, ctx: Context) -> int:
    """Members who ever took part: of others nothing is known."""
    counted = select(func.count()).select_from(Member).where(col(Member.community_id) == ctx.community_id)
    return int(await session.scalar(counted) or 0)


def two_numbers(text: str) -> tuple[int, int] | None:
    """Reactions and comments, however people group their digits: a blank or a comma with a blank parts the two."""
    found = [re.sub(r"[.,'’\u00a0\u202f]", "", part) for part in re.split(r"[;/\s]+|,\s+", text.strip()) if part]
    if len(found) != 2 or not all(part.isdecimal() and len(part) <= 12 for part in found):
        return None
    return int(found[0]), int(found[1])


def _number(values: Mapping[str, Value], name: str) -> float:
    value = values.get(name)
    return float(value) if isinstance(value, Decimal) else 0.0


def _alone(ctx: Context, hall: Side) -> list[str]:
    found = compare(hall, hall)
    return [f"- {line}" for label, pair, unit in _named(found) if pair for line in [_one(ctx, label, pair, unit)]]


def _beside(ctx: Context, found: Comparison) -> list[str]:
    lines = [f"_{ctx.say(_('hall · page'))}_"]
    for_page = []
    for label, pair, unit in _named(found):
        if pair is None:
            continue
        written = f"{_written(ctx, pair.hall.value, unit)} · {_written(ctx, pair.balcony.value, unit)}"
        times = _times(pair)
        how = f" ({ctx.say(_('{n} times', n=decimal(times, ctx.language)))})" if times else ""
        lines.append(f"- {ctx.say(label)}: **{written}**{how}")
        if pair.favours_balcony:
            for_page.append(ctx.say(label))
    if found.difference is not None and found.difference.interval is not None:
        low, high = (percent(bound, ctx.language, 1) for bound in found.difference.interval)
        lines.append(ctx.say(_("Talkability differs by {low} to {high} (95% interval).", low=low, high=high)))
    if for_page:
        lines.append(ctx.say(_("What favours the page: {what}.", what=", ".join(for_page))))
    else:
        lines.append(ctx.say(_("Nothing of this favours the page.")))
    lines.append(f"_{ctx.say(_('This describes the two; it does not say that one causes the other.'))}_")
    return lines


def _named(found: Comparison) -> tuple[tuple[Words, Pair | None, str], ...]:
    return (
        (_("conversations of all engagements (talkability)"), found.talkability, "share"),
        (_("conversations per member and month"), found.conversations, "number"),
        (_("engagements per member and month"), found.engagements, "number"),
        (_("conversations per unit of money"), found.conversations_per_point, "number"),
        (_("engagements per unit of money"), found.engagements_per_point, "number"),
        (_("cost per member and month"), found.cost, "number"),
    )


def _one(ctx: Context, label: Words, pair: Pair, unit: str) -> str:
    return f"{ctx.say(label)}: **{_written(ctx, pair.hall.value, unit)}**"


def _written(ctx: Context, value: float, unit: str) -> str:
    return percent(value, ctx.language, 1) if unit == "share" else decimal(value, ctx.language, 2)


def _times(pair: Pair) -> float | None:
    """How many times the better one is better."""
    larger, smaller = max(pair.hall.value, pair.balcony.value), min(pair.hall.value, pair.balcony.value)
    return larger / smaller if smaller else None
