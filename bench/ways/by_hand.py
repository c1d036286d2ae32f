"""Claims as one would write them by hand: a transaction each, so that nothing is given twice.

``bare``: a counter row that goes down while something is left, and a unique row of who got one. ``same``: all that
our own decider keeps, in our own tables: repeats known, who that is, one a person over linked accounts, the claim,
the act in the log and in its day's count.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import psycopg

CONNECTIONS = 10
"""PostgreSQL's pool; the counter row lets one through at a time."""

Claim = Callable[[int], Awaitable[bool]]
"""A member, by number, asks; whether they got one."""


class Who(NamedTuple):
    """A member as the store knows them."""

    lookup: bytes
    fingerprint: bytes


class Thing(NamedTuple):
    """What is claimed: a drop of a community."""

    community: UUID
    space: UUID
    drop: UUID
    now: datetime


Steps = Generator[tuple[str, Sequence[Any]], Any, bool]
Way = Callable[[Thing, Who], Steps]
"""The statements of a claim, with ``?`` for values, each after the last one's rows; in the end: got one?"""

BARE = (
    "CREATE TABLE raw_item (id {uuid} PRIMARY KEY, left_over INTEGER NOT NULL)",
    "CREATE TABLE raw_claim (item {uuid} NOT NULL, person {bytes} NOT NULL, PRIMARY KEY (item, person))",
)


def bare(thing: Thing, who: Who) -> Steps:
    """The counter and the unique row."""
    take = "UPDATE raw_item SET left_over = left_over - 1 WHERE id = ? AND left_over > 0 RETURNING 1"
    took = yield take, (thing.drop,)
    if not took:
        return False
    own = "INSERT INTO raw_claim VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING 1"
    return bool((yield own, (thing.drop, who.fingerprint)))


def same(thing: Thing, who: Who) -> Steps:
    """All that ours keeps."""
    community, space, drop, now = thing
    yield "INSERT INTO inbox VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1", ("sandbox", uuid4().hex, now)
    known = yield (
        "SELECT account.id, member.id FROM account JOIN member ON member.account_id = account.id "
        "WHERE platform = ? AND scope = ? AND lookup = ? AND member.community_id = ?",
        ("sandbox", "", who.lookup, community),
    )
    account, member = known[0]
    took = yield (
        "UPDATE drop_sample SET held = held + 1, pressed = pressed + 1 "
        "WHERE community_id = ? AND id = ? AND held + given < stock RETURNING 1",
        (community, drop),
    )
    if took:
        had = yield (
            "SELECT 1 FROM once WHERE community_id = ? AND subject_id = ? AND fingerprint = ?",
            (*(community, drop, who.fingerprint),),
        )
        if had:
            return False
        claim = uuid4()
        yield (
            "INSERT INTO drop_claim (community_id, id, drop_id, space_id, account_id, member_id, state, held_until, "
            "passed, exported) VALUES (?, ?, ?, ?, ?, ?, 'held', ?, false, false)",
            (community, claim, drop, space, account, member, now),
        )
        yield (
            "INSERT INTO once (community_id, subject_id, fingerprint, claim_id) VALUES (?, ?, ?, ?)",
            (*(community, drop, who.fingerprint, claim),),
        )
    else:
        yield "UPDATE drop_sample SET pressed = pressed + 1 WHERE community_id = ? AND id = ?", (community, drop)
    yield (
        "INSERT INTO participation (id, community_id, space_id, member, plugin, kind, conversation, at, at_source) "
        "VALUES (?, ?, ?, ?, 'sd', 'press', false, ?, 'platform')",
        (uuid4(), community, space, member, now),
    )
    yield (
        "INSERT INTO participation_day (day, community_id, plugin, kind, conversations, count) "
        "VALUES (?, ?, 'sd', 'press', 0, 1) ON CONFLICT (day, community_id, plugin, kind) "
        "DO UPDATE SET count = participation_day.count + 1",
        (now.date(), community),
    )
    return bool(took)


class ByHand(NamedTuple):
    """A store to claim in by hand."""

    begin: Callable[[Way, Thing, Sequence[Who], int], Awaitable[Claim]]
    """A round: so many units of a thing, the members by number."""


@asynccontextmanager
async def sqlite(url: str) -> AsyncIterator[ByHand]:
    """A thread with a connection, as durable as ours."""
    thread = ThreadPoolExecutor(1)
    loop = asyncio.get_running_loop()

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        for statement in BARE:
            connection.execute(statement.format(uuid="BLOB", bytes="BLOB"))
        return connection

    def plain(values: Sequence[Any]) -> list[Any]:
        return [
            one.bytes if isinstance(one, UUID) else one if isinstance(one, (str, bytes, int)) else str(one)[:26]
            for one in values
        ]

    connection = await loop.run_in_executor(thread, connect)

    def claim(way: Way, thing: Thing, who: Who) -> bool:
        connection.execute("BEGIN IMMEDIATE")
        steps, rows = way(thing, who), None
        try:
            while True:
                sql, values = steps.send(rows)
                rows = connection.execute(sql, plain(values)).fetchall()
        except StopIteration as end:
            connection.execute("COMMIT" if end.value or way is same else "ROLLBACK")
            return bool(end.value)

    async def begin(way: Way, thing: Thing, people: Sequence[Who], units: int) -> Claim:
        if way is bare:
            item = (thing.drop.bytes, units)
            await loop.run_in_executor(thread, connection.execute, "INSERT INTO raw_item VALUES (?, ?)", item)

        async def ask(member: int) -> bool:
            return await loop.run_in_executor(thread, claim, way, thing, people[member])

        return ask

    yield ByHand(begin)
    await loop.run_in_executor(thread, connection.close)
    thread.shutdown()


@asynccontextmanager
async def postgresql(url: str) -> AsyncIterator[ByHand]:
    """A pool of connections."""
    pool: asyncio.Queue[psycopg.AsyncConnection[Any]] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        pool.put_nowait(await psycopg.AsyncConnection.connect(url, autocommit=True))

    async def claim(way: Way, thing: Thing, who: Who) -> bool:
        connection, got = await pool.get(), False
        async with connection.transaction():
            steps, rows = way(thing, who), None
            try:
                while True:
                    sql, values = steps.send(rows)
                    cursor = await connection.execute(sql.replace("?", "%s").encode(), values)
                    rows = await cursor.fetchall() if cursor.description else None
            except StopIteration as end:
                got = bool(end.value)
            if not got and way is bare:
                raise psycopg.Rollback
        pool.put_nowait(connection)
        return got

    async def begin(way: Way, thing: Thing, people: Sequence[Who], units: int) -> Claim:
        if way is bare:
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
                await connection.execute("INSERT INTO raw_item VALUES (%s, %s)", (thing.drop, units))
        return lambda member: claim(way, thing, people[member])

    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        for statement in BARE:
            await connection.execute(statement.format(uuid="UUID", bytes="BYTEA").encode())
    yield ByHand(begin)
    while not pool.empty():
        await pool.get_nowait().close()
