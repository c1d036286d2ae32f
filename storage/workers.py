"""Which processes work on a store, and what one of them does for all.

A process beats. All that it leased is its own until its last beat is :data:`LIVES` old: by then it died, froze or
lost the store, and another takes over. One row to keep alive a process, however much it has in hand.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update

from storage.tables import Absence, Lease, Worker, table_of
from storage.tx import Tx

LIVES = timedelta(seconds=15)
"""How long after its last beat a process counts as alive. Clocks of machines may differ by a few seconds of it."""

AWAY = timedelta(minutes=10)
"""No process lived for longer than this: we were away, and what was asked of members meanwhile is not held against
them. An upgrade or a crash takes less."""

_WORKER = table_of(Worker)
_LEASE = table_of(Lease)


def beat(tx: Tx, worker: str, now: datetime) -> None:
    """The process lives, until :data:`LIVES` from now."""
    until = now + LIVES
    known = update(_WORKER).where(_WORKER.c.id == worker).values(alive_until=until).returning(_WORKER.c.id)
    if tx.execute(known).first() is None:
        tx.add(Worker(id=worker, alive_until=until, started_at=now))


def retire(tx: Tx, worker: str) -> None:
    """The process ends and says so: what it leased is free at once. Its row says until when somebody lived."""
    tx.execute(
        update(_WORKER).where(_WORKER.c.id == worker, _WORKER.c.alive_until > tx.now).values(alive_until=tx.now)
    )
    tx.execute(delete(_LEASE).where(_LEASE.c.worker == worker))


def bury_all(tx: Tx) -> None:
    """No process is alive: said by the only one that can be, where a store takes one alone."""
    tx.execute(update(_WORKER).where(_WORKER.c.alive_until > tx.now).values(alive_until=tx.now))
    tx.execute(delete(_LEASE))


def note_absence(tx: Tx, now: datetime) -> None:
    """Write down that nobody worked on this store until now, if that is longer than :data:`AWAY`.

    To be called before the first beat of whoever may have been the only one. A store that never was worked on missed
    nobody.
    """
    since = tx.scalar(select(func.max(_WORKER.c.alive_until)))
    if since is not None and now - since > AWAY:
        tx.add_if_new(Absence(since=since, until=now))  # several may be back at once


def take(tx: Tx, name: str, worker: str, now: datetime) -> bool:
    """Take or keep a duty that one process does for all. Whether it is the caller's now."""
    # Asked every few seconds by all: whoever keeps it, or sees another keep it, writes nothing and waits for nobody.
    row = tx.execute(select(_LEASE.c.worker, free(_LEASE.c.worker, now)).where(_LEASE.c.name == name)).first()
    if row is None:
        return tx.add_if_new(Lease(name=name, worker=worker))
    holder, is_free = row
    if holder == worker or not is_free:
        return bool(holder == worker)
    mine = (
        update(_LEASE)
        .where(_LEASE.c.name == name, _LEASE.c.worker == holder, free(_LEASE.c.worker, now))
        .values(worker=worker)
        .returning(_LEASE.c.name)
    )
    return tx.execute(mine).first() is not None


def give_back(tx: Tx, name: str, worker: str) -> None:
    """This process can't do a duty that it took: another may."""
    tx.execute(delete(_LEASE).where(_LEASE.c.name == name, _LEASE.c.worker == worker))


def free(column: ColumnElement[Any], now: datetime) -> ColumnElement[bool]:
    """Whether what a column says leased it is nobody, or nobody who lives."""
    return or_(column.is_(None), column.not_in(_alive(now)))


def alive(worker: str, now: datetime) -> ColumnElement[bool]:
    """Whether a process lives."""
    found: ColumnElement[bool] = _alive(now).where(_WORKER.c.id == worker).exists()
    return found


def _alive(now: datetime) -> Any:
    return select(_WORKER.c.id).where(_WORKER.c.alive_until > now)
