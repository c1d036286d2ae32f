"""A running sandbox with one group, and the unchanged python-telegram-bot beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from telegram import Bot, Message, Update

from sandbox.telegram import TelegramSandbox

ALL = list(Update.ALL_TYPES)


@dataclass
class Hall:
    """One group with its owner Ada and a member, Ben; the bot is not in it yet."""

    sandbox: TelegramSandbox
    bot: Bot
    space: str
    channel: str
    ada: str
    ben: str
    offset: int = 0

    @property
    def chat(self) -> int:
        return int(self.channel)

    async def updates(self, wait: int = 0, **arguments: Any) -> list[Update]:
        """What is new for the bot, confirmed."""
        updates = await self.bot.get_updates(offset=self.offset, timeout=wait, **arguments)
        if updates:
            self.offset = max(update.update_id for update in updates) + 1
            await self.bot.get_updates(offset=self.offset, limit=1)
        return list(updates)

    async def messages(self) -> list[Message]:
        return [update.message for update in await self.updates() if update.message is not None]

    async def installed(self) -> None:
        """The bot is in the group and knows it."""
        await self.sandbox.install(self.space, self.ada)
        await self.updates()

    async def started(self, member: str) -> int:
        """The private chat of a member, open."""
        chat = int(await self.sandbox.private(member))
        await self.updates()
        return chat

    def member(self, name: str) -> str:
        return next(member.id for member in self.sandbox.state().members if member.name == name)


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    sandbox = TelegramSandbox(limited=False)
    await sandbox.start()
    bot = bot_of(sandbox)
    space = await sandbox.add_space("Hall", owner="Ada", locale="de")
    channel = await sandbox.add_channel(space, "The hall")
    ben = await sandbox.join(space, "Ben", locale="fr")
    ada = next(member.id for member in sandbox.state().members if member.name == "Ada")
    async with bot:
        yield Hall(sandbox, bot, space, channel, ada, ben)
    await sandbox.stop()


def bot_of(sandbox: TelegramSandbox, token: str = "") -> Bot:
    return Bot(token or sandbox.token, base_url=sandbox.url + "/bot", base_file_url=sandbox.url + "/file/bot")
