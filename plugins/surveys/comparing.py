"""The same question asked twice: what changed between two waves, or two surveys. Pure.

Where the same people answered both, named, and what is known of them gives none of them away, it is their change that
is told (McNemar); else the two are looked at as different people (Newcombe), which finds less and claims no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from core.figures import Figure, Part
from core.figures.privacy import TEAM, crossed, shown_of
from core.figures.scales import TOP_TWO
from core.figures.shares import Tested, before_after, holm, lift, share
from core.texts import Domain, Words
from plugins.surveys.definition import Definition, Given, Kind, Question
from plugins.surveys.groups import GROUPED, group_of, groups, is_intent
from plugins.surveys.tally import Answers, Result

_ = Domain("surveys")

SURE = 0.05
"""What chance alone does less often than this is a change."""
WOULD_BUY = frozenset({"4", "5"})
"""“Definitely” and “probably” of purchase intent."""

People = Mapping[UUID, UUID]
"""Whose each named response is."""


@dataclass(frozen=True, slots=True)
class Change:
    """How a share changed. Figures are None where they are hidden; ``p`` is corrected where several are tested."""

    label: Words
    before: Figure | None
    after: Figure | None
    change: Figure | None = None
    test: Tested | None = None
    p: float = 1.0

    @property
    def sure(self) -> bool:
        """Whether it is more than chance, by the test and by the interval."""
        found = self.change.interval if self.change is not None else None
        return found is not None and self.p < SURE and not found.contains(0)

    @property
    def up(self) -> bool:
        """Whether it went up."""
        return self.change is not None and self.change.value > 0


@dataclass(frozen=True, slots=True)
class Compared:
    """All that changed. ``both`` is how many answered twice, if the change is theirs; None for different people."""

    changes: tuple[Change, ...]
    before: Result
    after: Result
    both: int | None = None


def twin(question: Question, definition: Definition) -> Question | None:
    """The question of another survey that asks the same: by its name or its words, and with the same answers."""
    if question.kind not in GROUPED | {Kind.MULTIPLE}:
        return None
    same = [one for one in definition.questions if one.kind is question.kind and one.keys == question.keys]
    named = (one for one in same if one.name == question.name)
    return next(named, None) or next((one for one in same if one.plain == question.plain), None)


def compare(
    before: Result, after: Result, told_before: Answers, told_after: Answers, people: People | None = None
) -> Compared:
    """What changed from ``before`` to ``after``.

    :param people: of both waves, where both are named; None where one is anonymous.
    """
    question = after.question
    wanted = _single(question)
    if wanted is None:
        return Compared(_each(before, after), before, after)
    label, keys = wanted
    first, second = _part(before, told_before, keys), _part(after, told_after, keys)
    shares = _share(question, first), _share(question, second)
    if first is None or second is None:
        return Compared((Change(label, *shares),), before, after)
    if people is not None and (paired := _paired(before, after, told_before, told_after, people, keys)) is not None:
        figure, test, both = paired
        return Compared((Change(label, *shares, figure, test, test.p),), before, after, both)
    found = lift(second, first)
    if found is None:
        return Compared((Change(label, *shares),), before, after)
    return Compared((Change(label, *shares, found.difference, found.test, found.test.p),), before, after)


def _single(question: Question) -> tuple[Words, frozenset[str]] | None:
    """The one share that a question is about, and the answers that are in it; None where there are several."""
    if is_intent(question):
        return _("Definitely or probably would buy"), WOULD_BUY
    known = groups(question) if question.kind in (Kind.SINGLE, Kind.CONSENT) else ()
    return (known[0][1], frozenset({known[0][0]})) if len(known) == 2 else None


def _part(result: Result, answers: Answers, keys: frozenset[str]) -> Part | None:
    """How many gave one of these answers, of how many; None where that is not told."""
    if result.hidden is not None:
        return None
    hits = sum(group_of(result.question, given) in keys for given in answers.values() if given is not None)
    return None if shown_of(hits, result.n) is None else Part(hits, result.n)


def _share(question: Question, part: Part | None) -> Figure | None:
    return None if part is None else share(part.hits, part.n, *([TOP_TWO] if is_intent(question) else []))


def _each(before: Result, after: Result) -> tuple[Change, ...]:
    """Each answer's change, as of different people; what chance does is corrected for how many there are."""
    rows = {row.key: row for row in before.rows}
    changes = []
    for row in after.rows:
        old = rows.get(row.key)
        figures = (old.figure if old else None), row.figure
        found = None
        if old is not None and old.count is not None and row.count is not None:
            found = lift(Part(row.count, after.n), Part(old.count, before.n))
        changes.append(Change(row.label, *figures, *((found.difference, found.test) if found else ())))
    tested = [one for one in changes if one.test is not None]
    corrected = iter(holm([one.test.p for one in tested if one.test is not None]))
    return tuple(
        Change(one.label, one.before, one.after, one.change, one.test, 1.0 if one.test is None else next(corrected))
        for one in changes
    )


def _paired(
    before: Result,
    after: Result,
    told_before: Answers,
    told_after: Answers,
    people: People,
    keys: frozenset[str],
) -> tuple[Figure, Tested, int] | None:
    """The change of those who answered both; None where it can't be told without telling of few."""
    sides = [
        _by_person(before.question, told_before, people, keys),
        _by_person(after.question, told_after, people, keys),
    ]
    # Rows are before and columns after: gave it, gave another one, did not answer.
    cells = [[0, 0, 0] for _row in range(3)]
    for person in {*sides[0], *sides[1]}:
        row, column = (2 if person not in side else 0 if side[person] else 1 for side in sides)
        cells[row][column] += 1
    counted = [[sum(row) for row in cells[:2]], [sum(column) for column in list(zip(*cells, strict=True))[:2]]]
    if (sum(counted[0]), sum(counted[1])) != (before.n, after.n):
        return None  # somebody answered twice, whose accounts were linked later: no one knows which counts
    table = crossed(cells, counted[0], counted[1], TEAM)
    if table is None or table.rows[2] is None or table.columns[2] is None:
        return None
    gained, lost = table.cells[1][0], table.cells[0][1]
    both = before.n - table.columns[2]
    if gained is None or lost is None or both < TEAM:
        return None
    found = before_after(gained, lost, both)
    return None if found is None else (*found, both)


def _by_person(question: Question, answers: Answers, people: People, keys: frozenset[str]) -> dict[UUID, bool]:
    """Whether each person gave one of these answers."""
    given: dict[UUID, Given] = {one: what for one, what in answers.items() if what is not None}
    return {people[one]: group_of(question, what) in keys for one, what in given.items() if one in people}
