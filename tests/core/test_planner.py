"""Each slot once, whoever looks and however late."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

import core.planner
from core.planner import CATCH_UP, Planner
from core.schedule import Daily, Due, Once, Rule
from core.testing import SetClock
from core.timetable import add_schedule
from storage.engine import Store
from storage.tables import Schedule
from storage.tx import Tx
from storage.vault import Vault
from tests.core.kit import one_store, rows, until
from tests.core.probe import CODE, Probe
from tests.core.yard import Yard

NINE = Daily(time(9, 0))
BERLIN_NINE = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


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
    assert (kept.next_slot, kept.planned_at) == ("2026-11-22T09:00:00", BERLIN_NINE)
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


async def test_a_planner_that_dies_in_the_middle_leaves_nothing_behind(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last thing of a batch fails: nothing of it is kept, and whoever looks next plans it once."""
    await schedule(yard)
    yard.time.set(BERLIN_NINE)

    def die(*_arguments: object, **_more: object) -> None:
        raise ConnectionAbortedError

    with monkeypatch.context() as patched:
        patched.setattr(core.planner, "update_all", die)
        with pytest.raises(ConnectionAbortedError):
            await Planner(yard.hall("dead")).plan()
    assert await rows(yard.store, "SELECT count(*) FROM activity") == [(0,)]
    assert await rows(yard.store, "SELECT count(*) FROM delivery") == [(0,)]
    assert await Planner(yard.hall("heir")).plan() == 1
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
    made = await schedule(yard)
    yard.time.set(BERLIN_NINE)
    planner, real = Planner(yard.hall("a")), yard.probe.due

    def broken(*_arguments: object) -> None:
        raise RuntimeError("ill today")

    monkeypatch.setattr(yard.probe, "due", broken)
    assert await planner.plan() == 1
    assert await planner.plan() == 0
    yard.time.pass_by(80)
    assert await planner.plan() == 1
    assert await rows(yard.store, "SELECT kind, schedule_id, slot FROM incident") == [
        ("stumbled", _stored(yard, made), "2026-11-21T09:00:00")
    ]
    monkeypatch.setattr(yard.probe, "due", real)
    yard.time.pass_by(160)
    await planner.plan()
    assert slots(yard) == ["2026-11-21T09:00:00"]
    assert await rows(yard.store, "SELECT count(*) FROM activity") == [(1,)]
    kept = await row(yard)
    assert (kept.next_slot, kept.tries) == ("2026-11-22T09:00:00", 0)
    assert [kind for (kind,) in await rows(yard.store, "SELECT kind FROM incident ORDER BY id")] == [
        "stumbled",
        "late",
    ]


async def test_a_plugin_that_raises_for_one_community_plans_the_others(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = await schedule(yard), await schedule(yard)
    yard.time.set(BERLIN_NINE)
    real = yard.probe.due

    def choosy(tx: Tx, dues: Sequence[Due]) -> None:
        real(tx, dues)
        if any(due.schedule_id == bad for due in dues):
            raise RuntimeError("not this one")

    monkeypatch.setattr(yard.probe, "due", choosy)
    assert await Planner(yard.hall("a")).plan() == 2
    assert await rows(yard.store, "SELECT schedule_id FROM activity") == [(_stored(yard, good),)]
    assert await rows(yard.store, "SELECT count(*) FROM delivery") == [(1,)]


async def test_a_plugin_that_is_ill_for_longer_than_the_window_misses_its_slot(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    await schedule(yard)
    yard.time.set(BERLIN_NINE)
    planner = Planner(yard.hall("a"))

    def broken(*_arguments: object) -> None:
        raise RuntimeError("ill for good")

    monkeypatch.setattr(yard.probe, "due", broken)
    await planner.plan()
    yard.time.pass_by(hours=7)
    await planner.plan()
    kept = await row(yard)
    assert (kept.next_slot, kept.tries) == ("2026-11-22T09:00:00", 0)
    assert [kind for (kind,) in await rows(yard.store, "SELECT kind FROM incident ORDER BY id")] == [
        "stumbled",
        "missed",
    ]


def _stored(yard: Yard, number: UUID) -> object:
    """An id as plain SQL reads it."""
    return number.bytes if yard.store.dialect == "sqlite" else number


@one_store
async def test_what_was_late_or_missed_is_in_the_incident_log(yard: Yard) -> None:
    await schedule(yard)
    planner = Planner(yard.hall("a"))
    yard.time.set(BERLIN_NINE + timedelta(seconds=59))
    await planner.plan()
    assert await rows(yard.store, "SELECT count(*) FROM incident") == [(0,)]
    yard.time.set(BERLIN_NINE + timedelta(days=1, hours=1))
    await planner.plan()
    yard.time.set(BERLIN_NINE + timedelta(days=2, hours=7))
    await planner.plan()
    yard.time.set(BERLIN_NINE + timedelta(days=4, hours=1))
    await planner.plan()
    log = await rows(yard.store, "SELECT kind, slot, json_extract(detail, '$.late') FROM incident ORDER BY id")
    assert log == [
        ("late", "2026-11-22T09:00:00", 3600),
        ("missed", "2026-11-23T09:00:00", 7 * 3600),
        ("missed", "2026-11-24T09:00:00", 25 * 3600),
        ("late", "2026-11-25T09:00:00", 3600),
    ]
    assert slots(yard) == ["2026-11-21T09:00:00", "2026-11-22T09:00:00", "2026-11-25T09:00:00"]


async def test_a_clock_that_was_ahead_costs_no_slot_and_doubles_none(yard: Yard) -> None:
    """For a while the clock said next week: what was planned then stays, and the days in between come as well."""
    await schedule(yard)
    planner = Planner(yard.hall("a"))
    yard.time.set(BERLIN_NINE + timedelta(days=7))
    await planner.plan()
    assert slots(yard) == ["2026-11-28T09:00:00"]
    yard.time.set(BERLIN_NINE)
    assert await planner.reckon_again() == 1
    assert await planner.reckon_again() == 0
    for day in range(9):
        yard.time.set(BERLIN_NINE + timedelta(days=day))
        await planner.plan()
    assert slots(yard)[1:] == [f"2026-11-{day}T09:00:00" for day in (22, 23, 24, 25, 26, 27, 29)]


@one_store
async def test_the_running_planner_sees_the_clock_go_back(yard: Yard) -> None:
    await schedule(yard)
    yard.time.set(BERLIN_NINE + timedelta(days=7))
    planner = Planner(yard.hall("a"))
    await planner.start()
    await until(lambda: len(yard.probe.planned) == 1)
    yard.time.set(BERLIN_NINE + timedelta(days=1, minutes=-1))
    while (await row(yard)).next_slot != "2026-11-22T09:00:00":
        planner.wake()
        await asyncio.sleep(0.01)
    await planner.stop()


@one_store
async def test_the_planner_survives_what_nobody_thought_of_and_stops_when_woken(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    planner = Planner(yard.hall("a"))
    real, calls = planner.plan, []

    async def stumble() -> int:
        calls.append(yard.time.now())
        if len(calls) == 1:
            raise ZeroDivisionError
        return await real()

    monkeypatch.setattr(planner, "plan", stumble)
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
