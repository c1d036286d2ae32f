"""A store, processes of hallkeeper on it, and a town that they post to."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from app.rehearse.process import Hall
from core.clock import SystemClock
from core.registry import migrations_of
from plugins.question_of_the_day import QuestionOfTheDay
from storage.engine import Store
from storage.vault import Vault
from tests.crash.child import LEASE
from tests.crash.judge import Verdict, judge, under_way, undone
from tests.crash.town import HOSTS, SETTINGS, Round, Town

WONDER_SECONDS = 15.0
"""After so long without a change the trace says what is still under way."""
STUCK_SECONDS = 240.0
"""How long nothing may change, while something is still under way, before it counts as stuck."""


@dataclass
class Stage:
    """``urls`` are the store's addresses, one for each process that works on it; ``own`` is ours, where it differs.

    ``lease`` shortens the time after which a dead process is known for dead, in seconds.
    """

    urls: Sequence[str]
    channels: int
    folder: Path
    lease: float | None = None
    own: str = ""
    patience: float = STUCK_SECONDS
    town: Town = field(default_factory=Town)
    halls: list[Hall] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = SystemClock()
        self.store: Store

    async def build(self, stack: AsyncExitStack) -> None:
        """Open the store, start the platforms, make the processes ready to be started."""
        await self.town.build(stack, self.channels)
        vault = Vault.from_file(self.folder / "master.key", create=True)
        plugins = migrations_of([QuestionOfTheDay])
        self.store = await Store.open(self.own or self.urls[0], clock=self.clock.now, vault=vault, plugins=plugins)
        stack.push_async_callback(self.store.close)
        await self.store.write(self.town.settle)
        for url, host in zip(self.urls, HOSTS, strict=False):
            lease = {} if self.lease is None else {LEASE: str(self.lease)}
            hall = Hall(self.folder, host, lease, "tests.crash.child")
            key = {"vault": {"key_file": str(self.folder / "master.key")}}
            hall.config(url, [QuestionOfTheDay.name], {**key, **self._platforms(host)})
            self.halls.append(hall)
            stack.push_async_callback(hall.dead)

    def _platforms(self, host: str) -> dict[str, dict[str, Any]]:
        return {
            name: {"enabled": True, "api_url": platform.url.replace("127.0.0.1", host), **SETTINGS[name]}
            for name, platform in self.town.platforms.items()
        }

    @property
    def standing(self) -> int:
        """Messages that the platforms took."""
        return sum(self.town.standing().values())

    def say(self, what: str) -> None:
        """Note something with its time, for whoever must find out why."""
        with (self.folder / "trace.log").open("a") as file:
            file.write(f"{self.clock.now().isoformat(timespec='milliseconds')} {what}\n")

    # -- what happens ------------------------------------------------------------------------------------------------
    async def start(self) -> None:
        """Start every process, and wait until all are ready."""
        for hall in self.halls:
            await hall.start()
        for hall in self.halls:
            await hall.until_ready()

    async def ask(self, community: UUID | None = None, *, seconds: float = 0.5) -> Round:
        """A question is due in every channel, in so many seconds: see :meth:`Town.add`."""
        at = self.clock.now() + timedelta(seconds=seconds)
        one = await self.store.write(lambda tx: self.town.add(tx, at, community))
        self.town.rounds.append(one)
        self.say(f"round {one.number} is due")
        return one

    async def settle(self) -> None:
        """Wait until nothing is under way any more. What does not go on, or ends by itself, is a trouble."""
        changed, before, told = time.monotonic(), (dict[str, int](), 0), 0.0
        while not self.troubles:
            await self.clock.sleep(1.0)
            self.waiting = await under_way(self.store, self.clock.now())
            if not self.waiting:
                return
            self.troubles += [
                f"{hall.name} ended by itself: {hall.last_words}" for hall in self.halls if not hall.runs
            ]
            if (now := (self.waiting, self.standing)) != before:
                changed, before = time.monotonic(), now
            if time.monotonic() - max(changed, told) > WONDER_SECONDS:
                told = time.monotonic()
                for line in await undone(self.store):
                    self.say(line)
            if time.monotonic() - changed > self.patience:
                for hall in self.halls:
                    hall.send(signal.SIGUSR1)
                await self.clock.sleep(1.0)
                self.troubles.append(f"it does not go on: {self.waiting}")

    async def end(self) -> dict[str, Verdict]:
        """End every process in order, and judge."""
        for hall in self.halls:
            if code := await hall.end():
                self.troubles.append(f"{hall.name} ended with {code}: {hall.last_words}")
        return await judge(self.town, self.store)
