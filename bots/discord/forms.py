"""Forms as Discord's modals, and what comes back from them.

The form's action is the modal's ``custom_id`` and each field's name its own, so that a form that was opened before a
restart is understood after it. The button that sends a modal is worded by Discord, in the member's language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import discord
from discord import ui

from bots.discord.markdown import fit
from bots.discord.render import select_option
from core.degrade import Loss
from core.form import FieldKind, Form, FormField, Raw
from core.message import Option, cut
from core.texts import Words

MAX_PARTS = 5
MAX_TITLE = MAX_LABEL = 45
MAX_HINT = MAX_PLACEHOLDER = 100
MAX_INPUT = 4000
MAX_TEXT = 4000
MAX_BOXES = 10
"""Discord's reference, "Modal", "Label", "Text Input", "Text Display", "Radio Group" and "Checkbox Group"."""
EXAMPLE_DATE = "2027-03-31"

_LABEL, _ROW = 18, 1
"""Component types that hold the fields in a submission."""


def modal(form: Form, agree: str, losses: list[Loss]) -> ui.Modal:
    """The modal of a spoken form. ``agree`` is what stands beside a consent's box.

    Stopped at once: its submission comes to us raw, and nothing of it is to be kept in memory.
    """
    made = ui.Modal(
        title=_cut(_words(form.title), MAX_TITLE, "title", losses), custom_id=form.action.encode(), timeout=None
    )
    made.stop()
    if text := _words(form.text):
        if len(form.fields) < MAX_PARTS:
            shown, over = fit(text, MAX_TEXT)
            made.add_item(ui.TextDisplay(shown))
        else:
            over = len(text)
        if over:
            losses.append(Loss("form text", f"{over} characters"))
    for field in form.fields:
        made.add_item(_label(field, agree, losses))
    return made


def _label(field: FormField, agree: str, losses: list[Loss]) -> ui.Item[Any]:
    return ui.Label(
        text=_cut(_words(field.label), MAX_LABEL, "label", losses),
        description=_cut(_words(field.hint), MAX_HINT, "hint", losses) or None,
        component=_component(field, agree, losses),
    )


def _component(field: FormField, agree: str, losses: list[Loss]) -> ui.Item[Any]:
    match field.kind:
        case FieldKind.TEXT | FieldKind.LONG:
            return _input(field)
        case FieldKind.NUMBER:
            return ui.TextInput(
                custom_id=field.name, required=field.required, default=_one(field.value) or None, max_length=40
            )
        case FieldKind.DATE:
            return ui.TextInput(
                custom_id=field.name,
                required=field.required,
                default=_one(field.value) or None,
                placeholder=EXAMPLE_DATE,
                max_length=40,
            )
        case FieldKind.CHOICE:
            return _choice(field, losses)
        case FieldKind.CONSENT:
            given = _one(field.value).lower() in {"yes", "true", "1", "on"}
            box = discord.CheckboxGroupOption(label=cut(agree, 100), value="yes", default=given)
            return ui.CheckboxGroup(
                custom_id=field.name,
                required=field.required,
                min_values=int(field.required),
                max_values=1,
                options=[box],
            )


def _input(field: FormField) -> ui.Item[Any]:
    value = _one(field.value)[:MAX_INPUT]
    least = field.minimum or 0
    return ui.TextInput(
        custom_id=field.name,
        style=discord.TextStyle.paragraph if field.kind is FieldKind.LONG else discord.TextStyle.short,
        required=field.required,
        default=value or None,
        # What was typed before is kept even where it was too short or too long: it comes back to be mended.
        min_length=least if least and (not value or len(value) >= least) else None,
        max_length=min(max(field.most, len(value)), MAX_INPUT),
    )


def _choice(field: FormField, losses: list[Loss]) -> ui.Item[Any]:
    chosen = {field.value} if isinstance(field.value, str) else set(field.value)
    chosen = set([option.value for option in field.options if option.value in chosen][: field.most])
    most = min(field.most, len(field.options))
    least = field.minimum if field.minimum is not None else int(field.required)
    required = field.required and least > 0
    if len(field.options) <= MAX_BOXES and most > 1:
        return ui.CheckboxGroup(
            custom_id=field.name,
            required=required,
            min_values=min(least, most),
            max_values=most,
            options=[
                discord.CheckboxGroupOption(**_parts(option, losses), default=option.value in chosen)
                for option in field.options
            ],
        )
    if 2 <= len(field.options) <= MAX_BOXES and required and most == 1:
        return ui.RadioGroup(  # a circle that is filled stays filled: only for what must be answered
            custom_id=field.name,
            required=True,
            options=[
                discord.RadioGroupOption(**_parts(option, losses), default=option.value in chosen)
                for option in field.options
            ],
        )
    return ui.Select(
        custom_id=field.name,
        required=required,
        min_values=min(least, most),
        max_values=most,
        options=[select_option(option, losses, default=option.value in chosen) for option in field.options],
    )


def _parts(option: Option, losses: list[Loss]) -> dict[str, Any]:
    made = select_option(option, losses)
    return {"label": made.label, "value": made.value, "description": made.description}


def values_of(components: Iterable[Mapping[str, Any]]) -> dict[str, Raw]:
    """What was filled in, by field name, out of a submission's components. Unchecked."""
    found: dict[str, Raw] = {}
    for component in components:
        if component["type"] == _LABEL:
            found |= values_of([component["component"]])
        elif component["type"] == _ROW:
            found |= values_of(component["components"])
        elif "custom_id" in component:
            values = component.get("values")
            if values is None:
                value = component.get("value")
                found[component["custom_id"]] = value if isinstance(value, str) else "yes" if value else ""
            else:
                found[component["custom_id"]] = [str(one) for one in values]
    return found


def _one(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else (value[0] if value else "")


def _words(words: Words) -> str:
    if not isinstance(words, str):
        raise TypeError("a bot is given spoken forms: put phrases into a language first")
    return words


def _cut(text: str, most: int, what: str, losses: list[Loss]) -> str:
    if len(text) > most:
        losses.append(Loss(what, f"{len(text) - most} characters over"))
    return cut(text, most)
