"""What a person may have once is theirs once: on all their accounts, whatever they link, unlink, forget or repeat."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlmodel import col

from core.hall import Hall
from core.once import over, take_back
from core.testing import FakeBot, install
from storage.tables import Community, Member
from tests.core.kit import action, kinds, rows
from tests.core.probe import Probe
from tests.core.test_linking import code_of


@pytest.fixture
async def home(hall: Hall, bot: FakeBot) -> Hall:
    """A hall with one space that Olga set up."""
    await install(bot)
    return hall


async def link(bot: FakeBot, one: str, other: str) -> None:
    assert "Linked" in (await bot.command("link", other, await code_of(bot, one))).text


async def got(bot: FakeBot, probe: Probe, who: str) -> bool:
    return (await bot.press(action(probe, "once"), who)).text == "Yours."


async def community(hall: Hall) -> UUID:
    async with hall.store.session() as session:
        return (await session.scalars(select(col(Community.id)))).one()


async def test_linked_accounts_have_it_once_though_all_ask_at_the_same_moment(
    home: Hall, bot: FakeBot, probe: Probe
) -> None:
    for number in range(10):
        await link(bot, f"a{number}", f"b{number}")
    asked = [f"{account}{number}" for number in range(10) for account in "ab"]
    assert sum(await asyncio.gather(*(got(bot, probe, who) for who in asked))) == 10
    assert await kinds(home.store) == {"got": 10}
    assert max(probe.shared) > 1


async def test_taking_an_account_out_frees_nothing(home: Hall, bot: FakeBot, probe: Probe) -> None:
    await link(bot, "mia", "mia2")
    assert await got(bot, probe, "mia")
    assert "for itself again" in (await bot.command("unlink", "mia2")).text
    assert not await got(bot, probe, "mia2")


async def test_an_account_that_is_linked_later_had_it_too_even_when_it_is_taken_out_again(
    home: Hall, bot: FakeBot, probe: Probe
) -> None:
    assert await got(bot, probe, "mia")
    await link(bot, "zoe", "mia")
    assert "for itself again" in (await bot.command("unlink", "zoe")).text
    assert not await got(bot, probe, "zoe")


async def test_who_forgets_and_comes_back_had_it(home: Hall, bot: FakeBot, probe: Probe) -> None:
    assert await got(bot, probe, "mia")
    lookups = await rows(home.store, "SELECT lookup FROM account")
    ask = await bot.command("forget", "mia")
    await bot.press(ask.button("Erase all of mine"), "mia")
    async with home.store.session() as session:
        assert (await session.scalars(select(Member))).all() == []
    [(fingerprint,)] = await rows(home.store, "SELECT fingerprint FROM once")
    assert (fingerprint,) not in lookups
    assert not await got(bot, probe, "mia")


async def test_what_came_to_nothing_or_is_over_may_be_asked_for_again(home: Hall, bot: FakeBot, probe: Probe) -> None:
    here = await community(home)
    await link(bot, "mia", "mia2")
    assert await got(bot, probe, "mia")
    async with home.store.session() as session:
        members = (await session.scalars(select(col(Member.id)))).all()
    await home.store.write(lambda tx: take_back(tx, here, here, members))
    assert await got(bot, probe, "mia2")
    assert not await got(bot, probe, "mia")
    await home.store.write(lambda tx: over(tx, here, here))
    assert await rows(home.store, "SELECT count(*) FROM once") == [(0,)]
    assert await got(bot, probe, "mia")
