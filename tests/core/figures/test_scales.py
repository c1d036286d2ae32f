"""Ratings, recommendation, purchase intent, and how soon somebody replied."""

from math import inf

import pytest
from scipy.stats import ttest_1samp

from core.figures.replies import first_reply
from core.figures.scales import calibrated, mean, nps, quartiles, top_two


def test_purchase_intent() -> None:
    counts = (60, 75, 90, 45, 30)
    top, sober = top_two(counts), calibrated(counts)
    assert top is not None
    assert top.interval is not None
    assert sober is not None
    assert (top.value, top.n) == (0.45, 300)
    assert top.interval == pytest.approx((0.395, 0.507), abs=0.0005)
    assert sober.value == pytest.approx(0.262, abs=0.0005)
    assert top_two((0, 0, 0, 0, 0)) is None
    with pytest.raises(ValueError, match="5 answers"):
        calibrated((1, 2))


def test_the_net_promoter_score() -> None:
    found = nps(162, 54, 324)
    assert found is not None
    assert found.interval is not None
    assert found.value == pytest.approx(33.3, abs=0.05)
    assert found.interval.high - found.value == pytest.approx(8.1, abs=0.05)
    assert nps(0, 0, 0) is None
    with pytest.raises(ValueError, match="no parts"):
        nps(3, 3, 5)


def test_the_mean_of_ratings_knows_how_sure_it_is() -> None:
    found = mean({1: 2, 3: 3, 5: 5})
    assert found is not None
    assert found.interval is not None
    assert (found.value, found.n) == (3.6, 10)
    assert found.interval == pytest.approx(tuple(ttest_1samp([1] * 2 + [3] * 3 + [5] * 5, 0).confidence_interval()))
    alone = mean({4: 1})
    assert alone is not None
    assert alone.interval is None
    assert mean({}) is None


def test_quartiles() -> None:
    found = quartiles([1, 2, 3, 4])
    assert found is not None
    low, middle, high = found
    assert (low, middle.value, middle.n, high) == (1.75, 2.5, 4, 3.25)
    assert quartiles([]) is None
    weighted = quartiles([1, 2, 3, 4], [5, 1, 1, 3], n=3.1)
    assert weighted is not None
    low, middle, high = weighted
    assert (low, middle.value, middle.n, high) == (1, 1, 3.1, 4)


def test_posts_without_a_reply_count_as_waiting_still() -> None:
    found = first_reply([60, 120, 180, 240], [200, 300, 400])
    assert found is not None
    assert (found.value, found.n) == (240, 7)  # of those that were answered alone it would be 150
    assert first_reply([60], [100, 100, 100]) is None  # more than half still wait: nobody knows
    assert first_reply([], [100]) is None
    many = first_reply([float(one) for one in range(1, 101)], [])
    assert many is not None
    assert many.interval is not None
    assert many.value == 50
    assert many.interval.low < 50 < many.interval.high
    assert many.interval == pytest.approx((40, 60), abs=2)
    two = first_reply([3, 5], [])
    assert two is not None
    assert two.interval == (3, inf)  # of two nobody can tell the upper end
    alone = first_reply([30], [])
    assert alone is not None
    assert alone.value == 30
