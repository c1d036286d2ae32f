"""Connections: how each kind of store is set up, for reading and for writing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

CONNECT_SECONDS = 5
"""How long a connection to PostgreSQL may take to be made."""
BUSY_MILLISECONDS = 5_000
"""How long SQLite waits for another process to finish its transaction."""


def writing_engine(url: URL) -> Engine:
    """An engine whose connections leave BEGIN and COMMIT to their user."""
    if url.get_backend_name() == "sqlite":
        engine = create_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={"check_same_thread": False}
        )
        event.listen(engine, "connect", _sqlite_pragmas)
        return engine
    return create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=_postgres_arguments())


def reading_engine(url: URL, readers: int) -> AsyncEngine:
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url.set(drivername="sqlite+aiosqlite"), pool_size=readers, max_overflow=0)
        event.listen(engine.sync_engine, "connect", _sqlite_pragmas)
        event.listen(engine.sync_engine, "connect", _sqlite_read_only)
        return engine
    return create_async_engine(
        url,
        pool_size=readers,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args=_postgres_arguments("-c default_transaction_read_only=on"),
    )


def _postgres_arguments(options: str = "") -> dict[str, Any]:
    return {"connect_timeout": CONNECT_SECONDS, "options": f"-c timezone=UTC {options}".rstrip()}


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # Busy first: another process may be turning the same new file to WAL.
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _sqlite_read_only(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only = ON")
    cursor.close()
