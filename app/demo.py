"""The demo: three sandbox platforms, hallkeeper with all its bots in one event loop, one page to watch and play in.

Everything is driven as people would: an owner adds the bot, fills the set-up form, joins the other two spaces by a
code, and posts the first question; simulated members answer; a person at the page may be any of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlmodel import col

from app import log, settings
from app.acting import (
    ActingError,
    World,
    ask_next,
    come_in,
    control_of,
    is_question,
    make_world,
    press,
    questions,
    until_questions,
)
from app.serve import Running, running
from sandbox.control import ControlError, Platform
from sandbox.discord import DiscordSandbox
from sandbox.members import Crowd
from sandbox.page import Page
from sandbox.slack import SlackSandbox
from sandbox.telegram import TelegramSandbox
from storage.engine import Store
from storage.tables import Delivery, Participation, Space

OWNER = "Olga"
MEMBERS = (("Mia", "en"), ("Jonas", "de"), ("Amélie", "fr"), ("Kofi", "en"), ("Lena", "de"), ("Noor", "en"))
"""Who is in each space, and the language of their clients."""
SPACES = {"discord": "Harbour Lights", "slack": "Harbour Crew", "telegram": "Harbour Friends"}
CHANNEL = "lounge"
NEXT_QUESTION_SECONDS = 180.0
"""While somebody watches, the owner asks the next question after so long."""
SETTLE_SECONDS = 10.0
"""How long after the last act the store may take to agree."""


async def run_demo(for_seconds: float | None, as_json: bool, data: Path, port: int) -> int:
    """Run the demo until ``for_seconds`` passed or a signal came.

    Returns 0 when what the platforms saw and what the store holds agree. ``data`` keeps the store; one that lies
    there from before is moved aside. ``port`` is the page's, 0 for a free one.
    """
    log.set_up(settings.LogSettings(level="warning"))
    say: Callable[[str], None] = (lambda line: None) if as_json else (lambda line: print(line, flush=True))  # noqa: T201 - the demo talks to a person
    platforms: list[Platform] = [DiscordSandbox(), SlackSandbox(), TelegramSandbox()]
    await asyncio.to_thread(_make_room, data)
    async with contextlib.AsyncExitStack() as stack:
        for platform in platforms:
            await platform.start()
            stack.push_async_callback(platform.stop)
        worlds = [await make_world(platform, SPACES[platform.name], CHANNEL, OWNER) for platform in platforms]
        for world in worlds:
            for name, locale in MEMBERS:
                await world.platform.join(world.space, name, locale=locale)
        house = await stack.enter_async_context(running(_settings(platforms, data)))
        community_id = await arrive(house, worlds)
        crowd = Crowd(platforms, seed=7, pace=0.4 if for_seconds else 1.0, asks=is_question)
        crowd_task = asyncio.create_task(crowd.run())
        page = Page(
            platforms,
            beside=lambda: house.web.url + house.web.sign_in.link(community_id),
            answered=lambda: stored_answers(house.store, community_id),
        )
        try:
            await page.start(port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise ActingError(
                    f"Port {port} is taken. Choose another one with --port, or 0 for a free one."
                ) from None
            raise
        stack.push_async_callback(page.stop)
        say(f"\n  hallkeeper is running: open {page.url}\n  The store is {data / 'hall.db'}; Ctrl-C ends the demo.\n")
        asking = asyncio.create_task(_keep_asking(worlds[0])) if for_seconds is None else None
        await _wait(for_seconds, None if as_json or for_seconds is None else say)
        if asking is not None:
            asking.cancel()
        crowd.stop()
        await crowd_task
        report = await _report(house, worlds, crowd, community_id)
    agree = all(
        row["posted"] == row["sent"] and row["answered"] == row["stored"] and row["posted"] > 0
        for row in report.values()
    )
    shown = {name: {key: row[key] for key in ("posted", "answered", "stored")} for name, row in report.items()}
    sys.stdout.write(json.dumps(shown) + "\n")
    return 0 if agree or for_seconds is None else 1


def _make_room(data: Path) -> None:
    """An empty store to begin with; the one from before is kept beside it."""
    data.mkdir(parents=True, exist_ok=True)
    before = data / "before"
    if (data / "hall.db").exists():
        shutil.rmtree(before, ignore_errors=True)
        before.mkdir()
        for path in [*data.glob("hall.db*"), data / "master.key"]:
            if path.exists():
                path.rename(before / path.name)


def _settings(platforms: Sequence[Platform], data: Path) -> settings.Settings:
    url = {platform.name: platform.url for platform in platforms}
    return settings.load(
        None,
        store={"url": f"sqlite:///{data / 'hall.db'}"},
        # In real use the key lies apart from the store; here one folder is all there is to throw away.
        vault={"key_file": data / "master.key"},
        web={"port": 0},
        discord={
            "enabled": True,
            "token": "discord-sandbox-token",
            "api_url": url["discord"],
            "read_all_replies": True,
            "see_joins": True,
        },
        slack={"enabled": True, "bot_token": "xoxb-sandbox", "app_token": "xapp-sandbox", "api_url": url["slack"]},
        telegram={"enabled": True, "token": "123456:telegram-sandbox-token", "api_url": url["telegram"]},
    )


# -- as the owner would -------------------------------------------------------------------------------------
async def arrive(house: Running, worlds: Sequence[World]) -> UUID:
    """Set the community up in all the spaces, and post the first question."""
    community_id, done = await come_in(house.store, worlds, CHANNEL)
    await press(worlds[0], worlds[0].owner, control_of(done, "Post the first one now"))
    for world in worlds:
        await until_questions(world, 1)
    return community_id


async def _keep_asking(world: World) -> None:
    """Ask the next question now and then, as an owner who has time for it."""
    while True:
        await asyncio.sleep(NEXT_QUESTION_SECONDS)
        try:
            await ask_next(world)
        except (ActingError, ControlError):
            return  # the queue is empty


# -- what the store holds ------------------------------------------------------------------------------------
async def stored_answers(store: Store, community_id: UUID) -> dict[str, int]:
    """Answers in the log, by platform."""
    async with store.session() as session:
        rows = await session.execute(
            select(col(Space.platform), func.count())
            .join(Participation, col(Participation.space_id) == col(Space.id))
            .where(
                col(Space.community_id) == community_id,
                col(Participation.community_id) == community_id,
                col(Participation.kind) == "answer",
            )
            .group_by(col(Space.platform))
        )
        return {row[0]: row[1] for row in rows}


async def _sent(store: Store, community_id: UUID) -> dict[str, int]:
    async with store.session() as session:
        rows = await session.execute(
            select(col(Delivery.lane), func.count())
            .where(
                and_(
                    col(Delivery.community_id) == community_id,
                    col(Delivery.state) == "sent",
                    col(Delivery.card_plugin).is_not(None),
                )
            )
            .group_by(col(Delivery.lane))
        )
        return {row[0]: row[1] for row in rows}


async def _report(
    house: Running, worlds: Sequence[World], crowd: Crowd, community_id: UUID
) -> dict[str, dict[str, int]]:
    """What each platform saw beside what the store holds, once they had time to agree."""
    until = time.monotonic() + SETTLE_SECONDS
    while True:
        stored = await stored_answers(house.store, community_id)
        sent = await _sent(house.store, community_id)
        report = {}
        for world in worlds:
            name = world.platform.name
            report[name] = {
                "posted": questions(world.platform.state(messages=1000), world.channel),
                "answered": crowd.tallies[name].acknowledged,
                "stored": stored.get(name, 0),
                "sent": sent.get(name, 0),
            }
        if all(row["posted"] == row["sent"] and row["answered"] == row["stored"] for row in report.values()):
            return report
        if time.monotonic() > until:
            return report
        await asyncio.sleep(0.2)


# -- waiting -------------------------------------------------------------------------------------------------
async def _wait(seconds: float | None, say: Callable[[str], None] | None) -> None:
    """Until the time is over or somebody ends it; a bar for people tells how long still."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    if seconds is None:
        await stop.wait()
        return
    end = loop.time() + seconds
    while not stop.is_set() and (left := end - loop.time()) > 0:
        if say is not None and sys.stderr.isatty():
            done = int(30 * (1 - left / seconds))
            sys.stderr.write(f"\r  [{'#' * done}{'.' * (30 - done)}] {left:4.0f} s ")
            sys.stderr.flush()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), min(left, 0.5))
