"""Members are asked of our own accord no more often than their community's manager allows, over all plugins."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from core.asks import BUDGET, Ask, ask_all
from core.hall import Hall
from core.message import Message
from core.testing import FakeBot, SetClock, install
from storage.tables import Member, Space
from tests.core.kit import action, rows
from tests.core.probe import Probe


@pytest.fixture
async def asks(hall: Hall, bot: FakeBot, probe: Probe) -> dict[str, Ask]:
    """Something to ask Mia, and something to ask Zoe."""
    await install(bot)
    found = {}
    for who in ("mia", "zoe"):
        await bot.press(action(probe, "act"), who)
        async with hall.store.session() as session:
            member = (
                await session.scalars(select(Member).order_by(col(Member.created_at).desc(), col(Member.id)))
            ).all()
            space = (await session.scalars(select(col(Space.id)))).one()
        new = next(one for one in member if one.account_id not in {ask.account_id for ask in found.values()})
        found[who] = Ask(new.community_id, space, "idle", new.account_id, Message(text=f"Come back, {who}"))
    return found


async def ask(hall: Hall, time: SetClock, *several: Ask) -> list[bool]:
    return await hall.store.write(lambda tx: ask_all(tx, several, time.now()))


async def test_three_a_week_also_at_once_and_each_member_has_their_own(
    hall: Hall, time: SetClock, asks: dict[str, Ask]
) -> None:
    mia, zoe = asks["mia"], asks["zoe"]
    assert await ask(hall, time, mia, zoe, mia) == [True, True, True]
    time.pass_by(days=3)
    assert await ask(hall, time, mia, mia, zoe) == [True, False, True]
    assert await rows(hall.store, "SELECT count(*) FROM delivery WHERE lane = 'idle'") == [(5,)]
    time.pass_by((BUDGET - timedelta(days=3)).total_seconds())
    assert await ask(hall, time, mia, mia, mia) == [True, True, False]


async def test_a_manager_says_how_often(hall: Hall, bot: FakeBot, time: SetClock, asks: dict[str, Ask]) -> None:
    seen = await bot.command("asks", "olga")
    assert seen.opened is not None
    assert seen.opened.fields[0].value == "3"
    assert "manage this community" in (await bot.command("asks", "mia")).text
    assert "at most 0 reminders" in (await bot.submit(seen.opened.action, "olga", {"most": "0"})).text
    assert await ask(hall, time, asks["mia"]) == [False]
    assert "At most 50" in (await bot.submit(seen.opened.action, "olga", {"most": "51"})).text
