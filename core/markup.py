"""The one small Markdown subset that every platform can show, and nothing else.

``**bold**``, ``_italic_``, ``~~struck~~``, `` `code` ``, ``[label](https://…)``; lines that begin with ``> `` are
quotes and with ``- `` are items. Two links have their own meaning: ``[name](member:ID)`` mentions a member by the
platform's id, ``[words](time:2026-11-22T09:00+00:00)`` is a moment that a platform may show in the reader's own zone.
A backslash takes the meaning from the character after it: people's own words go through :func:`escape` first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Flag, StrEnum, auto
from typing import NamedTuple

LINK_SCHEMES = ("https://", "http://", "member:", "time:", "mailto:")
"""What a link may begin with; any other stands as plain text."""

_SPECIAL = re.compile(r"([\\*_~`\[\]()>-])")
_TOKEN = re.compile(
    r"(?=[\\*~_`\[])(?:"  # what all of them begin with: elsewhere, which is nearly everywhere, none is tried
    r"\\(.)|(\*\*)|(~~)|(?<![^\W_])(_)(?=\S)|(?<=\S)(_)(?![^\W_])|`([^`\n]+)`|\[((?:\\.|[^\]\\\n])+)\]\(([^)\s]+)\))"
)


class Style(Flag):
    """How a run of text looks."""

    PLAIN = 0
    BOLD = auto()
    ITALIC = auto()
    STRUCK = auto()
    CODE = auto()


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one style. ``link`` is empty, or a target with one of :data:`LINK_SCHEMES`."""

    text: str
    style: Style = Style.PLAIN
    link: str = ""


class LineKind(StrEnum):
    """What a line is."""

    TEXT = "text"
    QUOTE = "quote"
    ITEM = "item"


class Line(NamedTuple):
    """One line of a message."""

    kind: LineKind
    spans: tuple[Span, ...]


def escape(text: str) -> str:
    """People's own words, so that nothing in them is markup."""
    return _SPECIAL.sub(r"\\\1", text)


def mention(name: str, external_id: str) -> str:
    """Markup that mentions a member. The name is shown where the platform cannot mention."""
    return f"[{escape(' '.join(name.split())) or external_id}](member:{external_id})"


def parse(source: str) -> tuple[Line, ...]:
    """The lines of a marked-up text. Never raises: what is not markup is text; a style ends with its line."""
    return tuple(_line(line) for line in source.split("\n"))


def plain(source: str) -> str:
    """The text alone, as it would be read aloud."""
    marks = {LineKind.TEXT: "", LineKind.QUOTE: "> ", LineKind.ITEM: "• "}
    return "\n".join(marks[line.kind] + "".join(span.text for span in line.spans) for line in parse(source))


def _line(line: str) -> Line:
    if line.startswith("> "):
        return Line(LineKind.QUOTE, _spans(line[2:]))
    if line.startswith("- "):
        return Line(LineKind.ITEM, _spans(line[2:]))
    return Line(LineKind.TEXT, _spans(line))


def _spans(line: str) -> tuple[Span, ...]:
    spans: list[Span] = []
    style = Style.PLAIN
    buffer: list[str] = []

    def flush() -> None:
        if buffer:
            spans.append(Span("".join(buffer), style))
            buffer.clear()

    def toggle(which: Style, token: str, rest: str) -> None:
        nonlocal style
        if which in style or token in rest:
            flush()
            style ^= which
        else:
            buffer.append(token)

    end = 0
    for match in _TOKEN.finditer(line):
        buffer.append(line[end : match.start()])
        end = match.end()
        escaped, bold, struck, opening, closing, code, label, target = match.groups()
        if escaped is not None:
            buffer.append(escaped)
        elif bold:
            toggle(Style.BOLD, bold, line[end:])
        elif struck:
            toggle(Style.STRUCK, struck, line[end:])
        elif opening or closing:
            toggle(Style.ITALIC, "_", line[end:] if opening else "")
        elif code:
            flush()
            spans.append(Span(code, style | Style.CODE))
        elif target.startswith(LINK_SCHEMES):
            flush()
            spans.append(Span(_unescape(label), style, target))
        else:
            buffer.append(match.group())
    buffer.append(line[end:])
    flush()
    return tuple(span for span in spans if span.text)


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
