"""Editing, deleting, pinning and reacting to messages."""

from __future__ import annotations

import time
from typing import Any

from sandbox.telegram import rules, watch, wire
from sandbox.telegram.backend import Backend
from sandbox.telegram.markup import read_markup
from sandbox.telegram.methods.common import Method, read_caption, read_text, the_chat
from sandbox.telegram.methods.sending import document_of, photo_of
from sandbox.telegram.params import Params
from sandbox.telegram.rules import DELETE_SECONDS, MAX_TEXT, REACTIONS, Rule
from sandbox.telegram.units import utf16
from sandbox.telegram.world import MANAGERS, Message


def _own(backend: Backend, params: Params) -> Message:
    """The message that the bot wants to change, if it may."""
    chat = the_chat(backend, params)
    if chat.person is not None and chat.person.blocked:
        raise rules.BLOCKED.error()
    message = chat.messages.get(params.integer("message_id"))
    if message is None:
        raise rules.EDIT_NOT_FOUND.error()
    if message.sender is not backend.world.bot or message.service:
        raise rules.CANT_EDIT.error()
    return message


def _change(backend: Backend, message: Message, **fields: Any) -> Any:
    if all(getattr(message, name) == value for name, value in fields.items()):
        raise rules.NOT_MODIFIED.error()
    backend.limits.take(message.chat.id, edit=True)
    for name, value in fields.items():
        setattr(message, name, value)
    backend.edited(message)
    return wire.message(message)


def edit_text(backend: Backend, params: Params) -> Any:
    """Without reply_markup the keyboard goes away. Source: editMessageText."""
    message = _own(backend, params)
    if message.content:
        raise rules.NO_TEXT_TO_EDIT.error()
    if utf16(params.text("text")) > MAX_TEXT and not params.text("parse_mode"):
        raise rules.EDIT_LONG.error()
    text, entities = read_text(backend, params)
    markup = read_markup(params, private=message.chat.person is not None, inline_only=True)
    return _change(backend, message, text=text, entities=entities, markup=markup)


def edit_caption(backend: Backend, params: Params) -> Any:
    """Source: editMessageCaption."""
    message = _own(backend, params)
    if not message.content:
        raise rules.NO_CAPTION_TO_EDIT.error()
    text, entities = read_caption(backend, params)
    markup = read_markup(params, private=message.chat.person is not None, inline_only=True)
    return _change(backend, message, text=text, entities=entities, markup=markup)


def edit_media(backend: Backend, params: Params) -> Any:
    """Another photo or document, or the first one on a text. Source: editMessageMedia."""
    message = _own(backend, params)
    media = params.data("media", what="input media") or {}
    given = Params(media)
    text, entities = read_caption(backend, given)
    build = photo_of if media.get("type") == "photo" else document_of
    content = build(backend, params, given.text("media"), None)
    markup = read_markup(params, private=message.chat.person is not None, inline_only=True)
    return _change(backend, message, text=text, entities=entities, content=content, markup=markup)


def edit_markup(backend: Backend, params: Params) -> Any:
    """Source: editMessageReplyMarkup."""
    message = _own(backend, params)
    markup = read_markup(params, private=message.chat.person is not None, inline_only=True)
    return _change(backend, message, markup=markup)


def delete_message(backend: Backend, params: Params) -> Any:
    """Own messages, those of a private chat, and all of a group as its administrator; for 48 hours."""
    chat = the_chat(backend, params)
    message = chat.messages.get(params.integer("message_id"))
    if message is None:
        raise rules.DELETE_NOT_FOUND.error()
    mine = message.sender is backend.world.bot or chat.person is not None
    if time.time() - message.date > DELETE_SECONDS or not (mine or backend.world.bot_status(chat) in MANAGERS):
        raise rules.CANT_DELETE.error()
    del chat.messages[message.id]
    backend.changed()
    return True


def delete_messages(backend: Backend, params: Params) -> Any:
    """What is not found is skipped. Source: deleteMessages."""
    chat = the_chat(backend, params)
    for number in params.data("message_ids") or []:
        if int(number) in chat.messages:
            delete_message(backend, Params({"chat_id": chat.id, "message_id": number}))
    return True


def _found(backend: Backend, params: Params, missing: Rule) -> Message:
    message = the_chat(backend, params).messages.get(params.integer("message_id"))
    if message is None:
        raise missing.error()
    return message


def pin(backend: Backend, params: Params) -> Any:
    """Administrators alone in groups. Source: pinChatMessage."""
    message = _found(backend, params, rules.PIN_NOT_FOUND)
    chat = message.chat
    if chat.person is None and backend.world.bot_status(chat) not in MANAGERS:
        raise rules.NOT_ENOUGH_RIGHTS.error(what="manage pinned messages in the chat")
    if message.id in chat.pinned:
        chat.pinned.remove(message.id)
    chat.pinned.append(message.id)
    backend.say(chat, backend.world.bot, service={"pinned_message": wire.message(message, nested=True)})
    return True


def unpin(backend: Backend, params: Params) -> Any:
    """The newest pinned one without an id. Source: unpinChatMessage."""
    chat = the_chat(backend, params)
    if chat.person is None and backend.world.bot_status(chat) not in MANAGERS:
        raise rules.NOT_ENOUGH_RIGHTS.error(what="manage pinned messages in the chat")
    number = params.integer("message_id") or (chat.pinned[-1] if chat.pinned else 0)
    if number in chat.pinned:
        chat.pinned.remove(number)
        backend.changed()
    return True


def react(backend: Backend, params: Params) -> Any:
    """At most one emoji by a bot; an empty list takes it off. Source: setMessageReaction."""
    message = _found(backend, params, rules.REACT_NOT_FOUND)
    wanted = params.data("reaction") or []
    emoji = [item.get("emoji", "") for item in wanted if item.get("type") == "emoji"]
    if len(emoji) != len(wanted) or len(emoji) > 1 or any(one not in REACTIONS for one in emoji):
        raise rules.REACTION_INVALID.error()
    bot = backend.world.bot.id
    for name in [name for name, users in message.reactions.items() if bot in users]:
        message.reactions[name].remove(bot)
        if not message.reactions[name]:
            del message.reactions[name]
    for one in emoji:
        message.reactions.setdefault(one, []).append(bot)
        backend.watch.tell(watch.changed(message), message)
    backend.changed()
    return True


METHODS: dict[str, Method] = {
    "editMessageText": edit_text,
    "editMessageCaption": edit_caption,
    "editMessageMedia": edit_media,
    "editMessageReplyMarkup": edit_markup,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
    "pinChatMessage": pin,
    "unpinChatMessage": unpin,
    "setMessageReaction": react,
}
