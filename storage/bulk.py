"""Many rows at once: ``executemany`` on SQLite, COPY and arrays on PostgreSQL, where a row a statement costs a
round trip each. Rows are mappings by column name, all with the same names; ``common`` is what they all have besides.
Values are what the tables' types take.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Dialect

from storage.prepared import array
from storage.tables import Table, table_of
from storage.tx import Tx
from storage.types import JsonData

Rows = Sequence[Mapping[str, Any]]


def insert_all(tx: Tx, model: type[Table], rows: Rows, **common: Any) -> None:
    """Insert rows; what they leave out is null, nothing has a default here.

    :raises sqlalchemy.exc.IntegrityError: one breaks a key, and none was inserted.
    """
    if not rows:
        return
    own, shared = _columns(model, rows[0]), _columns(model, common)
    columns = own | shared
    names = ", ".join(columns)
    with tx.cursor() as cursor:
        if tx.dialect == "sqlite":
            places = ", ".join("?" for _ in columns)
            cursor.executemany(
                f"INSERT INTO {_name(model)} ({names}) VALUES ({places})",  # noqa: S608  our own names
                _converted(tx, own, rows, shared, common),
            )
            return
        with cursor.copy(f"COPY {_name(model)} ({names}) FROM STDIN") as copy:
            for values in _converted(tx, own, rows, shared, common):
                copy.write_row(values)


def insert_new(tx: Tx, model: type[Table], rows: Rows, **common: Any) -> None:
    """Insert those rows that no unique key knows yet, and leave the others out."""
    if not rows:
        return
    own, shared = _columns(model, rows[0]), _columns(model, common)
    columns = own | shared
    names = ", ".join(columns)
    with tx.cursor() as cursor:
        if tx.dialect == "sqlite":
            places = ", ".join("?" for _ in columns)
            cursor.executemany(
                f"INSERT INTO {_name(model)} ({names}) VALUES ({places}) ON CONFLICT DO NOTHING",  # noqa: S608  our own names
                _converted(tx, own, rows, shared, common),
            )
            return
        cursor.execute(
            f"INSERT INTO {_name(model)} ({names}) SELECT * FROM unnest({_arrays(tx, columns)}) "  # noqa: S608  our own names
            "ON CONFLICT DO NOTHING",
            _turned(columns, _converted(tx, own, rows, shared, common)),
        )


def update_all(tx: Tx, model: type[Table], keys: Sequence[str], rows: Rows, **common: Any) -> None:
    """Set in the rows with those keys all else that the mappings name."""
    if not rows:
        return
    own, shared = _columns(model, rows[0]), _columns(model, common)
    columns = own | shared
    table = _name(model)
    with tx.cursor() as cursor:
        if tx.dialect == "sqlite":
            # Numbered, as a row's values come in the order of its names.
            numbers = {name: f"?{number}" for number, name in enumerate(columns, 1)}
            sets = ", ".join(f"{name} = {number}" for name, number in numbers.items() if name not in keys)
            where = " AND ".join(f"{key} = {numbers[key]}" for key in keys)
            cursor.executemany(
                f"UPDATE {table} SET {sets} WHERE {where}",  # noqa: S608  our own names
                _converted(tx, own, rows, shared, common),
            )
            return
        sets = ", ".join(f"{name} = many.{name}" for name in columns if name not in keys)
        where = " AND ".join(f"{table}.{key} = many.{key}" for key in keys)
        cursor.execute(
            f"UPDATE {table} SET {sets} FROM unnest({_arrays(tx, columns)}) AS many ({', '.join(columns)}) "  # noqa: S608  our own names
            f"WHERE {where}",
            _turned(columns, _converted(tx, own, rows, shared, common)),
        )


def upsert_all(tx: Tx, model: type[Table], keys: Sequence[str], rows: Rows, **common: Any) -> None:
    """Insert rows, or set all their columns where the keys are known. No key twice."""
    if not rows:
        return
    own, shared = _columns(model, rows[0]), _columns(model, common)
    columns = own | shared
    names, table = ", ".join(columns), _name(model)
    sets = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in keys)
    merge = f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sets}"
    with tx.cursor() as cursor:
        if tx.dialect == "sqlite":
            places = ", ".join("?" for _ in columns)
            cursor.executemany(
                f"INSERT INTO {table} ({names}) VALUES ({places}) {merge}",  # noqa: S608  our own names
                _converted(tx, own, rows, shared, common),
            )
            return
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT * FROM unnest({_arrays(tx, columns)}) {merge}",  # noqa: S608  our own names
            _turned(columns, _converted(tx, own, rows, shared, common)),
        )


def _name(model: type[Table]) -> str:
    return str(table_of(model).name)


def _columns(model: type[Table], row: Mapping[str, Any]) -> dict[str, Column[Any]]:
    table = table_of(model)
    return {name: table.c[name] for name in row}


def _converted(
    tx: Tx, own: Mapping[str, Column[Any]], rows: Rows, shared: Mapping[str, Column[Any]], common: Mapping[str, Any]
) -> Iterable[list[Any]]:
    converts = [(name, _convert(tx, column)) for name, column in own.items()]
    tail = [
        value if (convert := _convert(tx, shared[name])) is None else convert(value) for name, value in common.items()
    ]
    for row in rows:
        yield [row[name] if convert is None else convert(row[name]) for name, convert in converts] + tail


def _convert(tx: Tx, column: Column[Any]) -> Callable[[Any], Any] | None:
    dialect: Dialect = tx.connection.dialect
    if isinstance(column.type, JsonData) and dialect.name == "postgresql":
        return _json  # what is common to all rows is written once, not once a row by the driver
    return column.type.dialect_impl(dialect).bind_processor(dialect)


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _arrays(tx: Tx, columns: Mapping[str, Column[Any]]) -> str:
    """A parameter for each column, cast to an array of its type."""
    types = tx.connection.dialect.type_compiler_instance
    return ", ".join(f"%s::{types.process(column.type)}[]" for column in columns.values())


def _turned(columns: Mapping[str, Column[Any]], rows: Iterable[list[Any]]) -> list[Any]:
    """The rows' values, an array a column."""
    return [
        array(column.type, values) for column, values in zip(columns.values(), zip(*rows, strict=True), strict=True)
    ]
