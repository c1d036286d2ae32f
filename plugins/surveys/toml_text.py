"""A survey as one readable TOML text: written by hand or by us, read back with errors that name the place."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from core.texts import Domain, Phrase
from plugins.surveys.definition import (
    LISTED,
    MAX_ASK,
    MAX_INTRO,
    MAX_KEY,
    MAX_LABEL,
    MAX_NAME,
    MAX_OPTIONS,
    MAX_QUESTIONS,
    MAX_TITLE,
    OTHER,
    Definition,
    Ending,
    Kind,
    Margin,
    Option,
    Question,
    Quota,
    Section,
    Seen,
)
from plugins.surveys.logic import check

_ = Domain("surveys")

MAX_TEXT = 60_000
"""Characters of a whole file."""
MAX_MOST = 1_000_000
"""The highest quota: more is a slip of the finger."""
KEPT = 200
"""Texts whose reading is remembered, as each press needs one."""
RESERVED = frozenset({"and", "or", "not", "has", "in", "answered"})
"""Words of the conditions, which no question can be called."""

_TOP = (
    "title", "intro", "language", "anonymous", "results", "full", "section", "question", "quota", "ending", "margins",
)  # fmt: skip
_OF_SECTION = ("title", "random", "question")
_OF_QUESTION = (
    "name", "kind", "ask", "hint", "required", "when", "options", "other", "random", "fixed", "least", "most",
    "image",
)  # fmt: skip
_OF_QUOTA = ("question", "answers", "most")
_OF_ENDING = ("text", "when")
_COUNTS = {
    Kind.MULTIPLE: (1, MAX_OPTIONS),
    Kind.RATING: (1, 10),
    Kind.NUMBER: (-(10**12), 10**12),
}
"""The kinds that have ``least`` and ``most``, and between what they lie."""


class Unreadable(ValueError):
    """The text can't be taken; ``problems`` say each what is wrong and where."""

    def __init__(self, problems: list[Phrase]) -> None:
        super().__init__("; ".join(one.key for one in problems))
        self.problems = problems


def read(text: str) -> Definition:
    """What the text says, with sound logic. Raises :class:`Unreadable` with everything that is wrong."""
    definition = _read(text)
    if problems := check(definition):
        raise Unreadable(problems)
    return definition


@lru_cache(maxsize=KEPT)
def known(text: str) -> Definition:
    """A text that was read before it was kept."""
    return _read(text)


def _read(text: str) -> Definition:
    if len(text) > MAX_TEXT:
        raise Unreadable([_("The text is too long: {n} characters, at most {most} fit.", n=len(text), most=MAX_TEXT)])
    reader = _Reader()
    definition = reader.definition(_loaded(text))
    if reader.problems:
        raise Unreadable(reader.problems)
    return definition


