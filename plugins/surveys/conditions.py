"""The language of conditions: ``age >= 18 and likes has 'tea' and not (nps <= 6)``. Read here, never run as code.

    condition = all {"or" all}        all = one {"and" one}
    one = "not" one | "(" condition ")" | name [comparison]
    comparison = ("=" | "!=" | "<" | "<=" | ">" | ">=" | "has") value | ["not"] "in" "[" value {"," value} "]"
               | ["not"] "answered"

A question that was not asked, or was passed over, has no answer: every comparison with it is false.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from core.texts import Domain, Phrase
from plugins.surveys.definition import Given

_ = Domain("surveys")

MAX_CONDITION = 500
"""Characters of a condition."""
MAX_DEPTH = 20
"""How deep brackets and “not” may lie in each other."""
KEPT = 2000
"""Conditions whose reading is remembered."""

Scalar = str | int | float
Answers = Mapping[str, Given | None]
"""Answers by question; None where it was asked and passed over."""


class Unreadable(ValueError):
    """The condition can't be read. ``at`` is the place in it, from 1."""

    def __init__(self, words: Phrase, at: int) -> None:
        super().__init__(words.key)
        self.words = words
        self.at = at


@dataclass(frozen=True, slots=True)
class Test:
    """A comparison of an answer: ``how`` is ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``has``, ``in`` or
    ``answered``.
    """

    name: str
    how: str
    values: tuple[Scalar, ...] = ()
    at: int = 1

    def holds(self, answers: Answers) -> bool:
        """Whether it is so."""
        given = answers.get(self.name)
        if given is None:
            return False
        return self.how == "answered" or self.of(given)

    def of(self, given: Given) -> bool:
        """Whether it is so for an answer that was given."""
        if self.how == "answered":
            return True
        if self.how in ("has", "in") or isinstance(given, tuple):
            held = given if isinstance(given, tuple) else (given,)
            found = any(_same(one, value) for one in held for value in self.values)
            return not found if self.how == "!=" else found
        value = self.values[0]
        if self.how == "=":
            return _same(given, value)
        if self.how == "!=":
            return not _same(given, value)
        return _ORDERED[self.how](given, value)


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    part: Condition

    def holds(self, answers: Answers) -> bool:
        """Whether it is so."""
        return not self.part.holds(answers)


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    parts: tuple[Condition, ...]

    def holds(self, answers: Answers) -> bool:
        """Whether it is so."""
        return all(part.holds(answers) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """One of them at least."""

    parts: tuple[Condition, ...]

    def holds(self, answers: Answers) -> bool:
        """Whether it is so."""
        return any(part.holds(answers) for part in self.parts)


Condition = Test | Not | And | Or
ALWAYS = And(())


@lru_cache(maxsize=KEPT)
def read(text: str) -> Condition:
    """What a condition says; empty for always. Raises :class:`Unreadable`."""
    if len(text) > MAX_CONDITION:
        raise Unreadable(
            _("the condition is too long: {n} characters, at most {most} fit", n=len(text), most=MAX_CONDITION), 1
        )
    return _Parser(text).whole() if text.strip() else ALWAYS


def tests(condition: Condition) -> Iterator[Test]:
    """All comparisons in it."""
    match condition:
        case Test():
            yield condition
        case Not(part):
            yield from tests(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from tests(part)


def renamed(text: str, old: str, new: str) -> str:
    """The condition with a question's new name."""
    out, last = [], 0
    for kind, word, at in _tokens(text):
        if kind == "name" and word == old:
            out += [text[last:at], new]
            last = at + len(old)
    return "".join([*out, text[last:]])


def _same(one: Scalar, other: Scalar) -> bool:
    if isinstance(one, str) == isinstance(other, str):
        return one == other
    return False


def _ordered(compare: Callable[[Scalar, Scalar], bool]) -> Callable[[Given, Scalar], bool]:
    def holds(given: Given, value: Scalar) -> bool:
        if isinstance(given, tuple) or isinstance(given, str) != isinstance(value, str):
            return False
        return compare(given, value)

    return holds


_ORDERED = {
    "<": _ordered(lambda one, other: one < other),  # type: ignore[operator]  # both text or both numbers, as looked at above
    "<=": _ordered(lambda one, other: one <= other),  # type: ignore[operator]  # the same
    ">": _ordered(lambda one, other: one > other),  # type: ignore[operator]  # the same
    ">=": _ordered(lambda one, other: one >= other),  # type: ignore[operator]  # the same
}

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<date>\d{4}-\d{2}-\d{2})
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<sign><=|>=|!=|==|=|<|>|\(|\)|\[|\]|,)
      | (?P<name>[^\W\d]\w*)
    )""",
    re.VERBOSE,
)
_WORDS = frozenset({"and", "or", "not", "has", "in", "answered"})


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Kind, word and place from 0 of each part; a last one of kind ``end``."""
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            raise Unreadable(_("“{part}” means nothing here", part=text[start : start + 12]), start + 1)
        kind = found.lastgroup or ""
        word = found.group(kind)
        yield ("word" if kind == "name" and word in _WORDS else kind), word, found.start(kind)
        at = found.end()
    yield "end", "", len(text)


