"""Halls for the Slack sandbox's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from sandbox.slack import SlackSandbox
from tests.sandbox.slack.kit import Hall


@pytest.fixture
async def make_hall() -> AsyncIterator[Callable[..., Awaitable[Hall]]]:
    """Make halls with the sandbox's arguments; all are stopped in the end."""
    halls: list[Hall] = []

    async def make(**arguments: Any) -> Hall:
        hall = Hall(SlackSandbox(**{"rate_limits": False, **arguments}))
        halls.append(hall)
        await hall.start()
        return hall

    yield make
    for hall in halls:
        await hall.stop()


@pytest.fixture
async def hall(make_hall: Callable[..., Awaitable[Hall]]) -> Hall:
    """A hall without rate limits."""
    return await make_hall()
