"""At least once: nothing is confirmed before it is handled, and nothing that was handled is handled again."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from bots.telegram import TelegramBot, polling
from bots.telegram.polling import REPEAT_WINDOW
from core.bot import Answering, BotStartError
from core.event import CommandInvoked, Event, Installed, Said
from core.message import Message
from sandbox.faults import Fault, FaultKind
from sandbox.telegram import rules
from tests.bots.telegram.conftest import Town


async def drained(town: Town) -> None:
    """Until all updates are confirmed."""
    async with asyncio.timeout(10):
        while town.sandbox.backend.updates.pending:  # noqa: ASYNC110 - nobody tells when a poll confirms
            await asyncio.sleep(0.005)


def source(town: Town) -> str:
    return f"telegram:{town.sandbox.bot}"


async def test_an_update_is_confirmed_after_it_was_handled(town: Town) -> None:
    gate = asyncio.Event()
    updates = town.sandbox.backend.updates

    async def answer(event: Event, answering: Answering) -> None:
        await gate.wait()

    town.hall.answer = answer
    await town.sandbox.command(town.ben, town.space, "/hall", wait=0)
    await town.hall.of(CommandInvoked)
    await asyncio.sleep(0.1)
    assert updates.pending == 1
    assert source(town) not in town.hall.watermarks.values
    gate.set()
    await drained(town)
    assert town.hall.watermarks.values[source(town)] == 710_000_000 + next(updates._ids) - 710_000_001


async def test_a_slow_update_holds_the_others_up_for_a_bounded_time(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "HANDLE_SECONDS", 0.1)
    gate = asyncio.Event()

    async def answer(event: Event, answering: Answering) -> None:
        if event.who is not None and event.who.external_id == town.ben:
            await gate.wait()
        await answering.say(Message(text="Here you are"))

    town.hall.answer = answer
    await town.sandbox.command(town.ben, town.space, "/hall", wait=0)
    await town.hall.of(CommandInvoked)
    other = await town.sandbox.command(town.cleo, town.space, "/hall", wait=5)
    assert other.text == "Here you are"
    assert not [event for event in town.hall.done if event.who is not None and event.who.external_id == town.ben]
    gate.set()
    await town.hall.wait(lambda: len(town.hall.done) == 2)


async def test_an_answer_that_waits_for_its_rate_limit_holds_up_nobody(town: Town) -> None:
    await town.private(town.cleo)

    async def answer(event: Event, answering: Answering) -> None:
        await answering.say(Message(text="Here you are"))

    town.hall.answer = answer
    await town.sandbox.fault(Fault(FaultKind.RATE_LIMIT, match="sendMessage", seconds=2.0))
    await town.sandbox.command(town.cleo, town.cleo, "/hall question", wait=0)
    await town.hall.of(CommandInvoked, 2)
    await drained(town)
    assert town.hall.events[-1] not in town.hall.done  # its answer waits still
    assert (await town.sandbox.command(town.ben, town.space, "/hall", wait=5)).text == "Here you are"
    await town.hall.wait(lambda: len(town.hall.done) == 3)
    assert town.last(town.cleo).text == "Here you are"


async def test_a_slow_act_comes_before_the_same_member_s_next(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "HANDLE_SECONDS", 0.05)
    gate = asyncio.Event()

    async def answer(event: Event, answering: Answering) -> None:
        if isinstance(event, CommandInvoked) and event.text == "1":
            await gate.wait()

    town.hall.answer = answer
    await town.sandbox.command(town.ben, town.space, "/hall question 1", wait=0)
    await town.hall.of(CommandInvoked)
    await drained(town)  # given up, and still going on
    await town.sandbox.command(town.ben, town.space, "/hall question 2", wait=0)
    await town.sandbox.command(town.cleo, town.space, "/hall question 3", wait=0)
    await town.hall.of(CommandInvoked, 2)
    await drained(town)
    assert [event.text for event in await town.hall.of(CommandInvoked, 2)] == ["1", "3"]
    gate.set()
    assert [event.text for event in await town.hall.of(CommandInvoked, 3)] == ["1", "3", "2"]


async def test_a_member_s_acts_keep_their_order_and_others_go_beside(town: Town) -> None:
    gate = asyncio.Event()

    async def answer(event: Event, answering: Answering) -> None:
        if isinstance(event, CommandInvoked) and event.text == "1":
            await gate.wait()

    town.hall.answer = answer
    for member, text in ((town.ben, "1"), (town.ben, "2"), (town.cleo, "3"), (town.ben, "4")):
        await town.sandbox.command(member, town.space, f"/hall question {text}", wait=0)
    await town.hall.of(CommandInvoked, 2)
    await asyncio.sleep(0.1)
    assert [event.text for event in await town.hall.of(CommandInvoked, 2)] in (["1", "3"], ["3", "1"])
    gate.set()
    events = await town.hall.of(CommandInvoked, 4)
    assert [event.text for event in events if event.who.external_id == town.ben] == ["1", "2", "4"]


async def test_a_repeat_is_left_out(town: Town) -> None:
    await town.sandbox.fault(Fault(FaultKind.DUPLICATE, match="message"))
    await town.sandbox.type(town.ben, town.space, "Once")
    await drained(town)
    await town.sandbox.type(town.ben, town.space, "Twice")
    said = await town.hall.of(Said, 2)
    assert [event.text for event in said] == ["Once", "Twice"]


async def test_an_update_before_the_watermark_is_left_out_after_a_restart(town: Town) -> None:
    await town.bot.stop()
    await town.sandbox.type(town.ben, town.space, "Handled before")
    await town.sandbox.type(town.ben, town.space, "New")
    ids = [number for number, _ in town.sandbox.backend.updates._queue]
    town.hall.watermarks.values[source(town)] = ids[0]
    await town.bot.start(town.hall)
    await town.bot.listen()
    await drained(town)
    assert [event.text for event in await town.hall.of(Said)] == ["New"]


async def test_numbers_that_start_anew_are_no_repeats(town: Town) -> None:
    await town.bot.stop()
    town.hall.watermarks.values[source(town)] = 710_000_001 + 5 * REPEAT_WINDOW
    await town.bot.start(town.hall)
    await town.bot.listen()
    await town.sandbox.type(town.ben, town.space, "After a quiet week")
    assert (await town.hall.of(Said))[0].text == "After a quiet week"


async def test_nothing_is_confirmed_while_the_store_is_away(town: Town) -> None:
    town.hall.watermarks.failures = 1
    await town.sandbox.type(town.ben, town.space, "Hello")
    await town.hall.of(Said)
    await drained(town)
    first, second = await town.hall.of(Said, 2)
    assert first.id == second.id  # the hall's inbox knows it by this


async def test_what_a_killed_process_left_is_handled_by_the_next(town: Town) -> None:
    async def never(event: Event, answering: Answering) -> None:
        await asyncio.sleep(30)

    town.hall.answer = never
    await town.sandbox.command(town.ben, town.space, "/hall", wait=0)
    await town.hall.of(CommandInvoked)
    await town.bot.stop()
    town.hall.answer = None
    await town.bot.start(town.hall)
    await town.bot.listen()
    first, second = await town.hall.of(CommandInvoked, 2)
    assert first.id == second.id
    await town.hall.wait(lambda: second in town.hall.done)


async def test_a_broken_line_is_taken_up_again(town: Town) -> None:
    await town.sandbox.type(town.ben, town.space, "Before")
    await town.hall.of(Said)
    await town.sandbox.fault(Fault(FaultKind.DISCONNECT))
    await town.sandbox.fault(Fault(FaultKind.SERVER_ERROR, match="getUpdates"))
    await town.sandbox.type(town.ben, town.space, "After")
    assert [event.text for event in await town.hall.of(Said, 2)] == ["Before", "After"]
    await drained(town)
    assert town.bot.health.connected


async def test_a_webhook_is_taken_away(town: Town) -> None:
    await town.bot.stop()
    town.sandbox.backend.updates.webhook = "https://example.org/hook"
    await town.bot.start(town.hall)
    await town.bot.listen()
    async with asyncio.timeout(10):
        while town.sandbox.backend.updates.webhook:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)
    await town.sandbox.type(town.ben, town.space, "Hello")
    await town.hall.of(Said)


async def test_an_update_that_the_library_cannot_read_stands_in_nobody_s_way(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    updates = town.sandbox.backend.updates
    updates.put("message", {"message_id": 1, "text": "my secret words"})
    await town.sandbox.type(town.ben, town.space, "Hello")
    await town.hall.of(Said)
    await drained(town)
    assert "my secret words" not in caplog.text


async def test_an_event_that_fails_stands_in_nobody_s_way(town: Town) -> None:
    async def fail(event: Event, answering: Answering) -> None:
        raise RuntimeError("a bug")

    town.hall.answer = fail
    await town.sandbox.command(town.ben, town.space, "/hall", wait=0)
    await town.sandbox.type(town.ben, town.space, "Hello")
    await town.hall.of(Said)
    await drained(town)


async def test_stopping_leaves_no_task_and_is_quick(town: Town) -> None:
    def ours() -> list[str]:
        return [
            str(task.get_coro())
            for task in asyncio.all_tasks()
            if any(name in str(task.get_coro()) for name in ("Polling", "TelegramBot"))
        ]

    await town.sandbox.type(town.ben, town.space, "Hello")
    await town.hall.of(Said)
    assert ours()
    began = asyncio.get_running_loop().time()
    await town.bot.stop()
    await town.bot.stop()
    assert asyncio.get_running_loop().time() - began < 5  # far above what it takes, far below a poll
    assert ours() == []
    assert not town.bot.health.connected


async def test_two_hundred_members_at_once(town: Town) -> None:
    members = [await town.sandbox.join(town.space, f"M{number}") for number in range(200)]
    await drained(town)

    async def answer(event: Event, answering: Answering) -> None:
        await asyncio.sleep(0)

    town.hall.answer = answer
    await asyncio.gather(*(town.sandbox.command(member, town.space, "/hall", wait=0) for member in members))
    events = await town.hall.of(CommandInvoked, 200)
    assert len({event.who.external_id for event in events}) == 200
    assert not [event for event in events if isinstance(event, Installed)]


async def test_another_process_that_polls_is_no_end(town: Town) -> None:
    """A token that runs elsewhere, too: each poll cuts the other's off."""
    async with aiohttp.ClientSession() as session:
        url = f"{town.sandbox.url}/bot{town.sandbox.token}/getUpdates"
        while town.bot.health.detail != "another process polls with the same token":
            async with session.get(url, params={"timeout": 0}):
                await asyncio.sleep(0.02)
    assert (town.bot.health.connected, town.bot.health.listening) == (False, True)


