"""What the answers to a question come to, with nothing in it that tells of fewer than five people. Pure.

Readers know how many answered a question. So of options that one person gives one of, small ones are hidden with
another one; points of a scale are shown all or none, as their mean is another sum; and what was asked only of some is
not told where that would tell how many they were.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from core.figures import Figure
from core.figures.privacy import TEAM, shown_of, shown_parts
from core.figures.scales import calibrated, mean, nps, quartiles, top_two
from core.figures.shares import lead, share
from core.figures.weights import EFFECTIVE, effective_n
from core.texts import Domain, Words
from plugins.surveys import conditions
from plugins.surveys.definition import SCALES, TEXTS, Definition, Given, Kind, Question
from plugins.surveys.groups import GROUPED, INTENT, group_of, groups, is_intent

_ = Domain("surveys")

Answers = Mapping[UUID, Given | None]
"""What each response says to a question; None where it was passed over. Words stand as an empty text."""
Weights = Mapping[UUID, float]


class Unit(StrEnum):
    """How a figure is written."""

    SHARE = "share"
    NUMBER = "number"
    POINTS = "points"
    DAY = "day"


class Hidden(StrEnum):
    """Why nothing is told of a question."""

    FEW = "few"
    """Fewer than five answered it."""
    PATH = "path"
    """Who was asked it would tell what few answered before."""


@dataclass(frozen=True, slots=True)
class Row:
    """An answer that could be given. ``count`` and ``figure`` are None where they are hidden.

    ``figure`` is its share of who answered, of a ranking its mean rank.
    """

    key: str
    label: Words
    count: int | None
    figure: Figure | None


@dataclass(frozen=True, slots=True)
class Told:
    """A figure over all answers."""

    label: Words
    figure: Figure
    unit: Unit


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a question. ``n`` people answered it; ``weighted`` is how many equal answers those are worth."""

    question: Question
    n: int
    rows: tuple[Row, ...] = ()
    figures: tuple[Told, ...] = ()
    leaders: tuple[Row, Row] | None = None
    """The first two of the options, where both are shown."""
    close: bool = False
    """Which of the two is ahead can't be told from these answers."""
    hidden: Hidden | None = None
    weighted: Figure | None = None

    @property
    def partly(self) -> bool:
        """Whether something in it is hidden."""
        return self.hidden is not None or not self.rows or any(row.count is None for row in self.rows)


def results(
    definition: Definition, answers: Mapping[str, Answers], weights: Weights | None = None, least: int = TEAM
) -> dict[str, Result]:
    """What came of each question that there are answers of, by name; those that conditions name must be there too."""
    found: dict[str, Result] = {}
    for question in definition.questions:
        if question.name not in answers:
            continue
        result = tally(question, answers[question.name], weights, least)
        for name in asked_by(question):
            earlier = found.get(name)
            if earlier is None or (earlier.partly and earlier.question.kind not in TEXTS):
                result = Result(question, 0, hidden=Hidden.PATH)
        found[question.name] = result
    return found


def asked_by(question: Question) -> set[str]:
    """The questions whose answers decide whether this one is asked."""
    return {test.name for test in conditions.tests(conditions.read(question.when))}


def needed(definition: Definition, name: str) -> list[str]:
    """The questions whose answers must be known to tell of this one, itself among them, in order."""
    wanted, waiting = set[str](), [name]
    while waiting:
        one = waiting.pop()
        if one not in wanted and one in definition.by_name:
            wanted.add(one)
            waiting += asked_by(definition.by_name[one])
    return [one.name for one in definition.questions if one.name in wanted]


def tally(question: Question, answers: Answers, weights: Weights | None = None, least: int = TEAM) -> Result:
    """What the answers to a question come to."""
    given = {one: what for one, what in answers.items() if what is not None and (weights is None or one in weights)}
    if not given or len(given) < least:
        return Result(question, 0, hidden=Hidden.FEW)
    weigh = _Weighing(given, weights)
    if weigh.n < least:  # a few weigh so much that the shares are theirs
        return Result(question, 0, hidden=Hidden.FEW)
    result = Result(question, len(given), weighted=weigh.effective)
    if question.kind in GROUPED:
        return _one_of(result, given, weigh, least)
    match question.kind:
        case Kind.MULTIPLE:
            return _several(result, given, weigh, least)
        case Kind.RANKING:
            return _ranked(result, given, weigh)
        case Kind.NUMBER:
            numbers = {one: float(what) for one, what in given.items() if isinstance(what, (int, float))}
            return replace(result, figures=_numbers(numbers, weigh, Unit.NUMBER))
        case Kind.DATE:
            days = {one: date.fromisoformat(what).toordinal() for one, what in given.items() if isinstance(what, str)}
            return replace(result, figures=_numbers(days, weigh, Unit.DAY))
    return result


class _Weighing:
    """Counts as they are and as they weigh."""

    def __init__(self, given: Mapping[UUID, Given], weights: Weights | None) -> None:
        self._weights = weights
        self.n = effective_n([weights[one] for one in given]) if weights is not None else float(len(given))
        self._sum = sum(weights[one] for one in given) if weights is not None else len(given)
        self.effective: Figure | None = None
        if weights is not None:
            self.effective = Figure(EFFECTIVE, self.n, len(given))

    def of(self, responses: Sequence[UUID]) -> float:
        """How many of :attr:`n` these are worth."""
        if self._weights is None:
            return len(responses)
        return min(sum(self._weights[one] for one in responses) / self._sum, 1.0) * self.n


