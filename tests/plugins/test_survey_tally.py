"""What answers come to: figures, and what is not told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid4

import pytest

from plugins.surveys import toml_text
from plugins.surveys.crossing import cross
from plugins.surveys.definition import Given
from plugins.surveys.tally import Hidden, Result, Unit, results

TEXT = """
title = "T"
[[question]]
name = "drink"
kind = "single"
ask = "Drink?"
options = ["Tea", "Coffee", "Water"]
[[question]]
name = "leaf"
kind = "multiple"
ask = "Leaf?"
options = ["Green", "Black", "White"]
when = "drink = 'Tea'"
[[question]]
name = "stars"
kind = "rating"
ask = "Stars?"
[[question]]
name = "nps"
kind = "nps"
ask = "Recommend?"
[[question]]
name = "intent"
kind = "single"
ask = "Buy?"
[question.options]
5 = "Definitely"
4 = "Probably"
3 = "Perhaps"
2 = "Probably not"
1 = "Definitely not"
[[question]]
name = "order"
kind = "ranking"
ask = "Order?"
options = ["A", "B", "C"]
[[question]]
name = "age"
kind = "number"
ask = "Age?"
[[question]]
name = "day"
kind = "date"
ask = "Day?"
[[question]]
name = "why"
kind = "long"
ask = "Why?"
"""
DEFINITION = toml_text.read(TEXT)


def tell(weights: dict[UUID, float] | None = None, **given: Sequence[Given | None]) -> dict[str, Result]:
    ids = sorted(uuid4() for _one in range(max(map(len, given.values()))))
    return results(DEFINITION, {name: dict(zip(ids, some, strict=False)) for name, some in given.items()}, weights)


def counts(result: Result) -> list[int | None]:
    return [row.count for row in result.rows]


def test_shares_with_intervals_and_who_is_ahead() -> None:
    found = tell(drink=["Tea"] * 40 + ["Coffee"] * 20 + ["Water"] * 10 + [None] * 3)["drink"]
    assert (found.n, counts(found)) == (70, [40, 20, 10])
    assert found.rows[0].figure is not None
    assert found.rows[0].figure.value == pytest.approx(40 / 70)
    assert found.rows[0].figure.interval == pytest.approx((0.455, 0.681), abs=0.001)
    assert found.leaders is not None
    assert [row.key for row in found.leaders] == ["Tea", "Coffee"]
    assert not found.close
    assert tell(drink=["Tea"] * 21 + ["Coffee"] * 20)["drink"].close


def test_few_are_hidden_with_another() -> None:
    found = tell(drink=["Tea"] * 40 + ["Coffee"] * 20 + ["Water"] * 2)["drink"]
    assert counts(found) == [40, None, None]
    assert found.leaders is None  # it would tell how many said coffee
    assert tell(drink=["Tea"] * 4)["drink"].hidden is Hidden.FEW
    far = tell(drink=["Tea"] * 40 + ["Coffee"] * 20 + ["Water"] * 5)["drink"]
    assert counts(far) == [40, 20, 5]


def test_what_was_asked_of_few_is_not_told_by_who_was_asked() -> None:
    teas = [("Green",)] * 7
    hidden = tell(drink=["Tea"] * 7 + ["Coffee"] * 3 + ["Water"] * 30, leaf=teas)
    assert counts(hidden["drink"]) == [None, None, 30]
    assert hidden["leaf"].hidden is Hidden.PATH  # seven answered it: so three said coffee
    shown = tell(drink=["Tea"] * 7 + ["Water"] * 30, leaf=teas)
    assert counts(shown["leaf"]) == [7, 0, 0]


def test_several_answers_each_count() -> None:
    leaf = [("Green", "Black")] * 20 + [("Green",)] * 10 + [("White",)] * 2
    found = tell(drink=["Tea"] * 32, leaf=leaf)["leaf"]
    assert counts(found) == [None, 20, None]  # two are not green, and two are white
    found = tell(drink=["Tea"] * 40, leaf=[("Green", "Black")] * 20 + [("Green",)] * 10 + [("Black",)] * 10)["leaf"]
    assert counts(found) == [30, 30, 0]
    assert found.close


def test_points_of_a_scale_are_told_all_or_none_and_the_mean_always() -> None:
    found = tell(stars=[5.0] * 20 + [4.0] * 10)["stars"]
    assert counts(found) == [0, 0, 0, 10, 20]
    assert found.figures[0].figure.value == pytest.approx(140 / 30)
    found = tell(stars=[5.0] * 20 + [4.0] * 10 + [1.0])["stars"]
    assert counts(found) == [None] * 5
    assert found.figures[0].figure.value == pytest.approx(141 / 31)


def test_the_net_promoter_score_and_purchase_intent() -> None:
    found = tell(nps=[10.0] * 162 + [7.0] * 108 + [3.0] * 54)["nps"]
    assert counts(found) == [162, 108, 54]
    assert found.figures[0].figure.value == pytest.approx(33.3, abs=0.05)
    assert found.figures[0].unit is Unit.POINTS
    found = tell(intent=["5"] * 60 + ["4"] * 75 + ["3"] * 90 + ["2"] * 45 + ["1"] * 30)["intent"]
    assert [round(told.figure.value, 3) for told in found.figures] == [0.45, 0.262]
    found = tell(intent=["5"] * 60 + ["4"] * 75 + ["3"] * 90 + ["2"] * 2)["intent"]
    assert counts(found) == [None] * 5
    assert [round(told.figure.value, 3) for told in found.figures] == [0.595]  # calibrated would give the two away


def test_rankings_numbers_days_and_words() -> None:
    order = [("A", "B", "C")] * 6 + [("B", "A", "C")] * 2
    found = tell(order=order, age=[20, 30, 40, 50, 60], day=["2026-01-01"] * 4 + ["2026-03-01"], why=["", "", None])
    assert [(row.key, row.figure.value if row.figure else None) for row in found["order"].rows] == [
        ("A", 1.25),
        ("B", 1.75),
        ("C", 3.0),
    ]
    assert [told.figure.value for told in found["age"].figures] == [40, 30, 50, 40]
    assert found["day"].figures[0].unit is Unit.DAY
    assert found["why"].hidden is Hidden.FEW


def test_weights_change_shares_and_say_what_they_are_worth() -> None:
    ids = sorted(uuid4() for _one in range(20))
    answers = {one: "Tea" if number < 10 else "Coffee" for number, one in enumerate(ids)}
    weights = {one: 3.0 if number < 10 else 1.0 for number, one in enumerate(ids)}
    found = results(DEFINITION, {"drink": answers}, weights)["drink"]
    assert found.rows[0].figure is not None
    assert (found.rows[0].count, found.rows[0].figure.value) == (10, pytest.approx(0.75))
    assert found.weighted is not None
    assert found.weighted.value == pytest.approx(16)
    assert found.rows[0].figure.n == pytest.approx(16)


def test_numbers_and_days_are_weighted_too() -> None:
    ids = sorted(uuid4() for _one in range(20))
    weights = {one: 4.0 if number < 10 else 1.0 for number, one in enumerate(ids)}
    age = {one: 20 if number < 10 else 40 for number, one in enumerate(ids)}
    day = {one: "2026-11-01" if number < 10 else "2026-11-03" for number, one in enumerate(ids)}
    found = results(DEFINITION, {"age": age, "day": day}, weights)
    assert [told.figure.value for told in found["age"].figures] == [20, 20, 20, pytest.approx(24)]
    assert all(told.figure.n == pytest.approx(250 / 17) for told in found["age"].figures)
    assert found["day"].figures[0].figure.value == date(2026, 11, 1).toordinal()


def test_weights_may_add_up_to_a_hair_more_than_all() -> None:
    ids = sorted(uuid4() for _one in range(300))
    answers = {one: "Tea" if number % 3 else "Coffee" for number, one in enumerate(ids)}
    for odd in range(1, 50):
        weights = {one: (0.7 + odd / 100, 1.1, 0.3 + odd / 70)[number % 3] for number, one in enumerate(ids)}
        assert results(DEFINITION, {"drink": answers}, weights)["drink"].leaders is not None


def test_weights_that_make_a_few_speak_for_all_tell_nothing() -> None:
    ids = sorted(uuid4() for _one in range(20))
    answers = {one: "Tea" if number else "Coffee" for number, one in enumerate(ids)}
    weights = {one: 0.001 if number else 1000.0 for number, one in enumerate(ids)}
    assert results(DEFINITION, {"drink": answers}, weights)["drink"].hidden is Hidden.FEW


def test_two_questions_crossed() -> None:
    ids = sorted(uuid4() for _one in range(60))
    drink = {one: ("Tea", "Coffee")[number % 2] for number, one in enumerate(ids)}
    nps = {one: 10.0 if number % 4 < 2 else 2.0 for number, one in enumerate(ids[:50])}
    told = results(DEFINITION, {"drink": drink, "nps": nps})
    table = cross(told["drink"], told["nps"], {"drink": drink, "nps": nps})
    assert table is not None
    assert table.cells[0] == (13, 0, 12, 5)
    assert table.rows[:3] == (30, 30, 0)
    few = {one: ("Tea" if number else "Water") for number, one in enumerate(ids)}
    told = results(DEFINITION, {"drink": few, "nps": nps})
    assert cross(told["drink"], told["nps"], {"drink": few, "nps": nps}) is None
