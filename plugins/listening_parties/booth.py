"""The booth: five seats in rotation, a line behind them, and whose track is next. Pure: it knows no store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from uuid import UUID

SEATS = 5
"""DJs who take turns. With more, each would play about once in half an hour."""
SEAT, LINE, OUT = "seat", "line", "out"


@dataclass(slots=True)
class Seat:
    """A DJ where they stand: in a seat, in the line, or out. ``place`` is their order there, ``played`` this turn."""

    account_id: UUID
    standing: str
    place: int
    played: int


class Waiting(NamedTuple):
    """A track that waits. Without an account it is of the house's own list; below rank 0 a host put it first."""

    id: UUID
    account_id: UUID | None
    seconds: int
    rank: int


class Booth:
    """A party's seats and tracks. ``turn``: tracks that a DJ plays before the first of the line moves up.

    :ivar changed: accounts whose row is to be written.
    """

    def __init__(self, turn: int, seats: dict[UUID, Seat], tracks: Iterable[Waiting]) -> None:
        self.turn = turn
        self.seats = seats
        self.changed: set[UUID] = set()
        self._tracks: dict[UUID | None, list[Waiting]] = {}
        for one in sorted(tracks, key=_order):
            self._tracks.setdefault(one.account_id, []).append(one)

    @property
    def tracks(self) -> list[Waiting]:
        """All that wait, in no order."""
        return [one for several in self._tracks.values() for one in several]

    # -- who sits where --------------------------------------------------------------------------------------------
    def join(self, account_id: UUID) -> Seat:
        """Take a seat, or the end of the line. Whoever is in already stays where they are."""
        seat = self.seats.get(account_id)
        if seat is None:
            seat = self.seats[account_id] = Seat(account_id, OUT, 0, 0)
        if seat.standing == OUT:
            self._put(seat, LINE)
            self._move_up()
        return seat

    def leave(self, account_id: UUID) -> bool:
        """Leave seat or line; the first of the line moves up. False for somebody who was out already."""
        seat = self.seats.get(account_id)
        if seat is None or seat.standing == OUT:
            return False
        self._put(seat, OUT)
        self._move_up()
        return True

    def standing(self, which: str) -> list[Seat]:
        """Those in the seats, or in the line, in their order."""
        return sorted((one for one in self.seats.values() if one.standing == which), key=lambda one: one.place)

    # -- whose turn it is ------------------------------------------------------------------------------------------
    def next(self) -> Waiting | None:
        """Take the track that is next.

        What a host put first; else one of the seat that waited longest, a DJ without a track being passed over and
        staying in front. When no seat has any, the first of the line who has one takes the place of a seat without;
        when nobody has any, it is the house's own list.
        """
        self._move_up()  # who was erased left a seat free
        heads = [several[0] for several in self._tracks.values()]
        put_first = min((one for one in heads if one.rank < 0), key=_order, default=None)
        if put_first is not None:
            return self._take(put_first.account_id)
        for seat in self.standing(SEAT):
            if seat.account_id in self._tracks:
                return self._take(seat.account_id)
        for seat in self.standing(LINE):
            if seat.account_id in self._tracks:
                self._put(self.standing(SEAT)[0], LINE)
                self._put(seat, SEAT)
                return self._take(seat.account_id)
        return self._take(None) if None in self._tracks else None

    def played(self, account_id: UUID | None) -> None:
        """A DJ's track is over: they go behind the others, and after their turn behind the line, if there is one."""
        seat = self.seats.get(account_id) if account_id else None
        if seat is None or seat.standing == OUT:
            return
        played = seat.played + 1
        if played >= self.turn and self.standing(LINE):
            self._put(seat, LINE)
            self._move_up()
        else:
            self._put(seat, seat.standing)
            seat.played = played % self.turn

    def upcoming(self, most: int, playing: UUID | None = None) -> list[Waiting]:
        """The next tracks in order, as things stand, when ``playing`` is the DJ of the one that plays."""
        seats = {account_id: replace(seat) for account_id, seat in self.seats.items()}
        ahead = Booth(self.turn, seats, self.tracks)
        found: list[Waiting] = []
        while len(found) < most:
            ahead.played(playing)
            track = ahead.next()
            if track is None:
                break
            found.append(track)
            playing = track.account_id
        return found

    # -- parts -------------------------------------------------------------------------------------------------------
    def _take(self, account_id: UUID | None) -> Waiting:
        """The first of a DJ's tracks, or of the house's."""
        first, *left = self._tracks.pop(account_id)
        if left:
            self._tracks[account_id] = left
        return first

    def _put(self, seat: Seat, standing: str) -> None:
        """Behind all others, with a new turn where they did not stand there before."""
        if seat.standing != standing:
            seat.played = 0
        seat.standing = standing
        seat.place = max((one.place for one in self.seats.values()), default=0) + 1
        self.changed.add(seat.account_id)

    def _move_up(self) -> None:
        while len(self.standing(SEAT)) < SEATS and (line := self.standing(LINE)):
            self._put(line[0], SEAT)


def seats_of(rows: Iterable[Any]) -> dict[UUID, Seat]:
    """Seats by account, out of the store's rows."""
    return {row[0]: Seat(*row) for row in rows}


def _order(track: Waiting) -> tuple[int, UUID]:
    return track.rank, track.id
