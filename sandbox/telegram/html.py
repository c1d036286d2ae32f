"""Telegram's HTML parse mode, read strictly. Source: core.telegram.org/bots/api#html-style."""

from __future__ import annotations

import re
from typing import Any

from sandbox.telegram import rules
from sandbox.telegram.units import byte_offset, utf16

_KINDS = {
    "b": "bold", "strong": "bold",
    "i": "italic", "em": "italic",
    "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
    "tg-spoiler": "spoiler", "span": "spoiler",
    "a": "text_link", "code": "code", "pre": "pre",
    "blockquote": "blockquote", "tg-emoji": "custom_emoji",
}  # fmt: skip
_CHARACTER = re.compile(r"&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot));?")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_END_TAG = re.compile(r"</([^\s>]*)\s*>")
_START_TAG = re.compile(r"<([^\s>]*)((?:\s+[^\s=>\"']+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]*))?)*)\s*>")
_ATTRIBUTE = re.compile(r"([^\s=>\"']+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]*)))?")


def parse_html(source: str) -> tuple[str, list[dict[str, Any]]]:
    """The plain text and its entities.

    Raises :class:`~sandbox.telegram.errors.ApiError` "can't parse entities: …", with the place in bytes.
    """
    text: list[str] = []
    length = 0
    opened: list[tuple[str, int, dict[str, str]]] = []
    entities: list[dict[str, Any]] = []
    index = 0
    while index < len(source):
        character = source[index]
        if character not in "<&":
            stop = _next(source, index)
            text.append(source[index:stop])
            length += utf16(source[index:stop])
            index = stop
        elif character == "&":
            piece, index = _character(source, index)
            text.append(piece)
            length += utf16(piece)
        elif source.startswith("</", index):
            index = _close(source, index, opened, length, entities)
        else:
            index = _open(source, index, opened, length)
    if opened:
        raise rules.CANT_PARSE.error(why=f'Can\'t find end tag corresponding to start tag "{opened[-1][0]}"')
    return "".join(text), entities


def _next(source: str, index: int) -> int:
    """Where the next tag or character reference starts."""
    places = [place for place in (source.find("<", index), source.find("&", index)) if place >= 0]
    return min(places, default=len(source))


def _character(source: str, index: int) -> tuple[str, int]:
    match = _CHARACTER.match(source, index)
    if match is None:
        return "&", index + 1
    hexadecimal, decimal, name = match.groups()
    if name:
        return _NAMED[name], match.end()
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    if not 0 < code < 0x110000 or 0xD800 <= code < 0xE000:
        return "&", index + 1
    return chr(code), match.end()


def _open(source: str, index: int, opened: list[tuple[str, int, dict[str, str]]], length: int) -> int:
    at = byte_offset(source, index)
    match = _START_TAG.match(source, index)
    name = match.group(1).lower() if match else re.split(r"[\s>]", source[index + 1 :], maxsplit=1)[0].lower()
    if name not in _KINDS:
        raise rules.CANT_PARSE.error(why=f'Unsupported start tag "{name}" at byte offset {at}')
    if match is None:
        raise rules.CANT_PARSE.error(why=f"Unclosed start tag at byte offset {at}")
    attributes = {
        found.group(1).lower(): _unescaped(next((value for value in found.groups()[1:] if value is not None), ""))
        for found in _ATTRIBUTE.finditer(match.group(2))
    }
    if name == "span" and attributes.get("class") != "tg-spoiler":
        raise rules.CANT_PARSE.error(why=f'Tag "span" must have class "tg-spoiler" at byte offset {at}')
    if name == "tg-emoji" and not attributes.get("emoji-id"):
        raise rules.CANT_PARSE.error(why=f'Tag "tg-emoji" must have attribute "emoji-id" at byte offset {at}')
    if name == "blockquote" and any(other == "blockquote" for other, _, _ in opened):
        raise rules.CANT_PARSE.error(why=f"Blockquote can't be nested at byte offset {at}")
    opened.append((name, length, attributes))
    return match.end()


def _unescaped(value: str) -> str:
    parts = []
    index = 0
    while index < len(value):
        if value[index] == "&":
            piece, index = _character(value, index)
        else:
            piece, index = value[index], index + 1
        parts.append(piece)
    return "".join(parts)


def _close(
    source: str,
    index: int,
    opened: list[tuple[str, int, dict[str, str]]],
    length: int,
    entities: list[dict[str, Any]],
) -> int:
    at = byte_offset(source, index)
    match = _END_TAG.match(source, index)
    if not opened:
        raise rules.CANT_PARSE.error(why=f"Unexpected end tag at byte offset {at}")
    if match is None:
        raise rules.CANT_PARSE.error(why=f"Unclosed end tag at byte offset {at}")
    found = match.group(1).lower()
    name, start, attributes = opened.pop()
    if found and found != name:
        raise rules.CANT_PARSE.error(
            why=f'Unmatched end tag at byte offset {at}, expected "</{name}>", found "</{found}>"'
        )
    if length > start:
        _add(name, start, length, attributes, bool(opened) and opened[-1][0] == "pre", entities)
    return match.end()


def _add(
    name: str, start: int, end: int, attributes: dict[str, str], in_pre: bool, entities: list[dict[str, Any]]
) -> None:
    entity: dict[str, Any] = {"type": _KINDS[name], "offset": start, "length": end - start}
    if name == "a":
        if not attributes.get("href"):
            return
        entity["url"] = attributes["href"]
    elif name == "tg-emoji":
        entity["custom_emoji_id"] = attributes["emoji-id"]
    elif name == "blockquote" and "expandable" in attributes:
        entity["type"] = "expandable_blockquote"
    elif name == "code" and in_pre and attributes.get("class", "").startswith("language-"):
        entity["language"] = attributes["class"][len("language-") :]
    elif name == "pre":
        inner = entities[-1] if entities else None
        if inner and inner["type"] == "code" and (inner["offset"], inner["length"]) == (start, end - start):
            entities.pop()
            if "language" in inner:
                entity["language"] = inner["language"]
    entities.append(entity)
