"""The forms of one question: what it asks, and what few need."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from core.action import Action
from core.form import MAX_TEXT, FieldKind, Form, FormField, Value
from core.message import Option as Pick
from core.texts import Domain
from plugins.surveys import conditions, toml_text
from plugins.surveys.changing import Mistake
from plugins.surveys.definition import (
    LISTED,
    MAX_ASK,
    MAX_KEY,
    MAX_LABEL,
    MAX_NAME,
    MAX_OPTIONS,
    OTHER,
    Kind,
    Option,
    Question,
)
from plugins.surveys.outline import KINDS

_ = Domain("surveys")

REQUIRED, RANDOM = "required", "random"
KEYED = " = "
"""Stands between an option’s key and its label where they differ."""
POINTS = 5
"""The highest point of a rating where nothing else is said."""


def question_form(action: Action, kind: Kind, known: Question | None = None) -> Form:
    """The form, empty or holding what is there."""
    fields = [FormField(FieldKind.LONG, "ask", _("The question"), value=known.ask if known else "", maximum=MAX_ASK)]
    listed = options_text(known) if known else ""
    if kind in LISTED and len(listed) <= MAX_TEXT:  # longer ones stay as they are: the text has room for them
        hint = _("A short name may stand before each, by which it is kept: yes = Yes, of course")
        fields.append(FormField(FieldKind.LONG, "options", _("Options, one a line"), hint=hint, value=listed))
    if kind is Kind.RATING:
        fields.append(
            FormField(
                FieldKind.NUMBER,
                "most",
                _("The highest point"),
                value=str(known.high if known else POINTS),
                minimum=2,
                maximum=10,
            )
        )
    if kind in (Kind.MULTIPLE, Kind.NUMBER):
        label = _("How many to pick") if kind is Kind.MULTIPLE else _("From where to where")
        fields.append(
            FormField(
                FieldKind.TEXT,
                "limits",
                label,
                required=False,
                hint=_("For example 1-3. Empty: no limit"),
                value=_limits(known),
                maximum=30,
            )
        )
    flags = [Pick(REQUIRED, _("It has to be answered"))]
    if kind in LISTED:
        flags.append(Pick(RANDOM, _("Options in random order")))
    if kind in (Kind.SINGLE, Kind.MULTIPLE):
        flags.append(Pick(OTHER, _("With “something else”, in their words")))
    fields.append(
        FormField(
            FieldKind.CHOICE,
            "flags",
            _("How"),
            required=False,
            value=_flags(known),
            minimum=0,
            maximum=len(flags),
            options=tuple(flags),
        )
    )
    fields.append(
        FormField(
            FieldKind.TEXT,
            "when",
            _("Only if"),
            required=False,
            hint=_("Empty: always. For example q1 = 'Yes' and q2 >= 18"),
            value=known.when if known else "",
            maximum=conditions.MAX_CONDITION,
        )
    )
    return Form(action, KINDS[kind], tuple(fields), submit=_("Save"))


def taken(values: Mapping[str, Value], kind: Kind, name: str, before: Question | None, other: str) -> Question:
    """The question that the form says; ``other`` is the label of an option that asks for words.

    Raises :class:`Mistake`.
    """
    flags = values.get("flags") or ()
    flags = flags if isinstance(flags, tuple) else ()
    known = before or Question(name, kind, "")
    changed = replace(
        known,
        ask=str(values["ask"]).strip(),
        required=REQUIRED in flags,
        when=" ".join(str(values.get("when") or "").split()),
    )
    if kind in LISTED:
        other = (known.other or other) if OTHER in flags else ""
        options = _options(str(values["options"]), known, 1 if other else 2) if "options" in values else known.options
        if other and OTHER in {one.key for one in options}:
            raise Mistake("options", _("“other” is the key of the option that asks for words: choose another"))
        changed = replace(
            changed, options=options, other=other, random=RANDOM in flags, fixed=min(known.fixed, len(options))
        )
    most = values.get("most")
    if kind is Kind.RATING and isinstance(most, Decimal):
        changed = replace(changed, most=None if most == POINTS and known.most is None else int(most))
    if kind in (Kind.MULTIPLE, Kind.NUMBER):
        least, highest = _ends(str(values.get("limits") or ""))
        if kind is Kind.MULTIPLE and max(least or 0, highest or 0) > len(changed.choices):
            raise Mistake("limits", _("there are only {n} options", n=len(changed.choices)))
        changed = replace(changed, least=least, most=highest)
    return changed


# -- what few need ---------------------------------------------------------------------------------------------------
def more_form(action: Action, known: Question) -> Form:
    """What the other form has no room for."""
    fields = [
        FormField(
            FieldKind.TEXT,
            "hint",
            _("Below the question"),
            required=False,
            hint=_("How to answer it, for example"),
            value=known.hint,
            maximum=toml_text.MAX_SHORT_HINT,
        ),
        FormField(
            FieldKind.TEXT,
            "image",
            _("Link to a picture"),
            required=False,
            hint="https://…",
            value=known.image,
            maximum=toml_text.MAX_LINK,
        ),
        FormField(
            FieldKind.TEXT,
            "name",
            _("Short name"),
            hint=_("In conditions, in curly brackets in later questions, and in files"),
            value=known.name,
            maximum=MAX_NAME,
        ),
    ]
    if known.kind in (Kind.SINGLE, Kind.MULTIPLE):
        fields.append(
            FormField(
                FieldKind.TEXT,
                "other",
                _("The option for their own words"),
                required=False,
                hint=_("For example “Something else”. Empty: there is none"),
                value=known.other,
                maximum=MAX_LABEL,
            )
        )
    if known.kind in LISTED:
        fields.append(
            FormField(
                FieldKind.NUMBER,
                "fixed",
                _("How many options stay last"),
                required=False,
                hint=_("Where the others come in random order"),
                value=str(known.fixed or ""),
                minimum=0,
                maximum=MAX_OPTIONS,
            )
        )
    return Form(action, _("More about it"), tuple(fields), submit=_("Save"))


def more_taken(values: Mapping[str, Value], known: Question) -> Question:
    """The question that the form says, under the name that it says. Raises :class:`Mistake`."""
    image, name = str(values.get("image") or ""), str(values["name"])
    other, fixed = " ".join(str(values.get("other") or "").split()), values.get("fixed")
    if image and not toml_text.is_link(image):
        raise Mistake("image", _("a picture’s address begins with https:// and leads to the picture itself"))
    if not toml_text.is_name(name):
        raise Mistake("name", _("a name has letters, digits and _, and begins with a letter"))
    if other and OTHER in {one.key for one in known.options}:
        raise Mistake("other", _("“other” is the key of the option that asks for words: choose another"))
    last = int(fixed) if isinstance(fixed, Decimal) else 0
    if last > len(known.options):
        raise Mistake("fixed", _("that many options stay last, and there are fewer"))
    hint = " ".join(str(values.get("hint") or "").split())
    return replace(known, hint=hint, image=image, name=name, other=other, fixed=last)


# -- options as lines ------------------------------------------------------------------------------------------------
def options_text(question: Question) -> str:
    """The options, one a line."""
    return "\n".join(map(option_line, question.options))


def option_line(one: Option) -> str:
    """An option in a list of lines: with its key where that is another."""
    return str(one.label) if one.key == one.label else f"{one.key}{KEYED}{one.label}"


def _options(text: str, known: Question, least: int) -> tuple[Option, ...]:
    # A line that stands as it stood is the option that it was, and so is one that has the label of one.
    before = {str(one.label): one for one in known.options} | {option_line(one): one for one in known.options}
    keys = {one.key for one in known.options}
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    if not least <= len(lines) <= MAX_OPTIONS:
        raise Mistake("options", _("there are 2 to {most} options", most=MAX_OPTIONS))
    options = tuple(before.get(line) or _option(line, keys) for line in lines)
    for one in options:
        if not 1 <= len(str(one.label)) <= MAX_LABEL or not 1 <= len(one.key) <= MAX_KEY:
            text = str(one.label)[:40]
            raise Mistake("options", _("“{text}” needs 1 to {most} characters", text=text, most=MAX_LABEL))
    if len({one.key for one in options}) < len(options) or len(set(lines)) < len(lines):
        raise Mistake("options", _("two options are the same"))
    return options


def _option(line: str, keys: set[str]) -> Option:
    key, _keyed, label = line.partition(KEYED)
    short = key in keys or re.fullmatch(r"[\w-]+", key) is not None  # “2 + 2 = 4” is a label
    return Option(key, label) if label and short else Option(line, line)


def _ends(text: str) -> tuple[int | None, int | None]:
    if not text.strip():
        return None, None
    found = re.fullmatch(r"\s*(-?\d{1,13})?\s*[-–]\s*(-?\d{1,13})?\s*|\s*(\d{1,13})\s*", text)
    if found is None:
        raise Mistake("limits", _("Write it as 1-3, as 3 for just so many, or leave it empty."))
    if found.group(3):
        return int(found.group(3)), int(found.group(3))
    least = int(found.group(1)) if found.group(1) else None
    most = int(found.group(2)) if found.group(2) else None
    if least is not None and most is not None and least > most:
        raise Mistake("limits", _("this is less than least"))
    return least, most


def _limits(known: Question | None) -> str:
    if known is None or (known.least is None and known.most is None):
        return ""
    return f"{'' if known.least is None else known.least}-{'' if known.most is None else known.most}"


def _flags(known: Question | None) -> tuple[str, ...]:
    if known is None:
        return (REQUIRED,)
    flags = ((known.required, REQUIRED), (known.random, RANDOM), (bool(known.other), OTHER))
    return tuple(flag for is_set, flag in flags if is_set)
