"""Where a rehearsal takes place: three platforms, one community, processes of hallkeeper on one store, members."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import inspect, select

from app.acting import ActingError, World, code_in, come_in, make_world, until
from app.rehearse.bar import Bar
from app.rehearse.process import Hall
from core.clock import SystemClock
from core.plugin import Plugin
from core.registry import migrations_of
from sandbox.control import Outcome, Platform
from sandbox.discord import DiscordSandbox
from sandbox.slack import SlackSandbox
from sandbox.telegram import TelegramSandbox
from storage.connect import writing_engine
from storage.engine import Store
from storage.errors import StoreUnavailable
from storage.people import lookup_of
from storage.tables import Account
from storage.url import parse_url, shown
from storage.vault import Vault

T = TypeVar("T")

OWNER = "Olga"
CHANNEL = "lounge"
TOKENS = {
    "discord": {"token": "discord-sandbox-token"},
    "slack": {"bot_token": "xoxb-sandbox", "app_token": "xapp-sandbox"},
    "telegram": {"token": "123456:telegram-sandbox-token"},
}
LINKED = 0.05
"""The share of members that are linked in pairs."""
KNOWN = 0.1
"""The share of members with whom the bot has a private chat, besides those."""
LINKING_AT_ONCE = 8
"""Who does so at the same time. It is before it counts."""
LINK_TRIES = 6
KILLS = 5
"""How often processes are killed at most, while members are busy."""
CRASH_SECONDS = (0.2, 3.0)
"""The time from a process being ready until it is killed, at least and at most."""


@dataclass(frozen=True, slots=True)
class Member:
    """An account on one platform. ``person`` is the same for both of a linked pair."""

    number: int
    person: int
    world: World
    id: str

    @property
    def platform(self) -> Platform:
        """The platform that the account is on."""
        return self.world.platform


class StageError(ActingError):
    """The rehearsal can't take place; the text says why and what to do."""


@dataclass
class Stage:
    """``url`` is the store's address, empty for SQLite in ``folder``; ``plugin`` is what is rehearsed.

    On SQLite one process works, elsewhere two. All limits are the platforms' own but one: Slack allows a new
    connection a minute, and here a process may start every few seconds.
    """

    plugin: type[Plugin]
    url: str
    count: int
    seed: int
    folder: Path
    bar: Bar
    make_hall: Callable[[Path, str], Hall] = Hall
    kills: int = KILLS
    only: str = ""
    """One platform alone, for measuring it."""
    limited: bool = True
    """Telegram takes a message a second in a chat, and thirty in all; else as many as come."""
    worlds: list[World] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    halls: list[Hall] = field(default_factory=list)
    crashes: int = 0
    """How often a process was killed."""
    settle_seconds: float = 90.0
    """How long, in the end, posts and what is under way may take to come to what they must be."""
    community_id: UUID = field(init=False)
    store: Store = field(init=False)

    async def build(self, stack: AsyncExitStack) -> None:
        """Start all of it, set the community up, link the pairs. Raises :class:`StageError`."""
        self.url = self.url or f"sqlite:///{self.folder / 'hall.db'}"
        await asyncio.to_thread(_must_be_empty, self.url)
        self.bar.say("The members come in")
        for platform in (
            DiscordSandbox(),
            SlackSandbox(rates={"apps.connections.open": (1000, 60.0)}),
            TelegramSandbox(limited=self.limited),
        ):
            if self.only not in ("", platform.name):
                continue
            await platform.start()
            stack.push_async_callback(platform.stop)
            self.worlds.append(await make_world(platform, f"Hall on {platform.name}", CHANNEL, OWNER))
        await self._gather_members()
        self.bar.say("hallkeeper starts")
        key = self.folder / "master.key"
        vault = Vault.from_file(key, create=True)
        migrations = migrations_of([self.plugin])
        self.store = await Store.open(self.url, clock=SystemClock().now, vault=vault, plugins=migrations)
        stack.push_async_callback(self.store.close)
        names = ["hall"] if self.store.dialect == "sqlite" else ["hall-1", "hall-2"]
        for name in names:
            hall = self.make_hall(self.folder, name)
            hall.config(self.url, [self.plugin.name], {"vault": {"key_file": str(key)}, **self._platforms()})
            self.halls.append(hall)
            stack.push_async_callback(hall.dead)
            await hall.start()
        for hall in self.halls:
            await self._ready(hall)
        self.community_id, _ = await come_in(self.store, self.worlds, CHANNEL)
        await self._open_chats()
        await self._link()

    async def _gather_members(self) -> None:
        """The members, by turns on the three platforms; neighbours, who are on two of them, are the pairs."""
        pairs = round(self.count * LINKED / 2)
        for number in range(self.count):
            world = self.worlds[number % len(self.worlds)]
            member = await world.platform.join(world.space, f"Member {number}")
            person = number - number % 2 if number < 2 * pairs else number
            self.members.append(Member(number, person, world, member))

    def _platforms(self) -> dict[str, dict[str, Any]]:
        return {
            name: {"enabled": True, "api_url": one.platform.url, **TOKENS[name]}
            for one in self.worlds
            for name in [one.platform.name]
        }

    @property
    def pairs(self) -> list[tuple[Member, Member]]:
        """Those who are linked."""
        return [
            (one, self.members[one.number + 1])
            for one in self.members[:-1]
            if one.number % 2 == 0 and self.members[one.number + 1].person == one.person
        ]

    async def _open_chats(self) -> None:
        """Some know the bot already: what it has for them alone may come in private."""
        known = self.members[:: round(1 / KNOWN)]
        with self.bar.count("members open their private chats", len(known)) as tick:
            await _some_at_once((partial(_open_private, one, tick) for one in known), LINKING_AT_ONCE)

    # -- linking -----------------------------------------------------------------------------------------------------
    async def _link(self) -> None:
        pairs = self.pairs
        if pairs:
            with self.bar.count("Pairs link their accounts", len(pairs)) as tick:
                await _some_at_once((partial(self._link_pair, pair, tick) for pair in pairs), LINKING_AT_ONCE)

    async def _link_pair(self, pair: tuple[Member, Member], tick: Callable[[], None]) -> None:
        one, other = pair
        for member in pair:
            await _open_private(member, bool)  # a code is told in private alone
        made = await _asked_until(partial(_command, one, "/hall link"), "within 15 minutes")
        await _asked_until(partial(_command, other, f"/hall link {code_in(made)}"), "one person", "linked already")
        tick()

    # -- processes ---------------------------------------------------------------------------------------------------
    async def _ready(self, hall: Hall) -> None:
        await hall.until_ready()
        if not hall.ready.is_set():
            raise StageError(f"hallkeeper did not start. It said:\n{hall.last_words}")

    @asynccontextmanager
    async def crashing(self, really: bool) -> AsyncIterator[None]:
        """Meanwhile processes die, if ``really``; afterwards all are ready again."""
        calm = asyncio.Event()
        killing = asyncio.create_task(self._kill(calm)) if really else None
        try:
            yield
        finally:
            calm.set()
            if killing is not None:
                await killing
        for hall in self.halls:
            await self._ready(hall)

    async def _kill(self, calm: asyncio.Event) -> None:
        """Kill processes at moments of chance and start them again."""
        chance = Random(f"crash {self.seed}")
        while self.crashes < self.kills:
            hall = chance.choice(self.halls)
            await self._ready(hall)
            with suppress(TimeoutError):
                await asyncio.wait_for(calm.wait(), chance.uniform(*CRASH_SECONDS))
            if calm.is_set():
                return
            hall.send(signal.SIGKILL)
            self.crashes += 1
            self.bar.say(f"{hall.name} was killed")
            await hall.ended()
            await hall.start()

    async def for_each(
        self, act: Callable[[Member], Awaitable[None]], tick: Callable[[], None] = lambda: None
    ) -> None:
        """What every member does, all at the same time."""

        async def one(member: Member) -> None:
            await act(member)
            tick()

        await asyncio.gather(*(one(member) for member in self.members))

    async def accounts(self) -> dict[int, UUID]:
        """The members' accounts in the store, by their number; who never acted has none."""
        columns = (getattr(Account, name) for name in ("id", "platform", "scope", "lookup"))
        async with self.store.session() as session:
            rows = (await session.execute(select(*columns))).all()
        by_lookup = {bytes(lookup): account_id for account_id, _, _, lookup in rows}
        scopes = {platform: scope for _, platform, scope, _ in rows}
        found = {}
        for one in self.members:
            name = one.platform.name
            account_id = by_lookup.get(lookup_of(self.store.vault, name, scopes.get(name, ""), one.id))
            if account_id is not None:
                found[one.number] = account_id
        return found

    def figures(self) -> dict[str, Any]:
        """How it was set."""
        return {
            "linked_pairs": len(self.pairs),
            "crashes": self.crashes,
            "store": self.store.dialect,
            "processes": len(self.halls),
            "seed": self.seed,
        }

    @property
    def troubles(self) -> list[str]:
        """What processes logged as errors."""
        return [error.strip() for hall in self.halls for error in hall.errors.values()]


