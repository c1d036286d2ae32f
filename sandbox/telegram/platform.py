"""The sandbox's Telegram: one server, one bot, its groups and people."""

from __future__ import annotations

import time

from sandbox.control import ChannelView, ControlError, MessageView, Outcome, OutcomeKind, Platform, State
from sandbox.faults import Fault, FaultKind
from sandbox.telegram import views, wire
from sandbox.telegram.acts import Acts
from sandbox.telegram.backend import Backend
from sandbox.telegram.entities import find
from sandbox.telegram.server import Server
from sandbox.telegram.world import PRESENT, Chat, Topic, User

TOKEN = "123456:telegram-sandbox-token"  # noqa: S105 - the sandbox's own, it opens nothing
_STATUSES = {"owner": "creator", "admin": "administrator", "member": "member"}


class TelegramSandbox(Platform):
    """A Telegram on loopback that the unchanged python-telegram-bot talks to.

    A space is a supergroup and has one channel, itself; further channels are forum topics of it. Ids of spaces and
    channels are chat ids (``-100…``, a topic ``-100…/7``), ids of members user ids, ids of messages ``chat:number``.
    The same name is the same human everywhere, as accounts are on Telegram.

    ``privacy``: as BotFather's privacy mode, the bot hears commands and replies to it alone, unless it administers
    the group. ``limited``: keep Telegram's send limits; load tests lift them.
    """

    name = "telegram"
    limit = "30 messages a second of a bot"  # sandbox.telegram.limits

    def __init__(
        self,
        token: str = TOKEN,
        *,
        username: str = "hallkeeper_bot",
        title: str = "hallkeeper",
        privacy: bool = True,
        limited: bool = True,
    ) -> None:
        super().__init__()
        self.token = token
        number = token.partition(":")[0]
        if not number.isdigit():
            raise ValueError("a bot's token is its number, a colon and a secret")
        bot = User(int(number), title, is_bot=True, username=username, language="")
        self.backend = Backend(
            bot, privacy=privacy, limited=limited, faults=self.faults, record=self.record, changed=self.changed
        )
        self._acts = Acts(self.backend)
        self._server = Server(self.backend, token, self.faults)

    # -- life
    async def start(self, port: int = 0) -> None:
        await self._server.start(port)
        self._acts.url = self.url

    async def stop(self) -> None:
        await self._server.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def bot(self) -> str:
        """The bot's own id; :meth:`set_role` takes it, so that the bot can be made an administrator."""
        return str(self.backend.world.bot.id)

    @property
    def username(self) -> str:
        """The bot's user name, without @."""
        return self.backend.world.bot.username

    # -- the world
    async def add_space(self, name: str, *, owner: str, locale: str = "en") -> str:
        world = self.backend.world
        chat = world.group(name, world.human(owner, locale))
        self.changed()
        return str(chat.id)

    async def add_channel(self, space: str, name: str, *, writable: bool = True) -> str:
        """The group itself the first time, which takes the name; a forum topic afterwards."""
        chat = self._acts.group(space)
        if not chat.named:
            chat.named, chat.title, chat.writable = True, name, writable
            self.changed()
            return str(chat.id)
        owner = self._owner(chat)
        opened = self.backend.world.write(
            chat, owner, service={"forum_topic_created": {"name": name, "icon_color": 0x6FB9F0}}
        )
        opened.thread = opened.id
        chat.topics[opened.id] = Topic(opened.id, name, writable)
        if self.backend.hears(opened):
            self.backend.updates.put("message", wire.message(opened))
        self.changed()
        return f"{chat.id}/{opened.id}"

    def _owner(self, chat: Chat) -> User:
        return self.backend.world.users[
            next(number for number, status in chat.members.items() if status == "creator")
        ]

    async def join(self, space: str, name: str, *, role: str = "member", locale: str = "en") -> str:
        chat = self._acts.group(space)
        user = self.backend.world.human(name, locale)
        if chat.status(user.id) in PRESENT:
            raise ControlError(f"{name} is in this group already")
        self.backend.set_status(chat, user, _status(role), user)
        me = wire.user(user)
        self.backend.say(
            chat, user, service={"new_chat_members": [me], "new_chat_member": me, "new_chat_participant": me}
        )
        return str(user.id)

    async def leave(self, member: str, space: str) -> None:
        chat, user = self._acts.group(space), self._acts.person(member)
        if chat.status(user.id) not in PRESENT:
            raise ControlError(f"{user.name} is not in this group")
        self.backend.set_status(chat, user, "left", user)
        me = wire.user(user)
        self.backend.say(chat, user, service={"left_chat_member": me, "left_chat_participant": me})

    async def install(self, space: str, by: str) -> None:
        self._acts.add_bot(self._acts.group(space), self._acts.person(by))

    async def remove(self, space: str, by: str) -> None:
        chat, user = self._acts.group(space), self._acts.person(by)
        if self.backend.world.bot_status(chat) not in PRESENT:
            raise ControlError("the bot is not in this group")
        self.backend.set_status(chat, self.backend.world.bot, "kicked", user)

    async def set_role(self, member: str, space: str, role: str) -> None:
        """The bot itself too, by :attr:`bot`: as ``admin`` it hears everything."""
        chat = self._acts.group(space)
        user = self.backend.world.bot if member == self.bot else self._acts.person(member)
        if chat.status(user.id) not in PRESENT:
            raise ControlError(f"{user.name} is not in this group")
        self.backend.set_status(chat, user, _status(role), self._owner(chat))

    async def delete_channel(self, channel: str) -> None:
        """A topic goes alone, a group goes as a whole and takes the bot's place in it along."""
        chat = self._acts.group(channel)
        thread = channel.partition("/")[2]
        if thread:
            if int(thread) not in chat.topics:
                raise ControlError(f"there is no topic {channel!r}")
            chat.topics[int(thread)].deleted = True
            self.changed()
            return
        if self.backend.world.bot_status(chat) in PRESENT:
            self.backend.set_status(chat, self.backend.world.bot, "left", self._owner(chat))
        chat.deleted = True
        self.changed()

    async def block(self, member: str) -> None:
        """The member blocks the bot: private messages to them are refused with 403."""
        self.backend.set_blocked(self._acts.person(member), True)

    async def unblock(self, member: str) -> None:
        """The member lets the bot in again."""
        self.backend.set_blocked(self._acts.person(member), False)

    # -- acts
    async def press(self, member: str, message: str, control: str, *, wait: float = 5.0) -> Outcome:
        return await self._acts.press(member, message, control, wait)

    async def follow(self, member: str, url: str, *, wait: float = 5.0) -> Outcome:
        return await self._acts.follow(member, url, wait)

    async def pick(self, member: str, message: str, control: str, values: list[str], *, wait: float = 5.0) -> Outcome:
        raise ControlError("Telegram has no selects: press the buttons")

    async def fill(self, member: str, form: str, values: dict[str, str | list[str]], *, wait: float = 5.0) -> Outcome:
        raise ControlError("Telegram has no forms: answer the bot's questions in the private chat")

    async def type(
        self, member: str, channel: str, text: str, *, reply_to: str = "", thread: str = "", wait: float = 0.0
    ) -> Outcome:
        user = self._acts.person(member)
        chat, topic = self._acts.place(user, channel)
        original = self._acts.seen_message(user, reply_to) if reply_to else None
        return await self._acts.say(user, chat, topic or int(thread or 0), text, original, wait)

    async def command(self, member: str, channel: str, text: str, *, wait: float = 5.0) -> Outcome:
        user = self._acts.person(member)
        chat, topic = self._acts.place(user, channel)
        if not any(entity["type"] == "bot_command" and entity["offset"] == 0 for entity in find(text)):
            raise ControlError("a command begins with a slash and letters, digits or underscores")
        return await self._acts.say(user, chat, topic, text, None, wait, OutcomeKind.FAILED)

    async def private(self, member: str) -> str:
        """Open the private chat; the first time that means to press Start, and the bot hears ``/start``."""
        user = self._acts.person(member)
        if not user.started:
            await self._acts.follow(member, f"https://t.me/{self.username}", 0.0)
        return str(user.id)

    async def vote(self, member: str, message: str, options: list[int]) -> None:
        """Vote in a native poll, or take the vote back with no options."""
        self._acts.vote(member, message, options)

    async def react(self, member: str, message: str, emoji: str, *, present: bool = True) -> None:
        """A person has one reaction to a message: a new one takes the old one's place."""
        self._acts.react(member, message, emoji, present)

    async def edit(self, member: str, message: str, text: str) -> None:
        user = self._acts.person(member)
        it = self._acts.seen_message(user, message)
        if it.sender is not user or it.service:
            raise ControlError("only one's own messages can be edited")
        it.text, it.entities, it.edited, it.edits = text, find(text), time.time(), it.edits + 1
        if self.backend.hears(it):
            self.backend.updates.put("edited_message", wire.message(it))
        self.changed()

    async def delete(self, member: str, message: str) -> None:
        """Bots hear nothing of deletions."""
        user = self._acts.person(member)
        it = self._acts.seen_message(user, message)
        if it.sender is not user:
            raise ControlError("only one's own messages can be deleted")
        del it.chat.messages[it.id]
        self.changed()

    def state(self, *, messages: int = 50) -> State:
        return views.state(self.backend, self.url, self.revision, messages)

    def channel(self, channel: str, *, messages: int = 50) -> ChannelView:
        number, _, topic = channel.partition("/")
        chat = self.backend.world.chats.get(int(number))
        if chat is None or chat.deleted:
            raise ControlError(f"there is no channel {channel!r}")
        return views.channel(self.backend, self.url, chat, int(topic or 0), messages)

    def message(self, message: str) -> MessageView:
        return views.view(self.backend, self.url, self._acts.message(message))

    async def fault(self, fault: Fault) -> None:
        if fault.kind in {FaultKind.DISCONNECT, FaultKind.LOSE_SESSION}:
            self.backend.updates.disconnect(lose=fault.kind is FaultKind.LOSE_SESSION)
            return
        self.faults.add(fault)


def _status(role: str) -> str:
    try:
        return _STATUSES[role]
    except KeyError:
        raise ControlError(f"a role is owner, admin or member, not {role!r}") from None
