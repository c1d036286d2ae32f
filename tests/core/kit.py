"""What several tests of the core need."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import settings
from sqlalchemy import text

from core.action import Action, Argument
from storage.engine import Store
from tests.core.probe import CODE, Probe

one_store = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
"""For what the kind of store makes no difference to."""
quick = settings(max_examples=40, deadline=None)
"""For hypothesis on a machine that others share."""


async def rows(store: Store, sql: str) -> list[tuple[object, ...]]:
    """What the store says."""
    async with store.session() as session:
        return [tuple(row) for row in (await session.execute(text(sql))).all()]


async def kinds(store: Store) -> dict[object, object]:
    """How many participations of each kind the store has."""
    found = await rows(store, "SELECT kind, count(*) FROM participation GROUP BY kind")
    return {row[0]: row[1] for row in found}


async def until(check: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not check():  # noqa: ASYNC110 - what is waited for is another's state, not an event
            await asyncio.sleep(0.01)


def action(probe: Probe, verb: str, *args: Argument, community: UUID | None = None) -> Action:
    """An action of the probe in the community that was set up."""
    return Action(CODE, verb, args, community or probe.settlements[0].community_id)
