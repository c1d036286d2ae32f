"""Migrations, on both stores."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage import migrate
from storage.connect import writing_engine
from storage.errors import StoreAhead, UnknownStore
from storage.migrate import PluginMigrations
from storage.tables import metadata
from storage.types import Id
from storage.url import parse_url
from tests.postgres import Postgres

VERSIONS = Path(migrate.__file__).parent / "migrations" / "versions"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a store that holds nothing yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/new/hall.db"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    url = postgres.make()
    yield url
    postgres.drop(url)


@contextlib.contextmanager
def connected(url: str) -> Iterator[sa.Connection]:
    engine = writing_engine(parse_url(url))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def execute(url: str, statement: str) -> None:
    with connected(url) as connection:
        connection.exec_driver_sql(statement)


def names(url: str) -> set[str]:
    with connected(url) as connection:
        return set(sa.inspect(connection).get_table_names())


def test_the_migrations_make_the_tables(empty_url: str) -> None:
    before = migrate.check(empty_url)
    assert (before.current, before.ahead, before.behind) == (None, False, True)
    migrate.upgrade(empty_url)
    assert migrate.differences(empty_url) == []
    after = migrate.check(empty_url)
    assert (after.current, after.ahead, after.behind) == (after.head, False, False)
    migrate.upgrade(empty_url)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("ALTER TABLE watermark DROP COLUMN value", "add_column"),
        ("ALTER TABLE watermark ADD COLUMN more INTEGER", "remove_column"),
        ("DROP TABLE dialogue", "add_table"),
        ("CREATE TABLE stray (id INTEGER)", "remove_table"),
        ("DROP INDEX ix_schedule_due", "add_index"),
    ],
)
def test_a_difference_is_told(store_url: str, change: str, told: str) -> None:
    execute(store_url, change)
    found = migrate.differences(store_url)
    assert len(found) == 1
    assert told in found[0]


def test_several_stores_are_migrated_at_once(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path}/{number}/hall.db" for number in range(4)]
    with ThreadPoolExecutor(len(urls)) as threads:
        list(threads.map(migrate.upgrade, urls))
    assert [migrate.check(url).behind for url in urls] == [False] * len(urls)


def test_a_store_that_is_ahead_is_left_alone(store_url: str) -> None:
    execute(store_url, "UPDATE alembic_version SET version_num = '9999'")
    assert migrate.check(store_url).ahead
    with pytest.raises(StoreAhead, match=r"newer hallkeeper .*9999.* restore the backup") as refusal:
        migrate.upgrade(store_url)
    assert "Nothing was changed" in str(refusal.value)
    assert migrate.check(store_url).current == "9999"


def test_looking_makes_no_file(tmp_path: Path) -> None:
    migrate.check(f"sqlite:///{tmp_path}/none.db")
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("url", ["mysql://a/b", "sqlite://", "sqlite:///:memory:", "nonsense", ""])
def test_an_address_of_no_store_is_told_what_to_write(url: str) -> None:
    with pytest.raises(UnknownStore, match="postgresql://user:password@host/database"):
        migrate.check(url)


def test_the_files_follow_each_other_by_their_numbers() -> None:
    files = sorted(VERSIONS.glob("[!_]*.py"))
    for number, file in enumerate(files, 1):
        assert re.fullmatch(rf"{number:04}_[a-z0-9_]+\.py", file.name)
        source = file.read_text()
        assert f'revision = "{number:04}"' in source
        before = f'"{number - 1:04}"' if number > 1 else None
        assert f"down_revision = {before}" in source


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[PluginMigrations]:
    """A plugin with one table, known to the metadata for as long as the test lasts."""
    folder = tmp_path / "plugin"
    folder.mkdir()
    (folder / "0001_first.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\nfrom storage import types\n"
        "revision = '0001'\ndown_revision = None\n"
        "def upgrade():\n"
        "    op.create_table('poll_vote', sa.Column('community_id', types.Id(), sa.ForeignKey('community.id', "
        "name='fk_poll_vote_community_id'), nullable=False), sa.Column('id', types.Id(), nullable=False), "
        "sa.PrimaryKeyConstraint('community_id', 'id', name='pk_poll_vote'))\n"
    )
    table = sa.Table(
        "poll_vote",
        metadata,
        sa.Column("community_id", Id, sa.ForeignKey("community.id"), primary_key=True),
        sa.Column("id", Id, primary_key=True),
    )
    yield PluginMigrations("poll", folder, "poll_version")
    metadata.remove(table)


def test_a_plugin_has_versions_of_its_own(empty_url: str, plugin: PluginMigrations) -> None:
    migrate.upgrade(empty_url)
    assert migrate.check(empty_url, plugin).behind
    assert "poll: add_table" in "".join(migrate.differences(empty_url, plugins=[plugin]))
    migrate.upgrade(empty_url, [plugin])
    assert {"poll_vote", "poll_version"} <= names(empty_url)
    assert not migrate.check(empty_url, plugin).behind
    assert migrate.check(empty_url).name == "core"
    assert migrate.differences(empty_url, plugins=[plugin]) == []


def test_a_plugin_that_is_ahead_is_named(store_url: str, plugin: PluginMigrations) -> None:
    migrate.upgrade(store_url, [plugin])
    execute(store_url, "UPDATE poll_version SET version_num = '0002'")
    with pytest.raises(StoreAhead, match="a newer plugin 'poll'"):
        migrate.upgrade(store_url, [plugin])


def test_a_migration_that_fails_leaves_nothing(empty_url: str, plugin: PluginMigrations) -> None:
    (plugin.path / "0002_breaks.py").write_text(
        "from alembic import op\nrevision = '0002'\ndown_revision = '0001'\n"
        "def upgrade():\n    op.execute('CREATE TABLE poll_half (id INTEGER)')\n    raise KeyError('on purpose')\n"
    )
    with pytest.raises(KeyError, match="on purpose"):
        migrate.upgrade(empty_url, [plugin])
    assert names(empty_url) == set()
