"""A hall that remembers: every event, and answers as the test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from core.bot import Answering, CommandInfo
from core.clock import SystemClock
from core.event import Event, Who
from core.texts import Catalogues, Words

Answer = Callable[[Event, Answering], Awaitable[None]]

COMMANDS = (
    CommandInfo("help", {"en": "What you can do here", "de": "Was du hier tun kannst"}),
    CommandInfo("question", {"en": "Today's question", "de": "Die Frage des Tages"}, takes_text=True, form=True),
    CommandInfo("privacy", {"en": "What is kept", "de": "Was gespeichert wird"}),
)


class Kept:
    """Dialogues as JSON text, as a store would have them: what is no data fails here."""

    def __init__(self) -> None:
        self.states: dict[tuple[str, str], str] = {}
        self.saves = 0

    async def load(self, platform: str, key: str) -> dict[str, Any] | None:
        text = self.states.get((platform, key))
        return None if text is None else json.loads(text)

    async def save(self, platform: str, key: str, state: Mapping[str, Any]) -> None:
        self.saves += 1
        self.states[platform, key] = json.dumps(state)

    async def clear(self, platform: str, key: str) -> None:
        self.states.pop((platform, key), None)


class Marks:
    """Watermarks in memory."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}
        self.failures = 0

    async def watermark(self, source: str) -> int | None:
        return self.values.get(source)

    async def advance(self, source: str, value: int) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the store is away")
        self.values[source] = max(value, self.values.get(source, 0))


class Recorder:
    """See :class:`core.bot.Receiver`. ``answer`` is called for each event that can be answered."""

    def __init__(self) -> None:
        self.dialogues = Kept()
        self.watermarks = Marks()
        self.clock = SystemClock()
        self.events: list[Event] = []
        self.done: list[Event] = []
        self.answer: Answer | None = None
        self.catalogues = Catalogues()
        self._news = asyncio.Condition()

    async def receive(self, event: Event, answering: Answering | None = None) -> None:
        self.events.append(event)
        await self._tell()
        if answering is not None and self.answer is not None:
            await self.answer(event, answering)
        self.done.append(event)
        await self._tell()

    def commands(self) -> Sequence[CommandInfo]:
        return COMMANDS

    def language_of(self, who: Who) -> str:
        return self.catalogues.nearest(who.locale)

    def say(self, words: Words, language: str) -> str:
        return self.catalogues.say(words, language)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def wait(self, met: Callable[[], bool]) -> None:
        """Until it is so; a test that waits in vain fails by the clock of pytest-timeout."""
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(met), 10)

    async def of(self, kind: type[Any], count: int = 1) -> list[Any]:
        """The events of a kind, when there are ``count`` of them."""
        await self.wait(lambda: sum(isinstance(event, kind) for event in self.events) >= count)
        return [event for event in self.events if isinstance(event, kind)]


def now() -> datetime:
    """The real time: Telegram's dates are compared with it."""
    return SystemClock().now()
