"""Updates in, at least once: a batch is confirmed only after all that it holds was handled.

The library's own loop confirms before anything is handled: its offset moves on while the handler runs (tried). This
one asks for the next batch, which confirms the last, when every update of the last was handled or has had its time,
and the watermark says so. What was handled but for an answer that waits for Telegram's rate limit holds up nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Sequence

from telegram import Bot, Update
from telegram.error import Conflict, InvalidToken, TelegramError

from bots.telegram.errors import TooManyError
from bots.telegram.frames import ALLOWED_UPDATES, Lane, lane_of
from bots.telegram.transport import AiohttpRequest
from core.bot import BotStartError, Health, Receiver, SendError
from core.logs import Logger

logger = Logger(__name__)

POLL_SECONDS = 30
"""How long an empty poll waits at Telegram, which allows 50; proxies like to cut what is silent for a minute."""
HANDLE_SECONDS = 3.0
"""How long a batch waits for its slowest update: everybody's next act waits with it. What takes longer goes on, is
confirmed, and would be missing only after a crash in that time, unanswered."""
MOST_LATE = 500
"""Updates that may go on like that; with more, the next batch waits."""
REPEAT_WINDOW = 10_000
"""A repeat is at most this far below the watermark. After a week without updates Telegram starts anew at a random
number (Bot API, Update.update_id), which may be lower and must not look like a repeat for ever."""
STOP_SECONDS = 0.5
"""How long stopping waits for what is being handled."""
RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0, 15.0)
"""Pauses after polls that failed; the last one repeats."""
CONFLICT_SECONDS = 5.0
"""Pause after Telegram cut our poll off for another process's: trying again at once would only cut that one off."""

Handle = Callable[[Update], Awaitable[None]]


