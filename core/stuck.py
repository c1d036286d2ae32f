"""Posts that need a person: nobody can tell whether they arrived, or they were not taken.

Plain functions over rows, so that the chat and the page decide alike. Messages in private are left out: nobody but
their reader could help, and what they say is not a manager's to see.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, case, literal_column, select, update
from sqlmodel import col

from core.activity import CLOSED
from core.claims import WINDOW
from core.incidents import Kind, note
from storage.tables import Activity, Channel, Delivery, Space
from storage.tx import Tx

UNKNOWN = "unknown"
FAILED = "failed"
MOST = 500
"""Posts looked at for one list; a manager who has more works through these first."""
FRESH = timedelta(hours=1)
"""What a manager sends again has at least this long to go out, however old it is."""

# Word for word as in the index, or SQLite does not use it.
_STUCK: ColumnElement[bool] = literal_column("delivery.state IN ('unknown', 'failed')")


class Verdict(StrEnum):
    """What a manager says about a post."""

    THERE = "there"
    """It arrived."""
    AGAIN = "again"
    """Send it, once more or at last."""
    DROP = "drop"
    """Leave it."""


ALLOWED: Mapping[str, frozenset[Verdict]] = {
    UNKNOWN: frozenset(Verdict),
    FAILED: frozenset({Verdict.AGAIN, Verdict.DROP}),
}
"""What may be said about which state."""


class Stuck(NamedTuple):
    """A post that needs a person."""

    id: UUID
    state: str
    mark: int
    """Which time it got stuck: what was decided about an earlier one is not about this one."""
    activity_id: UUID | None
    plugin: str
    data: Mapping[str, Any]
    """Its activity's."""
    closed: bool
    """Its activity is over."""
    slot: str | None
    created_at: datetime
    platform: str
    space: str
    space_ref: str
    """The platform's id of the space."""
    channel: str
    channel_ref: str
    error: str

    @property
    def reason(self) -> int:
        """A small number that is the same for the same reason."""
        return reason_of(self.error)


class Became(NamedTuple):
    """What came of a verdict. ``done`` is false where somebody was quicker, or the post is not this community's.

    ``state`` is the delivery's afterwards, empty where there is none.
    """

    done: bool
    state: str


def reason_of(error: str | None) -> int:
    """A small number that is the same for errors that differ in numbers alone, such as seconds to wait."""
    return zlib.crc32(re.sub(r"\d+", "0", error or "").encode()) & 0xFFFFFF


def mark_of(sent_at: datetime | None) -> int:
    """Which time a post got stuck, by when it was sent; 0 where it never was."""
    return int(sent_at.timestamp()) & 0xFFFFFF if sent_at else 0


def stuck(connection: Connection, community_id: UUID, most: int = MOST) -> list[Stuck]:
    """A community's posts that need a person, the unknown ones first, then the newest. One query."""
    rows = connection.execute(
        select(
            col(Delivery.id),
            col(Delivery.state),
            col(Delivery.sent_at),
            col(Delivery.activity_id),
            col(Delivery.error),
            col(Delivery.created_at),
            col(Delivery.card_plugin),
            col(Activity.plugin),
            col(Activity.data),
            col(Activity.state).label("activity_state"),
            col(Activity.slot),
            col(Space.platform),
            col(Space.name).label("space"),
            col(Space.external_id).label("space_ref"),
            col(Channel.name).label("channel"),
            col(Channel.external_id).label("channel_ref"),
        )
        .join(
            Space,
            and_(col(Space.community_id) == col(Delivery.community_id), col(Space.id) == col(Delivery.space_id)),
        )
        .join(
            Channel,
            and_(
                col(Channel.community_id) == col(Delivery.community_id), col(Channel.id) == col(Delivery.channel_id)
            ),
        )
        .outerjoin(
            Activity,
            and_(
                col(Activity.community_id) == col(Delivery.community_id),
                col(Activity.id) == col(Delivery.activity_id),
            ),
        )
        .where(col(Delivery.community_id) == community_id, _STUCK, col(Space.removed_at).is_(None))
        .order_by((col(Delivery.state) == UNKNOWN).desc(), col(Delivery.id).desc())
        .limit(most)
    )
    return [
        Stuck(
            id=row.id,
            state=row.state,
            mark=mark_of(row.sent_at),
            activity_id=row.activity_id,
            plugin=row.plugin or row.card_plugin or "",
            data=row.data or {},
            closed=row.activity_state == CLOSED,
            slot=row.slot,
            created_at=row.created_at,
            platform=row.platform,
            space=row.space,
            space_ref=row.space_ref,
            channel=row.channel,
            channel_ref=row.channel_ref,
            error=row.error or "",
        )
        for row in rows
    ]


