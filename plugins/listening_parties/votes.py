"""Votes on the track that plays: one a person, whichever of their accounts presses, in whichever space."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Integer, and_, delete, func, select, tuple_, update
from sqlmodel import col

from core.deciding import Request
from plugins.listening_parties import clock
from plugins.listening_parties.party import COUNTING, PLAYING, RUNNING, Key, lock_all, note_guests, persons, touch
from plugins.listening_parties.tables import Guest, Party, Track, Vote
from storage.bulk import upsert_all
from storage.prepared import PreparedForAll
from storage.tables import Account
from storage.tx import Tx
from storage.types import Id

LEAST_DOWNS = 3
"""Fewer than so many never skip a track: in a small round one voice would be half."""
ACTIVE = timedelta(minutes=10)
"""Who did something at the party in this time is active. About three tracks."""


class Said(NamedTuple):
    """What a press says."""

    track_id: UUID
    up: bool


class Told(Enum):
    """What became of a vote."""

    COUNTED = auto()
    CHANGED = auto()
    SAME = auto()
    SKIPPED = auto()
    """Counted, and with it the track was skipped."""
    EARLY = auto()
    OVER = auto()
    UNKNOWN = auto()


def decide(tx: Tx, requests: Sequence[Request]) -> list[Told]:
    """The decider of votes: all that wait, in the order they came. ``said`` is a :class:`Said`."""
    keys = {(one.community_id, one.said.track_id) for one in requests}
    where = {row[:2]: row[2] for row in tx.run_all(_PARTY_OF, list(keys))}
    parties = {(one.community_id, one.id): one for one in lock_all(tx, [(key[0], where[key]) for key in where])}
    at = {key: parties[key[0], where[key]] for key in where}
    ballots = _Ballots(tx, requests)
    told = [_take(ballots, at.get((one.community_id, one.said.track_id)), one) for one in requests]
    ballots.write(tx)
    here = [(one, at[key]) for one in requests if (key := (one.community_id, one.said.track_id)) in at]
    note_guests(tx, [(party.community_id, party.id, one.account_id) for one, party in here], tx.now)
    kinds = {Told.COUNTED: "vote", Told.CHANGED: "change"}
    tx.participate_all(
        [
            one.act(kinds[word], activity_id=at[one.community_id, one.said.track_id].live_id)
            for one, word in zip(requests, told, strict=True)
            if word in kinds
        ]
    )
    skipped = _count(tx, ballots, at)
    return [
        Told.SKIPPED if word in kinds and (one.community_id, one.said.track_id) in skipped else word
        for one, word in zip(requests, told, strict=True)
    ]


class _Ballots:
    """How persons voted on these tracks: read for all at once, changed in memory, written for all at once."""

    def __init__(self, tx: Tx, requests: Sequence[Request]) -> None:
        self._by_person: dict[tuple[UUID, UUID, UUID], dict[UUID, bool]] = {}
        keys = {(one.community_id, one.said.track_id, one.person_id) for one in requests}
        for *key, account_id, up in tx.run_all(_VOTED, list(keys)):
            self._by_person.setdefault((key[0], key[1], key[2]), {})[account_id] = bool(up)
        self._now: dict[tuple[UUID, UUID, UUID], bool] = {}
        self._gone: set[tuple[UUID, UUID, UUID]] = set()
        self.more: dict[Key, list[int]] = {}
        """How many ups and downs a track has more than before."""

    def cast(self, request: Request) -> Told:
        """A person's vote, over whichever account they gave it before."""
        community_id, (track_id, up) = request.community_id, request.said
        mine = self._by_person.setdefault((community_id, track_id, request.person_id), {})
        if list(mine.values()) == [up]:
            return Told.SAME
        counts = self.more.setdefault((community_id, track_id), [0, 0])
        account_id = next(iter(mine), request.account_id)
        for other, was in mine.items():  # several: who voted with two accounts and then linked them
            counts[0 if was else 1] -= 1
            if other != account_id:
                self._gone.add((community_id, track_id, other))
        counts[0 if up else 1] += 1
        before = bool(mine)
        self._by_person[community_id, track_id, request.person_id] = {account_id: up}
        self._now[community_id, track_id, account_id] = up
        return Told.CHANGED if before else Told.COUNTED

    def write(self, tx: Tx) -> None:
        """Write what was changed."""
        names = ("community_id", "track_id", "account_id")
        rows = [{**dict(zip(names, key, strict=True)), "up": up} for key, up in sorted(self._now.items())]
        upsert_all(tx, Vote, names, rows)
        if self._gone:
            keys = tuple_(col(Vote.community_id), col(Vote.track_id), col(Vote.account_id))
            tx.execute(delete(Vote).where(keys.in_(self._gone)))


def _take(ballots: _Ballots, party: Party | None, request: Request) -> Told:
    if party is None:
        return Told.UNKNOWN
    if party.state != RUNNING or party.track_id != request.said.track_id:
        return Told.OVER
    if party.phase == COUNTING:
        return Told.EARLY
    return ballots.cast(request) if party.phase == PLAYING else Told.OVER


def _count(tx: Tx, ballots: _Ballots, at: dict[Key, Party]) -> set[Key]:
    """Add the votes up, and skip what most of those who are active don't want to hear. The tracks skipped."""
    changes = [(*key, *counts) for key, counts in ballots.more.items()]
    skipped: set[Key] = set()
    for community_id, track_id, downs in tx.run_all(_ADD, changes):
        party = at[community_id, track_id]
        if downs >= LEAST_DOWNS and 2 * downs > active(tx, party, tx.now):
            clock.skip(tx, party, tx.now)
            clock.move(tx, party, tx.now)
            skipped.add((community_id, track_id))
        else:
            touch(tx, party)
    return skipped


def active(tx: Tx, party: Party, now: datetime) -> int:
    """How many persons did something at the party lately."""
    lately = persons(Guest, party.community_id, party.id).where(col(Guest.seen_at) > now - ACTIVE)
    found: int = tx.scalar(select(func.count()).select_from(lately.subquery()))
    return found


_PARTY_OF = PreparedForAll(
    {"community_id": Id(), "track_id": Id()},
    lambda wanted: select(wanted.c.community_id, wanted.c.track_id, col(Track.party_id)).join(
        Track, and_(col(Track.community_id) == wanted.c.community_id, col(Track.id) == wanted.c.track_id)
    ),
)
_VOTED = PreparedForAll(
    {"community_id": Id(), "track_id": Id(), "person_id": Id()},
    lambda wanted: (
        select(wanted.c.community_id, wanted.c.track_id, wanted.c.person_id, col(Vote.account_id), col(Vote.up))
        .join(Account, col(Account.person_id) == wanted.c.person_id)
        .join(
            Vote,
            and_(
                col(Vote.community_id) == wanted.c.community_id,
                col(Vote.track_id) == wanted.c.track_id,
                col(Vote.account_id) == col(Account.id),
            ),
        )
    ),
)
_ADD = PreparedForAll(
    {"community_id": Id(), "track_id": Id(), "ups": Integer(), "downs": Integer()},
    lambda wanted: (
        update(Track)
        .where(col(Track.community_id) == wanted.c.community_id, col(Track.id) == wanted.c.track_id)
        .values(ups=col(Track.ups) + wanted.c.ups, downs=col(Track.downs) + wanted.c.downs)
        .returning(col(Track.community_id), col(Track.id), col(Track.downs))
    ),
)
