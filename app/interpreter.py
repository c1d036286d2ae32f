"""How the interpreter is set for a server: short turns for its threads, and garbage looked for where garbage is."""

from __future__ import annotations

import gc
import sys

SWITCH_SECONDS = 0.001
"""The interpreter's turn for a busy thread. At Python's own 5 ms the event loop waits that long for the writer after
every call that lets go of the interpreter, and an answer makes dozens: with 1 ms, 200 at once take half the time."""
GARBAGE_AFTER = 20_000
"""New objects after which garbage is looked for. At Python's own 700 a batch of posts sets it off ten times, with
nothing to find: a tenth of the planner's time."""
YOUNG, MIDDLE = 2, 50
"""Times of that after which the next generations are looked through. At Python's own 10 the young one had 60,000
cycles of a library in it after 2,000 presses, and stopped everything for 100 ms; so it is 20 ms at a time."""


def set_up() -> None:
    """Set it for a server."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(GARBAGE_AFTER, YOUNG, MIDDLE)


def settle() -> None:
    """All that is there now stays for good: to look through it for garbage stops everything for 100 ms at a time."""
    gc.freeze()
