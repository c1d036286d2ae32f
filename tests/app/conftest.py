"""hallkeeper as its users start it: a process of its own, in an empty folder, with an empty environment."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def logs(self) -> list[dict[str, Any]]:
        """What was logged, a JSON object a line."""
        return [json.loads(line) for line in self.err.splitlines() if line.startswith("{")]


@dataclass
class Process:
    """A command that runs."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)

    async def until(self, event: str) -> dict[str, Any]:
        """The log line of an event; a failure with all that was said when the process ends before."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.lines.append(line.decode())
            if line.startswith(b"{") and (said := json.loads(line))["event"] == event:
                return dict(said)
        pytest.fail(f"it ended before it was {event}:\n" + "".join(self.lines))

    async def end(self, by: signal.Signals = signal.SIGTERM) -> Ended:
        """Send a signal and wait for the end."""
        self.process.send_signal(by)
        out, err = await self.process.communicate()
        return Ended(self.process.returncode or 0, out.decode(), "".join(self.lines) + err.decode())


class CommandLine:
    """``hallkeeper`` in a folder. ``environment`` is all that it knows beside what Python needs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment: dict[str, str] = {}

    async def __call__(self, *arguments: str) -> Ended:
        """Run a command to its end."""
        async with self.started(*arguments) as running:
            out, err = await running.process.communicate()
            return Ended(running.process.returncode or 0, out.decode(), err.decode())

    @asynccontextmanager
    async def started(self, *arguments: str) -> AsyncIterator[Process]:
        """A command that runs; killed at the end when it still does."""
        path = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.main", *arguments),
            cwd=self.folder,
            env={**path, **self.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield Process(process)
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()

    def config(self, **sections: Mapping[str, Any]) -> None:
        """Write config.toml, with a web port that is free unless something else is said."""
        lines = []
        for name, section in {"web": {"port": 0}, **sections}.items():
            lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in section.items())]
        (self.folder / "config.toml").write_text("\n".join(lines))


@pytest.fixture
def hallkeeper(tmp_path: Path) -> CommandLine:
    """The command line in an empty folder."""
    return CommandLine(tmp_path)
