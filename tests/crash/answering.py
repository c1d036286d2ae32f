"""Members who answer a question by its button, and remember whether they were thanked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from app.acting import is_question
from sandbox.control import ControlError, MessageView, OutcomeKind, Platform

PAUSE_SECONDS = 0.5
"""Between two members: Slack lets a bot open 100 forms a minute."""
THANKS = "your answer counts"


@dataclass
class Answering:
    """On one platform with forms, in one channel, the first question: the later ones are other communities'."""

    platform: Platform
    space: str
    channel: str
    thanked: dict[str, str] = field(default_factory=dict)
    """What each who was thanked had written."""
    tried: int = 0
    _over: bool = False

    def question(self) -> MessageView | None:
        """That question, while it takes answers."""
        for channel in self.platform.state().channels:
            if channel.id == self.channel:
                return next((one for one in channel.messages if is_question(one)), None)
        return None

    async def go_on(self) -> None:
        """One member after the other answers, until :meth:`end`."""
        while not self._over:
            await asyncio.sleep(PAUSE_SECONDS)
            if (question := self.question()) is None:
                continue
            self.tried += 1
            member = await self.platform.join(self.space, f"Member {self.tried}")
            words = f"Answer number {self.tried} on {self.platform.name}"
            if await self._answer(member, question, words):
                self.thanked[member] = words

    async def more(self, count: int = 5) -> None:
        """Wait until so many more were thanked."""
        before = len(self.thanked)
        async with asyncio.timeout(60):
            while len(self.thanked) < before + count:  # noqa: ASYNC110 - they are thanked by another process
                await asyncio.sleep(0.05)

    def end(self) -> None:
        """Nobody answers any more."""
        self._over = True

    async def _answer(self, member: str, question: MessageView, words: str) -> bool:
        button = next(one for one in question.controls if one.label == "Answer")
        opened = await self.platform.press(member, question.id, button.id)
        if opened.kind is not OutcomeKind.FORM or opened.form is None:
            return False
        try:
            outcome = await self.platform.fill(member, opened.form.id, {opened.form.fields[0].id: words})
        except ControlError:
            return False
        return outcome.message is not None and THANKS in outcome.message.text
