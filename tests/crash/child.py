"""``hallkeeper`` itself; with a shorter lease where the environment asks for one, for tests that can't wait."""

from __future__ import annotations

import os
from datetime import timedelta

from app.main import main
from core import workforce
from storage import connect, workers

LEASE = "CRASH_LEASE"
"""The variable with the seconds; what isn't set is as in the product."""


def shorten(seconds: float) -> None:
    """Let a process that died be known for dead after so many seconds, and all that hangs on it in proportion."""
    share = timedelta(seconds=seconds) / workers.LIVES
    workers.LIVES = timedelta(seconds=seconds)
    workforce.BEAT_SECONDS *= share
    workforce.MARGIN *= share
    connect.IDLE_SECONDS *= share


if __name__ == "__main__":
    if LEASE in os.environ:
        shorten(float(os.environ[LEASE]))
    main()
