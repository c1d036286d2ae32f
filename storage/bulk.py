"""Many rows at once: ``executemany`` on SQLite, COPY and arrays on PostgreSQL, where a row a statement costs a
round trip each. Rows are mappings by column name, all with the same names; values are what the tables' types take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Dialect

from storage.tables import Table, table_of
from storage.tx import Tx

Rows = Sequence[Mapping[str, Any]]


def insert_all(tx: Tx, model: type[Table], rows: Rows) -> None:
    """Insert rows; what they leave out is null, nothing has a default here.

    :raises sqlalchemy.exc.IntegrityError: one breaks a key, and none was inserted.
    """
    if not rows:
        return
    columns = _columns(model, rows[0])
    names = ", ".join(columns)
    with tx.cursor() as cursor:
        if tx.dialect == "sqlite":
            places = ", ".join("?" for _ in columns)
            cursor.executemany(
                f"INSERT INTO {_name(model)} ({names}) VALUES ({places})",  # noqa: S608  our own names
                _converted(tx, columns, rows),
            )
            return
        with cursor.copy(f"COPY {_name(model)} ({names}) FROM STDIN") as copy:
            for values in _converted(tx, columns, rows):
                copy.write_row(values)


def update_all(tx: Tx, model: type[Table], keys: Sequence[str], rows: Rows) -> None:
    """Set in the rows with those keys all else that the mappings name."""
    if not rows:
        return
    columns = _columns(model, rows[0])
    table = _name(model)
    with tx.cursor() as cursor:
        if tx.dialect == "sqlite":
            ordered = {name: column for name, column in columns.items() if name not in keys}
            sets = ", ".join(f"{name} = ?" for name in ordered)
            where = " AND ".join(f"{key} = ?" for key in keys)
            ordered |= {key: columns[key] for key in keys}
            cursor.executemany(
                f"UPDATE {table} SET {sets} WHERE {where}",  # noqa: S608  our own names
                _converted(tx, ordered, rows),
            )
            return
        sets = ", ".join(f"{name} = many.{name}" for name in columns if name not in keys)
        where = " AND ".join(f"{table}.{key} = many.{key}" for key in keys)
        cursor.execute(
            f"UPDATE {table} SET {sets} FROM unnest({_arrays(tx, columns)}) AS many ({', '.join(columns)}) "  # noqa: S608  our own names
            f"WHERE {where}",
            _turned(tx, columns, rows),
        )


def upsert_all(tx: Tx, model: type[Table], keys: Sequence[str], rows: Rows) -> None:
    """Insert rows, or set all their columns where the keys are known. No key twice."""
    if not rows:
        return
    columns = _columns(model, rows[0])
    names, table = ", ".join(columns), _name(model)
    sets = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in keys)
    merge = f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sets}"
    with tx.cursor() as cursor:
        if tx.dialect == "sqlite":
            places = ", ".join("?" for _ in columns)
            cursor.executemany(
                f"INSERT INTO {table} ({names}) VALUES ({places}) {merge}",  # noqa: S608  our own names
                _converted(tx, columns, rows),
            )
            return
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT * FROM unnest({_arrays(tx, columns)}) {merge}",  # noqa: S608  our own names
            _turned(tx, columns, rows),
        )


def _name(model: type[Table]) -> str:
    return str(table_of(model).name)


def _columns(model: type[Table], row: Mapping[str, Any]) -> dict[str, Column[Any]]:
    table = table_of(model)
    return {name: table.c[name] for name in row}


def _converted(tx: Tx, columns: Mapping[str, Column[Any]], rows: Rows) -> Iterable[list[Any]]:
    converts = [(name, _convert(tx, column)) for name, column in columns.items()]
    for row in rows:
        yield [row[name] if convert is None else convert(row[name]) for name, convert in converts]


def _convert(tx: Tx, column: Column[Any]) -> Callable[[Any], Any] | None:
    dialect: Dialect = tx.connection.dialect
    return column.type.dialect_impl(dialect).bind_processor(dialect)


def _arrays(tx: Tx, columns: Mapping[str, Column[Any]]) -> str:
    """A parameter for each column, cast to an array of its type."""
    types = tx.connection.dialect.type_compiler_instance
    return ", ".join(f"%s::{types.process(column.type)}[]" for column in columns.values())


def _turned(tx: Tx, columns: Mapping[str, Column[Any]], rows: Rows) -> list[list[Any]]:
    """The rows' values, a list a column."""
    return [list(values) for values in zip(*_converted(tx, columns, rows), strict=True)]
