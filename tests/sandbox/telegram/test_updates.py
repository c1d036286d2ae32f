import asyncio
from datetime import timedelta

import pytest
from telegram import Update
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.ext import Application, ContextTypes, MessageHandler, filters

from sandbox.faults import Fault, FaultKind
from sandbox.telegram import TelegramSandbox
from tests.sandbox.telegram.conftest import ALL, Hall, bot_of


async def test_a_wrong_token_is_refused(hall: Hall) -> None:
    with pytest.raises(InvalidToken):
        async with bot_of(hall.sandbox, "123456:wrong"):
            raise AssertionError("it got in")
    refused = hall.sandbox.record.refused[-1]
    assert (refused.status, refused.error) == (401, "Unauthorized")


async def test_an_offset_confirms_and_a_limit_holds(hall: Hall) -> None:
    await hall.started(hall.ada)
    for number in range(5):
        await hall.sandbox.type(hall.ada, hall.ada, f"line {number}")
    first = await hall.bot.get_updates(limit=2)
    assert [update.message.text for update in first] == ["line 0", "line 1"]
    assert [update.update_id for update in await hall.bot.get_updates(limit=2)] == [u.update_id for u in first]
    rest = await hall.bot.get_updates(offset=first[-1].update_id + 1)
    assert [update.message.text for update in rest] == ["line 2", "line 3", "line 4"]


async def test_a_negative_offset_keeps_only_the_newest(hall: Hall) -> None:
    await hall.started(hall.ada)
    for number in range(3):
        await hall.sandbox.type(hall.ada, hall.ada, f"line {number}")
    assert [update.message.text for update in await hall.bot.get_updates(offset=-1)] == ["line 2"]
    assert [update.message.text for update in await hall.bot.get_updates()] == ["line 2"]


async def test_a_long_poll_ends_as_soon_as_something_comes(hall: Hall) -> None:
    await hall.started(hall.ada)
    polling = asyncio.create_task(hall.updates(30))
    await asyncio.sleep(0.05)
    assert hall.sandbox.state().connected
    await hall.sandbox.type(hall.ada, hall.ada, "hello")
    assert [update.message.text for update in await polling] == ["hello"]


async def test_a_second_poller_ends_the_first(hall: Hall) -> None:
    first = asyncio.create_task(hall.bot.get_updates(timeout=30))
    await asyncio.sleep(0.05)
    async with bot_of(hall.sandbox) as second:
        await second.get_updates(timeout=0)
    with pytest.raises(Conflict, match=r"(?i)terminated by other getUpdates request"):
        await first


async def test_only_what_was_asked_for_comes_and_the_choice_is_remembered(hall: Hall) -> None:
    await hall.started(hall.ada)
    await hall.bot.get_updates(allowed_updates=["callback_query"])
    await hall.sandbox.type(hall.ada, hall.ada, "unheard")
    assert await hall.bot.get_updates() == ()
    await hall.bot.get_updates(allowed_updates=ALL)
    await hall.sandbox.type(hall.ada, hall.ada, "heard")
    assert [update.message.text for update in await hall.bot.get_updates()] == ["heard"]


async def test_a_duplicate_carries_the_same_id(hall: Hall) -> None:
    await hall.started(hall.ada)
    await hall.sandbox.fault(Fault(FaultKind.DUPLICATE, "message"))
    await hall.sandbox.type(hall.ada, hall.ada, "twice")
    one, two = await hall.updates()
    assert one.update_id == two.update_id
    assert await hall.updates() == []


async def test_a_reordered_update_comes_after_the_next_and_is_confirmed(hall: Hall) -> None:
    await hall.started(hall.ada)
    await hall.sandbox.fault(Fault(FaultKind.REORDER, "message", seconds=60))
    await hall.sandbox.type(hall.ada, hall.ada, "first")
    await hall.sandbox.type(hall.ada, hall.ada, "second")
    updates = await hall.bot.get_updates()
    assert [update.message.text for update in updates] == ["second", "first"]
    # The library confirms what came last, which here is the older one: the other one comes again.
    again = await hall.bot.get_updates(offset=updates[-1].update_id + 1)
    assert [update.message.text for update in again] == ["second"]
    assert await hall.bot.get_updates(offset=again[-1].update_id + 1) == ()


