"""METRICS' “cases that must come out” for a hall beside a balcony."""

import pytest

from core.figures.halls import Side, compare


def test_a_budget_of_95_to_5_shows_both_sides() -> None:
    community = Side(members=50_000, engagements=50_000, conversations=21_000, budget=5)
    influencer = Side(members=7_500_000, engagements=7_500_000, conversations=15_000, budget=95)
    found = compare(community, influencer)
    talk, acts = found.conversations_per_point, found.engagements_per_point
    assert talk is not None
    assert acts is not None
    assert (talk.balcony.value, talk.hall.value) == (pytest.approx(157.9, abs=0.05), 4200)
    assert talk.times == pytest.approx(26.6)
    assert not talk.favours_balcony
    assert (acts.balcony.value, acts.hall.value) == (pytest.approx(78_947, abs=0.5), 10_000)
    assert acts.balcony.value / acts.hall.value == pytest.approx(7.9, abs=0.05)
    assert acts.favours_balcony
    assert found.ratio is not None
    assert found.ratio.value == pytest.approx(210)


def test_acts_and_money_for_a_member_in_a_month() -> None:
    hall = Side(members=3000, engagements=18_000, conversations=9_000, budget=150)
    balcony = Side(members=3000, engagements=300, conversations=30, budget=12_000)
    found = compare(hall, balcony)
    assert found.engagements is not None
    assert found.conversations is not None
    assert found.cost is not None
    assert (found.engagements.hall.value, found.conversations.hall.value) == (6.0, 3.0)
    assert (found.engagements.balcony.value, found.conversations.balcony.value) == (0.10, 0.01)
    assert (found.engagements.times, found.conversations.times) == (pytest.approx(60), pytest.approx(300))
    assert (found.cost.balcony.value, found.cost.hall.value) == (4.00, 0.05)
    assert found.cost.balcony.value / found.cost.hall.value == pytest.approx(80)
    assert not any(pair.favours_balcony for pair in found.pairs)


def test_what_nobody_paid_for_has_no_price() -> None:
    found = compare(Side(10, 10, 5), Side(10, 0, 0, budget=100))
    assert found.talkability is None
    assert found.conversations_per_point is None
    assert found.cost is not None
    assert found.cost.hall.value == 0
    assert found.cost.times == 0
