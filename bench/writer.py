"""Participation through the writer against hand-written SQL: same tables, transaction size and sync setting, one run.

``python -m bench.writer [--rows 60000] [--store sqlite --store postgresql]`` prints JSON. The two take turns, so that
a busy machine slows both; each ratio is the median of the turns. Target: 0.7.

- ``log``: 1,000 acts a transaction, handed over at once (``store.log``), by one caller after the other.
- ``units``: 500 acts a transaction, each a unit of its own: 500 callers at once, each waiting for the commit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg

from bench.material import Acts, address
from core.clock import SystemClock
from storage.engine import Store
from storage.log import Act
from storage.tx import Tx
from storage.types import Uuid7Source
from storage.vault import Vault
from storage.writer import GROUP

now = SystemClock().now

TURNS = 5
LOG_SIZE = 1_000
COLUMNS = "id, community_id, space_id, activity_id, member, plugin, kind, conversation, at, at_source, features"
MERGE = (
    "ON CONFLICT (day, community_id, plugin, kind) DO UPDATE SET count = participation_day.count + excluded.count, "
    "conversations = participation_day.conversations + excluded.conversations"
)


def by_hand_sqlite(url: str) -> tuple[Callable[[Sequence[Act]], None], Callable[[], None]]:
    """What one would write by hand for SQLite."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    ids = Uuid7Source()

    def write(acts: Sequence[Act]) -> None:
        moment = now()
        rows: list[tuple[Any, ...]] = []
        days: dict[tuple[Any, ...], list[int]] = {}
        for act in acts:
            at = act.at.isoformat(" ", "microseconds")[:26]
            community = act.community_id.bytes
            rows.append(
                (
                    *(ids.next(moment).bytes, community, act.space_id.bytes),
                    *(act.activity_id.bytes if act.activity_id else None, act.member.bytes, act.plugin, act.kind),
                    *(act.conversation, at, act.at_source, json.dumps(act.features) if act.features else None),
                )
            )
            day = days.setdefault((at[:10], community, act.plugin, act.kind), [0, 0])
            day[0] += act.conversation
            day[1] += 1
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(f"INSERT INTO participation ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)", rows)
        connection.executemany(
            "INSERT INTO participation_day (day, community_id, plugin, kind, conversations, count) "
            f"VALUES (?,?,?,?,?,?) {MERGE}",
            [(*key, *value) for key, value in sorted(days.items())],
        )
        connection.execute("COMMIT")

    return write, connection.close


def by_hand_postgres(url: str) -> tuple[Callable[[Sequence[Act]], None], Callable[[], None]]:
    """What one would write by hand for PostgreSQL: COPY, and one sorted upsert."""
    connection = psycopg.connect(url, autocommit=True)
    ids = Uuid7Source()

    def write(acts: Sequence[Act]) -> None:
        moment = now()
        days: dict[tuple[Any, ...], list[int]] = {}
        with connection.transaction(), connection.cursor() as cursor:
            with cursor.copy(f"COPY participation ({COLUMNS}) FROM STDIN") as copy:
                for act in acts:
                    copy.write_row(
                        (
                            *(ids.next(moment), act.community_id, act.space_id, act.activity_id, act.member),
                            *(act.plugin, act.kind, act.conversation, act.at, act.at_source),
                            json.dumps(act.features) if act.features else None,
                        )
                    )
                    day = days.setdefault((act.at.date(), act.community_id, act.plugin, act.kind), [0, 0])
                    day[0] += act.conversation
                    day[1] += 1
            keys = sorted(days)
            cursor.execute(
                "INSERT INTO participation_day (day, community_id, plugin, kind, conversations, count) SELECT * FROM "
                f"unnest(%s::date[], %s::uuid[], %s::text[], %s::text[], %s::bigint[], %s::bigint[]) {MERGE}",
                (
                    *(list(column) for column in zip(*keys, strict=True)),
                    [days[key][0] for key in keys],
                    [days[key][1] for key in keys],
                ),
            )

    return write, connection.close


async def through_log(store: Store, batches: Sequence[Sequence[Act]]) -> float:
    """Seconds that ``store.log`` takes, one batch after the other."""
    began = time.perf_counter()
    for batch in batches:
        await store.log(batch)
    return time.perf_counter() - began


async def through_units(store: Store, batches: Sequence[Sequence[Act]]) -> float:
    """Seconds that ``store.write`` takes with a unit for each act and a batch's number of callers."""

    def unit(act: Act) -> Callable[[Tx], None]:
        def run(tx: Tx) -> None:
            tx.participate(
                *act[:5],
                conversation=act.conversation,
                at=act.at,
                at_source=act.at_source,
                activity_id=act.activity_id,
                features=act.features,
            )

        return run

    async def caller(acts: Iterator[Act]) -> None:
        for act in acts:
            await store.write(unit(act))

    began = time.perf_counter()
    acts = iter([act for batch in batches for act in batch])
    await asyncio.gather(*(caller(acts) for _ in range(len(batches[0]))))
    return time.perf_counter() - began


async def measure(kind: str, rows: int) -> dict[str, Any]:
    """Both ways on a store of one kind."""
    acts = Acts()
    result: dict[str, Any] = {}
    with address(kind) as url:
        store = await Store.open(url, clock=now, vault=Vault.generate())
        write, close = (by_hand_sqlite if kind == "sqlite" else by_hand_postgres)(url)
        for way, size, ours in (("log", LOG_SIZE, through_log), ("units", GROUP, through_units)):
            hand_rates: list[float] = []
            our_rates: list[float] = []
            for turn in range(TURNS + 1):
                at = now()
                batches = [acts.make(size, at) for _ in range(max(1, rows // TURNS // size))]
                count = size * len(batches)
                began = time.perf_counter()
                for batch in batches:
                    write(batch)
                hand = count / (time.perf_counter() - began)
                mine = count / await ours(store, [acts.make(size, at) for _ in batches])
                if turn:  # the first one warms both up
                    hand_rates.append(hand)
                    our_rates.append(mine)
            result[way] = {
                "rows_a_transaction": size,
                "by_hand_rows_a_second": round(statistics.median(hand_rates)),
                "ours_rows_a_second": round(statistics.median(our_rates)),
                "ratio": round(statistics.median(m / h for m, h in zip(our_rates, hand_rates, strict=True)), 2),
            }
        close()
        await store.close()
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=60_000, help="for each way on each store")
    parser.add_argument("--store", action="append", choices=("sqlite", "postgresql"))
    options = parser.parse_args()
    stores = options.store or ["sqlite", "postgresql"]
    results = {kind: asyncio.run(measure(kind, options.rows)) for kind in stores}
    json.dump({"bench": "writer", "target_ratio": 0.7, **results}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