def _one_of(result: Result, given: Mapping[UUID, Given], weigh: _Weighing, least: int) -> Result:
    """Each person gave one answer."""
    question = result.question
    who: dict[str, list[UUID]] = {key: [] for key, _label in groups(question)}
    for one, what in given.items():
        key = group_of(question, what)
        if key is not None:
            who.setdefault(key, []).append(one)
    counts = [len(who[key]) for key, _label in groups(question)]
    shown = shown_parts(counts, least)
    summed = question.kind in SCALES or is_intent(question)
    if summed and None in shown:
        shown = (None,) * len(shown)
    rows = _rows(groups(question), shown, [weigh.of(who[key]) for key, _label in groups(question)], weigh.n)
    result = replace(result, rows=rows, figures=_summary(question, who, weigh, shown, least))
    if question.kind is Kind.SINGLE and not summed:
        return _led(result, lambda first, second: (weigh.of(who[first]), weigh.of(who[second])), weigh.n)
    return result


def _several(result: Result, given: Mapping[UUID, Given], weigh: _Weighing, least: int) -> Result:
    """Each person gave several answers."""
    who: dict[str, list[UUID]] = {one.key: [] for one in result.question.choices}
    for one, what in given.items():
        for key in what if isinstance(what, tuple) else ():
            who.setdefault(key, []).append(one)
    labels = tuple((one.key, one.label) for one in result.question.choices)
    shown = [shown_of(len(who[key]), len(given), least) for key, _label in labels]
    rows = _rows(labels, shown, [weigh.of(who[key]) for key, _label in labels], weigh.n)

    def apart(first: str, second: str) -> tuple[float, float]:
        one, other = set(who[first]), set(who[second])
        return weigh.of([*(one - other)]), weigh.of([*(other - one)])

    return _led(replace(result, rows=rows), apart, weigh.n)


def _ranked(result: Result, given: Mapping[UUID, Given], weigh: _Weighing) -> Result:
    """Options by their mean rank, the best first."""
    rows = []
    for option in result.question.choices:
        places: dict[int, list[UUID]] = {}
        for one, what in given.items():
            if isinstance(what, tuple) and option.key in what:
                places.setdefault(what.index(option.key) + 1, []).append(one)
        figure = mean({place: weigh.of(some) for place, some in places.items()})
        rows.append(Row(option.key, option.label, sum(map(len, places.values())), figure))
    rows.sort(key=lambda row: row.figure.value if row.figure else len(rows))
    return replace(result, rows=tuple(rows))


def _rows(
    labels: Sequence[tuple[str, Words]], shown: Sequence[int | None], worth: Sequence[float], n: float
) -> tuple[Row, ...]:
    return tuple(
        Row(key, label, count, None if count is None else share(min(weight, n), n))
        for (key, label), count, weight in zip(labels, shown, worth, strict=True)
    )


def _summary(
    question: Question, who: Mapping[str, Sequence[UUID]], weigh: _Weighing, shown: Sequence[int | None], least: int
) -> tuple[Told, ...]:
    """The figures of a scale."""
    if question.kind is Kind.NPS:
        score = nps(weigh.of(who["up"]), weigh.of(who["down"]), weigh.n)
        return (Told(_("Net promoter score"), score, Unit.POINTS),) if score else ()
    if question.kind in SCALES:
        middle = mean({int(key): weigh.of(some) for key, some in who.items()})
        return (Told(_("Mean"), middle, Unit.NUMBER),) if middle else ()
    if not is_intent(question):
        return ()
    counts = [weigh.of(who[key]) for key in INTENT]
    buy = len(who["5"]) + len(who["4"])
    told = []
    if (top := top_two(counts)) is not None and shown_of(buy, sum(map(len, who.values())), least) is not None:
        told.append(Told(_("Definitely or probably would buy"), top, Unit.SHARE))
    # A sum of all five with five weights: it would tell the small ones.
    if None not in shown and (sober := calibrated(counts)) is not None:
        told.append(Told(_("Will buy, by experience (81/27/9/3/1%)"), sober, Unit.SHARE))
    return tuple(told)


def _led(result: Result, apart: Callable[[str, str], tuple[float, float]], n: float) -> Result:
    """With who is first, if that may be told, and whether it is sure."""
    if len(result.rows) < 2 or any(row.figure is None for row in result.rows):
        known = [row for row in result.rows if row.figure is not None]
        # What is hidden might be among the first two: so many are left that it can't be, or nothing is said.
        most = result.n - sum(row.count or 0 for row in known) if result.question.kind is Kind.SINGLE else result.n
        if len(known) < 2 or sorted(row.count or 0 for row in known)[-2] <= most:
            return result
    first, second, *_others = sorted(
        (row for row in result.rows if row.figure is not None),
        key=lambda row: row.figure.value if row.figure else 0,
        reverse=True,
    )
    ahead = lead(*apart(first.key, second.key), n)
    close = ahead is None or ahead.interval is None or ahead.interval.contains(0)
    return replace(result, leaders=(first, second), close=close)


def _numbers(values: Mapping[UUID, float], weigh: _Weighing, unit: Unit) -> tuple[Told, ...]:
    worth = [weigh.of([one]) for one in values]
    found = quartiles([*values.values()], None if weigh.effective is None else worth, n=weigh.n)
    if found is None:
        return ()
    low, middle, high = found
    told = [
        Told(_("Median"), middle, unit),
        Told(_("A quarter is at or below"), replace(middle, value=low), unit),
        Told(_("A quarter is at or above"), replace(middle, value=high), unit),
    ]
    if unit is Unit.NUMBER:
        counts: dict[float, float] = defaultdict(float)
        for value, weight in zip(values.values(), worth, strict=True):
            counts[value] += weight
        if (average := mean(counts)) is not None:
            told.append(Told(_("Mean"), average, unit))
    return tuple(told)
