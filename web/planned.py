"""What is planned in a community, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import col

from core.markup import plain
from core.moments import local, wall
from core.plugin import Plugin
from core.schedule import ScheduleError
from core.schedule_words import rule_words
from core.texts import Domain, Words
from core.timetable import timing_of
from storage.tables import Community, Schedule

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("web")

SHOWN = 20
"""Schedules on the page; those that come first go first."""
ENDED_SHOWN = timedelta(days=7)
"""For so long one that ended is still shown: whoever looks for it learns why nothing comes."""


class Planned(NamedTuple):
    """A schedule as the page shows it. ``rest`` says that nothing comes of it now."""

    title: str
    words: str
    rest: bool


async def planned(
    session: AsyncSession,
    community: Community,
    plugins: Mapping[str, Plugin],
    say: Callable[[Words], str],
    now: datetime,
) -> list[Planned]:
    """The schedules of a community whose plugins are there, the next one first. A query, and one a plugin."""
    found = (
        await session.scalars(
            select(Schedule)
            .where(
                col(Schedule.community_id) == community.id,
                col(Schedule.plugin).in_(list(plugins)),
                or_(col(Schedule.ended_at).is_(None), col(Schedule.ended_at) > now - ENDED_SHOWN),
            )
            .order_by(col(Schedule.next_at).is_(None), col(Schedule.next_at), col(Schedule.id))
            .limit(SHOWN)
        )
    ).all()
    connection, titles = await session.connection(), dict[UUID, Words]()
    for code in {row.plugin for row in found}:
        titles |= await connection.run_sync(plugins[code].schedule_titles, community.id)
    return [
        Planned(
            plain(say(titles.get(row.id, plugins[row.plugin].title))),
            _words(row, community, say),
            rest=row.next_at is None,
        )
        for row in found
    ]


def _words(row: Schedule, community: Community, say: Callable[[Words], str]) -> str:
    coming = say(in_words(row, community))
    try:
        return f"{say(rule_words(timing_of(row).rule, community.language))} · {coming}"
    except ScheduleError:  # of another version
        return coming


def in_words(row: Schedule, community: Community) -> Words:
    """When a schedule's next post comes, or why none does."""
    language, zone = community.language, row.time_zone or community.time_zone
    if row.ended_at is not None:
        return _("ended {when}", when=local(row.ended_at, zone, language))
    if row.paused_at is not None:
        return _("paused since {when}", when=local(row.paused_at, zone, language))
    if row.next_at is None:
        return _("nothing is planned")
    if row.next_slot is None:
        return _("next {when}", when=local(row.next_at, zone, language))
    when = wall(datetime.fromisoformat(row.next_slot), language)
    if zone != community.time_zone:
        return _("next {when}, {zone}", when=when, zone=zone)
    return _("next {when}", when=when)
