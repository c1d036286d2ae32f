"""A figure: a number that says what it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple

LEVEL = 0.95
"""How sure an interval is, wherever nothing else is said."""


class Formula(NamedTuple):
    """By which rule a figure was reckoned. The version changes when the same data would give another number."""

    name: str
    version: int
    of: str
    """What ``n`` counts, in English."""


class Interval(NamedTuple):
    """Where the true value lies with :data:`LEVEL`. ``high`` is infinite where nobody can tell it yet."""

    low: float
    high: float

    def contains(self, value: float) -> bool:
        """Whether ``value`` can't be ruled out."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Figure:
    """``n`` is what stands below the line, or how much was observed; effective where it is weighted."""

    formula: Formula
    value: float
    n: float
    interval: Interval | None = None

    def to_data(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "figure": self.formula.name,
            "version": self.formula.version,
            "of": self.formula.of,
            "value": self.value,
            "n": self.n,
            "interval": [one if isfinite(one) else None for one in self.interval] if self.interval else None,
        }


class Part(NamedTuple):
    """So many of so many."""

    hits: float
    n: float

    @property
    def share(self) -> float:
        """Raises ZeroDivisionError for a part of nobody."""
        return self.hits / self.n

    def check(self) -> None:
        """Raises ValueError for what is no part. Weighted ones may add up to a hair more than the whole."""
        if not 0 <= self.hits <= self.n * (1 + 1e-9):
            raise ValueError(f"{self.hits} of {self.n} is no part")
