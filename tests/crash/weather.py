"""What befalls the processes and their calls: failures by chance, and kills at moments that are aimed at.

A seed fixes what is drawn. The processes' own timing is their own, so a run can't be repeated to the call.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
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
SLOW_SECONDS = 2.0
"""The longest that an answer takes that is slow, and that a refused caller is asked to wait."""
LATE_SECONDS = 5.0
"""The longest that a call takes to be taken: half of what the product waits before it asks what became of one."""
LATE_CHANCE = 0.3
"""How many of the calls whose caller is killed meanwhile are taken that late."""
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
AT_CALLS = frozenset({When.UNSENT, When.ARRIVED, When.TAKEN, When.ANSWERED})
"""Those that wait for a call."""


@dataclass
class Aim:
    """One kill to come. ``calls`` pass before it strikes, ``seconds`` go by after its moment; ``all``: whoever runs
    dies with it."""

    when: When
    platform: str
    calls: int
    seconds: float
    all: bool


@dataclass
class _Aimed:
    aim: Aim
    strike: Callable[[Aim], None]
    struck: asyncio.Event

    def hit(self) -> None:
        """Now."""
        self.strike(self.aim)
        self.struck.set()


class Weather:
    """Watches what reaches the platforms: lets some calls fail, and strikes at those that are aimed at."""

    def __init__(self, seed: int, platforms: Mapping[str, Platform], latest: float = LATE_SECONDS) -> None:
        self._chance = random.Random(seed)
        self._platforms = platforms
        self._latest = latest
        self._aimed: dict[str, _Aimed] = {}
        self.failures: Counter[str] = Counter()
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
        calls = int(chance.expovariate(1 / 25)) if when in AT_CALLS else 0
        return Aim(when, chance.choice(list(self._platforms)), calls, seconds, chance.random() < 0.1)

    async def at_call(self, host: str, aim: Aim, strike: Callable[[Aim], None]) -> None:
        """Wait until the aim struck at a call of the process that goes by ``host``."""
        aimed = self._aimed[host] = _Aimed(aim, strike, asyncio.Event())
        try:
            await aimed.struck.wait()
        finally:
            self._aimed.pop(host, None)

    def _see(self, platform: str, moment: Moment, call: str, host: str) -> None:
        if call == SEND[platform] and self._strikes(platform, moment, host.partition(":")[0]):
            return
        if moment is Moment.ARRIVED and call in (SEND[platform], FIND[platform]) and self._chance.random() < CHANCE:
            self._fail(platform, call, self._chance.choices(list(FAILURES), list(FAILURES.values()))[0])

    def _strikes(self, platform: str, moment: Moment, host: str) -> bool:
        aimed = self._aimed.get(host)
        if aimed is None or aimed.aim.platform != platform:
            return False
        when, early = aimed.aim.when, moment is Moment.ARRIVED
        if early != (when in (When.UNSENT, When.ARRIVED)):
            return False
        aimed.aim.calls -= 1
        if aimed.aim.calls >= 0:
            return False
        del self._aimed[host]
        if when is When.UNSENT:
            self._fail(platform, SEND[platform], FaultKind.DROP)
        elif when is When.ARRIVED and self._chance.random() < LATE_CHANCE:
            self._fail(platform, SEND[platform], FaultKind.LATE)
        if aimed.aim.seconds:
            asyncio.get_running_loop().call_later(aimed.aim.seconds, aimed.hit)
        else:
            aimed.hit()  # before anything else happens
        return True

    def _fail(self, platform: str, call: str, kind: FaultKind) -> None:
        self.failures[kind] += 1
        longest = self._latest if kind is FaultKind.LATE else SLOW_SECONDS
        seconds = self._chance.uniform(0.3, 1.0) * longest
        self._platforms[platform].faults.add(Fault(kind, match=call, seconds=seconds))