class Polling:
    """The loop of one bot. ``handle`` is called for each update, in order for each chat and member."""

    def __init__(
        self, api: Bot, request: AiohttpRequest, receiver: Receiver, health: Health, source: str, handle: Handle
    ) -> None:
        self._api = api
        self._request = request
        self._receiver = receiver
        self._health = health
        self._source = source
        self._handle = handle
        self._watermark: int | None = None
        self._lanes: dict[Lane, asyncio.Task[None]] = {}
        self._held: dict[Lane, asyncio.Future[None]] = {}
        """What a batch waits for, where the last of a lane's updates is being handled."""
        self._task: asyncio.Task[None] | None = None
        self._waiting = False
        self._stopping = False
        self._answered: asyncio.Future[None] | None = None
        """Done when Telegram has answered a poll since the start, or never will."""

    async def start(self) -> None:
        """Begin where the last run ended, whoever's that was. Returns at Telegram's first answer, which may be that
        another process polls. Raises BotStartError where it never will answer."""
        self._watermark = await self._receiver.watermarks.watermark(self._source)
        # The library logs whole updates, people's words included, when it can't read one. Its logger is global.
        logging.getLogger("telegram.Bot").addFilter(_no_updates)
        self._stopping = False
        self._answered = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run())
        await self._answered

    async def hush(self) -> None:
        """End the loop. What is being handled goes on, and its batch is confirmed if that is quick."""
        self._stopping = True
        self._answer(BotStartError("The Telegram bot was told to hear no more while it connected."))
        task, self._task = self._task, None
        if task is None:
            return
        if self._waiting:
            task.cancel()
        await asyncio.wait({task, *self._lanes.values()}, timeout=STOP_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def stop(self) -> None:
        """After :meth:`hush`: end what is still being handled."""
        left = list(self._lanes.values())
        for lane in left:
            lane.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def let_go(self, member: int) -> None:
        """What the member did is kept, and its answer alone waits: the batch waits for it no more."""
        for lane in [lane for lane in self._held if lane[1] == member]:
            self._held.pop(lane).set_result(None)

    # -- the loop ------------------------------------------------------------------------------------------------
    async def _run(self) -> None:
        offset: int | None = None
        failures = 0
        while not self._stopping:
            try:
                self._waiting = True
                # The first poll waits for nothing: it is to say that Telegram is there.
                updates = await self._fetch(offset, POLL_SECONDS if self._answered and self._answered.done() else 0)
                self._waiting = False
                self._heard()
                if updates:
                    offset = await self._take(updates)
                failures = 0
            except Exception as error:  # whatever it is, the loop must live
                self._waiting = True
                pause = await self._failed(error, failures)
                failures += 1
                await asyncio.sleep(pause)

    async def _fetch(self, offset: int | None, seconds: int) -> Sequence[Update]:
        try:
            return await self._api.get_updates(offset, timeout=seconds, allowed_updates=ALLOWED_UPDATES)
        except TelegramError:
            raise
        except Exception:
            return self._one_by_one()

    def _one_by_one(self) -> list[Update]:
        """The last answer, where the library could not read an update: that one alone becomes an empty one."""
        found = []
        for data in json.loads(self._request.last_body)["result"]:
            try:
                found.append(Update.de_json(data, self._api))
            except Exception as error:
                number = int(data["update_id"])
                logger.error("an update can't be read and is left out", update=number, error=type(error).__name__)
                found.append(Update(number))
        return found

    def _answer(self, error: BotStartError | None = None) -> None:
        """Let :meth:`start` return, or raise."""
        if self._answered is None or self._answered.done():
            return
        if error is None:
            self._answered.set_result(None)
        else:
            self._answered.set_exception(error)

    def _heard(self) -> None:
        self._health.connected = True
        self._health.detail = ""
        self._answer()
        self._health.last_frame = self._receiver.clock.now()

    async def _failed(self, error: Exception, failures: int) -> float:
        """Note why; return the seconds to wait."""
        self._health.detail = str(error) or type(error).__name__
        pause = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
        match error:
            case TooManyError():
                return error.retry_after
            case InvalidToken():
                self._health.connected = False
                self._health.detail = "Telegram does not accept the token any more"
                self._answer(BotStartError(f"{self._health.detail}. Ask @BotFather for it (/mybots, API Token)."))
                pause = RETRY_SECONDS[-1]
            case Conflict() if "webhook" in str(error).lower():
                logger.warning("a webhook was set and is taken away: this bot polls")
                with contextlib.suppress(TelegramError):
                    await self._api.delete_webhook()
            case Conflict():
                self._health.connected = False
                self._health.detail = "another process polls with the same token"
                self._answer()
                pause = CONFLICT_SECONDS
            case TelegramError():
                self._health.connected = failures == 0 and self._health.connected  # one broken line is no outage
            case _:
                logger.exception("updates could not be handled and will be fetched again")
                return pause
        logger.warning("polling failed", reason=self._health.detail, pause=pause)
        return pause

    # -- a batch -------------------------------------------------------------------------------------------------
    async def _take(self, updates: Sequence[Update]) -> int:
        """Handle a batch; return the offset that confirms it."""
        lanes: dict[Lane, list[Update]] = {}
        seen: set[int] = set()
        for update in updates:
            number = update.update_id
            if number in seen or self._handled(number):
                continue
            seen.add(number)
            lanes.setdefault(lane_of(update), []).append(update)
        if lanes:
            held = [self._hold(lane, in_order) for lane, in_order in lanes.items()]
            _, late = await asyncio.wait(held, timeout=HANDLE_SECONDS)
            if late:
                logger.warning("slow updates go on without holding up the others", lanes=len(late))
        while len(self._lanes) > MOST_LATE:
            await asyncio.wait(self._lanes.values(), return_when=asyncio.FIRST_COMPLETED)
        last = max(update.update_id for update in updates)
        await self._receiver.watermarks.advance(self._source, last)
        self._watermark = last
        return last + 1

    def _handled(self, number: int) -> bool:
        return self._watermark is not None and self._watermark - REPEAT_WINDOW < number <= self._watermark

    def _hold(self, lane: Lane, updates: Sequence[Update]) -> asyncio.Future[None]:
        """Begin to handle a lane's updates; done when the batch need not wait for them any more."""
        held = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._walk(self._lanes.get(lane), updates, lane, held))
        self._lanes[lane] = task
        task.add_done_callback(lambda done: self._end_lane(lane, done, held))
        return held

    def _end_lane(self, lane: Lane, task: asyncio.Task[None], held: asyncio.Future[None]) -> None:
        if self._lanes.get(lane) is task:
            del self._lanes[lane]
        if self._held.get(lane) is held:
            del self._held[lane]
        if not held.done():
            held.set_result(None)

    async def _walk(
        self, before: asyncio.Task[None] | None, updates: Sequence[Update], lane: Lane, held: asyncio.Future[None]
    ) -> None:
        if before is not None:
            await asyncio.wait({before})
        for update in updates:
            if update is updates[-1]:
                self._held[lane] = held
            try:
                await self._handle(update)
            except SendError as error:
                # What was done is kept. What shows it is best effort: the next act shows how it stands.
                logger.warning("an answer did not go out", update=update.update_id, reason=str(error))
            except Exception:
                logger.exception("an update could not be handled", update=update.update_id)


def _no_updates(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("Error while parsing updates!")
