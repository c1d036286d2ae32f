"""Tracks as people see them: opened from the store, with the names of those who chose them."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, select
from sqlmodel import col

from core.markup import escape
from plugins.listening_parties.lines import Entry
from plugins.listening_parties.tables import Dj, Track
from storage.vault import Vault

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class Song(NamedTuple):
    """A track. ``dj`` is the name of whoever chose it, empty where nobody is shown."""

    id: UUID
    account_id: UUID | None
    artist: str
    title: str
    link: str
    seconds: int
    state: str
    ups: int
    downs: int
    dj: str

    @property
    def name(self) -> str:
        """``Artist – Title``."""
        return f"{self.artist} – {self.title}" if self.artist else self.title

    @property
    def marked(self) -> str:
        """The same as markup, with a link that says where it leads."""
        name = f"**{escape(self.name)}**"
        if not self.link:
            return name
        host = self.link.split("/")[2].removeprefix("www.")
        target = self.link.replace("(", "%28").replace(")", "%29")
        return f"{name} · [{escape(host)}]({target})"


def seal(vault: Vault, track_id: UUID, one: Entry) -> bytes:
    """What somebody wrote, for the row of a track."""
    return vault.seal(json.dumps([one.artist, one.title, one.link]).encode(), track_id.bytes)


def seal_name(vault: Vault, party_id: UUID, name: str) -> bytes:
    """The name that a DJ is shown by at a party."""
    return vault.seal(" ".join(name.split())[:60].encode(), party_id.bytes)


async def names(
    session: AsyncSession, vault: Vault, community_id: UUID, party_id: UUID, accounts: Collection[UUID | None]
) -> dict[UUID, str]:
    """The names of those DJs, by account."""
    rows = await session.execute(
        select(col(Dj.account_id), col(Dj.sealed)).where(
            col(Dj.community_id) == community_id, col(Dj.party_id) == party_id, col(Dj.account_id).in_(accounts)
        )
    )
    return {row.account_id: vault.open(row.sealed, party_id.bytes).decode() for row in rows}


async def songs(
    session: AsyncSession, vault: Vault, community_id: UUID, party_id: UUID, ids: Sequence[UUID]
) -> list[Song]:
    """These tracks, in this order; those that are gone are left out."""
    rows = (await session.execute(_tracks(community_id).where(col(Track.id).in_(ids)))).all()
    djs = await names(session, vault, community_id, party_id, {row.account_id for row in rows})
    found = {row.id: _song(row, vault, djs) for row in rows}
    return [found[one] for one in ids if one in found]


async def played(session: AsyncSession, vault: Vault, community_id: UUID, party_id: UUID) -> list[Song]:
    """The tracks that were played or skipped, in order."""
    rows = (
        await session.execute(
            _tracks(community_id)
            .where(col(Track.party_id) == party_id, col(Track.state).in_(("played", "skipped")))
            .order_by(col(Track.played_at), col(Track.id))
        )
    ).all()
    djs = await names(session, vault, community_id, party_id, {row.account_id for row in rows})
    return [_song(row, vault, djs) for row in rows]


def _song(row: Any, vault: Vault, djs: dict[UUID, str]) -> Song:
    """A track out of its row."""
    artist, title, link = json.loads(vault.open(row.sealed, row.id.bytes))
    return Song(
        row.id,
        row.account_id,
        artist,
        title,
        link,
        row.seconds,
        row.state,
        row.ups,
        row.downs,
        djs.get(row.account_id, ""),
    )


def _tracks(community_id: UUID) -> Select[*tuple[Any, ...]]:
    return select(
        col(Track.id),
        col(Track.account_id),
        col(Track.sealed),
        col(Track.seconds),
        col(Track.state),
        col(Track.ups),
        col(Track.downs),
    ).where(col(Track.community_id) == community_id)
