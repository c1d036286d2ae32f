"""Results, as managers and members meet them."""

from __future__ import annotations

import asyncio
import csv
import gc
import io
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

import plugins.surveys.answered
from core.action import Action
from core.context import Viewer
from core.files import File
from core.message import Image
from core.testing import FakeAnswering
from plugins.surveys import Surveys, exports
from plugins.surveys.balcony import two_numbers
from plugins.surveys.results_page import results_overview
from plugins.surveys.templates import template
from tests.core.kit import rows, until
from tests.plugins.survey_crowd import answered
from tests.plugins.surveys import SHORT, Town, choice, labels, town

__all__ = ["town"]

TEA = {"likes": "Tea", "leaf": ("Green", "other"), "cups": 3, "why": "=1+1 is “nice”, said Mia"}
COFFEE = {"likes": "Coffee", "cups": 2, "why": None}
NEITHER = {"likes": "Neither", "why": None}
CROWD = [TEA] * 30 + [COFFEE] * 20 + [NEITHER] * 10


async def closed(town: Town, text: str = SHORT, crowd: list[Any] = CROWD) -> UUID:
    """A survey that so many answered and that is closed; its wave."""
    wave = await town.open(text)
    await answered(town.store, town.community, wave, crowd, [{"leaf": "Rooibos"}] * 6)
    await town.bot.press(town.action("close", (await town.wave(wave)).survey_id), "olga")
    await town.look()
    return wave


async def press(town: Town, wave: UUID, verb: str, *args: int, who: str = "olga") -> FakeAnswering:
    return await town.bot.press(town.action(verb, wave, *args), who)


def drawn(seen: FakeAnswering) -> Image:
    assert seen.message is not None
    assert seen.message.image is not None
    assert seen.message.image.data.startswith(b"\x89PNG")
    return seen.message.image


async def test_a_manager_looks_at_results(town: Town) -> None:
    assert "No survey ran yet" in (await town.bot.command("results", "olga")).text
    wave = await closed(town)
    seen = await town.bot.command("results", "olga")
    assert "Choose a question" in seen.text
    seen = await town.bot.choose(choice(seen).action, "olga", "0")
    assert "- Tea: **50%** (38–62) · 30" in seen.text
    assert "Too close to call: Tea and Coffee." in seen.text
    assert "60 answers · in brackets: 95% intervals · share v1" in seen.text
    seen = await press(town, wave, "qq", 2)
    assert seen.text.startswith("Median: **3**")
    assert seen.message is not None
    assert seen.message.title == "How many cups of it a day?"
    assert "Fewer than" not in (await press(town, wave, "qt", 0)).text
    assert (await press(town, wave, "qq", 0, who="mia")).message is not None
    assert "Tea" not in (await press(town, wave, "qq", 0, who="mia")).text
    assert "gone" in (await press(town, UUID(int=7), "qq", 0)).text
    assert "gone" in (await press(town, wave, "qq", 99)).text


async def test_a_wave_says_which_part_of_those_who_could_see_it_finished_it(town: Town) -> None:
    town.bot.crowds, town.other.crowds = {("hall", "general"): 100}, {("yard", "general"): 140}
    await closed(town)
    counted = "SELECT count(*) FROM delivery WHERE headcount IS NOT NULL"
    while (await rows(town.store, counted))[0][0] != 2:  # noqa: ASYNC110 - rows, not an event
        await asyncio.sleep(0.01)
    rate = "25% of about 240 who could see it when it was posted (v1; 95%: 20% to 31%)"
    seen = await town.bot.command("results", "olga")
    assert seen.message is not None
    assert {str(one.name): str(one.value) for one in seen.message.fields}["Response rate"] == rate
    async with town.store.session() as session:
        (shown,) = await results_overview(session, _viewer(town))
    facts = {town.hall.say(one.name, "en"): town.hall.say(one.value, "en") for one in shown.fields}
    assert facts == {"Finished": "60", "Response rate": rate}


async def test_the_picture_is_seen_before_it_is_posted_and_posted_once(town: Town) -> None:
    wave = await closed(town)
    seen = await press(town, wave, "qp", 0)
    assert "Tea: 50% (38–62) · 30" in str(drawn(seen).alt)
    posts = len(town.bot.posts)
    button = seen.button("Post it")
    said = await town.bot.press(button, "olga")
    assert "2 channels" in said.text
    await until(lambda: len(town.bot.posts) == posts + 1)
    assert "already" in (await town.bot.press(button, "olga")).text
    assert town.bot.posts[-1].message.image is not None
    assert town.bot.posts[-1].message.image.data.startswith(b"\x89PNG")
    assert "Too close to call" in str(town.bot.posts[-1].message.text)


