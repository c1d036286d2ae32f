"""The main job, unwatched: ``hallkeeper demo --for 8 --json`` as whoever tries it runs it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from tests.app.conftest import CommandLine

QUERY = """
    SELECT platform, count(*) FROM participation JOIN space ON space.id = participation.space_id
    WHERE kind = 'answer' GROUP BY platform
"""


async def test_the_demo_answers_on_three_platforms_and_its_store_agrees(hallkeeper: CommandLine) -> None:
    ended = await hallkeeper("demo", "--for", "8", "--json", "--data", "kept")
    assert ended.code == 0, ended.err
    [line] = ended.out.splitlines()
    said = json.loads(line)
    assert set(said) == {"discord", "slack", "telegram"}
    for row in said.values():
        assert row["posted"] == 1
        assert row["answered"] == row["stored"] > 0
    with closing(sqlite3.connect(hallkeeper.folder / "kept" / "hall.db")) as store:
        assert dict(store.execute(QUERY)) == {name: row["stored"] for name, row in said.items()}
        assert store.execute("SELECT count(*) FROM community").fetchone() == (1,)
