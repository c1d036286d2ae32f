"""What each update means to the hall, and how it is answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from telegram import CallbackQuery, Chat, ChatMember, InlineKeyboardMarkup, Update, User
from telegram import Message as Written

from bots.telegram import words
from bots.telegram.answering import Answers, FormAnswers, Place, PressAnswers, Step, TypedAnswers
from bots.telegram.desk import Desk
from bots.telegram.dialogue import PREFIX, Dialogue
from bots.telegram.forms import Forms, Waiting
from bots.telegram.frames import Typed, answered, command_of, quiet_events, thread_of, where, who, words_of
from bots.telegram.keyboard import Mark, decode, ticked, toggled, waits_for_words
from core.action import Action, ActionError, UnknownVersion
from core.bot import Receiver
from core.event import Chosen, CommandInvoked, Event, Installed, Pressed, Replied, Said, Submitted, Who
from core.message import Message
from core.texts import Phrase, Words

GREETING_ROOM = 1000
"""Characters of a greeting that may stand in the group: it is for all who manage it."""


class Hearing:
    """One bot's ear: an update in, an event to the hall, its answer out."""

    def __init__(self, desk: Desk, forms: Forms, receiver: Receiver) -> None:
        self._desk = desk
        self._forms = forms
        self._receiver = receiver
        self._me: int = desk.api.id
        self._username = desk.api.username.lower()
        self._commands = frozenset(command.name for command in receiver.commands())

    async def handle(self, update: Update) -> None:
        """One update to its end."""
        if (query := update.callback_query) is not None:
            await self._pressed(update.update_id, query)
        elif (message := update.message) is not None and not _is_service(message):
            await self._written(update.update_id, message)
        else:
            await self._quiet(update)

    def _event_id(self, update_id: int) -> str:
        return f"{self._me}:{update_id}"

    def _say_to(self, member: Who) -> Callable[[Words], str]:
        """Our own words in the language of a member's app."""
        return lambda what: self._receiver.say(what, self._receiver.language_of(member))

    # -- what nobody pressed or wrote ------------------------------------------------------------------------------
    async def _quiet(self, update: Update) -> None:
        changed = update.my_chat_member
        if changed is not None and changed.chat.type == Chat.PRIVATE:
            if changed.new_chat_member.status == ChatMember.BANNED:
                self._desk.closed(changed.chat.id)
            else:
                self._desk.opened(changed.chat.id)
            return
        for event, chat in quiet_events(update, self._me, self._event_id(update.update_id)):
            answers = None
            if isinstance(event, Installed) and event.who is not None:
                place = Place(int(event.who.external_id), chat.id, public_room=GREETING_ROOM)
                answers = self._answers(place, event.who, update.update_id)
            await self._receiver.receive(event, answers)

    # -- what is written -------------------------------------------------------------------------------------------
    async def _written(self, update_id: int, message: Written) -> None:
        user, chat = message.from_user, message.chat
        if user is None or chat.type == Chat.CHANNEL:
            return
        member, text, private = who(user), words_of(message), chat.type == Chat.PRIVATE
        thread = thread_of(message)
        answers = self._answers(Place(user.id, chat.id, int(thread or 0), message.message_id), member, update_id)
        typed = command_of(text)
        command = self._ours(typed, private=private)
        if message.sender_chat is not None:  # somebody who writes as the group, or a channel's post
            if command is not None:
                await self._kindly(answers, member, words.ANONYMOUS)
            return
        if user.is_bot:
            return
        if private:
            self._desk.opened(user.id)
        if command is not None:
            await self._commanded(update_id, message, member, command, answers)
            return
        to = answered(message, self._me)
        if private:
            submit = partial(self._submit, chat, user, update_id, message.date)
            found = await self._forms.typed(chat.id, text, int(to or 0), update_id, submit)
            if isinstance(found, Waiting):
                await self._answered(update_id, message, member, found)
            if found:
                return
        event: Event
        place, event_id, number = where(chat, thread), self._event_id(update_id), str(message.message_id)
        if to:
            event = Replied(
                where=place, who=member, id=event_id, at=message.date, to=to, message=number, text=text,
                readable=bool(text),
            )  # fmt: skip
            await self._receiver.receive(event, answers)
        elif private:
            await self._kindly(answers, member, words.PLAIN_TALK)
        elif text and typed is None:  # a command for another bot is no talk
            event = Said(where=place, who=member, id=event_id, at=message.date, message=number, text=text)
            await self._receiver.receive(event, None)

    async def _answered(self, update_id: int, message: Written, member: Who, waiting: Waiting) -> None:
        """Words that a message waits for: its form is asked for, and they are filled in."""
        chat, user = message.chat, message.from_user
        if user is None:
            return
        answers = TypedAnswers(self._desk, self._forms, Place(user.id, chat.id), self._say_to(member), update_id)
        event = Pressed(
            where=where(chat), who=member, id=self._event_id(update_id), at=message.date, action=waiting.action,
            form=True, message=str(waiting.message),
        )  # fmt: skip
        await self._receiver.receive(event, answers)
        if answers.opened is not None:
            submit = partial(self._submit, chat, user, update_id, message.date)
            await self._forms.take(chat.id, *answers.opened, words_of(message), update_id, waiting, submit)

    def _ours(self, command: Typed | None, *, private: bool) -> Typed | None:
        """The command if it is for us: in a group other bots hear it too."""
        if command is None or command.to not in ("", self._username):
            return None
        alone = private or bool(command.to)
        if command.name in ("hall", "help") or (alone and command.name in self._commands):
            return command
        return command if private and command.name in ("start", "cancel") else None

    async def _commanded(
        self, update_id: int, message: Written, member: Who, command: Typed, answers: Answers
    ) -> None:
        name, rest = command.name, command.rest
        if name == "start" and rest:
            await self._followed(update_id, message, member, rest, answers)
            return
        if name == "cancel":
            if not await self._forms.cancel(message.chat.id):
                await self._kindly(answers, member, words.PLAIN_TALK)
            return
        if name == "hall":
            name, _, rest = rest.partition(" ")
            name = name.lower()
        if name not in self._commands:
            name, rest = "help", ""
        event = CommandInvoked(
            where=where(message.chat, thread_of(message)), who=member, id=self._event_id(update_id), at=message.date,
            name=name, text=rest.strip(),
        )  # fmt: skip
        await self._receiver.receive(event, answers)

    async def _followed(self, update_id: int, message: Written, member: Who, payload: str, answers: Answers) -> None:
        """A deep link was followed: a form button of a group, pressed here."""
        try:
            action = Action.decode(payload)
        except ActionError as error:
            await self._kindly(answers, member, _unreadable(error))
            return
        event = Pressed(
            where=where(message.chat), who=member, id=self._event_id(update_id), at=message.date, action=action,
            form=True,
        )  # fmt: skip
        await self._receiver.receive(event, answers)

    async def _kindly(self, answers: Answers, member: Who, phrase: Phrase) -> None:
        await answers.say(Message(text=self._say_to(member)(phrase)))

    def _answers(self, place: Place, member: Who, update_id: int) -> Answers:
        return Answers(self._desk, self._forms, place, self._say_to(member), update_id)

    # -- what is pressed -------------------------------------------------------------------------------------------
    async def _pressed(self, update_id: int, query: CallbackQuery) -> None:
        message, data, user = query.message, query.data or "", query.from_user
        if message is None:
            await self._desk.answer(query.id)
            return
        chat, member = message.chat, who(user)
        if data.startswith(PREFIX) and chat.id == user.id:
            submit = partial(self._submit, chat, user, update_id, None)
            language = self._receiver.language_of(member)
            await self._forms.pressed(chat.id, data, query.id, update_id, language, submit)
            return
        try:
            payload = decode(data)
        except ActionError as error:
            await self._desk.answer(query.id, text=self._say_to(member)(_unreadable(error)), alert=True)
            return
        keyboard = message.reply_markup if isinstance(message, Written) else None
        if payload.mark is Mark.TOGGLE:
            await self._toggle(query.id, chat.id, message.message_id, keyboard, data)
            return
        thread = thread_of(message) if isinstance(message, Written) else ""
        place, event_id, number = where(chat, thread), self._event_id(update_id), str(message.message_id)
        event: Event
        match payload.mark:
            case Mark.PRESS | Mark.FORM | Mark.WRITE:
                event = Pressed(
                    where=place, who=member, id=event_id, action=payload.action,
                    form=payload.mark is not Mark.PRESS, message=number,
                )  # fmt: skip
            case Mark.PICK:
                event = Chosen(
                    where=place, who=member, id=event_id, action=payload.action,
                    values=(payload.value or "",), message=number,
                )  # fmt: skip
            case Mark.DONE:
                event = Chosen(
                    where=place, who=member, id=event_id, action=payload.action,
                    values=ticked(keyboard, payload.action) if keyboard is not None else (), message=number,
                )  # fmt: skip
        here = Place(user.id, chat.id, int(thread or 0))
        step = None
        if payload.step and here.private:
            picture = isinstance(message, Written) and bool(message.photo)
            step = Step(message.message_id, picture, keyboard is not None and waits_for_words(keyboard))
        answers = PressAnswers(self._desk, self._forms, here, self._say_to(member), update_id, query.id, step)
        try:
            await self._receiver.receive(event, answers)
        finally:
            await answers.finish()

    async def _toggle(
        self, query: str, chat: int, message: int, keyboard: InlineKeyboardMarkup | None, data: str
    ) -> None:
        """A tick goes on or off; the hall hears of it when the member is done."""
        if keyboard is not None:
            changed = toggled(keyboard, data)
            await self._desk.patiently(chat, lambda: self._desk.show_keyboard(chat, message, changed))
        await self._desk.answer(query)

    async def _submit(self, chat: Chat, user: User, update_id: int, at: datetime | None, dialogue: Dialogue) -> None:
        """The last question of a form was answered."""
        member = who(user)
        answers = FormAnswers(self._desk, self._forms, Place(user.id, chat.id), self._say_to(member), dialogue)
        event = Submitted(
            where=where(chat), who=member, id=self._event_id(update_id), at=at, action=dialogue.form.action,
            values=dict(dialogue.values),
        )  # fmt: skip
        try:
            await self._receiver.receive(event, answers)
        finally:
            await answers.finish()


def _is_service(message: Written) -> bool:
    return bool(message.new_chat_members or message.left_chat_member or message.migrate_to_chat_id)


def _unreadable(error: ActionError) -> Phrase:
    return words.OTHER_VERSION if isinstance(error, UnknownVersion) else words.BROKEN_PRESS
