"""What most methods begin with: which chat, may the bot write there, in reply to what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.telegram import rules, wire
from sandbox.telegram.backend import Backend
from sandbox.telegram.entities import Entity, parse
from sandbox.telegram.markup import read_markup
from sandbox.telegram.params import Params
from sandbox.telegram.rules import MAX_CAPTION, MAX_TEXT
from sandbox.telegram.units import utf16
from sandbox.telegram.world import MANAGERS, PRESENT, Chat, Message

Method = Callable[[Backend, Params], Any]


def the_chat(backend: Backend, params: Params) -> Chat:
    """The chat that a call names, if the bot may see it. Raises :class:`~sandbox.telegram.errors.ApiError`."""
    name = params.text("chat_id")
    if not name:
        raise rules.CHAT_EMPTY.error()
    chat = backend.world.chats.get(params.integer("chat_id"))
    if chat is None:
        raise rules.CHAT_NOT_FOUND.error()
    if chat.person is not None:
        if not chat.person.started:
            raise rules.CANT_INITIATE.error()
        return chat
    if chat.deleted:
        raise rules.CHAT_DELETED.error()
    if backend.world.bot.id not in chat.members:
        raise rules.CHAT_NOT_FOUND.error()
    status = backend.world.bot_status(chat)
    if status == "kicked":
        raise rules.KICKED.error()
    if status not in PRESENT:
        raise rules.NOT_MEMBER.error()
    return chat


def writable_chat(backend: Backend, params: Params, what: str) -> tuple[Chat, int]:
    """The chat and the thread that a call writes to; ``what`` names the kind of message in refusals."""
    chat = the_chat(backend, params)
    if chat.person is not None and chat.person.blocked:
        raise rules.BLOCKED.error()
    thread = params.integer("message_thread_id")
    if thread:
        topic = chat.topics.get(thread)
        if topic is None or topic.deleted:
            # Outside of forums a thread is named by the message that began it.
            if topic is not None or thread not in chat.messages:
                raise rules.THREAD_NOT_FOUND.error()
        elif not topic.writable:
            raise rules.TOPIC_CLOSED.error()
        else:
            return chat, thread
    barred = what == "photos" and not chat.photos and backend.world.bot_status(chat) not in MANAGERS
    if not chat.writable or barred:
        raise rules.NO_RIGHTS.error(what=what)
    return chat, thread


def replied(params: Params, chat: Chat) -> Message | None:
    """The message that a call replies to."""
    given = params.data("reply_parameters") or {}
    number = int(given.get("message_id") or params.integer("reply_to_message_id"))
    if not number:
        return None
    message = chat.messages.get(number)
    if message is None and not (
        given.get("allow_sending_without_reply") or params.flag("allow_sending_without_reply")
    ):
        raise rules.REPLY_NOT_FOUND.error()
    return message


def thread_of(chat: Chat, thread: int, reply: Message | None) -> int:
    """The thread of a new message: as named, else that of what it replies to."""
    if thread or reply is None or chat.person is not None:
        return thread
    return reply.thread or (0 if chat.forum else reply.id)


def person(backend: Backend, number: int) -> dict[str, Any] | None:
    """A user's wire form by id."""
    user = backend.world.users.get(number)
    return None if user is None else wire.user(user)


def read_text(backend: Backend, params: Params) -> tuple[str, list[Entity]]:
    """The call's text with its entities, checked."""
    raw = params.text("text")
    text, entities = parse(
        raw, params.text("parse_mode"), params.data("entities"), lambda number: person(backend, number)
    )
    if not text:
        raise rules.TEXT_EMPTY.error()
    if utf16(text) > MAX_TEXT:
        raise rules.TEXT_LONG.error()
    return text, entities


def read_caption(backend: Backend, params: Params) -> tuple[str, list[Entity]]:
    """The call's caption with its entities, checked; it may be empty."""
    raw = params.text("caption")
    text, entities = parse(
        raw, params.text("parse_mode"), params.data("caption_entities"), lambda number: person(backend, number)
    )
    if utf16(text) > MAX_CAPTION:
        raise rules.CAPTION_LONG.error()
    return text, entities


def send(
    backend: Backend, params: Params, call: str, what: str, *, text: str, entities: list[Entity], **fields: Any
) -> Message:
    """Put the bot's message into its chat, after every check and the rate limits."""
    chat, thread = writable_chat(backend, params, what)
    reply = replied(params, chat)
    markup = read_markup(params, private=chat.person is not None)
    extra: dict[str, Any] = {}
    if params.flag("protect_content"):
        extra["has_protected_content"] = True
    if preview := params.data("link_preview_options"):
        extra["link_preview_options"] = preview
    backend.limits.take(chat.id)
    return backend.post(
        call,
        chat,
        text=text,
        entities=entities,
        reply_to=reply,
        thread=thread_of(chat, thread, reply),
        markup=markup,
        extra=extra | fields.pop("extra", {}),
        **fields,
    )
