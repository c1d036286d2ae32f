"""The top of the hour: a daily question for many communities at once, planned and sent.

``python -m bench.planning [--communities 100000] [--store sqlite --store postgresql] [--seconds 20]`` prints JSON.

- ``planned``: due schedules a second through the planner (claim, activity, delivery, the next slot), each with three
  questions and one channel; how long after the hour they were planned; the longest stall of the event loop.
- ``apscheduler``: APScheduler's own job store on a store of the same kind, in the same run: jobs a second and stall.
- ``sent``: what a lane sends at each platform's limits, to channels in memory, as a share of what the limits allow;
  how late, and how much of that the limits force. Targets: 10,000 a second, 50 ms, 0.95.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time as clock_time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from app import interpreter
from bench.material import address
from bots.discord.render import CAPABILITIES as DISCORD
from bots.slack.render import CAPABILITIES as SLACK
from bots.telegram.render import CAPABILITIES as TELEGRAM
from core.activity import NewActivity, Target, open_all
from core.bot import Address, Sent
from core.capabilities import Capabilities
from core.clock import SystemClock
from core.hall import Hall
from core.message import Message
from core.registry import catalogues_for, migrations_of, with_core
from core.testing import FakeBot, SetClock
from plugins.question_of_the_day.plugin import QuestionOfTheDay
from plugins.question_of_the_day.tables import Question, Series, SeriesChannel
from storage.bulk import insert_all
from storage.engine import Store
from storage.tables import Channel, Community, Schedule, Space
from storage.tx import Tx
from storage.vault import Vault

HOUR = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
"""Nine in the morning in Berlin."""
JOBS = 2_000
"""As many as APScheduler's store is given: it takes seconds for them."""
FILL = 1_000


class Stall:
    """The longest that the event loop did not turn, in milliseconds."""

    def __init__(self) -> None:
        self.worst = 0.0

    async def watch(self) -> None:
        while True:
            began = clock_time.perf_counter()
            await asyncio.sleep(0.001)
            self.worst = max(self.worst, (clock_time.perf_counter() - began - 0.001) * 1000)


@asynccontextmanager
async def watched() -> AsyncIterator[Stall]:
    stall = Stall()
    task = asyncio.create_task(stall.watch())
    await asyncio.sleep(0.05)
    stall.worst = 0.0
    yield stall
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def spread(values: Sequence[float]) -> dict[str, float]:
    """p50, p95 and the most, in seconds."""
    ordered = sorted(values)
    return {
        "p50_s": round(statistics.median(ordered), 3),
        "p95_s": round(ordered[int(len(ordered) * 0.95) - 1], 3),
        "max_s": round(ordered[-1], 3),
    }


@asynccontextmanager
async def opened(url: str, clock: Any, bots: Sequence[FakeBot]) -> AsyncIterator[Hall]:
    """A store with the question plugin, and a hall over it that was not started."""
    plugins = with_core([QuestionOfTheDay()])
    store = await Store.open(url, clock=clock.now, vault=Vault.generate(), plugins=migrations_of(plugins))
    yield Hall(store=store, bots=bots, plugins=plugins, catalogues=catalogues_for(plugins), clock=clock)
    await store.close()


