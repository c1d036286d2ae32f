"""What may be shown of counts of people, so that nobody can be found in them: nothing of fewer than five to the team,
nothing of fewer than ten to a brand, and nothing from which that could be reckoned.

Nought is shown: it is about nobody. What is hidden is at least one, so people may know that much.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

TEAM, BRAND = 5, 10
"""The fewest people that a cell may tell of (METRICS: privacy)."""


class Sum(NamedTuple):
    """What readers know of entries, by their places: these ``parts`` add up to that ``total``."""

    parts: tuple[int, ...]
    total: int

    @property
    def entries(self) -> tuple[int, ...]:
        """All the places."""
        return (*self.parts, self.total)


@dataclass(frozen=True, slots=True)
class Table:
    """Counts by rows and columns with their sums; None is hidden."""

    cells: tuple[tuple[int | None, ...], ...]
    rows: tuple[int | None, ...]
    columns: tuple[int | None, ...]
    total: int | None


def shown_parts(counts: Sequence[int], least: int = TEAM) -> tuple[int | None, ...]:
    """Counts of people who each are in one of them, whose sum readers know; None is hidden."""
    total = len(counts)
    return _shown([*counts, sum(counts)], [Sum(tuple(range(total)), total)], least)[:-1]


def shown_of(count: int, n: int, least: int = TEAM) -> int | None:
    """A count of those who did something of the ``n`` who could: hidden too where almost all did."""
    return shown_parts([count, n - count], least)[0]


def shown_table(cells: Sequence[Sequence[int]], least: int = TEAM) -> Table:
    """A cross-table, each person in one cell."""
    height, width = len(cells), len(cells[0]) if cells else 0
    rows, columns = [sum(row) for row in cells], [sum(column) for column in zip(*cells, strict=True)]
    values = [*(one for row in cells for one in row), *rows, *columns, sum(rows)]
    size = height * width
    row_at, column_at, total_at = range(size, size + height), range(size + height, len(values) - 1), len(values) - 1
    sums = [Sum(tuple(range(row * width, (row + 1) * width)), row_at[row]) for row in range(height)]
    sums += [Sum(tuple(range(column, size, width)), column_at[column]) for column in range(width)]
    sums += [Sum(tuple(row_at), total_at), Sum(tuple(column_at), total_at)]
    shown = _shown(values, sums, least)
    return Table(
        tuple(shown[row * width : (row + 1) * width] for row in range(height)),
        shown[size : size + height],
        shown[size + height : total_at],
        shown[total_at],
    )


def released(n: int, *, closed: bool, least: int = TEAM) -> int:
    """How many of ``n`` answers, the first ones, a running report may tell: two reports differ by ``least`` or more.

    It goes in steps, one behind, so that the last step, when no more come, is none of a few either.
    """
    if closed:
        return n if n >= least else 0
    return max(0, n // least - 1) * least


def _shown(values: Sequence[int], sums: Sequence[Sum], least: int) -> tuple[int | None, ...]:
    """The values with None for what is hidden: what is small, and what gives it away."""
    hidden = {place for place, value in enumerate(values) if 0 < value < least}
    while hidden:
        more = _by_sums(values, sums, hidden, least)
        if more is None:
            more = _by_reckoning(values, sums, hidden)
        if more is None:
            break
        hidden.add(more)
    return tuple(None if place in hidden else value for place, value in enumerate(values))


def _by_sums(values: Sequence[int], sums: Sequence[Sum], hidden: set[int], least: int) -> int | None:
    """The next entry to hide because a sum tells what is hidden in it, or that those are few altogether."""
    for one in sums:
        here = [place for place in one.entries if place in hidden]
        few = one.total not in hidden and sum(values[place] for place in here) < least
        if here and (len(here) == 1 or few):
            more = _smallest(values, one.entries, hidden)
            if more is not None:
                return more
    return None


def _by_reckoning(values: Sequence[int], sums: Sequence[Sum], hidden: set[int]) -> int | None:
    """The next entry to hide because all the sums together leave a hidden one only one value."""
    for pinned in _pinned(values, sums, hidden):
        near = {place for one in sums if pinned in one.entries for place in one.entries}
        more = _smallest(values, near, hidden)
        if more is None:
            more = _smallest(values, range(len(values)), hidden)
        if more is not None:
            return more
    return None


def _smallest(values: Sequence[int], places: Iterable[int], hidden: set[int]) -> int | None:
    """The smallest that is shown and not nought: what a reader misses least."""
    return min(
        (place for place in places if place not in hidden and values[place]), key=values.__getitem__, default=None
    )


def _pinned(values: Sequence[int], sums: Sequence[Sum], hidden: set[int]) -> Iterable[int]:
    """The hidden entries that have but one value, for a reader who knows the sums and that each is one or more."""
    from numpy import zeros  # heavy, and no start needs it
    from scipy.optimize import linprog

    places = sorted(hidden)
    column = {place: index for index, place in enumerate(places)}
    known = [one for one in sums if any(place in hidden for place in one.entries)]
    matrix, right = zeros((len(known), len(places))), zeros(len(known))
    for row, one in enumerate(known):
        for place in one.entries:
            sign = -1 if place == one.total else 1
            if place in hidden:
                matrix[row, column[place]] += sign
            else:
                right[row] -= sign * values[place]
    free: set[int] = set()
    for place in places:
        for sign in (1, -1):
            if place in free:
                break
            goal = zeros(len(places))
            goal[column[place]] = sign
            found = linprog(goal, A_eq=matrix, b_eq=right, bounds=(1, None), method="highs")
            if found.status != 0:  # no end to it: any value will do
                free.add(place)
            else:
                # Another table with the same sums: wherever it differs, nothing is pinned.
                free |= {other for other in places if abs(found.x[column[other]] - values[other]) > 0.5}
        if place not in free:
            yield place
