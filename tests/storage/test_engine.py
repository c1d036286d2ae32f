"""Opening a store: its key, its version, its address."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select

from core.testing import SetClock
from storage.engine import Store
from storage.errors import StoreAhead, StoreBehind, StoreUnavailable, UnknownStore, WrongMasterKey
from storage.tables import Keeper
from storage.tx import Tx
from storage.vault import Vault


async def test_a_store_knows_its_key_again(store_url: str, clock: SetClock, vault: Vault) -> None:
    for _ in range(2):
        await (await Store.open(store_url, clock=clock.now, vault=vault)).close()
    with pytest.raises(WrongMasterKey, match=r"backup.*Nothing was changed"):
        await Store.open(store_url, clock=clock.now, vault=Vault.generate())
    store = await Store.open(store_url, clock=clock.now, vault=vault)
    async with store.session() as session:
        assert (await session.scalars(select(Keeper))).one().value == vault.check
    await store.close()


async def test_a_store_that_is_ahead_is_refused(store_url: str, clock: SetClock, vault: Vault) -> None:
    store = await Store.open(store_url, clock=clock.now, vault=vault)

    def unit(tx: Tx) -> None:
        tx.execute("UPDATE alembic_version SET version_num = '9999'")

    await store.write(unit)
    await store.close()
    for upgrade in (True, False):
        with pytest.raises(StoreAhead):
            await Store.open(store_url, clock=clock.now, vault=vault, upgrade=upgrade)


async def test_missing_migrations_are_told_when_they_may_not_run(
    tmp_path: Path, clock: SetClock, vault: Vault
) -> None:
    url = f"sqlite:///{tmp_path}/data/hall.db"
    with pytest.raises(StoreBehind, match="hallkeeper migrate"):
        await Store.open(url, clock=clock.now, vault=vault, upgrade=False)
    await (await Store.open(url, clock=clock.now, vault=vault)).close()
    await (await Store.open(url, clock=clock.now, vault=vault, upgrade=False)).close()


@pytest.mark.parametrize(
    "url", ["postgresql://hall:secret@127.0.0.1:1/hall", "postgresql://hall:secret@/hall?host=/nowhere"]
)
async def test_a_server_that_isn_t_there_is_told_without_the_password(
    url: str, clock: SetClock, vault: Vault
) -> None:
    with pytest.raises(StoreUnavailable, match="Check that it runs") as refusal:
        await Store.open(url, clock=clock.now, vault=vault)
    assert "secret" not in str(refusal.value)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path, clock: SetClock, vault: Vault) -> None:
    path = tmp_path / "hall.db"
    path.write_text("dear diary " * 500)
    with pytest.raises(UnknownStore, match="no SQLite database"):
        await Store.open(f"sqlite:///{path}", clock=clock.now, vault=vault)
    assert path.read_text() == "dear diary " * 500


async def test_a_ping_reads_and_writes(store: Store) -> None:
    await store.ping()
    assert store.waiting == 0


async def test_sqlite_keeps_what_it_answered_for(sqlite_store: Store, sqlite_url: str) -> None:
    """Every commit reaches the disk before the answer (FULL), and readers don't wait for it (WAL)."""
    assert await sqlite_store.write(lambda tx: tx.scalar("PRAGMA synchronous")) == 2
    assert await sqlite_store.write(lambda tx: tx.scalar("PRAGMA journal_mode")) == "wal"
    assert await sqlite_store.write(lambda tx: tx.scalar("PRAGMA foreign_keys")) == 1


async def test_the_log_can_be_read_in_the_sqlite3_shell(sqlite_store: Store, sqlite_url: str) -> None:
    from uuid import uuid4

    member = uuid4()

    def unit(tx: Tx) -> None:
        tx.participate(uuid4(), uuid4(), member, "q", "answer", conversation=True, at=tx.now, at_source="platform")

    await sqlite_store.write(unit)
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        rows = connection.execute("SELECT member, kind, at FROM participation_legible").fetchall()
    connection.close()
    assert rows == [(member.hex, "answer", "2026-11-21 09:00:00.000000")]
