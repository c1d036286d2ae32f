"""The queue of updates: long polling, webhook, what the bot asked for, and what goes wrong with events.

Source: core.telegram.org/bots/api#getting-updates.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from typing import Any

from sandbox.faults import EVENT_FAULTS, FaultKind, Faults
from sandbox.telegram import rules
from sandbox.telegram.errors import DroppedError
from sandbox.telegram.wire import encode

UNASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""The updates that come only when they are named in allowed_updates. Source: getUpdates."""
MAX_TIMEOUT = 50
"""Seconds that a long poll waits at most; the server shortens longer ones. Source: reported."""
MAX_BATCH = 100
"""Updates in one answer. Source: getUpdates."""

_Entry = tuple[int, bytes]


class Updates:
    """Updates that the bot has not confirmed yet."""

    def __init__(self, faults: Faults) -> None:
        self.allowed: frozenset[str] = frozenset()
        self.webhook = ""
        self.last_poll = float("-inf")
        self.arrived = asyncio.Event()
        self._faults = faults
        self._ids = itertools.count(710_000_001)
        self._queue: deque[_Entry] = deque()
        self._held: _Entry | None = None
        self._waiter: asyncio.Future[str] | None = None
        self._lost = False

    # -- what happens on the platform
    def wants(self, kind: str) -> bool:
        """Whether the bot asked for this kind of update. An empty list asks for all but the three of ``UNASKED``."""
        return kind in self.allowed if self.allowed else kind not in UNASKED

    def put(self, kind: str, body: dict[str, Any]) -> None:
        """One more update, if the bot wants its kind."""
        if not self.wants(kind) or self._lost:
            return
        number = next(self._ids)
        entry = number, encode({"update_id": number, kind: body}).encode()
        fault = self._faults.take(kind, EVENT_FAULTS)
        if fault is not None and fault.kind is FaultKind.REORDER and self._held is None:
            self._held = entry
            asyncio.get_running_loop().call_later(fault.seconds, self._release, number)
            return
        self._queue.append(entry)
        if fault is not None and fault.kind is FaultKind.DUPLICATE:
            self._queue.append(entry)
        if self._held is not None:
            self._release(self._held[0])
        self._wake("deliver")

    def _release(self, number: int) -> None:
        """Let the held update go, at the latest when its time is over."""
        if self._held is not None and self._held[0] == number:
            self._queue.append(self._held)
            self._held = None
            self._wake("deliver")

    def _wake(self, why: str) -> None:
        if self._queue:
            self.arrived.set()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(why)

    # -- what the bot does
    async def poll(self, offset: int, limit: int, timeout: float) -> bytes:  # noqa: ASYNC109 - Telegram's own parameter
        """Confirm what is below ``offset`` and answer with what comes after it, waiting up to ``timeout`` seconds.

        Raises :class:`ApiError` 409 when another poll takes over or a webhook is set, :class:`DroppedError` when the
        connection is to be closed.
        """
        if self.webhook:
            raise rules.WEBHOOK_ACTIVE.error()
        self._wake("conflict")
        self._lost = False
        self.last_poll = time.monotonic()
        self._confirm(offset)
        if not self._queue and timeout > 0:
            waiter = self._waiter = asyncio.get_running_loop().create_future()
            try:
                why = await asyncio.wait_for(waiter, min(timeout, MAX_TIMEOUT))
            except TimeoutError:
                why = ""
            finally:
                if self._waiter is waiter:
                    self._waiter = None
                    self.last_poll = time.monotonic()
            if why == "conflict":
                raise rules.OTHER_POLLER.error() if not self.webhook else rules.WEBHOOK_ACTIVE.error()
            if why == "drop":
                raise DroppedError
        limit = limit if 0 < limit <= MAX_BATCH else MAX_BATCH
        batch = itertools.islice(self._queue, limit)
        return b'{"ok":true,"result":[' + b",".join(body for _, body in batch) + b"]}"

    def _confirm(self, offset: int) -> None:
        queue = self._queue
        if offset < 0:
            while len(queue) > -offset:
                queue.popleft()
            return
        while queue and queue[0][0] < offset:
            queue.popleft()
        # An update that was overtaken stands behind its neighbour and is confirmed all the same.
        if len(queue) > 1 and queue[1][0] < offset:
            del queue[1]

    @property
    def connected(self) -> bool:
        """Whether the bot listens: a poll stands open or ended a moment ago, or a webhook is set."""
        return self._waiter is not None or bool(self.webhook) or time.monotonic() - self.last_poll < 2

    @property
    def pending(self) -> int:
        """How many updates wait."""
        return len(self._queue)

    def next_batch(self, limit: int) -> list[_Entry]:
        """The oldest updates, taken out of the queue: for the webhook, which puts back what fails."""
        batch = [self._queue.popleft() for _ in range(min(limit, len(self._queue)))]
        if not self._queue:
            self.arrived.clear()
        return batch

    def put_back(self, entries: list[_Entry]) -> None:
        """Updates that the webhook did not take, before all others again."""
        self._queue.extendleft(reversed(entries))
        if entries:
            self.arrived.set()

    def disconnect(self, *, lose: bool = False) -> None:
        """Close the open poll. ``lose``: and forget what waits, and what comes until the bot polls again."""
        if lose:
            self.clear()
            self._lost = True
        self._wake("drop")

    def conflict(self) -> None:
        """End the open poll with 409, as setting a webhook does."""
        self._wake("conflict")

    def clear(self) -> None:
        """Forget everything that waits."""
        self._queue.clear()
        self.arrived.clear()
        self._held = None
