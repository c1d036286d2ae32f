"""This process among those that work on one store: it beats, and does what one process does for all."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from core.bot import Bot, BotStartError
from core.logs import Logger
from storage import workers
from storage.errors import StoreError
from storage.tx import Tx

if TYPE_CHECKING:
    from core.hall import Hall

logger = Logger(__name__)

BEAT_SECONDS = 3.0
"""How often a process says that it lives: five times before it counts as dead."""
MARGIN = 2.0
"""Seconds before the end of its life at which a process stops sending: clocks differ, and a send takes time."""
_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def boot_time() -> float:
    """Seconds that also pass while the machine sleeps, whatever is done to the wall clock."""
    return time.clock_gettime(_BOOT)


class Workforce:
    """One a process. ``alone``: no other process can work on this store, so whoever is written there died."""

    def __init__(self, hall: Hall, *, alone: bool) -> None:
        self._hall = hall
        self._alone = alone
        self._good_until = 0.0
        self._task: asyncio.Task[None] | None = None
        self._duties: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Say that this process lives, and go on to say so."""
        if self._alone:
            await self._hall.store.write(workers.bury_all)
        await self.beat(back=True)
        self._task = asyncio.create_task(self._run(), name="workforce")

    async def listen(self) -> None:
        """Hear every platform that nobody hears yet, and from now on take over those whose hearer dies.

        Raises BotStartError.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for bot in self._hall.bots.values():
                    group.create_task(self._hear(bot))
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        self._duties = asyncio.create_task(self._take_over(), name="hearing")

    async def stop(self) -> None:
        """Beat no more; what is leased here is free for others at once."""
        for task in (self._duties, self._task):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self._duties = self._task = None
        worker = self._hall.worker
        self._good_until = 0.0
        with contextlib.suppress(StoreError):
            await self._hall.store.write(lambda tx: workers.retire(tx, worker))

    @property
    def alive(self) -> bool:
        """Whether this process may rely on its leases now. Asked last thing before each send."""
        return boot_time() < self._good_until

    def believe(self, since: float) -> None:
        """A beat that began at ``since`` by :func:`boot_time` was committed."""
        self._good_until = max(self._good_until, since + workers.LIVES.total_seconds() - MARGIN)

    async def beat(self, *, back: bool = False) -> None:
        """Say once that this process lives; ``back``: it was not there, or not to be seen. Raises StoreError."""
        since, now, worker = boot_time(), self._hall.clock.now(), self._hall.worker

        def unit(tx: Tx) -> None:
            if back:
                workers.note_absence(tx, now)
            workers.beat(tx, worker, now)

        await self._hall.store.write(unit)
        self.believe(since)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self.beat(back=not self.alive)
            except StoreError:
                logger.warning("this process can't tell the others that it lives", exc_info=True)
            except Exception:  # whatever it is, the next beat may go well
                logger.exception("a beat was missed")

    async def _take_over(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            for bot in self._hall.bots.values():
                try:
                    await self._hear(bot)
                except (StoreError, BotStartError):
                    logger.warning("a platform can't be heard now", platform=bot.platform, exc_info=True)
                except Exception:  # whatever it is, the next look may go well
                    logger.exception("a platform can't be heard now", platform=bot.platform)

    async def _hear(self, bot: Bot) -> None:
        """Hear a platform when that is this process's duty, and only then."""
        now, worker = self._hall.clock.now(), self._hall.worker
        duty = f"hear {bot.platform}"
        if not await self._hall.store.write(lambda tx: workers.take(tx, duty, worker, now)):
            await bot.hush()
            return
        try:
            await bot.listen()
        except BotStartError:
            await self._hall.store.write(lambda tx: workers.give_back(tx, duty, worker))
            raise
