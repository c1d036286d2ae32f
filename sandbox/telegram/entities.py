"""Texts with their formatting: the two parse modes, read strictly, and what Telegram finds by itself.

Entities are plain dictionaries in the Bot API's shape. Offsets and lengths count UTF-16 units.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.telegram import rules
from sandbox.telegram.html import parse_html
from sandbox.telegram.markdown import parse_markdown
from sandbox.telegram.rules import MAX_ENTITIES
from sandbox.telegram.units import utf16

Entity = dict[str, Any]

_PARSERS: dict[str, Callable[[str], tuple[str, list[Entity]]]] = {
    "": lambda text: (text, []),
    "html": parse_html,
    "markdownv2": parse_markdown,
}
_KINDS = frozenset({
        "mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bold", "italic", "underline",
        "strikethrough", "spoiler", "blockquote", "expandable_blockquote", "code", "pre", "text_link", "text_mention",
        "custom_emoji", "date_time",
})  # fmt: skip
_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>\"]+)"
    r"|(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<bot_command>(?<![\w/@>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z]\w{2,31})?(?![\w@/]))"
    r"|(?P<mention>(?<![\w@/])@[A-Za-z]\w{2,31}\b)"
    r"|(?P<hashtag>(?<![\w#&])#\w*[^\W\d]\w*)"
)


def parse(
    text: str, mode: str, given: Iterable[Entity] | None, person: Callable[[int], Any]
) -> tuple[str, list[Entity]]:
    """The text as people see it and its entities, sorted, found ones included.

    ``person`` gives the wire form of a user by id, or None: a mention of somebody unknown becomes plain text.
    Raises :class:`~sandbox.telegram.errors.ApiError` where Telegram can't parse.
    """
    parser = _PARSERS.get(mode.lower())
    if parser is None:
        raise rules.PARSE_MODE.error()
    text, entities = parser(text)
    if not mode and given is not None:
        entities = [_checked(entity) for entity in given]
    text, entities = _stripped(text, entities)
    entities = [named for entity in entities if (named := _named(entity, person)) is not None]
    if len(entities) > MAX_ENTITIES:
        raise rules.ENTITIES_MANY.error()
    entities += find(text, entities)
    entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    return text, entities


def find(text: str, taken: Iterable[Entity] = ()) -> list[Entity]:
    """The links, commands, mentions and tags that Telegram marks by itself, outside of what is ``taken``."""
    if not any(mark in text for mark in "/@#:"):
        return []
    closed = [
        (entity["offset"], entity["offset"] + entity["length"])
        for entity in taken
        if entity["type"] in {"code", "pre", "text_link", "text_mention", "url", "bot_command", "mention"}
    ]
    found: list[Entity] = []
    for match in _FOUND.finditer(text):
        kind = match.lastgroup or ""
        value = match.group().rstrip(".,;:!?)'") if kind == "url" else match.group()
        start = utf16(text[: match.start()])
        end = start + utf16(value)
        if not any(start < other_end and other_start < end for other_start, other_end in closed):
            found.append({"type": kind, "offset": start, "length": end - start})
    return found


def _checked(entity: Entity) -> Entity:
    """One entity that the bot gave itself."""
    if not isinstance(entity, dict) or entity.get("type") not in _KINDS:
        raise rules.CANT_PARSE.error(why="Unsupported entity type specified")
    if not isinstance(entity.get("offset"), int) or not isinstance(entity.get("length"), int):
        raise rules.CANT_PARSE.error(why='Field "offset" must be of type Number')
    return dict(entity)


def _stripped(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Without white space at both ends, which Telegram cuts off."""
    shorter = text.lstrip()
    cut = utf16(text[: len(text) - len(shorter)])
    shorter = shorter.rstrip()
    end = utf16(shorter)
    kept = []
    for entity in entities:
        first = max(entity["offset"] - cut, 0)
        last = min(entity["offset"] + entity["length"] - cut, end)
        if last > first:
            kept.append({**entity, "offset": first, "length": last - first})
    return shorter, kept


def _named(entity: Entity, person: Callable[[int], Any]) -> Entity | None:
    """A link to ``tg://user?id=`` is a mention, of somebody whom the bot knows."""
    if entity["type"] == "text_link":
        match = re.fullmatch(r"tg://user/?\?id=(\d+)", entity.get("url", ""))
        if match is None:
            return entity
        user = person(int(match.group(1)))
    elif entity["type"] == "text_mention":
        user = person(int(entity.get("user", {}).get("id", 0)))
    else:
        return entity
    if user is None:
        return None
    return {"type": "text_mention", "offset": entity["offset"], "length": entity["length"], "user": user}
