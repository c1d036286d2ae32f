"""What machines are told about health, over real HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from core.incidents import Kind
from storage.tables import Delivery, Lease, Worker
from storage.tx import Tx
from tests.web.conftest import Site
from web.health import SILENT_SECONDS

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def asked(site: Site, path: str) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession(site.web.url) as session, session.get(path) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.status, await answer.json()


async def leave_it_to(site: Site, other: str, alive: timedelta) -> None:
    """Another process holds the duty to hear the platform, and lives so long."""

    def unit(tx: Tx) -> None:
        table = Lease.__table__  # type: ignore[attr-defined]  # set on every model that is a table
        tx.add(Worker(id=other, alive_until=tx.now + alive, started_at=tx.now))
        tx.execute(table.update().values(worker=other))

    await site.hall.store.write(unit)
    await site.bot.hush()


async def test_ready_with_the_age_of_the_last_frame(site: Site) -> None:
    site.bot.health.last_frame = site.time.now()
    site.time.pass_by(seconds=12.3)
    status, said = await asked(site, "/readyz")
    assert status == 200
    assert said == {
        "ready": True,
        "store": True,
        "alive": True,
        "connections": {"fake": {"state": "listening", "connected": True, "last_frame_age": 12.3, "losses": {}}},
        "posts": {"late": 0, "unknown": 0, "failed": 0},
    }


async def test_not_ready_while_a_connection_is_lost_and_alive_all_the_same(site: Site) -> None:
    site.bot.health.connected = False
    status, said = await asked(site, "/readyz")
    assert (status, said["ready"], said["store"]) == (503, False, True)
    assert (said["connections"]["fake"]["connected"], said["connections"]["fake"]["state"]) == (False, "lost")
    assert await asked(site, "/livez") == (200, {"alive": True})


async def test_not_ready_when_a_connection_says_nothing_any_more(site: Site) -> None:
    site.bot.health.last_frame = site.time.now() - timedelta(seconds=SILENT_SECONDS + 1)
    status, said = await asked(site, "/readyz")
    assert (status, said["ready"]) == (503, False)
    assert said["connections"]["fake"]["last_frame_age"] == SILENT_SECONDS + 1


async def test_ready_where_another_process_hears_the_platform(site: Site) -> None:
    await leave_it_to(site, "other", timedelta(seconds=15))
    status, said = await asked(site, "/readyz")
    assert (status, said["connections"]["fake"]["state"]) == (200, "standing by")


async def test_not_ready_where_it_stands_by_and_could_not_even_take_over(site: Site) -> None:
    await leave_it_to(site, "other", timedelta(seconds=15))
    site.bot.health.detail = "the token is not accepted any more"
    status, said = await asked(site, "/readyz")
    assert (status, said["connections"]["fake"]["state"]) == (503, "lost")


async def test_not_ready_where_no_process_hears_it(site: Site) -> None:
    await leave_it_to(site, "other", timedelta(seconds=-1))
    status, said = await asked(site, "/readyz")
    assert (status, said["connections"]["fake"]["state"]) == (503, "unheard")


async def test_not_ready_when_it_may_not_rely_on_its_own_leases(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(site.hall.workforce), "alive", False)
    status, said = await asked(site, "/readyz")
    assert (status, said["store"], said["alive"]) == (503, True, False)


async def test_posts_that_are_late_or_stuck_are_counted_and_make_nobody_unready(site: Site) -> None:
    await site.stick("unknown")
    for _number in range(2):
        await site.stick("failed")
    table = Delivery.__table__  # type: ignore[attr-defined]  # set on every model that is a table
    before = site.time.now() - timedelta(minutes=2)
    await site.hall.stop()  # or else they would go out
    late = await site.stick(Kind.FAILED)
    values = {"state": "pending", "lane": "fake", "due_at": before}
    await site.hall.store.write(
        lambda tx: tx.execute(table.update().where(table.c.id == late).values(**values)) and None
    )
    _status, said = await asked(site, "/readyz")
    assert said["posts"] == {"late": 1, "unknown": 1, "failed": 2}


async def test_not_ready_without_the_store(site: Site) -> None:
    await site.hall.stop()
    await site.hall.store.close()
    await site.bot.listen()
    status, said = await asked(site, "/readyz")
    assert (status, said["ready"], said["store"]) == (503, False, False)
    assert "posts" not in said
