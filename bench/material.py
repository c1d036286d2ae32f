"""What the benches of the store work on: acts of many communities, and stores that keep their word about the disk."""

from __future__ import annotations

import contextlib
import random
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from storage.log import Act
from storage.types import uuid7
from tests import postgres

COMMUNITIES = 100_000
KINDS = (("answer", True), ("vote", False), ("reaction", False))
# Sync settings as in earnest, unlike in the tests.
DURABLE = ("fsync=on", "full_page_writes=on", "synchronous_commit=on", "shared_buffers=512MB", "max_wal_size=4GB")


class Acts:
    """Acts spread evenly over communities, the worst case for the rollup: few fall on the same row."""

    def __init__(self, communities: int = COMMUNITIES, seed: int = 1) -> None:
        self._random = random.Random(seed)
        now = datetime.fromisoformat("2026-11-01T00:00:00+00:00")
        self._homes = [(uuid7(now), uuid7(now), uuid7(now)) for _ in range(communities)]
        self._members = [uuid4() for _ in range(10_000)]

    def make(self, count: int, at: datetime) -> list[Act]:
        """So many acts of one moment."""
        acts: list[Act] = []
        for _ in range(count):
            community, space, activity = self._random.choice(self._homes)
            kind, conversation = self._random.choice(KINDS)
            member: UUID = self._random.choice(self._members)
            acts.append(Act(community, space, member, "qotd", kind, conversation, at, "platform", activity))
        return acts


@contextlib.contextmanager
def address(kind: str, folder: str | None = None) -> Iterator[str]:
    """The address of a new, durable store of a kind, for as long as the ``with`` lasts."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="hallbench", dir=folder) as made:
            yield f"sqlite:///{Path(made)}/hall.db"
        return
    with postgres.own_cluster(postgres.find_binaries(), *DURABLE) as cluster:
        yield cluster.make()
