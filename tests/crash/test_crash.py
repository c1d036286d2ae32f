"""``make crash`` in small: processes killed at aimed moments while questions go out; nothing is lost or doubled."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from tests.crash.__main__ import told
from tests.crash.run import Run
from tests.postgres import Postgres

KILLS = 5
CHANNELS = 30
LEASE = 3.0
"""Seconds until a killed process is known for dead; what is the product's own is 15."""


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("store", "workers"), [("sqlite", 1), ("postgresql", 2)])
async def test_killed_again_and_again_it_posts_each_question_once_in_each_channel(
    store: str, workers: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # killed callers leave half requests
    url = f"sqlite:///{tmp_path / 'hall.db'}"
    postgres: Postgres | None = request.getfixturevalue("postgres") if store == "postgresql" else None
    if postgres is not None:
        url = postgres.make()
    run = Run([url] * workers, CHANNELS, tmp_path, LEASE, kills=KILLS, seed=1, progress=lambda _: None, patience=90.0)
    await run.go()
    findings = [finding for verdict in run.verdicts.values() for finding in verdict.findings]
    assert run.good, "\n".join([json.dumps(told(run)), *run.troubles, *findings])
    assert run.killed >= KILLS
    if postgres is not None:
        postgres.drop(url)
