"""A clock that a test sets."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta


class SetClock:
    """Stands at ``now`` until it is moved; whoever sleeps by it wakes when it is moved past their time.

    Raises ValueError for a moment without a zone.
    """

    def __init__(self, now: datetime = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)) -> None:
        self._moved = asyncio.Event()
        self.set(now)

    def now(self) -> datetime:
        """The moment that was set."""
        return self._now

    def set(self, now: datetime) -> None:
        """Set it, forwards or backwards."""
        if now.tzinfo is None:
            raise ValueError("a clock needs an aware moment")
        self._now = now
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    def pass_by(self, seconds: float = 0, **time: float) -> None:
        """Let time pass: ``pass_by(90)``, ``pass_by(hours=3)``, the arguments of timedelta."""
        self.set(self._now + timedelta(seconds=seconds, **time))

    async def sleep(self, seconds: float) -> None:
        """Wait until so many seconds were let pass."""
        until = self._now + timedelta(seconds=seconds)
        while self._now < until:
            await self._moved.wait()
