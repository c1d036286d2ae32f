"""What was answered, and what waits: read from the store, shown to managers in chat and on their page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select
from sqlmodel import col

from core.action import Action
from core.context import Context, Viewer
from core.crowds import Crowd, crowds, crowds_of, response
from core.markup import escape, mention
from core.message import MAX_FIELDS, Button, Message, Pair
from core.texts import Domain, words_from_data
from plugins.question_of_the_day.queue import CODE
from plugins.question_of_the_day.tables import Answer, Question, Series, Suggestion
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
        by_space = await _count_by_space(session, ctx.community_id, activity.id)
        rate = await _response(session, ctx.community_id, activity.id, ctx.language)
    lines = []
    for answer, account, space in rows:
        text = ctx.unseal(answer.sealed, answer.id)
        short = escape(text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 1] + "…").replace("\n", " ")
        if account is not None and account.platform == ctx.place.platform:
            who = mention(
                ctx.say(_("a member")),
                external_id_of(ctx.hall.store.vault, account.platform, account.scope, account.sealed),
            )
        elif answer.member_id is None:
            who = ctx.say(_("without a name"))
        else:
            who = ctx.say(_("someone in {space}", space=escape(space)))
        lines.append(f"- {who}: {short}")
    total = sum(count for _space, count in by_space)
    if total > len(lines):
        lines.append(ctx.say(_("… and {n} more", n=total - len(lines))))
    question = ctx.say(words_from_data(activity.data["question"]), ctx.place.language)
    return Message(
        title=_("{n} answer", "{n} answers", n=total),
        text="\n".join([f"**{question}**", *lines]),
        fields=(rate, *(Pair(space, str(count)) for space, count in by_space[: MAX_FIELDS - 1])),
    )


async def overview(session: AsyncSession, viewer: Viewer) -> Sequence[Message]:
    """For the manager's page: the newest question and its answers, the queues, the next times, the files."""
    shown: list[Message] = []
    activity = await newest(session, viewer.community_id)
    if activity is not None:
        by_space = await _count_by_space(session, viewer.community_id, activity.id)
        rows = (await session.execute(_answers(viewer.community_id, activity.id).limit(SHOWN_ANSWERS))).all()
        lines = []
        for answer, _account, space in rows:
            text = viewer.vault.open(answer.sealed, answer.id.bytes).decode()
            lines.append(f"- {escape(text)} _{escape(space)}_".replace("\n", " "))
        total = sum(count for _space, count in by_space)
        question = viewer.say(words_from_data(activity.data["question"]))
        rate = await _response(session, viewer.community_id, activity.id, viewer.language)
        shown.append(
            Message(
                title=_("{n} answer", "{n} answers", n=total),
                text="\n".join([f"**{question}**", *lines]),
                fields=(rate, *(Pair(space, str(count)) for space, count in by_space[: MAX_FIELDS - 1])),
            )
        )
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
        .join(Space, and_(col(Space.community_id) == col(Answer.community_id), col(Space.id) == col(Answer.space_id)))
        .outerjoin(
            Member,
            and_(col(Member.community_id) == col(Answer.community_id), col(Member.id) == col(Answer.member_id)),
        )
        .outerjoin(Account, col(Account.id) == col(Member.account_id))
        .where(col(Answer.community_id) == community_id, col(Answer.activity_id) == activity_id)
        .order_by(col(Answer.id).desc())
    )


async def _count_by_space(session: AsyncSession, community_id: UUID, activity_id: UUID) -> list[tuple[str, int]]:
    rows = await session.execute(
        select(col(Space.name), func.count())
        .join(
            Answer, and_(col(Answer.community_id) == col(Space.community_id), col(Answer.space_id) == col(Space.id))
        )
        .where(col(Answer.community_id) == community_id, col(Answer.activity_id) == activity_id)
        .group_by(col(Space.id), col(Space.name))
        .order_by(col(Space.name))
    )
    return [(row[0], row[1]) for row in rows]


async def _response(session: AsyncSession, community_id: UUID, activity_id: UUID, language: str) -> Pair:
    """Which part of those who could see a question answered it, or why that is not known."""
    crowd = crowds(await session.execute(crowds_of(community_id, [activity_id]))).get(activity_id, Crowd())
    here = (col(Answer.community_id) == community_id, col(Answer.activity_id) == activity_id)
    query = select(func.count(), func.count(col(Answer.member_id))).select_from(Answer).where(*here)
    answers, members = (await session.execute(query)).one()
    if members < answers:
        said = _("not known: nobody can tell how many members the answers without a name are from")
    else:
        said = response(members, crowd, language)
    return Pair(_("Response rate"), said)
