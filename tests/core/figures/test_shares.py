"""METRICS' “cases that must come out” for shares, and our Wilson interval against scipy's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from core.figures import Interval, Part
from core.figures.halls import reach
from core.figures.shares import (
    before_after,
    difference,
    holm,
    lead,
    lift,
    needed,
    ratio,
    response_rate,
    share,
    smallest_lift,
    talkability,
)


def close(interval: Interval | None, low: float, high: float, *, within: float) -> bool:
    assert interval is not None
    return interval.low == pytest.approx(low, abs=within) and interval.high == pytest.approx(high, abs=within)


def test_the_talkability_of_an_influencer_and_of_a_community() -> None:
    influencer = talkability(15_000, 7_500_000)
    assert influencer is not None
    assert influencer.value == 0.002
    assert close(influencer.interval, 0.00197, 0.00203, within=0.000005)
    community = talkability(21_000, 50_000)
    assert community is not None
    assert (community.value, community.n, community.formula) == (0.42, 50_000, ("talkability", 1, "engagements"))
    assert close(community.interval, 0.4157, 0.4243, within=0.00005)


def test_the_difference_and_the_ratio_of_the_two() -> None:
    community, influencer = Part(21_000, 50_000), Part(15_000, 7_500_000)
    apart, times = difference(community, influencer), ratio(community, influencer)
    assert apart is not None
    assert times is not None
    assert apart.value == pytest.approx(0.418)
    assert close(apart.interval, 0.4137, 0.4223, within=0.00005)
    assert times.value == pytest.approx(210)
    assert close(times.interval, 206.0, 214.0, within=0.05)


def test_one_in_a_hundred_saw_the_post() -> None:
    found = reach(1, 100)
    assert found is not None
    assert (found.value, found.n) == (0.01, 100)
    assert close(found.interval, 0.0018, 0.0545, within=0.00005)


def test_the_lift_against_a_control_group() -> None:
    found = lift(Part(120, 300), Part(90, 300))
    assert found is not None
    assert found.difference.value == pytest.approx(0.10)
    assert close(found.difference.interval, 0.0237, 0.1747, within=0.00005)
    assert found.test.z == pytest.approx(2.568, abs=0.0005)
    assert found.test.p == pytest.approx(0.0102, abs=0.00005)
    assert found.relative is not None
    assert found.headroom is not None
    assert found.relative.value == pytest.approx(1 / 3)
    assert found.headroom.value == pytest.approx(0.143, abs=0.0005)


@pytest.mark.parametrize(("base", "hoped", "n"), [(0.30, 0.40, 356), (0.30, 0.35, 1377), (0.20, 0.30, 294)])
def test_how_many_members_a_lift_needs(base: float, hoped: float, n: int) -> None:
    assert needed(base, hoped).value == n
    smallest = smallest_lift(base, n)
    assert smallest is not None
    assert smallest.value == pytest.approx(hoped - base, abs=0.0005)


def test_what_no_number_of_members_shows() -> None:
    with pytest.raises(ValueError, match="no number"):
        needed(0.3, 0.3)
    assert smallest_lift(0.5, 3) is None
    assert smallest_lift(1.0, 1000) is None


def test_where_nothing_can_be_said_there_is_no_figure() -> None:
    assert share(0, 0) is None
    assert response_rate(0, 0) is None
    assert difference(Part(0, 0), Part(1, 2)) is None
    assert ratio(Part(0, 5), Part(1, 2)) is None
    assert lift(Part(1, 2), Part(0, 0)) is None
    assert lead(0, 0, 9) is None
    with pytest.raises(ValueError, match="no part"):
        share(3, 2)


def test_a_lead_is_too_close_to_call_until_it_is_not() -> None:
    close_one, clear, tiny = lead(52, 48, 100), lead(70, 30, 100), lead(3, 0, 3)
    assert close_one is not None
    assert close_one.interval is not None
    assert clear is not None
    assert clear.interval is not None
    assert tiny is not None
    assert tiny.interval is not None
    assert close_one.value == pytest.approx(0.04)
    assert close_one.interval.contains(0)
    assert not clear.interval.contains(0)
    assert tiny.interval.contains(0)  # three answers decide nothing


def test_the_same_members_before_and_after() -> None:
    found = before_after(15, 5, 50)
    assert found is not None
    change, test = found
    assert change.value == pytest.approx(0.2)
    assert test.p == pytest.approx(0.0414, abs=0.0001)  # of a fair coin: 20 throws, 15 heads or more, or tails
    unchanged = before_after(0, 0, 50)
    assert unchanged is not None
    assert unchanged[1].p == 1


def test_holm_corrects_several_tests() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@given(st.integers(1, 10_000_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_our_wilson_interval_is_scipys(part: tuple[int, int]) -> None:
    found = share(*part)
    assert found is not None
    assert found.interval is not None
    expected = binomtest(*part).proportion_ci(method="wilson")
    assert found.interval == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert found.interval.low <= found.value <= found.interval.high
