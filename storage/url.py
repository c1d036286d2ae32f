"""Addresses of stores."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from storage.errors import UnknownStore

_EXAMPLES = "Write sqlite:///data/hall.db or postgresql://user:password@host/database."
_DRIVERS = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


def parse_url(url: str | URL) -> URL:
    """The address with its driver. The folder of an SQLite file is made when it is missing.

    :raises UnknownStore: neither SQLite nor PostgreSQL, or an SQLite that is nowhere but in memory.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UnknownStore(f"This is no address of a store. {_EXAMPLES}") from None
    if parsed.drivername not in _DRIVERS:
        raise UnknownStore(f"There is no store of the kind {parsed.drivername!r}. {_EXAMPLES}")
    parsed = parsed.set(drivername=_DRIVERS[parsed.drivername])
    if parsed.drivername == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise UnknownStore(f"SQLite needs a file here: readers and the writer must see the same. {_EXAMPLES}")
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    return parsed


def shown(url: URL) -> str:
    """The address as it may be shown: without the password."""
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)
