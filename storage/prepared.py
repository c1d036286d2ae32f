"""Statements made once and run many times, on the driver's own cursor.

Building a statement costs SQLAlchemy some 300 µs and running it another 130, most of it bookkeeping that a hot path
does not need. Prepared, it is written in SQLAlchemy, rendered once for each dialect, and runs in about 20 µs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Select
from sqlalchemy.sql.dml import UpdateBase

Convert = Callable[[Any], Any] | None


class _Rendered(NamedTuple):
    sql: str
    names: tuple[str, ...]
    positional: bool
    binds: Mapping[str, Convert]
    results: tuple[Convert, ...]


class Prepared:
    """A statement whose every value is a ``bindparam``; see :meth:`storage.tx.Tx.run`.

    Literals in it are rendered once with it. Rows come back as plain tuples, in the order of the selected columns.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]] | UpdateBase) -> None:
        self._statement = statement
        self._rendered: dict[str, _Rendered] = {}

    def run(self, cursor: Any, dialect: Dialect, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Execute on a driver's cursor; returns the rows, none for a statement that returns none."""
        rendered = self._rendered.get(dialect.name) or self._render(dialect)
        values = {
            name: value if (convert := rendered.binds[name]) is None or value is None else convert(value)
            for name, value in params.items()
        }
        cursor.execute(rendered.sql, [values[name] for name in rendered.names] if rendered.positional else values)
        if not rendered.results:
            return []
        converts = rendered.results
        return [
            tuple(
                value if convert is None or value is None else convert(value)
                for value, convert in zip(row, converts, strict=True)
            )
            for row in cursor.fetchall()
        ]

    def _render(self, dialect: Dialect) -> _Rendered:
        compiled = self._statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        literal = {name: value for name, value in compiled.params.items() if value is not None}
        if literal:
            raise ValueError(f"a prepared statement takes bindparams alone; it holds the values {sorted(literal)}")
        columns: Any = getattr(self._statement, "exported_columns", ())
        rendered = _Rendered(
            sql=str(compiled),
            names=tuple(compiled.positiontup or ()),
            positional=bool(compiled.positional),
            binds={
                name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()
            },
            results=tuple(column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns),
        )
        self._rendered[dialect.name] = rendered
        return rendered