def _loaded(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unreadable([_broken(text, str(error))]) from None
    except RecursionError:
        raise Unreadable([_("Brackets lie too deep in each other.")]) from None


def read_margins(text: str) -> tuple[Margin, ...]:
    """Back from :func:`write_margins`. Raises :class:`Unreadable`; whether they fit a survey is checked with it."""
    reader = _Reader()
    found = tuple(reader.margins({"margins": _loaded(text)}))
    if reader.problems:
        raise Unreadable(reader.problems)
    return found


def is_link(text: str) -> bool:
    """Whether a picture can be fetched from there by the platforms."""
    return re.fullmatch(r"https://[^\s/]+\.[^\s/]+/\S*", text) is not None


def is_name(text: str) -> bool:
    """Whether a question can be called so."""
    return re.fullmatch(rf"[^\W\d]\w{{0,{MAX_NAME - 1}}}", text) is not None and text not in RESERVED


class _Reader:
    """Takes values out of the data, and notes what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[Phrase] = []

    def definition(self, data: Mapping[str, Any]) -> Definition:
        """All of it."""
        self.keys("", data, _TOP)
        title = self.text("", data, "title", MAX_TITLE)
        if not title:
            self.wrong("", "title", _("this is needed, in quotes"))
        language = self.text("", data, "language", 10) or "en"
        if not re.fullmatch(r"[a-zA-Z]{2,3}([-_][a-zA-Z]{2,4})?", language):
            self.wrong("", "language", _("write a language such as en, de or fr"))
        sections = []
        if "question" in data and "section" in data:
            self.wrong("", "question", _("put the questions into the sections, as [[section.question]]"))
        elif "question" in data:
            sections = [Section(self.questions(data, 1))]
        first = 1
        for number, one in enumerate(self.tables(data, "section"), 1):
            place = f"section {number}"
            self.keys(place, one, _OF_SECTION)
            questions = self.questions(one, first)
            first += len(questions)
            sections.append(
                Section(questions, self.text(place, one, "title", MAX_TITLE), self.flag(place, one, "random", False))
            )
        self.twice([question.name for section in sections for question in section.questions])
        return Definition(
            title,
            tuple(sections),
            self.text("", data, "intro", MAX_INTRO, lines=True),
            language,
            self.flag("", data, "anonymous", False),
            tuple(self.quota(f"quota {number}", one) for number, one in enumerate(self.tables(data, "quota"), 1)),
            tuple(self.ending(f"ending {number}", one) for number, one in enumerate(self.tables(data, "ending"), 1)),
            self.text("", data, "full", MAX_INTRO, lines=True),
            self.seen(data),
            tuple(self.margins(data)),
        )

    def questions(self, data: Mapping[str, Any], first: int) -> tuple[Question, ...]:
        """The questions of a section, whose first is the ``first``-th of all."""
        several = [self.question(one, number) for number, one in enumerate(self.tables(data, "question"), first)]
        if first + len(several) - 1 > MAX_QUESTIONS:
            self.wrong("", "question", _("at most {most} questions fit", most=MAX_QUESTIONS))
        return tuple(several)

    def question(self, one: Mapping[str, Any], number: int) -> Question:
        """A question."""
        name = self.text(f"question {number}", one, "name", MAX_NAME) or f"q{number}"
        if not is_name(name):
            self.wrong(f"question {number}", "name", _("a name has letters, digits and _, and begins with a letter"))
        place = name if "name" in one else f"question {number}"
        self.keys(place, one, _OF_QUESTION)
        said = self.text(place, one, "kind", 20)
        kind = next((kind for kind in Kind if kind.value == said), None)
        if kind is None:
            self.wrong(place, "kind", _("“{kind}” is no kind. There are: {kinds}", kind=said, kinds=", ".join(Kind)))
        ask = self.text(place, one, "ask", MAX_ASK, lines=True)
        if not ask:
            self.wrong(place, "ask", _("this is needed, in quotes"))
        image = self.text(place, one, "image", MAX_LINK)
        if image and not is_link(image):
            self.wrong(place, "image", _("a picture’s address begins with https:// and leads to the picture itself"))
        options = self.options(place, one, kind)
        other = self.other(place, one, kind)
        if other and OTHER in {option.key for option in options}:
            self.wrong(place, "options", _("“other” is the key of the option that asks for words: choose another"))
        least, most = self.ends(place, one, kind, len(options) + bool(other))
        fixed = self.number(place, one, "fixed", 0, MAX_OPTIONS) or 0
        if fixed > len(options):
            self.wrong(place, "fixed", _("that many options stay last, and there are fewer"))
        random = self.flag(place, one, "random", False)
        if random and kind is not None and kind not in LISTED:
            self.wrong(place, "random", _("only options that you list can be shuffled"))
        return Question(
            name,
            kind or Kind.SHORT,
            ask,
            self.text(place, one, "hint", MAX_SHORT_HINT),
            self.flag(place, one, "required", True),
            self.text(place, one, "when", MAX_INTRO),
            options,
            other,
            random,
            fixed,
            least,
            most,
            image,
        )

    def options(self, place: str, one: Mapping[str, Any], kind: Kind | None) -> tuple[Option, ...]:
        """The options of a question: a list of texts, or a table of keys and texts."""
        value = one.get("options", [])
        if kind not in LISTED:
            if value and kind is not None:
                self.wrong(place, "options", _("{kind} has no options of its own: leave this out", kind=kind.value))
            return ()
        pairs = list(value.items()) if isinstance(value, dict) else value
        if isinstance(value, list):
            pairs = [(text, text) for text in value]
        if not isinstance(pairs, list) or not all(isinstance(text, str) for _key, text in pairs):
            self.wrong(place, "options", _('write a list of texts, for example ["Tea", "Coffee"]'))
            return ()
        found = [Option(_line(key), _line(text)) for key, text in pairs]
        if not len(found) + ("other" in one) >= 2 or len(found) > MAX_OPTIONS:
            self.wrong(place, "options", _("there are 2 to {most} options", most=MAX_OPTIONS))
        for option in found:
            if not 1 <= len(str(option.label)) <= MAX_LABEL or not 1 <= len(option.key) <= MAX_KEY:
                self.wrong(
                    place,
                    "options",
                    _("“{text}” needs 1 to {most} characters", text=str(option.label)[:40], most=MAX_LABEL),
                )
        if len({option.key for option in found}) < len(found):
            self.wrong(place, "options", _("two options are the same"))
        return tuple(found)

    def other(self, place: str, one: Mapping[str, Any], kind: Kind | None) -> str:
        """The label of the option that asks for words."""
        label = self.text(place, one, "other", MAX_LABEL)
        if label and kind not in (Kind.SINGLE, Kind.MULTIPLE, None):
            self.wrong(place, "other", _("only single and multiple can have it"))
            return ""
        return label

    def ends(
        self, place: str, one: Mapping[str, Any], kind: Kind | None, options: int
    ) -> tuple[int | None, int | None]:
        """``least`` and ``most``."""
        if kind not in _COUNTS:
            for key in ("least", "most"):
                if key in one and kind is not None:
                    self.wrong(place, key, _("{kind} has no limits: leave this out", kind=kind.value))
            return None, None
        low, high = _COUNTS[kind]
        least, most = self.number(place, one, "least", low, high), self.number(place, one, "most", low, high)
        if kind is Kind.RATING and least not in (None, 1):
            self.wrong(place, "least", _("a rating begins at 1: leave this out"))
        if kind is Kind.RATING and most is not None and most < 2:
            self.wrong(place, "most", _("a rating goes to 2 at least"))
        if least is not None and most is not None and least > most:
            self.wrong(place, "most", _("this is less than least"))
        if kind is Kind.MULTIPLE and options and max(least or 0, most or 0) > options:
            self.wrong(
                place, "most" if (most or 0) > options else "least", _("there are only {n} options", n=options)
            )
        return (None if kind is Kind.RATING else least), most

    def quota(self, place: str, one: Mapping[str, Any]) -> Quota:
        """A quota."""
        self.keys(place, one, _OF_QUOTA)
        answers = one.get("answers", [])
        several = answers if isinstance(answers, list) else [answers]
        if not several or not all(isinstance(part, (str, int)) and not isinstance(part, bool) for part in several):
            self.wrong(place, "answers", _('write a list, for example ["18-24"] or [9, 10]'))
            several = []
        if "most" not in one:
            self.wrong(place, "most", _("this is needed: how many responses at most"))
        most = self.number(place, one, "most", 1, MAX_MOST)
        return Quota(
            self.text(place, one, "question", MAX_NAME), tuple(_line(str(part)) for part in several), most or 1
        )

    def ending(self, place: str, one: Mapping[str, Any]) -> Ending:
        """What is said at the end."""
        self.keys(place, one, _OF_ENDING)
        text = self.text(place, one, "text", MAX_INTRO, lines=True)
        if not text:
            self.wrong(place, "text", _("this is needed, in quotes"))
        return Ending(text, self.text(place, one, "when", MAX_INTRO))

    def seen(self, data: Mapping[str, Any]) -> Seen:
        """Who sees the results."""
        said = self.text("", data, "results", 20) or Seen.MANAGERS
        if said not in set(Seen):
            self.wrong("", "results", _("write one of {kinds}", kinds=", ".join(Seen)))
            return Seen.MANAGERS
        return Seen(said)

    def margins(self, data: Mapping[str, Any]) -> Iterator[Margin]:
        """By what the answers are weighted."""
        tables = data.get("margins", {})
        if not isinstance(tables, dict):
            self.wrong("", "margins", _("write [margins.NAME] on a line of its own, with the name of a question"))
            return
        for name, shares in tables.items():
            if not isinstance(shares, dict) or not shares or not all(_is_share(one) for one in shares.values()):
                self.wrong(f"margins.{name[:40]}", "", _("write a number for each answer, for example tea = 40"))
                continue
            yield Margin(name, tuple((_line(key), float(one)) for key, one in shares.items()))

    # -- values ----------------------------------------------------------------------------------------------------
    def wrong(self, place: str, key: str, why: Phrase) -> None:
        """Note it."""
        self.problems.append(_("{place}: {why}.", place=f"{place}, {key}" if place else key, why=why))

    def keys(self, place: str, data: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
        """Note keys that there are not."""
        for key in data:
            if key not in allowed:
                self.wrong(place, key[:40], _("there is no such key. There are: {keys}", keys=", ".join(allowed)))

    def tables(self, data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
        """A list of tables."""
        several = data.get(key, [])
        if not isinstance(several, list) or not all(isinstance(one, dict) for one in several):
            self.wrong("", key, _("write [[{key}]] on a line of its own before each", key=key))
            return []
        return several

    def text(self, place: str, data: Mapping[str, Any], key: str, most: int, *, lines: bool = False) -> str:
        """A text without surplus white space, empty where there is none."""
        value = data.get(key, "")
        if not isinstance(value, str):
            self.wrong(place, key, _("write it in quotes"))
            return ""
        value = value.replace("\0", "").strip() if lines else _line(value)
        if len(value) > most:
            self.wrong(place, key, _("{n} characters, at most {most} fit", n=len(value), most=most))
        return value

    def flag(self, place: str, data: Mapping[str, Any], key: str, default: bool) -> bool:
        """Yes or no."""
        value = data.get(key, default)
        if not isinstance(value, bool):
            self.wrong(place, key, _("write true or false, without quotes"))
            return default
        return value

    def number(self, place: str, data: Mapping[str, Any], key: str, least: int, most: int) -> int | None:
        """A whole number, None where there is none."""
        value = data.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.wrong(
                place, key, _("write a whole number, {least} to {most}, without quotes", least=least, most=most)
            )
            return None
        return value

    def twice(self, names: list[str]) -> None:
        """Note names that are given twice."""
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.wrong(name, "name", _("two questions are called so"))


MAX_SHORT_HINT = 200
"""Characters of a hint."""
MAX_LINK = 500
"""Characters of a picture’s address."""


def _is_share(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= MAX_MOST


def _line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())


def _broken(text: str, error: str) -> Phrase:
    found = re.search(r"line (\d+)", error)
    rows = text.splitlines()
    number = int(found.group(1)) if found else max(1, len(rows))
    line = rows[number - 1].strip()[:60] if 0 < number <= len(rows) else ""
    return _(
        'Line {number} can’t be read: {line}\nEach line is a name, = and a value; texts stand in "quotes", '
        "numbers, true and false don’t.",
        number=number,
        line=line or "–",
    )


# -- writing ---------------------------------------------------------------------------------------------------------
def write(definition: Definition) -> str:
    """The text that says it."""
    rows = [f"title = {_quoted(definition.title)}"]
    rows += _given("intro", definition.intro)
    rows.append(f"language = {_quoted(definition.language)}")
    rows.append(f"anonymous = {_flag(definition.anonymous)}")
    if definition.results is not Seen.MANAGERS:
        rows.append(f"results = {_quoted(definition.results.value)}")
    rows += _given("full", definition.full)
    plain = len(definition.sections) == 1 and not definition.sections[0].title and not definition.sections[0].random
    for section in definition.sections:
        if not plain:
            rows += [
                "",
                "[[section]]",
                *_given("title", section.title),
                *(["random = true"] if section.random else []),
            ]
        for question in section.questions:
            rows += _question(question, "question" if plain else "section.question")
    for quota in definition.quotas:
        rows += ["", "[[quota]]", f"question = {_quoted(quota.question)}"]
        rows += [f"answers = [{', '.join(map(_quoted, quota.answers))}]", f"most = {quota.most}"]
    for ending in definition.endings:
        rows += ["", "[[ending]]", *_given("when", ending.when), f"text = {_text(ending.text)}"]
    if definition.margins:
        rows += ["", write_margins(definition.margins, "margins.").rstrip("\n")]
    return "\n".join(rows) + "\n"


def write_margins(margins: Sequence[Margin], within: str = "") -> str:
    """The text of margins alone, a table for each question."""
    several = [
        [f"[{within}{_key(one.question)}]", *(f"{_key(key)} = {share:.15g}" for key, share in one.shares)]
        for one in margins
    ]
    return "\n\n".join("\n".join(rows) for rows in several) + "\n"


def _question(one: Question, table: str) -> Iterator[str]:
    yield from ("", f"[[{table}]]", f"name = {_quoted(one.name)}", f"kind = {_quoted(one.kind.value)}")
    yield f"ask = {_text(one.ask)}"
    yield from _given("hint", one.hint)
    if not one.required:
        yield "required = false"
    yield from _given("when", one.when)
    listed = all(option.key == option.label for option in one.options)
    if one.options and listed:
        yield f"options = [{', '.join(_quoted(option.key) for option in one.options)}]"
    yield from _given("other", one.other)
    if one.random:
        yield "random = true"
    if one.fixed:
        yield f"fixed = {one.fixed}"
    yield from (f"{key} = {value}" for key, value in (("least", one.least), ("most", one.most)) if value is not None)
    yield from _given("image", one.image)
    if not listed:
        yield f"[{table}.options]"
        for option in one.options:
            yield f"{_key(option.key)} = {_quoted(str(option.label))}"


def _key(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else _quoted(text)


def _given(key: str, value: str) -> list[str]:
    return [f"{key} = {_text(value)}"] if value else []


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _text(text: str) -> str:
    """Several lines as people write them, where nothing in them could be misread."""
    if "\n" in text and not re.search(r'\\|"""|"$|[\x00-\x08\x0b-\x1f\x7f]', text):
        return f'"""\n{text}"""'
    return _quoted(text)


def _quoted(text: str) -> str:
    """A basic string: TOML escapes as JSON does, but for the one control character that JSON lets through."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
