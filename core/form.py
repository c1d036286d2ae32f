"""Forms: a few fields that a member fills in one go.

The limits are the smallest of what the platforms' own forms allow, so that every form opens everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from core.action import Action
from core.message import Option, cut, spoken_option
from core.texts import Domain, Phrase, Words, words_from_data, words_to_data

_ = Domain("core")

MAX_FIELDS = 5
"""Parts of a form (the smallest platform's)."""
MAX_TEXT = 3000
"""Characters in a text field (the smallest platform's long input)."""
MAX_OPTIONS = 25
"""Options of a choice field (the smallest platform's select)."""
MAX_LABEL = 45
"""Characters of a field's label, when it is already text (the smallest platform's)."""

MOST_DIGITS = 15
"""Digits of a number before or behind the point: ``1e999999`` is short to type and takes for ever to write out."""

Value = str | tuple[str, ...] | Decimal | date | bool | None
"""What a checked field holds: text, chosen option values, a number, a date, a consent; None when left empty."""

Raw = str | list[str]
"""What came from a platform, unchecked."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")


class FieldKind(StrEnum):
    """What a field asks for."""

    TEXT = "text"
    LONG = "long"
    NUMBER = "number"
    CHOICE = "choice"
    DATE = "date"
    CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class FormField:
    """One field. ``name`` is the key of its value.

    ``minimum`` and ``maximum`` are characters for text, the value for numbers and how many options for choices;
    None leaves the side open (one option at most, for choices). ``value`` prefills. ``hint`` says what is wanted.
    Raises ValueError when made with what no platform could show.
    """

    kind: FieldKind
    name: str
    label: Words
    required: bool = True
    hint: Words = ""
    value: str | tuple[str, ...] = ""
    minimum: int | None = None
    maximum: int | None = None
    options: tuple[Option, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"a field's name is small letters, digits and _, not {self.name!r}")
        if isinstance(self.label, str) and not 1 <= len(self.label) <= MAX_LABEL:
            raise ValueError(f"a field's label has 1 to {MAX_LABEL} characters: {self.label!r}")
        if self.kind is FieldKind.CHOICE:
            if not 1 <= len(self.options) <= MAX_OPTIONS:
                raise ValueError(
                    f"a choice field has 1 to {MAX_OPTIONS} options, {self.name} has {len(self.options)}"
                )
            if len({option.value for option in self.options}) != len(self.options):
                raise ValueError(f"two options of {self.name} share a value")
        elif self.options:
            raise ValueError(f"only a choice field has options, {self.name} is {self.kind}")
        if self.kind in (FieldKind.TEXT, FieldKind.LONG) and (self.maximum or 0) > MAX_TEXT:
            raise ValueError(f"a text field holds at most {MAX_TEXT} characters, {self.name} asks for {self.maximum}")

    @property
    def most(self) -> int:
        """The most characters of a text field, or the most options of a choice."""
        if self.kind is FieldKind.CHOICE:
            return self.maximum or 1
        return self.maximum or (MAX_TEXT if self.kind is FieldKind.LONG else 300)

    def check(self, raw: Raw | None) -> tuple[Value, Phrase | None]:
        """The value that ``raw`` stands for, or what is wrong with it, in words that say what to do."""
        if self.kind is FieldKind.CHOICE:
            return self._check_choice([raw] if isinstance(raw, str) else list(raw or []))
        text = _readable(raw if isinstance(raw, str) else (raw[0] if raw else "")).strip()
        if self.kind is FieldKind.CONSENT:
            given = text.lower() in {"yes", "true", "1", "on"}
            return given, _("Please agree, or leave the form.") if self.required and not given else None
        if not text:
            return None, _("This is needed.") if self.required else None
        match self.kind:
            case FieldKind.NUMBER:
                return self._check_number(text)
            case FieldKind.DATE:
                try:
                    return date.fromisoformat(text), None
                except ValueError:
                    return None, _("Write the date as year-month-day, for example 2027-03-31.")
            case _:
                return self._check_text(text)

    def _check_text(self, text: str) -> tuple[Value, Phrase | None]:
        if len(text) > self.most:
            return None, _("Too long: {n} characters, at most {most} fit.", n=len(text), most=self.most)
        if self.minimum and len(text) < self.minimum:
            return None, _("Too short: at least {least} characters, please.", least=self.minimum)
        return text, None

    def _check_number(self, text: str) -> tuple[Value, Phrase | None]:
        try:
            number = Decimal(text.replace(",", ".").replace(" ", ""))
        except InvalidOperation:
            return None, _("Write a number, for example 12.")
        if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS:
            return None, _("Write a number, for example 12.")
        if self.minimum is not None and number < self.minimum:
            return None, _("At least {least}, please.", least=self.minimum)
        if self.maximum is not None and number > self.maximum:
            return None, _("At most {most}, please.", most=self.maximum)
        return number, None

    def _check_choice(self, chosen: list[str]) -> tuple[Value, Phrase | None]:
        chosen = list(dict.fromkeys(value for value in chosen if value))
        known = {option.value for option in self.options}
        if not set(chosen) <= known:
            return None, _("That is not one of the options. Pick from the list.")
        least = self.minimum if self.minimum is not None else int(self.required)
        if len(chosen) < least:
            return None, _("Pick at least {least}.", least=least)
        if len(chosen) > self.most:
            return None, _("Pick at most {most}.", most=self.most)
        return tuple(chosen), None

    def to_data(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "kind": self.kind.value,
            "name": self.name,
            "label": words_to_data(self.label),
            "required": self.required,
            "hint": words_to_data(self.hint),
            "value": list(self.value) if isinstance(self.value, tuple) else self.value,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "options": [option.to_data() for option in self.options],
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> FormField:
        """Back from :meth:`to_data`."""
        value = data["value"]
        return cls(
            kind=FieldKind(data["kind"]),
            name=data["name"],
            label=words_from_data(data["label"]),
            required=data["required"],
            hint=words_from_data(data["hint"]),
            value=tuple(value) if isinstance(value, list) else value,
            minimum=data["minimum"],
            maximum=data["maximum"],
            options=tuple(Option.from_data(option) for option in data["options"]),
        )


@dataclass(frozen=True, slots=True)
class Checked:
    """A form's values after the check. ``errors`` has the fields that are wrong, by name."""

    values: Mapping[str, Value] = field(default_factory=dict)
    errors: Mapping[str, Phrase] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Form:
    """A form that submits to ``action``. ``text`` is an introduction, where the platform shows one."""

    action: Action
    title: Words
    fields: tuple[FormField, ...]
    submit: Words = ""
    text: Words = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.fields) <= MAX_FIELDS:
            raise ValueError(f"a form has 1 to {MAX_FIELDS} fields, this one {len(self.fields)}")
        if len({one.name for one in self.fields}) != len(self.fields):
            raise ValueError("two fields of a form share a name")

    def check(self, raw: Mapping[str, Raw]) -> Checked:
        """Every field's value or what is wrong with it. Unknown names in ``raw`` are ignored."""
        values: dict[str, Value] = {}
        errors: dict[str, Phrase] = {}
        for one in self.fields:
            value, error = one.check(raw.get(one.name))
            if error is None:
                values[one.name] = value
            else:
                errors[one.name] = error
        return Checked(values, errors)

    def prefilled(self, raw: Mapping[str, Raw]) -> Form:
        """The same form holding what was typed before, so that nothing is lost to an error."""
        return replace(
            self,
            fields=tuple(
                replace(one, value=_as_value(raw[one.name])) if one.name in raw else one for one in self.fields
            ),
        )

    def spoken(self, say: Callable[[Words], str]) -> Form:
        """The same form with every phrase put into a language by ``say``, labels cut to what fits."""
        fields = tuple(
            replace(
                one,
                label=cut(say(one.label), MAX_LABEL),
                hint=say(one.hint),
                options=tuple(spoken_option(option, say) for option in one.options),
            )
            for one in self.fields
        )
        return replace(self, title=say(self.title), fields=fields, submit=say(self.submit), text=say(self.text))

    def to_data(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "action": self.action.encode(),
            "title": words_to_data(self.title),
            "fields": [one.to_data() for one in self.fields],
            "submit": words_to_data(self.submit),
            "text": words_to_data(self.text),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Form:
        """Back from :meth:`to_data`."""
        return cls(
            action=Action.decode(data["action"]),
            title=words_from_data(data["title"]),
            fields=tuple(FormField.from_data(one) for one in data["fields"]),
            submit=words_from_data(data["submit"]),
            text=words_from_data(data["text"]),
        )


def _readable(text: str) -> str:
    """The text without what no store takes: nulls and halves of characters, which only a forged form holds."""
    return text.encode(errors="ignore").decode().replace("\0", "")


def _as_value(raw: Raw) -> str | tuple[str, ...]:
    return raw if isinstance(raw, str) else tuple(raw)
