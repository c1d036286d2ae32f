"""A drop as a TOML text: written by hand or by us, read back with errors that name the place."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from core.texts import Domain, Phrase
from core.timing import moment
from plugins.sampling_drops.definition import (
    CODE,
    MAX_BRAND,
    MAX_CONSENT,
    MAX_LABEL,
    MAX_LINK,
    MAX_PRODUCT,
    MAX_QUESTIONS,
    PARCEL,
    Definition,
    Question,
)
from plugins.sampling_drops.screener import Unclear, checked

_ = Domain("sampling_drops")

MAX_STOCK = 1_000_000
"""Parcels of a drop: more is a slip of the finger."""
_TEXTS = {
    "product": MAX_PRODUCT,
    "brand": MAX_BRAND,
    "gives": 10,
    "picture": MAX_LINK,
    "label": MAX_LABEL,
    "consent": MAX_CONSENT,
}
_KEYS = (*_TEXTS, "stock", "opens", "closes", "question")
_OF_QUESTION = ("ask", "options", "pass", "least", "most")


class Said(NamedTuple):
    """What a text says."""

    definition: Definition
    stock: int
    opens_at: datetime | None
    closes_at: datetime | None


class Unreadable(ValueError):
    """The text can't be taken; ``problems`` say each what is wrong and where."""

    def __init__(self, problems: list[Phrase]) -> None:
        super().__init__(", ".join(one.key for one in problems))
        self.problems = problems


def read(text: str, time_zone: str, language: str) -> Said:
    """What the text says, its times on the community's clocks. Raises :class:`Unreadable`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unreadable([_broken(text, str(error))]) from None
    reader = _Reader(data)
    texts = {key: reader.text(key, most) for key, most in _TEXTS.items()}
    gives = texts["gives"] or PARCEL
    for key in ("product", "brand"):
        if not texts[key]:
            reader.wrong(key, _("this is needed, in quotes"))
    if gives not in (PARCEL, CODE):
        reader.wrong("gives", _('write "parcel" or "code"'))
    if texts["picture"] and not is_link(texts["picture"]):
        reader.wrong("picture", not_a_link())
    stock = reader.number("stock", data.get("stock", 0))
    if gives == CODE and "stock" in data:
        reader.wrong("stock", _("codes count themselves: leave this out"))
    where = ZoneInfo(time_zone)
    opens_at, closes_at = reader.moment("opens", where), reader.moment("closes", where)
    if opens_at and closes_at and closes_at <= opens_at:
        reader.wrong("closes", closes_first())
    questions = reader.questions()
    if reader.problems:
        raise Unreadable(reader.problems)
    definition = Definition(
        texts["product"],
        texts["brand"],
        gives,
        texts["picture"],
        texts["label"],
        texts["consent"],
        questions,
        language,
    )
    return Said(definition, stock or 0, opens_at, closes_at)


def is_link(text: str) -> bool:
    """Whether a picture can be fetched from there by the platforms."""
    return re.fullmatch(r"https://[^\s/]+\.[^\s/]+/\S*", text) is not None


def not_a_link() -> Phrase:
    """What to tell somebody whose link is none."""
    return _("this is no link to a picture: it begins with https:// and leads to the picture itself")


def closes_first() -> Phrase:
    """What to tell somebody whose drop closes before it opens."""
    return _("it closes before it opens")


class _Reader:
    """Takes values out of the data, and notes what is wrong with them."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.problems: list[Phrase] = []
        for key in data:
            if key not in _KEYS:
                self.wrong(key, _("there is no such key. There are: {keys}", keys=", ".join(_KEYS)))

    def wrong(self, key: str, why: Phrase) -> None:
        """Note it."""
        self.problems.append(_("{key}: {why}.", key=key[:40], why=why))

    def text(self, key: str, most: int) -> str:
        """A text without surplus white space, empty where there is none."""
        value = self.data.get(key, "")
        if not isinstance(value, str):
            self.wrong(key, _("write it in quotes"))
            return ""
        value = " ".join(value.replace("\0", "").split()) if key != "consent" else value.replace("\0", "").strip()
        if len(value) > most:
            self.wrong(key, _("{n} characters, at most {most} fit", n=len(value), most=most))
        return value

    def number(self, key: str, value: Any, most: int = MAX_STOCK) -> int | None:
        """A whole number, not below nought."""
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            self.wrong(key, _("write a whole number, 0 to {most}, without quotes", most=most))
            return None
        return value

    def moment(self, key: str, where: ZoneInfo) -> datetime | None:
        """A wall time as a moment."""
        value = self.data.get(key)
        if value is None:
            return None
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                value = None
        elif isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time())
        if not isinstance(value, datetime) or value.tzinfo is not None:
            self.wrong(key, _("write day and time of your community, for example 2027-03-31T18:00"))
            return None
        return moment(value, where)

    def questions(self) -> tuple[Question, ...]:
        """The screener."""
        several = self.data.get("question", [])
        if not isinstance(several, list) or not all(isinstance(one, dict) for one in several):
            self.wrong("question", _("write [[question]] on a line of its own before each"))
            return ()
        if len(several) > MAX_QUESTIONS:
            self.wrong("question", _("at most {most} questions fit", most=MAX_QUESTIONS))
        found = []
        for number, one in enumerate(several, 1):
            if (question := self._question(f"question {number}", one)) is not None:
                found.append(question)
        return tuple(found)

    def _question(self, place: str, one: Mapping[str, Any]) -> Question | None:
        before = len(self.problems)
        for key in one:
            if key not in _OF_QUESTION:
                self.wrong(
                    f"{place}, {key}", _("there is no such key. There are: {keys}", keys=", ".join(_OF_QUESTION))
                )
        lists = {}
        for key in ("options", "pass"):
            value = one.get(key, [])
            if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
                self.wrong(f"{place}, {key}", _('write a list of texts, for example ["Yes", "No"]'))
                value = []
            lists[key] = tuple(" ".join(part.replace("\0", "").split()) for part in value)
        least, most = (
            self.number(f"{place}, {key}", one[key], 10**9) if key in one else None for key in ("least", "most")
        )
        ask = one.get("ask", "")
        if not isinstance(ask, str):
            self.wrong(f"{place}, ask", _("write it in quotes"))
        if len(self.problems) > before:
            return None
        try:
            ask = " ".join(ask.replace("\0", "").split())
            return checked(Question(ask, lists["options"], lists["pass"], least, most))
        except Unclear as error:
            self.problems.append(_("{key}: {why}", key=place, why=error.words))
            return None


