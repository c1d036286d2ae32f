"""A process that freezes in the middle of a send for longer than its lease, and goes on as if nothing had been.

The stated residue: between the last look at the lease and the request there is a moment in which nobody can know that
the other process took over. All other moments are tried here, and how long that one is, is measured.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import statistics
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from sandbox.faults import Moment
from tests.crash.child import FREEZE, WIDTH
from tests.crash.judge import Verdict
from tests.crash.stage import Stage
from tests.crash.town import SEND
from tests.postgres import Postgres

LEASE = 3.0
ROUNDS = 5
"""Questions to 30 channels that are measured."""
pytestmark = pytest.mark.timeout(180)


@asynccontextmanager
async def staged(postgres: Postgres, folder: Path, channels: int, **environment: str) -> AsyncIterator[Stage]:
    """Two processes on one PostgreSQL, of which the first has its own environment."""
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # callers that end leave half requests
    url = postgres.make()
    async with AsyncExitStack() as stack:
        stack.callback(postgres.drop, url)
        stage = Stage([url, url], channels, folder, LEASE, patience=90.0)
        await stage.build(stack)
        stage.halls[0].environment |= environment
        await stage.start()
        yield stage


async def until(check: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(60):
        while not check():  # noqa: ASYNC110 - what is waited for is another process's state
            await asyncio.sleep(0.02)


def frozen(stage: Stage) -> bool:
    """Whether the first process is stopped."""
    process = stage.halls[0].process
    assert process is not None
    return Path(f"/proc/{process.pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] == "T"


async def froze_and_went_on(stage: Stage) -> dict[str, Verdict]:
    """The first process freezes while it sends to one channel of each platform, until the other did all its work."""
    first, second = stage.halls
    second.send(signal.SIGSTOP)
    await stage.ask()
    await until(lambda: frozen(stage))
    second.send(signal.SIGCONT)
    await asyncio.sleep(LEASE)
    await stage.settle()
    first.send(signal.SIGCONT)
    await asyncio.sleep(2.0)
    await stage.settle()
    verdicts = await stage.end()
    assert not stage.troubles
    return verdicts


@pytest.mark.parametrize("point", ["claimed", "committed", "arrived", "taken"])
async def test_frozen_outside_of_that_moment_it_doubles_nothing(
    postgres: Postgres, tmp_path: Path, point: str
) -> None:
    own = {FREEZE: point} if point in ("claimed", "committed") else {}
    async with staged(postgres, tmp_path, 1, **own) as stage:
        if not own:
            stage.town.platforms["slack"].faults.watcher = partial(freeze_at_call, stage, Moment(point))
        verdicts = await froze_and_went_on(stage)
    assert [finding for one in verdicts.values() for finding in one.findings] == []
    assert verdicts["slack"].sent == 1
    assert verdicts["slack"].unknown == 0


async def test_frozen_in_that_moment_only_a_platform_without_keys_shows_it_twice(
    postgres: Postgres, tmp_path: Path
) -> None:
    """Discord knows the second one by its nonce; of Telegram a person is asked instead."""
    async with staged(postgres, tmp_path, 1, **{FREEZE: "checked"}) as stage:
        verdicts = await froze_and_went_on(stage)
    assert {name: one.doubled for name, one in verdicts.items()} == {"discord": 0, "slack": 1, "telegram": 0}
    assert {name: one.lost for name, one in verdicts.items()} == {"discord": 0, "slack": 0, "telegram": 0}


def freeze_at_call(stage: Stage, moment: Moment, seen: Moment, call: str, _host: str) -> None:
    """Freeze the first process when its first post has come so far."""
    if call == SEND["slack"] and seen is moment:
        stage.halls[0].send(signal.SIGSTOP)
        stage.town.platforms["slack"].faults.watcher = None


async def test_how_long_that_moment_is(
    postgres: Postgres, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """From the last look at the lease until the request is written. Said, not judged."""
    path = tmp_path / "width"
    async with staged(postgres, tmp_path, 30, **{WIDTH: str(path)}) as stage:
        for number in range(1, ROUNDS + 1):
            await stage.ask()
            await until(lambda number=number: stage.standing >= number * 75)  # type: ignore[misc]  # a default is no argument
        await stage.settle()
    widths: dict[str, list[int]] = {}
    for line in path.read_text("ascii").splitlines():
        name, microseconds = line.split()
        widths.setdefault(name, []).append(int(microseconds))
    assert set(widths) == {"discord", "slack", "telegram"}
    for name, several in sorted(widths.items()):
        found = (
            f"{len(several)} posts, {statistics.median(several) / 1000:.1f} ms, at most {max(several) / 1000:.1f} ms"
        )
        record_property(name, found)
        sys.stdout.write(f"{name}: {found}\n")
