"""Where managers make and change series: ``/hall series``. When one is due, rests or ends is the schedules' desk."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, select, update
from sqlmodel import col

from core.action import Action
from core.context import Context
from core.form import FieldKind, Form, FormField, Value
from core.markup import escape, plain
from core.message import Button, ButtonStyle, Message, Option, Pair
from core.plugin import Answer, FormErrors, Plugin, command, form, press, submit
from core.rights import Right
from core.schedule import WEEKDAYS, Daily
from core.schedule_desk import CODE as DESK
from core.schedule_draft import WORKING
from core.schedule_forms import write_time
from core.schedule_words import when
from core.settling import channel_for
from core.texts import Domain, Phrase, Words
from core.timetable import add_schedule
from core.zones import parse_time, zone
from plugins.question_of_the_day import drawing, queue
from plugins.question_of_the_day.queue import CODE, LIGHT, SERIOUS, Run
from plugins.question_of_the_day.queue_desk import TONES, series_label, series_title
from plugins.question_of_the_day.settings_form import post_in
from plugins.question_of_the_day.tables import Question, Series, SeriesChannel
from storage.tables import Channel, Schedule, Space
from storage.tx import Tx

_ = Domain("question_of_the_day")

MAX_TITLE = 60
MOST_SERIES = 15
"""Series of a community: each is a button in a list."""
NOWHERE = "-"
DRAWS: dict[str, Words] = {
    drawing.QUEUE: _("in the queue's order"),
    drawing.RANDOM: _("at random, none twice"),
    drawing.TURNS: _("each category in turn"),
    drawing.WORKS: _("the categories that get most answers here"),
}
ALLOWS: dict[str, Words] = {
    "best": _("Show the best answer the next time"),
    "thread": _("Open a thread for answers"),
    "anonymous": _("Answers without a name"),
    "suggest": _("Suggest questions"),
    "vote": _("Vote for the next question"),
}
"""What a series allows: words that stand in ``Series.allows``, one blank between two."""
STATES: dict[str, Words] = {"running": _("running"), "paused": _("paused"), "ended": _("ended")}
_ADDRESS = re.compile(r"https://[^\s/]+\.[^\s]+")
_COLOR = re.compile(r"[0-9a-fA-F]{6}")
_PING = re.compile(r"[A-Za-z0-9_.@&!^<>-]{1,40}")


class SeriesDesk(Plugin):
    """Series for managers."""

    @command("series", _("Series of questions: make, change, pause, end"), right=Right.MANAGE)
    async def series(self, ctx: Context, _text: str) -> Answer:
        """All series; the only one at once."""
        return await _listed(ctx)

    @press("serall", right=Right.MANAGE)
    async def all_series(self, ctx: Context, _action: Action) -> Answer:
        """The same, for a button."""
        return await _listed(ctx, all_of_them=True)

    @press("series", right=Right.MANAGE)
    async def one_series(self, ctx: Context, action: Action) -> Answer:
        """One series with its buttons."""
        return await _shown(ctx, _id(action))

    # -- making ------------------------------------------------------------------------------------------------------
    @form("begin", right=Right.MANAGE)
    async def begin_form(self, ctx: Context, action: Action) -> Form:
        """Title, time, days, and where in this space."""
        fields = [
            FormField(FieldKind.TEXT, "title", _("Title"), hint=_("For example Friday music"), maximum=MAX_TITLE),
            FormField(FieldKind.TEXT, "time", _("Time of day"), hint=_("For example 9:00 or 18:30"), maximum=10),
            FormField(
                FieldKind.CHOICE,
                "days",
                _("Days"),
                value=("daily",),
                options=(
                    Option("daily", _("Every day")),
                    Option("weekdays", _("Monday to Friday")),
                    *(Option(day, label) for day, label in zip(WEEKDAYS, _WEEKLY, strict=True)),
                ),
            ),
        ]
        channels = await ctx.channels()
        if len(channels) > 1:
            options = tuple(Option(one.external_id, f"#{one.name}"[:75]) for one in channels)
            fields.append(
                FormField(
                    FieldKind.CHOICE, "channel", _("Post in"), value=(channels[0].external_id,), options=options
                )
            )
        return Form(action, _("New series"), tuple(fields), submit=_("Make it"))

    @submit("begin", right=Right.MANAGE)
    async def begin(self, ctx: Context, _action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Make a series with a schedule of its own. Its queue is empty at first."""
        at = parse_time(str(values["time"]))
        if at is None:
            return FormErrors({"time": write_time()})
        days = _one(values.get("days")) or "daily"
        weekdays = {"daily": WEEKDAYS, "weekdays": WORKING}.get(days, (days,))
        channels = await ctx.channels()
        wanted = _one(values.get("channel"))
        channel = next((one for one in channels if not wanted or one.external_id == wanted), None)
        if channel is None:
            return Message(text=_("I can't post in any channel here. Let me write in one, then try again."))
        title = escape(" ".join(str(values["title"]).split()))

        def unit(tx: Tx) -> UUID | None:
            known = tx.execute(
                select(col(Series.id)).where(col(Series.community_id) == ctx.community_id).with_for_update()
            ).all()
            if len(known) >= MOST_SERIES:
                return None
            schedule_id, _first = add_schedule(
                tx,
                community_id=ctx.community_id,
                plugin=CODE,
                rule=Daily(at, weekdays),
                time_zone=ctx.place.time_zone,
                now=ctx.now,
            )
            made = Series(
                community_id=ctx.community_id,
                id=tx.new_id(),
                schedule_id=schedule_id,
                keeper_id=ctx.account(tx),
                title=title,
                allows="best",
                created_at=ctx.now,
            )
            tx.add(made)
            post_in(tx, made, ctx.space_id, channel_for(tx, ctx.community_id, ctx.space_id, channel))
            return made.id

        made = await ctx.write(unit)
        if made is None:
            return Message(text=_("{n} series are the most that fit. Give an ended one a new start.", n=MOST_SERIES))
        return await _shown(ctx, made, _("Made. Its queue is empty: add questions, or take a deck."))

    # -- changing -------------------------------------------------------------------------------------------------
    @form("set", right=Right.MANAGE)
    async def settings_form(self, ctx: Context, action: Action) -> Form | Message:
        """How it draws and from what, and what members may."""
        found = await _run(ctx, _id(action))
        if found is None:
            return _gone()
        fields = (
            FormField(
                FieldKind.CHOICE,
                "draw",
                _("Which question is next"),
                value=(found.draw,),
                options=tuple(Option(name, label) for name, label in DRAWS.items()),
            ),
            FormField(
                FieldKind.TEXT,
                "only",
                _("Only these"),
                required=False,
                hint=_("Categories with commas between them, or “light” or “serious”. Empty: all"),
                value=", ".join([*_categories(found.categories), *([found.tone] if found.tone else [])]),
                maximum=300,
            ),
            FormField(
                FieldKind.CHOICE,
                "allows",
                _("Also"),
                required=False,
                value=tuple(word for word in found.allows.split() if word in ALLOWS),
                options=tuple(Option(name, label) for name, label in ALLOWS.items()),
                minimum=0,
                maximum=len(ALLOWS),
            ),
        )
        return Form(action, _("Settings"), fields, submit=_("Save"))

    @submit("set", right=Right.MANAGE)
    async def save_settings(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Save them: they hold from the next question on."""
        series_id = _id(action)
        only = [queue.category_of(one) for one in str(values.get("only") or "").split(",")]
        tone = next((one for one in only if one in (LIGHT, SERIOUS)), "")
        categories = [one for one in only if one and one not in (LIGHT, SERIOUS)]
        allows, draw = values.get("allows"), _one(values.get("draw")) or drawing.QUEUE

        def unit(tx: Tx) -> bool:
            before = queue.series_of(tx, ctx.community_id, series_id=series_id) if series_id else None
            if before is None:
                return False
            queue.set_series(
                tx,
                ctx.community_id,
                before.id,
                draw=draw,
                categories=f"|{'|'.join(categories)}|" if categories else "",
                tone=tone,
                allows=" ".join(allows) if isinstance(allows, tuple) else "",
            )
            if draw == drawing.RANDOM != before.draw:
                queue.shuffle(tx, ctx.community_id, before.id)
            return True

        if not await ctx.write(unit):
            return _gone()
        return await _shown(ctx, series_id, _("Saved. It holds from the next question on."))

    @form("look", right=Right.MANAGE)
    async def look_form(self, ctx: Context, action: Action) -> Form | Message:
        """Title, picture and colour of each post."""
        found = await _run(ctx, _id(action))
        if found is None:
            return _gone()
        fields = (
            FormField(
                FieldKind.TEXT,
                "title",
                _("Title"),
                required=False,
                hint=_("Empty: “Question of the day”"),
                value=plain(found.title or ""),
                maximum=MAX_TITLE,
            ),
            FormField(
                FieldKind.TEXT,
                "image",
                _("Picture"),
                required=False,
                hint=_("An address that begins with https://. Empty: none"),
                value=found.image or "",
                maximum=300,
            ),
            FormField(
                FieldKind.TEXT,
                "color",
                _("Colour"),
                required=False,
                hint=_("Six digits, for example #1A7F5A, shown where posts can have one. Empty: none"),
                value=f"#{found.color:06X}" if found.color else "",
                maximum=7,
            ),
        )
        return Form(action, _("How posts look"), fields, submit=_("Save"))

    @submit("look", right=Right.MANAGE)
    async def save_look(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Save it: it holds from the next question on."""
        series_id = _id(action)
        title = " ".join(str(values.get("title") or "").split())
        image, color = str(values.get("image") or ""), str(values.get("color") or "").strip().removeprefix("#")
        errors: dict[str, Phrase] = {}
        if image and not _ADDRESS.fullmatch(image):
            errors["image"] = _("Write an address that begins with https://")
        if color and not _COLOR.fullmatch(color):
            errors["color"] = _("Write six digits from 0 to 9 and A to F, for example #1A7F5A.")
        if errors:
            return FormErrors(errors)

        def unit(tx: Tx) -> bool:
            found = queue.series_of(tx, ctx.community_id, series_id=series_id) if series_id else None
            if found is None:
                return False
            queue.set_series(
                tx,
                ctx.community_id,
                found.id,
                title=escape(title) or None,
                image=image or None,
                color=int(color or "0", 16),
            )
            return True

        if not await ctx.write(unit):
            return _gone()
        return await _shown(ctx, series_id, _("Saved. It holds from the next question on."))

    @form("here", right=Right.MANAGE)
    async def here_form(self, ctx: Context, action: Action) -> Form | Message:
        """Where in this space, and whom to ping there."""
        channels = (await ctx.channels())[:24]
        if not channels:
            return Message(text=_("I can't post in any channel here. Let me write in one, then try again."))
        options = [Option(one.external_id, f"#{one.name}"[:75]) for one in channels]
        fields = (
            FormField(
                FieldKind.CHOICE,
                "channel",
                _("Post in"),
                value=(channels[0].external_id,),
                options=(*options, Option(NOWHERE, _("nowhere in this space"))),
            ),
            FormField(
                FieldKind.TEXT,
                "ping",
                _("Role to ping"),
                required=False,
                hint=_("Its id here, or “here” or “everyone”. Empty: nobody"),
                maximum=40,
            ),
        )
        return Form(action, _("In this space"), fields, submit=_("Save"))

    @submit("here", right=Right.MANAGE)
    async def save_here(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Save where in this space a series is posted."""
        series_id, wanted, ping = _id(action), _one(values.get("channel")), str(values.get("ping") or "")
        if ping and not _PING.fullmatch(ping):
            return FormErrors({"ping": _("Write the role's id as this platform shows it.")})
        channel = next((one for one in await ctx.channels() if one.external_id == wanted), None)

        def unit(tx: Tx) -> bool:
            found = queue.series_of(tx, ctx.community_id, series_id=series_id) if series_id else None
            if found is None:
                return False
            if channel is None:
                leave(tx, found, ctx.space_id)
                return True
            channel_id = channel_for(tx, ctx.community_id, ctx.space_id, channel)
            post_in(tx, found, ctx.space_id, channel_id)
            tx.execute(
                update(SeriesChannel)
                .where(
                    col(SeriesChannel.community_id) == ctx.community_id,
                    col(SeriesChannel.series_id) == found.id,
                    col(SeriesChannel.channel_id) == channel_id,
                )
                .values(ping=ping or None)
            )
            return True

        if not await ctx.write(unit):
            return _gone()
        return await _shown(ctx, series_id, _("Saved. It holds from the next question on."))


def leave(tx: Tx, series: Series, space_id: UUID) -> None:
    """Post in no channel of a space any more."""
    here = select(col(Channel.id)).where(
        col(Channel.community_id) == series.community_id, col(Channel.space_id) == space_id
    )
    tx.execute(
        delete(SeriesChannel).where(
            col(SeriesChannel.community_id) == series.community_id,
            col(SeriesChannel.series_id) == series.id,
            col(SeriesChannel.channel_id).in_(here),
        )
    )


_WEEKLY = (
    _("Mondays"), _("Tuesdays"), _("Wednesdays"), _("Thursdays"), _("Fridays"), _("Saturdays"), _("Sundays"),
)  # fmt: skip


async def _listed(ctx: Context, *, all_of_them: bool = False) -> Message:
    series = await ctx.read(lambda connection: queue.all_series(connection, ctx.community_id))
    new = Button(_("New series"), ctx.action("begin"), form=True, style=ButtonStyle.PRIMARY)
    if not series:
        return Message(text=_("There are no questions here yet. Start with `/hall setup`."))
    if len(series) == 1 and not all_of_them:
        return await _shown(ctx, series[0].id)
    lines = [f"- **{ctx.say(series_title(one))}** · {ctx.say(STATES[one.state])}" for one in series]
    controls = tuple(Button(series_label(ctx, one), ctx.action("series", one.id)) for one in series)
    return Message(title=_("Series"), text="\n".join(lines), controls=(*controls[:24], new))


async def _shown(ctx: Context, series_id: UUID | None, said: Phrase | None = None) -> Message:
    """A series, where and when it is posted, and its buttons."""
    found = await _run(ctx, series_id)
    if found is None:
        return _gone()
    async with ctx.session() as session:
        places = (await session.execute(_places(ctx.community_id, found.id))).all()
        next_at, zone_name = (
            await session.execute(
                select(col(Schedule.next_at), col(Schedule.time_zone)).where(
                    col(Schedule.community_id) == ctx.community_id, col(Schedule.id) == found.schedule_id
                )
            )
        ).one()
        left = len(
            (
                await session.scalars(
                    select(col(Question.id)).where(
                        col(Question.community_id) == ctx.community_id,
                        col(Question.series_id) == found.id,
                        col(Question.asked_at).is_(None),
                    )
                )
            ).all()
        )
    fields = [
        Pair(_("State"), STATES[found.state]),
        Pair(
            _("Goes out"),
            when(next_at.astimezone(zone(zone_name or ctx.place.time_zone)), ctx.language) if next_at else "–",
        ),
        Pair(_("Questions waiting"), str(left)),
        Pair(_("Which question is next"), DRAWS.get(found.draw, found.draw)),
    ]
    where = ", ".join(
        f"{escape(space)} #{escape(channel)}" + (f" ({escape(ping)})" if ping else "")
        for space, channel, ping in places
    )
    fields.append(Pair(_("Posted in"), where or "–"))
    only = [*_categories(found.categories), *([ctx.say(TONES[found.tone])] if found.tone in TONES else [])]
    if only:
        fields.append(Pair(_("Only these"), escape(", ".join(only))))
    also = [ctx.say(label) for word, label in ALLOWS.items() if word in found.allows.split()]
    if also:
        fields.append(Pair(_("Also"), ", ".join(also)))
    timing = Action(DESK, "show", (found.schedule_id,), ctx.community_id)
    controls = (
        Button(_("Settings"), ctx.action("set", found.id), form=True),
        Button(_("How posts look"), ctx.action("look", found.id), form=True),
        Button(_("Channel and ping here"), ctx.action("here", found.id), form=True),
        Button(_("When; pause, end"), timing),
        Button(_("Show the queue"), ctx.action("queue", found.id)),
        Button(_("How it goes"), ctx.action("yield", found.id)),
        Button(_("All series"), ctx.action("serall")),
        Button(_("New series"), ctx.action("begin"), form=True),
    )
    return Message(
        title=series_title(found), text=said or "", fields=tuple(fields), controls=controls, color=found.color
    )


def _places(community_id: UUID, series_id: UUID) -> Any:
    return (
        select(col(Space.name), col(Channel.name), col(SeriesChannel.ping))
        .join(
            Channel,
            and_(
                col(Channel.community_id) == col(SeriesChannel.community_id),
                col(Channel.id) == col(SeriesChannel.channel_id),
            ),
        )
        .join(
            Space, and_(col(Space.community_id) == col(Channel.community_id), col(Space.id) == col(Channel.space_id))
        )
        .where(col(SeriesChannel.community_id) == community_id, col(SeriesChannel.series_id) == series_id)
        .order_by(col(Space.name), col(Channel.name))
    )


async def _run(ctx: Context, series_id: UUID | None) -> Run | None:
    series = await ctx.read(lambda connection: queue.all_series(connection, ctx.community_id))
    return next((one for one in series if one.id == series_id), None)


def _categories(text: str) -> list[str]:
    return [one for one in text.split("|") if one]


def _one(value: Value) -> str:
    return value[0] if isinstance(value, tuple) and value else ""


def _id(action: Action) -> UUID | None:
    return action.args[0] if action.args and isinstance(action.args[0], UUID) else None


def _gone() -> Message:
    return Message(text=_("That series is gone. `/hall series` lists what there is."))
