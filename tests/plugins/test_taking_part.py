"""What members do besides answering with their name: without it, liking, suggesting, voting, and streaks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from core.event import Deleted, Edited, Reacted, Replied
from core.hall import Hall
from core.testing import FakeAnswering, FakeBot, SetClock, install
from core.testing.fake_bot import Post
from plugins.question_of_the_day import streaks
from plugins.question_of_the_day.queue import NewQuestion
from storage.tables import metadata
from tests.core.kit import kinds, one_store, rows, until
from tests.plugins.kit import MANAGER, about, asked, fill, next_post, press, refill, settled, the_series


async def allowing(hall: Hall, bot: FakeBot, allows: str, *words: str) -> Post:
    """A question of a series that allows something, and what waits behind it."""
    await install(bot)
    [series] = await the_series(hall.store)
    new = [NewQuestion(one, "en") for one in ("First of all?", *words)]
    await refill(hall.store, series, new, allows=allows)
    return await next_post(hall, bot)


async def suggestions(bot: FakeBot) -> FakeAnswering:
    queue = await bot.command("questions", MANAGER)
    assert queue.message is not None
    label = next(str(one.label) for one in queue.message.controls if "suggestion" in str(one.label))
    return await press(bot, queue, label)


async def like(bot: FakeBot, message: str, *members: str, present: bool = True) -> None:
    for who in members:
        event = Reacted(
            where=bot.where(), who=bot.who(who), id=bot.new_id(), message=message, emoji="👍", present=present
        )
        await bot.act(event)


# -- without a name --------------------------------------------------------------------------------------------------
async def everything(hall: Hall) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    async with hall.store.session() as session:
        return {
            name: [tuple(row) for row in await session.execute(select(table))]
            for name, table in metadata.tables.items()
        }


async def test_an_answer_without_a_name_leads_to_nobody(hall: Hall, bot: FakeBot) -> None:
    post = await allowing(hall, bot, "anonymous")
    await bot.command("streaks", "mia")
    before = await everything(hall)
    form = await bot.press(post.button("Answer"), "mia", form=True)
    seen = await fill(bot, form, {"answer": "Nobody knows", "nameless": "yes"}, "mia")
    assert "nobody can see that it is yours" in seen.text
    await until(lambda: "1 answer so far" in str(post.message.text))
    await settled(hall)
    after = await everything(hall)
    new = {name: [row for row in after[name] if row not in before[name]] for name in after}
    # Nobody was made, remembered or counted under a pseudonym of their own.
    assert not any(new[name] for name in ("account", "member", "person", "dialogue", "qotd_reaction"))
    assert len(new["qotd_nameless"]) == len(new["once"]) == 1
    assert not new["qotd_answer"], "it waits for others; see test_nameless_answers"
    acts = [
        dict(zip(metadata.tables["participation"].columns.keys(), one, strict=True)) for one in new["participation"]
    ]
    assert [(one["kind"], one["member"], one["at"].hour) for one in acts] == [("answer", UUID(int=0), 0)]
    shown = (await bot.command("answers", MANAGER)).text
    assert "1 without a name waits" in shown
    assert "Nobody knows" not in (await bot.command("mydata", "mia")).text


async def test_a_name_that_was_given_is_not_taken_back_by_a_nameless_one(hall: Hall, bot: FakeBot) -> None:
    post = await allowing(hall, bot, "anonymous")
    form = await bot.press(post.button("Answer"), "mia", form=True)
    await bot.reply(post.id, "mia", "With my name")
    seen = await fill(bot, form, {"answer": "Without it", "nameless": "yes"}, "mia")
    assert "with your name already" in seen.errors["nameless"]
    assert await rows(hall.store, "SELECT count(*) FROM qotd_answer") == [(1,)]


@one_store
async def test_where_a_series_does_not_allow_it_a_forged_form_is_answered_with_a_name(
    hall: Hall, bot: FakeBot
) -> None:
    post = await asked(hall, bot)
    await bot.submit(post.button("Answer"), "mia", {"answer": "Hidden?", "nameless": "yes"})
    assert await rows(hall.store, "SELECT count(*) FROM qotd_answer WHERE member_id IS NULL") == [(0,)]


# -- what is liked ---------------------------------------------------------------------------------------------------
async def test_the_answer_that_most_liked_stands_in_the_next_post_while_it_stands(hall: Hall, bot: FakeBot) -> None:
    post = await allowing(hall, bot, "best", "Second?", "Third?")
    for who, words in (("mia", "A walk"), ("jon", "A *swim*"), ("zoe", "A nap")):
        await bot.reply(post.id, who, words, message=f"r-{who}")
    await bot.submit(post.button("Answer"), "kim", {"answer": "By form"})
    await like(bot, "r-mia", "mia", "zoe", "kim")  # her own does not count
    await like(bot, "r-jon", "mia", "zoe", "kim")
    await like(bot, "r-zoe", "mia", "jon", "kim", "olga")
    await like(bot, "r-zoe", "jon", "kim", "olga", present=False)
    await like(bot, "of nobody's", "mia", "jon", "kim")
    await like(bot, post.id, "mia")
    assert (await kinds(hall.store))["liking"] == 10
    assert (await kinds(hall.store))["reaction"] == 1
    second = await next_post(hall, bot)
    assert "_You liked this most last time:_\n> A \\*swim\\*" in str(second.message.text)
    edit = Edited(where=bot.where(), who=bot.who("jon"), id="e-1", message="r-jon", text="A dive", to=post.id)
    await bot.act(edit)
    await until(lambda: "> A dive" in str(second.message.text))
    await bot.act(Deleted(where=bot.where(), who=None, id="d-1", message="r-jon"))
    await until(lambda: "You liked" not in str(second.message.text))
    third = await next_post(hall, bot)  # nobody replied to the second
    assert "You liked" not in str(third.message.text)


@one_store
async def test_a_reaction_to_what_is_not_ours_costs_one_look(
    hall: Hall, bot: FakeBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = await asked(hall, bot)
    await bot.reply(post.id, "mia", "A walk", message="r-mia")
    looks = []
    rows_of = hall.store.rows

    async def counted(statement: Any, **params: Any) -> Any:
        if params.get("message") in ("nobody's", "r-mia", post.id) or set(params) == {"community", "space"}:
            looks.append(statement)  # others are the workers' own
        return await rows_of(statement, **params)

    monkeypatch.setattr(hall.store, "rows", counted)

    async def cost(message: str, ours: bool | None) -> int:
        looks.clear()
        where, who = bot.where(), bot.who("jon")
        await bot.act(Reacted(where=where, who=who, message=message, emoji="👍", present=True, ours=ours))
        return len(looks)

    assert [await cost("nobody's", ours) for ours in (None, True, False)] == [3, 2, 1]
    assert await cost(post.id, True) == 1
    assert await cost("r-mia", False) == 1
    assert (await kinds(hall.store)) == {"answer": 1, "reaction": 1, "liking": 1}


async def test_who_wants_no_place_is_shown_nowhere(hall: Hall, bot: FakeBot) -> None:
    post = await allowing(hall, bot, "best", "Second?")
    await bot.reply(post.id, "mia", "A walk", message="r-mia")
    await like(bot, "r-mia", "jon", "zoe")
    board = await bot.command("streaks", "mia")
    assert "1. [a member](member:mia): 1 in a row" in board.text
    left = await bot.press(board.button("Leave me out"), "mia")
    assert "no leaderboard" in left.text
    assert "member:mia" not in (await bot.command("streaks", "jon")).text
    assert "You: 1 in a row, 1 of the newest 100" in (await bot.command("streaks", "mia")).text
    assert "A walk" not in str((await next_post(hall, bot)).message.text)
    await bot.press(left.button("Show me again"), "mia")
    assert "member:mia" in (await bot.command("streaks", "jon")).text


@one_store
async def test_nobody_is_mentioned_by_an_id_of_another_workspace(hall: Hall, bot: FakeBot) -> None:
    post = await asked(hall, bot)
    zoe = replace(bot.who("zoe"), scope="T2")
    where = bot.where()
    await bot.act(Replied(where=where, who=zoe, id="r", to=post.id, message="r-zoe", text="A nap", readable=True))
    assert "someone in Hall: A nap" in (await bot.command("answers", MANAGER)).text
    assert "1. a member in another space: 1 in a row" in (await bot.command("streaks", "jon")).text


# -- streaks ---------------------------------------------------------------------------------------------------------
async def lengths(hall: Hall) -> list[int]:
    [series] = await the_series(hall.store)
    found = await hall.store.read(lambda connection: streaks.streaks(connection, series.community_id, series.id))
    return [one.length for one in found]


async def test_only_a_question_that_others_answered_breaks_a_streak(hall: Hall, bot: FakeBot, time: SetClock) -> None:
    post = await allowing(hall, bot, "", *(f"Number {one}?" for one in range(9)))
    for who in ("mia", "jon"):
        await bot.reply(post.id, who, "Yes")
    time.pass_by(days=9)  # holidays, or a pause: nothing is asked, nothing is missed
    post = await next_post(hall, bot)
    assert await lengths(hall) == [1, 1]
    await bot.reply(post.id, "mia", "Yes")
    assert await lengths(hall) == [2, 1]  # jon may still answer
    await next_post(hall, bot)  # which nobody answers
    post = await next_post(hall, bot)
    assert await lengths(hall) == [2]
    await bot.reply(post.id, "jon", "Yes")
    assert sorted(await lengths(hall)) == [1, 2]
    await bot.reply(post.id, "mia", "Yes", message="r-last")
    assert await lengths(hall) == [3, 1]
    await bot.act(Deleted(where=bot.where(), who=None, id="d-1", message="r-last"))
    assert sorted(await lengths(hall)) == [1, 2]


@pytest.mark.parametrize("minutes", [9, 11])
async def test_what_was_open_while_we_were_away_breaks_no_streak(
    hall: Hall, bot: FakeBot, time: SetClock, minutes: int
) -> None:
    post = await allowing(hall, bot, "", *(f"Number {one}?" for one in range(9)))
    for who in ("mia", "jon"):
        await bot.reply(post.id, who, "Yes")
    post = await next_post(hall, bot)
    await bot.reply(post.id, "mia", "Yes")
    await hall.workforce.stop()
    time.pass_by(minutes=minutes)
    await hall.workforce.start()
    assert await lengths(hall) == [2, 1]
    await bot.reply(post.id, "zoe", "Yes")
    post = await next_post(hall, bot)
    excused = minutes > 10
    assert await lengths(hall) == ([2, 1, 1] if excused else [2, 1])  # jon's is not over, had we been away
    await bot.reply(post.id, "jon", "Yes")
    assert await lengths(hall) == [2, 2 if excused else 1, 1]
    post = await next_post(hall, bot)
    await bot.reply(post.id, "mia", "Yes")
    assert await lengths(hall) == [2 if excused else 1, 1]  # this one mia missed while we were there


async def test_what_ended_while_we_were_away_breaks_no_streak(hall: Hall, bot: FakeBot, time: SetClock) -> None:
    post = await allowing(hall, bot, "", "Second?", "Third?", "Fourth?")
    await bot.reply(post.id, "mia", "Yes")
    post = await next_post(hall, bot)
    await bot.reply(post.id, "jon", "Yes")
    await hall.planner.stop()
    await hall.workforce.stop()
    time.pass_by(days=1, hours=4)  # the third is due at nine, and goes out four hours late
    await hall.workforce.start()
    await hall.planner.start()
    third = (await bot.until_posts(4))[3]
    await settled(hall)
    assert await lengths(hall) == [1, 1]
    await bot.reply(third.id, "mia", "Yes")
    assert await lengths(hall) == [2, 1]
    await next_post(hall, bot)
    assert await lengths(hall) == [2]


# -- suggestions -----------------------------------------------------------------------------------------------------
async def test_a_suggestion_is_held_against_what_there_is_and_decided_once(hall: Hall, bot: FakeBot) -> None:
    post = await allowing(hall, bot, "suggest", "Which song makes you dance?")
    form = await press(bot, post, "Suggest a question", "mia")
    seen = await fill(bot, form, {"question": "What song makes *you* dance"}, "mia")
    assert "in private" in seen.text
    told = (await bot.until_posts(3))[2]
    assert (told.address.member, "/hall questions" in str(told.message.text)) == (MANAGER, True)
    assert not any("dance" in str(row) for row in (await everything(hall))["qotd_suggestion"])
    assert "What song makes" in (await bot.command("mydata", "mia")).text
    one = await press(bot, await suggestions(bot), "1")
    assert "It is much like:\n- Which song makes you dance?" in one.text
    change = await press(bot, one, "Change and take")
    taken, late = await asyncio.gather(
        fill(bot, change, {"question": "Which song makes everybody dance?", "category": "Music"}),
        press(bot, one, "Take it"),
    )
    assert sorted(["Added" in taken.text, "Added" in late.text]) == [False, True]
    word = (await bot.until_posts(4))[3]
    assert (word.address.member, "was taken" in str(word.message.text)) == ("mia", True)
    assert await rows(hall.store, "SELECT count(*) FROM qotd_suggestion") == [(0,)]
    assert await rows(hall.store, "SELECT count(*) FROM qotd_question WHERE asked_at IS NULL") == [(2,)]


async def test_a_declined_one_is_told_why_and_five_may_wait(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    for number in range(6):
        seen = await fill(bot, await bot.command("suggest", "mia"), {"question": f"Is it {number}?"}, "mia")
    assert "5 of your suggestions wait" in seen.text
    shown = await suggestions(bot)
    assert "manage this community" in (await bot.press(shown.button("1"), "mia")).text
    form = await press(bot, await press(bot, shown, "1"), "Decline")
    await fill(bot, form, {"reason": "Too *many* numbers"})
    word = next(one for one in await bot.until_posts(3) if one.address.member == "mia")
    assert "> Is it 0?\nWhy: Too \\*many\\* numbers" in str(word.message.text)


# -- votes -----------------------------------------------------------------------------------------------------------
async def test_the_most_wanted_is_next_and_everybody_has_one_vote(hall: Hall, bot: FakeBot) -> None:
    post = await allowing(hall, bot, "vote", "Second?", "Third?", "Fourth?")
    ballot = await press(bot, post, "Vote for the next", "mia")
    assert ballot.text == "1. Second?\n2. Third?\n3. Fourth?"
    third, fourth = ballot.button("2"), ballot.button("3")
    names = [f"member{number}" for number in range(20)]
    await asyncio.gather(*(bot.press(third if n % 4 else fourth, who) for n, who in enumerate(names)))
    await bot.press(fourth, "mia")
    await bot.press(third, "mia")
    counted = "SELECT words, votes FROM qotd_question WHERE votes > 0 ORDER BY votes DESC"
    assert [count for _words, count in await rows(hall.store, counted)] == [16, 5]
    code = (await bot.command("link", "mia")).text.split("`/hall link ")[1].split("`")[0]
    await bot.command("link", "member1", code)  # the two are one person now, with one vote
    await bot.press(fourth, "mia")
    assert [count for _words, count in await rows(hall.store, counted)] == [14, 6]
    assert "1. Third? _(14 votes)_" in (await press(bot, post, "Vote for the next", "jon")).text
    assert (await next_post(hall, bot)).message.text == "Third?"
    assert "asked already" in (await bot.press(third, "jon")).text
    await next_post(hall, bot)
    assert await rows(hall.store, "SELECT count(*) FROM qotd_vote") == [(6,)]  # those for the third are gone
    gone = await bot.press(about(fourth, UUID(int=7)), "jon")
    assert "asked already" in gone.text


@one_store
async def test_where_nothing_is_open_a_kind_word_is_said(hall: Hall, bot: FakeBot) -> None:
    post = await allowing(hall, bot, "vote")
    assert (await bot.command("streaks", "mia")).text == "No streak has begun. Answer the next question!"
    assert "No question waits that you could vote for" in (await press(bot, post, "Vote for the next", "mia")).text
    await hall.store.write(lambda tx: tx.execute("UPDATE qotd_series SET allows = ''") and None)
    assert "nothing to vote on" in (await press(bot, post, "Vote for the next", "mia")).text
