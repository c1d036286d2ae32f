"""Lists of questions handed in and out, and what questions brought."""

from __future__ import annotations

import asyncio
import csv
import io
from math import inf
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from core import counting
from core.action import Action
from core.context import Viewer
from core.crowds import Crowd
from core.files import Desk, File
from core.hall import Hall
from core.testing import FakeBot, SetClock, install
from plugins.question_of_the_day import QuestionOfTheDay, listing
from plugins.question_of_the_day.queue import category_of
from plugins.question_of_the_day.yields import Yield, first_answer, told
from storage import migrate
from storage.tables import metadata
from tests.core.conftest import MIGRATIONS
from tests.core.kit import one_store, rows
from tests.plugins.kit import MANAGER, asked, fill, next_post, press, the_series

LIST = (
    """
1. What made you laugh this week?
- What made you smile this week?
* WHAT made you smile this week
Hm?
Which song do you never skip??
"""
    + "Why? " * 101
)


def plugin_of(hall: Hall) -> QuestionOfTheDay:
    return next(one for one in hall.routes.plugins if isinstance(one, QuestionOfTheDay))


async def viewer(hall: Hall) -> Viewer:
    [series] = await the_series(hall.store)

    def say(words: Any) -> str:
        return hall.say(words, "en")

    return Viewer(series.community_id, "en", "Europe/Berlin", hall.clock.now(), say, hall.store.vault)


