"""Shares and how two of them compare: Wilson, Newcombe, the log ratio, the pooled z test, McNemar and Holm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist

from core.figures.figure import LEVEL, Figure, Formula, Interval, Part

SHARE = Formula("share", 1, "answers")
DIFFERENCE = Formula("difference", 1, "answers of both")
RATIO = Formula("ratio", 1, "answers of both")
RELATIVE = Formula("relative lift", 1, "answers of both")
HEADROOM = Formula("headroom", 1, "answers of both")
LEAD = Formula("lead", 1, "answers")
CHANGE = Formula("change of the same members", 1, "members asked twice")
NEEDED = Formula("members needed per arm", 1, "members per arm")
SMALLEST = Formula("smallest lift that shows", 1, "members per arm")
RESPONSE = Formula("response rate", 1, "members who could answer")
TALKABILITY = Formula("talkability", 1, "engagements")
POWER, ALPHA = 0.8, 0.05


@dataclass(frozen=True, slots=True)
class Tested:
    """Whether two shares differ: ``p`` is how often chance alone does at least that, from both sides."""

    name: str
    p: float
    n: float
    z: float | None = None


@dataclass(frozen=True, slots=True)
class Lift:
    """How much higher a share is with something than without."""

    difference: Figure
    test: Tested
    relative: Figure | None
    """None where nobody did without it."""
    headroom: Figure | None
    """Which part of what could be gained was; None where all did without it."""


def share(count: float, n: float, formula: Formula = SHARE, *, level: float = LEVEL) -> Figure | None:
    """A share with its Wilson interval; None of nobody.

    ``count`` and ``n`` need not be whole, so that weighted shares have an interval by their effective n.
    Source: E. B. Wilson, JASA 22 (1927). Reckoned here and not by ``scipy.stats``, which takes whole counts alone and
    more than a second to load.
    """
    part = Part(count, n)
    part.check()
    return Figure(formula, part.share, n, _wilson(part, level)) if n else None


def response_rate(answered: int, could: int) -> Figure | None:
    """Members who answered of those who could when it was posted."""
    return share(answered, could, RESPONSE)


def talkability(conversations: int, engagements: int) -> Figure | None:
    """Conversations of engagements, of many members: acts of one hang together."""
    return share(conversations, engagements, TALKABILITY)


def difference(one: Part, other: Part, *, level: float = LEVEL) -> Figure | None:
    """``one`` less ``other``, two shares of different people, with Newcombe's interval from the two Wilson intervals.

    Source: R. G. Newcombe, Statistics in Medicine 17 (1998), method 10.
    """
    if not _both(one, other):
        return None
    d, (low1, high1), (low2, high2) = one.share - other.share, _wilson(one, level), _wilson(other, level)
    low = d - sqrt((one.share - low1) ** 2 + (high2 - other.share) ** 2)
    high = d + sqrt((high1 - one.share) ** 2 + (other.share - low2) ** 2)
    return Figure(DIFFERENCE, d, one.n + other.n, Interval(low, high))


def ratio(one: Part, other: Part, *, level: float = LEVEL) -> Figure | None:
    """How many times ``other`` the share ``one`` is, with Katz's log interval; None where either is nought."""
    if not _both(one, other) or not (one.hits and other.hits):
        return None
    from scipy.stats.contingency import relative_risk  # heavy, and no start needs it

    found = relative_risk(int(one.hits), int(one.n), int(other.hits), int(other.n))
    low, high = found.confidence_interval(level)
    return Figure(RATIO, float(found.relative_risk), one.n + other.n, Interval(float(low), float(high)))


def lift(one: Part, other: Part) -> Lift | None:
    """``one``, those who had it, against ``other``, the control group: all that were drawn for it, whatever they did.

    The z test is pooled.
    """
    d = difference(one, other)
    if d is None:
        return None
    n, base = one.n + other.n, other.share
    return Lift(
        d,
        _pooled_z(one, other),
        Figure(RELATIVE, d.value / base, n) if base else None,
        Figure(HEADROOM, d.value / (1 - base), n) if base < 1 else None,
    )


