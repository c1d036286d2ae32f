"""What a member is told that listening parties keep about them, and what goes when they erase it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, select, update
from sqlmodel import col

from core.activity import touch_card
from core.context import Owner
from core.texts import Domain
from plugins.listening_parties.lines import shown
from plugins.listening_parties.party import ANNOUNCED, OVER, RUNNING, empty_seat, lock_all, touch
from plugins.listening_parties.tables import Coming, Dj, Guest, Party, Track, Vote
from storage.tx import Tx

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("listening_parties")

PARTIES, TRACKS, VOTES = _("parties"), _("tracks that you added"), _("votes")
PARTY, COMES, HOST, NAME, SEEN = _("party"), _("coming"), _("planned by you"), _("shown as"), _("last active")
TRACK, LENGTH, LINK, VOTE = _("track"), _("length"), _("link"), _("vote")


async def exported(session: AsyncSession, owner: Owner) -> dict[str, Any]:
    """The parties that a member was at, their tracks and their votes."""
    mine = {
        model: and_(
            col(model.community_id) == col(Party.community_id),
            col(model.party_id) == col(Party.id),
            col(model.account_id) == owner.account_id,
        )
        for model in (Guest, Coming, Dj)
    }
    parties: Any = await session.execute(
        select(
            col(Party.id),
            col(Party.title),
            col(Party.host_account_id),
            col(Guest.seen_at),
            col(Coming.account_id).label("comes"),
            col(Dj.sealed),
        )
        .outerjoin(Guest, mine[Guest])
        .outerjoin(Coming, mine[Coming])
        .outerjoin(Dj, mine[Dj])
        .where(
            col(Party.community_id) == owner.community_id,
            (col(Party.host_account_id) == owner.account_id)
            | col(Guest.account_id).is_not(None)
            | col(Coming.account_id).is_not(None)
            | col(Dj.account_id).is_not(None),
        )
        .order_by(col(Party.id))
    )
    tracks = await session.execute(
        select(col(Track.id), col(Track.sealed), col(Track.seconds))
        .where(col(Track.community_id) == owner.community_id, col(Track.account_id) == owner.account_id)
        .order_by(col(Track.id))
    )
    votes = await session.execute(
        select(col(Track.id), col(Track.sealed), col(Vote.up))
        .join(Vote, and_(col(Vote.community_id) == col(Track.community_id), col(Vote.track_id) == col(Track.id)))
        .where(col(Track.community_id) == owner.community_id, col(Vote.account_id) == owner.account_id)
        .order_by(col(Track.id))
    )
    return {
        PARTIES.key: [
            {
                PARTY.key: row.title,
                HOST.key: row.host_account_id == owner.account_id or None,
                COMES.key: row.comes is not None or None,
                NAME.key: owner.unseal(row.sealed, row.id) if row.sealed else None,
                SEEN.key: row.seen_at.isoformat(timespec="minutes") if row.seen_at else None,
            }
            for row in parties
        ],
        TRACKS.key: [
            {TRACK.key: name, LENGTH.key: shown(row.seconds), LINK.key: link}
            for row in tracks
            for name, link in (_opened(owner, row),)
        ],
        VOTES.key: [{TRACK.key: _opened(owner, row)[0], VOTE.key: "👍" if row.up else "👎"} for row in votes],
    }


def _opened(owner: Owner, row: Any) -> tuple[str, str]:
    artist, title, link = json.loads(owner.unseal(row.sealed, row.id))
    return (f"{artist} – {title}" if artist else title), link


def forget(tx: Tx, owner: Owner) -> None:
    """Erase a member's part. What was played stays as nobody's, and counts stay; on the track that plays now their
    vote is taken back, or they could vote anew."""
    account_id, here = owner.account_id, owner.community_id
    of_theirs = select(col(Track.party_id)).join(
        Vote, and_(col(Vote.community_id) == col(Track.community_id), col(Vote.track_id) == col(Track.id))
    )
    seat = select(col(Dj.party_id)).where(col(Dj.community_id) == here, col(Dj.account_id) == account_id)
    guest = select(col(Guest.party_id)).where(col(Guest.community_id) == here, col(Guest.account_id) == account_id)
    voted = of_theirs.where(col(Vote.community_id) == here, col(Vote.account_id) == account_id)
    ids = {row[0] for query in (seat, guest, voted) for row in tx.execute(query)}
    parties = lock_all(tx, [(here, one) for one in ids])
    for party in parties:  # a few: those that they were at
        if party.state in (ANNOUNCED, RUNNING):
            empty_seat(tx, party, account_id)
    votes = tx.execute(
        delete(Vote)
        .where(col(Vote.community_id) == here, col(Vote.account_id) == account_id)
        .returning(col(Vote.track_id), col(Vote.up))
    )
    playing = {one.track_id for one in parties if one.state == RUNNING}
    for track_id, up in votes.all():
        if track_id in playing:
            count = {"ups": col(Track.ups) - 1} if up else {"downs": col(Track.downs) - 1}
            tx.execute(
                update(Track).where(col(Track.community_id) == here, col(Track.id) == track_id).values(**count)
            )
    own = (col(Track.community_id) == here, col(Track.account_id) == account_id)
    tx.execute(delete(Track).where(*own, col(Track.state).in_(("waiting", "gone"))))
    tx.execute(update(Track).where(*own).values(account_id=None))
    for model in (Dj, Guest, Coming):
        tx.execute(delete(model).where(col(model.community_id) == here, col(model.account_id) == account_id))
    tx.execute(
        update(Party)
        .where(col(Party.community_id) == here, col(Party.host_account_id) == account_id)
        .values(host_account_id=None)
    )
    for party in parties:
        if party.state == OVER and party.recap_id is not None:
            touch_card(tx, here, party.recap_id)
        else:
            touch(tx, party)
