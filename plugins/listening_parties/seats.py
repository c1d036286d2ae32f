"""What members do at a party: say that they come, take a seat, add tracks, step down. Inside a unit of work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlmodel import col

from core.context import Context
from plugins.listening_parties import clock
from plugins.listening_parties.booth import OUT, SEAT
from plugins.listening_parties.lines import Entry
from plugins.listening_parties.party import (
    ANNOUNCED,
    RUNNING,
    WAITING,
    booth_of,
    bring_back,
    empty_seat,
    lock,
    lock_all,
    note_guests,
    save_booth,
    touch,
)
from plugins.listening_parties.songs import seal, seal_name
from plugins.listening_parties.tables import Coming, Dj, Party, Track
from storage.bulk import insert_all
from storage.tables import Account
from storage.tx import Tx
from storage.vault import Vault

MAX_WAITING = 50
"""Tracks of a member that wait at a time: three hours of music."""
MAX_HOUSE = 500
"""Tracks of the house's own list that wait at a time: a list of a night."""
MAX_LINE = 2000
"""Tracks of all that wait at a time: each card looks at them to say what comes next."""


class NotOn(Exception):
    """There is no such party here, or it takes nothing more."""


class Begun(Exception):
    """It is no longer of interest who comes: the party runs."""


class Joined(NamedTuple):
    """How somebody stands in the booth after joining it."""

    party: Party
    account_id: UUID
    seated: bool
    ahead: int
    """How many stand before them in the line."""
    was_in: bool


class Added(NamedTuple):
    """What was added. ``taken`` of the entries found room, the first ones."""

    joined: Joined
    taken: int


def come(ctx: Context, tx: Tx, party_id: object) -> bool:
    """Say that the member comes, or take that back; whether they come now.

    Raises :class:`NotOn` and :class:`Begun`.
    """
    party = _locked(ctx, tx, party_id)
    if party.state == RUNNING:
        raise Begun
    account_id = ctx.account(tx)
    here = (col(Coming.community_id) == party.community_id, col(Coming.party_id) == party.id)
    mine = select(col(Account.id)).where(col(Account.person_id) == _person(account_id))
    gone = tx.execute(delete(Coming).where(*here, col(Coming.account_id).in_(mine)).returning(col(Coming.party_id)))
    coming = not gone.all()
    if coming:
        tx.add(Coming(community_id=party.community_id, party_id=party.id, account_id=account_id))
    _note(ctx, tx, party, account_id, "rsvp" if coming else "rsvp_back")
    touch(tx, party)
    return coming


def join(ctx: Context, tx: Tx, party_id: object) -> Joined:
    """Take a seat, or the end of the line. Raises :class:`NotOn`."""
    joined = _sit(ctx, tx, _locked(ctx, tx, party_id))
    if not joined.was_in:
        _note(ctx, tx, joined.party, joined.account_id, "join")
        _go_on(ctx, tx, joined.party)
    return joined


def add(ctx: Context, tx: Tx, party_id: object, entries: Sequence[Entry]) -> Added:
    """Add tracks, as many as there is room for; whoever was not in the booth takes a seat. Raises :class:`NotOn`."""
    joined = _sit(ctx, tx, _locked(ctx, tx, party_id))
    party = joined.party
    taken = put(tx, ctx.vault, party, joined.account_id, entries)
    _note(ctx, tx, party, joined.account_id, "add", tracks=taken)
    _go_on(ctx, tx, party)
    return Added(joined, taken)


def put(tx: Tx, vault: Vault, party: Party, account_id: UUID | None, entries: Sequence[Entry]) -> int:
    """Put as many of the tracks into a locked party's line as there is room for, of a DJ or of the house."""
    mine = col(Track.account_id) == account_id if account_id else col(Track.account_id).is_(None)
    own, everybodys = tx.execute(
        select(func.count().filter(mine), func.count()).where(
            col(Track.community_id) == party.community_id,
            col(Track.party_id) == party.id,
            col(Track.state) == "waiting",
        )
    ).one()
    room = max(0, min((MAX_WAITING if account_id else MAX_HOUSE) - own, MAX_LINE - everybodys))
    fits = entries[:room]
    rows = [
        {"id": track_id, "sealed": seal(vault, track_id, one), "seconds": one.seconds}
        for track_id, one in zip(tx.new_ids(len(fits)), fits, strict=True)
    ]
    here = {"community_id": party.community_id, "party_id": party.id, "account_id": account_id}
    insert_all(tx, Track, rows, **here, state="waiting", rank=0, ups=0, downs=0)
    return len(fits)


