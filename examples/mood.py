"""Mood check: a plugin in one file. ``/hall mood`` asks a channel how it is; members press, or fill in a form.

Run it with ``plugins = ["question_of_the_day", "./examples/mood.py"]``; docs/guides/plugin.md walks through it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from core.action import Action
from core.activity import Activity, Target, open_activity, touch_card
from core.context import Context, Owner
from core.form import FieldKind, Form, FormField, Value
from core.message import Button, ButtonStyle, Message, Option, Pair
from core.plugin import Answer, FormErrors, Plugin, command, form, press, submit
from core.rights import Right
from core.settling import channel_for
from core.texts import Domain
from storage.tables import Activity as ActivityRow
from storage.tx import Tx

_ = Domain("mood")

MOODS = (_("🙂 Good"), _("😐 So-so"), _("🙁 Rough"))
"""What a member can say with one press. A button carries the place in this list, so append only."""


class Mood(Plugin):
    """How is everybody?"""

    name = "mood"
    code = "mo"
    title = _("Mood check")
    locale = Path(__file__).parent / "locale"
    keeps = (_("Your newest mood and energy in each mood check, under a pseudonym."),)

    # -- whoever asks ----------------------------------------------------------------------------------------------
    @command("mood", _("Ask this channel how it is"), right=Right.MANAGE)
    async def ask(self, ctx: Context, _text: str) -> Answer:
        """Owe the card to the channel that the command was said in."""
        here = next((one for one in await ctx.channels() if one.external_id == ctx.event.where.channel), None)
        if here is None:
            return Message(text=_("Please ask in a channel that I may write in."))

        def unit(tx: Tx) -> None:
            channel = channel_for(tx, ctx.community_id, ctx.space_id, here)
            open_activity(
                tx,
                community_id=ctx.community_id,
                plugin=self.code,
                now=ctx.now,
                data={"moods": {}},
                targets=[Target(ctx.space_id, channel, ctx.place.platform)],
            )

        await ctx.write(unit)
        return Message(text=_("On its way."))

    async def card(self, session: AsyncSession, activity: Activity) -> Message:
        """The question with its counts, made anew after every answer."""
        moods = activity.data["moods"].values()
        counts = Counter(mood for mood, _energy in moods)
        energies = [energy for _mood, energy in moods if energy is not None]
        text = _("Press what fits. I show how many, never who.")
        if energies:
            text = _("Energy: {mean} of 10.", mean=f"{sum(energies) / len(energies):.1f}")
        feel = [
            Button(label, Action(self.code, "feel", (activity.id, number), activity.community_id))
            for number, label in enumerate(MOODS)
        ]
        more = Action(self.code, "more", (activity.id,), activity.community_id)
        return Message(
            title=_("How are you today?"),
            text=text,
            fields=tuple(Pair(label, str(counts[number])) for number, label in enumerate(MOODS)),
            controls=(*feel, Button(_("Say more"), more, form=True, style=ButtonStyle.PRIMARY)),
        )

    # -- members ---------------------------------------------------------------------------------------------------
    @press("feel")
    async def feel(self, ctx: Context, action: Action) -> Answer:
        """One press. It is a claim by a client, so what it carries is looked at again."""
        match action.args:
            case (UUID() as activity, int() as mood) if mood < len(MOODS):
                return await self._note(ctx, activity, mood, None)
        return Message(text=_("This mood check is over."))

    @form("more")
    async def more_form(self, ctx: Context, action: Action) -> Form | Message:
        """The form behind "Say more"."""
        if await ctx.activity(action.args[0] if action.args else None) is None:
            return Message(text=_("This mood check is over."))
        options = tuple(Option(str(number), label) for number, label in enumerate(MOODS))
        fields = (
            FormField(FieldKind.CHOICE, "mood", _("How are you?"), options=options),
            FormField(FieldKind.NUMBER, "energy", _("Energy, 1 to 10"), required=False, minimum=1, maximum=10),
        )
        return Form(action, _("Mood check"), fields, submit=_("Send"))

    @submit("more")
    async def more(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """The fields were checked against the form; what they can't check is checked here."""
        (activity, *_more), mood, energy = action.args, values["mood"], values["energy"]
        if isinstance(energy, Decimal) and energy != energy.to_integral_value():
            return FormErrors({"energy": _("Write a whole number, please.")})
        if not isinstance(activity, UUID) or not isinstance(mood, tuple):
            return Message(text=_("This mood check is over."))
        return await self._note(ctx, activity, int(mood[0]), int(energy) if isinstance(energy, Decimal) else None)

    async def _note(self, ctx: Context, activity: UUID, mood: int, energy: int | None) -> Message:
        """Keep a member's newest mood and log the act, in one unit; thank them after the commit."""
        mine = (
            col(ActivityRow.community_id) == ctx.community_id,
            col(ActivityRow.id) == activity,
            col(ActivityRow.plugin) == self.code,
        )

        def unit(tx: Tx) -> str | None:
            data = tx.scalar(select(col(ActivityRow.data)).where(*mine).with_for_update())
            if data is None:
                return None
            member = ctx.member(tx).hex
            kind = "change" if member in data["moods"] else "mood"
            moods = {**data["moods"], member: [mood, energy]}
            tx.execute(update(ActivityRow).where(*mine).values(data={"moods": moods}))
            ctx.participate(tx, kind, activity_id=activity, features={"mood": mood, "energy": energy})
            touch_card(tx, ctx.community_id, activity)
            return kind

        match await ctx.write(unit):
            case None:
                return Message(text=_("This mood check is over."))
            case "mood":
                return Message(text=_("Thank you, noted: {mood}.", mood=MOODS[mood]))
        return Message(text=_("Changed to {mood}.", mood=MOODS[mood]))

    # -- what a member may ask for ---------------------------------------------------------------------------------
    async def export(self, session: AsyncSession, owner: Owner) -> dict[str, Any]:
        """A member's own moods."""
        rows = (await session.execute(_of_community(owner))).all()
        moods = [row.data["moods"].get(_key(owner)) for row in rows]
        return {"moods": [{"mood": one[0], "energy": one[1]} for one in moods if one]}

    def forget(self, tx: Tx, owner: Owner) -> None:
        """Take a member out of every mood check; the cards show it."""
        for row in tx.execute(_of_community(owner)).all():
            moods = {member: mood for member, mood in row.data["moods"].items() if member != _key(owner)}
            if moods != row.data["moods"]:
                here = (col(ActivityRow.community_id) == owner.community_id, col(ActivityRow.id) == row.id)
                tx.execute(update(ActivityRow).where(*here).values(data={"moods": moods}))
                touch_card(tx, owner.community_id, row.id)


def _of_community(owner: Owner) -> Any:
    mine = (col(ActivityRow.community_id) == owner.community_id, col(ActivityRow.plugin) == Mood.code)
    return select(col(ActivityRow.id), col(ActivityRow.data)).where(*mine)


def _key(owner: Owner) -> str:
    return owner.member_id.hex if owner.member_id else ""
