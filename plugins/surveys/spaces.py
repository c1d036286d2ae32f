"""What a condition can be about, as sets of values: to find out whether it can ever hold.

Each question is a variable that has one value of few: an option, a point of a scale, a number or day that stands
for all that no condition tells apart from it, “passed over”, or “not asked”. A question of several options has a
variable more for each option. A condition becomes a list of terms, one of which must hold (disjunctive normal form);
a term says for some variables which values they may have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import pairwise

from plugins.surveys.conditions import And, Condition, Not, Or, Test, read, tests
from plugins.surveys.definition import Definition, Kind, Question

MOST_TERMS = 2_000
"""Terms of a condition that are looked at; more would take seconds."""

GIVEN, PASSED, NOT_ASKED = "\0given", "\0passed", "\0not asked"
_FAR = 10.0**12
"""Beyond any number that is written in a condition: a form takes 15 digits."""

Value = str | int | float | bool
Variable = tuple[str, str]
"""A question and, for one of several options, its key."""
Term = Mapping[Variable, frozenset[Value]]


class TooComplex(Exception):
    """The condition has too many parts to be looked at."""


class Spaces:
    """The value sets of one definition, and which of its conditions can hold."""

    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._order = {one.name: number for number, one in enumerate(definition.questions)}
        self._domains = self._find_domains()
        self._asked: dict[tuple[str, bool], list[Term]] = {}

    def alone(self, condition: Condition) -> bool:
        """Whether a condition can hold if all that it speaks of is asked."""
        return bool(self._terms(condition, wanted=True, deep=False))

    def reachable(self, question: Question) -> bool:
        """Whether anybody can ever come to a question. Raises :class:`TooComplex`."""
        return bool(self._when(question.name, wanted=True))

    def can_hold(self, condition: Condition) -> bool:
        """Whether a condition can hold at the end. Raises :class:`TooComplex`."""
        return bool(self._terms(condition, wanted=True, deep=True))

    # -- terms -----------------------------------------------------------------------------------------------------
    def _when(self, name: str, *, wanted: bool) -> list[Term]:
        """The terms under which a question is asked, or is not."""
        known = self._asked.get((name, wanted))
        if known is None:
            condition = read(self._definition.by_name[name].when)
            known = self._asked[name, wanted] = self._terms(condition, wanted=wanted, deep=True)
        return known

    def _terms(self, condition: Condition, *, wanted: bool, deep: bool) -> list[Term]:
        match condition:
            case Not(part):
                return self._terms(part, wanted=not wanted, deep=deep)
            case And(parts) | Or(parts):
                several = [self._terms(part, wanted=wanted, deep=deep) for part in parts]
                if isinstance(condition, And) is wanted:
                    return self._product(several)
                return _bounded(term for terms in several for term in terms)
            case Test():
                return self._test(condition, wanted=wanted, deep=deep)

    def _test(self, test: Test, *, wanted: bool, deep: bool) -> list[Term]:
        question = self._definition.by_name[test.name]
        asked = self._when(test.name, wanted=True) if deep else [{}]
        found: list[Term] = []
        for part in self._literals(question, test, wanted=wanted):
            found += self._product([[part], asked])
        if not wanted:
            found += (
                self._product([[{(test.name, ""): frozenset((NOT_ASKED,))}], self._when(test.name, wanted=False)])
                if deep
                else []
            )
            if not question.required:
                found += self._product([[{(test.name, ""): frozenset((PASSED,))}], asked])
        return _bounded(found)

    def _literals(self, question: Question, test: Test, *, wanted: bool) -> list[Term]:
        """The terms under which an answer that was given passes the test, or fails it."""
        name = question.name
        if question.kind is not Kind.MULTIPLE:
            fits = frozenset(value for value in self._domains[name] if test.of(value) is wanted)
            return [{(name, ""): fits}] if fits else []
        given: Term = {(name, ""): frozenset((GIVEN,))}
        if test.how == "answered":
            return [given] if wanted else []
        keys = [str(value) for value in test.values]
        if wanted:
            return [{**given, (name, key): frozenset((True,))} for key in keys]
        return [{**given, **{(name, key): frozenset((False,)) for key in keys}}]

    def _product(self, several: Iterable[list[Term]]) -> list[Term]:
        found: list[Term] = [{}]
        for terms in several:
            found = _bounded(both for one in found for other in terms if (both := self._both(one, other)) is not None)
        return found

    def _both(self, one: Term, other: Term) -> Term | None:
        both = dict(one)
        for variable, values in other.items():
            left = both[variable] & values if variable in both else values
            if not left:
                return None
            both[variable] = left
        return both if self._counts(both) else None

    def _counts(self, term: Term) -> bool:
        """Whether so many options can be picked."""
        has: dict[str, int] = {}
        lacks: dict[str, int] = {}
        for (name, key), values in term.items():
            if key:
                where = has if values == {True} else lacks
                where[name] = where.get(name, 0) + 1
        by_name = self._definition.by_name
        return all(count <= by_name[name].picks for name, count in has.items()) and all(
            len(by_name[name].choices) - count >= by_name[name].fewest for name, count in lacks.items()
        )

    # -- values ----------------------------------------------------------------------------------------------------
    def _find_domains(self) -> dict[str, tuple[Value, ...]]:
        told: dict[str, set[Value]] = {}
        for text in (
            *(one.when for one in self._definition.questions),
            *(one.when for one in self._definition.endings),
        ):
            for test in tests(read(text)):
                told.setdefault(test.name, set()).update(test.values)
        return {one.name: _domain(one, told.get(one.name, set())) for one in self._definition.questions}


def _domain(question: Question, told: set[Value]) -> tuple[Value, ...]:
    match question.kind:
        case Kind.SINGLE | Kind.CONSENT:
            return tuple(one.key for one in question.choices)
        case Kind.RATING | Kind.NPS | Kind.LIKERT:
            return tuple(range(question.low, question.high + 1))
        case Kind.NUMBER:
            low = float(question.least) if question.least is not None else -_FAR
            high = float(question.most) if question.most is not None else _FAR
            return _cells(low, high, sorted({float(one) for one in told if not isinstance(one, str)}))
        case Kind.DATE:
            return _days(told)
    return (GIVEN,)


def _cells(low: float, high: float, told: list[float]) -> tuple[Value, ...]:
    """A number for each stretch between the numbers that are told, and those numbers."""
    marks = sorted({low, high, *(one for one in told if low <= one <= high)})
    return (*marks, *((one + other) / 2 for one, other in pairwise(marks)))


def _days(told: set[Value]) -> tuple[Value, ...]:
    days = {date(1900, 1, 1), date(2900, 1, 1)}
    for one in told:
        day = date.fromisoformat(str(one))
        days |= {day + timedelta(days=beside) for beside in (-1, 0, 1)}
    return tuple(day.isoformat() for day in sorted(days))


def _bounded(terms: Iterable[Term]) -> list[Term]:
    found: dict[frozenset[tuple[Variable, frozenset[Value]]], Term] = {}
    for term in terms:
        found[frozenset(term.items())] = term
        if len(found) > MOST_TERMS:
            raise TooComplex
        if not term:
            return [term]
    return list(found.values())
