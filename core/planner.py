"""Turns schedules that came due into activities and the posts that are owed, each slot once; and rings alarms.

Planning touches nothing but the store, so a batch is claimed and planned in one transaction: its row locks are the
lease, and a process that dies in the middle leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, String, and_, bindparam, cast, literal_column, select, update
from sqlmodel import col

from core import alarms, incidents
from core.incidents import Kind
from core.logs import Logger
from core.schedule import Due, ScheduleError
from core.timing import Slot, Timing, newest_due_and_next, next_due, timing_from
from core.workforce import boot_time
from core.zones import zone
from storage.bulk import update_all
from storage.errors import StoreError
from storage.prepared import Prepared
from storage.tables import Activity, Community, Schedule
from storage.tx import Tx

if TYPE_CHECKING:
    from core.hall import Hall

logger = Logger(__name__)

LOOK_SECONDS = 1.0
"""How often the store is asked for what is due: a prompt is at most this late by our doing."""
REST_SECONDS = 0.02
"""The least between two looks for the sake of an alarm: a clock may stand still just before it."""
BATCH = alarms.BATCH
"""Schedules planned in one unit: some 20 ms of a writer, which members' answers may have to wait for."""
CATCH_UP = timedelta(hours=6)
"""How late a slot is still posted after an outage, when its schedule says nothing else."""
LATE = timedelta(minutes=1)
"""A slot that is planned later than this goes into the incident log."""
FIRST_BACKOFF, LONGEST_BACKOFF = timedelta(minutes=1), timedelta(hours=1)
"""How long a schedule rests whose plugin raised: doubled each time."""
JUMP = timedelta(minutes=1)
"""How far the clock must have gone back before what was planned by it is reckoned anew."""


