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
from core.bot import SendFailed, SendRefused, SendUnknown
from core.capabilities import Limit
from core.claims import TOO_LATE, WINDOW, Claimed, Job
from core.delivery import key_of
from core.message import Image
from core.pace import Windows
from core.testing.fake_bot import EVERYTHING
from core.testing.pictures import large
from storage.errors import StoreUnavailable
from storage.workers import LIVES
from tests.core.kit import one_store, quick, rows
from tests.core.yard import Yard


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
    image = Image(alt="A harbour", data=large())
    await yard.owe_private("Psst", image)
    await yard.lane().deliver()
    (post,) = yard.bot.posts
    assert (post.address.member, post.address.channel, post.message.text) == ("mia", "", "Psst")
    assert post.message.image == image
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
    assert await yard.incidents() == [("failed", TOO_LATE)]


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
    assert await yard.incidents() == [("failed", "closed")]


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
    assert await yard.incidents() == [("unknown", "the line broke")]


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


@one_store
async def test_no_card_is_read_any_more_when_a_lane_has_stopped(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store closes next, and a session that is still open then would lose its connection."""
    reading, ended = asyncio.Event(), asyncio.Event()

    async def slow(*_arguments: object) -> None:
        reading.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    monkeypatch.setattr(yard.probe, "card", slow)
    await yard.owe()
    lane = yard.lane()
    lane.start()
    await reading.wait()
    await lane.stop()
    assert ended.is_set()


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
