"""Our markup as Slack's mrkdwn: every span on its way out, people's own words escaped.

mrkdwn can escape ``& < >`` alone. A ``*``, ``_``, ``~`` or backtick of people's own that would begin a style is shown
by its look-alike instead; there is no other way (github.com/slackhq/slack-api-docs/issues/34).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from core.markup import Line, LineKind, Span, Style, parse

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_LOOK_ALIKES = {"*": "\u2217", "_": "\u02cd", "~": "\u223c", "`": "\u02cb"}
_WRITTEN = re.compile(r"(https?://[^\s<>|]*[^\s<>|.,;:!?)'\"])|([&<>])|(?<!\w)([*_~`])(?=\S)")
"""An address that stands for itself; what has an escape; what would begin a style."""
_STYLED = re.compile(rf"{_WRITTEN.pattern}|(?<=\S)([*_~`])(?!\w)")
"""The same inside a style: what would end it, too."""
_MARKS = {Style.BOLD: "*", Style.ITALIC: "_", Style.STRUCK: "~", Style.CODE: "`"}
"""The outermost first."""
_PREFIX = {LineKind.TEXT: "", LineKind.QUOTE: "> ", LineKind.ITEM: "• "}
_NOTHING = "\u200b"
"""A space without width: Slack reads a mark only at the edge of a word, and a quote only at the start of a line."""


def bare(text: str) -> str:
    """The three characters that Slack reads as its own, escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape(text: str) -> str:
    """Text in which Slack finds no markup and no mention; addresses are links."""
    return _WRITTEN.sub(_written, text)


def _written(match: re.Match[str]) -> str:
    address, escaped, *marks = match.groups()
    if address:
        return f"<{_target(address)}>"
    return _ESCAPES[escaped] if escaped else _LOOK_ALIKES[next(mark for mark in marks if mark)]


def _target(address: str) -> str:
    return bare(address).replace("|", "%7C")


def _web(span: Span) -> str:
    return f"<{_target(span.link)}>" if span.text == span.link else f"<{_target(span.link)}|{_label(span.text)}>"


def _label(text: str) -> str:
    return bare(text)


def _member(span: Span) -> str:
    external_id = span.link.partition(":")[2]
    return f"<@{external_id}>" if re.fullmatch(r"[A-Z0-9]{2,}", external_id) else escape(span.text)


def _time(span: Span) -> str:
    try:
        at = datetime.fromisoformat(span.link.partition(":")[2])
    except ValueError:
        return escape(span.text)
    if at.tzinfo is None:
        return escape(span.text)
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{_label(span.text)}>"


LINKS: dict[str, Callable[[Span], str]] = {
    "https": _web,
    "http": _web,
    "member": _member,
    "time": _time,
    "mailto": _web,
}
"""How a link is shown, by its scheme: one entry for each of ``core.markup.LINK_SCHEMES``."""


def mrkdwn(source: str) -> str:
    """Marked-up text as mrkdwn."""
    return "\n".join(_line(line) for line in parse(source))


def fit(source: str, most: int) -> tuple[str, int]:
    """The mrkdwn in at most ``most`` characters, and how many characters of it were left out."""
    found, over = sections(source, sys.maxsize, most)
    return "".join(found), over


def sections(source: str, each: int, most: int) -> tuple[list[str], int]:
    """The mrkdwn in parts of at most ``each`` characters, ``most`` in all, and how many characters were left out.

    It is cut between lines and inside words, never inside a mark: every part closes what it opens.
    """
    lines = [part for line in parse(source) for part in _parts(line, each)]
    parts: list[str] = []
    room = most
    for number, line in enumerate(lines):
        text = _line(line)
        if len(text) > room - (number + 1 < len(lines)):
            rest = sum(len(_line(one)) + 1 for one in lines[number:]) - 1
            start = _start(line, room)
            _append(parts, start, each)
            return _trimmed(parts), max(1, rest - len(start))
        _append(parts, text, each)
        room -= len(text) + 1
    return _trimmed(parts), 0


def _trimmed(parts: list[str]) -> list[str]:
    """Without empty lines at the edges: Slack refuses a text that is empty."""
    return [part for one in parts if (part := one.strip("\n")).strip()]


def _append(parts: list[str], text: str, each: int) -> None:
    if parts and len(parts[-1]) + 1 + len(text) <= each:
        parts[-1] += "\n" + text
    else:
        parts.append(text)


def _parts(line: Line, most: int) -> list[Line]:
    """The line, or parts of it that are short enough: halved between spans, then between words."""
    if len(_line(line)) <= most:
        return [line]
    if len(line.spans) > 1:
        middle = len(line.spans) // 2
        halves = (line.spans[:middle], line.spans[middle:])
    else:
        span = line.spans[0]
        if len(span.text) < 2:
            return [Line(line.kind, (replace(span, link=""),))] if span.link else []
        middle = span.text.rfind(" ", 1, len(span.text) // 2 + 1)
        middle = middle if middle > 0 else len(span.text) // 2
        halves = ((replace(span, text=span.text[:middle]),), (replace(span, text=span.text[middle:]),))
    return [part for half in halves for part in _parts(Line(line.kind, half), most)]


def _start(line: Line, most: int) -> str:
    """As much of the line's start as fits, with an ellipsis."""
    best = "…"[:most]
    spans: list[Span] = []
    for span in line.spans:
        low, high = 0, len(span.text)
        while low < high:  # the longest start of this span that fits
            middle = (low + high + 1) // 2
            cut = replace(span, text=span.text[:middle] + "…", link="" if middle < len(span.text) else span.link)
            if len(_line(Line(line.kind, (*spans, cut)))) <= most:
                low = middle
            else:
                high = middle - 1
        if low:
            link = "" if low < len(span.text) else span.link
            best = _line(Line(line.kind, (*spans, replace(span, text=span.text[:low].rstrip() + "…", link=link))))
        if low < len(span.text):
            break
        spans.append(span)
    return best


def _line(line: Line) -> str:
    out = _PREFIX[line.kind]
    for span in line.spans:
        shown = _span(span)
        if out and shown and _needs_edge(out[-1], shown[0]):
            out += _NOTHING
        out += shown
    # Slack reads an escaped > at the start of a line as a quote all the same.
    return _NOTHING + out if line.kind is LineKind.TEXT and out.startswith("&gt;") else out


def _needs_edge(before: str, after: str) -> bool:
    marks = _MARKS.values()
    return (before in marks and (after in marks or after.isalnum())) or (after in marks and before.isalnum())


def _span(span: Span) -> str:
    """One span, with marks of its own: blanks at its ends stand outside them, where Slack wants them."""
    if span.link:
        text = LINKS[span.link.partition(":")[0]](span)
    elif Style.CODE in span.style:
        text = bare(span.text.replace("`", _LOOK_ALIKES["`"]))
    else:
        text = (_STYLED if span.style else _WRITTEN).sub(_written, span.text)
    marks = "".join(mark for style, mark in _MARKS.items() if style in span.style)
    inner = text.strip(" ")
    if not marks or not inner:
        return text
    left, right = text[: len(text) - len(text.lstrip(" "))], text[len(text.rstrip(" ")) :]
    return f"{left}{marks}{inner}{marks[::-1]}{right}"
