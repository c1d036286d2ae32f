"""Schedules' rows: made, changed, paused, ended. Each takes effect at once, also for what was already planned.

Everything here runs inside a unit of work. The row is locked first: the planner plans under the same lock, so it has
either planned a slot already, and what was not sent of it is taken back here, or it sees the new time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select, update
from sqlmodel import col

from core.activity import CLOSED, OPEN
from core.plugin import Plugin
from core.schedule import NeverComes, Rule, ScheduleError
from core.timing import Slot, Timing, next_due, timing_from
from core.zones import zone
from storage.tables import Activity, Community, Delivery, Schedule
from storage.tx import Tx

Plugins = Mapping[str, Plugin]
"""Plugins by their code, whose ``withdraw`` is called: ``hall.routes.by_code``."""


def add_schedule(
    tx: Tx, *, community_id: UUID, plugin: str, rule: Rule | Timing, time_zone: str, now: datetime
) -> tuple[UUID, datetime]:
    """Make a schedule; returns its id and the moment of its first slot. Raises NeverComes when there is none.

    ``time_zone`` is kept with it where it is not the community's, whose zone it follows otherwise.
    """
    timing = rule if isinstance(rule, Timing) else Timing(rule)
    first = _first(timing, time_zone, now)
    schedule_id = tx.new_id()
    tx.add(
        Schedule(
            community_id=community_id,
            id=schedule_id,
            plugin=plugin,
            time_zone=_own_zone(tx, community_id, time_zone),
            next_slot=first.slot.isoformat(),
            next_at=first.at,
            created_at=now,
            **timing.columns,
        )
    )
    return schedule_id, first.at


def change_schedule(
    tx: Tx,
    *,
    community_id: UUID,
    schedule_id: UUID,
    rule: Rule | Timing,
    time_zone: str,
    now: datetime,
    plugins: Plugins,
) -> datetime | None:
    """Give a schedule another rule; returns the moment of its next slot, None while it is paused.

    A bare rule keeps the exceptions that there were. A schedule that had ended begins anew. Raises NeverComes, with
    nothing changed, when no slot is left.
    """
    row = locked(tx, community_id, schedule_id)
    timing = rule
    if not isinstance(timing, Timing):
        old = timing_of(row)
        timing = Timing(timing, old.until, old.days_off, old.not_before)
    first = _first(timing, time_zone, now)
    _withdraw(tx, row, now, plugins)
    values = {**timing.columns, "time_zone": _own_zone(tx, community_id, time_zone), "ended_at": None, "draft": None}
    _set(tx, row, None if row.paused_at else first, **values)
    return None if row.paused_at else first.at


def pause(
    tx: Tx, *, community_id: UUID, schedule_id: UUID, now: datetime, plugins: Plugins, until: date | None = None
) -> datetime | None:
    """Let a schedule rest: until it is resumed, or up to the local day ``until``, on which it goes on.

    Returns the moment at which it goes on, None for a rest without an end. Raises NeverComes when nothing would come
    any more after the rest, LookupError for a schedule that ended.
    """
    row = _running(tx, community_id, schedule_id)
    if until is None:
        _withdraw(tx, row, now, plugins)
        _set(tx, row, None, paused_at=now)
        return None
    timing = timing_of(row)
    rest = datetime.combine(until, time()) - timedelta(minutes=1)
    first = _first(Timing(timing.rule, timing.until, timing.days_off, rest), row.zone, now)
    _withdraw(tx, row, now, plugins)
    _set(tx, row, first, paused_at=None, not_before=rest.isoformat())
    return first.at


def resume(tx: Tx, *, community_id: UUID, schedule_id: UUID, now: datetime) -> datetime | None:
    """End a rest, and take back what was skipped; returns the moment of the next slot.

    None, and the schedule is over, when its last time passed while it rested. Raises LookupError for one that ended.
    """
    row = _running(tx, community_id, schedule_id)
    timing = timing_of(row)
    first = next_due(Timing(timing.rule, timing.until, timing.days_off), zone(row.zone), now)
    _set(tx, row, first, paused_at=None, not_before=None, ended_at=None if first else now)
    return first.at if first else None


def skip(
    tx: Tx, *, community_id: UUID, schedule_id: UUID, slot: datetime, now: datetime, plugins: Plugins
) -> Slot | None:
    """Leave out a slot: the one that the manager saw as the next, so that a second press skips no other.

    Returns the slot that is next now. Raises LookupError when the slot went out already; NeverComes when it is the
    last: end the schedule instead.
    """
    row = _running(tx, community_id, schedule_id)
    if row.next_slot is None or slot < datetime.fromisoformat(row.next_slot):
        skipped = row.not_before is not None and slot <= datetime.fromisoformat(row.not_before)
        if not skipped and not _withdraw(tx, row, now, plugins, slot):
            raise LookupError(f"the slot {slot} is over")
        return Slot(datetime.fromisoformat(row.next_slot), row.next_at) if row.next_slot else None
    timing = timing_of(row)
    first = _first(Timing(timing.rule, timing.until, timing.days_off, slot), row.zone, now)
    _set(tx, row, first, not_before=slot.isoformat())
    return first


def end_schedule(tx: Tx, *, community_id: UUID, schedule_id: UUID, now: datetime, plugins: Plugins) -> None:
    """Nothing more comes of this schedule. Its past stays, and :func:`change_schedule` begins it anew."""
    row = locked(tx, community_id, schedule_id)
    _withdraw(tx, row, now, plugins)
    _set(tx, row, None, ended_at=now, paused_at=None, not_before=None, draft=None)


def move_zone(tx: Tx, community_id: UUID, time_zone: str, now: datetime) -> None:
    """The community lives in another zone from now on, and with it its schedules that have none of their own."""
    home = col(Community.id) == community_id
    if tx.scalar(select(col(Community.time_zone)).where(home)) == time_zone:
        return
    rows = tx.execute(
        _rows(community_id).where(
            col(Schedule.time_zone).is_(None), col(Schedule.ended_at).is_(None), col(Schedule.paused_at).is_(None)
        )
    ).all()
    tx.execute(update(Community).where(home).values(time_zone=time_zone))
    for row in rows:
        first = next_due(timing_of(row), zone(time_zone), now)
        _set(tx, row, first, ended_at=None if first else now)


def keep_draft(tx: Tx, community_id: UUID, schedule_id: UUID, draft: Mapping[str, Any] | None) -> None:
    """Keep what a manager looks at and has not saved; None forgets it."""
    tx.execute(update(Schedule).where(_is(community_id, schedule_id)).values(draft=dict(draft) if draft else None))


def timing_of(row: Any) -> Timing:
    """The timing that a schedule's row holds. Raises ScheduleError for what this version can't read."""
    return timing_from(row.kind, row.spec, row.until, row.days_off, row.not_before)


# -- parts -----------------------------------------------------------------------------------------------------------
def _is(community_id: UUID, schedule_id: UUID) -> Any:
    return and_(col(Schedule.community_id) == community_id, col(Schedule.id) == schedule_id)


def _rows(community_id: UUID) -> Any:
    home = select(col(Community.time_zone)).where(col(Community.id) == community_id).scalar_subquery()
    return (
        select(
            *(col(getattr(Schedule, name)) for name in _READ),
            # The zone that the row is reckoned in.
            func.coalesce(col(Schedule.time_zone), home).label("zone"),
        )
        .where(col(Schedule.community_id) == community_id)
        .with_for_update()
    )


_READ = (
    "community_id", "id", "plugin", "kind", "spec", "until", "days_off", "not_before", "next_slot", "next_at",
    "paused_at", "ended_at", "draft",
)  # fmt: skip


def locked(tx: Tx, community_id: UUID, schedule_id: UUID) -> Any:
    """A schedule's row, which nobody else changes until this unit is committed. Raises ScheduleError for no row."""
    row = tx.execute(_rows(community_id).where(col(Schedule.id) == schedule_id)).first()
    if row is None:
        raise ScheduleError(f"the community has no schedule {schedule_id}")
    return row


