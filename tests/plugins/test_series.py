"""Several series in one community, each by itself, and their queues in managers' hands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from core.bot import ChannelInfo
from core.hall import Hall
from core.testing import FakeBot, SetClock, install
from plugins.question_of_the_day.decks import decks
from plugins.question_of_the_day.queue import NewQuestion
from tests.core.kit import one_store, rows, until
from tests.plugins.kit import MANAGER, asked, fill, next_post, press, refill, settled, the_series


async def second(bot: FakeBot, **more: Any) -> Any:
    """Olga makes a series for music at ten; what she sees."""
    first = await bot.command("series", MANAGER)
    form = await press(bot, first, "New series")
    return await fill(bot, form, {"title": "Friday *music*", "time": "10", "days": "daily", **more})


async def test_two_series_go_out_by_themselves_and_close_only_their_own(
    hall: Hall, bot: FakeBot, time: SetClock
) -> None:
    first = await asked(hall, bot)
    bot.rooms = [ChannelInfo("general", "general"), ChannelInfo("lounge", "lounge")]
    seen = await second(bot, channel="lounge")
    assert "Made. Its queue is empty" in seen.text
    assert ("Posted in", "Hall #lounge") in [(str(one.name), str(one.value)) for one in seen.message.fields]
    listed = await bot.command("schedules", MANAGER)
    assert "1. **Question of the day** · every day at 09:00" in listed.text
    assert "2. **Friday \\*music\\*** · every day at 10:00" in listed.text
    assert (await press(bot, listed, "2. Friday *music*")).message.title == "Friday \\*music\\*"  # type: ignore[union-attr]  # it is there
    music = (await the_series(hall.store))[1]
    await refill(hall.store, music, [NewQuestion("Which song?", "en"), NewQuestion("Which band?", "en")])
    time.set(datetime(2026, 11, 21, 9, 0, 1, tzinfo=UTC))  # ten in Berlin: both are due, nine and ten
    hall.wake()
    posts = (await bot.until_posts(4))[2:]
    by_room = {post.address.channel: post for post in posts}
    assert set(by_room) == {"general", "lounge"}
    assert "Which song?" in str(by_room["lounge"].message.text)
    assert by_room["lounge"].message.title == "Friday \\*music\\*"
    await settled(hall)
    await until(lambda: "Closed with 0 answers" in str(first.message.text))
    assert by_room["lounge"].message.controls  # the other series' question closed its own alone
    await bot.submit(by_room["lounge"].button("Answer"), "mia", {"answer": "All of them"})
    assert await rows(hall.store, "SELECT count(*) FROM qotd_asked") == [(3,)]


async def test_what_a_series_is_set_to_stands_in_its_posts(hall: Hall, bot: FakeBot) -> None:
    await asked(hall, bot)
    seen = await bot.command("series", MANAGER)
    look = await press(bot, seen, "How posts look")
    bad = await fill(bot, look, {"image": "ftp://example.org/a.png"})
    assert "https://" in bad.errors["image"]
    bad = await fill(bot, look, {"color": "teal"})
    assert "six digits" in bad.errors["color"]
    values = {"title": "Of the day", "image": "https://example.org/a.png", "color": "#1a7f5a"}
    seen = await fill(bot, look, values)
    form = await press(bot, seen, "Settings")
    values = {
        "draw": "random",
        "only": "Music, light, board games",
        "allows": ["thread", "suggest", "vote"],
    }
    saved = await fill(bot, form, values)
    shown = {str(one.name): str(one.value) for one in saved.message.fields}  # type: ignore[union-attr]  # it is there
    assert shown["Only these"] == "music, board games, light"
    assert shown["Also"] == "Open a thread for answers, Suggest questions, Vote for the next question"
    here = await press(bot, saved, "Channel and ping here")
    assert "ping" in (await fill(bot, here, {"ping": "all of you"})).errors
    await fill(bot, here, {"ping": "everyone"})
    [series] = await the_series(hall.store)
    assert (series.draw, series.categories, series.tone) == ("random", "|music|board games|", "light")
    new = NewQuestion("Which game?", "en", "board games", "light", sponsor="Ludo Ltd")
    await refill(hall.store, series, [new])
    post = await next_post(hall, bot)
    assert post.message.title == "Of the day · sponsored by Ludo Ltd"
    assert (post.message.ping, post.message.thread) == ("everyone", True)
    assert post.message.image is not None
    assert post.message.color == 0x1A7F5A
    assert [str(one.label) for one in post.message.controls] == ["Answer", "Suggest a question", "Vote for the next"]
    await bot.submit(post.button("Answer"), "mia", {"answer": "Chess"})
    await until(lambda: "1 answer so far" in str(post.message.text))
    assert post.message.ping == "everyone"


@one_store
async def test_only_managers_may_and_fifteen_series_are_enough(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    denied = await bot.command("series", "mia")
    assert "manage this community" in denied.text
    for _ in range(14):
        assert "Made" in (await second(bot)).text
    assert "15 series are the most" in (await second(bot)).text
    listed = await bot.command("ask", MANAGER)
    assert listed.text == "Of which series?"


@one_store
async def test_a_question_is_moved_changed_and_taken_out(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    [series] = await the_series(hall.store)
    await refill(hall.store, series, [NewQuestion(f"Number {one}?", "en") for one in range(12)])
    shown = await bot.command("questions", MANAGER)
    assert shown.text.startswith("1. Number 0?\n2. Number 1?")
    assert "… and 2 more" in shown.text
    one = await press(bot, await press(bot, shown, "3"), "To the top")
    assert one.message is not None
    assert one.message.title == "1 of 12"
    one = await press(bot, await press(bot, one, "Down"), "Down")
    one = await press(bot, one, "Up")
    shown = await press(bot, one, "Show the queue")
    assert shown.text.startswith("1. Number 0?\n2. Number 2?\n3. Number 1?")
    rest = await press(bot, shown, "Show the rest")
    assert rest.text == "11. Number 10?\n12. Number 11?"
    last = await press(bot, rest, "12")
    assert (await press(bot, last, "Down")).text == last.text  # it is the last already
    form = await press(bot, last, "Change")
    changed = await fill(
        bot, form, {"question": "Number *twelve*?", "category": "Board|Games ", "tone": ["serious"], "sponsor": "A_B"}
    )
    for words in ("> Number \\*twelve\\*?", "Category: board games", "Tone: serious", "Sponsored by A\\_B"):
        assert words in changed.text
    await press(bot, changed, "Take it out")
    assert await rows(hall.store, "SELECT count(*) FROM qotd_question") == [(11,)]
    assert "gone" in (await press(bot, changed, "To the top")).text
    form = await bot.command("question", MANAGER)
    await fill(bot, form, {"question": "And then?"})
    shown = await press(bot, await bot.command("questions", MANAGER), "Show the rest")
    assert shown.text.endswith("12. And then?")


async def test_what_a_search_finds_is_changed_at_once_and_taken_back(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    [series] = await the_series(hall.store)
    new = [NewQuestion(f"Which song is number {one}?", "en", "music") for one in range(3)]
    await refill(hall.store, series, [*new, NewQuestion("Which game?", "en", "games")])
    await next_post(hall, bot)
    found = await bot.command("questions", MANAGER, "SONG music")
    assert found.message is not None
    assert found.message.title == "3 questions found"
    assert "asked" in found.text
    form = await press(bot, found, "Change all 2 that wait")
    assert "category" in (await fill(bot, form, {})).errors
    done = await fill(bot, form, {"category": "Sounds", "tone": "light"})
    assert "2 questions changed." in done.text
    here = "SELECT category, tone, count(*) FROM qotd_question GROUP BY category, tone ORDER BY category, tone"
    assert await rows(hall.store, here) == [("games", "", 1), ("music", "", 1), ("sounds", "light", 2)]
    assert "too old" in (await fill(bot, form, {"category": "x"})).text  # a search is good for one change
    assert "2 questions are as before." in (await press(bot, done, "Take that back")).text
    assert await rows(hall.store, here) == [("games", "", 1), ("music", "", 3)]
    assert "over" in (await press(bot, done, "Take that back")).text


async def test_what_was_taken_out_at_once_comes_back_whole_for_a_day(
    hall: Hall, bot: FakeBot, time: SetClock
) -> None:
    await install(bot)
    before = await rows(hall.store, "SELECT id, words, place, lot, category FROM qotd_question ORDER BY id")
    form = await press(bot, await bot.command("questions", MANAGER, "which"), "Change all 4 that wait")
    done = await fill(bot, form, {"remove": "yes"})
    assert len(await rows(hall.store, "SELECT id FROM qotd_question")) == 6
    await press(bot, done, "Take that back")
    after = await rows(hall.store, "SELECT id, words, place, lot, category FROM qotd_question ORDER BY id")
    assert after == before
    form = await press(bot, await bot.command("questions", MANAGER, "which"), "Change all 4 that wait")
    done = await fill(bot, form, {"remove": "yes"})
    time.pass_by(hours=25)
    assert "over" in (await press(bot, done, "Take that back")).text


async def test_a_deck_is_looked_at_and_its_new_questions_taken_once(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    deck = decks("en")[-1]
    shown = await press(bot, await press(bot, await bot.command("questions", MANAGER), "Decks"), deck.title)
    label = f"Take the {len(deck.questions)} new ones"
    assert deck.questions[0].text in shown.text
    assert len(await rows(hall.store, "SELECT 1 FROM qotd_question")) == 10  # nothing is taken by looking
    assert f"{len(deck.questions)} questions added." in (await press(bot, shown, label)).text
    assert "0 questions added." in (await press(bot, shown, label)).text
    again = await press(bot, await press(bot, await bot.command("questions", MANAGER), "Decks"), deck.title)
    assert f"{len(deck.questions)} you have already" in again.text
    assert again.message is not None
    assert len(again.message.controls) == 1
    kept = await rows(
        hall.store, "SELECT DISTINCT category, season_from, season_to FROM qotd_question WHERE source > ''"
    )
    assert kept == [(deck.category, *(deck.season or (None, None)))]


async def test_what_nobody_saw_was_not_asked(hall: Hall, bot: FakeBot, time: SetClock) -> None:
    await install(bot)
    bot.offline = True
    time.set(datetime(2026, 11, 21, 8, 0, 1, tzinfo=UTC))
    await hall.planner.plan()
    assert await rows(hall.store, "SELECT count(*) FROM qotd_asked") == [(1,)]
    shown = await bot.command("schedules", MANAGER)
    await bot.submit((await press(bot, shown, "Pause")).opened.action, MANAGER, {"until": ""})  # type: ignore[union-attr]  # a form
    assert await rows(hall.store, "SELECT count(*) FROM qotd_asked") == [(0,)]
    assert await rows(hall.store, "SELECT count(*) FROM qotd_question WHERE asked_at IS NULL") == [(10,)]


@one_store
async def test_a_test_shows_what_stands_in_the_post(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    [series] = await the_series(hall.store)
    new = [NewQuestion("Which game?", "en", sponsor="Ludo Ltd")]
    await refill(hall.store, series, new, title="Games", image="https://example.org/a.png")
    shown = await bot.command("ask", MANAGER)
    assert shown.message is not None
    assert "sponsored by Ludo Ltd" in str(shown.message.title)
    await press(bot, shown, "Send it to me as a test")
    post = (await bot.until_posts(2))[1]
    assert "**Games · sponsored by Ludo Ltd**\nWhich game?" in str(post.message.text)
    assert post.message.image is not None


def test_every_deck_can_be_read_and_has_a_button_of_its_own() -> None:
    for language in ("en", "de", "fr"):
        found = decks(language)
        assert len({deck.number for deck in found}) == len(found)
        assert sum(len(deck.questions) for deck in found) >= 100
