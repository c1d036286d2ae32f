"""A hall, where members talk with each other, beside a balcony, a page that broadcasts. Descriptive, never causal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from core.figures.figure import Figure, Formula, Part
from core.figures.shares import difference, ratio, share, talkability

REACH = Formula("reach", 1, "members")
PER_MEMBER_MONTH = Formula("acts per member-month", 1, "member-months")
PER_POINT = Formula("acts per budget point", 1, "budget points")
COST = Formula("cost per member-month", 1, "member-months")


class Side(NamedTuple):
    """One of the two, over the same time. ``budget`` is money or points, in the same unit on both sides."""

    members: float
    engagements: float
    conversations: float
    budget: float = 0
    months: float = 1


class Pair(NamedTuple):
    """A figure of the hall and of the balcony; ``times`` is how often the balcony's goes into the hall's."""

    hall: Figure
    balcony: Figure
    more_is_better: bool = True

    @property
    def times(self) -> float | None:
        """None where the balcony's is nought."""
        return self.hall.value / self.balcony.value if self.balcony.value else None

    @property
    def favours_balcony(self) -> bool:
        """Whether the balcony does better by this figure."""
        hall, balcony = self.hall.value, self.balcony.value
        return balcony > hall if self.more_is_better else balcony < hall


@dataclass(frozen=True, slots=True)
class Comparison:
    """The two beside each other. A pair is None where one side has nothing to reckon it from."""

    talkability: Pair | None
    difference: Figure | None
    ratio: Figure | None
    engagements: Pair | None
    """Per member-month."""
    conversations: Pair | None
    """Per member-month."""
    engagements_per_point: Pair | None
    conversations_per_point: Pair | None
    cost: Pair | None
    """Per member-month."""

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """What could be reckoned."""
        all_of_them = (
            self.talkability,
            self.conversations,
            self.engagements,
            self.conversations_per_point,
            self.engagements_per_point,
            self.cost,
        )
        return tuple(one for one in all_of_them if one is not None)


def reach(saw: int, members: int) -> Figure | None:
    """Members who saw a post of all."""
    return share(saw, members, REACH)


def per_member_month(acts: float, members: float, months: float = 1) -> Figure | None:
    """Acts of a member in a month; may pass one."""
    return _per(acts, members * months, PER_MEMBER_MONTH)


def per_point(acts: float, budget: float) -> Figure | None:
    """Acts for a point of the budget, or for one of its money."""
    return _per(acts, budget, PER_POINT)


def cost(money: float, members: float, months: float = 1) -> Figure | None:
    """What a member costs in a month."""
    return _per(money, members * months, COST)


def compare(hall: Side, balcony: Side) -> Comparison:
    """Everything that can be said of the two, whichever it favours."""
    talking = [Part(side.conversations, side.engagements) for side in (hall, balcony)]
    return Comparison(
        talkability=_pair(*(talkability(int(one.hits), int(one.n)) for one in talking)),
        difference=difference(*talking),
        ratio=ratio(*talking),
        engagements=_pair(*(per_member_month(one.engagements, one.members, one.months) for one in (hall, balcony))),
        conversations=_pair(
            *(per_member_month(one.conversations, one.members, one.months) for one in (hall, balcony))
        ),
        engagements_per_point=_pair(*(per_point(one.engagements, one.budget) for one in (hall, balcony))),
        conversations_per_point=_pair(*(per_point(one.conversations, one.budget) for one in (hall, balcony))),
        cost=_pair(*(cost(one.budget, one.members, one.months) for one in (hall, balcony)), more_is_better=False),
    )


def _per(above: float, below: float, formula: Formula) -> Figure | None:
    return Figure(formula, above / below, below) if below else None


def _pair(hall: Figure | None, balcony: Figure | None, *, more_is_better: bool = True) -> Pair | None:
    return Pair(hall, balcony, more_is_better) if hall is not None and balcony is not None else None
