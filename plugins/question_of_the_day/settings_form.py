"""When and where the questions go out: the form behind ``/hall daily``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, update
from sqlmodel import col

from core.action import Action
from core.bot import ChannelInfo
from core.context import Context
from core.form import FieldKind, Form, FormField, Value
from core.message import Message, Option
from core.planner import change_schedule
from core.plugin import Answer, FormErrors
from core.schedule import WEEKDAYS, Daily, UnknownZone, parse_time, rule_from, zone
from core.settling import channel_for, unknown_zone
from core.texts import Domain
from plugins.question_of_the_day import queue
from plugins.question_of_the_day.tables import Series, SeriesChannel
from storage.tables import Channel, Community, Schedule
from storage.tx import Tx

_ = Domain("question_of_the_day")

DAYS = {"daily": WEEKDAYS, "weekdays": WEEKDAYS[:5]}
"""The choices of days, by option value."""


async def settings_form(ctx: Context, action: Action) -> Form | Message:
    """Time, days, zone and this space's channel, holding what is set now."""
    async with ctx.session() as session:
        row = (
            await session.execute(
                select(col(Schedule.kind), col(Schedule.spec))
                .join(Series, col(Series.schedule_id) == col(Schedule.id))
                .where(col(Series.community_id) == ctx.community_id, col(Schedule.community_id) == ctx.community_id)
            )
        ).first()
    if row is None:
        return Message(text=_("There are no questions here yet. Start with `/hall setup`."))
    rule = rule_from(row.kind, row.spec)
    at = rule.at.strftime("%H:%M")
    days = next((name for name, days in DAYS.items() if isinstance(rule, Daily) and rule.weekdays == days), "daily")
    fields = [
        FormField(
            FieldKind.TEXT, "time", _("Time of day"), hint=_("For example 9:00 or 18:30"), value=at, maximum=10
        ),
        FormField(
            FieldKind.CHOICE,
            "days",
            _("Days"),
            value=(days,),
            options=(Option("daily", _("Every day")), Option("weekdays", _("Monday to Friday"))),
        ),
        FormField(FieldKind.TEXT, "zone", _("Time zone"), value=ctx.place.time_zone, maximum=64),
    ]
    channels = await ctx.channels()
    if len(channels) > 1:
        fields.append(
            FormField(
                FieldKind.CHOICE,
                "channel",
                _("Post in"),
                value=(channels[0].external_id,),
                options=tuple(Option(one.external_id, f"#{one.name}"[:75]) for one in channels),
            )
        )
    return Form(action, _("Question of the day"), tuple(fields), submit=_("Save"))


async def take_settings(ctx: Context, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Change time, days, zone and channel in one unit; says when the next question goes out."""
    at = parse_time(str(values["time"]))
    if at is None:
        return FormErrors({"time": _("Write a time of day, for example 9:00 or 18:30.")})
    try:
        time_zone = zone(str(values["zone"])).key
    except UnknownZone as error:
        return FormErrors({"zone": unknown_zone(error)})
    days = values["days"]
    rule = Daily(at, DAYS[days[0]] if isinstance(days, tuple) else WEEKDAYS)
    chosen = values.get("channel")
    channel: ChannelInfo | None = None
    if isinstance(chosen, tuple):
        channel = next((one for one in await ctx.channels() if one.external_id == chosen[0]), None)
    community_id, space_id, now = ctx.community_id, ctx.space_id, ctx.now

    def unit(tx: Tx) -> datetime | None:
        series = queue.series_of(tx, community_id)
        if series is None:
            return None
        tx.execute(update(Community).where(col(Community.id) == community_id).values(time_zone=time_zone))
        if channel is not None:
            post_in(tx, series, space_id, channel_for(tx, community_id, space_id, channel))
        return change_schedule(
            tx, community_id=community_id, schedule_id=series.schedule_id, rule=rule, time_zone=time_zone, now=now
        )

    next_at = await ctx.write(unit)
    ctx.hall.places.changed()
    if next_at is None:
        return Message(text=_("There are no questions here yet. Start with `/hall setup`."))
    local = next_at.astimezone(ZoneInfo(time_zone))
    return Message(
        text=_(
            "Saved. The next question goes out on {when} at {time} ({zone}).",
            when=local.date().isoformat(),
            time=local.strftime("%H:%M"),
            zone=time_zone,
        )
    )


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
