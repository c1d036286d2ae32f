"""A started hall with a platform in memory, on both stores."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from core.hall import Hall
from core.registry import migrations_of
from core.testing import FakeBot, SetClock, hall_for
from plugins.question_of_the_day import QuestionOfTheDay
from storage.engine import Store
from storage.vault import Vault


@pytest.fixture
def time() -> SetClock:
    """A Saturday morning in Berlin, before nine."""
    return SetClock(datetime(2026, 11, 21, 6, 0, tzinfo=UTC))


@pytest.fixture
def bot() -> FakeBot:
    """A platform in memory."""
    return FakeBot()


@pytest.fixture
async def hall(store_url: str, time: SetClock, vault: Vault, bot: FakeBot) -> AsyncIterator[Hall]:
    """A started hall with the question of the day."""
    plugins = [QuestionOfTheDay()]
    store = await Store.open(store_url, clock=time.now, vault=vault, plugins=migrations_of(plugins))
    async with hall_for(store, time, [bot], plugins) as hall:
        yield hall
    await store.close()
