"""Turns schedules that came due into activities and the posts that are owed, each slot once."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import and_, select, update
from sqlmodel import col

from core.schedule import Due, Rule, ScheduleError, kind_of, next_due, rule_from, zone
from storage.errors import StoreError
from storage.leases import claim_due
from storage.tables import Activity, Community, Schedule
from storage.tx import Tx

if TYPE_CHECKING:
    from core.hall import Hall

logger = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
"""How often the store is asked for what is due: a prompt is at most this late by our doing."""
BATCH = 200
"""Schedules leased at once."""
LEASE = timedelta(seconds=60)
"""How long another process leaves alone what this one leased."""
CATCH_UP = timedelta(hours=6)
"""How late a slot is still posted after an outage, when its schedule says nothing else."""


class Planner:
    """One a process; any number of processes share the work by leases in the store."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="planner")

    async def stop(self) -> None:
        """Stop looking; what was claimed and not planned is claimed again by whoever looks next."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                found = await self.plan()
            except StoreError:
                logger.warning("the planner could not reach the store", exc_info=True)
                found = 0
            except Exception:  # whatever it is, tomorrow's prompts must not be lost to it
                logger.exception("the planner stumbled")
                found = 0
            if found < BATCH:
                # Not wait_for: on Python 3.11 it loses a cancellation that comes together with a wake.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._woken.wait()

    async def plan(self) -> int:
        """Plan one batch of what is due; returns how many schedules were due."""
        now = self._hall.clock.now()
        rows = await self._hall.store.write(lambda tx: self._lease(tx, now))
        results = await asyncio.gather(
            *(
                self._hall.store.write(
                    partial(self._plan_one, community_id=community_id, schedule_id=schedule_id, now=now),
                    lane_key=community_id,
                )
                for community_id, schedule_id in rows
            ),
            return_exceptions=True,
        )
        for key, result in zip(rows, results, strict=True):
            if isinstance(result, BaseException):
                logger.error("a schedule could not be planned", schedule=str(key[1]), exc_info=result)
        if rows:
            self._hall.deliverer.wake()
        return len(rows)

    def _lease(self, tx: Tx, now: datetime) -> list[tuple[UUID, UUID]]:
        rows = claim_due(tx, Schedule, now, self._hall.worker, LEASE.total_seconds(), BATCH)
        return [(row.community_id, row.id) for row in rows]

    def _plan_one(self, tx: Tx, *, community_id: UUID, schedule_id: UUID, now: datetime) -> None:
        row = tx.execute(
            select(
                col(Schedule.plugin),
                col(Schedule.kind),
                col(Schedule.spec),
                col(Schedule.next_at),
                col(Schedule.next_slot),
                col(Schedule.catch_up_seconds),
                col(Schedule.time_zone),
                col(Community.language),
                col(Community.time_zone).label("home"),
            )
            .join(Community, col(Community.id) == col(Schedule.community_id))
            .where(
                col(Schedule.community_id) == community_id,
                col(Schedule.id) == schedule_id,
                col(Schedule.leased_by) == self._hall.worker,
                col(Schedule.paused_at).is_(None),
                col(Schedule.ended_at).is_(None),
            )
        ).first()
        if row is None or row.next_at is None or row.next_slot is None or row.next_at > now:
            return  # edited, ended or taken meanwhile: whoever did that has said what is next
        catch_up = timedelta(seconds=row.catch_up_seconds) or CATCH_UP
        slot, at = datetime.fromisoformat(row.next_slot), row.next_at
        try:
            rule, where = rule_from(row.kind, row.spec), zone(row.time_zone or row.home)
            slot, at = newest_due(rule, where, slot, at, now, catch_up)
            if at > row.next_at:
                logger.warning("a slot was missed", schedule=str(schedule_id), slot=row.next_slot)
            upcoming = next_due(rule, where, now)
        except ScheduleError:
            logger.exception("a schedule can't be kept and ends", schedule=str(schedule_id))
            upcoming = None
        planned = tx.scalar(
            select(col(Activity.id)).where(
                col(Activity.community_id) == community_id,
                col(Activity.schedule_id) == schedule_id,
                col(Activity.slot) == slot.isoformat(),
            )
        )
        plugin = self._hall.routes.by_code.get(row.plugin)
        if planned is None and plugin is not None and now - at <= catch_up:
            plugin.due(tx, Due(community_id, schedule_id, row.plugin, slot, at, now, row.language))
        elif planned is None:
            logger.warning("a slot was missed", schedule=str(schedule_id), slot=slot.isoformat())
        tx.execute(
            update(Schedule)
            .where(and_(col(Schedule.community_id) == community_id, col(Schedule.id) == schedule_id))
            .values(
                next_slot=upcoming[0].isoformat() if upcoming else None,
                next_at=upcoming[1] if upcoming else None,
                ended_at=None if upcoming else now,
                leased_by=None,
                leased_until=None,
            )
        )


def newest_due(
    rule: Rule, where: ZoneInfo, slot: datetime, at: datetime, now: datetime, catch_up: timedelta
) -> tuple[datetime, datetime]:
    """Of the slots that came due from ``at`` until now the newest: after an outage one prompt goes out, not each.

    Slots older than ``catch_up`` are not even looked at, so that a year's outage costs nothing.
    """
    seen = max(at, now - catch_up)
    while (due := next_due(rule, where, seen)) is not None and due[1] <= now:
        slot, at = due
        seen = at
    return slot, at


def add_schedule(
    tx: Tx, *, community_id: UUID, plugin: str, rule: Rule, time_zone: str, now: datetime
) -> tuple[UUID, datetime | None]:
    """Make a schedule in the community's zone; returns its id and the moment of its first slot."""
    schedule_id = tx.new_id()
    upcoming = next_due(rule, zone(time_zone), now)
    tx.add(
        Schedule(
            community_id=community_id,
            id=schedule_id,
            plugin=plugin,
            kind=kind_of(rule),
            spec=rule.spec,
            next_slot=upcoming[0].isoformat() if upcoming else None,
            next_at=upcoming[1] if upcoming else None,
            created_at=now,
        )
    )
    return schedule_id, upcoming[1] if upcoming else None


def change_schedule(
    tx: Tx, *, community_id: UUID, schedule_id: UUID, rule: Rule, time_zone: str, now: datetime
) -> datetime | None:
    """Give a schedule another rule, at once; returns the moment of its next slot."""
    upcoming = next_due(rule, zone(time_zone), now)
    tx.execute(
        update(Schedule)
        .where(and_(col(Schedule.community_id) == community_id, col(Schedule.id) == schedule_id))
        .values(
            kind=kind_of(rule),
            spec=rule.spec,
            next_slot=upcoming[0].isoformat() if upcoming else None,
            next_at=upcoming[1] if upcoming else None,
            ended_at=None,
            leased_by=None,
            leased_until=None,
        )
    )
    return upcoming[1] if upcoming else None
