"""Statements made once and run many times, on the driver's own cursor.

Building a statement costs SQLAlchemy some 300 µs and running it another 130, most of it bookkeeping that a hot path
does not need. Prepared, it is written in SQLAlchemy, rendered once for each dialect, and runs in about 20 µs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Dialect, LargeBinary, Select, String, TableClause, column, table
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeEngine

from storage.types import Id, Utc

Convert = Callable[[Any], Any] | None


Statement = Select[*tuple[Any, ...]] | UpdateBase


class _Rendered(NamedTuple):
    sql: str
    names: tuple[str, ...]
    positional: bool
    binds: Mapping[str, Convert]
    constants: Mapping[str, int]
    results: tuple[Convert, ...]

    def values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **self.constants,
            **{
                name: value if (convert := self.binds[name]) is None or value is None else convert(value)
                for name, value in params.items()
            },
        }

    def rows(self, cursor: Any) -> list[tuple[Any, ...]]:
        if not self.results:
            return []
        # By columns: a call for each value is most of what reading costs.
        columns = zip(*cursor.fetchall(), strict=True)
        converted = (
            values if convert is None else map(convert, values)
            for values, convert in zip(columns, self.results, strict=False)  # no columns where no row is
        )
        return list(zip(*converted, strict=True))


class Prepared:
    """A statement whose every value is a ``bindparam``; see :meth:`storage.tx.Tx.run`.

    Literals in it are rendered once with it. Rows come back as plain tuples, in the order of the selected columns.
    """

    def __init__(self, statement: Statement | Callable[[], Statement]) -> None:
        """:param statement: or what makes it when it is first run: a start runs few of the house's."""
        self._made = statement
        self._rendered: dict[str, _Rendered] = {}

    def run(self, cursor: Any, dialect: Dialect, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Execute on a driver's cursor; returns the rows, none for a statement that returns none."""
        rendered = self._rendered.get(dialect.name) or self._render(dialect)
        values = rendered.values(params)
        cursor.execute(rendered.sql, [values[name] for name in rendered.names] if rendered.positional else values)
        return rendered.rows(cursor)

    def _render(self, dialect: Dialect) -> _Rendered:
        statement = self._made() if callable(self._made) else self._made
        compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        if not all(isinstance(value, int) for value in constants.values()):  # as LIMIT has them
            raise ValueError(f"a prepared statement takes bindparams alone; it holds the values {sorted(constants)}")
        columns: Any = getattr(statement, "exported_columns", ())
        rendered = _Rendered(
            sql=str(compiled),
            names=tuple(compiled.positiontup or ()),
            positional=bool(compiled.positional),
            binds={
                name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()
            },
            constants=constants,
            results=tuple(column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns),
        )
        self._rendered[dialect.name] = rendered
        return rendered


def array(kind: TypeEngine[Any], values: Iterable[Any]) -> Any:
    """PostgreSQL's array of such values, as a parameter. What is often there many times as text: the driver takes
    2 µs for each value."""
    if isinstance(kind, Id):
        return f"{{{','.join('NULL' if one is None else one.hex for one in values)}}}"
    if isinstance(kind, Utc):
        return f"{{{','.join('NULL' if one is None else one.isoformat() for one in values)}}}"
    if isinstance(kind, String):
        return texts(values)
    if isinstance(kind, LargeBinary):
        return f"{{{','.join(map(_bytes, values))}}}"
    return list(values)


def texts(values: Iterable[str | None]) -> str:
    """PostgreSQL's array of texts, as a parameter."""
    return f"{{{','.join(map(_text, values))}}}"


def _text(one: str | None) -> str:
    """In quotes, what means something there escaped (the manual's page on arrays, "Input and Output Syntax")."""
    if one is None:
        return "NULL"
    if "\\" in one or '"' in one:
        one = one.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{one}"'


def _bytes(one: Any) -> str:
    """In hex (the manual's page on bytea), whose backslash an array wants twice."""
    if one is None:
        return "NULL"
    data: bytes = getattr(one, "obj", one)  # SQLAlchemy wraps bytes for the driver
    return f'"\\\\x{data.hex()}"'


class PreparedForAll(Prepared):
    """A prepared statement for many keys at once: it finds them in a table ``wanted``, whose columns it is given.

    What SQLAlchemy itself makes of ``IN`` over pairs costs some 10 µs a pair, this a tenth of it.

    :param columns: ``wanted``'s columns and their types, up to 16 and in the order of the keys.
    :param build: makes the statement of ``wanted``.
    """

    def __init__(self, columns: Mapping[str, TypeEngine[Any]], build: Callable[[TableClause], Statement]) -> None:
        super().__init__(lambda: build(table("wanted", *(column(name, kind) for name, kind in columns.items()))))
        self._columns = dict(columns)

    def run_all(
        self, cursor: Any, dialect: Dialect, keys: Sequence[tuple[Any, ...]], params: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        """Execute for the keys, on a driver's cursor; returns the rows, in no order."""
        if not keys:
            return []
        rendered = self._rendered.get(dialect.name) or self._render(dialect)
        values = rendered.values(params)
        converts = [kind.dialect_impl(dialect).bind_processor(dialect) for kind in self._columns.values()]
        names = ", ".join(self._columns)
        if rendered.positional:
            one = f"({', '.join('?' for _ in self._columns)})"
            # Many keys and no figures of what is in its tables lead SQLite to begin with a table, from end to end: so
            # it is told that few are wanted ("likelihood(X,Y)" in its core functions; nothing is left out by it).
            wanted = (
                f"WITH wanted ({names}) AS (SELECT * FROM (VALUES {', '.join([one] * len(keys))}) "  # noqa: S608  ours
                "WHERE likelihood(column1 IS column1, 0.0001)) "
            )
            flat = [
                value if convert is None else convert(value)
                for key in keys
                for value, convert in zip(key, converts, strict=True)
            ]
            cursor.execute(wanted + rendered.sql, [*flat, *(values[name] for name in rendered.names)])
        else:
            types = dialect.type_compiler_instance
            arrays = ", ".join(f"%(wanted_{name})s::{types.process(kind)}[]" for name, kind in self._columns.items())
            wanted = f"WITH wanted ({names}) AS (SELECT * FROM unnest({arrays})) "  # noqa: S608  our own names
            for (name, kind), convert, many in zip(
                self._columns.items(), converts, zip(*keys, strict=True), strict=True
            ):
                values[f"wanted_{name}"] = array(kind, many if convert is None else map(convert, many))
            cursor.execute(wanted + rendered.sql, values)
        return rendered.rows(cursor)
