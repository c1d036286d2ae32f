"""The seam between the hall and a platform: what a bot must do, and what it gets.

A bot translates frames into events and messages into calls. It keeps no state that a restart would miss, decides
nothing about communities and never reaches the store: what must survive a restart is kept by :class:`Dialogues`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple, Protocol

from pydantic import BaseModel

from core.capabilities import Capabilities
from core.clock import Clock
from core.event import Event, Who
from core.form import Form
from core.message import Message
from core.texts import Words


class Answering(Protocol):
    """How one event is answered. A bot makes one for each event that can be answered.

    The bot itself keeps the platform's deadline: when neither method was called in time it acknowledges, which
    promises nothing, and answers later by a follow-up.
    """

    @property
    def can_open_form(self) -> bool:
        """A form may be the next answer (never after an acknowledgement, nor where a form can't follow a form)."""

    async def form(self, form: Form, language: str) -> None:
        """Open the form for the member who acted. Spoken already. On a dialogue platform this starts the dialogue."""

    async def say(self, message: Message) -> None:
        """Show the message to the member who acted, and to nobody else where the platform can."""

    async def invalid(self, errors: Mapping[str, str], message: Message) -> None:
        """The submitted form has errors by field: shown beside them where the platform can, else ``message``."""

    async def acknowledge(self) -> None:
        """The act was taken and there is nothing to show."""


class Dialogues(Protocol):
    """Where a bot keeps an open private dialogue, encrypted, beyond a restart.

    ``key`` is the member's external id, so that what they began to say is found and erased with them.
    """

    async def load(self, platform: str, key: str) -> dict[str, Any] | None:
        """What was saved, None when nothing is open or it is too old."""

    async def save(self, platform: str, key: str, state: Mapping[str, Any]) -> None:
        """Keep the state, JSON data, until it is cleared or grows too old. Durable when it returns."""

    async def clear(self, platform: str, key: str) -> None:
        """The dialogue is over."""


class Watermarks(Protocol):
    """How far a numbered stream of events was handled, so that a repeat beyond the inbox's memory is known."""

    async def watermark(self, source: str) -> int | None:
        """The highest number that was handled, None at the very first start."""

    async def advance(self, source: str, value: int) -> None:
        """All up to ``value`` is handled. Never goes back."""


class CommandInfo(NamedTuple):
    """A command as bots register it: ``/hall NAME``. ``title`` is spoken in each language of ``titles``."""

    name: str
    titles: Mapping[str, str]
    takes_text: bool = False
    form: bool = False
    """The command opens a form: where that must be the first answer, the bot does not acknowledge before it."""
    seldom: bool = False
    """It steps behind the others where the platform shows only so many."""


class Receiver(Protocol):
    """What a bot sees of the hall."""

    dialogues: Dialogues
    watermarks: Watermarks
    clock: Clock

    async def receive(self, event: Event, answering: Answering | None = None) -> None:
        """Handle one event. Returns when its effects are committed and it was answered. Never raises: what goes
        wrong is logged and answered by a kind word."""

    async def open_posts(self, platform: str, space: str, since: datetime) -> Sequence[Sent]:
        """The posts in a space that took replies at some time since: what was said to them meanwhile is wanted, by a
        bot whose platform keeps messages and says none twice."""

    def commands(self) -> Sequence[CommandInfo]:
        """All commands of all plugins."""

    def language_of(self, who: Who) -> str:
        """The spoken language nearest to what the member's client says."""

    def say(self, words: Words, language: str) -> str:
        """A bot's own words in a language."""


class Address(NamedTuple):
    """Where a message goes, in the platform's ids: a ``channel`` (perhaps a ``thread`` in it), or a ``member``."""

    space: str
    channel: str = ""
    member: str = ""
    thread: str = ""


class Sent(NamedTuple):
    """A message that stands on a platform: what is needed to edit it or to find its replies."""

    channel: str
    message: str


class SendError(Exception):
    """A message did not go out. The text says why in the platform's words; never a member's data."""


class SendRefused(SendError):
    """The platform will not take it however often it is tried: the channel is gone, closed, or the bot removed.

    ``gone`` is true where the channel or the message does not exist any more.
    """

    def __init__(self, reason: str, *, gone: bool = False) -> None:
        super().__init__(reason)
        self.gone = gone


class SendFailed(SendError):
    """It was certainly not taken and may be tried again, after ``retry_after`` seconds where the platform said so."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class SendUnknown(SendError):
    """The line broke while sending: nobody knows whether it was taken."""


class Standing(NamedTuple):
    """What a member may be in a space: the platform's roles there by id, ``owner`` and ``admin`` among them."""

    present: bool
    roles: frozenset[str] = frozenset()


class ChannelInfo(NamedTuple):
    """A channel that the bot sees. ``writable`` says whether it may post there."""

    external_id: str
    name: str
    writable: bool = True


class Severity(StrEnum):
    """How a finding of the doctor reads."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


class Finding(NamedTuple):
    """One thing the doctor looked at; ``text`` says what to do next where something is wrong."""

    severity: Severity
    subject: str
    text: str


@dataclass(slots=True)
class Health:
    """A bot's connection as it is now. ``last_frame`` is when the platform was last heard, heartbeats included."""

    connected: bool = False
    listening: bool = False
    """This process hears the platform; False where another process does and this one only sends."""
    last_frame: datetime | None = None
    detail: str = ""
    losses: dict[str, int] = field(default_factory=dict)
    """What could not be shown, counted by ``Loss.what``."""


class Bot(Protocol):
    """One platform's bot. Made with its settings, started with the hall, stopped in under a second.

    Of several processes one hears a platform, by a lease; the others send, and take over when it dies.
    """

    platform: ClassVar[str]
    """A short permanent name, stored with spaces and accounts."""
    settings_model: ClassVar[type[BaseModel]]
    """The settings this bot contributes, under its platform's name."""
    capabilities: Capabilities
    health: Health

    async def start(self, receiver: Receiver) -> None:
        """Log in: from now on it can send, edit and ask. Raises :class:`BotStartError` with words that say what to
        do."""

    async def listen(self) -> None:
        """Begin to hear; returns when connected. Raises :class:`BotStartError`. Idempotent."""

    async def hush(self) -> None:
        """Hear no more, let what is being handled end; sending goes on. Idempotent."""

    async def stop(self) -> None:
        """Leave cleanly. Idempotent."""

    async def send(self, address: Address, message: Message, *, key: str) -> Sent:
        """Send a spoken message. ``key`` (at most 25 characters) is the same at every try of the same message.

        Raises :class:`SendRefused`, :class:`SendFailed` or :class:`SendUnknown`, nothing else.
        """

    async def find(self, address: Address, message: Message, *, key: str, since: datetime) -> Sent | None:
        """Whether a message that was sent after ``since`` stands; None where it surely does not.

        Asked some seconds after a send of which nobody knows. Raises :class:`SendFailed` when it can't be told now,
        and :class:`SendRefused` when it never can: a platform without history, or one that this bot may not read.
        """

    async def edit(self, sent: Sent, message: Message) -> None:
        """Replace a sent message. Raises as :meth:`send`.

        A message that was sent with a picture of bytes comes with that same picture again, and one without never with
        one (see :class:`core.message.Image`): so a bot need not upload it again.
        """

    async def delete(self, sent: Sent) -> None:
        """Take a sent message back. Raises as :meth:`send`."""

    async def standing(self, space: str, member: str) -> Standing:
        """A member's roles in a space, asked of the platform. Raises :class:`SendError` when it does not answer."""

    async def channels(self, space: str) -> Sequence[ChannelInfo]:
        """The channels of a space that members write in."""

    async def headcount(self, space: str, channel: str) -> int:
        """About how many people can see a channel now, by a question or two: this bot is none of them, others are as
        far as the platform does not tell them apart.

        Raises :class:`SendRefused` where the platform does not tell, another :class:`SendError` where not now.
        """

    async def examine(self) -> Sequence[Finding]:
        """For the doctor: token, intents and scopes, without :meth:`start`."""

    async def examine_channel(self, space: str, channel: str) -> Sequence[Finding]:
        """For the doctor: what the bot may do in a channel."""


class BotStartError(Exception):
    """A bot can't start; the text says what to do next and never holds the token."""
