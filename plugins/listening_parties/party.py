"""A party in the store: locked, read and saved inside a unit of work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, select, tuple_, update
from sqlmodel import col

from core.activity import Target, touch_card
from core.alarms import set_alarm, silence
from core.posted_in import PostedIn
from plugins.listening_parties.booth import Booth, Waiting, seats_of
from plugins.listening_parties.tables import Coming, Dj, Guest, Party, PartyChannel, Track
from storage.bulk import update_all, upsert_all
from storage.tables import Account, Alarm, Channel, Space, table_of
from storage.tx import Tx

CODE = "lp"
"""The plugin's permanent short code."""
DRAFT, ANNOUNCED, RUNNING, OVER = "draft", "announced", "running", "over"
WAITING, COUNTING, PLAYING = "waiting", "counting", "playing"
"""Phases of a running party: no track, "3, 2, 1", a track plays."""
APART = timedelta(hours=6)
"""Two parties in one channel begin at least so far apart: as long as a post may still go out late."""
ALARM = "clock"
"""A party's one alarm: when its clock has something to do next. It is kept under the party's id."""

POSTED = PostedIn(PartyChannel, "party_id")

Key = tuple[UUID, UUID]
"""A community, and a party or a track in it."""

_SAVED = tuple(
    one.name for one in table_of(Party).c if one.name not in ("community_id", "id", "host_account_id", "created_at")
)


# -- the row -------------------------------------------------------------------------------------------------------
def lock(tx: Tx, community_id: UUID, party_id: object) -> Party | None:
    """A party that nobody else changes until this unit is over; None for any other id."""
    if not isinstance(party_id, UUID):
        return None
    return next(iter(lock_all(tx, [(community_id, party_id)])), None)


def lock_all(tx: Tx, keys: Iterable[Key]) -> list[Party]:
    """The same for several, always in one order, so that two who lock the same never wait in a ring."""
    where = tuple_(col(Party.community_id), col(Party.id)).in_(sorted(set(keys)))
    rows = tx.execute(select(Party).where(where).order_by(col(Party.community_id), col(Party.id)).with_for_update())
    return [Party(**row._mapping) for row in rows]


def of_track(community_id: UUID, track_id: UUID) -> Select[*tuple[Any, ...]]:
    """The id of a track's party."""
    return select(col(Track.party_id)).where(col(Track.community_id) == community_id, col(Track.id) == track_id)


def save(tx: Tx, *parties: Party) -> None:
    """Write what was changed of locked parties."""
    rows = [
        {"community_id": one.community_id, "id": one.id, **{name: getattr(one, name) for name in _SAVED}}
        for one in parties
    ]
    update_all(tx, Party, ("community_id", "id"), rows)


def touch(tx: Tx, party: Party) -> None:
    """The cards that show a party's state should show it anew."""
    for activity_id in (party.live_id,) if party.state == RUNNING else (party.announced_id, party.reminder_id):
        if activity_id is not None:
            touch_card(tx, party.community_id, activity_id)


def wake_at(tx: Tx, party: Party, at: datetime | None) -> None:
    """When the clock of a locked party has something to do next.

    Whoever rings this alarm at this moment holds its row and waits for the party: it looks at what stands here by
    then and sets the alarm itself. To wait for it in turn would be a ring, so it is passed over.
    """
    here = and_(
        col(Alarm.community_id) == party.community_id, col(Alarm.activity_id) == party.id, col(Alarm.name) == ALARM
    )
    known = select(col(Alarm.name)).where(here)
    if tx.execute(known).first() and not tx.execute(known.with_for_update(skip_locked=True)).first():
        return
    if at is None:
        silence(tx, party.community_id, party.id, ALARM)
    else:
        set_alarm(tx, party.community_id, party.id, CODE, ALARM, at)


# -- channels ------------------------------------------------------------------------------------------------------
def channels_of(community_id: UUID, party_id: UUID) -> Select[*tuple[Any, ...]]:
    """The channels of a party in spaces that the bot is in: ids of space and channel, lane, names, platform's ids."""
    return (
        select(
            col(Channel.space_id),
            col(Channel.id),
            col(Space.platform),
            col(Channel.name),
            col(Channel.external_id),
            col(Space.external_id),
            col(Space.name),
        )
        .join(
            PartyChannel,
            and_(
                col(PartyChannel.community_id) == col(Channel.community_id),
                col(PartyChannel.channel_id) == col(Channel.id),
            ),
        )
        .join(
            Space, and_(col(Space.community_id) == col(Channel.community_id), col(Space.id) == col(Channel.space_id))
        )
        .where(
            col(PartyChannel.community_id) == community_id,
            col(PartyChannel.party_id) == party_id,
            col(Space.removed_at).is_(None),
        )
        .order_by(col(Channel.id))
    )


