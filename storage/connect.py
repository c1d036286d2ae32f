"""Connections: how each kind of store is set up, for reading and for writing."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

CONNECT_SECONDS = 5
"""How long a connection to PostgreSQL may take to be made."""
IDLE_SECONDS = 5.0
"""How long PostgreSQL lets a transaction wait for its own process. One that froze, or whose network went away without
a word, holds row locks for which all others wait: this is well below the time in which those would count as dead, too
(:data:`storage.workers.LIVES`)."""
SILENT_SECONDS = 10
"""After so long without a sign of life a line is given up, by us and by PostgreSQL; systems wait for two hours."""
BUSY_MILLISECONDS = 5_000
"""How long SQLite waits for another process to finish its transaction."""

CACHE_KILOBYTES = 65_536
"""How much of an SQLite its writer may hold in memory."""
CHECKPOINT_PAGES = 16_384
"""After how many pages (of 4 KiB) SQLite's write-ahead log is written back: 64 MiB."""


def writing_engine(url: URL) -> Engine:
    """An engine whose connections leave BEGIN and COMMIT to their user."""
    if url.get_backend_name() == "sqlite":
        engine = create_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={"check_same_thread": False}
        )
        event.listen(engine, "connect", _sqlite_pragmas)
        event.listen(engine, "connect", _sqlite_writer)
        return engine
    arguments = _postgres_arguments(f"-c idle_in_transaction_session_timeout={IDLE_SECONDS * 1000:.0f}")
    return create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=arguments)


def reading_engine(url: URL, readers: int) -> AsyncEngine:
    """An engine for sessions. Slow the first time: what it takes is imported only now, as no start needs it."""
    from sqlalchemy.ext.asyncio import create_async_engine

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


def quick_reading_engine(url: URL) -> Engine:
    """An engine for the reader's threads: a connection each, no transaction, nothing can be written."""
    if url.get_backend_name() == "sqlite":
        engine = create_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={"check_same_thread": False}
        )
        event.listen(engine, "connect", _sqlite_pragmas)
        event.listen(engine, "connect", _sqlite_read_only)
        return engine
    arguments = _postgres_arguments("-c default_transaction_read_only=on")
    return create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=arguments)


def _postgres_arguments(options: str) -> dict[str, Any]:
    probe = SILENT_SECONDS // 5
    theirs = {
        "timezone": "UTC",
        # Compiling a plan takes 0.3 s, and no look of ours is worth that.
        "jit": "off",
        "tcp_keepalives_idle": SILENT_SECONDS - 3 * probe,
        "tcp_keepalives_interval": probe,
        "tcp_keepalives_count": 3,
        "tcp_user_timeout": SILENT_SECONDS * 1000,
    }
    return {
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": SILENT_SECONDS - 3 * probe,
        "keepalives_interval": probe,
        "keepalives_count": 3,
        "tcp_user_timeout": SILENT_SECONDS * 1000,
        "options": " ".join([*(f"-c {name}={value}" for name, value in theirs.items()), options]),
    }


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # Busy first: another process may be turning the same new file to WAL.
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _sqlite_writer(connection: Any, _record: Any) -> None:
    # The rollup of a day touches pages all over itself. They must fit into the cache, or they are spilled within the
    # transaction; and a longer log writes each back once for many transactions.
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA cache_size = -{CACHE_KILOBYTES}")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    cursor.close()


def _sqlite_read_only(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only = ON")
    cursor.close()


# What SQLite says when another process is in the way, or the disk is.
_SQLITE_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
# PostgreSQL's classes of the same: connection exception, insufficient resources, operator intervention, system error.
_POSTGRES_PASSING = ("08", "53", "57", "58")


def passing(error: BaseException) -> bool:
    """Whether an error tells of the way to the database or its disk, rather than of what was asked of it."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        error = error.orig or error
    if isinstance(error, sqlite3.Error):
        # The extended codes keep the plain one in their last byte.
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _SQLITE_PASSING
    if type(error).__module__.startswith("psycopg"):
        state = getattr(error, "sqlstate", None)
        if state is None:  # psycopg's own: no server, or none any more
            return type(error).__name__ in {"OperationalError", "ConnectionTimeout", "InterfaceError"}
        return str(state).startswith(_POSTGRES_PASSING)
    return False
