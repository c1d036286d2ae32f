"""A community on two platforms, and surveys in it, for the tests of surveys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from core.action import Action
from core.message import Choice
from core.testing import FakeAnswering, FakeBot, SetClock
from core.testing.fake_bot import Post
from plugins.surveys import Surveys, drafts, toml_text
from plugins.surveys.tables import Survey, Wave
from storage.engine import Store
from storage.tx import Tx
from tests.core.kit import rows, until
from tests.plugins.two_spaces import TwoSpaces

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


@dataclass
class Town(TwoSpaces):
    """The community, and what happens in it."""

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


@pytest.fixture
async def town(opened: Store, time: SetClock, bot: FakeBot) -> AsyncIterator[Town]:
    """It, set up."""
    async with Town.settled(opened, time, bot, Surveys()) as town:
        yield town
