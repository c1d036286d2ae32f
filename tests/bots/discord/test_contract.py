"""What every bot must do, on Discord."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bots.discord import DiscordBot
from core.event import Installed
from core.testing import RecordingReceiver, Result, Seen
from core.testing.contract import BotContract
from sandbox.discord import DiscordSandbox
from tests.bots.discord.kit import settings
from tests.bots.rig import SandboxRig, people


@dataclass
class DiscordRig(SandboxRig):
    send_call = "POST /channels/{channel}/messages"

    async def forge(self, member: str, message: Seen, payload: str) -> Result:
        assert isinstance(self.platform, DiscordSandbox)
        return await self.came(member, await self.platform.forge(member, message.id, payload))


@pytest.fixture
async def rig() -> AsyncIterator[DiscordRig]:
    sandbox = DiscordSandbox(message_bucket=None)
    await sandbox.start()
    space, channel, owner, mia, jonas = await people(sandbox)
    await sandbox.install(space, owner)
    bot, receiver = DiscordBot(settings(sandbox, see_joins=True)), RecordingReceiver()
    await bot.start(receiver)
    await receiver.hear(Installed)
    receiver.events.clear()
    yield DiscordRig(bot, receiver, space, channel, owner, mia, jonas, platform=sandbox)
    await bot.stop()
    await sandbox.stop()


class TestDiscord(BotContract):
    pass