def grouped(posts: Sequence[Stuck]) -> list[tuple[Stuck, ...]]:
    """The posts as they are asked about: the unknown ones each alone, because somebody must look at each.

    What was not taken goes together where one activity failed for one reason.
    """
    groups: dict[object, list[Stuck]] = {}
    for post in posts:
        alone = post.state == UNKNOWN or post.activity_id is None
        groups.setdefault(post.id if alone else (post.activity_id, post.reason), []).append(post)
    return [tuple(group) for group in groups.values()]


def decide(tx: Tx, community_id: UUID, verdict: Verdict, delivery_id: UUID, mark: int) -> Became:
    """Do what a manager says about one post, if it is still stuck as it was when they looked."""
    row = tx.execute(
        select(col(Delivery.state), col(Delivery.sent_at))
        .where(
            col(Delivery.community_id) == community_id,
            col(Delivery.id) == delivery_id,
            col(Delivery.channel_id).is_not(None),
        )
        .with_for_update()  # where several write at once, whoever comes second waits here and finds it decided
    ).first()
    if row is None:
        return Became(False, "")
    if verdict not in ALLOWED.get(row.state, ()) or mark_of(row.sent_at) != mark:
        return Became(False, row.state)
    state = _settle(tx, community_id, verdict, [delivery_id])
    if verdict is Verdict.THERE:
        note(tx, Kind.RECOVERED, community_id, delivery_id=delivery_id, by="manager")
    return Became(True, state)


def decide_all(tx: Tx, community_id: UUID, verdict: Verdict, activity_id: UUID, reason: int) -> int:
    """Do what a manager says about all posts of an activity that failed for a reason. How many there were."""
    if verdict not in ALLOWED[FAILED]:
        return 0
    rows = tx.execute(
        select(col(Delivery.id), col(Delivery.error))
        .where(
            col(Delivery.community_id) == community_id,
            _STUCK,
            col(Delivery.state) == FAILED,
            col(Delivery.activity_id) == activity_id,
            col(Delivery.channel_id).is_not(None),
        )
        .with_for_update()
    ).all()
    ids = [row.id for row in rows if reason_of(row.error) == reason]
    if ids:
        _settle(tx, community_id, verdict, ids)
    return len(ids)


def _settle(tx: Tx, community_id: UUID, verdict: Verdict, ids: Sequence[UUID]) -> str:
    values: dict[str, Any]
    match verdict:
        case Verdict.THERE:
            # Without the platform's id it can't be edited: it is a card no longer, and nothing touches it.
            values = {"state": "sent", "card_plugin": None, "shown_revision": col(Delivery.wanted_revision)}
        case Verdict.DROP:
            values = {"state": "cancelled", "card_plugin": None, "shown_revision": col(Delivery.wanted_revision)}
        case Verdict.AGAIN:
            expires, fresh, late = col(Delivery.expires_at), tx.now + FRESH, tx.now + WINDOW
            values = {
                "state": "pending",
                "due_at": tx.now,
                "attempts": 0,
                "checks": 0,
                "sent_at": None,
                "error": None,
                "leased_by": None,
                "expires_at": case((expires.is_(None), late), (expires < fresh, fresh), else_=expires),
            }
    tx.execute(
        update(Delivery).where(col(Delivery.community_id) == community_id, col(Delivery.id).in_(ids)).values(**values)
    )
    return str(values["state"])