async def test_a_reordered_update_does_not_wait_for_ever(hall: Hall) -> None:
    await hall.started(hall.ada)
    await hall.sandbox.fault(Fault(FaultKind.REORDER, "message", seconds=0.01))
    await hall.sandbox.type(hall.ada, hall.ada, "alone")
    assert [update.message.text for update in await hall.updates(10)] == ["alone"]


async def test_a_disconnect_closes_the_poll_and_loses_nothing(hall: Hall) -> None:
    await hall.started(hall.ada)
    polling = asyncio.create_task(hall.bot.get_updates(timeout=30))
    await asyncio.sleep(0.05)
    await hall.sandbox.fault(Fault(FaultKind.DISCONNECT))
    with pytest.raises(NetworkError):
        await polling
    await hall.sandbox.type(hall.ada, hall.ada, "still here")
    assert [update.message.text for update in await hall.updates()] == ["still here"]


async def test_a_lost_session_loses_what_waited(hall: Hall) -> None:
    await hall.started(hall.ada)
    await hall.sandbox.type(hall.ada, hall.ada, "lost")
    await hall.sandbox.fault(Fault(FaultKind.LOSE_SESSION))
    await hall.sandbox.type(hall.ada, hall.ada, "lost too")
    assert await hall.updates() == []


async def test_the_whole_library_runs_and_stops_without_a_refusal() -> None:
    sandbox = TelegramSandbox()
    await sandbox.start()
    space = await sandbox.add_space("Hall", owner="Ada")
    ada = sandbox.state().members[0].id
    await sandbox.install(space, ada)
    application = (
        Application.builder()
        .token(sandbox.token)
        .base_url(sandbox.url + "/bot")
        .base_file_url(sandbox.url + "/file/bot")
        .build()
    )

    async def echo(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message is not None
        await update.message.reply_text(f"You said {update.message.text}")

    application.add_handler(MessageHandler(filters.COMMAND, echo))
    async with application:
        await application.start()
        assert application.updater is not None
        await application.updater.start_polling(allowed_updates=ALL)
        outcome = await sandbox.command(ada, space, "/hall help")
        assert outcome.text == "You said /hall help"
        await application.updater.stop()
        await application.stop()
    assert sandbox.record.refused == []
    assert [taken.text for taken in sandbox.record.taken] == ["You said /hall help"]
    await sandbox.stop()


async def test_call_faults_befall_the_call_they_name(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # the library's coming form of retry_after
    chat = await hall.started(hall.ada)
    await hall.sandbox.fault(Fault(FaultKind.SERVER_ERROR, "sendMessage"))
    with pytest.raises(NetworkError, match="Internal Server Error"):
        await hall.bot.send_message(chat, "one")
    await hall.sandbox.fault(Fault(FaultKind.RATE_LIMIT, "sendMessage", seconds=7))
    with pytest.raises(RetryAfter) as caught:
        await hall.bot.send_message(chat, "two")
    assert caught.value.retry_after == timedelta(seconds=7)
    await hall.sandbox.fault(Fault(FaultKind.DROP, "sendMessage"))
    with pytest.raises(NetworkError):
        await hall.bot.send_message(chat, "three")
    assert hall.sandbox.record.taken == []
    await hall.sandbox.fault(Fault(FaultKind.DROP_AFTER_TAKING, "sendMessage"))
    with pytest.raises(NetworkError):
        await hall.bot.send_message(chat, "four")
    assert [taken.text for taken in hall.sandbox.record.taken] == ["four"]
    await hall.sandbox.fault(Fault(FaultKind.SLOW, "sendMessage", seconds=0.2))
    with pytest.raises(TelegramError, match="Timed out"):
        await hall.bot.send_message(chat, "five", read_timeout=0.05)
    assert hall.sandbox.record.taken[-1].text == "five"
    assert hall.sandbox.record.calls["sendMessage"] == 5
