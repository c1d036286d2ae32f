"""Where a space belongs is read once for all who ask."""

from __future__ import annotations

import asyncio

import pytest

from core.hall import Hall
from core.places import Places
from core.testing import FakeBot, SetClock, install
from tests.core.kit import action, kinds, one_store
from tests.core.probe import Probe


@one_store
async def test_many_who_ask_in_the_moment_it_is_forgotten_read_it_once(
    hall: Hall, bot: FakeBot, probe: Probe, time: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await install(bot)
    loads = 0
    load = Places._load

    async def counting(places: Places, platform: str, external_id: str) -> object:
        nonlocal loads
        loads += 1
        return await load(places, platform, external_id)

    monkeypatch.setattr(Places, "_load", counting)
    press = action(probe, "act")
    for minutes in (0, 2):
        time.pass_by(minutes=minutes)
        await asyncio.gather(*(bot.press(press, f"m{number}") for number in range(20)))
    assert loads == 2
    assert await kinds(hall.store) == {"act": 40}


@one_store
async def test_what_is_being_read_is_read_to_its_end_before_the_store_closes(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    load = Places._load

    async def slow(places: Places, platform: str, external_id: str) -> object:
        begun.set()
        await go_on.wait()
        return await load(places, platform, external_id)

    monkeypatch.setattr(Places, "_load", slow)
    asking = asyncio.create_task(hall.places.of_space("fake", "hall"))
    await begun.wait()
    asking.cancel()
    stopping = asyncio.create_task(hall.stop())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    go_on.set()
    await stopping
    assert not hall.places._loading
