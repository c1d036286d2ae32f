import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from telegram import (
    Bot,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    LinkPreviewOptions,
    MessageEntity,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
    WebAppInfo,
)
from telegram.constants import ParseMode
from telegram.error import BadRequest, Forbidden, RetryAfter, TelegramError

from core.testing.pictures import jpeg, png
from sandbox.control import ImageView
from sandbox.telegram import TelegramSandbox
from tests.sandbox.telegram.conftest import Hall, bot_of

PNG = png(3, 2)


async def test_a_formatted_message_comes_back_with_its_entities(hall: Hall) -> None:
    chat = await hall.started(hall.ada)
    sent = await hall.bot.send_message(
        chat, f'😀 <b>Hi</b> <a href="tg://user?id={hall.ada}">Ada</a> &amp; all', parse_mode=ParseMode.HTML
    )
    assert sent.text == "😀 Hi Ada & all"
    assert sent.parse_entities() == {sent.entities[0]: "Hi", sent.entities[1]: "Ada"}
    assert sent.entities[1].user is not None
    assert sent.entities[1].user.first_name == "Ada"
    shown = hall.sandbox.state().channels[-1].messages[-1]
    assert shown.html == '😀 <b>Hi</b> <span class="mention">Ada</span> &amp; all'


async def test_markdown_and_given_entities_work_too(hall: Hall) -> None:
    chat = await hall.started(hall.ada)
    sent = await hall.bot.send_message(
        chat, "*bold* _it_ [a link](https://example.org)\\.", parse_mode=ParseMode.MARKDOWN_V2
    )
    assert sent.text == "bold it a link."
    assert [entity.type for entity in sent.entities] == ["bold", "italic", "text_link"]
    sent = await hall.bot.send_message(chat, "  own words", entities=[MessageEntity("bold", 2, 3)])
    assert sent.text == "own words"
    assert sent.parse_entities() == {sent.entities[0]: "own"}


Call = Callable[[Bot, int], Any]


