"""A community on two platforms, and surveys in it, for the tests of surveys."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlmodel import col

from core.action import Action
from core.hall import Hall
from core.message import Choice
from core.testing import FakeAnswering, FakeBot, SetClock, hall_for, install
from core.testing.fake_bot import Post
from plugins.surveys import Surveys, drafts, toml_text
from plugins.surveys.tables import Survey, Wave
from storage.engine import Store
from storage.tables import Channel, Community
from storage.tx import Tx
from tests.core.kit import rows, until

SHORT = """
title = "Tea time"
[[question]]
name = "likes"
kind = "single"
ask = "What do you drink?"
options = ["Tea", "Coffee", "Neither"]
[[question]]
name = "leaf"
kind = "multiple"
ask = "Which tea?"
when = "likes = 'Tea'"
options = ["Green", "Black", "White"]
other = "Another one"
most = 2
[[question]]
name = "cups"
kind = "number"
ask = "How many cups of {leaf|it} a day?"
when = "likes in ['Tea', 'Coffee']"
least = 0
most = 30
[[question]]
name = "why"
kind = "long"
ask = "Why?"
required = false
"""


class OtherBot(FakeBot):
    """Another platform."""

    platform: ClassVar[str] = "other"


@dataclass
class Town:
    """A community in a space on each of two platforms, whose manager is Olga."""

    hall: Hall
    bot: FakeBot
    other: FakeBot
    time: SetClock
    community: UUID

    @property
    def store(self) -> Store:
        return self.hall.store

    async def draft(self, text: str = SHORT, **more: Any) -> UUID:
        """A draft that is to be posted in both spaces."""
        toml_text.read(text)

        def unit(tx: Tx) -> UUID:
            survey_id = drafts.new_draft(tx, self.community, text, None)
            if more:
                row = drafts.locked(tx, self.community, survey_id, "draft")
                drafts.put(tx, row, **more)
            return survey_id

        return await self.store.write(unit)

    async def open(self, text: str = SHORT, **more: Any) -> UUID:
        """A survey that stands in both spaces; its wave."""
        survey_id = await self.draft(text, **more)
        posts = len(self.bot.posts) + len(self.other.posts)
        wave_id = await self.store.write(lambda tx: drafts.open_now(tx, self.community, survey_id))
        self.hall.wake()
        await until(lambda: len(self.bot.posts) + len(self.other.posts) == posts + 2)
        return wave_id

    def action(self, verb: str, wave_id: UUID, *args: int) -> Action:
        return Action("sv", verb, (wave_id, *args), self.community)

    async def press(
        self, wave_id: UUID, who: str, verb: str = "go", *args: int, bot: FakeBot | None = None, **more: Any
    ) -> FakeAnswering:
        return await (bot or self.bot).press(self.action(verb, wave_id, *args), who, **more)

    async def pick(
        self, wave_id: UUID, who: str, number: int, *options: int, page: int = 0, bot: FakeBot | None = None
    ) -> FakeAnswering:
        action = self.action("a", wave_id, number, page)
        return await (bot or self.bot).choose(action, who, *map(str, options))

    async def write(
        self, wave_id: UUID, who: str, number: int, words: str, bot: FakeBot | None = None
    ) -> FakeAnswering:
        return await (bot or self.bot).submit(self.action("w", wave_id, number), who, {"answer": words})

    async def finish(self, wave_id: UUID, who: str, drink: int = 2, bot: FakeBot | None = None) -> FakeAnswering:
        """The short survey's shortest way."""
        await self.pick(wave_id, who, 0, drink, bot=bot)
        return await self.press(wave_id, who, "s", 3, bot=bot)

    async def link(self, who: str, other: str) -> None:
        """Somebody on the first platform is somebody on the other."""
        said = (await self.bot.command("link", who)).text
        found = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", said)
        assert found
        assert "one person" in (await self.other.command("link", other, found.group())).text

    async def wave(self, wave_id: UUID) -> Wave:
        async with self.store.session() as session:
            found = await session.get(Wave, (self.community, wave_id))
        assert found is not None
        return found

    async def survey(self, wave_id: UUID) -> Survey:
        async with self.store.session() as session:
            found = await session.get(Survey, (self.community, (await self.wave(wave_id)).survey_id))
        assert found is not None
        return found

    async def kept(self, columns: str = "question, place, option, number") -> list[tuple[object, ...]]:
        """What results are made of."""
        return sorted(await rows(self.store, f"SELECT {columns} FROM survey_answer"), key=str)  # noqa: S608

    async def later(self, **time: float) -> None:
        """Time passes, and the planner has looked."""
        self.time.pass_by(**time)
        await self.look()

    async def look(self) -> None:
        """Until no alarm is due."""
        self.hall.wake()
        async with asyncio.timeout(5):
            while await rows(self.store, f"SELECT 1 FROM alarm WHERE at <= '{_text(self.store, self.time)}'"):  # noqa: S608
                self.hall.wake()
                await asyncio.sleep(0.01)

    def card(self, bot: FakeBot | None = None) -> Post:
        """The newest post of a survey."""
        return next(
            post
            for post in reversed((bot or self.bot).posts)
            if post.address.channel and "Set me up" not in str(post.message)
        )

    async def until_card(self, words: str) -> None:
        """Wait until the newest card in each space says so."""

        def shown() -> bool:
            return all(words in str(self.card(bot).message.text) for bot in (self.bot, self.other))

        try:
            await until(shown)
        except TimeoutError:
            raise AssertionError([self.card(bot).message for bot in (self.bot, self.other)]) from None


def choice(seen: FakeAnswering | Post) -> Choice:
    """The choice that is shown."""
    assert seen.message is not None
    return next(one for one in seen.message.controls if isinstance(one, Choice))


def labels(seen: FakeAnswering | Post) -> list[str]:
    """The labels of all that can be pressed."""
    assert seen.message is not None
    return [
        str(label)
        for one in seen.message.controls
        for label in ([option.label for option in one.options] if isinstance(one, Choice) else [one.label])
    ]


def _text(store: Store, time: SetClock) -> str:
    return time.now().strftime("%Y-%m-%d %H:%M:%S.%f") + ("+00" if store.dialect == "postgresql" else "")


@pytest.fixture
async def town(opened: Store, time: SetClock, bot: FakeBot) -> AsyncIterator[Town]:
    """A started hall over both platforms, which Olga set up."""
    other = OtherBot()
    async with hall_for(opened, time, [bot, other], [Surveys()]) as hall:
        await install(bot)
        code = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", (await bot.command("code", "olga")).text)
        assert code
        other.standings["olga"] = bot.standings["olga"]
        await other.arrive("olga", "yard")
        await other.command("join", "olga", code.group(), space="yard")
        other.where = lambda space="yard", channel="general", *, private=False: FakeBot.where(  # type: ignore[method-assign]  # its one space
            other, space, channel, private=private
        )
        async with opened.session() as session:
            community = (await session.scalars(select(col(Community.id)))).one()
            channels = (await session.scalars(select(col(Channel.id)))).all()
        if len(channels) < 2:
            raise AssertionError("both spaces have a channel")
        yield Town(hall, bot, other, time, community)
