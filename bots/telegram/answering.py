"""How one event is answered: in the private chat, by an alert, or as little as possible in the group.

In a private chat what comes of a press takes the place of the answer that was pressed, as on platforms with messages
for one member alone: the steps of one thing are one message, and every step that is an edit is no message that counts
against Telegram's thirty a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from bots.telegram import words
from bots.telegram.desk import Desk
from bots.telegram.dialogue import Dialogue
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


class Step(NamedTuple):
    """An answer in the private chat on which something was pressed."""

    message: int
    picture: bool
    """It has one, which no edit takes away."""
    waits: bool
    """What is written next would answer it."""


class Answers:
    """Answers what was written: a command, a reply, a start. Also an arrival, which nobody wrote."""

    can_open_form = True
    waits = False
    """What is written next would answer something that this answer puts an end to."""

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
        if self._place.private:
            await self._post(message)
        elif not await self._privately(message):
            await self._in_group(self._for_group(message))

    async def _post(self, message: Message) -> None:
        """At the end of the private chat."""
        chat = self._place.member
        shown = await self._desk.patiently(chat, lambda: self._desk.post(chat, self._with_hint(message), step=True))
        await self._wait_for_words(message, shown.message_id)

    async def _privately(self, message: Message) -> bool:
        """In private, for what was said elsewhere; False where that is closed."""
        chat = self._place.member
        await self._wait_for_words(message, 0)  # before it stands there: in that chat it may be answered at once
        shown = self._with_hint(message)
        if await self._desk.privately(chat, lambda: self._desk.post(chat, shown, step=True)):
            return True
        if _typed(message) is not None:
            await self._forms.wait_no_more(chat)
        return False

    def _with_hint(self, message: Message) -> Message:
        if _typed(message) is None:
            return message
        hint = f"_{self._say(words.JUST_WRITE)}_"
        return replace(message, text=f"{message.text}\n\n{hint}" if message.text else hint)

    async def _wait_for_words(self, message: Message, shown: int) -> None:
        """What is written next answers this message, or nothing any more."""
        button = _typed(message)
        if button is not None and button.action is not None:
            await self._forms.wait(self._place.member, button.action, shown)
        elif self.waits:
            await self._forms.wait_no_more(self._place.member)

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
        self,
        desk: Desk,
        forms: Forms,
        place: Place,
        say: Callable[[Words], str],
        update_id: int,
        query: str,
        step: Step | None = None,
    ) -> None:
        super().__init__(desk, forms, place, say, update_id)
        self._query = query
        self._step = step
        self.waits = step is not None and step.waits
        self._open = True
        self._late: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(ACK_SECONDS, self._too_slow)

    async def form(self, form: Form, language: str) -> None:
        """The press itself can lead to the private chat, bringing the form's action along."""
        if self._place.private:
            chat, origin = self._place.chat, 0 if self._step is None else self._step.message
            opening = self._forms.open(chat, form, language, self._update_id, origin=origin, waits=self.waits)
            await asyncio.gather(self._answer(), opening)
        elif not await self._answer(url=self._desk.form_url(form.action.encode())):
            await super().form(form, language)

    async def say(self, message: Message) -> None:
        """An alert, the private chat, or as much as an alert holds.

        A short answer without a title is a remark: what was pressed in private stays, and can be pressed again.
        """
        step = self._step
        if step is not None and (message.controls or message.title):
            await asyncio.gather(self._answer(), self._next(step, message))
            return
        text = plain_text(message)
        short = units(text) <= SHORT and not message.controls and message.image is None
        if short and await self._answer(text=text, alert=True):
            return
        if step is not None:
            await asyncio.gather(self._answer(), self._next(step, message))
        elif self._place.private or not self._open:
            await super().say(message)
        elif await self._privately(message):
            await self._answer(text=self._say(words.LOOK_PRIVATE))
        else:
            await self._say_in_alert(message, text)

    async def _next(self, step: Step, message: Message) -> None:
        """In the place of the answer that was pressed. Pictures come and go by a new message alone."""
        chat = self._place.chat
        if message.image is None and not step.picture:
            shown = self._with_hint(message)
            if await self._desk.patiently(chat, lambda: self._desk.replace(chat, step.message, shown)):
                await self._wait_for_words(message, step.message)
                return
        await self._post(message)
        self._forms.tidy(chat, step.message)

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


class TypedAnswers(Answers):
    """Answers words that were written where they answer a message. The form that they belong to is not shown, as it
    is filled in already."""

    opened: tuple[Form, str] | None = None
    """The form and its language."""
    waits = True

    async def form(self, form: Form, language: str) -> None:
        """It is there."""
        self.opened = form, language


class FormAnswers(Answers):
    """Answers a submitted form, in the private chat where it was filled in."""

    def __init__(
        self, desk: Desk, forms: Forms, place: Place, say: Callable[[Words], str], dialogue: Dialogue
    ) -> None:
        super().__init__(desk, forms, place, say, dialogue.last)
        self._dialogue = dialogue
        self._over = dialogue.messages
        self._done = False

    async def form(self, form: Form, language: str) -> None:
        """The next form takes the place of this one."""
        self._done = True
        await super().form(form, language)

    async def say(self, message: Message) -> None:
        """The form is done, and this came of it. Whatever is written next answers this, or nothing: the dialogue is
        over once this was shown, as people wait for that and for nothing else."""
        self._done = True
        try:
            await super().say(message)
        except BaseException:
            await self._forms.wait_no_more(self._place.chat)
            raise
        finally:
            self._forms.tidy(self._place.chat, *self._over)

    waits = True

    async def invalid(self, errors: Mapping[str, str], message: Message) -> None:
        """Ask the wrong fields anew; ``message`` where the errors name none of them."""
        self._done = await self._forms.ask_again(self._place.chat, self._dialogue, errors)
        if not self._done:
            await self.say(message)

    async def acknowledge(self) -> None:
        """Say at least that it went out."""
        self._done = True
        async with self._forms.closing(self._place.chat, *self._over):
            await self._desk.ask(self._place.chat, self._say(words.SENT), ())

    async def finish(self) -> None:
        """The dialogue is over, answered or not: what is written next is no answer to it."""
        if not self._done:
            self._done = True
            async with self._forms.closing(self._place.chat, *self._over):
                pass


def plain_text(message: Message) -> str:
    """The words of a message without any formatting."""
    parts = [plain(str(message.title)), plain(str(message.text))]
    parts += [f"{plain(str(pair.name))}: {plain(str(pair.value))}" for pair in message.fields]
    if message.image is not None:
        parts.append(str(message.image.alt))
    return "\n".join(part for part in parts if part)


def _typed(message: Message) -> Button | None:
    """The button whose form may be answered by writing."""
    return next((one for one in message.controls if isinstance(one, Button) and one.typed), None)
