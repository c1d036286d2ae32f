"""The whole way, with a platform in memory: arrival, question, answers, counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import text

from core.bot import Address, ChannelInfo, Sent, Standing
from core.hall import Hall
from core.message import Button, Message
from core.testing import FakeBot, SetClock, install


async def rows(hall: Hall, sql: str) -> list[tuple[object, ...]]:
    async with hall.store.session() as session:
        return [tuple(row) for row in (await session.execute(text(sql))).all()]


async def until(check: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not check():  # noqa: ASYNC110 - what is waited for is another's state, not an event
            await asyncio.sleep(0.01)


async def test_two_presses_after_arrival_the_first_question_stands(hall: Hall, bot: FakeBot) -> None:
    seen = await install(bot)
    assert "2026-11-21 at 09:00" in seen.text
    assert bot.posts[0].address.member == "olga"
    seen = await bot.press(seen.button("Post the first one now"), "olga")
    assert seen.text == "On its way."
    post = (await bot.until_posts(2))[1]
    assert post.address.channel == "general"
    assert post.message.title == "Question of the day"


async def test_an_answer_is_kept_once_counted_once_and_shown(hall: Hall, bot: FakeBot) -> None:
    seen = await install(bot)
    now = seen.button("Post the first one now")
    await bot.press(now, "olga")
    assert "already" in (await bot.press(now, "olga")).text
    post = (await bot.until_posts(2))[1]
    answer = post.button("Answer")
    opened = (await bot.press(answer, "mia", form=True)).opened
    assert opened is not None
    assert opened.action == answer
    first = await bot.submit(answer, "mia", {"answer": "A walk by the sea, with rain"}, event_id="same")
    assert first.text == "Thank you, your answer counts."
    assert (await bot.submit(answer, "mia", {"answer": "A walk"}, event_id="same")).acknowledged
    assert (await bot.submit(answer, "mia", {"answer": "Another walk"})).text == "Your answer was changed."
    opened = (await bot.press(answer, "mia", form=True)).opened
    assert opened is not None
    assert opened.fields[0].value == "Another walk"
    await bot.reply(post.id, "jon", "The new song of my neighbour")
    await until(lambda: "2 answers so far" in str(post.message.text))
    kinds = await rows(hall, "SELECT kind, count(*) FROM participation GROUP BY kind ORDER BY kind")
    assert kinds == [("answer", 2), ("change", 1)]
    rollup = await rows(hall, "SELECT kind, count FROM participation_day ORDER BY kind")
    assert rollup == [("answer", 2), ("change", 1)]
    shown = (await bot.command("answers", "olga")).text
    assert "Another walk" in shown
    assert "The new song" in shown


async def test_the_schedule_posts_each_day_once_at_nine(hall: Hall, bot: FakeBot, time: SetClock) -> None:
    await install(bot)
    time.pass_by(hours=2, minutes=1)
    hall.wake()
    await bot.until_posts(2)
    for _ in range(3):
        await hall.planner.plan()
    time.pass_by(days=1)
    hall.wake()
    await bot.until_posts(3)
    await asyncio.sleep(0.1)
    assert len(bot.posts) == 3
    slots = await rows(hall, "SELECT slot FROM activity ORDER BY slot")
    assert [slot for (slot,) in slots] == ["2026-11-21T09:00:00", "2026-11-22T09:00:00"]


async def test_members_may_not_manage(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    assert "manage" in (await bot.command("question", "mia")).text
    bot.standings["jon"] = Standing(present=True, roles=frozenset({"admin"}))
    assert (await bot.command("question", "jon")).opened is not None


async def test_a_zone_with_a_typo_gets_the_nearest_and_keeps_what_was_typed(hall: Hall, bot: FakeBot) -> None:
    seen = await install(bot, zone="Europe/Belrin")
    assert "Europe/Berlin" in seen.errors["zone"]
    again = await bot.press(bot.posts[0].button("Set me up"), "olga", form=True)
    assert again.opened is not None
    assert {field.name: field.value for field in again.opened.fields}["zone"] == "Europe/Belrin"


async def test_a_second_space_joins_by_a_code_once(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    shown = (await bot.command("code", "olga")).text
    code = shown.split("`")[1]
    await bot.arrive("olga", "annexe")
    wrong = await bot.command("join", "olga", "AAAA-BBBB", space="annexe", channel="lobby")
    assert "wrong" in wrong.text
    joined = await bot.command("join", "olga", code, space="annexe", channel="lobby")
    assert "counted as one" in joined.text
    await bot.arrive("olga", "third")
    assert "wrong" in (await bot.command("join", "olga", code, space="third")).text
    ask = await bot.command("ask", "olga")
    posts = len(bot.posts)
    await bot.press(ask.button("Post it now"), "olga")
    await bot.until_posts(posts + 2)
    assert {post.address.channel for post in bot.posts[posts:]} == {"general", "lobby"}
    assert await rows(hall, "SELECT count(*) FROM activity") == [(1,)]


@pytest.mark.parametrize("payload", ["a verb that is not there", "another community"])
async def test_a_press_that_means_nothing_gets_a_kind_word(hall: Hall, bot: FakeBot, payload: str) -> None:
    from dataclasses import replace
    from uuid import uuid4

    seen = await install(bot)
    action = seen.button("Post the first one now")
    broken = replace(action, verb="gone") if "verb" in payload else replace(action, community=uuid4())
    assert "no longer does anything" in (await bot.press(broken, "olga")).text


async def test_a_second_set_up_moves_channel_and_zone(hall: Hall, bot: FakeBot) -> None:
    bot.rooms = [ChannelInfo("general", "general"), ChannelInfo("lounge", "lounge")]
    await install(bot, channel="general")
    opened = (await bot.command("setup", "olga")).opened
    assert opened is not None
    again = {"language": "en", "zone": "Tokyo", "channel": "lounge"}
    assert "next one on" in (await bot.submit(opened.action, "olga", again)).text
    channels = "SELECT c.external_id FROM qotd_series_channel s JOIN channel c ON c.id = s.channel_id"
    assert await rows(hall, channels) == [("lounge",)]
    ((slot, at),) = await rows(hall, "SELECT next_slot, next_at FROM schedule")
    assert slot == "2026-11-22T09:00:00"  # it is past nine in Tokyo already
    assert str(at).startswith("2026-11-22 00:00")


async def test_the_page_is_for_managers(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    assert "switched it off" in (await bot.command("page", "olga")).text
    hall.page_link = lambda community_id, _place, _who: f"https://hall.example/enter/{community_id}"
    shown = (await bot.command("page", "olga")).message
    assert shown is not None
    assert isinstance(shown.controls[0], Button)
    assert shown.controls[0].url.startswith("https://hall.example/enter/")
    assert "manage" in (await bot.command("page", "mia")).text
    assert "/hall page" not in (await bot.command("help", "mia")).text
    assert "/hall join" not in (await bot.command("help", "mia")).text


async def test_a_reply_that_is_quicker_than_our_own_books_counts(hall: Hall, bot: FakeBot) -> None:
    seen = await install(bot)
    real, replies = bot.send, []

    async def send_and_be_answered(address: Address, message: Message, *, key: str) -> Sent:
        sent = await real(address, message, key=key)
        replies.append(asyncio.create_task(bot.reply(sent.message, "jon", "I was waiting for this question")))
        await asyncio.sleep(0.1)  # the platform shows the post before it answers us
        return sent

    bot.send = send_and_be_answered  # type: ignore[method-assign]  # the one way to come in between
    await bot.press(seen.button("Post the first one now"), "olga")
    await bot.until_posts(2)
    await until(lambda: bool(replies) and replies[0].done())
    assert await rows(hall, "SELECT kind, count(*) FROM participation GROUP BY kind") == [("answer", 1)]
