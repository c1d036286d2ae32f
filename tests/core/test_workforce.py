"""One process hears a platform, whoever dies; a process that ends gives back what it has."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

import core.workforce
from core.bot import BotStartError
from core.testing import SetClock
from storage.engine import Store
from storage.tables import Absence, Worker
from storage.vault import Vault
from storage.workers import AWAY, LIVES
from tests.core.kit import rows, until
from tests.core.probe import Probe
from tests.core.yard import SlowBot, Yard


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.workforce, "BEAT_SECONDS", 0.02)


def hearing(*bots: SlowBot) -> list[bool]:
    return [bot.health.listening for bot in bots]


async def living(yard: Yard) -> int:
    async with yard.store.session() as session:
        there = await session.scalars(select(col(Worker.id)).where(col(Worker.alive_until) > yard.time.now()))
        return len(there.all())


async def test_one_hears_and_the_other_takes_over_when_it_ends(yard: Yard) -> None:
    first, second = SlowBot(), SlowBot()
    one, two = yard.hall("one", first), yard.hall("two", second)
    await one.start()
    await two.start()
    assert hearing(first, second) == [True, False]
    await asyncio.sleep(0.1)
    assert hearing(first, second) == [True, False]
    await one.stop()
    await until(lambda: second.health.listening)
    await two.stop()
    assert await living(yard) == 0
    assert await rows(yard.store, "SELECT count(*) FROM lease") == [(0,)]


async def test_the_one_that_only_sends_sends(yard: Yard) -> None:
    first, second = SlowBot(), SlowBot()
    one, two = yard.hall("one", first), yard.hall("two", second)
    await one.start()
    await two.start()
    await one.deliverer.stop()
    await yard.owe()
    two.wake()
    await second.until_posts(1)
    assert first.posts == []
    await one.stop()
    await two.stop()


async def test_one_that_was_away_for_too_long_hears_no_more(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frozen, or cut off from the store: another hears by now, and the first finds out when it is back."""
    first, second = SlowBot(), SlowBot()
    one, two = yard.hall("one", first), yard.hall("two", second)
    await one.start()
    await two.start()
    with monkeypatch.context() as frozen:
        gone = asyncio.Event()

        async def wait(*_anything: object) -> None:
            await gone.wait()

        frozen.setattr(one.workforce, "beat", wait)
        frozen.setattr(one.workforce, "_hear", wait)
        frozen.setattr(one.deliverer, "_lanes", {})
        await asyncio.sleep(0.1)
        yard.time.pass_by(LIVES.total_seconds() + 1)
        await until(lambda: second.health.listening)
    gone.set()
    await until(lambda: not first.health.listening)
    assert hearing(first, second) == [False, True]
    await one.stop()
    await two.stop()


async def test_a_bot_that_cannot_hear_stops_the_start(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    bot = SlowBot()

    async def deaf() -> None:
        raise BotStartError("switch the intents on")

    monkeypatch.setattr(bot, "listen", deaf)
    hall = yard.hall("one", bot)
    with pytest.raises(BotStartError, match="intents"):
        await hall.start()
    assert await living(yard) == 0


async def test_alone_on_its_store_it_waits_for_no_dead(yard: Yard) -> None:
    """After a crash the only process that can be there takes over at once."""
    dead = yard.hall("dead")
    await dead.workforce.beat()
    await dead.workforce._hear(dead.bots["fake"])
    bot = SlowBot()
    heir = yard.hall("heir", bot)
    heir.workforce._alone = True
    await heir.start()
    assert bot.health.listening
    await heir.stop()


async def test_two_processes_on_one_postgresql_agree_who_hears(
    postgres_url: str, time: SetClock, vault: Vault, probe: Probe
) -> None:
    stores = [await Store.open(postgres_url, clock=time.now, vault=vault) for _ in range(2)]
    yard = Yard(stores[0], time, probe)
    await yard.build()
    bots = [SlowBot(), SlowBot()]
    halls = [yard.hall(name, bot, store) for name, bot, store in zip("ab", bots, stores, strict=True)]
    await asyncio.gather(*(hall.start() for hall in halls))
    assert sorted(hearing(*bots)) == [False, True]
    for hall, store in zip(halls, stores, strict=True):
        await hall.stop()
        await store.close()


async def test_it_does_not_rely_on_leases_longer_than_they_last(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = core.workforce.boot_time()
    monkeypatch.setattr(core.workforce, "boot_time", lambda: moment)
    workforce = yard.hall("one").workforce
    assert not workforce.alive
    await workforce.beat()
    assert workforce.alive
    moment += (LIVES - timedelta(seconds=core.workforce.MARGIN)).total_seconds() + 0.01
    assert not workforce.alive


async def test_one_that_can_hear_no_more_leaves_it_to_another(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = SlowBot(), SlowBot()
    one, two = yard.hall("one", first), yard.hall("two", second)
    await one.start()
    await two.start()

    async def deaf() -> None:
        await first.hush()
        raise BotStartError("the platform gave it up")

    monkeypatch.setattr(first, "listen", deaf)
    await until(lambda: second.health.listening)
    assert hearing(first, second) == [False, True]
    await one.stop()
    await two.stop()


# -- when nobody was there -------------------------------------------------------------------------------------------
async def absences(yard: Yard) -> list[timedelta]:
    async with yard.store.session() as session:
        return [one.until - one.since for one in await session.scalars(select(Absence).order_by(col(Absence.since)))]


@pytest.mark.parametrize("alone", [False, True])
async def test_a_time_without_any_process_is_written_down(yard: Yard, alone: bool) -> None:
    workforce = yard.hall("one").workforce
    workforce._alone = alone
    await workforce.start()
    await workforce.stop()
    yard.time.pass_by(AWAY.total_seconds())
    await workforce.start()
    assert await absences(yard) == []
    await workforce.stop()
    yard.time.pass_by(AWAY.total_seconds() + 1)
    await workforce.start()
    assert await absences(yard) == [AWAY + timedelta(seconds=1)]
    await workforce.stop()


async def test_one_that_died_was_there_until_its_last_beat(yard: Yard) -> None:
    await yard.hall("dead").workforce.beat()
    yard.time.pass_by(hours=1)
    heir = yard.hall("heir").workforce
    heir._alone = True
    await heir.start()
    assert await absences(yard) == [timedelta(hours=1) - LIVES]
    await heir.stop()


async def test_it_is_none_while_another_works_on(yard: Yard) -> None:
    one, two = yard.hall("one"), yard.hall("two")
    await one.workforce.beat(back=True)
    yard.time.pass_by(AWAY.total_seconds())
    await two.workforce.beat(back=True)
    yard.time.pass_by(minutes=1)
    await one.workforce.beat(back=True)
    assert await absences(yard) == []


async def test_one_that_froze_says_so_when_it_is_back(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = core.workforce.boot_time()
    monkeypatch.setattr(core.workforce, "boot_time", lambda: moment)
    hall = yard.hall("one")
    await hall.start()
    yard.time.pass_by(hours=2)  # a clock that is set forward: the process was there all the time
    await asyncio.sleep(0.1)
    assert await absences(yard) == []
    yard.time.pass_by(hours=2)
    moment += 7200
    await until(lambda: hall.workforce.alive)
    assert await absences(yard) == [timedelta(hours=2) - LIVES]
    await hall.stop()
