"""What a unit of work writes with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, CursorResult, Dialect, Executable, text
from sqlalchemy.exc import DBAPIError

from storage.log import Act, Log
from storage.prepared import Prepared, PreparedForAll, texts
from storage.tables import Table, table_of
from storage.types import Uuid7Source, id_of, utc_text

Params = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None

# How the savepoint stands that keeps a unit apart from its neighbours.
_NONE, _FRESH, _USED = range(3)


class Inserts:
    """The insert statements of one connection's tables, made once each."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: dict[type[Table], tuple[str, list[tuple[str, Callable[[Any], Any] | None]]]] = {}

    def __call__(self, row: Table) -> tuple[str, list[Any]]:
        """The statement that inserts the row, and its values."""
        sql, columns = self._of(type(row))
        return sql, [
            getattr(row, name) if convert is None else convert(getattr(row, name)) for name, convert in columns
        ]

    def plain(self, model: type[Table], row: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """The same for a row that is only a mapping; what it leaves out is null."""
        sql, columns = self._of(model)
        return sql, [row.get(name) if convert is None else convert(row.get(name)) for name, convert in columns]

    def _of(self, model: type[Table]) -> tuple[str, list[tuple[str, Callable[[Any], Any] | None]]]:
        known = self._known.get(model)
        if known is None:
            known = self._known[model] = self._make(model)
        return known

    def _make(self, model: type[Table]) -> tuple[str, list[tuple[str, Callable[[Any], Any] | None]]]:
        table = table_of(model)
        quote = self._dialect.identifier_preparer.quote
        names = ", ".join(quote(column.name) for column in table.columns)
        place = "?" if self._dialect.paramstyle == "qmark" else "%s"
        places = ", ".join(place for _ in table.columns)
        columns: list[tuple[str, Callable[[Any], Any] | None]] = [
            (column.key, column.type.dialect_impl(self._dialect).bind_processor(self._dialect))
            for column in table.columns
        ]
        return f"INSERT INTO {quote(table.name)} ({names}) VALUES ({places})", columns  # noqa: S608  our own names


class Tx:
    """One unit's part of a transaction. Good only inside of the unit that it was handed to, and in its thread."""

    def __init__(
        self, connection: Connection, cursor: Any, now: datetime, ids: Uuid7Source, log: Log, inserts: Inserts
    ) -> None:
        self.now = now
        """The moment of this transaction, aware, in UTC."""
        self._connection = connection
        self._cursor = cursor
        self._ids = ids
        self._log = log
        self._inserts = inserts
        self._sqlite = connection.dialect.name == "sqlite"
        self._point = _NONE
        self._touched = False

    def new_id(self) -> UUID:
        """A new UUIDv7 of this moment."""
        return self._ids.next(self.now)

    def new_ids(self, count: int) -> list[UUID]:
        """So many new ids at once."""
        return [id_of(made) for made in self._ids.next_bytes(self.now, count)]

    @property
    def connection(self) -> Connection:
        """SQLAlchemy's connection, for what the rest of this class doesn't do. Leave commit and rollback alone."""
        self._touch()
        return self._connection

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._connection.dialect.name

    def execute(self, statement: Executable | str, params: Params = None) -> CursorResult[*tuple[Any, ...]]:
        """Run a statement. A string is SQL with ``:name`` parameters. Selecting a table gives rows of its columns."""
        return self.connection.execute(text(statement) if isinstance(statement, str) else statement, params)

    def scalar(self, statement: Executable | str, params: Params = None) -> Any:
        """The first column of the first row, or None."""
        return self.execute(statement, params).scalar()

    def add(self, row: Table) -> None:
        """Insert a row, now.

        :raises sqlalchemy.exc.IntegrityError: it breaks a key. To go on after that, put it in :meth:`nested`.
        """
        self._raw(*self._inserts(row))

    def add_if_new(self, row: Table) -> bool:
        """Insert a row unless a unique key knows it already. Whether it was inserted."""
        sql, values = self._inserts(row)
        self._raw(f"{sql} ON CONFLICT DO NOTHING RETURNING 1", values)
        return bool(self._cursor.fetchall())

    def insert(self, model: type[Table], **values: Any) -> None:
        """Insert a row by its values: :meth:`add` without making an object, for what happens at every act.

        What is left out is null; nothing has a default here.
        """
        self._raw(*self._inserts.plain(model, values))

    def insert_if_new(self, model: type[Table], **values: Any) -> bool:
        """:meth:`insert` unless a unique key knows it already. Whether it was inserted."""
        sql, row = self._inserts.plain(model, values)
        self._raw(f"{sql} ON CONFLICT DO NOTHING RETURNING 1", row)
        return bool(self._cursor.fetchall())

    def run(self, statement: Prepared, **params: Any) -> list[tuple[Any, ...]]:
        """Run a prepared statement; its rows as plain tuples."""
        self._touch()
        dialect = self._connection.dialect
        try:
            return statement.run(self._cursor, dialect, params)
        except dialect.loaded_dbapi.Error as error:
            raise DBAPIError.instance("", None, error, dialect.loaded_dbapi.Error, dialect=dialect) from error

    def run_all(
        self, statement: PreparedForAll, keys: Sequence[tuple[Any, ...]], **params: Any
    ) -> list[tuple[Any, ...]]:
        """Run a statement that was prepared for many keys; its rows as plain tuples, in no order."""
        with self.cursor() as cursor:
            return statement.run_all(cursor, self._connection.dialect, keys, params)

    def seen(self, source: str, event_id: str) -> bool:
        """Take an event into the inbox. Whether it was there already: a repeat, whose work is done."""
        if self._sqlite:
            self._raw(
                "INSERT INTO inbox VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1",
                (source, event_id, utc_text(self.now)),
            )
        else:
            self._raw(
                "INSERT INTO inbox VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING 1",
                (source, event_id, self.now),
            )
        return not self._cursor.fetchall()

    def seen_all(self, events: Sequence[tuple[str, str]]) -> list[bool]:
        """:meth:`seen` for many events, by source and id. The second of two that are the same was seen."""
        if not events:
            return []
        if self._sqlite:
            rows, now = ", ".join(["(?, ?, ?)"] * len(events)), utc_text(self.now)
            values: list[Any] = [value for source, event_id in events for value in (source, event_id, now)]
            sql = f"INSERT INTO inbox VALUES {rows} ON CONFLICT DO NOTHING RETURNING source, event_id"  # noqa: S608  no value in it
        else:
            sql = (
                "INSERT INTO inbox SELECT source, event_id, %s FROM unnest(%s::text[], %s::text[]) "
                "AS many (source, event_id) ON CONFLICT DO NOTHING RETURNING source, event_id"
            )
            values = [
                self.now,
                texts(source for source, _id in events),
                texts(event_id for _source, event_id in events),
            ]
        self._raw(sql, values)
        fresh = set(self._cursor.fetchall())
        known = []
        for event in events:
            known.append(event not in fresh)
            fresh.discard(event)
        return known

    def participate(
        self,
        community_id: UUID,
        space_id: UUID,
        member: UUID,
        plugin: str,
        kind: str,
        *,
        activity_id: UUID | None = None,
        conversation: bool,
        at: datetime,
        at_source: str,
        features: Mapping[str, int | None] | None = None,
    ) -> None:
        """Note one act of a member. It is written with those of the whole group, just before the commit.

        :param member: the pseudonym, which is a member's id.
        :param conversation: whether it is conversation, or else reaction.
        :param at: when it happened.
        :param at_source: who says so: ``platform`` or ``received``.
        :param features: small whole numbers about it; never text.
        :raises ValueError: ``at`` is naive or ``at_source`` is another word.
        :raises TypeError: a feature is no whole number.
        """
        act = Act(community_id, space_id, member, plugin, kind, conversation, at, at_source, activity_id, features)
        self.participate_all((act,))

    def participate_all(self, acts: Sequence[Act]) -> None:
        """Note many acts, as :meth:`participate` notes one."""
        self._log.add(acts, self._ids.next_bytes(self.now, len(acts)))

    def guard(self, key: int, *, shared: bool = False) -> None:
        """Keep other processes out of what ``key`` stands for until this transaction ends; ``shared``: only those
        that want it for themselves. On SQLite nobody else writes anyway.
        """
        if not self._sqlite:
            self._raw(f"SELECT pg_advisory_xact_lock{'_shared' if shared else ''}(%s)", (key,))

    @contextmanager
    def nested(self) -> Iterator[None]:
        """A part that may fail by itself: catch its error outside of the ``with``, and the unit goes on."""
        self._touch()
        mark = self._log.mark()
        self._cursor.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._cursor.execute("ROLLBACK TO SAVEPOINT part")
            self._cursor.execute("RELEASE SAVEPOINT part")
            self._log.cut(mark)
            raise
        self._cursor.execute("RELEASE SAVEPOINT part")

    @contextmanager
    def cursor(self) -> Iterator[Any]:
        """The driver's cursor, for many rows at once (:mod:`storage.bulk`). Errors are SQLAlchemy's all the same."""
        self._touch()
        dialect = self._connection.dialect
        dbapi: Any = dialect.loaded_dbapi
        try:
            yield self._cursor
        except dbapi.Error as error:
            raise DBAPIError.instance("", None, error, dbapi.Error, dialect=dialect) from error

    def _raw(self, sql: str, values: Sequence[Any]) -> None:
        """Run SQL past SQLAlchemy, which costs more than the insert itself. Errors are SQLAlchemy's all the same."""
        self._touch()
        dialect = self._connection.dialect
        dbapi: Any = dialect.loaded_dbapi
        try:
            self._cursor.execute(sql, values)
        except dbapi.Error as error:
            raise DBAPIError.instance(sql, None, error, dbapi.Error, dialect=dialect) from error

    # The rest is the writer's.

    def begin_unit(self) -> int:
        """Begin the next unit. Where its part of the log begins."""
        self._touched = False
        return self._log.mark()

    def _touch(self) -> None:
        """Set the unit's savepoint before its first statement: a unit that only logs needs none."""
        if self._touched:
            return
        if self._point == _USED:
            # The last unit's is released only now: one way to the server and back for both.
            if self._sqlite:
                self._cursor.execute("RELEASE SAVEPOINT unit")
                self._cursor.execute("SAVEPOINT unit")
            else:
                self._cursor.execute("RELEASE SAVEPOINT unit; SAVEPOINT unit")
        elif self._point == _NONE:
            self._cursor.execute("SAVEPOINT unit")
        self._point = _FRESH
        self._touched = True

    def end_unit(self) -> None:
        """The unit went well.

        :raises RuntimeError: it hid an error of the database, and PostgreSQL would throw its work away.
        """
        if not self._touched:
            return
        if not self._sqlite and self._in_error():
            raise RuntimeError(
                "A unit of work hid an error of the database and went on. Put what may fail into `with tx.nested():`."
            )
        self._point = _USED

    def _in_error(self) -> bool:
        raw: Any = self._connection.connection.driver_connection
        return bool(raw.info.transaction_status.name == "INERROR")

    def undo_unit(self, mark: int) -> None:
        """The unit failed: take back its statements and its part of the log."""
        self._log.cut(mark)
        if self._touched:
            self._cursor.execute("ROLLBACK TO SAVEPOINT unit")
            self._point = _FRESH

    def flush(self) -> None:
        """Write the log of all the units."""
        self._log.flush(self._cursor)
