"""A town with a connected bot, for most of these tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.sandbox.discord.kit import Bot, Town, connected, town


@pytest.fixture
async def place(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    async with town(monkeypatch, deadline=0.5) as built:
        yield built


@pytest.fixture
async def bot(place: Town) -> AsyncIterator[Bot]:
    async with connected(place) as client:
        yield client
