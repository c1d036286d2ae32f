"""Schedules' rows: every change holds at once, also for what was planned already."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from core import timetable
from core.days_off import DaysOff
from core.hall import Hall
from core.planner import Planner
from core.schedule import Daily, NeverComes, Once, Rule
from core.testing import SetClock
from core.timing import Timing
from storage.engine import Store
from storage.tables import Delivery, Schedule
from storage.vault import Vault
from tests.core.kit import one_store, rows
from tests.core.probe import CODE, Probe
from tests.core.yard import Yard

NINE = Daily(time(9))
EVENING = Daily(time(18, 30))
DUE = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
"""Nine in Berlin."""
TOMORROW = DUE + timedelta(days=1)
SLOT = datetime(2026, 11, 21, 9)  # noqa: DTZ001 - a wall time


class Withdrawing(Probe):
    """Notes what it was told to take back."""

    def __init__(self) -> None:
        super().__init__()
        self.withdrawn: list[UUID] = []

    def withdraw(self, tx: Any, community_id: UUID, activity_id: UUID) -> None:
        self.withdrawn.append(activity_id)


@pytest.fixture
def probe() -> Withdrawing:
    return Withdrawing()


class Rows:
    """A community's one schedule, and what managers do to it."""

    def __init__(self, yard: Yard, probe: Withdrawing) -> None:
        self.yard, self.probe = yard, probe
        self.hall: Hall = yard.hall("a")
        self.id = UUID(int=0)

    @property
    def now(self) -> datetime:
        return self.yard.time.now()

    async def add(self, rule: Rule | Timing = NINE, zone: str = "Europe/Berlin") -> datetime:
        def unit(tx: Any) -> datetime:
            where = {"community_id": self.yard.community, "plugin": CODE, "time_zone": zone, "now": self.now}
            self.id, at = timetable.add_schedule(tx, rule=rule, **where)
            return at

        return await self.yard.store.write(unit)

    async def do(self, act: Any, *, tells: bool = True, **more: Any) -> Any:
        """One of the timetable's acts."""
        where = {"community_id": self.yard.community, "schedule_id": self.id, "now": self.now, **more}
        if tells:
            where["plugins"] = self.hall.routes.by_code
        return await self.yard.store.write(lambda tx: act(tx, **where))

    async def change(self, rule: Rule | Timing, zone: str = "Europe/Berlin") -> Any:
        return await self.do(timetable.change_schedule, rule=rule, time_zone=zone)

    async def plan(self) -> list[str]:
        """Let the planner look; the slots that it planned."""
        before = len(self.probe.planned)
        await Planner(self.hall).plan()
        return [due.slot.isoformat() for due in self.probe.planned[before:]]

    async def row(self) -> Schedule:
        async with self.yard.store.session() as session:
            found = await session.get(Schedule, (self.yard.community, self.id))
        assert found is not None
        return found

    async def next(self) -> tuple[str | None, datetime | None]:
        row = await self.row()
        return row.next_slot, row.next_at

    async def states(self) -> list[str]:
        return [one.state for one in await self.yard.deliveries()]

    async def activity(self) -> tuple[Any, ...]:
        ((state, slot),) = await rows(self.yard.store, "SELECT state, slot FROM activity")
        return state, slot

    async def stand(self, **values: Any) -> None:
        """What became of the first delivery."""
        first = (await self.yard.deliveries())[0].id
        statement = update(Delivery).where(Delivery.id == first).values(**values)  # type: ignore[arg-type]  # SQLModel's columns
        await self.yard.store.write(lambda tx: tx.execute(statement) and None)


@pytest.fixture
async def table(opened: Store, time: SetClock, probe: Withdrawing) -> Rows:
    yard = Yard(opened, time, probe)
    await yard.build(channels=2)
    return Rows(yard, probe)


@pytest.fixture
async def planned(table: Rows) -> Rows:
    """Nine o'clock: two posts are owed and neither was sent."""
    await table.add()
    table.yard.time.set(DUE)
    assert await table.plan() == ["2026-11-21T09:00:00"]
    assert await table.states() == ["pending", "pending"]
    return table


