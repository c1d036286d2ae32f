"""What hosts do: plan a party, say where it is, announce it, and lead it while it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, delete, or_, select
from sqlmodel import col

from core.action import Action
from core.activity import close_activity, open_activity
from core.bot import ChannelInfo
from core.context import Context
from core.form import FieldKind, Form, FormField, Value
from core.markup import escape
from core.message import Button, ButtonStyle, Message, cut
from core.plugin import FormErrors
from core.posted_in import Chosen, choosing, chosen_by, count_spaces
from core.texts import Domain, Words
from plugins.listening_parties import clock
from plugins.listening_parties.cards import announcement, live
from plugins.listening_parties.party import (
    ANNOUNCED,
    CODE,
    DRAFT,
    OVER,
    POSTED,
    RUNNING,
    channels_of,
    in_the_way,
    lock,
    note_guests,
    targets,
    touch,
)
from plugins.listening_parties.tables import Party, PartyChannel
from plugins.listening_parties.when import parse_when
from plugins.listening_parties.words import joined, moment
from storage.tx import Tx

_ = Domain("listening_parties")

MAX_TITLE, MAX_THEME = 80, 200
"""Characters that read at a glance, and fit above a card on every platform."""
TURN, MAX_TURN = 3, 20
"""Tracks a turn, until a host says otherwise and at most."""
AHEAD = timedelta(days=366)
"""How far ahead a party may be planned."""
SHOWN, SHOWN_FOR = 10, timedelta(days=7)
"""Parties in a host's list; for how long one that is over stays in it, and one that was planned and not announced."""


class Refused(Exception):
    """It can't be done; ``words`` say why. Nothing was written."""

    def __init__(self, words: Words) -> None:
        super().__init__(str(words))
        self.words = words


# -- planning ------------------------------------------------------------------------------------------------------
async def plan_form(ctx: Context, action: Action) -> Form | Message:
    """The form of a new party, or of one that is to be changed."""
    party = await find(ctx, action)
    if action.args and (party is None or party.state not in (DRAFT, ANNOUNCED)):
        return Message(text=_("This party can't be changed any more."))
    zone = ctx.place.time_zone
    start = party.starts_at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M") if party else ""
    fields = (
        FormField(FieldKind.TEXT, "title", _("Title"), value=party.title if party else "", maximum=MAX_TITLE),
        FormField(
            FieldKind.TEXT,
            "theme",
            _("Theme"),
            required=False,
            hint=_("What is to be played"),
            value=party.theme if party else "",
            maximum=MAX_THEME,
        ),
        FormField(
            FieldKind.TEXT,
            "when",
            _("When"),
            hint=_("20:00, tomorrow 20:00, 2026-12-24 20:00 or in 10 minutes ({zone})", zone=zone),
            value=start,
            maximum=60,
        ),
        FormField(
            FieldKind.NUMBER,
            "turn",
            _("Tracks in a DJ's turn"),
            value=str(party.turn if party else TURN),
            minimum=1,
            maximum=MAX_TURN,
        ),
    )
    return Form(action, _("Listening party"), fields, submit=_("Show me"))


async def take_plan(ctx: Context, action: Action, values: Mapping[str, Value]) -> Message | FormErrors:
    """Keep what was planned, and show it as members will see it."""
    starts_at = parse_when(str(values["when"]), ctx.now, ZoneInfo(ctx.place.time_zone))
    if starts_at is None:
        return FormErrors({"when": _("Write a time, for example 20:00, tomorrow 20:00 or in 10 minutes.")})
    if starts_at <= ctx.now:
        return FormErrors({"when": _("That has passed already.")})
    if starts_at > ctx.now + AHEAD:
        return FormErrors({"when": _("That is more than a year ahead.")})
    turn = values["turn"]
    if not isinstance(turn, Decimal) or turn != turn.to_integral_value():
        return FormErrors({"turn": _("Write a whole number, please.")})
    here = await _at_hand(ctx)
    planned: dict[str, Any] = {
        "title": _one_line(values["title"]),
        "theme": _one_line(values["theme"]),
        "language": ctx.place.language,
        "turn": int(turn),
        "starts_at": starts_at,
    }

    def unit(tx: Tx) -> Party:
        if not action.args:
            return _new(ctx, tx, planned, here)
        party = _locked(ctx, tx, action.args[0], (DRAFT, ANNOUNCED))
        return _changed(tx, party, planned)

    try:
        party = await ctx.write(unit)
    except Refused as error:
        return Message(text=error.words)
    return await show(ctx, party)


async def _at_hand(ctx: Context) -> ChannelInfo | None:
    """The channel that a host plans a party in; in private the one that their space has, if it has just one."""
    where, channels = ctx.event.where, await ctx.channels()
    if where.private:
        return channels[0] if len(channels) == 1 else None
    return next((one for one in channels if one.external_id == where.channel), ChannelInfo(where.channel, ""))


