"""What every bot must do where processes share a platform, by the bot in memory, on which other tests build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import pytest

from core.bot import SendError, SendFailed, SendRefused, SendUnknown, Sent, Standing
from core.message import Image, Message
from core.testing import Came, FakeBot, RecordingReceiver, Result, Rig, Seen, Trouble
from core.testing.fake_bot import Post
from core.testing.pictures import png
from core.testing.sharing import SharingContract

ERRORS: Mapping[Trouble, SendError] = {
    Trouble.BUSY: SendFailed("busy", retry_after=1.0),
    Trouble.BROKEN: SendFailed("broken"),
    Trouble.LOST: SendUnknown("lost"),
    Trouble.LOST_AFTER_TAKING: SendUnknown("lost"),
}


@dataclass
class FakeRig(Rig):
    """Members of a platform in memory, as far as this part of the contract asks for them."""

    def make(self) -> FakeBot:
        return FakeBot(beside=self.fake)

    @property
    def fake(self) -> FakeBot:
        assert isinstance(self.bot, FakeBot)
        return self.bot

    def visible(self, member: str) -> list[Seen]:
        return [_seen(post) for post in self.fake.posts if post.address.member in ("", member)]

    def seen(self, sent: Sent) -> Seen:
        return next(_seen(post) for post in self.fake.posts if post.id == sent.message)

    async def press(self, member: str, message: Seen, label: str, *, seconds: float = 5.0) -> Result:
        # Of several processes' bots the one presses that hears the platform.
        bots = [bot for bot in (self.bot, *self.others) if isinstance(bot, FakeBot) and bot.health.listening]
        post = next(post for post in self.fake.posts if post.id == message.id)
        for bot in bots:
            answering = await bot.press(post.button(label), member)
            return Result(Came.WORDS if answering.text else Came.NOTHING, answering.text)
        return Result(Came.FAILED)

    async def write(self, member: str, text: str) -> None:
        """Nobody hears talk here."""

    async def open_private(self, member: str) -> None:
        """It is open."""

    async def trouble(self, what: Trouble) -> None:
        (self.fake.breaking if what is Trouble.LOST_AFTER_TAKING else self.fake.failing).append(ERRORS[what])

    async def trouble_reading(self, what: Trouble) -> None:
        self.fake.unreadable.append(ERRORS[what] if what is Trouble.BUSY else SendFailed("not now"))

    async def forbid_reading(self) -> None:
        self.fake.unreadable += [SendRefused("it can't be told")] * 2

    # -- what this part never asks for ------------------------------------------------------------------------------
    async def drawn(self, message: Seen) -> bytes:
        _never()

    async def fill(self, member: str, values: Mapping[str, str | Sequence[str]]) -> Result:
        _never()

    async def choose(self, member: str, message: Seen, *labels: str) -> Result:
        _never()

    async def reply(self, member: str, message: Seen, text: str) -> None:
        _never()

    async def command(self, member: str, text: str) -> Result:
        _never()

    async def react(self, member: str, message: Seen, *, present: bool) -> None:
        _never()

    async def join(self, name: str) -> str:
        _never()

    async def leave(self, member: str) -> None:
        _never()

    async def forge(self, member: str, message: Seen, payload: str) -> Result:
        _never()

    async def repeat_next_event(self) -> None:
        _never()

    async def disconnect(self) -> None:
        _never()

    async def close_channel(self) -> None:
        _never()


def _never() -> NoReturn:
    raise NotImplementedError


def _seen(post: Post) -> Seen:
    return Seen(post.id, str(post.message.text), private=bool(post.address.member))


@pytest.fixture
async def rig() -> FakeRig:
    bot, receiver = FakeBot(), RecordingReceiver()
    bot.standings["olga"] = Standing(present=True, roles=frozenset({"owner"}))
    await bot.start(receiver)
    await bot.listen()
    return FakeRig(bot, receiver, "hall", "general", "olga", "mia", "jonas")


class TestFake(SharingContract):
    async def test_an_edit_that_changes_a_picture_of_bytes_is_a_mistake(self, rig: FakeRig) -> None:
        """Real platforms would show something else each, so whoever tests a plugin is told."""
        image = Image(data=png())
        sent, bare = await rig.post(Message(text="A", image=image)), await rig.post(Message(text="A"), "key-2")
        await rig.bot.edit(sent, Message(text="B", image=image))
        for one, picture in ((sent, None), (sent, Image(data=png(shade=1))), (bare, image)):
            with pytest.raises(ValueError, match="keeps its picture"):
                await rig.bot.edit(one, Message(text="C", image=picture))
