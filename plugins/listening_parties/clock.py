"""The clock of a party: what is due by now, reckoned from what stands in its row and never from when an alarm rang.

One alarm a party drives all of it. ``move`` brings a locked party up to a moment, however late that is, and sets the
alarm to the next one. So a start, a step of "3, 2, 1", a track's end and a host's skip are one after another whatever
rings or is pressed at the same time, and after a restart the party goes on at the right second.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from sqlalchemy import func, select, update
from sqlmodel import col

from core.activity import close_all, open_activity
from plugins.listening_parties.party import (
    ANNOUNCED,
    CODE,
    COUNTING,
    OVER,
    PLAYING,
    RUNNING,
    WAITING,
    booth_of,
    in_the_way,
    persons,
    save,
    save_booth,
    targets,
    touch,
    wake_at,
)
from plugins.listening_parties.tables import Guest, Party, Track
from storage.tx import Tx

STEPS, STEP = 3, timedelta(seconds=3)
""""3, 2, 1", so far apart that the slowest platform may be edited for each (Bot API: 20 messages a minute)."""
TICK = 10
"""Seconds between two states of a card that only say how far in a track is."""
LATE = timedelta(seconds=10)
"""A track that ended longer ago than this ended while nobody could ring: the next one begins now, not then."""
PATIENCE = timedelta(minutes=5)
"""A party without a track ends after this."""
REMIND = timedelta(minutes=10)
"""How long before the start members are reminded."""
TRY_AGAIN = timedelta(seconds=30)
"""When to look again whether the channel of a party that should have begun is free."""
TOO_LATE = timedelta(hours=1)
"""A party that could not begin in this time after its moment doesn't begin by itself any more."""


def move(tx: Tx, party: Party, now: datetime) -> None:
    """Do all that is due by now, save it, and set the alarm."""
    before = _face(party)
    if party.state == ANNOUNCED:
        _lead_up(tx, party, now)
    if party.state == RUNNING:
        _run(tx, party, now)
    save(tx, party)
    if _face(party) != before:
        touch(tx, party)
    wake_at(tx, party, next_moment(party, now))


def next_moment(party: Party, now: datetime) -> datetime | None:
    """When there is something to do next."""
    if party.state == ANNOUNCED:
        if party.starts_at <= now:
            return now + TRY_AGAIN
        return max(party.starts_at - REMIND, now) if _reminds(party) else party.starts_at
    if party.state != RUNNING or party.began_at is None:
        return None
    if party.phase == COUNTING:
        return party.began_at - (party.shown - 1) * STEP
    if party.phase == PLAYING:
        return party.began_at + timedelta(seconds=min(party.seconds, party.shown + TICK))
    return party.began_at + PATIENCE


def start(tx: Tx, party: Party, now: datetime) -> str | None:
    """Begin an announced party now. The title of the one that runs in its channel, when it can't; then nothing is
    changed. :func:`move` it afterwards."""
    other = in_the_way(tx, party, (RUNNING,))
    if other is not None:
        return other
    party.state, party.phase, party.began_at = RUNNING, WAITING, now
    party.live_id = _post(tx, party, "live", now)
    close_all(tx, [(party.community_id, one) for one in (party.announced_id, party.reminder_id) if one], now)
    return None


def skip(tx: Tx, party: Party, now: datetime) -> None:
    """The track at hand is over, and the next one's turn comes. :func:`move` it afterwards."""
    _over(tx, party, now, "skipped")
    party.began_at = now


def end(tx: Tx, party: Party, now: datetime) -> None:
    """The party is over, whatever it was: its cards say so, and one that was on leaves a recap."""
    if party.state == RUNNING and party.phase == PLAYING:
        _over(tx, party, now, "played")
    elif party.state == RUNNING and party.phase == COUNTING:
        _set_track(tx, party, state="waiting")
    party.state, party.phase, party.track_id, party.ended_at = OVER, "", None, now
    who = persons(Guest, party.community_id, party.id).subquery()
    party.took_part = tx.scalar(select(func.count()).select_from(who))
    shown = (party.announced_id, party.reminder_id, party.live_id)
    if party.live_id is not None:
        party.recap_id = _post(tx, party, "recap", now)
    close_all(tx, [(party.community_id, one) for one in shown if one is not None], now)


# -- parts ---------------------------------------------------------------------------------------------------------
def _face(party: Party) -> tuple[object, ...]:
    """What a card shows of the clock."""
    return party.state, party.phase, party.track_id, party.shown


def _reminds(party: Party) -> bool:
    """Whether members are still to be reminded. Not of what they were told of a moment before."""
    told = party.announced_at
    return party.reminder_id is None and told is not None and told + 2 * REMIND <= party.starts_at


def _lead_up(tx: Tx, party: Party, now: datetime) -> None:
    if party.starts_at + TOO_LATE <= now:
        end(tx, party, now)
    elif party.starts_at <= now:
        start(tx, party, now)
    elif _reminds(party) and party.starts_at - REMIND <= now:
        party.reminder_id = _post(tx, party, "reminder", now, until=party.starts_at)


def _run(tx: Tx, party: Party, now: datetime) -> None:
    since = now  # the moment from which the next countdown runs
    while party.began_at is not None:
        if party.phase == WAITING:
            if not _count_down(tx, party, since):
                if now >= party.began_at + PATIENCE:
                    end(tx, party, now)
                return
        elif party.phase == COUNTING:
            if now < party.began_at:
                party.shown = min(STEPS, ceil((party.began_at - now) / STEP))
                return
            party.phase, party.shown = PLAYING, 0
        else:
            over_at = party.began_at + timedelta(seconds=party.seconds)
            if now < over_at:
                party.shown = int((now - party.began_at).total_seconds()) // TICK * TICK
                return
            since = over_at if now - over_at <= LATE else now
            _over(tx, party, since, "played")
            party.began_at = since


def _count_down(tx: Tx, party: Party, since: datetime) -> bool:
    """Take the next track and count down to it; False when none waits."""
    booth = booth_of(tx, party)
    track = booth.next()
    save_booth(tx, party, booth)
    if track is None:
        return False
    party.phase, party.track_id, party.seconds = COUNTING, track.id, track.seconds
    party.began_at, party.shown = since + STEPS * STEP, STEPS
    _set_track(tx, party, state="playing")
    return True


def _over(tx: Tx, party: Party, at: datetime, how: str) -> None:
    """The track at hand is over; its DJ goes behind the others."""
    dj = _set_track(tx, party, state=how, played_at=at)
    booth = booth_of(tx, party)
    booth.played(dj)
    save_booth(tx, party, booth)
    party.phase, party.track_id, party.seconds, party.shown = WAITING, None, 0, 0


def _set_track(tx: Tx, party: Party, **values: object) -> UUID | None:
    """Set something of the track at hand; its DJ's account."""
    dj: UUID | None = tx.scalar(
        update(Track)
        .where(col(Track.community_id) == party.community_id, col(Track.id) == party.track_id)
        .values(**values)
        .returning(col(Track.account_id))
    )
    return dj


def _post(tx: Tx, party: Party, what: str, now: datetime, until: datetime | None = None) -> UUID:
    return open_activity(
        tx,
        community_id=party.community_id,
        plugin=CODE,
        now=now,
        data={"party": party.id.hex, "what": what, "title": party.title},
        targets=targets(tx, party),
        expires_at=until,
    )
