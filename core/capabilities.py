"""What a platform can show, as data with numbers. Each bot states its own with the source of every limit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FormSupport(StrEnum):
    """How a form is filled in."""

    MODAL = "modal"
    """A window that opens in front of the member."""
    DIALOGUE = "dialogue"
    """Question by question in the private chat."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``count`` in any ``seconds``."""

    count: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """A platform's abilities and limits. Lengths are in characters, times in seconds."""

    form: FormSupport
    form_after_form: bool
    """A submitted form may be answered by another one at once."""
    form_errors: bool
    """Errors can be shown beside the fields of a form that stays open."""
    form_title: int
    form_label: int
    ephemeral: bool
    """A message in a public channel that one member alone sees."""
    threads: bool
    reactions: bool
    edit: bool
    images: bool
    private_first: bool
    """The bot may write to a member who never wrote to it."""
    shared_multiple_choice: bool
    """Several members can each choose several options in one public message."""
    local_times: bool
    """A moment can be shown in the reader's own zone."""
    max_text: int
    max_title: int
    max_fields: int
    max_controls: int
    max_button_label: int
    max_options: int
    max_caption: int = 0
    """Characters of a message that has a picture of bytes, where those are fewer than ``max_text``; 0 where not."""
    alert_text: int = 0
    """The longest only-you answer to a press that is not a message; 0 where there is none."""
    edit_every: float = 2.0
    """Seconds between two edits of one message, so that edits stay far from the rate limit."""
    send_limits: tuple[Limit, ...] = (Limit(30, 1.0),)
    """Messages and edits of the whole bot, all its processes together."""
    channel_limits: tuple[Limit, ...] = (Limit(1, 1.0),)
    """Messages and edits in one channel or private chat."""
    resend_seconds: float = 0.0
    """For so long the platform knows a message by its key: sent again within that time it can't stand twice."""
    pings: bool = False
    """A message can ping a role or a group (:attr:`core.message.Message.ping`)."""
    colors: bool = False
    """A message can have a colour (:attr:`core.message.Message.color`)."""
    finds: bool = False
    """The bot can look whether a message arrived (:meth:`core.bot.Bot.find`)."""
