"""When and where the questions go out: the short form behind ``/hall daily``. All else is ``/hall schedules``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, select
from sqlmodel import col

from core import timetable
from core.action import Action
from core.bot import ChannelInfo
from core.context import Context
from core.form import FieldKind, Form, FormField, Value
from core.message import Button, Message, Option
from core.plugin import Answer, FormErrors
from core.schedule_desk import CODE as DESK
from core.schedule_desk import named, preview, save_draft
from core.schedule_draft import CHOSEN, DAILY, WORKDAYS, Draft
from core.schedule_forms import never_due, write_time
from core.settling import channel_for, unknown_zone
from core.texts import Domain
from core.zones import UnknownZone, parse_time, zone
from plugins.question_of_the_day import queue
from plugins.question_of_the_day.tables import Series, SeriesChannel
from storage.tables import Channel, Schedule
from storage.tx import Tx

_ = Domain("question_of_the_day")


async def settings_form(ctx: Context, action: Action) -> Form | Message:
    """Time, days, zone and this space's channel, holding what is set now, or the draft that the button names."""
    row = await _schedule(ctx)
    if row is None:
        return not_here()
    draft = named(row, action) or _saved(ctx, row)
    days = [Option(DAILY, _("Every day")), Option(WORKDAYS, _("Monday to Friday"))]
    if draft.kind not in (DAILY, WORKDAYS, "once", "cron"):
        days.append(Option(CHOSEN, _("The days that are set now")))
    fields = [
        FormField(
            FieldKind.TEXT,
            "time",
            _("Time of day"),
            hint=_("For example 9:00 or 18:30"),
            value=draft.at.strftime("%H:%M") if draft.at else "",
            maximum=10,
        ),
        FormField(
            FieldKind.CHOICE,
            "days",
            _("Days"),
            value=(draft.kind if draft.kind in (DAILY, WORKDAYS) else days[-1].value,),
            options=tuple(days),
        ),
        FormField(FieldKind.TEXT, "zone", _("Time zone"), value=draft.zone, maximum=64),
    ]
    channels = await ctx.channels()
    if len(channels) > 1:
        wanted = draft.more.get("channel", channels[0].external_id)
        fields.append(
            FormField(
                FieldKind.CHOICE,
                "channel",
                _("Post in"),
                value=(
                    next((one.external_id for one in channels if one.external_id == wanted), channels[0].external_id),
                ),
                options=tuple(Option(one.external_id, f"#{one.name}"[:75]) for one in channels),
            )
        )
    return Form(action, _("Question of the day"), tuple(fields), submit=_("Show me"))


async def take_settings(ctx: Context, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Keep what was filled in as a draft, and show when questions would go out."""
    at = parse_time(str(values["time"]))
    if at is None:
        return FormErrors({"time": write_time()})
    try:
        where = zone(str(values["zone"])).key
    except UnknownZone as error:
        return FormErrors({"zone": unknown_zone(error)})
    row = await _schedule(ctx)
    if row is None:
        return not_here()
    days, chosen = values["days"], values.get("channel")
    draft = _saved(ctx, row)
    kind = days[0] if isinstance(days, tuple) else DAILY
    if kind == CHOSEN:
        draft = draft.renewed(at=at, zone=where)
    else:
        draft = draft.renewed(at=at, zone=where, kind=kind, parts={})
    more = {"channel": chosen[0]} if isinstance(chosen, tuple) else {}
    draft = draft.renewed(keeper=queue.CODE, more=more)
    if wrong := await asyncio.to_thread(never_due, draft, ctx.now):
        return FormErrors({"time": wrong})
    await ctx.write(lambda tx: timetable.keep_draft(tx, ctx.community_id, row.id, draft.to_data()))
    full = Button(
        _("Other days, holidays, an end"), Action(DESK, "change", (row.id, draft.number), ctx.community_id), form=True
    )
    return await preview(ctx, row, draft, full, again=ctx.action("daily", row.id, draft.number))


async def save_settings(ctx: Context, action: Action) -> Message:
    """Save a draft: the schedule, the zone that the community lives in, and the channel of this space."""
    community_id, space_id = ctx.community_id, ctx.space_id
    channels = {one.external_id: one for one in await ctx.channels()}

    def also(tx: Tx, draft: Draft) -> None:
        timetable.move_zone(tx, community_id, draft.zone, ctx.now)
        series = queue.series_of(tx, community_id)
        channel: ChannelInfo | None = channels.get(draft.more.get("channel", ""))
        if series is not None and channel is not None:
            post_in(tx, series, space_id, channel_for(tx, community_id, space_id, channel))

    saved = await save_draft(ctx, action, also)
    ctx.hall.places.changed()
    return saved


def not_here() -> Message:
    """What to tell where no questions are asked."""
    return Message(text=_("There are no questions here yet. Start with `/hall setup`."))


async def _schedule(ctx: Context) -> Any:
    """The row of the schedule by which the first series asks; the others' are at the schedules' desk."""
    async with ctx.session() as session:
        return await session.scalar(
            select(Schedule)
            .join(
                Series,
                and_(
                    col(Series.community_id) == col(Schedule.community_id),
                    col(Series.schedule_id) == col(Schedule.id),
                ),
            )
            .where(col(Series.community_id) == ctx.community_id)
            .order_by(col(Series.id))
            .limit(1)
        )


def _saved(ctx: Context, row: Any) -> Draft:
    return Draft.of(timetable.timing_of(row), row.time_zone or ctx.place.time_zone)


def post_in(tx: Tx, series: Series, space_id: UUID, channel_id: UUID) -> None:
    """Post in this channel of the space, and in no other of it."""
    others = select(col(Channel.id)).where(
        col(Channel.community_id) == series.community_id, col(Channel.space_id) == space_id
    )
    tx.execute(
        delete(SeriesChannel).where(
            col(SeriesChannel.community_id) == series.community_id,
            col(SeriesChannel.series_id) == series.id,
            col(SeriesChannel.channel_id).in_(others),
        )
    )
    tx.add_if_new(SeriesChannel(community_id=series.community_id, series_id=series.id, channel_id=channel_id))
