"""A workspace with people in it, a connected bot, and a hall that notes what it hears and answers as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from bots.slack import SlackBot, SlackSettings
from bots.slack.permissions import EVENTS, SCOPES
from core.action import Action
from core.bot import Address, Answering, CommandInfo, Dialogues, Watermarks
from core.event import Event, Installed, Who
from core.message import Message
from core.testing import SetClock
from core.texts import Catalogues, Words
from sandbox.control import MessageView, Outcome
from sandbox.slack import SlackSandbox

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


class RecordingReceiver:
    """A hall for one bot."""

    dialogues: Dialogues
    watermarks: Watermarks

    def __init__(self) -> None:
        self.clock = SetClock()
        self.events: list[Event] = []
        self.answer: Handler = heard
        self.failed: list[AssertionError] = []
        """What a test's own answers found wrong: raised at its end."""
        self._catalogues = Catalogues()
        self._catalogues.add("bots", Path(__file__).parents[3] / "bots" / "locale")
        self._more = asyncio.Event()

    async def receive(self, event: Event, answering: Answering | None = None) -> None:
        self.events.append(event)
        self._more.set()
        if answering is not None:
            try:
                await self.answer(event, answering)
            except AssertionError as error:
                self.failed.append(error)

    async def hear(self, kind: type[E_], number: int = 1) -> E_:
        """The event of a kind, or the ``number``\\ th of it, as soon as it is there."""
        async with asyncio.timeout(WAIT):
            while len(self.of(kind)) < number:
                self._more.clear()
                await self._more.wait()
        return self.of(kind)[number - 1]

    def of(self, kind: type[E_]) -> list[E_]:
        return [event for event in self.events if isinstance(event, kind)]

    def commands(self) -> Sequence[CommandInfo]:
        return COMMANDS

    def language_of(self, who: Who) -> str:
        return self._catalogues.nearest(who.locale)

    def say(self, words: Words, language: str) -> str:
        return self._catalogues.say(words, language)


class Place:
    """The sandbox with one workspace, a channel, its owner Ada and Grace, who speaks German."""

    def __init__(self, sandbox: SlackSandbox, receiver: RecordingReceiver, bot: SlackBot) -> None:
        self.sandbox = sandbox
        self.receiver = receiver
        self.bot = bot
        self.space = self.channel = self.owner = self.member = ""

    async def build(self) -> None:
        sandbox = self.sandbox
        self.space = await sandbox.add_space("Town hall", owner="Ada", locale="fr-FR")
        self.channel = await sandbox.add_channel(self.space, "general")
        self.member = await sandbox.join(self.space, "Grace", locale="de-DE")
        self.owner = next(one.id for one in sandbox.state().members if one.role == "owner")

    async def install(self) -> None:
        """The owner adds the bot to the channel, and the bot has heard of it."""
        await self.sandbox.install(self.space, self.owner)
        await self.receiver.hear(Installed)

    @property
    def line(self) -> Any:
        """What stands while the bot is connected."""
        assert self.bot._line is not None
        return self.bot._line

    def calls(self, name: str) -> int:
        """How often the bot called one of Slack's methods."""
        return self.sandbox.record.calls.get(name, 0)

    def forget_people(self) -> None:
        """The bot has not heard of anybody yet."""
        self.line.people._known.clear()

    async def post(self, message: Message, key: str = "key") -> str:
        """A message of ours in the channel; its id."""
        return (await self.bot.send(Address(self.space, self.channel), message, key=key)).message

    async def press(self, message: str, number: int = 0, *, wait: float = WAIT, member: str = "") -> Outcome:
        """A member presses the ``number``th control."""
        control = self.seen(message).controls[number].id
        return await self.sandbox.press(member or self.member, message, control, wait=wait)

    def seen(self, message: str) -> MessageView:
        """A message as people see it."""
        for channel in self.sandbox.state().channels:
            for one in channel.messages:
                if one.id == message:
                    return one
        raise AssertionError(f"no message {message}")

    def messages(self, channel: str = "") -> list[MessageView]:
        """What stands in a channel, the oldest first."""
        for one in self.sandbox.state().channels:
            if one.id == (channel or self.channel):
                return list(one.messages)
        return []

    def wire(self, message: str) -> Any:
        """A message as Slack keeps it."""
        return self.sandbox.world.messages[message]


def sandbox_for_us(**more: Any) -> SlackSandbox:
    """A Slack that grants what the manifest asks for and nothing else, without rate limits."""
    least = {"scopes": [one.name for one in SCOPES], "events": [one.name for one in EVENTS], "rate_limits": False}
    return SlackSandbox(**{**least, **more})


def settings(sandbox: SlackSandbox, **more: Any) -> SlackSettings:
    tokens = {"bot_token": sandbox.bot_token, "app_token": sandbox.app_token}
    return SlackSettings.model_validate({"enabled": True, **tokens, "api_url": sandbox.url, **more})


@asynccontextmanager
async def built(*, sandbox: SlackSandbox | None = None, **more: Any) -> AsyncIterator[Place]:
    """All of it, the bot not started yet. ``more`` are settings."""
    sandbox = sandbox or sandbox_for_us()
    await sandbox.start()
    place = Place(sandbox, RecordingReceiver(), SlackBot(settings(sandbox, **more)))
    await place.build()
    try:
        yield place
    finally:
        await place.bot.stop()
        await sandbox.stop()
    for error in place.receiver.failed:
        raise error


@asynccontextmanager
async def running(**more: Any) -> AsyncIterator[Place]:
    """All of it, the bot connected and in the channel."""
    async with built(**more) as place:
        await place.bot.start(place.receiver)
        await place.bot.listen()
        await place.install()
        yield place


async def settle(reached: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(WAIT):
        while not reached():  # noqa: ASYNC110 - what is waited for happens in a server that tells nobody
            await asyncio.sleep(0.005)