def lead(only_first: float, only_second: float, n: float, *, level: float = LEVEL) -> Figure | None:
    """How far one answer is ahead of another among the same ``n`` people: zero in the interval is too close to call.

    :param only_first: who chose the first and not the second; where one choice is all there is, who chose the first.

    Who chose both or neither says nothing about which is ahead, so the interval is Wilson's of the others, as in
    McNemar's test, drawn to the scale of all.
    """
    told = only_first + only_second
    Part(told, n).check()
    if not told:
        return None
    low, high = ((2 * bound - 1) * told / n for bound in _wilson(Part(only_first, told), level))
    return Figure(LEAD, (only_first - only_second) / n, n, Interval(low, high))


def before_after(gained: int, lost: int, n: int) -> tuple[Figure, Tested] | None:
    """What changed in the same ``n`` members, with McNemar's exact test: who did only after, who only before."""
    if not n:
        return None
    Part(gained + lost, n).check()
    change = lead(gained, lost, n)
    interval = change.interval if change else None
    figure = Figure(CHANGE, (gained - lost) / n, n, interval)
    if not gained + lost:
        return figure, Tested("McNemar", 1.0, n)
    from scipy.stats import binomtest  # heavy, and no start needs it

    return figure, Tested("McNemar", float(binomtest(gained, gained + lost).pvalue), n)


def holm(several: Sequence[float]) -> list[float]:
    """The p of several tests made at once, corrected: chance finds any of them no oftener than one alone."""
    order = sorted(range(len(several)), key=several.__getitem__)
    corrected, most = [0.0] * len(several), 0.0
    for rank, index in enumerate(order):
        most = max(most, min(1.0, several[index] * (len(several) - rank)))
        corrected[index] = most
    return corrected


def needed(base: float, hoped: float, *, power: float = POWER, alpha: float = ALPHA) -> Figure:
    """How many members each arm needs to show a change of a share from ``base`` to ``hoped``.

    Raises ValueError for shares that are the same, or are none. Source: J. L. Fleiss, Statistical Methods for Rates
    and Proportions, without the correction for continuity.
    """
    if base == hoped or not (0 <= base <= 1 and 0 <= hoped <= 1):
        raise ValueError(f"no number of members shows a change from {base} to {hoped}")
    n = ceil(_needed(base, hoped, power, alpha) - 1e-9)
    return Figure(NEEDED, n, n)


def smallest_lift(base: float, n: int, *, power: float = POWER, alpha: float = ALPHA) -> Figure | None:
    """The smallest rise of a share from ``base`` that ``n`` members an arm can show; None where none does."""
    most = 1 - base
    if n < 1 or not 0 <= base < 1 or _needed(base, 1.0, power, alpha) > n:
        return None
    from scipy.optimize import brentq  # heavy, and no start needs it

    found = brentq(lambda d: _needed(base, base + d, power, alpha) - n, most * 1e-6, most)
    return Figure(SMALLEST, float(found), n)


def _both(one: Part, other: Part) -> bool:
    one.check()
    other.check()
    return bool(one.n and other.n)


def quantile(level: float) -> float:
    """How many standard errors an interval of that level reaches to each side."""
    return NormalDist().inv_cdf((1 + level) / 2)


def _wilson(part: Part, level: float) -> Interval:
    z, p, n = quantile(level), part.share, part.n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # At the ends it is the end, whatever rounding says.
    return Interval(0.0 if not part.hits else max(0.0, centre - half), 1.0 if p == 1 else min(1.0, centre + half))


def _pooled_z(one: Part, other: Part) -> Tested:
    n = one.n + other.n
    pooled = (one.hits + other.hits) / n
    if pooled in (0.0, 1.0):
        return Tested("pooled z", 1.0, n, 0.0)
    z = (one.share - other.share) / sqrt(pooled * (1 - pooled) * (1 / one.n + 1 / other.n))
    return Tested("pooled z", 2 * NormalDist().cdf(-abs(z)), n, z)


def _needed(base: float, hoped: float, power: float, alpha: float) -> float:
    mean = (base + hoped) / 2
    same = quantile(1 - alpha) * sqrt(2 * mean * (1 - mean))
    apart = quantile(2 * power - 1) * sqrt(base * (1 - base) + hoped * (1 - hoped))
    return ((same + apart) / (hoped - base)) ** 2
