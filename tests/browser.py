"""A real browser for tests: the system's Chromium, driven by Playwright, with an empty profile of its own.

A folder whose tests need it imports the fixtures in its ``conftest.py``::

    from tests.browser import browser as browser, chromium_process as chromium_process

The browser lives in the session's event loop, so its tests and their async fixtures run there too::

    pytestmark = pytest.mark.asyncio(loop_scope="session")
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
WIDE = (1440, 900)
NARROW = (390, 844)
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # in a container there is no user namespace, and the only pages are our own
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--force-color-profile=srgb",
)
MISSING = (
    "The browser tests need Chromium and found none of: chromium, chromium-browser, google-chrome. "
    "Install it with: apt-get install chromium"
)


def chromium() -> str:
    """Where the system's Chromium is. A test that needs it fails without, it is never skipped."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail(MISSING, pytrace=False)
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium_process(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """One Chromium for the whole session: it takes as long to start as a test to run."""
    executable = chromium()
    async with async_playwright() as playwright:
        # Playwright gives it an empty profile in a folder of its own and removes that at the end.
        process = await playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        try:
            yield process
        finally:
            await process.close()


@pytest_asyncio.fixture(loop_scope="session")
async def browser(chromium_process: Browser) -> AsyncIterator[BrowserContext]:
    """A browser that has never been anywhere. Its windows speak English, in UTC, and hold still."""
    context = await chromium_process.new_context(
        locale="en-GB",
        timezone_id="UTC",
        viewport={"width": WIDE[0], "height": WIDE[1]},
        reduced_motion="reduce",
    )
    context.set_default_timeout(15_000)
    try:
        yield context
    finally:
        await context.close()


@asynccontextmanager
async def window(context: BrowserContext, url: str, size: tuple[int, int] = WIDE) -> AsyncIterator[Page]:
    """A window on ``url``. It fails at its end when the page raised or complained in the console meanwhile."""
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None)
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    await page.goto(url)
    try:
        yield page
    finally:
        await page.close()
    if complaints:
        pytest.fail("The page complained: " + "; ".join(complaints))


__all__ = ["NARROW", "WIDE", "browser", "chromium", "chromium_process", "window"]
