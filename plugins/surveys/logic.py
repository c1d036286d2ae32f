"""What is checked when a survey is saved: conditions, repeated answers and quotas that make sense."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from core.figures.privacy import TEAM
from core.texts import Domain, Phrase
from plugins.surveys import conditions
from plugins.surveys.conditions import Test, Unreadable
from plugins.surveys.definition import SCALES, TEXTS, Definition, Kind, Question, Quota
from plugins.surveys.groups import GROUPED, groups
from plugins.surveys.paths import places, span
from plugins.surveys.spaces import Spaces, TooComplex

_ = Domain("surveys")

_ORDER = frozenset({"<", "<=", ">", ">="})


def check(definition: Definition) -> list[Phrase]:
    """What is wrong, each with its place and what to do; empty where all is well."""
    return list(_Check(definition).all())


class _Check:
    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._earlier = _earlier(definition)
        self._sound = True

    def all(self) -> Iterator[Phrase]:
        """First each condition by itself; then, if all make sense, who can come where."""
        loops = list(_loops(self._definition))
        for loop in loops:
            yield _(
                "{loop}: these conditions wait for each other. Take one of them away.",
                loop=" → ".join([*loop, loop[0]]),
            )
        in_loop = {name for loop in loops for name in loop}
        self._sound = not loops
        for question in self._definition.questions:
            before = self._earlier[question.name]
            for why in self._condition(question.when, before, question.name, question.name in in_loop):
                yield self._wrong(question.name, "when", why)
            yield from self._places(question.ask + question.hint, before, question.name, "ask")
        everything = frozenset(self._definition.by_name)
        for number, ending in enumerate(self._definition.endings, 1):
            for why in self._condition(ending.when, everything, ""):
                yield self._wrong(f"ending {number}", "when", why)
            yield from self._places(ending.text, everything, f"ending {number}", "text")
            if not ending.when and number < len(self._definition.endings):
                yield _("ending {n}: it fits everybody, so nobody reads what comes after it. Put it last.", n=number)
        for number, quota in enumerate(self._definition.quotas, 1):
            if self._definition.anonymous and quota.most < TEAM:
                why = _("in an anonymous survey it holds {n} or more, or who is let go knows what few said", n=TEAM)
                yield _named(f"quota {number}", "most", why)
            for why in self._quota(quota):
                yield _named(f"quota {number}", quota.question, why)
        yield from _margins(self._definition)
        if self._sound:
            yield from self._paths()

    def _wrong(self, place: str, key: str, why: Phrase) -> Phrase:
        self._sound = False
        return _named(place, key, why)

    # -- one by one --------------------------------------------------------------------------------------------------
    def _condition(self, text: str, before: frozenset[str], own: str, in_loop: bool = False) -> Iterator[Phrase]:
        try:
            condition = conditions.read(text)
        except Unreadable as error:
            yield _("{why} (at character {at} of “{text}”)", why=error.words, at=error.at, text=text[:80])
            return
        for test in conditions.tests(condition):
            if test.name == own:
                if not in_loop:
                    yield _("it can’t depend on itself")
            elif (why := self._known(test.name, before, in_loop)) is not None:
                yield why
            elif test.name in self._definition.by_name:
                yield from self._test(self._definition.by_name[test.name], test)

    def _known(self, name: str, before: frozenset[str], in_loop: bool) -> Phrase | None:
        if name not in self._definition.by_name:
            return _(
                "there is no question “{name}”. There are: {names}",
                name=name,
                names=", ".join(self._definition.by_name) or "–",
            )
        if name not in before and not in_loop:
            return _("“{name}” comes later, or may come later where the order is random. Ask it before", name=name)
        return None

    def _places(self, text: str, before: frozenset[str], place: str, key: str) -> Iterator[Phrase]:
        for name in places(text):
            if (why := self._known(name, before, in_loop=False)) is not None:
                yield _named(place, key, why)

    def _test(self, question: Question, test: Test) -> Iterator[Phrase]:
        if test.how == "answered":
            return
        kind = question.kind
        if kind in TEXTS or kind is Kind.RANKING:
            yield _("“{name}” is {kind}: ask only whether it is “answered”", name=test.name, kind=kind.value)
            return
        if kind is Kind.MULTIPLE and test.how not in ("has", "in"):
            yield _("“{name}” takes several answers: write has or in instead of {how}", name=test.name, how=test.how)
            return
        if kind in (Kind.SINGLE, Kind.CONSENT) and test.how in _ORDER:
            yield _("“{name}” has no order: write =, != or in instead of {how}", name=test.name, how=test.how)
            return
        for value in test.values:
            if (why := _value(question, value)) is not None:
                yield why

    def _quota(self, quota: Quota) -> Iterator[Phrase]:
        question = self._definition.by_name.get(quota.question)
        if question is None:
            yield _(
                "there is no question “{name}”. There are: {names}",
                name=quota.question,
                names=", ".join(self._definition.by_name) or "–",
            )
            return
        if question.kind in TEXTS or question.kind in (Kind.RANKING, Kind.DATE):
            yield _(
                "it can’t count answers that are {kind}. Count a question with options or a number",
                kind=question.kind.value,
            )
            return
        for answer in quota.answers:
            if question.kind is Kind.NUMBER:
                ends = span(answer)
                if ends is None:
                    yield _("“{value}” is no range. Write it as 18-24 or 65-", value=answer)
                elif (question.most is not None and ends[0] > question.most) or (
                    question.least is not None and ends[1] < question.least
                ):
                    yield _("it can never fill: nobody may answer {value}", value=answer)
            elif answer not in question.keys:
                yield _not_an_option(question, answer)

    # -- all together ------------------------------------------------------------------------------------------------
    def _paths(self) -> Iterator[Phrase]:
        spaces = Spaces(self._definition)
        unreachable = set()
        try:
            for question in self._definition.questions:
                condition = conditions.read(question.when)
                if spaces.reachable(question):
                    continue
                unreachable.add(question.name)
                if not spaces.alone(condition):
                    yield _("{place}, when: this contradicts itself, so nobody is ever asked.", place=question.name)
                else:
                    yield _(
                        "{place}: nobody can ever come here. Its condition and those of the questions that it "
                        "depends on don’t go together.",
                        place=question.name,
                    )
            for number, ending in enumerate(self._definition.endings, 1):
                if not spaces.can_hold(conditions.read(ending.when)):
                    yield _("ending {n}: its condition can never hold.", n=number)
        except TooComplex:
            yield _("The conditions are too complex to be checked. Use fewer “or”s, or ask in another order.")
            return
        for number, quota in enumerate(self._definition.quotas, 1):
            if quota.question in unreachable:
                yield _("quota {n}: it can never fill, as nobody is asked “{name}”.", n=number, name=quota.question)


def _margins(definition: Definition) -> Iterator[Phrase]:
    for margin in definition.margins:
        question = definition.by_name.get(margin.question)
        if question is None:
            yield _named("margins", margin.question, _("there is no such question"))
        elif question.kind not in GROUPED:
            yield _named("margins", margin.question, _("only questions with one answer out of few can weigh"))
        else:
            known = [key for key, _label in groups(question)]
            for key, _share in margin.shares:
                if key not in known:
                    why = _("“{key}” is no answer. There are: {keys}", key=key[:40], keys=", ".join(known))
                    yield _named("margins", margin.question, why)
            if not any(share for _key, share in margin.shares):
                yield _named("margins", margin.question, _("one share at least is more than nought"))


def _named(place: str, key: str, why: Phrase) -> Phrase:
    return _("{place}, {key}: {why}.", place=place, key=key, why=why)


def _value(question: Question, value: str | int | float) -> Phrase | None:
    kind = question.kind
    if kind is Kind.NUMBER or kind in SCALES:
        if isinstance(value, str):
            return _("“{name}” is a number: write {value} without quotes", name=question.name, value=value)
        if kind in SCALES and not (float(value).is_integer() and question.low <= value <= question.high):
            return _(
                "“{name}” goes from {low} to {high}, not {value}",
                name=question.name,
                low=question.low,
                high=question.high,
                value=str(value),
            )
        return None
    if kind is Kind.DATE:
        try:
            date.fromisoformat(str(value))
        except ValueError:
            return _("“{name}” is a day: write it as 2027-03-31", name=question.name)
        return None
    return None if isinstance(value, str) and value in question.keys else _not_an_option(question, str(value))


def _not_an_option(question: Question, value: str) -> Phrase:
    some = ", ".join(f"'{one.key}'" for one in question.choices[:20])
    return _(
        "“{value}” is no option of “{name}”. There are: {options}", value=value, name=question.name, options=some
    )


def _earlier(definition: Definition) -> dict[str, frozenset[str]]:
    """For each question those that surely come before it."""
    found: dict[str, frozenset[str]] = {}
    before: set[str] = set()
    for section in definition.sections:
        until = frozenset(before)
        for question in section.questions:
            found[question.name] = until if section.random else frozenset(before)
            before.add(question.name)
    return found


def _loops(definition: Definition) -> Iterator[tuple[str, ...]]:
    """Circles of questions whose conditions wait for each other, each once."""
    waits: dict[str, list[str]] = {}
    for question in definition.questions:
        try:
            names = {test.name for test in conditions.tests(conditions.read(question.when))}
        except Unreadable:
            names = set()
        waits[question.name] = sorted(names & definition.by_name.keys() - {question.name})
    done: set[str] = set()
    for start in waits:
        trail: list[str] = []
        stack = [(start, iter(waits[start]))] if start not in done else []
        if stack:
            trail.append(start)
        while stack:
            _name, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                done.add(trail.pop())
                stack.pop()
            elif following in trail:
                yield tuple(trail[trail.index(following) :])
            elif following not in done:
                trail.append(following)
                stack.append((following, iter(waits[following])))
