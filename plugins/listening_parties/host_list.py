"""A host's hand on the line: a track is moved; and the recap once more."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import func, select, update
from sqlmodel import col

from core.action import Action
from core.context import Context
from core.form import MAX_OPTIONS, FieldKind, Form, FormField, Value
from core.message import Message, Option, cut
from core.texts import Domain
from plugins.listening_parties.desk import Refused, find
from plugins.listening_parties.line_up import now_and_next
from plugins.listening_parties.party import ANNOUNCED, RUNNING, lock, note_guests, touch
from plugins.listening_parties.recap import recap
from plugins.listening_parties.tables import Party, Track
from storage.tx import Tx

_ = Domain("listening_parties")

NEXT, LAST = "next", "last"


async def move_form(ctx: Context, action: Action) -> Form | Message:
    """Which of the tracks that come next, and where to."""
    here = (ctx.community_id, action.args[0] if action.args and isinstance(action.args[0], UUID) else UUID(int=0))
    async with ctx.session() as session:
        party = await session.get(Party, here)
        if party is None or party.state not in (ANNOUNCED, RUNNING):
            return Message(text=_("This party is over, or it was called off."))
        _now, found = await now_and_next(session, party, MAX_OPTIONS)
    if not found:
        return Message(text=_("No track waits yet."))
    tracks = tuple(Option(one.id.hex, cut(f"{one.name} · {one.dj}" if one.dj else one.name, 75)) for one in found)
    places = (Option(NEXT, _("To the front: it plays next")), Option(LAST, _("Behind its DJ's other tracks")))
    fields = (
        FormField(FieldKind.CHOICE, "track", _("Track"), options=tracks),
        FormField(FieldKind.CHOICE, "to", _("Where to"), value=(NEXT,), options=places),
    )
    return Form(action, _("Move a track"), fields, submit=_("Move"))


async def move(ctx: Context, action: Action, values: Mapping[str, Value]) -> Message:
    """Move a track to the front of all, or behind its DJ's others."""
    track, to = values["track"], values["to"]
    track_id = UUID(track[0]) if isinstance(track, tuple) and track else UUID(int=0)
    front = isinstance(to, tuple) and NEXT in to

    def unit(tx: Tx) -> None:
        party = lock(tx, ctx.community_id, action.args[0] if action.args else None)
        if party is None or party.state not in (ANNOUNCED, RUNNING):
            raise Refused(_("This party is over, or it was called off."))
        mine = (col(Track.community_id) == party.community_id, col(Track.party_id) == party.id)
        waiting = col(Track.state) == "waiting"
        least, most = tx.execute(
            select(func.min(col(Track.rank)), func.max(col(Track.rank))).where(*mine, waiting)
        ).one()
        rank = min(least or 0, 0) - 1 if front else max(most or 0, 0) + 1
        moved = tx.execute(
            update(Track).where(*mine, waiting, col(Track.id) == track_id).values(rank=rank).returning(col(Track.id))
        ).first()
        if moved is None:
            raise Refused(_("That track does not wait any more."))
        note_guests(tx, [(party.community_id, party.id, ctx.account(tx))], tx.now)
        ctx.participate(tx, "move", activity_id=party.live_id or party.announced_id)
        touch(tx, party)

    try:
        await ctx.write(unit)
    except Refused as error:
        return Message(text=error.words)
    return Message(text=_("Moved."))


async def recap_again(ctx: Context, action: Action) -> Message:
    """The recap in words; its picture stands in the channel and on the manager's page."""
    party = await find(ctx, action)
    if party is None or party.recap_id is None:
        return Message(text=_("There is no recap of this party."))
    async with ctx.session() as session:
        return await recap(session, party, drawn=False)