async def test_words_are_listed_and_searched(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins.surveys.answered, "AT_ONCE", 5)  # the list ends in the middle of what is read
    wave = await closed(town)
    seen = await press(town, wave, "qt", 0)
    gc.collect()  # says so if that was left open
    assert seen.text.count("- ") >= 15
    assert "Rooibos" in seen.text
    assert "Next" in labels(seen)
    found = await town.bot.submit(town.action("qts", wave), "olga", {"search": "ROOIBOS"})
    assert found.text.count("Rooibos") == 6
    none = await town.bot.submit(town.action("qts", wave), "olga", {"search": "lemonade"})
    assert "Nobody wrote anything" in none.text


async def test_two_questions_are_crossed_or_not(town: Town) -> None:
    text = SHORT + '[[question]]\nname = "back"\nkind = "consent"\nask = "Again?"\nrequired = false\n'
    crowd = [{**one, "back": ("yes", "no")[number % 2]} for number, one in enumerate(CROWD)]
    wave = await closed(town, text, crowd)
    listed = await press(town, wave, "qx", 0)
    assert [option.value for option in choice(listed).options] == ["4"]
    seen = await town.bot.choose(choice(listed).action, "olga", "4")
    assert "**Tea** · 30" in seen.text
    assert "I agree 50% (15)" in seen.text
    assert "**I agree** · 30" in (await town.bot.press(seen.button("The other way round"), "olga")).text


async def test_answers_are_weighted_by_known_shares(town: Town) -> None:
    wave = await closed(town)
    survey = (await town.wave(wave)).survey_id
    form = await town.bot.press(Action("sv", "qm", (survey,), town.community), "olga", form=True)
    assert form.opened is not None
    assert form.opened.fields[0].value == "[likes]\nTea = 0\nCoffee = 0\nNeither = 0\n"

    async def save(text: str) -> FakeAnswering:
        return await town.bot.submit(Action("sv", "qm", (survey,), town.community), "olga", {"margins": text})

    assert "not an answer" not in (await save("[likes]\nTea = 'x'")).text
    assert "“Milk” is no answer" in (await save("[likes]\nMilk = 1")).text
    assert "such question" in (await save("[milk]\nTea = 1")).text
    assert "weighted by it" in (await save("[likes]\nTea = 20\nCoffee = 20\nNeither = 60")).text
    seen = await press(town, wave, "qq", 0)
    assert "- Neither: **60%**" in seen.text
    assert "weighted, worth 25 equal ones" in seen.text
    assert "- Neither: **17%**" in (await press(town, wave, "qq", 0, 1)).text
    assert "weighted by it" in (await save("[likes]\nTea = 50\nCoffee = 50\nNeither = 0")).text
    assert "can’t be weighted" in (await press(town, wave, "qq", 0)).text
    assert "not weighted any more" in (await save("")).text
    few = await closed(town, crowd=[*CROWD, {"likes": "Neither", "why": None}, *[COFFEE] * 3][20:])
    survey = (await town.wave(few)).survey_id
    assert "weighted by it" in (await save("[likes]\nTea = 1\nCoffee = 1\nNeither = 1")).text
    assert "weighted, worth" in (await press(town, few, "qq", 0)).text
    lone = await closed(town, crowd=[*[TEA] * 30, *[COFFEE] * 30, NEITHER])
    survey = (await town.wave(lone)).survey_id
    assert "weighted by it" in (await save("[likes]\nTea = 1\nCoffee = 1\nNeither = 1000000")).text
    assert "would tell of them" in (await press(town, lone, "qq", 2)).text