class Planner:
    """One a process; any number of processes share the work."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._next_alarm: datetime | None = None
        """The first alarm that was still to come at the last look."""

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="planner")

    async def stop(self) -> None:
        """Stop looking; a batch that is being written is written to its end."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    async def _run(self) -> None:
        offset = timedelta.max
        while True:
            self._woken.clear()
            try:
                # How far the wall clock is ahead of one that nobody sets. Less than before: it was set back.
                before, offset = offset, timedelta(seconds=self._hall.clock.now().timestamp() - boot_time())
                if offset < before - JUMP:
                    await self.reckon_again()
                await self.plan()
            except StoreError:
                logger.warning("the planner could not reach the store", exc_info=True)
            except Exception:  # whatever it is, tomorrow's prompts must not be lost to it
                logger.exception("the planner stumbled")
            # Not wait_for: on Python 3.11 it loses a cancellation that comes together with a wake.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._until_next()):
                    await self._woken.wait()

    def _until_next(self) -> float:
        """Seconds until the next look: sooner where an alarm is to ring before, which is then on time to its beat."""
        if self._next_alarm is None:
            return LOOK_SECONDS
        left = (self._next_alarm - self._hall.clock.now()).total_seconds()
        return min(max(left, REST_SECONDS), LOOK_SECONDS)

    async def plan(self) -> int:
        """Plan and ring all that is due, in all of the store's lanes; returns how many it was."""
        self._next_alarm = None  # should the store not answer
        ((due, ringing, self._next_alarm),) = await self._hall.store.rows(_DUE, now=self._hall.clock.now())
        return (await self._in_lanes(self._batch) if due else 0) + (
            await self._in_lanes(self._ring) if ringing else 0
        )

    async def _in_lanes(self, batch: Callable[..., int]) -> int:
        lanes = [self._in_lane(lane, batch) for lane in range(self._hall.store.lanes)]
        results = await asyncio.gather(*lanes, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return sum(result for result in results if isinstance(result, int))

    async def _in_lane(self, lane: int, batch: Callable[..., int]) -> int:
        """Batch after batch in one lane of the store, until none is full."""
        found, total = BATCH, 0  # as many alarms as schedules
        while found == BATCH:
            unit = partial(batch, now=self._hall.clock.now())
            found = await self._hall.store.write(unit, lane_key=UUID(int=lane))
            if found:
                self._hall.deliverer.wake()
            total += found
        return total

    async def reckon_again(self) -> int:
        """The clock may have been wrong and gone back: reckon anew what was planned in what is now the future.

        Slots that were planned then have their activity and don't come again. Returns how many schedules there were.
        """
        now, total = self._hall.clock.now(), 0
        while found := await self._hall.store.write(partial(_reckon_again, now=now)):
            logger.warning("the clock went back: schedules are reckoned anew", schedules=found)
            total += found
        return total

    # -- one batch, in a writer's thread -----------------------------------------------------------------------------
    def _ring(self, tx: Tx, *, now: datetime) -> int:
        return alarms.ring(tx, self._hall.routes.by_code, now)

    def _batch(self, tx: Tx, *, now: datetime) -> int:
        rows = [_Row(*row) for row in tx.run(_CLAIM, now=now)]
        looks = [look for row in rows if (look := self._look(tx, row, now)) is not None]
        self._make(tx, [look for look in looks if look.wanted])
        for look in looks:
            look.tell(tx)
        update_all(tx, Schedule, ("community_id", "id"), [look.values(now) for look in looks], planned_at=now)
        return len(rows)

    def _look(self, tx: Tx, row: _Row, now: datetime) -> _Look | None:
        """What is due of a schedule, and when it is due next. One that can't be kept ends."""
        try:
            turn = _turn(row.said, row.next_slot, now, row.catch_up_seconds)
        except ScheduleError:
            logger.exception("a schedule can't be kept and ends", schedule=str(row.id))
            here = and_(col(Schedule.community_id) == row.community_id, col(Schedule.id) == row.id)
            tx.execute(update(Schedule).where(here).values(next_at=None, next_slot=None, ended_at=now))
            return None
        slot, at = turn.newest
        due = Due(row.community_id, row.id, row.plugin, slot, at, now, row.language, turn.expires_at)
        look = _Look(due, turn.slot, turn.upcoming, 0 if turn.missed else row.tries)
        look.known = row.plugin in self._hall.routes.by_code
        look.missed = turn.missed
        return look

    def _make(self, tx: Tx, looks: Sequence[_Look]) -> None:
        """Let the plugins make what is due, all of a plugin's at once; what fails so is tried alone."""
        by_plugin: dict[str, list[_Look]] = {}
        for look in looks:
            by_plugin.setdefault(look.due.plugin, []).append(look)
        for code, several in by_plugin.items():
            make = self._hall.routes.by_code[code].due
            try:
                with tx.nested():
                    make(tx, [look.due for look in several])
                continue
            except Exception as error:
                # A slot that has its activity already, after the clock went back, stops its whole batch too.
                logger.info("a batch could not be planned: each is tried alone", plugin=code, error=repr(error))
            for look in several:
                look.planned = _is_planned(tx, look)
                if look.planned:
                    continue
                try:
                    with tx.nested():
                        make(tx, [look.due])
                except Exception:
                    look.trace, schedule = secrets.token_hex(4), str(look.due.schedule_id)
                    logger.exception("a schedule could not be planned", schedule=schedule, trace=look.trace)


@dataclass(slots=True)
class _Look:
    """What was found of a schedule in one look."""

    due: Due
    slot: str
    upcoming: Slot | None
    tries: int
    known: bool = True
    """Its plugin is there."""
    missed: Sequence[Slot] = ()
    """The slots before it that were due as well."""
    planned: bool = False
    """The slot has its activity already."""
    trace: str = ""
    """Its plugin raised; what the log has it under."""

    @property
    def late(self) -> timedelta:
        """How late it is."""
        return self.due.now - self.due.at

    @property
    def wanted(self) -> bool:
        """Its activity is to be made."""
        return self.known and not self.planned and self.due.now <= self.due.expires_at

    def tell(self, tx: Tx) -> None:
        """Put into the incident log what a manager should know."""
        late = round(self.late.total_seconds())
        for slot, at in self.missed:
            self._note(tx, Kind.MISSED, slot.isoformat(), late=round((self.due.now - at).total_seconds()))
        if self.trace:
            if self.tries == 0:
                self._note(tx, Kind.STUMBLED, self.slot, trace=self.trace)
        elif not self.wanted and not self.planned:
            self._note(tx, Kind.MISSED, self.slot, late=late)
        elif self.wanted and self.late > LATE:
            self._note(tx, Kind.LATE, self.slot, late=late)

    def _note(self, tx: Tx, kind: Kind, slot: str, **detail: Any) -> None:
        due = self.due
        incidents.note(
            tx, kind, due.community_id, plugin=due.plugin, schedule_id=due.schedule_id, slot=slot, **detail
        )

    def values(self, now: datetime) -> dict[str, Any]:
        """The schedule's row from now on: its next slot, or this one again after a rest."""
        if self.trace:
            rest = min(FIRST_BACKOFF * 2 ** min(self.tries, 10), LONGEST_BACKOFF) * random.uniform(0.75, 1.25)
            slot, at, tries = self.slot, now + rest, self.tries + 1
        elif self.upcoming is not None:
            slot, at, tries = self.upcoming.slot.isoformat(), self.upcoming.at, 0
        else:
            slot, at, tries = None, None, 0
        return {
            "community_id": self.due.community_id,
            "id": self.due.schedule_id,
            "next_slot": slot,
            "next_at": at,
            "ended_at": now if at is None else None,
            "tries": tries,
        }


class _Row(NamedTuple):
    """A schedule with what its community says of it. JSON as text: most say the same, which is read once."""

    community_id: UUID
    id: UUID
    plugin: str
    kind: str
    spec: str
    until: str | None
    days_off: str
    not_before: str | None
    next_slot: str
    catch_up_seconds: int
    tries: int
    time_zone: str | None
    home: str
    language: str

    @property
    def said(self) -> _Said:
        """What it says of its times, and in which zone."""
        return self.kind, self.spec, self.until, self.days_off, self.not_before, self.time_zone or self.home


_Said = tuple[str, str, str | None, str, str | None, str]


@lru_cache(4096)
def _timing(said: _Said) -> tuple[Timing, ZoneInfo]:
    """It read. Raises ScheduleError."""
    kind, spec, until, days_off, not_before, where = said
    return timing_from(kind, json.loads(spec), until, json.loads(days_off), not_before), zone(where)


class _Turn(NamedTuple):
    """What a schedule that came due has to do now."""

    newest: Slot
    """What is past its window is seen for what it is by its end."""
    slot: str
    expires_at: datetime
    missed: Sequence[Slot]
    upcoming: Slot | None


@lru_cache(256)
def _turn(said: _Said, row_slot: str, now: datetime, catch_up_seconds: int) -> _Turn:
    """Reckoned once a batch for all that say the same, as most do at the top of the hour. Raises ScheduleError."""
    catch_up = timedelta(seconds=catch_up_seconds) or CATCH_UP
    turn = newest_due_and_next(*_timing(said), datetime.fromisoformat(row_slot), now, catch_up)
    *missed, newest = turn.missed if turn.post is None else (*turn.missed, turn.post)
    return _Turn(newest, newest.slot.isoformat(), newest.at + catch_up, missed, turn.upcoming)


def _schedules(*where: ColumnElement[bool]) -> Prepared:
    """A batch of schedules, locked; those that another process has in hand are passed over."""
    return Prepared(
        select(
            col(Schedule.community_id),
            col(Schedule.id),
            col(Schedule.plugin),
            col(Schedule.kind),
            cast(col(Schedule.spec), String),
            col(Schedule.until),
            cast(col(Schedule.days_off), String),
            col(Schedule.not_before),
            col(Schedule.next_slot),
            col(Schedule.catch_up_seconds),
            col(Schedule.tries),
            col(Schedule.time_zone),
            col(Community.time_zone).label("home"),
            col(Community.language),
        )
        .join(Community, col(Community.id) == col(Schedule.community_id))
        .where(*where, col(Schedule.paused_at).is_(None), col(Schedule.ended_at).is_(None))
        .order_by(col(Schedule.next_at))
        .limit(BATCH)
        .with_for_update(of=Schedule, skip_locked=True)
    )


_CLAIM = _schedules(col(Schedule.next_at) <= bindparam("now"))
_AHEAD = _schedules(col(Schedule.planned_at) > bindparam("now"))
_DUE = Prepared(
    select(
        select(literal_column("1"))
        .select_from(Schedule)
        .where(
            col(Schedule.next_at) <= bindparam("now"),
            col(Schedule.paused_at).is_(None),
            col(Schedule.ended_at).is_(None),
        )
        .exists(),
        alarms.DUE,
        alarms.NEXT,
    )
)
"""Whether anything is due, and when an alarm is next: read before claiming, which writes."""


def _is_planned(tx: Tx, look: _Look) -> bool:
    """Whether the slot has its activity already."""
    known = select(col(Activity.id)).where(
        col(Activity.community_id) == look.due.community_id,
        col(Activity.schedule_id) == look.due.schedule_id,
        col(Activity.slot) == look.slot,
    )
    return tx.execute(known).first() is not None


def _reckon_again(tx: Tx, *, now: datetime) -> int:
    """One batch of what was planned by a clock that was ahead."""
    rows = [_Row(*row) for row in tx.run(_AHEAD, now=now + JUMP)]
    values = []
    for row in rows:
        try:
            upcoming = next_due(*_timing(row.said), now)
        except ScheduleError:
            upcoming = None
        slot, at = (upcoming.slot.isoformat(), upcoming.at) if upcoming else (None, None)
        values.append({"community_id": row.community_id, "id": row.id, "next_slot": slot, "next_at": at})
    update_all(tx, Schedule, ("community_id", "id"), values, planned_at=now)
    return len(rows)
