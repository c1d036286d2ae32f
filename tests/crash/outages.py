"""The store goes away in the middle and comes back: nothing acknowledged is lost, and work goes on by itself."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import col

from plugins.question_of_the_day.tables import Answer
from tests import postgres as pg
from tests.crash.answering import Answering
from tests.crash.line import line_to
from tests.crash.stage import Stage

CHANNELS = 30
LEASE = 3.0
"""Seconds until a process that can't be heard is known for dead; the product's own are 15."""
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def cluster() -> Iterator[pg.Postgres]:
    """A PostgreSQL of our own, that commits for good before it says so: it is going to crash."""
    with pg.own_cluster(pg.find_binaries(), "synchronous_commit=on", "full_page_writes=on", "fsync=on") as own:
        yield own


@asynccontextmanager
async def staged(urls: Sequence[str], folder: Path, own: str = "") -> AsyncIterator[Stage]:
    """Processes that run, one for each address, and a town that they post to."""
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # callers that end leave half requests
    async with AsyncExitStack() as stack:
        stage = Stage(urls, CHANNELS, folder, LEASE, own, patience=90.0)
        await stage.build(stack)
        await stage.start()
        yield stage


@asynccontextmanager
async def answering(stage: Stage) -> AsyncIterator[list[Answering]]:
    """Members answer all the while, where there are forms."""
    places = {place.platform: place for place in reversed(stage.town.places) if place.platform != "telegram"}
    several = [Answering(stage.town.platforms[name], place.space, place.channel) for name, place in places.items()]
    tasks = [asyncio.create_task(one.go_on()) for one in several]
    try:
        yield several
    finally:
        for one in several:
            one.end()
        await asyncio.gather(*tasks)


async def until_standing(stage: Stage, count: int) -> None:
    """Wait until so many posts stand."""
    async with asyncio.timeout(60):
        while stage.standing < count:  # noqa: ASYNC110 - what is waited for is another process's doing
            await asyncio.sleep(0.01)


async def settled(stage: Stage) -> None:
    """All is quiet: each post stands once, the store knows, and only Telegram may leave one open."""
    await stage.settle()
    verdicts = await stage.end()
    findings = [finding for one in verdicts.values() for finding in one.findings]
    counts = {
        name: {key: value for key, value in asdict(one).items() if key != "findings"}
        for name, one in verdicts.items()
    }
    assert not stage.troubles + findings, "\n".join([json.dumps(counts), *stage.troubles, *findings])
    assert counts["discord"]["unknown"] == counts["slack"]["unknown"] == 0, counts


async def kept(stage: Stage, several: Sequence[Answering]) -> None:
    """Members are thanked again, and what they were thanked for, before and now, is in the store."""
    for one in several:
        await one.more()
    async with stage.store.session() as session:
        rows = (await session.execute(select(col(Answer.id), col(Answer.sealed)))).all()
    words = {stage.store.vault.open(row.sealed, row.id.bytes).decode() for row in rows}
    for one in several:
        assert set(one.thanked.values()) <= words


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
async def test_a_postgresql_that_is_restarted_or_crashes_in_the_middle(
    cluster: pg.Postgres, how: signal.Signals, tmp_path: Path
) -> None:
    url = cluster.make()
    async with staged([url, url], tmp_path) as stage, answering(stage) as several:
        await stage.ask(stage.town.home)
        for one in several:
            await one.more(2)
        await stage.ask()
        await stage.ask(seconds=1.5)  # comes due while it is away
        await until_standing(stage, 3 * CHANNELS + 20)
        await asyncio.to_thread(cluster.stop, how)
        await asyncio.sleep(2.0)
        await asyncio.to_thread(cluster.start)
        await kept(stage, several)
        await settled(stage)
    cluster.drop(url)


async def test_a_network_that_stalls_and_breaks_and_comes_back(cluster: pg.Postgres, tmp_path: Path) -> None:
    """One of two processes loses the store for longer than it counts as alive. The other does its work meanwhile."""
    url = cluster.make()
    async with line_to(url) as line, staged([line.url, url], tmp_path, own=url) as stage:
        line.stall_after(b"INSERT INTO pace")  # it holds the pace of a platform, for which the other one waits
        stage.halls[1].send(signal.SIGSTOP)
        await stage.ask(stage.town.home)
        async with asyncio.timeout(30):
            await line.stalled.wait()
        stage.halls[1].send(signal.SIGCONT)
        await stage.ask(stage.town.home)
        await until_standing(stage, 6 * CHANNELS - 20)
        line.cut()
        await asyncio.sleep(1.0)
        line.mend()
        await stage.settle()
        alone = stage.halls.pop()
        alone.send(signal.SIGKILL)
        await alone.ended()
        await stage.ask(stage.town.home)
        await settled(stage)
    cluster.drop(url)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A folder on a disk of 160 MiB: the store's log of changes takes 64 before it is written back."""
    if os.geteuid() != 0:
        pytest.fail("Only root can mount a small disk: run this as root, or in a container.", pytrace=False)
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


async def test_a_disk_that_is_full_and_has_room_again(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as folder:
        url = f"sqlite:///{folder / 'hall.db'}"
        async with staged([url], tmp_path) as stage, answering(stage) as several:
            await stage.ask(stage.town.home)
            for one in several:
                await one.more(2)
            await stage.ask()
            await stage.ask(seconds=1.0)  # comes due while there is no room
            await until_standing(stage, 3 * CHANNELS + 20)
            filler = folder / "filler"
            with suppress(OSError), filler.open("wb", buffering=0) as file:
                while file.write(bytes(1 << 16)):
                    pass
            await asyncio.sleep(6.0)
            filler.unlink()
            await kept(stage, several)
            await settled(stage)
