"""Answers made to stand for everybody: raking to known margins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.figures.figure import Figure, Formula

EFFECTIVE = Formula("effective n", 1, "answers")
MOST_SWEEPS = 1000
CLOSE_ENOUGH = 1e-9
"""Of a margin's share."""


class Unweighable(ValueError):
    """No weights can bring these answers to these margins. ``group`` is a margin's name and ``category`` one of its
    categories, empty where it is not one of them."""

    def __init__(self, why: str, group: str, category: str = "") -> None:
        super().__init__(why)
        self.group = group
        self.category = category


@dataclass(frozen=True, slots=True)
class Weights:
    """A weight for each answer, whose mean is one, and how many answers they are worth."""

    each: tuple[float, ...]
    effective: Figure


def rake(answers: Sequence[Mapping[str, str]], margins: Mapping[str, Mapping[str, float]]) -> Weights:
    """Weights by which the answers have the known ``margins``, as near to equal as can be.

    :param answers: of each, its category in every margin.
    :param margins: the share of each category, by the margin's name; shares of a margin may add up to anything.

    Raises :class:`Unweighable` where a category is unknown, nobody of a category answered, or margins contradict each
    other. Source: W. E. Deming and F. F. Stephan, Annals of Mathematical Statistics 11 (1940).
    """
    from numpy import abs as absolute  # heavy, and no start needs it
    from numpy import array, bincount, ones

    size, several = len(answers), []
    for name, wanted in margins.items():
        whole = sum(wanted.values())
        names = [category for category, share in wanted.items() if share > 0]
        places = {category: place for place, category in enumerate(names)}
        came = {answer[name] for answer in answers}
        for category in sorted(came - set(places)):
            raise Unweighable(f"{category!r} is not in the margin {name!r}", name, category)
        for category in names:
            if category not in came:
                raise Unweighable(f"nobody of {category!r} answered", name, category)
        shares = array([wanted[category] / whole for category in names])
        several.append((name, array([places[answer[name]] for answer in answers]), shares * size))
    weights = ones(size)
    for _sweep in range(MOST_SWEEPS):
        off, worst = 0.0, ""
        for name, codes, target in several:
            sums = bincount(codes, weights=weights, minlength=len(target))
            error = float(absolute(sums - target).max()) / size
            off, worst = max((off, worst), (error, name))
            weights = weights * (target / sums)[codes]
        if off < CLOSE_ENOUGH:
            each = tuple(float(one) for one in weights)
            return Weights(each, Figure(EFFECTIVE, effective_n(each), size))
    raise Unweighable("the margins contradict each other", worst)


def effective_n(weights: Sequence[float]) -> float:
    """How many equal answers these are worth (Kish): 0 where there are none."""
    squares = sum(one * one for one in weights)
    return sum(weights) ** 2 / squares if squares else 0.0
