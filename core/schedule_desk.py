"""Where managers see and change their community's schedules: ``/hall schedules``.

A core plugin like the house. What is being changed is kept as a draft in the schedule's row, shown as its next five
times, and holds only when it is saved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select
from sqlmodel import col

from core import timetable
from core.action import Action
from core.context import Context
from core.form import FieldKind, Form, FormField, Value
from core.markup import plain
from core.message import Button, ButtonStyle, Message
from core.plugin import Answer, FormErrors, Plugin, command, form, press, submit
from core.rights import Right
from core.schedule import NeverComes, ScheduleError
from core.schedule_draft import Draft
from core.schedule_forms import first_form, never, second_form, take_first, take_second, wrong_date
from core.schedule_words import coming_words, day_of, rule_words, timing_words, when
from core.texts import Domain, Phrase, Words
from core.timing import moment, upcoming
from core.zones import zone
from storage.tables import Schedule
from storage.tx import Tx

_ = Domain("core")

CODE = "tt"
MOST_SHOWN = 20
"""Schedules listed, each with a button: more than anybody has, fewer than a message's controls."""
_EPOCH = datetime(2020, 1, 1)  # noqa: DTZ001 - a wall time
"""Slots stand in buttons as minutes since then: three bytes reach to 2051."""


class ScheduleDesk(Plugin):
    """Schedules for managers."""

    name = "schedules"
    code = CODE
    title = _("Schedules")

    # -- looking -----------------------------------------------------------------------------------------------------
    @command("schedules", _("When what goes out: change, skip, pause"), right=Right.MANAGE)
    async def schedules(self, ctx: Context, _text: str) -> Answer:
        """The community's schedules; the only one at once with its buttons."""
        async with ctx.session() as session:
            rows = (
                await session.scalars(
                    select(Schedule)
                    .where(col(Schedule.community_id) == ctx.community_id)
                    .order_by(col(Schedule.ended_at).is_not(None), col(Schedule.id))
                    .limit(MOST_SHOWN)
                )
            ).all()
        if not rows:
            return Message(text=_("Nothing is scheduled here yet. Start with `/hall setup`."))
        if len(rows) == 1:
            return await _shown(ctx, rows[0])
        titles = {one: ctx.say(title) for one, title in (await _titles(ctx, rows)).items()}
        lines = [f"{number}. **{titles[row.id]}** · {_summary(ctx, row)}" for number, row in enumerate(rows, 1)]
        controls = tuple(
            Button(f"{number}. {plain(titles[row.id])}"[:75], ctx.action("show", row.id))
            for number, row in enumerate(rows, 1)
        )
        return Message(title=_("Schedules"), text="\n".join(lines), controls=controls)

    @press("show", right=Right.MANAGE)
    async def show(self, ctx: Context, action: Action) -> Answer:
        """One schedule with its buttons."""
        row = await _row(ctx, action)
        return await _shown(ctx, row) if row is not None else gone()

    # -- changing ----------------------------------------------------------------------------------------------------
    @form("change", right=Right.MANAGE)
    async def change_form(self, ctx: Context, action: Action) -> Form | Message:
        """The first form: of what is saved, or of the draft that the button names."""
        row = await _row(ctx, action)
        if row is None:
            return gone()
        return first_form(action, named(row, action) or _saved(ctx, row))

    @submit("change", right=Right.MANAGE)
    async def change(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Keep the draft; ask for what its kind needs, or show when it would be due."""
        row = await _row(ctx, action)
        if row is None:
            return gone()
        before = named(row, action) or _saved(ctx, row)
        draft = await asyncio.to_thread(take_first, before, values, ctx.language, ctx.now)
        if isinstance(draft, FormErrors):
            return draft
        await ctx.write(lambda tx: timetable.keep_draft(tx, ctx.community_id, row.id, draft.to_data()))
        more = second_form(ctx.action("more", row.id, draft.number), draft, ctx.language, ctx.now)
        return more or await preview(ctx, row, draft)

    @form("more", right=Right.MANAGE)
    async def more_form(self, ctx: Context, action: Action) -> Form | Message:
        """The second form, of the draft that the button names."""
        row = await _row(ctx, action)
        draft = named(row, action) if row is not None else None
        if draft is None:
            return outdated()
        return second_form(action, draft, ctx.language, ctx.now) or outdated()

    @submit("more", right=Right.MANAGE)
    async def more(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Keep the draft, whole now, and show when it would be due."""
        row = await _row(ctx, action)
        before = named(row, action) if row is not None else None
        if row is None or before is None:
            return outdated()
        draft = await asyncio.to_thread(take_second, before, values, ctx.now)
        if isinstance(draft, FormErrors):
            return draft
        await ctx.write(lambda tx: timetable.keep_draft(tx, ctx.community_id, row.id, draft.to_data()))
        return await preview(ctx, row, draft)

    @press("save", right=Right.MANAGE)
    async def save(self, ctx: Context, action: Action) -> Answer:
        """Save the draft that the button names."""
        return await save_draft(ctx, action)

    @press("drop", right=Right.MANAGE)
    async def drop(self, ctx: Context, action: Action) -> Answer:
        """Forget the draft."""
        row = await _row(ctx, action)
        if row is None:
            return gone()
        if named(row, action) is not None:
            await ctx.write(lambda tx: timetable.keep_draft(tx, ctx.community_id, row.id, None))
        return await _shown(ctx, row, _("Discarded. All stays as it was."))

    # -- resting -----------------------------------------------------------------------------------------------------
    @press("skip", right=Right.MANAGE)
    async def skip(self, ctx: Context, action: Action) -> Answer:
        """Leave out the time that the button names."""
        minutes = action.args[1] if len(action.args) > 1 else None
        if not isinstance(minutes, int):
            return gone()
        slot = _EPOCH + timedelta(minutes=minutes)

        def unit(tx: Tx, where: dict[str, Any]) -> Phrase:
            timetable.skip(tx, **where, slot=slot, plugins=ctx.hall.routes.by_code)
            return _("Skipped: {when}.", when=when(slot, ctx.language))

        return await self._act(ctx, action, unit, last=_("That is the last time. End the schedule instead."))

    @press("resume", right=Right.MANAGE)
    async def resume(self, ctx: Context, action: Action) -> Answer:
        """Go on after a pause; take back what was skipped."""

        def unit(tx: Tx, where: dict[str, Any]) -> Phrase:
            if timetable.resume(tx, **where) is None:
                return _("Its last time has passed meanwhile, so it has ended.")
            return _("It goes on.")

        return await self._act(ctx, action, unit)

    @form("pause", right=Right.MANAGE)
    async def pause_form(self, ctx: Context, action: Action) -> Form | Message:
        """Until when."""
        hint = _("Leave it empty to pause until you resume it. Year-month-day, for example 2027-03-31")
        field = FormField(FieldKind.DATE, "until", _("Go on again on"), required=False, hint=hint)
        return Form(action, _("Pause"), (field,), submit=_("Pause"))

    @submit("pause", right=Right.MANAGE)
    async def pause(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Pause, up to a day or until it is resumed."""
        row = await _row(ctx, action)
        if row is None:
            return gone()
        until = values.get("until")
        until = until if isinstance(until, date) else None
        if until is not None and (wrong := wrong_date(until, zone(_zone(ctx, row)), ctx.now)):
            return FormErrors({"until": wrong})

        def unit(tx: Tx, where: dict[str, Any]) -> Phrase:
            timetable.pause(tx, **where, plugins=ctx.hall.routes.by_code, until=until)
            return _("Paused.")

        return await self._act(ctx, action, unit, last=_("Nothing would come after that day. Choose an earlier one."))

    @press("end", right=Right.MANAGE)
    async def end(self, ctx: Context, action: Action) -> Answer:
        """Ask once more."""
        row = await _row(ctx, action)
        if row is None:
            return gone()
        return Message(
            title=await _title(ctx, row),
            text=_("End this schedule? Nothing more would go out by it. What was posted stays."),
            controls=(
                Button(_("End it"), ctx.action("ended", row.id), style=ButtonStyle.DANGER),
                Button(_("Keep it"), ctx.action("show", row.id)),
            ),
        )

    @press("ended", right=Right.MANAGE)
    async def ended(self, ctx: Context, action: Action) -> Answer:
        """End it."""

        def unit(tx: Tx, where: dict[str, Any]) -> Phrase:
            timetable.end_schedule(tx, **where, plugins=ctx.hall.routes.by_code)
            return _("Ended. Nothing more goes out by it.")

        return await self._act(ctx, action, unit)

    async def _act(
        self, ctx: Context, action: Action, unit: Callable[[Tx, dict[str, Any]], Phrase], last: Phrase | None = None
    ) -> Answer:
        """Do something to the named schedule, and show it. ``last``: what to say when none would come any more."""
        schedule_id = _id(action)
        if schedule_id is None or await _row(ctx, action) is None:
            return gone()
        where = {"community_id": ctx.community_id, "schedule_id": schedule_id, "now": ctx.now}
        said: Phrase | None
        try:
            said = await ctx.write(lambda tx: unit(tx, where))
        except NeverComes:
            said = last
        except LookupError:
            said = _("That is over already. This is how it stands now:")
        row = await _row(ctx, action)
        return await _shown(ctx, row, said) if row is not None else gone()


# -- the preview, for plugins with a short form of their own too -----------------------------------------------------
async def preview(ctx: Context, row: Any, draft: Draft, *more: Button, again: Action | None = None) -> Message:
    """When the draft would be due, before anything is saved.

    ``more``: buttons of its plugin; ``again``: what opens the plugin's own form once more, instead of the desk's.
    """
    timing, where = draft.timing(_not_before(row)), zone(draft.zone)
    coming = await asyncio.to_thread(upcoming, timing, where, ctx.now)
    parts = [timing_words(timing, draft.zone, ctx.say, ctx.language)]
    if coming:
        times = coming_words(coming, where, ctx.now, ctx.say, ctx.language)
        parts.append(f"{ctx.say(_('The next times:'))}\n{times}")
    if row.paused_at is not None:
        parts.append(ctx.say(_("It is paused, and stays so until you resume it.")))
    parts.append(f"_{ctx.say(_('Nothing is saved yet.'))}_")

    def action(verb: str, code: str = CODE) -> Action:
        return Action(code, verb, (row.id, draft.number), ctx.community_id)

    controls = (
        Button(_("Save"), action("save", draft.keeper or CODE), style=ButtonStyle.PRIMARY),
        Button(_("Change again"), again or action("change"), form=True),
        *more,
        Button(_("Discard"), action("drop")),
    )
    return Message(title=await _title(ctx, row), text="\n\n".join(parts), controls=controls)


async def save_draft(ctx: Context, action: Action, also: Callable[[Tx, Draft], None] | None = None) -> Message:
    """Save the draft that a button names. ``also``: what else its plugin writes, before the schedule, in one unit."""
    row = await _row(ctx, action)
    if row is None:
        return gone()

    def unit(tx: Tx) -> bool:
        held = named(timetable.locked(tx, ctx.community_id, row.id), action)
        if held is None:
            return False
        if also is not None:
            also(tx, held)
        timetable.change_schedule(
            tx,
            community_id=ctx.community_id,
            schedule_id=row.id,
            rule=held.timing(_not_before(row)),
            time_zone=held.zone,
            now=ctx.now,
            plugins=ctx.hall.routes.by_code,
        )
        return True

    try:
        saved = await ctx.write(unit)
    except NeverComes:
        return Message(text=never())
    now = await _row(ctx, action)
    if not saved or now is None:
        return outdated()
    now.time_zone = (row.draft or {}).get("zone")  # the community's own may be another by now than this event's
    return await _shown(ctx, now, _("Saved."))


def gone() -> Message:
    """What to tell somebody whose button is about no schedule."""
    return Message(text=_("That schedule is gone. `/hall schedules` lists what there is."))


def outdated() -> Message:
    """What to tell somebody whose preview is not the newest."""
    return Message(text=_("That was changed meanwhile. `/hall schedules` shows how it stands."))


# -- parts -----------------------------------------------------------------------------------------------------------
def _id(action: Action) -> UUID | None:
    return action.args[0] if action.args and isinstance(action.args[0], UUID) else None


async def _row(ctx: Context, action: Action) -> Schedule | None:
    """The community's schedule that an action names."""
    async with ctx.session() as session:
        found: Schedule | None = await session.scalar(
            select(Schedule).where(col(Schedule.community_id) == ctx.community_id, col(Schedule.id) == _id(action))
        )
    return found


def named(row: Any, action: Action) -> Draft | None:
    """A row's draft, when it is the one that an action names."""
    if not row.draft or len(action.args) < 2 or row.draft.get("number") != action.args[1]:
        return None
    return Draft.from_data(row.draft)


def _saved(ctx: Context, row: Schedule) -> Draft:
    return Draft.of(timetable.timing_of(row), _zone(ctx, row))


def _zone(ctx: Context, row: Schedule) -> str:
    return row.time_zone or ctx.place.time_zone


def _not_before(row: Any) -> datetime | None:
    return datetime.fromisoformat(row.not_before) if row.not_before else None


async def _title(ctx: Context, row: Schedule) -> Words:
    return (await _titles(ctx, [row]))[row.id]


async def _titles(ctx: Context, rows: Sequence[Schedule]) -> dict[UUID, Words]:
    """What each schedule is called, in one read."""
    plugins = {row.plugin: ctx.hall.routes.by_code.get(row.plugin) for row in rows}

    def read(connection: Connection) -> dict[UUID, Words]:
        found: dict[UUID, Words] = {}
        for plugin in plugins.values():
            if plugin is not None:
                found |= plugin.schedule_titles(connection, ctx.community_id)
        return found

    own = await ctx.read(read)
    return {
        row.id: own.get(row.id) or (plugin.title if (plugin := plugins[row.plugin]) is not None else row.plugin)
        for row in rows
    }


def _state(ctx: Context, row: Schedule) -> list[str]:
    """How it stands: over, paused, what is left out, when the next one comes."""
    if row.ended_at is not None:
        return [ctx.say(_("It has ended."))]
    if row.paused_at is not None:
        return [ctx.say(_("It is paused until you resume it."))]
    lines = []
    rest, where = _not_before(row), zone(_zone(ctx, row))
    if rest is not None and moment(rest, where) > ctx.now:
        if (rest.hour, rest.minute) == (23, 59):
            until = day_of(rest.date() + timedelta(days=1), ctx.language)
            lines.append(ctx.say(_("It is paused. It goes on again on {day}.", day=until)))
        else:
            lines.append(ctx.say(_("Skipped: {when}.", when=when(rest, ctx.language))))
    if row.next_at is not None:
        local = row.next_at.astimezone(where)
        lines.append(ctx.say(_("Next: {when}", when=when(local, ctx.language))))
    return lines


def _summary(ctx: Context, row: Schedule) -> str:
    try:
        rule = ctx.say(rule_words(timetable.timing_of(row).rule, ctx.language))
    except ScheduleError:
        rule = row.kind
    return " · ".join([rule, *_state(ctx, row)])


async def _shown(ctx: Context, row: Schedule, said: Phrase | None = None) -> Message:
    """One schedule, what was just done to it, and what can be done."""
    try:
        words = timing_words(timetable.timing_of(row), _zone(ctx, row), ctx.say, ctx.language)
    except ScheduleError:  # of another version
        return Message(title=await _title(ctx, row), text=_("This version of hallkeeper can't read this schedule."))
    parts = [ctx.say(said)] if said is not None else []
    parts += ["\n".join([words, *_state(ctx, row)])]
    return Message(title=await _title(ctx, row), text="\n\n".join(parts), controls=_controls(ctx, row))


def _controls(ctx: Context, row: Schedule) -> tuple[Button, ...]:
    def button(label: Phrase, verb: str, *args: int, **look: Any) -> Button:
        return Button(label, Action(CODE, verb, (row.id, *args), ctx.community_id), **look)

    if row.ended_at is not None:
        return (button(_("Start again"), "change", form=True),)
    controls = [button(_("Change"), "change", form=True)]
    rest = _not_before(row)
    resting = rest is not None and moment(rest, zone(_zone(ctx, row))) > ctx.now
    if row.paused_at is None and row.next_slot is not None:
        minutes = (datetime.fromisoformat(row.next_slot) - _EPOCH) // timedelta(minutes=1)
        controls.append(button(_("Skip the next one"), "skip", minutes))
    if row.paused_at is not None or resting:
        controls.append(button(_("Resume"), "resume") if row.paused_at else button(_("Undo"), "resume"))
    if row.paused_at is None:
        controls.append(button(_("Pause"), "pause", form=True))
    controls.append(button(_("End"), "end", style=ButtonStyle.DANGER))
    return tuple(controls)
