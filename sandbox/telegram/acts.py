"""What a person does in the app, and what they see come of it."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox.control import ControlError, Outcome, OutcomeKind
from sandbox.telegram import watch, wire
from sandbox.telegram.backend import Backend
from sandbox.telegram.entities import find
from sandbox.telegram.rules import MAX_PAYLOAD, MAX_TEXT, QUERY_SECONDS
from sandbox.telegram.units import utf16
from sandbox.telegram.views import view
from sandbox.telegram.world import MANAGERS, PRESENT, Chat, Message, User


class Acts:
    """The acts of members on one backend; ``url`` is where uploaded pictures are shown."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.url = ""

    # -- finding
    def person(self, member: str) -> User:
        """A human by member id. Raises :class:`~sandbox.control.ControlError`, as all of these do."""
        user = self.backend.world.users.get(int(member)) if member.isdigit() else None
        if user is None or user.is_bot:
            raise ControlError(f"there is no member {member!r}")
        return user

    def group(self, space: str) -> Chat:
        """A group by space or channel id."""
        chat = self.backend.world.groups.get(_number(space.partition("/")[0]))
        if chat is None or chat.deleted:
            raise ControlError(f"there is no group {space!r}")
        return chat

    def message(self, key: str) -> Message:
        """A message by its view's id."""
        chat, _, number = key.partition(":")
        place = self.backend.world.chats.get(_number(chat))
        message = place.messages.get(_number(number)) if place is not None else None
        if message is None:
            raise ControlError(f"there is no message {key!r}")
        return message

    def seen_message(self, user: User, key: str) -> Message:
        """A message that this person can see."""
        message = self.message(key)
        self._must_be_in(user, message.chat)
        return message

    def _must_be_in(self, user: User, chat: Chat) -> None:
        if chat.person is not user and chat.status(user.id) not in PRESENT:
            raise ControlError(f"{user.name} is not in this chat")

    def place(self, user: User, channel: str) -> tuple[Chat, int]:
        """The chat and topic behind a channel id, where this person may write."""
        number, _, thread = channel.partition("/")
        chat = self.backend.world.chats.get(_number(number))
        if chat is None or chat.deleted:
            raise ControlError(f"there is no channel {channel!r}")
        self._must_be_in(user, chat)
        topic = _number(thread) if thread else 0
        if topic and (topic not in chat.topics or chat.topics[topic].deleted):
            raise ControlError(f"there is no topic {channel!r}")
        return chat, topic

    # -- pressing
    async def press(self, member: str, key: str, control: str, wait: float) -> Outcome:
        """See :meth:`sandbox.control.Platform.press`."""
        user = self.person(member)
        message = self.seen_message(user, key)
        button = _button(message, control)
        if control.startswith("k"):
            return await self.say(user, message.chat, message.thread, str(button.get("text", "")), None, wait)
        link = button.get("url") or button.get("web_app", {}).get("url") or button.get("login_url", {}).get("url")
        if link:
            return Outcome(OutcomeKind.LINK, url=link)
        if "callback_data" not in button:
            raise ControlError("this button works in the app alone")
        if self.backend.world.bot_status(message.chat) not in PRESENT and message.chat.person is None:
            raise ControlError("the bot is not in this group any more")
        began = time.monotonic()
        with self.backend.watch.expect(watch.changed(message), watch.to_member(user.id, user.id)) as seen:
            press = self.backend.press(user, message, button["callback_data"])
            try:
                answer = await asyncio.wait_for(asyncio.shield(press.answer), min(wait, QUERY_SECONDS))
            except TimeoutError:
                shown = self._shown(seen)
                return Outcome(OutcomeKind.FAILED, ms=_since(began), message=shown)
            first = _since(began)
            if answer["text"]:
                return Outcome(OutcomeKind.MESSAGE, first, first, text=answer["text"], message=self._shown(seen))
            if answer["url"]:
                return Outcome(OutcomeKind.LINK, first, first, url=answer["url"])
            return await self._visible(seen, began, first, wait, OutcomeKind.ACKNOWLEDGED)

    def _shown(self, seen: asyncio.Future[Message]) -> Any:
        return view(self.backend, self.url, seen.result()) if seen.done() else None

    async def _visible(
        self, seen: asyncio.Future[Message], began: float, first: float, wait: float, otherwise: OutcomeKind
    ) -> Outcome:
        """The message that comes of it within ``wait`` seconds since the act."""
        left = wait - (time.monotonic() - began)
        if not seen.done() and left > 0:
            await asyncio.wait([seen], timeout=left)
        if not seen.done():
            return Outcome(otherwise, first, _since(began))
        message = seen.result()
        now = _since(began)
        shown = view(self.backend, self.url, message)
        if message.sender is not self.backend.world.bot:
            # The bot answered with a reaction alone.
            return Outcome(OutcomeKind.ACKNOWLEDGED, first or now, now, message=shown)
        return Outcome(OutcomeKind.MESSAGE, first or now, now, message=shown, text=message.text)

    # -- writing
    async def say(
        self, user: User, chat: Chat, thread: int, text: str, reply_to: Message | None, wait: float,
        otherwise: OutcomeKind = OutcomeKind.ACKNOWLEDGED, *, also: tuple[str, ...] = (),
    ) -> Outcome:  # fmt: skip
        """A person writes; the outcome is the bot's next message to them."""
        if not text.strip():
            raise ControlError("an empty message can't be sent")
        if utf16(text) > MAX_TEXT:
            raise ControlError(f"a message has at most {MAX_TEXT} characters")
        if chat.person is not None and user.blocked:
            raise ControlError(f"{user.name} blocked the bot")
        if chat.person is not None and not user.started:
            if not re.match(r"/start\b", text):
                raise ControlError(f"{user.name} has not pressed Start in the private chat")
            user.started = True
        if reply_to is not None and reply_to.chat is not chat:
            raise ControlError("the message to reply to is in another chat")
        if not thread and reply_to is not None and chat.person is None:
            thread = reply_to.thread or (0 if chat.forum else reply_to.id)
        began = time.monotonic()
        # What the bot has for this person alone comes in private, wherever they wrote.
        keys = {watch.to_member(chat.id, user.id), watch.to_member(user.id, user.id), *also}
        with self.backend.watch.expect(*keys) as seen:
            message = self.backend.say(
                chat, user, text=text.strip(), entities=find(text.strip()), reply_to=reply_to, thread=thread
            )
            if wait <= 0:
                return Outcome(OutcomeKind.ACKNOWLEDGED)
            with self.backend.watch.expect(watch.changed(message)) as reaction:
                await asyncio.wait([seen, reaction], timeout=wait, return_when=asyncio.FIRST_COMPLETED)
                came = seen if seen.done() or not reaction.done() else reaction
                return await self._visible(came, began, 0.0, 0.0, otherwise)

    async def follow(self, member: str, url: str, wait: float) -> Outcome:
        """See :meth:`sandbox.control.Platform.follow`."""
        user = self.person(member)
        query = self._deep_link(url)
        bot = self.backend.world.bot
        for name in ("start", "startgroup"):
            payload = query.get(name, [""])[0]
            if payload and not re.fullmatch(rf"[A-Za-z0-9_-]{{1,{MAX_PAYLOAD}}}", payload):
                raise ControlError("a deep link's payload has at most 64 characters of A-Z, a-z, 0-9, _ and -")
        if "startgroup" in query:
            chat = self._group_for(user)
            self.add_bot(chat, user, "administrator" if "admin" in query else "member")
            payload = query["startgroup"][0]
            text = f"/start@{bot.username} {payload}".strip()
            both = (watch.to_member(user.id, user.id), watch.to_member(chat.id, 0))
            return await self.say(user, chat, 0, text, None, wait, OutcomeKind.FAILED, also=both)
        payload = query.get("start", [""])[0]
        chat = self.backend.world.chats[user.id]
        if user.blocked:
            self.backend.set_blocked(user, False)
        if not payload and user.started:
            return Outcome(OutcomeKind.ACKNOWLEDGED)
        return await self.say(user, chat, 0, f"/start {payload}".strip(), None, wait, OutcomeKind.FAILED)

    def _deep_link(self, url: str) -> dict[str, list[str]]:
        parts = urlsplit(url)
        query = parse_qs(parts.query, keep_blank_values=True)
        if parts.scheme == "tg":
            name = query.get("domain", [""])[0]
        elif parts.hostname in {"t.me", "telegram.me"}:
            name = parts.path.strip("/")
        else:
            raise ControlError(f"{url!r} does not lead into Telegram")
        if name.lower() != self.backend.world.bot.username.lower():
            raise ControlError(f"{url!r} does not lead to this bot")
        return query

    def _group_for(self, user: User) -> Chat:
        """The app asks which group; here it is the first one that this person manages and the bot is not in."""
        world = self.backend.world
        for chat in world.groups.values():
            if not chat.deleted and chat.status(user.id) in MANAGERS and world.bot_status(chat) not in PRESENT:
                return chat
        raise ControlError(f"{user.name} manages no group that the bot is not in yet")

    def react(self, member: str, key: str, emoji: str, present: bool) -> None:
        """See :meth:`sandbox.control.Platform.react`."""
        user = self.person(member)
        message = self.seen_message(user, key)
        old = [name for name, users in message.reactions.items() if user.id in users]
        new = [emoji] if present else [name for name in old if name != emoji]
        if old == new:
            return
        for name in old:
            message.reactions[name].remove(user.id)
            if not message.reactions[name]:
                del message.reactions[name]
        for name in new:
            message.reactions.setdefault(name, []).append(user.id)
        self.backend.react(message, user, old, new)
        self.backend.changed()

    def vote(self, member: str, key: str, options: list[int]) -> None:
        """Choose options of a poll by their places; poll_answer says who did, unless the poll is anonymous."""
        user = self.person(member)
        message = self.seen_message(user, key)
        poll = message.content.get("poll")
        if poll is None or poll["is_closed"]:
            raise ControlError("there is no open poll in this message")
        if len(options) > 1 and not poll["allows_multiple_answers"]:
            raise ControlError("this poll takes one answer")
        if not all(0 <= option < len(poll["options"]) for option in options):
            raise ControlError("there is no such option")
        self.backend.vote(message, user, options)

    # -- the bot comes and goes
    def add_bot(self, chat: Chat, by: User, status: str = "member") -> None:
        """Add the bot to a group, with the service message that stands there then."""
        bot = self.backend.world.bot
        if self.backend.world.bot_status(chat) in PRESENT:
            raise ControlError("the bot is in this group already")
        self._must_be_in(by, chat)
        self.backend.set_status(chat, bot, status, by)
        me = wire.user(bot)
        self.backend.say(
            chat, by, service={"new_chat_members": [me], "new_chat_member": me, "new_chat_participant": me}
        )


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return 0


def _since(began: float) -> float:
    return (time.monotonic() - began) * 1000.0


def _button(message: Message, control: str) -> dict[str, Any]:
    rows = (message.markup or {}).get("keyboard" if control.startswith("k") else "inline_keyboard", [])
    row, _, place = control.removeprefix("k").partition(".")
    try:
        button: dict[str, Any] = rows[int(row)][int(place)]
    except (ValueError, IndexError):
        raise ControlError(f"there is no button {control!r} on this message") from None
    return button
