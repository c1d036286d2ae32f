"""What ``hallkeeper rehearse`` runs: the rehearsal in a folder of its own, its figures, and what isn't so."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

from app.rehearse.bar import Bar

SHOWN = 20
"""Findings that are shown; the others are counted."""
ENDED_EARLY = 128 + signal.SIGTERM
"""The exit code of a rehearsal that was told to end, as a shell says it."""


class Rehearsed(NamedTuple):
    """What came of a rehearsal: figures, the same in a sentence, and all that isn't as it should be."""

    figures: dict[str, Any]
    words: str
    findings: list[str]


Rehearsal = Callable[[Path, Bar], Awaitable[Rehearsed]]


async def run(rehearsal: Rehearsal, as_json: bool) -> int:
    """Rehearse. 0 when everything agrees; else the folder with store and logs stays, and is named.

    By SIGTERM it ends early, and with it all the processes that it started.
    """
    told_to_end = asyncio.Event()
    acting = asyncio.current_task()

    def end() -> None:
        told_to_end.set()
        if acting is not None:
            acting.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # killed callers leave half requests
    bar = Bar(shown=not as_json)
    folder = Path(tempfile.mkdtemp(prefix="hallkeeper-rehearsal-"))
    done: Rehearsed | None = None
    try:
        done = await rehearsal(folder, bar)
    except asyncio.CancelledError:
        if not told_to_end.is_set():
            raise
        return ENDED_EARLY
    finally:
        bar.end()
        if await asyncio.to_thread(_clear, folder, done is not None and not done.findings):
            sys.stderr.write(f"The store and the logs of this rehearsal stay in {folder}.\n")
    for finding in done.findings[:SHOWN]:
        sys.stderr.write(f"not so: {finding}\n")
    if len(done.findings) > SHOWN:
        sys.stderr.write(f"… and {len(done.findings) - SHOWN} more\n")
    if not as_json:
        sys.stdout.write(f"{done.words}\n")
    sys.stdout.write(json.dumps(done.figures) + "\n")
    return 1 if done.findings else 0


def _clear(folder: Path, good: bool) -> bool:
    """Take the folder away where it tells nothing; whether it stays."""
    if not good and any(folder.glob("*.log")):
        return True
    shutil.rmtree(folder, ignore_errors=True)
    return False