# -- handed in -------------------------------------------------------------------------------------------------------
async def test_a_pasted_list_is_shown_first_and_kept_when_it_is_confirmed(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    shown = await fill(bot, await press(bot, await bot.command("questions", MANAGER), "Add many"), {"list": LIST})
    for words in (
        "**1 new question**\n- What made you laugh this week?",
        "**3 that are there already**",
        "**1 longer than 500 characters**",
        "**1 too short to be a question**",
        "Nothing is kept yet.",
    ):
        assert words in shown.text
    assert "nearly as one that is there" not in shown.text
    assert await rows(hall.store, "SELECT count(*) FROM qotd_question") == [(10,)]
    assert (
        await press(bot, await bot.command("questions", MANAGER), "Add many")
    ).text == shown.text  # it waits to be confirmed
    added = await press(bot, shown, "Add the 1 that is new")
    assert added.text == "1 question added. 11 questions wait."
    assert "gone" in (await press(bot, shown, "Add the 1 that is new")).text
    assert await rows(hall.store, "SELECT count(*) FROM qotd_question") == [(11,)]


async def test_a_file_goes_out_and_comes_in_again_whole(hall: Hall, bot: FakeBot) -> None:
    await asked(hall, bot)
    plugin, here = plugin_of(hall), await viewer(hall)
    desk = Desk(here, hall.store.write, lambda _tx: None)
    new = 'question;category;tone;sponsor\n"=1+1; is it *two*?";Sums;light;A_B\n"What, more?";;loud;\n'
    [series] = await the_series(hall.store)
    said = await plugin.hand_in(
        desk, Action("qd", "csvin", (series.id,), here.community_id), File("a.csv", "", new.encode("utf-8-sig"))
    )
    assert "**2 new questions**\n- =1+1; is it \\*two\\*?\n- What, more?" in str(said.text)
    await press(bot, await press(bot, await bot.command("questions", MANAGER), "Add many"), "Add the 2 that are new")
    async with hall.store.session() as session:
        file = await plugin.hand_out(session, here, Action("qd", "csvout", (), here.community_id))
    found = list(csv.DictReader(io.StringIO(file.text)))
    assert len(found) == 12
    one = next(row for row in found if "two" in row["question"])
    assert one == {
        "question": "'=1+1; is it *two*?",
        "category": "sums",
        "tone": "light",
        "sponsor": "A_B",
        "series": "Question of the day",
        "asked": "",
    }
    assert [row["asked"] for row in found if row["asked"]] == ["2026-11-21"]
    lines = listing.read(file.text)
    assert listing.Line("=1+1; is it *two*?", "sums", "light", "A_B") in lines
    looked = listing.look(lines, [row["question"].removeprefix("'") for row in found])
    assert (looked.new, len(looked.doubled)) == ([], 12)


@one_store
async def test_who_answered_what_is_a_file_for_managers(hall: Hall, bot: FakeBot) -> None:
    post = await asked(hall, bot)
    await bot.reply(post.id, "mia", "-A walk, by the sea")
    here = await viewer(hall)
    async with hall.store.session() as session:
        file = await plugin_of(hall).who_answered(session, here, Action("qd", "whosai", (), here.community_id))
        shown = await plugin_of(hall).overview(session, here)
    [row] = csv.DictReader(io.StringIO(file.text))
    assert (row["member"], row["answer"], row["space"]) == ("mia", "'-A walk, by the sea", "Hall")
    labels = [hall.say(one.label, "en") for message in shown for one in message.controls]
    assert labels == ["A list for this series", "All questions as CSV", "Who answered what, as CSV"]


@pytest.mark.parametrize("text", ["🎵 " * 30, " A |b_c%", "İSTANBUL", "خط  عربي"])
def test_a_category_stays_the_same_when_it_is_saved_again(text: str) -> None:
    once = category_of(text)
    assert category_of(once) == once != ""
    assert len(once) <= 30


def test_lists_are_read_as_people_write_them() -> None:
    assert listing.read("• One?\n\n 2. Two?  \n3 things?\nA, b; c?") == [
        listing.Line("One?"), listing.Line("Two?"), listing.Line("3 things?"), listing.Line("A, b; c?"),
    ]  # fmt: skip
    assert listing.read("tone\tQuestion\nSERIOUS\tWhy?\n\n") == [listing.Line("Why?", tone="serious")]
    assert listing.read("Question\nTea or coffee, and why?\n\"Cake, \"\"pie\"\"?\"\r\nمرحبا؟") == [
        listing.Line("Tea or coffee, and why?"), listing.Line('Cake, "pie"?'), listing.Line("مرحبا؟"),
    ]  # fmt: skip
    with pytest.raises(listing.Unreadable, match="line 3"):
        listing.read('question,tone\nWhy?,\n"' + "never closed\n" * 20_000)
    many = listing.look([listing.Line(f"Question {n}?") for n in range(2005)], [])
    assert (len(many.new), many.over) == (2000, 5)
    again = listing.look([listing.Line(f"Question {n}?") for n in range(2005)], [one.question for one in many.new])
    assert (len(again.new), len(again.doubled), again.over) == (5, 2000, 0), "handed in again it takes the rest"
    odd = ["🐟🐟🐟🐟🐟", "🦀🦀🦀🦀🦀", "Un café après?", "un cafe\u0301 apre\u0300s ?"]
    told = listing.look([listing.Line(one) for one in odd], [])
    assert ([one.question for one in told.new], told.doubled) == (odd[:3], odd[3:])
    near = listing.look([listing.Line("Which song do you skip never ever?")], ["Which song do you never ever skip"])
    assert (len(near.new), len(near.nearly)) == (1, 1)


# -- what came of it -------------------------------------------------------------------------------------------------
def brought(seconds: float | None, *, answered: bool = True, **more: Any) -> Yield:
    made = {"words": "Why?", "category": "", "answers": 1, "nameless": 0, "replies": 0, "reactions": 0, "likes": 0}
    return Yield(**{**made, **more}, seconds=seconds, answered=answered)


def test_the_time_to_the_first_answer_counts_what_had_none_as_later() -> None:
    # By hand: of five at risk one ends at 10, of four one at 20, at 30 one is lost, of two one at 40: 0.8 0.6 0.3.
    found = [brought(10), brought(20), brought(30, answered=False), brought(40), brought(50)]
    median, count, without = first_answer(found)
    assert median is not None
    assert (median.value, count, without) == (40, 5, 1)
    assert median.interval == (10, inf)  # the band at 10 begins at 0.204, at 40 it ends at 0.719
    assert median.to_data()["interval"] == [10, None]
    assert first_answer([brought(10), brought(20, answered=False), brought(20, answered=False)])[0] is None
    assert first_answer([brought(9, answered=False)]) == (None, 1, 1)
    assert first_answer([brought(None)])[1] == 0


@one_store
async def test_how_it_goes_says_what_each_figure_is_made_of(hall: Hall, bot: FakeBot, time: SetClock) -> None:
    post = await asked(hall, bot)
    time.pass_by(minutes=12)
    await bot.reply(post.id, "mia", "A walk by the sea")
    await bot.reply(post.id, "mia", "And then an ice cream, of course")
    seen = await press(bot, await bot.command("series", MANAGER), "How it goes")
    assert "_(1 answer, 1.0 replies to each, the first after 12 minutes)_" in seen.text
    fields = {str(one.name): str(one.value) for one in seen.message.fields}  # type: ignore[union-attr]  # it is there
    assert fields["Response rate"] == "not known of this 1 question"
    assert "A response rate is not known where" in seen.text
    assert "median by Kaplan–Meier" in fields["Time to the first answer"]
    assert "n = 1 questions, 0 without" in fields["Time to the first answer"]
    both = [brought(1, category="a", answers=4), brought(2, category="b", nameless=2)]
    _text, kinds = told(both, lambda words, language="en": hall.say(words, language), "en", "en")
    assert [str(one.name) for one in kinds[2:]] == ["a", "b"]


@one_store
def test_the_response_rate_is_of_those_who_could_see_a_question(hall: Hall) -> None:
    def say(words: Any, language: str = "en") -> str:
        return hall.say(words, language)

    several = [
        brought(1, answers=30, crowd=Crowd(3, 3, 250)),
        brought(2, answers=10, crowd=Crowd(1, 1, 150)),
        brought(3, answers=50, crowd=Crowd(3, 2, 250)),  # of one post nobody knows
        brought(4, answers=2, nameless=3, crowd=Crowd(1, 1, 100)),  # of five members: each has one
        brought(5, answers=9, crowd=Crowd(1, 1, 8)),  # members came since
    ]
    assert [one.rate is not None for one in several] == [True, True, False, True, False]
    text, fields = told(several, say, "en", "en")
    assert "(30 answers, 12% (9% to 17%) of about 250 who could see it, " in text
    assert text.count("who could see it,") == 3
    said = hall.say(fields[0].value, "en")
    assert said == "9% (v1; 45 answers, about 500 who could see them; n = 3 of 5 questions)"
    assert "A response rate is not known where" not in told(several[:2], say, "en", "en")[0]
    kinds = [
        brought(1, category="a", answers=20, crowd=Crowd(1, 1, 400)),
        brought(2, category="b", answers=10, crowd=Crowd(1, 1, 50)),
    ]
    _text, fields = told(kinds, say, "en", "en")
    assert [str(one.name) for one in fields[2:]] == ["b", "a"]
    assert hall.say(fields[2].value, "en") == (
        "10.0 answers a question (n = 1); 20.0 for each hundred who could see it (n = 1)"
    )


@one_store
async def test_a_question_in_two_spaces_has_the_rate_of_both(
    hall: Hall, bot: FakeBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "EVERY_SECONDS", 0.0)
    bot.crowds = {("hall", "general"): 10, ("other", "general"): 30}
    await install(bot)
    code = (await bot.command("code", MANAGER)).text.split("`")[1]
    await bot.arrive(MANAGER, "other")
    await bot.command("join", MANAGER, code, space="other")
    post = await next_post(hall, bot)
    await bot.submit(post.button("Answer"), "mia", {"answer": "By the sea"})
    while (None,) in await rows(hall.store, "SELECT headcount FROM delivery WHERE card_plugin IS NOT NULL"):  # noqa: ASYNC110 - rows
        await asyncio.sleep(0.01)
    found = await bot.command("answers", MANAGER)
    rate = "2% of about 40 who could see it when it was posted (v1; 95%: 0% to 13%)"
    assert (found.message.fields[0].name, found.message.fields[0].value) == ("Response rate", rate)  # type: ignore[union-attr]  # it is there
    async with hall.store.session() as session:
        shown = await plugin_of(hall).overview(session, await viewer(hall))
    assert hall.say(shown[0].fields[0].value, "en") == rate
    seen = await press(bot, await bot.command("series", MANAGER), "How it goes")
    assert "2% (0% to 13%) of about 40 who could see it" in seen.text


# -- what was there before -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_community_from_before_goes_on(store_url: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    migrate.upgrade(url, [])
    mine = next(one for one in MIGRATIONS if one.path == QuestionOfTheDay.migrations)
    engine = create_engine(url)
    with engine.begin() as connection:
        config = migrate._config(connection, mine, MIGRATIONS, metadata)
        command.upgrade(config, "0002")
        ids = {
            name: uuid4().bytes for name in ("community", "series", "schedule", "asked", "waits", "activity", "old")
        }
        now = "2026-11-01 08:00:00.000000"

        def put(table: str, **values: Any) -> None:
            names = ", ".join(values)
            places = ", ".join(f":{name}" for name in values)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)  # noqa: S608 - names from above

        key = {"community_id": ids["community"]}
        put("community", id=ids["community"], name="Hall", language="en", time_zone="Etc/UTC", created_at=now)
        put(
            "qotd_series",
            **key,
            id=ids["series"],
            schedule_id=ids["schedule"],
            activity_id=ids["activity"],
            created_at=now,
        )
        for name in ("asked", "waits"):
            put(
                "qotd_question",
                **key,
                id=ids[name],
                series_id=ids["series"],
                words='"Why?"',
                asked_at=now if name == "asked" else None,
                created_at=now,
            )
        data = f'{{"id": "{UUID(bytes=ids["asked"]).hex}", "question": "Why?"}}'
        put("activity", **key, id=ids["activity"], plugin="qd", state="open", data=data, created_at=now)
        gone = f'{{"id": "{UUID(bytes=ids["waits"]).hex}", "question": "Why?"}}'
        put("activity", **key, id=ids["old"], plugin="qd", state="closed", data=gone, created_at=now)
        put(
            "qotd_answer",
            **key,
            id=uuid4().bytes,
            activity_id=ids["activity"],
            space_id=uuid4().bytes,
            member_id=uuid4().bytes,
            sealed=b"x",
            answered_at=now,
        )
    migrate.upgrade(url, MIGRATIONS)
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT activity_id, series_id, question_id, asked_at FROM qotd_asked")).all()
        assert [tuple(row) for row in kept] == [(ids["activity"], ids["series"], ids["asked"], now)]
        assert connection.execute(text("SELECT draw, allows FROM qotd_series")).all() == [("queue", "")]
        assert connection.execute(text("SELECT count(*) FROM qotd_answer")).scalar() == 1
    engine.dispose()
    assert migrate.differences(url, plugins=MIGRATIONS) == []


async def test_two_managers_who_confirm_at_once_add_a_list_once(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    shown = await fill(
        bot,
        await press(bot, await bot.command("questions", MANAGER), "Add many"),
        {"list": "What is new?\nWhat is old?"},
    )
    both = await asyncio.gather(*(press(bot, shown, "Add the 2 that are new") for _ in range(2)))
    assert sorted("added" in one.text for one in both) == [False, True]
    assert await rows(hall.store, "SELECT count(*) FROM qotd_question") == [(12,)]
