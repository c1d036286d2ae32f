"""What the Bot API's methods and people's acts both work on, and who hears of what."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.faults import Faults
from sandbox.record import Record, Taken
from sandbox.telegram import watch, wire
from sandbox.telegram.limits import SendLimits
from sandbox.telegram.params import Upload
from sandbox.telegram.rules import QUERY_SECONDS
from sandbox.telegram.updates import Updates
from sandbox.telegram.watch import Watch
from sandbox.telegram.world import MANAGERS, PRESENT, Chat, Message, User, World


@dataclass(eq=False, slots=True)
class Press:
    """A press on an inline button that waits for the bot's answer."""

    id: str
    member: User
    message: Message
    at: float
    answer: asyncio.Future[dict[str, Any]]


@dataclass(frozen=True)
class StoredFile:
    """A file that the bot uploaded."""

    id: str
    path: str
    upload: Upload


@dataclass
class BotProfile:
    """What the bot said about itself: commands by scope and language, names and descriptions by language."""

    commands: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)


class Backend:
    """The platform's state with its side effects: updates to the bot, news to who waits, the record."""

    def __init__(
        self, bot: User, *, privacy: bool, limited: bool, faults: Faults, record: Record, changed: Callable[[], None]
    ) -> None:
        self.world = World(bot)
        self.updates = Updates(faults)
        self.watch = Watch()
        self.limits = SendLimits(enabled=limited)
        self.profile = BotProfile()
        self.record = record
        self.privacy = privacy
        self.changed = changed
        self.presses: dict[str, Press] = {}
        self.files: dict[str, StoredFile] = {}
        self.polls: dict[str, Message] = {}
        self.votes: dict[str, dict[int, list[int]]] = {}
        self.webhook_info: dict[str, Any] = {}
        self.webhook_changed = asyncio.Event()
        self._press_ids = itertools.count(4_382_000_000_000_001)

    # -- people to bot
    def hears(self, message: Message) -> bool:
        """Whether the bot gets this message. Source: core.telegram.org/bots/features#privacy-mode."""
        chat, bot = message.chat, self.world.bot
        if chat.person is not None:
            return not chat.person.blocked
        status = self.world.bot_status(chat)
        if status not in PRESENT:
            return False
        if not self.privacy or status in MANAGERS or message.service:
            return True
        if message.reply_to is not None and message.reply_to.sender is bot:
            return True
        return any(
            entity["type"] == "bot_command" and self._for_me(message.text, entity) for entity in message.entities
        )

    def _for_me(self, text: str, entity: dict[str, Any]) -> bool:
        units = text.encode("utf-16-le")
        word = units[entity["offset"] * 2 : (entity["offset"] + entity["length"]) * 2].decode("utf-16-le")
        _, _, name = word.partition("@")
        return not name or name.lower() == self.world.bot.username.lower()

    def say(self, chat: Chat, sender: User, **fields: Any) -> Message:
        """A human writes, or a service message appears; the bot hears it if it may."""
        message = self.world.write(chat, sender, **fields)
        if self.hears(message):
            self.updates.put("message", wire.message(message))
        self.changed()
        return message

    def press(self, member: User, message: Message, data: str) -> Press:
        """A press reaches the bot. It carries no date. Source: CallbackQuery."""
        self._forget_old_presses()
        press = Press(
            str(next(self._press_ids)), member, message, time.monotonic(), asyncio.get_running_loop().create_future()
        )
        self.presses[press.id] = press
        self.updates.put(
            "callback_query",
            {
                "id": press.id,
                "from": wire.user(member),
                "message": wire.message(message),
                "chat_instance": str(-message.chat.id * 7919),
                "data": data,
            },
        )
        return press

    def _forget_old_presses(self) -> None:
        """They stand in the order of their times, so only the oldest need a look."""
        now = time.monotonic()
        while self.presses:
            oldest = next(iter(self.presses.values()))
            if now - oldest.at <= QUERY_SECONDS:
                return
            del self.presses[oldest.id]

    def set_status(self, chat: Chat, user: User, status: str, by: User) -> None:
        """Somebody's standing in a group changes; the bot hears of its own always, of others' as an administrator."""
        old = chat.status(user.id)
        mine = user is self.world.bot
        may_hear = mine or self.world.bot_status(chat) in MANAGERS
        chat.members[user.id] = status
        if may_hear and old != status:
            self.updates.put(
                "my_chat_member" if mine else "chat_member",
                {
                    "chat": wire.chat(chat),
                    "from": wire.user(by),
                    "date": int(time.time()),
                    "old_chat_member": wire.member(user, old),
                    "new_chat_member": wire.member(user, status),
                },
            )
        self.changed()

    def set_blocked(self, user: User, blocked: bool) -> None:
        """Somebody blocks the bot, or lets it in again. Source: Update.my_chat_member."""
        if user.blocked == blocked:
            return
        user.blocked = blocked
        bot = self.world.bot
        self.updates.put(
            "my_chat_member",
            {
                "chat": wire.chat(self.world.chats[user.id]),
                "from": wire.user(user),
                "date": int(time.time()),
                "old_chat_member": wire.member(bot, "member" if blocked else "kicked"),
                "new_chat_member": wire.member(bot, "kicked" if blocked else "member"),
            },
        )
        self.changed()

    def react(self, message: Message, user: User, old: list[str], new: list[str]) -> None:
        """Somebody's reactions to a message change; administrators hear of it. Source: Update.message_reaction."""
        chat = message.chat
        if chat.person is None and self.world.bot_status(chat) not in MANAGERS:
            return
        self.updates.put(
            "message_reaction",
            {
                "chat": wire.chat(chat),
                "message_id": message.id,
                "user": wire.user(user),
                "date": int(time.time()),
                "old_reaction": [{"type": "emoji", "emoji": emoji} for emoji in old],
                "new_reaction": [{"type": "emoji", "emoji": emoji} for emoji in new],
            },
        )

    def vote(self, message: Message, user: User, options: list[int]) -> None:
        """Somebody votes. Source: Update.poll, Update.poll_answer."""
        poll = message.content["poll"]
        votes = self.votes.setdefault(poll["id"], {})
        votes[user.id] = options
        if not options:
            del votes[user.id]
        for place, option in enumerate(poll["options"]):
            option["voter_count"] = sum(place in chosen for chosen in votes.values())
        poll["total_voter_count"] = len(votes)
        self.updates.put("poll", poll)
        if not poll["is_anonymous"]:
            persistent = [str(place) for place in options]
            self.updates.put(
                "poll_answer",
                {
                    "poll_id": poll["id"],
                    "user": wire.user(user),
                    "option_ids": options,
                    "option_persistent_ids": persistent,
                },
            )
        self.changed()

    # -- bot to people
    def post(self, call: str, chat: Chat, **fields: Any) -> Message:
        """The bot's message stands in the chat."""
        message = self.world.write(chat, self.world.bot, **fields)
        self.record.taken.append(Taken(message.date, call, channel_id(message), message.key, message.text))
        self._tell_readers(message)
        self.changed()
        return message

    def _tell_readers(self, message: Message) -> None:
        chat = message.chat
        self.watch.tell(watch.to_member(chat.id, 0), message)
        if chat.person is not None:
            self.watch.tell(watch.to_member(chat.id, chat.id), message)
            return
        if message.reply_to is not None:
            self.watch.tell(watch.to_member(chat.id, message.reply_to.sender.id), message)
        for entity in message.entities:
            if entity["type"] == "text_mention":
                self.watch.tell(watch.to_member(chat.id, entity["user"]["id"]), message)

    def edited(self, message: Message) -> None:
        """The bot changed a message of its own."""
        message.edited = time.time()
        message.edits += 1
        self.watch.tell(watch.changed(message), message)
        self.changed()

    def keep(self, upload: Upload) -> StoredFile:
        """Store an uploaded file under a new id."""
        name = secrets.token_urlsafe(18)
        suffix = upload.name.rpartition(".")[2] if "." in upload.name else "bin"
        stored = StoredFile(f"BQACAgIAAx{name}", f"documents/file_{len(self.files)}.{suffix}", upload)
        self.files[stored.id] = stored
        return stored


def channel_id(message: Message) -> str:
    """The channel in which people see a message: the chat, or a topic of it."""
    chat = message.chat
    return f"{chat.id}/{message.thread}" if message.thread in chat.topics else str(chat.id)
