"""What people see of Slack's markup: plain text, and html that a page may show."""

from __future__ import annotations

import html
import re

from sandbox.slack.emoji import sign_of
from sandbox.slack.world import JSON, World

_TOKEN = re.compile(
    r"```(?P<pre>.+?)```"
    r"|`(?P<code>[^`\n]+)`"
    r"|<(?P<link>[^<>\n]+)>"
    r"|:(?P<emoji>[a-z0-9_+\-]+):"
    r"|(?<![\w*])\*(?P<b>[^*\n]+)\*(?![\w*])"
    r"|(?<!\w)_(?P<i>[^_\n]+)_(?!\w)"
    r"|(?<![\w~])~(?P<s>[^~\n]+)~(?![\w~])"
    r"|(?:(?<=\n)|\A)(?:&gt;|>) ?(?P<q>[^\n]*)(?:\n|\Z)"
    r"|(?P<br>\n)",
    re.S,
)
_SAFE = ("http://", "https://", "mailto:", "tel:")

Seen = tuple[str, str]
"""Plain text and html."""


def escape(text: str) -> str:
    """What a person typed as Slack hands it to apps: three characters escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _literal(text: str) -> Seen:
    plain = html.unescape(text)
    return plain, html.escape(plain)


def _link(address: str, label: str) -> Seen:
    shown = label or address
    if not address.startswith(_SAFE):
        return shown, html.escape(shown)
    return shown, f'<a href="{html.escape(address)}" rel="noopener noreferrer">{html.escape(shown)}</a>'


class Renderer:
    """Renders for one workspace, whose people and channels are called by name."""

    def __init__(self, world: World) -> None:
        self._world = world

    def mrkdwn(self, text: str) -> Seen:
        """Slack's own markup."""
        plain: list[str] = []
        marked: list[str] = []
        at = 0
        for match in _TOKEN.finditer(text):
            for seen in (_literal(text[at : match.start()]), self._token(match)):
                plain.append(seen[0])
                marked.append(seen[1])
            at = match.end()
        rest = _literal(text[at:])
        return "".join(plain) + rest[0], "".join(marked) + rest[1]

    def _token(self, match: re.Match[str]) -> Seen:
        kind, inner = match.lastgroup or "", match.group(match.lastgroup or 0)
        if kind == "br":
            return "\n", "<br>"
        if kind == "link":
            return self._reference(inner)
        if kind == "emoji":
            return sign_of(inner), html.escape(sign_of(inner))
        if kind in ("pre", "code"):
            seen = _literal(inner)
            return seen[0], f"<{kind}>{seen[1]}</{kind}>"
        seen = self.mrkdwn(inner)
        if kind == "q":
            return seen[0] + "\n", f"<blockquote>{seen[1]}</blockquote>"
        return seen[0], f"<{kind}>{seen[1]}</{kind}>"

    def _reference(self, inner: str) -> Seen:
        target, _, label = inner.partition("|")
        if target.startswith("@"):
            return self.mention(target[1:])
        if target.startswith("#"):
            channel = self._world.channels.get(target[1:])
            shown = "#" + (channel.name if channel else label or target[1:])
            return shown, html.escape(shown)
        if target.startswith("!"):
            shown = html.unescape(label) or "@" + target[1:].partition("^")[0]
            return shown, html.escape(shown)
        return _link(html.unescape(target), html.unescape(label))

    def mention(self, user: str) -> Seen:
        """A person by name."""
        known = self._world.users.get(user)
        shown = "@" + (known.name if known else user)
        return shown, f"<b>{html.escape(shown)}</b>"

    def markdown(self, text: str) -> Seen:
        """Standard Markdown, as the markdown block takes it, by way of Slack's own."""
        text = escape(text)
        text = re.sub(r"(?<!\*)\*(?!\*)([^*\n]+)\*(?!\*)", r"_\1_", text)
        text = re.sub(r"\*\*(.+?)\*\*", r"*\1*", text)
        text = re.sub(r"~~(.+?)~~", r"~\1~", text)
        text = re.sub(r"(?m)^#{1,6} +(.+)$", r"*\1*", text)
        text = re.sub(r"(?m)^[-*] +", "• ", text)
        text = re.sub(r"\[([^\]\n]+)\]\(([^)\s]+)\)", r"<\2|\1>", text)
        return self.mrkdwn(text)

    def text_object(self, text: object) -> Seen:
        """A ``plain_text`` or ``mrkdwn`` object."""
        if not isinstance(text, dict):
            return "", ""
        if text.get("type") == "mrkdwn":
            return self.mrkdwn(str(text.get("text", "")))
        shown = re.sub(r":([a-z0-9_+\-]+):", lambda match: sign_of(match.group(1)), str(text.get("text", "")))
        return shown, html.escape(shown).replace("\n", "<br>")

    # -- blocks ------------------------------------------------------------------------------------------------
    def block(self, block: JSON) -> Seen:
        """One block's text, without what can be pressed in it."""
        kind = block.get("type")
        if kind == "section":
            texts = [block.get("text"), *(block.get("fields") or [])]
            seen = [self.text_object(text) for text in texts if text]
            return "\n".join(text for text, _ in seen), "<br>".join(marked for _, marked in seen)
        if kind == "header":
            plain, marked = self.text_object(block.get("text"))
            return plain, f"<h3>{marked}</h3>"
        if kind == "context":
            seen = [self.text_object(item) for item in block.get("elements", []) if item.get("type") != "image"]
            return " ".join(text for text, _ in seen), f"<small>{' '.join(marked for _, marked in seen)}</small>"
        if kind == "divider":
            return "", "<hr>"
        if kind == "image":
            return str(block.get("alt_text", "")), ""  # read aloud; to see there is the picture itself
        if kind == "markdown":
            return self.markdown(str(block.get("text", "")))
        if kind == "rich_text":
            seen = [self._rich(element) for element in block.get("elements", [])]
            return "\n".join(text for text, _ in seen), "".join(f"<div>{marked}</div>" for _, marked in seen)
        return "", ""

    def blocks(self, blocks: list[JSON]) -> Seen:
        """All blocks of a message or a form, one below the other."""
        seen = [self.block(block) for block in blocks]
        return "\n".join(text for text, _ in seen if text), "".join(f"<div>{m}</div>" for _, m in seen if m)

    def _rich(self, element: JSON) -> Seen:
        kind = element.get("type")
        parts = element.get("elements", [])
        if kind == "rich_text_list":
            rows = [self._rich(row) for row in parts]
            tag = "ol" if element.get("style") == "ordered" else "ul"
            items = "".join(f"<li>{marked}</li>" for _, marked in rows)
            return "\n".join(f"• {text}" for text, _ in rows), f"<{tag}>{items}</{tag}>"
        seen = [self._inline(part) for part in parts]
        plain, marked = "".join(text for text, _ in seen), "".join(m for _, m in seen)
        tag = {"rich_text_quote": "blockquote", "rich_text_preformatted": "pre"}.get(str(kind), "")
        return plain, f"<{tag}>{marked}</{tag}>" if tag else marked

    def _inline(self, part: JSON) -> Seen:
        kind = part.get("type")
        if kind == "user":
            plain, marked = self.mention(str(part.get("user_id", "")))
        elif kind == "channel":
            plain, marked = self._reference("#" + str(part.get("channel_id", "")))
        elif kind == "link":
            plain, marked = _link(str(part.get("url", "")), str(part.get("text", "")))
        elif kind == "emoji":
            plain = sign_of(str(part.get("name", "")))
            marked = html.escape(plain)
        elif kind == "broadcast":
            plain = marked = "@" + html.escape(str(part.get("range", "")))
        else:
            plain = str(part.get("text", ""))
            marked = html.escape(plain).replace("\n", "<br>")
        style = part.get("style") or {}
        for name, tag in (("bold", "b"), ("italic", "i"), ("strike", "s"), ("code", "code")):
            if style.get(name):
                marked = f"<{tag}>{marked}</{tag}>"
        return plain, marked
