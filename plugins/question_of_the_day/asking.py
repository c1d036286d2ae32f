"""How questions go out. Everything here runs inside a unit of work, for many communities at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, func, literal_column, select, true, tuple_, update
from sqlmodel import col

from core.activity import NewActivity, close_all, open_all, owe_private, reopen_activity
from core.message import Message
from core.posted_in import PostedIn
from core.schedule import Due
from core.texts import Domain
from plugins.question_of_the_day import nameless
from plugins.question_of_the_day.drawing import Next, Place, day_of, draw
from plugins.question_of_the_day.queue import CODE
from plugins.question_of_the_day.tables import Answer, Asked, Liking, Question, Quiet, Series, SeriesChannel, Vote
from storage.bulk import insert_all, update_all
from storage.prepared import PreparedForAll
from storage.tables import Account, Activity
from storage.tx import Tx
from storage.types import Id

_ = Domain("question_of_the_day")

POSTED = PostedIn(SeriesChannel, "series_id")


class Taken(Exception):
    """A question was asked already."""


class Ask(NamedTuple):
    """A question to be posted in every channel of its series; ``due`` where a schedule asks for it."""

    what: Next
    due: Due | None = None
    best: UUID | None = None
    """The answer to the question before that its post shows."""

    @property
    def data(self) -> dict[str, Any]:
        """What its activity remembers."""
        what = self.what
        assert what.question_id is not None  # noqa: S101 - only what has a question is asked
        shown = {
            "title": what.title,
            "image": what.image,
            "color": what.color,
            "allows": what.allows,
            "sponsor": what.sponsor,
        }
        return {
            "question": what.words,
            "language": what.language,
            "id": what.question_id.hex,
            "series": what.series_id.hex,
            "best": self.best.hex if self.best else None,
            "before": what.before.hex if what.before else None,
            **{name: value for name, value in shown.items() if value},
        }


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


_DROP_VOTES = PreparedForAll(
    {"community_id": Id(), "series_id": Id()},
    lambda wanted: delete(Vote).where(
        tuple_(col(Vote.community_id), col(Vote.series_id)).in_(select(wanted.c.community_id, wanted.c.series_id)),
        select(literal_column("1"))
        .where(
            col(Question.community_id) == col(Vote.community_id),
            col(Question.id) == col(Vote.question_id),
            col(Question.asked_at).is_not(None),
        )
        .exists(),
    ),
)
"""Votes for what was asked before. Those for what is asked now stay a while: it may be withdrawn."""


def ask_all(tx: Tx, asks: Sequence[Ask], now: datetime) -> list[UUID]:
    """Post questions; those before them in their series close. Returns the activities.

    One whose series has no channel left is left out. Raises :class:`Taken` when one was asked already.
    """
    where = POSTED.targets(tx, [(one.what.community_id, one.what.series_id) for one in asks])
    asks = [one for one in asks if (one.what.community_id, one.what.series_id) in where]
    voted = [(one.what.community_id, one.what.series_id) for one in asks if "vote" in one.what.allows]
    tx.run_all(_DROP_VOTES, voted)
    if len(tx.run_all(_TAKE, [(one.what.community_id, one.what.question_id) for one in asks], now=now)) < len(asks):
        raise Taken("a question was asked before, or by somebody else at the same moment")
    ended = [(one.what.community_id, one.what.before) for one in asks if one.what.before is not None]
    close_all(tx, ended, now)
    nameless.close(tx, ended)
    asks = _with_best(tx, asks)
    opened = open_all(
        tx,
        CODE,
        [
            NewActivity(
                community_id=one.what.community_id,
                data=one.data,
                targets=where[one.what.community_id, one.what.series_id],
                schedule_id=one.due.schedule_id if one.due else None,
                slot=one.due.slot.isoformat() if one.due else None,
                expires_at=one.due.expires_at if one.due else None,
            )
            for one in asks
        ],
        now,
    )
    pairs = list(zip(asks, opened, strict=True))
    insert_all(
        tx,
        Asked,
        [
            {
                "community_id": one.what.community_id,
                "activity_id": activity_id,
                "series_id": one.what.series_id,
                "question_id": one.what.question_id,
                "category": one.what.category,
                "best_id": one.best,
            }
            for one, activity_id in pairs
        ],
        asked_at=now,
    )
    newest = [
        {"community_id": one.what.community_id, "id": one.what.series_id, "activity_id": activity_id}
        for one, activity_id in pairs
    ]
    update_all(tx, Series, ("community_id", "id"), newest)
    return opened


_BEST = PreparedForAll(
    {"community_id": Id(), "activity_id": Id()},
    lambda wanted: (
        select(col(Answer.activity_id), col(Answer.id), func.count(col(Liking.member_id).distinct()).label("likes"))
        .select_from(wanted)
        .join(
            Answer,
            and_(
                col(Answer.community_id) == wanted.c.community_id,
                col(Answer.activity_id) == wanted.c.activity_id,
                col(Answer.message).is_not(None),  # a reply, which everybody saw; a form is for the manager
            ),
        )
        .join(
            Liking,
            and_(
                col(Liking.community_id) == col(Answer.community_id),
                col(Liking.answer_id) == col(Answer.id),
                col(Liking.member_id) != col(Answer.member_id),
                col(Liking.present) == true(),
            ),
        )
        .outerjoin(
            Quiet,
            and_(col(Quiet.community_id) == col(Answer.community_id), col(Quiet.member_id) == col(Answer.member_id)),
        )
        .where(col(Quiet.member_id).is_(None))
        .group_by(col(Answer.activity_id), col(Answer.id))
    ),
)


def _with_best(tx: Tx, asks: Sequence[Ask]) -> list[Ask]:
    """The same, each with the answer to the question before that the most members liked; the earliest of equals."""
    wanted = [
        (one.what.community_id, one.what.before)
        for one in asks
        if one.what.before is not None and "best" in one.what.allows
    ]
    best: dict[UUID, tuple[int, UUID]] = {}
    for activity_id, answer_id, likes in tx.run_all(_BEST, wanted):
        here = (-likes, answer_id)
        best[activity_id] = min(best.get(activity_id, here), here)
    return [one._replace(best=best[one.what.before][1]) if one.what.before in best else one for one in asks]


def ask_what_is_due(tx: Tx, dues: Sequence[Due]) -> None:
    """Ask the next question of every series that is due, or tell its keeper that none is left.

    Raises :class:`Taken` when one was asked meanwhile: to be tried again.
    """
    by_schedule = {(due.community_id, due.schedule_id): due for due in dues}
    drawn = draw(tx, [Place(*key, day_of(due.slot)) for key, due in by_schedule.items()])
    asks = [Ask(one, by_schedule[one.community_id, one.schedule_id]) for one in drawn if one.question_id is not None]
    now = dues[0].now
    ask_all(tx, asks, now)
    for one in drawn:
        if one.question_id is None and one.keeper_id is not None:
            tell_keeper(tx, one.community_id, one.series_id, one.keeper_id, _none_waits(), now=now)


def withdraw(tx: Tx, community_id: UUID, activity_id: UUID) -> None:
    """Nobody saw this question: it goes back to where it was in the queue, and the one that it closed goes on."""
    data = tx.scalar(
        select(col(Activity.data)).where(col(Activity.community_id) == community_id, col(Activity.id) == activity_id)
    )
    before = UUID(data["before"]) if data.get("before") else None
    newest = tx.execute(
        update(Series)
        .where(
            col(Series.community_id) == community_id,
            col(Series.id) == UUID(data["series"]),
            col(Series.activity_id) == activity_id,
        )
        .values(activity_id=before)
        .returning(literal_column("1"))
    ).first()
    if newest and before is not None:
        reopen_activity(tx, community_id, before)
    tx.execute(
        update(Question)
        .where(and_(col(Question.community_id) == community_id, col(Question.id) == UUID(data["id"])))
        .values(asked_at=None)
    )
    tx.execute(delete(Asked).where(col(Asked.community_id) == community_id, col(Asked.activity_id) == activity_id))


def _none_waits() -> Message:
    return Message(text=_("No question of the day waits, so none was posted: `/hall question`."))


def tell_keeper(
    tx: Tx, community_id: UUID, series_id: UUID, keeper_id: UUID, message: Message, *, now: datetime
) -> None:
    """Tell whoever set the series up something in private."""
    lane = tx.scalar(select(col(Account.platform)).where(col(Account.id) == keeper_id))
    for target in POSTED.targets(tx, [(community_id, series_id)]).get((community_id, series_id), ()):
        if target.lane == lane:
            owe_private(
                tx,
                community_id=community_id,
                space_id=target.space_id,
                lane=target.lane,
                account_id=keeper_id,
                message=message,
                now=now,
            )
            return
