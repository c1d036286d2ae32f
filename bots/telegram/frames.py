"""Updates as events. Pure: an update in, events out, one look at what it holds and no call to Telegram."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from telegram import (
    Chat,
    ChatMember,
    ChatMemberUpdated,
    Message,
    MessageReactionUpdated,
    ReactionType,
    ReactionTypeCustomEmoji,
    ReactionTypeEmoji,
    Update,
    User,
)

from core.event import Edited, Event, Installed, Joined, Left, Reacted, Removed, Where, Who

PLATFORM = "telegram"

ALLOWED_UPDATES = (
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "chat_member",
    "message_reaction",
)
"""What is asked of Telegram; ``permissions.py`` says why."""

GROUPS = frozenset({Chat.GROUP, Chat.SUPERGROUP})
"""The chats that are spaces. Broadcast channels have nobody who could answer."""

_PRESENT = frozenset({ChatMember.OWNER, ChatMember.ADMINISTRATOR, ChatMember.MEMBER})
_COMMAND = re.compile(r"^/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{3,32}))?(?:\s+|$)(.*)", re.DOTALL)

Lane = tuple[int, int]


def lane_of(update: Update) -> Lane:
    """The chat and the member of an update: what one member does in one chat keeps its order."""
    if (query := update.callback_query) is not None:
        return (query.message.chat.id if query.message is not None else 0, query.from_user.id)
    if (message := update.message or update.edited_message) is not None:
        return (message.chat.id, message.from_user.id if message.from_user is not None else 0)
    if (changed := update.chat_member or update.my_chat_member) is not None:
        return (changed.chat.id, changed.new_chat_member.user.id)
    if (reaction := update.message_reaction) is not None:
        return (reaction.chat.id, reaction.user.id if reaction.user is not None else 0)
    return (0, 0)


def who(user: User) -> Who:
    """A user as events know it."""
    return Who(PLATFORM, "", str(user.id), user.first_name, user.language_code or "", not user.is_bot)


def where(chat: Chat, thread: str = "") -> Where:
    """A chat as events know it."""
    number = str(chat.id)
    if chat.type == Chat.PRIVATE:
        return Where(PLATFORM, "", number, private=True)
    return Where(PLATFORM, number, number, thread)


def thread_of(message: Message) -> str:
    """The topic of a message. Telegram gives chains of replies an id too, which is no topic."""
    return str(message.message_thread_id) if message.is_topic_message and message.message_thread_id else ""


def words_of(message: Message) -> str:
    """What somebody wrote, under a picture too."""
    return message.text or message.caption or ""


class Typed(NamedTuple):
    """A command as it was typed. ``to`` is the bot that it names, in small letters, or empty."""

    name: str
    to: str
    rest: str


def command_of(text: str) -> Typed | None:
    """The command that a text begins with."""
    if not text.startswith("/"):
        return None
    match = _COMMAND.match(text)
    if match is None:
        return None
    name, to, rest = match.groups()
    return Typed(name.lower(), (to or "").lower(), rest.strip())


def answered(message: Message, me: int) -> str:
    """The id of our message that this one replies to, or empty. In a topic all hang on the one that made it."""
    target = message.reply_to_message
    if target is None or target.from_user is None or target.from_user.id != me or target.forum_topic_created:
        return ""
    return str(target.message_id)


def quiet_events(update: Update, me: int, event_id: str) -> Iterator[tuple[Event, Chat]]:
    """The events of an update that nobody pressed or wrote, each with its chat."""
    if (changed := update.my_chat_member) is not None:
        yield from _mine(changed, event_id)
    elif (changed := update.chat_member) is not None:
        yield from _moved(changed, event_id)
    elif (reaction := update.message_reaction) is not None:
        yield from _reacted(reaction, event_id)
    elif (message := update.edited_message) is not None:
        yield from _edited(message, me, event_id)
    elif (message := update.message) is not None:
        yield from _service(message, me, event_id)


def _mine(changed: ChatMemberUpdated, event_id: str) -> Iterator[tuple[Event, Chat]]:
    chat = changed.chat
    before, now = _present(changed.old_chat_member), _present(changed.new_chat_member)
    if chat.type not in GROUPS or before == now:
        return
    by = who(changed.from_user)
    if now:
        name = chat.title or ""
        yield Installed(where=where(chat), who=by, id=event_id, at=changed.date, name=name), chat
    else:
        yield Removed(where=where(chat), who=by, id=event_id, at=changed.date), chat


def _moved(changed: ChatMemberUpdated, event_id: str) -> Iterator[tuple[Event, Chat]]:
    chat = changed.chat
    before, now = _present(changed.old_chat_member), _present(changed.new_chat_member)
    if chat.type in GROUPS and before != now:
        kind = Joined if now else Left
        yield kind(where=where(chat), who=who(changed.new_chat_member.user), id=event_id, at=changed.date), chat


def _present(member: ChatMember) -> bool:
    return member.status in _PRESENT or bool(getattr(member, "is_member", False))


def _service(message: Message, me: int, event_id: str) -> Iterator[tuple[Event, Chat]]:
    chat, at = message.chat, message.date
    for number, user in enumerate(message.new_chat_members):
        if user.id != me:  # our own comings and goings are told by my_chat_member, with who did it
            yield Joined(where=where(chat), who=who(user), id=f"{event_id}:{number}", at=at), chat
    if (gone := message.left_chat_member) is not None and gone.id != me:
        yield Left(where=where(chat), who=who(gone), id=event_id, at=at), chat
    if (supergroup := message.migrate_to_chat_id) is not None:
        # The group became a supergroup, which has another id: to the hall one space ends and another begins.
        by = who(message.from_user) if message.from_user is not None else None
        new = Chat(supergroup, Chat.SUPERGROUP, title=chat.title)
        yield Removed(where=where(chat), who=by, id=f"{event_id}:old", at=at), chat
        yield Installed(where=where(new), who=by, id=f"{event_id}:new", at=at, name=chat.title or ""), new


def _edited(message: Message, me: int, event_id: str) -> Iterator[tuple[Event, Chat]]:
    user = message.from_user
    if user is None or user.is_bot or message.sender_chat is not None or message.chat.type == Chat.CHANNEL:
        return
    place = where(message.chat, thread_of(message))
    yield (
        Edited(
            where=place, who=who(user), id=event_id, at=message.edit_date,
            message=str(message.message_id), text=words_of(message), to=answered(message, me),
        ),
        message.chat,
    )  # fmt: skip


def _reacted(reaction: MessageReactionUpdated, event_id: str) -> Iterator[tuple[Event, Chat]]:
    user = reaction.user
    if user is None:  # an anonymous administrator: nobody whom it could count for
        return
    before = {_emoji(one) for one in reaction.old_reaction}
    now = {_emoji(one) for one in reaction.new_reaction}
    for emoji in sorted(before ^ now):
        yield (
            Reacted(
                where=where(reaction.chat), who=who(user), id=f"{event_id}:{emoji}", at=reaction.date,
                message=str(reaction.message_id), emoji=emoji, present=emoji in now,
            ),
            reaction.chat,
        )  # fmt: skip


def _emoji(reaction: ReactionType) -> str:
    match reaction:
        case ReactionTypeEmoji():
            return str(reaction.emoji)
        case ReactionTypeCustomEmoji():
            return f"custom:{reaction.custom_emoji_id}"
        case _:
            return str(reaction.type)
