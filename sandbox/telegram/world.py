"""What exists on the sandbox's Telegram: people, groups, private chats, messages."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

FIRST_USER = 5_000_000_001
FIRST_GROUP = 1_001_000_000_001

PRESENT = frozenset({"creator", "administrator", "member"})
"""The statuses of those who are in a group. Source: ChatMember."""
MANAGERS = frozenset({"creator", "administrator"})
"""The statuses of those who manage a group."""


@dataclass(eq=False, slots=True)
class User:
    """A human, or the bot. ``started`` and ``blocked`` say how the private chat with the bot stands."""

    id: int
    name: str
    language: str = "en"
    is_bot: bool = False
    username: str = ""
    started: bool = False
    blocked: bool = False


@dataclass(eq=False, slots=True)
class Message:
    """One message. ``content`` holds photo, document, poll and the like in their wire shapes, ``service`` a
    service message's field. ``text`` is the caption where ``content`` is not empty."""

    chat: Chat
    id: int
    sender: User
    date: float
    text: str = ""
    entities: list[dict[str, Any]] = field(default_factory=list)
    content: dict[str, Any] = field(default_factory=dict)
    service: dict[str, Any] = field(default_factory=dict)
    reply_to: Message | None = None
    thread: int = 0
    markup: dict[str, Any] | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    edited: float = 0.0
    edits: int = 0
    reactions: dict[str, list[int]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The id by which people's acts name a message: unique over all chats."""
        return f"{self.chat.id}:{self.id}"


@dataclass(eq=False, slots=True)
class Topic:
    """A forum topic of a group: its thread id is the id of the message that opened it."""

    id: int
    name: str
    writable: bool = True
    deleted: bool = False


@dataclass(eq=False, slots=True)
class Chat:
    """A supergroup, or the private chat with one person (then ``person`` is set and ``id`` is theirs)."""

    id: int
    title: str = ""
    person: User | None = None
    members: dict[int, str] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)
    ids: Any = field(default_factory=lambda: itertools.count(1))
    named: bool = False
    writable: bool = True
    photos: bool = True
    """Members may send photos. Source: ChatPermissions.can_send_photos; administrators always may."""
    deleted: bool = False
    pinned: list[int] = field(default_factory=list)

    @property
    def forum(self) -> bool:
        """Whether the group has topics."""
        return bool(self.topics)

    def status(self, user: int) -> str:
        """A member's status; ``left`` for who was never here."""
        return self.members.get(user, "left")


class World:
    """Everything by id; nothing here is found by looking through all of it."""

    def __init__(self, bot: User) -> None:
        self.bot = bot
        self.users: dict[int, User] = {bot.id: bot}
        self.chats: dict[int, Chat] = {}
        self.groups: dict[int, Chat] = {}
        self._by_name: dict[str, User] = {}
        self._private_ids = itertools.count(1)
        self._user_ids = itertools.count(FIRST_USER)
        self._group_ids = itertools.count(FIRST_GROUP)

    def human(self, name: str, language: str) -> User:
        """The human of that name, made when new: who leaves and joins again is the same account."""
        user = self._by_name.get(name)
        if user is None:
            user = self._by_name[name] = User(next(self._user_ids), name, language)
            self.users[user.id] = user
            # A private chat's ids are counted over all of the bot's private chats, as in the bot's own account.
            self.chats[user.id] = Chat(user.id, person=user, ids=self._private_ids)
        return user

    def group(self, title: str, owner: User) -> Chat:
        """A new supergroup."""
        chat = Chat(-next(self._group_ids), title, members={owner.id: "creator"})
        self.chats[chat.id] = self.groups[chat.id] = chat
        return chat

    def write(self, chat: Chat, sender: User, **fields: Any) -> Message:
        """A new message in a chat."""
        message = Message(chat, next(chat.ids), sender, time.time(), **fields)
        chat.messages[message.id] = message
        return message

    def bot_status(self, chat: Chat) -> str:
        """The bot's own status in a chat."""
        return chat.status(self.bot.id)
