"""The unchanged discord.py against the sandbox: a client that notes what it hears, and a server with people in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import discord
import pytest
import yarl
from discord import app_commands

from sandbox.discord import DiscordSandbox

WAIT = 5.0
Handler = Callable[[discord.Interaction[Any]], Awaitable[None]]


class Bot(discord.Client):
    """A real client that keeps the events it hears."""

    def __init__(self, *, intents: discord.Intents | None = None, **options: Any) -> None:
        if intents is None:
            intents = discord.Intents.all()
            intents.presences = False
        super().__init__(intents=intents, guild_ready_timeout=0.1, **options)
        self.heard: asyncio.Queue[tuple[str, tuple[Any, ...]]] = asyncio.Queue()
        self.names: set[str] = set()
        self.answer: Handler | None = None
        self.tree = app_commands.CommandTree(self)

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        self.heard.put_nowait((event, args))
        self.names.add(event)
        super().dispatch(event, *args, **kwargs)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """No wait of 5 seconds before a second IDENTIFY: here is no limit to keep."""

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        if self.answer is not None and interaction.type is not discord.InteractionType.application_command:
            await self.answer(interaction)

    async def hear(self, event: str) -> tuple[Any, ...]:
        """The next event of that name; those before it are passed over."""
        async with asyncio.timeout(WAIT):
            while True:
                name, args = await self.heard.get()
                if name == event:
                    return args

    def silent(self, event: str) -> bool:
        """Whether no event of that name was ever heard."""
        return event not in self.names


class Town:
    """A sandbox with one server, one channel, an owner and one member."""

    def __init__(self, sandbox: DiscordSandbox) -> None:
        self.sandbox = sandbox
        self.space = self.channel = self.owner = self.member = ""

    async def build(self, *, install: bool = True) -> None:
        """Make the server and its people."""
        sandbox = self.sandbox
        self.space = await sandbox.add_space("Town hall", owner="Ada")
        self.channel = await sandbox.add_channel(self.space, "general")
        self.member = await sandbox.join(self.space, "Grace", locale="de")
        state = sandbox.state()
        self.owner = next(m.id for m in state.members if m.role == "owner")
        if install:
            await sandbox.install(self.space, self.owner)


@asynccontextmanager
async def town(monkeypatch: pytest.MonkeyPatch, *, install: bool = True, **options: Any) -> AsyncIterator[Town]:
    """A listening sandbox, to which the library's addresses point."""
    sandbox = DiscordSandbox(**options)
    await sandbox.start()
    monkeypatch.setattr(discord.http.Route, "BASE", f"{sandbox.url}/api/v10")
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(sandbox.gateway_url))
    place = Town(sandbox)
    await place.build(install=install)
    try:
        yield place
    finally:
        await sandbox.stop()


@asynccontextmanager
async def connected(place: Town, bot: Bot | None = None) -> AsyncIterator[Bot]:
    """A client that is logged in and ready."""
    bot = bot or Bot()
    await bot.login(place.sandbox.token)
    task = asyncio.create_task(bot.connect())
    try:
        ready = asyncio.create_task(bot.hear("ready"))
        done, _ = await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if task in done:
            ready.cancel()
            task.result()
        yield bot
    finally:
        await bot.close()
        await asyncio.gather(task, return_exceptions=True)


def text_channel(bot: Bot, number: str) -> discord.TextChannel:
    """A channel that the client knows."""
    channel = bot.get_channel(int(number))
    assert isinstance(channel, discord.TextChannel)
    return channel


def buttons(*labels: str) -> discord.ui.View:
    """A view with one button a label; its custom_id is the label in lower case."""
    view = discord.ui.View(timeout=None)
    for label in labels:
        view.add_item(discord.ui.Button(label=label, custom_id=label.lower()))
    return view
