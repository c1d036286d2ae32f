import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import BadRequest

from sandbox.control import ControlError, OutcomeKind
from tests.sandbox.telegram.conftest import Hall

MARKUP = InlineKeyboardMarkup(
    [[InlineKeyboardButton("Yes", callback_data="yes"), InlineKeyboardButton("Read", url="https://example.org/a")]]
)


@asynccontextmanager
async def answering(hall: Hall, answer: Callable[[Update], Awaitable[object]]) -> AsyncIterator[None]:
    """A bot that gives every update to ``answer``."""

    async def run() -> None:
        while True:
            await asyncio.gather(*(answer(update) for update in await hall.updates(30)))

    task = asyncio.create_task(run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def question(hall: Hall) -> str:
    await hall.installed()
    sent = await hall.bot.send_message(hall.chat, "Yes?", reply_markup=MARKUP)
    return f"{hall.chat}:{sent.message_id}"


async def test_an_answer_with_text_is_what_the_member_sees(hall: Hall) -> None:
    key = await question(hall)

    async def answer(update: Update) -> None:
        query = update.callback_query
        assert query is not None
        assert query.message is not None
        assert (query.data, query.from_user.first_name, query.message.chat.id) == ("yes", "Ben", hall.chat)
        assert "date" not in query.to_dict()
        await query.answer("Thank you", show_alert=True)

    async with answering(hall, answer):
        outcome = await hall.sandbox.press(hall.ben, key, "0.0")
    assert (outcome.kind, outcome.text) == (OutcomeKind.MESSAGE, "Thank you")
    assert 0 < outcome.first_ms <= outcome.ms


async def test_an_edit_or_a_private_message_is_seen_too(hall: Hall) -> None:
    key = await question(hall)
    private = await hall.started(hall.ben)

    async def edit(update: Update) -> None:
        assert update.callback_query is not None
        await update.callback_query.answer()
        await update.callback_query.edit_message_text("One answer", reply_markup=MARKUP)

    async with answering(hall, edit):
        outcome = await hall.sandbox.press(hall.ben, key, "0.0")
    assert outcome.kind is OutcomeKind.MESSAGE
    assert outcome.message is not None
    assert (outcome.message.text, outcome.message.id) == ("One answer", key)

    async def write(update: Update) -> None:
        assert update.callback_query is not None
        await hall.bot.send_message(private, "In private")
        await update.callback_query.answer()

    async with answering(hall, write):
        outcome = await hall.sandbox.press(hall.ben, key, "0.0")
    assert outcome.message is not None
    assert outcome.message.text == "In private"


async def test_a_bare_answer_is_an_acknowledgement_and_none_a_failure(hall: Hall) -> None:
    key = await question(hall)

    async def answer(update: Update) -> None:
        assert update.callback_query is not None
        await update.callback_query.answer()

    async with answering(hall, answer):
        outcome = await hall.sandbox.press(hall.ben, key, "0.0", wait=0.2)
    assert outcome.kind is OutcomeKind.ACKNOWLEDGED
    assert (await hall.sandbox.press(hall.ben, key, "0.0", wait=0.05)).kind is OutcomeKind.FAILED


async def test_links_are_shown_and_deep_links_may_be_the_answer(hall: Hall) -> None:
    key = await question(hall)
    outcome = await hall.sandbox.press(hall.ben, key, "0.1")
    assert (outcome.kind, outcome.url) == (OutcomeKind.LINK, "https://example.org/a")
    assert await hall.updates() == []

    async def answer(update: Update) -> None:
        assert update.callback_query is not None
        await update.callback_query.answer(url="https://t.me/hallkeeper_bot?start=form")

    async with answering(hall, answer):
        outcome = await hall.sandbox.press(hall.ben, key, "0.0")
    assert (outcome.kind, outcome.url) == (OutcomeKind.LINK, "https://t.me/hallkeeper_bot?start=form")
    with pytest.raises(ControlError, match="there is no button"):
        await hall.sandbox.press(hall.ben, key, "3.0")


async def test_an_answer_comes_once_soon_and_short(hall: Hall) -> None:
    key = await question(hall)
    pressing = asyncio.create_task(hall.sandbox.press(hall.ben, key, "0.0", wait=0.3))
    query = (await hall.updates(10))[0].callback_query
    assert query is not None
    with pytest.raises(BadRequest, match=r"(?i)MESSAGE_TOO_LONG"):
        await query.answer("x" * 201)
    with pytest.raises(BadRequest, match=r"(?i)URL_INVALID"):
        await query.answer(url="https://example.org")
    await query.answer("x" * 200)
    with pytest.raises(BadRequest, match=r"(?i)query is too old"):
        await query.answer("again")
    assert (await pressing).text == "x" * 200
    await hall.sandbox.press(hall.ben, key, "0.0", wait=0)
    late = (await hall.updates())[0].callback_query
    assert late is not None
    hall.sandbox.backend.presses[late.id].at -= 60
    with pytest.raises(BadRequest, match=r"(?i)query is too old"):
        await late.answer("late")


async def test_a_deep_link_opens_the_private_chat(hall: Hall) -> None:
    async def answer(update: Update) -> None:
        assert update.effective_message is not None
        await update.effective_message.reply_text(f"Heard {update.effective_message.text}")

    async with answering(hall, answer):
        outcome = await hall.sandbox.follow(hall.ben, "https://t.me/hallkeeper_bot?start=Ab_-9")
        assert outcome.text == "Heard /start Ab_-9"
        assert outcome.message is not None
        assert outcome.message.channel == hall.ben
        assert (await hall.sandbox.type(hall.ben, hall.ben, "hello", wait=5)).text == "Heard hello"
        await hall.sandbox.block(hall.ben)
    channel = next(channel for channel in hall.sandbox.state().channels if channel.kind == "private")
    assert (channel.member, channel.id) == (hall.ben, hall.ben)
    for url in ("https://t.me/hallkeeper_bot?start=" + "x" * 65, "https://t.me/hallkeeper_bot?start=a%20b"):
        with pytest.raises(ControlError, match="payload"):
            await hall.sandbox.follow(hall.ben, url)
    with pytest.raises(ControlError, match="does not lead to this bot"):
        await hall.sandbox.follow(hall.ben, "https://t.me/other_bot?start=x")


async def test_startgroup_adds_the_bot(hall: Hall) -> None:
    await hall.sandbox.follow(hall.ada, "https://t.me/hallkeeper_bot?startgroup=code", wait=0)
    added, _, started = await hall.updates()
    assert added.my_chat_member is not None
    assert started.message is not None
    assert (started.message.chat.id, started.message.text) == (hall.chat, "/start@hallkeeper_bot code")


async def test_a_reply_in_the_group_finds_the_one_it_is_for(hall: Hall) -> None:
    await hall.installed()

    async def answer(update: Update) -> None:
        assert update.effective_message is not None
        await hall.bot.send_message(hall.chat, "to all")
        await update.effective_message.reply_text("to you")

    async with answering(hall, answer):
        assert (await hall.sandbox.command(hall.ben, hall.channel, "/hall help")).text == "to you"
    assert (await hall.sandbox.command(hall.ben, hall.channel, "/hall", wait=0.05)).kind is OutcomeKind.FAILED

    async def react(update: Update) -> None:
        assert update.effective_message is not None
        await update.effective_message.set_reaction("👍")

    await hall.updates()
    async with answering(hall, react):
        outcome = await hall.sandbox.type(hall.ben, hall.channel, "/hall", wait=5)
    assert outcome.kind is OutcomeKind.ACKNOWLEDGED
    assert outcome.message is not None
    assert outcome.message.reactions == {"👍": ("hallkeeper",)}


async def test_two_hundred_press_at_once_and_come_in_two_batches(hall: Hall) -> None:
    await hall.installed()
    people = [await hall.sandbox.join(hall.space, f"Member {number}") for number in range(200)]
    while await hall.updates():
        pass
    sent = await hall.bot.send_message(hall.chat, "Yes?", reply_markup=MARKUP)
    pressing = [
        asyncio.create_task(hall.sandbox.press(member, f"{hall.chat}:{sent.message_id}", "0.0", wait=20))
        for member in people
    ]
    await asyncio.sleep(0)
    for _ in range(2):
        updates = await hall.updates(10)
        assert len(updates) == 100
        for update in updates:
            assert update.callback_query is not None
            await update.callback_query.answer("Thank you")
    assert {outcome.text for outcome in await asyncio.gather(*pressing)} == {"Thank you"}


async def test_presses_that_nobody_answered_are_forgotten(hall: Hall) -> None:
    key = await question(hall)
    await hall.sandbox.press(hall.ben, key, "0.0", wait=0)
    for press in hall.sandbox.backend.presses.values():
        press.at -= 60
    await hall.sandbox.press(hall.ben, key, "0.0", wait=0)
    assert len(hall.sandbox.backend.presses) == 1
