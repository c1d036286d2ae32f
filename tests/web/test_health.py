"""What machines are told about health, over real HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from tests.web.conftest import Site
from web.health import SILENT_SECONDS

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def asked(site: Site, path: str) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession(site.web.url) as session, session.get(path) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.status, await answer.json()


async def test_ready_with_the_age_of_the_last_frame(site: Site) -> None:
    site.bot.health.last_frame = site.time.now()
    site.time.pass_by(seconds=12.3)
    status, said = await asked(site, "/readyz")
    assert status == 200
    assert said == {
        "ready": True,
        "store": True,
        "connections": {"fake": {"connected": True, "listening": True, "last_frame_age": 12.3, "losses": {}}},
    }


async def test_not_ready_while_a_connection_is_lost_and_alive_all_the_same(site: Site) -> None:
    site.bot.health.connected = False
    status, said = await asked(site, "/readyz")
    assert (status, said["ready"], said["store"]) == (503, False, True)
    assert said["connections"]["fake"]["connected"] is False
    assert await asked(site, "/livez") == (200, {"alive": True})


async def test_not_ready_when_a_connection_says_nothing_any_more(site: Site) -> None:
    site.bot.health.last_frame = site.time.now() - timedelta(seconds=SILENT_SECONDS + 1)
    status, said = await asked(site, "/readyz")
    assert (status, said["ready"]) == (503, False)
    assert said["connections"]["fake"]["last_frame_age"] == SILENT_SECONDS + 1


async def test_not_ready_without_the_store(site: Site) -> None:
    await site.hall.stop()
    await site.hall.store.close()
    site.bot.health.connected = True
    status, said = await asked(site, "/readyz")
    assert (status, said["ready"], said["store"]) == (503, False, False)
