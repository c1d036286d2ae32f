"""Streaks: how many of a series' questions in a row a member answered.

They are counted in questions, not in days: a day on which none was asked (a holiday, a pause, a time when we were
away) is no gap. A question breaks a streak only if somebody did answer it and we were there all the time that it was
open: a member may have wanted to answer just while we were not. It counts for those who did answer it.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, and_, case, delete, func, or_, select
from sqlmodel import col

from core.action import Action
from core.activity import OPEN
from core.context import Context
from core.message import Button, Message
from core.plugin import Answer, Plugin, command, press
from core.texts import Domain
from plugins.question_of_the_day.queue_desk import running, series_label, series_title
from plugins.question_of_the_day.results import mention_of
from plugins.question_of_the_day.tables import Answer as StoredAnswer
from plugins.question_of_the_day.tables import Asked, Quiet
from storage.people import WHO
from storage.tables import Absence, Account, Activity, Member
from storage.tx import Tx

_ = Domain("question_of_the_day")

SHOWN = 10
LOOKED_AT = 100
"""The newest questions of a series that streaks are counted in: no streak is longer than this."""


class Streak(NamedTuple):
    """A member's streak that is not broken, and how many of the newest questions they answered."""

    member_id: UUID
    length: int
    answered: int


def streaks(connection: Connection, community_id: UUID, series_id: UUID) -> list[Streak]:
    """The streaks of a series, the longest first, reckoned in the store.

    Of a thousand members and a hundred questions that takes some tenths of a second: not for the quick reader.
    """
    here = and_(col(Asked.community_id) == community_id, col(Asked.series_id) == series_id)
    answered = (
        select(col(StoredAnswer.id))
        .where(
            col(StoredAnswer.community_id) == col(Asked.community_id),
            col(StoredAnswer.activity_id) == col(Asked.activity_id),
        )
        .exists()
    )
    away = (
        select(col(Absence.since))
        .where(
            col(Absence.until) > col(Asked.asked_at),
            or_(col(Activity.closed_at).is_(None), col(Absence.since) < col(Activity.closed_at)),
        )
        .exists()
    )
    newest_ones = (
        select(
            col(Asked.activity_id).label("activity_id"),
            col(Asked.asked_at).label("asked_at"),
            case((away, 0), else_=1).label("counts"),
            col(Activity.state).label("state"),
        )
        .join(
            Activity,
            and_(col(Activity.community_id) == col(Asked.community_id), col(Activity.id) == col(Asked.activity_id)),
        )
        .where(here, answered)
        .order_by(col(Asked.asked_at).desc(), col(Asked.activity_id).desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    chances = select(
        newest_ones.c.activity_id,
        newest_ones.c.counts,
        newest_ones.c.state,
        func.sum(newest_ones.c.counts)
        .over(order_by=(newest_ones.c.asked_at, newest_ones.c.activity_id))
        .label("number"),
    ).cte("chances")
    mine = (
        select(
            col(StoredAnswer.member_id).label("member_id"),
            chances.c.number.label("number"),
            func.sum(chances.c.counts)
            .over(partition_by=col(StoredAnswer.member_id), order_by=chances.c.number)
            .label("place"),
        )
        .join(chances, chances.c.activity_id == col(StoredAnswer.activity_id))
        .where(col(StoredAnswer.community_id) == community_id, col(StoredAnswer.member_id).is_not(None))
        .cte("mine")
    )
    # Of questions in a row, number and place rise together: their difference is how many a member missed until then.
    runs = (
        select(
            mine.c.member_id,
            func.count().label("length"),
            func.max(mine.c.number).label("last"),
        )
        .group_by(mine.c.member_id, mine.c.number - mine.c.place)
        .cte("runs")
    )
    totals = select(mine.c.member_id, func.count().label("answered")).group_by(mine.c.member_id).cte("totals")
    # Who has not answered the open one yet may still do so.
    decided = select(func.coalesce(func.max(chances.c.number), 0)).where(
        or_(chances.c.counts == 0, chances.c.state != OPEN)
    )
    rows = connection.execute(
        select(runs.c.member_id, runs.c.length, totals.c.answered)
        .join(totals, totals.c.member_id == runs.c.member_id)
        .where(runs.c.last >= decided.scalar_subquery())
        .order_by(runs.c.length.desc(), totals.c.answered.desc(), runs.c.member_id)
    )
    return [Streak(*row) for row in rows]


class Streaks(Plugin):
    """The leaderboard."""

    @command("streaks", _("Who answers every time"))
    async def leaderboard(self, ctx: Context, _text: str) -> Answer:
        """The longest streaks of the first series, and one's own."""
        return await self._board(ctx, None)

    @press("streak")
    async def board_of(self, ctx: Context, action: Action) -> Answer:
        """The same for the series that the button names."""
        return await self._board(ctx, action.args[0] if action.args else None)

    @press("quiet")
    async def be_quiet(self, ctx: Context, _action: Action) -> Answer:
        """Leave the leaderboard."""

        def unit(tx: Tx) -> None:
            tx.add_if_new(Quiet(community_id=ctx.community_id, member_id=ctx.member(tx)))

        await ctx.write(unit)
        back = Button(_("Show me again"), ctx.action("loud"))
        return Message(
            text=_("You stand on no leaderboard any more, and no answer of yours is shown again."), controls=(back,)
        )

    @press("loud")
    async def be_loud(self, ctx: Context, _action: Action) -> Answer:
        """Come back to it."""

        def unit(tx: Tx) -> None:
            tx.execute(
                delete(Quiet).where(
                    col(Quiet.community_id) == ctx.community_id, col(Quiet.member_id) == ctx.member(tx)
                )
            )

        await ctx.write(unit)
        return Message(text=_("You are back on the leaderboard."))

    async def _board(self, ctx: Context, series_id: object) -> Message:
        series = await running(ctx)
        mine = next((one for one in series if series_id in (None, one.id)), None)
        if mine is None:
            return Message(text=_("There are no questions here yet. Start with `/hall setup`."))
        who = ctx.acting
        found = await ctx.hall.store.rows(WHO, **who)
        me = found[0][2] if found else None

        def read(connection: Connection) -> tuple[list[Streak], set[UUID], dict[UUID, Any]]:
            best = streaks(connection, ctx.community_id, mine.id)
            quiet = set(
                connection.execute(
                    select(col(Quiet.member_id)).where(col(Quiet.community_id) == ctx.community_id)
                ).scalars()
            )
            shown = [one.member_id for one in best if one.member_id not in quiet][:SHOWN]
            accounts = connection.execute(
                select(col(Member.id), col(Account.platform), col(Account.scope), col(Account.sealed))
                .join(Account, col(Account.id) == col(Member.account_id))
                .where(col(Member.community_id) == ctx.community_id, col(Member.id).in_(shown))
            )
            return best, quiet, {row.id: row for row in accounts}

        async with ctx.session() as session:
            best, quiet, accounts = await (await session.connection()).run_sync(read)
        board = [one for one in best if one.member_id not in quiet][:SHOWN]
        lines = [
            ctx.say(
                _(
                    "{place}. {who}: {n} in a row",
                    "{place}. {who}: {n} in a row",
                    place=place,
                    who=mention_of(ctx, accounts.get(one.member_id)) or ctx.say(_("a member in another space")),
                    n=one.length,
                )
            )
            for place, one in enumerate(board, 1)
        ]
        own = next((one for one in best if one.member_id == me), None)
        if own is not None:
            lines.append(
                ctx.say(
                    _(
                        "_You: {n} in a row, {all} of the newest {most}_",
                        "_You: {n} in a row, {all} of the newest {most}_",
                        n=own.length,
                        all=own.answered,
                        most=LOOKED_AT,
                    )
                )
            )
        if not lines:
            lines.append(ctx.say(_("No streak has begun. Answer the next question!")))
        leave = Button(_("Leave me out"), ctx.action("quiet"))
        if me in quiet:
            leave = Button(_("Show me again"), ctx.action("loud"))
        others = tuple(
            Button(series_label(ctx, one), ctx.action("streak", one.id)) for one in series if one.id != mine.id
        )
        title = _("Streaks: {series}", series=series_title(mine))
        return Message(title=title, text="\n".join(lines), controls=(leave, *others[:20]))
