"""The built-in plugins' tables and their migrations agree, on both stores."""

from __future__ import annotations

from core.registry import migrations_of
from plugins.listening_parties import ListeningParties
from plugins.question_of_the_day import QuestionOfTheDay
from plugins.sampling_drops import SamplingDrops
from storage import migrate


def test_tables_and_migrations_agree(store_url: str) -> None:
    plugins = migrations_of([QuestionOfTheDay(), ListeningParties(), SamplingDrops()])
    migrate.upgrade(store_url, plugins)
    assert migrate.differences(store_url, plugins=plugins) == []
