"""Rate limits as platforms keep them: so many calls in a window."""

from __future__ import annotations

from collections import deque


class Window:
    """At most ``limit`` calls in any ``seconds``, for each key on its own."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self._calls: dict[str, deque[float]] = {}

    def take(self, key: str, now: float) -> float:
        """Count a call at monotonic time ``now``. Returns 0 when it is allowed, else the seconds to wait."""
        calls = self._calls.setdefault(key, deque())
        while calls and calls[0] <= now - self.seconds:
            calls.popleft()
        if len(calls) >= self.limit:
            return calls[0] + self.seconds - now
        calls.append(now)
        return 0.0
