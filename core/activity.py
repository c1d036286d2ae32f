"""Activities: one run of a plugin in one community, and the messages by which people see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from sqlalchemy import and_, bindparam, literal_column, or_, select, update
from sqlmodel import col

from core.message import Message
from storage.bulk import insert_all
from storage.engine import Store
from storage.prepared import Prepared, PreparedForAll
from storage.tables import Activity as ActivityRow
from storage.tables import Channel, Delivery
from storage.tx import Tx
from storage.types import Id

OPEN = "open"
CLOSED = "closed"


def open_at(state: str, closed_at: datetime | None, at: datetime | None) -> bool:
    """Whether an activity took what was said at a moment, of which we may hear late; None: just now."""
    return state == OPEN or (at is not None and closed_at is not None and at < closed_at)


class Activity(NamedTuple):
    """An activity as handlers see it. ``data`` is what its plugin put there; ``slot`` the nominal local time."""

    community_id: UUID
    id: UUID
    plugin: str
    state: str
    data: Mapping[str, Any]
    slot: str | None
    created_at: datetime
    closed_at: datetime | None = None


class Target(NamedTuple):
    """A channel that a message goes to: where it is kept, and the lane (one bot) that sends to it.

    ``ping`` is whom the message pings there, as :attr:`core.message.Message.ping`.
    """

    space_id: UUID
    channel_id: UUID
    lane: str
    ping: str = ""


class NewActivity(NamedTuple):
    """An activity to be opened, and the channels that owe its card, which goes out by ``expires_at`` or never."""

    community_id: UUID
    data: Mapping[str, Any]
    targets: Sequence[Target] = ()
    schedule_id: UUID | None = None
    slot: str | None = None
    expires_at: datetime | None = None


def open_all(tx: Tx, plugin: str, several: Sequence[NewActivity], now: datetime) -> list[UUID]:
    """Open activities and owe their cards, thousands in a moment; returns their ids.

    One a schedule and slot: a second raises the store's IntegrityError, with none of them opened.
    """
    ids = tx.new_ids(len(several))
    pings = any(target.ping for one in several for target in one.targets)
    posts = iter(tx.new_ids(sum(len(one.targets) for one in several)))
    insert_all(
        tx,
        ActivityRow,
        [
            {
                "community_id": one.community_id,
                "id": activity_id,
                "schedule_id": one.schedule_id,
                "slot": one.slot,
                "data": one.data,
            }
            for one, activity_id in zip(several, ids, strict=True)
        ],
        plugin=plugin,
        state=OPEN,
        created_at=now,
    )
    insert_all(
        tx,
        Delivery,
        [
            {
                "community_id": one.community_id,
                "id": next(posts),
                "activity_id": activity_id,
                "space_id": target.space_id,
                "channel_id": target.channel_id,
                "lane": target.lane,
                "expires_at": one.expires_at,
                **({"message": {"ping": target.ping} if target.ping else {}} if pings else {}),
            }
            for one, activity_id in zip(several, ids, strict=True)
            for target in one.targets
        ],
        state="pending",
        due_at=now,
        **({} if pings else {"message": {}}),  # what is common to all is written once, not once a row
        card_plugin=plugin,
        wanted_revision=1,
        shown_revision=0,
        attempts=0,
        checks=0,
        created_at=now,
    )
    return ids


def open_activity(
    tx: Tx,
    *,
    community_id: UUID,
    plugin: str,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    targets: Sequence[Target] = (),
    schedule_id: UUID | None = None,
    slot: str | None = None,
    expires_at: datetime | None = None,
) -> UUID:
    """Open one activity: :func:`open_all`."""
    one = NewActivity(community_id, data or {}, targets, schedule_id, slot, expires_at)
    return open_all(tx, plugin, [one], now)[0]


def close_activity(tx: Tx, community_id: UUID, activity_id: UUID, now: datetime) -> None:
    """The activity is over. Its cards are shown once more."""
    close_all(tx, [(community_id, activity_id)], now)


def close_all(tx: Tx, several: Sequence[tuple[Any, ...]], now: datetime) -> None:
    """Activities, by community and id, are over. Their cards are shown once more."""
    tx.run_all(_CLOSE, several, state=CLOSED, now=now)
    tx.run_all(_TOUCH_ALL, several)


def reopen_activity(tx: Tx, community_id: UUID, activity_id: UUID) -> None:
    """The activity goes on after all. Its cards are shown once more."""
    tx.run_all(_CLOSE, [(community_id, activity_id)], state=OPEN, now=None)
    tx.run_all(_TOUCH_ALL, [(community_id, activity_id)])


def owe_private(
    tx: Tx,
    *,
    community_id: UUID,
    space_id: UUID,
    lane: str,
    account_id: UUID,
    message: Message,
    now: datetime,
    activity_id: UUID | None = None,
) -> None:
    """Owe a message to one account in private."""
    tx.add(
        Delivery(
            community_id=community_id,
            id=tx.new_id(),
            activity_id=activity_id,
            space_id=space_id,
            account_id=account_id,
            lane=lane,
            due_at=now,
            message=message.to_data(),
            created_at=now,
        )
    )


def owe_posts(
    tx: Tx, key: str, *, community_id: UUID, targets: Sequence[Target], message: Message, now: datetime
) -> int:
    """Owe channels a message that is no card, once for each ``key`` however often it is asked; how many are new."""
    return sum(
        tx.insert_if_new(
            Delivery,
            community_id=community_id,
            id=uuid5(community_id, f"{key}/{target.channel_id}"),
            space_id=target.space_id,
            channel_id=target.channel_id,
            lane=target.lane,
            state="pending",
            due_at=now,
            message=message.to_data(),
            wanted_revision=0,
            shown_revision=0,
            attempts=0,
            checks=0,
            created_at=now,
        )
        for target in targets
    )


def touch_card(tx: Tx, community_id: UUID, activity_id: UUID) -> None:
    """The activity's state changed: every card of it should show that, the latest state at the worker's next edit.

    Writes nothing when a card is already known to be two states behind: one edit in flight, one to come. So a
    thousand answers cost a few edits, and none is missed by a crash.
    """
    tx.run(_TOUCH, community=community_id, activity=activity_id)


def activity_state(tx: Tx, community_id: UUID, activity_id: UUID) -> str | None:
    """The state of an activity inside a unit, None when there is none."""
    rows = tx.run(_STATE, community=community_id, activity=activity_id)
    return str(rows[0][0]) if rows else None


# These run at every act.
_TOUCH = Prepared(
    update(Delivery)
    .where(
        and_(
            col(Delivery.community_id) == bindparam("community"),
            col(Delivery.activity_id) == bindparam("activity"),
            col(Delivery.card_plugin).is_not(None),
            col(Delivery.wanted_revision) <= col(Delivery.shown_revision) + literal_column("1"),
        )
    )
    .values(wanted_revision=col(Delivery.wanted_revision) + literal_column("1"))
)
_CLOSE = PreparedForAll(
    {"community_id": Id(), "activity_id": Id()},
    lambda wanted: (
        update(ActivityRow)
        .where(col(ActivityRow.community_id) == wanted.c.community_id, col(ActivityRow.id) == wanted.c.activity_id)
        .values(state=bindparam("state"), closed_at=bindparam("now"))
    ),
)
_TOUCH_ALL = PreparedForAll(
    {"community_id": Id(), "activity_id": Id()},
    lambda wanted: (
        update(Delivery)
        .where(
            col(Delivery.community_id) == wanted.c.community_id,
            col(Delivery.activity_id) == wanted.c.activity_id,
            col(Delivery.card_plugin).is_not(None),
            col(Delivery.wanted_revision) <= col(Delivery.shown_revision) + literal_column("1"),
        )
        .values(wanted_revision=col(Delivery.wanted_revision) + literal_column("1"))
    ),
)
_STATE = Prepared(
    select(col(ActivityRow.state)).where(
        col(ActivityRow.community_id) == bindparam("community"), col(ActivityRow.id) == bindparam("activity")
    )
)
_COLUMNS = (
    col(ActivityRow.community_id),
    col(ActivityRow.id),
    col(ActivityRow.plugin),
    col(ActivityRow.state),
    col(ActivityRow.data),
    col(ActivityRow.slot),
    col(ActivityRow.created_at),
    col(ActivityRow.closed_at),
)
_BY_ID = Prepared(
    select(*_COLUMNS).where(
        col(ActivityRow.community_id) == bindparam("community"), col(ActivityRow.id) == bindparam("activity")
    )
)
_SHOWS = and_(
    col(Delivery.community_id) == col(ActivityRow.community_id), col(Delivery.activity_id) == col(ActivityRow.id)
)
_BY_MESSAGE = Prepared(
    select(*_COLUMNS)
    .join(Delivery, _SHOWS)
    .where(
        col(Delivery.community_id) == bindparam("community"),
        col(Delivery.space_id) == bindparam("space"),
        col(Delivery.external_id) == bindparam("message"),
    )
)
_POSTS = Prepared(
    select(col(ActivityRow.plugin), col(Channel.external_id), col(Delivery.external_id))
    .select_from(Delivery)
    .join(ActivityRow, _SHOWS)
    .join(
        Channel,
        and_(col(Channel.community_id) == col(Delivery.community_id), col(Channel.id) == col(Delivery.channel_id)),
    )
    .where(
        col(Delivery.community_id) == bindparam("community"),
        col(Delivery.space_id) == bindparam("space"),
        col(Delivery.external_id).is_not(None),
        or_(col(ActivityRow.closed_at).is_(None), col(ActivityRow.closed_at) > bindparam("since")),
    )
)


async def activity_of_message(store: Store, community_id: UUID, space_id: UUID, external_id: str) -> Activity | None:
    """The activity that a platform's message shows, by our delivery of it; None for anybody else's message."""
    rows = await store.rows(_BY_MESSAGE, community=community_id, space=space_id, message=external_id)
    return Activity(*rows[0]) if rows else None


async def posts_since(
    store: Store, community_id: UUID, space_id: UUID, since: datetime
) -> list[tuple[str, str, str]]:
    """The posts in a space whose activities were open at some time since: plugin, and the platform's ids of channel
    and message."""
    here = {"community": community_id, "space": space_id}
    return [(row[0], row[1], row[2]) for row in await store.rows(_POSTS, **here, since=since)]


async def activity_by_id(store: Store, community_id: UUID, activity_id: object) -> Activity | None:
    """An activity of a community; None for an id that is not one of its activities."""
    if not isinstance(activity_id, UUID):
        return None
    rows = await store.rows(_BY_ID, community=community_id, activity=activity_id)
    return Activity(*rows[0]) if rows else None
