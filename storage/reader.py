"""Quick reads: plain functions run by a few threads, each with a connection of its own, many between two wake-ups.

An async session costs a thread's round trip for each of its steps: about 1.4 ms for one row on SQLite, where this
takes 0.07 ms. So what every press needs is read this way, and pages, which are few, by sessions.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine

from storage.connect import passing
from storage.errors import StoreClosed, StoreUnavailable

logger = logging.getLogger(__name__)

T = TypeVar("T")

SQLITE_THREADS = 2
"""Readers of a file: more only wait for each other in the interpreter."""
POSTGRES_THREADS = 6
"""Readers over a line: each waits for the server, the others go on."""
AT_ONCE = {"sqlite": 64, "postgresql": 4}
"""Reads that a thread takes together: one wake-up of the loop for all, but what waits behind others grows old."""

Answers = list[tuple["asyncio.Future[Any]", Any, BaseException | None]]


class _Work(NamedTuple):
    unit: Callable[[Connection], Any]
    future: asyncio.Future[Any]


class Reader:
    """Takes reads from the event loop to the threads and brings their answers back."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._most = AT_ONCE[engine.dialect.name]
        count = SQLITE_THREADS if engine.dialect.name == "sqlite" else POSTGRES_THREADS
        self._threads = [
            threading.Thread(target=self._run, name=f"store-reader-{number}", daemon=True) for number in range(count)
        ]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def start(self) -> None:
        """Start the threads; their answers come back to the running loop."""
        self._loop = asyncio.get_running_loop()
        for thread in self._threads:
            thread.start()

    def submit(self, unit: Callable[[Connection], T]) -> asyncio.Future[T]:
        """Queue a read.

        :raises StoreClosed: the store is closing.
        """
        if self._closed:
            raise StoreClosed("The store is closing: nothing can be read any more.")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put(_Work(unit, future))
        return future

    async def close(self) -> None:
        """Take no more, answer what is queued, end the threads."""
        self._closed = True
        for _thread in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            if thread.ident is not None:
                await asyncio.to_thread(thread.join)
        await asyncio.sleep(0)  # the last answers are already on the loop: let them arrive

    def _run(self) -> None:
        connection: Connection | None = None
        while (work := self._queue.get()) is not None:
            answers: Answers = []
            while work is not None:
                connection = self._read(connection, work, answers)
                if len(answers) == self._most:
                    break
                try:
                    work = self._queue.get_nowait()
                except Empty:
                    break
            else:
                self._queue.put(None)  # the end was taken with the rest: leave it for the next look
            self._answer(answers)
        if connection is not None:
            connection.close()

    def _read(self, connection: Connection | None, work: _Work, answers: Answers) -> Connection | None:
        try:
            if connection is None:
                connection = self._engine.connect()
            answers.append((work.future, work.unit(connection), None))
        except Exception as error:
            if not passing(error):
                answers.append((work.future, None, error))
                return connection
            unavailable = StoreUnavailable("The store can't be read just now. Nothing was changed: try again.")
            unavailable.__cause__ = error
            answers.append((work.future, None, unavailable))
            if connection is not None:
                connection.invalidate()
                connection.close()
            return None
        return connection

    def _answer(self, answers: Answers) -> None:
        if answers and self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(_resolve, answers)
            except RuntimeError:
                logger.debug("%d answers came after the event loop was closed", len(answers))


def _resolve(answers: Answers) -> None:
    for future, value, error in answers:
        if future.done():
            continue  # whoever waited has gone
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)
