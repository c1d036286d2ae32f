"""The platform as people see it."""

from __future__ import annotations

import html
import itertools
from typing import Any
from urllib.parse import urlsplit

from sandbox.control import ChannelView, ControlView, ImageView, MemberView, MessageView, State
from sandbox.telegram.backend import Backend, channel_id
from sandbox.telegram.params import LINKED
from sandbox.telegram.world import PRESENT, Chat, Message

_TAGS = {
    "bold": "b", "italic": "i", "underline": "u", "strikethrough": "s", "code": "code", "pre": "pre",
    "blockquote": "blockquote", "expandable_blockquote": "blockquote",
}  # fmt: skip
_ROLES = {"creator": "owner", "administrator": "admin"}


def state(backend: Backend, url: str, revision: int, messages: int) -> State:
    """Everything that can be seen, the newest ``messages`` of each channel."""
    world = backend.world
    channels: list[ChannelView] = []
    members: list[MemberView] = []
    for group in world.groups.values():
        if group.deleted:
            continue
        channels += [
            channel(backend, url, group, topic, messages)
            for topic in (0, *group.topics)
            if not topic or not group.topics[topic].deleted
        ]
        for number, status in group.members.items():
            if number != world.bot.id:
                user = world.users[number]
                role = _ROLES.get(status, "member")
                members.append(
                    MemberView(str(number), str(group.id), user.name, role, user.language, status in PRESENT)
                )
    for user in world.users.values():
        if user.started:
            channels.append(channel(backend, url, world.chats[user.id], 0, messages))
    spaces = tuple((str(group.id), group.title) for group in world.groups.values() if not group.deleted)
    return State("telegram", revision, backend.updates.connected, spaces, tuple(channels), tuple(members))


def channel(backend: Backend, url: str, chat: Chat, topic: int, messages: int) -> ChannelView:
    """A group, a topic of it, or a private chat with its newest messages."""
    newest = _newest(backend, url, chat, topic, messages)
    if chat.person is not None:
        return ChannelView(str(chat.id), "", backend.world.bot.name, "private", str(chat.id), newest)
    number, name = (f"{chat.id}/{topic}", chat.topics[topic].name) if topic else (str(chat.id), chat.title)
    return ChannelView(number, str(chat.id), name, messages=newest)


def _newest(backend: Backend, url: str, chat: Chat, thread: int, count: int) -> tuple[MessageView, ...]:
    here = (
        message
        for message in reversed(chat.messages.values())
        if (message.thread if message.thread in chat.topics else 0) == thread
    )
    newest = list(itertools.islice(here, count))
    return tuple(view(backend, url, message) for message in reversed(newest))


def view(backend: Backend, url: str, message: Message) -> MessageView:
    """One message."""
    text = message.text or _service(message) or message.content.get("poll", {}).get("question", "")
    if text.startswith("/start ") and not message.sender.is_bot:
        text = "/start"  # the apps hide what a deep link brought along
    users = backend.world.users
    return MessageView(
        id=message.key,
        channel=channel_id(message),
        author=str(message.sender.id),
        author_name=message.sender.name,
        by_bot=message.sender.is_bot,
        text=text,
        html=to_html(text, message.entities),
        at=message.date,
        controls=controls(message),
        images=_images(backend, url, message),
        reply_to=message.reply_to.key if message.reply_to is not None else "",
        thread=str(message.thread) if message.thread in message.chat.topics else "",
        edits=message.edits,
        reactions={
            emoji: tuple(users[number].name for number in numbers) for emoji, numbers in message.reactions.items()
        },
    )


def controls(message: Message) -> tuple[ControlView, ...]:
    """The buttons of a message; a button's id is its row and place, as nothing else tells two buttons apart."""
    markup = message.markup or {}
    found = []
    for row, buttons in enumerate(markup.get("inline_keyboard", ())):
        for place, button in enumerate(buttons):
            link = button.get("url") or button.get("web_app", {}).get("url") or button.get("login_url", {}).get("url")
            found.append(
                ControlView(
                    id=f"{row}.{place}",
                    kind="link" if link else "button",
                    label=button["text"],
                    style=button.get("style", ""),
                    url=link or "",
                    disabled=not link and "callback_data" not in button,
                )
            )
    for row, buttons in enumerate(markup.get("keyboard", ())):
        for place, button in enumerate(buttons):
            found.append(ControlView(id=f"k{row}.{place}", kind="button", label=str(button.get("text", ""))))
    return tuple(found)


def _images(backend: Backend, url: str, message: Message) -> tuple[ImageView, ...]:
    images = []
    for photo in message.content.get("photo", ()):
        stored = backend.files[photo["file_id"]]
        linked = stored.upload.content_type == LINKED
        images.append(ImageView(stored.upload.name if linked else f"{url}/media/{stored.id}"))
    return tuple(images)


def _service(message: Message) -> str:
    """A service message in words."""
    service: dict[str, Any] = message.service
    if "new_chat_members" in service:
        return ", ".join(user["first_name"] for user in service["new_chat_members"]) + " joined the group"
    if "left_chat_member" in service:
        return f"{service['left_chat_member']['first_name']} left the group"
    if "pinned_message" in service:
        return f"{message.sender.name} pinned a message"
    if "forum_topic_created" in service:
        return f"Topic {service['forum_topic_created']['name']} was created"
    if "new_chat_title" in service:
        return f"The group is now called {service['new_chat_title']}"
    return ""


def to_html(text: str, entities: list[dict[str, Any]]) -> str:
    """Safe HTML of a text with its entities; overlapping ones are closed and opened again in order."""
    if not entities:
        return _escaped(text)
    units = text.encode("utf-16-le")
    edges = {0, len(units) // 2}
    for entity in entities:
        edges |= {entity["offset"], entity["offset"] + entity["length"]}
    ordered = sorted(edge for edge in edges if 0 <= edge <= len(units) // 2)
    parts: list[str] = []
    opened: list[tuple[int, str]] = []
    for place, start in enumerate(ordered):
        while opened and opened[-1][0] <= start:
            parts.append(f"</{opened.pop()[1]}>")
        for entity in entities:
            end = entity["offset"] + entity["length"]
            if entity["offset"] == start and end > start:
                tag, attributes = _tag(entity, units)
                if tag:
                    parts.append(f"<{tag}{attributes}>")
                    opened.append((min([end, *(other for other, _ in opened)]), tag))
        stop = ordered[place + 1] if place + 1 < len(ordered) else start
        parts.append(_escaped(units[start * 2 : stop * 2].decode("utf-16-le", "replace")))
    parts.extend(f"</{tag}>" for _, tag in reversed(opened))
    return "".join(parts)


def _escaped(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")


def _tag(entity: dict[str, Any], units: bytes) -> tuple[str, str]:
    kind = entity["type"]
    if kind in _TAGS:
        return _TAGS[kind], ""
    if kind in {"spoiler", "text_mention", "mention", "bot_command"}:
        name = "spoiler" if kind == "spoiler" else "mention"
        return "span", f' class="{name}"'
    if kind in {"text_link", "url"}:
        text = units[entity["offset"] * 2 : (entity["offset"] + entity["length"]) * 2].decode("utf-16-le", "replace")
        address = str(entity.get("url", text))
        if urlsplit(address).scheme in {"http", "https", "tg", "mailto"}:
            return "a", f' href="{html.escape(address)}" rel="noopener noreferrer"'
    return "", ""
