"""Messages: how they come to stand in a channel, change and go, and who hears of it."""

from __future__ import annotations

import asyncio
import mimetypes
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sandbox.discord.errors import unknown
from sandbox.discord.gateway import Gateway
from sandbox.discord.http import Upload
from sandbox.discord.wire import emoji_wire, member_wire
from sandbox.discord.world import (
    COMPONENTS_V2,
    DM,
    EPHEMERAL,
    LOADING,
    SUPPRESS_EMBEDS,
    Attachment,
    Channel,
    Message,
    User,
    Wire,
    World,
)  # fmt: skip
from sandbox.record import Record, Taken

NONCE_SECONDS = 300.0
"""How long a nonce is remembered: "the past few minutes" (documented)."""
SETTABLE_FLAGS = SUPPRESS_EMBEDS | EPHEMERAL | (1 << 12) | (1 << 13) | COMPONENTS_V2
REPLY, COMMAND_ANSWER = 19, 20
"""Message types of what answers a message or a command."""
EMBED_KINDS = (".jpg", ".jpeg", ".png", ".webp", ".gif")
"""Files that an embed can show (Discord's reference, "Using Attachments within Embeds")."""
USER_MENTION = re.compile(r"<@!?(\d+)>")
ROLE_MENTION = re.compile(r"<@&(\d+)>")


@dataclass(frozen=True)
class Watch:
    """Someone waits for the bot's next message to ``user`` after having written ``typed``."""

    user: User
    typed: Message
    seen: asyncio.Future[Message]


