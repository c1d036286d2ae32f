"""The plugin itself: what hosts and members do at a listening party."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.action import Action
from core.activity import Activity
from core.alarms import Ring
from core.context import Context, Owner, Viewer
from core.event import Left
from core.files import Desk, File
from core.form import FieldKind, Form, FormField, Value
from core.markup import escape
from core.message import Button, ButtonStyle, Message
from core.plugin import Answer, FormErrors, Plugin, command, download, form, on, press, submit, upload
from core.rights import Right
from core.texts import Domain, Words
from plugins.listening_parties import clock, desk, exported, host_list, line, pages, seats, votes
from plugins.listening_parties.cards import card
from plugins.listening_parties.lines import MAX_WORDS, Wrong, entry
from plugins.listening_parties.links import MAX_LINK
from plugins.listening_parties.party import CODE, lock_all, of_track
from plugins.listening_parties.tables import (
    PREFIX,
    Coming,
    Dj,
    Guest,
    Party,
    PartyChannel,
    Track,
    Vote,
)
from storage.people import WHO
from storage.tx import Tx

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("listening_parties")


class ListeningParties(Plugin):
    """Listening together."""

    name = "listening_parties"
    code = CODE
    title = _("Listening parties")
    prefix = PREFIX
    tables = (Party, PartyChannel, Guest, Coming, Dj, Track, Vote)
    migrations = Path(__file__).parent / "migrations"
    locale = Path(__file__).parent / "locale"
    keeps = (
        _(
            "At listening parties: that you come, how you voted, and when you last did something there, until a week "
            "after."
        ),
        _(
            "When you take a seat in a booth: your name as it is shown with your tracks, and the tracks that you "
            "add, encrypted. Tracks that were played stay without your name when you erase yours."
        ),
        _("That you planned a party."),
    )
    personal = (Party, Guest, Coming, Dj, Track, Vote)

    # -- hosts -----------------------------------------------------------------------------------------------------
    @command("party", _("Plan a listening party"), right=Right.HOST, form=True)
    async def party(self, ctx: Context, _text: str) -> Answer:
        """Open the form of a new party."""
        return await desk.plan_form(ctx, ctx.action("plan"))

    @form("plan", right=Right.HOST)
    async def plan_form(self, ctx: Context, action: Action) -> Form | Message:
        """The form of a party."""
        return await desk.plan_form(ctx, action)

    @submit("plan", right=Right.HOST)
    async def plan(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Keep it, and show it as members will see it."""
        return await desk.take_plan(ctx, action, values)

    @form("where", right=Right.HOST)
    async def where_form(self, ctx: Context, action: Action) -> Form | Message:
        """The form of its channels."""
        return await desk.where_form(ctx, action)

    @submit("where", right=Right.HOST)
    async def where(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer:
        """Keep them."""
        return await desk.take_where(ctx, action, values)

    @command("parties", _("What parties are planned and running"), right=Right.HOST)
    async def parties(self, ctx: Context, _text: str) -> Answer:
        """What is planned and what runs."""
        return await desk.listed(ctx)

    @press("desk", right=Right.HOST)
    async def desk(self, ctx: Context, action: Action) -> Answer:
        """One party, with what can be done about it."""
        found = await desk.find(ctx, action)
        return await desk.show(ctx, found) if found else Message(text=_("This party is gone."))

    @press("post", right=Right.HOST)
    async def announce(self, ctx: Context, action: Action) -> Answer:
        """Announce it."""
        return await self._led(ctx, lambda tx: desk.announce(ctx, tx, _first(action)), _("Announced."))

    @press("start", right=Right.HOST)
    async def start(self, ctx: Context, action: Action) -> Answer:
        """Begin now."""
        return await self._led(ctx, lambda tx: desk.start(ctx, tx, _first(action)), _("It begins."))

    @press("skip", right=Right.HOST)
    async def skip(self, ctx: Context, action: Action) -> Answer:
        """Skip the track that the button names."""
        track_id = _first(action)

        def unit(tx: Tx) -> None:
            party_id = tx.scalar(of_track(ctx.community_id, track_id)) if isinstance(track_id, UUID) else None
            desk.skip(ctx, tx, party_id, track_id)

        return await self._led(ctx, unit, _("Skipped."))

    @press("end", right=Right.HOST)
    async def end(self, ctx: Context, action: Action) -> Answer:
        """End it, when it was asked for twice."""
        party_id = _first(action)
        if len(action.args) < 2 and isinstance(party_id, UUID):
            sure = Button(_("End the party"), ctx.action("end", party_id, 1), style=ButtonStyle.DANGER)
            return Message(text=_("The music stops and the recap is posted. Sure?"), controls=(sure,))
        return await self._led(ctx, lambda tx: desk.end(ctx, tx, party_id), _("The party is over."))

    @press("drop", right=Right.HOST)
    async def drop(self, ctx: Context, action: Action) -> Answer:
        """Delete it, or call it off."""
        return await self._led(ctx, lambda tx: desk.drop(ctx, tx, _first(action)), _("It does not take place."))

    @form("move", right=Right.HOST)
    async def move_form(self, ctx: Context, action: Action) -> Form | Message:
        """Which track, and where to."""
        return await host_list.move_form(ctx, action)

    @submit("move", right=Right.HOST)
    async def move(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer:
        """Move it."""
        return await host_list.move(ctx, action, values)

    @press("recap", right=Right.HOST)
    async def recap(self, ctx: Context, action: Action) -> Answer:
        """The recap, in words."""
        return await host_list.recap_again(ctx, action)

    # -- the clock -------------------------------------------------------------------------------------------------
    def ring(self, tx: Tx, rings: Sequence[Ring]) -> None:
        """Parties have something to do: bring each up to this moment."""
        clock.move_all(tx, lock_all(tx, [(one.community_id, one.activity_id) for one in rings]), rings[0].now)

    async def card(self, session: AsyncSession, activity: Activity) -> Message | None:
        """A party's post."""
        return await card(session, activity)

    def label(self, data: Mapping[str, Any]) -> Words:
        """The party's title."""
        return escape(str(data.get("title", "")))

    # -- members ---------------------------------------------------------------------------------------------------
    @press("rsvp")
    async def rsvp(self, ctx: Context, action: Action) -> Answer:
        """Say that one comes, or take it back."""
        try:
            coming = await ctx.write(lambda tx: seats.come(ctx, tx, _first(action)))
        except seats.NotOn:
            return not_on()
        except seats.Begun:
            return Message(text=_("It has begun! Look further down for what plays now."))
        if coming:
            return Message(text=_("See you there! A post here reminds you shortly before. Press again if you can't."))
        return Message(text=_("All right, you are not counted any more."))

    @press("join")
    async def join(self, ctx: Context, action: Action) -> Answer:
        """Take a seat, or a place in the line."""
        try:
            joined = await ctx.write(lambda tx: seats.join(ctx, tx, _first(action)))
        except seats.NotOn:
            return not_on()
        return line.welcome(ctx, joined)

    @press("leave")
    async def leave(self, ctx: Context, action: Action) -> Answer:
        """Step down."""
        try:
            was_in = await ctx.write(lambda tx: seats.step_down(ctx, tx, _first(action)))
        except seats.NotOn:
            return not_on()
        if not was_in:
            return Message(text=_("You are not in the booth."))
        return Message(text=_("You stepped down. Your tracks wait no more; they come back when you join again."))

    @press("line")
    async def line(self, ctx: Context, action: Action) -> Answer:
        """Who is in the booth and what comes."""
        return await line.line(ctx, _first(action))

    @form("add")
    async def add_form(self, ctx: Context, action: Action) -> Form | Message:
        """The form of a track."""
        if not await line.takes_tracks(ctx, _first(action)):
            return not_on()
        fields = (
            FormField(FieldKind.TEXT, "title", _("Title"), maximum=MAX_WORDS),
            FormField(FieldKind.TEXT, "artist", _("Artist"), required=False, maximum=MAX_WORDS),
            FormField(FieldKind.TEXT, "length", _("Length"), hint=_("Minutes and seconds, 3:45"), maximum=10),
            FormField(FieldKind.TEXT, "link", _("Link"), required=False, maximum=MAX_LINK),
        )
        return Form(action, _("A track for the party"), fields, submit=_("Add"))

    @submit("add")
    async def add(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Add it."""
        parts = (str(values[name] or "") for name in ("artist", "title", "length", "link"))
        try:
            one = entry(*parts)
        except Wrong as error:
            return FormErrors({error.field: error.words})
        try:
            added = await ctx.write(lambda tx: seats.add(ctx, tx, _first(action), [one]))
        except seats.NotOn:
            return not_on()
        return line.added(ctx, added)

    @form("paste")
    async def paste_form(self, ctx: Context, action: Action) -> Form | Message:
        """The form of several tracks."""
        if not await line.takes_tracks(ctx, _first(action)):
            return not_on()
        return line.paste_form(action)

    @submit("paste")
    async def paste(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Add those that are tracks; the others stay in the form."""
        return await line.paste(ctx, action, str(values["lines"]))

    @press("up")
    async def up(self, ctx: Context, action: Action) -> Answer:
        """More of this."""
        return await self._vote(ctx, action, up=True)

    @press("down")
    async def down(self, ctx: Context, action: Action) -> Answer:
        """Less of this."""
        return await self._vote(ctx, action, up=False)

    @on(Left)
    async def left(self, ctx: Context, event: Left, _activity: None) -> Answer:
        """Who leaves a space leaves the booth."""
        who = ctx.acting
        found = await ctx.hall.store.rows(WHO, **who)
        if found:
            account_id = found[0][0]
            await ctx.write(lambda tx: seats.left(tx, ctx.community_id, ctx.space_id, account_id))
        return None

    # -- the manager's page ----------------------------------------------------------------------------------------
    async def overview(self, session: AsyncSession, viewer: Viewer) -> Sequence[Message]:
        """Parties with their files."""
        return await pages.overview(session, viewer)

    @download("list")
    async def playlist(self, session: AsyncSession, viewer: Viewer, action: Action) -> File | None:
        """The playlist of a party as M3U."""
        return await pages.m3u(session, viewer, _first(action))

    @download("table")
    async def table(self, session: AsyncSession, viewer: Viewer, action: Action) -> File | None:
        """Its tracks with their votes as CSV."""
        return await pages.table(session, viewer, _first(action))

    @download("image")
    async def image(self, session: AsyncSession, viewer: Viewer, action: Action) -> File | None:
        """The picture of its recap."""
        return await pages.image(session, viewer, _first(action))

    @upload("house")
    async def house(self, at: Desk, action: Action, file: File) -> Message:
        """Tracks for the house's own list."""
        return await pages.house(at, _first(action), file)

    # -- privacy ---------------------------------------------------------------------------------------------------
    async def export(self, session: AsyncSession, owner: Owner) -> dict[str, Any]:
        """What a member did at parties."""
        return await exported.exported(session, owner)

    def forget(self, tx: Tx, owner: Owner) -> None:
        """Erase it. What was played stays, as nobody's."""
        exported.forget(tx, owner)

    # -- parts -----------------------------------------------------------------------------------------------------
    async def _led(self, ctx: Context, unit: Callable[[Tx], Any], done: Words) -> Message:
        """Do what a host wants, and say so, or why not."""
        try:
            await ctx.write(unit)
        except desk.Refused as error:
            return Message(text=error.words)
        return Message(text=done)

    async def _vote(self, ctx: Context, action: Action, *, up: bool) -> Message:
        track_id = _first(action)
        told = votes.Told.UNKNOWN
        if isinstance(track_id, UUID):
            told = await ctx.decide(votes.decide, votes.Said(track_id, up))
        return Message(text=_told(told, up=up))


def not_on() -> Message:
    """What to tell about a party that takes nothing more."""
    return Message(text=_("This party is over, or it was called off."))


def _first(action: Action) -> UUID | int | None:
    return action.args[0] if action.args else None


def _told(told: votes.Told, *, up: bool) -> Words:
    match told:
        case votes.Told.COUNTED:
            return _("👍 counted.") if up else _("👎 counted.")
        case votes.Told.CHANGED:
            return _("Changed to 👍.") if up else _("Changed to 👎.")
        case votes.Told.SAME:
            return _("Your 👍 counts already.") if up else _("Your 👎 counts already.")
        case votes.Told.SKIPPED:
            return _("Counted, and on we go: most of those here wanted another track.")
        case votes.Told.EARLY:
            return _("It has not begun yet. Listen first!")
        case votes.Told.OVER:
            return _("That track is over, so this vote came too late.")
        case _:
            return _("This party is over, or it was called off.")