def _keyboard(*rows: list[InlineKeyboardButton]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(rows)


def _button(**fields: Any) -> InlineKeyboardButton:
    return InlineKeyboardButton("Go", **fields)


REFUSED: dict[str, Call] = {
    "message text is empty": lambda bot, chat: bot.send_message(chat, " \n "),
    "message is too long": lambda bot, chat: bot.send_message(chat, "x" * 4097),
    "message caption is too long": lambda bot, chat: bot.send_photo(chat, "https://x.org/a.png", caption="x" * 1025),
    "ENTITIES_TOO_LONG": lambda bot, chat: bot.send_message(chat, "<b>x</b>y" * 101, parse_mode="HTML"),
    "chat not found": lambda bot, chat: bot.send_message(-100999, "hi"),
    "chat_id is empty": lambda bot, chat: bot.send_message("", "hi"),
    "BUTTON_DATA_INVALID": lambda bot, chat: bot.send_message(
        chat, "hi", reply_markup=_keyboard([_button(callback_data="é" * 33)])
    ),
    "Wrong HTTP URL": lambda bot, chat: bot.send_message(
        chat, "hi", reply_markup=_keyboard([_button(url="http://localhost:8080/")])
    ),
    "Unsupported URL protocol": lambda bot, chat: bot.send_message(
        chat, "hi", reply_markup=_keyboard([_button(url="ftp://example.org")])
    ),
    "Text buttons are unallowed": lambda bot, chat: bot.send_message(
        chat, "hi", reply_markup=_keyboard([InlineKeyboardButton("Go")])
    ),
    "reply markup is too long": lambda bot, chat: bot.send_message(
        chat, "hi", reply_markup=_keyboard([_button(callback_data="x")] * 9)
    ),
    "reply markup is too lon": lambda bot, chat: bot.send_message(
        chat, "hi", reply_markup=_keyboard(*[[_button(callback_data="x")]] * 101)
    ),
    "message to be replied not found": lambda bot, chat: bot.send_message(
        chat, "hi", reply_parameters=ReplyParameters(999)
    ),
    "message thread not found": lambda bot, chat: bot.send_message(chat, "hi", message_thread_id=77),
    "unsupported parse_mode": lambda bot, chat: bot.send_message(chat, "hi", parse_mode="Wiki"),
    "wrong file identifier/HTTP URL specified": lambda bot, chat: bot.send_photo(chat, "no such file"),
    "wrong parameter action in request": lambda bot, chat: bot.send_chat_action(chat, "dancing"),
    "poll question must be non-empty": lambda bot, chat: bot.send_poll(chat, " ", ["a", "b"]),
    "poll must have at least": lambda bot, chat: bot.send_poll(chat, "Which?", [str(n) for n in range(13)]),
}


@pytest.mark.parametrize("words", REFUSED)
async def test_what_telegram_refuses_is_refused_in_its_words(hall: Hall, words: str) -> None:
    chat = await hall.started(hall.ada)
    with pytest.raises(BadRequest):
        await REFUSED[words](hall.bot, chat)
    assert hall.sandbox.record.refused[-1].status == 400
    assert hall.sandbox.record.refused[-1].error.startswith("Bad Request: ")
    assert words in hall.sandbox.record.refused[-1].error
    assert hall.sandbox.record.taken == []


async def test_the_largest_that_is_allowed_is_taken(hall: Hall) -> None:
    chat = await hall.started(hall.ada)
    rows = [[InlineKeyboardButton("Go", callback_data="x" * 64)] * 8] * 12
    sent = await hall.bot.send_message(chat, f"<b>{'x' * 4096}</b>", parse_mode="HTML", reply_markup=_keyboard(*rows))
    assert len(sent.text or "") == 4096


async def test_web_apps_open_in_private_chats_alone(hall: Hall) -> None:
    await hall.installed()
    markup = _keyboard([_button(web_app=WebAppInfo("https://example.org"))])
    with pytest.raises(BadRequest, match=r"(?i)BUTTON_TYPE_INVALID"):
        await hall.bot.send_message(hall.chat, "hi", reply_markup=markup)
    await hall.bot.send_message(await hall.started(hall.ada), "hi", reply_markup=markup)


async def test_private_chats_open_with_start_and_close_with_a_block(hall: Hall) -> None:
    with pytest.raises(Forbidden, match=r"(?i)bot can't initiate conversation with a user"):
        await hall.bot.send_message(int(hall.ada), "hi")
    chat = await hall.started(hall.ada)
    await hall.bot.send_message(chat, "hi")
    await hall.sandbox.block(hall.ada)
    with pytest.raises(Forbidden, match=r"(?i)bot was blocked by the user"):
        await hall.bot.send_message(chat, "hi")
    await hall.sandbox.unblock(hall.ada)
    await hall.bot.send_message(chat, "hi again")
    kicked, back = await hall.updates()
    assert kicked.my_chat_member is not None
    assert back.my_chat_member is not None
    assert (kicked.my_chat_member.new_chat_member.status, back.my_chat_member.new_chat_member.status) == (
        "kicked",
        "member",
    )


async def test_groups_refuse_who_is_not_in_or_may_not_write(hall: Hall) -> None:
    with pytest.raises(BadRequest, match=r"(?i)chat not found"):
        await hall.bot.send_message(hall.chat, "hi")
    await hall.installed()
    await hall.bot.send_message(hall.chat, "hi")
    await hall.sandbox.remove(hall.space, hall.ada)
    with pytest.raises(Forbidden, match=r"(?i)bot was kicked from the supergroup chat"):
        await hall.bot.send_message(hall.chat, "hi")
    await hall.installed()
    await hall.bot.leave_chat(hall.chat)
    with pytest.raises(Forbidden, match=r"(?i)bot is not a member of the supergroup chat"):
        await hall.bot.send_message(hall.chat, "hi")
    quiet = await hall.sandbox.add_space("Quiet", owner="Ada")
    await hall.sandbox.add_channel(quiet, "quiet", writable=False)
    await hall.sandbox.install(quiet, hall.ada)
    with pytest.raises(BadRequest, match=r"(?i)not enough rights to send text messages to the chat"):
        await hall.bot.send_message(int(quiet), "hi")
    await hall.sandbox.delete_channel(quiet)
    with pytest.raises(Forbidden, match=r"(?i)the group chat was deleted"):
        await hall.bot.send_message(int(quiet), "hi")


async def test_a_second_channel_is_a_topic(hall: Hall) -> None:
    await hall.installed()
    topic = await hall.sandbox.add_channel(hall.space, "Drops")
    thread = int(topic.partition("/")[2])
    created = (await hall.messages())[0]
    assert created.forum_topic_created is not None
    sent = await hall.bot.send_message(hall.chat, "here", message_thread_id=thread)
    assert (sent.message_thread_id, sent.is_topic_message, sent.chat.is_forum) == (thread, True, True)
    channel = next(channel for channel in hall.sandbox.state().channels if channel.id == topic)
    assert [message.text for message in channel.messages] == ["Topic Drops was created", "here"]
    await hall.sandbox.command(hall.ben, topic, "/hall", wait=0)
    assert (await hall.messages())[0].message_thread_id == thread
    closed = await hall.sandbox.add_channel(hall.space, "Closed", writable=False)
    with pytest.raises(BadRequest, match=r"(?i)TOPIC_CLOSED"):
        await hall.bot.send_message(hall.chat, "x", message_thread_id=int(closed.partition("/")[2]))
    await hall.sandbox.delete_channel(topic)
    with pytest.raises(BadRequest, match=r"(?i)message thread not found"):
        await hall.bot.send_message(hall.chat, "x", message_thread_id=thread)


async def test_replies_previews_and_protection_are_kept(hall: Hall) -> None:
    await hall.installed()
    first = await hall.bot.send_message(hall.chat, "question")
    sent = await hall.bot.send_message(
        hall.chat,
        "see https://example.org",
        reply_parameters=ReplyParameters(first.message_id),
        protect_content=True,
        link_preview_options=LinkPreviewOptions(is_disabled=True),
        reply_markup=ForceReply(selective=True, input_field_placeholder="Your answer"),
    )
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.message_id == first.message_id
    assert sent.has_protected_content
    assert sent.link_preview_options is not None
    assert [entity.type for entity in sent.entities] == ["url"]
    orphan = await hall.bot.send_message(
        hall.chat, "late", reply_parameters=ReplyParameters(999, allow_sending_without_reply=True)
    )
    assert orphan.reply_to_message is None


async def test_a_reply_keyboard_is_pressed_by_sending_its_text(hall: Hall) -> None:
    chat = await hall.started(hall.ada)
    sent = await hall.bot.send_message(chat, "Language?", reply_markup=ReplyKeyboardMarkup([["German", "French"]]))
    key = f"{chat}:{sent.message_id}"
    labels = [control.label for control in hall.sandbox.state().channels[-1].messages[-1].controls]
    assert labels == ["German", "French"]
    await hall.sandbox.press(hall.ada, key, "k0.1", wait=0)
    assert [message.text for message in await hall.messages()] == ["French"]
    await hall.bot.send_message(chat, "Thank you", reply_markup=ReplyKeyboardRemove())


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"\x89PNG\r\n\x1a\n", "Image_process_failed"),
        (b"%PDF-1.7", "Image_process_failed"),
        (jpeg(9000, 1001), "Photo_invalid_dimensions"),
        (png(21, 1), "Photo_invalid_dimensions"),
    ],
)
async def test_only_pictures_of_fair_sizes_are_photos(hall: Hall, content: bytes, error: str) -> None:
    chat = await hall.started(hall.ada)
    with pytest.raises(BadRequest, match=f"(?i){error}"):
        await hall.bot.send_photo(chat, content)