def step_down(ctx: Context, tx: Tx, party_id: object) -> bool:
    """Leave the booth; False for whoever was not in it. Raises :class:`NotOn`."""
    party = _locked(ctx, tx, party_id)
    account_id = _dj(tx, party, ctx.account(tx))
    if not empty_seat(tx, party, account_id):
        return False
    _note(ctx, tx, party, account_id, "step_down")
    touch(tx, party)
    return True


def left(tx: Tx, community_id: UUID, space_id: UUID, account_id: UUID) -> None:
    """Somebody is no longer in a space: the seats that they took there are free."""
    mine = select(col(Dj.party_id)).where(
        col(Dj.community_id) == community_id,
        col(Dj.account_id) == account_id,
        col(Dj.space_id) == space_id,
        col(Dj.standing) != OUT,
    )
    for party in lock_all(tx, [(community_id, row.party_id) for row in tx.execute(mine)]):
        if party.state in (ANNOUNCED, RUNNING) and empty_seat(tx, party, account_id):
            touch(tx, party)


# -- parts ---------------------------------------------------------------------------------------------------------
def _locked(ctx: Context, tx: Tx, party_id: object) -> Party:
    party = lock(tx, ctx.community_id, party_id)
    if party is None or party.state not in (ANNOUNCED, RUNNING):
        raise NotOn
    return party


def _sit(ctx: Context, tx: Tx, party: Party) -> Joined:
    account_id = _dj(tx, party, ctx.account(tx))
    booth = booth_of(tx, party)
    known = booth.seats.get(account_id)
    was_in = known is not None and known.standing != OUT
    seat = booth.join(account_id)
    sealed = seal_name(ctx.vault, party.id, ctx.who.name)
    if known is None:
        tx.add(
            Dj(
                community_id=party.community_id,
                party_id=party.id,
                account_id=account_id,
                space_id=ctx.space_id,
                sealed=sealed,
                standing=seat.standing,
                place=seat.place,
                played=0,
            )
        )
    elif not was_in:
        here = (col(Dj.community_id) == party.community_id, col(Dj.party_id) == party.id)
        tx.execute(
            update(Dj).where(*here, col(Dj.account_id) == account_id).values(space_id=ctx.space_id, sealed=sealed)
        )
        bring_back(tx, party, account_id)
    save_booth(tx, party, booth)
    ahead = [one.account_id for one in booth.standing(seat.standing)].index(account_id)
    return Joined(party, account_id, seat.standing == SEAT, ahead, was_in)


def _dj(tx: Tx, party: Party, account_id: UUID) -> UUID:
    """The account under which a person is in the booth, of their linked ones; else this one."""
    rows = tx.execute(
        select(col(Dj.account_id), col(Dj.standing))
        .join(Account, col(Account.id) == col(Dj.account_id))
        .where(
            col(Dj.community_id) == party.community_id,
            col(Dj.party_id) == party.id,
            col(Account.person_id) == _person(account_id),
        )
    ).all()
    found: list[UUID] = [row.account_id for row in sorted(rows, key=lambda row: row.standing == OUT)]
    return found[0] if found else account_id


def _person(account_id: UUID):  # type: ignore[no-untyped-def]  # SQLAlchemy's own type says less than inference
    return select(col(Account.person_id)).where(col(Account.id) == account_id).scalar_subquery()


def _go_on(ctx: Context, tx: Tx, party: Party) -> None:
    """A party that waited for a track need not wait any more."""
    if party.state == RUNNING and party.phase == WAITING:
        clock.move(tx, party, tx.now)
    else:
        touch(tx, party)


def _note(ctx: Context, tx: Tx, party: Party, account_id: UUID, kind: str, **features: int) -> None:
    note_guests(tx, [(party.community_id, party.id, account_id)], tx.now)
    ctx.participate(tx, kind, activity_id=party.live_id or party.announced_id, features=features)
