"""A hall to try a plugin in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache

from core.bot import Bot, Standing
from core.clock import Clock
from core.hall import Hall
from core.plugin import Plugin
from core.registry import catalogues_for, with_core
from core.testing.fake_bot import FakeAnswering, FakeBot
from core.texts import Catalogues
from storage.engine import Store


@asynccontextmanager
async def hall_for(store: Store, clock: Clock, bots: Sequence[Bot], plugins: Sequence[Plugin]) -> AsyncIterator[Hall]:
    """A started hall over an open store, with the core's own commands; stopped at the end."""
    everyone = with_core(plugins)
    catalogues = _catalogues(tuple(type(one) for one in everyone))
    hall = Hall(store=store, bots=bots, plugins=everyone, catalogues=catalogues, clock=clock)
    await hall.start()
    try:
        yield hall
    finally:
        await hall.stop()


@lru_cache(maxsize=64)
def _catalogues(plugins: tuple[type[Plugin], ...]) -> Catalogues:
    """Read once for all tests: some 5 ms a plugin."""
    return catalogues_for(plugins)


async def install(bot: FakeBot, owner: str = "olga", *, zone: str = "Europe/Berlin", **more: str) -> FakeAnswering:
    """Let ``owner`` add the bot and fill the set-up form; returns what they saw last."""
    bot.standings[owner] = Standing(present=True, roles=frozenset({"owner"}))
    posts = len(bot.posts)
    await bot.arrive(owner)
    action = (await bot.until_posts(posts + 1))[-1].button("Set me up")
    values = {"language": "en", "zone": zone, **more}
    return await bot.submit(action, owner, values)