async def _open_private(member: Member, tick: Callable[[], object]) -> None:
    """Open the private chat. Where that says something to the bot, its answer comes first."""
    chat = await member.platform.private(member.id)

    async def answered() -> bool:
        messages = member.platform.channel(chat).messages
        return not messages or messages[-1].by_bot

    await until(answered, f"an answer in private on {member.platform.name}")
    tick()


async def _command(member: Member, words: str) -> Outcome:
    return await member.platform.command(member.id, member.world.channel, words, wait=10.0)


async def _asked_until(ask: Callable[[], Awaitable[Outcome]], *wanted: str) -> Outcome:
    """Ask until the answer holds one of the wanted words: under load a platform may let an act fail."""
    for _ in range(LINK_TRIES):
        outcome = await ask()
        if any(words in told(outcome) for words in wanted):
            return outcome
        await asyncio.sleep(1.0)
    raise StageError(f"linking ended with {told(outcome)!r}")


def told(outcome: Outcome) -> str:
    """What a member was told by an outcome, as they read it."""
    message, form = outcome.message, outcome.form
    parts = [outcome.text]
    if message is not None and message.by_bot:
        parts += [message.title, message.text]
    if form is not None:
        parts += [form.title, form.text]
    return "\n".join(dict.fromkeys(part for part in parts if part))


async def _some_at_once(works: Iterable[Callable[[], Awaitable[None]]], most: int) -> None:
    """Do all of it, so many at the same time."""
    left = iter(works)

    async def work() -> None:
        for one in left:
            await one()

    async with asyncio.TaskGroup() as group:
        for _ in range(most):
            group.create_task(work())


def _must_be_empty(url: str) -> None:
    """Raises :class:`StageError` for a store that holds anything: a rehearsal's members are none of a real hall."""
    engine = writing_engine(parse_url(url))
    try:
        tables = inspect(engine).get_table_names()
    except Exception as error:
        raise StoreUnavailable(f"{shown(parse_url(url))} can't be reached: {error}") from None
    finally:
        engine.dispose()
    if tables:
        raise StageError(
            f"The store at {shown(parse_url(url))} holds something: {', '.join(sorted(tables)[:3])} …. "
            "A rehearsal needs an empty one of its own, and fills it with made-up members."
        )