def _broken(text: str, error: str) -> Phrase:
    found = re.search(r"line (\d+)", error)
    rows = text.splitlines()
    number = int(found.group(1)) if found else max(1, len(rows))
    line = rows[number - 1].strip()[:60] if 0 < number <= len(rows) else ""
    return _(
        'Line {number} can’t be read: {line}\nEach line is a name, = and a value; texts stand in "quotes", '
        "numbers and times don’t.",
        number=number,
        line=line,
    )


def write(said: Said, time_zone: str) -> str:
    """The text that says it."""
    definition = said.definition
    rows = [
        f"product = {_quoted(definition.product)}",
        f"brand = {_quoted(definition.brand)}",
        f"gives = {_quoted(definition.gives)}",
    ]
    if definition.gives == PARCEL:
        rows.append(f"stock = {said.stock}")
    rows += [
        f"{key} = {_quoted(value)}"
        for key, value in (
            ("picture", definition.picture),
            ("label", definition.label),
            ("consent", definition.consent),
        )
        if value
    ]
    where = ZoneInfo(time_zone)
    rows += [
        f"{key} = {at.astimezone(where):%Y-%m-%dT%H:%M:%S}"
        for key, at in (("opens", said.opens_at), ("closes", said.closes_at))
        if at is not None
    ]
    for one in definition.questions:
        rows += ["", "[[question]]", f"ask = {_quoted(one.ask)}"]
        if one.options:
            rows.append(f"options = [{', '.join(map(_quoted, one.options))}]")
            rows.append(f"pass = [{', '.join(map(_quoted, one.passing))}]")
        rows += [
            f"{key} = {number}" for key, number in (("least", one.least), ("most", one.most)) if number is not None
        ]
    return "\n".join(rows) + "\n"


def _quoted(text: str) -> str:
    """A basic string: TOML escapes as JSON does, but for the one control character that JSON lets through."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
