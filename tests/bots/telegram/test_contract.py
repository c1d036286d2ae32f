"""What every bot must do, on Telegram."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from bots.telegram import TelegramBot
from core.bot import Sent
from core.testing import Came, RecordingReceiver, Result, Seen
from core.testing.contract import BotContract
from sandbox.control import Outcome, OutcomeKind
from sandbox.telegram import TelegramSandbox
from tests.bots.rig import SandboxRig, people
from tests.bots.telegram.conftest import settings


@dataclass
class TelegramRig(SandboxRig):
    """A form is a dialogue in private: each field a question, reached by a deep link."""

    send_call = "send"
    asked: dict[str, Result] = field(default_factory=dict, kw_only=True)
    """The question that a member was asked last."""

    def make(self) -> TelegramBot:
        assert isinstance(self.platform, TelegramSandbox)
        return TelegramBot(settings(self.platform))

    async def forbid_reading(self) -> None:
        """It never may."""

    def view_id(self, sent: Sent) -> str:
        return f"{sent.channel}:{sent.message}"

    async def came(self, member: str, outcome: Outcome) -> Result:
        if outcome.kind is OutcomeKind.LINK:
            outcome = await self.platform.follow(member, outcome.url)
        result = await super().came(member, outcome)
        if result.seen is not None and result.seen.private and "Cancel" in "".join(result.seen.labels):
            self.asked[member] = result
            return Result(Came.FORM, result.text, result.seen)
        if result.seen is not None and "Abbrechen" in result.seen.labels:
            return Result(Came.FORM, result.text, result.seen)
        return result

    async def fill(self, member: str, values: Mapping[str, str | Sequence[str]]) -> Result:
        result = self.asked.pop(member)
        for label, value in values.items():
            assert label in result.text
            assert result.seen is not None
            if isinstance(value, str) and value not in result.seen.labels:
                result = await self.came(member, await self.platform.type(member, member, value, wait=5))
                continue
            for option in [value] if isinstance(value, str) else value:
                result = await self.press(member, self.visible(member)[-1], option)
            if not isinstance(value, str):
                result = await self.press(member, self.visible(member)[-1], "Done")
        return result

    async def forge(self, member: str, message: Seen, payload: str) -> Result:
        assert isinstance(self.platform, TelegramSandbox)
        chat = next(iter(self.platform.backend.world.groups.values()))
        stored = chat.messages[int(message.id.partition(":")[2])]
        stored.markup["inline_keyboard"][0][0]["callback_data"] = payload
        return await self.press(member, message, message.labels[0])


@pytest.fixture
async def rig() -> AsyncIterator[TelegramRig]:
    sandbox = TelegramSandbox(limited=False)
    await sandbox.start()
    space, channel, owner, mia, jonas = await people(sandbox)
    await sandbox.install(space, owner)
    await sandbox.set_role(sandbox.bot, space, "admin")  # so that the bot hears of reactions
    sandbox.backend.updates.clear()
    bot, receiver = TelegramBot(settings(sandbox)), RecordingReceiver()
    await bot.start(receiver)
    await bot.listen()
    rig = TelegramRig(bot, receiver, space, channel, owner, mia, jonas, platform=sandbox)
    yield rig
    for each in (bot, *rig.others):
        await each.stop()
    await sandbox.stop()


class TestTelegram(BotContract):
    pass
