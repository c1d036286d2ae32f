"""Discord's rate limits and the headers that tell of them (Discord's reference, "Rate Limits")."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass

MESSAGE_BUCKET = (5, 5.0)
"""Messages in one channel: 5 in 5 seconds. Reported by others from the headers."""
WEBHOOK_BUCKET = (5, 2.0)
"""Calls with one webhook's or interaction's token: 5 in 2 seconds. Reported by others from the headers."""
REACTION_BUCKET = (1, 0.25)
"""The bot's own reactions in one channel: one in 250 ms. Reported by others (discord/discord-api-docs#182)."""
OTHER_BUCKET = (50, 1.0)
"""Every other route, for each channel or server. The real figures differ by route and aren't documented."""
GLOBAL_REQUESTS = 50
"""Requests a second of one bot, interaction endpoints apart (documented)."""
FORGET_ABOVE = 10_000
"""Windows kept before those that are over get forgotten."""


@dataclass(slots=True)
class Window:
    """The window that is open for one bucket: it began with its first call, as Discord's do."""

    ends: float
    used: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What a bucket says to a call. ``retry_after`` is 0 when it may pass."""

    retry_after: float
    headers: dict[str, str]


class Buckets:
    """All buckets of one bot."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], Window] = {}

    def take(self, name: str, key: str, limit: tuple[int, float]) -> Decision:
        """Count a call against bucket ``name`` of the resource ``key``."""
        now = time.monotonic()
        count, seconds = limit
        window = self._windows.get((name, key))
        if window is None or window.ends <= now:
            if len(self._windows) > FORGET_ABOVE:
                self._windows = {k: w for k, w in self._windows.items() if w.ends > now}
            window = self._windows[name, key] = Window(now + seconds, 0)
        left = window.ends - now
        refused = window.used >= count
        window.used += not refused
        headers = {
            "X-RateLimit-Limit": str(count),
            "X-RateLimit-Remaining": str(count - window.used),
            "X-RateLimit-Reset": f"{time.time() + left:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": f"{zlib.crc32(name.encode()):08x}",
        }
        return Decision(left if refused else 0.0, headers)
