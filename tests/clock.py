"""A clock that tests set. It stands still until they move it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta


class SettableClock:
    """Tells the time that it was set to; those who sleep by it wake when it is moved past their time."""

    def __init__(self, moment: datetime = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)) -> None:
        self._moment = moment
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        """The moment it was set to."""
        return self._moment

    def set(self, moment: datetime) -> None:
        """Set it, forwards or backwards."""
        self._moment = moment
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    def advance(self, seconds: float = 0, **units: float) -> None:
        """Move it by ``seconds``, or ``minutes=``, ``hours=``, ``days=``."""
        self.set(self._moment + timedelta(seconds=seconds, **units))

    async def sleep(self, seconds: float) -> None:
        """Wait until it was moved ``seconds`` on."""
        until = self._moment + timedelta(seconds=seconds)
        while self._moment < until:
            await self._moved.wait()
