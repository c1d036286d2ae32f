"""A started hall with a platform in memory, on both stores."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from sqlalchemy.engine import make_url

from core.hall import Hall
from core.registry import migrations_of
from core.testing import FakeBot, SetClock, hall_for
from plugins.question_of_the_day import QuestionOfTheDay
from storage import migrate
from storage.engine import Store
from storage.vault import Vault
from tests import postgres as pg
from tests.core.probe import Probe

MIGRATIONS = migrations_of([QuestionOfTheDay])


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """Logs without the variables of every frame: they take a second a trace."""
    before = structlog.get_config()
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, renderer])
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that knows the plugin's tables already, to be copied."""
    path = tmp_path_factory.mktemp("store") / "template.db"
    migrate.upgrade(f"sqlite:///{path}", MIGRATIONS)
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: pg.Postgres) -> str:
    """The same on PostgreSQL."""
    url = postgres.make()
    migrate.upgrade(url, MIGRATIONS)
    return make_url(url).database or ""


@pytest.fixture
def time() -> SetClock:
    """A Saturday morning in Berlin, before nine."""
    return SetClock(datetime(2026, 11, 21, 6, 0, tzinfo=UTC))


@pytest.fixture
def bot() -> FakeBot:
    """A platform in memory."""
    return FakeBot()


@pytest.fixture
def probe() -> Probe:
    """A plugin that does what tests ask for."""
    return Probe()


@pytest.fixture
async def opened(store_url: str, time: SetClock, vault: Vault) -> AsyncIterator[Store]:
    """An open store of each kind with the plugin's tables."""
    store = await Store.open(store_url, clock=time.now, vault=vault, plugins=MIGRATIONS)
    yield store
    await store.close()


@pytest.fixture
async def hall(opened: Store, time: SetClock, bot: FakeBot, probe: Probe) -> AsyncIterator[Hall]:
    """A started hall with the question of the day and the probe."""
    async with hall_for(opened, time, [bot], [QuestionOfTheDay(), probe]) as hall:
        yield hall
