"""What may be shown of counts of people, so that nobody can be found in them: nothing of fewer than five to the team,
nothing of fewer than ten to a brand, and nothing from which that could be reckoned.

Nought is shown: it is about nobody. So what is hidden among what is shown is at least one, and people know that much.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
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
    """Counts of people who each are in one of them, whose sum readers know; None is hidden.

    Where not even the largest can be shown all are hidden, noughts too: else five hidden ones of five were one each.
    """
    total = len(counts)
    shown, safe = _shown([*counts, sum(counts)], [Sum(tuple(range(total)), total)], least, told=frozenset({total}))
    return shown[:-1] if safe and any(shown[:-1]) else (None,) * total if any(counts) else tuple(counts)


def shown_of(count: int, n: int, least: int = TEAM) -> int | None:
    """A count of those who did something of the ``n`` who could: hidden too where almost all did."""
    return shown_parts([count, n - count], least)[0]


def crossed(
    cells: Sequence[Sequence[int]],
    rows: Sequence[int | None],
    columns: Sequence[int | None],
    least: int = TEAM,
) -> Table | None:
    """A cross-table of two questions whose own results are told already: ``rows`` and ``columns``, None hidden.

    The last row and the last column of ``cells``, beside what was told, are those who answered one question and not
    the other; their corner is nought. None where the results that are told would give away what the table hides.
    """
    if not any(rows) or not any(columns):
        return None
    height, width, values, sums = _laid_out(cells)
    size = height * width
    row_at, column_at, total_at = range(size, size + height), range(size + height, len(values) - 1), len(values) - 1
    # What readers know besides is how many answered each question.
    values += [sum(values[place] for place in some[:-1]) for some in (row_at, column_at)]
    answered = [Sum(tuple(some[:-1]), total_at + at) for at, some in enumerate((row_at, column_at), 1)]
    told = [*row_at[:-1], *column_at[:-1]]
    hidden = frozenset(place for place, one in zip(told, [*rows, *columns], strict=True) if one is None)
    fixed = frozenset({*told, total_at + 1, total_at + 2})
    shown, all_safe = _shown(values, [*sums, *answered], least, hidden, fixed)
    return _table(shown, height, width) if all_safe else None


def released(n: int, *, closed: bool, least: int = TEAM) -> int:
    """How many of ``n`` answers, the first ones, a running report may tell: two reports differ by ``least`` or more.

    It goes in steps, one behind, so that the last step, when no more come, is none of a few either.
    """
    if closed:
        return n if n >= least else 0
    return max(0, n // least - 1) * least


def _laid_out(cells: Sequence[Sequence[int]]) -> tuple[int, int, list[int], list[Sum]]:
    """Height and width, all entries (cells, row sums, column sums, the total), and how they hang together."""
    height, width = len(cells), len(cells[0]) if cells else 0
    rows, columns = [sum(row) for row in cells], [sum(column) for column in zip(*cells, strict=True)]
    values = [*(one for row in cells for one in row), *rows, *columns, sum(rows)]
    size, total_at = height * width, len(values) - 1
    row_at, column_at = range(size, size + height), range(size + height, total_at)
    sums = [Sum(tuple(range(row * width, (row + 1) * width)), row_at[row]) for row in range(height)]
    sums += [Sum(tuple(range(column, size, width)), column_at[column]) for column in range(width)]
    return height, width, values, [*sums, Sum(tuple(row_at), total_at), Sum(tuple(column_at), total_at)]


def _table(shown: Sequence[int | None], height: int, width: int) -> Table:
    size = height * width
    return Table(
        tuple(tuple(shown[row * width : (row + 1) * width]) for row in range(height)),
        tuple(shown[size : size + height]),
        tuple(shown[size + height : size + height + width]),
        shown[size + height + width],
    )


def _shown(
    values: Sequence[int],
    sums: Sequence[Sum],
    least: int,
    told_hidden: frozenset[int] = frozenset(),
    told: frozenset[int] = frozenset(),
) -> tuple[tuple[int | None, ...], bool]:
    """The values with None for what is hidden: what is small, and what gives it away; and whether all that is safe.

    ``told`` are entries of which nothing more can be hidden, as others told them; ``told_hidden`` what those hid.
    """
    hidden = {place for place, value in enumerate(values) if 0 < value < least and place not in told} | told_hidden
    safe = False
    while hidden and not safe:
        more = _by_sums(values, sums, hidden, told, least)
        if more is None:
            more, safe = _by_reckoning(values, sums, hidden, told)
        if more is None:
            break
        hidden.add(more)
    return tuple(None if place in hidden else value for place, value in enumerate(values)), safe or not hidden


def _by_sums(
    values: Sequence[int], sums: Sequence[Sum], hidden: set[int], told: frozenset[int], least: int
) -> int | None:
    """The next entry to hide because a sum tells what is hidden in it, or that those are few altogether."""
    for one in sums:
        here = [place for place in one.entries if place in hidden]
        few = one.total not in hidden and sum(values[place] for place in here) < least
        if here and (len(here) == 1 or few):
            more = _smallest(values, one.entries, hidden | told)
            if more is not None:
                return more
    return None


def _by_reckoning(
    values: Sequence[int], sums: Sequence[Sum], hidden: set[int], told: frozenset[int]
) -> tuple[int | None, bool]:
    """The next entry to hide because all the sums together leave a hidden one only one value, and whether none is so.

    Entries that were told are not looked at: others have to keep those.
    """
    safe = True
    for pinned in _pinned(values, sums, hidden, told):
        safe = False
        near = {place for one in sums if pinned in one.entries for place in one.entries}
        more = _smallest(values, near, hidden | told)
        if more is None:
            more = _smallest(values, range(len(values)), hidden | told)
        if more is not None:
            return more, False
    return None, safe


def _smallest(values: Sequence[int], places: Iterable[int], but: Set[int]) -> int | None:
    """The smallest that is shown and not nought: what a reader misses least."""
    return min(
        (place for place in places if place not in but and values[place]), key=values.__getitem__, default=None
    )


def _pinned(values: Sequence[int], sums: Sequence[Sum], hidden: set[int], told: frozenset[int]) -> Iterable[int]:
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
    for place in (one for one in places if one not in told):
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