class _Parser:
    """Recursive descent over the parts."""

    def __init__(self, text: str) -> None:
        self._parts = list(_tokens(text))
        self._next = 0
        self._depth = 0

    def whole(self) -> Condition:
        """All of it."""
        found = self._any()
        kind, word, at = self._parts[self._next]
        if kind != "end":
            raise Unreadable(_("expected “and” or “or” instead of “{part}”", part=word), at + 1)
        return found

    def _take(self, *words: str) -> str:
        kind, word, _at = self._parts[self._next]
        if kind in ("sign", "word") and word in words:
            self._next += 1
            return word
        return ""

    def _want(self, word: str) -> None:
        if not self._take(word):
            _kind, found, at = self._parts[self._next]
            raise Unreadable(_("“{wanted}” is missing before “{part}”", wanted=word, part=found or "…"), at + 1)

    def _any(self) -> Condition:
        parts = [self._all()]
        while self._take("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self) -> Condition:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self) -> Condition:
        _kind, _word, at = self._parts[self._next]
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unreadable(_("brackets lie too deep in each other"), at + 1)
        try:
            if self._take("not"):
                return Not(self._one())
            if self._take("("):
                found = self._any()
                self._want(")")
                return found
            return self._test()
        finally:
            self._depth -= 1

    def _test(self) -> Condition:
        kind, name, at = self._parts[self._next]
        if kind != "name":
            raise Unreadable(_("expected the name of a question instead of “{part}”", part=name or "…"), at + 1)
        self._next += 1
        if how := self._take("==", "=", "!=", "<=", ">=", "<", ">", "has"):
            return Test(name, "=" if how == "==" else how, (self._value(),), at + 1)
        negative = bool(self._take("not"))
        if self._take("answered"):
            test = Test(name, "answered", (), at + 1)
        else:
            _kind, found, there = self._parts[self._next]
            if not self._take("in"):
                raise Unreadable(
                    _(
                        "after “{name}” comes =, !=, <, <=, >, >=, has, in or answered, not “{part}”",
                        name=name,
                        part=found or "…",
                    ),
                    there + 1,
                )
            self._want("[")
            values = [self._value()]
            while self._take(","):
                values.append(self._value())
            self._want("]")
            test = Test(name, "in", tuple(values), at + 1)
        return Not(test) if negative else test

    def _value(self) -> Scalar:
        kind, word, at = self._parts[self._next]
        self._next += 1
        match kind:
            case "text":
                return re.sub(r"\\(.)", r"\1", word[1:-1])
            case "number":
                return float(word) if "." in word else int(word)
            case "date":
                try:
                    return date.fromisoformat(word).isoformat()
                except ValueError:
                    raise Unreadable(_("there is no day {part}", part=word), at + 1) from None
        raise Unreadable(
            _("expected a value such as 'tea', 18 or 2027-03-31 instead of “{part}”", part=word or "…"), at + 1
        )
