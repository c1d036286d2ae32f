"""Tracks as people write them: one by one, a line each, or as the file of a player."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import NamedTuple

from core.texts import Domain, Phrase
from plugins.listening_parties.links import BadLink, public

_ = Domain("listening_parties")

SHORTEST, LONGEST = 10, 20 * 60
"""Seconds of a track. Shorter, the countdown would be longer than the music; longer, it is a concert."""
MAX_WORDS = 120
"""Characters of a title, and of an artist."""
MAX_LINES = 1000
"""Lines of a list; what comes after them is not looked at."""

_LENGTH = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)")
_DASH = re.compile(r"\s+[–—-]\s+|\s+[–—]\s*|\s*[–—]\s+")
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]")
"""Control characters, and those that turn the direction of all that comes after them."""
_EXTINF = re.compile(r"#EXTINF:\s*(-?\d+)(?:\.\d+)?[^,]*,(.*)", re.IGNORECASE)
_HEADS = {
    "artist": "artist", "title": "title", "length": "length", "duration": "length", "seconds": "length",
    "link": "link", "url": "link",
}  # fmt: skip


class Entry(NamedTuple):
    """A track that can be played."""

    artist: str
    title: str
    seconds: int
    link: str


class Line(NamedTuple):
    """A line of a list: the track that it is, or what is wrong with it."""

    number: int
    text: str
    entry: Entry | None = None
    wrong: Phrase | None = None


class Wrong(ValueError):
    """What was written is no track. ``field`` says where: artist, title, length or link."""

    def __init__(self, field: str, words: Phrase) -> None:
        super().__init__(words.key)
        self.field = field
        self.words = words


def entry(artist: str, title: str, length: str, link: str) -> Entry:
    """A track out of what was written. Raises :class:`Wrong`."""
    artist, title = _words("artist", artist), _words("title", title)
    if not title:
        raise Wrong("title", _("A title is missing."))
    seconds = _seconds(length)
    try:
        return Entry(artist, title, seconds, public(link) if link.strip() else "")
    except BadLink as error:
        raise Wrong("link", error.words) from None


def shown(seconds: int) -> str:
    """A length or a place in a track: ``3:45``."""
    return f"{seconds // 60}:{seconds % 60:02}"


def from_lines(text: str) -> Iterator[Line]:
    """A track a line: ``Artist – Title | 3:45 | https://…``. Empty lines are none."""
    for number, line in _numbered(text):
        name, *more = (part.strip() for part in line.split("|"))
        artist, title = _split(name)
        if len(more) > 2:
            yield Line(number, line, wrong=_("Too many “|”: artist – title | length | link."))
        else:
            yield _line(number, line, artist, title, more[0] if more else "", more[1] if len(more) > 1 else "")


def from_file(name: str, text: str) -> Iterator[Line]:
    """The tracks of an M3U, a CSV, or a text as :func:`from_lines` takes it."""
    if "#EXTINF" in text.upper() or name.lower().endswith((".m3u", ".m3u8")):
        return _from_m3u(text)
    return _from_csv(text) if name.lower().endswith(".csv") else from_lines(text)


def _from_m3u(text: str) -> Iterator[Line]:
    """A track is an ``#EXTINF`` line and the address after it. A file of somebody's own is a track without a link."""
    head: tuple[int, str, str, str] | None = None
    for number, line in _numbered(text):
        if found := _EXTINF.match(line):
            if head is not None:
                yield _m3u_line(head, "")
            head = number, line, found[1], found[2]
        elif not line.startswith("#"):
            if head is None:
                yield Line(
                    number, line, wrong=_("A length and a title are missing: #EXTINF stands before this line.")
                )
            else:
                yield _m3u_line(head, line if line.lower().startswith(("http://", "https://")) else "")
            head = None
    if head is not None:
        yield _m3u_line(head, "")


def _m3u_line(head: tuple[int, str, str, str], link: str) -> Line:
    number, line, seconds, name = head
    artist, title = _split(name)
    return _line(number, line, artist, title, seconds, link)


def _from_csv(text: str) -> Iterator[Line]:
    """Columns by their names in the first line, or artist, title, length, link."""
    first = text.split("\n", 1)[0]
    rows = csv.reader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ",")
    order = ["artist", "title", "length", "link"]
    try:
        for row in rows:
            number, cells = rows.line_num, [_UNSEEN.sub("", cell).strip() for cell in row]
            if number == 1 and {"title", "length"} <= {_HEADS.get(cell.lower()) for cell in cells}:
                order = [_HEADS.get(cell.lower(), "") for cell in cells]
            elif any(cells):
                values = dict(zip(order, cells, strict=False))
                parts = (values.get(one, "") for one in ("artist", "title", "length", "link"))
                yield _line(number, ", ".join(cells), *parts)
            if number > MAX_LINES:
                return
    except csv.Error:  # a quotation mark that is never closed, for example
        yield Line(rows.line_num, "", wrong=_("From here on this is no CSV."))


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    lines = _UNSEEN.sub("", text).splitlines()
    for number, line in enumerate(lines[:MAX_LINES], 1):
        if line.strip():
            yield number, line.strip()
    if any(line.strip() for line in lines[MAX_LINES:]):
        yield MAX_LINES + 1, lines[MAX_LINES].strip()


def _line(number: int, text: str, artist: str, title: str, length: str, link: str) -> Line:
    if number > MAX_LINES:
        return Line(number, text, wrong=_("Too many lines: {most} are looked at.", most=MAX_LINES))
    try:
        return Line(number, text, entry(artist, title, length, link))
    except Wrong as error:
        return Line(number, text, wrong=error.words)


def _split(name: str) -> tuple[str, str]:
    """Artist and title; without a dash it is all title."""
    parts = _DASH.split(name.strip(), maxsplit=1)
    return (parts[0], parts[1]) if len(parts) == 2 else ("", name)


def _words(field: str, text: str) -> str:
    text = " ".join(_UNSEEN.sub("", text).split())
    if len(text) > MAX_WORDS:
        raise Wrong(field, _("Too long: {n} characters, at most {most} fit.", n=len(text), most=MAX_WORDS))
    return text


def _seconds(text: str) -> int:
    text = text.strip()
    if found := _LENGTH.fullmatch(text):
        seconds = int(found[1] or 0) * 3600 + int(found[2]) * 60 + int(found[3])
    elif re.fullmatch(r"-?\d{1,6}", text):
        seconds = int(text)
    else:
        raise Wrong("length", _("The length is missing. Write minutes and seconds, for example 3:45."))
    if not SHORTEST <= seconds <= LONGEST:
        raise Wrong("length", _("A track is {least} to {most} long.", least=shown(SHORTEST), most=shown(LONGEST)))
    return seconds
