"""What Discord refuses about whole bodies: messages, modals, threads, emoji. Limits stand in rules.py."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from sandbox.discord import rules
from sandbox.discord.components import ComponentChecks
from sandbox.discord.errors import Refusal, unknown
from sandbox.discord.http import Upload
from sandbox.discord.rules import Checks, Path
from sandbox.discord.wire import FILE_LIMIT_BYTES
from sandbox.discord.world import COMPONENTS_V2, Message, Wire

CUSTOM_EMOJI = re.compile(r"\w{2,32}:\d+")
ARCHIVE_MINUTES = {60, 1440, 4320, 10080}


def check_message(body: Wire, files: dict[int, Upload], *, path: Path = (), old: Message | None = None) -> None:
    """Refuse a message body that Discord would refuse. ``old`` is the message that an edit changes."""
    checks = Checks()
    for upload in files.values():
        if len(upload.content) > FILE_LIMIT_BYTES:
            raise Refusal(413, 40005, "Request entity too large")
    checks.text((*path, "content"), body.get("content"), rules.TEXT)
    _embeds(checks, (*path, "embeds"), body.get("embeds"))
    attachments = body.get("attachments")
    checks.length((*path, "attachments"), max(len(files), len(attachments or [])), rules.FILES)
    _attachments(checks, (*path, "attachments"), attachments, files, old)
    _allowed_mentions(checks, (*path, "allowed_mentions"), body.get("allowed_mentions"))
    names = _file_names(body, files, old)
    v2 = bool(int(body.get("flags") or 0) & COMPONENTS_V2) or (old is not None and bool(old.flags & COMPONENTS_V2))
    if v2:
        for name in ("content", "embeds", "poll", "sticker_ids"):
            if body.get(name):
                words = "This field cannot be used with the IS_COMPONENTS_V2 flag"
                checks.add((*path, name), "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", words)
    if "components" in body or (v2 and old is None):
        ComponentChecks(checks, names).message((*path, "components"), body.get("components"), v2=v2)
    checks.raise_any()
    _not_empty(body, files, old)


def _not_empty(body: Wire, files: dict[int, Upload], old: Message | None) -> None:
    """A message shows something (error 50006, documented)."""
    shown: list[Any] = [body.get(name) for name in ("content", "embeds", "components", "attachments", "poll")]
    if old is not None:
        kept = {"content": old.content, "embeds": old.embeds, "components": old.components}
        shown += [value for name, value in kept.items() if name not in body]
        shown += [] if "attachments" in body else old.attachments
    content = body.get("content")
    if isinstance(content, str) and content and not content.strip():
        shown[0] = None
    if not any(shown) and not files and not body.get("sticker_ids"):
        raise Refusal(400, 50006, "Cannot send an empty message")


def _embeds(checks: Checks, path: Path, embeds: Any) -> None:
    total = 0
    for index, embed in enumerate(checks.objects(path, embeds, rules.EMBEDS)):
        place = (*path, index)
        author, footer = embed.get("author") or {}, embed.get("footer") or {}
        texts = [
            checks.text((*place, "title"), embed.get("title"), rules.EMBED_TITLE),
            checks.text((*place, "description"), embed.get("description"), rules.EMBED_DESCRIPTION),
            checks.text((*place, "author", "name"), author.get("name"), rules.EMBED_AUTHOR),
            checks.text((*place, "footer", "text"), footer.get("text"), rules.EMBED_FOOTER),
        ]
        fields = checks.objects((*place, "fields"), embed.get("fields"), rules.EMBED_FIELDS)
        for number, field in enumerate(fields):
            for name, rule in (("name", rules.FIELD_NAME), ("value", rules.FIELD_VALUE)):
                inner = (*place, "fields", number, name)
                value = field.get(name)
                if isinstance(value, str) and len(value) > rule.limit:
                    # Seen: a field that is too long is told its maximum alone.
                    checks.add(inner, "BASE_TYPE_MAX_LENGTH", f"Must be {rule.limit} or fewer in length.")
                else:
                    checks.text(inner, value, rule, required=True)
                texts.append(str(value or ""))
        for name in ("image", "thumbnail"):
            url = (embed.get(name) or {}).get("url")
            if url is not None and not str(url).startswith(("http://", "https://", "attachment://")):
                words = "Scheme must be one of ('http', 'https', 'attachment')."
                checks.add((*place, name, "url"), "URL_TYPE_INVALID_SCHEME", words)
        checks.number((*place, "color"), embed.get("color"), 0, 0xFFFFFF)
        total += sum(map(len, texts))
    if total > rules.EMBED_TOTAL.limit:
        words = f"Embed size exceeds maximum size of {rules.EMBED_TOTAL.limit}"
        checks.add(path, "MAX_EMBED_SIZE_EXCEEDED", words)


def _attachments(checks: Checks, path: Path, told: Any, files: dict[int, Upload], old: Message | None) -> None:
    """Each attachment that is told of is a file of this call, or one that the message has."""
    known = {str(index) for index in files}
    known |= {str(a.id) for a in old.attachments} if old is not None else set()
    for index, attachment in enumerate(told or []):
        if str(attachment.get("id")) not in known:
            words = "Attachment not found" if old is not None else "No file with this id was sent"
            checks.add((*path, index, "id"), "ATTACHMENT_NOT_FOUND", words)


def _allowed_mentions(checks: Checks, path: Path, allowed: Any) -> None:
    if not isinstance(allowed, dict):
        return
    parse = allowed.get("parse") or []
    for index, kind in enumerate(parse):
        if kind not in {"users", "roles", "everyone"}:
            words = "Value must be one of ('everyone', 'users', 'roles')."
            checks.add((*path, "parse", index), "BASE_TYPE_CHOICES", words)
    for kind in ("users", "roles"):
        named = allowed.get(kind) or []
        checks.length((*path, kind), len(named), rules.MENTION_LIST)
        if named and kind in parse:
            words = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            checks.add(path, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", words)


def _file_names(body: Wire, files: dict[int, Upload], old: Message | None) -> set[str]:
    names = {upload.filename for upload in files.values()}
    names |= {str(a["filename"]) for a in body.get("attachments") or [] if isinstance(a, dict) and a.get("filename")}
    return names | ({a.filename for a in old.attachments} if old is not None else set())


def check_nonce(body: Wire) -> None:
    """A nonce has at most 25 characters; to be enforced it must be there (documented)."""
    checks = Checks()
    nonce = body.get("nonce")
    if nonce is not None and not isinstance(nonce, (int, str)):
        checks.add(("nonce",), "NONCE_TYPE_INVALID", "Nonce must be a string or an integer")
    elif nonce is not None:
        checks.length(("nonce",), len(str(nonce)), rules.NONCE)
    checks.raise_any()


def check_modal(data: Wire) -> None:
    """Refuse a modal that Discord would refuse."""
    checks = Checks()
    checks.text(("data", "custom_id"), data.get("custom_id"), rules.CUSTOM_ID, required=True)
    checks.text(("data", "title"), data.get("title"), rules.MODAL_TITLE, required=True)
    ComponentChecks(checks, set()).modal(("data", "components"), data.get("components"))
    checks.raise_any()


def check_thread(body: Wire) -> None:
    """Refuse a thread that Discord would refuse."""
    checks = Checks()
    checks.text(("name",), body.get("name"), rules.THREAD_NAME, required=True)
    if body.get("auto_archive_duration") is not None:
        checks.choice(("auto_archive_duration",), body["auto_archive_duration"], ARCHIVE_MINUTES)
    checks.raise_any()


def checked_emoji(text: str) -> str:
    """An emoji of a reaction's path: a Unicode one, or ``name:id``; refused with 10014."""
    emoji = unquote(text)
    if CUSTOM_EMOJI.fullmatch(emoji) or (0 < len(emoji) <= 16 and not emoji.isascii()):
        return emoji
    raise unknown("Emoji")
