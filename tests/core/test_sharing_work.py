"""Several workers on what is owed, and dead ones among them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

import core.delivery
import core.workforce
from core.claims import CHECK_AFTER, Job
from core.delivery import Lane
from core.testing import SetClock
from core.testing.fake_bot import EVERYTHING
from core.workforce import boot_time
from storage.engine import Store
from storage.vault import Vault
from storage.workers import LIVES
from tests.core.probe import Probe
from tests.core.yard import SlowBot, Yard


async def test_what_is_leased_is_left_alone(yard: Yard) -> None:
    await yard.owe()
    yard.bot.go.clear()
    work = asyncio.create_task(yard.lane("a").deliver())
    await yard.bot.started.wait()
    assert await yard.lane("b").deliver() == 0
    yard.bot.go.set()
    await work
    assert len(yard.bot.posts) == 1


async def test_what_a_dead_worker_only_leased_is_sent_by_another(yard: Yard) -> None:
    await yard.owe()
    dead = yard.lane("dead")
    assert len((await dead._claim(10)).jobs) == 1
    assert await yard.lane("b").deliver() == 0
    yard.time.pass_by(LIVES.total_seconds() + 1)
    assert await yard.lane("b").deliver() == 1
    assert (await yard.delivery()).state == "sent"


async def test_a_worker_that_lost_its_lease_does_not_send(yard: Yard) -> None:
    await yard.owe()
    slow, quick = yard.lane("slow"), yard.lane("quick")
    (job,) = (await slow._claim(10)).jobs
    yard.time.pass_by(LIVES.total_seconds() + 1)
    await slow._work(job)  # it counts as dead, though nobody else has the delivery yet
    assert yard.bot.posts == []
    await quick.deliver()
    await slow._work(job)
    assert len(yard.bot.posts) == 1


async def test_a_worker_that_froze_after_its_commit_does_not_send(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own clock, which nobody sets, says that it is too late: the last thing before the send."""
    await yard.owe()
    hall = yard.hall("frozen")
    lane = Lane(hall, yard.bot)
    moment = boot_time()
    for module in (core.workforce, core.delivery):
        monkeypatch.setattr(module, "boot_time", lambda: moment)
    (job,) = (await lane._claim(10)).jobs
    real = lane._mine

    async def freeze(job: Job) -> bool:
        nonlocal moment
        mine = await real(job)
        moment += LIVES.total_seconds()
        return mine

    monkeypatch.setattr(lane, "_mine", freeze)
    await lane._work(job)
    assert yard.bot.posts == []
    row = await yard.delivery()
    assert (row.state, row.sent_at, row.leased_by) == ("pending", None, None)
    await yard.lane("heir").deliver()
    assert len(yard.bot.posts) == 1


@pytest.mark.parametrize(
    ("resend", "finds", "dead_for", "first", "last"),
    [
        (120.0, True, 16, "sent", "sent"),
        (120.0, False, 119, "sent", "sent"),
        (120.0, True, 121, "checking", "sent"),
        (120.0, False, 121, "unknown", "unknown"),
        (0.0, True, 16, "checking", "sent"),
        (0.0, False, 16, "unknown", "unknown"),
    ],
)
@pytest.mark.parametrize("taken", [True, False])
async def test_what_a_dead_worker_was_sending(
    yard: Yard, resend: float, finds: bool, dead_for: int, first: str, last: str, taken: bool
) -> None:
    """While the platform knows the key it goes out once more and stands once; else it is looked for, or asked."""
    yard.bot.capabilities = replace(EVERYTHING, resend_seconds=resend, finds=finds)
    await yard.owe()
    await _die(yard, taken=taken)
    yard.time.pass_by(dead_for)
    heir = yard.lane("heir")
    if first == "checking":  # it may be on its way still
        assert not (await heir._claim(10)).jobs
        yard.time.pass_by(CHECK_AFTER)
    claimed = await heir._claim(10)
    assert [job.state for job in claimed.jobs] == {"sent": ["pending"], "checking": ["checking"]}.get(first, [])
    await asyncio.gather(*(heir._work(job) for job in claimed.jobs))
    await heir.deliver()
    row = await yard.delivery()
    assert row.state == last
    assert len(yard.bot.posts) == (1 if taken or last == "sent" else 0)
    assert (row.external_id is not None) == (last == "sent")


async def test_dying_twice_while_sending_does_not_outlast_the_platforms_memory(yard: Yard) -> None:
    """The time counts from the first send: each heir must not start it anew."""
    yard.bot.capabilities = replace(EVERYTHING, resend_seconds=120.0, finds=False)
    await yard.owe()
    await _die(yard, taken=True)
    yard.time.pass_by(61)
    await _die(yard, taken=False)
    yard.time.pass_by(61)
    await yard.lane("heir").deliver()
    assert (await yard.delivery()).state == "unknown"


async def test_the_word_of_a_sender_whose_lease_was_taken_over_does_not_count(yard: Yard) -> None:
    await yard.owe()
    yard.bot.capabilities = replace(EVERYTHING, resend_seconds=0.0, finds=False)
    yard.bot.go.clear()
    frozen = asyncio.create_task(yard.lane("frozen").deliver())
    await yard.bot.started.wait()
    yard.time.pass_by(LIVES.total_seconds() + 1)
    await yard.lane("b").deliver()
    assert (await yard.delivery()).state == "unknown"
    yard.bot.go.set()
    await frozen
    row = await yard.delivery()
    assert row.state == "unknown"
    assert len(yard.bot.posts) == 1


async def _die(yard: Yard, *, taken: bool) -> None:
    """A worker takes the work and dies with the send under way, or just after the platform took the message."""
    bot, lane = yard.bot, yard.lane("dead")
    if taken:
        real = lane._settle

        async def die(*_arguments: object, **_values: object) -> None:
            raise asyncio.CancelledError

        lane._settle = die  # type: ignore[method-assign]  # kill -9 between the send and the word about it
        with pytest.raises(asyncio.CancelledError):
            await lane.deliver()
        lane._settle = real  # type: ignore[method-assign]  # as it was
        return
    bot.go.clear()
    bot.started.clear()
    work = asyncio.create_task(lane.deliver())
    await bot.started.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    bot.go.set()


async def test_two_halls_on_one_postgresql_share_the_work(
    postgres_url: str, time: SetClock, vault: Vault, probe: Probe
) -> None:
    stores = [await Store.open(postgres_url, clock=time.now, vault=vault) for _ in range(2)]
    yard = Yard(stores[0], time, probe)
    await yard.build(channels=60)
    await yard.owe()
    bots = [SlowBot(), SlowBot()]
    lanes = [yard.lane(name, bot, store) for name, bot, store in zip("ab", bots, stores, strict=True)]

    async def work(number: int) -> None:
        while await lanes[number].deliver():
            pass

    await asyncio.gather(*(work(number % 2) for number in range(4)))
    keys = [post.key for bot in bots for post in bot.posts]
    assert len(keys) == len(set(keys)) == 60
    assert {row.state for row in await yard.deliveries()} == {"sent"}
    for store in stores:
        await store.close()
