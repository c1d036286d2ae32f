"""What was answered, and what waits: read from the store, shown to managers in chat and on their page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select
from sqlmodel import col

from core.action import Action
from core.anonymous import LEAST
from core.context import Context, Viewer
from core.crowds import Crowd, crowds, crowds_of, response
from core.markup import escape, mention
from core.message import MAX_FIELDS, Button, Message, Pair
from core.texts import Domain, Words, words_from_data
from plugins.question_of_the_day.queue import CODE
from plugins.question_of_the_day.tables import Answer, Nameless, Question, Series, Suggestion
from storage.people import external_id_of
from storage.tables import Account, Activity, Member, Schedule, Space

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("question_of_the_day")

SHOWN_ANSWERS = 15
"""As many answers as a message can hold when each is long."""
SHOWN_LENGTH = 100
"""Characters of an answer in a list."""


def local_date(moment: datetime, time_zone: str) -> str:
    """The day of a moment in a zone, ``2026-11-23``."""
    return moment.astimezone(ZoneInfo(time_zone)).date().isoformat()


async def newest(session: AsyncSession, community_id: UUID) -> Activity | None:
    """The question that was posted last."""
    found: Activity | None = await session.scalar(
        select(Activity)
        .where(col(Activity.community_id) == community_id, col(Activity.plugin) == CODE)
        .order_by(col(Activity.id).desc())
        .limit(1)
    )
    return found


async def answers_message(ctx: Context) -> Message:
    """The newest question's answers, with who gave them where the platform of the reader knows them."""
    async with ctx.session() as session:
        activity = await newest(session, ctx.community_id)
        if activity is None:
            return Message(text=_("No question was posted yet. `/hall ask` posts the next one."))
        rows = (await session.execute(_answers(ctx.community_id, activity.id).limit(SHOWN_ANSWERS))).all()
        counts = await _counts(session, ctx.community_id, activity.id)
    lines = []
    for answer, account, space in rows:
        text = ctx.unseal(answer.sealed, answer.id)
        short = escape(text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 1] + "…").replace("\n", " ")
        mentioned = mention_of(ctx, account)
        if mentioned:
            who = mentioned
        elif answer.member_id is None:
            who = ctx.say(_("without a name"))
        else:
            who = ctx.say(_("someone in {space}", space=escape(space)))
        lines.append(f"- {who}: {short}")
    lines += counts.lines(ctx.say, len(lines))
    question = ctx.say(words_from_data(activity.data["question"]), ctx.place.language)
    return counts.message(f"**{question}**", lines, ctx.language)


def mention_of(ctx: Context, account: Any) -> str:
    """A mention of an account where the reader's platform can show it; else empty: a workspace has ids of its own."""
    if account is None or (account.platform, account.scope) != (ctx.who.platform, ctx.who.scope):
        return ""
    external_id = external_id_of(ctx.vault, account.platform, account.scope, account.sealed)
    return mention(ctx.say(_("a member")), external_id)


async def overview(session: AsyncSession, viewer: Viewer) -> Sequence[Message]:
    """For the manager's page: the newest question and its answers, the queues, the next times, the files."""
    shown: list[Message] = []
    activity = await newest(session, viewer.community_id)
    if activity is not None:
        counts = await _counts(session, viewer.community_id, activity.id)
        rows = (await session.execute(_answers(viewer.community_id, activity.id).limit(SHOWN_ANSWERS))).all()
        lines = []
        for answer, _account, space in rows:
            text = viewer.vault.open(answer.sealed, answer.id.bytes).decode()
            where = escape(space) if space is not None else viewer.say(_("without a name"))
            lines.append(f"- {escape(text)} _{where}_".replace("\n", " "))
        lines += counts.lines(viewer.say, len(lines))
        question = viewer.say(words_from_data(activity.data["question"]))
        shown.append(counts.message(f"**{question}**", lines, viewer.language))
    shown += await _coming(session, viewer)
    shown.append(await _files(session, viewer))
    return shown


