"""A plugin that does what the tests of the hall ask for, and notes what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.action import Action
from core.activity import Activity, NewActivity, Target, open_activity, open_all, touch_card
from core.alarms import Ring
from core.context import Context, Settlement
from core.deciding import Request
from core.event import Deleted, Joined, Replied
from core.form import FieldKind, Form, FormField, Value
from core.message import Button, Message
from core.once import Once
from core.plugin import Answer, FormErrors, Plugin, choose, command, form, on, press, submit
from core.rights import Right
from core.schedule import Due
from core.texts import Domain
from storage.tx import Tx

_ = Domain("probe")

CODE = "pb"


class Probe(Plugin):
    """A few acts that go well and many that do not."""

    name = "probe"
    code = CODE
    title = _("Probe")

    def __init__(self) -> None:
        super().__init__()
        self.settlements: list[Settlement] = []
        self.heard: list[object] = []
        self.planned: list[Due] = []
        self.rung: list[Ring] = []
        self.deaf: set[str] = set()
        self.shared: list[int] = []
        self.submitted: list[Mapping[str, Value]] = []
        self.state = 0
        self.rendered = 0
        self.go = asyncio.Event()

    def settle(self, tx: Tx, settlement: Settlement) -> Message | None:
        self.settlements.append(settlement)
        return None

    def targets(self, community_id: UUID) -> list[Target]:
        """The channels that a community was set up with."""
        here = (one for one in self.settlements if one.community_id == community_id)
        return [Target(one.space_id, one.channel_id, "fake") for one in here]

    def ring(self, tx: Tx, rings: Sequence[Ring]) -> None:
        if any(ring.name in self.deaf for ring in rings):
            raise RuntimeError("deaf")
        self.rung += rings

    # -- presses ------------------------------------------------------------------------------------------
    @press("act")
    async def act(self, ctx: Context, _action: Action) -> Answer:
        await ctx.write(lambda tx: ctx.participate(tx, "act"))
        return Message(text=_("Done, {who}.", who=ctx.who.name), controls=(Button(_("Again"), ctx.action("act")),))

    @press("want")
    async def want(self, ctx: Context, action: Action) -> Answer:
        """There are two."""
        got = await ctx.decide(self.share_out, action.args[0] if action.args else None)
        return Message(text=_("Yours.") if got else _("Gone."))

    def share_out(self, tx: Tx, requests: Sequence[Request]) -> list[bool]:
        self.shared.append(len(requests))
        if any(request.said == 7 for request in requests):
            raise RuntimeError("seven")
        given: int = tx.scalar("SELECT count(*) FROM participation WHERE kind = 'got'")
        got = [given + number < 2 for number in range(len(requests))]
        tx.participate_all([one.act("got" if yes else "missed") for one, yes in zip(requests, got, strict=True)])
        return got

    @press("once")
    async def once(self, ctx: Context, _action: Action) -> Answer:
        """One a person, of this community."""
        return Message(text=_("Yours.") if await ctx.decide(self.give_once) else _("You have one."))

    def give_once(self, tx: Tx, requests: Sequence[Request]) -> list[bool]:
        self.shared.append(len(requests))
        community_id = requests[0].community_id
        once, given = Once(tx, community_id, community_id, requests), []
        for request in requests:
            given.append(once.had(request) is None)
            if given[-1]:
                once.note(request, request.member_id)
        once.write()
        tx.participate_all([one.act("got") for one, yes in zip(requests, given, strict=True) if yes])
        return given

    @press("boom")
    async def boom(self, ctx: Context, _action: Action) -> Answer:
        def unit(tx: Tx) -> None:
            ctx.participate(tx, "boom")
            open_activity(tx, community_id=ctx.community_id, plugin=CODE, now=ctx.now)
            raise RuntimeError("the fuse of the probe")

        await ctx.write(unit)
        return None

    @press("twice")
    async def twice(self, ctx: Context, _action: Action) -> Answer:
        await ctx.write(lambda tx: ctx.participate(tx, "once"))
        await ctx.write(lambda tx: ctx.participate(tx, "twice"))
        return None

    @press("slow")
    async def slow(self, ctx: Context, _action: Action) -> Answer:
        await self.go.wait()
        return Message(text="At last")

    @press("manage", right=Right.MANAGE)
    async def manage(self, ctx: Context, _action: Action) -> Answer:
        return Message(text="Managed")

    @press("owe")
    async def owe(self, ctx: Context, _action: Action) -> Answer:
        def unit(tx: Tx) -> UUID:
            targets = self.targets(ctx.community_id)
            return open_activity(tx, community_id=ctx.community_id, plugin=CODE, now=ctx.now, targets=targets)

        return Message(text=(await ctx.write(unit)).hex)

    @press("touch")
    async def touch(self, ctx: Context, action: Action) -> Answer:
        activity = await ctx.activity(action.args[0] if action.args else None)
        if activity is None:
            return Message(text="Gone")
        self.state += 1
        await ctx.write(lambda tx: touch_card(tx, ctx.community_id, activity.id))
        return None

    # -- forms and choices ------------------------------------------------------------------------------------------
    @command("probe", _("Ask"), form=True)
    async def ask_command(self, ctx: Context, _text: str) -> Answer:
        return await self.ask_form(ctx, ctx.action("ask"))

    @form("ask")
    async def ask_form(self, ctx: Context, action: Action) -> Form:
        fields = (
            FormField(FieldKind.NUMBER, "n", _("How many"), minimum=1, maximum=20),
            FormField(FieldKind.LONG, "why", _("Why"), required=False, maximum=100),
        )
        return Form(action, _("Ask"), fields)

    @submit("ask")
    async def asked(self, ctx: Context, _action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        if values["n"] == 13:
            return FormErrors({"n": _("Not that one.")})
        if values["n"] == 7:
            return await self.ask_form(ctx, ctx.action("ask", 2))
        if values["n"] == 5:
            return await self.want(ctx, ctx.action("want"))
        self.submitted.append(values)
        await ctx.write(lambda tx: ctx.participate(tx, "asked", conversation=True))
        return Message(text="Kept")

    @choose("pick")
    async def pick(self, ctx: Context, _action: Action, values: tuple[str, ...]) -> Answer:
        await ctx.write(lambda tx: ctx.participate(tx, "pick"))
        return Message(text=", ".join(values))

    # -- what just happens ------------------------------------------------------------------------------------------
    @on(Joined)
    async def joined(self, ctx: Context, event: Joined, _activity: None) -> Answer:
        await ctx.write(lambda tx: ctx.participate(tx, "join"))
        return None

    @on(Deleted)
    async def deleted(self, ctx: Context, event: Deleted, _activity: None) -> Answer:
        self.heard.append(event)
        await ctx.write(lambda tx: None)
        return None

    @on(Replied)
    async def replied(self, ctx: Context, event: Replied, activity: Activity) -> Answer:
        self.heard.append((event.text, activity.id))
        return None

    async def card(self, session: AsyncSession, activity: Activity) -> Message | None:
        self.rendered += 1
        return Message(text=f"State {self.state}")

    def due(self, tx: Tx, dues: Sequence[Due]) -> None:
        new = [
            NewActivity(
                due.community_id,
                {},
                self.targets(due.community_id),
                due.schedule_id,
                due.slot.isoformat(),
                due.expires_at,
            )
            for due in dues
        ]
        open_all(tx, CODE, new, dues[0].now)
        self.planned.extend(dues)
