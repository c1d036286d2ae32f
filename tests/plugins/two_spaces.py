"""A community in a space on each of two platforms, for the tests of plugins that post in all of them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from core.hall import Hall
from core.plugin import Plugin
from core.testing import FakeBot, SetClock, hall_for, install
from storage.engine import Store
from storage.tables import Community
from tests.core.kit import rows

CODE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}")


class OtherBot(FakeBot):
    """Another platform."""

    platform: ClassVar[str] = "other"


@dataclass
class TwoSpaces:
    """The community, whose manager is Olga."""

    hall: Hall
    bot: FakeBot
    other: FakeBot
    time: SetClock
    community: UUID

    @classmethod
    @asynccontextmanager
    async def settled(cls, store: Store, time: SetClock, bot: FakeBot, plugin: Plugin) -> AsyncIterator[Self]:
        """A started hall over both platforms, which Olga set up."""
        other = OtherBot()
        async with hall_for(store, time, [bot, other], [plugin]) as hall:
            await install(bot)
            other.standings["olga"] = bot.standings["olga"]
            await other.arrive("olga", "yard")
            joined = await other.command(
                "join", "olga", _code((await bot.command("code", "olga")).text), space="yard"
            )
            assert joined.message is not None
            other.where = lambda space="yard", channel="general", *, private=False: FakeBot.where(  # type: ignore[method-assign]  # its one space
                other, space, channel, private=private
            )
            async with store.session() as session:
                community = (await session.scalars(select(col(Community.id)))).one()
            yield cls(hall, bot, other, time, community)

    @property
    def store(self) -> Store:
        return self.hall.store

    async def link(self, who: str, other: str) -> None:
        """Somebody on the first platform is somebody on the other."""
        code = _code((await self.bot.command("link", who)).text)
        assert "one person" in (await self.other.command("link", other, code)).text

    async def later(self, **time: float) -> None:
        """Time passes, and the planner has looked."""
        self.time.pass_by(**time)
        await self.look()

    async def look(self) -> None:
        """Until no alarm is due."""
        self.hall.wake()
        async with asyncio.timeout(5):
            while await rows(self.store, f"SELECT 1 FROM alarm WHERE at <= '{_text(self.store, self.time.now())}'"):  # noqa: S608
                self.hall.wake()
                await asyncio.sleep(0.01)


def _code(text: str) -> str:
    found = CODE.search(text)
    assert found, text
    return found.group()


def _text(store: Store, moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f") + ("+00" if store.dialect == "postgresql" else "")
