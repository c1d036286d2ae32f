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
from tests.crash.stage import Stage
from tests.crash.town import SEND
from tests.postgres import Postgres

LEASE = 3.0
ROUNDS = 3
"""Questions to 30 channels that are measured."""
pytestmark = pytest.mark.timeout(180)


@asynccontextmanager
async def staged(postgres: Postgres, folder: Path, channels: int, **environment: str) -> AsyncIterator[Stage]:
    """Two processes on one PostgreSQL, with what :mod:`tests.crash.hooks` is to do in them."""
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # callers that end leave half requests
    url = postgres.make()
    async with AsyncExitStack() as stack:
        stack.callback(postgres.drop, url)
        stage = Stage([url, url], channels, folder, LEASE, patience=90.0)
        await stage.build(stack)
        # One of them freezes; to be measured are both, as either may get to send.
        for hall in stage.halls[:1] if FREEZE in environment else stage.halls:
            hall.environment |= environment
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


async def freeze_and_go_on(stage: Stage) -> None:
    """The first process freezes while it sends to one channel of each platform, until the other did all its work."""
    first, second = stage.halls
    second.send(signal.SIGSTOP)
    await stage.ask()
    await until(lambda: frozen(stage))
    second.send(signal.SIGCONT)
    await asyncio.sleep(LEASE)
    await stage.settle()
    first.send(signal.SIGCONT)
    await asyncio.sleep(1.5)  # it does what it was about to do
    await stage.settle()


async def test_frozen_anywhere_in_a_send_but_in_that_moment_it_doubles_nothing(
    postgres: Postgres, tmp_path: Path
) -> None:
    """And in that moment on Slack alone: Discord knows the second one by its nonce, on Telegram a person is asked."""
    async with staged(postgres, tmp_path, 1, **{FREEZE: "claimed committed checked"}) as stage:
        for _point in ("claimed", "committed", "checked"):
            await freeze_and_go_on(stage)
        for moment in Moment:
            stage.town.platforms["slack"].faults.watcher = partial(freeze_at_call, stage, moment)
            await freeze_and_go_on(stage)
        verdicts = await stage.end()
    assert not stage.troubles
    assert [finding for name in ("discord", "telegram") for finding in verdicts[name].findings] == []
    (finding,) = verdicts["slack"].findings
    assert finding.startswith("doubled: round 2,"), "that of the moment"
    assert (verdicts["slack"].sent, verdicts["slack"].unknown) == (5, 0)


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
