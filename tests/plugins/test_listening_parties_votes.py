"""Votes: pooled over the spaces, one a person and track, and a skip that is taken once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from core.testing import FakeBot, SetClock
from storage.engine import Store
from storage.vault import Vault
from tests.core.conftest import MIGRATIONS
from tests.core.kit import kinds, one_store
from tests.plugins.party import House


@pytest.fixture
async def house(opened: Store, time: SetClock) -> House:
    """A community with a space on each of three platforms."""
    house = House(opened, time)
    await house.settle(3)
    return house


async def counts(house: House) -> tuple[object, ...]:
    """Ups and downs of the first track, and how many votes there are."""
    return (
        await house.rows(
            "SELECT ups, downs, (SELECT count(*) FROM party_vote WHERE track_id = party_track.id) "
            "FROM party_track ORDER BY id LIMIT 1"
        )
    )[0]


async def link(one: tuple[FakeBot, str], other: tuple[FakeBot, str]) -> None:
    """Two accounts become one person."""
    code = (await one[0].command("link", one[1])).text.split("`")[1].removeprefix("/hall link ")
    assert "Linked" in (await other[0].command("link", other[1], code)).text


async def test_votes_of_three_platforms_are_pooled_and_a_linked_pair_counts_once(house: House) -> None:
    await house.play()
    fake, north, south = house.bots
    await link((fake, "jon"), (north, "jonas"))
    told = await asyncio.gather(
        house.vote("jon"),
        house.vote("jonas", bot=north),
        house.vote("kim", bot=north, up=False),
        house.vote("kim", bot=south),
        house.vote("zoe", bot=south),
    )
    assert sorted(told) == sorted(
        ["👍 counted.", "Your 👍 counts already.", "👎 counted.", "👍 counted.", "👍 counted."]
    )
    assert await counts(house) == (3, 1, 4)
    await house.work()
    assert len(set(house.texts)) == 1
    assert "👍 3 · 👎 1" in house.texts[0]
    assert await house.vote("jonas", bot=north, up=False) == "Changed to 👎."
    assert await house.vote("jon", up=False) == "Your 👎 counts already."
    assert await counts(house) == (2, 2, 4)
    await north.command("unlink", "jonas")
    await house.vote("jonas", bot=north)
    assert await counts(house) == (3, 2, 5), "two accounts that stand for themselves have a vote each, and no more"
    assert await house.vote("jonas", bot=north) == "Your 👍 counts already."
    await link((fake, "jon"), (north, "jonas"))
    assert await house.vote("jon", up=False) in ("Changed to 👎.", "Your 👎 counts already.")
    assert await counts(house) == (2, 2, 4), "who voted twice and then is one person has one"
    assert (await kinds(house.hall.store))["vote"] == 5


async def test_half_of_those_active_and_three_at_least_skip_a_track_once(house: House, time: SetClock) -> None:
    card = await house.play("Can – Vitamin C | 2:00", "Neu! – Hero | 4:00")
    assert await house.vote("a", up=False) == "👎 counted."
    assert await house.vote("b", up=False) == "👎 counted."
    for who in "cdef":
        await house.bot.press(card.button("The line"), who)  # to look is no act
    for who in "gh":
        await house.vote(who)
    assert await house.vote("i", up=False) == "👎 counted.", "3 of 7: Olga, Mia, a, b, g, h, i"
    told = await house.vote("j", up=False)
    assert "👎 counted." in told, "4 of 8 are half and not more"
    told = await house.vote("k", up=False)
    assert "on we go" in told
    assert await house.state() == ("running", "counting", 3)
    await house.work()
    assert "Neu! – Hero" in house.texts[0]
    assert await house.rows("SELECT state FROM party_track ORDER BY id") == [("skipped",), ("playing",)]


@one_store
async def test_linked_accounts_come_once_and_have_one_seat(house: House) -> None:
    post = await house.announce()
    fake, north, _south = house.bots
    await link((fake, "jon"), (north, "jonas"))
    there = north.posts[-1]
    assert "See you there" in (await fake.press(post.button("I'm coming"), "jon")).text
    assert "not counted" in (await north.press(there.button("I'm coming"), "jonas")).text
    await house.work()
    assert "come" not in str(post.message.text)
    for bot, who in ((fake, "jon"), (north, "jonas"), (north, "kim")):
        await bot.press(there.button("I'm coming"), who)
    await house.work()
    assert "**1 comes**" in str(post.message.text), "Jon came, took it back with his other account; Kim comes"
    assert "You have a seat" in (await fake.press(post.button("Join the booth"), "jon")).text
    assert "You are in already" in (await north.press(there.button("Join the booth"), "jonas")).text
    assert "1 track added" in (await house.add(post, "jonas", "Can – Vitamin C | 2:00", bot=north)).text
    assert await house.standings() == {"jon": ("seat", 0)}


@one_store
async def test_who_was_not_seen_for_ten_minutes_is_not_active(house: House) -> None:
    await house.play("Can – Vitamin C | 1:00", "Neu! – Hero | 20:00")
    for number in range(8):
        await house.vote(f"early {number}")
    await house.pass_by(69, step=9)
    await house.pass_by(610, step=300)
    for who in "abc":
        told = await house.vote(who, up=False)
    assert "on we go" in told


@one_store
async def test_many_downs_at_once_skip_one_track(house: House) -> None:
    await house.play()
    before = house.card().button("👎 Down")
    await asyncio.gather(*(house.bot.press(before, f"m{number}") for number in range(40)))
    assert await house.rows("SELECT state, count(*) FROM party_track GROUP BY state ORDER BY state") == [
        ("playing", 1),
        ("skipped", 1),
        ("waiting", 1),
    ]


@one_store
async def test_a_vote_after_its_track_or_before_it_is_told_and_not_counted(house: House) -> None:
    card = await house.play("Can – Vitamin C | 1:00", "Neu! – Hero | 4:00")
    first = card.button("👍 Up")
    await house.pass_by(60, step=60)
    assert "too late" in (await house.bot.press(first, "jon")).text
    await house.pass_by(9)
    second = card.button("👎 Down")
    assert first.args != second.args
    assert "too late" in (await house.bot.press(first, "jon")).text
    await house.pass_by(240, step=240)
    await house.pass_by(310, step=310)
    assert "too late" in (await house.bot.press(second, "jon")).text
    assert await house.rows("SELECT count(*) FROM party_vote") == [(0,)]


@one_store
async def test_a_vote_before_the_music_waits(house: House) -> None:
    card = await house.begin()
    await house.pass_by(12, step=12)
    up = card.button("👍 Up")
    await house.hall.store.write(
        lambda tx: tx.execute("UPDATE party_party SET phase = 'counting'") and None  # as a press that overtook it
    )
    assert "Listen first" in (await house.bot.press(up, "jon")).text


@pytest.fixture
async def two(postgres_url: str, time: SetClock, vault: Vault) -> AsyncIterator[tuple[House, House]]:
    """Two processes with connections of their own, that hear the same platforms."""
    stores = [await Store.open(postgres_url, clock=time.now, vault=vault, plugins=MIGRATIONS) for _ in range(2)]
    first = House(stores[0], time)
    await first.settle(3)
    bots = [type(bot)(beside=bot) for bot in first.bots]
    yield first, House(stores[1], time, "b", bots)
    for store in stores:
        await store.close()


async def test_two_processes_count_each_vote_once(two: tuple[House, House]) -> None:
    first, second = two
    await first.play()
    for one in two:
        for bot in one.bots:  # no platform is slower than the others at its first event
            await bot.command("help", "visitor")
    for round_ in range(4):  # from the second one on they are known, and change their minds
        acts = []
        for number in range(60):
            up = (number + round_) % 3 > 0
            acts += [one.vote(f"m{number}", up=up, bot=one.bots[number % 3]) for one in two]
        told = await asyncio.gather(*acts)
        assert len([one for one in told if "already" in one]) == (60 if round_ == 0 else 80)
        assert await counts(first) == (40, 20, 60)
        by_row = "SELECT count(*), sum(CASE WHEN up THEN 1 ELSE 0 END) FROM party_vote"
        assert await first.rows(by_row) == [(60, 40)]
    await second.work()
    await first.work()
    assert len(set(first.texts)) == 1
    assert "👍 40 · 👎 20" in first.texts[0]


async def test_of_two_announced_in_one_channel_by_two_processes_one_is(two: tuple[House, House]) -> None:
    first, second = two
    for _ in range(5):
        plans = [await one.plan(title=title) for one, title in ((first, "One"), (second, "Two"))]
        told = await asyncio.gather(
            *(one.bot.press(seen.button("Announce it"), "olga") for one, seen in zip(two, plans, strict=True))
        )
        assert sorted(seen.text == "Announced." for seen in told) == [False, True]
        await first.hall.store.write(lambda tx: tx.execute(text("DELETE FROM party_party")) and None)


async def test_two_processes_skip_once_while_the_track_ends(two: tuple[House, House], time: SetClock) -> None:
    first, second = two
    await first.play(*(f"a – {number} | 0:30" for number in range(9)))
    for round_ in range(3):
        card, there = first.card(), second.card()
        downs = [
            (one, post.button("👎 Down"), who) for one, post in ((first, card), (second, there)) for who in "abcdefgh"
        ]
        time.pass_by(30)
        await asyncio.gather(
            *(one.bot.press(button, f"{who}{id(one)}") for one, button, who in downs),
            first.hall.planner.plan(),
            second.hall.planner.plan(),
        )
        over = "SELECT count(*) FROM party_track WHERE state IN ('played', 'skipped')"
        assert await first.rows(over) == [(round_ + 1,)]
        await first.pass_by(9)
        assert (await first.state())[1] == "playing"
