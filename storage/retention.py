"""What goes by itself: the store's chores. Call :func:`daily` at start and once a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, delete, literal_column, select, tuple_, update

from storage.partitions import make_partitions
from storage.tables import Delivery, Dialogue, Inbox, Incident, JoinCode, LinkCode, Pace, Table, Worker, table_of
from storage.tx import Tx

if TYPE_CHECKING:
    from storage.engine import Store

INCIDENTS_KEPT = timedelta(days=90)
"""A quarter of a year of what went wrong is what a manager may want to look back on."""
PACE_KEPT = timedelta(hours=1)
"""No platform's limit looks back so far."""
WORKERS_KEPT = timedelta(days=1)
"""A worker that was dead for so long has nothing that others did not take over."""
INBOX_HOURS = 1
"""Platforms repeat for minutes; the inbox remembers for an hour."""
_BATCH = 5_000


async def purge(store: Store) -> int:
    """Delete old events of the inbox, expired dialogues and codes, and unused paces. How many rows went.

    Cheap enough for every minute.
    """
    gone = 0
    for part in (purge_inbox, purge_dialogues, purge_codes, purge_link_codes, purge_paces):
        gone += await _all_of(store, part)
    return gone


async def daily(store: Store) -> None:
    """Make the coming months' partitions, forget old incidents and dead workers, let stuck posts go, and purge."""
    await store.write(make_partitions)
    for part in (purge_incidents, purge_workers, let_go_of_stuck):
        await _all_of(store, part)
    await purge(store)


async def _all_of(store: Store, part: Callable[[Tx], int]) -> int:
    gone = 0
    while True:  # in batches, so that nobody waits behind a great one
        batch = await store.write(part)
        gone += batch
        if batch < _BATCH:
            return gone


def purge_inbox(tx: Tx) -> int:
    """Delete a batch of events that no platform repeats any more. How many went."""
    return _purge(tx, Inbox, "received_at", tx.now - timedelta(hours=INBOX_HOURS))


def purge_dialogues(tx: Tx) -> int:
    """Delete a batch of dialogues that expired, with what someone began to say in them. How many went."""
    return _purge(tx, Dialogue, "expires_at", tx.now)


def purge_codes(tx: Tx) -> int:
    """Delete a batch of codes that expired. How many went."""
    return _purge(tx, JoinCode, "expires_at", tx.now)


def purge_link_codes(tx: Tx) -> int:
    """The same for those that link accounts."""
    return _purge(tx, LinkCode, "expires_at", tx.now)


def purge_paces(tx: Tx) -> int:
    """Delete a batch of paces that were not used for an hour. How many went."""
    return _purge(tx, Pace, "used_at", tx.now - PACE_KEPT)


def purge_incidents(tx: Tx) -> int:
    """Delete a batch of incidents that are older than a quarter of a year. How many went."""
    return _purge(tx, Incident, "at", tx.now - INCIDENTS_KEPT)


def let_go_of_stuck(tx: Tx) -> int:
    """Let a batch of posts go that got stuck as long ago as incidents are kept: nobody decides about them any more.

    How many there were.
    """
    table = table_of(Delivery)
    keys = (table.c.community_id, table.c.id)
    stuck: ColumnElement[bool] = literal_column(
        "delivery.state IN ('unknown', 'failed')"
    )  # word for word as in the index
    old = select(*keys).where(stuck, table.c.created_at < tx.now - INCIDENTS_KEPT).limit(_BATCH)
    gone = (
        update(table)
        .where(tuple_(*keys).in_(old))
        .values(state="cancelled", card_plugin=None, shown_revision=table.c.wanted_revision)
    )
    return len(tx.execute(gone.returning(table.c.id)).all())


def purge_workers(tx: Tx) -> int:
    """Delete a batch of workers that died a day ago. How many went."""
    return _purge(tx, Worker, "alive_until", tx.now - WORKERS_KEPT)


def _purge(tx: Tx, model: type[Table], column: str, before: datetime) -> int:
    table = table_of(model)
    keys = list(table.primary_key)
    old = select(*keys).where(table.c[column] < before).order_by(table.c[column]).limit(_BATCH)
    return len(tx.execute(delete(table).where(tuple_(*keys).in_(old)).returning(keys[0])).all())
