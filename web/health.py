"""Health for machines. Anybody who reaches the port may call it: it tells no more than whether all is well."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from storage.errors import StoreError

if TYPE_CHECKING:
    from core.hall import Hall

SILENT_SECONDS = 120.0
"""A connection that was not heard for so long is not believed: heartbeats come every 45 s or less."""
STORE_SECONDS = 2.0
"""A store that does not answer in this time is not ready."""


def health_routes(hall: Hall) -> list[web.RouteDef]:
    """``/livez`` and ``/readyz``."""

    async def livez(_: web.Request) -> web.Response:
        """The process answers. Open to all."""
        return web.json_response({"alive": True})

    async def readyz(_: web.Request) -> web.Response:
        """Store and connections, with the age of each one's last frame in seconds. Open to all."""
        now = hall.clock.now()
        try:
            async with asyncio.timeout(STORE_SECONDS):
                await hall.store.ping()
            store = True
        except (StoreError, TimeoutError):
            store = False
        connections = {}
        ready = store
        for name, bot in hall.bots.items():
            last = bot.health.last_frame
            age = None if last is None else round((now - last).total_seconds(), 1)
            well = bot.health.connected and (age is None or age < SILENT_SECONDS)
            if not bot.health.listening:  # another process hears; what this one could not do stands in the detail
                well = not bot.health.detail
            ready = ready and well
            connections[name] = {
                "connected": bot.health.connected,
                "listening": bot.health.listening,
                "last_frame_age": age,
                "losses": bot.health.losses,
            }
        answer = {"ready": ready, "store": store, "connections": connections}
        return web.json_response(answer, status=200 if ready else 503)

    return [web.get("/livez", livez), web.get("/readyz", readyz)]
