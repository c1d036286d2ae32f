"""Objects in the Bot API's shapes. Source: core.telegram.org/bots/api#available-types."""

from __future__ import annotations

import json
from typing import Any

from sandbox.telegram.world import MANAGERS, Chat, Message, User

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""JSON as it goes over the wire; one encoder, as making one costs more than a small answer."""

RIGHTS = {
    "can_be_edited": False,
    "is_anonymous": False,
    "can_manage_chat": True,
    "can_delete_messages": True,
    "can_manage_video_chats": True,
    "can_restrict_members": True,
    "can_promote_members": False,
    "can_change_info": True,
    "can_invite_users": True,
    "can_pin_messages": True,
    "can_manage_topics": True,
    "can_post_stories": False,
    "can_edit_stories": False,
    "can_delete_stories": False,
}
"""What an administrator of the sandbox may do. Source: ChatMemberAdministrator."""


def user(person: User) -> dict[str, Any]:
    """A user. Humans here have no user name, as many people have none: mention them by id."""
    body: dict[str, Any] = {"id": person.id, "is_bot": person.is_bot, "first_name": person.name}
    if person.username:
        body["username"] = person.username
    if not person.is_bot and person.language:
        body["language_code"] = person.language
    return body


def chat(place: Chat) -> dict[str, Any]:
    """A chat as it stands in messages."""
    if place.person is not None:
        return {"id": place.id, "type": "private", "first_name": place.person.name}
    body: dict[str, Any] = {"id": place.id, "type": "supergroup", "title": place.title}
    if place.forum:
        body["is_forum"] = True
    return body


def member(person: User, status: str) -> dict[str, Any]:
    """A ChatMember."""
    body: dict[str, Any] = {"user": user(person), "status": status}
    if status == "creator":
        body["is_anonymous"] = False
    elif status == "administrator":
        body.update(RIGHTS)
    elif status == "kicked":
        body["until_date"] = 0
    return body


def message(it: Message, *, nested: bool = False) -> dict[str, Any]:
    """A message; a ``nested`` one (replied to, pinned) does not carry what it replies to itself."""
    place = it.chat
    body: dict[str, Any] = {
        "message_id": it.id,
        "from": user(it.sender),
        "chat": chat(place),
        "date": int(it.date),
    }
    if it.edited:
        body["edit_date"] = int(it.edited)
    if it.thread:
        body["message_thread_id"] = it.thread
        if it.thread in place.topics:
            body["is_topic_message"] = True
    if it.reply_to is not None and not nested and place.messages.get(it.reply_to.id) is it.reply_to:
        body["reply_to_message"] = message(it.reply_to, nested=True)
    if it.content:
        body.update(it.content)
        if it.text:
            body["caption"] = it.text
            if it.entities:
                body["caption_entities"] = it.entities
    elif it.text:
        body["text"] = it.text
        if it.entities:
            body["entities"] = it.entities
    body.update(it.service)
    body.update(it.extra)
    # Only inline keyboards stand on the message itself. Source: Message.reply_markup.
    if it.markup and "inline_keyboard" in it.markup:
        body["reply_markup"] = it.markup
    return body


def full_chat(place: Chat) -> dict[str, Any]:
    """A ChatFullInfo, with the fields that every chat has."""
    body = chat(place) | {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": {
            "unlimited_gifts": False,
            "limited_gifts": False,
            "unique_gifts": False,
            "premium_subscription": False,
            "gifts_from_channels": False,
        },
    }
    if place.person is None:
        body["permissions"] = {
            "can_send_messages": place.writable,
            "can_send_photos": place.writable and place.photos,
            "can_send_documents": place.writable,
            "can_send_polls": place.writable,
            "can_send_other_messages": place.writable,
            "can_add_web_page_previews": place.writable,
            "can_change_info": False,
            "can_invite_users": True,
            "can_pin_messages": False,
        }
        body["join_to_send_messages"] = True
    newest = next((place.messages[number] for number in reversed(place.pinned) if number in place.messages), None)
    if newest is not None:
        body["pinned_message"] = message(newest, nested=True)
    return body


def managers(place: Chat, users: dict[int, User]) -> list[dict[str, Any]]:
    """The owner and the administrators that are humans. Source: getChatAdministrators leaves other bots out."""
    return [member(users[number], status) for number, status in place.members.items() if status in MANAGERS]
