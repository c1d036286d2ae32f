"""Who waits for a platform to show them something, and how long that takes there of late."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from sandbox.control import Platform

LATE = 50
"""So many of the last answers say how long one takes."""
LEAST_SECONDS, MOST_SECONDS = 5.0, 60.0
"""How long somebody waits for an answer, at least and at most, before they try again."""
PATIENCE = 3.0
"""They wait for so many times what the last answers took."""
PAUSE_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0)
"""The median pauses before they try again for the first time, the second, and so on."""
SLOW_SECONDS = 2.0
"""Who waits longer than that is spoken of."""


def pause_before(tries: int) -> float:
    """The median pause, in seconds, before somebody tries again who tried so often in vain."""
    return PAUSE_SECONDS[min(tries, len(PAUSE_SECONDS) - 1)]


class Waits:
    """The acts that are under way, by platform."""

    def __init__(self) -> None:
        self._began: dict[str, dict[int, float]] = {}
        self._took: dict[str, deque[float]] = {}
        self._limits: dict[str, str] = {}
        self._acts = 0

    @contextmanager
    def one(self, platform: Platform) -> Iterator[float]:
        """An act; yields how many seconds its member waits for what comes of it."""
        began, took = time.monotonic(), self._took.setdefault(platform.name, deque(maxlen=LATE))
        with self.again(platform):
            yield min(MOST_SECONDS, max(LEAST_SECONDS, PATIENCE * median(took or [0.0])))
        took.append(time.monotonic() - began)

    @contextmanager
    def again(self, platform: Platform) -> Iterator[None]:
        """Somebody was shown nothing, and tries again in a while."""
        name, self._acts = platform.name, self._acts + 1
        number = self._acts
        self._limits[name] = platform.limit
        self._began.setdefault(name, {})[number] = time.monotonic()
        try:
            yield
        finally:
            del self._began[name][number]

    def words(self) -> str:
        """The platform where most wait for long; empty where nobody does."""
        now = time.monotonic()
        slow = {
            name: [now - began for began in several.values() if now - began > SLOW_SECONDS]
            for name, several in self._began.items()
        }
        name = max(slow, key=lambda one: len(slow[one]), default="")
        if not name or not slow[name]:
            return ""
        limit = f", which takes {self._limits[name]}" if self._limits[name] else ""
        return f"{len(slow[name])} wait for {name.title()}{limit}, {max(slow[name]):.0f} s so far"
