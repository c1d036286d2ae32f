"""A connected bot, for most of these tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.bots.slack.kit import Place, running


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with running() as made:
        yield made
