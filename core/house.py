"""The core's own commands: arriving in a space, setting it up, joining it to a community, and help.

It is a plugin like the others, so that nothing here needs a way of its own. A space gets its community once, here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col

from core.action import Action
from core.bot import Address, ChannelInfo, SendError
from core.codes import clean, new_code, shown
from core.context import Context, Settlement
from core.event import Installed, Removed
from core.form import FieldKind, Form, FormField, Value
from core.kept import INSTALLED_BY
from core.logs import Logger
from core.message import Audience, Button, ButtonStyle, Control, Message, Option
from core.places import Place
from core.plugin import Answer, FormErrors, Plugin, command, form, on, submit
from core.rights import Right
from core.settling import Choices, CodeError, guess_zone, settle, unknown_zone
from core.texts import Domain, Phrase, Words, language_name
from core.zones import UnknownZone, zone
from storage.tables import Delivery, JoinCode, Space, SpaceRoute
from storage.tx import Tx

logger = Logger(__name__)

_ = Domain("core")

CODE_LIVES = timedelta(hours=24)
FOR_MANAGERS = frozenset({"join", "setup"})
"""Commands that work before there is a community check for themselves who may; help lists them to managers."""


class House(Plugin):
    """Arrival, set-up, help."""

    name = "core"
    code = "hk"
    title = _("hallkeeper")
    locale = Path(__file__).parent / "locale"
    keeps = (
        _("Your account's id on this platform, encrypted, so that your answers are yours; never your name."),
        _("What you did and when, under a pseudonym: no words, only that you answered, pressed or reacted."),
    )

    # -- coming and going ----------------------------------------------------------------------------------------
    @on(Installed)
    async def installed(self, ctx: Context, event: Installed, _activity: None) -> None:
        """The bot is in a space: remember it, bring it back if it was there before, greet if it is new."""
        platform, external_id, now = event.where.platform, event.where.space, ctx.now
        vault = ctx.hall.store.vault

        def unit(tx: Tx) -> tuple[bool, UUID]:
            by = vault.seal(event.who.external_id.encode(), INSTALLED_BY) if event.who else None
            fresh = SpaceRoute(
                platform=platform,
                external_id=external_id,
                space_id=tx.new_id(),
                name=event.name,
                installed_by=by,
                created_at=now,
            )
            if tx.add_if_new(fresh):
                return True, fresh.space_id or tx.new_id()
            here = (col(SpaceRoute.platform) == platform, col(SpaceRoute.external_id) == external_id)
            row = tx.execute(
                select(col(SpaceRoute.community_id), col(SpaceRoute.space_id), col(SpaceRoute.removed_at)).where(
                    *here
                )
            ).one()
            if row.removed_at is not None:
                tx.execute(update(SpaceRoute).where(*here).values(removed_at=None))
                _set_removed(tx, row.community_id, row.space_id, None)
            return row.removed_at is not None and row.community_id is None, row.space_id

        greet, space_id = await ctx.write(unit)
        ctx.hall.places.changed()
        if greet:
            await self._greet(ctx, event, space_id)

    @on(Removed)
    async def removed(self, ctx: Context, event: Removed, _activity: None) -> None:
        """The bot is out: nothing more is owed to this space until it comes back."""
        platform, external_id, now = event.where.platform, event.where.space, ctx.now

        def unit(tx: Tx) -> None:
            row = tx.execute(
                update(SpaceRoute)
                .where(col(SpaceRoute.platform) == platform, col(SpaceRoute.external_id) == external_id)
                .values(removed_at=now)
                .returning(col(SpaceRoute.community_id), col(SpaceRoute.space_id))
            ).first()
            if row is None or row.community_id is None:
                return
            _set_removed(tx, row.community_id, row.space_id, now)
            tx.execute(
                update(Delivery)
                .where(
                    col(Delivery.community_id) == row.community_id,
                    col(Delivery.space_id) == row.space_id,
                    col(Delivery.state) == "pending",
                )
                .values(state="cancelled")
            )

        await ctx.write(unit)
        ctx.hall.places.changed()

    async def _greet(self, ctx: Context, event: Installed, space_id: UUID) -> None:
        """Say hello to whoever added the bot in private, else in a channel. Best effort: ``/hall setup`` is there."""
        bot = ctx.hall.bots[event.where.platform]
        language = ctx.hall.language_of(event.who) if event.who else ctx.hall.catalogues.nearest(event.language)
        start = Button(_("Set me up"), Action(self.code, "setup", (space_id,)), form=True, style=ButtonStyle.PRIMARY)
        hello = Message(
            title=_("Hello from hallkeeper"),
            text=_(
                "I keep your hall talking: a question a day, and you see who takes part. Choose a language, a time "
                "zone and a channel, and the first question can go out at once. Only managers can do this."
            ),
            controls=(start,),
        ).spoken(lambda words: ctx.say(words, language))
        addresses = []
        if event.who is not None:
            addresses.append(Address(space=event.where.space, member=event.who.external_id))
        if event.where.channel:
            addresses.append(Address(space=event.where.space, channel=event.where.channel))
        else:
            try:
                channels = await bot.channels(event.where.space)
            except SendError:
                channels = ()
            first = [channel.external_id for channel in channels if channel.writable][:1]
            addresses += [Address(space=event.where.space, channel=channel) for channel in first]
        for number, address in enumerate(addresses):
            try:
                await bot.send(address, hello, key=f"hello{number}{space_id.hex[-18:]}")
            except SendError:
                continue
            return
        logger.info("nobody could be greeted", platform=event.where.platform)

    # -- help ----------------------------------------------------------------------------------------------------
    @command("help", _("What I can do here"), takes_text=True, anywhere=True)
    async def help(self, ctx: Context, _text: str) -> Answer:
        """What this member may do here."""
        right = await ctx.hall.right(ctx.place, ctx.who)
        if not ctx.place.external_id:  # in private, where whoever pressed something elsewhere says hello first
            return Message(
                text=_(
                    "Hello! Here I answer you alone. Go back and press there once more, or write `/hall help` there."
                )
            )
        if ctx.place.community_id is None:
            if right < Right.MANAGE:
                return Message(text=_("I am not set up here yet. A manager can start with `/hall setup`."))
            return await self._start_here(ctx)
        lines = [
            f"- `/hall {name}` · {ctx.say(route.command.title)}"
            for name, route in sorted(ctx.hall.routes.commands.items())
            if route.command is not None
            and route.command.right <= right
            and (right >= Right.MANAGE or name not in FOR_MANAGERS)
        ]
        return Message(title=_("What you can do here"), text="\n".join(lines))

    async def _start_here(self, ctx: Context) -> Message:
        action = Action(self.code, "setup", (await self._space_id(ctx),))
        start = Button(_("Set me up"), action, form=True, style=ButtonStyle.PRIMARY)
        return Message(text=_("I am not set up here yet. It takes a minute."), controls=(start,))

    # -- set-up --------------------------------------------------------------------------------------------------
    @command("setup", _("Choose language, time zone and channel"), form=True, anywhere=True)
    async def setup(self, ctx: Context, _text: str) -> Answer:
        """Open the set-up form."""
        if not ctx.place.external_id:
            return Message(text=_("Please use `/hall setup` in the space that I should look after."))
        return await self.setup_form(ctx, Action(self.code, "setup", (await self._space_id(ctx),)))

    @form("setup", anywhere=True)
    async def setup_form(self, ctx: Context, action: Action) -> Form | Message:
        """The set-up form of a space, whoever may manage it."""
        found = await self._manageable(ctx, action)
        if isinstance(found, Message):
            return found
        here = await ctx.hall.places.of_space(found.platform, found.external_id)
        language = here.language if here.community_id else ctx.hall.catalogues.nearest(ctx.who.locale)
        fields = [
            FormField(
                FieldKind.CHOICE,
                "language",
                _("Language of my posts"),
                value=(language,),
                options=tuple(Option(tag, language_name(tag)) for tag in ctx.hall.catalogues.languages),
            ),
            FormField(
                FieldKind.TEXT,
                "zone",
                _("Time zone"),
                hint=_("A city will do, for example Berlin or America/New_York"),
                value=here.time_zone if here.community_id else guess_zone(ctx.who.locale),
                maximum=64,
            ),
        ]
        channels = await ctx.channels(Place(found.platform, found.external_id))
        if len(channels) > 1:
            at_hand = [one.external_id for one in channels if one.external_id == ctx.event.where.channel]
            fields.append(
                FormField(
                    FieldKind.CHOICE,
                    "channel",
                    _("Where my posts go"),
                    value=(at_hand or [channels[0].external_id])[0],
                    options=tuple(Option(one.external_id, f"#{one.name}"[:75]) for one in channels),
                )
            )
        if here.community_id is None:
            fields.append(
                FormField(
                    FieldKind.TEXT,
                    "code",
                    _("Join code, if you have one"),
                    required=False,
                    hint=_("From /hall code in another space of the same community"),
                    maximum=20,
                )
            )
        return Form(action, _("Set up hallkeeper"), tuple(fields), submit=_("Save"))

    @submit("setup", anywhere=True)
    async def set_up(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Make the community, or join one, and let every plugin make its start."""
        found = await self._manageable(ctx, action)
        if isinstance(found, Message):
            return found
        try:
            time_zone = zone(str(values["zone"])).key
        except UnknownZone as error:
            return FormErrors({"zone": unknown_zone(error)})
        channels = await ctx.channels(Place(found.platform, found.external_id))
        chosen = values.get("channel")
        wanted = chosen[0] if isinstance(chosen, tuple) else channels[0].external_id if channels else ""
        channel = next((one for one in channels if one.external_id == wanted), None)
        if channel is None:
            return Message(text=_("I can't post in any channel here. Let me write in one, then try again."))
        language = values["language"]
        choices = Choices(
            language=language[0] if isinstance(language, tuple) else "en",
            time_zone=time_zone,
            channel=channel,
            code=clean(str(values.get("code") or "")),
        )
        try:
            return await self._settle(ctx, found, choices)
        except CodeError:
            return FormErrors({"code": wrong_code()})

    @command("join", _("Join this space to a community by a code"), takes_text=True, anywhere=True)
    async def join(self, ctx: Context, text: str) -> Answer:
        """Join this space to a community; posts go to the channel that it was said in."""
        if not ctx.place.external_id or ctx.event.where.private:
            return Message(text=_("Please use `/hall join` in the channel that my posts should go to."))
        if not clean(text):
            return Message(text=_("Write the code behind it: `/hall join ABCD-EFGH`. `/hall code` makes one."))
        found = await self._manageable(ctx, Action(self.code, "setup", (await self._space_id(ctx),)))
        if isinstance(found, Message):
            return found
        if ctx.place.community_id is not None:
            return Message(text=_("This space already belongs to a community."))
        channels = await ctx.channels(Place(found.platform, found.external_id))
        at_hand = ctx.event.where.channel
        channel = next((one for one in channels if one.external_id == at_hand), ChannelInfo(at_hand, ""))
        try:
            return await self._settle(ctx, found, Choices("", "", channel, clean(text)))
        except CodeError:
            return Message(text=wrong_code())

    @command("code", _("A code that joins another space to this community"), right=Right.MANAGE)
    async def new_code(self, ctx: Context, _text: str) -> Answer:
        """Make a join code: good once, for a day, kept as a hash."""
        code = new_code()
        hashed = bytes(ctx.hall.store.vault.lookup(f"join:{code}"))
        row = JoinCode(code_hash=hashed, community_id=ctx.community_id, expires_at=ctx.now + CODE_LIVES)
        await ctx.write(lambda tx: tx.add(row))
        return Message(
            text=_(
                "`{code}` joins one more space to this community, within a day. In that space's channel: "
                "`/hall join {code}`",
                code=shown(code),
            ),
            secret=True,
        )

    @command("page", _("A link to the manager's page"), right=Right.MANAGE)
    async def page(self, ctx: Context, _text: str) -> Answer:
        """A link that signs this manager in, once."""
        link = ctx.hall.page_link
        if link is None:
            return Message(text=_("There is no page here: whoever runs this bot has switched it off."))
        return Message(
            text=_("Your page. The link is for you alone, good once and for ten minutes."),
            controls=(
                Button(_("Open the page"), url=link(ctx.community_id, ctx.place, ctx.who), style=ButtonStyle.PRIMARY),
            ),
            secret=True,
        )

    # -- parts ---------------------------------------------------------------------------------------------------
    async def _space_id(self, ctx: Context) -> UUID:
        """The id of the space at hand, remembered now if its arrival was missed."""
        platform, external_id, now = ctx.place.platform, ctx.place.external_id, ctx.now

        def unit(tx: Tx) -> UUID:
            fresh = SpaceRoute(platform=platform, external_id=external_id, space_id=tx.new_id(), created_at=now)
            if tx.add_if_new(fresh) and fresh.space_id is not None:
                return fresh.space_id
            here = (col(SpaceRoute.platform) == platform, col(SpaceRoute.external_id) == external_id)
            space_id: UUID = tx.scalar(select(col(SpaceRoute.space_id)).where(*here))
            return space_id

        return await ctx.hall.store.write(unit)

    async def _manageable(self, ctx: Context, action: Action) -> SpaceRoute | Message:
        """The space that an action is about, if whoever acts may manage it; else what to tell them."""
        gone = Message(text=_("That space is gone. Add me again, then use `/hall setup`."), audience=Audience.MEMBER)
        if len(action.args) != 1 or not isinstance(action.args[0], UUID):
            return gone
        async with ctx.session() as session:
            route = await session.scalar(select(SpaceRoute).where(col(SpaceRoute.space_id) == action.args[0]))
        if route is None or route.removed_at is not None or route.platform != ctx.who.platform:
            return gone
        place = await ctx.hall.places.of_space(route.platform, route.external_id)
        if await ctx.hall.right(replace(place, external_id=route.external_id), ctx.who) < Right.MANAGE:
            return Message(text=_("Only those who manage this space can set me up. Ask one of them."))
        return route

    async def _settle(self, ctx: Context, route: SpaceRoute, choices: Choices) -> Message:
        now, hall = ctx.now, ctx.hall
        hashed = bytes(hall.store.vault.lookup(f"join:{choices.code}"))

        def unit(tx: Tx) -> tuple[list[Message], Settlement]:
            settlement = settle(tx, route, choices, hashed, ctx.account(tx))
            told = [message for plugin in hall.routes.plugins if (message := plugin.settle(tx, settlement))]
            return told, settlement

        told, settlement = await ctx.write(unit)
        hall.places.changed()
        if settlement.first:
            said: Words = _(
                "This community speaks {language} and lives in {zone}. To join its other spaces: `/hall code`.",
                language=language_name(settlement.language),
                zone=settlement.time_zone,
            )
        else:
            said = _("This space is part of the community now: what is asked in all of it is counted as one.")
        parts = [ctx.say(said), *(ctx.say(message.text) for message in told)]
        controls: tuple[Control, ...] = tuple(control for message in told for control in message.controls)
        logger.info("a space was set up", platform=route.platform, first=settlement.first, at=now.isoformat())
        return Message(title=_("All set"), text="\n\n".join(parts), controls=controls)


def _set_removed(tx: Tx, community_id: UUID | None, space_id: UUID, removed_at: object) -> None:
    if community_id is not None:
        tx.execute(
            update(Space)
            .where(col(Space.community_id) == community_id, col(Space.id) == space_id)
            .values(removed_at=removed_at)
        )


def wrong_code() -> Phrase:
    """What to tell somebody whose join code does nothing."""
    return _("That code is wrong, used or older than a day. Ask for a new one: `/hall code`.")
