"""What there is in a workspace: people, channels, messages. It knows nothing of the wire."""

from __future__ import annotations

import itertools
import random
import string
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

JSON = dict[str, Any]

LOCALES = {
    "en": ("en-US", "America/New_York"),
    "de": ("de-DE", "Europe/Berlin"),
    "fr": ("fr-FR", "Europe/Paris"),
    "es": ("es-ES", "Europe/Madrid"),
    "it": ("it-IT", "Europe/Rome"),
    "pt": ("pt-BR", "America/Sao_Paulo"),
    "ja": ("ja-JP", "Asia/Tokyo"),
    "ko": ("ko-KR", "Asia/Seoul"),
}
"""A language's usual locale, as Slack names it, and a time zone where it is spoken."""

ROLES = ("owner", "admin", "member")


@dataclass
class User:
    """A person, or the bot. ``locale`` is Slack's, with a region; ``tz`` an IANA zone."""

    id: str
    name: str
    role: str = "member"
    locale: str = "en-US"
    tz: str = "America/New_York"
    present: bool = True
    is_bot: bool = False


@dataclass
class Message:
    """A message in one channel. ``only_for`` holds the one user who sees an ephemeral message."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[JSON] = field(default_factory=list)
    thread_ts: str = ""
    metadata: JSON | None = None
    only_for: str = ""
    by_bot: bool = False
    subtype: str = ""
    edits: int = 0
    edited_ts: str = ""
    reactions: dict[str, dict[str, None]] = field(default_factory=dict)
    files: list[JSON] = field(default_factory=list)
    attachments: list[JSON] = field(default_factory=list)
    pinned: bool = False


@dataclass
class Channel:
    """A public channel, or with ``im_user`` the private chat between that user and the bot.

    ``messages`` are in the order of their ts; ``threads`` has the replies of each thread by its root's ts.
    """

    id: str
    name: str
    created: int
    creator: str = ""
    writable: bool = True
    archived: bool = False
    is_general: bool = False
    im_user: str = ""
    members: dict[str, None] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    threads: dict[str, list[str]] = field(default_factory=dict)

    def newest(self, count: int) -> list[Message]:
        """The newest ``count`` messages, oldest first."""
        return list(itertools.islice(reversed(self.messages.values()), count))[::-1]


class World:
    """One workspace. Every look-up on the way of an act is a dictionary's."""

    def __init__(self, bot_name: str) -> None:
        self._salt = "".join(random.choices(string.ascii_uppercase + string.digits, k=5))
        self._numbers = itertools.count(1)
        self._last_ts = 0
        self.team_id = self.new_id("T")
        self.name = ""
        self.domain = "sandbox"
        self.locale = "en-US"
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.channel_names: dict[str, str] = {}
        self.ims: dict[str, str] = {}
        self.messages: dict[str, Message] = {}
        self.usergroups: dict[str, JSON] = {}
        self.bot = User(self.new_id("U"), bot_name, is_bot=True, tz="America/Los_Angeles")
        self.users[self.bot.id] = self.bot

    def new_id(self, kind: str) -> str:
        """An id as Slack's: a letter for the kind, then capitals and digits. No two workspaces share one."""
        return f"{kind}0{self._salt}{next(self._numbers):05X}"

    def now_ts(self) -> str:
        """A message's name and time: seconds with six places, rising, and here unique over all channels."""
        self._last_ts = max(self._last_ts + 1, time.time_ns() // 1000)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def add_user(self, name: str, role: str, locale: str) -> User:
        """A person joins the workspace and every public channel in it."""
        region, zone = LOCALES.get(locale.split("-")[0], (locale, "Etc/UTC"))
        user = User(self.new_id("U"), name, role, locale if "-" in locale else region, zone)
        self.users[user.id] = user
        for channel in self.public_channels():
            channel.members[user.id] = None
        return user

    def add_channel(self, name: str, *, creator: str, writable: bool) -> Channel:
        """A public channel with every person of the workspace in it. The bot waits to be invited."""
        channel = Channel(
            self.new_id("C"), name, int(time.time()), creator, writable, is_general=not self.channel_names
        )
        channel.members = {user.id: None for user in self.users.values() if user.present and not user.is_bot}
        self.channels[channel.id] = channel
        self.channel_names[name] = channel.id
        return channel

    def open_im(self, user: str) -> Channel:
        """The private chat between ``user`` and the bot, made when it is not there yet."""
        if user in self.ims:
            return self.channels[self.ims[user]]
        channel = Channel(self.new_id("D"), "directmessage", int(time.time()), im_user=user)
        channel.members = {user: None, self.bot.id: None}
        self.channels[channel.id] = channel
        self.ims[user] = channel.id
        return channel

    def drop_channel(self, channel: Channel) -> None:
        """The channel and all that stands in it are gone."""
        del self.channels[channel.id]
        self.channel_names.pop(channel.name, None)
        for ts in channel.messages:
            self.messages.pop(ts, None)

    def add_message(self, message: Message) -> Message:
        """The message stands in its channel, and in its thread when it has one."""
        channel = self.channels[message.channel]
        channel.messages[message.ts] = message
        self.messages[message.ts] = message
        if message.thread_ts and not message.only_for:
            channel.threads.setdefault(message.thread_ts, []).append(message.ts)
        return message

    def drop_message(self, message: Message) -> None:
        """The message is gone."""
        channel = self.channels[message.channel]
        channel.messages.pop(message.ts, None)
        self.messages.pop(message.ts, None)
        if message.thread_ts in channel.threads and message.ts in channel.threads[message.thread_ts]:
            channel.threads[message.thread_ts].remove(message.ts)

    def public_channels(self) -> Iterator[Channel]:
        """Every channel that is no private chat."""
        return (channel for channel in self.channels.values() if not channel.im_user)

    def people(self) -> Iterator[User]:
        """Everybody but the bot, those who left included."""
        return (user for user in self.users.values() if not user.is_bot)