class Messages:
    """The message store with its side effects: gateway events, the record, whoever waits."""

    def __init__(self, world: World, gateway: Gateway, record: Record, changed: Callable[[], None]) -> None:
        self.files_url = ""
        self._world = world
        self._gateway = gateway
        self._record = record
        self._changed = changed
        self._nonces: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._watches: list[Watch] = []

    # -- coming ----------------------------------------------------------------------------------------------
    def create(
        self,
        channel: Channel,
        author: User,
        body: Wire,
        files: dict[int, Upload] | None = None,
        *,
        call: str = "",
        reference: Message | None = None,
        only_for: int = 0,
        interaction: Wire | None = None,
        flags: int = 0,
    ) -> Message:
        """A checked message body becomes a message, and those who may see it hear of it."""
        now = time.time()
        message = Message(self._world.ids.next(), channel, author, str(body.get("content") or ""), now)
        message.flags = flags | (int(body.get("flags") or 0) & SETTABLE_FLAGS)
        message.only_for, message.interaction = only_for, interaction
        message.embeds = [dict(embed, type="rich") for embed in body.get("embeds") or []]
        message.components = numbered(body.get("components") or [])
        message.key = str(body["nonce"]) if body.get("nonce") is not None else ""
        if reference is not None:
            message.reference, message.reference_id, message.type = reference, reference.id, REPLY
        elif interaction is not None and interaction["type"] == 2:
            message.type = COMMAND_ANSWER
        self._attach(message, body, files or {})
        self._mention(message, body.get("allowed_mentions"))
        self._world.keep(message)
        if author is self._world.bot:
            self._record.taken.append(
                Taken(now, call, str(channel.id), str(message.id), message.content, message.key)
            )
            if body.get("enforce_nonce") and message.key:
                self._nonces[message.key] = (now, message.id)
        self._gateway.tell_message("MESSAGE_CREATE", message)
        self._notify(message)
        self._changed()
        return message

    def repeated(self, body: Wire) -> Message | None:
        """The message that was made with the same enforced nonce in the last minutes."""
        if not body.get("enforce_nonce") or body.get("nonce") is None:
            return None
        old = time.time() - NONCE_SECONDS
        while self._nonces and next(iter(self._nonces.values()))[0] < old:
            self._nonces.popitem(last=False)
        known = self._nonces.get(str(body["nonce"]))
        if known is None:
            return None
        if known[1] not in self._world.messages:
            raise unknown("Message")  # rules.REPEATED_NONCE_OF_DELETED
        return self._world.messages[known[1]]

    def _attach(
        self, message: Message, body: Wire, files: dict[int, Upload], kept: list[Attachment] | None = None
    ) -> None:
        described = {str(a.get("id")): a for a in body.get("attachments") or [] if isinstance(a, dict)}
        message.attachments = list(kept or [])
        for index, upload in sorted(files.items()):
            told = described.get(str(index), {})
            name = str(told.get("filename") or upload.filename)
            kind = mimetypes.guess_type(name)[0] or upload.content_type
            number = self._world.ids.next()
            url = f"{self.files_url}/attachments/{message.channel.id}/{number}/{quote(name)}"
            attachment = Attachment(number, name, kind, upload.content, url, str(told.get("description") or ""))
            message.attachments.append(attachment)
            self._world.attachments[number] = attachment
        if message.attachments:
            urls = {f"attachment://{a.filename}": a.url for a in message.attachments}
            drawn = {name: url for name, url in urls.items() if name.lower().endswith(EMBED_KINDS)}
            message.embeds = _with_urls(message.embeds, drawn)
            message.components = _with_urls(message.components, urls)
        for embed in message.embeds:  # rules.EMBED_PICTURES
            for name in ("image", "thumbnail"):
                if str((embed.get(name) or {}).get("url", "")).startswith("attachment://"):
                    embed.pop(name, None)

    def _mention(self, message: Message, allowed: Any) -> None:
        """Reckon whom a message pings (Discord's reference, "Allowed Mentions Object")."""
        world, guild = self._world, message.channel.guild
        text = message.content
        if message.flags & COMPONENTS_V2:
            text = "\n".join(texts_of(message.components))
        parse = {"users", "roles", "everyone"} if allowed is None else set(allowed.get("parse") or [])
        listed = {str(user) for user in (allowed or {}).get("users") or []}
        roles = {str(role) for role in (allowed or {}).get("roles") or []}
        message.mentions, message.mention_roles, message.mention_everyone = {}, [], False
        if "@" not in text and message.reference is None:
            return
        for number in USER_MENTION.findall(text):
            user = world.users.get(int(number))
            if user is not None and ("users" in parse or number in listed):
                message.mentions[user.id] = user
        replied = allowed is None or bool(allowed.get("replied_user"))
        if message.reference is not None and replied:
            message.mentions[message.reference.author.id] = message.reference.author
        own = set() if guild is None else {str(guild.admin_role), str(guild.bot_role)}
        found = [role for role in ROLE_MENTION.findall(text) if role in own and ("roles" in parse or role in roles)]
        message.mention_roles = [int(role) for role in dict.fromkeys(found)]
        message.mention_everyone = (
            guild is not None and "everyone" in parse and bool(re.search(r"@(everyone|here)\b", text))
        )

    # -- changing --------------------------------------------------------------------------------------------
    def edit(self, message: Message, body: Wire, files: dict[int, Upload] | None = None) -> None:
        """Change what a checked body names; what it leaves out stays."""
        if "content" in body:
            message.content = str(body["content"] or "")
        if "embeds" in body:
            message.embeds = [dict(embed, type="rich") for embed in body["embeds"] or []]
        if "components" in body:
            message.components = numbered(body["components"] or [])
        if body.get("flags") is not None:
            changeable = SUPPRESS_EMBEDS | COMPONENTS_V2
            message.flags = (
                (message.flags & ~SUPPRESS_EMBEDS)
                | (int(body["flags"]) & changeable)
                | (message.flags & COMPONENTS_V2)
            )
        kept = message.attachments
        if body.get("attachments") is not None:
            wanted = {str(a.get("id")) for a in body["attachments"]}
            kept = [a for a in kept if str(a.id) in wanted]
        self._attach(message, body, files or {}, kept)
        if "content" in body or "components" in body:
            self._mention(message, body.get("allowed_mentions"))
        message.flags &= ~LOADING
        message.edited_at = time.time()
        message.edits += 1
        self._gateway.tell_message("MESSAGE_UPDATE", message)
        self._changed()

    def fill(self, message: Message, body: Wire, files: dict[int, Upload] | None, call: str) -> None:
        """The message that said "thinking" gets its content: for people, it appears only now."""
        self.edit(message, body, files)
        message.edits, message.edited_at = 0, None
        self._record.taken.append(
            Taken(time.time(), call, str(message.channel.id), str(message.id), message.content, "")
        )
        self._notify(message)

    def delete(self, message: Message) -> None:
        """A message goes."""
        self._world.forget(message)
        if not message.only_for:
            self._gateway.tell("MESSAGE_DELETE", self._place(message, "id"), message.channel.guild)
        self._changed()

    def react(self, message: Message, user: User, emoji: str, *, present: bool) -> None:
        """An emoji is put on a message or taken off; nothing is told when it was so already."""
        users = message.reactions.get(emoji, {})
        if (user.id in users) == present:
            return
        if present:
            message.reactions.setdefault(emoji, users)[user.id] = None
        else:
            del users[user.id]
            if not users:
                del message.reactions[emoji]
        data = self._place(message, "message_id") | {
            "user_id": str(user.id), "emoji": emoji_wire(emoji), "burst": False, "type": 0,
        }  # fmt: skip
        guild = message.channel.guild
        if present:
            data["message_author_id"] = str(message.author.id)
            if guild is not None and user.id in guild.members:
                data["member"] = member_wire(guild, guild.members[user.id])
        if present and user is self._world.bot:
            for watch in self._watches:
                if watch.typed is message and not watch.seen.done():
                    watch.seen.set_result(message)  # the bot answers by a tick on what was written
        self._gateway.tell("MESSAGE_REACTION_ADD" if present else "MESSAGE_REACTION_REMOVE", data, guild)
        self._changed()

    def pin(self, message: Message, *, present: bool) -> None:
        """A message is pinned or unpinned."""
        message.pinned = present
        if present:
            message.channel.pins[message.id] = time.time()
        else:
            message.channel.pins.pop(message.id, None)
        self._gateway.tell_message("MESSAGE_UPDATE", message)
        self._changed()

    @staticmethod
    def _place(message: Message, key: str) -> Wire:
        data: Wire = {key: str(message.id), "channel_id": str(message.channel.id)}
        if message.channel.guild is not None:
            data["guild_id"] = str(message.channel.guild.id)
        return data

    # -- waiting ---------------------------------------------------------------------------------------------
    def watch(self, user: User, typed: Message) -> Watch:
        """Wait for the bot's next message to a user; end it with :meth:`unwatch`."""
        watch = Watch(user, typed, asyncio.get_running_loop().create_future())
        self._watches.append(watch)
        return watch

    def unwatch(self, watch: Watch) -> None:
        """Nobody waits any more."""
        self._watches.remove(watch)

    def _notify(self, message: Message) -> None:
        """A bot's message reaches those it is to: by reply or mention, in private, or to everyone in the channel."""
        if message.author is not self._world.bot or message.flags & LOADING:
            return
        for watch in self._watches:
            if watch.seen.done():
                continue
            typed, here = watch.typed, message.channel is watch.typed.channel
            if message.only_for:
                hit = message.only_for == watch.user.id
            elif message.channel.type == DM:
                hit = message.channel.recipient is watch.user
            elif message.reference_id:
                hit = message.reference_id == typed.id
            elif message.mentions:
                hit = here and watch.user.id in message.mentions
            else:
                hit = here
            if hit:
                watch.seen.set_result(message)


