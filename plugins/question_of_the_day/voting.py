"""Members' votes for what is asked next: one a person and series, for a question that waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, delete, func, select, tuple_, update
from sqlmodel import col

from core.action import Action
from core.context import Context
from core.deciding import Request
from core.markup import escape, plain
from core.message import Button, Message, cut
from core.plugin import Answer, Plugin, press
from core.texts import Domain, words_from_data
from plugins.question_of_the_day import drawing
from plugins.question_of_the_day.queue import Run
from plugins.question_of_the_day.queue_desk import running
from plugins.question_of_the_day.tables import Question, Series, Vote
from storage.bulk import insert_all
from storage.tables import Account, Member
from storage.tx import Tx

_ = Domain("question_of_the_day")

CANDIDATES = 5


class Voted(NamedTuple):
    """What became of a vote."""

    counts: bool


class Voting(Plugin):
    """Votes."""

    @press("votes")
    async def votes(self, ctx: Context, action: Action) -> Answer:
        """The next questions of a series."""
        able = [one for one in await running(ctx) if "vote" in one.allows]
        series = next((one for one in able if one.id in action.args), None)
        if series is None:
            return Message(text=_("There is nothing to vote on here."))
        shown = await _candidates(ctx, series)
        if not shown:
            return Message(text=_("No question waits that you could vote for."))
        lines = []
        for number, (_id, words, count) in enumerate(shown, 1):
            votes = ctx.say(_("{n} vote", "{n} votes", n=count)) if count else ""
            text = escape(cut(" ".join(words.split()), 200))
            lines.append(f"{number}. {text} _({votes})_" if votes else f"{number}. {text}")
        controls = tuple(Button(str(n), ctx.action("vote", one[0])) for n, one in enumerate(shown, 1))
        return Message(title=_("What should be asked next?"), text="\n".join(lines), controls=controls)

    @press("vote")
    async def vote(self, ctx: Context, action: Action) -> Answer:
        """Vote, or change the vote."""
        question_id = action.args[0] if action.args and isinstance(action.args[0], UUID) else None
        voted: Voted = await ctx.decide(decide, question_id)
        if not voted.counts:
            return Message(text=_("That question was asked already, or votes are closed."))
        return Message(text=_("Your vote counts. You can change it until the next question is asked."))


async def _candidates(ctx: Context, series: Run) -> list[tuple[UUID, str, int]]:
    """What may be voted for, with its votes: what waits and fits, in the order in which it would be asked."""
    day = drawing.day_of(ctx.now, ctx.place.time_zone)
    async with ctx.session() as session:
        rows = await session.execute(
            select(col(Question.id), col(Question.words), col(Question.votes))
            .join(Series, drawing.fits(day))
            .where(col(Series.community_id) == ctx.community_id, col(Series.id) == series.id)
            .order_by(*drawing.order())
            .limit(CANDIDATES)
        )
        return [(row.id, plain(ctx.say(words_from_data(row.words), ctx.place.language)), row.votes) for row in rows]


def decide(tx: Tx, requests: Sequence[Request]) -> list[Voted]:
    """Count votes: the newest of each person. What they voted for before loses theirs."""
    wanted = {one.said for one in requests if one.said is not None}
    communities = {one.community_id for one in requests}
    found = tx.execute(
        select(col(Question.community_id), col(Question.id), col(Question.series_id))
        .join(
            Series,
            and_(col(Series.community_id) == col(Question.community_id), col(Series.id) == col(Question.series_id)),
        )
        .where(
            col(Question.community_id).in_(communities),
            col(Question.id).in_(wanted),
            col(Question.asked_at).is_(None),
            col(Series.allows).contains("vote"),
        )
        .order_by(col(Series.id))
        .with_for_update(of=Series)
    ).all()
    series = {(row.community_id, row.id): row.series_id for row in found}
    newest = {
        (one.community_id, series[one.community_id, one.said], one.person_id): one
        for one in requests
        if (one.community_id, one.said) in series
    }
    if newest:
        _replace(tx, newest)
    counts = [(one.community_id, one.said) in series for one in requests]
    tx.participate_all([one.act("vote") for one, good in zip(requests, counts, strict=True) if good])
    return [Voted(good) for good in counts]


def _replace(tx: Tx, newest: dict[tuple[UUID, UUID, UUID], Request]) -> None:
    """Write the newest votes instead of what these people's accounts voted for in the same series."""
    people = {person for _community, _series, person in newest}
    communities = {community for community, _series, _person in newest}
    before = tx.execute(
        select(
            col(Vote.community_id),
            col(Vote.series_id),
            col(Vote.member_id),
            col(Vote.question_id),
            col(Account.person_id),
        )
        .join(
            Member,
            and_(col(Member.community_id) == col(Vote.community_id), col(Member.id) == col(Vote.member_id)),
        )
        .join(Account, col(Account.id) == col(Member.account_id))
        .where(col(Vote.community_id).in_(communities), col(Account.person_id).in_(people))
    )
    old = [row for row in before if (row.community_id, row.series_id, row.person_id) in newest]
    key = tuple_(col(Vote.community_id), col(Vote.series_id), col(Vote.member_id))
    tx.execute(delete(Vote).where(key.in_([(row.community_id, row.series_id, row.member_id) for row in old])))
    insert_all(
        tx,
        Vote,
        [
            {
                "community_id": community,
                "series_id": series,
                "member_id": one.member_id,
                "question_id": one.said,
            }
            for (community, series, _person), one in newest.items()
        ],
    )
    count_votes(tx, communities, {row.question_id for row in old} | {one.said for one in newest.values()})


def count_votes(tx: Tx, communities: set[UUID], questions: set[UUID]) -> None:
    """Write how many votes questions have."""
    count = (
        select(func.count())
        .select_from(Vote)
        .where(col(Vote.community_id) == col(Question.community_id), col(Vote.question_id) == col(Question.id))
        .scalar_subquery()
    )
    tx.execute(
        update(Question)
        .where(col(Question.community_id).in_(communities), col(Question.id).in_(questions))
        .values(votes=count)
    )
