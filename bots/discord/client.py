"""discord.py's client, told to keep as little as it can and to hand every event to one place."""

from __future__ import annotations

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

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Hand an event on. What goes wrong with one must not end the connection that it came by."""
        handler = self._ours.get(event)
        if handler is not None:
            try:
                handler(*args)
            except Exception:
                logger.exception("a frame could not be read: %s", event)

    async def close(self) -> None:
        """Close the gateway and the session, the library's own waiting task included."""
        waiting = self._connection._ready_task
        if waiting is not None:
            waiting.cancel()
        with contextlib.suppress(OSError):
            await super().close()
