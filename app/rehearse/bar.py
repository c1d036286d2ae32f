"""How far a rehearsal is, for people: one line that is drawn anew."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

WIDTH = 24
DRAW_SECONDS = 0.1
PACE_SECONDS = 60.0
"""What is left is reckoned from what was done in so long, and said once there were :data:`FEW_SECONDS` of it."""
FEW_SECONDS = 5.0


class Tick(Protocol):
    """Told that some parts more are done."""

    def __call__(self, more: int = 1, /) -> None: ...


class Bar:
    """On a terminal a line with a bar; silent where nobody looks, and where JSON alone is wanted."""

    def __init__(
        self, *, shown: bool, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._live = shown and self._stream.isatty()
        self._clock = clock
        self._drawn = 0.0

    def say(self, what: str) -> None:
        """What goes on now."""
        self._draw(what)

    @contextmanager
    def count(self, what: str, whole: int, why: Callable[[], str] = str) -> Iterator[Tick]:
        """Something of so many parts. What is yielded is called after some of them are done.

        :param why: what it waits for just now, in words.
        """
        done = 0
        pace: deque[tuple[float, int]] = deque([(self._clock(), 0)])

        def tick(more: int = 1, /) -> None:
            nonlocal done
            done += more
            if not self._live:
                return
            now = self._clock()
            while len(pace) > 1 and now - pace[0][0] > PACE_SECONDS:
                pace.popleft()
            if now - self._drawn < DRAW_SECONDS and done != whole:
                return
            pace.append((now, done))
            self._drawn = now
            since, before = pace[0]
            left = ""
            if whole > done > before and now - since >= FEW_SECONDS:
                left = f"about {_span((whole - done) * (now - since) / (done - before))} left"
            self._draw(" · ".join(one for one in (_bar(done, whole, what), left, why()) if one))

        self._draw(_bar(0, whole, what))
        yield tick

    def _draw(self, line: str) -> None:
        if self._live:
            self._stream.write(f"\r\033[K  {line}")
            self._stream.flush()

    def end(self) -> None:
        """Take the line away."""
        if self._live:
            self._stream.write("\r\033[K")
            self._stream.flush()


def _bar(done: int, whole: int, what: str) -> str:
    filled = WIDTH * min(done, whole) // max(1, whole)
    return f"[{'█' * filled:<{WIDTH}}] {done}/{whole} {what}"


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
