"""An answer's whole way: a member acts, the store holds it, and the bot's answer stands in front of them.

The sandbox and its members run here, hallkeeper as itself in a process of its own, on SQLite. All members answer the
same question at the same moment, by the form (on platforms without forms: by the last line of the dialogue) and then
by plain reply to the next question.

``p50_ms``, ``p99_ms`` and ``max_ms`` are the sandbox's times from the act to what the member sees of it: words, or a
tick on their reply. ``committed`` is the time from the moment at which all begin until the first, the second … answer
can be read in the store, seen from outside every few milliseconds: so it holds the time that 200 acts need to begin.

Discord takes one reaction in a quarter of a second in a channel, so most replies of such a burst get no tick: what
their members see is the count on the question. Each of them is given the time at which that count held *all* answers,
which is later than when it held their own; ``ticked`` says how many were ticked, and ``ticks`` how soon.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sqlite3
import statistics
import sys
import tempfile
import time
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
COUNT_MS = 3000.0
"""The same where the count on the question is all that most members see: it changes every two seconds at most."""
LOOK_SECONDS = 0.003
"""How often it is looked what the store holds and the question shows."""


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
            form = await _everybody(members, await _by_form(world, members), Path(folder))
            await ask_next(world)
            await until_questions(world, 2)
            question, _button = await find_control(world, "Answer")
            reply = await _everybody(
                members, _by_reply(world, question.id), Path(folder), _count_of(world, question.id)
            )
            stored = _stored(Path(folder))
        finally:
            if process is not None and process.returncode is None:
                process.terminate()
                await process.wait()
            await platform.stop()
    seen_ms = COUNT_MS if "ticked" in reply else TARGET_MS
    quick = all(one["committed"]["p99_ms"] < TARGET_MS for one in (form, reply))
    return {
        "members": MEMBERS,
        "form": form,
        "reply": reply,
        "stored": stored,
        "well": stored == 2 * MEMBERS and quick and form["p99_ms"] < TARGET_MS and reply["p99_ms"] < seen_ms,
    }


async def _hallkeeper(
    name: str, url: str, folder: Path, plugins: Sequence[str] = ("question_of_the_day",)
) -> asyncio.subprocess.Process:
    tokens = {
        "discord": ['token = "discord-sandbox-token"', "read_all_replies = true"],
        "slack": ['bot_token = "xoxb-sandbox"', 'app_token = "xapp-sandbox"'],
        "telegram": ['token = "123456:telegram-sandbox-token"'],
    }
    lines = [
        f"plugins = {json.dumps(list(plugins))}",
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


def _by_reply(world: World, question: str) -> Callable[[str], Awaitable[Outcome]]:
    return lambda member: world.platform.type(
        member, world.channel, "A walk in the rain, with a dog", reply_to=question, wait=5.0
    )


def _count_of(world: World, question: str) -> Callable[[], int] | None:
    """How many answers the question shows, on the platform where that is what most members see."""
    if not isinstance(world.platform, DiscordSandbox):
        return None
    message = world.platform.world.messages[int(question)]

    def shown() -> int:
        found = re.search(r"(\d+) answers? so far", message.content)
        return int(found[1]) if found else 0

    return shown


async def _everybody(
    members: Sequence[str],
    act: Callable[[str], Awaitable[Outcome]],
    folder: Path,
    shown: Callable[[], int] | None = None,
) -> dict[str, Any]:
    before, began = _stored(folder), time.monotonic()
    committed = asyncio.create_task(asyncio.to_thread(_commits, folder, before, len(members), began))
    counted = asyncio.create_task(_counted(shown, len(members), began)) if shown else None
    outcomes = await asyncio.gather(*(act(member) for member in members))
    times = [
        one.ms for one in outcomes if one.kind in (OutcomeKind.MESSAGE, OutcomeKind.ACKNOWLEDGED) and one.message
    ]
    more: dict[str, Any] = {}
    if counted is not None:
        more = {"ticked": len(times), "ticks": _figures(times)}
        count, all_ms = await counted
        times += [all_ms] * (count - len(times))
    return {"answered": len(times), **_figures(times), **more, "committed": _figures(await committed)}


def _figures(times: Sequence[float]) -> dict[str, Any]:
    found = sorted(times) or [0.0]
    return {
        "p50_ms": round(statistics.median(found), 1),
        "p99_ms": round(found[min(len(found) - 1, int(0.99 * len(found)))], 1),
        "max_ms": round(found[-1], 1),
    }


async def _counted(shown: Callable[[], int], wanted: int, began: float) -> tuple[int, float]:
    """How many answers the question shows in the end, and after how many milliseconds it did."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(30):
            while shown() < wanted:  # noqa: ASYNC110 - a message in a server
                await asyncio.sleep(LOOK_SECONDS)
    return shown(), (time.monotonic() - began) * 1000


def _commits(folder: Path, before: int, wanted: int, began: float) -> list[float]:
    """After how many milliseconds the store held one more answer, two more, and so on. Runs in a thread."""
    found: list[float] = []
    with contextlib.closing(sqlite3.connect(folder / "hall.db")) as connection:
        while len(found) < wanted and time.monotonic() - began < 30:
            count = _count(connection) - before
            found += [(time.monotonic() - began) * 1000] * (count - len(found))
            time.sleep(LOOK_SECONDS)
    return found


def _stored(folder: Path) -> int:
    with contextlib.closing(sqlite3.connect(folder / "hall.db")) as connection:
        return _count(connection)


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM participation WHERE kind = 'answer'").fetchone()[0])


if __name__ == "__main__":
    print(json.dumps(main()))
