"""A party for tests: a hall on several platforms whose workers move when a test says so, and its people."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from uuid import UUID

from core.action import Action
from core.bot import Standing
from core.claims import DUE
from core.delivery import Lane
from core.hall import Hall
from core.registry import catalogues_for, with_core
from core.testing import FakeAnswering, FakeBot, SetClock
from core.testing.fake_bot import Post
from core.texts import Catalogues
from plugins.listening_parties import ListeningParties
from storage.engine import Store
from tests.core.kit import rows

TRACKS = (
    "Nina Simone – Sinnerman | 3:00 | https://example.org/sinnerman",
    "Can – Vitamin C | 2:00",
    "Neu! – Hero | 4:00",
)


@cache
def catalogues() -> Catalogues:
    """Read once: it takes longer than most of these tests."""
    return catalogues_for(with_core([ListeningParties()]))


class North(FakeBot):
    """Another platform."""

    platform = "north"


class South(FakeBot):
    """A third one."""

    platform = "south"


class House:
    """A community whose owner Olga hosts, with a space on each platform. ``bots`` are those of another process."""

    def __init__(
        self, store: Store, time: SetClock, worker: str = "a", bots: Sequence[FakeBot] | None = None
    ) -> None:
        self.time = time
        self.bots = bots or (FakeBot(), North(), South())
        self.bot = self.bots[0]
        plugins = with_core([ListeningParties()])
        self.hall = Hall(
            store=store,
            bots=self.bots,
            plugins=plugins,
            catalogues=catalogues(),
            clock=time,
            worker=worker,
        )
        self._lanes = [Lane(self.hall, bot) for bot in self.bots]
        for bot in self.bots:
            bot.receiver = self.hall
            bot.standings["olga"] = Standing(present=True, roles=frozenset({"owner"}))

    async def settle(self, spaces: int = 1) -> None:
        """Olga adds the bot to a space on each of so many platforms, all of one community."""
        for bot in self.bots[:spaces]:
            await bot.arrive("olga")
            if bot is self.bot:
                await bot.submit(
                    bot.posts[-1].button("Set me up"), "olga", {"language": "en", "zone": "Europe/Berlin"}
                )
            else:
                code = (await self.bot.command("code", "olga")).text.split("`")[1].removeprefix("/hall join ")
                await bot.command("join", "olga", code)

    # -- time --------------------------------------------------------------------------------------------------------
    async def work(self) -> None:
        """Do all that is due now: ring, post and edit."""
        while await self.hall.planner.plan():
            pass
        now = self.time.now()
        for lane, bot in zip(self._lanes, self.bots, strict=True):
            while any((await self.hall.store.rows(DUE, lane=bot.platform, now=now))[0]):
                await lane.deliver()

    async def pass_by(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass, step by step, with all that comes due."""
        while seconds > 0:
            self.time.pass_by(min(step, seconds))
            seconds -= step
            await self.work()

    # -- what Olga does ----------------------------------------------------------------------------------------------
    async def plan(self, when: str = "in 60 minutes", title: str = "Krautrock night", **more: str) -> FakeAnswering:
        """She plans a party; its preview."""
        opened = (await self.bot.command("party", "olga")).opened
        assert opened is not None
        values = {"title": title, "theme": "", "when": when, "turn": "2", **more}
        return await self.bot.submit(opened.action, "olga", values)

    async def announce(self, when: str = "in 60 minutes", title: str = "Krautrock night", **more: str) -> Post:
        """She announces one, in a channel of each space; its first post."""
        seen = await self.plan(when, title, **more)
        where = (await self.bot.press(seen.button("Channels"), "olga", form=True)).opened
        assert where is not None
        seen = await self.bot.submit(where.action, "olga", {one.name: [one.options[0].value] for one in where.fields})
        told = await self.bot.press(seen.button("Announce it"), "olga")
        assert told.text == "Announced.", told.text
        await self.work()
        return self.bot.posts[-1]

    async def begin(self, *lines: str, who: str = "mia") -> Post:
        """A party that just began with these tracks, and counts down to the first; its card."""
        announced = await self.announce()
        await self.add(announced, who, *(lines or TRACKS))
        await self.lead("Start now")
        return self.card()

    async def play(self, *lines: str, who: str = "mia") -> Post:
        """The same, and the first track plays."""
        card = await self.begin(*lines, who=who)
        await self.pass_by(12, step=12)
        assert (await self.state())[1] == "playing"
        return card

    async def lead(self, label: str, title: str = "Krautrock night") -> FakeAnswering:
        """She presses a button at her desk; what came of it."""
        told = await self.bot.press((await self.lead_to(title)).button(label), "olga")
        await self.work()
        return told

    async def lead_to(self, title: str = "Krautrock night") -> FakeAnswering:
        """Her desk of a party."""
        return await self.bot.press((await self.bot.command("parties", "olga")).button(title), "olga")

    # -- what members do ---------------------------------------------------------------------------------------------
    async def add(self, post: Post, who: str, *lines: str, bot: FakeBot | None = None) -> FakeAnswering:
        """Somebody pastes tracks."""
        join = post.button("Join the booth")
        paste = Action("lp", "paste", join.args, join.community)
        return await (bot or self.bot).submit(paste, who, {"lines": "\n".join(lines)})

    async def vote(self, who: str, *, up: bool = True, bot: FakeBot | None = None) -> str:
        """Somebody votes on what plays."""
        there = bot or self.bot
        return (await there.press(self.card(there).button("👍 Up" if up else "👎 Down"), who)).text

    # -- what is seen ------------------------------------------------------------------------------------------------
    def card(self, bot: FakeBot | None = None) -> Post:
        """The newest card of a party that runs or ran, on a platform."""
        return next(one for one in reversed((bot or self.bot).posts) if "Now at" in str(one.message.title))

    @property
    def texts(self) -> list[str]:
        """What the cards say on all platforms where one stands."""
        shown = [bot for bot in self.bots if any("Now at" in str(one.message.title) for one in bot.posts)]
        return [str(self.card(bot).message.text) for bot in shown]

    async def rows(self, sql: str) -> list[tuple[object, ...]]:
        """What the store says."""
        return await rows(self.hall.store, sql)

    async def state(self) -> tuple[object, ...]:
        """Where the clock of the newest party stands: state, phase, step or seconds shown."""
        return (await self.rows("SELECT state, phase, shown FROM party_party ORDER BY id DESC LIMIT 1"))[0]

    async def standings(self) -> dict[str, tuple[object, ...]]:
        """Who is in the booth: where, and how many tracks into their turn."""
        found = {}
        for party_id, sealed, standing, played in await self.rows(
            "SELECT party_id, sealed, standing, played FROM party_dj ORDER BY place"
        ):
            key = party_id if isinstance(party_id, UUID) else UUID(bytes=party_id)  # type: ignore[arg-type]  # SQLite's
            found[self.hall.store.vault.open(sealed, key.bytes).decode()] = (standing, played)  # type: ignore[arg-type]  # bytes
        return found
