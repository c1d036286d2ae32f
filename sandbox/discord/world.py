"""What exists on the sandbox's Discord: users, servers, channels, messages. No wire formats, no rules."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.discord.snowflake import Snowflakes

Wire = dict[str, Any]
"""A JSON object as it goes over the wire."""

TEXT, DM, PUBLIC_THREAD = 0, 1, 11
"""Channel types (Discord's reference, "Channel Types")."""
THREADS = frozenset({10, 11, 12})
EPHEMERAL = 1 << 6
LOADING = 1 << 7
COMPONENTS_V2 = 1 << 15
SUPPRESS_EMBEDS = 1 << 2
HAS_THREAD = 1 << 5


@dataclass(slots=True)
class User:
    """A human, or the bot. ``direct`` is the private channel with the bot, once one was opened.

    ``name`` is what people see, ``handle`` the user name that Discord makes unique, in its few letters.
    """

    id: int
    name: str
    bot: bool = False
    locale: str = "en-US"
    accepts_direct: bool = True
    direct: int = 0
    handle: str = field(init=False)

    def __post_init__(self) -> None:
        self.handle = re.sub(r"[^a-z0-9_.]", "_", self.name.lower())[:32]


@dataclass(slots=True)
class Membership:
    """A user in a server. One who left stays here with ``present`` false, so that people see who wrote."""

    user: User
    role: str
    joined_at: float
    present: bool = True


@dataclass(slots=True)
class AuditEntry:
    """A line of the server's audit log."""

    id: int
    action: int
    user: int
    target: int


@dataclass(slots=True)
class Guild:
    """A server. ``installed`` says whether the bot is in it."""

    id: int
    name: str
    owner: int
    locale: str
    admin_role: int
    bot_role: int
    members: dict[int, Membership] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    audit: list[AuditEntry] = field(default_factory=list)
    present: int = 0
    installed: bool = False
    bot_joined_at: float = 0.0
    bot_permissions: int = 0


@dataclass(slots=True)
class Channel:
    """A channel, a thread, or a private channel between the bot and ``recipient``."""

    id: int
    name: str
    type: int
    guild: Guild | None = None
    recipient: User | None = None
    parent: Channel | None = None
    owner: int = 0
    writable: bool = True
    denied: int = 0
    """Permissions that the channel takes away from the bot, besides writing."""
    hidden: bool = False
    """A private channel: everyone may not view it, and the bot may. The sandbox's people see it all the same."""
    archive_minutes: int = 1440
    messages: dict[int, Message] = field(default_factory=dict)
    pins: dict[int, float] = field(default_factory=dict)
    last_message: int | None = None
    sent: int = 0
    users: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Attachment:
    """A file of a message, kept in memory."""

    id: int
    filename: str
    content_type: str
    content: bytes
    url: str
    description: str = ""


@dataclass(slots=True)
class Message:
    """A message. ``only_for`` is the one user who sees an ephemeral message, else 0. ``key`` is its nonce.

    ``mentions`` are the users that it pings. ``interaction`` is the wire form of the interaction it answers.
    """

    id: int
    channel: Channel
    author: User
    content: str
    at: float
    type: int = 0
    flags: int = 0
    embeds: list[Wire] = field(default_factory=list)
    components: list[Wire] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    mentions: dict[int, User] = field(default_factory=dict)
    mention_roles: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    reference: Message | None = None
    reference_id: int = 0
    only_for: int = 0
    edited_at: float | None = None
    edits: int = 0
    reactions: dict[str, dict[int, None]] = field(default_factory=dict)
    pinned: bool = False
    key: str = ""
    interaction: Wire | None = None
    thread: Channel | None = None


class World:
    """Everything that exists, by id."""

    def __init__(self, bot_name: str) -> None:
        self.ids = Snowflakes()
        self.bot = User(self.ids.next(), bot_name, bot=True)
        self.users: dict[int, User] = {self.bot.id: self.bot}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.messages: dict[int, Message] = {}
        self.attachments: dict[int, Attachment] = {}
        self._names: dict[str, User] = {}

    @property
    def application(self) -> int:
        """The id of the bot's application: the bot user's own, as for every application made since 2016."""
        return self.bot.id

    def user_named(self, name: str, locale: str) -> User:
        """The human of that name, made when there is none: one name is one user in all servers."""
        user = self._names.get(name)
        if user is None:
            user = User(self.ids.next(), name, locale=locale)
            self._names[name] = self.users[user.id] = user
        return user

    def make_guild(self, name: str, owner: User, locale: str) -> Guild:
        """A new server, without channels, and without the bot."""
        guild = Guild(self.ids.next(), name, owner.id, locale, self.ids.next(), self.ids.next())
        self.guilds[guild.id] = guild
        return guild

    def enter(self, guild: Guild, user: User, role: str) -> Membership:
        """A human comes in, or comes back."""
        known = guild.members.get(user.id)
        if known is None or not known.present:
            guild.present += 1
        membership = guild.members[user.id] = Membership(user, role, time.time())
        return membership

    def make_channel(self, guild: Guild, name: str, *, writable: bool = True) -> Channel:
        """A new text channel."""
        channel = Channel(self.ids.next(), name, TEXT, guild=guild, writable=writable)
        guild.channels[channel.id] = self.channels[channel.id] = channel
        return channel

    def make_thread(self, parent: Channel, name: str, owner: User, minutes: int, start: Message | None) -> Channel:
        """A new public thread. One that starts from a message has that message's id."""
        thread_id = start.id if start is not None else self.ids.next()
        thread = Channel(
            thread_id, name, PUBLIC_THREAD, guild=parent.guild, parent=parent, owner=owner.id,
            writable=parent.writable, archive_minutes=minutes,
        )  # fmt: skip
        thread.users.add(owner.id)
        self.channels[thread.id] = thread
        if parent.guild is not None:
            parent.guild.channels[thread.id] = thread
        if start is not None:
            start.thread = thread
            start.flags |= HAS_THREAD
        return thread

    def direct(self, user: User) -> Channel:
        """The private channel between the bot and a human."""
        if user.direct:
            return self.channels[user.direct]
        channel = Channel(self.ids.next(), user.name, DM, recipient=user)
        self.channels[channel.id] = channel
        user.direct = channel.id
        return channel

    def remove_channel(self, channel: Channel) -> None:
        """A channel goes, with its threads and its messages."""
        guild = channel.guild
        gone: Iterable[Channel] = [channel]
        if guild is not None:
            gone = [c for c in guild.channels.values() if c is channel or c.parent is channel]
        for each in gone:
            self.channels.pop(each.id, None)
            if guild is not None:
                guild.channels.pop(each.id, None)
            for message in each.messages:
                self.messages.pop(message, None)

    def keep(self, message: Message) -> None:
        """A message stands in its channel."""
        channel = message.channel
        self.messages[message.id] = channel.messages[message.id] = message
        if not message.only_for:
            channel.last_message = message.id
            channel.sent += 1
            channel.users.add(message.author.id)

    def forget(self, message: Message) -> None:
        """A message goes."""
        self.messages.pop(message.id, None)
        message.channel.messages.pop(message.id, None)
        message.channel.pins.pop(message.id, None)

    def shares_guild(self, user: User) -> bool:
        """Whether the bot is in a server with that user."""
        for guild in self.guilds.values():
            membership = guild.members.get(user.id)
            if guild.installed and membership is not None and membership.present:
                return True
        return False
