"""What every table shares. A plugin's tables inherit from :class:`Table` too, its prefix in their names."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlalchemy import Table as CoreTable
from sqlmodel import SQLModel

metadata = MetaData(
    # Alembic can only alter on SQLite what has a name.
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


class Table(SQLModel):
    """The base of every table. Rows are plain data: nothing is validated when they are made.

    Two things keep a start quick, at which each table costs 2 ms. Its module does without ``annotations`` from the
    future: pydantic would compile each of them again. And what it has on PostgreSQL alone (``postgresql_where`` …)
    stands in its ``info``, or an index's: said plainly it loads that dialect, 20 ms and 2 MB, on SQLite too.
    """

    # A row is never validated, so nothing needs the validators that pydantic would build for each table at start.
    model_config = {"defer_build": True}
    metadata = metadata


def table_of(model: type[Table]) -> CoreTable:
    """SQLAlchemy's table of a model: selecting it in a unit of work gives rows of its columns."""
    table: CoreTable = model.__table__  # type: ignore[attr-defined]  # set on every model that is a table
    return table
