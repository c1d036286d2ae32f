"""The form of one question. What it has no room for (names, keys, sections, quotas) is said in the text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from core.action import Action
from core.form import FieldKind, Form, FormField, Value
from core.message import Option as Pick
from core.texts import Domain, Phrase
from plugins.surveys import conditions, toml_text
from plugins.surveys.definition import LISTED, MAX_ASK, MAX_LABEL, MAX_OPTIONS, Kind, Option, Question
from plugins.surveys.looking import KINDS

_ = Domain("surveys")

REQUIRED, RANDOM, OTHER = "required", "random", "other"


class Mistake(Exception):
    """A field says what can't be."""

    def __init__(self, field: str, words: Phrase) -> None:
        super().__init__(words.key)
        self.field = field
        self.words = words


def question_form(action: Action, kind: Kind, known: Question | None = None) -> Form:
    """The form, empty or holding what is there."""
    fields = [FormField(FieldKind.LONG, "ask", _("The question"), value=known.ask if known else "", maximum=MAX_ASK)]
    if kind in LISTED:
        listed = "\n".join(str(one.label) for one in known.options) if known else ""
        fields.append(FormField(FieldKind.LONG, "options", _("Options, one a line"), value=listed))
    if kind is Kind.RATING:
        fields.append(
            FormField(
                FieldKind.NUMBER,
                "most",
                _("The highest point"),
                value=str(known.high if known else 5),
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
            maximum=conditions.MAX_CONDITION // 2,
        )
    )
    if len(fields) < 5:
        fields.append(
            FormField(
                FieldKind.TEXT,
                "image",
                _("Link to a picture"),
                required=False,
                hint="https://…",
                value=known.image if known else "",
                maximum=300,
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
    if "image" in values:
        image = str(values.get("image") or "")
        if image and not toml_text.is_link(image):
            raise Mistake("image", _("a picture’s address begins with https:// and leads to the picture itself"))
        changed = replace(changed, image=image)
    if kind in LISTED:
        other = (known.other or other) if OTHER in flags else ""
        options = _options(str(values["options"]), known)
        changed = replace(
            changed, options=options, other=other, random=RANDOM in flags, fixed=min(known.fixed, len(options))
        )
    most = values.get("most")
    if kind is Kind.RATING and isinstance(most, Decimal):
        changed = replace(changed, most=int(most))
    if kind in (Kind.MULTIPLE, Kind.NUMBER):
        least, highest = _ends(str(values.get("limits") or ""))
        if kind is Kind.MULTIPLE and max(least or 0, highest or 0) > len(changed.choices):
            raise Mistake("limits", _("there are only {n} options", n=len(changed.choices)))
        changed = replace(changed, least=least, most=highest)
    return changed


def _options(text: str, known: Question) -> tuple[Option, ...]:
    keys = {str(one.label): one.key for one in known.options}
    labels = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    if not 2 <= len(labels) <= MAX_OPTIONS:
        raise Mistake("options", _("there are 2 to {most} options", most=MAX_OPTIONS))
    if long := next((one for one in labels if len(one) > MAX_LABEL), ""):
        raise Mistake("options", _("“{text}” needs 1 to {most} characters", text=long[:40], most=MAX_LABEL))
    if len(set(labels)) < len(labels):
        raise Mistake("options", _("two options are the same"))
    return tuple(Option(keys.get(label, label), label) for label in labels)


def _ends(text: str) -> tuple[int | None, int | None]:
    if not text.strip():
        return None, None
    found = re.fullmatch(r"\s*(-?\d{1,12})?\s*[-–]\s*(-?\d{1,12})?\s*|\s*(\d{1,12})\s*", text)
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
