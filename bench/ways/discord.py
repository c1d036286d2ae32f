"""discord.py alone, and under our bot. Frames come as text, as out of the socket, into the library's own reader.

Both clients are connected to the same sandbox with the same intents and the same caches. A press is answered by both,
by the library's deferral, down to the request that would leave.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import discord
from discord.webhook.async_ import AsyncWebhookAdapter

from app.acting import World, find_control
from bench.ways.common import BURST, PLUGINS, Tally, Way, Ways, action_of, hall_of, store_with
from bots.discord import DiscordBot, DiscordSettings
from bots.discord.client import point_library
from bots.discord.permissions import intents_of
from core.bot import Address
from core.message import Button, Message
from sandbox.discord import DiscordSandbox


def _intents(settings: DiscordSettings) -> discord.Intents:
    intents = discord.Intents.none()
    for asked in intents_of(settings):
        setattr(intents, asked.name, True)
    return intents


class Bare(discord.Client):
    """The library as its guide shows it, with as small caches as our bot's."""

    def __init__(self, settings: DiscordSettings, tally: Tally, **more: Any) -> None:
        super().__init__(
            intents=_intents(settings),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            **more,
        )
        self.connected = asyncio.Event()
        self.tally = tally
        self.frames: list[str] = []

    async def on_connect(self) -> None:
        """Connected."""
        self.connected.set()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """A press is answered, by nothing to see."""
        await interaction.response.defer()
        self.tally.one()

    async def on_message(self, _: discord.Message) -> None:
        """A message is let be."""
        self.tally.one()

    async def on_socket_raw_receive(self, frame: str) -> None:
        """For the frames that are used; the library tells of them only where that is asked for."""
        self.frames.append(frame)


async def _connect(client: Bare, token: str) -> asyncio.Task[None]:
    task = asyncio.create_task(client.start(token))
    await client.connected.wait()
    return task


@asynccontextmanager
async def ways(tally: Tally, folder: Path) -> AsyncIterator[Ways]:
    """The bare client, and our bot with few and with many plugins."""
    sandbox = DiscordSandbox(message_bucket=None, global_rate=None)
    await sandbox.start()
    settings = DiscordSettings.model_validate(
        {"enabled": True, "token": sandbox.token, "api_url": sandbox.url, "read_all_replies": True}
    )
    space = await sandbox.add_space("Harbour", owner="Olga")
    channel = await sandbox.add_channel(space, "lounge")
    member = await sandbox.join(space, "Mia", locale="de")
    owner = next(one.id for one in sandbox.state().members if one.role == "owner")
    await sandbox.install(space, owner)
    store = await store_with(folder, "discord", space)
    point_library(sandbox.url)
    bots = {str(count): DiscordBot(settings) for count in PLUGINS}
    bare, recorder = Bare(settings, tally), Bare(settings, tally, enable_debug_events=True)
    tasks = [await _connect(client, sandbox.token) for client in (bare, recorder)]
    try:
        for count, bot in bots.items():
            await bot.start(hall_of(store, bot, int(count), tally))
            await bot.listen()
        await asyncio.sleep(0.5)  # every client knows the server
        buttons = (Button("Answer", action_of(0)), Button("Results", action_of(1)))
        message = Message(title="Question of the day", text="Where do you walk in the rain?", controls=buttons)
        recorder.frames.clear()
        await bots["1"].send(Address(space, channel), message, key="bench")
        shown, button = await find_control(World(sandbox, space, channel, owner), "Answer")
        await sandbox.press(member, shown.id, button.id, wait=0.2)
        await sandbox.type(member, channel, "A walk in the rain, with a dog")
        async with asyncio.timeout(5):
            while len(recorder.frames) < 3:  # noqa: ASYNC110 - another's list
                await asyncio.sleep(0.01)
        frames = [json.loads(frame) for frame in recorder.frames]
        press = next(frame for frame in frames if frame["t"] == "INTERACTION_CREATE")
        said = [frame for frame in frames if frame["t"] == "MESSAGE_CREATE"][-1]
        clients: dict[str, Any] = {"bare": bare, **{count: bot._client for count, bot in bots.items()}}
        with patch.object(AsyncWebhookAdapter, "request", _nowhere(tally)):
            yield {
                "press": {
                    name: _way(client.ws, tally, _presses(press, 1 if name == "bare" else int(name)), 2)
                    for name, client in clients.items()
                },
                "message": {name: _way(client.ws, tally, _repeated(said), 1) for name, client in clients.items()},
            }
    finally:
        for bot in bots.values():
            await bot.stop()
        for client in (bare, recorder):
            await client.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        await store.close()
        await sandbox.stop()


def _nowhere(tally: Tally) -> Any:
    """A transport that takes all and sends nothing."""

    async def request(*_: Any, **__: Any) -> dict[str, Any]:
        tally.one()
        return {"interaction": {"id": "1", "type": 3}}

    return request


def _presses(frame: dict[str, Any], plugins: int) -> list[str]:
    """A burst of presses, spread over the plugins' buttons."""
    made = []
    for number in range(BURST):
        data = {**frame["d"]["data"], "custom_id": action_of(number % plugins).encode()}
        made.append(_text(frame, number, data=data))
    return made


def _repeated(frame: dict[str, Any]) -> list[str]:
    return [_text(frame, number) for number in range(BURST)]


def _text(frame: dict[str, Any], number: int, **more: Any) -> str:
    return json.dumps({**frame, "d": {**frame["d"], "id": str(int(frame["d"]["id"]) + number), **more}})


def _way(ws: Any, tally: Tally, frames: Sequence[str], each: int) -> Way:
    """``each``: how often a frame counts, by its handler and by its answer."""

    async def run(count: int) -> None:
        for _ in range(count // BURST):
            due = tally.count + each * BURST
            for frame in frames:
                await ws.received_message(frame)
            await tally.until(due)

    return Way(run)
