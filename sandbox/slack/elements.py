"""Block Kit elements: which hold a value, how a person's input becomes that value."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from sandbox.slack.world import JSON

SINGLE = frozenset({"static_select", "radio_buttons", "external_select"})
MANY = frozenset({"multi_static_select", "checkboxes", "multi_external_select"})
PICKERS = {
    "channels_select": "selected_channel",
    "conversations_select": "selected_conversation",
    "users_select": "selected_user",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
}
MANY_PICKERS = {
    "multi_channels_select": "selected_channels",
    "multi_conversations_select": "selected_conversations",
    "multi_users_select": "selected_users",
}
TYPED = frozenset({"plain_text_input", "number_input", "email_text_input", "url_text_input"})
STATEFUL = SINGLE | MANY | TYPED | frozenset(PICKERS) | frozenset(MANY_PICKERS)

Raw = str | list[str]
"""What a person put into a field: text, a value, or several values."""


def with_ids(blocks: list[JSON]) -> list[JSON]:
    """The blocks with the ids that Slack makes up where an app gave none."""
    made = []
    for block in blocks:
        block = {**block, "block_id": block.get("block_id") or secrets.token_urlsafe(4)}
        for key in ("element", "accessory"):
            if isinstance(block.get(key), dict):
                block[key] = _with_action_id(block[key])
        if block.get("type") == "actions":
            block["elements"] = [_with_action_id(element) for element in block.get("elements", [])]
        made.append(block)
    return made


def _with_action_id(element: JSON) -> JSON:
    if element.get("type") == "image" or element.get("action_id"):
        return element
    return {**element, "action_id": secrets.token_urlsafe(4)}


def elements(blocks: list[JSON]) -> Iterator[tuple[JSON, JSON]]:
    """Every interactive element with its block."""
    for block in blocks:
        for key in ("element", "accessory"):
            element = block.get(key)
            if isinstance(element, dict) and element.get("type") != "image":
                yield block, element
        if block.get("type") == "actions":
            for element in block.get("elements", []):
                yield block, element


def options(element: JSON) -> list[JSON]:
    """An element's options, those in groups included."""
    found = list(element.get("options") or [])
    for group in element.get("option_groups") or []:
        found += group.get("options") or []
    return found


def chosen(element: JSON, raw: Raw | None) -> JSON:
    """The value of an element in a state or an action, for what a person put in.

    Raises KeyError with a value that is not among the options.
    """
    kind = str(element.get("type"))
    values = raw if isinstance(raw, list) else [raw] if raw else []
    if kind in SINGLE or kind in MANY:
        by_value = {option.get("value"): option for option in options(element)}
        picked = [by_value[value] for value in values]
        if kind in MANY:
            return {"type": kind, "selected_options": picked}
        return {"type": kind, "selected_option": picked[0] if picked else None}
    if kind in MANY_PICKERS:
        return {"type": kind, MANY_PICKERS[kind]: values}
    first = values[0] if values else None
    return {"type": kind, PICKERS.get(kind, "value"): first}


def initial(element: JSON) -> Raw:
    """What stands in an element before anybody touched it."""
    kind = str(element.get("type"))
    if kind in MANY:
        return [str(option.get("value")) for option in element.get("initial_options") or []]
    if kind in SINGLE:
        return str((element.get("initial_option") or {}).get("value", ""))
    name = PICKERS.get(kind) or MANY_PICKERS.get(kind)
    if name:
        value = element.get(name.replace("selected", "initial"))
        return [str(item) for item in value] if isinstance(value, list) else str(value or "")
    return str(element.get("initial_value") or "")


def state(blocks: list[JSON], values: dict[tuple[str, str], Raw]) -> JSON:
    """``state.values`` of a message or view, block_id → action_id → value, with what people put in by those two."""
    found: JSON = {}
    for block, element in elements(blocks):
        if element.get("type") in STATEFUL:
            raw = values.get((block["block_id"], element["action_id"]), initial(element))
            found.setdefault(block["block_id"], {})[element["action_id"]] = chosen(element, raw)
    return found
