"""What each question brought: answers, replies, likes, and how soon the first answer came."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from math import isinf
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, and_, func, select, true
from sqlmodel import col

from core.action import Action
from core.context import Context
from core.crowds import Crowd, crowds, crowds_of
from core.figures import Figure
from core.figures.replies import first_reply
from core.figures.shares import response_rate
from core.markup import escape, plain
from core.message import Button, Message, Pair, cut
from core.moments import span
from core.numbers import percent
from core.plugin import Answer, Plugin, press
from core.rights import Right
from core.texts import Domain, Words, words_from_data
from plugins.question_of_the_day.drawing import Kind, worth
from plugins.question_of_the_day.queue_desk import running, series_title
from plugins.question_of_the_day.tables import Answer as StoredAnswer
from plugins.question_of_the_day.tables import Asked, Liking, Nameless, Question, Reaction
from storage.tables import Activity, Delivery

_ = Domain("question_of_the_day")

LOOKED_AT = 60
"""The newest questions of a series that its figures are made of."""
SHOWN = 8
SHOWN_KINDS = 8
WHY_NOT = _(
    "A response rate is not known where a platform did not say how many could see a post, as in a channel for a few, "
    "or where more answered than could see it when it was posted."
)


class Yield(NamedTuple):
    """What a question brought. ``seconds``: from the first post to the first answer, or without one to its end or
    to now; None where every answer was anonymous, whose hour is not kept, or nothing was posted."""

    words: Any
    category: str
    answers: int
    nameless: int
    replies: int
    reactions: int
    likes: int
    seconds: float | None
    answered: bool
    crowd: Crowd = Crowd()

    @property
    def rate(self) -> Figure | None:
        """The response rate; None where it is not known. Each member has one answer, with a name or without."""
        return self.crowd.rate(self.answers + self.nameless)


def yields(connection: Connection, community_id: UUID, series_id: UUID, now: datetime) -> list[Yield]:
    """The newest questions of a series, the newest first: a statement for each figure of all of them."""
    asked = connection.execute(
        select(
            col(Asked.activity_id),
            col(Asked.category),
            col(Asked.replies),
            col(Question.words),
            col(Activity.closed_at),
        )
        .join(
            Activity,
            and_(col(Activity.community_id) == col(Asked.community_id), col(Activity.id) == col(Asked.activity_id)),
        )
        .join(
            Question,
            and_(col(Question.community_id) == col(Asked.community_id), col(Question.id) == col(Asked.question_id)),
        )
        .where(col(Asked.community_id) == community_id, col(Asked.series_id) == series_id)
        .order_by(col(Asked.asked_at).desc(), col(Asked.activity_id).desc())
        .limit(LOOKED_AT)
    ).all()
    ids = [row.activity_id for row in asked]

    def by_activity(columns: Sequence[Any], table: Any, *where: Any) -> dict[UUID, Any]:
        query = (
            select(col(table.activity_id), *columns)
            .where(col(table.community_id) == community_id, col(table.activity_id).in_(ids), *where)
            .group_by(col(table.activity_id))
        )
        return {row[0]: tuple(row[1:]) for row in connection.execute(query)}

    answers = by_activity((func.count(), func.count(col(StoredAnswer.member_id))), StoredAnswer)
    waits = by_activity((func.count(),), Nameless)
    first = by_activity(
        (func.min(col(StoredAnswer.answered_at)),), StoredAnswer, col(StoredAnswer.member_id).is_not(None)
    )
    reactions = by_activity((func.count(),), Reaction, col(Reaction.present) == true())
    posted = by_activity((func.min(col(Delivery.sent_at)),), Delivery, col(Delivery.external_id).is_not(None))
    likes = {
        row[0]: row[1]
        for row in connection.execute(
            select(col(StoredAnswer.activity_id), func.count())
            .join(
                Liking,
                and_(
                    col(Liking.community_id) == col(StoredAnswer.community_id),
                    col(Liking.answer_id) == col(StoredAnswer.id),
                    col(Liking.present) == true(),
                ),
            )
            .where(col(StoredAnswer.community_id) == community_id, col(StoredAnswer.activity_id).in_(ids))
            .group_by(col(StoredAnswer.activity_id))
        )
    }
    crowd = crowds(connection.execute(crowds_of(community_id, ids)))
    found = []
    for row in asked:
        here = row.activity_id
        count, named = answers.get(here, (0, 0))
        count += waits.get(here, (0,))[0]
        since, answered_at = posted.get(here, (None,))[0], first.get(here, (None,))[0]
        seconds = None
        if since is not None and (named or not count):
            seconds = max(((answered_at or row.closed_at or now) - since).total_seconds(), 0.0)
        found.append(
            Yield(
                row.words,
                row.category,
                named,
                count - named,
                row.replies,
                reactions.get(here, (0,))[0],
                likes.get(here, 0),
                seconds,
                answered_at is not None,
                crowd.get(here, Crowd()),
            )
        )
    return found


def first_answer(several: Sequence[Yield]) -> tuple[Figure | None, int, int]:
    """The median time to the first answer, of how many questions, and how many of them had none.

    A question without an answer counts as one whose answer came later than it was open (censored), and not as none.
    """
    came = [one.seconds for one in several if one.seconds is not None and one.answered]
    open_for = [one.seconds for one in several if one.seconds is not None and not one.answered]
    return first_reply(came, open_for), len(came) + len(open_for), len(open_for)


class Yields(Plugin):
    """How a series goes."""

    @press("yield", right=Right.MANAGE)
    async def how_it_goes(self, ctx: Context, action: Action) -> Answer:
        """The newest questions of a series with what they brought, and its categories."""
        series = next((one for one in await running(ctx) if one.id in action.args), None)
        if series is None:
            return Message(text=_("That series is gone. `/hall series` lists what there is."))
        found = await ctx.read(lambda connection: yields(connection, ctx.community_id, series.id, ctx.now))
        back = Button(_("Back"), ctx.action("series", series.id))
        if not found:
            return Message(text=_("No question of this series was asked yet."), controls=(back,))
        text, fields = await asyncio.to_thread(told, found, ctx.say, ctx.place.language, ctx.language)
        return Message(
            title=_("How it goes: {series}", series=series_title(series)), text=text, fields=fields, controls=(back,)
        )


def told(found: Sequence[Yield], say: Any, spoken: str, language: str) -> tuple[str, tuple[Pair, ...]]:
    """The figures in words, each with what it is made of. Questions are in the language ``spoken``."""
    lines = []
    for one in found[:SHOWN]:
        parts = [say(_("{n} answer", "{n} answers", n=one.answers))]
        if one.nameless:
            parts.append(say(_("{n} without a name", "{n} without a name", n=one.nameless)))
        if (rate := one.rate) is not None and rate.interval is not None:
            part, low, high = (percent(share, language) for share in (rate.value, *rate.interval))
            made_of: dict[str, str | int] = {"share": part, "low": low, "high": high, "could": round(rate.n)}
            parts.append(say(_("{share} ({low} to {high}) of about {could} who could see it", **made_of)))
        if one.answers:
            each = f"{one.replies / one.answers:.1f}"
            parts.append(say(_("{each} replies to each", each=each)))
        if one.reactions or one.likes:
            parts.append(say(_("{n} reaction", "{n} reactions", n=one.reactions + one.likes)))
        if one.answered and one.seconds is not None:
            parts.append(say(_("the first after {time}", time=span(one.seconds, language))))
        words = escape(cut(" ".join(plain(say(words_from_data(one.words), spoken)).split()), 90))
        lines.append(f"- {words} _({', '.join(parts)})_")
    told_of = [(one.answers + one.nameless, rate.n) for one in found if (rate := one.rate) is not None]
    fields = [Pair(_("Response rate"), _response(told_of, len(found), language))]
    if len(told_of) < len(found):
        lines += ["", f"_{say(WHY_NOT)}_"]
    median, count, unanswered = first_answer(found)
    earliest, latest = median.interval if median and median.interval else (None, None)
    fields.append(
        Pair(
            _("Time to the first answer"),
            _(
                "{median} (median by Kaplan–Meier, v1; 95%: {low} to {high}; n = {n} questions, {none} without)",
                median=_time(median.value if median else None, language),
                low=_time(earliest, language),
                high=_time(latest, language),
                n=count,
                none=unanswered,
            ),
        )
    )
    kinds: dict[str, Kind] = {}
    for one in found:
        brought, members = one.answers + one.nameless, one.crowd.members
        counted = (1, brought, members) if members is not None else (0, 0, 0)
        so_far = kinds.get(one.category, Kind())
        kinds[one.category] = Kind(*map(sum, zip(so_far, (1, brought, *counted), strict=True)))
    if len(kinds) > 1:
        brings = worth(kinds)
        for name, kind in sorted(kinds.items(), key=lambda each: -brings(each[1]))[:SHOWN_KINDS]:
            head: Words = escape(name) or _("no category")
            each = f"{kind.answers / kind.asked:.1f}"
            said: Words = _("{each} answers a question (n = {n})", each=each, n=kind.asked)
            if kind.could:
                said = _(
                    "{each} answers a question (n = {n}); {part} for each hundred who could see it (n = {counted})",
                    each=each,
                    n=kind.asked,
                    part=f"{100 * kind.counted_answers / kind.could:.1f}",
                    counted=kind.counted,
                )
            fields.append(Pair(head, said))
    return "\n".join(lines), tuple(fields)


def _response(told_of: Sequence[tuple[int, float]], asked: int, language: str) -> Words:
    """The response rate over several questions. No interval: the same members see them all."""
    answers, could = sum(one[0] for one in told_of), round(sum(one[1] for one in told_of))
    figure = response_rate(answers, could)
    if figure is None:
        return _("not known of this {n} question", "not known of these {n} questions", n=asked)
    return _(
        "{share} (v{version}; {answers} answers, about {could} who could see them; n = {n} of {asked} questions)",
        share=percent(figure.value, language),
        version=figure.formula.version,
        answers=answers,
        could=could,
        n=len(told_of),
        asked=asked,
    )


def _time(seconds: float | None, language: str) -> str:
    return "–" if seconds is None or isinf(seconds) else span(seconds, language)
