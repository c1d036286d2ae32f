"""Messages on their way out: sent once, and every failure said in the words of :mod:`core.bot`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import discord

from core.bot import SendError, SendFailed, SendRefused, SendUnknown

T = TypeVar("T")

INSIST_SECONDS = 45.0
"""How long a send of which nobody knows whether it was taken is tried again. Discord knows the message by its nonce
for "the past few minutes" and answers a repeat with the one that stands; the hall's lease of a delivery lasts 60."""
FIRST_PAUSE = 0.25
"""Seconds before the first such repeat, doubled each time."""
UNAUTHORIZED_PAUSE = 60.0
"""Seconds until a send that met a refused token may be tried again: 10,000 such answers in ten minutes ban the
address (Discord's reference, "Rate Limits")."""
BANNED_PAUSE = 60.0
"""Seconds to wait after a 429 that does not say how long: it comes from the gate before Discord, not from Discord."""

UNKNOWN_CHANNEL, UNKNOWN_GUILD, UNKNOWN_MESSAGE = 10003, 10004, 10008


class Doubtful(Exception):
    """The line broke: the call may have been taken."""


async def attempt(call: Callable[[], Awaitable[T]]) -> T:
    """Make one call. Raises SendRefused, SendFailed, or :class:`Doubtful`."""
    try:
        return await call()
    except discord.RateLimited as error:
        raise SendFailed("Discord asks to wait", retry_after=error.retry_after) from error
    except discord.DiscordServerError as error:
        raise Doubtful(f"Discord answers {error.status}") from error
    except discord.HTTPException as error:
        raise _refusal(error) from error
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:  # nothing was sent over it
        raise SendFailed(f"Discord can't be reached: {type(error).__name__}") from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise Doubtful(type(error).__name__) from error
    except RuntimeError as error:
        if "closed" not in str(error):  # aiohttp's word for a session that a stop has closed
            raise
        raise SendFailed("not connected") from error


def _refusal(error: discord.HTTPException) -> SendError:
    words = f"{error.status} {error.code}: {error.text}"
    if error.status == 429:
        return SendFailed(words, retry_after=BANNED_PAUSE)
    if error.status == 401:
        return SendFailed(words, retry_after=UNAUTHORIZED_PAUSE)
    return SendRefused(words, gone=error.code in (UNKNOWN_CHANNEL, UNKNOWN_GUILD, UNKNOWN_MESSAGE))


async def once(call: Callable[[], Awaitable[T]]) -> T:
    """A call that carries a nonce, insisted on while the nonce guards it. Raises as :meth:`core.bot.Bot.send`.

    The library itself repeats 500, 502, 504 and 524 five times with the same nonce, in 25 seconds.
    """
    loop = asyncio.get_running_loop()
    until, pause, doubt = loop.time() + INSIST_SECONDS, FIRST_PAUSE, ""
    while True:
        try:
            async with asyncio.timeout_at(until):
                return await attempt(call)
        except Doubtful as error:
            doubt = str(error)
        except TimeoutError:
            doubt = doubt or "no answer"
        except SendFailed as error:
            if not doubt:
                raise
            pause = max(pause, error.retry_after or 0.0)
        if loop.time() + pause >= until:
            raise SendUnknown(doubt)
        await asyncio.sleep(pause)
        pause *= 2


async def again(call: Callable[[], Awaitable[T]]) -> T:
    """A call that may be made twice, an edit, a deletion or a question. Raises SendRefused or SendFailed."""
    try:
        return await attempt(call)
    except Doubtful as error:
        raise SendFailed(str(error)) from error
