"""Telegram's MarkdownV2 parse mode, read strictly. Source: core.telegram.org/bots/api#markdownv2-style."""

from __future__ import annotations

from typing import Any

from sandbox.telegram import rules
from sandbox.telegram.units import byte_offset, utf16

_RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_ENDS = {
    "bold": "*", "italic": "_", "underline": "__", "strikethrough": "~", "spoiler": "||",
    "code": "`", "pre": "```", "text_link": "]", "custom_emoji": "]",
}  # fmt: skip
_STARTS = (
    ("```", "pre"), ("__", "underline"), ("||", "spoiler"), ("![", "custom_emoji"), ("*", "bold"), ("_", "italic"),
    ("~", "strikethrough"), ("`", "code"), ("[", "text_link"),
)  # fmt: skip
_NAMES = {
    "bold": "Bold", "italic": "Italic", "underline": "Underline", "strikethrough": "Strikethrough",
    "spoiler": "Spoiler", "code": "Code", "pre": "Pre", "text_link": "TextUrl", "custom_emoji": "CustomEmoji",
}  # fmt: skip


def parse_markdown(source: str) -> tuple[str, list[dict[str, Any]]]:
    """The plain text and its entities.

    Raises :class:`~sandbox.telegram.errors.ApiError` "can't parse entities: …", with the place in bytes.
    """
    return _Reader(source).read()


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.index = 0
        self.text: list[str] = []
        self.length = 0
        self.opened: list[tuple[str, int, int, str]] = []
        self.entities: list[dict[str, Any]] = []
        self.quote: int | None = None
        self.expandable = False

    def read(self) -> tuple[str, list[dict[str, Any]]]:
        while self.index < len(self.source):
            self._step()
        if self.opened:
            kind, _, place, _ = self.opened[-1]
            at = byte_offset(self.source, place)
            raise rules.CANT_PARSE.error(why=f"Can't find end of {_NAMES[kind]} entity at byte offset {at}")
        self._end_quote()
        return "".join(self.text), self.entities

    def _step(self) -> None:
        source, index = self.source, self.index
        character = source[index]
        if character == "\\" and index + 1 < len(source) and 0 < ord(source[index + 1]) <= 126:
            self._take(source[index + 1], 2)
            return
        kind = self.opened[-1][0] if self.opened else ""
        if self._start_of_line() and kind not in {"code", "pre"} and self._quote_mark():
            return
        if kind in {"code", "pre"} and character != "`":
            self._take(character, 1)
        elif self._closes(kind):
            self._close()
        elif kind in {"code", "pre"} or character not in _RESERVED:
            self._take(character, 1)
        elif not self._open():
            if character == "|" or self.quote is None or character != ">":
                why = f"Character '{character}' is reserved and must be escaped with the preceding '\\'"
                raise rules.CANT_PARSE.error(why=why)
            self._take(character, 1)

    def _take(self, piece: str, used: int) -> None:
        self.text.append(piece)
        self.length += utf16(piece)
        self.index += used

    def _start_of_line(self) -> bool:
        return self.index == 0 or self.source[self.index - 1] == "\n"

    def _quote_mark(self) -> bool:
        """Read the mark of a quoted line, or end the quotation where a line has none."""
        if self.source.startswith("**>", self.index) and not self.opened:
            self._end_quote()
            self.quote, self.expandable = self.length, True
            self.index += 3
            return True
        if self.source.startswith(">", self.index):
            if self.quote is None:
                self.quote, self.expandable = self.length, False
            self.index += 1
            return True
        self._end_quote()
        return False

    def _end_quote(self) -> None:
        if self.quote is not None and self.length > self.quote:
            kind = "expandable_blockquote" if self.expandable else "blockquote"
            length = self.length - self.quote - (1 if self.text[-1] == "\n" else 0)
            if length:
                self.entities.append({"type": kind, "offset": self.quote, "length": length})
        self.quote = None

    def _closes(self, kind: str) -> bool:
        if not kind or not self.source.startswith(_ENDS[kind], self.index):
            return False
        return not (kind == "italic" and self.source.startswith("__", self.index))

    def _open(self) -> bool:
        if self.expandable and self.quote is not None and self._ends_expandable():
            self.index += 2
            return True
        for mark, kind in _STARTS:
            if self.source.startswith(mark, self.index):
                place = self.index
                self.index += len(mark)
                language = self._language() if kind == "pre" else ""
                self.opened.append((kind, self.length, place, language))
                return True
        return False

    def _ends_expandable(self) -> bool:
        rest = self.source[self.index : self.index + 3]
        return rest in {"||", "||\n"}

    def _language(self) -> str:
        """The word after three backticks, if a new line follows it."""
        stop = self.index
        while stop < len(self.source) and not self.source[stop].isspace() and self.source[stop] != "`":
            stop += 1
        if stop < len(self.source) and self.source[stop] == "\n":
            word = self.source[self.index : stop]
            self.index = stop + 1
            return word
        return ""

    def _close(self) -> None:
        kind, start, place, language = self.opened.pop()
        self.index += len(_ENDS[kind])
        entity: dict[str, Any] = {"type": kind, "offset": start, "length": self.length - start}
        if kind in {"text_link", "custom_emoji"}:
            url = self._address(kind, place)
            if kind == "text_link":
                entity["url"] = url
            else:
                entity["custom_emoji_id"] = url.rpartition("id=")[2]
            if not url:
                return
        if language:
            entity["language"] = language
        if entity["length"]:
            self.entities.append(entity)

    def _address(self, kind: str, place: int) -> str:
        at = byte_offset(self.source, place)
        if not self.source.startswith("(", self.index):
            if kind == "custom_emoji":
                raise rules.CANT_PARSE.error(
                    why=f"Custom emoji entity must contain a tg://emoji URL at byte offset {at}"
                )
            return ""
        url: list[str] = []
        index = self.index + 1
        while index < len(self.source) and self.source[index] != ")":
            if self.source[index] == "\\" and index + 1 < len(self.source) and ord(self.source[index + 1]) <= 126:
                index += 1
            url.append(self.source[index])
            index += 1
        if index >= len(self.source):
            raise rules.CANT_PARSE.error(why=f"Can't find end of a URL at byte offset {at}")
        self.index = index + 1
        return "".join(url)
