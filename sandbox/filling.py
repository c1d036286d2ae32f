"""How a simulated member fills in a form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from sandbox.control import FieldView, FormView
from sandbox.phrases import Phrases

_FIRST_DAY = date(2026, 1, 1)


def worded(form: FormView, words: Phrases, chance: Random) -> dict[str, str | list[str]]:
    """A plausible value for every field of a form; optional ones are left empty now and then."""
    return {
        field.id: _value(field, words, chance) for field in form.fields if field.required or chance.random() < 0.7
    }


def filled(options: Sequence[tuple[str, str]], minimum: int, maximum: int, chance: Random) -> list[str]:
    """Between ``minimum`` and ``maximum`` of the options' values, in their order."""
    most = max(minimum, min(maximum or 1, len(options)))
    some = {value for value, _ in chance.sample(list(options), min(len(options), chance.randint(minimum, most)))}
    return [value for value, _ in options if value in some]


def _value(field: FieldView, words: Phrases, chance: Random) -> str | list[str]:
    if field.kind in {"select", "radio", "checkbox"}:
        if not field.options:
            return ["true"]
        many = field.kind == "checkbox" or field.maximum > 1
        values = filled(field.options, max(1, field.minimum), field.maximum if many else 1, chance)
        return values if many else values[0]
    if field.kind == "date":
        return (_FIRST_DAY + timedelta(days=chance.randrange(365))).isoformat()
    if field.kind == "number":
        return str(chance.randint(field.minimum, max(field.minimum, field.maximum or field.minimum + 9)))
    text = words.answer(chance)
    while len(text) < field.minimum:
        text = f"{text} {words.answer(chance)}"
    return text[: field.maximum] if field.maximum else text
