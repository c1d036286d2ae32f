"""What parties keep about a member: they see it and erase it, and what the others heard stays."""

from __future__ import annotations

import pytest
from sqlmodel import select

from core.testing import SetClock
from storage.engine import Store
from storage.tables import Account, Member
from tests.core.kit import kinds, one_store
from tests.core.test_privacy import filled, leading_to, named
from tests.plugins.party import House


@pytest.fixture
async def house(opened: Store, time: SetClock) -> House:
    """A community whose workers move only when a test says so."""
    house = House(opened, time)
    await house.settle()
    return house


async def lived(house: House, who: str) -> None:
    """Somebody hosted, came, added tracks, voted, and has a track played and two that wait; Jon did as well."""
    post = await house.announce()
    await house.bot.press(post.button("I'm coming"), who)
    await house.bot.press(post.button("I'm coming"), "jon")
    await house.add(post, who, *(f"Xylophones – Number {number} | 1:00" for number in range(3)))
    await house.add(post, "jon", "Jon – His own | 1:00")
    await house.lead("Start now")
    await house.pass_by(12, step=12)
    for one in (who, "jon"):
        await house.vote(one)
    await house.pass_by(60 + 9, step=10)
    for one in (who, "jon"):
        await house.vote(one, up=False)
    await house.work()


async def test_all_is_shown_and_then_nothing_leads_to_them(house: House) -> None:
    await lived(house, "olga")
    tables = {name for name in named(list(house.hall.routes.plugins)) if name.startswith("party_")}
    assert {name for name in await filled(house.hall) if name.startswith("party_")} == tables, "or it is not tried"
    async with house.hall.store.session() as session:
        account = min(await session.scalars(select(Account)), key=lambda one: one.id)  # Olga's, the first there was
        member = next(one for one in await session.scalars(select(Member)) if one.account_id == account.id)
    seen = await house.bot.command("mydata", "olga")
    for words in (
        "Krautrock night, planned by you: yes, coming: yes, shown as: olga",
        "Xylophones – Number 2",
        "👍",
        "👎",
    ):
        assert words in seen.text, words
    assert "His own" not in (await house.bot.command("mydata", "zoe")).text
    before = await kinds(house.hall.store)
    sure = (await house.bot.command("forget", "olga")).button("Erase all of mine")
    await house.bot.press(sure, "olga")
    assert await leading_to(house.hall, {account.id, account.person_id, member.id}) == {"participation"}
    assert await kinds(house.hall.store) == before
    await house.work()
    card = str(house.card().message.text)
    assert "Jon – His own" in card
    assert "Xylophones" not in card, "what waited is gone"
    assert "👍 0 · 👎 1" in card, "on what plays the vote is taken back, or it could be given again"
    await house.pass_by(60, step=60)
    await house.pass_by(310, step=310)
    recap = str(house.bot.posts[-1].message.text)
    assert "- Xylophones – Number 0 · 👍 2 · 👎 0" in recap
    assert "olga" not in recap
    assert "1\\. jon" in recap


@one_store
async def test_a_name_goes_from_a_recap_that_stands(house: House) -> None:
    await lived(house, "mia")
    await house.pass_by(600, step=60)
    await house.pass_by(310, step=310)
    recap = house.bot.posts[-1]
    assert "mia" in str(recap.message.text)
    await house.bot.press((await house.bot.command("forget", "mia")).button("Erase all of mine"), "mia")
    await house.work()
    assert "mia" not in str(recap.message.text)
    assert "Xylophones" in str(recap.message.text)


@one_store
async def test_who_is_erased_frees_a_seat_for_the_line(house: House) -> None:
    card = await house.play()
    for who in "abcde":
        await house.bot.press(card.button("Join the booth"), who)
    await house.bot.press((await house.bot.command("forget", "mia")).button("Erase all of mine"), "mia")
    assert (await house.standings())["e"][0] == "seat"
