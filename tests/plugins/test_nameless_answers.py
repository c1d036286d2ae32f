"""Answers without a name: one a member, and nothing in the store leads to who gave them. Here somebody tries."""

from __future__ import annotations

import asyncio
from time import sleep
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.exc import OperationalError

from core.hall import Hall
from core.testing import FakeAnswering, FakeBot, SetClock, hall_for
from core.testing.fake_bot import Post
from plugins.question_of_the_day import QuestionOfTheDay, asking, nameless
from storage.engine import Store
from storage.tables import metadata
from storage.types import Id
from storage.vault import Vault
from tests.core.conftest import MIGRATIONS
from tests.core.kit import kinds, one_store, rows, until
from tests.core.test_once import linked
from tests.plugins.kit import MANAGER, asked, next_post, press, settled, the_series


async def begun(hall: Hall, bot: FakeBot) -> Post:
    """A question that may be answered without a name."""
    await asked(hall, bot)
    await hall.store.write(lambda tx: tx.execute(sql("UPDATE qotd_series SET allows = 'anonymous'")) and None)
    return await next_post(hall, bot)


async def send(bot: FakeBot, post: Post, who: str, words: str, *, name: bool = False) -> FakeAnswering:
    return await bot.submit(post.button("Answer"), who, {"answer": words, "nameless": "" if name else "yes"})


async def look(hall: Hall, time: SetClock, **later: float) -> None:
    """Time passes until what waits was looked at."""
    time.pass_by(**later or {"minutes": 2})
    hall.wake()
    async with asyncio.timeout(5):
        while await rows(hall.store, "SELECT 1 FROM alarm"):
            hall.wake()
            await asyncio.sleep(0.01)


async def counts(hall: Hall) -> tuple[object, ...]:
    """How many wait, are written down, and are known to have answered."""
    both = (
        "SELECT (SELECT count(*) FROM qotd_nameless), (SELECT count(*) FROM qotd_answer), (SELECT count(*) FROM once)"
    )
    return (await rows(hall.store, both))[0]


async def values_of(store: Store) -> dict[str, list[dict[str, Any]]]:
    """All that is in the store."""
    async with store.session() as session:
        return {
            name: [dict(row._mapping) for row in await session.execute(select(table))]
            for name, table in metadata.tables.items()
        }


async def test_no_id_time_place_or_order_leads_from_an_answer_to_a_member(
    hall: Hall, bot: FakeBot, time: SetClock
) -> None:
    post = await begun(hall, bot)
    names = ["mia", "jon", "ida", "ola", "rui", "eva"]
    for name in names[:3]:
        await send(bot, post, name, f"because of {name}")
    await look(hall, time)
    assert await counts(hall) == (3, 0, 3), "too few to be hidden"
    told = await bot.command("answers", MANAGER)
    assert "because" not in told.text
    assert "3 without a name wait until 5 have come" in told.text
    await until(lambda: "3 answers so far" in str(post.message.text))
    for name in names[3:5]:
        await send(bot, post, name, f"because of {name}")
    await look(hall, time)
    assert await counts(hall) == (0, 5, 5)
    before = {row["id"] for row in (await values_of(hall.store))["qotd_answer"]}
    time.pass_by(days=1)
    await send(bot, post, names[5], "alone on this day")
    await next_post(hall, bot)
    await look(hall, time, hours=6)

    store = await values_of(hall.store)
    answers = store.pop("qotd_answer")
    assert len(answers) == 6
    assert store["qotd_nameless"] == store["once"] == [], "nobody is known to have taken part"
    ids = {row["id"] for row in answers}
    assert {one.version for one in ids} == {4}
    assert not ids & before, "those that were written before have new ids, too"
    everything = [value for several in store.values() for row in several for value in row.values()]
    assert not any(str(one) in str(value) or one.hex in str(value) for one in ids for value in everything)
    assert {(row["member_id"], row["space_id"], row["message"]) for row in answers} == {(None, None, None)}
    assert {row["answered_at"].time().isoformat() for row in answers} == {"00:00:00"}
    acts = [row for row in store["participation"] if row["kind"] == "answer"]
    assert {(row["member"], row["at"].time().isoformat()) for row in acts} == {(nameless.NOBODY, "00:00:00")}
    assert (await kinds(hall.store))["answer"] == 6
    if hall.store.dialect == "sqlite":
        async with hall.store.session() as session:
            with pytest.raises(OperationalError):
                await session.execute(sql("SELECT rowid FROM qotd_nameless"))
        where = await rows(hall.store, "SELECT rowid, id FROM qotd_answer ORDER BY rowid")
        assert [row[1] for row in where] == sorted(row[1] for row in where)  # type: ignore[type-var]  # bytes
        return
    where = await rows(hall.store, "SELECT xmin::text, id FROM qotd_answer ORDER BY ctid")
    assert [row[1] for row in where] == sorted(row[1] for row in where)  # type: ignore[type-var]  # ids
    batches = {str(row[0]) for row in where}
    assert len(batches) == 1
    for name, several in store.items():
        if several and any(isinstance(column.type, Id) for column in metadata.tables[name].columns):
            found = await rows(hall.store, f"SELECT DISTINCT xmin::text FROM {name}")  # noqa: S608 - from the metadata
            assert not {str(row[0]) for row in found} & batches, f"{name} was written with answers"