def community(tx: Tx, rows: dict[type, list[dict[str, Any]]], channels: int) -> UUID:
    """The rows of one community that has a daily question."""
    made, space, series, schedule = (tx.new_id() for _ in range(4))
    base = {"community_id": made, "created_at": tx.now}
    rows[Community].append(
        {"id": made, "name": "Hall", "language": "en", "time_zone": "Europe/Berlin", "created_at": tx.now}
    )
    rows[Space].append({**base, "id": space, "platform": "fake", "external_id": made.hex, "name": "Hall"})
    for number in range(channels):
        channel = {
            "community_id": made,
            "id": tx.new_id(),
            "space_id": space,
            "external_id": str(number),
            "name": "c",
        }
        rows[Channel].append(channel)
        rows[SeriesChannel].append({"community_id": made, "series_id": series, "channel_id": channel["id"]})
    rows[Series].append({**base, "id": series, "schedule_id": schedule})
    rows[Question].extend(
        {**base, "id": tx.new_id(), "series_id": series, "words": f"Question {number}?", "language": "en"}
        for number in range(3)
    )
    rows[Schedule].append(
        {
            **base,
            "id": schedule,
            "plugin": QuestionOfTheDay.code,
            "kind": "daily",
            "spec": {"at": "09:00", "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
            "next_at": HOUR,
            "next_slot": "2026-11-25T09:00:00",
            "catch_up_seconds": 0,
            "days_off": {},
            "tries": 0,
        }
    )
    return made


def fill(tx: Tx, count: int, channels: int = 1) -> None:
    """So many communities."""
    kinds = (Community, Space, Channel, Series, SeriesChannel, Question, Schedule)
    rows: dict[type, list[dict[str, Any]]] = {kind: [] for kind in kinds}
    for _ in range(count):
        community(tx, rows, channels)
    for kind in kinds:
        insert_all(tx, kind, rows[kind])


def analyse(tx: Tx) -> None:
    """What a PostgreSQL does by itself within a minute."""
    if tx.dialect == "postgresql":
        tx.execute("ANALYZE")


@asynccontextmanager
async def noting(hall: Hall) -> AsyncIterator[list[float]]:
    """For each schedule that is planned, seconds from now until its batch was committed."""
    late: list[float] = []
    write, began = hall.store.write, clock_time.perf_counter()

    async def writing(unit: Callable[[Tx], Any], **more: Any) -> Any:
        found = await write(unit, **more)
        late.extend([clock_time.perf_counter() - began] * found)
        return found

    hall.store.write = writing  # type: ignore[method-assign]  # for this one day
    yield late
    hall.store.write = write  # type: ignore[method-assign]  # and back


async def plan(url: str, communities: int) -> dict[str, Any]:
    """Plan them all, twice: a first day without questions before it, and the next, which closes the first's."""
    clock = SetClock(HOUR - timedelta(minutes=1))
    days = {}
    async with opened(url, clock, [FakeBot()]) as hall:
        for _ in range(0, communities, FILL):
            await hall.store.write(lambda tx: fill(tx, FILL))
        await hall.store.write(analyse)
        for day in range(2):
            clock.set(HOUR + timedelta(days=day))
            await hall.store.write(analyse)
            async with watched() as stall, noting(hall) as late:
                began = clock_time.perf_counter()
                await hall.planner.plan()
                spent = clock_time.perf_counter() - began
            days["first_day" if day == 0 else "second_day"] = {
                "due": len(late),
                "a_second": round(len(late) / spent),
                "late": spread(late),
                "stall_ms": round(stall.worst, 1),
            }
    return days


async def apscheduler(url: str) -> dict[str, Any]:
    """The same moment for jobs in APScheduler's store."""
    done = asyncio.Event()
    _Done.left, _Done.event = JOBS, done
    store = SQLAlchemyJobStore(url=url.replace("postgresql://", "postgresql+psycopg://"))
    scheduler = AsyncIOScheduler(jobstores={"default": store}, timezone=UTC)
    scheduler.start(paused=True)
    at = SystemClock().now() + timedelta(seconds=1)
    for number in range(JOBS):
        scheduler.add_job(
            _Done.job, "cron", hour="*", minute="*", second="*", id=str(number), next_run_time=at,
            misfire_grace_time=3600, max_instances=1, coalesce=True, end_date=at + timedelta(seconds=1),
        )  # fmt: skip
    await asyncio.sleep(1.2)
    async with watched() as stall:
        began = clock_time.perf_counter()
        scheduler.resume()
        await done.wait()
        spent = clock_time.perf_counter() - began
    scheduler.shutdown(wait=False)
    return {"jobs": JOBS, "a_second": round(JOBS / spent), "stall_ms": round(stall.worst, 1)}


class _Done:
    left = 0
    event: asyncio.Event

    @classmethod
    async def job(cls) -> None:
        cls.left -= 1
        if cls.left == 0:
            cls.event.set()


class Counting(FakeBot):
    """Channels in memory that take 50 ms for a message, as a platform does, and note when."""

    def __init__(self, capabilities: Capabilities) -> None:
        super().__init__(replace(capabilities, finds=False))
        self.at: list[float] = []

    async def send(self, address: Address, message: Message, *, key: str) -> Sent:
        self.at.append(clock_time.perf_counter())
        await asyncio.sleep(0.05)
        return Sent(address.channel, str(len(self.at)))


async def send(url: str, capabilities: Capabilities, *, allowed: float, channels: int, each: int) -> dict[str, Any]:
    """Send ``each`` messages to each of so many channels at the platform's limits. ``allowed``: a second, in all."""
    bot, clock = Counting(capabilities), SystemClock()
    async with opened(url, clock, [bot]) as hall:
        await hall.store.write(lambda tx: fill(tx, 1, channels))

        def owe(tx: Tx) -> None:
            found = tx.execute("SELECT community_id, space_id, id FROM channel")
            rows = [tuple(UUID(bytes=one) if isinstance(one, bytes) else one for one in row) for row in found]
            data = {"question": "Where to?", "language": "en"}
            targets = [Target(space, channel, "fake") for _, space, channel in rows]
            new = [NewActivity(rows[0][0], data, targets) for _ in range(each)]
            open_all(tx, QuestionOfTheDay.code, new, tx.now)

        await hall.store.write(owe)
        total = channels * each
        async with watched() as stall:
            began = clock_time.perf_counter()
            await hall.workforce.start()
            await hall.deliverer.start()
            while len(bot.at) < total:  # noqa: ASYNC110 - what is waited for is a list's length
                await asyncio.sleep(0.05)
            spent = bot.at[-1] - bot.at[0]
            await hall.deliverer.stop()
            await hall.workforce.stop()
    return {
        "messages": total,
        "a_second": round((total - 1) / spent, 2),
        "share_of_allowed": round((total - 1) / spent / allowed, 3),
        "late": spread([at - began for at in bot.at]),
        "of_it_forced": spread([number / allowed for number in range(total)]),
        "stall_ms": round(stall.worst, 1),
    }


async def measure(kind: str, communities: int, seconds: int) -> dict[str, Any]:
    """All of it on one kind of store."""
    found: dict[str, Any] = {}
    with address(kind) as url:
        found["planned"] = await plan(url, communities)
    with address(kind) as url:
        found["apscheduler"] = await apscheduler(url)
    sent = found["sent"] = {}
    lanes = {
        "discord": (DISCORD, {"allowed": 50.0, "channels": 50 * seconds, "each": 1}),
        "slack": (SLACK, {"allowed": 10.0, "channels": 10, "each": seconds}),
        "telegram": (TELEGRAM, {"allowed": 30.0, "channels": 30 * seconds, "each": 1}),
    }
    for name, (capabilities, many) in lanes.items():
        with address(kind) as url:
            sent[name] = await send(url, capabilities, **many)  # type: ignore[arg-type]  # numbers by their names
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--communities", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=20, help="how long each platform is sent to")
    parser.add_argument("--store", action="append", choices=("sqlite", "postgresql"))
    options = parser.parse_args()
    # As hallkeeper itself runs.
    interpreter.set_up()
    interpreter.settle()
    targets = {"due_a_second": 10_000, "stall_ms": 50, "share_of_allowed": 0.95}
    results: dict[str, Any] = {"bench": "planning", "target": targets}
    for kind in options.store or ["sqlite", "postgresql"]:
        results[kind] = asyncio.run(measure(kind, options.communities, options.seconds))
    json.dump(results, sys.stdout)
    print()


if __name__ == "__main__":
    main()
