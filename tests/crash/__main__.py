"""``python -m tests.crash``: kill hallkeeper in the middle of its work, again and again, and count what stands.

Real processes post questions to channels on three sandbox platforms, on SQLite one process, on PostgreSQL two at a
time. They are killed by SIGKILL while they start, plan, claim and send, and started again; meanwhile the platforms
refuse calls, break off, and drop answers of what they took. Then all is let come to rest, and what people see is
compared with what was due. The last line is JSON; the exit code is 0 when nothing was lost, nothing doubled, and all
that nobody can know is listed in the store.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests import postgres
from tests.crash.run import Run

STORES = {"sqlite": 1, "postgresql": 2}
"""The stores, each with how many processes work on it at a time."""
COUNTS = ("due", "sent", "lost", "doubled", "unknown")
SHOWN = 20
"""Findings that are shown of each platform; all are in the folder."""


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """The command line. Leaves the process with a message when it can't be read."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.crash", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100, help="on each store (100)")
    parser.add_argument("--store", choices=[*STORES, "both"], default="both")
    parser.add_argument("--channels", type=int, default=100, help="on each platform (100)")
    parser.add_argument(
        "--seed", type=int, default=None, help="fixes which moments are aimed at, and which calls fail"
    )
    parser.add_argument(
        "--lease", type=float, default=None, help="seconds until a dead process counts as dead (its own)"
    )
    parser.add_argument("--keep", type=Path, default=None, help="a folder for the stores and logs, which then stay")
    return parser.parse_args(given)


class Shown:
    """A line on a terminal that is drawn anew, or a line every ten seconds where nobody looks."""

    def __init__(self, store: str) -> None:
        self._store = store
        self._live = sys.stderr.isatty()
        self._begun = self._said = time.monotonic()

    def __call__(self, run: Run) -> None:
        now = time.monotonic()
        if not self._live and now - self._said < 10.0:
            return
        self._said = now
        width = 24
        done = width * run.killed // max(1, run.kills)
        rest = ", ".join(f"{count} {state}" for state, count in run.waiting.items())
        line = (
            f"{self._store:<10} [{'█' * min(done, width):<{width}}] {run.killed}/{run.kills} kills, "
            f"{run.standing}/{len(run.town.rounds) * len(run.town.places)} posts stand, {now - self._begun:.0f} s"
            + (f", {run.phase}: {rest}" if rest else f", {run.phase}")
        )
        sys.stderr.write(f"\r\033[K{line}" if self._live else line + "\n")
        sys.stderr.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._live:
            sys.stderr.write("\n")


def told(run: Run) -> dict[str, Any]:
    """A run's counts by platform."""
    return {
        name: {"kills": run.killed, **{key: value for key, value in asdict(one).items() if key in COUNTS}}
        for name, one in run.verdicts.items()
    }


def explain(store: str, run: Run, seconds: float) -> None:
    """For people: how it went, and every finding."""
    aims = ", ".join(f"{when} {count}" for when, count in sorted(run.aims.items()))
    failures = ", ".join(f"{kind} {count}" for kind, count in sorted(run.failures.items()))
    starts = len(run.town.rounds)
    lines = [f"{store}: {starts} questions in {seconds:.0f} s. Kills: {aims}. Failures: {failures}."]
    lines += run.troubles
    for name, one in run.verdicts.items():
        lines += [f"  {finding}" for finding in one.findings[:SHOWN]]
        if len(one.findings) > SHOWN:
            lines.append(f"  {name}: {len(one.findings) - SHOWN} more in {run.folder}")
        (run.folder / f"{name}.findings").write_text("\n".join(one.findings))
    sys.stderr.write("\n".join(lines) + "\n")


async def crash(options: argparse.Namespace, stack: ExitStack) -> dict[str, Run]:
    """Run on each store that was asked for, one after the other."""
    runs: dict[str, Run] = {}
    base = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hallcrash")))
    for store, workers in STORES.items():
        if options.store not in (store, "both"):
            continue
        folder = (base / store).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{folder / 'hall.db'}"
        if store == "postgresql":
            url = stack.enter_context(postgres.running()).make()
        shown, begun = Shown(store), time.monotonic()
        run = runs[store] = Run(
            [url] * workers,
            options.channels,
            folder,
            options.lease,
            kills=options.kills,
            seed=options.seed,
            progress=shown,
        )
        try:
            await run.go()
        finally:
            shown.end()
        explain(store, run, time.monotonic() - begun)
    return runs


def main() -> int:
    """Crash, and tell. 0 when all was as promised."""
    options = arguments(sys.argv[1:])
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # killed callers leave half requests
    if options.seed is None:
        options.seed = random.randrange(100_000)
    sys.stderr.write(f"seed {options.seed}\n")
    with ExitStack() as stack:
        runs = asyncio.run(crash(options, stack))
    sys.stdout.write(json.dumps({store: told(run) for store, run in runs.items()}) + "\n")
    return 0 if all(run.good for run in runs.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
