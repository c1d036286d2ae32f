"""A page over three fake platforms, and a browser to look at it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import pytest_asyncio

from sandbox.page import Page
from tests.browser import browser as browser
from tests.browser import chromium_process as chromium_process
from tests.sandbox.page.scene import Scene, three


@dataclass
class Shown:
    """The page and what stands behind it."""

    page: Page
    discord: Scene
    slack: Scene
    telegram: Scene

    @property
    def url(self) -> str:
        return self.page.url


@pytest_asyncio.fixture(loop_scope="session")
async def shown() -> AsyncIterator[Shown]:
    """The page, started, counting what the fake bots stored."""
    scenes = await three()

    async def answered() -> Mapping[str, int]:
        return {one.platform.name: len(one.platform.answers) for one in scenes}

    page = Page([one.platform for one in scenes], answered=answered)
    await page.start()
    yield Shown(page, *scenes)
    await page.stop()
