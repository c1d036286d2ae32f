"""The queue of questions, and how the next one goes out. Everything here runs inside a unit of work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, func, literal_column, select, update
from sqlmodel import col

from core.activity import NewActivity, Target, close_all, open_all, owe_private
from core.message import Message
from core.schedule import Due
from core.texts import Domain, Words, words_to_data
from plugins.question_of_the_day.tables import Question, Series, SeriesChannel
from storage.bulk import update_all
from storage.prepared import PreparedForAll
from storage.tables import Account, Activity, Channel, Space
from storage.tx import Tx
from storage.types import Id

_ = Domain("question_of_the_day")

CODE = "qd"
"""The plugin's permanent short code."""

Key = tuple[UUID, UUID]
"""A community and the id of something in it."""


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


_TARGETS = PreparedForAll(
    {"community_id": Id(), "series_id": Id()},
    lambda wanted: (
        select(wanted.c.community_id, wanted.c.series_id, col(Channel.space_id), col(Channel.id), col(Space.platform))
        .join(
            SeriesChannel,
            and_(
                col(SeriesChannel.community_id) == wanted.c.community_id,
                col(SeriesChannel.series_id) == wanted.c.series_id,
            ),
        )
        .join(
            Channel,
            and_(
                col(Channel.community_id) == wanted.c.community_id,
                col(Channel.id) == col(SeriesChannel.channel_id),
            ),
        )
        .join(
            Space,
            and_(
                col(Space.community_id) == wanted.c.community_id,
                col(Space.id) == col(Channel.space_id),
                col(Space.removed_at).is_(None),
            ),
        )
    ),
)


def targets(tx: Tx, several: Sequence[Key]) -> dict[Key, list[Target]]:
    """The channels of series, each by community and id, in spaces that the bot is in."""
    found: dict[Key, list[Target]] = {}
    for community_id, series_id, *target in tx.run_all(_TARGETS, several):
        found.setdefault((community_id, series_id), []).append(Target(*target))
    return found


def next_question(tx: Tx, community_id: UUID, series_id: UUID) -> Any:
    """The row (id, words, language) of the question that is next, or None when none waits."""
    return tx.execute(
        select(col(Question.id), col(Question.words), col(Question.language))
        .where(*_unasked(community_id, series_id))
        .order_by(col(Question.id))
        .limit(1)
    ).first()


class Taken(Exception):
    """A question was asked already."""


class Ask(NamedTuple):
    """A question to be posted in every channel of its series; ``due`` where a schedule asks for it."""

    community_id: UUID
    series_id: UUID
    before: UUID | None
    """The activity of the question before it, which it closes."""
    question_id: UUID
    words: Any
    language: str | None
    due: Due | None = None

    @property
    def data(self) -> dict[str, Any]:
        """What its activity remembers."""
        ids = {"id": self.question_id.hex, "series": self.series_id.hex}
        return {"question": self.words, "language": self.language, **ids}


_TAKE = PreparedForAll(
    {"community_id": Id(), "question_id": Id()},
    lambda wanted: (
        update(Question)
        .where(
            col(Question.community_id) == wanted.c.community_id,
            col(Question.id) == wanted.c.question_id,
            col(Question.asked_at).is_(None),
        )
        .values(asked_at=bindparam("now"))
        .returning(literal_column("1"))
    ),
)


def ask_all(tx: Tx, asks: Sequence[Ask], now: datetime) -> list[UUID]:
    """Post questions; those before them in their communities close. Returns the activities.

    One whose series has no channel left is left out. Raises :class:`Taken` when one was asked already.
    """
    where = targets(tx, [(one.community_id, one.series_id) for one in asks])
    asks = [one for one in asks if (one.community_id, one.series_id) in where]
    if len(tx.run_all(_TAKE, [(one.community_id, one.question_id) for one in asks], now=now)) < len(asks):
        raise Taken("a question was asked before, or by somebody else at the same moment")
    close_all(tx, [(one.community_id, one.before) for one in asks if one.before is not None], now)
    opened = open_all(
        tx,
        CODE,
        [
            NewActivity(
                community_id=one.community_id,
                data=one.data,
                targets=where[one.community_id, one.series_id],
                schedule_id=one.due.schedule_id if one.due else None,
                slot=one.due.slot.isoformat() if one.due else None,
                expires_at=one.due.expires_at if one.due else None,
            )
            for one in asks
        ],
        now,
    )
    newest = [
        {"community_id": one.community_id, "id": one.series_id, "activity_id": activity_id}
        for one, activity_id in zip(asks, opened, strict=True)
    ]
    update_all(tx, Series, ("community_id", "id"), newest)
    return opened


