"""What is owed goes out once, under whatever the platform and the machine do."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import core.delivery
import core.workforce
from core.bot import SendError, SendFailed, SendRefused, SendUnknown
from core.capabilities import Limit
from core.claims import CHECK_AFTER, TOO_LATE, WINDOW, Claimed, Job
from core.delivery import CHECK_FOR, MOST_CHECKS, Lane, key_of
from core.pace import Windows
from core.testing import SetClock
from core.testing.fake_bot import EVERYTHING
from core.workforce import boot_time
from storage.engine import Store
from storage.errors import StoreUnavailable
from storage.vault import Vault
from storage.workers import LIVES
from tests.core.kit import one_store, quick, rows
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
    assert (row.state, row.attempts, row.error) == ("sent", 0, None)
    assert len(yard.bot.posts) == 1


@one_store
async def test_each_failure_waits_longer_until_its_window_ends(yard: Yard) -> None:
    await yard.owe()
    yard.bot.failing = [SendFailed("down") for _ in range(200)]
    lane, waits, began = yard.lane(), [], yard.time.now()
    while (row := await yard.delivery()).state == "pending":
        if await lane.deliver():
            waits.append(((await yard.delivery()).due_at - yard.time.now()).total_seconds())
        yard.time.pass_by(400)
    assert (row.state, row.error) == ("failed", TOO_LATE)
    assert WINDOW <= yard.time.now() - began <= WINDOW + timedelta(minutes=15)
    assert all(0.7 * min(2**number, 300) <= wait <= 1.3 * min(2**number, 300) for number, wait in enumerate(waits))
    assert await lane.deliver() == 0
    assert await _incidents(yard) == [("failed", TOO_LATE)]


async def _incidents(yard: Yard) -> list[tuple[object, ...]]:
    """Kind and reason, or who did it."""
    query = "SELECT kind, coalesce(json_extract(detail, '$.reason'), json_extract(detail, '$.by')) FROM incident"
    if yard.store.dialect == "postgresql":
        query = "SELECT kind, coalesce(detail->>'reason', detail->>'by') FROM incident"
    return await rows(yard.store, f"{query} ORDER BY id")


@one_store
async def test_what_is_refused_is_not_sent_again_and_shown(yard: Yard) -> None:
    await yard.owe()
    yard.bot.failing = [SendRefused("closed")]
    lane = yard.lane()
    await lane.deliver()
    row = await yard.delivery()
    assert (row.state, row.error, row.leased_by) == ("failed", "closed", None)
    yard.time.pass_by(days=1)
    assert await lane.deliver() == 0
    assert await _incidents(yard) == [("failed", "closed")]


@one_store
async def test_what_is_unknown_on_a_platform_without_a_memory_is_for_a_person(yard: Yard) -> None:
    yard.bot.capabilities = replace(EVERYTHING, finds=False)
    await yard.owe()
    yard.bot.after = [SendUnknown("the line broke")]
    lane = yard.lane()
    await lane.deliver()
    row = await yard.delivery()
    assert (row.state, row.error, row.leased_by) == ("unknown", "the line broke", None)
    yard.time.pass_by(days=1)
    assert await lane.deliver() == 0
    assert len(yard.bot.posts) == 1
    assert await _incidents(yard) == [("unknown", "the line broke")]


# -- looking whether it arrived ----------------------------------------------------------------------------------
async def test_what_is_unknown_is_looked_for_and_found(yard: Yard) -> None:
    await yard.owe()
    yard.bot.after = [SendUnknown("the line broke")]
    lane = yard.lane()
    await lane.deliver()
    row = await yard.delivery()
    assert (row.state, row.due_at) == ("checking", yard.time.now() + timedelta(seconds=CHECK_AFTER))
    assert await lane.deliver() == 0
    yard.time.pass_by(CHECK_AFTER)
    assert await lane.deliver() == 1
    row = await yard.delivery()
    assert (row.state, row.external_id, row.error) == ("sent", "m1", None)
    assert await _incidents(yard) == [("recovered", "platform")]
    assert await lane.deliver() == 1  # what it shows is not known for sure, so it is edited
    assert (yard.bot.posts[0].edits, len(yard.bot.posts)) == (1, 1)


async def test_what_is_not_found_is_sent_again(yard: Yard) -> None:
    await yard.owe()
    yard.bot.failing = [SendUnknown("the line broke")]
    lane = yard.lane()
    await lane.deliver()
    yard.time.pass_by(CHECK_AFTER)
    await lane.deliver()
    assert (await yard.delivery()).state == "pending"
    await lane.deliver()
    assert (await yard.delivery()).state == "sent"
    assert len(yard.bot.posts) == 1
    assert await _incidents(yard) == [("recovered", "worker")]


@pytest.mark.parametrize("error", [SendRefused("may not read"), SendFailed("no line")])
@one_store
async def test_where_it_cannot_be_told_a_person_is_asked(
    yard: Yard, error: SendError, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def find(*_arguments: object, **_more: object) -> None:
        asked.append(yard.time.now())
        raise error

    monkeypatch.setattr(yard.bot, "find", find)
    await yard.owe()
    yard.bot.after = [SendUnknown("the line broke")]
    lane = yard.lane()
    for _ in range(30):
        await lane.deliver()
        yard.time.pass_by(400)
    assert (await yard.delivery()).state == "unknown"
    assert len(asked) == (1 if isinstance(error, SendRefused) else MOST_CHECKS)
    assert len(yard.bot.posts) == 1
    assert await _incidents(yard) == [("unknown", str(error))]


@one_store
async def test_who_is_told_to_wait_asks_until_it_is_answered(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    find, asked = yard.bot.find, []

    async def busy(*_arguments: object, **_more: object) -> None:
        asked.append(yard.time.now())
        raise SendFailed("slow down", retry_after=5)

    monkeypatch.setattr(yard.bot, "find", busy)
    await yard.owe()
    yard.bot.after = [SendUnknown("the line broke")]
    lane = yard.lane()
    for _ in range(3 * MOST_CHECKS):
        await lane.deliver()
        yard.time.pass_by(20)
    assert len(asked) > 2 * MOST_CHECKS
    assert (await yard.delivery()).state == "checking"
    monkeypatch.setattr(yard.bot, "find", find)
    await lane.deliver()
    row = await yard.delivery()
    assert (row.state, row.external_id, len(yard.bot.posts)) == ("sent", "m1", 1)


@one_store
async def test_who_is_told_to_wait_for_a_day_asks_a_person(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(*_arguments: object, **_more: object) -> None:
        raise SendFailed("slow down", retry_after=5)

    monkeypatch.setattr(yard.bot, "find", busy)
    await yard.owe()
    yard.bot.after = [SendUnknown("the line broke")]
    lane = yard.lane()
    await lane.deliver()
    yard.time.pass_by(CHECK_FOR.total_seconds())
    await lane.deliver()
    assert (await yard.delivery()).state == "unknown"
    assert await _incidents(yard) == [("unknown", "slow down")]


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
    yard.time.pass_by(LIVES.total_seconds() + 1)
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


# -- the pace ----------------------------------------------------------------------------------------------------
async def test_a_lane_keeps_to_its_pace_whatever_the_number_of_workers(yard: Yard) -> None:
    """Five a second: of twenty channels five are claimed now, five for the next second, by two workers together."""
    yard.bot.capabilities = replace(EVERYTHING, send_limits=(Limit(5, 1.0),))
    await yard.add_channels(20)
    await yard.owe()
    lanes, now = [yard.lane("a"), yard.lane("b")], yard.time.now().timestamp()
    claimed = [await lane._claim(7) for lane in lanes]
    at = sorted(job.at - now for one in claimed for job in one.jobs)
    assert at == pytest.approx([0.0] * 5 + [1.0] * 5)
    assert (await lanes[0]._claim(7)).jobs == ()
    yard.time.pass_by(1.0)
    later = await lanes[1]._claim(20)
    assert [job.at - now for job in later.jobs] == pytest.approx([2.0] * 5)


async def test_a_busy_channel_holds_up_no_other(yard: Yard) -> None:
    yard.bot.capabilities = replace(EVERYTHING, channel_limits=(Limit(1, 1.0), Limit(3, 60.0)))
    await yard.add_channels(2)
    busy, quiet = yard.targets[:2]
    for _ in range(6):
        await yard.owe([busy])
    await yard.owe([quiet])
    lane, began = yard.lane(), yard.time.now()
    sent: dict[str, list[float]] = {"c0": [], "c1": []}
    for _ in range(80):
        for job in (await lane._claim(100)).jobs:
            sent[job.channel].append(round(job.at - began.timestamp(), 3))
            await lane._settle(job, state="sent", external_id="m", shown_revision=1)
        yard.time.pass_by(0.5 if len(sent["c0"]) < 3 else 1.0)
    assert sent["c1"] == [0.0]
    assert sent["c0"] == pytest.approx([0, 1, 2, 60, 61, 62], abs=0.01)


@quick
@given(st.lists(st.floats(0, 3), min_size=1, max_size=60), st.integers(1, 5))
def test_no_window_ever_holds_more_than_its_limit(waits: list[float], count: int) -> None:
    limits = (Limit(count, 1.0), Limit(count * 3, 10.0))
    windows, now, taken = Windows(limits), 0.0, []
    for wait in waits:
        now += wait if wait > 1 else 0.0
        at = windows.next(now)
        windows.take(at)
        taken.append(at)
        windows = Windows(limits, windows.kept())
    for limit in limits:
        for at in taken:
            assert sum(1 for one in taken if at <= one < at + limit.seconds - 1e-9) <= limit.count


# -- the running lane ------------------------------------------------------------------------------------------------
@one_store
async def test_a_lane_survives_what_nobody_thought_of(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    lane = yard.lane()
    real, calls = lane._look, []

    async def stumble() -> Claimed:
        calls.append(1)
        if len(calls) == 1:
            raise ZeroDivisionError
        return await real()

    monkeypatch.setattr(lane, "_look", stumble)
    await yard.owe()
    lane.start()
    await yard.bot.until_posts(1)
    await lane.stop()


async def test_a_claim_whose_commit_was_not_seen_is_let_go_of(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line to the store broke after the commit: nobody works on what was claimed, and this process lives."""
    lane = yard.lane()
    real = yard.store.write

    async def broken(*arguments: Any, **more: Any) -> None:
        await real(*arguments, **more)
        raise StoreUnavailable("the line broke")

    await yard.owe()
    with monkeypatch.context() as patched:
        patched.setattr(yard.store, "write", broken)
        with pytest.raises(StoreUnavailable):
            await lane.deliver()
    assert (await yard.delivery()).leased_by == "a"
    assert await lane.deliver() == 1
    assert (await yard.delivery()).state == "sent"


