"""What is hidden stays hidden, however the shown is added and taken away."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from core.figures.privacy import BRAND, TEAM, Table, crossed, released, shown_of, shown_parts


def test_the_smallest_cell_takes_another_with_it() -> None:
    assert shown_parts([20, 9, 2]) == (20, None, None)
    assert shown_parts([20, 2, 1]) == (None, None, None)  # three altogether are too few as well
    assert shown_parts([20, 4, 1]) == (20, None, None)  # five altogether: nobody knows who of them is which
    assert shown_parts([20, 0, 7]) == (20, 0, 7)
    assert shown_parts([3]) == (None,)
    assert shown_parts([8, 4, 0]) == (None, None, None)
    assert shown_parts([20, 1, 1, 1, 1, 1, 0]) == (None,) * 7  # else each could only be one
    assert shown_parts([0, 0]) == (0, 0)
    assert shown_parts([20, 9, 8], BRAND) == (20, None, None)


def test_almost_all_tells_of_the_few_who_did_not() -> None:
    assert shown_of(18, 20) is None
    assert shown_of(15, 20) == 15
    assert shown_of(20, 20) == 20
    assert shown_of(2, 20) is None


@settings(max_examples=100, deadline=None)
@given(
    st.integers(2, 4).flatmap(
        lambda width: st.lists(st.lists(st.integers(0, 7), min_size=width, max_size=width), min_size=2, max_size=4)
    )
)
def test_a_cross_table_keeps_what_the_questions_alone_hid(cells: list[list[int]]) -> None:
    cells[-1][-1] = 0
    rows = shown_parts([sum(row) for row in cells[:-1]], 3)
    columns = shown_parts([sum(column) for column in list(zip(*cells, strict=True))[:-1]], 3)
    found = crossed(cells, rows, columns, 3)
    if found is None:  # nothing is told
        return
    assert (found.rows[:-1], found.columns[:-1]) == (rows, columns)
    _nothing_small_is_shown(found, 3)
    answered = (sum(map(sum, cells[:-1])), sum(sum(row[:-1]) for row in cells))
    for r, row in enumerate(found.cells):
        for c, cell in enumerate(row):
            assert cell in (None, cells[r][c])
            if cell is None:
                assert _could_differ(found, r, c, cells[r][c], answered), f"{found} gives away {r}, {c}"


def test_a_cross_table_that_others_would_give_away_is_not_told() -> None:
    # Of five who said the first, one each said what: from the sums alone everybody could reckon it.
    assert (
        crossed([[1, 1, 1, 1, 1, 0], [9, 9, 9, 9, 9, 0], [0, 0, 0, 0, 0, 0]], (5, 45), (10, 10, 10, 10, 10)) is None
    )
    assert crossed([[9, 9, 0], [9, 9, 0], [0, 0, 0]], (18, 18), (18, 18)) is not None


@given(st.lists(st.integers(0, 12), min_size=1, max_size=6), st.sampled_from([TEAM, BRAND]))
@settings(deadline=None)
def test_no_hidden_part_can_be_reckoned(counts: list[int], least: int) -> None:
    shown = shown_parts(counts, least)
    assert all(one is None or one == 0 or one >= least for one in shown)
    assert all(one in (None, count) for one, count in zip(shown, counts, strict=True))
    hidden = [count for one, count in zip(shown, counts, strict=True) if one is None]
    if hidden and len(hidden) < len(counts):  # else nothing is told but the sum
        assert len(hidden) > 1
        assert sum(hidden) >= least
        assert sum(hidden) > len(hidden)  # each could be one more, and another one less
    assert not hidden or sum(hidden) > 0


def _nothing_small_is_shown(found: Table, least: int) -> None:
    every = [*(cell for row in found.cells for cell in row), *found.rows, *found.columns, found.total]
    assert all(one is None or one == 0 or one >= least for one in every)


def _could_differ(found: Table, row: int, column: int, value: int, answered: tuple[int, int] | None = None) -> bool:
    """Whether another table of whole numbers, hidden ones one or more, shows the same and has another value there.

    ``answered``: how many are known to be in all rows but the last, and in all columns but the last.
    """
    height, width = len(found.rows), len(found.columns)
    places = [(r, c) for r in range(height) for c in range(width)]
    low = [1 if found.cells[r][c] is None else found.cells[r][c] for r, c in places]
    high = [np.inf if found.cells[r][c] is None else found.cells[r][c] for r, c in places]
    sums = [([float(r == one) for r, _c in places], found.rows[one]) for one in range(height)]
    sums += [([float(c == one) for _r, c in places], found.columns[one]) for one in range(width)]
    sums.append(([1.0] * len(places), found.total))
    if answered is not None:
        sums.append(([float(r < height - 1) for r, _c in places], answered[0]))
        sums.append(([float(c < width - 1) for _r, c in places], answered[1]))
    known = LinearConstraint(
        np.array([line for line, _total in sums]),
        np.array([1 if total is None else total for _line, total in sums]),
        np.array([np.inf if total is None else total for _line, total in sums]),
    )
    here = places.index((row, column))
    for least, most in ((value + 1, np.inf), (1, value - 1)):
        lows, highs = np.array(low, float), np.array(high, float)
        lows[here], highs[here] = least, most
        if least <= most:
            same = milp(np.zeros(len(places)), integrality=1, bounds=Bounds(lows, highs), constraints=known)
            if same.success:
                return True
    return False


@pytest.mark.parametrize("least", [TEAM, BRAND])
def test_two_reports_never_differ_by_a_few(least: int) -> None:
    told = [released(n, closed=False, least=least) for n in range(60)]
    for n, running in enumerate(told):
        steps = {later - running for later in told[n:]} | {released(n, closed=True, least=least) - running}
        assert all(step == 0 or step >= least for step in steps if step >= 0)
    assert released(7, closed=True) == 7
    assert released(4, closed=True) == 0
