"""What the contract suite acts with: one platform, a space on it, and people, in people's own terms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from core.bot import Address, Bot, Sent
from core.message import Message
from core.testing.receiver import RecordingReceiver


@dataclass(frozen=True)
class Seen:
    """A message as one member sees it. ``text`` is read aloud, title and fields included; ``marked`` is HTML."""

    id: str
    text: str
    marked: str = ""
    labels: tuple[str, ...] = ()
    """What can be pressed, picked or followed, by its label."""
    images: tuple[str, ...] = ()
    thread: str = ""
    private: bool = False
    """It stands in the private chat, or nobody else sees it."""


class Came(StrEnum):
    """What came of an act."""

    WORDS = "words"
    FORM = "form"
    NOTHING = "nothing"
    """It was taken, and nothing is shown."""
    FAILED = "failed"
    """The platform's own "this failed"."""


@dataclass(frozen=True)
class Result:
    """What a member saw after acting: ``text`` is the answer's, or the form's title and labels."""

    came: Came
    text: str = ""
    seen: Seen | None = None


class Trouble(StrEnum):
    """What can happen to the next message that the bot sends."""

    BUSY = "busy"
    """Refused with 429 and a time to wait."""
    BROKEN = "broken"
    """Refused with 500."""
    LOST = "lost"
    """The line breaks before the message is taken."""
    LOST_AFTER_TAKING = "lost after taking"
    """The message stands, and then the line breaks."""


@dataclass
class Rig(ABC):
    """A connected bot in a space with a channel, its owner and two members, who never wrote to the bot in private.

    ``mia`` speaks English and ``jonas`` German. Every act waits for what comes of it.
    """

    bot: Bot
    receiver: RecordingReceiver
    space: str
    channel: str
    owner: str
    mia: str
    jonas: str
    others: list[Bot] = field(default_factory=list, kw_only=True)
    """Further bots with the same token, to be stopped at the end."""

    # -- what the bot does ---------------------------------------------------------------------------------------
    async def post(self, message: Message, key: str = "key-1") -> Sent:
        """The bot posts in the channel."""
        return await self.bot.send(Address(self.space, self.channel), message, key=key)

    async def another(self) -> tuple[Bot, RecordingReceiver]:
        """What another process has on the same store: a bot with the same token, started, that does not listen."""
        bot, receiver = self.make(), RecordingReceiver()
        receiver.watermarks, receiver.dialogues = self.receiver.watermarks, self.receiver.dialogues
        await bot.start(receiver)
        self.others.append(bot)
        return bot, receiver

    @abstractmethod
    def make(self) -> Bot:
        """A further bot with the same token."""

    # -- what people see -----------------------------------------------------------------------------------------
    @abstractmethod
    def visible(self, member: str) -> list[Seen]:
        """The bot's messages that a member sees, in the channel, its threads and their private chat; oldest first."""

    @abstractmethod
    def seen(self, sent: Sent) -> Seen:
        """A sent message in the channel. Raises LookupError when it does not stand there."""

    @abstractmethod
    async def drawn(self, message: Seen) -> bytes:
        """The bytes of the only picture in a message, from where a member's app gets them."""

    def as_written(self, text: str) -> str:
        """A text that is seen, with look-alikes put back where a platform has no way to escape a character."""
        return text

    # -- what people do ------------------------------------------------------------------------------------------
    @abstractmethod
    async def press(self, member: str, message: Seen, label: str, *, seconds: float = 5.0) -> Result:
        """Press a button. Where that leads to a form, it is open then."""

    @abstractmethod
    async def fill(self, member: str, values: Mapping[str, str | Sequence[str]]) -> Result:
        """Fill the form that stands open in front of the member, by the labels of fields and options, and send it."""

    @abstractmethod
    async def choose(self, member: str, message: Seen, *labels: str) -> Result:
        """Choose options of the choice in a message, however it is shown."""

    @abstractmethod
    async def reply(self, member: str, message: Seen, text: str) -> None:
        """Answer a message, the way people do it there."""

    @abstractmethod
    async def write(self, member: str, text: str) -> None:
        """Write in the channel, to nobody in particular."""

    @abstractmethod
    async def command(self, member: str, text: str) -> Result:
        """``/hall TEXT`` in the channel."""

    @abstractmethod
    async def open_private(self, member: str) -> None:
        """The member opens the private chat, so that the bot may write to them."""

    @abstractmethod
    async def react(self, member: str, message: Seen, *, present: bool) -> None:
        """Put a thumb on a message, or take it off."""

    @abstractmethod
    async def join(self, name: str) -> str:
        """Somebody joins the space; their id."""

    @abstractmethod
    async def leave(self, member: str) -> None:
        """Somebody leaves it."""

    @abstractmethod
    async def forge(self, member: str, message: Seen, payload: str) -> Result:
        """Press the message's first button with another payload in it, as a changed client could."""

    # -- what goes wrong -----------------------------------------------------------------------------------------
    @abstractmethod
    async def trouble(self, what: Trouble) -> None:
        """Befall the next message that the bot sends."""

    @abstractmethod
    async def trouble_reading(self, what: Trouble) -> None:
        """Befall the next call by which the bot looks what stands in a channel."""

    @abstractmethod
    async def forbid_reading(self) -> None:
        """The bot may see no more what was written in the channel."""

    @abstractmethod
    async def repeat_next_event(self) -> None:
        """The platform will tell the bot of the next event twice."""

    @abstractmethod
    async def disconnect(self) -> None:
        """The bot's line to the platform breaks; returns when the bot is connected again."""

    @abstractmethod
    async def close_channel(self) -> None:
        """The channel is deleted."""