@pytest.mark.parametrize("committed", [True, False])
async def test_a_send_whose_commit_was_not_seen_is_not_made(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    lane = yard.lane()
    real = lane._mine

    async def broken(job: Job) -> bool:
        if committed:
            await real(job)
        raise StoreUnavailable("the line broke")

    await yard.owe()
    monkeypatch.setattr(lane, "_mine", broken)
    await lane.deliver()
    row = await yard.delivery()
    assert (row.state, row.sent_at, row.leased_by, yard.bot.posts) == ("pending", None, None, [])
    monkeypatch.setattr(lane, "_mine", real)
    yard.time.pass_by(10)
    await lane.deliver()
    assert (await yard.delivery()).state == "sent"


async def test_what_became_of_a_send_is_written_when_the_store_is_back(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = yard.lane()
    real, down = yard.store.write, 2

    async def away(*arguments: Any, **more: Any) -> Any:
        nonlocal down
        if yard.bot.posts and down:
            down -= 1
            raise StoreUnavailable("the store is away")
        return await real(*arguments, **more)

    monkeypatch.setattr(yard.store, "write", away)
    monkeypatch.setattr(core.delivery, "FIRST_BACKOFF", 0.01)
    await yard.owe()
    await lane.deliver()
    row = await yard.delivery()
    assert (down, row.state, row.external_id) == (0, "sent", "m1")


@one_store
async def test_a_late_post_is_in_the_incident_log(yard: Yard) -> None:
    await yard.owe()
    yard.time.pass_by(minutes=4)
    await yard.owe()
    yard.time.pass_by(minutes=2)
    await yard.lane().deliver()
    assert await rows(yard.store, "SELECT kind, json_extract(detail, '$.late') FROM incident") == [("late", 360)]


@one_store
async def test_stopping_lets_a_send_end(yard: Yard) -> None:
    lane = yard.lane()
    await yard.owe()
    yard.bot.go.clear()
    lane.start()
    await yard.bot.started.wait()
    stopping = asyncio.create_task(lane.stop())
    await asyncio.sleep(0.02)
    yard.bot.go.set()
    await stopping
    assert (await yard.delivery()).state == "sent"