@one_store
async def test_each_member_has_one_answer_with_a_name_or_without(hall: Hall, bot: FakeBot, time: SetClock) -> None:
    post = await begun(hall, bot)
    opened = await bot.press(post.button("Answer"), "mia", form=True)
    assert opened.opened is not None
    assert "can't be changed later" in str(opened.opened.fields[1].hint), "said before it is sent"
    assert "it can't be changed any more" in (await send(bot, post, "mia", "First")).text
    had = "You answered without your name already"
    assert had in (await send(bot, post, "mia", "Second")).text
    assert had in (await send(bot, post, "mia", "With my name", name=True)).text
    await bot.reply(post.id, "mia", "I meant the sea")
    assert await counts(hall) == (1, 0, 1), "her reply is talk"
    assert (await kinds(hall.store))["reply"] == 1
    await linked(bot, "mia", "maria")
    assert had in (await send(bot, post, "maria", "By another account")).text
    await press(bot, await bot.command("forget", "mia"), "Erase all of mine", "mia")
    assert had in (await send(bot, post, "mia", "As if I were new")).text
    assert "your answer counts" in (await send(bot, post, "jon", "Named", name=True)).text
    assert "with your name already" in (await send(bot, post, "jon", "And more")).errors["nameless"]
    await linked(bot, "jon", "juan")
    assert "with your name already" in (await send(bot, post, "juan", "And more")).errors["nameless"]
    assert await counts(hall) == (1, 1, 2)
    await settled(hall)
    late = post.button("Answer")
    await next_post(hall, bot)
    assert "is closed" in (await bot.submit(late, "ida", {"answer": "Late", "nameless": "yes"})).text
    assert await counts(hall) == (1, 1, 2), "it goes on if the next one is withdrawn, and nobody has a second answer"
    await look(hall, time, hours=6)
    assert await counts(hall) == (0, 2, 0)
    assert "without a name" not in (await bot.command("mydata", "jon")).text


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_two_processes_take_one_answer_of_a_person(
    hall: Hall, bot: FakeBot, time: SetClock, vault: Vault, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = nameless._once

    def slowly(*about: Any) -> Any:
        found = looked(*about)
        sleep(0.1)  # in the writer's thread: the other process looks meanwhile, if it may
        return found

    monkeypatch.setattr(nameless, "_once", slowly)
    post = await begun(hall, bot)
    for number in range(2):
        await linked(bot, f"a{number}", f"b{number}")
    other = await Store.open(store_url, clock=time.now, vault=vault, plugins=MIGRATIONS)
    heard = FakeBot(beside=bot)
    async with hall_for(other, time, [heard], [QuestionOfTheDay()]):
        heard._hushed = False  # as two platforms would be heard
        given = {"answer": "Words", "nameless": "yes"}
        asks = [(one, f"{name}{number}") for number in range(2) for name, one in (("a", bot), ("b", heard))]
        seen = await asyncio.gather(*(one.submit(post.button("Answer"), who, given) for one, who in asks))
    await other.close()
    assert sorted("Your answer counts" in one.text for one in seen) == [False] * 2 + [True] * 2
    await look(hall, time)
    assert (await counts(hall))[:2] == (2, 0)
    await until(lambda: "2 answers so far" in str(post.message.text))


@one_store
async def test_the_few_at_the_close_are_written_down_all_the_same(hall: Hall, bot: FakeBot, time: SetClock) -> None:
    post = await begun(hall, bot)
    long = "🐟 " * 300 + "مرحبا"
    await send(bot, post, "mia", long)
    await hall.store.write(lambda tx: tx.execute(sql("UPDATE qotd_series SET allows = ''")) and None)
    await next_post(hall, bot)
    await look(hall, time, hours=6)
    assert await counts(hall) == (0, 1, 0)
    ((new_id, sealed),) = await rows(hall.store, "SELECT id, sealed FROM qotd_answer")
    assert hall.store.vault.open(sealed, new_id).decode() == long
    await until(lambda: "Closed with 1 answer_" in str(post.message.text))


@one_store
async def test_a_question_that_goes_on_after_all_takes_no_second_answer(
    hall: Hall, bot: FakeBot, time: SetClock
) -> None:
    post = await begun(hall, bot)
    button = post.button("Answer")
    await send(bot, post, "mia", "First")
    await next_post(hall, bot)
    [series] = await the_series(hall.store)
    newest = series.activity_id
    assert newest is not None
    time.pass_by(minutes=5)
    hall.wake()
    await hall.store.write(lambda tx: asking.withdraw(tx, series.community_id, newest))
    seen = await bot.submit(button, "mia", {"answer": "Second", "nameless": "yes"})
    assert "without your name already" in seen.text
    assert "your answer counts" in (await bot.submit(button, "jon", {"answer": "Mine"})).text
    assert await counts(hall) == (1, 1, 1)
