"""Words about parties that several posts and answers share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.markup import escape
from core.moments import local
from core.texts import Domain, Phrase, Words
from plugins.listening_parties.songs import Song

_ = Domain("listening_parties")


def joined(parts: Sequence[Words]) -> Phrase:
    """Several words, a line each, that are put into a language together."""
    keys = [f"line{number}" for number in range(len(parts))]
    key = "\n".join(f"{{{one}}}" for one in keys)
    return Phrase(_.name, key, tuple(zip(keys, parts, strict=True)))


def line(song: Song) -> Words:
    """A track in a list, without its link."""
    if song.dj:
        return _("{song} ({dj})", song=escape(song.name), dj=escape(song.dj))
    return escape(song.name)


def moment(at: datetime, time_zone: str, language: str) -> str:
    """A moment as markup: in the reader's own zone where the platform can, else in the community's, named."""
    return f"[{escape(f'{local(at, time_zone, language)} ({time_zone})')}](time:{at.isoformat(timespec='minutes')})"
