"""Forms as Slack's modals, and what comes back from them.

What the form is for rides in ``private_metadata``, with the place that it was opened from, and each field's name is
its block's id: a form that was opened before a restart is understood after it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from bots.slack.mrkdwn import sections
from bots.slack.render import JSON, MAX_SECTION, option, plain_text, section, words
from core.action import Action, ActionError
from core.degrade import Loss
from core.form import FieldKind, Form, FormField, Raw
from core.message import cut

CALLBACK = "hall"
MAX_TITLE = MAX_BUTTON = 24
MAX_LABEL = MAX_HINT = 2000
MAX_TYPED = 3000
MAX_INTRODUCTION = 6000
BOXES = 10
"""Characters of a modal's title and its buttons, a field's label and hint, a text; options of radio buttons and
checkboxes (docs.slack.dev/surfaces/modals and reference/block-kit). The introduction's limit is ours."""
ELEMENT = "value"
"""The id of the one element in each field's block."""


class Spot(NamedTuple):
    """Where an answer goes: a channel or a private chat, perhaps a thread in it.

    ``hook`` is Slack's address for answers to an act (5 in 30 minutes), ``ephemeral`` says that the act was done on
    a message that one member alone sees.
    """

    channel: str = ""
    thread: str = ""
    private: bool = False
    hook: str = ""
    ephemeral: bool = False


def modal(form: Form, spot: Spot, *, agree: str, send: str, cancel: str, losses: list[Loss]) -> JSON:
    """The modal of a spoken form. ``agree`` stands beside a consent's box, ``send`` and ``cancel`` on the buttons."""
    title = words(form.title)
    introduction = words(form.text)
    if len(title) > MAX_TITLE:  # it stands whole above the fields
        introduction = f"**{title}**\n{introduction}".strip()
    parts, over = sections(introduction, MAX_SECTION, MAX_INTRODUCTION)
    if over:
        losses.append(Loss("form text", f"{over} characters over"))
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain_text(cut(title, MAX_TITLE)),
        "submit": plain_text(cut(words(form.submit) or send, MAX_BUTTON)),
        "close": plain_text(cut(cancel, MAX_BUTTON)),
        "private_metadata": metadata(form.action, spot),
        "blocks": [*map(section, parts), *(_input(field, agree, losses) for field in form.fields)],
    }


def metadata(action: Action, spot: Spot) -> str:
    """What a form is for and where its answer goes, as text of some 200 characters (Slack's limit is 3,000)."""
    said: JSON = {"a": action.encode(), "c": spot.channel, "t": spot.thread, "u": spot.hook}
    said |= {"p": int(spot.private), "e": int(spot.ephemeral)}
    return json.dumps({key: value for key, value in said.items() if value}, separators=(",", ":"))


def spot_of(text: str) -> tuple[str, Spot]:
    """Back from :func:`metadata`: the encoded action and the place. An unreadable text gives empty ones."""
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return "", Spot()
    spot = Spot(
        str(said.get("c", "")),
        str(said.get("t", "")),
        bool(said.get("p")),
        str(said.get("u", "")),
        bool(said.get("e")),
    )
    return str(said.get("a", "")), spot


def action_of(encoded: str) -> Action:
    """The form's action. Raises :class:`core.action.ActionError`."""
    if not encoded:
        raise ActionError("a form without an action")
    return Action.decode(encoded)


def _input(field: FormField, agree: str, losses: list[Loss]) -> JSON:
    label = cut(words(field.label), MAX_LABEL)
    block: JSON = {
        "type": "input",
        "block_id": field.name,
        "label": plain_text(label),
        "optional": not field.required,
        "element": {**_element(field, agree, losses), "action_id": ELEMENT},
    }
    if hint := cut(words(field.hint), MAX_HINT):
        block["hint"] = plain_text(hint)
    return block


def _element(field: FormField, agree: str, losses: list[Loss]) -> JSON:
    match field.kind:
        case FieldKind.TEXT | FieldKind.LONG:
            return _text(field)
        case FieldKind.NUMBER:
            return _number(field)
        case FieldKind.DATE:
            return _date(field)
        case FieldKind.CHOICE:
            return _choice(field, losses)
        case FieldKind.CONSENT:
            box = {"text": plain_text(cut(agree, 75)), "value": "yes"}
            given = _one(field.value).lower() in {"yes", "true", "1", "on"}
            return {"type": "checkboxes", "options": [box], **({"initial_options": [box]} if given else {})}


def _text(field: FormField) -> JSON:
    value = _one(field.value)[:MAX_TYPED]
    made: JSON = {"type": "plain_text_input", "multiline": field.kind is FieldKind.LONG}
    # What was typed before is kept even where it was too short or too long: it comes back to be mended.
    made["max_length"] = min(max(field.most, len(value)), MAX_TYPED)
    if field.minimum and (not value or len(value) >= field.minimum):
        made["min_length"] = min(field.minimum, made["max_length"])
    if value:
        made["initial_value"] = value
    return made


def _number(field: FormField) -> JSON:
    made: JSON = {"type": "number_input", "is_decimal_allowed": True}
    if field.minimum is not None:
        made["min_value"] = str(field.minimum)
    if field.maximum is not None:
        made["max_value"] = str(field.maximum)
    try:
        value = Decimal(_one(field.value).replace(",", "."))
    except InvalidOperation:
        return made
    if value.is_finite():
        made["initial_value"] = f"{value:f}"
    return made


def _date(field: FormField) -> JSON:
    try:
        return {"type": "datepicker", "initial_date": date.fromisoformat(_one(field.value)).isoformat()}
    except ValueError:
        return {"type": "datepicker"}


def _choice(field: FormField, losses: list[Loss]) -> JSON:
    options = [option(one, losses) for one in field.options]
    chosen = {field.value} if isinstance(field.value, str) else set(field.value)
    initial = [one for one in options if one["value"] in chosen][: field.most]
    if field.most == 1:
        # A circle that is filled stays filled: only for what must be answered.
        radio = field.required and len(options) <= BOXES
        made: JSON = {"type": "radio_buttons" if radio else "static_select", "options": options}
        return made | ({"initial_option": initial[0]} if initial else {})
    made = {"type": "checkboxes" if len(options) <= BOXES else "multi_static_select", "options": options}
    if len(options) > BOXES:
        made["max_selected_items"] = field.most
    return made | ({"initial_options": initial} if initial else {})


def values_of(state: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, Raw]:
    """What was filled in, by field name, out of a view's ``state.values``. Unchecked."""
    return {name: _raw(element) for name, elements in state.items() for element in elements.values()}


def _raw(element: Mapping[str, Any]) -> Raw:
    if "selected_options" in element:
        return [str(one["value"]) for one in element["selected_options"] or ()]
    if "selected_option" in element:
        return str((element["selected_option"] or {}).get("value", ""))
    return str(element.get("selected_date") or element.get("value") or "")


def _one(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else (value[0] if value else "")


def shown_errors(errors: Mapping[str, str], view: Mapping[str, Any]) -> dict[str, str]:
    """The errors that can stand beside a field of the view: Slack refuses all when one has no field."""
    fields = {block.get("block_id") for block in view.get("blocks", ()) if block.get("type") == "input"}
    return {name: cut(text, MAX_LABEL) for name, text in errors.items() if name in fields and text}
