"""The store: made once, handed down, closed last."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from storage import keeper, migrate, partitions
from storage.connect import passing, quick_reading_engine, reading_engine, writing_engine
from storage.errors import StoreBehind, StoreUnavailable, UnknownStore
from storage.migrate import PluginMigrations
from storage.prepared import Prepared
from storage.reader import Reader
from storage.types import Uuid7Source
from storage.url import parse_url, shown
from storage.vault import Vault
from storage.writer import Act, Tx, Writer

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

R = TypeVar("R")
T = TypeVar("T")

POSTGRES_LANES = 4


_VAULT = "vault"


class Store:
    """Reads through sessions, writes through one writer that answers after the commit."""

    def __init__(
        self, url: URL, *, clock: Callable[[], datetime], vault: Vault, lanes: int = POSTGRES_LANES, readers: int = 8
    ) -> None:
        """Use :meth:`open`, which also migrates and checks the key."""
        self.url = url
        self.vault = vault
        self.clock = clock
        self.ids = Uuid7Source()
        self._writing = writing_engine(url)
        self._readers = readers
        self._reading: AsyncEngine | None = None
        self._opening = asyncio.Lock()
        self._quick = quick_reading_engine(url)
        self._reader = Reader(self._quick)
        self._writer = Writer(self._writing, clock=clock, ids=self.ids, lanes=lanes)

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        clock: Callable[[], datetime],
        vault: Vault,
        upgrade: bool = True,
        plugins: Sequence[PluginMigrations] = (),
        lanes: int = POSTGRES_LANES,
        readers: int = 8,
    ) -> Store:
        """Open the store at ``url`` (``sqlite:///path`` or ``postgresql://…``), migrated and with its key checked.

        :param clock: tells the moment, aware, in UTC.
        :param upgrade: run the migrations that are missing; otherwise their absence is an error.
        :param plugins: the migrations of the plugins in use.
        :param lanes: writer threads on PostgreSQL, each with a connection; SQLite always has one.
        :param readers: connections for reading at the same time.
        :raises UnknownStore: no such kind of store, or a file that is none.
        :raises StoreUnavailable: it can't be reached.
        :raises StoreAhead: a newer hallkeeper migrated it.
        :raises StoreBehind: migrations are missing, and ``upgrade`` is false.
        :raises WrongMasterKey: it was sealed with another key. Nothing was changed.
        """
        parsed = parse_url(url)
        await asyncio.to_thread(_prepare, parsed, vault, upgrade, plugins, clock())
        store = cls(parsed, clock=clock, vault=vault, lanes=lanes, readers=readers)
        store._writer.start()
        store._reader.start()
        await store.write(partitions.make_partitions)
        return store

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._writing.dialect.name

    @property
    def lanes(self) -> int:
        """How many transactions can be written at the same time."""
        return self._writer.lanes

    @property
    def waiting(self) -> int:
        """How many units wait to be written."""
        return self._writer.waiting

    async def write(self, unit: Callable[[Tx], T], *, lane_key: UUID | None = None) -> T:
        """Run one unit of work in the writer and return what it returns, after it is durable.

        ``unit`` is a plain function; it runs in a writer's thread, in a savepoint of its own, together with others in
        one transaction. When it raises, it alone is rolled back and its error is raised here. It may be run again (a
        deadlock, a neighbour that spoiled the transaction), so it changes nothing but through its ``Tx``.

        :param lane_key: the community; units of one community keep their order and don't contend with each other.
        :raises StoreUnavailable: the connection was lost; see there.
        :raises StoreClosed: the store is closing.
        """
        return await self._writer.submit(unit, lane_key)

    async def decide(
        self, decide: Callable[[Tx, Sequence[R]], Sequence[T]], request: R, *, lane_key: UUID | None = None
    ) -> T:
        """Have a request decided together with all that wait for the same decider; its answer, after it is durable.

        For what many want at once and only some can have, such as stock: a statement for all instead of one each.
        ``decide`` is a plain function, the same (equal) one for all, that gives each request its answer, in order. It
        runs in a writer's thread and a savepoint of its own, before the units of its group. When it raises, each
        request is decided alone, and the error of one that can't be is raised here. It may be run again, so it
        changes nothing but through its ``Tx``.

        :param lane_key: the community, as for :meth:`write`.
        :raises StoreUnavailable: the connection was lost; see there.
        :raises StoreClosed: the store is closing.
        """
        return await self._writer.ask(decide, request, lane_key)

    async def read(self, unit: Callable[[Connection], T]) -> T:
        """Run a plain function on a read-only connection in a reader's thread and return what it returns.

        For what every act needs: twenty times as quick as a session. It may read several things at once.

        :raises StoreUnavailable: no connection could be had, or it was lost.
        :raises StoreClosed: the store is closing.
        """
        return await self._reader.submit(unit)

    async def rows(self, statement: Prepared, **params: Any) -> list[tuple[Any, ...]]:
        """The rows of a prepared statement, read as :meth:`read` reads."""

        def unit(connection: Connection) -> list[tuple[Any, ...]]:
            cursor = connection.connection.cursor()
            try:
                return statement.run(cursor, connection.dialect, params)
            finally:
                cursor.close()

        return await self._reader.submit(unit)

    async def log(self, acts: Sequence[Act]) -> None:
        """Write down acts that are only counted, as one unit. Returns when they are durable."""
        if acts:
            await self._writer.submit(lambda tx: tx.participate_all(acts), acts[0].community_id)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A session to read with. Writing in it is refused by the database: durability has one route, :meth:`write`.

        :raises StoreUnavailable: no connection could be had, or it was lost.
        """
        engine = self._reading or await self._open_reading()
        from sqlalchemy.ext.asyncio import AsyncSession  # the engine has loaded it

        async with AsyncSession(engine, expire_on_commit=False, info={_VAULT: self.vault}) as session:
            try:
                yield session
            except DBAPIError as error:
                if passing(error):
                    raise StoreUnavailable(_unavailable(self.url)) from error
                raise

    async def _open_reading(self) -> AsyncEngine:
        """The sessions' engine. It is made when the first one asks: 15 ms and 1 MB, with what it imports."""
        async with self._opening:
            if self._reading is None:
                self._reading = await asyncio.to_thread(reading_engine, self.url, self._readers)
        return self._reading

    async def ping(self) -> None:
        """Read one row and write nothing, durably: for a readiness check.

        :raises StoreUnavailable: reading or writing doesn't work.
        """
        await self.read(lambda connection: connection.execute(text("SELECT 1")).scalar())
        await self.write(lambda tx: None)

    async def close(self) -> None:
        """Take no more work, write what is queued, and let go of every connection."""
        await self._writer.close()
        await self._reader.close()
        if self._reading is not None:
            await self._reading.dispose()
        self._writing.dispose()
        self._quick.dispose()


def vault_of(session: AsyncSession) -> Vault:
    """The vault of the store that a session reads, for a card that shows what somebody agreed to have shown."""
    vault: Vault = session.info[_VAULT]
    return vault


def _prepare(url: URL, vault: Vault, upgrade: bool, plugins: Sequence[PluginMigrations], now: datetime) -> None:
    """Migrate and check the key, blocking: the key first, so that a wrong one changes nothing."""
    engine = writing_engine(url)
    try:
        with engine.connect() as connection:
            known = keeper.check(connection, vault)
            states = migrate.states(connection, plugins)
        migrate.refuse_ahead(url, states)
        behind = any(state.behind for state in states)
        if behind and not upgrade:
            raise StoreBehind(
                f"The store at {shown(url)} lacks migrations. Run `hallkeeper migrate`, or allow them at start."
            )
        if behind:
            migrate.upgrade(url, plugins)
        if not known:
            with engine.begin() as connection:
                keeper.remember(connection, vault)
    except DBAPIError as error:
        if passing(error):
            raise StoreUnavailable(_unavailable(url)) from error
        if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            raise UnknownStore(
                f"{url.database} is no SQLite database. Name another file, or move this one."
            ) from error
        raise
    finally:
        engine.dispose()


def _unavailable(url: URL) -> str:
    return f"The store at {shown(url)} can't be reached. Check that it runs, and its address, user and password."
