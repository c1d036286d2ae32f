"""Runs the hall: opens the store, answers on the web, connects the bots, and ends within a second of SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from app.settings import Settings
from core.clock import Clock, SystemClock
from core.hall import Hall
from core.house import House
from core.registry import catalogues_for, migrations_of
from storage.engine import Store
from storage.errors import BadMasterKey, WrongMasterKey
from storage.vault import Vault
from web.server import Web

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    """A hall that runs, with its store and its pages."""

    hall: Hall
    store: Store
    web: Web


async def open_store(settings: Settings, clock: Clock) -> Store:
    """Open the store with its key. At the very first start the key is made.

    Raises the store's own errors: their texts say what to do. A key is never made beside a store that has one.
    """
    path = settings.vault.key_file
    is_new = not path.exists()
    vault = await asyncio.to_thread(Vault.from_file, path, create=True)
    try:
        return await Store.open(
            settings.store.url.get_secret_value(),
            clock=clock.now,
            vault=vault,
            plugins=migrations_of(settings.plugins),
        )
    except WrongMasterKey:
        if is_new:
            path.unlink(missing_ok=True)
            raise BadMasterKey(
                f"There is no master key at {path}, and the store was sealed with one. Restore the key from your "
                "backup, or set vault.key_file to where it is. Nothing was changed."
            ) from None
        raise


@asynccontextmanager
async def running(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Running]:
    """The whole house, started; stopped at the end with nothing lost."""
    clock = clock or SystemClock()
    store = await open_store(settings, clock)
    plugins = [House(), *settings.plugins]
    hall = Hall(store=store, bots=settings.bots, plugins=plugins, catalogues=catalogues_for(plugins), clock=clock)
    web = Web(hall, host=settings.web.host, port=settings.web.port)
    try:
        if settings.web.enabled:
            await web.start()
        await hall.start()
        try:
            yield Running(hall, store, web)
        finally:
            await hall.stop()
    finally:
        await web.stop()
        await store.close()


async def run(settings: Settings, ready_file: Path | None = None) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with running(settings) as house:
        bots = ", ".join(house.hall.bots) or "no bot"
        logger.info("ready", bots=bots, web=house.web.url if settings.web.enabled else "off")
        if ready_file is not None:
            await asyncio.to_thread(ready_file.write_text, house.web.url)
        await stop.wait()
        logger.info("stopping")