# -- rows ------------------------------------------------------------------------------------------------------------
async def test_a_schedule_follows_the_communitys_zone_or_keeps_its_own(table: Rows) -> None:
    assert await table.add() == DUE
    assert (await table.row()).time_zone is None
    assert await table.add(zone="America/New_York") == DUE + timedelta(hours=6)
    own = await table.row()
    assert own.time_zone == "America/New_York"
    await table.yard.store.write(
        lambda tx: timetable.move_zone(tx, table.yard.community, "Asia/Tokyo", table.yard.time.now())
    )
    found = await rows(table.yard.store, "SELECT time_zone FROM community")
    assert found == [("Asia/Tokyo",)]
    assert (await table.row()).next_at == own.next_at
    at = await rows(table.yard.store, "SELECT next_slot FROM schedule WHERE time_zone IS NULL")
    assert at == [("2026-11-22T09:00:00",)]  # it is three in the afternoon in Tokyo


async def test_what_never_comes_is_refused_and_changes_nothing(table: Rows) -> None:
    over = Once(datetime(2026, 11, 20, 9))  # noqa: DTZ001 - a wall time
    with pytest.raises(NeverComes):
        await table.add(over)
    await table.add()
    before = await table.row()
    with pytest.raises(NeverComes):
        await table.change(over)
    with pytest.raises(NeverComes):
        await table.change(Timing(NINE, until=date(2026, 11, 20)))
    assert (await table.row()) == before


async def test_exceptions_survive_a_bare_rule_and_go_with_a_timing(table: Rows) -> None:
    timing = Timing(NINE, date(2026, 12, 31), DaysOff("DE"))
    await table.add(timing)
    await table.change(EVENING)
    assert timetable.timing_of(await table.row()) == Timing(EVENING, date(2026, 12, 31), DaysOff("DE"))
    await table.change(Timing(EVENING))
    assert timetable.timing_of(await table.row()) == Timing(EVENING)


async def test_pausing_and_resuming(table: Rows) -> None:
    await table.add()
    assert await table.do(timetable.pause) is None
    assert await table.next() == (None, None)
    assert await table.change(EVENING) is None  # stays paused
    table.yard.time.set(TOMORROW)
    assert await table.plan() == []
    assert await table.do(timetable.resume, tells=False) == datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
    assert (await table.row()).paused_at is None


async def test_a_pause_may_have_an_end(table: Rows) -> None:
    await table.add()
    goes_on = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
    assert await table.do(timetable.pause, until=date(2026, 11, 25)) == goes_on
    table.yard.time.set(goes_on - timedelta(seconds=1))
    assert await table.plan() == []
    table.yard.time.set(goes_on)
    assert await table.plan() == ["2026-11-25T09:00:00"]
    await table.change(Timing(NINE, until=date(2026, 11, 30)))
    with pytest.raises(NeverComes):
        await table.do(timetable.pause, until=date(2026, 12, 24))


async def test_skipping_is_of_the_slot_that_was_seen(table: Rows) -> None:
    await table.add()
    for _ in range(2):  # a second press of the same button
        due = await table.do(timetable.skip, slot=SLOT)
        assert due.at == TOMORROW
    table.yard.time.set(DUE)
    assert await table.plan() == []
    assert await table.do(timetable.resume, tells=False) == TOMORROW  # too late to take it back
    table.yard.time.set(TOMORROW)
    assert await table.plan() == ["2026-11-22T09:00:00"]
    with pytest.raises(LookupError):
        await table.do(timetable.skip, slot=SLOT + timedelta(hours=1))


async def test_a_skip_is_taken_back(table: Rows) -> None:
    await table.add()
    await table.do(timetable.skip, slot=SLOT)
    assert await table.do(timetable.resume, tells=False) == DUE
    table.yard.time.set(DUE)
    assert await table.plan() == ["2026-11-21T09:00:00"]


async def test_the_last_slot_is_not_skipped(table: Rows) -> None:
    await table.add(Timing(NINE, until=date(2026, 11, 21)))
    with pytest.raises(NeverComes):
        await table.do(timetable.skip, slot=SLOT)
    assert (await table.next())[1] == DUE


async def test_what_ended_does_nothing_more_and_may_begin_anew(table: Rows) -> None:
    await table.add()
    await table.do(timetable.end_schedule)
    assert await table.next() == (None, None)
    for act in (timetable.pause, timetable.skip):
        with pytest.raises(LookupError):
            await table.do(act, **({"slot": SLOT} if act is timetable.skip else {}))
    with pytest.raises(LookupError):
        await table.do(timetable.resume, tells=False)
    assert await table.change(NINE) == DUE
    assert (await table.row()).ended_at is None


async def test_what_is_over_while_it_rests_ends(table: Rows) -> None:
    await table.add(Once(SLOT))
    await table.do(timetable.pause)
    table.yard.time.set(TOMORROW)
    assert await table.do(timetable.resume, tells=False) is None
    assert (await table.row()).ended_at == TOMORROW


