"""What many want at once is decided for all of them, and once for each."""

from __future__ import annotations

import asyncio

import pytest

from core.hall import Hall
from core.testing import FakeBot, install
from tests.core.kit import action, kinds, rows
from tests.core.probe import Probe


@pytest.fixture
async def home(hall: Hall, bot: FakeBot) -> Hall:
    """A hall with one space that Olga set up."""
    await install(bot)
    return hall


async def test_two_of_many_get_what_there_is(home: Hall, bot: FakeBot, probe: Probe) -> None:
    press = action(probe, "want")
    seen = await asyncio.gather(*(bot.press(press, f"member {number}") for number in range(30)))
    assert sorted(one.text for one in seen) == ["Gone."] * 28 + ["Yours."] * 2
    assert await kinds(home.store) == {"got": 2, "missed": 28}
    assert len(probe.shared) < 30


async def test_the_same_event_again_is_not_decided_twice(home: Hall, bot: FakeBot, probe: Probe) -> None:
    press = action(probe, "want")
    seen = await asyncio.gather(*(bot.press(press, "mia", event_id="one") for _ in range(10)))
    assert sorted(one.text for one in seen) == [""] * 9 + ["Yours."]
    again = await bot.press(press, "mia", event_id="one")
    assert (again.acknowledged, again.message) == (True, None)
    assert await kinds(home.store) == {"got": 1}


async def test_hundreds_at_once(home: Hall, bot: FakeBot, probe: Probe) -> None:
    press = action(probe, "want")
    seen = await asyncio.gather(*(bot.press(press, f"member {number}") for number in range(500)))
    assert sorted(one.text for one in seen) == ["Gone."] * 498 + ["Yours."] * 2
    assert max(probe.shared) > 1


async def test_a_form_that_is_decided_about_forgets_its_draft(home: Hall, bot: FakeBot, probe: Probe) -> None:
    ask = action(probe, "ask")
    await asyncio.gather(*(bot.submit(ask, who, {"n": "many"}) for who in ("mia", "jon", "zoe")))
    assert await rows(home.store, "SELECT count(*) FROM dialogue") == [(3,)]
    seen = await asyncio.gather(*(bot.submit(ask, who, {"n": "5"}) for who in ("mia", "jon")))
    assert [one.text for one in seen] == ["Yours."] * 2
    assert await rows(home.store, "SELECT count(*) FROM dialogue") == [(1,)]


async def test_a_decider_that_answers_too_many_gives_nothing(
    home: Hall, bot: FakeBot, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "share_out", lambda tx, requests: [True] * (len(requests) + 1))
    seen = await bot.press(action(probe, "want"), "mia")
    assert "Yours" not in seen.text
    assert await kinds(home.store) == {}


async def test_one_that_cannot_be_decided_spoils_no_other(home: Hall, bot: FakeBot, probe: Probe) -> None:
    presses = [action(probe, "want"), action(probe, "want", 7), action(probe, "want")]
    seen = await asyncio.gather(*(bot.press(press, f"member {n}") for n, press in enumerate(presses)))
    assert [seen[0].text, seen[2].text] == ["Yours.", "Yours."]
    assert "Yours" not in seen[1].text
    assert await kinds(home.store) == {"got": 2}
