"""hallkeeper with its real bots beside the sandbox's platforms, in one event loop; a fresh store for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.registry import migrations_of
from core.testing import SetClock
from plugins.listening_parties import ListeningParties
from plugins.question_of_the_day import QuestionOfTheDay
from plugins.sampling_drops import SamplingDrops
from sandbox.control import Platform
from storage import migrate
from tests.app.conftest import hallkeeper
from tests.e2e.kit import BEFORE_NINE, SANDBOXES, LiveClock, Stage, hall, populated

__all__ = ["hallkeeper"]
"""The command line, for these tests too."""


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that knows the plugin's tables already, to be copied."""
    path = tmp_path_factory.mktemp("store") / "template.db"
    migrate.upgrade(f"sqlite:///{path}", migrations_of([QuestionOfTheDay, ListeningParties, SamplingDrops]))
    return path


@pytest.fixture
def clock() -> SetClock:
    """Half past eight in Berlin, and time goes on."""
    return LiveClock(BEFORE_NINE)


@pytest.fixture(params=list(SANDBOXES))
async def platform(request: pytest.FixtureRequest) -> AsyncIterator[Platform]:
    """Each platform in turn."""
    made = SANDBOXES[request.param]()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def stage(platform: Platform, clock: SetClock, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """A platform with people, and hallkeeper, which nobody has added yet."""
    world, people = await populated(platform)
    async with hall([platform], sqlite_url, tmp_path, clock) as house:
        yield Stage(world, house, clock, people)
