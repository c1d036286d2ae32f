"""The example of docs/guides/plugin.md, loaded by its path as a deployment loads it, on both stores."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from core.action import Action
from core.context import Owner
from core.hall import Hall
from core.registry import plugin_class
from core.testing import FakeBot, SetClock, hall_for, install
from storage.engine import Store
from storage.tables import Member
from storage.vault import Vault

MOOD = Path(__file__).parents[2] / "examples" / "mood.py"


@pytest.fixture
def bot() -> FakeBot:
    """A platform in memory."""
    return FakeBot()


@pytest.fixture
async def hall(store_url: str, vault: Vault, bot: FakeBot) -> AsyncIterator[Hall]:
    """A started hall with the mood check, set up by Olga."""
    clock = SetClock(datetime(2026, 11, 21, 9, 0, tzinfo=UTC))
    store = await Store.open(store_url, clock=clock.now, vault=vault)
    async with hall_for(store, clock, [bot], [plugin_class(str(MOOD))()]) as hall:
        await install(bot)
        yield hall
    await store.close()


async def rows(hall: Hall, sql: str) -> list[tuple[object, ...]]:
    async with hall.store.session() as session:
        return [tuple(row) for row in (await session.execute(text(sql))).all()]


async def shown(bot: FakeBot, *counts: str) -> None:
    """Wait until the posted card shows these counts: it is edited a moment after the answer."""
    async with asyncio.timeout(5):
        while tuple(str(pair.value) for pair in bot.posts[-1].message.fields) != counts:  # noqa: ASYNC110 - another's state
            await asyncio.sleep(0.01)


async def test_presses_and_forms_are_counted_once_a_member(hall: Hall, bot: FakeBot) -> None:
    assert (await bot.command("mood", "olga")).text == "On its way."
    card = (await bot.until_posts(2))[1]
    good = card.button("🙂 Good")

    assert (await bot.press(good, "mia")).text == "Thank you, noted: 🙂 Good."
    await shown(bot, "1", "0", "0")
    assert (await bot.press(card.button("🙁 Rough"), "mia")).text == "Changed to 🙁 Rough."
    await shown(bot, "0", "0", "1")

    more = card.button("Say more")
    opened = (await bot.press(more, "jon", form=True)).opened
    assert opened is not None
    assert [field.name for field in opened.fields] == ["mood", "energy"]
    assert (await bot.submit(more, "jon", {"mood": ["0"], "energy": "8"})).text == "Thank you, noted: 🙂 Good."
    await shown(bot, "1", "0", "1")
    assert bot.posts[-1].message.text == "Energy: 8.0 of 10."

    logged = await rows(hall, "SELECT kind, count(*) FROM participation GROUP BY kind ORDER BY kind")
    assert logged == [("change", 1), ("mood", 2)]


@pytest.mark.parametrize(("typed", "told"), [("11", "At most 10, please."), ("7.5", "Write a whole number, please.")])
async def test_a_wrong_energy_is_refused_and_what_was_typed_is_kept(
    hall: Hall, bot: FakeBot, typed: str, told: str
) -> None:
    await bot.command("mood", "olga")
    more = (await bot.until_posts(2))[1].button("Say more")
    assert (await bot.submit(more, "jon", {"mood": ["2"], "energy": typed})).errors == {"energy": told}
    again = (await bot.press(more, "jon", form=True)).opened
    assert again is not None
    assert {field.name: field.value for field in again.fields} == {"mood": ("2",), "energy": typed}
    assert await rows(hall, "SELECT count(*) FROM participation") == [(0,)]


async def test_answers_speak_the_members_language(hall: Hall, bot: FakeBot) -> None:
    await bot.command("mood", "olga")
    good = (await bot.until_posts(2))[1].button("🙂 Good")
    assert (await bot.press(good, "lena", locale="de")).text == "Danke, notiert: 🙂 Gut."
    assert (await bot.press(good, "amelie", locale="fr-FR")).text.startswith("Merci, c’est noté")


async def test_only_managers_ask(hall: Hall, bot: FakeBot) -> None:
    assert "manage" in (await bot.command("mood", "mia")).text
    assert len(bot.posts) == 1


async def test_a_press_is_only_a_claim(hall: Hall, bot: FakeBot) -> None:
    await bot.command("mood", "olga")
    good = (await bot.until_posts(2))[1].button("🙂 Good")
    activity, _mood = good.args
    for args in ((uuid4(), 0), (activity, 3), (activity,), ()):
        forged = Action(good.plugin, good.verb, args, good.community)
        assert (await bot.press(forged, "mia")).text == "This mood check is over."
    assert await rows(hall, "SELECT count(*) FROM participation") == [(0,)]


async def test_a_member_may_have_it_exported_and_forgotten(hall: Hall, bot: FakeBot) -> None:
    await bot.command("mood", "olga")
    card = (await bot.until_posts(2))[1]
    await bot.submit(card.button("Say more"), "mia", {"mood": ["1"], "energy": "4"})
    async with hall.store.session() as session:
        mia = (await session.scalars(select(Member))).one()
        owner = Owner(mia.community_id, mia.account_id, mia.id, hall.store.vault)
        plugin = hall.routes.by_code["mo"]
        assert await plugin.export(session, owner) == {"moods": [{"mood": 1, "energy": 4}]}
    await bot.press(card.button("🙂 Good"), "jon")
    await hall.store.write(lambda tx: plugin.forget(tx, owner))
    hall.wake()
    await shown(bot, "1", "0", "0")
    async with hall.store.session() as session:
        assert await plugin.export(session, owner) == {"moods": []}
