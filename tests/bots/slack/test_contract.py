"""What every bot must do, on Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bots.slack import SlackBot
from core.event import Installed
from core.testing import RecordingReceiver, Result, Seen
from core.testing.contract import BotContract
from sandbox.slack import SlackSandbox
from tests.bots.rig import SandboxRig, people
from tests.bots.slack.kit import sandbox_for_us, settings

LOOK_ALIKES = str.maketrans("∗ˋˍ∼", "*`_~")


@dataclass
class SlackRig(SandboxRig):
    send_call = "chat.postMessage"
    read_call = "conversations.history"

    def make(self) -> SlackBot:
        assert isinstance(self.platform, SlackSandbox)
        return SlackBot(settings(self.platform))

    async def forbid_reading(self) -> None:
        assert isinstance(self.platform, SlackSandbox)
        self.platform.workspace.scopes -= {"channels:history"}

    def as_written(self, text: str) -> str:
        return text.translate(LOOK_ALIKES)

    async def forge(self, member: str, message: Seen, payload: str) -> Result:
        assert isinstance(self.platform, SlackSandbox)
        blocks = self.platform.world.messages[message.id].blocks
        actions = next(block for block in blocks if block["type"] == "actions")
        actions["elements"][0]["action_id"] = payload
        return await self.came(member, await self.platform.press(member, message.id, payload))


@pytest.fixture
async def rig() -> AsyncIterator[SlackRig]:
    sandbox = sandbox_for_us()
    await sandbox.start()
    space, channel, owner, mia, jonas = await people(sandbox)
    bot, receiver = SlackBot(settings(sandbox)), RecordingReceiver()
    await bot.start(receiver)
    await bot.listen()
    await sandbox.install(space, owner)
    await receiver.hear(Installed)
    receiver.events.clear()
    rig = SlackRig(bot, receiver, space, channel, owner, mia, jonas, platform=sandbox)
    yield rig
    for each in (bot, *rig.others):
        await each.stop()
    await sandbox.stop()


class TestSlack(BotContract):
    pass
