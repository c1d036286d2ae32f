"""One store's run: processes that die and come back while questions go out, then quiet, then the verdict."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlmodel import col

from app.rehearse.process import Hall
from storage.tables import Activity, Delivery
from storage.workers import LIVES
from tests.crash.judge import Verdict
from tests.crash.stage import Stage
from tests.crash.weather import AT_CALLS, LATE_SECONDS, PATIENCE_SECONDS, Aim, Weather, When

ROUND_SECONDS = 20.0
"""The next question is due after so long at the latest, and as soon as most of the last one stands."""
AGAIN_EVERY = 10
"""Every so many rounds it is the next question of an older community: posts are edited then, too. Not at each, for
Slack allows 50 edits a minute in a workspace."""
MOST_TROUBLES = 20
"""After so many processes that ended by themselves it is of no use to go on."""


@dataclass(kw_only=True)
class Run(Stage):
    """A stage on which processes are killed."""

    kills: int
    seed: int
    progress: Callable[[Run], None]
    killed: int = 0
    aims: Counter[str] = field(default_factory=Counter)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    phase: str = "kills"

    @property
    def good(self) -> bool:
        """All as promised, and nobody died who was not killed."""
        return not self.troubles and bool(self.verdicts) and all(one.good for one in self.verdicts.values())

    async def go(self) -> None:
        """Do it all."""
        async with AsyncExitStack() as stack:
            await self.build(stack)
            share = 1.0 if self.lease is None else self.lease / LIVES.total_seconds()
            self._weather = Weather(self.seed, self.town.platforms, share * LATE_SECONDS)
            ticking = asyncio.create_task(self._tick())
            stack.callback(ticking.cancel)
            await self._storm()
            self.failures = dict(self._weather.failures)
            self.phase = "settles"
            self._weather.calm()
            for hall in self.halls:
                await hall.start()
            for hall in self.halls:  # one that is only being loaded is ended by the signal itself
                await hall.until_ready()
            await self.settle()
            self.verdicts = await self.end()
            self.troubles += [error for hall in self.halls for error in hall.errors.values()]

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            self.progress(self)

    # -- kills -------------------------------------------------------------------------------------------------------
    async def _storm(self) -> None:
        questions = asyncio.create_task(self._questions())
        try:
            async with asyncio.TaskGroup() as group:
                for hall in self.halls:
                    group.create_task(self._kill_again_and_again(hall))
        finally:
            questions.cancel()
            with suppress(asyncio.CancelledError):
                await questions

    async def _kill_again_and_again(self, hall: Hall) -> None:
        while self.killed < self.kills:
            await hall.start()
            aim = self._weather.draw()
            aiming = asyncio.create_task(self._aim(hall, aim, partial(self._strike, hall)))
            ending = asyncio.create_task(hall.ended())
            await asyncio.wait({ending, aiming}, return_when=asyncio.FIRST_COMPLETED)
            if not aiming.done():
                aiming.cancel()  # it died by the other one's aim, or by itself
            await asyncio.wait({aiming})
            if not aiming.cancelled() and (error := aiming.exception()):
                raise error
            code = await ending
            if code == -signal.SIGKILL:
                self.killed += 1
                continue
            self.troubles.append(f"{hall.name} ended by itself with {code}: {hall.last_words}")
            self.say(self.troubles[-1])
            if len(self.troubles) >= MOST_TROUBLES:
                raise RuntimeError("It ends by itself again and again:\n" + "".join(hall.said))

    def _strike(self, hall: Hall, aim: Aim) -> None:
        self.aims[aim.when] += 1
        for one in self.halls if aim.all else (hall,):
            if one.runs:
                one.send(signal.SIGKILL)
                self.say(f"{one.name} killed: {aim.when} {aim.platform}")

    async def _aim(self, hall: Hall, aim: Aim, strike: Callable[[Aim], None]) -> None:
        """Wait for the aim's moment, and strike."""
        if aim.when is When.STARTING:
            await asyncio.sleep(aim.seconds)
            strike(aim)
            return
        await hall.until_ready()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if aim.when in AT_CALLS:
                    await self._weather.at_call(hall.name, aim, strike)
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
        async with self.store.session() as session:
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
        rounds = self.town.rounds
        while True:
            number = len(rounds)
            await self.ask(
                rounds[number - AGAIN_EVERY // 2].community if number % AGAIN_EVERY == AGAIN_EVERY - 1 else None
            )
            begun = time.monotonic()
            while time.monotonic() - begun < ROUND_SECONDS:
                await asyncio.sleep(0.2)
                if self.town.standing().get(number, 0) > 0.7 * len(self.town.places):
                    break
