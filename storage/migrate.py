"""Migrations: the core's, and each plugin's beside them with a version table of its own.

A migration's file is named ``0001_what_it_does.py``; the number is its revision, and they follow each other in that
order. So it takes no Alembic to see where a store stands, and a start with nothing to migrate never loads it.
"""

from __future__ import annotations

import re
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.engine import URL

from storage import tables
from storage.connect import writing_engine
from storage.errors import StoreAhead
from storage.url import parse_url, shown

if TYPE_CHECKING:
    from alembic.config import Config

_HOME = Path(__file__).parent / "migrations"
_FILE = re.compile(r"(\d{4})_\w+\.py")
_PARTITION = re.compile(r"participation_(default|\d{4}_\d{2})")
_LOCK = 0x68616C6C  # "hall": whoever migrates a PostgreSQL holds this advisory lock
_ONE = threading.Lock()  # Alembic keeps its context in a module: two stores at once in one process would share it


class PluginMigrations(NamedTuple):
    """A plugin's migrations.

    :ivar name: the plugin's.
    :ivar path: the folder that the migration files are in.
    :ivar version_table: the table that keeps how far they ran.
    :ivar prefix: what its tables' names begin with; empty for the plugin's name and an underscore.
    """

    name: str
    path: Path
    version_table: str
    prefix: str = ""

    def owns(self, table: str) -> bool:
        """Whether a table is this plugin's."""
        return table.startswith(self.prefix or f"{self.name}_")


class MigrationState(NamedTuple):
    """Where a store stands.

    :ivar name: ``core``, or the plugin's name.
    :ivar current: the last migration that ran, or None.
    :ivar head: the last migration that there is, or None.
    :ivar ahead: the store was migrated by something newer than this.
    :ivar behind: migrations are missing.
    """

    name: str
    current: str | None
    head: str | None
    ahead: bool
    behind: bool


_CORE = PluginMigrations("core", _HOME / "versions", "alembic_version")


def check(url: str | URL, plugin: PluginMigrations | None = None) -> MigrationState:
    """Where a store stands, for the core or for a plugin. Changes nothing, and makes no file."""
    return check_all(url, () if plugin is None else (plugin,))[-1]


def check_all(url: str | URL, plugins: Sequence[PluginMigrations] = ()) -> list[MigrationState]:
    """Where a store stands: first the core, then each plugin."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        return [_state(migrations, None) for migrations in (_CORE, *plugins)]
    engine = writing_engine(parsed)
    try:
        with engine.connect() as connection:
            return states(connection, plugins)
    finally:
        engine.dispose()


def states(connection: Connection, plugins: Sequence[PluginMigrations] = ()) -> list[MigrationState]:
    """:func:`check_all` on a connection that is there."""
    return [_state(migrations, _current(connection, migrations)) for migrations in (_CORE, *plugins)]


def upgrade(url: str | URL, plugins: Sequence[PluginMigrations] = ()) -> None:
    """Run the migrations that are missing, all of them or none.

    :raises StoreAhead: the store was migrated by something newer. Nothing was changed.
    """
    parsed = parse_url(url)
    found = check_all(parsed, plugins)
    refuse_ahead(parsed, found)
    if not any(state.behind for state in found):
        return

    def run(connection: Connection) -> None:
        from alembic import command

        # Read again under the lock: another process may just have done it all.
        found = states(connection, plugins)
        refuse_ahead(parsed, found)
        for migrations, state in zip((_CORE, *plugins), found, strict=True):
            if state.behind:
                command.upgrade(_config(connection, migrations, plugins, tables.metadata), "head")

    _in_transaction(parsed, run)


def differences(
    url: str | URL, metadata: MetaData = tables.metadata, plugins: Sequence[PluginMigrations] = ()
) -> list[str]:
    """How a migrated store differs from the tables in the code, a line each. Of plugins, those given are compared."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    found: list[str] = []
    _add_postgresql(metadata)
    engine = writing_engine(parse_url(url))
    try:
        with engine.connect() as connection:
            for migrations in (_CORE, *plugins):
                options = {**_options(migrations, plugins), "target_metadata": metadata}
                context = MigrationContext.configure(connection, opts=options)
                found += [f"{migrations.name}: {_line(change)}" for change in compare_metadata(context, metadata)]
    finally:
        engine.dispose()
    return found


def revise(message: str, plugins: Sequence[PluginMigrations] = (), plugin: PluginMigrations | None = None) -> Path:
    """Write a new migration for what differs, to be read and put right by whoever asked for it."""
    from alembic import command

    migrations = plugin or _CORE
    _add_postgresql(tables.metadata)
    number = f"{len(_revisions(migrations)) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        url = parse_url(f"sqlite:///{folder}/hall.db")
        upgrade(url, plugins)
        made: list[Any] = []

        def run(connection: Connection) -> None:
            config = _config(connection, migrations, plugins, tables.metadata)
            made.append(command.revision(config, message, autogenerate=True, rev_id=number))

        _in_transaction(url, run)
    return Path(made[0].path)