async def test_members_see_what_the_manager_lets_them(town: Town) -> None:
    wave = await town.open()
    survey = (await town.wave(wave)).survey_id
    await answered(town.store, town.community, wave, CROWD)
    assert "for its managers" in (await press(town, wave, "qv", 0, who="mia")).text

    async def let(seen: str) -> None:
        action = Action("sv", "qsee", (survey,), town.community)
        assert "Saved" in (await town.bot.submit(action, "olga", {"seen": seen})).text

    await let("after")
    await until(lambda: "Results" in labels(town.card()))
    assert "Tea" not in str(town.card().message.text)
    assert "Answer first" in (await press(town, wave, "qv", 0, who="mia")).text
    await town.finish(wave, "mia")
    assert "- Tea: **55%**" in (await press(town, wave, "qv", 0, who="mia")).text  # of the first 55
    await let("live")
    await town.until_card("Tea: **55%**")
    await town.bot.press(town.action("close", survey), "olga")
    await town.until_card("Tea: **49%**")


async def test_an_anonymous_survey_tells_nothing_while_it_runs(town: Town) -> None:
    wave = await town.open('anonymous = true\nresults = "live"\n' + SHORT)
    await answered(town.store, town.community, wave, CROWD)
    assert "once it is closed" in (await press(town, wave, "qq", 0)).text
    assert "once it is closed" in (await press(town, wave, "qp", 0)).text
    assert "once it is closed" in (await press(town, wave, "qv", 0, who="mia")).text
    assert "Results" not in labels(town.card())
    assert await _file(town, exports.csv_file, wave) is None
    await town.bot.press(town.action("close", (await town.wave(wave)).survey_id), "olga")
    await town.until_card("Tea: **50%**")
    assert "- Tea: **50%**" in (await press(town, wave, "qq", 0)).text


async def test_few_answers_tell_nothing(town: Town) -> None:
    wave = await closed(town, crowd=[TEA] * 4)
    assert "Fewer than 5" in (await press(town, wave, "qw")).text
    assert "Fewer than 5" in (await press(town, wave, "qq", 0)).text
    assert await _file(town, exports.parquet_file, wave) is None


async def test_a_pulse_has_lines_over_its_waves(town: Town) -> None:
    text = 'title = "Pulse"\n[[question]]\nname = "mood"\nkind = "rating"\nask = "How are you?"\n'
    first = await closed(town, text, [{"mood": 2.0}] * 10)
    survey = (await town.wave(first)).survey_id
    assert "Fewer than two waves" in (await press(town, first, "ql", 0)).text
    town.time.pass_by(days=7)
    await town.bot.press(Action("sv", "open", (survey,), town.community), "olga")
    second = (await town.survey(first)).wave_id
    assert second is not None
    assert second != first
    await answered(town.store, town.community, second, [{"mood": 4.0}] * 10 + [{"mood": 5.0}] * 10)
    seen = await press(town, second, "ql", 0)
    assert "Mean: 4.5 (4.26 to 4.74)" in seen.text
    drawn(seen)
    assert len(choice(await town.bot.command("results", "olga")).options) == 2


async def test_files_hold_each_answer_as_it_was_given(town: Town, tmp_path: Path) -> None:
    wave = await closed(town)
    table = await _table(town, wave)
    assert len(table) == 60
    tea = next(row for row in table if row["likes"] == "Tea" and row["leaf.other.words"])
    assert (tea["leaf.Green"], tea["leaf.Black"], tea["leaf.other"], tea["cups"]) == ("1", "0", "1", "3.0")
    assert tea["leaf.other.words"] == "Rooibos"
    assert tea["why"] == "'=1+1 is “nice”, said Mia"  # no formula
    assert tea["finished at"].startswith("2026-")
    assert len({row["member id"] for row in table}) == 60
    file = await _file(town, exports.parquet_file, wave)
    assert file is not None
    path = tmp_path / file.name
    path.write_bytes(file.data)
    found = duckdb.sql(f"SELECT likes, count(*), sum(cups), max(why) FROM '{path}' GROUP BY likes ORDER BY 2 DESC")  # noqa: S608  our own file
    assert found.fetchall() == [
        ("Tea", 30, 90.0, "=1+1 is “nice”, said Mia"),
        ("Coffee", 20, 40.0, None),
        ("Neither", 10, None, None),
    ]
    whole = await _file(town, exports.json_file, wave)
    assert whole is not None
    data = json.loads(whole.data)
    assert data["results"][0]["rows"][0]["figure"]["interval"] == pytest.approx([0.377, 0.623], abs=0.001)
    assert data["results"][0]["too_close_to_call"] is True
    assert len(data["answers"]) == 60
    book = await _file(town, exports.codebook_file, wave)
    assert book is not None
    rows = list(csv.DictReader(io.StringIO(book.text)))
    assert {row["column"] for row in rows} == set(table[0])
    assert next(row for row in rows if row["column"] == "leaf.Green")["asked if"] == "likes = 'Tea'"