async def test_a_group_may_take_words_and_no_photos(hall: Hall) -> None:
    group = hall.sandbox.backend.world.groups[hall.chat]
    await hall.installed()
    group.photos = False
    await hall.bot.send_message(group.id, "Words")
    with pytest.raises(BadRequest, match=r"(?i)not enough rights to send photos"):
        await hall.bot.send_photo(group.id, PNG)
    await hall.sandbox.set_role(hall.sandbox.bot, hall.space, "admin")
    await hall.bot.send_photo(group.id, PNG)


async def test_pictures_and_files_by_link_upload_and_id(hall: Hall) -> None:
    chat = await hall.started(hall.ada)
    linked = await hall.bot.send_photo(chat, "https://example.org/a.png", caption="<i>A</i>", parse_mode="HTML")
    assert linked.caption == "A"
    assert hall.sandbox.state().channels[-1].messages[-1].images == (ImageView("https://example.org/a.png"),)
    uploaded = await hall.bot.send_photo(chat, PNG)
    assert (uploaded.photo[0].width, uploaded.photo[0].height) == (3, 2)
    again = await hall.bot.send_photo(chat, uploaded.photo[0].file_id)
    assert again.photo[0].file_unique_id == uploaded.photo[0].file_unique_id
    file = await hall.bot.get_file(uploaded.photo[0].file_id)
    assert bytes(await file.download_as_bytearray()) == PNG
    report = await hall.bot.send_document(chat, b"a,b", filename="report.csv")
    assert report.document is not None
    assert report.document.file_name == "report.csv"
    album = await hall.bot.send_media_group(
        chat, [InputMediaPhoto(PNG), InputMediaPhoto("https://example.org/b.png")], caption="Two"
    )
    assert len({message.media_group_id for message in album}) == 1
    assert album[0].caption == "Two"
    with pytest.raises(TelegramError, match="Request Entity Too Large"):
        await hall.bot.send_photo(chat, b"x" * (10 * 1024 * 1024 + 1))


async def test_limits_a_chat_a_group_and_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # the library's coming form of retry_after
    sandbox = TelegramSandbox()
    await sandbox.start()
    space = await sandbox.add_space("Hall", owner="Ada")
    people = [await sandbox.join(space, f"Member {number}") for number in range(40)]
    await sandbox.install(space, people[0])
    for member in people:
        await sandbox.private(member)
    async with bot_of(sandbox) as bot:
        for number in range(3):
            await bot.send_message(int(people[0]), f"burst {number}")
        with pytest.raises(RetryAfter) as caught:
            await bot.send_message(int(people[0]), "too much")
        assert timedelta(seconds=1) <= caught.value.retry_after <= timedelta(seconds=3)
        answers = await asyncio.gather(
            *(bot.send_message(int(member), "all at once") for member in people[1:]), return_exceptions=True
        )
    assert sum(isinstance(answer, RetryAfter) for answer in answers) >= 9
    assert sandbox.record.refused[-1].error.startswith("Too Many Requests: retry after ")
    await sandbox.stop()
