"""A form as a dialogue in private: one question at a time. The state alone, without any call to Telegram.

What its buttons carry begins with ``~``, which no action does: ``~NONCE.PLACE.WHAT``. The nonce changes with every
start, so that the buttons of an older question are known.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from telegram import InlineKeyboardButton

from bots.telegram import words
from bots.telegram.keyboard import PICKED, Row, packed
from core.form import FieldKind, Form, FormField, Raw
from core.markup import escape
from core.message import cut
from core.texts import Words

PREFIX = "~"
"""The first character of what a dialogue's buttons carry."""
KEEP_CHARACTERS = 30
"""Characters of an earlier answer on the button that keeps it."""

Say = Callable[[Words], str]


class Step(Enum):
    """What to do after an act of the member."""

    ASK = auto()
    """Show the question at :attr:`Dialogue.at`."""
    SUBMIT = auto()
    CANCEL = auto()
    STALE = auto()
    """The button belongs to a question that is over."""


@dataclass(slots=True)
class Dialogue:
    """An open form. ``order`` are the fields to ask, ``at`` the place in it.

    ``errors`` are those that the submitted form came back with, ``error`` is about the answer just given.
    ``message`` is the question's message, ``origin`` that of the answer from which the form was opened, if it was;
    ``waits`` says that its form can be answered by writing alone, without a dialogue. ``last`` is the update that was
    handled last: a repeat of it is shown again and changes nothing.
    """

    form: Form
    language: str
    order: list[int]
    values: dict[str, Raw] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    picked: list[str] = field(default_factory=list)
    at: int = 0
    error: str = ""
    message: int = 0
    last: int = 0
    submitted: bool = False
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(4))
    origin: int = 0
    waits: bool = False

    @classmethod
    def of(cls, form: Form, language: str, last: int, origin: int = 0, *, waits: bool = False) -> Dialogue:
        """A dialogue at its first question."""
        fields = list(range(len(form.fields)))
        dialogue = cls(form, language, fields, last=last, origin=origin, waits=waits)
        dialogue._enter()
        return dialogue

    @property
    def messages(self) -> tuple[int, ...]:
        """Those that are over with it."""
        return tuple(one for one in (self.message, self.origin) if one)

    @property
    def field(self) -> FormField:
        """The field that is asked for."""
        return self.form.fields[self.order[self.at]]

    def again(self, errors: Mapping[str, str]) -> bool:
        """The form came back: ask its wrong fields anew. False when the errors name none of them."""
        wrong = [number for number, one in enumerate(self.form.fields) if one.name in errors]
        if not wrong:
            return False
        self.order, self.errors, self.at, self.error, self.message = wrong, dict(errors), 0, "", 0
        self.submitted = False
        self.nonce = secrets.token_urlsafe(4)
        self._enter()
        return True

    # -- acts ----------------------------------------------------------------------------------------------------
    def pressed(self, data: str, say: Say) -> Step:
        """A button of ours was pressed."""
        nonce, _, rest = data.removeprefix(PREFIX).partition(".")
        place, _, what = rest.partition(".")
        if nonce != self.nonce or place != str(self.at) or self.submitted:
            return Step.STALE
        one = self.field
        self.error = ""
        match what[:1]:
            case "c":
                return Step.CANCEL
            case "b" if self.at > 0:
                self.at -= 1
                self._enter()
                return Step.ASK
            case "s" if not one.required:
                return self._take([] if one.kind is FieldKind.CHOICE else "", say)
            case "k" if self._earlier() is not None:
                return self._take(self._earlier() or "", say)
            case "y" if one.kind is FieldKind.CONSENT:
                return self._take("yes", say)
            case "n" if one.kind is FieldKind.CONSENT:
                return self._take("no", say)
            case "d" if one.kind is FieldKind.CHOICE:
                return self._take(list(self.picked), say)
            case "o" if what[1:].isdigit() and int(what[1:]) < len(one.options):
                return self._option(one.options[int(what[1:])].value, say)
        return Step.STALE

    def typed(self, text: str, say: Say) -> Step:
        """The member wrote something."""
        one, text = self.field, text.strip()
        self.error = ""
        if not text:
            self.error = say(words.WORDS_PLEASE)
            return Step.ASK
        match one.kind:
            case FieldKind.CONSENT:
                for answer, label in (("yes", words.AGREE), ("no", words.NO)):
                    if text.casefold() in (answer, say(label).casefold()):
                        return self._take(answer, say)
                self.error = say(words.PICK_ONE)
                return Step.ASK
            case FieldKind.CHOICE:
                for option in one.options:
                    if text.casefold() in (option.value.casefold(), str(option.label).casefold()):
                        return self._option(option.value, say)
                self.error = say(words.PICK_ONE)
                return Step.ASK
            case _:
                return self._take(text, say)

    def _option(self, value: str, say: Say) -> Step:
        if self.field.most == 1:
            return self._take([value], say)
        if value in self.picked:
            self.picked.remove(value)
        else:
            self.picked.append(value)
        return Step.ASK

    def _take(self, raw: Raw, say: Say) -> Step:
        """Check an answer at once; go on, or ask again with what is wrong."""
        _, error = self.field.check(raw)
        if error is not None:
            self.error = say(error)
            return Step.ASK
        self.values[self.field.name] = raw
        self.errors.pop(self.field.name, None)
        if self.at + 1 == len(self.order):
            self.submitted = True
            return Step.SUBMIT
        self.at += 1
        self._enter()
        return Step.ASK

    def _enter(self) -> None:
        earlier = self._earlier()
        self.picked = list(earlier) if isinstance(earlier, list) else []

    def _earlier(self) -> Raw | None:
        """What was answered before, or what the form came with."""
        one = self.field
        raw: Raw | tuple[str, ...] = self.values.get(one.name, one.value)
        if one.kind is FieldKind.CHOICE:
            return [raw] if isinstance(raw, str) and raw else list(raw)
        return raw if isinstance(raw, str) and raw else None

    # -- what is shown --------------------------------------------------------------------------------------------
    def text(self, say: Say) -> str:
        """The question, marked up."""
        one, parts = self.field, []
        error = self.error or self.errors.get(one.name, "")
        if error:
            parts.append(words.error_above(escape(error)))
        elif self.at == 0 and not self.errors:
            parts.append(f"**{escape(str(self.form.title))}**")
            if self.form.text:
                parts.append(str(self.form.text))
        number = f"{self.at + 1}/{len(self.order)} · " if len(self.order) > 1 else ""
        parts.append(f"{number}**{escape(str(one.label))}**")
        if one.hint:
            parts.append(escape(str(one.hint)))
        if one.kind is FieldKind.CHOICE:
            parts += [
                f"- {escape(str(option.label))}: {escape(str(option.description))}"
                for option in one.options
                if option.description
            ]
        return "\n\n".join(parts)

    def rows(self, say: Say) -> list[Row]:
        """The question's buttons."""
        one = self.field
        rows: list[Row] = []
        if one.kind is FieldKind.CHOICE:
            rows = packed(
                [
                    self._button((PICKED if option.value in self.picked else "") + str(option.label), f"o{number}")
                    for number, option in enumerate(one.options)
                ]
            )
            if one.most > 1:
                rows.append([self._button(say(words.DONE), "d")])
        elif one.kind is FieldKind.CONSENT:
            rows = [[self._button(say(words.AGREE), "y"), self._button(say(words.NO), "n")]]
        elif earlier := self._earlier():
            rows = [[self._button(say(words.keep(cut(str(earlier), KEEP_CHARACTERS))), "k")]]
        last: Row = []
        if self.at > 0:
            last.append(self._button(say(words.BACK), "b"))
        if not one.required:
            last.append(self._button(say(words.SKIP), "s"))
        last.append(self._button(say(words.CANCEL), "c"))
        return [*rows, last]

    def _button(self, label: str, what: str) -> InlineKeyboardButton:
        return InlineKeyboardButton(label, callback_data=f"{PREFIX}{self.nonce}.{self.at}.{what}")

    # -- kept beyond a restart ------------------------------------------------------------------------------------
    def to_data(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "form": self.form.to_data(),
            "language": self.language,
            "order": self.order,
            "values": self.values,
            "errors": self.errors,
            "picked": self.picked,
            "at": self.at,
            "error": self.error,
            "message": self.message,
            "last": self.last,
            "submitted": self.submitted,
            "nonce": self.nonce,
            "origin": self.origin,
            "waits": self.waits,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Dialogue:
        """Back from :meth:`to_data`. Raises KeyError, TypeError or ValueError for what is not of this version."""
        return cls(**{**data, "form": Form.from_data(data["form"])})
