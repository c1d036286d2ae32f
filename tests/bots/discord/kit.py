"""A server with people in it, a connected bot, and a hall that notes what it hears and answers as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from bots.discord import DiscordBot, DiscordSettings
from core.action import Action
from core.bot import Address, Answering, CommandInfo
from core.event import Event
from core.message import Message
from core.testing import RecordingReceiver, SetClock
from core.texts import Catalogues
from sandbox.discord import DiscordSandbox

WAIT = 5.0
ACTION = Action("qd", "answer", (7,))
Handler = Callable[[Any, Answering], Awaitable[None]]
E_ = TypeVar("E_", bound=Event)

COMMANDS = (
    CommandInfo("help", {"en": "What you may do here", "de": "Was du hier darfst"}),
    CommandInfo("question", {"en": "Add a question"}, form=True),
    CommandInfo("say", {"en": "Say something"}, takes_text=True),
)


async def heard(event: Event, answering: Answering) -> None:
    """The answer of a hall that was told nothing else."""
    await answering.say(Message(text="Heard"))


async def silent(event: Event, answering: Answering) -> None:
    """No answer."""


def receiver() -> RecordingReceiver:
    """A hall for one bot, with the bots' own words."""
    catalogues = Catalogues()
    catalogues.add("bots", Path(__file__).parents[3] / "bots" / "locale")
    return RecordingReceiver(clock=SetClock(), commands=COMMANDS, catalogues=catalogues)


class Place:
    """The sandbox with one server, a channel, its owner Ada and Grace, who speaks German."""

    def __init__(self, sandbox: DiscordSandbox, receiver: RecordingReceiver, bot: DiscordBot) -> None:
        self.sandbox = sandbox
        self.receiver = receiver
        self.bot = bot
        self.space = self.channel = self.owner = self.member = ""

    async def build(self) -> None:
        sandbox = self.sandbox
        self.space = await sandbox.add_space("Town hall", owner="Ada", locale="fr")
        self.channel = await sandbox.add_channel(self.space, "general")
        self.member = await sandbox.join(self.space, "Grace", locale="de")
        self.owner = next(one.id for one in sandbox.state().members if one.role == "owner")
        await sandbox.install(self.space, self.owner)

    async def post(self, message: Message, key: str = "key") -> str:
        """A message of ours in the channel; its id."""
        return (await self.bot.send(Address(self.space, self.channel), message, key=key)).message

    def seen(self, message: str) -> Any:
        """A message as people see it."""
        for channel in self.sandbox.state().channels:
            for one in channel.messages:
                if one.id == message:
                    return one
        raise AssertionError(f"no message {message}")

    def wire(self, message: str) -> Any:
        """A message as Discord keeps it."""
        return self.sandbox.world.messages[int(message)]


def settings(sandbox: DiscordSandbox, **more: Any) -> DiscordSettings:
    return DiscordSettings.model_validate({"enabled": True, "token": sandbox.token, "api_url": sandbox.url, **more})


@asynccontextmanager
async def built(*, sandbox: DiscordSandbox | None = None, **more: Any) -> AsyncIterator[Place]:
    """All of it, the bot not started yet. ``more`` are settings."""
    sandbox = sandbox or DiscordSandbox(message_bucket=None)
    await sandbox.start()
    place = Place(sandbox, receiver(), DiscordBot(settings(sandbox, **more)))
    await place.build()
    try:
        yield place
    finally:
        await place.bot.stop()
        await sandbox.stop()


@asynccontextmanager
async def running(**more: Any) -> AsyncIterator[Place]:
    """All of it, the bot connected."""
    async with built(**more) as place:
        await place.bot.start(place.receiver)
        await place.bot.listen()
        yield place


async def settle(reached: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(WAIT):
        while not reached():  # noqa: ASYNC110 - what is waited for happens in a server that tells nobody
            await asyncio.sleep(0.005)
