"""What a process does for its store by itself: forget what is over, and make room for what comes."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta

from core.clock import Clock
from core.logs import Logger
from storage import retention
from storage.engine import Store
from storage.errors import StoreError

logger = Logger(__name__)

PURGE_SECONDS = 60.0
"""How often expired events, dialogues and codes go: cheap enough for every minute."""
DAY = timedelta(days=1)


class Chores:
    """One a process. Several processes may do the same chore: it is done once and found done by the others."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="chores")

    async def stop(self) -> None:
        """Stop between two chores."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        last: datetime | None = None
        while True:
            try:
                now = self._clock.now()
                if last is None or now - last >= DAY:
                    await retention.daily(self._store)
                    last = now
                else:
                    await retention.purge(self._store)
            except StoreError:
                logger.warning("chores wait for the store", exc_info=True)
            await self._clock.sleep(PURGE_SECONDS)
