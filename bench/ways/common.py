"""What the ways of all platforms share: halls whose handlers do nothing, and a count of what was done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from core.action import Action
from core.bot import Bot
from core.clock import SystemClock
from core.context import Context
from core.event import Said
from core.hall import Hall
from core.plugin import Answer, Plugin, on, press
from core.registry import catalogues_for, with_core
from core.texts import Phrase
from storage.engine import Store
from storage.tables import Community, Space, SpaceRoute
from storage.tx import Tx
from storage.vault import Vault

PLUGINS = (1, 20)
"""How many plugins the halls have that are compared."""
BURST = 100
"""Frames that are there at once, as when something happens in many places."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of frames. ``run`` takes so many to their handler and, where they want one, to their answer.

    ``prepare`` makes them, before the time is taken.
    """

    run: Callable[[int], Awaitable[None]]
    prepare: Callable[[int], None] = lambda _: None


Ways = dict[str, dict[str, Way]]
"""By what happened (``press``, ``message``), then ``bare``, ``1`` and ``20``."""
Open = Callable[["Tally", Path], AbstractAsyncContextManager[Ways]]


class Tally:
    """Counts what came to its end."""

    def __init__(self) -> None:
        self.count = 0

    def one(self) -> None:
        """One more."""
        self.count += 1

    async def until(self, count: int) -> None:
        """Let the loop turn until so many have come to their end."""
        while self.count < count:  # noqa: ASYNC110 - an event would cost each of them something
            await asyncio.sleep(0)


def action_of(number: int) -> Action:
    """The button of a plugin."""
    return Action(_code(number), "go", (), COMMUNITY)


COMMUNITY = UUID(int=1)


def _code(number: int) -> str:
    return "b" + chr(ord("a") + number)


def _plugin(number: int, tally: Tally) -> Plugin:
    """One whose buttons do nothing; the first one hears what is said, too."""

    class Idle(Plugin):
        name: ClassVar[str] = f"idle_{number}"
        code: ClassVar[str] = _code(number)
        title: ClassVar[Phrase] = Phrase("bench", f"Idle {number}")

        @press("go")
        async def pressed(self, _ctx: Context, _action: Action) -> Answer:
            tally.one()
            return None

    class Listening(Idle):
        @on(Said)
        async def said(self, _ctx: Context, _event: Said, _activity: None) -> Answer:
            tally.one()
            return None

    return (Idle if number else Listening)()


def hall_of(store: Store, bot: Bot, plugins: int, tally: Tally) -> Hall:
    """A hall with one bot and so many plugins. Its workers are not started: only what comes in is measured."""
    everyone = with_core([_plugin(number, tally) for number in range(plugins)])
    return Hall(
        store=store,
        bots=[bot],
        plugins=everyone,
        catalogues=catalogues_for(everyone),
        clock=SystemClock(),
        worker="b",
    )


async def store_with(folder: Path, platform: str, external_id: str) -> Store:
    """A store with one community in one space, which the halls look up once and then know."""
    now = SystemClock().now()
    store = await Store.open(f"sqlite:///{folder}/hall.db", clock=SystemClock().now, vault=Vault.generate())
    space = UUID(int=2)

    def unit(tx: Tx) -> None:
        tx.add(Community(id=COMMUNITY, name="Harbour", language="en", time_zone="UTC", created_at=now))
        more = {"platform": platform, "external_id": external_id, "name": "Harbour", "created_at": now}
        tx.add(Space(community_id=COMMUNITY, id=space, **more))
        tx.add(SpaceRoute(community_id=COMMUNITY, space_id=space, **more))

    await store.write(unit)
    return store