async def _coming(session: AsyncSession, viewer: Viewer) -> list[Message]:
    """When each series goes out next, and how much waits in it."""
    waiting: dict[UUID, int] = {
        row[0]: row[1]
        for row in await session.execute(
            select(col(Question.series_id), func.count())
            .where(col(Question.community_id) == viewer.community_id, col(Question.asked_at).is_(None))
            .group_by(col(Question.series_id))
        )
    }
    rows = await session.execute(
        select(col(Series.id), col(Series.title), col(Schedule.next_at), col(Schedule.time_zone))
        .join(
            Schedule,
            and_(
                col(Schedule.community_id) == col(Series.community_id),
                col(Schedule.id) == col(Series.schedule_id),
            ),
        )
        .where(col(Series.community_id) == viewer.community_id, col(Schedule.ended_at).is_(None))
        .order_by(col(Series.id))
    )
    shown = []
    for row in rows:
        when = "–"
        if row.next_at is not None:
            when = row.next_at.astimezone(ZoneInfo(row.time_zone or viewer.time_zone)).strftime("%Y-%m-%d %H:%M")
        fields = (Pair(_("Goes out"), when), Pair(_("Questions waiting"), str(waiting.get(row.id, 0))))
        upload = Button(_("A list for this series"), Action(CODE, "csvin", (row.id,), viewer.community_id))
        shown.append(Message(title=row.title or _("Next"), fields=fields, controls=(upload,)))
    return shown


async def _files(session: AsyncSession, viewer: Viewer) -> Message:
    suggested = await session.scalar(
        select(func.count()).select_from(Suggestion).where(col(Suggestion.community_id) == viewer.community_id)
    )
    files = (
        Button(_("All questions as CSV"), Action(CODE, "csvout", (), viewer.community_id)),
        Button(_("Who answered what, as CSV"), Action(CODE, "whosai", (), viewer.community_id)),
    )
    pair = Pair(_("Suggestions waiting"), str(suggested or 0))
    return Message(title=_("Lists"), fields=(pair,), controls=files)


def _answers(community_id: UUID, activity_id: UUID):  # type: ignore[no-untyped-def]  # SQLAlchemy's own Select type says less than inference
    return (
        select(Answer, Account, col(Space.name))
        .outerjoin(
            Space, and_(col(Space.community_id) == col(Answer.community_id), col(Space.id) == col(Answer.space_id))
        )
        .outerjoin(
            Member,
            and_(col(Member.community_id) == col(Answer.community_id), col(Member.id) == col(Answer.member_id)),
        )
        .outerjoin(Account, col(Account.id) == col(Member.account_id))
        .where(col(Answer.community_id) == community_id, col(Answer.activity_id) == activity_id)
        .order_by(col(Answer.id).desc())
    )


class _Counts(NamedTuple):
    """How many answers there are, by space, without a name, and of these the ones that wait for others."""

    by_space: list[tuple[str, int]]
    nameless: int
    waiting: int
    crowd: Crowd

    @property
    def total(self) -> int:
        """All answers: of as many members, who have one each."""
        return self.nameless + self.waiting + sum(count for _space, count in self.by_space)

    def lines(self, say: Callable[[Words], str], shown: int) -> list[str]:
        """What is not among the answers that are shown."""
        lines = []
        more = self.total - self.waiting - shown
        if more > 0:
            lines.append(say(_("… and {n} more", n=more)))
        if self.waiting:
            why = _(
                "_{n} without a name waits until {least} have come, or the question is over: so nobody can tell "
                "whose it is._",
                "_{n} without a name wait until {least} have come, or the question is over: so nobody can tell "
                "whose they are._",
                n=self.waiting,
                least=LEAST,
            )
            lines.append(say(why))
        return lines

    def message(self, head: str, lines: list[str], language: str) -> Message:
        """A question with these lines below it."""
        fields = [Pair(_("Response rate"), response(self.total, self.crowd, language))]
        if nameless := self.nameless + self.waiting:
            fields.append(Pair(_("without a name"), str(nameless)))
        fields += [Pair(space, str(count)) for space, count in self.by_space]
        return Message(
            title=_("{n} answer", "{n} answers", n=self.total),
            text="\n".join([head, *lines]),
            fields=tuple(fields[:MAX_FIELDS]),
        )


async def _counts(session: AsyncSession, community_id: UUID, activity_id: UUID) -> _Counts:
    rows = await session.execute(
        select(col(Space.name), func.count())
        .select_from(Answer)
        .outerjoin(
            Space, and_(col(Space.community_id) == col(Answer.community_id), col(Space.id) == col(Answer.space_id))
        )
        .where(col(Answer.community_id) == community_id, col(Answer.activity_id) == activity_id)
        .group_by(col(Space.id), col(Space.name))
        .order_by(col(Space.name))
    )
    found = [(row[0], int(row[1])) for row in rows]
    waiting = await session.scalar(
        select(func.count())
        .select_from(Nameless)
        .where(col(Nameless.community_id) == community_id, col(Nameless.activity_id) == activity_id)
    )
    named = [(space, count) for space, count in found if space is not None]
    crowd = crowds(await session.execute(crowds_of(community_id, [activity_id]))).get(activity_id, Crowd())
    return _Counts(named, sum(count for space, count in found if space is None), int(waiting or 0), crowd)
