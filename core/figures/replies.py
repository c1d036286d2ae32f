"""How soon somebody replied."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import inf, isnan

from core.figures.figure import LEVEL, Figure, Formula, Interval

FIRST_REPLY = Formula("median time to first reply", 1, "posts")


def first_reply(waited: Sequence[float], unanswered: Sequence[float], *, level: float = LEVEL) -> Figure | None:
    """The median seconds to the first reply by Kaplan and Meier, replies by bots left out by the caller.

    :param waited: seconds until the first reply, one a post.
    :param unanswered: seconds that each post without a reply has stood so far.

    None while fewer than half have a reply: the median isn't known yet. The interval is where the log-log interval of
    the curve meets one half (Brookmeyer and Crowley); its upper end is infinite while nobody can tell it.
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
        # Where all or none still wait the bounds are no numbers.
        warnings.filterwarnings("ignore", "The confidence interval is undefined at some observations")
        bounds = curve.confidence_interval(level, method="log-log")
    lower = [
        own if isnan(one) else one for one, own in zip(bounds.low.probabilities, curve.probabilities, strict=True)
    ]
    upper = [1.0 if isnan(one) else one for one in bounds.high.probabilities]
    low, high = (_below_half(curve.quantiles, bound) for bound in (lower, upper))
    interval = Interval(middle if low is None else low, inf if high is None else high)
    return Figure(FIRST_REPLY, middle, n, interval)


def _below_half(times: Sequence[float], left: Sequence[float]) -> float | None:
    return next((float(at) for at, share in zip(times, left, strict=True) if share <= 0.5), None)
