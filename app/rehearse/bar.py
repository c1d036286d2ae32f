"""How far a rehearsal is, for people: one line that is drawn anew."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WIDTH = 24
DRAW_SECONDS = 0.1


class Bar:
    """On a terminal a line with a bar; silent where nobody looks, and where JSON alone is wanted."""

    def __init__(self, *, shown: bool) -> None:
        self._live = shown and sys.stderr.isatty()
        self._drawn = 0.0
        self._line = ""

    def say(self, what: str) -> None:
        """What goes on now."""
        self._draw(what)

    @contextmanager
    def count(self, what: str, whole: int) -> Iterator[Callable[[], None]]:
        """Something of so many parts; what is yielded is called after each."""
        done = 0

        def tick() -> None:
            nonlocal done
            done += 1
            now = time.monotonic()
            if now - self._drawn >= DRAW_SECONDS or done == whole:
                self._drawn = now
                filled = WIDTH * done // max(1, whole)
                self._draw(f"[{'█' * filled:<{WIDTH}}] {done}/{whole} {what}")

        self._draw(f"[{'':<{WIDTH}}] 0/{whole} {what}")
        yield tick

    def _draw(self, line: str) -> None:
        if self._live:
            sys.stderr.write(f"\r\033[K  {line}")
            sys.stderr.flush()

    def end(self) -> None:
        """Take the line away."""
        if self._live:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
