"""What a person may have once is theirs once: on all their accounts, whatever they link, unlink, forget or repeat."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlmodel import col

from core.deciding import Asked, Deciding
from core.dialogues import StoredDialogues
from core.hall import Hall
from core.linking import LinkError, link
from core.once import over, take_back
from core.testing import FakeBot, SetClock, install
from storage.engine import Store
from storage.people import Identity, account_for
from storage.tables import Community, LinkCode, Member
from storage.tx import Tx
from storage.vault import Vault
from tests.core.kit import action, kinds, rows
from tests.core.probe import Probe
from tests.core.test_linking import code_of


@pytest.fixture
async def home(hall: Hall, bot: FakeBot) -> Hall:
    """A hall with one space that Olga set up."""
    await install(bot)
    return hall


async def linked(bot: FakeBot, one: str, other: str) -> None:
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
        await linked(bot, f"a{number}", f"b{number}")
    asked = [f"{account}{number}" for number in range(10) for account in "ab"]
    assert sum(await asyncio.gather(*(got(bot, probe, who) for who in asked))) == 10
    assert await kinds(home.store) == {"got": 10}
    assert max(probe.shared) > 1


async def test_taking_an_account_out_frees_nothing(home: Hall, bot: FakeBot, probe: Probe) -> None:
    await linked(bot, "mia", "mia2")
    assert await got(bot, probe, "mia")
    assert "for itself again" in (await bot.command("unlink", "mia2")).text
    assert not await got(bot, probe, "mia2")


async def test_an_account_that_is_linked_later_had_it_too_even_when_it_is_taken_out_again(
    home: Hall, bot: FakeBot, probe: Probe
) -> None:
    assert await got(bot, probe, "mia")
    await linked(bot, "zoe", "mia")
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
    await linked(bot, "mia", "mia2")
    assert await got(bot, probe, "mia")
    async with home.store.session() as session:
        members = (await session.scalars(select(col(Member.id)))).all()
    await home.store.write(lambda tx: take_back(tx, here, here, members))
    assert await got(bot, probe, "mia2")
    assert not await got(bot, probe, "mia")
    await home.store.write(lambda tx: over(tx, here, here))
    assert await rows(home.store, "SELECT count(*) FROM once") == [(0,)]
    assert await got(bot, probe, "mia")


async def test_two_processes_that_link_and_give_at_once_agree(
    postgres_url: str, vault: Vault, clock: SetClock, probe: Probe
) -> None:
    """Pairs link on one process, one way and the other, while both accounts ask on both: nobody waits for ever, every
    pair is one person in the end, and an account that asks afterwards is never given a second one."""
    async with AsyncExitStack() as stack:
        stores = []
        for _number in range(2):
            store = await Store.open(postgres_url, clock=clock.now, vault=vault)
            stack.push_async_callback(store.close)
            stores.append(store)
        one, other = stores
        here = uuid4()
        row = Community(id=here, name="Two", language="en", time_zone="UTC", created_at=clock.now())
        await one.write(lambda tx: tx.add(row))

        def who(name: str) -> Identity:
            return Identity(here, "fake", "", name)

        def asked(name: str) -> Asked:
            return Asked("fake", "", who(name), here, None, "pb", clock.now(), "received", "")

        def begin(tx: Tx, name: str, hashed: bytes) -> None:
            account = account_for(tx, vault, "fake", "", name).id
            tx.add(LinkCode(code_hash=hashed, account_id=account, expires_at=tx.now + timedelta(minutes=5)))

        def finish(tx: Tx, name: str, hashed: bytes) -> None:
            with suppress(LinkError):  # the other way round was quicker
                link(tx, vault, account_for(tx, vault, "fake", "", name).id, hashed)

        for number in range(20):
            await one.write(partial(begin, name=f"a{number}", hashed=f"a{number}".encode()))
            await one.write(partial(begin, name=f"b{number}", hashed=f"b{number}".encode()))
        decide = Deciding(probe.give_once, vault, StoredDialogues(one, clock))
        given = await asyncio.gather(
            *(
                store.decide(decide, asked(f"{account}{number}"), lane_key=here)
                for number in range(20)
                for store, account in ((one, "a"), (other, "b"))
            ),
            *(
                store.write(partial(finish, name=f"{mine}{n}", hashed=f"{theirs}{n}".encode()), lane_key=uuid4())
                for n in range(20)
                for store, mine, theirs in ((one, "a", "b"), (other, "b", "a"))
            ),
        )
        assert len(await rows(one, "SELECT DISTINCT person_id FROM account")) == 20
        assert await rows(one, "SELECT count(DISTINCT fingerprint) FROM once") == [(40,)]
        assert 20 <= sum(one is True for one in given) <= 40
        names = [f"{account}{number}" for account in "ab" for number in range(20)]
        assert not any([await other.decide(decide, asked(name), lane_key=here) for name in names])
