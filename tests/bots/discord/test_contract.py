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
from sandbox.discord.permissions import Permission
from tests.bots.discord.kit import settings
from tests.bots.rig import SandboxRig, people


@dataclass
class DiscordRig(SandboxRig):
    send_call = "POST /channels/{channel}/messages"
    read_call = "GET /channels/{channel}/messages"

    def make(self) -> DiscordBot:
        assert isinstance(self.platform, DiscordSandbox)
        return DiscordBot(settings(self.platform, see_joins=True))

    async def forbid_reading(self) -> None:
        assert isinstance(self.platform, DiscordSandbox)
        self.platform.world.channels[int(self.channel)].denied = int(Permission.READ_MESSAGE_HISTORY)

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
    await bot.listen()
    await receiver.hear(Installed)
    receiver.events.clear()
    rig = DiscordRig(bot, receiver, space, channel, owner, mia, jonas, platform=sandbox)
    yield rig
    for each in (bot, *rig.others):
        await each.stop()
    await sandbox.stop()


class TestDiscord(BotContract):
    pass
