"""Our markup as HTML, everything that people wrote escaped."""

from __future__ import annotations

from html import escape

from core.markup import Line, LineKind, Span, Style, parse

TAGS = ((Style.BOLD, "strong"), (Style.ITALIC, "em"), (Style.STRUCK, "s"), (Style.CODE, "code"))


def html_of(text: str) -> str:
    """Marked-up text as HTML blocks: paragraphs, quotes and lists."""
    out: list[str] = []
    before: LineKind | None = None
    for line in parse(text):
        if line.kind is not before:
            out += [_close(before), _open(line.kind)]
        before = line.kind
        out.append(_line(line))
    out.append(_close(before))
    return "".join(out)


def _open(kind: LineKind) -> str:
    return {LineKind.TEXT: "", LineKind.QUOTE: "<blockquote>", LineKind.ITEM: "<ul>"}[kind]


def _close(kind: LineKind | None) -> str:
    return {None: "", LineKind.TEXT: "", LineKind.QUOTE: "</blockquote>", LineKind.ITEM: "</ul>"}[kind]


def _line(line: Line) -> str:
    inner = "".join(_span(span) for span in line.spans)
    if line.kind is LineKind.ITEM:
        return f"<li>{inner}</li>"
    return f"<p>{inner}</p>" if inner else ""


def _span(span: Span) -> str:
    out = escape(span.text)
    for style, tag in TAGS:
        if style in span.style:
            out = f"<{tag}>{out}</{tag}>"
    if span.link.startswith(("https://", "http://")):
        out = f'<a href="{escape(span.link)}" rel="noreferrer noopener" target="_blank">{out}</a>'
    return out
