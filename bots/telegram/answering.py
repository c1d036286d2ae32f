"""How one event is answered: in the private chat, by an alert, or as little as possible in the group."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import NamedTuple

from bots.telegram import words
from bots.telegram.desk import Desk, patiently
from bots.telegram.forms import Forms
from bots.telegram.render import clip, units
from core.bot import SendError, SendFailed
from core.degrade import Loss
from core.form import Form
from core.logs import Logger
from core.markup import escape, plain
from core.message import Button, Message
from core.texts import Words

logger = Logger(__name__)

ACK_SECONDS = 1.5
"""When a press is acknowledged without an answer, so that the member's button stops turning. Apps give up after some
15 seconds, but a member presses again long before."""
SHORT = 200
"""Characters of an answer that may stand in a group, the same as in an alert."""
TAKEN, SEEN = "👍", "👀"
"""The reactions that stand for words: an act was taken; there was no room for the answer."""


class Place(NamedTuple):
    """Where an act happened. ``message`` is the member's own message, 0 for presses."""

    member: int
    chat: int
    thread: int = 0
    message: int = 0
    public_room: int = SHORT

    @property
    def private(self) -> bool:
        """Whether it is the member's own chat."""
        return self.chat > 0


class Answers:
    """Answers what was written: a command, a reply, a start. Also an arrival, which nobody wrote."""

    can_open_form = True

    def __init__(self, desk: Desk, forms: Forms, place: Place, say: Callable[[Words], str], update_id: int) -> None:
        self._desk = desk
        self._forms = forms
        self._place = place
        self._say = say
        self._update_id = update_id

    async def form(self, form: Form, language: str) -> None:
        """A dialogue in private; from a group, the way there."""
        if self._place.private:
            await self._forms.open(self._place.chat, form, language, self._update_id)
            return
        button = Button(self._say(words.CONTINUE), form.action, form=True)
        text = f"**{form.title}**\n{self._say(words.CONTINUE_HERE)}" if form.title else self._say(words.CONTINUE_HERE)
        await self._in_group(Message(text=text, controls=(button,)))

    async def say(self, message: Message) -> None:
        """In private where that is open; else what is short stands in the group, and the rest waits in private."""
        place = self._place
        if place.private:
            await patiently(lambda: self._desk.post(place.chat, message))
        elif not await self._desk.privately(place.member, lambda: self._desk.post(place.member, message)):
            await self._in_group(self._for_group(message))

    async def invalid(self, errors: Mapping[str, str], message: Message) -> None:
        """Only a submitted form has fields to show errors beside."""
        await self.say(message)

    async def acknowledge(self) -> None:
        """A reaction says it."""
        if self._place.message:
            await self._desk.react(self._place.chat, self._place.message, TAKEN)

    def _for_group(self, message: Message) -> Message:
        forms = tuple(one for one in message.controls if isinstance(one, Button) and (one.form or one.url))
        text = plain_text(message)
        if not message.secret and units(text) <= self._place.public_room and forms == message.controls:
            return message
        button = Button(self._say(words.OPEN_PRIVATE), url=self._desk.private_url)
        # The rest would work for whoever presses it here. Asked again in private, all of it is there.
        if forms and not message.secret:
            self._desk.count((Loss("answer", "shortened in a group"),))
            return Message(text=escape(clip(text, SHORT)), controls=(*forms, button))
        self._desk.count((Loss("answer", "waits for a private chat"),))
        return Message(text=self._say(words.ONLY_YOURS), controls=(button,))

    async def _in_group(self, message: Message) -> None:
        place = self._place
        if self._desk.may_answer_publicly(place.chat):
            try:
                await self._desk.post(place.chat, message, thread=place.thread, reply_to=place.message)
            except SendFailed as error:
                logger.info("an answer found no room in its group", retry_after=error.retry_after)
            else:
                return
        self._desk.count((Loss("answer", "too many in this group"),))
        if place.message:
            await self._desk.react(place.chat, place.message, SEEN)


