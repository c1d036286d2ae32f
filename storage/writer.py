"""The one route of durability: units of work, many in a transaction, answered after the commit.

On SQLite there is one lane: a second open transaction would only find the database locked. On PostgreSQL there are
several, and a community always takes the same one, so that its units keep their order and don't wait for each other.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from queue import Empty, SimpleQueue
from types import CoroutineType
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from storage.connect import passing
from storage.errors import StoreClosed, StoreUnavailable
from storage.log import Act, new_log
from storage.tx import Inserts, Tx
from storage.types import Uuid7Source

__all__ = ["Act", "Tx", "Writer"]

logger = logging.getLogger(__name__)

R = TypeVar("R")
T = TypeVar("T")

GROUP = 500
"""Units in a transaction at most (past some hundreds the commit no longer counts: measured)."""
TRIES = 4
"""How often a unit is run that the database gave up on to let another one pass."""
# PostgreSQL: serialization_failure, deadlock_detected, lock_not_available.
_PASSING = frozenset({"40001", "40P01", "55P03"})


_Decide = Callable[[Tx, Sequence[Any]], Sequence[Any]]


class _Work(NamedTuple):
    unit: Callable[[Tx], Any]
    future: asyncio.Future[Any]


class _Asked(NamedTuple):
    """A request that is decided together with all others of its kind in the group."""

    decide: _Decide
    request: Any
    future: asyncio.Future[Any]

    def unit(self, tx: Tx) -> Any:
        """It decided alone."""
        return _one_each(self.decide(tx, (self.request,)), 1)[0]


class _Lost(Exception):
    """The transaction is gone, with all that was in it."""


class Writer:
    """Takes units from the event loop to the lanes and brings their answers back."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime], ids: Uuid7Source, lanes: int) -> None:
        count = 1 if engine.dialect.name == "sqlite" else lanes
        self._lanes = [_Lane(engine, clock, ids, number) for number in range(count)]
        self._closed = False

    def start(self) -> None:
        """Start the lanes' threads; their answers come back to the running loop."""
        loop = asyncio.get_running_loop()
        for lane in self._lanes:
            lane.start(loop)

    @property
    def lanes(self) -> int:
        """How many transactions can be written at the same time."""
        return len(self._lanes)

    @property
    def waiting(self) -> int:
        """How many units wait."""
        return sum(lane.queue.qsize() for lane in self._lanes)

    def submit(self, unit: Callable[[Tx], T], lane_key: UUID | None) -> asyncio.Future[T]:
        """Queue a unit. The future is set after its group was committed.

        :raises StoreClosed: the writer is closing.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._put(_Work(unit, future), lane_key)
        return future

    def ask(
        self, decide: Callable[[Tx, Sequence[R]], Sequence[T]], request: R, lane_key: UUID | None
    ) -> asyncio.Future[T]:
        """Queue a request for a decider. The future is set after its group was committed.

        :raises StoreClosed: the writer is closing.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._put(_Asked(decide, request, future), lane_key)
        return future

    def _put(self, work: _Work | _Asked, lane_key: UUID | None) -> None:
        if self._closed:
            raise StoreClosed("The store is closing. What was not taken will come again: let the platform repeat it.")
        # The last bits of our ids are random, so they spread the communities evenly.
        lane = self._lanes[lane_key.int % len(self._lanes) if lane_key else 0]
        lane.queue.put(work)

    async def close(self) -> None:
        """Take no more, write what is queued, end the threads."""
        self._closed = True
        for lane in self._lanes:
            lane.queue.put(None)
        for lane in self._lanes:
            await asyncio.to_thread(lane.join)
        await asyncio.sleep(0)  # the last answers are already on the loop: let them arrive


