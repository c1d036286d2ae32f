"""Claims: 500 members want one of 300 things in the same moment, exactly, one a person.

``python -m bench.claims [--store sqlite --store postgresql] [--rounds 15]`` prints JSON. The two take turns, each
round with things of its own, so that a busy machine slows both; a ratio is the median of the rounds.

- ``ours``: the drop's own decider through ``store.decide``, with all that an act is there: repeats known, members
  looked up, one a person over linked accounts, participation logged, the card touched, the alarm set.
- ``raw``: a transaction for each claim with the same guarantees and nothing else: a counter row that goes down while
  something is left, and a unique row of who got one. SQLite in one thread, synchronous as ours is; PostgreSQL by ten
  connections, each in turn the counter row's.

Times are from the moment at which all ask until each one's answer, after its commit. Members are known, as they are
when they took part in anything before; ``newcomers`` is one round of ours whose 500 never did. Targets: 2 times on
SQLite, 10 times on PostgreSQL.

``whole_way`` is from the press to what the member sees, over the sandbox (:mod:`bench.ways.claiming`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import select
from sqlmodel import col

from app import interpreter
from bench.material import address
from core.clock import SystemClock
from core.deciding import Asked, Deciding
from core.dialogues import StoredDialogues
from core.registry import migrations_of
from plugins.sampling_drops.claims import Is, Verb, Wish, decide
from plugins.sampling_drops.definition import Definition
from plugins.sampling_drops.drops import OPEN, PLUGIN
from plugins.sampling_drops.plugin import SamplingDrops
from plugins.sampling_drops.tables import Sample
from storage.engine import Store
from storage.people import Identity
from storage.tables import Community, Space
from storage.tx import Tx
from storage.vault import Vault

CLAIMERS = 500
UNITS = 300
CONNECTIONS = 10
TARGETS = {"sqlite": 2.0, "postgresql": 10.0}
CLOCK = SystemClock()


class Round(NamedTuple):
    """What came of one round."""

    given: int
    seconds: float
    times: Sequence[float]


Claim = Callable[[int], Awaitable[bool]]
"""A member, by number, asks; whether they got one."""


async def rush(claim: Claim) -> Round:
    """All ask at once."""
    times: list[float] = []
    began = time.perf_counter()

    async def ask(member: int) -> bool:
        got = await claim(member)
        times.append(time.perf_counter() - began)
        return got

    given = sum(await asyncio.gather(*(ask(member) for member in range(CLAIMERS))))
    return Round(given, time.perf_counter() - began, times)


# -- ours ---------------------------------------------------------------------------------------------------------
class Ours:
    """A community with its members, and a new drop each round."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._deciding = Deciding(decide, store.vault, StoredDialogues(store, CLOCK))
        self._people = 0

    async def settle(self) -> None:
        self.community = await self._store.write(_community)

    async def round(self, *, newcomers: bool = False) -> Round:
        """A drop and its rush. The members are those of the last round, unless they are newcomers."""
        drop = await self._store.write(lambda tx: _drop(tx, self.community.id))
        if newcomers:
            self._people += 1
        rushed = await rush(lambda member: self._claim(drop, member))
        held = select(col(Sample.held)).where(col(Sample.id) == drop)
        assert await self._store.write(lambda tx: tx.scalar(held)) == UNITS
        return rushed

    async def _claim(self, drop: UUID, member: int) -> bool:
        asked = Asked(
            "sandbox",
            uuid4().hex,
            Identity(self.community.id, "sandbox", "", f"{self._people}-{member}", "en"),
            self.community.space,
            Wish(Verb.HOLD, drop),
            PLUGIN,
            CLOCK.now(),
            "platform",
            "",
        )
        told = await self._store.decide(self._deciding, asked, lane_key=self.community.id)
        assert told.what in (Is.HELD, Is.SPOKEN_FOR), told
        return told.what is Is.HELD


class Home(NamedTuple):
    """A community and its space."""

    id: UUID
    space: UUID


def _community(tx: Tx) -> Home:
    home = Home(tx.new_id(), tx.new_id())
    tx.add(Community(id=home.id, name="Hall", language="en", time_zone="UTC", created_at=tx.now))
    tx.add(
        Space(
            community_id=home.id,
            id=home.space,
            platform="sandbox",
            external_id="1",
            name="Hall",
            created_at=tx.now,
        )
    )
    return home


def _drop(tx: Tx, community_id: UUID) -> UUID:
    drop_id = tx.new_id()
    tx.add(
        Sample(
            community_id=community_id,
            id=drop_id,
            state=OPEN,
            gives="parcel",
            definition=Definition("Tea", "Leaf & Co").to_data(),
            stock=UNITS,
            closes_at=tx.now + timedelta(days=1),
            created_at=tx.now,
        )
    )
    return drop_id


# -- raw ----------------------------------------------------------------------------------------------------------
SCHEMA = (
    "CREATE TABLE raw_item (id INTEGER PRIMARY KEY, left_over INTEGER NOT NULL)",
    "CREATE TABLE raw_claim (item INTEGER NOT NULL, person {uuid} NOT NULL, PRIMARY KEY (item, person))",
)
PEOPLE = [uuid4() for _ in range(CLAIMERS)]