_NEXT = PreparedForAll(
    {"community_id": Id(), "schedule_id": Id()},
    lambda wanted: (
        select(
            col(Series.community_id),
            col(Series.schedule_id),
            col(Series.id),
            col(Series.keeper_id),
            col(Series.activity_id),
            col(Question.id),
            col(Question.words),
            col(Question.language),
        )
        .join(
            wanted,
            and_(
                col(Series.community_id) == wanted.c.community_id,
                col(Series.schedule_id) == wanted.c.schedule_id,
            ),
        )
        .outerjoin(
            Question,
            and_(
                col(Question.community_id) == col(Series.community_id),
                col(Question.id)
                == select(col(Question.id))
                .where(
                    col(Question.community_id) == col(Series.community_id),
                    col(Question.series_id) == col(Series.id),
                    col(Question.asked_at).is_(None),
                )
                .order_by(col(Question.id))
                .limit(1)
                .correlate(Series)
                .scalar_subquery(),
            ),
        )
        .with_for_update(of=Series)
    ),
)


def ask_what_is_due(tx: Tx, dues: Sequence[Due]) -> None:
    """Ask the next question of every series that is due, or tell its keeper that none is left.

    Raises :class:`Taken` when one was asked meanwhile: to be tried again.
    """
    by_schedule = {(due.community_id, due.schedule_id): due for due in dues}
    asks, dry = [], []
    for community_id, schedule_id, series_id, keeper_id, before, question_id, words, language in tx.run_all(
        _NEXT, list(by_schedule)
    ):
        if question_id is not None:
            due = by_schedule[community_id, schedule_id]
            asks.append(Ask(community_id, series_id, before, question_id, words, language, due))
        elif keeper_id is not None:
            dry.append((community_id, series_id, keeper_id))
    now = dues[0].now
    ask_all(tx, asks, now)
    for community_id, series_id, keeper_id in dry:
        tell_keeper(tx, community_id, series_id, keeper_id, now=now)


def withdraw(tx: Tx, community_id: UUID, activity_id: UUID) -> None:
    """Nobody saw this question: it goes back to where it was in the queue."""
    data = tx.scalar(
        select(col(Activity.data)).where(col(Activity.community_id) == community_id, col(Activity.id) == activity_id)
    )
    tx.execute(
        update(Question)
        .where(and_(col(Question.community_id) == community_id, col(Question.id) == UUID(data["id"])))
        .values(asked_at=None)
    )


def series_of(tx: Tx, community_id: UUID, schedule_id: UUID | None = None) -> Series | None:
    """The community's series, or the one with that schedule; locked, so that one question at a time is asked."""
    query = select(Series).where(col(Series.community_id) == community_id).with_for_update()
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


def tell_keeper(tx: Tx, community_id: UUID, series_id: UUID, keeper_id: UUID, *, now: datetime) -> None:
    """Tell whoever set the series up, in private, that nothing could be asked."""
    lane = tx.scalar(select(col(Account.platform)).where(col(Account.id) == keeper_id))
    for target in targets(tx, [(community_id, series_id)]).get((community_id, series_id), ()):
        if target.lane == lane:
            owe_private(
                tx,
                community_id=community_id,
                space_id=target.space_id,
                lane=target.lane,
                account_id=keeper_id,
                message=Message(text=_("No question of the day waits, so none was posted: `/hall question`.")),
                now=now,
            )
            return
