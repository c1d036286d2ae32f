"""What befalls the processes and their calls: failures by chance, and kills at moments that are aimed at.

A seed fixes what is drawn. The processes' own timing is their own, so a run can't be repeated to the call.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from sandbox.control import Platform
from sandbox.faults import Fault, FaultKind, Moment
from tests.crash.town import FIND, SEND

CHANCE = 0.03
"""How many of the calls that post or look fail."""
FAILURES = {
    FaultKind.DROP_AFTER_TAKING: 3,
    FaultKind.RATE_LIMIT: 2,
    FaultKind.SERVER_ERROR: 2,
    FaultKind.DROP: 2,
    FaultKind.SLOW: 1,
    FaultKind.LATE: 1,
}
"""And how: by weight."""
PATIENCE_SECONDS = 8.0
"""How long an aim waits for its moment, after the process is ready; then it strikes all the same."""


class When(StrEnum):
    """Where a kill is aimed at."""

    STARTING = "starting"
    """While the process starts."""
    ANY = "any"
    """Whenever."""
    PLANNED = "planned"
    """A question has just become activities and posts that are owed."""
    CLAIMED = "claimed"
    """Posts have just been claimed."""
    UNSENT = "unsent"
    """A post is being sent, and does not arrive."""
    ARRIVED = "arrived"
    """A post arrived; it is taken, and nobody hears the answer."""
    TAKEN = "taken"
    """A post was taken, and its answer is about to leave."""
    ANSWERED = "answered"
    """The answer has left, some milliseconds ago."""
    MISSED = "missed"
    """The moment did not come: killed all the same."""


WEIGHTS = {
    When.STARTING: 1,
    When.ANY: 3,
    When.PLANNED: 2,
    When.CLAIMED: 3,
    When.UNSENT: 3,
    When.ARRIVED: 3,
    When.TAKEN: 3,
    When.ANSWERED: 4,
}
_AT_CALLS = {When.UNSENT, When.ARRIVED, When.TAKEN, When.ANSWERED}


@dataclass
class Aim:
    """One kill to come. ``calls`` pass before it strikes, ``seconds`` go by after its moment; ``all``: whoever runs
    dies with it."""

    when: When
    platform: str
    calls: int
    seconds: float
    all: bool


class Weather:
    """Watches what reaches the platforms, and strikes. Not striking any more it still lets failures happen until
    :meth:`calm`."""

    def __init__(self, seed: int, platforms: Mapping[str, Platform]) -> None:
        self._chance = random.Random(seed)
        self._platforms = platforms
        self._aims: dict[str, tuple[Aim, asyncio.Event, Callable[[Aim], None]]] = {}
        self.failures: dict[str, int] = {}
        for name, platform in platforms.items():
            platform.faults.watcher = partial(self._see, name)

    def calm(self) -> None:
        """No failures any more."""
        for platform in self._platforms.values():
            platform.faults.watcher = None
            platform.faults.clear()

    def draw(self) -> Aim:
        """The next aim."""
        chance = self._chance
        when = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        seconds = {
            When.STARTING: chance.uniform(0.0, 2.5),
            When.ANY: chance.uniform(0.0, 4.0),
            When.ANSWERED: chance.uniform(0.0, 0.012),
        }.get(when, 0.0)
        calls = int(chance.expovariate(1 / 25)) if when in _AT_CALLS else 0
        return Aim(when, chance.choice(list(self._platforms)), calls, seconds, chance.random() < 0.1)

    async def at_call(self, host: str, aim: Aim, strike: Callable[[Aim], None]) -> None:
        """Wait until the aim struck at a call of the process that goes by ``host``."""
        struck = asyncio.Event()
        self._aims[host] = (aim, struck, strike)
        try:
            await struck.wait()
        finally:
            del self._aims[host]

    def _see(self, platform: str, moment: Moment, call: str, host: str) -> None:
        if call not in (SEND[platform], FIND[platform]):
            return
        faults = self._platforms[platform].faults
        aim, struck, strike = self._aims.get(host.partition(":")[0], (None, None, None))
        if aim is not None and struck is not None and strike is not None and not struck.is_set():
            early = aim.when in (When.UNSENT, When.ARRIVED)
            here = aim.platform == platform and call == SEND[platform] and early == (moment is Moment.ARRIVED)
            if here:
                aim.calls -= 1
            if here and aim.calls < 0:
                if aim.when is When.UNSENT:
                    faults.add(Fault(FaultKind.DROP, match=call))
                struck.set()
                if aim.seconds:
                    asyncio.get_running_loop().call_later(aim.seconds, strike, aim)
                else:
                    strike(aim)
                return
        if moment is Moment.ARRIVED and self._chance.random() < CHANCE:
            kind = self._chance.choices(list(FAILURES), list(FAILURES.values()))[0]
            self.failures[kind] = self.failures.get(kind, 0) + 1
            faults.add(Fault(kind, match=call, seconds=self._chance.uniform(0.5, 2.0)))


def at_calls(aim: Aim) -> bool:
    """Whether an aim waits for a call."""
    return aim.when in _AT_CALLS
