"""Buttons under messages, and what they carry.

A button carries an encoded action of at most 64 characters, all that Telegram allows, so nothing may stand before it.
Every action of an encoding below version 4 begins with ``A`` (the version's first six bits): other kinds of button
put their mark in its place. The buttons of an *answer* in a private chat have marks of their own: what is pressed
there is the next step of the same thing, and what comes of it takes the message's place. What was sent unasked, such
as a reminder, and what is secret, such as a code, stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from core.action import Action, ActionError
from core.degrade import Loss
from core.message import Button, Choice, Control

MAX_BUTTONS = 100
"""Buttons of a keyboard. Source: python-telegram-bot's InlineKeyboardMarkupLimit."""
MAX_DATA_BYTES = 64
"""Bytes that a button carries. Source: Bot API, InlineKeyboardButton."""
ROW_CHARACTERS = 28
"""What fits beside each other on a narrow phone, judged by eye."""
ROW_BUTTONS = 4
"""The same for buttons with the shortest labels."""
PICKED = "✓ "
"""Before the label of an option that is picked: the keyboard itself keeps the state."""
FINISHED = "✅"
"""Ends the picking of several options; a sign, as posts don't say which language they are in."""

Row = list[InlineKeyboardButton]


class Mark(StrEnum):
    """What a press means, by the first character of what the button carries."""

    PRESS = "A"
    FORM = "!"
    PICK = "."
    TOGGLE = "+"
    DONE = "="
    WRITE = "?"
    """A form whose one field may be answered by what is written next."""


_STEPS = {Mark.PRESS: "@", Mark.FORM: "$", Mark.PICK: ",", Mark.TOGGLE: "*", Mark.DONE: "#", Mark.WRITE: "?"}
"""The marks in an answer in a private chat. Only there anything is answered by writing."""
_MARKS = {**{mark.value: mark for mark in Mark}, **{sign: mark for mark, sign in _STEPS.items()}}


class Payload(NamedTuple):
    """A decoded button. ``value`` is the option's, None on what is no option. ``step``: it stands in an answer."""

    mark: Mark
    action: Action
    value: str | None = None
    step: bool = False


def encode(mark: Mark, action: Action, *, step: bool = False) -> str:
    """What a button carries."""
    return (_STEPS[mark] if step else mark.value) + action.encode()[1:]


def encode_option(mark: Mark, action: Action, number: int, value: str, *, step: bool = False) -> str:
    """What an option's button carries: its value after a colon where there is room, else its number as the pick."""
    short = f"{encode(mark, action, step=step)}:{value}"
    return short if len(short.encode()) <= MAX_DATA_BYTES else encode(mark, action.with_pick(number), step=step)


def decode(data: str) -> Payload:
    """Back from both. Raises :class:`core.action.ActionError` for what is not ours.

    An option that came by its number has the number as its value too; the action then says so by its ``pick``.
    """
    text, colon, value = data.partition(":")
    mark = _MARKS.get(text[:1])
    if mark is None:
        return Payload(Mark.PRESS, Action.decode(text))  # the action's own words for what is wrong with it
    action, step = Action.decode(Mark.PRESS + text[1:]), text[:1] == _STEPS[mark]
    if mark not in (Mark.PICK, Mark.TOGGLE):
        return Payload(mark, action, step=step)
    if not colon and action.pick is None:
        raise ActionError("an option without a value")
    return Payload(mark, action, value if colon else str(action.pick), step)


def keyboard(
    controls: Sequence[Control],
    *,
    private: bool,
    form_url: Callable[[str], str],
    losses: list[Loss],
    step: bool = False,
) -> list[Row]:
    """Rows of buttons. A choice's options stand in rows of their own; a row is as full as a narrow phone allows.

    ``step`` says that they stand under an answer in a ``private`` chat.
    """
    rows: list[Row] = []
    plain: Row = []
    for control in controls:
        if isinstance(control, Button):
            plain.append(_button(control, private=private, step=step, form_url=form_url))
        else:
            rows += packed(plain)
            plain = []
            rows += _options(control, step=step)
    rows += packed(plain)
    count = sum(len(row) for row in rows)
    while count > MAX_BUTTONS:
        losses.append(Loss("controls", "a row of buttons left out"))
        count -= len(rows.pop())
    return rows


