"""Leases: due work is claimed in the store, so that any number of processes and machines share it.

Whoever claims a row may work on it until the lease runs out; then another may. What is sent twice is worse than what
is sent late: so a delivery that was ``sending`` when its lease ran out is claimed by :func:`claim_abandoned` alone,
whose caller must find out what became of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, tuple_, update

from storage.tables import Delivery, Schedule, Table, table_of
from storage.tx import Tx

Row = TypeVar("Row", Schedule, Delivery)

_SCHEDULE = table_of(Schedule)
_DELIVERY = table_of(Delivery)


def claim_due(
    tx: Tx, table: type[Row], now: datetime, worker: str, seconds: float, limit: int, *where: ColumnElement[bool]
) -> list[Row]:
    """Claim what is due: schedules whose time has come, deliveries that are pending; the longest due first.

    :param worker: who claims; one name for each process.
    :param seconds: how long the lease lasts.
    :param limit: how many at most.
    :param where: further conditions, such as a delivery's lane.
    """
    if table is Schedule:
        due = _SCHEDULE.c.next_at
        wanted = and_(due <= now, _SCHEDULE.c.paused_at.is_(None), _SCHEDULE.c.ended_at.is_(None))
    else:
        due = _DELIVERY.c.due_at
        wanted = and_(due <= now, _DELIVERY.c.state == "pending")
    return _claim(tx, table, wanted, due, now, worker, seconds, limit, where)


def claim_edits(
    tx: Tx, now: datetime, worker: str, seconds: float, limit: int, *where: ColumnElement[bool]
) -> list[Delivery]:
    """Claim deliveries that were sent and show an older state of their card than they should."""
    wanted = and_(
        _DELIVERY.c.due_at <= now,
        _DELIVERY.c.state == "sent",
        _DELIVERY.c.wanted_revision > _DELIVERY.c.shown_revision,
    )
    return _claim(tx, Delivery, wanted, _DELIVERY.c.due_at, now, worker, seconds, limit, where)


def claim_abandoned(
    tx: Tx, now: datetime, worker: str, seconds: float, limit: int, *where: ColumnElement[bool]
) -> list[Delivery]:
    """Claim deliveries whose worker stopped in the middle of sending. Never just send these again."""
    wanted = _DELIVERY.c.state == "sending"
    return _claim(tx, Delivery, wanted, _DELIVERY.c.due_at, now, worker, seconds, limit, where)


def renew(tx: Tx, rows: Iterable[Schedule | Delivery], now: datetime, worker: str, seconds: float) -> set[UUID]:
    """Hold on to rows for longer. The ids of those still held: let go of the work on any other."""
    return _update_held(tx, rows, worker, {"leased_until": now + timedelta(seconds=seconds)})


def release(tx: Tx, rows: Iterable[Schedule | Delivery], worker: str, **values: Any) -> set[UUID]:
    """Give rows back, setting ``values`` in them. The ids of those that were still held; others are left alone.

    Say ``release(tx, [delivery], worker, state="sent", external_id=…)``: when the lease had gone to someone else, the
    result is empty and nothing was written over.
    """
    return _update_held(tx, rows, worker, {**values, "leased_by": None, "leased_until": None})


def _claim(
    tx: Tx,
    model: type[Row],
    wanted: ColumnElement[bool],
    due: ColumnElement[Any],
    now: datetime,
    worker: str,
    seconds: float,
    limit: int,
    where: Sequence[ColumnElement[bool]],
) -> list[Row]:
    table = table_of(model)
    free = or_(table.c.leased_until.is_(None), table.c.leased_until <= now)
    # On SQLite the clause is left out: there, one writer claims at a time anyway.
    chosen = (
        select(table.c.community_id, table.c.id)
        .where(wanted, free, *where)
        .order_by(due)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claim = (
        update(table)
        .where(tuple_(table.c.community_id, table.c.id).in_(chosen))
        .values(leased_by=worker, leased_until=now + timedelta(seconds=seconds))
        .returning(table)
    )
    rows = [model(**row._mapping) for row in tx.execute(claim)]
    return sorted(rows, key=lambda row: (getattr(row, due.key or ""), row.id))


def _update_held(tx: Tx, rows: Iterable[Schedule | Delivery], worker: str, values: dict[str, Any]) -> set[UUID]:
    held: set[UUID] = set()
    by_table: dict[type[Table], list[tuple[UUID, UUID]]] = {}
    for row in rows:
        by_table.setdefault(type(row), []).append((row.community_id, row.id))
    for model, keys in by_table.items():
        table = table_of(model)
        statement = (
            update(table)
            .where(tuple_(table.c.community_id, table.c.id).in_(keys), table.c.leased_by == worker)
            .values(**values)
            .returning(table.c.id)
        )
        held.update(row.id for row in tx.execute(statement))
    return held
