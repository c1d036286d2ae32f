"""About how many could see a post: asked of its platform once, when it stands, and kept with it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlmodel import col

from core.bot import Bot, SendError, SendFailed, SendRefused
from core.claims import Job
from core.logs import Logger
from storage.errors import StoreError
from storage.tables import Delivery
from storage.tx import Tx

if TYPE_CHECKING:
    from core.hall import Hall

logger = Logger(__name__)

EVERY_SECONDS = 1.0
"""Between two questions of a lane: what posts at the platforms' full pace leave room for."""
TRIES = 3
PAUSE_SECONDS = 10.0
"""Before the next try, where the platform does not say how long to wait."""
MOST_WAITING = 10_000
"""Posts that wait to be counted; of the oldest beyond that it stays unknown."""


class Counting:
    """The questions of one lane, one at a time, so that posts go before them.

    Nothing waits for an answer and nothing is asked again after this process ends: what was not told is not known.
    """

    def __init__(self, hall: Hall, bot: Bot) -> None:
        self._hall = hall
        self._bot = bot
        self._waiting: deque[Job] = deque(maxlen=MOST_WAITING)
        self._task: asyncio.Task[None] | None = None

    def ask(self, job: Job) -> None:
        """This post stands now."""
        self._waiting.append(job)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"counting {self._bot.platform}")

    async def stop(self) -> None:
        """Ask no more."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while self._waiting:
            await self._count(self._waiting.popleft())
            await asyncio.sleep(EVERY_SECONDS)

    async def _count(self, job: Job) -> None:
        try:
            found = await self._told(job)
            if found is not None:
                await self._hall.store.write(lambda tx: _keep(tx, job, found), lane_key=job.community_id)
        except StoreError:
            logger.warning("how many could see a post could not be kept", delivery=str(job.id))
        except Exception:  # whatever it is, the next one is asked
            logger.exception("nobody could tell how many see a post", delivery=str(job.id))

    async def _told(self, job: Job) -> int | None:
        for _ in range(TRIES):
            try:
                return await self._bot.headcount(job.space, job.channel)
            except SendRefused as error:
                logger.debug("a platform does not tell how many see a post", delivery=str(job.id), reason=str(error))
                return None
            except SendError as error:
                wait = error.retry_after if isinstance(error, SendFailed) else None
                await asyncio.sleep(PAUSE_SECONDS if wait is None else wait)
        return None


def _keep(tx: Tx, job: Job, found: int) -> None:
    here = (col(Delivery.community_id) == job.community_id, col(Delivery.id) == job.id)
    tx.execute(update(Delivery).where(*here).values(headcount=found))