def numbered(components: list[Wire]) -> list[Wire]:
    """Components with the ids that Discord gives to those that have none: 1, 2, 3 in order (documented)."""
    if not components:
        return []
    used = set(_numbers(components))
    counter = iter(range(1, 1_000_000))

    def walk(component: Wire) -> Wire:
        result = dict(component)
        if not result.get("id"):
            result["id"] = next(n for n in counter if n not in used)
        for key in ("components", "items"):
            if key == "components" and isinstance(result.get(key), list):
                result[key] = [walk(child) for child in result[key]]
        for key in ("accessory", "component"):
            if isinstance(result.get(key), dict):
                result[key] = walk(result[key])
        return result

    return [walk(component) for component in components]


def _numbers(components: list[Wire]) -> list[int]:
    return [c["id"] for c in every(components) if c.get("id")]


def every(components: list[Wire]) -> list[Wire]:
    """All components, those inside others too, in the order of the page."""
    found = []
    for component in components:
        found.append(component)
        found += every(component.get("components") or [])
        for key in ("accessory", "component"):
            if isinstance(component.get(key), dict):
                found += every([component[key]])
    return found


def texts_of(components: list[Wire]) -> list[str]:
    """What the text displays among components say."""
    return [str(c.get("content", "")) for c in every(components) if c.get("type") == 10]


def _with_urls(value: Any, urls: dict[str, str]) -> Any:
    """``attachment://name`` as the file's address, anywhere inside."""
    if isinstance(value, str):
        return urls.get(value, value)
    if isinstance(value, list):
        return [_with_urls(item, urls) for item in value]
    if isinstance(value, dict):
        return {key: _with_urls(item, urls) for key, item in value.items()}
    return value
