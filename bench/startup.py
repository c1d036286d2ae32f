"""From ``hallkeeper run`` to ready with one platform, on SQLite, against a bare client of that platform's library.

``python -m bench.startup [--rounds 7] [--platform discord …]`` prints JSON. Both connect to a sandbox in here,
a fresh one each time, and take turns, so that a busy machine slows both. Each figure is the least of its rounds (what
was not disturbed), each ratio one of these. The store was migrated before, as at every start but the first.
Memory is the most that was resident until then (VmHWM). ``stop`` is from SIGTERM to the end. Target: 1.3.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.bare_client import DISCORD_TOKEN, SLACK_TOKENS, TELEGRAM_TOKEN
from sandbox.control import Platform
from sandbox.discord import DiscordSandbox
from sandbox.slack import SlackSandbox
from sandbox.telegram import TelegramSandbox

PLATFORMS: dict[str, type[Platform]] = {
    "discord": DiscordSandbox,
    "slack": SlackSandbox,
    "telegram": TelegramSandbox,
}
SETTINGS: dict[str, dict[str, str]] = {
    "discord": {"token": DISCORD_TOKEN},
    "slack": {"bot_token": SLACK_TOKENS[0], "app_token": SLACK_TOKENS[1]},
    "telegram": {"token": TELEGRAM_TOKEN},
}


@dataclass(frozen=True, slots=True)
class Start:
    """One start: seconds until ready, MB resident at most, seconds from SIGTERM to the end."""

    ready: float
    memory: float
    stop: float


async def start(folder: Path, environment: dict[str, str], *command: str) -> Start:
    """Start a command, wait until it says ready, end it."""
    begun = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *command),
        cwd=folder,
        env={**environment, "PYTHONPATH": os.getcwd(), "PATH": os.environ["PATH"]},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    said: list[str] = []
    while "ready" not in (line := (await process.stdout.readline()).decode()):
        said.append(line)
        if not line:
            raise RuntimeError("".join(said))
    ready = time.perf_counter() - begun
    memory = _peak(process.pid)
    begun = time.perf_counter()
    process.send_signal(signal.SIGTERM)
    await process.communicate()
    return Start(ready, memory, time.perf_counter() - begun)


def _peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024


async def compare(name: str, rounds: int) -> dict[str, Any]:
    """One platform. Each start has a fresh sandbox: Slack's allows few connections a minute, as Slack does."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)

        async def once(ours: bool) -> Start:
            sandbox = PLATFORMS[name]()
            await sandbox.start()
            try:
                if not ours:
                    return await start(folder, {}, "bench.bare_client", name, sandbox.url, "bare.db")
                section = {"enabled": "true", "api_url": sandbox.url, **SETTINGS[name]}
                environment = {f"HALLKEEPER_{name}__{key}".upper(): value for key, value in section.items()}
                return await start(folder, {**environment, "HALLKEEPER_WEB__PORT": "0"}, "app.main", "run")
            finally:
                await sandbox.stop()

        first = await once(ours=True)
        bare, hall = [], []
        for _ in range(rounds):
            bare.append(await once(ours=False))
            hall.append(await once(ours=True))
    seconds = {"bare": min(one.ready for one in bare), "hallkeeper": min(one.ready for one in hall)}
    memory = {"bare": min(one.memory for one in bare), "hallkeeper": min(one.memory for one in hall)}
    return {
        "seconds": {key: round(value, 3) for key, value in seconds.items()},
        "megabytes": {key: round(value, 1) for key, value in memory.items()},
        "ratio_time": round(seconds["hallkeeper"] / seconds["bare"], 2),
        "ratio_memory": round(memory["hallkeeper"] / memory["bare"], 2),
        "first_start_seconds": round(first.ready, 3),
        "stop_seconds": round(max(one.stop for one in hall), 3),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--platform", action="append", choices=PLATFORMS)
    arguments = parser.parse_args()

    async def all_of_them() -> dict[str, Any]:
        return {name: await compare(name, arguments.rounds) for name in arguments.platform or PLATFORMS}

    print(json.dumps({"startup": asyncio.run(all_of_them()), "target": 1.3}, indent=2))


if __name__ == "__main__":
    main()