def _button(button: Button, *, private: bool, step: bool, form_url: Callable[[str], str]) -> InlineKeyboardButton:
    label = str(button.label)
    if button.action is None:
        return InlineKeyboardButton(label, url=button.url)
    if not button.form:
        return InlineKeyboardButton(label, callback_data=encode(Mark.PRESS, button.action, step=step))
    if private:
        mark = Mark.WRITE if step and button.typed else Mark.FORM
        return InlineKeyboardButton(label, callback_data=encode(mark, button.action, step=step))
    return InlineKeyboardButton(label, url=form_url(button.action.encode()))


def _options(choice: Choice, *, step: bool) -> list[Row]:
    mark = Mark.PICK if choice.maximum == 1 else Mark.TOGGLE
    rows = packed(
        [
            InlineKeyboardButton(
                str(option.label),
                callback_data=encode_option(mark, choice.action, number, option.value, step=step),
            )
            for number, option in enumerate(choice.options)
        ]
    )
    if mark is Mark.TOGGLE:
        rows.append([InlineKeyboardButton(FINISHED, callback_data=encode(Mark.DONE, choice.action, step=step))])
    return rows


def packed(buttons: Sequence[InlineKeyboardButton]) -> list[Row]:
    """Buttons in rows that a narrow phone can show."""
    rows: list[Row] = []
    room = 0
    for button in buttons:
        length = len(button.text) + 2
        if rows and length <= room and len(rows[-1]) < ROW_BUTTONS:
            rows[-1].append(button)
        else:
            rows.append([button])
            room = ROW_CHARACTERS
        room -= length
    return rows


def plainly(markup: InlineKeyboardMarkup | None) -> dict[str, Any] | None:
    """A keyboard of ours as the Bot API reads it."""
    if markup is None:
        return None
    rows = [
        [
            {"text": one.text, "callback_data": one.callback_data}
            if one.url is None
            else {"text": one.text, "url": one.url}
            for one in row
        ]
        for row in markup.inline_keyboard
    ]
    return {"inline_keyboard": rows}


def toggled(markup: InlineKeyboardMarkup, data: str) -> InlineKeyboardMarkup:
    """The keyboard with the pressed option's tick put on or taken off."""

    def one(button: InlineKeyboardButton) -> InlineKeyboardButton:
        if button.callback_data != data:
            return button
        text = button.text.removeprefix(PICKED) if button.text.startswith(PICKED) else PICKED + button.text
        return InlineKeyboardButton(text, callback_data=data)

    return InlineKeyboardMarkup([[one(button) for button in row] for row in markup.inline_keyboard])


def ticked(markup: InlineKeyboardMarkup, action: Action) -> tuple[str, ...]:
    """The values of the options of ``action`` that carry a tick."""
    found = []
    for row in markup.inline_keyboard:
        for button in row:
            data = button.callback_data
            if mark_of(data) is Mark.TOGGLE and isinstance(data, str) and button.text.startswith(PICKED):
                option = decode(data)
                if option.value is not None and option.action.without_pick() == action:
                    found.append(option.value)
    return tuple(found)


def matters(markup: Mapping[str, Any] | None) -> bool:
    """Whether a keyboard, as the Bot API sends it, holds a state: ticks, or that words are waited for."""
    signs = [str(one.get("callback_data"))[:1] for row in (markup or {}).get("inline_keyboard", ()) for one in row]
    return any(_MARKS.get(sign) in (Mark.TOGGLE, Mark.DONE, Mark.WRITE) for sign in signs)


def waits_for_words(markup: InlineKeyboardMarkup) -> bool:
    """Whether what is written next answers the message with this keyboard."""
    return any(mark_of(button.callback_data) is Mark.WRITE for row in markup.inline_keyboard for button in row)


def mark_of(data: object) -> Mark | None:
    """What a press on a button that carries this means; None where it is none of an action."""
    return _MARKS.get(data[:1]) if isinstance(data, str) else None
