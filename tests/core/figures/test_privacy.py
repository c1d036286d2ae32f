"""What is hidden stays hidden, however the shown is added and taken away."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from core.figures.privacy import BRAND, TEAM, Table, released, shown_of, shown_parts, shown_table


def test_the_smallest_cell_takes_another_with_it() -> None:
    assert shown_parts([20, 9, 2]) == (20, None, None)
    assert shown_parts([20, 2, 1]) == (None, None, None)  # three altogether are too few as well
    assert shown_parts([20, 4, 1]) == (20, None, None)  # five altogether: nobody knows who of them is which
    assert shown_parts([20, 0, 7]) == (20, 0, 7)
    assert shown_parts([3]) == (None,)
    assert shown_parts([0, 0]) == (0, 0)
    assert shown_parts([20, 9, 8], BRAND) == (20, None, None)


def test_almost_all_tells_of_the_few_who_did_not() -> None:
    assert shown_of(18, 20) is None
    assert shown_of(15, 20) == 15
    assert shown_of(20, 20) == 20
    assert shown_of(2, 20) is None


def test_a_table_hides_in_rows_and_in_columns() -> None:
    found = shown_table([[10, 2, 8], [9, 11, 7], [12, 6, 20]])
    assert found.cells[0][1] is None
    for line in [*found.cells, *zip(*found.cells, strict=True)]:
        assert line.count(None) != 1
    assert (found.rows, found.columns, found.total) == ((20, 27, 38), (31, 19, 35), 85)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(st.integers(0, 7), min_size=width, max_size=width), min_size=1, max_size=4)
    )
)
def test_no_hidden_cell_can_be_reckoned(cells: list[list[int]]) -> None:
    found = shown_table(cells, least=3)
    _nothing_small_is_shown(found, 3)
    for r, row in enumerate(found.cells):
        for c, cell in enumerate(row):
            assert cell in (None, cells[r][c])
            if cell is None:
                assert _could_differ(found, r, c, cells[r][c]), f"{found} gives away row {r}, column {c}"


@given(st.lists(st.integers(0, 12), min_size=1, max_size=6), st.sampled_from([TEAM, BRAND]))
@settings(deadline=None)
def test_no_hidden_part_can_be_reckoned(counts: list[int], least: int) -> None:
    shown = shown_parts(counts, least)
    assert all(one is None or one == 0 or one >= least for one in shown)
    assert all(one in (None, count) for one, count in zip(shown, counts, strict=True))
    hidden = [count for one, count in zip(shown, counts, strict=True) if one is None]
    if hidden and sum(counts) >= least:  # else the sum is hidden with them
        assert len(hidden) > 1
        assert sum(hidden) >= least
        # Each could be one more, and another one less.
        assert sum(hidden) > len(hidden)


def _nothing_small_is_shown(found: Table, least: int) -> None:
    every = [*(cell for row in found.cells for cell in row), *found.rows, *found.columns, found.total]
    assert all(one is None or one == 0 or one >= least for one in every)


def _could_differ(found: Table, row: int, column: int, value: int) -> bool:
    """Whether another table of whole numbers, hidden ones one or more, shows the same and has another value there."""
    height, width = len(found.rows), len(found.columns)
    places = [(r, c) for r in range(height) for c in range(width)]
    low = [1 if found.cells[r][c] is None else found.cells[r][c] for r, c in places]
    high = [np.inf if found.cells[r][c] is None else found.cells[r][c] for r, c in places]
    sums = [([float(r == one) for r, _c in places], found.rows[one]) for one in range(height)]
    sums += [([float(c == one) for _r, c in places], found.columns[one]) for one in range(width)]
    sums.append(([1.0] * len(places), found.total))
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