def _running(tx: Tx, community_id: UUID, schedule_id: UUID) -> Any:
    row = locked(tx, community_id, schedule_id)
    if row.ended_at is not None:
        raise LookupError(f"the schedule {schedule_id} has ended")
    return row


def _first(timing: Timing, time_zone: str, now: datetime) -> Slot:
    first = next_due(timing, zone(time_zone), now)
    if first is None:
        raise NeverComes("no time is left at which this would be due")
    return first


def _own_zone(tx: Tx, community_id: UUID, time_zone: str) -> str | None:
    home = tx.scalar(select(col(Community.time_zone)).where(col(Community.id) == community_id))
    return None if home == time_zone else time_zone


def _set(tx: Tx, row: Any, due: Slot | None, **values: Any) -> None:
    tx.execute(
        update(Schedule)
        .where(_is(row.community_id, row.id))
        .values(next_slot=due.slot.isoformat() if due else None, next_at=due.at if due else None, tries=0, **values)
    )


def _withdraw(tx: Tx, row: Any, now: datetime, plugins: Plugins, slot: datetime | None = None) -> bool:
    """Take back what was planned and surely not sent, of one slot or of all; whether there was anything.

    An activity that nobody can have seen is closed, lets go of its slot, and its plugin takes back what it took.
    """
    mine = [
        col(Activity.community_id) == row.community_id,
        col(Activity.schedule_id) == row.id,
        col(Activity.state) == OPEN,
    ]
    if slot is not None:
        mine.append(col(Activity.slot) == slot.isoformat())
    cancelled = tx.execute(
        update(Delivery)
        .where(
            col(Delivery.community_id) == row.community_id,
            col(Delivery.activity_id).in_(select(col(Activity.id)).where(*mine)),
            _UNSENT,
        )
        .values(state="cancelled")
        .returning(col(Delivery.activity_id))
    )
    touched = {found.activity_id for found in cancelled}
    if not touched:
        return False
    seen = tx.execute(
        select(col(Delivery.activity_id)).where(
            col(Delivery.community_id) == row.community_id, col(Delivery.activity_id).in_(touched), _PERHAPS_SENT
        )
    )
    for activity_id in sorted(touched - {found.activity_id for found in seen}):
        tx.execute(
            update(Activity)
            .where(col(Activity.community_id) == row.community_id, col(Activity.id) == activity_id)
            .values(state=CLOSED, closed_at=now, slot=None)
        )
        if row.plugin in plugins:
            plugins[row.plugin].withdraw(tx, row.community_id, activity_id)
    return True


# A post that is pending again after a try may stand already: the next try, under the same key, finds out.
_UNSENT = and_(col(Delivery.state) == "pending", col(Delivery.sent_at).is_(None))
_PERHAPS_SENT = or_(
    col(Delivery.state).in_(("sending", "checking", "sent", "unknown")),
    and_(col(Delivery.state) == "pending", col(Delivery.sent_at).is_not(None)),
)
