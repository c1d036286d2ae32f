"""The clock of a party: what is due by now, reckoned from what stands in its row and never from when an alarm rang.

One alarm a party drives all of it. ``move`` brings a locked party up to a moment, however late that is, and sets the
alarm to the next one. So a start, a step of "3, 2, 1", a track's end and a host's skip are one after another whatever
rings or is pressed at the same time, and after a restart the party goes on at the right second.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlmodel import col

from core.activity import close_all, open_activity, owe_private
from core.alarms import set_alarm
from core.markup import escape
from core.message import Message
from core.texts import Domain, Words
from plugins.listening_parties.party import (
    ALARM,
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
from plugins.listening_parties.tables import Coming, Guest, Party, Track, Vote
from storage.tables import Account
from storage.tx import Tx

_ = Domain("listening_parties")

STEPS, STEP = 3, timedelta(seconds=3)
""""3, 2, 1", so far apart that the slowest platform may be edited for each (Bot API: 20 messages a minute)."""
SETTLE = timedelta(seconds=3)
"""Between the start and the first countdown, so that the card stands in all spaces before it counts."""
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
KEPT = timedelta(days=7)
"""So long after a party it is known who came, who was active and who voted how; then the counts alone are left."""
SWEPT = "swept"
"""The phase of a party of which that was erased."""
TOO_LATE = timedelta(hours=1)
"""A party that could not begin in this time after its moment doesn't begin by itself any more."""


def move(tx: Tx, party: Party, now: datetime, *, posted: bool = False) -> None:
    """Do all that is due by now, save it, and set the alarm.

    :param posted: its card is owed since this very unit, and will show it anyway.
    """
    changed = _bring_up(tx, party, now)
    save(tx, party)
    if changed and not posted:
        touch(tx, party)
    wake_at(tx, party, next_moment(party, now))


def move_all(tx: Tx, parties: Sequence[Party], now: datetime) -> None:
    """:meth:`move` for parties whose alarms just rang, which are taken away already."""
    changed = [party for party in parties if _bring_up(tx, party, now)]
    save(tx, *parties)
    for party in changed:
        touch(tx, party)
    for party in parties:
        at = next_moment(party, now)
        if at is not None:
            set_alarm(tx, party.community_id, party.id, CODE, ALARM, at)


def _bring_up(tx: Tx, party: Party, now: datetime) -> bool:
    """Do all that is due by now; whether a card that stands shows it."""
    before, live_id = _face(party), party.live_id
    if party.state == ANNOUNCED:
        _lead_up(tx, party, now)
    if party.state == RUNNING:
        _run(tx, party, now)
    if party.ended_at is not None and party.ended_at + KEPT <= now:
        _sweep(tx, party)
    return _face(party) != before and party.live_id == live_id


def next_moment(party: Party, now: datetime) -> datetime | None:
    """When there is something to do next."""
    if party.state == ANNOUNCED:
        if party.starts_at <= now:
            return now + TRY_AGAIN
        return max(party.starts_at - REMIND, now) if _reminds(party) else party.starts_at
    if party.ended_at is not None:
        return None if party.phase == SWEPT else party.ended_at + KEPT
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
    party.state, party.phase, party.began_at = RUNNING, WAITING, now + SETTLE
    party.live_id = _post(tx, party, "live", now)
    close_all(tx, [(party.community_id, one) for one in (party.announced_id, party.reminder_id) if one], now)
    return None


def skip(tx: Tx, party: Party, now: datetime) -> None:
    """The track at hand is over, and the next one's turn comes. :func:`move` it afterwards."""
    _over(tx, party, now, "skipped")
    party.began_at = now


def end(tx: Tx, party: Party, now: datetime) -> None:
    """The party is over, whatever it was: its cards say so, and where something was heard a recap is left."""
    if party.state == RUNNING and party.phase == PLAYING:
        _over(tx, party, now, "played")
    elif party.state == RUNNING and party.phase == COUNTING:
        _set_track(tx, party, state="waiting")
    party.state, party.phase, party.track_id, party.ended_at = OVER, "", None, now
    who = persons(Guest, party.community_id, party.id).subquery()
    party.took_part = tx.scalar(select(func.count()).select_from(who))
    shown = (party.announced_id, party.reminder_id, party.live_id)
    heard = select(col(Track.id)).where(
        col(Track.community_id) == party.community_id,
        col(Track.party_id) == party.id,
        col(Track.state).in_(("played", "skipped")),
    )
    if tx.execute(heard.limit(1)).first() is not None:
        party.recap_id = _post(tx, party, "recap", now)
    close_all(tx, [(party.community_id, one) for one in shown if one is not None], now)


# -- parts ---------------------------------------------------------------------------------------------------------
def _face(party: Party) -> tuple[object, ...]:
    """What a card shows of the clock."""
    return party.state, party.track_id, party.shown, party.state == RUNNING and party.phase


def _reminds(party: Party) -> bool:
    """Whether members are still to be reminded. Not of what they were told of a moment before."""
    told = party.announced_at
    return party.reminder_id is None and told is not None and told + 2 * REMIND <= party.starts_at


def _lead_up(tx: Tx, party: Party, now: datetime) -> None:
    title = escape(party.title)
    if party.starts_at + TOO_LATE <= now:
        end(tx, party, now)
        _tell_host(tx, party, _("“{title}” could not begin for an hour, so it was called off.", title=title), now)
    elif party.starts_at <= now:
        other = start(tx, party, now)
        if other is not None and now < party.starts_at + TRY_AGAIN:
            why = _("“{title}” begins as soon as “{other}” is over.", title=title, other=escape(other))
            _tell_host(tx, party, why, now)
    elif _reminds(party) and party.starts_at - REMIND <= now:
        party.reminder_id = _post(tx, party, "reminder", now, until=party.starts_at)


def _tell_host(tx: Tx, party: Party, words: Words, now: datetime) -> None:
    """Tell whoever planned the party, in private, what did not go as planned."""
    lane = tx.scalar(select(col(Account.platform)).where(col(Account.id) == party.host_account_id))
    for target in targets(tx, party):
        if target.lane == lane and party.host_account_id is not None:
            owe_private(
                tx,
                community_id=party.community_id,
                space_id=target.space_id,
                lane=target.lane,
                account_id=party.host_account_id,
                message=Message(text=words),
                now=now,
            )
            return


def _run(tx: Tx, party: Party, now: datetime) -> None:
    since = max(now, party.began_at or now)  # the moment from which the next countdown runs
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


def _sweep(tx: Tx, party: Party) -> None:
    """Erase what nobody needs any more."""
    for model in (Guest, Coming):
        tx.execute(
            delete(model).where(col(model.community_id) == party.community_id, col(model.party_id) == party.id)
        )
    of_it = select(col(Track.id)).where(
        col(Track.community_id) == party.community_id, col(Track.party_id) == party.id
    )
    tx.execute(delete(Vote).where(col(Vote.community_id) == party.community_id, col(Vote.track_id).in_(of_it)))
    party.phase = SWEPT


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
