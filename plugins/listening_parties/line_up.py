"""What plays at a party and what comes next, for those who read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from plugins.listening_parties.booth import Booth, Waiting, seats_of
from plugins.listening_parties.party import seats_query, waiting_query
from plugins.listening_parties.songs import Song, songs
from plugins.listening_parties.tables import Party, Track
from storage.engine import vault_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def booth_now(session: AsyncSession, party: Party) -> Booth:
    """A party's booth as it stands."""
    here = (party.community_id, party.id)
    seats = seats_of(await session.execute(seats_query(*here)))
    return Booth(party.turn, seats, [Waiting(*row) for row in await session.execute(waiting_query(*here))])


async def now_and_next(
    session: AsyncSession, party: Party, most: int, booth: Booth | None = None
) -> tuple[Song | None, list[Song]]:
    """The track at hand, and as many of those that come next."""
    booth = booth or await booth_now(session, party)
    playing = await session.scalar(
        select(col(Track.account_id)).where(
            col(Track.community_id) == party.community_id, col(Track.id) == party.track_id
        )
    )
    ids = [one.id for one in booth.upcoming(most, playing)]
    wanted = [party.track_id, *ids] if party.track_id else ids
    found = await songs(session, vault_of(session), party.community_id, party.id, wanted)
    now = next((one for one in found if one.id == party.track_id), None)
    return now, [one for one in found if one is not now]
