"""discord.py's client, told to keep as little as it can and to hand every event to one place."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bots.discord.permissions import intents_of
from bots.discord.settings import DiscordSettings

logger = logging.getLogger(__name__)

Handlers = Mapping[str, Callable[..., None]]

REAL_API = Route.BASE
REAL_GATEWAY = DiscordWebSocket.DEFAULT_GATEWAY
MAX_WAIT = 30.0
"""Seconds that the library may wait for a rate limit before it gives up; the least that it allows."""
GUILDS_SECONDS = 0.25
"""How long after the last server the library calls itself ready. We are ready earlier and wait for nothing, but its
waiting task has to end before a stop."""


def point_library(api_url: str) -> None:
    """Make discord.py talk to ``api_url``, or to Discord when it is empty.

    The addresses are class variables of the library, so this holds for the whole process: the one global that we
    touch. The other way, a connector that resolves Discord's names to loopback, needs TLS with a certificate of our
    own in the sandbox.
    """
    url = api_url.rstrip("/")
    Route.BASE = f"{url}/api/v10" if url else REAL_API
    DiscordWebSocket.DEFAULT_GATEWAY = (
        yarl.URL(url).with_scheme("wss" if url.startswith("https") else "ws") / "gateway" if url else REAL_GATEWAY
    )


CONNECTIONS = 64
"""Connections to Discord at the same time. The library has no bound, and a burst of answers would make one each: that
costs more than waiting for one that is open."""


class Client(discord.Client):
    """One connection. ``handlers`` get discord.py's events by name, synchronously and as they come.

    ``dispatch`` is replaced rather than listened to: one dictionary look-up instead of a task for each event, and
    ``socket_raw_receive`` (each frame, heartbeats too) costs a call.
    """

    def __init__(self, settings: DiscordSettings, handlers: Handlers) -> None:
        intents = discord.Intents.none()
        for asked in intents_of(settings):
            setattr(intents, asked.name, True)
        # Voice is not for us; without these the library warns at each start that it lacks packages for it.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            intents=intents,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=GUILDS_SECONDS,
            max_ratelimit_timeout=MAX_WAIT,
            enable_debug_events=True,
            connector=aiohttp.TCPConnector(limit=CONNECTIONS),
        )
        self._ours = handlers
        self._gateway: asyncio.Task[None] | None = None
        self._socket: DiscordWebSocket | None = None
        """Also one that is not ready yet, unlike the library's ``ws``: a thread of its own keeps it alive."""
        self._connection._update_references = self._opened  # type: ignore[method-assign]  # it is for voice, else

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Hand an event on. What goes wrong with one must not end the connection that it came by."""
        handler = self._ours.get(event)
        if handler is not None:
            try:
                handler(*args)
            except Exception:
                logger.exception("a frame could not be read: %s", event)

    def _opened(self, ws: DiscordWebSocket) -> None:
        self._socket = ws

    @property
    def listens(self) -> bool:
        """The gateway is connected, or the library tries to."""
        return self._gateway is not None and not self._gateway.done()

    def listen(self) -> asyncio.Task[None]:
        """Connect to the gateway and stay; after :meth:`login`, and once until :meth:`hush`."""
        self._gateway = asyncio.create_task(self.connect(), name="discord gateway")
        return self._gateway

    async def hush(self, seconds: float) -> None:
        """Leave the gateway, within so many seconds, and forget what it told. Calls go on."""
        gateway, self._gateway = self._gateway, None
        if gateway is None:
            return
        state = self._connection
        gateway.cancel()
        await asyncio.gather(gateway, return_exceptions=True)
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(seconds):
                if self._socket is not None:
                    await self._socket.close(code=1000)  # else Discord keeps the session for a while
        if state._ready_task is not None:  # it waits for more servers
            state._ready_task.cancel()
        me = state.user
        state.clear()  # it grows old from here on
        state.user = me

    async def close(self) -> None:
        """Close the session. Where the library gives the gateway up by itself the session stays: sending goes on."""
        if asyncio.current_task() is not self._gateway:
            with contextlib.suppress(OSError):
                await super().close()
