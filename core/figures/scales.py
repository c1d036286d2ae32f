"""Answers on a scale: ratings, recommendation, purchase intent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

from core.figures.figure import LEVEL, Figure, Formula, Interval
from core.figures.shares import quantile, share

MEAN = Formula("mean", 1, "answers")
MEDIAN = Formula("median", 1, "answers")
NPS = Formula("net promoter score", 1, "answers")
TOP_TWO = Formula("purchase intent, top-2-box", 1, "answers")
CALIBRATED = Formula("purchase intent, calibrated", 1, "answers")
CALIBRATION = (0.81, 0.27, 0.09, 0.03, 0.01)
"""How many of those who say so do buy, from “definitely” to “definitely not”."""
PROMOTERS, DETRACTORS = range(9, 11), range(7)
MAX_SCORE = 10


def mean(counts: Mapping[float, float], *, n: float | None = None, level: float = LEVEL) -> Figure | None:
    """The mean of values with how often each came, with Student's interval; None of nothing.

    :param n: the effective n, where the counts are weighted.
    """
    total = sum(counts.values())
    if not total:
        return None
    n = total if n is None else n
    middle = sum(value * count for value, count in counts.items()) / total
    if n <= 1:
        return Figure(MEAN, middle, n)
    from scipy.special import stdtrit  # heavy, and no start needs it

    spread = sum(count * (value - middle) ** 2 for value, count in counts.items()) / total
    half = float(stdtrit(n - 1, (1 + level) / 2)) * sqrt(spread / (n - 1))
    return Figure(MEAN, middle, n, Interval(middle - half, middle + half))


def quartiles(
    values: Sequence[float], weights: Sequence[float] | None = None, *, n: float | None = None
) -> tuple[float, Figure, float] | None:
    """The lower quartile, the median and the upper quartile, between the two nearest where they fall between.

    :param weights: of each value; a quartile is then the value at which a quarter of all weight is reached.
    :param n: the effective n, where there are weights.
    """
    if not values:
        return None
    from numpy import percentile  # heavy, and no start needs it

    how: Any = {} if weights is None else {"weights": weights, "method": "inverted_cdf"}
    low, middle, high = (float(one) for one in percentile(values, [25, 50, 75], **how))
    return low, Figure(MEDIAN, middle, len(values) if n is None else n), high


def nps(promoters: float, detractors: float, n: float, *, level: float = LEVEL) -> Figure | None:
    """The share of 9 and 10 less the share of 0 to 6, in points from −100 to 100; None of nobody."""
    if min(promoters, detractors, n) < 0 or promoters + detractors > n * (1 + 1e-9):
        raise ValueError(f"{promoters} and {detractors} are no parts of {n}")
    if not n:
        return None
    up, down = promoters / n, detractors / n
    half = quantile(level) * sqrt(max(0.0, up + down - (up - down) ** 2) / n)
    score = up - down
    return Figure(NPS, 100 * score, n, Interval(100 * max(-1.0, score - half), 100 * min(1.0, score + half)))


def top_two(counts: Sequence[float]) -> Figure | None:
    """How many would definitely or probably buy, of five counts from “definitely” to “definitely not”."""
    _five(counts)
    return share(counts[0] + counts[1], sum(counts), TOP_TWO)


def calibrated(counts: Sequence[float]) -> Figure | None:
    """How many will buy, by what such answers came to elsewhere: a sober second look, no estimate."""
    _five(counts)
    n = sum(counts)
    if not n:
        return None
    return Figure(CALIBRATED, sum(one * weight for one, weight in zip(counts, CALIBRATION, strict=True)) / n, n)


def _five(counts: Sequence[float]) -> None:
    if len(counts) != len(CALIBRATION):
        raise ValueError(f"purchase intent has {len(CALIBRATION)} answers, not {len(counts)}")
