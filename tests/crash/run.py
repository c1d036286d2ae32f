"""One store's run: processes that die and come back while questions go out, then quiet, then the verdict."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlmodel import col

from core.clock import SystemClock
from core.registry import migrations_of
from plugins.question_of_the_day import QuestionOfTheDay
from storage.engine import Store
from storage.tables import Activity, Delivery
from storage.vault import Vault
from tests.crash.judge import Verdict, judge, under_way, undone
from tests.crash.process import Hall
from tests.crash.town import SETTINGS, Round, Town, hosts
from tests.crash.weather import PATIENCE_SECONDS, Aim, Weather, When, at_calls

START_SECONDS = 60.0
"""How long a process that nobody kills may take to be ready."""
ROUND_SECONDS = 20.0
"""The next question is due after so long at the latest, and as soon as most of the last one stands."""
AGAIN_EVERY = 10
"""Every so many rounds it is the next question of an older community: posts are edited then, too. Not at each, for
Slack allows 50 edits a minute in a workspace."""
WONDER_SECONDS = 15.0
"""After so long without a change the trace says what is still under way."""
STUCK_SECONDS = 240.0
"""How long nothing may change in the end, while something is still under way."""

Progress = Callable[["Run"], None]


@dataclass
class Run:
    """A store with its processes. ``lease`` shortens the time after which a dead process is known for dead."""

    url: str
    workers: int
    kills: int
    channels: int
    seed: int
    folder: Path
    progress: Progress
    lease: float | None = None
    town: Town = field(default_factory=Town)
    killed: int = 0
    aims: Counter[str] = field(default_factory=Counter)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    phase: str = "begins"

    def __post_init__(self) -> None:
        self._clock = SystemClock()
        self._trace: list[tuple[float, str]] = []

    @property
    def standing(self) -> int:
        """Messages that the platforms took."""
        return sum(self.town.standing().values())

    @property
    def good(self) -> bool:
        """All as promised, and nobody died who was not killed."""
        return not self.troubles and bool(self.verdicts) and all(one.good for one in self.verdicts.values())

    def say(self, what: str) -> None:
        """Note something with its time, for whoever must find out why."""
        self._trace.append((time.monotonic(), what))
        with (self.folder / "trace.log").open("a") as file:
            file.write(f"{self._clock.now().isoformat(timespec='milliseconds')} {what}\n")

    async def go(self) -> None:
        """Do it all."""
        async with AsyncExitStack() as stack:
            await self.town.build(stack, self.channels)
            key = self.folder / "master.key"
            vault = Vault.from_file(key, create=True)
            plugins = migrations_of([QuestionOfTheDay])
            self._store = await Store.open(self.url, clock=self._clock.now, vault=vault, plugins=plugins)
            stack.push_async_callback(self._store.close)
            self._weather = Weather(self.seed, self.town.platforms)
            self._halls = [self._hall(number, host) for number, host in enumerate(hosts(self.workers))]
            for hall in self._halls:
                stack.push_async_callback(_dead, hall)
            ticking = asyncio.create_task(self._tick())
            stack.callback(ticking.cancel)
            await self._storm()
            await self._settle()
            self.failures = dict(self._weather.failures)
            for hall in self._halls:
                if code := await hall.end():
                    self.troubles.append(f"{hall.name} ended with {code}")
            self.verdicts = await judge(self.town, self._store)

    def _hall(self, number: int, host: str) -> Hall:
        environment = {} if self.lease is None else {"CRASH_LEASE": str(self.lease)}
        hall = Hall(self.folder, host, environment)
        sections: dict[str, dict[str, Any]] = {
            name: {"enabled": True, "api_url": platform.url.replace("127.0.0.1", host), **SETTINGS[name]}
            for name, platform in self.town.platforms.items()
        }
        hall.config(self.url, sections | {"vault": {"key_file": str(self.folder / "master.key")}})
        return hall

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            self.progress(self)

    # -- kills -------------------------------------------------------------------------------------------------------
    async def _storm(self) -> None:
        self.phase = "kills"
        questions = asyncio.create_task(self._questions())
        try:
            async with asyncio.TaskGroup() as group:
                for hall in self._halls:
                    group.create_task(self._kill_again_and_again(hall))
        finally:
            questions.cancel()
            with suppress(asyncio.CancelledError):
                await questions

    async def _kill_again_and_again(self, hall: Hall) -> None:
        while self.killed < self.kills:
            await hall.start()
            aim = self._weather.draw()
            ending = asyncio.create_task(hall.ended())
            strike = partial(self._strike, hall)
            aiming = asyncio.create_task(self._aim(hall, aim, strike))
            await asyncio.wait({ending, aiming}, return_when=asyncio.FIRST_COMPLETED)
            if not aiming.done():
                aiming.cancel()  # somebody else's aim killed both
            await asyncio.wait({aiming})
            if not aiming.cancelled() and (error := aiming.exception()):
                raise error
            code = await ending
            if code == -signal.SIGKILL:
                self.killed += 1
                continue
            self.troubles.append(f"{hall.name} ended by itself with {code}: {''.join(list(hall.said)[-5:])}")
            self.say(self.troubles[-1])
            if len(self.troubles) > 20:
                raise RuntimeError("It ends by itself again and again:\n" + "".join(hall.said))

    def _strike(self, hall: Hall, aim: Aim) -> None:
        self.aims[aim.when] += 1
        for one in self._halls if aim.all else (hall,):
            if one.runs:
                one.send(signal.SIGKILL)
                self.say(f"{one.name} killed: {aim.when} {aim.platform}")

    async def _aim(self, hall: Hall, aim: Aim, strike: Callable[[Aim], None]) -> None:
        """Wait for the aim's moment, and strike."""
        if aim.when is When.STARTING:
            await asyncio.sleep(aim.seconds)
            strike(aim)
            return
        async with asyncio.timeout(START_SECONDS):
            await hall.ready.wait()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if at_calls(aim):
                    await self._weather.at_call(hall.name, aim, strike)
                    await asyncio.sleep(aim.seconds + 0.1)
                    return
                await self._moment(aim)
        except TimeoutError:
            aim.when = When.MISSED
        strike(aim)

    async def _moment(self, aim: Aim) -> None:
        if aim.when is When.ANY:
            await asyncio.sleep(aim.seconds)
        elif aim.when is When.PLANNED:
            await self._more(select(func.count()).select_from(Activity))
        else:
            leased = col(Delivery.leased_by).is_not(None)
            await self._more(select(func.count()).where(col(Delivery.state) == "pending", leased))

    async def _more(self, count: Any) -> None:
        """Wait until there is more of something in the store, looking every few milliseconds."""
        least: int | None = None
        async with self._store.session() as session:
            while True:
                now = int(await session.scalar(count) or 0)
                await session.rollback()
                if least is not None and now > least:
                    return
                least = now if least is None else min(least, now)
                await asyncio.sleep(0.005)

    # -- questions ---------------------------------------------------------------------------------------------------
    async def _questions(self) -> None:
        """A question is always going out: the next comes when most of the last one stands."""
        while True:
            await self._ask()
            begun = time.monotonic()
            while time.monotonic() - begun < ROUND_SECONDS:
                await asyncio.sleep(0.2)
                if self.town.standing().get(len(self.town.rounds) - 1, 0) > 0.7 * len(self.town.places):
                    break

    async def _ask(self) -> None:
        town, at = self.town, self._clock.now() + timedelta(seconds=0.5)
        number = len(town.rounds)
        older = town.rounds[number - AGAIN_EVERY // 2] if number % AGAIN_EVERY == AGAIN_EVERY - 1 else None

        def unit(tx: Any) -> Round:
            return town.add(tx, at) if older is None else town.add_again(tx, older, at)

        town.rounds.append(await self._store.write(unit))
        self.say(f"round {number} is due")

    # -- quiet -------------------------------------------------------------------------------------------------------
    async def _settle(self) -> None:
        """Nobody is killed any more, and nothing fails: what is under way comes to its end by itself."""
        self.phase = "settles"
        self._weather.calm()
        for hall in self._halls:
            await hall.start()
        changed, before, told = time.monotonic(), (dict[str, int](), 0), 0.0
        while True:
            await asyncio.sleep(1.0)
            self.waiting = await under_way(self._store, self._clock.now())
            if not self.waiting:
                return
            for hall in self._halls:
                if not hall.runs:
                    self.troubles.append(f"{hall.name} ended by itself: {''.join(list(hall.said)[-5:])}")
                    return
            if (now := (self.waiting, self.standing)) != before:
                changed, before = time.monotonic(), now
            if time.monotonic() - max(changed, told) > WONDER_SECONDS:
                told = time.monotonic()
                for line in await undone(self._store):
                    self.say(line)
            if time.monotonic() - changed > STUCK_SECONDS:
                self.troubles.append(f"it does not go on: {self.waiting}")
                return


async def _dead(hall: Hall) -> None:
    if hall.runs:
        hall.send(signal.SIGKILL)
        await hall.ended()
