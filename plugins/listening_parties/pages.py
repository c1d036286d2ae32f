"""Parties on the manager's page: playlists and votes to fetch, a list of tracks to hand in."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from core.action import Action
from core.charts import picture
from core.context import Viewer
from core.files import Desk, File
from core.markup import escape
from core.message import Button, Message, Pair
from core.moments import local
from core.texts import Domain, Words
from plugins.listening_parties import clock, seats
from plugins.listening_parties.line import report
from plugins.listening_parties.lines import from_file, shown
from plugins.listening_parties.party import ANNOUNCED, CODE, DRAFT, RUNNING, WAITING, lock, touch
from plugins.listening_parties.recap import chart
from plugins.listening_parties.songs import Song, played
from plugins.listening_parties.tables import Party, Track
from plugins.listening_parties.words import joined
from storage.tx import Tx

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("listening_parties")

SHOWN = 5
"""Parties on the page, the newest first."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet takes for a formula (OWASP, "CSV Injection")."""


async def overview(session: AsyncSession, viewer: Viewer) -> Sequence[Message]:
    """The newest parties with their files."""
    parties = list(
        await session.scalars(
            select(Party)
            .where(col(Party.community_id) == viewer.community_id, col(Party.state) != DRAFT)
            .order_by(col(Party.starts_at).desc())
            .limit(SHOWN)
        )
    )
    counts = await session.execute(
        select(col(Track.party_id), col(Track.state), func.count())
        .where(col(Track.community_id) == viewer.community_id, col(Track.party_id).in_([one.id for one in parties]))
        .group_by(col(Track.party_id), col(Track.state))
    )
    tracks: dict[UUID, dict[str, int]] = {}
    for party_id, state, count in counts:
        tracks.setdefault(party_id, {})[state] = count
    return [_shown(viewer, one, tracks.get(one.id, {})) for one in parties]


def _shown(viewer: Viewer, party: Party, tracks: dict[str, int]) -> Message:
    def button(label: Words, verb: str) -> Button:
        return Button(label, Action(CODE, verb, (party.id,), party.community_id))

    over = tracks.get("played", 0) + tracks.get("skipped", 0)
    controls = []
    if party.state in (ANNOUNCED, RUNNING):
        controls.append(button(_("Add tracks from a file (M3U, CSV or a track a line)"), "house"))
    if over:
        controls += [button(_("Playlist (M3U)"), "list"), button(_("Votes (CSV)"), "table")]
        controls.append(button(_("Picture (PNG)"), "image"))
    return Message(
        title=_("Listening party: {title}", title=escape(party.title)),
        fields=(
            Pair(_("Begins"), local(party.starts_at, viewer.time_zone, viewer.language)),
            Pair(_("Tracks played"), str(over)),
            Pair(_("Tracks waiting"), str(tracks.get("waiting", 0))),
            *([Pair(_("Took part"), str(party.took_part))] if party.ended_at else []),
        ),
        controls=tuple(controls),
    )


# -- to fetch ------------------------------------------------------------------------------------------------------
class Played(NamedTuple):
    """A party that has played something."""

    party: Party
    songs: list[Song]

    def file(self, end: str, media_type: str, data: bytes) -> File:
        """A file that is called as the party is."""
        name = re.sub(r"[^\w-]+", "-", self.party.title).strip("-") or "party"
        return File(f"{name}.{end}", media_type, data)


async def m3u(session: AsyncSession, viewer: Viewer, party_id: object) -> File | None:
    """The playlist, extended M3U. A track without a link stands as a comment, for players would look for a file."""
    found = await _played(session, viewer, party_id)
    if found is None:
        return None
    lines = ["#EXTM3U", f"#PLAYLIST:{found.party.title}"]
    for one in found.songs:
        lines.append(f"#EXTINF:{one.seconds},{one.name}")
        lines.append(one.link or f"# {one.name}")
    return found.file("m3u8", "audio/x-mpegurl", ("\n".join(lines) + "\n").encode())


async def table(session: AsyncSession, viewer: Viewer, party_id: object) -> File | None:
    """The tracks with their votes, CSV."""
    found = await _played(session, viewer, party_id)
    if found is None:
        return None
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["artist", "title", "length", "link", "dj", "up", "down", "skipped"])
    for one in found.songs:
        words = (one.artist, one.title, shown(one.seconds), one.link, one.dj)
        writer.writerow([*map(_cell, words), one.ups, one.downs, int(one.state == "skipped")])
    return found.file("csv", "text/csv", out.getvalue().encode("utf-8-sig"))


async def image(session: AsyncSession, viewer: Viewer, party_id: object) -> File | None:
    """The picture of the recap."""
    found = await _played(session, viewer, party_id)
    if found is None:
        return None
    drawn = await picture(chart(found.party, found.songs))
    return found.file("png", drawn.kind.media_type, drawn.data)


async def _played(session: AsyncSession, viewer: Viewer, party_id: object) -> Played | None:
    if not isinstance(party_id, UUID):
        return None
    party = await session.get(Party, (viewer.community_id, party_id))
    if party is None:
        return None
    songs = await played(session, viewer.vault, viewer.community_id, party_id)
    return Played(party, songs) if songs else None


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


# -- to hand in ----------------------------------------------------------------------------------------------------
async def house(desk: Desk, party_id: object, file: File) -> Message:
    """Put the tracks of a file on the house's own list, which plays when no DJ has a track."""
    lines = list(from_file(file.name, file.text))
    good = [one for one in lines if one.entry is not None]

    def unit(tx: Tx) -> int | None:
        party = lock(tx, desk.viewer.community_id, party_id)
        if party is None or party.state not in (ANNOUNCED, RUNNING):
            return None
        taken = seats.put(tx, desk.viewer.vault, party, None, [one.entry for one in good if one.entry is not None])
        if party.state == RUNNING and party.phase == WAITING:
            clock.move(tx, party, tx.now)
        else:
            touch(tx, party)
        return taken

    taken = await desk.write(unit)
    if taken is None:
        return Message(text=_("This party is over, or it was called off."))
    full = [one._replace(wrong=_("{most} tracks wait already.", most=seats.MAX_HOUSE)) for one in good[taken:]]
    left = sorted([one for one in lines if one.entry is None] + full, key=lambda one: one.number)
    parts: list[Words] = [_("{n} track added.", "{n} tracks added.", n=taken)]
    return Message(text=joined([*parts, *(report(left) if left else [])]))
