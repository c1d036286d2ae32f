"""Discord's Markdown as safe HTML and as plain text: what people see of a message's text."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime

Names = Callable[[str, int], str]
"""The name that a mention shows: ``("@", user id)``, ``("#", channel id)`` or ``("&", role id)``."""

TOKEN = re.compile(
    r"(?P<code>`+)(?P<code_text>.+?)(?P=code)(?!`)"
    r"|\\(?P<escaped>[\\`*_~|<>#\-\[\]().:@!])"
    r"|<@!?(?P<user>\d+)>|<#(?P<channel>\d+)>|<@&(?P<role>\d+)>"
    r"|<t:(?P<time>-?\d+)(?::(?P<style>[tTdDfFR]))?>"
    r"|<a?:(?P<emoji>\w+):\d+>"
    r"|</(?P<command>[^:>]+):\d+>"
    r"|\[(?P<label>[^\]\n]+)\]\(<?(?P<target>https?://[^\s)>]+)>?\)"
    r"|<?(?P<link>https?://[^\s<>)]+)>?"
    r"|\*\*(?P<bold>.+?)\*\*(?!\*)"
    r"|__(?P<under>.+?)__(?!_)"
    r"|~~(?P<strike>.+?)~~"
    r"|\|\|(?P<spoiler>.+?)\|\|"
    r"|\*(?P<star>[^\s*](?:.*?[^\s*])?)\*(?!\*)"
    r"|(?<!\w)_(?P<italic>[^_]+?)_(?!\w)",
    re.DOTALL,
)
TAGS = {
    "bold": "strong", "under": "u", "strike": "s", "star": "em", "italic": "em", "spoiler": "mark",
}  # fmt: skip
FENCE = re.compile(r"```(?:[a-zA-Z0-9_+-]*\n)?(.*?)```", re.DOTALL)
LIST = re.compile(r"^(\s*)(?:[-*]|(\d{1,9})\.)\s+(.*)$")
HEADING = re.compile(r"^(-#|#{1,3})\s+(.+)$")
TIMES = {
    "t": "%H:%M", "T": "%H:%M:%S", "d": "%Y-%m-%d", "D": "%d %B %Y", "f": "%d %B %Y %H:%M",
    "F": "%A, %d %B %Y %H:%M", "R": "%Y-%m-%d %H:%M UTC",
}  # fmt: skip


def as_html(text: str, names: Names) -> str:
    """Safe HTML: everything that the text holds is escaped, only our own tags stand in it."""
    parts = []
    for index, part in enumerate(FENCE.split(text)):
        parts.append(f"<pre><code>{html.escape(part)}</code></pre>" if index % 2 else _blocks(part, names))
    return "".join(parts)


def as_text(text: str, names: Names) -> str:
    """The words alone, with mentions as names and without Markdown's signs."""
    parts = []
    for index, part in enumerate(FENCE.split(text)):
        if index % 2:
            parts.append(part)
            continue
        lines = [HEADING.sub(r"\2", line) for line in part.split("\n")]
        lines = [re.sub(r"^>(?:>>)? ", "", line) for line in lines]
        parts.append(_plain("\n".join(lines), names))
    return "".join(parts)


def _blocks(text: str, names: Names) -> str:
    result: list[str] = []
    inline: list[str] = []
    kind, items = "", []  # type: str, list[str]

    def close() -> None:
        nonlocal kind
        if inline:
            result.append(_inline("\n".join(inline), names).replace("\n", "<br>"))
            inline.clear()
        if kind:
            tag = {"quote": "blockquote"}.get(kind, kind)
            inner = "<br>".join(items) if kind == "quote" else "".join(f"<li>{item}</li>" for item in items)
            result.append(f"<{tag}>{inner}</{tag}>")
            kind = ""
            items.clear()

    def add(wanted: str, item: str) -> None:
        nonlocal kind
        if kind != wanted:
            close()
            kind = wanted
        items.append(_inline(item, names))

    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line.startswith(">>> "):
            add("quote", line[4:])
            for rest in lines[number + 1 :]:
                add("quote", rest)
            break
        heading, entry = HEADING.match(line), LIST.match(line)
        if line.startswith("> "):
            add("quote", line[2:])
        elif entry is not None:
            add("ol" if entry.group(2) else "ul", entry.group(3))
        elif heading is not None:
            close()
            marks = heading.group(1)
            tag = "small" if marks == "-#" else f"h{len(marks) + 2}"
            result.append(f"<{tag}>{_inline(heading.group(2), names)}</{tag}>")
        else:
            if kind:
                close()
            inline.append(line)
    close()
    return "".join(result)


def _inline(text: str, names: Names) -> str:
    result, place = [], 0
    for match in TOKEN.finditer(text):
        result.append(html.escape(text[place : match.start()]))
        result.append(_token_html(match, names))
        place = match.end()
    result.append(html.escape(text[place:]))
    return "".join(result)


def _token_html(match: re.Match[str], names: Names) -> str:
    kind = match.lastgroup or ""
    for tag, name in TAGS.items():
        if match.group(tag) is not None:
            return f"<{name}>{_inline(match.group(tag), names)}</{name}>"
    if match.group("code_text") is not None:
        return f"<code>{html.escape(match.group('code_text').strip())}</code>"
    if match.group("link") is not None:
        url = html.escape(match.group("link"))
        return f'<a href="{url}" rel="noopener noreferrer">{url}</a>'
    if match.group("target") is not None:
        url = html.escape(match.group("target"))
        return f'<a href="{url}" rel="noopener noreferrer">{_inline(match.group("label"), names)}</a>'
    shown = html.escape(_token_text(match, names))
    if kind in {"user", "channel", "role"}:
        return f'<span class="mention">{shown}</span>'
    return f"<time>{shown}</time>" if match.group("time") is not None else shown


def _plain(text: str, names: Names) -> str:
    return TOKEN.sub(lambda match: _token_text(match, names), text)


def _token_text(match: re.Match[str], names: Names) -> str:
    for name in TAGS:
        if match.group(name) is not None:
            return _plain(match.group(name), names)
    for sign, name in (("@", "user"), ("#", "channel"), ("&", "role")):
        if match.group(name) is not None:
            return ("@" if sign == "&" else sign) + names(sign, int(match.group(name)))
    if match.group("time") is not None:
        try:
            at = datetime.fromtimestamp(int(match.group("time")), UTC)
        except (ValueError, OverflowError, OSError):
            return match.group(0)
        return at.strftime(TIMES[match.group("style") or "f"])
    if match.group("code_text") is not None:
        return match.group("code_text").strip()
    if match.group("target") is not None:
        return _plain(match.group("label"), names)
    if match.group("emoji") is not None:
        return f":{match.group('emoji')}:"
    if match.group("command") is not None:
        return f"/{match.group('command')}"
    return match.group("escaped") or match.group("link") or match.group(0)