class PressAnswers(Answers):
    """Answers a press: as an alert where that is enough. The press itself is always answered, late at the latest."""

    def __init__(
        self, desk: Desk, forms: Forms, place: Place, say: Callable[[Words], str], update_id: int, query: str
    ) -> None:
        super().__init__(desk, forms, place, say, update_id)
        self._query = query
        self._open = True
        self._late: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(ACK_SECONDS, self._too_slow)

    async def form(self, form: Form, language: str) -> None:
        """The press itself can lead to the private chat, bringing the form's action along."""
        if self._place.private:
            await asyncio.gather(self._answer(), super().form(form, language))
        elif not await self._answer(url=self._desk.form_url(form.action.encode())):
            await super().form(form, language)

    async def say(self, message: Message) -> None:
        """An alert, the private chat, or as much as an alert holds."""
        text = plain_text(message)
        short = units(text) <= SHORT and not message.controls and message.image is None
        if short and await self._answer(text=text, alert=True):
            return
        if self._place.private or not self._open:
            await super().say(message)
        elif await self._desk.privately(self._place.member, lambda: self._desk.post(self._place.member, message)):
            await self._answer(text=self._say(words.LOOK_PRIVATE))
        else:
            await self._say_in_alert(message, text)

    async def _say_in_alert(self, message: Message, text: str) -> None:
        """As much as an alert holds, or straight on to the form that the message leads to."""
        form = next((one.action for one in message.controls if isinstance(one, Button) and one.form), None)
        if form is not None:
            self._desk.count((Loss("answer", "its form was opened without its words"),))
            done = await self._answer(url=self._desk.form_url(form.encode()))
        else:
            self._desk.count((Loss("answer", "cut to an alert"),))
            hint = self._say(words.READ_ON)
            done = await self._answer(text=f"{clip(text, SHORT - units(hint) - 2)}\n\n{hint}", alert=True)
        if not done:
            await super().say(message)

    async def acknowledge(self) -> None:
        """The button stops turning."""
        await self._answer()

    async def finish(self) -> None:
        """The event was handled: whatever is still open is answered."""
        self._timer.cancel()
        if self._open:
            try:
                await self._answer()
            except SendError as error:
                logger.info("a press could not be answered", reason=str(error))
        if self._late is not None:
            await self._late

    async def _answer(self, *, text: str = "", alert: bool = False, url: str = "") -> bool:
        """Answer the press, once. False when it was answered or given up before."""
        if not self._open:
            return False
        self._open = False
        return await self._desk.answer(self._query, text=text, alert=alert, url=url)

    def _too_slow(self) -> None:
        if self._open:
            self._late = asyncio.get_running_loop().create_task(self._acknowledge_late())

    async def _acknowledge_late(self) -> None:
        try:
            await self._answer()
        except SendError as error:
            logger.info("a slow press could not be acknowledged", reason=str(error))


class FormAnswers(Answers):
    """Answers a submitted form, in the private chat where it was filled in. ``over`` is its last question."""

    done = False
    over = 0

    async def form(self, form: Form, language: str) -> None:
        """The next form takes the place of this one."""
        self.done = True
        await super().form(form, language)

    async def say(self, message: Message) -> None:
        """The form is done, and this came of it."""
        self.done = True
        async with self._forms.closing(self._place.chat, self.over):
            await super().say(message)

    async def invalid(self, errors: Mapping[str, str], message: Message) -> None:
        """Ask the wrong fields anew; ``message`` where the errors name none of them."""
        self.done = await self._forms.ask_again(self._place.chat, errors)
        if not self.done:
            await self.say(message)

    async def acknowledge(self) -> None:
        """Say at least that it went out."""
        self.done = True
        async with self._forms.closing(self._place.chat, self.over):
            await self._desk.ask(self._place.chat, self._say(words.SENT), ())

    async def finish(self) -> None:
        """The dialogue is over, answered or not: what is written next is no answer to it."""
        if not self.done:
            self.done = True
            async with self._forms.closing(self._place.chat, self.over):
                pass


def plain_text(message: Message) -> str:
    """The words of a message without any formatting."""
    parts = [plain(str(message.title)), plain(str(message.text))]
    parts += [f"{plain(str(pair.name))}: {plain(str(pair.value))}" for pair in message.fields]
    if message.image is not None:
        parts.append(str(message.image.alt))
    return "\n".join(part for part in parts if part)