def _new(ctx: Context, tx: Tx, planned: Mapping[str, Any], here: ChannelInfo | None) -> Party:
    party = Party(
        community_id=ctx.community_id,
        id=tx.new_id(),
        host_account_id=ctx.account(tx),
        state=DRAFT,
        created_at=tx.now,
        **planned,
    )
    tx.add(party)
    if here is not None:
        POSTED.put(tx, party.community_id, party.id, Chosen({ctx.space_id: [here]}))
    return party


def _changed(tx: Tx, party: Party, planned: Mapping[str, Any]) -> Party:
    moved = abs(planned["starts_at"] - party.starts_at) >= timedelta(minutes=1)  # the form shows no seconds
    for name, value in planned.items():
        if moved or name != "starts_at":
            setattr(party, name, value)
    if party.state == ANNOUNCED and moved:
        if other := in_the_way(tx, party, (ANNOUNCED, RUNNING), party.starts_at):
            raise Refused(taken_by(other))
        if party.reminder_id is not None:
            close_activity(tx, party.community_id, party.reminder_id, tx.now)
            party.reminder_id = None
    clock.move(tx, party, tx.now)
    touch(tx, party)
    return party


async def show(ctx: Context, party: Party) -> Message:
    """A party as its host looks at it, with what can be done about it."""
    async with ctx.session() as session:
        rows = (await session.execute(channels_of(party.community_id, party.id))).all()
        spaces = await count_spaces(session, party.community_id)
        if party.state == RUNNING:
            seen = await live(session, party)
        else:
            seen = announcement(party, moment(party.starts_at, ctx.place.time_zone, ctx.language), 0)
    where = ", ".join(f"#{escape(row[3])} ({escape(row[6])})" for row in rows)
    parts: list[Words] = [seen.text]
    parts.append(_("In {channels}", channels=where) if where else _("In no channel yet."))
    return Message(title=seen.title, text=joined(parts), controls=tuple(_buttons(ctx, party, bool(rows), spaces)))


def _buttons(ctx: Context, party: Party, somewhere: bool, spaces: int) -> list[Button]:
    def button(label: Words, verb: str, *more: UUID | int, form: bool = False, style: str = "plain") -> Button:
        args = more or (party.id,)
        return Button(label, ctx.action(verb, *args), form=form, style=ButtonStyle(style))

    change = button(_("Change"), "plan", form=True)
    if party.state == DRAFT:
        post = [button(_("Announce it"), "post", style="primary")] if somewhere else []
        where = choosing(ctx, "where", party.id, spaces)
        return [*post, *where, change, button(_("Delete"), "drop", style="danger")]
    add = [button(_("Add tracks"), "add", form=True), button(_("The line"), "line")]
    if party.state == ANNOUNCED:
        start = button(_("Start now"), "start", style="primary")
        return [start, *add, change, button(_("Call it off"), "drop", style="danger")]
    if party.state == RUNNING:
        skip = [button(_("Skip"), "skip", party.track_id)] if party.track_id else []
        ends = button(_("End the party"), "end", style="danger")
        return [*skip, button(_("Move a track"), "move", form=True), *add, ends]
    return [button(_("Recap"), "recap")] if party.recap_id else []


# -- where ---------------------------------------------------------------------------------------------------------
async def where_form(ctx: Context, action: Action) -> Form | Message:
    """The channel of each space, or none of it."""
    party_id = action.args[0] if action.args and isinstance(action.args[0], UUID) else UUID(int=0)
    state = select(col(Party.state)).where(col(Party.community_id) == ctx.community_id, col(Party.id) == party_id)
    if await ctx.read(lambda connection: connection.scalar(state)) != DRAFT:
        return Message(text=_("This party was announced already. Its channels stay."))
    return await POSTED.form(ctx, action, party_id, _("Where is the party?"), _("Show me"), one_a_space=True)


async def take_where(ctx: Context, action: Action, values: Mapping[str, Value]) -> Message:
    """Keep the channels, and show the party again."""
    chosen = await chosen_by(ctx, action, values)

    def unit(tx: Tx) -> Party:
        party = _locked(ctx, tx, action.args[0] if action.args else None, (DRAFT,))
        POSTED.put(tx, party.community_id, party.id, chosen)
        return party

    try:
        party = await ctx.write(unit)
    except Refused as error:
        return Message(text=error.words)
    return await show(ctx, party)


# -- leading -------------------------------------------------------------------------------------------------------
def announce(ctx: Context, tx: Tx, party_id: object) -> None:
    """Announce a party that was planned. Raises :class:`Refused`."""
    party = _locked(ctx, tx, party_id, (DRAFT,))
    if party.starts_at <= tx.now:
        raise Refused(_("The time that was planned has passed. Change it first."))
    where = targets(tx, party)
    if not where:
        raise Refused(_("Choose a channel first."))
    if other := in_the_way(tx, party, (ANNOUNCED, RUNNING), party.starts_at):
        raise Refused(taken_by(other))
    party.state, party.announced_at = ANNOUNCED, tx.now
    data = {"party": party.id.hex, "what": "announcement", "title": party.title}
    party.announced_id = open_activity(
        tx,
        community_id=party.community_id,
        plugin=CODE,
        now=tx.now,
        data=data,
        targets=where,
        expires_at=party.starts_at + clock.TOO_LATE,
    )
    clock.move(tx, party, tx.now)
    _acted(ctx, tx, party, "announce")


