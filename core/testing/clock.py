"""A clock that a test sets."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta


class SetClock:
    """Time stands still until :meth:`pass_by` moves it. Sleeping passes the time at once."""

    def __init__(self, now: datetime) -> None:
        if now.tzinfo is None:
            raise ValueError("a clock needs an aware moment")
        self._now = now

    def now(self) -> datetime:
        """The moment that was set."""
        return self._now

    def pass_by(self, **time: float) -> None:
        """Let time pass: ``pass_by(hours=3)``, the arguments of timedelta."""
        self._now += timedelta(**time)

    async def sleep(self, seconds: float) -> None:
        """Pass the time and let others run."""
        self.pass_by(seconds=seconds)
        await asyncio.sleep(0)
