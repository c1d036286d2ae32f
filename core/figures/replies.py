"""How soon somebody replied."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import isfinite

from core.figures.figure import LEVEL, Figure, Formula, Interval

FIRST_REPLY = Formula("median time to first reply", 1, "posts")


def first_reply(waited: Sequence[float], unanswered: Sequence[float], *, level: float = LEVEL) -> Figure | None:
    """The median seconds to the first reply by Kaplan and Meier, replies by bots left out by the caller.

    :param waited: seconds until the first reply, one a post.
    :param unanswered: seconds that each post without a reply has stood so far.

    None while fewer than half have a reply: the median isn't known yet. The interval is where the log-log interval of
    the curve meets one half; it is left out where its upper end isn't known yet.
    """
    if not waited:
        return None
    from scipy.stats import CensoredData, ecdf  # heavy, and no start needs it

    curve = ecdf(CensoredData(uncensored=list(waited), right=list(unanswered))).sf
    middle = _below_half(curve.quantiles, curve.probabilities)
    if middle is None:
        return None
    n = len(waited) + len(unanswered)
    if len(curve.quantiles) < 2:
        return Figure(FIRST_REPLY, middle, n)
    with warnings.catch_warnings():
        # Where all or none still wait the bounds are no numbers: there the curve itself is what is known.
        warnings.filterwarnings("ignore", "The confidence interval is undefined at some observations")
        bounds = curve.confidence_interval(level, method="log-log")
    low = _below_half(bounds.low.quantiles, _known(bounds.low.probabilities, curve.probabilities))
    high = _below_half(bounds.high.quantiles, _known(bounds.high.probabilities, curve.probabilities))
    interval = Interval(low, high) if low is not None and high is not None else None
    return Figure(FIRST_REPLY, middle, n, interval)


def _below_half(times: Sequence[float], left: Sequence[float]) -> float | None:
    return next((float(at) for at, share in zip(times, left, strict=True) if share <= 0.5), None)


def _known(bounds: Sequence[float], curve: Sequence[float]) -> list[float]:
    return [float(one) if isfinite(one) else float(own) for one, own in zip(bounds, curve, strict=True)]
