"""The real bot and the real library on a sandbox Telegram, with one group and its people."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr

import bots
from bots.telegram import TelegramBot, TelegramSettings
from core.action import Action
from core.bot import Address
from sandbox.control import MessageView, Outcome
from sandbox.telegram import TelegramSandbox
from tests.bots.telegram.receiver import Recorder

COMMUNITY = UUID(int=0x0123456789ABCDEF0123456789ABCDEF)
ACTIVITY = UUID(int=0xFEDCBA9876543210FEDCBA9876543210)
LONGEST = Action("qd", "answer", (ACTIVITY, 1), COMMUNITY)
"""An action that fills all that a button carries but two bytes."""
SHORT = Action("qd", "pick")


@dataclass
class Town:
    """One group with its owner Ada and members Ben (German) and Cleo; the bot is in it and connected."""

    sandbox: TelegramSandbox
    hall: Recorder
    bot: TelegramBot
    space: str
    ada: str
    ben: str
    cleo: str

    @property
    def here(self) -> Address:
        return Address(self.space, channel=self.space)

    def here_for(self, member: str) -> Address:
        return Address("", member=member)

    def here_in(self, topic: str) -> Address:
        return Address(self.space, channel=self.space, thread=topic.partition("/")[2])

    def messages(self, channel: str = "") -> list[MessageView]:
        """What stands in the group, or in a private chat, of the bot's; the oldest first."""
        for one in self.sandbox.state(messages=200).channels:
            if one.id == (channel or self.space):
                return [message for message in one.messages if message.by_bot]
        return []

    def last(self, channel: str = "") -> MessageView:
        return self.messages(channel)[-1]

    def control(self, message: MessageView, label: str) -> str:
        """The id of the button with this label."""
        return next(control.id for control in message.controls if control.label == label)

    async def press(self, member: str, message: MessageView, label: str, wait: float = 5.0) -> Outcome:
        return await self.sandbox.press(member, message.id, self.control(message, label), wait=wait)

    async def private(self, member: str) -> str:
        """Open the private chat; the hall hears /start."""
        before = len(self.hall.done)
        channel = await self.sandbox.private(member)
        await self.hall.wait(lambda: len(self.hall.done) > before)
        return channel

    async def restart(self) -> None:
        """Stop the bot and start another one on the same store."""
        await self.bot.stop()
        self.bot = TelegramBot(self.bot._settings)
        await self.bot.start(self.hall)
        await self.bot.listen()


def settings(sandbox: TelegramSandbox, token: str = "") -> TelegramSettings:
    return TelegramSettings(enabled=True, token=SecretStr(token or sandbox.token), api_url=sandbox.url)


def recorder() -> Recorder:
    hall = Recorder()
    hall.catalogues.add("bots", Path(bots.__file__).parent / "locale")
    return hall


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    sandbox = TelegramSandbox(limited=False)
    await sandbox.start()
    space = await sandbox.add_space("Hall", owner="Ada")
    await sandbox.add_channel(space, "The hall")
    ada = next(member.id for member in sandbox.state().members if member.name == "Ada")
    ben = await sandbox.join(space, "Ben", locale="de")
    cleo = await sandbox.join(space, "Cleo")
    await sandbox.install(space, ada)
    await sandbox.set_role(sandbox.bot, space, "admin")
    sandbox.backend.updates.clear()
    hall = recorder()
    bot = TelegramBot(settings(sandbox))
    await bot.start(hall)
    await bot.listen()
    town = Town(sandbox, hall, bot, space, ada, ben, cleo)
    yield town
    await town.bot.stop()
    await sandbox.stop()


def number_of(view: MessageView) -> str:
    """The message's id as the bot knows it."""
    return view.id.partition(":")[2]


def matching(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.search(pattern, text) is not None
