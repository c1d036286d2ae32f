"""Listening parties, as hosts and members meet them."""

from __future__ import annotations

import pytest

from core.testing import SetClock
from storage.engine import Store
from tests.core.kit import kinds, rows
from tests.plugins.party import House


@pytest.fixture
async def house(opened: Store, time: SetClock) -> House:
    """A community whose workers move only when a test says so."""
    house = House(opened, time)
    await house.settle()
    return house


async def test_a_party_from_its_announcement_to_its_recap(house: House) -> None:
    post = await house.announce()
    assert "Krautrock night" in str(post.message.title)
    assert "See you there" in (await house.bot.press(post.button("I'm coming"), "mia")).text
    await house.work()
    assert "**1 comes**" in str(post.message.text)
    added = await house.add(post, "mia", "Can – Vitamin C | 2:00", "Neu! – Hero | 4:00 | https://example.org/hero")
    assert "2 tracks added" in added.text
    await house.pass_by(3600, step=60)
    assert await house.state() == ("running", "counting", 3)
    card = house.card
    assert "**3 …**" in str(card.message.text)
    await house.pass_by(9)
    assert await house.state() == ("running", "playing", 0)
    assert "Can – Vitamin C" in str(card.message.text)
    assert "mia" in str(card.message.text)
    assert await house.vote("jon") == "👍 counted."
    assert await house.vote("kim", up=False) == "👎 counted."
    await house.work()
    assert "👍 1 · 👎 1" in str(card.message.text)
    await house.pass_by(120 + 9)
    assert "Neu! – Hero" in str(card.message.text)
    await house.pass_by(240 + 300 + 5, step=5)
    assert (await house.state())[0] == "over"
    recap = house.bot.posts[-1]
    assert "That was Krautrock night" in str(recap.message.title)
    assert "2 tracks\n4 took part" in str(recap.message.text)
    assert recap.message.image is not None
    assert card.message.controls == post.message.controls == ()
    assert await kinds(house.hall.store) == {"announce": 1, "rsvp": 1, "add": 1, "vote": 2}
    assert await rows(house.hall.store, "SELECT count(*) FROM alarm") == [(0,)]
