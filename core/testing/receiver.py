"""A hall for one bot: it notes what it hears, and answers as a test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from core.bot import Answering, CommandInfo, Dialogues, Sent, Watermarks
from core.clock import Clock, SystemClock
from core.event import Event, Who
from core.message import Message
from core.registry import catalogues_for
from core.texts import Catalogues, Words

Handler = Callable[[Any, Answering], Awaitable[None]]
E = TypeVar("E")

COMMANDS = (
    CommandInfo("help", {"en": "What you may do here", "de": "Was du hier darfst"}),
    CommandInfo("question", {"en": "Today's question", "de": "Die Frage des Tages"}, form=True),
    CommandInfo("say", {"en": "Say something", "de": "Sag etwas"}, takes_text=True),
)
"""What such a hall registers: a plain command, one that opens a form, and one that takes words."""


class KeptDialogues:
    """Dialogues in memory, as JSON text: what is no data fails here as it would in a store."""

    def __init__(self) -> None:
        self.states: dict[tuple[str, str], str] = {}

    async def load(self, platform: str, key: str) -> dict[str, Any] | None:
        """What was saved."""
        text = self.states.get((platform, key))
        return None if text is None else json.loads(text)

    async def save(self, platform: str, key: str, state: Mapping[str, Any]) -> None:
        """Keep it."""
        self.states[platform, key] = json.dumps(state)

    async def clear(self, platform: str, key: str) -> None:
        """Forget it."""
        self.states.pop((platform, key), None)


class KeptWatermarks:
    """Watermarks in memory."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}

    async def watermark(self, source: str) -> int | None:
        """The highest number that was handled."""
        return self.values.get(source)

    async def advance(self, source: str, value: int) -> None:
        """All up to ``value`` is handled."""
        self.values[source] = max(value, self.values.get(source, 0))


async def heard(_event: Event, answering: Answering) -> None:
    """The answer of a hall that was told nothing else."""
    await answering.say(Message(text="Heard"))


class RecordingReceiver:
    """See :class:`core.bot.Receiver`. ``answer`` is called for each event that can be answered."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        commands: Sequence[CommandInfo] = COMMANDS,
        catalogues: Catalogues | None = None,
    ) -> None:
        self.dialogues: Dialogues = KeptDialogues()
        self.watermarks: Watermarks = KeptWatermarks()
        self.clock: Clock = clock or SystemClock()
        self.catalogues = catalogues if catalogues is not None else catalogues_for([])
        self.registered = commands
        self.answer: Handler = heard
        self.posts: list[Sent] = []
        """Those that take replies."""
        self.events: list[Event] = []
        self.done: list[Event] = []
        self._news = asyncio.Condition()

    async def receive(self, event: Event, answering: Answering | None = None) -> None:
        """Note the event and answer it."""
        self.events.append(event)
        await self._tell()
        if answering is not None:
            await self.answer(event, answering)
        self.done.append(event)
        await self._tell()

    def of(self, kind: type[E]) -> list[E]:
        """The events of a kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    async def hear(self, kind: type[E], number: int = 1, seconds: float = 5.0) -> E:
        """The event of a kind, or the ``number``-th of it, as soon as it is there. Raises TimeoutError."""
        await self.until(lambda: len(self.of(kind)) >= number, seconds)
        return self.of(kind)[number - 1]

    async def until(self, met: Callable[[], bool], seconds: float = 5.0) -> None:
        """Wait until what was heard or done makes it so. Raises TimeoutError."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(met)

    async def open_posts(self, platform: str, space: str, since: datetime) -> Sequence[Sent]:
        """What a test says."""
        return self.posts

    def commands(self) -> Sequence[CommandInfo]:
        """What was given."""
        return self.registered

    def language_of(self, who: Who) -> str:
        """The spoken language nearest to the member's."""
        return self.catalogues.nearest(who.locale)

    def say(self, words: Words, language: str) -> str:
        """Words in a language."""
        return self.catalogues.say(words, language)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()
