"""PLACEHOLDER."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

from storage.tables import metadata
from storage.url import parse_url


@dataclass(frozen=True)
class PluginMigrations:
    """Where a plugin's migrations are, and in which table it keeps its version."""

    name: str
    path: Path
    version_table: str
    prefix: str = ""


@dataclass(frozen=True)
class MigrationState:
    """Where a store stands."""

    name: str
    current: str | None
    head: str | None
    ahead: bool
    behind: bool


def check_all(url: str | URL, plugins: Sequence[PluginMigrations] = ()) -> list[MigrationState]:
    return []


def upgrade(url: str | URL, plugins: Sequence[PluginMigrations] = ()) -> None:
    engine = create_engine(parse_url(url))
    metadata.create_all(engine)
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(
                text("CREATE TABLE IF NOT EXISTS participation_default PARTITION OF participation DEFAULT")
            )
    engine.dispose()
