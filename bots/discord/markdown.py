"""Our markup as Discord's Markdown: every span on its way out, people's own words escaped."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from core.markup import Line, LineKind, Span, Style, parse

_BARE = r"https?://[^\s<>]+"
"""An address that stands for itself: Discord links it with backslashes and all, so nothing in it is escaped."""
_ESCAPE = re.compile(rf"({_BARE})|([\\*_~`|<\[\]#])")
_AT_START = re.compile(r"^(\s*)(?:([>+-])|(\d+)([.)]))")
"""What makes a quote, a list or a heading at the start of a line."""

_PREFIX = {LineKind.TEXT: "", LineKind.QUOTE: "> ", LineKind.ITEM: "- "}
_MARKS = {Style.BOLD: "**", Style.ITALIC: "_", Style.STRUCK: "~~"}


def escape(text: str, *, start: bool = False) -> str:
    """Text in which Discord finds no markup and no mention. ``start``: it stands at the start of a line."""
    out = _ESCAPE.sub(lambda match: match[1] or "\\" + match[2], text)
    if start:
        out = _AT_START.sub(lambda m: f"{m[1]}\\{m[2]}" if m[2] else f"{m[1]}{m[3]}\\{m[4]}", out)
    return out


def _web(span: Span) -> str:
    if span.text == span.link:
        return span.link
    target = span.link.replace("<", "%3C").replace(">", "%3E")
    return f"[{escape(span.text)}](<{target}>)"  # in angle brackets: no preview of a link that has a label


def _member(span: Span) -> str:
    external_id = span.link.partition(":")[2]
    return f"<@{external_id}>" if external_id.isdecimal() else escape(span.text)


def _time(span: Span) -> str:
    try:
        at = datetime.fromisoformat(span.link.partition(":")[2])
    except ValueError:
        return escape(span.text)
    return escape(span.text) if at.tzinfo is None else f"<t:{int(at.timestamp())}:f>"


def _mail(span: Span) -> str:
    address = span.link.partition(":")[2]
    return escape(address if span.text == address else f"{span.text} ({address})")


LINKS: dict[str, Callable[[Span], str]] = {
    "https": _web,
    "http": _web,
    "member": _member,
    "time": _time,
    "mailto": _mail,
}
"""How a link is shown, by its scheme: one entry for each of ``core.markup.LINK_SCHEMES``."""


def markdown(source: str) -> str:
    """Marked-up text as Discord's Markdown."""
    return "\n".join(_line(line) for line in parse(source))


def mentioned(*sources: str) -> list[int]:
    """The members whom marked-up texts mention: they alone may be pinged."""
    found = {
        int(span.link[7:]): None
        for source in sources
        if "member:" in source
        for line in parse(source)
        for span in line.spans
        if span.link.startswith("member:") and span.link[7:].isdecimal()
    }
    return list(found)


def fit(source: str, most: int) -> tuple[str, int]:
    """The Markdown in at most ``most`` characters, and how many characters of it were left out.

    It is cut between lines and inside words, never inside a mark: what is opened is closed.
    """
    whole = markdown(source)
    if len(whole) <= most:
        return whole, 0
    kept: list[str] = []
    room = most
    for line in parse(source):
        text = _line(line)
        if len(text) + 1 >= room:  # one more for the ellipsis or the line's end
            kept.append(_cut(line, room))
            break
        kept.append(text)
        room -= len(text) + 1
    return "\n".join(kept), len(whole) - most


def _cut(line: Line, most: int) -> str:
    spans: list[Span] = []
    best = "…" if most > 0 else ""
    for span in line.spans:
        low, high = 0, len(span.text)
        while low < high:  # the longest start of this span that fits; a link is kept whole or as plain text
            middle = (low + high + 1) // 2
            part = replace(span, text=span.text[:middle] + "…", link="")
            if len(_line(Line(line.kind, (*spans, part)))) <= most:
                low = middle
            else:
                high = middle - 1
        if low:
            best = _line(Line(line.kind, (*spans, replace(span, text=span.text[:low] + "…", link=""))))
        spans.append(span)
        if low < len(span.text) or len(_line(Line(line.kind, tuple(spans)))) > most:
            break
    return best


def _line(line: Line) -> str:
    out = [_PREFIX[line.kind]]
    opened: list[Style] = []
    for position, span in enumerate(line.spans):
        _turn(out, opened, span.style)
        out.append(_span(span, start=position == 0 and not opened))
    _turn(out, opened, Style.PLAIN)
    return "".join(out)


def _span(span: Span, *, start: bool) -> str:
    if span.link:
        return LINKS[span.link.partition(":")[0]](span)
    if Style.CODE in span.style:
        return f"`` {span.text} ``" if "`" in span.text else f"`{span.text}`"
    return escape(span.text, start=start)


def _turn(out: list[str], opened: list[Style], wanted: Style) -> None:
    """Close what is not wanted any more, the innermost first, and open what is."""
    while any(style not in wanted for style in opened):
        out.append(_MARKS[opened.pop()])
    for style, mark in _MARKS.items():
        if style in wanted and style not in opened:
            opened.append(style)
            out.append(mark)
