"""Processes side by side on one store: none waits for another, and none keeps what it does not work on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import pytest

from core.capabilities import Limit
from core.claims import CHECK_AFTER, DIED
from core.pace import Paces
from core.registry import migrations_of
from core.testing import SetClock
from core.testing.fake_bot import EVERYTHING
from plugins.question_of_the_day import QuestionOfTheDay
from storage import workers
from storage.engine import Store
from storage.errors import StoreUnavailable
from storage.tx import Tx
from storage.vault import Vault
from storage.workers import LIVES
from tests.core.kit import rows
from tests.core.yard import Yard

LIMITS = (Limit(10, 1.0),)


@pytest.fixture
async def stores(postgres_url: str, time: SetClock, vault: Vault) -> AsyncIterator[tuple[Store, Store]]:
    """Two processes' own connections to one PostgreSQL."""
    plugins = migrations_of([QuestionOfTheDay])
    both = [await Store.open(postgres_url, clock=time.now, vault=vault, plugins=plugins) for _ in range(2)]
    yield both[0], both[1]
    for store in both:
        await store.close()


def paced(tx: Tx, *lanes: str) -> list[bool]:
    """Whether the pace of each of these lanes is to be had."""
    return [Paces.of_lane(tx, lane, LIMITS, LIMITS) is not None for lane in lanes]


async def test_lanes_that_another_process_claims_in_are_left_to_it(stores: tuple[Store, Store]) -> None:
    """A transaction holds several units: waiting, each would have one lane and want the other."""
    await stores[0].write(lambda tx: paced(tx, "a", "b"))
    have_one, asked = threading.Barrier(2), threading.Barrier(2)

    def unit(first: str, second: str, tx: Tx) -> list[bool]:
        found = paced(tx, first)
        have_one.wait(10)
        found += paced(tx, second)
        asked.wait(10)
        return found

    async with asyncio.timeout(10):
        found = await asyncio.gather(
            stores[0].write(partial(unit, "a", "b")), stores[1].write(partial(unit, "b", "a"))
        )
    assert found == [[True, False], [True, False]]
    assert await stores[0].write(lambda tx: paced(tx, "a", "b")) == [True, True]


async def test_asking_for_a_duty_that_another_keeps_waits_for_nobody(
    stores: tuple[Store, Store], time: SetClock
) -> None:
    now = time.now()
    await stores[0].write(lambda tx: workers.beat(tx, "one", now))
    assert await stores[0].write(lambda tx: workers.take(tx, "hear", "one", now))
    asked, go = threading.Event(), threading.Event()

    def keep(tx: Tx) -> bool:
        kept = workers.take(tx, "hear", "one", now)
        asked.set()
        go.wait(10)
        return kept

    keeping = asyncio.ensure_future(stores[0].write(keep))
    await asyncio.to_thread(asked.wait, 10)
    async with asyncio.timeout(10):
        assert not await stores[1].write(lambda tx: workers.take(tx, "hear", "two", now))
    assert not keeping.done(), "it was waited for"
    go.set()
    assert await keeping


async def test_a_process_that_counted_as_dead_for_a_while_goes_on_with_what_it_had(yard: Yard) -> None:
    """It claims, and freezes before it sends; nobody takes over, and it lives on."""
    await yard.owe()
    lane = yard.lane("one")
    claimed = await lane._claim(10)
    assert len(claimed.jobs) == 1
    yard.time.pass_by(LIVES.total_seconds() + 1)
    await lane._work(claimed.jobs[0])
    assert yard.bot.posts == [], "another could have sent it by now"
    assert await lane.deliver() == 1
    assert len(yard.bot.posts) == 1


async def test_what_a_claim_took_whose_commit_nobody_saw_is_sent_though_nothing_else_is_due(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    await yard.owe()
    lane = yard.lane("one")
    write = yard.store.write

    async def lost(unit: object, **more: object) -> None:
        await write(unit, **more)  # type: ignore[arg-type]  # whatever it was called with
        raise StoreUnavailable("the line broke after the commit")

    with monkeypatch.context() as broken:
        broken.setattr(yard.store, "write", lost)
        with pytest.raises(StoreUnavailable):
            await lane._look()
    assert (await rows(yard.store, "SELECT leased_by FROM delivery")) == [("one",)]
    claimed = await lane._look()
    assert len(claimed.jobs) == 1
    await asyncio.gather(*lane._in_hand)
    assert len(yard.bot.posts) == 1


async def test_nothing_is_taken_from_a_process_that_lives(yard: Yard) -> None:
    await yard.owe()
    assert len((await yard.lane("one")._claim(10)).jobs) == 1
    yard.time.pass_by(LIVES.total_seconds() - 1)
    assert (await yard.lane("two")._claim(10)).jobs == []
    yard.time.pass_by(2)
    assert len((await yard.lane("two")._claim(10)).jobs) == 1


async def test_one_that_is_back_at_once_asks_no_sooner_than_a_message_can_have_landed(yard: Yard) -> None:
    """Where a store takes one process alone, nobody waits until it counts as dead. Its last call may be under way."""
    yard.bot.capabilities = replace(EVERYTHING, resend_seconds=0.0, finds=True)
    await yard.owe()
    yard.bot.go.clear()
    sending = asyncio.create_task(yard.lane("dead").deliver())
    await yard.bot.started.wait()
    yard.time.pass_by(1)
    await yard.store.write(workers.bury_all)
    heir = yard.lane("heir")
    assert await heir.deliver() == 0
    yard.bot.go.set()  # it lands
    await sending
    yard.time.pass_by(CHECK_AFTER)
    assert await heir.deliver() == 1
    assert len(yard.bot.posts) == 1
    assert await rows(yard.store, "SELECT state FROM delivery") == [("sent",)]


async def test_one_taken_over_in_time_and_not_sent_in_time_is_looked_for(yard: Yard) -> None:
    """Its heir dies as well, before it sends: by then the platform has forgotten the key."""
    yard.bot.capabilities = replace(EVERYTHING, resend_seconds=120.0, finds=True)
    await yard.owe()
    yard.bot.go.clear()
    sending = asyncio.create_task(yard.lane("dead").deliver())
    await yard.bot.started.wait()
    yard.time.pass_by(LIVES.total_seconds() + 1)
    assert [job.state for job in (await yard.lane("heir")._claim(10)).jobs] == ["pending"]
    yard.time.pass_by(121)
    last = yard.lane("last")
    assert await last.deliver() == 0
    assert await rows(yard.store, "SELECT state, error FROM delivery") == [("checking", DIED)]
    yard.bot.go.set()
    await sending
    yard.time.pass_by(CHECK_AFTER)
    assert await last.deliver() == 1
    assert await rows(yard.store, "SELECT state FROM delivery") == [("sent",)]
    assert len(yard.bot.posts) == 1
