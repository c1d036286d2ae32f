"""The question of the day, as managers and members meet it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from core.bot import ChannelInfo
from core.context import Owner
from core.event import Deleted, Edited, Reacted, Replied
from core.hall import Hall
from core.schedule import Due
from core.testing import FakeBot, SetClock, install
from core.testing.fake_bot import Post
from core.timetable import end_schedule
from plugins.question_of_the_day import QuestionOfTheDay
from plugins.question_of_the_day.asking import ask_what_is_due
from storage.tx import Tx
from tests.core.kit import kinds, one_store, rows, until
from tests.plugins.kit import next_post, the_series


async def asked(hall: Hall, bot: FakeBot) -> Post:
    """A set-up space with a question in it, which the store knows to stand."""
    seen = await install(bot)
    await bot.press(seen.button("Post the first one now"), "olga")
    post = (await bot.until_posts(2))[1]
    while not await rows(hall.store, "SELECT 1 FROM delivery WHERE state = 'sent'"):  # noqa: ASYNC110 - a row, not an event
        await asyncio.sleep(0.005)
    return post


async def test_a_reply_that_is_edited_changes_the_answer_and_one_that_is_deleted_takes_it_back(
    hall: Hall, bot: FakeBot
) -> None:
    post = await asked(hall, bot)
    await bot.reply(post.id, "mia", "A walk by the sea", message="r1")
    await until(lambda: "1 answer so far" in str(post.message.text))
    where, mia = bot.where(), bot.who("mia")
    await bot.act(Edited(where=where, who=mia, id="e-1", message="r1", text="A walk in the *rain*", to=post.id))
    assert "A walk in the \\*rain\\*" in (await bot.command("answers", "olga")).text
    await bot.act(Edited(where=where, who=mia, id="e-2", message="another", text="Not this one", to=post.id))
    assert "Not this one" not in (await bot.command("answers", "olga")).text
    await bot.act(Deleted(where=where, who=None, id="d-1", message="r1"))
    await until(lambda: "so far" not in str(post.message.text))
    assert await rows(hall.store, "SELECT count(*) FROM qotd_answer") == [(0,)]
    assert await kinds(hall.store) == {"answer": 1}  # that it was given stays counted; the words are gone


async def test_a_reaction_counts_once_whatever_comes_and_goes(hall: Hall, bot: FakeBot) -> None:
    post = await asked(hall, bot)
    for number, present in enumerate((True, False, True, True)):
        event = Reacted(
            where=bot.where(), who=bot.who("mia"), id=f"x{number}", message=post.id, emoji="👍", present=present
        )
        await bot.act(event)
    assert await kinds(hall.store) == {"reaction": 1}
    assert await rows(hall.store, "SELECT count(*) FROM qotd_reaction WHERE present") == [(1,)]


async def test_further_replies_are_counted_and_not_kept(hall: Hall, bot: FakeBot) -> None:
    post = await asked(hall, bot)
    await bot.reply(post.id, "mia", "A walk by the sea")
    await bot.reply(post.id, "mia", "And then an ice cream, of course")
    assert await kinds(hall.store) == {"answer": 1, "reply": 1}
    shown = (await bot.command("answers", "olga")).text
    assert "A walk by the sea" in shown
    assert "ice cream" not in shown


async def test_no_words_stand_readable_in_the_store(hall: Hall, bot: FakeBot) -> None:
    post = await asked(hall, bot)
    await bot.reply(post.id, "mia", "Xylophones at midnight")
    everything = []
    for table in ("qotd_answer", "participation", "account", "member", "dialogue", "inbox", "delivery"):
        async with hall.store.session() as session:
            everything += [repr(tuple(row)) for row in await session.execute(text(f"SELECT * FROM {table}"))]  # noqa: S608 - names above
    assert everything
    assert not any("Xylophones" in line or "mia" in line for line in everything)


@one_store
async def test_the_next_question_closes_the_one_before(hall: Hall, bot: FakeBot, time: SetClock) -> None:
    first = await asked(hall, bot)
    answer = first.button("Answer")
    await bot.submit(answer, "mia", {"answer": "A walk"})
    time.pass_by(hours=3)
    hall.wake()
    await bot.until_posts(3)
    await until(lambda: "Closed with 1 answer" in str(first.message.text))
    assert first.message.controls == ()
    assert "closed" in (await bot.press(answer, "jon", form=True)).text
    assert "closed" in (await bot.submit(answer, "jon", {"answer": "Too late"})).text
    await bot.reply(first.id, "jon", "Too late as well")
    assert await kinds(hall.store) == {"answer": 1}


@one_store
async def test_the_one_before_goes_on_where_nobody_saw_the_next(hall: Hall, bot: FakeBot, time: SetClock) -> None:
    first = await asked(hall, bot)
    [series] = await the_series(hall.store)
    community_id, schedule_id, now = series.community_id, series.schedule_id, time.now()
    due = Due(
        community_id,
        schedule_id,
        "qd",
        datetime.fromisoformat("2026-11-22T09:00"),
        now,
        now,
        "en",
        now + timedelta(hours=1),
    )

    def unit(tx: Tx) -> None:
        ask_what_is_due(tx, [due])
        plugins = hall.routes.by_code
        end_schedule(tx, community_id=community_id, schedule_id=schedule_id, now=tx.now, plugins=plugins)

    await hall.store.write(unit)
    assert await rows(hall.store, "SELECT count(*) FROM qotd_question WHERE asked_at IS NOT NULL") == [(1,)]
    await bot.submit(first.button("Answer"), "mia", {"answer": "A walk"})
    await until(lambda: "1 answer so far" in str(first.message.text))
    assert first.message.controls


@one_store
async def test_the_keeper_is_told_when_no_question_waits(hall: Hall, bot: FakeBot, time: SetClock) -> None:
    await install(bot)
    await hall.store.write(lambda tx: tx.execute("UPDATE qotd_question SET asked_at = created_at") and None)
    assert "No question waits" in (await bot.command("ask", "olga")).text
    time.pass_by(hours=3)
    hall.wake()
    told = (await bot.until_posts(2))[1]
    assert told.address.member == "olga"
    assert "No question of the day waits" in str(told.message.text)
    await hall.planner.plan()
    assert len(bot.posts) == 2


@one_store
async def test_a_question_of_five_thousand_characters_is_refused_and_kept(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    opened = (await bot.command("question", "olga")).opened
    assert opened is not None
    seen = await bot.submit(opened.action, "olga", {"question": "Why? " * 1000})
    assert seen.errors == {"question": "Too long: 4999 characters, at most 500 fit."}
    again = (await bot.press(opened.action, "olga", form=True)).opened
    assert again is not None
    assert again.fields[0].value == "Why? " * 1000
    assert (await bot.submit(opened.action, "olga", {"question": "Why *not*?"})).text == "Added. 11 questions wait."


@one_store
async def test_time_days_and_zone_change_at_once(hall: Hall, bot: FakeBot, time: SetClock) -> None:
    await install(bot)
    opened = (await bot.command("daily", "olga")).opened
    assert opened is not None
    values = {"time": "18 Uhr 30", "days": "weekdays", "zone": "New York"}
    seen = await bot.submit(opened.action, "olga", values)
    assert "**Monday to Friday at 18:30** (America/New_York)" in seen.text
    assert "The next times:\n- Mon, Nov 23, 2026, 18:30\n" in seen.text
    assert await rows(hall.store, "SELECT time_zone FROM community") == [("Europe/Berlin",)]  # nothing is saved yet
    saved = await bot.press(seen.button("Save"), "olga")
    assert "Next: Mon, Nov 23, 2026, 18:30" in saved.text
    assert "(America/New_York)" in saved.text
    assert await rows(hall.store, "SELECT time_zone FROM community") == [("America/New_York",)]
    assert await rows(hall.store, "SELECT time_zone FROM schedule") == [(None,)]
    assert "time" in (await bot.submit(opened.action, "olga", {**values, "time": "noonish"})).errors
    assert "Europe/Berlin" in (await bot.submit(opened.action, "olga", {**values, "zone": "Berln"})).errors["zone"]
    time.pass_by(days=2)
    await hall.planner.plan()
    assert len(bot.posts) == 1
    time.set(datetime(2026, 11, 23, 23, 30, tzinfo=UTC))
    hall.wake()
    await bot.until_posts(2)


@one_store
async def test_the_channel_changes_when_it_is_saved_also_by_the_full_form(hall: Hall, bot: FakeBot) -> None:
    bot.rooms = [ChannelInfo("general", "general"), ChannelInfo("lounge", "lounge")]
    await install(bot, channel="general")
    opened = (await bot.command("daily", "olga")).opened
    assert opened is not None
    values = {"time": "9", "days": "daily", "zone": "Berlin", "channel": "lounge"}
    seen = await bot.submit(opened.action, "olga", values)
    again = (await bot.press(seen.button("Change again"), "olga", form=True)).opened
    assert again is not None
    assert again.fields[-1].value == ("lounge",)
    channels = "SELECT channel.name FROM qotd_series_channel JOIN channel ON channel.id = channel_id"
    assert await rows(hall.store, channels) == [("general",)]
    full = (await bot.press(seen.button("Other days, holidays, an end"), "olga", form=True)).opened
    assert full is not None
    kept = {one.name: one.value if isinstance(one.value, str) else list(one.value) for one in full.fields}
    seen = await bot.submit(full.action, "olga", {**kept, "until": "2026-12-24"})
    saved = await bot.press(seen.button("Save"), "olga")
    assert "Last day: Thu, Dec 24, 2026" in saved.text
    assert await rows(hall.store, channels) == [("lounge",)]


@one_store
async def test_the_short_form_keeps_days_that_it_does_not_know(hall: Hall, bot: FakeBot, time: SetClock) -> None:
    await install(bot)
    form = (await bot.press((await bot.command("schedules", "olga")).button("Change"), "olga", form=True)).opened
    assert form is not None
    values = {"kind": ["monthly"], "time": "9", "zone": "Berlin", "until": "2027-12-31", "off": "DE"}
    more = (await bot.submit(form.action, "olga", values)).opened
    assert more is not None
    seen = await bot.submit(more.action, "olga", {"nth": ["2"], "weekday": ["tue"]})
    await bot.press(seen.button("Save"), "olga")
    opened = (await bot.command("daily", "olga")).opened
    assert opened is not None
    assert opened.fields[1].value == ("chosen",)
    seen = await bot.submit(opened.action, "olga", {"time": "10", "days": "chosen", "zone": "Berlin"})
    assert "**Each month on the second Tuesday at 10:00**" in seen.text
    assert "Last day: Fri, Dec 31, 2027\nNot on: holidays in DE" in seen.text
    time.set(datetime(2027, 12, 31, 12, tzinfo=UTC))
    seen = await bot.submit(opened.action, "olga", {"time": "10", "days": "daily", "zone": "Berlin"})
    assert "never be due" in seen.errors["time"]


async def test_a_test_goes_to_the_manager_alone_and_takes_nothing_from_the_queue(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    shown = await bot.command("ask", "olga")
    posts = len(bot.posts)
    assert "in private" in (await bot.press(shown.button("Send it to me as a test"), "olga")).text
    post = (await bot.until_posts(posts + 1))[-1]
    assert (post.address.member, post.address.channel) == ("olga", "")
    assert "Test: only you see this" in str(post.message.title)
    assert shown.text.removeprefix("> ") in str(post.message.text)
    assert await rows(hall.store, "SELECT count(*) FROM qotd_question WHERE asked_at IS NULL") == [(10,)]
    assert await rows(hall.store, "SELECT count(*) FROM activity") == [(0,)]
    denied = await bot.press(shown.button("Send it to me as a test"), "mia")
    assert "manage this community" in denied.text


async def test_what_is_kept_about_a_member_is_told_and_erased(hall: Hall, bot: FakeBot) -> None:
    post = await asked(hall, bot)
    await bot.reply(post.id, "mia", "A walk by the sea")
    await bot.act(Reacted(where=bot.where(), who=bot.who("mia"), id="x", message=post.id, emoji="👍", present=True))
    plugin = next(one for one in hall.routes.plugins if isinstance(one, QuestionOfTheDay))
    async with hall.store.session() as session:
        row = (await session.execute(text("SELECT community_id, id, account_id FROM member"))).one()
    ids = [one if not isinstance(one, bytes) else UUID(bytes=one) for one in row]
    owner = Owner(community_id=ids[0], member_id=ids[1], account_id=ids[2], vault=hall.store.vault)
    async with hall.store.session() as session:
        assert len((await plugin.export(session, owner))["answers"]) == 1
    await until(lambda: "1 answer so far" in str(post.message.text))
    await hall.store.write(lambda tx: plugin.forget(tx, owner))
    hall.wake()
    await until(lambda: "so far" not in str(post.message.text))
    async with hall.store.session() as session:
        assert (await plugin.export(session, owner))["answers"] == []
    assert await rows(hall.store, "SELECT count(*) FROM qotd_reaction") == [(0,)]


async def test_a_reply_that_was_written_in_time_counts_whenever_we_hear_of_it(
    hall: Hall, bot: FakeBot, time: SetClock
) -> None:
    post = await asked(hall, bot)
    began = time.now()
    time.pass_by(minutes=10)
    await next_post(hall, bot)
    closed = time.now()
    time.pass_by(hours=1)
    for who, at in (("mia", began), ("jon", closed - timedelta(seconds=1)), ("zoe", closed), ("kim", None)):
        words = f"A walk with {who}"
        event = Replied(
            where=bot.where(), who=bot.who(who), id=f"e-{who}", at=at, to=post.id, message=f"r-{who}", text=words
        )
        assert (await bot.act(event)).message is None
    await until(lambda: "Closed with 2 answers" in str(post.message.text))
    assert await kinds(hall.store) == {"answer": 2}


@one_store
async def test_the_posts_that_took_replies_since(hall: Hall, bot: FakeBot, time: SetClock) -> None:
    first = await asked(hall, bot)
    began = time.now()
    time.pass_by(minutes=10)
    second = await next_post(hall, bot)

    async def posts(since: datetime) -> list[str]:
        return [one.message for one in await hall.open_posts("fake", bot.where().space, since)]

    assert await posts(began) == [first.id, second.id]
    assert await posts(time.now()) == [second.id]
    assert await hall.open_posts("fake", "another space", began) == []
    assert {one.channel for one in await hall.open_posts("fake", bot.where().space, began)} == {bot.where().channel}
