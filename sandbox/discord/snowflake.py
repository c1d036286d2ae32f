"""Discord's ids: the time in milliseconds, and a counter below it."""

from __future__ import annotations

import time

DISCORD_EPOCH_MS = 1_420_070_400_000
"""The first second of 2015 (Discord's reference, "Snowflakes")."""
STEPS = 1 << 22
"""Ids that fit into one millisecond: worker, process and increment together."""


class Snowflakes:
    """Makes ids that only grow, each with the time at which it was made."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        """A new id, larger than all before."""
        now = (int(time.time() * 1000) - DISCORD_EPOCH_MS) * STEPS
        self._last = max(self._last + 1, now)
        return self._last


def time_of(snowflake: int) -> float:
    """The Unix time in seconds at which an id was made."""
    return ((snowflake // STEPS) + DISCORD_EPOCH_MS) / 1000
