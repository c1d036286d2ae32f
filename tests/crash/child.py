"""``hallkeeper`` itself; with a shorter lease where the environment asks for one, for tests that can't wait."""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import os
import signal
import sys
from datetime import timedelta
from typing import Any

from app.main import main
from core import claims, workforce
from storage import connect, workers

LEASE = "CRASH_LEASE"
"""The variable with the seconds; what isn't set is as in the product."""
FREEZE, WIDTH = "CRASH_FREEZE", "CRASH_WIDTH"
"""What :mod:`tests.crash.hooks` is to do: at which points to freeze, in which file to write down widths."""


def shorten(seconds: float) -> None:
    """Let a process that died be known for dead after so many seconds, and all that hangs on it in proportion."""
    share = timedelta(seconds=seconds) / workers.LIVES
    workers.LIVES = timedelta(seconds=seconds)
    workforce.BEAT_SECONDS *= share
    workforce.MARGIN *= share
    claims.CHECK_AFTER *= share
    connect.IDLE_SECONDS *= share


def confess(_number: int, _frame: object) -> None:
    """Say what every task waits for, and every thread: for one that does not go on."""
    faulthandler.dump_traceback(sys.stderr)
    for task in [one for one in gc.get_objects() if isinstance(one, asyncio.Task)]:
        where: list[str] = []
        waits: Any = task.get_coro()
        while (frame := getattr(waits, "cr_frame", None)) is not None:
            where.append(f"{frame.f_code.co_qualname}:{frame.f_lineno}")
            waits = getattr(waits, "cr_await", None)
        sys.stderr.write(f"{task.get_name()}: {' > '.join(where)}\n")


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, confess)
    if FREEZE in os.environ or WIDTH in os.environ:
        from tests.crash import hooks

        if FREEZE in os.environ:
            hooks.freeze_at(os.environ[FREEZE].split())
        if WIDTH in os.environ:
            hooks.measure(os.environ[WIDTH])
    if LEASE in os.environ:
        shorten(float(os.environ[LEASE]))
    main()
