"""No statement of the hot paths reads a whole table on SQLite, whose planner has no figures of what is in one.

PostgreSQL's plans depend on what its tables hold: ``make bench`` looks at those.
"""

from __future__ import annotations

import gc
import importlib
import pkgutil
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from types import SimpleNamespace
from typing import Any

from sqlalchemy.dialects import sqlite

import core
import plugins
import storage
from storage import migrate
from storage.prepared import Prepared, PreparedForAll
from storage.tables import metadata
from tests.plugins.test_migrations import PLUGINS

FEW = {
    "worker",  # a row for each process
}
KEYS = 1000
"""SQLite plans otherwise for many than for one."""
FIRST = {
    "ix_schedule_due",  # the first row of an order
}


def test_no_prepared_statement_reads_a_whole_table(sqlite_url: str) -> None:
    for package in (storage, core, plugins):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not re.search(r"\.(migrations|testing)\b", module.name):
                importlib.import_module(module.name)
    migrate.upgrade(sqlite_url, PLUGINS)
    known = [one for one in gc.get_objects() if isinstance(one, Prepared)]
    assert len(known) > 50
    with closing(sqlite3.connect(sqlite_url.split("///", 1)[1])) as store:
        found = {step for one in known for step in read_whole(store, one)}
    assert found == set()


def read_whole(store: sqlite3.Connection, statement: Prepared) -> list[str]:
    """The steps of its plan that read a table from end to end, or make an index of what is wanted to do so."""
    found = []
    for (step,) in (row[3:] for row in plan(store, statement)):
        scanned = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step)
        whole = scanned is not None and scanned[1] in set(metadata.tables) - FEW and scanned[2] not in FIRST
        if whole or ("AUTOMATIC" in step and "wanted" in step):
            found.append(step)
    return found


def plan(store: sqlite3.Connection, statement: Prepared) -> list[tuple[Any, ...]]:
    """How SQLite goes about it, with as many keys as a batch has and nothing for each value."""
    seen: list[tuple[str, Sequence[Any]]] = []
    cursor: Any = SimpleNamespace(execute=lambda sql, values: seen.append((sql, values)), fetchall=list)
    dialect = sqlite.dialect(paramstyle="qmark")
    nothing = dict.fromkeys(statement._render(dialect).binds)
    if isinstance(statement, PreparedForAll):
        statement.run_all(cursor, dialect, [(None,) * len(statement._columns)] * KEYS, nothing)
    else:
        statement.run(cursor, dialect, nothing)
    [(sql, values)] = seen
    return store.execute(f"EXPLAIN QUERY PLAN {sql}", list(values)).fetchall()
