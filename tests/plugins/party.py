"""A party for tests: a hall whose workers move only when a test says so, people, and what they see."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from core.action import Action
from core.bot import ChannelInfo, Standing
from core.hall import Hall
from core.registry import catalogues_for, with_core
from core.testing import FakeAnswering, FakeBot, SetClock
from core.testing.fake_bot import Post
from plugins.listening_parties import ListeningParties
from storage.engine import Store
from tests.core.kit import rows

TRACKS = (
    "Nina Simone – Sinnerman | 3:00 | https://example.org/sinnerman",
    "Can – Vitamin C | 2:00",
    "Neu! – Hero | 4:00",
)


class House:
    """A community with one space, whose owner Olga hosts."""

    def __init__(self, store: Store, time: SetClock, worker: str = "a", bot: FakeBot | None = None) -> None:
        self.time = time
        self.bot = bot or FakeBot()
        plugins = with_core([ListeningParties()])
        self.hall = Hall(
            store=store,
            bots=[self.bot],
            plugins=plugins,
            catalogues=catalogues_for(plugins),
            clock=time,
            worker=worker,
        )
        self.bot.receiver = self.hall

    async def settle(self, space: str = "hall", code: str = "") -> FakeAnswering:
        """Olga adds the bot to a space and sets it up."""
        self.bot.standings["olga"] = Standing(present=True, roles=frozenset({"owner"}))
        await self.bot.arrive("olga", space)
        return await self.bot.submit(
            self.bot.posts[-1].button("Set me up"),
            "olga",
            {"language": "en", "zone": "Europe/Berlin", "code": code},
            space=space,
        )

    # -- time ----------------------------------------------------------------------------------------------------------
    async def work(self) -> None:
        """Do all that is due now: ring, post and edit."""
        while await self.hall.planner.plan():
            pass
        while any([await lane.deliver() for lane in self._lanes()]):
            pass

    async def pass_by(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass, second by second, with all that comes due."""
        while seconds > 0:
            self.time.pass_by(min(step, seconds))
            seconds -= step
            await self.work()

    def _lanes(self) -> list[Any]:
        from core.delivery import Lane

        return [Lane(self.hall, self.bot)]

    # -- acts ----------------------------------------------------------------------------------------------------------
    async def plan(self, when: str = "in 60 minutes", title: str = "Krautrock night", **more: str) -> FakeAnswering:
        """Olga plans a party; its preview."""
        opened = (await self.bot.command("party", "olga")).opened
        assert opened is not None
        values = {"title": title, "theme": "", "when": when, "turn": "2", **more}
        return await self.bot.submit(opened.action, "olga", values)

    async def announce(self, when: str = "in 60 minutes", title: str = "Krautrock night", **more: str) -> Post:
        """She announces one; its post."""
        seen = await self.plan(when, title, **more)
        told = await self.bot.press(seen.button("Announce it"), "olga")
        assert told.text == "Announced.", told.text
        await self.work()
        return self.bot.posts[-1]

    async def add(self, post: Post, who: str, *lines: str) -> FakeAnswering:
        """Somebody pastes tracks."""
        join = post.button("Join the booth")
        paste = Action("lp", "paste", join.args, join.community)
        return await self.bot.submit(paste, who, {"lines": "\n".join(lines)})

    async def begin(self, *lines: str, who: str = "mia") -> Post:
        """A party that just began with these tracks; its card."""
        announced = await self.announce()
        await self.add(announced, who, *(lines or TRACKS))
        listed = await self.bot.command("parties", "olga")
        desk = await self.bot.press(listed.button("Krautrock night"), "olga")
        await self.bot.press(desk.button("Start now"), "olga")
        await self.work()
        return self.card

    @property
    def card(self) -> Post:
        """The card of the party that runs."""
        return next(one for one in reversed(self.bot.posts) if "Now at" in str(one.message.title))

    async def state(self) -> tuple[object, ...]:
        """Where the clock of the newest party stands."""
        return (await rows(self.hall.store, "SELECT state, phase, shown FROM party_party ORDER BY id DESC LIMIT 1"))[
            0
        ]

    async def vote(self, who: str, *, up: bool = True, card: Post | None = None) -> str:
        """Somebody votes on what plays."""
        button = (card or self.card).button("👍 Up" if up else "👎 Down")
        return (await self.bot.press(button, who)).text


async def at_once(*acts: Any) -> list[Any]:
    """Acts at the same time."""
    return list(await asyncio.gather(*acts))


__all__ = ["TRACKS", "ChannelInfo", "House", "Sequence", "at_once"]
