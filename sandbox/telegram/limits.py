"""How often a bot may send. Source: core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from sandbox.rates import Window
from sandbox.telegram import rules


class SendLimits:
    """About one message a second in a chat with short bursts, 20 a minute in a group, about 30 a second in all.

    How long a burst may be is not documented: three messages in three seconds here. Whatever is not ``enabled`` is
    never refused.
    """

    def __init__(self, *, enabled: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        self.enabled = enabled
        self._clock = clock
        self._chat = Window(3, 3.0)
        self._group = Window(20, 60.0)
        self._all = Window(30, 1.0)

    def take(self, chat: int) -> None:
        """Count one message to a chat. Raises :class:`~sandbox.telegram.errors.ApiError` 429 with ``retry_after``."""
        if not self.enabled:
            return
        now = self._clock()
        key = str(chat)
        wait = self._all.take("", now) or self._chat.take(key, now)
        if not wait and chat < 0:
            wait = self._group.take(key, now)
        if wait:
            seconds = max(1, math.ceil(wait))
            raise rules.TOO_MANY.error(retry_after=seconds, seconds=seconds)
