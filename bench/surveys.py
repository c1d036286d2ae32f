"""A survey's whole way: 200 members press an answer at the same moment, and again for each of its 12 questions.

The sandbox and its members run here, hallkeeper as itself in a process of its own, on SQLite. The survey has
conditions and a quota. Times are the sandbox's, from the press to the next question in front of the member; ``first``
is the press under the post, by which everybody becomes known, ``next`` are all the others.

``python -m bench.surveys [discord …]``
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any

from app.acting import World, control_of, fill, press, set_up, until
from bench.answers import CHANNEL, MEMBERS, ONLY, TARGET_MS, _figures, _hallkeeper, _sandbox
from sandbox.control import MessageView, Outcome, OutcomeKind, Platform

QUESTIONS = 12
LABELS = ("Often", "At times", "Never")


def text() -> str:
    """Twelve questions, each of the second half only for those who did not say “Never” six questions before."""
    parts = ['title = "Twelve"']
    for number in range(QUESTIONS):
        parts += ["[[question]]", f'name = "q{number}"', 'kind = "single"', f'ask = "Question {number}?"']
        parts.append("options = [" + ", ".join(f'"{label}"' for label in LABELS) + "]")
        if number >= QUESTIONS // 2:
            parts.append(f"when = \"q{number - QUESTIONS // 2} != 'Never' or q0 = 'Often'\"")
    parts += ["[[quota]]", 'question = "q11"', 'answers = ["Often"]', "most = 10000"]
    return "\n".join(parts)


def main() -> dict[str, Any]:
    """Measure the three platforms one after the other."""
    return {name: asyncio.run(_measure(name)) for name in ONLY}


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
            for one in (owner, *members):
                await platform.private(one)
            process = await _hallkeeper(name, platform.url, Path(folder), ("question_of_the_day", "surveys"))
            await platform.install(space, owner)
            await set_up(world, CHANNEL)
            post = await _open(world)
            outcomes = await _all(platform, dict.fromkeys(members, post), 0)
            first = [one.ms for one in outcomes.values()]
            rest: list[float] = []
            errors = 0
            for number in range(1, QUESTIONS):
                shown = {member: one.message for member, one in outcomes.items() if one.message is not None}
                errors += len(members) - len(shown)
                outcomes = await _all(platform, shown, number)
                rest += [one.ms for one in outcomes.values()]
            stored = _stored(Path(folder))
        finally:
            if process is not None and process.returncode is None:
                process.terminate()
                await process.wait()
            await platform.stop()
    figures = {"first": _figures(first), "next": _figures(rest)}
    return {
        "members": MEMBERS,
        **figures,
        "errors": errors,
        "stored": stored,
        "well": stored == [MEMBERS, MEMBERS * QUESTIONS]
        and not errors
        and all(one["p99_ms"] < TARGET_MS for one in figures.values()),
    }


async def _open(world: World) -> MessageView:
    """The owner pastes the survey and opens it; its post."""
    platform, owner = world.platform, world.owner
    started = await platform.command(owner, world.channel, "/hall survey")
    opened = await press(world, owner, control_of(started, "Paste a text"))
    draft = await fill(world, owner, opened, lambda _label, _options: text())
    await press(world, owner, control_of(draft, "Open it"))

    async def find() -> MessageView | None:
        for one in platform.state(messages=1000).channels:
            for message in one.messages:
                if any(control.label == LABELS[0] for control in message.controls) and not message.only_for:
                    return message
        return None

    return await until(find, f"the survey on {platform.name}")


async def _all(platform: Platform, shown: dict[str, MessageView], number: int) -> dict[str, Outcome]:
    """Everybody presses at once; who saw no message is left out."""

    async def one(place: int, member: str, message: MessageView) -> Outcome:
        label = LABELS[(place + number) % 2]
        control = next(control for control in message.controls if control.label == label)
        return await platform.press(member, message.id, control.id)

    several = await asyncio.gather(*(one(place, *pair) for place, pair in enumerate(shown.items())))
    return {
        member: found
        for member, found in zip(shown, several, strict=True)
        if found.kind is OutcomeKind.MESSAGE and found.message is not None
    }


def _stored(folder: Path) -> list[int]:
    """Finished responses and answers that the store holds."""
    with contextlib.closing(sqlite3.connect(folder / "hall.db")) as connection:
        return [
            connection.execute(sql).fetchone()[0]
            for sql in ("SELECT finished FROM survey_wave", "SELECT count(*) FROM survey_answer")
        ]


if __name__ == "__main__":
    found = main()
    print(json.dumps(found, indent=2))
    sys.exit(0 if all(one["well"] for one in found.values()) else 1)
