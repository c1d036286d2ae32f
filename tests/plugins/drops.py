"""A community on two platforms, and drops in it, for the tests of sampling drops."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from core.action import Action
from core.testing import FakeAnswering, FakeBot, SetClock
from core.testing.fake_bot import Post
from plugins.sampling_drops import SamplingDrops, drafts
from plugins.sampling_drops import codes as code_list
from plugins.sampling_drops.definition import Definition, Question
from plugins.sampling_drops.tables import Sample
from plugins.sampling_drops.toml_text import Said
from storage.engine import Store
from storage.tx import Tx
from tests.core.kit import rows, until
from tests.plugins.two_spaces import TwoSpaces

COFFEE = Question("Do you drink coffee?", ("Yes", "No"), ("Yes",))
OATS = Definition("Oat drink, 1 litre", "Havre")
VOUCHER = Definition("Ten songs", "Spindle", gives="code")
ADDRESS = {
    "name": "Mia Amundsen",
    "street": "Quayside 7, third floor",
    "postcode": "20459",
    "city": "Hamburg",
    "country": "Germany",
}
AGREED = {"consent": "yes"}


@dataclass
class Town(TwoSpaces):
    """The community, and what happens in it."""

    async def draft(
        self,
        definition: Definition = OATS,
        stock: int = 3,
        codes: Sequence[str] = (),
        opens_at: datetime | None = None,
        closes_at: datetime | None = None,
    ) -> UUID:
        """A draft of Olga's that is to be posted in both spaces."""
        said = Said(definition, stock, opens_at, closes_at)

        def unit(tx: Tx) -> UUID:
            return drafts.new_draft(tx, self.store.vault, self.community, said, None)

        drop_id = await self.store.write(unit)
        if codes:
            row = await self.row(drop_id)
            ready = await code_list.sealed(self.store.vault, row.key, "\n".join(codes), drop_id)
            await self.store.write(lambda tx: code_list.keep(tx, self.community, drop_id, ready))
        return drop_id

    async def open(self, *args: Any, **more: Any) -> UUID:
        """A drop that stands in both spaces."""
        drop_id = await self.draft(*args, **more)
        await self.publish(drop_id)
        return drop_id

    async def publish(self, drop_id: UUID) -> None:
        """Publish a draft, and wait until it stands."""
        posts = len(self.cards())
        assert await self.store.write(lambda tx: drafts.publish(tx, self.community, drop_id))
        self.hall.wake()
        await until(lambda: len(self.cards()) == posts + 2)

    def action(self, verb: str, drop_id: UUID, community: UUID | None = None) -> Action:
        return Action("sd", verb, (drop_id,), community or self.community)

    async def press(
        self, drop_id: UUID, who: str, verb: str = "get", bot: FakeBot | None = None, **more: Any
    ) -> FakeAnswering:
        return await (bot or self.bot).press(self.action(verb, drop_id), who, **more)

    async def fill(
        self, drop_id: UUID, who: str, verb: str, values: Mapping[str, Any], bot: FakeBot | None = None, **more: Any
    ) -> FakeAnswering:
        return await (bot or self.bot).submit(self.action(verb, drop_id), who, values, **more)

    async def take(self, drop_id: UUID, who: str, bot: FakeBot | None = None) -> FakeAnswering:
        """Somebody goes all the way to a parcel; what they saw last."""
        await self.press(drop_id, who, bot=bot)
        await self.fill(drop_id, who, "go", AGREED, bot)
        return await self.fill(drop_id, who, "addr", {**ADDRESS, "name": f"{who} Amundsen"}, bot)

    async def row(self, drop_id: UUID) -> Sample:
        async with self.store.session() as session:
            found = await session.get(Sample, (self.community, drop_id))
        assert found is not None
        return found

    async def figures(self, drop_id: UUID) -> dict[str, int]:
        """The counters, those that are nought left out."""
        row = await self.row(drop_id)
        names = ("held", "given", "pressed", "screened", "turned_away", "exported")
        return {name: getattr(row, name) for name in names if getattr(row, name)}

    async def true_counts(self, drop_id: UUID) -> None:
        """The counters say what the claims say."""
        found = await rows(self.store, "SELECT state, count(*) FROM drop_claim GROUP BY state")
        states = {str(state): int(str(count)) for state, count in found}
        row = await self.row(drop_id)
        assert (row.held, row.given) == (states.get("held", 0), states.get("given", 0))
        assert row.held + row.given <= row.stock

    def cards(self, bot: FakeBot | None = None) -> list[Post]:
        """The drops that stand in both channels, or in one platform's, the oldest first."""
        several = (bot,) if bot is not None else (self.bot, self.other)
        posts = [post for one in several for post in one.posts if post.address.channel]
        return [post for post in posts if post.message.language]

    async def until_card(self, words: str) -> None:
        """Wait until the newest drop says so in each space."""

        def shown() -> bool:
            newest = [self.cards(bot)[-1:] for bot in (self.bot, self.other)]
            return all(one and words in f"{one[0].message.title}\n{one[0].message.text}" for one in newest)

        try:
            await until(shown)
        except TimeoutError:
            raise AssertionError([post.message for post in self.cards()]) from None


@pytest.fixture
async def town(opened: Store, time: SetClock, bot: FakeBot) -> AsyncIterator[Town]:
    """It, set up."""
    async with Town.settled(opened, time, bot, SamplingDrops()) as town:
        yield town
