import time
from collections.abc import Callable
from typing import Any

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest

from tests.sandbox.telegram.conftest import Hall

MARKUP = InlineKeyboardMarkup([[InlineKeyboardButton("Go", callback_data="go")]])


async def test_text_caption_and_keyboard_are_edited_in_place(hall: Hall) -> None:
    chat = await hall.started(hall.ada)
    sent = await hall.bot.send_message(chat, "one", reply_markup=MARKUP)
    edited = await hall.bot.edit_message_text("<b>two</b>", chat, sent.message_id, parse_mode="HTML")
    assert edited.text == "two"
    assert edited.reply_markup is None
    await hall.bot.edit_message_reply_markup(chat, sent.message_id, reply_markup=MARKUP)
    photo = await hall.bot.send_photo(chat, "https://example.org/a.png", caption="before")
    await hall.bot.edit_message_caption(chat, photo.message_id, caption="after")
    text, picture = hall.sandbox.state().channels[-1].messages[-2:]
    assert (text.text, text.edits, [control.label for control in text.controls]) == ("two", 2, ["Go"])
    assert (picture.text, picture.edits) == ("after", 1)


Call = Callable[[Hall, int, int], Any]
REFUSED: dict[str, Call] = {
    "message is not modified": lambda hall, chat, number: hall.bot.edit_message_text("one", chat, number),
    "message to edit not found": lambda hall, chat, number: hall.bot.edit_message_text("two", chat, 999),
    "message can't be edited": lambda hall, chat, number: hall.bot.edit_message_text("two", chat, 1),
    "there is no caption": lambda hall, chat, number: hall.bot.edit_message_caption(chat, number, caption="x"),
    "message text is empty": lambda hall, chat, number: hall.bot.edit_message_text(" ", chat, number),
    "message to delete not found": lambda hall, chat, number: hall.bot.delete_message(chat, 999),
    "message to react not found": lambda hall, chat, number: hall.bot.set_message_reaction(chat, 999, "👍"),
    "REACTION_INVALID": lambda hall, chat, number: hall.bot.set_message_reaction(chat, number, "🥦"),
    "message to pin not found": lambda hall, chat, number: hall.bot.pin_chat_message(chat, 999),
    "message with poll to stop not found": lambda hall, chat, number: hall.bot.stop_poll(chat, number),
}


@pytest.mark.parametrize("words", REFUSED)
async def test_what_can_not_be_changed(hall: Hall, words: str) -> None:
    chat = await hall.started(hall.ada)
    sent = await hall.bot.send_message(chat, "one")
    with pytest.raises(BadRequest):
        await REFUSED[words](hall, chat, sent.message_id)
    assert words in hall.sandbox.record.refused[-1].error


async def test_the_bot_deletes_its_own_and_as_administrator_all(hall: Hall) -> None:
    await hall.installed()
    await hall.sandbox.command(hall.ben, hall.channel, "/spam", wait=0)
    theirs = (await hall.messages())[0].message_id
    mine = (await hall.bot.send_message(hall.chat, "mine")).message_id
    await hall.bot.delete_message(hall.chat, mine)
    with pytest.raises(BadRequest, match=r"(?i)message can't be deleted"):
        await hall.bot.delete_message(hall.chat, theirs)
    with pytest.raises(BadRequest, match=r"(?i)not enough rights to manage pinned"):
        await hall.bot.pin_chat_message(hall.chat, theirs)
    await hall.sandbox.set_role(hall.sandbox.bot, hall.space, "admin")
    await hall.bot.pin_chat_message(hall.chat, theirs)
    await hall.bot.delete_message(hall.chat, theirs)
    old = await hall.bot.send_message(hall.chat, "old")
    hall.sandbox.backend.world.chats[hall.chat].messages[old.message_id].date = time.time() - 49 * 3600
    with pytest.raises(BadRequest, match=r"(?i)message can't be deleted"):
        await hall.bot.delete_message(hall.chat, old.message_id)


async def test_a_poll_is_voted_in_and_stopped(hall: Hall) -> None:
    await hall.installed()
    sent = await hall.bot.send_poll(hall.chat, "Which?", ["Red", "Green"], is_anonymous=False)
    await hall.sandbox.vote(hall.ben, f"{hall.chat}:{sent.message_id}", [1])
    poll, answer = await hall.updates()
    assert poll.poll is not None
    assert [option.voter_count for option in poll.poll.options] == [0, 1]
    assert answer.poll_answer is not None
    assert answer.poll_answer.user is not None
    assert (answer.poll_answer.user.first_name, answer.poll_answer.option_ids) == ("Ben", (1,))
    stopped = await hall.bot.stop_poll(hall.chat, sent.message_id)
    assert (stopped.is_closed, stopped.total_voter_count) == (True, 1)
    quiet = await hall.bot.send_poll(hall.chat, "Which?", ["Red", "Green"])
    await hall.sandbox.vote(hall.ben, f"{hall.chat}:{quiet.message_id}", [0])
    assert [update.poll_answer for update in await hall.updates()] == [None]
