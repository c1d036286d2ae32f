"""``hallkeeper run`` as a process of its own, that can be killed at any moment and started again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0
"""How long a start may take."""
END_SECONDS = 20.0
"""How long an orderly end may take before it counts as none."""


@dataclass
class Hall:
    """One process at a time. ``name`` is its own in the logs, ``environment`` what it is told beside its config.

    ``module`` is what runs: the command line, or what tests put around it.
    """

    folder: Path
    name: str
    environment: dict[str, str] = field(default_factory=dict)
    module: str = "app.main"
    process: asyncio.subprocess.Process | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    starts: int = 0
    said: deque[str] = field(default_factory=lambda: deque(maxlen=400))
    errors: dict[str, str] = field(default_factory=dict)
    """What it logged as an error, the last of each kind."""
    _reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it. Returns at once: see :attr:`ready`."""
        self.ready.clear()
        self.starts += 1
        # Nothing else of our environment: it could hold settings of a hall that runs here in earnest.
        path = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", self.module, "run", "--config", f"{self.name}.toml"),
            cwd=self.folder,
            env={**path, **self.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            limit=1 << 22,  # a trace is one line
        )
        if self.process.stderr is not None:
            self._reading = asyncio.create_task(self._read(self.process.stderr))

    async def _read(self, stream: asyncio.StreamReader) -> None:
        with (self.folder / f"{self.name}.log").open("ab") as log:
            async for line in stream:
                log.write(line)
                self.said.append(line.decode(errors="replace"))
                if not line.startswith(b"{") or not line.endswith(b"}\n"):
                    continue  # no log line, or one that it was killed in
                told = json.loads(line)
                if told["event"] == "ready":
                    self.ready.set()
                elif told["level"] in ("error", "critical"):
                    self.errors[told["event"]] = line.decode(errors="replace")

    async def until_ready(self) -> None:
        """Wait until it says that it is ready, or ended. Raises TimeoutError when it does neither."""
        waiting = asyncio.create_task(self.ready.wait())
        try:
            async with asyncio.timeout(START_SECONDS):
                await asyncio.wait({waiting, self._read_out}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()

    @property
    def last_words(self) -> str:
        """What it said last."""
        return "".join(list(self.said)[-5:])

    @property
    def runs(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.returncode is None

    @property
    def _started(self) -> asyncio.subprocess.Process:
        if self.process is None:
            raise LookupError(f"{self.name} was not started")
        return self.process

    @property
    def _read_out(self) -> asyncio.Task[None]:
        if self._reading is None:
            raise LookupError(f"{self.name} was not started")
        return self._reading

    def send(self, number: signal.Signals) -> None:
        """Send a signal, now."""
        os.kill(self._started.pid, number)

    async def ended(self) -> int:
        """Wait for the end; the exit code, negative for a signal."""
        code = await self._started.wait()
        await self._read_out
        return code

    async def end(self) -> int:
        """End it in order; killed when that takes too long."""
        if self.runs:
            self.send(signal.SIGTERM)
        try:
            async with asyncio.timeout(END_SECONDS):
                return await self.ended()
        except TimeoutError:
            self.send(signal.SIGKILL)
            return await self.ended()

    async def dead(self) -> None:
        """See that it does not outlive us."""
        if self.runs:
            self.send(signal.SIGKILL)
            await self.ended()

    def config(self, store: str, plugins: Sequence[str], sections: dict[str, dict[str, Any]]) -> None:
        """Write its config: the store, plugins by name, and the sections that are its own."""
        lines = [f"plugins = {json.dumps(list(plugins))}"]
        whole: dict[str, dict[str, Any]] = {"store": {"url": store}, "web": {"enabled": False}, **sections}
        for name, section in whole.items():
            lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in section.items())]
        (self.folder / f"{self.name}.toml").write_text("\n".join(lines))
