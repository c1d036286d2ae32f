"""The line as members see it: who is in the booth, what comes next, and what became of tracks that they added."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from core.action import Action
from core.context import Context
from core.form import FieldKind, Form, FormField
from core.markup import escape
from core.message import Button, ButtonStyle, Message, cut
from core.plugin import FormErrors
from core.texts import Domain, Phrase, Words
from plugins.listening_parties import seats
from plugins.listening_parties.booth import LINE, SEAT, Seat
from plugins.listening_parties.line_up import booth_now, now_and_next
from plugins.listening_parties.lines import Line, from_lines
from plugins.listening_parties.party import ANNOUNCED, OVER, RUNNING
from plugins.listening_parties.songs import names, songs
from plugins.listening_parties.tables import Party, Track
from plugins.listening_parties.words import joined
from plugins.listening_parties.words import line as line_of
from storage.tx import Tx

_ = Domain("listening_parties")

SHOWN = 10
"""Tracks that are shown to come, and lines that are reported one by one."""
SHOWN_GONE = 5
SHOWN_LINE = 60
"""Characters of a line in a report."""


async def takes_tracks(ctx: Context, party_id: object) -> bool:
    """Whether there is such a party that still takes tracks. One quick read."""
    if not isinstance(party_id, UUID):
        return False
    query = select(col(Party.state)).where(col(Party.community_id) == ctx.community_id, col(Party.id) == party_id)
    return await ctx.read(lambda connection: connection.scalar(query)) in (ANNOUNCED, RUNNING)


async def line(ctx: Context, party_id: object) -> Message:
    """Who is in the booth, and what comes next."""
    here = (ctx.community_id, party_id if isinstance(party_id, UUID) else UUID(int=0))
    async with ctx.session() as session:
        party = await session.get(Party, here)
        if party is None or party.state == OVER:
            return Message(text=_("This party is over, or it was called off."))
        booth = await booth_now(session, party)
        standing = {which: booth.standing(which)[:SHOWN] for which in (SEAT, LINE)}
        accounts = {one.account_id for several in standing.values() for one in several}
        djs = await names(session, ctx.vault, *here, accounts)
        _now, ahead = await now_and_next(session, party, SHOWN, booth)
        out = select(col(Track.id)).where(
            col(Track.community_id) == here[0], col(Track.party_id) == here[1], col(Track.state) == "gone"
        )
        gone_ids = list(await session.scalars(out.order_by(col(Track.id)).limit(SHOWN_GONE)))
        gone = await songs(session, ctx.vault, *here, gone_ids)
    parts: list[Words] = [
        _("**Booth**: {djs}", djs=_names(standing[SEAT], djs) or "–"),
        *([_("**Waiting for a seat**: {djs}", djs=shown)] if (shown := _names(standing[LINE], djs)) else []),
        _(
            "Each plays one track, then it is the next one's turn; after {n} the first who waits moves up.",
            n=party.turn,
        ),
        *(_("{number}\\. {song}", number=number, song=line_of(one)) for number, one in enumerate(ahead, 1)),
    ]
    if len(booth.tracks) > len(ahead):
        parts.append(_("… and {n} more", n=len(booth.tracks) - len(ahead)))
    parts += [f"~~{escape(one.name)}~~" for one in gone]
    if not ahead:
        parts.append(_("No track waits yet."))
    return Message(title=_("The line"), text=joined(parts), controls=_buttons(ctx, party.id))


def welcome(ctx: Context, got: seats.Joined) -> Message:
    """What somebody is told who joined the booth."""
    if got.was_in:
        text: Words = _("You are in already.")
    elif got.seated:
        text = _("You have a seat! Add tracks now. Your name stands with them for all to see.")
    else:
        text = _("All seats are taken. Before you wait: {n}. Add tracks meanwhile.", n=got.ahead)
    return Message(text=text, controls=_buttons(ctx, got.party.id))


def added(ctx: Context, what: seats.Added) -> Message:
    """What somebody is told who added a track."""
    if not what.taken:
        text: Words = _full()
    elif what.joined.seated:
        text = _("Added. You have a seat in the booth, and your name stands with your tracks.")
    else:
        text = _("Added. It is played when a seat is free for you.")
    return Message(text=text, controls=_buttons(ctx, what.joined.party.id))


def paste_form(action: Action) -> Form:
    """The form of several tracks."""
    field = FormField(
        FieldKind.LONG,
        "lines",
        _("One track a line"),
        hint=_("Artist – Title | 3:45 | https://…"),
    )
    return Form(action, _("Tracks for the party"), (field,), submit=_("Add"))


async def paste(ctx: Context, action: Action, text: str) -> Message | FormErrors:
    """Add the lines that are tracks, and report on the others, which stay in the form."""
    lines = list(from_lines(text))
    good = [one for one in lines if one.entry is not None]
    bad = [one for one in lines if one.entry is None]
    party_id = action.args[0] if action.args else None
    if not good:
        return FormErrors({"lines": joined(report(bad)) if bad else _("Write a track first.")})

    def unit(tx: Tx) -> seats.Added:
        added = seats.add(ctx, tx, party_id, [one.entry for one in good if one.entry is not None])
        left = bad + good[added.taken :]
        if left:
            ctx.keep_draft(tx, {"lines": "\n".join(one.text for one in sorted(left, key=lambda one: one.number))})
        return added

    try:
        what = await ctx.write(unit)
    except seats.NotOn:
        return Message(text=_("This party is over, or it was called off."))
    full = [one._replace(wrong=_full()) for one in good[what.taken :]]
    left = sorted(bad + full, key=lambda one: one.number)
    parts: list[Words] = [_("{n} track added.", "{n} tracks added.", n=what.taken)]
    if not left:
        return Message(text=parts[0], controls=_buttons(ctx, what.joined.party.id))
    parts += report(left)
    mend = Button(_("Mend them"), action, form=True, style=ButtonStyle.PRIMARY)
    return Message(text=joined(parts), controls=(mend, *_buttons(ctx, what.joined.party.id)))


def report(left: Sequence[Line]) -> list[Phrase]:
    """Which lines were not taken, by number, and why."""
    parts = [_("{n} line was not taken:", "{n} lines were not taken:", n=len(left))]
    for one in left[:SHOWN]:
        parts.append(
            _(
                "- Line {number}, “{line}”: {wrong}",
                number=one.number,
                line=escape(cut(one.text, SHOWN_LINE)),
                wrong=one.wrong or "",
            )
        )
    if len(left) > SHOWN:
        parts.append(_("… and {n} more", n=len(left) - SHOWN))
    return parts


def _full() -> Phrase:
    return _("{most} of your tracks wait already. When one was played there is room again.", most=seats.MAX_WAITING)


def _names(several: Sequence[Seat], djs: dict[UUID, str]) -> str:
    return ", ".join(escape(djs.get(one.account_id, "")) or "–" for one in several)


def _buttons(ctx: Context, party_id: UUID) -> tuple[Button, ...]:
    return (
        Button(_("Add a track"), ctx.action("add", party_id), form=True),
        Button(_("Paste a list"), ctx.action("paste", party_id), form=True),
        Button(_("The line"), ctx.action("line", party_id)),
        Button(_("Step down"), ctx.action("leave", party_id)),
    )
