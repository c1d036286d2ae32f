"""Runs the hall: opens the store, answers on the web, connects the bots, and ends within a second of SIGTERM."""

from __future__ import annotations

import asyncio
import errno
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from app import interpreter
from app.settings import Settings
from core.chores import Chores
from core.clock import Clock, SystemClock
from core.hall import Hall
from core.logs import Logger
from core.registry import catalogues_for, migrations_of, with_core
from storage.alone import alone
from storage.engine import Store
from storage.errors import BadMasterKey, WrongMasterKey
from storage.vault import Vault
from web.server import Web
from web.sign_in import Guest

logger = Logger(__name__)


class ServeError(Exception):
    """The hall can't run on this machine; the text says why and what to do."""


class Running(NamedTuple):
    """A hall that runs, with its store and its pages."""

    hall: Hall
    store: Store
    web: Web


async def open_store(settings: Settings, clock: Clock) -> Store:
    """Open the store with its key. At the very first start the key is made.

    Raises the store's own errors: their texts say what to do. A key is never made beside a store that has one.
    """
    path, given = settings.vault.key_file, settings.vault.key.get_secret_value()
    is_new = not given and not path.exists()
    vault = Vault.from_text(given) if given else await asyncio.to_thread(Vault.from_file, path, create=True)
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
    """The whole house, started; stopped at the end with nothing lost.

    Raises :class:`ServeError`, a StoreError or a BotStartError, each with words that say what to do.
    """
    with alone(settings.store.url.get_secret_value()) as only:
        async with _running(settings, clock or SystemClock(), only) as house:
            yield house


@asynccontextmanager
async def _running(settings: Settings, clock: Clock, only: bool) -> AsyncIterator[Running]:
    store = await open_store(settings, clock)
    chores = Chores(store, clock)
    chores.start()
    try:
        hall = _hall(settings, store, clock, only)
        web = Web(hall, host=settings.web.host, port=settings.web.port)
        try:
            if settings.web.enabled:
                await _listen(web, settings)
                address = settings.web.public_url.rstrip("/") or web.url
                hall.page_link = lambda community_id, place, who: (
                    address + web.sign_in.link(community_id, Guest(place, who))
                )
            await hall.start()
            try:
                yield Running(hall, store, web)
            finally:
                await hall.stop()
        finally:
            await web.stop()
    finally:
        await chores.stop()
        await store.close()


def _hall(settings: Settings, store: Store, clock: Clock, only: bool) -> Hall:
    plugins = with_core(settings.plugins)
    try:
        catalogues = catalogues_for(plugins)
        return Hall(store=store, bots=settings.bots, plugins=plugins, catalogues=catalogues, clock=clock, alone=only)
    except ValueError as error:  # two of them claim the same name
        raise ServeError(f"plugins: {error}. Leave one of them out.") from None


async def _listen(web: Web, settings: Settings) -> None:
    host, port = settings.web.host, settings.web.port
    try:
        await web.start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why = f"Port {port} on {host} is taken. Is hallkeeper running already? Else set web.port to another one."
        else:
            why = f"Nothing can listen on {host}, port {port} ({error.strerror}). Set web.host and web.port."
        raise ServeError(why) from None


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; either may come while everything is still starting."""
    interpreter.set_up()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    if not settings.bots:
        logger.warning("no platform is enabled: nobody can talk to this hall")
    async with AsyncExitStack() as stack:
        starting = asyncio.create_task(stack.enter_async_context(running(settings)))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            house = starting.result()
            interpreter.settle()
            bots = ", ".join(house.hall.bots) or "none"
            logger.info("ready", bots=bots, web=house.web.url if settings.web.enabled else "off")
            await stopping
        else:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        logger.info("stopping")
    logger.info("stopped")
