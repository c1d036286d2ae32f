"""Who could see the posts of an activity, and which part of them answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, and_, func, literal_column, select
from sqlmodel import col

from core.figures import Figure
from core.figures.shares import response_rate
from core.numbers import percent
from core.texts import Domain, Phrase
from storage.tables import Delivery

_ = Domain("core")

STANDS = and_(
    col(Delivery.channel_id).is_not(None),
    col(Delivery.card_plugin).is_not(None),
    col(Delivery.state).not_in([literal_column(f"'{state}'") for state in ("pending", "failed", "cancelled")]),
)
"""Of deliveries: a post that people see, or may see."""


class Crowd(NamedTuple):
    """The posts of an activity that stand, of how many of them it is known how many could see them, and those people:
    in each space those of the post that most could see, as the same people see several, and all spaces together."""

    posts: int = 0
    known: int = 0
    people: int = 0

    @property
    def members(self) -> int | None:
        """About how many could answer; None where it is not known of every post, and where nobody could."""
        return self.people or None if self.known == self.posts else None

    def rate(self, answered: int) -> Figure | None:
        """The response rate. None where it can't be told, be it that more answered than could when it was posted."""
        could = self.members
        return response_rate(answered, could) if could is not None and answered <= could else None


def crowds_of(community_id: UUID, activity_ids: Sequence[UUID]) -> Select[*tuple[Any, ...]]:
    """What :func:`crowds` reads: a row for each activity and space."""
    return (
        select(
            col(Delivery.activity_id),
            func.count().label("posts"),
            func.count(col(Delivery.headcount)).label("known"),
            func.max(col(Delivery.headcount)).label("people"),
        )
        .where(col(Delivery.community_id) == community_id, col(Delivery.activity_id).in_(activity_ids), STANDS)
        .group_by(col(Delivery.activity_id), col(Delivery.space_id))
    )


def crowds(rows: Iterable[Any]) -> dict[UUID, Crowd]:
    """The crowd of each activity that has posts, by the rows of :func:`crowds_of`."""
    found: dict[UUID, Crowd] = {}
    for activity_id, posts, known, people in rows:
        so_far = found.get(activity_id, Crowd())
        found[activity_id] = Crowd(so_far.posts + posts, so_far.known + known, so_far.people + (people or 0))
    return found


def response(answered: int, crowd: Crowd, language: str) -> Phrase:
    """The response rate in words, or why it is not known."""
    could = crowd.members
    if not crowd.posts:
        return _("not known: no post of it stands")
    if could is None:
        return _(
            "not known: the platforms did not say how many could see it ({n} of {posts} posts)",
            n=crowd.posts - crowd.known,
            posts=crowd.posts,
        )
    figure = crowd.rate(answered)
    if figure is None or figure.interval is None:
        return _(
            "not known: {answered} answered, and about {could} could see it when it was posted",
            answered=answered,
            could=could,
        )
    low, high = figure.interval
    return _(
        "{share} of about {could} who could see it when it was posted (v{version}; 95%: {low} to {high})",
        share=percent(figure.value, language),
        could=could,
        version=figure.formula.version,
        low=percent(low, language),
        high=percent(high, language),
    )
