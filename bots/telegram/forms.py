"""The dialogues of all private chats: kept by the hall after every step, so that a restart goes on where it was.

In the same place stands which form the next words answer, where a message waits for some without a dialogue.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from bots.telegram import words
from bots.telegram.desk import Desk
from bots.telegram.dialogue import Dialogue, Step
from bots.telegram.frames import PLATFORM
from core.action import Action, ActionError
from core.bot import Receiver
from core.form import Form
from core.logs import Logger
from core.texts import Words

logger = Logger(__name__)

Submit = Callable[[Dialogue], Awaitable[None]]


class Waiting(NamedTuple):
    """A ``message`` whose form the next words answer; 0 where its number was not known in time."""

    action: Action
    message: int


class Forms:
    """Opens, steps and closes dialogues. A private chat has one at most; its id is its member's id."""

    def __init__(self, desk: Desk, receiver: Receiver) -> None:
        self._desk = desk
        self._receiver = receiver

    async def open(
        self, chat: int, form: Form, language: str, update_id: int, *, origin: int = 0, waits: bool = False
    ) -> None:
        """Begin with the first question. A dialogue that was open is left. For the rest see :class:`Dialogue`."""
        before = await self._load(chat)
        dialogue = Dialogue.of(form, language, update_id, origin, waits=waits)
        await self._save(chat, dialogue)
        await self._show(chat, dialogue)
        if isinstance(before, Dialogue):
            self.tidy(chat, before.message)

    @asynccontextmanager
    async def closing(self, chat: int, *over: int) -> AsyncIterator[None]:
        """The dialogue is over once what is shown inside was shown: people wait for that, and for nothing else.

        ``over`` are its messages. A crash in between leaves it open; the update that closed it, which comes again, is
        known as a repeat.
        """
        try:
            yield
        finally:
            await self.wait_no_more(chat)
        self.tidy(chat, *over)

    def tidy(self, chat: int, *messages: int) -> None:
        """Take the buttons from what is over, when there is time."""
        for message in filter(None, messages):
            self._desk.later(self._desk.strip(chat, message))

    async def ask_again(self, chat: int, dialogue: Dialogue, errors: Mapping[str, str]) -> bool:
        """Ask the fields that are wrong; False when there is nothing to ask."""
        over = dialogue.message
        if not dialogue.again(errors):
            return False
        await self._save(chat, dialogue)
        await self._show(chat, dialogue)
        self.tidy(chat, over)
        return True

    # -- words without a dialogue --------------------------------------------------------------------------------
    async def wait(self, chat: int, action: Action, message: int) -> None:
        """What is written next answers this form. A dialogue that was open is left."""
        state = {"action": action.encode(), "message": message}
        await self._receiver.dialogues.save(PLATFORM, str(chat), state)

    async def wait_no_more(self, chat: int) -> None:
        """What is written next answers nothing."""
        await self._receiver.dialogues.clear(PLATFORM, str(chat))

    async def take(
        self, chat: int, form: Form, language: str, text: str, update_id: int, waiting: Waiting, submit: Submit
    ) -> None:
        """The words that were waited for: submitted if they do, and else the dialogue opens with what is wrong.

        Nothing is kept before it is submitted: when that is lost, the update comes again, and is known by its id.
        """
        dialogue = Dialogue.of(form, language, update_id, waiting.message, waits=True)
        step = dialogue.typed(text, self._say_in(dialogue))
        if step is Step.SUBMIT:
            await submit(dialogue)
            return
        await self._save(chat, dialogue)
        await self._show(chat, dialogue)

    async def pressed(self, chat: int, data: str, query: str, update_id: int, language: str, submit: Submit) -> None:
        """A button of a question was pressed."""
        dialogue = await self._load(chat)
        if not isinstance(dialogue, Dialogue):
            await self._desk.answer(query, text=self._receiver.say(words.QUESTION_OVER, language))
            return
        if self._repeated(dialogue, update_id):
            await asyncio.gather(self._desk.answer(query), self._repeat(chat, dialogue, update_id, submit))
            return
        step = dialogue.pressed(data, self._say_in(dialogue))
        if step is Step.STALE:
            await self._desk.answer(query, text=self._receiver.say(words.QUESTION_OVER, dialogue.language))
            return
        await asyncio.gather(
            self._desk.answer(query), self._after(chat, dialogue, step, update_id, submit, in_place=True)
        )

    async def typed(self, chat: int, text: str, to: int, update_id: int, submit: Submit) -> bool | Waiting:
        """Something was written in private, perhaps in reply ``to`` a message. False when nothing waits for it; what
        waits where that is no dialogue."""
        dialogue = await self._load(chat)
        if dialogue is None or (to and dialogue.message and to != dialogue.message):
            return False
        if isinstance(dialogue, Waiting):
            return dialogue
        if self._repeated(dialogue, update_id):
            await self._repeat(chat, dialogue, update_id, submit)
            return True
        step = dialogue.typed(text, self._say_in(dialogue))
        await self._after(chat, dialogue, step, update_id, submit, in_place=False)
        return True

    async def cancel(self, chat: int) -> bool:
        """Leave the open dialogue; False when there is none."""
        dialogue = await self._load(chat)
        if not isinstance(dialogue, Dialogue):
            return False
        await self._leave(chat, dialogue)
        await self._desk.ask(chat, self._receiver.say(words.CANCELLED, dialogue.language), ())
        self.tidy(chat, dialogue.message)
        return True

    # -- steps ---------------------------------------------------------------------------------------------------
    @staticmethod
    def _repeated(dialogue: Dialogue, update_id: int) -> bool:
        return dialogue.last == update_id or dialogue.submitted

    async def _repeat(self, chat: int, dialogue: Dialogue, update_id: int, submit: Submit) -> None:
        """The update was handled, but perhaps not shown or not submitted, before a restart."""
        if not dialogue.submitted:
            await self._show(chat, dialogue)
        elif dialogue.last == update_id:
            await submit(dialogue)

    async def _after(
        self, chat: int, dialogue: Dialogue, step: Step, update_id: int, submit: Submit, *, in_place: bool
    ) -> None:
        dialogue.last = update_id
        if step is Step.CANCEL:
            await self._leave(chat, dialogue)
            cancelled = self._receiver.say(words.CANCELLED, dialogue.language)
            await self._desk.ask(chat, cancelled, (), message_id=dialogue.message)
            return
        over = 0 if in_place else dialogue.message
        if not in_place and step is Step.ASK:
            dialogue.message = 0
        await self._save(chat, dialogue)
        if step is Step.SUBMIT:
            await submit(dialogue)
            return
        await self._show(chat, dialogue)
        self.tidy(chat, over)

    async def _leave(self, chat: int, dialogue: Dialogue) -> None:
        """The answer from which it was opened stands there still."""
        if dialogue.waits:
            await self.wait(chat, dialogue.form.action, dialogue.origin)
        else:
            await self.wait_no_more(chat)

    async def _show(self, chat: int, dialogue: Dialogue) -> None:
        say = self._say_in(dialogue)
        text, rows = dialogue.text(say), dialogue.rows(say)
        shown = await self._desk.patiently(
            chat, lambda: self._desk.ask(chat, text, rows, message_id=dialogue.message)
        )
        if shown != dialogue.message:
            dialogue.message = shown
            await self._save(chat, dialogue)

    # -- keeping -------------------------------------------------------------------------------------------------
    async def _load(self, chat: int) -> Dialogue | Waiting | None:
        state = await self._receiver.dialogues.load(PLATFORM, str(chat))
        if state is None:
            return None
        try:
            if "action" in state:
                return Waiting(Action.decode(state["action"]), state["message"])
            return Dialogue.from_data(state)
        except (ActionError, KeyError, TypeError, ValueError):
            logger.warning("an open dialogue is of another version and was closed")
            await self.wait_no_more(chat)
            return None

    async def _save(self, chat: int, dialogue: Dialogue) -> None:
        await self._receiver.dialogues.save(PLATFORM, str(chat), dialogue.to_data())

    def _say_in(self, dialogue: Dialogue) -> Callable[[Words], str]:
        return lambda what: self._receiver.say(what, dialogue.language)
