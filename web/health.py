"""Health for machines. Anybody who reaches the port may call it: it tells no more than whether all is well."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import web
from sqlalchemy import ColumnElement, Connection, func, literal_column, select
from sqlmodel import col

from core.bot import Health
from storage.errors import StoreError
from storage.tables import Delivery, Lease, Worker

if TYPE_CHECKING:
    from core.hall import Hall

SILENT_SECONDS = 120.0
"""A connection that was not heard for so long is not believed: heartbeats come every 45 s or less."""
STORE_SECONDS = 2.0
"""A store that does not answer in this time is not ready."""
LATE = timedelta(minutes=1)
"""A post that was due before this is late: paces and short retries are over by then."""
COUNTED = 1_000
"""Posts are counted up to here: whether it is a thousand or ten thousand changes nothing about what to do."""

# Terms of the indexes on deliveries, word for word, or SQLite does not use them.
_UNDONE: ColumnElement[bool] = literal_column("delivery.state IN ('pending', 'sending', 'checking')")
_STUCK: ColumnElement[bool] = literal_column("delivery.state IN ('unknown', 'failed')")


class State(StrEnum):
    """How a platform is heard."""

    LISTENING = "listening"
    """This process hears it."""
    STANDING_BY = "standing by"
    """Another process hears it. This one sends, and takes over when that one dies."""
    LOST = "lost"
    """This process should hear it and does not, or it can't even send."""
    UNHEARD = "unheard"
    """No process hears it."""


class Standing(NamedTuple):
    """What the store says: which platforms other processes hear, and how posts stand."""

    heard: frozenset[str]
    late: int
    unknown: int
    failed: int


def health_routes(hall: Hall) -> list[web.RouteDef]:
    """``/livez`` and ``/readyz``."""

    async def livez(_: web.Request) -> web.Response:
        """The process answers. Open to all."""
        return web.json_response({"alive": True})

    async def readyz(_: web.Request) -> web.Response:
        """Store, this process's own beat, every platform, and how many posts are late or stuck. Open to all.

        Late or stuck posts are shown and make nobody unready: every process would tell of the same ones.
        """
        now = hall.clock.now()
        standing = await _standing(hall, now)
        connections: dict[str, dict[str, Any]] = {}
        ready = standing is not None and hall.workforce.alive
        for name, bot in hall.bots.items():
            last = bot.health.last_frame
            age = None if last is None else round((now - last).total_seconds(), 1)
            state = _state(bot.health, age, elsewhere=standing is not None and name in standing.heard)
            ready = ready and state in (State.LISTENING, State.STANDING_BY)
            connections[name] = {
                "state": state,
                "connected": bot.health.connected,
                "last_frame_age": age,
                "losses": bot.health.losses,
            }
        answer: dict[str, Any] = {
            "ready": ready,
            "store": standing is not None,
            "alive": hall.workforce.alive,
            "connections": connections,
        }
        if standing is not None:
            answer["posts"] = {"late": standing.late, "unknown": standing.unknown, "failed": standing.failed}
        return web.json_response(answer, status=200 if ready else 503)

    return [web.get("/livez", livez), web.get("/readyz", readyz)]


def _state(health: Health, age: float | None, *, elsewhere: bool) -> State:
    if not health.listening:
        if not elsewhere:
            return State.UNHEARD
        return State.LOST if health.detail else State.STANDING_BY  # the detail says what this process could not do
    well = health.connected and (age is None or age < SILENT_SECONDS)
    return State.LISTENING if well else State.LOST


async def _standing(hall: Hall, now: datetime) -> Standing | None:
    """What the store says; None when it can't be read and written."""
    try:
        async with asyncio.timeout(STORE_SECONDS):
            await hall.store.ping()
            return await hall.store.read(partial(standing_of, worker=hall.worker, lanes=list(hall.bots), now=now))
    except (StoreError, TimeoutError):
        return None


def standing_of(connection: Connection, worker: str, lanes: Collection[str], now: datetime) -> Standing:
    """What the store says to one of its processes. Three short looks into indexes."""
    duties = connection.scalars(
        select(col(Lease.name))
        .join(Worker, col(Worker.id) == col(Lease.worker))
        .where(col(Lease.worker) != worker, col(Worker.alive_until) > now)
    )
    due = (col(Delivery.lane).in_(lanes), col(Delivery.due_at) < now - LATE, _UNDONE)
    late = _counted(connection, *due, col(Delivery.state) != "sending")
    stuck = _counted(connection, _STUCK, col(Delivery.channel_id).is_not(None))
    return Standing(
        heard=frozenset(name.removeprefix("hear ") for name in duties),
        late=sum(late.values()),
        unknown=stuck.get("unknown", 0),
        failed=stuck.get("failed", 0),
    )


def _counted(connection: Connection, *where: ColumnElement[bool]) -> dict[str, int]:
    """How many deliveries are so, by state; :data:`COUNTED` at most in all."""
    some = select(col(Delivery.state)).where(*where).limit(COUNTED).subquery()
    counts = select(some.c.state, func.count().label("number")).group_by(some.c.state)
    return {row.state: row.number for row in connection.execute(counts)}
