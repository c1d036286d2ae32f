"""Sampling drops, as members meet them: each unit once, to each person once, and the truth told to all."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from core.action import Action
from plugins.sampling_drops.claims import HOLD
from plugins.sampling_drops.definition import Question
from tests.core.kit import kinds, one_store, rows
from tests.plugins.drops import ADDRESS, AGREED, COFFEE, OATS, VOUCHER, Town
from tests.plugins.drops import town as town

CUPS = Question("How many cups a day, all kinds of coffee counted together?", least=1, most=9)
MINUTES = HOLD.total_seconds() / 60


async def test_a_member_presses_agrees_and_says_where_it_goes(town: Town) -> None:
    drop = await town.open()
    await town.until_card("3 of 3 left")
    seen = await town.press(drop, "mia")
    assert "held for you until" in seen.text
    assert "handed on once" in seen.text, "the consent in full, before anything is asked"
    assert "Free sample from Havre" in seen.text
    await town.until_card("2 of 3 left")
    form = await town.press(drop, "mia", "go", form=True)
    assert form.opened
    assert [one.name for one in form.opened.fields] == ["consent"]
    assert "not taken" not in (await town.fill(drop, "mia", "go", {})).text
    address = await town.fill(drop, "mia", "go", AGREED)
    assert address.opened
    assert [one.name for one in address.opened.fields] == list(ADDRESS)
    assert "goes to the address" in (await town.fill(drop, "mia", "addr", ADDRESS)).text
    assert await town.figures(drop) == {"pressed": 1, "screened": 1, "given": 1}
    assert await kinds(town.store) == {"press": 1, "screen": 1, "consent": 1, "given": 1}
    [(purpose, words, language)] = await rows(town.store, "SELECT purpose, words, language FROM consent")
    assert (purpose, language) == ("Free sample: Oat drink, 1 litre", "en")
    assert "handed on once" in str(words)
    await town.true_counts(drop)


@one_store
async def test_an_address_may_be_changed_until_it_leaves(town: Town) -> None:
    drop = await town.open()
    await town.take(drop, "mia")
    again = await town.press(drop, "mia")
    assert again.button("Change the address")
    form = await town.press(drop, "mia", "addr", form=True)
    assert form.opened
    assert form.opened.fields[0].value == "mia Amundsen"
    await town.fill(drop, "mia", "addr", {**ADDRESS, "city": "Lübeck"})
    form = await town.press(drop, "mia", "addr", form=True)
    assert form.opened
    assert form.opened.fields[3].value == "Lübeck"
    assert await town.figures(drop) == {"pressed": 2, "screened": 1, "given": 1}


async def test_a_code_is_shown_to_whoever_got_it(town: Town) -> None:
    drop = await town.open(VOUCHER, codes=["AAA-111", "BBB-222"])
    await town.press(drop, "mia")
    seen = await town.fill(drop, "mia", "go", AGREED)
    assert seen.message
    assert seen.message.secret
    assert "AAA-111" in seen.text
    assert "AAA-111" in (await town.press(drop, "mia")).text
    await town.press(drop, "jon", bot=town.other)
    assert "BBB-222" in (await town.fill(drop, "jon", "go", AGREED, town.other)).text
    assert await town.figures(drop) == {"pressed": 3, "screened": 2, "given": 2}
    assert "All are given away" in (await town.press(drop, "zoe")).text
    await town.until_card("All 2 are given away")
    await town.true_counts(drop)


@one_store
async def test_a_screener_lets_some_through_and_is_tried_once(town: Town) -> None:
    drop = await town.open(replace(OATS, questions=(COFFEE, CUPS)), stock=2)
    await town.press(drop, "mia")
    await town.press(drop, "jon")
    opened = (await town.press(drop, "mia", "go", form=True)).opened
    assert opened
    assert [one.name for one in opened.fields] == ["q0", "q1", "consent"]
    assert opened.fields[1].hint == CUPS.ask, "whole, where it is too long for a label"
    assert "right now" in (await town.press(drop, "zoe")).text
    away = await town.fill(drop, "mia", "go", {**AGREED, "q0": "0", "q1": "10"})
    assert "somebody else" in away.text
    assert "somebody else" in (await town.press(drop, "mia")).text
    assert "somebody else" in (await town.fill(drop, "mia", "go", {**AGREED, "q0": "0", "q1": "3"})).text
    assert "somebody else" in (await town.fill(drop, "mia", "addr", ADDRESS)).text
    through = await town.fill(drop, "jon", "go", {**AGREED, "q0": "0", "q1": "9"})
    assert through.opened
    assert "held for you" in (await town.press(drop, "zoe")).text, "what somebody was turned away from is free"
    assert await town.figures(drop) == {"pressed": 5, "held": 2, "screened": 2, "turned_away": 1}
    assert await rows(town.store, "SELECT count(*) FROM consent") == [(1,)]
    await town.true_counts(drop)


async def test_what_is_not_taken_in_time_goes_back(town: Town) -> None:
    drop = await town.open(stock=1)
    await town.press(drop, "mia")
    await town.until_card("All are spoken for")
    assert "held for others" in (await town.press(drop, "jon")).text
    await town.later(minutes=MINUTES - 1)
    assert await town.figures(drop) == {"pressed": 2, "held": 1}
    await town.later(minutes=1)
    assert await town.figures(drop) == {"pressed": 2}
    await town.until_card("1 of 1 left")
    assert (await town.fill(drop, "mia", "go", AGREED)).opened, "late, but one is left"
    assert await town.figures(drop) == {"pressed": 2, "screened": 1, "held": 1}
    await town.later(minutes=MINUTES)
    assert "held for you" in (await town.press(drop, "jon")).text
    late = await town.fill(drop, "mia", "addr", ADDRESS)
    assert "held for others" in late.text, "late, and none is left"
    await town.true_counts(drop)
    assert await rows(town.store, "SELECT count(*) FROM once") == [(1,)]


async def test_a_hold_that_ran_out_is_free_before_anybody_rang(town: Town) -> None:
    drop = await town.open(stock=1)
    await town.press(drop, "mia")
    town.time.pass_by(minutes=MINUTES)
    assert "held for you" in (await town.press(drop, "jon")).text


async def test_who_leaves_it_gives_it_back_and_takes_the_consent_back(town: Town) -> None:
    drop = await town.open(stock=1)
    await town.press(drop, "mia")
    await town.fill(drop, "mia", "go", AGREED)
    assert "You hold none" in (await town.press(drop, "mia", "leave")).text
    assert await rows(town.store, "SELECT count(*) FROM consent WHERE withdrawn_at IS NOT NULL") == [(1,)]
    await town.until_card("1 of 1 left")
    assert "You hold none" in (await town.press(drop, "mia", "leave")).text
    assert "You hold none" in (await town.fill(drop, "mia", "addr", ADDRESS)).text
    assert "held for you" in (await town.press(drop, "jon")).text
    assert "held for others" in (await town.press(drop, "mia")).text
    await town.true_counts(drop)


async def test_a_person_has_one_on_whichever_platform(town: Town) -> None:
    drop = await town.open()
    await town.link("mia", "mia2")
    await town.press(drop, "mia")
    assert "other account holds one" in (await town.press(drop, "mia2", bot=town.other)).text
    assert "You hold none" in (await town.fill(drop, "mia2", "go", AGREED, town.other)).text
    await town.press(drop, "mia", "leave")
    assert "held for you" in (await town.press(drop, "mia2", bot=town.other)).text
    assert "other account holds one" in (await town.press(drop, "mia")).text
    await town.fill(drop, "mia2", "go", AGREED, town.other)
    await town.fill(drop, "mia2", "addr", ADDRESS, town.other)
    assert "had your turn" in (await town.press(drop, "mia")).text
    await town.bot.command("unlink", "mia")
    assert "had your turn" in (await town.press(drop, "mia")).text, "unlinking frees nothing"
    await town.link("zoe", "mia2")
    assert "had your turn" in (await town.press(drop, "zoe")).text, "nor does linking to somebody who has theirs"
    assert (await town.figures(drop))["given"] == 1
    await town.true_counts(drop)


async def test_two_accounts_that_held_one_each_before_they_were_linked_get_one(town: Town) -> None:
    drop = await town.open()
    await town.press(drop, "mia")
    await town.press(drop, "mia2", bot=town.other)
    await town.fill(drop, "mia2", "go", AGREED, town.other)
    await town.link("mia", "mia2")
    assert "held for you" in (await town.press(drop, "mia")).text
    assert "goes to the address" in (await town.take(drop, "mia")).text
    assert "had your turn" in (await town.fill(drop, "mia2", "addr", ADDRESS, town.other)).text
    assert await town.figures(drop) == {"pressed": 4, "screened": 2, "given": 1}
    assert await rows(town.store, "SELECT count(*) FROM consent WHERE withdrawn_at IS NOT NULL") == [(1,)]
    assert "had your turn" in (await town.press(drop, "mia2", bot=town.other)).text
    await town.bot.command("unlink", "mia")
    assert "had your turn" in (await town.press(drop, "mia2", bot=town.other)).text, "unlinking frees nothing"
    await town.true_counts(drop)
    again = await town.open(VOUCHER, codes=["A", "B"])
    await town.press(again, "mia")
    await town.press(again, "mia2", bot=town.other)
    await town.link("mia", "mia2")
    both = await asyncio.gather(
        town.fill(again, "mia", "go", AGREED), town.fill(again, "mia2", "go", AGREED, town.other)
    )
    assert sorted("Your code" in one.text for one in both) == [False, True]
    assert (await town.figures(again))["given"] == 1


@one_store
async def test_who_was_turned_away_has_no_second_try_by_another_account(town: Town) -> None:
    drop = await town.open(replace(OATS, questions=(COFFEE,)))
    await town.press(drop, "mia")
    await town.fill(drop, "mia", "go", {**AGREED, "q0": "1"})
    await town.link("mia", "mia2")
    assert "had your turn" in (await town.press(drop, "mia2", bot=town.other)).text


async def test_forms_sent_twice_count_once(town: Town) -> None:
    drop = await town.open()
    await town.press(drop, "mia")
    for event in ("a", "a", "b"):
        await town.fill(drop, "mia", "go", AGREED, event_id=event)
    for event in ("c", "c", "d"):
        await town.fill(drop, "mia", "addr", ADDRESS, event_id=event)
    await asyncio.gather(*(town.press(drop, "jon") for _ in range(5)))
    await asyncio.gather(*(town.fill(drop, "jon", "go", AGREED) for _ in range(5)))
    await asyncio.gather(*(town.fill(drop, "jon", "addr", ADDRESS) for _ in range(5)))
    assert await town.figures(drop) == {"pressed": 6, "screened": 2, "given": 2}
    counted = await kinds(town.store)
    assert (counted["given"], counted["consent"], counted["screen"]) == (2, 2, 2)
    await town.true_counts(drop)


async def test_a_forged_press_changes_nothing(town: Town) -> None:
    drop = await town.open(stock=1)
    draft = await town.draft()
    await town.press(drop, "mia")
    tables = ("drop_sample", "drop_claim", "once")
    before = [await rows(town.store, f"SELECT * FROM {table}") for table in tables]  # noqa: S608 - names above
    for verb, values in (("get", ADDRESS), ("leave", ADDRESS), ("go", AGREED), ("addr", ADDRESS)):
        for action in (
            Action("sd", verb, (uuid4(),), town.community),
            Action("sd", verb, (), town.community),
            Action("sd", verb, (7,), town.community),
            Action("sd", verb, (drop,), uuid4()),
            Action("sd", verb, (draft,), town.community),
        ):
            said = [await town.bot.press(action, "jon", form=form) for form in (False, True)]
            said.append(await town.bot.submit(action, "jon", values))
            for one in said:
                assert one.text, action
                assert one.opened is None
                assert "went wrong" not in one.text
        if verb != "get":  # with nothing of one's own, another's hold stays
            await town.press(drop, "jon", verb)
            await town.fill(drop, "jon", verb, values)
    assert [await rows(town.store, f"SELECT * FROM {table}") for table in tables] == before  # noqa: S608 - names above


@one_store
async def test_who_manages_nothing_cannot_manage(town: Town) -> None:
    drop = await town.open()
    for verb in ("pub", "ended", "delete", "export", "mine", "show", "list", "view", "ready", "end", "del"):
        assert "who manage this community" in (await town.press(drop, "mia", verb)).text
    for verb in ("base", "texts", "when", "ask", "where", "text", "codes", "stock", "edit", "ship", "new", "paste"):
        assert (await town.press(drop, "mia", verb, form=True)).opened is None
    assert (await town.row(drop)).state == "open"


async def test_a_drop_that_ends_lets_forms_be_finished(town: Town) -> None:
    drop = await town.open()
    for who in ("mia", "jon", "zoe"):
        await town.press(drop, who)
    await town.fill(drop, "zoe", "go", AGREED)
    asked = await town.press(drop, "olga", "end")
    assert "3 people" in asked.text
    assert "3 people may still" in (await town.press(drop, "olga", "ended")).text
    await town.until_card("It is over")
    assert "not given away now" in (await town.press(drop, "ada")).text
    assert "goes to the address" in (await town.take(drop, "mia")).text
    assert "held for you" in (await town.press(drop, "jon")).text
    await town.later(minutes=MINUTES)
    assert (await town.row(drop)).state == "closed"
    assert "You hold none" in (await town.fill(drop, "jon", "go", AGREED)).text
    assert "goes to the address" in (await town.press(drop, "mia")).text, "what is given can still be looked at"
    assert await rows(town.store, "SELECT state, count(*) FROM drop_claim GROUP BY state") == [("given", 1)]
    assert await rows(town.store, "SELECT count(*) FROM once") == [(0,)]
    assert await rows(town.store, "SELECT name FROM alarm") == [("erase",)]
    await town.until_card("1 was given away")
    assert "ended already" in (await town.press(drop, "olga", "ended")).text


async def test_a_window_opens_and_closes_by_itself(town: Town) -> None:
    now = town.time.now()
    drop = await town.draft(opens_at=now + timedelta(hours=1), closes_at=now + timedelta(hours=2))
    said = await town.press(drop, "olga", "pub")
    assert "by itself" in said.text
    assert town.cards() == []
    assert "not given away now" in (await town.press(drop, "mia")).text
    await town.later(hours=1)
    await town.until_card("3 of 3 left")
    await town.until_card("Open until [2026-11-21 09:00](time:2026-11-21T08:00+00:00)")
    await town.take(drop, "mia")
    await town.later(hours=1)
    await town.until_card("1 was given away")
    assert (await town.row(drop)).state == "closed"


@one_store
async def test_members_are_told_in_their_language(town: Town) -> None:
    drop = await town.open()
    seen = await town.press(drop, "mia", locale="de")
    assert "für dich" in f"{seen.message and seen.message.title}"
    assert "Gratisprobe" in seen.text