def _in_transaction(url: URL, run: Callable[[Connection], None]) -> None:
    engine = writing_engine(url)
    sqlite = url.get_backend_name() == "sqlite"
    try:
        with _ONE, engine.connect() as connection:
            if sqlite:
                # Altering on SQLite copies the table and drops the old one, which its keys would forbid.
                connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE" if sqlite else "BEGIN")
            try:
                if not sqlite:
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
                run(connection)
                if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
                    raise RuntimeError(f"The migration would leave {len(broken)} rows without what they refer to.")
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()


def _revisions(migrations: PluginMigrations) -> list[str]:
    return sorted(match[1] for file in migrations.path.iterdir() if (match := _FILE.fullmatch(file.name)))


def _current(connection: Connection, migrations: PluginMigrations) -> str | None:
    if not inspect(connection).has_table(migrations.version_table):
        return None
    found: str | None = connection.execute(text(f'SELECT version_num FROM "{migrations.version_table}"')).scalar()  # noqa: S608  our own name
    return found


def _state(migrations: PluginMigrations, current: str | None) -> MigrationState:
    known = _revisions(migrations)
    head = known[-1] if known else None
    ahead = current is not None and current not in known
    return MigrationState(migrations.name, current, head, ahead, behind=not ahead and current != head)


def refuse_ahead(url: URL, states: Sequence[MigrationState]) -> None:
    """Go no further with a store that something newer migrated.

    :raises StoreAhead: that is so.
    """
    for state in states:
        if state.ahead:
            whose = "hallkeeper" if state.name == "core" else f"plugin {state.name!r}"
            raise StoreAhead(
                f"The store at {shown(url)} was migrated by a newer {whose} (to {state.current}; this one knows "
                f"{state.head}). Run that one, or restore the backup from before its upgrade. Nothing was changed."
            )


def _options(migrations: PluginMigrations, plugins: Sequence[PluginMigrations]) -> dict[str, Any]:
    """What Alembic must know to see the tables of ``migrations`` alone."""
    core = tables.CORE_TABLES

    def include_name(name: str | None, kind: str, _parents: Any) -> bool:
        # A table in the database that the code doesn't know is reported, unless it is somebody else's.
        if kind != "table" or name is None:
            return True
        if migrations is not _CORE:
            return migrations.owns(name) and name != migrations.version_table
        others = any(plugin.owns(name) or name == plugin.version_table for plugin in plugins)
        return name in core or not (others or _PARTITION.fullmatch(name) or name == migrations.version_table)

    def include_object(_object: Any, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
        if kind != "table" or reflected or name is None:
            return True
        return name in core if migrations is _CORE else migrations.owns(name)

    return {
        "version_table": migrations.version_table,
        "include_name": include_name,
        "include_object": include_object,
        "render_as_batch": True,
        "render_item": _render,
        "compare_type": True,
    }


def _add_postgresql(metadata: MetaData) -> None:
    """Give tables and indexes what their ``info`` says of PostgreSQL.

    Said to SQLAlchemy where they are declared it would load that dialect, at every start.
    """
    for table in metadata.tables.values():
        both: list[Any] = [table, *table.indexes]
        for one in both:
            one.dialect_kwargs.update({key: one.info[key] for key in one.info if key.startswith("postgresql_")})


def _render(kind: str, item: Any, _context: Any) -> str | bool:
    """Our own types by their names, so that a migration reads like the tables."""
    from sqlmodel import AutoString

    from storage import types

    if kind == "type":
        if isinstance(item, types.JsonData):
            return "types.Json"
        if isinstance(item, types.Id | types.Utc):
            return f"types.{type(item).__name__}()"
        if isinstance(item, AutoString):
            return "sa.String()"
    return False


def _config(
    connection: Connection,
    migrations: PluginMigrations,
    plugins: Sequence[PluginMigrations],
    metadata: MetaData,
) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HOME).replace("%", "%%"))
    config.set_main_option("version_locations", str(migrations.path).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes.update(connection=connection, metadata=metadata, options=_options(migrations, plugins))
    return config


def _line(change: Any) -> str:
    """One of Alembic's differences, as a line."""
    if isinstance(change, list):
        return "; ".join(_line(part) for part in change)
    return " ".join(str(part) for part in change if part is not None)


def _main(arguments: Sequence[str]) -> int:
    """``check [URL]`` compares the core's migrations with its tables; ``revise MESSAGE`` writes a new migration."""
    if len(arguments) == 2 and arguments[0] == "revise":
        sys.stdout.write(f"{revise(arguments[1])}\n")
        return 0
    if not arguments or arguments[0] != "check":
        sys.stderr.write("Say `check`, `check URL` (an empty database), or `revise MESSAGE`.\n")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        url = arguments[1] if len(arguments) > 1 else f"sqlite:///{folder}/hall.db"
        upgrade(url)
        found = differences(url)
    for line in found:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write("The tables and their migrations agree.\n" if not found else "Write a migration for these.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
