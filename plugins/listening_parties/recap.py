"""What is left of a party: its tracks with their votes, and its DJs in the order of what others thought of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from core.charts import Bar, Bars, ChartError, picture
from core.figures.shares import share
from core.logs import Logger
from core.markup import escape
from core.message import Message, cut
from core.texts import Domain, Words
from plugins.listening_parties.songs import Song, played
from plugins.listening_parties.tables import Party
from plugins.listening_parties.words import joined
from storage.engine import vault_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("listening_parties")

logger = Logger(__name__)

SHOWN_TRACKS, SHOWN_DJS = 5, 5
NAME = 70
"""In the text, which stands under a picture that shows more: the smallest caption has 1,024 characters."""


class Ranked(NamedTuple):
    """A DJ, ranked by ``score``: what share of ups their tracks have at least, with 95 % certainty."""

    name: str
    ups: int
    downs: int
    score: float


async def recap(session: AsyncSession, party: Party, *, drawn: bool = True) -> Message:
    """The post after a party; ``drawn`` with its picture."""
    songs = await played(session, vault_of(session), party.community_id, party.id)
    ranking = ranked(songs)
    parts: list[Words] = [
        _("{n} track", "{n} tracks", n=len(songs)),
        _("{n} took part", "{n} took part", n=party.took_part),
    ]
    best = sorted(songs, key=lambda one: one.downs - one.ups)[:SHOWN_TRACKS]
    parts += [f"- {escape(cut(one.name, NAME))} · 👍 {one.ups} · 👎 {one.downs}" for one in best]
    if len(songs) > len(best):
        parts.append(_("… and {n} more", n=len(songs) - len(best)))
    if ranking:
        parts.append(_("**DJs**"))
    parts += [
        f"{place}\\. {escape(cut(one.name, NAME // 2))} · 👍 {one.ups} · 👎 {one.downs}"
        for place, one in enumerate(ranking[:SHOWN_DJS], 1)
    ]
    image = None
    if songs and drawn:
        try:
            # The text says the most of it, and some platforms show an alt text to everybody.
            image = replace(await picture(chart(party, songs)), alt=_("The tracks of the party with their votes"))
        except ChartError:  # the words say it, too
            logger.exception("a recap could not be drawn", party=str(party.id))
    title = _("That was {title}", title=escape(party.title))
    return Message(title=title, text=joined(parts), image=image, language=party.language)


def chart(party: Party, songs: Sequence[Song]) -> Bars:
    """The tracks and their votes, the best liked first."""
    best = sorted(songs, key=lambda one: one.downs - one.ups)
    return Bars(
        party.title, tuple(Bar(one.name, one.ups, f"▲ {one.ups}   ▼ {one.downs}", beside=one.downs) for one in best)
    )


def ranked(songs: Sequence[Song]) -> list[Ranked]:
    """The DJs by the Wilson lower bound of ups among their votes, so that one lucky vote is not first.

    Whoever is shown by no name is not ranked.
    """
    counts: dict[UUID, tuple[str, int, int]] = {}
    for one in songs:
        if one.account_id is not None and one.dj:
            _name, ups, downs = counts.get(one.account_id, ("", 0, 0))
            counts[one.account_id] = (one.dj, ups + one.ups, downs + one.downs)
    found = [Ranked(name, ups, downs, wilson(ups, downs)) for name, ups, downs in counts.values()]
    return sorted(found, key=lambda one: (-one.score, -one.ups, one.name))


def wilson(ups: int, downs: int) -> float:
    """The lower bound of Wilson's 95 % interval for the share of ups; 0 without a vote."""
    found = share(ups, ups + downs)
    return found.interval.low if found is not None and found.interval is not None else 0.0
