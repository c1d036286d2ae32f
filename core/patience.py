"""An end to what takes too long."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Patience:
    """``with patience:`` in a task stops what stands under it after ``seconds``, and raises TimeoutError then.

    One timer for all: they come due in the order in which they began. ``asyncio.timeout`` makes a timer for each and
    cancels it, and with thousands of events a second that is a good part of an event's whole cost. One task is under
    it once.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._due: dict[asyncio.Task[object], float] = {}
        self._stopped: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + self.seconds
        self._due[_task(loop)] = due
        if self._timer is None:
            self._timer = loop.call_at(due, self._ring)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        task = _task(asyncio.get_running_loop())
        self._due.pop(task, None)
        if self._stopped and task in self._stopped:
            self._stopped.discard(task)
            # Somebody else may have cancelled it as well: that stands.
            if task.uncancel() == 0 and kind is asyncio.CancelledError:
                raise TimeoutError from error

    def _ring(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._timer = None
        for task, due in list(self._due.items()):
            if due > now:
                self._timer = loop.call_at(due, self._ring)
                return
            del self._due[task]
            self._stopped.add(task)
            task.cancel()


def _task(loop: asyncio.AbstractEventLoop) -> asyncio.Task[object]:
    task = asyncio.current_task(loop)  # it would ask for the loop again
    if task is None:
        raise RuntimeError("what takes time runs in a task")
    return task
