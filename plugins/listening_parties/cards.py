"""The posts of a party: announcement, reminder, what plays now, recap. They show what stands in the party's row."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, select

from core.action import Action
from core.activity import Activity
from core.markup import escape
from core.message import Button, ButtonStyle, Message
from core.texts import Domain, Words
from plugins.listening_parties.line_up import now_and_next
from plugins.listening_parties.lines import shown
from plugins.listening_parties.party import (
    ANNOUNCED,
    CODE,
    COUNTING,
    OVER,
    PLAYING,
    RUNNING,
    persons,
)
from plugins.listening_parties.recap import recap
from plugins.listening_parties.songs import Song
from plugins.listening_parties.tables import Coming, Party
from plugins.listening_parties.words import joined, line, moment
from storage.tables import Community

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("listening_parties")

BAR = 14
"""Steps of the bar: what fits beside the times on a phone."""
NEXT = 2
"""Tracks that are shown to come next."""


async def card(session: AsyncSession, activity: Activity) -> Message | None:
    """The post of an activity, as its party stands now."""
    party = await session.get(Party, (activity.community_id, UUID(activity.data["party"])))
    if party is None:
        return None
    match activity.data["what"]:
        case "recap":
            return await recap(session, party)
        case "live":
            return await live(session, party)
        case what:
            return await _announcement(session, party, reminder=what == "reminder")


# -- before --------------------------------------------------------------------------------------------------------
async def _announcement(session: AsyncSession, party: Party, *, reminder: bool) -> Message:
    community = await session.get(Community, party.community_id)
    if community is None:
        raise LookupError("a party belongs to a community")
    coming = 0
    if party.state == ANNOUNCED:
        who = persons(Coming, party.community_id, party.id).subquery()
        coming = int(await session.scalar(select(func.count()).select_from(who)) or 0)
    start = moment(party.starts_at, community.time_zone, community.language)
    return announcement(party, start, coming, reminder=reminder)


def announcement(party: Party, start: str, coming: int, *, reminder: bool = False) -> Message:
    """What announces a party, or reminds of it. Also a host's preview."""
    parts: list[Words] = [f"_{escape(party.theme)}_"] if party.theme else []
    controls: list[Button] = []
    if party.state == OVER:
        parts.append(_("This party is over.") if party.live_id else _("This party was called off."))
    elif party.state == RUNNING:
        parts.append(_("It has begun! Look further down for what plays now."))
        controls = _booth_buttons(party)
    else:
        parts.append(_("**In a moment:** {when}", when=start) if reminder else _("**Begins** {when}", when=start))
        parts.append(
            _(
                "Everybody plays the music on their own device, and all press play at the same second. "
                "Take a seat in the booth to play tracks of yours."
            )
        )
        if coming:
            parts.append(_("**{n} comes**", "**{n} come**", n=coming))
        controls = [
            Button(_("I'm coming"), _action(party, "rsvp", party.id), style=ButtonStyle.PRIMARY),
            *_booth_buttons(party),
        ]
    return Message(
        title=_("Listening party: {title}", title=escape(party.title)),
        text=joined(parts),
        controls=tuple(controls),
        language=party.language,
    )


# -- now -----------------------------------------------------------------------------------------------------------
async def live(session: AsyncSession, party: Party) -> Message:
    """The card of a party that runs, or ran."""
    title = _("Now at {title}", title=escape(party.title))
    if party.state == OVER:
        return Message(title=title, text=_("The party is over. Thank you for listening together."))
    now, ahead = await now_and_next(session, party, NEXT)
    parts = _now(party, now)
    parts += [_("Next: {song}", song=line(one)) for one in ahead]
    controls = _booth_buttons(party)
    if party.phase == PLAYING and now is not None:
        controls = [
            Button(_("👍 Up"), _action(party, "up", now.id)),
            Button(_("👎 Down"), _action(party, "down", now.id)),
            *controls,
        ]
    return Message(title=title, text=joined(parts), controls=tuple(controls), language=party.language)


def _now(party: Party, song: Song | None) -> list[Words]:
    if song is None:
        return [_("No track waits. Add one, and it plays at once; without one the party ends in five minutes.")]
    parts: list[Words] = [_("{song}, from {dj}", song=song.marked, dj=escape(song.dj)) if song.dj else song.marked]
    if party.phase == COUNTING:
        return [_("Get the next track ready, and press play with me:"), *parts, f"**{party.shown} …**"]
    if party.phase == PLAYING:
        into = min(party.shown, party.seconds)
        full = round(BAR * into / party.seconds)
        parts.append(f"{'▰' * full}{'▱' * (BAR - full)} {shown(into)} / {shown(party.seconds)}")
        parts.append(_("**▶ Play!**") if party.shown == 0 else "")
        parts.append(f"👍 {song.ups} · 👎 {song.downs}")
    return [one for one in parts if one]


def _booth_buttons(party: Party) -> list[Button]:
    return [
        Button(_("Join the booth"), _action(party, "join", party.id)),
        Button(_("Add tracks"), _action(party, "add", party.id), form=True),
        Button(_("The line"), _action(party, "line", party.id)),
    ]


def _action(party: Party, verb: str, of: UUID) -> Action:
    return Action(CODE, verb, (of,), party.community_id)
