"""Each slot once, whoever looks and however late."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from core.planner import CATCH_UP, Planner, add_schedule, change_schedule
from core.schedule import Daily, Once, Rule
from core.testing import SetClock
from storage.engine import Store
from storage.tables import Schedule
from storage.vault import Vault
from tests.core.kit import one_store, rows, until
from tests.core.probe import CODE, Probe
from tests.core.yard import Yard

NINE = Daily(time(9, 0))
BERLIN_NINE = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


@pytest.fixture
async def yard(opened: Store, time: SetClock, probe: Probe) -> Yard:
    yard = Yard(opened, time, probe)
    await yard.build()
    return yard


async def schedule(yard: Yard, rule: Rule = NINE, **values: object) -> UUID:
    def unit(tx: object) -> UUID:
        made, _ = add_schedule(
            tx,  # type: ignore[arg-type]  # the store's
            community_id=yard.community,
            plugin=CODE,
            rule=rule,
            time_zone="Europe/Berlin",
            now=yard.time.now(),
        )
        if values:
            tx.execute(update(Schedule).values(**values))  # type: ignore[attr-defined]  # the store's
        return made

    return await yard.store.write(unit)


async def row(yard: Yard) -> Schedule:
    async with yard.store.session() as session:
        found = await session.scalar(select(Schedule))
    assert found is not None
    return found


def slots(yard: Yard) -> list[str]:
    return [due.slot.isoformat() for due in yard.probe.planned]


async def test_a_slot_comes_once_at_its_moment(yard: Yard) -> None:
    await schedule(yard)
    planner = Planner(yard.hall("a"))
    yard.time.set(BERLIN_NINE - timedelta(seconds=1))
    assert await planner.plan() == 0
    yard.time.set(BERLIN_NINE)
    assert await planner.plan() == 1
    assert await planner.plan() == 0
    (due,) = yard.probe.planned
    assert (due.slot, due.at, due.language) == (datetime(2026, 11, 21, 9, 0), BERLIN_NINE, "en")  # noqa: DTZ001 - a wall time
    kept = await row(yard)
    assert (kept.next_slot, kept.leased_by) == ("2026-11-22T09:00:00", None)
    assert len(await yard.deliveries()) == 1


async def test_two_halls_plan_a_slot_once(postgres_url: str, time: SetClock, vault: Vault, probe: Probe) -> None:
    stores = [await Store.open(postgres_url, clock=time.now, vault=vault) for _ in range(2)]
    yard = Yard(stores[0], time, probe)
    await yard.build()
    for _ in range(20):
        await schedule(yard)
    yard.time.set(BERLIN_NINE)
    planners = [Planner(yard.hall(name, store=store)) for name, store in zip("ab", stores, strict=True)]
    await asyncio.gather(*(planner.plan() for planner in planners * 3))
    assert await rows(yard.store, "SELECT count(*), count(DISTINCT schedule_id) FROM activity") == [(20, 20)]
    for store in stores:
        await store.close()


async def test_what_a_dead_planner_leased_is_planned_by_another_once(yard: Yard) -> None:
    await schedule(yard)
    yard.time.set(BERLIN_NINE)
    dead, heir = Planner(yard.hall("dead")), Planner(yard.hall("heir"))
    ((community_id, schedule_id),) = await yard.store.write(lambda tx: dead._lease(tx, yard.time.now()))
    assert await heir.plan() == 0
    yard.time.pass_by(LEASE.total_seconds() + 1)
    assert await heir.plan() == 1
    await yard.store.write(
        lambda tx: dead._plan_one(tx, community_id=community_id, schedule_id=schedule_id, now=yard.time.now())
    )
    assert await rows(yard.store, "SELECT count(*) FROM activity") == [(1,)]


@pytest.mark.parametrize(
    ("late", "catch_up", "planned"),
    [
        (CATCH_UP, 0, ["2026-11-21T09:00:00"]),
        (CATCH_UP + timedelta(seconds=1), 0, []),
        (timedelta(minutes=9), 600, ["2026-11-21T09:00:00"]),
        (timedelta(minutes=11), 600, []),
        (timedelta(days=3, hours=1), 0, ["2026-11-24T09:00:00"]),
        (timedelta(days=3, hours=7), 0, []),
        (timedelta(days=3, hours=7), 2 * 86400, ["2026-11-24T09:00:00"]),
        (timedelta(days=900, hours=1), 0, ["2029-05-09T09:00:00"]),
    ],
)
@one_store
async def test_a_missed_slot_is_caught_up_with_in_its_window(
    yard: Yard, late: timedelta, catch_up: int, planned: list[str]
) -> None:
    """After an outage the newest slot that is not too old goes out, alone."""
    await schedule(yard, catch_up_seconds=catch_up)
    local = (BERLIN_NINE + late).astimezone().replace(tzinfo=None)
    yard.time.set(BERLIN_NINE + late - (timedelta(hours=1) if late.days > 100 else timedelta()))  # summer time
    assert local
    await Planner(yard.hall("a")).plan()
    assert slots(yard) == planned
    kept = await row(yard)
    assert kept.next_at is not None
    assert kept.next_at > yard.time.now()


async def test_a_schedule_that_has_had_its_last_slot_ends(yard: Yard) -> None:
    await schedule(yard, Once(datetime(2026, 11, 21, 9, 0)))  # noqa: DTZ001 - a wall time
    yard.time.set(BERLIN_NINE)
    await Planner(yard.hall("a")).plan()
    kept = await row(yard)
    assert (kept.next_at, kept.next_slot, kept.ended_at) == (None, None, BERLIN_NINE)
    assert slots(yard) == ["2026-11-21T09:00:00"]


@pytest.mark.parametrize("column", ["paused_at", "ended_at"])
@one_store
async def test_what_is_paused_or_over_does_not_come_due(yard: Yard, column: str) -> None:
    await schedule(yard, **{column: yard.time.now()})
    yard.time.set(BERLIN_NINE)
    assert await Planner(yard.hall("a")).plan() == 0


@pytest.mark.parametrize("values", [{"kind": "lunar"}, {"time_zone": "Mars/Olympus"}])
async def test_a_schedule_that_cannot_be_kept_ends_and_spoils_no_other(yard: Yard, values: dict[str, object]) -> None:
    await schedule(yard, **values)
    good = await schedule(yard)
    yard.time.set(BERLIN_NINE)
    await Planner(yard.hall("a")).plan()
    assert [due.schedule_id for due in yard.probe.planned][-1] == good
    assert await rows(yard.store, "SELECT count(*) FROM schedule WHERE ended_at IS NOT NULL") == [(1,)]


async def test_a_plugin_that_raises_is_asked_again_later_and_the_slot_comes_once(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    await schedule(yard)
    yard.time.set(BERLIN_NINE)
    planner, real = Planner(yard.hall("a")), yard.probe.due

    def broken(*_arguments: object) -> None:
        raise RuntimeError("ill today")

    monkeypatch.setattr(yard.probe, "due", broken)
    assert await planner.plan() == 1
    assert await planner.plan() == 0
    monkeypatch.setattr(yard.probe, "due", real)
    yard.time.pass_by(LEASE.total_seconds() + 1)
    await planner.plan()
    assert slots(yard) == ["2026-11-21T09:00:00"]
    assert await rows(yard.store, "SELECT count(*) FROM activity") == [(1,)]


async def test_a_changed_schedule_holds_at_once(yard: Yard) -> None:
    made = await schedule(yard)
    yard.time.set(BERLIN_NINE)
    planner = Planner(yard.hall("a"))
    ((community_id, schedule_id),) = await yard.store.write(lambda tx: planner._lease(tx, yard.time.now()))
    at = await yard.store.write(
        lambda tx: change_schedule(
            tx,
            community_id=yard.community,
            schedule_id=made,
            rule=Daily(time(18, 30)),
            time_zone="Europe/Berlin",
            now=yard.time.now(),
        )
    )
    assert at == datetime(2026, 11, 21, 17, 30, tzinfo=UTC)
    await yard.store.write(
        lambda tx: planner._plan_one(tx, community_id=community_id, schedule_id=schedule_id, now=yard.time.now())
    )
    assert slots(yard) == []  # it was leased for a time that is no longer its time
    yard.time.set(at)
    await planner.plan()
    assert slots(yard) == ["2026-11-21T18:30:00"]


@one_store
async def test_the_planner_survives_what_nobody_thought_of_and_stops_when_woken(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    planner = Planner(yard.hall("a"))
    real, calls = planner._lease, []

    def stumble(tx: object, now: datetime) -> object:
        calls.append(now)
        if len(calls) == 1:
            raise ZeroDivisionError
        return real(tx, now)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(planner, "_lease", stumble)
    await planner.start()
    await until(lambda: len(calls) == 1)
    await schedule(yard)
    yard.time.set(BERLIN_NINE)
    planner.wake()
    await until(lambda: bool(yard.probe.planned))
    for _ in range(20):
        await planner.stop()
        await planner.start()
        await asyncio.sleep(0)
        planner.wake()
    planner.wake()
    await asyncio.wait_for(planner.stop(), 2)
