"""The hall of the core's tests, for plugins."""

from __future__ import annotations

from tests.core.conftest import (
    bot,
    hall,
    kept_postgres_url,
    opened,
    postgres_template,
    postgres_url,
    probe,
    sqlite_template,
    time,
)

__all__ = [
    "bot",
    "hall",
    "kept_postgres_url",
    "opened",
    "postgres_template",
    "postgres_url",
    "probe",
    "sqlite_template",
    "time",
]
