"""What can happen in a hall: one closed union that every bot translates its platform's frames into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.action import Action
from core.form import Raw


@dataclass(frozen=True, slots=True)
class Who:
    """One account on one platform, as an event tells of it.

    ``scope`` is where ``external_id`` is unique: empty on platforms with one namespace, else the workspace's id.
    ``locale`` is a BCP 47 tag where the platform tells. ``name`` is never stored.
    """

    platform: str
    scope: str
    external_id: str
    name: str = field(default="", repr=False)
    locale: str = ""
    human: bool = True


@dataclass(frozen=True, slots=True)
class Where:
    """The place of an event, in the platform's own ids.

    ``space`` is empty in a private chat on platforms where that belongs to no space; ``thread`` is the id of the
    thread or of the message that it hangs on.
    """

    platform: str
    space: str
    channel: str
    thread: str = ""
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Happened:
    """What all events share. ``id`` is the platform's own event id and ``at`` its time, where it has them."""

    where: Where
    who: Who | None
    id: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandInvoked(_Happened):
    """A command of ours, ``name`` out of the commands that the plugins declare, ``text`` what followed it."""

    who: Who
    name: str
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed(_Happened):
    """A button was pressed. ``form`` is what the button said: the press wants a form as its first answer.

    ``message`` is the pressed message's id. A press is a claim by a client: handlers check again.
    """

    who: Who
    action: Action
    form: bool = False
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen(_Happened):
    """Options of a choice were picked; ``values`` are theirs, and a claim by a client like every press."""

    who: Who
    action: Action
    values: tuple[str, ...]
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted(_Happened):
    """A form was sent; ``values`` are unchecked."""

    who: Who
    action: Action
    values: Mapping[str, Raw] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied(_Happened):
    """A member answered one of our messages by a plain reply or in its thread. ``to`` is our message's id.

    ``readable`` is False where the platform hides the words from the bot.
    """

    who: Who
    to: str
    message: str
    text: str = field(repr=False)
    readable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(_Happened):
    """A member wrote something else."""

    who: Who
    message: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited(_Happened):
    """A member changed a message of theirs. ``to`` is our message that it answers, or empty."""

    who: Who
    message: str
    text: str = field(repr=False)
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted(_Happened):
    """A message is gone. Platforms don't say by whom."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacted(_Happened):
    """A reaction is there (``present``) or gone. Idempotent by state.

    ``ours``: whether the message is the bot's own; None where the platform does not say.
    """

    who: Who
    message: str
    emoji: str
    present: bool
    ours: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined(_Happened):
    """A member is in the space. Idempotent by state."""

    who: Who


@dataclass(frozen=True, slots=True, kw_only=True)
class Left(_Happened):
    """A member is no longer in the space. Idempotent by state."""

    who: Who


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed(_Happened):
    """The bot is in a space; ``who`` added it, where the platform tells. ``name`` is the space's name."""

    name: str
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed(_Happened):
    """The bot is no longer in the space."""


HeardByAll = Said | Deleted | Joined | Left | Installed | Removed
"""What is about no activity, and goes to every plugin that listens."""

Event = (
    CommandInvoked
    | Pressed
    | Chosen
    | Submitted
    | Replied
    | Said
    | Edited
    | Deleted
    | Reacted
    | Joined
    | Left
    | Installed
    | Removed
)
