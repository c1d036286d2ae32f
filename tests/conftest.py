"""What tests share: a clock, and stores of both kinds, each test's own and fresh."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from core.testing import SetClock
from storage import migrate
from storage.engine import Store
from storage.vault import Vault
from tests import postgres as pg


@pytest.fixture
def clock() -> SetClock:
    """A clock that stands at 2026-11-21 09:00 UTC until it is moved."""
    return SetClock()


@pytest.fixture
def vault() -> Vault:
    """A vault, the same in every test."""
    return Vault(b"the key of the tests, 32 bytes!!")


@pytest.fixture(scope="session")
def postgres() -> Iterator[pg.Postgres]:
    """A real PostgreSQL, or else a failure that says how to come by one: nothing is skipped in silence."""
    try:
        with pg.running() as running:
            yield running
    except pg.Missing as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture(scope="session")
def postgres_template(postgres: pg.Postgres) -> str:
    """The name of a migrated database, to be copied."""
    url = postgres.make()
    migrate.upgrade(url)
    return make_url(url).database or ""


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("store") / "template.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a fresh SQLite store."""
    path = tmp_path / "hall.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: pg.Postgres, postgres_template: str) -> Iterator[str]:
    """The address of a fresh PostgreSQL store."""
    url = postgres.make(postgres_template)
    yield url
    postgres.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh store: each test runs on SQLite and on PostgreSQL."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
async def store(store_url: str, clock: SetClock, vault: Vault) -> AsyncIterator[Store]:
    """A fresh store of each kind, open, on the test's clock."""
    store = await Store.open(store_url, clock=clock.now, vault=vault)
    yield store
    await store.close()


@pytest.fixture
async def sqlite_store(sqlite_url: str, clock: SetClock, vault: Vault) -> AsyncIterator[Store]:
    """A fresh SQLite store, for tests that aren't about the store."""
    store = await Store.open(sqlite_url, clock=clock.now, vault=vault)
    yield store
    await store.close()
