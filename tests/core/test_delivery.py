"""What is owed goes out once, under whatever the platform and the machine do."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.bot import SendError, SendFailed, SendRefused, SendUnknown
from core.delivery import LEASE, MOST_ATTEMPTS, key_of
from core.testing import SetClock
from core.testing.fake_bot import EVERYTHING
from storage.engine import Store
from storage.vault import Vault
from tests.core.kit import one_store
from tests.core.probe import Probe
from tests.core.yard import SlowBot, Yard


@pytest.fixture
async def yard(opened: Store, time: SetClock, probe: Probe) -> Yard:
    yard = Yard(opened, time, probe)
    await yard.build()
    return yard


async def test_sending_is_committed_before_the_send(yard: Yard) -> None:
    await yard.owe()
    yard.bot.go.clear()
    work = asyncio.create_task(yard.lane().deliver())
    await yard.bot.started.wait()
    row = await yard.delivery()
    assert (row.state, row.attempts, row.leased_by) == ("sending", 1, "a")
    yard.bot.go.set()
    assert await work == 1
    row = await yard.delivery()
    assert (row.state, row.external_id, row.leased_by, row.sent_at) == ("sent", "m1", None, yard.time.now())
    assert row.shown_revision == row.wanted_revision == 1
    assert await yard.lane().deliver() == 0
    assert yard.bot.posts[0].key == key_of(row.id)
    assert len(key_of(row.id)) <= 25


async def test_a_message_in_private_goes_to_the_account(yard: Yard) -> None:
    await yard.owe_private("Psst")
    await yard.lane().deliver()
    (post,) = yard.bot.posts
    assert (post.address.member, post.address.channel, post.message.text) == ("mia", "", "Psst")
    assert "mia" not in repr(await yard.deliveries())


async def test_what_failed_is_tried_again_after_the_time_that_the_platform_said(yard: Yard) -> None:
    await yard.owe()
    yard.bot.failing = [SendFailed("wait", retry_after=30)]
    lane = yard.lane()
    await lane.deliver()
    row = await yard.delivery()
    assert (row.state, row.error, row.leased_by) == ("pending", "wait", None)
    assert row.due_at == yard.time.now() + timedelta(seconds=30)
    yard.time.pass_by(29)
    assert await lane.deliver() == 0
    yard.time.pass_by(2)
    assert await lane.deliver() == 1
    row = await yard.delivery()
    assert (row.state, row.attempts, row.error) == ("sent", 2, None)
    assert len(yard.bot.posts) == 1


@one_store
async def test_each_failure_waits_longer_and_in_the_end_it_is_given_up(yard: Yard) -> None:
    await yard.owe()
    yard.bot.failing = [SendFailed("down") for _ in range(MOST_ATTEMPTS)]
    lane, waits = yard.lane(), []
    for _ in range(MOST_ATTEMPTS):
        assert await lane.deliver() == 1
        waits.append(((await yard.delivery()).due_at - yard.time.now()).total_seconds())
        yard.time.pass_by(400)
    row = await yard.delivery()
    assert (row.state, row.error, row.attempts) == ("failed", "down", MOST_ATTEMPTS)
    assert all(0.7 * 2**number <= wait <= 1.3 * 2**number for number, wait in enumerate(waits[:-1]))
    assert await lane.deliver() == 0


@pytest.mark.parametrize(
    ("error", "state"), [(SendRefused("closed"), "failed"), (SendUnknown("the line broke"), "unknown")]
)
@one_store
async def test_what_is_refused_or_unknown_is_not_sent_again(yard: Yard, error: SendError, state: str) -> None:
    await yard.owe()
    yard.bot.after = [error]
    lane = yard.lane()
    await lane.deliver()
    row = await yard.delivery()
    assert (row.state, row.error, row.leased_by) == (state, str(error), None)
    yard.time.pass_by(days=1)
    assert await lane.deliver() == 0
    assert len(yard.bot.posts) == 1


@one_store
async def test_a_card_that_cannot_be_rendered_is_shown_to_the_manager(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_arguments: object) -> None:
        raise KeyError("a hole in the plugin")

    await yard.owe()
    monkeypatch.setattr(yard.probe, "card", broken)
    await yard.lane().deliver()
    row = await yard.delivery()
    assert (row.state, row.error) == ("failed", "KeyError")
    assert yard.bot.posts == []


@one_store
async def test_a_plugin_that_is_no_longer_there_spoils_no_other_delivery(yard: Yard) -> None:
    await yard.owe()
    await yard.owe_private("Psst")
    hall = yard.hall("a")
    del hall.routes.by_code["pb"]
    lane = yard.lane()
    lane._hall = hall
    await lane.deliver()
    assert {row.state for row in await yard.deliveries()} == {"failed", "sent"}


# -- two workers, and dead ones ----------------------------------------------------------------------------------
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
    await yard.store.write(lambda tx: dead._lease(tx, yard.time.now()))
    assert await yard.lane("b").deliver() == 0
    yard.time.pass_by(LEASE.total_seconds() + 1)
    assert await yard.lane("b").deliver() == 1
    assert (await yard.delivery()).state == "sent"


async def test_a_worker_that_lost_its_lease_does_not_send(yard: Yard) -> None:
    await yard.owe()
    slow, quick = yard.lane("slow"), yard.lane("quick")
    leased = await yard.store.write(lambda tx: slow._lease(tx, yard.time.now()))
    (job,) = await slow._jobs(leased)
    yard.time.pass_by(LEASE.total_seconds() + 1)
    await slow._one(job)  # its lease ran out, though nobody else has it yet
    assert yard.bot.posts == []
    await quick.deliver()
    await slow._one(job)
    assert len(yard.bot.posts) == 1


@pytest.mark.parametrize(
    ("resend", "dead_for", "state", "posts"),
    [(120.0, 61, "sent", 1), (120.0, 119, "sent", 1), (120.0, 121, "unknown", 1), (0.0, 61, "unknown", 1)],
)
@pytest.mark.parametrize("taken", [True, False])
async def test_what_a_dead_worker_was_sending(
    yard: Yard, resend: float, dead_for: int, state: str, posts: int, taken: bool
) -> None:
    """Within the time in which the platform knows the key it goes out once more and stands once; else it is asked."""
    yard.bot.capabilities = replace(EVERYTHING, resend_seconds=resend)
    await yard.owe()
    await _die(yard, taken=taken)
    yard.time.pass_by(dead_for)
    heir = yard.lane("heir")
    await heir.deliver()
    row = await yard.delivery()
    assert row.state == state
    assert len(yard.bot.posts) == (posts if taken or state == "sent" else 0)
    assert (row.external_id is not None) == (state == "sent")


async def test_dying_twice_while_sending_does_not_outlast_the_platforms_memory(yard: Yard) -> None:
    """The time counts from the first send: each heir must not start it anew."""
    yard.bot.capabilities = replace(EVERYTHING, resend_seconds=120.0)
    await yard.owe()
    await _die(yard, taken=True)
    yard.time.pass_by(61)
    await _die(yard, taken=False)
    yard.time.pass_by(61)
    await yard.lane("heir").deliver()
    assert (await yard.delivery()).state == "unknown"


async def test_the_word_of_a_sender_whose_lease_was_taken_over_does_not_count(yard: Yard) -> None:
    await yard.owe()
    yard.bot.capabilities = replace(EVERYTHING, resend_seconds=0.0)
    yard.bot.go.clear()
    frozen = asyncio.create_task(yard.lane("frozen").deliver())
    await yard.bot.started.wait()
    yard.time.pass_by(LEASE.total_seconds() + 1)
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


# -- cards -------------------------------------------------------------------------------------------------------
async def test_the_latest_state_wins_and_edits_are_spared(yard: Yard) -> None:
    activity = await yard.owe()
    lane = yard.lane()
    await lane.deliver()
    await asyncio.gather(*(yard.touch(activity) for _ in range(1000)))
    while await lane.deliver():
        yard.time.pass_by(5)
    (post,) = yard.bot.posts
    assert post.message.text == "State 1000"
    assert post.edits <= 3


async def test_touches_during_edits_are_all_shown_in_the_end(yard: Yard) -> None:
    activity = await yard.owe()
    lane = yard.lane()
    await lane.deliver()

    async def answers() -> None:
        for _ in range(100):
            await yard.touch(activity)
            await asyncio.sleep(0.001)

    async def edits(done: asyncio.Task[None]) -> None:
        while await lane.deliver() or not done.done():
            yard.time.pass_by(5)
            await asyncio.sleep(0)

    answering = asyncio.create_task(answers())
    await edits(answering)
    while await lane.deliver():
        yard.time.pass_by(5)
    assert yard.bot.posts[0].message.text == "State 100"
    assert yard.bot.posts[0].edits < 100


@pytest.mark.parametrize("moment", ["before", "during", "after"])
async def test_a_change_around_a_crash_is_not_missed(yard: Yard, moment: str) -> None:
    activity = await yard.owe()
    await yard.lane("a").deliver()
    await yard.touch(activity)
    dead, bot = yard.lane("dead"), yard.bot
    if moment != "before":
        bot.go.clear()
        bot.started.clear()
        work = asyncio.create_task(dead.deliver())
        await bot.started.wait()
        if moment == "during":
            await yard.touch(activity)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        bot.go.set()
    if moment == "after":
        await yard.touch(activity)
    yard.time.pass_by(LEASE.total_seconds() + 1)
    heir = yard.lane("heir")
    while await heir.deliver():
        yard.time.pass_by(5)
    assert bot.posts[0].message.text == f"State {yard.probe.state}"
    assert len(bot.posts) == 1


@one_store
async def test_edits_keep_their_distance(yard: Yard) -> None:
    yard.bot.capabilities = replace(EVERYTHING, edit_every=3.0)
    activity = await yard.owe()
    lane = yard.lane()
    await lane.deliver()
    await yard.touch(activity)
    assert await lane.deliver() == 1
    await yard.touch(activity)
    assert await lane.deliver() == 0
    yard.time.pass_by(3)
    assert await lane.deliver() == 1
    assert yard.bot.posts[0].message.text == "State 2"


@one_store
async def test_an_edit_that_fails_is_made_again(yard: Yard) -> None:
    activity = await yard.owe()
    lane = yard.lane()
    await lane.deliver()
    await yard.touch(activity)
    yard.bot.failing = [SendFailed("wait", retry_after=10), SendUnknown("the line broke")]
    for _ in range(3):
        await lane.deliver()
        yard.time.pass_by(60)
    assert yard.bot.posts[0].message.text == "State 1"
    row = await yard.delivery()
    assert (row.state, row.error) == ("sent", None)


@one_store
async def test_an_edit_that_is_refused_is_not_made_for_ever(yard: Yard) -> None:
    activity = await yard.owe()
    lane = yard.lane()
    await lane.deliver()
    await yard.touch(activity)
    yard.bot.failing = [SendRefused("message to edit not found", gone=True)]
    await lane.deliver()
    yard.time.pass_by(60)
    assert await lane.deliver() == 0
    assert (await yard.delivery()).error == "message to edit not found"


@one_store
async def test_a_card_with_nothing_to_show_is_not_posted(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(*_arguments: object) -> None:
        return None

    monkeypatch.setattr(yard.probe, "card", nothing)
    await yard.owe()
    await yard.lane().deliver()
    assert (await yard.delivery()).state == "cancelled"
    assert yard.bot.posts == []


# -- the running lane ------------------------------------------------------------------------------------------------
@one_store
async def test_a_lane_survives_what_nobody_thought_of(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    lane = yard.lane()
    real, calls = lane._jobs, []

    async def stumble(ids: object) -> object:
        calls.append(ids)
        if len(calls) == 1:
            raise ZeroDivisionError
        return await real(ids)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(lane, "_jobs", stumble)
    await yard.owe()
    yard.bot.health.connected = True
    lane.start()
    await yard.bot.until_posts(0)
    while not calls:  # noqa: ASYNC110 - what is waited for is another's state, not an event
        await asyncio.sleep(0.01)
    yard.time.pass_by(LEASE.total_seconds() + 1)
    lane.woken.set()
    await yard.bot.until_posts(1)
    await lane.stop()


@one_store
async def test_a_bot_that_is_not_connected_sends_nothing(yard: Yard) -> None:
    lane = yard.lane()
    await yard.owe()
    lane.start()
    await asyncio.sleep(0.05)
    assert yard.bot.posts == []
    yard.bot.health.connected = True
    lane.woken.set()
    await yard.bot.until_posts(1)
    await lane.stop()


@one_store
async def test_stopping_lets_a_send_end(yard: Yard) -> None:
    lane = yard.lane()
    await yard.owe()
    yard.bot.health.connected = True
    yard.bot.go.clear()
    lane.start()
    await yard.bot.started.wait()
    stopping = asyncio.create_task(lane.stop())
    await asyncio.sleep(0.02)
    yard.bot.go.set()
    await stopping
    assert (await yard.delivery()).state == "sent"
