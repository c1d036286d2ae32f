"""How fast messages may go out: sliding windows, kept in the store so that all processes together keep to them."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlmodel import col

from core.capabilities import Limit
from storage.bulk import upsert_all
from storage.tables import Pace
from storage.tx import Tx

WHOLE_LANE = ""
"""The place that stands for all of a lane."""


class Windows:
    """When something last happened, and when it may happen again under a few limits.

    ``recent``: the moments of what happened or is reserved, rising, in seconds since 1970.
    """

    def __init__(self, limits: Sequence[Limit], recent: Iterable[float] = ()) -> None:
        self._limits = limits
        self._recent = list(recent)
        self.changed = False

    def next(self, now: float) -> float:
        """The first moment from ``now`` on at which one more is allowed.

        The count-th last moment and the limit's seconds: then no window of that length holds more than the count,
        whatever is reserved already.
        """
        recent = self._recent
        return max([now, *(recent[-one.count] + one.seconds for one in self._limits if len(recent) >= one.count)])

    def take(self, moment: float) -> None:
        """Reserve a moment that :meth:`next` allowed."""
        bisect.insort(self._recent, moment)
        self.changed = True

    def kept(self) -> list[float]:
        """What has to be remembered: no limit asks for more."""
        return self._recent[-max(one.count for one in self._limits) :]


class Paces:
    """The windows of a lane and of some of its places: read and locked in one unit, written back by :meth:`save`."""

    def __init__(
        self, tx: Tx, lane: str, whole: Sequence[float], lane_limits: Sequence[Limit], place_limits: Sequence[Limit]
    ) -> None:
        """Use :meth:`of_lane`."""
        self._tx = tx
        self._lane = lane
        self._place_limits = place_limits
        self._places: dict[str, Windows] = {}
        self.whole = Windows(lane_limits, whole)

    @classmethod
    def of_lane(cls, tx: Tx, lane: str, lane_limits: Sequence[Limit], place_limits: Sequence[Limit]) -> Paces | None:
        """A lane's, for the caller alone until its unit is committed; None while another process has them.

        Nobody waits for them: a transaction holds several units, those of other lanes too, and two processes that
        wait for each other's lanes would find out of their deadlock only after a second.
        """
        row = select(col(Pace.recent)).where(col(Pace.lane) == lane, col(Pace.place) == WHOLE_LANE)
        whole = tx.scalar(row.with_for_update(skip_locked=True))
        if (
            whole is None
            and tx.scalar(row) is None
            and tx.add_if_new(Pace(lane=lane, place=WHOLE_LANE, used_at=tx.now))
        ):
            whole = []
        return None if whole is None else cls(tx, lane, whole, lane_limits, place_limits)

    def load(self, places: Iterable[str]) -> None:
        """Read the windows of places."""
        wanted = sorted({place for place in places if place not in self._places})
        found = self._read(wanted) if wanted else {}
        for place in wanted:
            self._places[place] = Windows(self._place_limits, found.get(place, ()))

    def of(self, place: str) -> Windows:
        """The windows of a place that was loaded."""
        return self._places[place]

    def save(self, now: datetime) -> None:
        """Write back what was taken."""
        windows = {WHOLE_LANE: self.whole, **self._places}
        upsert_all(
            self._tx,
            Pace,
            ("lane", "place"),
            [{"place": place, "recent": one.kept()} for place, one in sorted(windows.items()) if one.changed],
            lane=self._lane,
            used_at=now,
        )

    def _read(self, places: Sequence[str]) -> dict[str, list[float]]:
        query = select(col(Pace.place), col(Pace.recent)).where(
            col(Pace.lane) == self._lane, col(Pace.place).in_(places)
        )
        return {row.place: row.recent for row in self._tx.execute(query.with_for_update())}