# -- what was planned already ----------------------------------------------------------------------------------------
ACTS: dict[str, Any] = {
    "change": lambda table: table.change(EVENING),
    "pause": lambda table: table.do(timetable.pause),
    "pause with an end": lambda table: table.do(timetable.pause, until=date(2026, 11, 25)),
    "skip": lambda table: table.do(timetable.skip, slot=SLOT),
    "end": lambda table: table.do(timetable.end_schedule),
}


@pytest.mark.parametrize("act", ACTS)
async def test_what_nobody_saw_is_taken_back(planned: Rows, act: str) -> None:
    await ACTS[act](planned)
    assert await planned.states() == ["cancelled", "cancelled"]
    assert await planned.activity() == ("closed", None)
    assert len(planned.probe.withdrawn) == 1
    assert await planned.yard.lane().deliver() == 0
    assert planned.yard.bot.posts == []


@pytest.mark.parametrize(
    "values", [{"state": "sent"}, {"state": "sending"}, {"state": "unknown"}, {"state": "checking"}]
)
@one_store
async def test_what_somebody_may_have_seen_stays_and_the_rest_is_cancelled(
    planned: Rows, values: dict[str, Any]
) -> None:
    await planned.stand(**values)
    await planned.change(EVENING)
    assert await planned.states() == [values["state"], "cancelled"]
    assert await planned.activity() == ("open", "2026-11-21T09:00:00")
    assert planned.probe.withdrawn == []


@one_store
async def test_a_post_that_is_tried_again_may_stand_already(planned: Rows) -> None:
    await planned.stand(sent_at=DUE)
    await planned.do(timetable.end_schedule)
    assert await planned.states() == ["pending", "cancelled"]
    assert planned.probe.withdrawn == []


@one_store
async def test_what_failed_was_seen_by_nobody(planned: Rows) -> None:
    await planned.stand(state="failed")
    await planned.do(timetable.end_schedule)
    assert await planned.states() == ["failed", "cancelled"]
    assert len(planned.probe.withdrawn) == 1


async def test_skipping_what_was_planned_skips_no_other(planned: Rows) -> None:
    due = await planned.do(timetable.skip, slot=SLOT)
    assert due.at == TOMORROW
    with pytest.raises(LookupError):
        await planned.do(timetable.skip, slot=SLOT)
    planned.yard.time.set(TOMORROW)
    assert await planned.plan() == ["2026-11-22T09:00:00"]


async def test_a_slot_that_was_taken_back_may_come_again(planned: Rows) -> None:
    """Nine o'clock in Berlin is planned; the manager moves it to New York before it is sent: it is still to come."""
    assert await planned.change(NINE, "America/New_York") == DUE + timedelta(hours=6)
    planned.yard.time.set(DUE + timedelta(hours=6))
    assert await planned.plan() == ["2026-11-21T09:00:00"]
    assert await planned.states() == ["cancelled", "cancelled", "pending", "pending"]


async def test_a_changed_schedule_holds_at_once(table: Rows) -> None:
    await table.add()
    table.yard.time.set(DUE)
    at = await table.change(EVENING)
    assert at == datetime(2026, 11, 21, 17, 30, tzinfo=UTC)
    assert await table.plan() == []
    table.yard.time.set(at)
    assert await table.plan() == ["2026-11-21T18:30:00"]


async def test_a_change_and_the_planner_at_the_same_moment_leave_nothing_of_the_old_time(
    postgres_url: str, time: SetClock, vault: Vault, probe: Withdrawing
) -> None:
    """One process plans nine o'clock while managers move it through another. Whoever is first, none goes out."""
    stores = [await Store.open(postgres_url, clock=time.now, vault=vault) for _ in range(2)]
    yard = Yard(stores[0], time, probe)
    await yard.build()
    tables = []
    for _ in range(30):
        table = Rows(yard, probe)
        await table.add()
        tables.append(table)
    time.set(DUE)
    planner = Planner(yard.hall("other", store=stores[1]))
    await asyncio.gather(*(table.change(EVENING) for table in tables[:15]), planner.plan())
    await asyncio.gather(planner.plan(), *(table.change(EVENING) for table in tables[15:]))
    assert set(await tables[0].states()) <= {"cancelled"}
    planned = await rows(stores[0], "SELECT count(*) FROM activity")
    assert planned == [(len(probe.withdrawn),)]
    assert await rows(stores[0], "SELECT DISTINCT next_slot FROM schedule") == [("2026-11-21T18:30:00",)]
    for store in stores:
        await store.close()
