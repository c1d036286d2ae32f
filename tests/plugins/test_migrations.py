"""The built-in plugins' tables and their migrations agree, on both stores."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest

from core.registry import migrations_of
from plugins.listening_parties import ListeningParties
from plugins.question_of_the_day import QuestionOfTheDay
from plugins.sampling_drops import SamplingDrops
from plugins.surveys import Surveys
from storage import migrate

PLUGINS = migrations_of([QuestionOfTheDay(), ListeningParties(), SamplingDrops(), Surveys()])


def test_tables_and_migrations_agree(store_url: str) -> None:
    migrate.upgrade(store_url, PLUGINS)
    assert migrate.differences(store_url, plugins=PLUGINS) == []


@pytest.mark.parametrize(
    ("table", "where"),
    [
        ("once", "community_id = 1 AND subject_id = 1 AND claim_id IN (1, 2)"),
        ("drop_claim", "community_id = 1 AND account_id = 1"),
        ("survey_response", "community_id = 1 AND member_id = 1"),
        ("survey_taker", "community_id = 1 AND member_id = 1"),
    ],
)
def test_what_is_one_persons_is_found_without_reading_everybodys(sqlite_url: str, table: str, where: str) -> None:
    migrate.upgrade(sqlite_url, PLUGINS)
    with closing(sqlite3.connect(sqlite_url.split("///", 1)[1])) as store:
        found = store.execute(f"EXPLAIN QUERY PLAN DELETE FROM {table} WHERE {where}").fetchall()  # noqa: S608  ours
    names = re.findall(r"(\w+) (?:=|IN)", where)
    assert [re.findall(r"(\w+)=\?", row[3]) for row in found] == [names]