async def test_files_of_an_anonymous_survey_lead_to_nobody(town: Town) -> None:
    wave = await closed(town, "anonymous = true\n" + SHORT, [{**one, "why": str(at)} for at, one in enumerate(CROWD)])
    table = await _table(town, wave)
    assert set(table[0]) == {
        "row number", "likes", "leaf.Green", "leaf.Black", "leaf.White", "leaf.other", "leaf.other.words", "cups",
        "why",
    }  # fmt: skip
    orders = {tuple(row["why"] for row in await _table(town, wave)) for _time in range(3)}
    assert len(orders) == 3  # thrown anew each time
    assert sorted(map(int, orders.pop())) == list(range(60))
    whole = await _file(town, exports.json_file, wave)
    assert whole is not None
    assert "2026" not in whole.text


async def test_the_page_offers_the_files(town: Town) -> None:
    wave = await closed(town)
    async with town.store.session() as session:
        shown = (await Surveys().overview(session, _viewer(town)))[-1]
    verbs = [one.action.verb for one in shown.controls if one.action is not None]
    assert verbs == ["qcsv", "qpar", "qjson", "qbook"]
    assert shown.controls[0].action == town.action("qcsv", wave)


async def test_what_follows_from_where_members_spend_their_time(town: Town) -> None:
    base: dict[str, Any] = {"platforms": ("discord",), "hours": 5, "does": ("talk", "react", "watch", "buy")}
    base |= {"advice": "friends", "gets_answer": 5.0, "often": "daily"}
    crowd = [{**base, "most": "hall", "meet": "discord"}] * 40 + [{**base, "most": "balcony", "meet": "slack"}] * 38
    wave = await closed(town, template("platforms", "en"), crowd)
    assert "What follows from it" in labels(await press(town, wave, "qw"))
    form = await town.bot.press(town.action("qr", wave), "olga", form=True)
    assert form.opened is not None
    numbers = {"members": "3000", "cost": "150"}

    async def ask(**more: str) -> FakeAnswering:
        return await town.bot.submit(town.action("qr", wave), "olga", {**numbers, **more})

    assert "No clear winner" in (await ask()).text
    assert "Discord or Slack" in (await ask()).text
    assert "cost per member and month: **0.05**" in (await ask()).text
    assert (await ask(acts="many")).errors == {"acts": "Write two numbers: reactions, then comments."}
    seen = await ask(followers="3000", acts="270 30", page_cost="12000")
    assert "cost per member and month: **0.05 · 4** (80 times)" in seen.text
    assert "does not say that one causes the other" in seen.text
    assert "What favours the page: " in seen.text  # nothing happened in the hall yet
    clear = [{**base, "most": "hall", "meet": "discord"}] * 60 + [{**base, "most": "balcony", "meet": "slack"}] * 18
    again = await closed(town, template("platforms", "en"), clear)
    said = await town.bot.submit(town.action("qr", again), "olga", numbers)
    assert "Meet in a hall" in said.text
    assert "Where: Discord." in said.text


def test_two_numbers_however_they_are_grouped() -> None:
    assert two_numbers("7485000 15000") == (7485000, 15000)
    assert two_numbers("7,485,000, 15,000") == (7485000, 15000)
    assert two_numbers("7.485.000 / 15.000") == (7485000, 15000)
    assert two_numbers("12") is None
    assert two_numbers("1 2 3") is None
    assert two_numbers("a few") is None


def _viewer(town: Town) -> Viewer:
    hall = town.hall
    return Viewer(
        town.community, "en", "Europe/Berlin", town.time.now(), lambda words: hall.say(words, "en"), town.store.vault
    )


async def _file(
    town: Town, make: Callable[[AsyncSession, Viewer, UUID | None], Awaitable[File | None]], wave: UUID
) -> File | None:
    async with town.store.session() as session:
        return await make(session, _viewer(town), wave)


async def _table(town: Town, wave: UUID) -> list[dict[str, str]]:
    file = await _file(town, exports.csv_file, wave)
    assert file is not None
    return list(csv.DictReader(io.StringIO(file.text)))
