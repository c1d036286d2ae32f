"""Each alarm rings once, whoever looks, and is never lost to a plugin that stumbles."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from core.alarms import BATCH, LONGEST_BACKOFF, set_alarm, silence
from core.planner import Planner
from core.testing import SetClock
from storage.engine import Store
from storage.tables import Alarm, Incident
from storage.tx import Tx
from storage.vault import Vault
from tests.core.conftest import MIGRATIONS
from tests.core.kit import one_store, until
from tests.core.probe import CODE, Probe
from tests.core.yard import Yard
from tests.e2e.kit import LiveClock

MINUTE = timedelta(minutes=1)


async def put(
    yard: Yard, at: datetime, name: str = "end", activity: int = 1, plugin: str = CODE, *, or_sooner: bool = False
) -> None:
    def unit(tx: Tx) -> None:
        set_alarm(tx, yard.community, UUID(int=activity), plugin, name, at, or_sooner=or_sooner)

    await yard.store.write(unit)


async def alarms(yard: Yard) -> list[Alarm]:
    async with yard.store.session() as session:
        return list(await session.scalars(select(Alarm).order_by(Alarm.name)))  # type: ignore[arg-type]  # a column


async def test_an_alarm_rings_once_at_its_moment(yard: Yard) -> None:
    planner, at = Planner(yard.hall("a")), yard.time.now() + MINUTE
    await put(yard, at)
    assert await planner.plan() == 0
    yard.time.set(at)
    assert await planner.plan() == 1
    assert await planner.plan() == 0
    (ring,) = yard.probe.rung
    assert (ring.community_id, ring.activity_id, ring.name, ring.at, ring.now) == (
        yard.community,
        UUID(int=1),
        "end",
        at,
        at,
    )
    assert await alarms(yard) == []


@one_store
async def test_the_planner_looks_at_the_moment_of_an_alarm(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.planner.LOOK_SECONDS", 60.0)
    hall = yard.hall("a")
    hall.clock = LiveClock(yard.time.now())
    await put(yard, yard.time.now() + timedelta(seconds=0.3))
    planner = Planner(hall)
    await planner.start()
    await until(lambda: bool(yard.probe.rung))
    await planner.stop()


async def test_an_alarm_is_moved_and_silenced(yard: Yard) -> None:
    now = yard.time.now()
    await put(yard, now + MINUTE)
    await put(yard, now + 3 * MINUTE)
    await put(yard, now + 2 * MINUTE, or_sooner=True)
    await put(yard, now + 4 * MINUTE, or_sooner=True)
    await put(yard, now + MINUTE, "hold")
    assert [(one.name, one.at) for one in await alarms(yard)] == [("end", now + 2 * MINUTE), ("hold", now + MINUTE)]
    await yard.store.write(lambda tx: silence(tx, yard.community, UUID(int=1), "hold"))
    assert [one.name for one in await alarms(yard)] == ["end"]
    await yard.store.write(lambda tx: silence(tx, yard.community, UUID(int=1)))
    assert await alarms(yard) == []


async def test_what_a_plugin_sets_anew_while_it_rings_stays(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    def ring(tx: Tx, rings: object) -> None:
        set_alarm(tx, yard.community, UUID(int=1), CODE, "end", tx.now + MINUTE)

    monkeypatch.setattr(yard.probe, "ring", ring)
    await put(yard, yard.time.now())
    assert await Planner(yard.hall("a")).plan() == 1
    assert [one.at for one in await alarms(yard)] == [yard.time.now() + MINUTE]


async def test_one_that_fails_keeps_no_other_from_ringing(yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
    yard.probe.deaf = {"bad"}
    for name in ("bad", "good"):
        await put(yard, yard.time.now(), name)
    planner = Planner(yard.hall("a"))
    assert await planner.plan() == 2
    assert [ring.name for ring in yard.probe.rung] == ["good"]
    (left,) = await alarms(yard)
    assert (left.name, left.tries) == ("bad", 1)
    assert left.at > yard.time.now()
    async with yard.store.session() as session:
        (incident,) = await session.scalars(select(Incident))
    assert (incident.kind, incident.plugin) == ("stumbled", CODE)
    (said,) = [one for one in caplog.records if one.exc_info]
    assert incident.detail["trace"] in str(vars(said)), "what the manager is shown leads to the trace"
    yard.probe.deaf = set()
    yard.time.set(left.at)
    assert await planner.plan() == 1
    assert [ring.name for ring in yard.probe.rung] == ["good", "bad"]


@one_store
async def test_an_alarm_waits_for_its_plugin(yard: Yard) -> None:
    await put(yard, yard.time.now(), plugin="zz")
    assert await Planner(yard.hall("a")).plan() == 1
    assert [one.at for one in await alarms(yard)] == [yard.time.now() + LONGEST_BACKOFF]


async def test_many_ring_in_one_look(yard: Yard) -> None:
    count = 2 * BATCH + 1

    def unit(tx: Tx) -> None:
        for number in range(count):
            set_alarm(tx, yard.community, UUID(int=number), CODE, "end", tx.now)

    await yard.store.write(unit)
    assert await Planner(yard.hall("a")).plan() == count
    assert len({ring.activity_id for ring in yard.probe.rung}) == len(yard.probe.rung) == count


async def test_two_processes_ring_each_once(postgres_url: str, time: SetClock, vault: Vault, probe: Probe) -> None:
    stores = [await Store.open(postgres_url, clock=time.now, vault=vault, plugins=MIGRATIONS) for _ in range(2)]
    yards = [Yard(store, time, probe) for store in stores]
    await yards[0].build()

    def unit(tx: Tx) -> None:
        for number in range(BATCH):
            set_alarm(tx, yards[0].community, UUID(int=number), CODE, "end", tx.now)

    await stores[0].write(unit)
    await asyncio.gather(*(Planner(yard.hall(str(id(yard)))).plan() for yard in yards))
    assert len({ring.activity_id for ring in probe.rung}) == len(probe.rung) == BATCH
    for store in stores:
        await store.close()
