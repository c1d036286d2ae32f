"""An answer's whole way: a member acts, the bot's answer stands in front of them, and the store holds it.

The sandbox and its members run here, hallkeeper as itself in a process of its own, on SQLite. All members answer the
same question at the same moment, by the form (on platforms without forms: by the last line of the dialogue) and then
by plain reply to the next question. Times are the sandbox's: from the act to what the member sees.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from app.acting import World, ask_next, control_of, fill, find_control, press, set_up, until_questions
from sandbox.control import Outcome, OutcomeKind, Platform
from sandbox.discord import DiscordSandbox
from sandbox.slack import SlackSandbox
from sandbox.telegram import TelegramSandbox

ONLY = tuple(sys.argv[1:]) or ("discord", "slack", "telegram")
MEMBERS = 200
"""Who all act at once."""
CHANNEL = "lounge"
TARGET_MS = 300.0
"""The p99 that is wanted."""


def main() -> dict[str, Any]:
    """Measure the three platforms one after the other."""
    return {name: asyncio.run(_measure(name)) for name in ONLY}


def _sandbox(name: str) -> Platform:
    """A platform with its rate limits lifted: they are the platform's time, not ours."""
    if name == "discord":
        return DiscordSandbox(message_bucket=None, global_rate=None)
    if name == "slack":
        return SlackSandbox(rate_limits=False)
    return TelegramSandbox(limited=False)


async def _measure(name: str) -> dict[str, Any]:
    platform = _sandbox(name)
    await platform.start()
    with tempfile.TemporaryDirectory() as folder:
        process = None
        try:
            space = await platform.add_space("Harbour", owner="Olga")
            channel = await platform.add_channel(space, CHANNEL)
            members = [await platform.join(space, f"member {number}") for number in range(MEMBERS)]
            owner = next(one.id for one in platform.state().members if one.role == "owner")
            world = World(platform, space, channel, owner)
            process = await _hallkeeper(name, platform.url, Path(folder))
            await platform.install(space, owner)
            done = await set_up(world, CHANNEL)
            await press(world, owner, control_of(done, "Post the first one now"))
            await until_questions(world, 1)
            form = await _everybody(members, await _by_form(world, members))
            await ask_next(world)
            await until_questions(world, 2)
            reply = await _everybody(members, await _by_reply(world))
            stored = _stored(Path(folder))
        finally:
            if process is not None and process.returncode is None:
                process.terminate()
                await process.wait()
            await platform.stop()
    return {
        "members": MEMBERS,
        "form": form,
        "reply": reply,
        "stored": stored,
        "well": stored == 2 * MEMBERS and form["p99_ms"] < TARGET_MS and reply["p99_ms"] < TARGET_MS,
    }


async def _hallkeeper(name: str, url: str, folder: Path) -> asyncio.subprocess.Process:
    tokens = {
        "discord": ['token = "discord-sandbox-token"', "read_all_replies = true"],
        "slack": ['bot_token = "xoxb-sandbox"', 'app_token = "xapp-sandbox"'],
        "telegram": ['token = "123456:telegram-sandbox-token"'],
    }
    lines = [
        f'store.url = "sqlite:///{folder}/hall.db"',
        f'vault.key_file = "{folder}/master.key"',
        "web.port = 0",
        'log.level = "warning"',
        f"[{name}]",
        "enabled = true",
        f'api_url = "{url}"',
        *tokens[name],
    ]
    config = folder / "config.toml"
    config.write_text("\n".join(lines))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HALLKEEPER_")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from app.main import main; main()", "run", "--config", str(config), env=environment
    )


async def _by_form(world: World, members: Sequence[str]) -> Callable[[str], Awaitable[Outcome]]:
    """Open the form for everybody, unmeasured; what is measured is sending it."""
    where = await find_control(world, "Answer")
    opened = {member: await press(world, member, where) for member in members}
    return lambda member: fill(world, member, opened[member], lambda _label, _options: "By the sea, in the rain")


async def _by_reply(world: World) -> Callable[[str], Awaitable[Outcome]]:
    question, _button = await find_control(world, "Answer")
    return lambda member: world.platform.type(
        member, world.channel, "A walk in the rain, with a dog", reply_to=question.id, wait=10.0
    )


async def _everybody(members: Sequence[str], act: Callable[[str], Awaitable[Outcome]]) -> dict[str, Any]:
    outcomes = await asyncio.gather(*(act(member) for member in members))
    good = [one for one in outcomes if one.kind in (OutcomeKind.MESSAGE, OutcomeKind.ACKNOWLEDGED) and one.message]
    times = sorted(one.ms for one in good) or [0.0]
    return {
        "answered": len(good),
        "p50_ms": round(statistics.median(times), 1),
        "p99_ms": round(times[min(len(times) - 1, int(0.99 * len(times)))], 1),
        "max_ms": round(times[-1], 1),
    }


def _stored(folder: Path) -> int:
    with sqlite3.connect(folder / "hall.db") as connection:
        return int(connection.execute("SELECT count(*) FROM participation WHERE kind = 'answer'").fetchone()[0])


if __name__ == "__main__":
    print(json.dumps(main()))
