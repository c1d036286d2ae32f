"""Sending a modal: what Discord's client checks before it lets a person submit, and what it sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.control import ControlError
from sandbox.discord.interactions import Form
from sandbox.discord.views import (
    CHECKBOX,
    CHECKBOXES,
    LABEL,
    RADIO,
    TEXT_DISPLAY,
    TEXT_INPUT,
    field_limits,
    inputs,
    prefilled,
)
from sandbox.discord.world import Wire


def submitted(form: Form, values: Mapping[str, str | list[str]]) -> tuple[list[Wire], dict[str, str]]:
    """The components of a modal submission, or the errors by field id. Raises ControlError for unknown fields."""
    parts = {str(part["custom_id"]): part for _, part in inputs(form.components)}
    unknown = sorted(set(values) - set(parts))
    if unknown:
        raise ControlError(f"the form has no field {', '.join(unknown)}")
    errors: dict[str, str] = {}
    filled: dict[str, Wire] = {}
    for identifier, part in parts.items():
        given = values.get(identifier, prefilled(part))
        answer: Wire = {"type": part["type"], "id": part["id"], "custom_id": identifier}
        if part["type"] == TEXT_INPUT:
            text = given if isinstance(given, str) else "\n".join(given)
            errors[identifier] = _text_error(part, text)
            answer["value"] = text
        else:
            chosen = [given] if isinstance(given, str) else list(given)
            chosen = [value for value in chosen if value]
            errors[identifier] = _choice_error(part, chosen)
            if part["type"] == CHECKBOX:
                answer["value"] = bool(chosen) and chosen[0].lower() not in {"false", "off", "0"}
            elif part["type"] == RADIO:
                answer["value"] = chosen[0] if chosen else None
            else:
                answer["values"] = chosen
        filled[identifier] = answer
    return [_shape(component, filled) for component in form.components], {k: e for k, e in errors.items() if e}


def _text_error(part: Wire, text: str) -> str:
    low, high, required = field_limits(part)
    if not text and not required:
        return ""
    if not text.strip() and required:
        return "This is a required field"
    if len(text) < low:
        return f"Must be {low} or more in length"
    return f"Must be {high} or fewer in length" if len(text) > high else ""


def _choice_error(part: Wire, chosen: list[str]) -> str:
    low, high, required = field_limits(part)
    known = [str(option["value"]) for option in part.get("options") or []]
    if known and not set(chosen) <= set(known):
        return "That is not among the options"
    if not chosen:
        return "This is a required field" if required else ""
    if part["type"] == CHECKBOXES and len(chosen) < low:
        return f"Choose at least {low}"
    return f"Choose at most {high}" if len(chosen) > high else ""


def _shape(component: Wire, filled: Mapping[str, Wire]) -> Wire:
    """A component of the submission: the same tree, with answers where fields were."""
    shape: dict[str, Any] = {"type": component["type"], "id": component["id"]}
    if component["type"] == LABEL:
        shape["component"] = filled[str(component["component"]["custom_id"])]
    elif component["type"] != TEXT_DISPLAY:
        shape["components"] = [filled[str(child["custom_id"])] for child in component["components"]]
    return shape
