"""Whether the bot may write in a channel now: what a manager has to change is asked of the platform, not guessed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from enum import Enum, auto

from core.bot import Bot, SendError
from core.clock import Clock

BELIEVED_SECONDS = 20.0
"""How long a platform's word is believed: a manager who has just opened a channel looks again soon."""
ANSWER_SECONDS = 1.0
"""A platform that does not answer in this time is not waited for: nothing is said about its channels."""
REMEMBERED = 1_000
"""Spaces kept in memory; the oldest go first."""


class Door(Enum):
    """What a platform says about a channel."""

    OPEN = auto()
    CLOSED = auto()
    """The bot sees it and may not write there."""
    MISSING = auto()
    """The bot does not see it: it is gone, or the bot is not in it."""
    UNKNOWN = auto()
    """The platform does not answer."""


Place = tuple[str, str]
"""A platform, and a space by its id there."""


class Doors:
    """What platforms say about the channels of spaces, asked at most once in :data:`BELIEVED_SECONDS`."""

    def __init__(self, bots: Mapping[str, Bot], clock: Clock) -> None:
        self._bots = bots
        self._clock = clock
        self._known: dict[Place, tuple[float, dict[str, bool] | None]] = {}

    async def look(self, places: Iterable[Place]) -> None:
        """Ask about spaces what is not known; afterwards :meth:`of` answers."""
        now = self._clock.now().timestamp()
        asked = [one for one in set(places) if one not in self._known or self._known[one][0] <= now]
        for place, found in zip(asked, await asyncio.gather(*map(self._ask, asked)), strict=True):
            self._known.pop(place, None)
            self._known[place] = (now + BELIEVED_SECONDS, found)
        while len(self._known) > REMEMBERED:
            self._known.pop(next(iter(self._known)))

    def of(self, place: Place, channel: str) -> Door:
        """What was said about a channel, by its id on the platform."""
        _until, channels = self._known.get(place, (0.0, None))
        if channels is None:
            return Door.UNKNOWN
        if channel not in channels:
            return Door.MISSING
        return Door.OPEN if channels[channel] else Door.CLOSED

    async def _ask(self, place: Place) -> dict[str, bool] | None:
        platform, space = place
        bot = self._bots.get(platform)
        if bot is None:
            return None
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return {one.external_id: one.writable for one in await bot.channels(space)}
        except (SendError, TimeoutError):
            return None
