"""The queue of questions, and how the next one goes out. Everything here runs inside a unit of work."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select, update
from sqlmodel import col

from core.activity import OPEN, Target, close_activity, open_activity, owe_card, owe_private
from core.message import Message
from core.planner import change_schedule
from core.schedule import rule_from
from core.texts import Domain, Words, words_to_data
from plugins.question_of_the_day.tables import Question, Series, SeriesChannel
from storage.tables import Account, Activity, Channel, Schedule, Space
from storage.tx import Tx

_ = Domain("question_of_the_day")

CODE = "qd"
"""The plugin's permanent short code."""


def add_question(tx: Tx, community_id: UUID, series_id: UUID, words: Words, language: str | None) -> int:
    """Put a question at the end of the queue; returns how many wait now."""
    tx.add(
        Question(
            community_id=community_id,
            id=tx.new_id(),
            series_id=series_id,
            words=words_to_data(words),
            language=language,
            created_at=tx.now,
        )
    )
    return waiting(tx, community_id, series_id)


def waiting(tx: Tx, community_id: UUID, series_id: UUID) -> int:
    """How many questions wait."""
    count: int = tx.scalar(select(func.count()).select_from(Question).where(*_unasked(community_id, series_id)))
    return count


def targets(tx: Tx, community_id: UUID, series_id: UUID) -> list[Target]:
    """The channels of a series in spaces that the bot is in."""
    rows = tx.execute(
        select(col(Channel.space_id), col(Channel.id), col(Space.platform))
        .join(
            SeriesChannel,
            and_(
                col(SeriesChannel.community_id) == col(Channel.community_id),
                col(SeriesChannel.channel_id) == col(Channel.id),
            ),
        )
        .join(
            Space,
            and_(col(Space.community_id) == col(Channel.community_id), col(Space.id) == col(Channel.space_id)),
        )
        .where(
            col(SeriesChannel.community_id) == community_id,
            col(SeriesChannel.series_id) == series_id,
            col(Space.removed_at).is_(None),
        )
    )
    return [Target(space_id, channel_id, platform) for space_id, channel_id, platform in rows]


def next_question(tx: Tx, community_id: UUID, series_id: UUID) -> Any:
    """The row (id, words, language) of the question that is next, or None when none waits."""
    return tx.execute(
        select(col(Question.id), col(Question.words), col(Question.language))
        .where(*_unasked(community_id, series_id))
        .order_by(col(Question.id))
        .limit(1)
    ).first()


def ask(
    tx: Tx,
    series: Series,
    question: Any,
    *,
    now: datetime,
    schedule_id: UUID | None = None,
    slot: str | None = None,
) -> UUID | None:
    """Post a question in every channel of its series; the one before it closes. Returns the activity.

    None when it was asked already, or when there is no channel left to post it in.
    """
    where = targets(tx, series.community_id, series.id)
    if not where:
        return None
    taken = tx.execute(
        update(Question)
        .where(
            col(Question.community_id) == series.community_id,
            col(Question.id) == question.id,
            col(Question.asked_at).is_(None),
        )
        .values(asked_at=now)
        .returning(col(Question.id))
    ).first()
    if taken is None:
        return None
    before = tx.execute(
        select(col(Activity.id)).where(
            col(Activity.community_id) == series.community_id,
            col(Activity.plugin) == CODE,
            col(Activity.state) == OPEN,
        )
    ).all()
    for (activity_id,) in before:
        close_activity(tx, series.community_id, activity_id, now)
    activity_id = open_activity(
        tx,
        community_id=series.community_id,
        plugin=CODE,
        now=now,
        data={"question": question.words, "language": question.language, "series": series.id.hex},
        schedule_id=schedule_id,
        slot=slot,
    )
    owe_card(tx, community_id=series.community_id, activity_id=activity_id, plugin=CODE, targets=where, now=now)
    return activity_id


def series_of(tx: Tx, community_id: UUID, schedule_id: UUID | None = None) -> Series | None:
    """The community's series, or the one with that schedule."""
    query = select(Series).where(col(Series.community_id) == community_id)
    if schedule_id is not None:
        query = query.where(col(Series.schedule_id) == schedule_id)
    row = tx.execute(query.order_by(col(Series.id)).limit(1)).first()
    return Series(**row._mapping) if row else None


def _unasked(community_id: UUID, series_id: UUID) -> tuple[Any, ...]:
    return (
        col(Question.community_id) == community_id,
        col(Question.series_id) == series_id,
        col(Question.asked_at).is_(None),
    )


def tell_keeper(tx: Tx, series: Series, keeper_id: UUID, *, now: datetime) -> None:
    """Tell whoever set the series up, in private, that nothing could be asked."""
    lane = tx.scalar(select(col(Account.platform)).where(col(Account.id) == keeper_id))
    for target in targets(tx, series.community_id, series.id):
        if target.lane == lane:
            owe_private(
                tx,
                community_id=series.community_id,
                space_id=target.space_id,
                lane=target.lane,
                account_id=keeper_id,
                message=Message(text=_("No question of the day waits, so none was posted: `/hall question`.")),
                now=now,
            )
            return


def reckon(tx: Tx, series: Series, time_zone: str) -> None:
    """The community's zone may have changed: reckon the next time anew."""
    row = tx.execute(
        select(col(Schedule.kind), col(Schedule.spec)).where(
            col(Schedule.community_id) == series.community_id, col(Schedule.id) == series.schedule_id
        )
    ).one()
    change_schedule(
        tx,
        community_id=series.community_id,
        schedule_id=series.schedule_id,
        rule=rule_from(row.kind, row.spec),
        time_zone=time_zone,
        now=tx.now,
    )
