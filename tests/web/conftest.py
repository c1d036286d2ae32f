"""The pages over real HTTP, with a community in which people took part."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest_asyncio
from sqlalchemy import select
from sqlmodel import col

from core.hall import Hall
from core.incidents import Kind, note
from core.plugin import Plugin
from core.registry import migrations_of
from core.testing import FakeBot, SetClock, hall_for, install
from plugins.question_of_the_day import QuestionOfTheDay
from storage.engine import Store
from storage.tables import Activity, Channel, Community, Delivery
from storage.tx import Tx
from storage.vault import Vault
from tests.browser import browser as browser
from tests.browser import chromium_process as chromium_process
from web.server import Web

XSS = "<img src=x onerror=\"document.title='broken into'\"><script>document.title='broken into'</script> **bold**"


@dataclass
class Site:
    """A started hall and its pages."""

    hall: Hall
    web: Web
    bot: FakeBot
    time: SetClock
    community_id: UUID

    def link(self) -> str:
        """A fresh link for a manager."""
        return self.web.url + self.web.sign_in.link(self.community_id)

    async def stick(self, state: str, error: str = "not in this channel", *, activity: bool = True) -> UUID:
        """A post that is stuck, in a lane that nobody sends; its id."""

        def unit(tx: Tx) -> UUID:
            here = {"community_id": self.community_id}
            channel, space = tx.execute(select(col(Channel.id), col(Channel.space_id))).first() or (None, None)
            asked = Activity(
                **here,
                id=tx.new_id(),
                plugin="qd",
                slot="2026-11-20T09:00:00",
                state="open",
                data={"question": XSS},
                created_at=tx.now,
            )
            tx.add(asked)
            row = Delivery(
                **here,
                id=tx.new_id(),
                space_id=space,
                channel_id=channel,
                activity_id=asked.id if activity else None,
                lane="idle",
                state=state,
                error=error,
                due_at=tx.now,
                sent_at=tx.now,
                created_at=tx.now,
            )
            tx.add(row)
            note(tx, Kind(state), self.community_id, delivery_id=row.id, reason=error)
            return row.id

        return await self.hall.store.write(unit)

    async def state_of(self, delivery: UUID) -> str:
        """What became of a post."""
        async with self.hall.store.session() as session:
            found = await session.get(Delivery, (self.community_id, delivery))
        assert found is not None
        return found.state

    async def speak(self, language: str) -> None:
        """Let the community speak another language."""
        async with self.hall.store.session() as session:
            community = await session.get(Community, self.community_id)
        assert community is not None
        table = Community.__table__  # type: ignore[attr-defined]  # set on every model that is a table
        await self.hall.store.write(lambda tx: tx.execute(table.update().values(language=language)) and None)


@pytest_asyncio.fixture(loop_scope="session")
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A community with a question and two answers, one of them an attack."""
    async with opened(tmp_path) as site:
        yield site


@asynccontextmanager
async def opened(tmp_path: Path, *more: Plugin) -> AsyncIterator[Site]:
    """The same, with further plugins."""
    time, bot, plugins = SetClock(datetime(2026, 11, 21, 6, 0, tzinfo=UTC)), FakeBot(), [QuestionOfTheDay(), *more]
    store = await Store.open(
        f"sqlite:///{tmp_path / 'hall.db'}",
        clock=time.now,
        vault=Vault.generate(),
        plugins=migrations_of(plugins),
    )
    async with hall_for(store, time, [bot], plugins) as hall:
        done = await install(bot)
        before = len(bot.posts)
        await bot.press(done.button("Post the first one now"), "olga")
        question = (await bot.until_posts(before + 1))[-1]
        for member, text in (("mia", "Tea, *always* tea."), ("mallory", XSS)):
            await bot.submit(question.button("Answer"), member, {"answer": text})
        web = Web(hall, host="127.0.0.1", port=0)
        await web.start()
        async with store.session() as session:
            community_id = await session.scalar(select(col(Community.id)))
        assert community_id is not None
        yield Site(hall, web, bot, time, community_id)
        await web.stop()
    await store.close()
