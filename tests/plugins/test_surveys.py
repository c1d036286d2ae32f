"""Surveys, as members answer them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import time as clock
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from core.action import Action
from core.message import Button
from core.schedule import EveryDays
from core.testing import FakeBot, hall_for
from core.testing.fake_bot import Post
from plugins.surveys import Surveys, drafts, pulses, waves
from plugins.surveys.tables import Response, Wave
from storage.engine import Store
from storage.tx import Tx
from storage.vault import Vault
from tests.core.conftest import MIGRATIONS
from tests.core.kit import kinds, one_store, rows, until
from tests.plugins.surveys import SHORT, Town, choice, labels, town

__all__ = ["town"]


async def test_a_member_answers_press_by_press(town: Town) -> None:
    wave = await town.open()
    assert labels(town.card())[:3] == ["Tea", "Coffee", "Neither"]
    seen = await town.bot.choose(choice(town.card()).action, "mia", "0")
    assert "Which tea?" in seen.text
    assert "2 of 4" in seen.text
    seen = await town.pick(wave, "mia", 1, 0, 3)
    assert seen.opened is not None
    seen = await town.write(wave, "mia", 1, "Rooibos")
    assert "How many cups of Green, Another one a day?" in seen.text
    seen = await town.write(wave, "mia", 2, "4")
    assert "Why?" in seen.text
    seen = await town.press(wave, "mia", "s", 3)
    assert "your answers count" in seen.text
    assert await town.kept() == [
        ("cups", 0, None, 4.0),
        ("leaf", 0, "Green", None),
        ("leaf", 1, "other", None),
        ("likes", 0, "Tea", None),
        ("why", 0, None, None),
    ]
    await town.until_card("1 response so far")


async def test_a_changed_answer_takes_the_questions_out_that_are_not_asked_any_more(town: Town) -> None:
    wave = await town.open()
    await town.pick(wave, "mia", 0, 0)
    await town.pick(wave, "mia", 1, 1)
    await town.write(wave, "mia", 2, "3,5")
    seen = await town.press(wave, "mia", "b", 2)
    assert "Your answer: Black" in seen.text
    seen = await town.pick(wave, "mia", 0, 1)  # coffee: no leaf
    assert "Why?" in seen.text
    await town.write(wave, "mia", 3, "It is warm")
    assert await town.kept() == [
        ("cups", 0, None, 3.5),
        ("likes", 0, "Coffee", None),
        ("why", 0, None, None),
    ]
    changes = await town.press(wave, "mia", "change")
    assert [one.value for one in choice(changes).options] == ["0", "2", "3"]
    assert "It is warm" in changes.text
    again = await town.bot.choose(choice(changes).action, "mia", "0")
    assert "What do you drink?" in again.text
    seen = await town.pick(wave, "mia", 0, 0)
    assert "Which tea?" in seen.text
    assert ("likes", 0, "Coffee", None) in await town.kept(), "the results hold what was finished"
    seen = await town.press(wave, "mia", "go")
    assert "Which tea?" in seen.text
    assert "Changed" in (await town.pick(wave, "mia", 1, 2)).text
    assert await town.kept("question, option, number") == [
        ("cups", None, 3.5),
        ("leaf", "White", None),
        ("likes", "Tea", None),
        ("why", None, None),
    ]
    assert (await town.wave(wave)).finished == 1
    assert await kinds(town.store) == {"start": 1, "response": 1, "change": 1}


async def test_one_goes_on_on_another_platform_once_the_accounts_are_linked(town: Town) -> None:
    wave = await town.open()
    await town.pick(wave, "mia", 0, 0)
    await town.link("mia", "maria")
    seen = await town.press(wave, "maria", bot=town.other)
    assert "Which tea?" in seen.text
    await town.pick(wave, "maria", 1, 0, bot=town.other)
    await town.write(wave, "mia", 2, "2")
    assert "count" in (await town.press(wave, "maria", "s", 3, bot=town.other)).text
    assert "answered already" in (await town.press(wave, "mia")).text
    assert (await town.wave(wave)).finished == 1


async def test_two_accounts_that_both_began_finish_once(town: Town) -> None:
    wave = await town.open()
    await town.pick(wave, "mia", 0, 2)
    await town.pick(wave, "maria", 0, 1, bot=town.other)
    await town.link("mia", "maria")
    await town.press(wave, "mia", "s", 3)
    await town.other.command("unlink", "maria")
    assert "with your other account" in (await town.write(wave, "maria", 2, "2", bot=town.other)).text or (
        "with your other account" in (await town.press(wave, "maria", "s", 3, bot=town.other)).text
    )
    assert (await town.wave(wave)).finished == 1
    assert await rows(town.store, "SELECT state FROM survey_response") == [("finished",)], "the other draft is erased"


async def test_what_is_forged_late_or_said_twice_changes_nothing(town: Town) -> None:
    wave = await town.open()
    await town.pick(wave, "mia", 0, 2)  # neither: no tea, no cups
    seen = await town.pick(wave, "mia", 1, 0)
    assert "not asked of you now" in seen.text
    assert "Why?" in seen.text
    assert "not asked of you now" in (await town.write(wave, "mia", 2, "7")).text
    assert "That is not one of the options" in (await town.pick(wave, "mia", 0, 17)).text
    assert "Pick one." in (await town.pick(wave, "mia", 0, 0, 1)).text
    assert "not asked" in (await town.press(wave, "mia", "s", 99)).text
    assert "This one is needed" in (await town.press(wave, "mia", "s", 0)).text
    assert "removed" in (await town.press(uuid4(), "mia")).text
    assert "removed" in (await town.bot.press(Action("sv", "go", (), town.community), "mia")).text
    action = town.action("s", wave, 3)
    assert "count" in (await town.bot.press(action, "mia", event_id="twice")).text
    assert (await town.bot.press(action, "mia", event_id="twice")).message is None
    kept = await town.kept()
    survey = await town.survey(wave)
    await town.store.write(lambda tx: drafts.close_now(tx, town.community, survey.id))
    await town.until_card("Closed with 1 response")
    for verb, *numbers in (("go",), ("s", 3), ("b", 3), ("p", 0, 0), ("change",), ("later",), ("send",)):
        assert "closed" in (await town.press(wave, "mia", str(verb), *map(int, numbers))).text
    assert "closed" in (await town.pick(wave, "jon", 0, 0)).text
    assert "closed" in (await town.write(wave, "mia", 3, "Late")).text
    assert await town.kept() == kept


QUOTA = SHORT + '[[quota]]\nquestion = "likes"\nanswers = ["Neither"]\nmost = 7\n'


async def test_a_quota_is_never_exceeded_however_many_come_at_once(town: Town) -> None:
    wave = await town.open(QUOTA)
    people = [(f"m{number}", town.bot if number % 2 else town.other) for number in range(40)]
    await asyncio.gather(*(town.pick(wave, name, 0, 2, bot=bot) for name, bot in people))
    seen = await asyncio.gather(*(town.press(wave, name, "s", 3, bot=bot) for name, bot in people))
    assert sum("count" in one.text for one in seen) == 7
    assert sum("heard enough" in one.text for one in seen) == 33
    row = await town.wave(wave)
    assert (row.started, row.finished, row.screened, row.cells) == (40, 7, 33, {"0": 7})
    assert len(await town.kept()) == 14
    assert "heard enough" in (await town.pick(wave, "late", 0, 2)).text
    assert "were here before" in (await town.pick(wave, "late", 0, 0)).text
    done = people[next(number for number, one in enumerate(seen) if "count" in one.text)]
    await town.pick(wave, done[0], 0, 1, bot=done[1])  # who changes away gives their place back
    await town.write(wave, done[0], 2, "2", bot=done[1])
    assert (await town.wave(wave)).cells == {"0": 6}
    assert "Why?" in (await town.pick(wave, "later", 0, 2)).text
    await town.press(wave, "later", "s", 3)
    assert "Yours stays" in (await town.pick(wave, done[0], 0, 2, bot=done[1])).text
    assert (await town.wave(wave)).cells == {"0": 7}


async def test_a_survey_closes_by_itself_when_it_has_enough(town: Town) -> None:
    wave = await town.open(most=3)
    seen = await asyncio.gather(*(town.pick(wave, f"m{number}", 0, 2) for number in range(5)))
    seen = await asyncio.gather(*(town.press(wave, f"m{number}", "s", 3) for number in range(5)))
    assert sum("count" in one.text for one in seen) == 3
    await town.until_card("Closed with 3 responses")
    survey = await town.survey(wave)
    with pytest.raises(drafts.Refused):
        await town.store.write(lambda tx: drafts.reopen(tx, town.community, survey.id))
    await town.store.write(lambda tx: drafts.limits(tx, town.community, survey.id, None, 4))
    await town.store.write(lambda tx: drafts.reopen(tx, town.community, survey.id))
    await town.until_card("3 responses so far")
    assert "Why?" in (await town.press(wave, next(f"m{n}" for n in range(5) if "count" not in seen[n].text))).text


@one_store
async def test_it_closes_in_time_and_reminds_those_who_began_once(town: Town) -> None:
    wave = await town.open(closes_at=town.time.now() + timedelta(days=3))
    assert "I’ll remind you" in (await town.press(wave, "jon", "later")).text
    await town.pick(wave, "mia", 0, 0)
    await town.finish(wave, "ida")
    await town.later(days=2, hours=1)

    def told() -> list[Post]:
        return [post for post in town.bot.posts if post.address.member and "closes soon" in str(post.message.text)]

    await until(lambda: len(told()) == 2)
    assert {post.address.member for post in told()} == {"mia", "jon"}
    for post in told():
        assert " of 4" in (await town.bot.press(post.button("Go on"), str(post.address.member))).text
    await town.later(days=1)
    await town.until_card("Closed with 1 response")
    assert len(told()) == 2
    assert "closed" in (await town.press(wave, "mia")).text
    await town.later(days=31)
    assert await rows(town.store, "SELECT state FROM survey_response") == [("finished",)]
    assert await rows(town.store, "SELECT 1 FROM once") == []


@one_store
async def test_late_alarms_let_nobody_in_after_the_end(town: Town) -> None:
    wave = await town.open(closes_at=town.time.now() + timedelta(days=3))
    town.time.pass_by(days=3)
    assert "closed" in (await town.pick(wave, "mia", 0, 0)).text
    assert "closed" in (await town.press(wave, "mia", "b", 0)).text


MANY = 'title = "Many"\n[[question]]\nname = "one"\nkind = "{kind}"\nask = "Which?"\noptions = [{options}]\n'


@one_store
@pytest.mark.parametrize(("at_once", "count"), [(25, 26), (100, 101)])
async def test_more_options_than_a_platform_shows_are_paged(town: Town, at_once: int, count: int) -> None:
    town.bot.capabilities = replace(town.bot.capabilities, max_options=at_once)
    options = ", ".join(f'"Option {number}"' for number in range(count))
    wave = await town.open(MANY.format(kind="single", options=options))
    assert labels(town.card()) == ["Start"]
    seen = await town.press(wave, "mia")
    shown = [option.label for option in choice(seen).options]
    assert len(shown) <= at_once
    rest = await town.bot.press(seen.button("More options"), "mia")
    shown += [option.label for option in choice(rest).options]
    assert shown == [f"Option {number}" for number in range(count)]
    await town.bot.choose(choice(rest).action, "mia", choice(rest).options[-1].value)
    assert await town.kept("option") == [(f"Option {count - 1}",)]
    several = await town.open(MANY.format(kind="multiple", options=options))
    seen = await town.press(several, "mia")
    rest = await town.bot.choose(choice(seen).action, "mia", "0", "3")
    assert "So far: Option 0, Option 3" in rest.text
    await town.bot.choose(choice(rest).action, "mia", str(count - 1))
    found = await rows(town.store, "SELECT option FROM survey_answer ORDER BY wave_id DESC, place LIMIT 3")
    assert [row[0] for row in found] == ["Option 0", "Option 3", f"Option {count - 1}"]


@one_store
async def test_all_kinds_are_answered_and_kept(town: Town) -> None:
    wave = await town.open(ALL_KINDS)
    said: list[tuple[Any, ...]] = [
        ("a", 0, 4), ("a", 1, 9), ("a", 2, 1), ("a", 3, 2), ("a", 3, 0), ("w", 4, "2027-03-31"), ("w", 5, HELLO),
        ("w", 6, "x" * 3000), ("a", 7, 0),
    ]  # fmt: skip
    assert "closes" not in (await town.write(wave, "mia", 6, "x")).text
    for verb, number, value in said:
        seen = await (
            town.pick(wave, "mia", number, value) if verb == "a" else town.write(wave, "mia", number, value)
        )
    assert "count" in seen.text
    assert await town.kept("question, place, option, number") == [
        ("consent", 0, "yes", None),
        ("day", 0, "2027-03-31", None),
        ("likert", 0, None, 2.0),
        ("long", 0, None, None),
        ("nps", 0, None, 9.0),
        ("rank", 0, "c", None),
        ("rank", 1, "a", None),
        ("rank", 2, "b", None),
        ("rate", 0, None, 5.0),
        ("short", 0, None, None),
    ]
    sealed = await rows(town.store, "SELECT sealed, response_id FROM survey_answer WHERE sealed IS NOT NULL")
    words = {town.store.vault.open(bytes(row[0]), bytes(row[1])).decode() for row in sealed}  # type: ignore[call-overload]  # of SQLite
    assert words == {HELLO, "x" * 3000}
    refused = await town.bot.submit(town.action("w", wave, 6), "mia", {"answer": "x" * 3001})
    assert "Too long" in refused.errors["answer"]
    refused = await town.bot.submit(town.action("w", wave, 4), "mia", {"answer": "soon"})
    assert "year-month-day" in refused.errors["answer"]


HELLO = "שלום 👩‍👩‍👧‍👦"
ALL_KINDS = """
title = "All"
[[question]]
name = "rate"
kind = "rating"
ask = "Rate"
[[question]]
name = "nps"
kind = "nps"
ask = "Recommend"
[[question]]
name = "likert"
kind = "likert"
ask = "I like it"
[[question]]
name = "rank"
kind = "ranking"
ask = "Order"
[question.options]
a = "First letter"
b = "Second letter"
c = "Third letter"
[[question]]
name = "day"
kind = "date"
ask = "When"
[[question]]
name = "short"
kind = "short"
ask = "Say"
[[question]]
name = "long"
kind = "long"
ask = "Say more"
[[question]]
name = "consent"
kind = "consent"
ask = "May we?"
"""


async def test_a_member_sees_and_erases_what_is_kept(town: Town) -> None:
    wave = await town.open(QUOTA)
    await town.finish(wave, "mia")
    told = (await town.bot.command("mydata", "mia")).text
    assert "Tea time" in told
    assert "Neither" in told
    seen = await town.bot.command("forget", "mia")
    assert seen.message is not None
    await town.bot.press(
        next(one.action for one in seen.message.controls if isinstance(one, Button) and one.action), "mia"
    )
    await town.until_card("Be the first")
    for table in ("survey_response", "survey_answer"):
        assert await rows(town.store, f"SELECT 1 FROM {table}") == []  # noqa: S608 - names above
    assert (await town.wave(wave)).cells == {"0": 0}
    assert "taken part already" in (await town.press(wave, "mia")).text, "one response a person, whoever forgets"


@one_store
async def test_who_is_counted_while_they_are_forgotten_is_counted_no_more(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    wave = await town.open()
    await town.pick(wave, "mia", 0, 2)
    lock = waves.lock

    def meanwhile(tx: Tx, keys: Any) -> Any:
        # As if another process had just taken their last answer.
        tx.execute(update(Response).values(state="finished"))
        tx.execute(update(Wave).values(finished=1))
        return lock(tx, keys)

    monkeypatch.setattr(waves, "lock", meanwhile)
    await town.bot.press((await town.bot.command("forget", "mia")).button("Erase all of mine"), "mia")
    monkeypatch.undo()
    assert (await town.wave(wave)).finished == 0
    assert await rows(town.store, "SELECT 1 FROM survey_response") == []


@one_store
async def test_a_pulse_opens_the_same_survey_anew(town: Town) -> None:
    survey = await town.draft()
    start = town.time.now().date()
    rule = EveryDays(clock(9), 7, start)
    plugins = town.hall.routes.by_code
    await town.store.write(
        lambda tx: pulses.keep(tx, town.community, survey, rule, None, "Europe/Berlin", tx.now, plugins)
    )
    town.time.pass_by(hours=3)
    town.hall.wake()
    await until(lambda: any("Tea time" in str(post.message.title) for post in town.bot.posts))
    first = (await rows(town.store, "SELECT id FROM survey_wave"))[0][0]
    await town.finish(UUID(bytes=first), "mia")  # type: ignore[arg-type]  # of SQLite
    await town.until_card("1 response so far")
    before = town.card()
    town.time.pass_by(days=7)
    town.hall.wake()
    await until(lambda: "Closed with 1 response" in str(before.message.text) and town.card() is not before)
    assert await rows(town.store, "SELECT number, state, finished FROM survey_wave ORDER BY number") == [
        (1, "closed", 1),
        (2, "open", 0),
    ]
    second = (await rows(town.store, "SELECT id FROM survey_wave WHERE number = 2"))[0][0]
    assert "count" in (await town.finish(UUID(bytes=second), "mia")).text  # type: ignore[arg-type]  # of SQLite


@one_store
async def test_a_wave_that_nobody_saw_never_was(town: Town) -> None:
    survey = await town.draft()
    rule = EveryDays(clock(9), 7, town.time.now().date())
    plugins = town.hall.routes.by_code

    def keep(tx: Tx, wanted: EveryDays | None) -> None:
        pulses.keep(tx, town.community, survey, wanted, None, "Europe/Berlin", tx.now, plugins)

    await town.hall.deliverer.stop()
    await town.store.write(lambda tx: keep(tx, rule))
    town.time.pass_by(hours=3)
    await town.hall.planner.plan()
    assert await rows(town.store, "SELECT waves, state FROM survey_survey") == [(1, "open")]
    await town.store.write(lambda tx: keep(tx, None))
    assert await rows(town.store, "SELECT DISTINCT state FROM delivery WHERE card_plugin = 'sv'") == [("cancelled",)]
    assert await rows(town.store, "SELECT count(*) FROM survey_wave") == [(0,)]
    assert await rows(town.store, "SELECT waves, state, wave_id FROM survey_survey") == [(0, "draft", None)]
    assert await rows(town.store, "SELECT 1 FROM alarm") == []


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_two_processes_on_one_store_exceed_no_quota(town: Town, vault: Vault) -> None:
    wave = await town.open(QUOTA)
    other = await Store.open(town.store.url, clock=town.time.now, vault=vault, plugins=MIGRATIONS)
    try:
        beside = FakeBot(beside=town.bot)
        async with hall_for(other, town.time, [beside], [Surveys()]):
            await beside.listen()  # as if the line had just moved over
            people = [(f"m{number}", town.bot if number % 2 else beside) for number in range(40)]
            await asyncio.gather(*(town.pick(wave, name, 0, 2, bot=bot) for name, bot in people))
            seen = await asyncio.gather(*(town.press(wave, name, "s", 3, bot=bot) for name, bot in people))
    finally:
        await other.close()
    assert sum("count" in one.text for one in seen) == 7
    row = await town.wave(wave)
    assert (row.started, row.finished, row.screened, row.cells) == (40, 7, 33, {"0": 7})