def start(ctx: Context, tx: Tx, party_id: object) -> None:
    """Begin an announced party now. Raises :class:`Refused`."""
    party = _locked(ctx, tx, party_id, (ANNOUNCED,))
    if other := clock.start(tx, party, tx.now):
        raise Refused(_("“{title}” still runs in the same channel. End it first.", title=escape(other)))
    clock.move(tx, party, tx.now, posted=True)
    _acted(ctx, tx, party, "start")


def skip(ctx: Context, tx: Tx, party_id: object, track_id: object) -> None:
    """Skip that track, if it is still the one at hand. Raises :class:`Refused`."""
    party = _locked(ctx, tx, party_id, (RUNNING,))
    if party.track_id is None or party.track_id != track_id:
        raise Refused(_("That track is over already."))
    clock.skip(tx, party, tx.now)
    clock.move(tx, party, tx.now)
    _acted(ctx, tx, party, "skip")


def end(ctx: Context, tx: Tx, party_id: object) -> None:
    """End a party that runs. Raises :class:`Refused`."""
    party = _locked(ctx, tx, party_id, (RUNNING,))
    _acted(ctx, tx, party, "end")
    clock.end(tx, party, tx.now)
    clock.move(tx, party, tx.now)


def drop(ctx: Context, tx: Tx, party_id: object) -> bool:
    """Delete what was only planned, or call off what was announced; whether members are told. Raises Refused."""
    party = _locked(ctx, tx, party_id, (DRAFT, ANNOUNCED))
    if party.state == ANNOUNCED:
        _acted(ctx, tx, party, "call_off")
        clock.end(tx, party, tx.now)
        clock.move(tx, party, tx.now)
        return True
    here = (party.community_id, party.id)
    tx.execute(
        delete(PartyChannel).where(col(PartyChannel.community_id) == here[0], col(PartyChannel.party_id) == here[1])
    )
    tx.execute(delete(Party).where(col(Party.community_id) == here[0], col(Party.id) == here[1]))
    return False


# -- parts ---------------------------------------------------------------------------------------------------------
async def find(ctx: Context, action: Action) -> Party | None:
    """The party that an action names; None for any other id."""
    wanted = action.args[0] if action.args else None
    if not isinstance(wanted, UUID):
        return None
    query = select(Party).where(col(Party.community_id) == ctx.community_id, col(Party.id) == wanted)
    row = await ctx.read(lambda connection: connection.execute(query).first())
    return Party(**row._mapping) if row else None


async def listed(ctx: Context) -> Message:
    """What is planned, what runs, and what was lately."""
    lately = ctx.now - SHOWN_FOR
    query = (
        select(Party)
        .where(
            col(Party.community_id) == ctx.community_id,
            or_(
                col(Party.state).in_((ANNOUNCED, RUNNING)),
                and_(col(Party.state) == DRAFT, col(Party.starts_at) > lately),
                and_(col(Party.recap_id).is_not(None), col(Party.ended_at) > lately),
            ),
        )
        .order_by(col(Party.starts_at).desc())
        .limit(SHOWN)
    )
    rows = await ctx.read(lambda connection: connection.execute(query).all())
    parties = [Party(**row._mapping) for row in rows]
    plan = Button(_("Plan a party"), ctx.action("plan"), form=True, style=ButtonStyle.PRIMARY)
    if not parties:
        return Message(text=_("No party is planned."), controls=(plan,))
    states = {DRAFT: _("only planned"), ANNOUNCED: _("announced"), RUNNING: _("running"), OVER: _("over")}
    lines: list[Words] = [
        _(
            "- **{title}** · {when} · {state}",
            title=escape(one.title),
            when=moment(one.starts_at, ctx.place.time_zone, ctx.language),
            state=states[one.state],
        )
        for one in parties
    ]
    buttons = [Button(cut(one.title, 40), ctx.action("desk", one.id)) for one in parties]
    return Message(title=_("Listening parties"), text=joined(lines), controls=(*buttons, plan))


def _one_line(value: Value) -> str:
    return " ".join(str(value or "").split())


def taken_by(title: str) -> Words:
    """What to tell when another party stands in the same channel."""
    return _(
        "“{title}” stands in the same channel at that time. Choose another channel, or six hours between the two.",
        title=escape(title),
    )


def _locked(ctx: Context, tx: Tx, party_id: object, states: Sequence[str]) -> Party:
    party = lock(tx, ctx.community_id, party_id)
    if party is None:
        raise Refused(_("This party is gone."))
    if party.state not in states:
        raise Refused(_("That can't be done any more: the party has gone on meanwhile. `/hall parties` shows it."))
    return party


def _acted(ctx: Context, tx: Tx, party: Party, kind: str) -> None:
    note_guests(tx, [(party.community_id, party.id, ctx.account(tx))], tx.now)
    ctx.participate(tx, kind, activity_id=party.live_id or party.announced_id)