def targets(tx: Tx, party: Party) -> list[Target]:
    """Where a party's posts go."""
    key = (party.community_id, party.id)
    return POSTED.targets(tx, [key]).get(key, [])


def in_the_way(tx: Tx, party: Party, states: Sequence[str], around: datetime | None = None) -> str | None:
    """The title of another party in one of the same channels, in one of these states, begun or due ``around`` then.

    The channels stay locked to the end of the unit, so that of two parties only one finds its channels free.
    """
    mine = select(col(PartyChannel.channel_id)).where(
        col(PartyChannel.community_id) == party.community_id, col(PartyChannel.party_id) == party.id
    )
    tx.execute(
        select(col(Channel.id))
        .where(col(Channel.community_id) == party.community_id, col(Channel.id).in_(mine))
        .order_by(col(Channel.id))
        .with_for_update()
    ).all()
    query = (
        select(col(Party.title))
        .join(
            PartyChannel,
            and_(
                col(PartyChannel.community_id) == col(Party.community_id), col(PartyChannel.party_id) == col(Party.id)
            ),
        )
        .where(
            col(Party.community_id) == party.community_id,
            col(Party.id) != party.id,
            col(Party.state).in_(states),
            col(PartyChannel.channel_id).in_(mine),
        )
        .limit(1)
    )
    if around is not None:
        query = query.where(col(Party.starts_at) > around - APART, col(Party.starts_at) < around + APART)
    found: str | None = tx.scalar(query)
    return found


# -- the booth -----------------------------------------------------------------------------------------------------
def seats_query(community_id: UUID, party_id: UUID) -> Select[*tuple[Any, ...]]:
    """Everybody who is or was in the booth."""
    return select(col(Dj.account_id), col(Dj.standing), col(Dj.place), col(Dj.played)).where(
        col(Dj.community_id) == community_id, col(Dj.party_id) == party_id
    )


def waiting_query(community_id: UUID, party_id: UUID) -> Select[*tuple[Any, ...]]:
    """The tracks that wait."""
    return select(col(Track.id), col(Track.account_id), col(Track.seconds), col(Track.rank)).where(
        col(Track.community_id) == community_id, col(Track.party_id) == party_id, col(Track.state) == "waiting"
    )


def booth_of(tx: Tx, party: Party) -> Booth:
    """A locked party's booth."""
    here = (party.community_id, party.id)
    seats = seats_of(tx.execute(seats_query(*here)))
    return Booth(party.turn, seats, [Waiting(*row) for row in tx.execute(waiting_query(*here))])


def save_booth(tx: Tx, party: Party, booth: Booth) -> None:
    """Write who sits where, for those who are in the store already."""
    rows = [
        {"account_id": one.account_id, "standing": one.standing, "place": one.place, "played": one.played}
        for one in booth.seats.values()
        if one.account_id in booth.changed
    ]
    keys = ("community_id", "party_id", "account_id")
    update_all(tx, Dj, keys, [{"community_id": party.community_id, "party_id": party.id, **row} for row in rows])


def empty_seat(tx: Tx, party: Party, account_id: UUID) -> bool:
    """Somebody leaves the booth: the line moves up, and their tracks wait no more, until they come back."""
    booth = booth_of(tx, party)
    if not booth.leave(account_id):
        return False
    save_booth(tx, party, booth)
    _all_of(tx, party, account_id, "waiting", "gone")
    return True


def bring_back(tx: Tx, party: Party, account_id: UUID) -> None:
    """The tracks of somebody who left the booth wait again."""
    _all_of(tx, party, account_id, "gone", "waiting")


def _all_of(tx: Tx, party: Party, account_id: UUID, before: str, after: str) -> None:
    tx.execute(
        update(Track)
        .where(
            col(Track.community_id) == party.community_id,
            col(Track.party_id) == party.id,
            col(Track.account_id) == account_id,
            col(Track.state) == before,
        )
        .values(state=after)
    )


# -- people --------------------------------------------------------------------------------------------------------
def note_guests(tx: Tx, guests: Iterable[tuple[UUID, UUID, UUID]], now: datetime) -> None:
    """That these accounts did something, by community and party: they are active."""
    rows = [
        {"community_id": community_id, "party_id": party_id, "account_id": account_id}
        for community_id, party_id, account_id in sorted(set(guests))
    ]
    upsert_all(tx, Guest, ("community_id", "party_id", "account_id"), rows, seen_at=now)


def persons(model: type[Guest] | type[Coming], community_id: UUID, party_id: UUID) -> Select[*tuple[Any, ...]]:
    """The persons among guests, or among those who come: of linked accounts one."""
    return (
        select(col(Account.person_id))
        .join(model, col(model.account_id) == col(Account.id))
        .where(col(model.community_id) == community_id, col(model.party_id) == party_id)
        .distinct()
    )