async def test_a_poll_that_was_cut_off_is_tried_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bots.telegram.polling.CONFLICT_SECONDS", 0.05)
    await town.bot.hush()
    poll = town.sandbox.backend.updates.poll
    conflicts = iter([True, True, False])

    async def cut_off(*given: Any) -> bytes:
        if next(conflicts, False):
            raise rules.OTHER_POLLER.error()
        return await poll(*given)

    monkeypatch.setattr(town.sandbox.backend.updates, "poll", cut_off)
    await town.bot.listen()
    assert town.bot.health.detail == "another process polls with the same token"
    await town.sandbox.type(town.ben, town.space, "Hello")
    await town.hall.of(Said)
    assert (town.bot.health.connected, town.bot.health.detail) == (True, "")


async def test_a_token_that_was_taken_back_meanwhile(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    await town.bot.hush()
    monkeypatch.setattr(town.sandbox._server, "_token", "123456:another")
    with pytest.raises(BotStartError, match="BotFather"):
        await town.bot.listen()
    assert (town.bot.health.listening, town.bot.health.connected) == (False, False)
    assert "token" in town.bot.health.detail


async def test_a_telegram_that_does_not_answer(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bots.telegram.bot.LISTEN_SECONDS", 0.3)
    await town.bot.hush()
    await town.sandbox.fault(Fault(FaultKind.SERVER_ERROR, "getUpdates", count=100))
    with pytest.raises(BotStartError, match="can't be reached"):
        await town.bot.listen()
    assert (town.bot.health.listening, town.bot.health.connected) == (False, False)
    await town.bot.send(town.here, Message(text="Sending goes on"), key="k")


async def test_two_that_hear_by_turns_poll_by_turns(town: Town) -> None:
    other = TelegramBot(town.bot._settings)
    await other.start(town.hall)
    try:
        for number in range(4):
            hears, rests = (other, town.bot) if number % 2 == 0 else (town.bot, other)
            await rests.hush()
            await hears.listen()
            await town.sandbox.type(town.ben, town.space, f"{number}")
            await town.hall.of(Said, number + 1)
        assert [event.text for event in await town.hall.of(Said)] == list("0123")
        assert not any(one.status == 409 for one in town.sandbox.record.refused)
    finally:
        await other.stop()
