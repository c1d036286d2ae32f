"""How often a bot may send. Source: core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this.

What that page says of edits: nothing. The Bot API's author says that they share the limits of a *chat* with messages
(github.com/tdlib/td/issues/2592 and 3034, tdlib/telegram-bot-api/issues/648), that answers to presses have none, and
that the thirty a second in all are about notifying many people: an edit notifies nobody.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from sandbox.rates import Window
from sandbox.telegram import rules


class SendLimits:
    """About one message a second in a chat with short bursts, 20 a minute in a group, about 30 a second in all.

    How long a burst may be is not documented: three messages in three seconds here. Edits count with the messages of
    their chat over a minute: in a group 20, in a private chat 60, which is one a second. Whatever is not ``enabled``
    is never refused.
    """

    def __init__(self, *, enabled: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        self.enabled = enabled
        self._clock = clock
        self._chat = Window(3, 3.0)
        self._group = Window(20, 60.0)
        self._private = Window(60, 60.0)
        self._all = Window(30, 1.0)

    def take(self, chat: int, *, edit: bool = False) -> None:
        """Count one message to a chat, or one ``edit`` there.

        Raises :class:`~sandbox.telegram.errors.ApiError` 429 with ``retry_after``.
        """
        if not self.enabled:
            return
        now = self._clock()
        key = str(chat)
        wait = 0.0 if edit else self._all.take("", now) or self._chat.take(key, now)
        if not wait:
            wait = (self._group if chat < 0 else self._private).take(key, now)
        if wait:
            seconds = max(1, math.ceil(wait))
            raise rules.TOO_MANY.error(retry_after=seconds, seconds=seconds)
