"""Which question is next."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlmodel import col

from core.hall import Hall
from core.testing import FakeBot, install
from plugins.question_of_the_day import drawing
from plugins.question_of_the_day.drawing import Kind, that_works
from plugins.question_of_the_day.queue import NewQuestion
from plugins.question_of_the_day.tables import Asked
from storage.tables import Delivery
from storage.tx import Tx
from tests.plugins.kit import drawn, refill, settled, the_series, vote_counts


def many(*words: str, **more: str) -> list[NewQuestion]:
    return [NewQuestion(one, "en", **more) for one in words]  # type: ignore[arg-type]  # texts alone here


async def test_a_queue_goes_in_order_and_votes_go_before_it(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    [series] = await the_series(hall.store)
    await refill(hall.store, series, many("one?", "two?", "three?"))
    await vote_counts(hall.store, series, {"three?": 5})
    assert await drawn(hall.store, series, most=1) == ["one?"]  # nobody may vote in it
    await refill(hall.store, series, many("four?", "five?", "six?"), allows="best vote")
    await vote_counts(hall.store, series, {"five?": 1, "six?": 2})
    assert await drawn(hall.store, series) == ["six?", "five?", "four?"]


async def test_at_random_none_comes_twice(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    [series] = await the_series(hall.store)
    words = [f"Question {number}?" for number in range(30)]
    await refill(hall.store, series, many(*words), draw="random")
    said = await drawn(hall.store, series)
    assert sorted(said) == sorted(words)
    assert said != words


async def test_each_category_has_its_turn(hall: Hall, bot: FakeBot, time: object) -> None:
    await install(bot)
    [series] = await the_series(hall.store)
    new = many("m1", "m2", "m3", category="music") + many("g1", "g2", category="games") + many("f1", category="food")
    await refill(hall.store, series, new, draw="turns")
    said = []
    for _ in range(6):
        said += await drawn(hall.store, series, most=1)
        time.pass_by(days=1)  # type: ignore[attr-defined]  # a SetClock
    assert said == ["m1", "g1", "f1", "m2", "g2", "m3"]


async def test_a_series_takes_its_categories_tone_and_season_alone(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    [series] = await the_series(hall.store)
    winter, summer = (1201, 131), (601, 831)
    new = [
        NewQuestion("snow?", "en", "games", "light", season=winter),
        NewQuestion("sun?", "en", "games", "light", season=summer),
        NewQuestion("board games?", "en", "board games", "light"),
        NewQuestion("deep games?", "en", "games", "serious"),
        NewQuestion("music?", "en", "music", "light"),
    ]
    await refill(hall.store, series, new, categories="|games|music|", tone="light")
    assert await drawn(hall.store, series, day=1121, most=1) == ["music?"]
    assert await drawn(hall.store, series, day=1121) == []
    assert await drawn(hall.store, series, day=105, most=1) == ["snow?"]
    assert await drawn(hall.store, series, day=831) == ["sun?"]


async def test_the_category_that_brings_answers_is_drawn_where_a_manager_wants_that(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    [series] = await the_series(hall.store)
    new = many("m1", "m2", "m3", category="music") + many("g1", "g2", "g3", category="games")
    await refill(hall.store, series, new, draw="works")
    assert await drawn(hall.store, series, most=1) == ["g1"]
    action = next(iter((await bot.until_posts(2))[1].message.controls)).action  # type: ignore[union-attr]  # a button
    assert action is not None
    for who in ("mia", "jon"):
        await bot.submit(action, who, {"answer": "Chess, of course"})
    assert await drawn(hall.store, series) == ["g2", "g3", "m1", "m2", "m3"]


def test_what_works_is_asked_more_and_what_is_new_gets_its_chance() -> None:
    kinds = {"music": Kind(4, 40), "games": Kind(4, 4)}
    assert that_works(kinds, ["games", "music"], 8) == "music"
    assert that_works(kinds, ["games"], 8) == "games"
    lucky = {"music": Kind(1, 9), "games": Kind(30, 240)}
    assert that_works(lucky, ["games", "music"], 32) == "music"
    with_food = kinds | {"food": Kind(3, 30)}
    assert that_works(with_food, ["games", "music", "food"], 11) == "food"  # each fourth: the rarest
    assert that_works({"music": Kind(30, 300), "games": Kind(30, 30)}, ["games", "music"], 103) == "games"
    assert that_works({}, ["b", "a"], 0) == "a"


def test_what_works_is_told_by_who_could_answer_where_that_is_known() -> None:
    # Games were asked when the hall was small: fewer answers, of many more of those who were there.
    grown = {"music": Kind(4, 40, 4, 40, 4000), "games": Kind(4, 20, 4, 20, 100)}
    assert that_works(grown, ["games", "music"], 8) == "games"
    assert that_works(grown | {"new": Kind()}, ["music", "new"], 8) == "new"  # it starts in the middle
    # Known of fewer than half, it decides nothing.
    partly = {"music": Kind(4, 40, 1, 10, 1000), "games": Kind(4, 20, 2, 10, 50)}
    assert that_works(partly, ["games", "music"], 8) == "music"


async def test_what_a_category_brought_and_from_how_many_where_that_is_known(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    [series] = await the_series(hall.store)
    await refill(hall.store, series, many("m1", category="music") + many("g1", "g2", category="games"), draw="works")
    assert await drawn(hall.store, series, most=1) == ["g1"]
    await bot.submit((await bot.until_posts(2))[1].button("Answer"), "mia", {"answer": "Chess, of course"})
    assert await drawn(hall.store, series, most=1) == ["g2"]
    await settled(hall)

    def count(tx: Tx) -> list[tuple[Any, ...]]:
        first = tx.scalar(select(col(Asked.activity_id)).order_by(col(Asked.activity_id)).limit(1))
        tx.execute(update(Delivery).where(col(Delivery.activity_id) == first).values(headcount=50))
        return tx.run_all(drawing._YIELDS, [(series.community_id, series.id)])

    (row,) = await hall.store.write(count)
    assert row[1:3] == ("games", 2)
    assert Kind(*map(int, row[3:])) == Kind(2, 1, 1, 1, 50)  # type: ignore[call-overload]  # numbers
