"""A started hall with a platform in memory, on both stores."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from core.hall import Hall
from core.registry import migrations_of
from core.testing import FakeBot, SetClock, hall_for
from plugins.listening_parties import ListeningParties
from plugins.question_of_the_day import QuestionOfTheDay
from plugins.sampling_drops import SamplingDrops
from storage import migrate
from storage.engine import Store
from storage.vault import Vault
from tests import postgres as pg
from tests.core.probe import Probe
from tests.core.scene import scene as scene
from tests.core.yard import Yard

MIGRATIONS = migrations_of([QuestionOfTheDay, ListeningParties, SamplingDrops])


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


@pytest.fixture(scope="session")
def kept_postgres_url(postgres: pg.Postgres, postgres_template: str) -> Iterator[str]:
    """One PostgreSQL store for all of these tests: making one takes ten times as long as emptying it."""
    url = postgres.make(postgres_template)
    yield url
    postgres.drop(url)


@pytest.fixture
def postgres_url(kept_postgres_url: str) -> Iterator[str]:
    """The address of an empty PostgreSQL store."""
    yield kept_postgres_url
    with psycopg.connect(kept_postgres_url, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
            "AND tablename NOT LIKE '%version' AND tablename <> 'keeper'"
        ).fetchall()
        connection.execute("SET session_replication_role = replica")  # foreign keys don't matter when all goes
        for (table,) in tables:
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))


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
async def yard(opened: Store, time: SetClock, probe: Probe) -> Yard:
    """A community whose workers move only when a test says so."""
    yard = Yard(opened, time, probe)
    await yard.build()
    return yard


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