class _Lane:
    """A thread with one connection. It groups whatever waits."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime], ids: Uuid7Source, number: int) -> None:
        self.queue: SimpleQueue[_Work | _Asked | None] = SimpleQueue()
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._inserts = Inserts(engine.dialect)
        self._begin = "BEGIN IMMEDIATE" if engine.dialect.name == "sqlite" else "BEGIN"
        self._thread = threading.Thread(target=self._run, name=f"store-writer-{number}", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connection: Connection | None = None
        self._cursor: Any = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._thread.start()

    def join(self) -> None:
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        open_ = True
        while open_:
            work = self.queue.get()
            group: list[_Work | _Asked] = []
            while work is not None:
                group.append(work)
                if len(group) == GROUP:
                    break
                try:
                    work = self.queue.get_nowait()
                except Empty:
                    break
            else:
                open_ = False
            if group:
                self._write(group)
        self._disconnect()

    def _write(self, group: list[_Work | _Asked]) -> None:
        """Write a group and answer every one of its callers, come what may."""
        answers: list[tuple[asyncio.Future[Any], Any, BaseException | None]] = []
        again: list[_Work | _Asked] = []
        try:
            again = self._transact(group, answers)
        except Exception as error:
            answers = self._answers_after(error, group)
        self._answer(answers)
        for work in again:
            self._write_alone(work)

    def _answers_after(
        self, error: Exception, group: list[_Work | _Asked]
    ) -> list[tuple[asyncio.Future[Any], Any, BaseException | None]]:
        """The whole transaction failed. Say so to all, or find the one that spoiled it by running each alone."""
        lost = isinstance(error, _Lost)
        rolled_back = not lost and self._rollback()
        if not rolled_back or (len(group) == 1 and passing(error)):
            self._disconnect()
            unavailable = StoreUnavailable(
                "The connection to the store was lost, or it can take no more (is its disk full?). "
                "This may or may not be kept: try again, repeats are known."
            )
            unavailable.__cause__ = error.__cause__ if lost else error
            logger.error("The store could not keep a group of %d units: %s", len(group), unavailable.__cause__)
            return [(work.future, None, unavailable) for work in group]
        if len(group) == 1:
            return [(group[0].future, None, error)]
        for work in group:
            self._write([work])
        return []

    def _write_alone(self, work: _Work | _Asked) -> None:
        """Run once more a unit that had to let another one pass."""
        for left in reversed(range(TRIES - 1)):
            answers: list[tuple[asyncio.Future[Any], Any, BaseException | None]] = []
            try:
                again = self._transact([work], answers, last=left == 0)
            except Exception as error:
                answers, again = self._answers_after(error, [work]), []
            self._answer(answers)
            if not again:
                return

    def _transact(
        self,
        group: list[_Work | _Asked],
        answers: list[tuple[asyncio.Future[Any], Any, BaseException | None]],
        *,
        last: bool = False,
    ) -> list[_Work | _Asked]:
        """One transaction. Returns those units that should be run again.

        :raises _Lost: the transaction is gone.
        :raises Exception: its last part, the log or the commit, failed.
        """
        connection, cursor = self._start()
        log = new_log(connection.dialect.name)
        tx = Tx(connection, cursor, self._clock(), self._ids, log, self._inserts)
        again: list[_Work | _Asked] = []
        for work in self._decided(tx, group, answers):
            mark = tx.begin_unit()
            try:
                value = work.unit(tx)
                if type(value) is CoroutineType:
                    value.close()
                    raise TypeError("A unit of work is a plain function: write `def`, not `async def`.")
                tx.end_unit()
            except BaseException as error:
                self._undo(tx, mark, error)
                if not last and getattr(getattr(error, "orig", None), "sqlstate", None) in _PASSING:
                    again.append(work)
                else:
                    answers.append((work.future, None, error))
            else:
                answers.append((work.future, value, None))
        tx.flush()
        cursor.execute("COMMIT")
        return again

    def _decided(
        self,
        tx: Tx,
        group: list[_Work | _Asked],
        answers: list[tuple[asyncio.Future[Any], Any, BaseException | None]],
    ) -> list[_Work | _Asked]:
        """Let each decider decide all its requests at once. Returns what is left to be run one by one: the other
        units, and the requests of a decider that could not.

        :raises _Lost: the transaction is gone.
        """
        left: list[_Work | _Asked] = []
        by_decider: dict[_Decide, list[_Asked]] = {}
        for work in group:
            if isinstance(work, _Asked):
                by_decider.setdefault(work.decide, []).append(work)
            else:
                left.append(work)
        for decide, asked in by_decider.items():
            if len(asked) == 1:
                left += asked
                continue
            mark = tx.begin_unit()
            try:
                values = _one_each(decide(tx, [one.request for one in asked]), len(asked))
                tx.end_unit()
            except BaseException as error:
                self._undo(tx, mark, error)
                left += asked
            else:
                answers += ((one.future, value, None) for one, value in zip(asked, values, strict=True))
        return left

    def _undo(self, tx: Tx, mark: int, error: BaseException) -> None:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise _Lost from error
        try:
            tx.undo_unit(mark)
        except Exception:
            # SQLite rolls everything back by itself when its disk is full; PostgreSQL is gone.
            raise _Lost from error

    def _start(self) -> tuple[Connection, Any]:
        """A connection in a new transaction. One that went stale while idle is replaced: nothing was in it."""
        if self._connection is not None:
            try:
                self._cursor.execute(self._begin)
            except Exception:
                self._disconnect()
            else:
                return self._connection, self._cursor
        try:
            self._connection = self._engine.connect()
            self._cursor = self._connection.connection.cursor()
            self._cursor.execute(self._begin)
        except Exception as error:
            self._disconnect()
            raise _Lost from error
        return self._connection, self._cursor

    def _rollback(self) -> bool:
        """Whether the transaction could be rolled back, and so surely is not kept."""
        try:
            self._cursor.execute("ROLLBACK")
        except Exception:
            return False
        return True

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.invalidate()
                connection.close()
            except Exception:
                logger.debug("Closing a lost connection failed", exc_info=True)

    def _answer(self, answers: list[tuple[asyncio.Future[Any], Any, BaseException | None]]) -> None:
        if answers and self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(_resolve, answers)
            except RuntimeError:
                logger.warning("%d answers came after the event loop was closed", len(answers))


def _one_each(values: Sequence[Any], count: int) -> Sequence[Any]:
    if len(values) != count:
        raise ValueError(f"{count} requests were decided by {len(values)} answers")
    return values


def _resolve(answers: list[tuple[asyncio.Future[Any], Any, BaseException | None]]) -> None:
    for future, value, error in answers:
        if future.done():
            continue  # whoever waited has gone; the unit is kept all the same
        if error is None:
            future.set_result(value)
        elif isinstance(error, StopIteration):
            future.set_exception(RuntimeError("A unit of work raised StopIteration."))
        else:
            future.set_exception(error)