@asynccontextmanager
async def raw_sqlite(url: str) -> AsyncIterator[Callable[[int], Claim]]:
    """What one would write by hand for SQLite: a thread with a connection, a transaction a claim."""
    thread = ThreadPoolExecutor(1)
    loop = asyncio.get_running_loop()

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(f"{url.removeprefix('sqlite:///')}.raw", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        for statement in SCHEMA:
            connection.execute(statement.format(uuid="BLOB"))
        return connection

    connection = await loop.run_in_executor(thread, connect)

    def claim(item: int, person: bytes) -> bool:
        connection.execute("BEGIN IMMEDIATE")
        took = connection.execute(
            "UPDATE raw_item SET left_over = left_over - 1 WHERE id = ? AND left_over > 0", (item,)
        ).rowcount
        if took:
            took = connection.execute("INSERT OR IGNORE INTO raw_claim VALUES (?, ?)", (item, person)).rowcount
        connection.execute("COMMIT" if took else "ROLLBACK")
        return bool(took)

    def item(number: int) -> Claim:
        return lambda member: loop.run_in_executor(thread, claim, number, PEOPLE[member].bytes)  # type: ignore[return-value]  # a future is awaited as well

    def new(number: int) -> None:
        connection.execute("INSERT INTO raw_item VALUES (?, ?)", (number, UNITS))

    def begin(number: int) -> Claim:
        thread.submit(new, number).result()
        return item(number)

    yield begin
    await loop.run_in_executor(thread, connection.close)
    thread.shutdown()


@asynccontextmanager
async def raw_postgres(url: str) -> AsyncIterator[Callable[[int], Claim]]:
    """What one would write by hand for PostgreSQL: a pool, a transaction a claim, one counter row."""
    plain = url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(plain, autocommit=True) as setting_up:
        for statement in SCHEMA:
            setting_up.execute(statement.format(uuid="UUID").encode())
        pool: asyncio.Queue[psycopg.AsyncConnection[Any]] = asyncio.Queue()
        for _ in range(CONNECTIONS):
            pool.put_nowait(await psycopg.AsyncConnection.connect(plain, autocommit=True))

        async def claim(item: int, person: UUID) -> bool:
            connection = await pool.get()
            try:
                async with connection.transaction():
                    took = await connection.execute(
                        "UPDATE raw_item SET left_over = left_over - 1 WHERE id = %s AND left_over > 0", (item,)
                    )
                    if not took.rowcount:
                        return False
                    made = await connection.execute(
                        "INSERT INTO raw_claim VALUES (%s, %s) ON CONFLICT DO NOTHING", (item, person)
                    )
                    if not made.rowcount:
                        raise psycopg.Rollback
                    return True
            finally:
                pool.put_nowait(connection)
            return False

        def begin(number: int) -> Claim:
            setting_up.execute("INSERT INTO raw_item VALUES (%s, %s)", (number, UNITS))
            return lambda member: claim(number, PEOPLE[member])

        yield begin
        while not pool.empty():
            await pool.get_nowait().close()


# -- both ---------------------------------------------------------------------------------------------------------
async def measure(kind: str, rounds: int) -> dict[str, Any]:
    """Both ways on a store of one kind."""
    raw_way = raw_sqlite if kind == "sqlite" else raw_postgres
    async with AsyncExitStack() as stack:
        url = stack.enter_context(address(kind))
        begin = await stack.enter_async_context(raw_way(url))
        migrations = migrations_of([SamplingDrops])
        store = await Store.open(url, clock=CLOCK.now, vault=Vault.generate(), plugins=migrations)
        stack.push_async_callback(store.close)
        ours = Ours(store)
        await ours.settle()
        newcomers = await ours.round(newcomers=True)
        await rush(begin(0))  # warms up
        mine: list[Round] = []
        raw: list[Round] = []
        for number in range(1, rounds + 1):
            raw.append(await rush(begin(number)))
            mine.append(await ours.round())
    assert {one.given for one in (*mine, *raw, newcomers)} == {UNITS}
    ratio = statistics.median(theirs.seconds / our.seconds for our, theirs in zip(mine, raw, strict=True))
    return {
        "ours": figures(mine),
        "raw": figures(raw),
        "ratio": round(ratio, 2),
        "wanted": TARGETS[kind],
        "newcomers": figures([newcomers]),
    }


def figures(rounds: Sequence[Round]) -> dict[str, float]:
    """Claims a second at the median, and the p99 of all times."""
    times = sorted(one for each in rounds for one in each.times)
    return {
        "claims_a_second": round(statistics.median(CLAIMERS / one.seconds for one in rounds)),
        "p50_ms": round(statistics.median(times) * 1000, 1),
        "p99_ms": round(times[int(0.99 * len(times)) - 1] * 1000, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--store", action="append", choices=tuple(TARGETS))
    options = parser.parse_args()
    interpreter.set_up()  # as in the server
    results = {kind: asyncio.run(measure(kind, options.rounds)) for kind in options.store or TARGETS}
    json.dump({"bench": "claims", "claimers": CLAIMERS, "units": UNITS, **results}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
