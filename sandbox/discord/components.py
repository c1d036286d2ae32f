"""What Discord refuses about components: of messages (the old ones and version 2) and of modals.

Source: Discord's reference, "Component Reference"; discord.py's ui/ for the same limits. Limits stand in rules.py.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.discord import rules
from sandbox.discord.rules import Checks, Path
from sandbox.discord.world import Wire

ROW, BUTTON, STRING_SELECT, TEXT_INPUT, SECTION, TEXT, THUMBNAIL = 1, 2, 3, 4, 9, 10, 11
GALLERY, FILE, SEPARATOR, CONTAINER, LABEL, UPLOAD, RADIO, CHECKBOXES, CHECKBOX = 12, 13, 14, 17, 18, 19, 21, 22, 23
SELECTS = {3, 5, 6, 7, 8}
LINK, PREMIUM = 5, 6
TOP = {ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER}
IN_CONTAINER = TOP - {CONTAINER}
IN_LABEL = {TEXT_INPUT, UPLOAD, RADIO, CHECKBOXES, CHECKBOX} | SELECTS
EMOJI_WORD = re.compile(r"[A-Za-z_]")


class ComponentChecks:
    """Walks one message's or modal's components and adds what is wrong to ``checks``."""

    def __init__(self, checks: Checks, files: set[str]) -> None:
        self._checks = checks
        self._files = files
        self._custom_ids: set[str] = set()
        self._numbers: set[int] = set()
        self.count = 0
        self.characters = 0

    # -- messages --------------------------------------------------------------------------------------------
    def message(self, path: Path, components: Any, *, v2: bool) -> None:
        """The components of a message."""
        checks = self._checks
        if not v2:
            if components:
                for index, row in enumerate(checks.objects(path, components, rules.ROWS)):
                    if checks.choice((*path, index, "type"), row.get("type"), {ROW}):
                        self._row((*path, index), row)
            return
        found = checks.objects(path, components, rules.V2_COMPONENTS)
        for index, component in enumerate(found):
            self._block((*path, index), component, TOP)
        if self.count > rules.V2_COMPONENTS.limit:
            words = f"The maximum number of components is {rules.V2_COMPONENTS.limit}"
            checks.add(path, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", words)
        if self.characters > rules.V2_TEXT.limit:
            words = f"The total displayable text exceeds the maximum size of {rules.V2_TEXT.limit}"
            checks.add(path, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", words)

    def _block(self, path: Path, component: Wire, allowed: set[int]) -> None:
        checks, kind = self._checks, component.get("type")
        if not checks.choice((*path, "type"), kind, allowed):
            return
        if kind == ROW:
            self._row(path, component)
            return
        self._counted(path, component)
        if kind == TEXT:
            self._text(path, component)
        elif kind == SECTION:
            inner = checks.objects((*path, "components"), component.get("components"), rules.SECTION_TEXTS)
            for index, child in enumerate(inner):
                self._block((*path, "components", index), child, {TEXT})
            accessory = component.get("accessory")
            if not isinstance(accessory, dict):
                checks.required((*path, "accessory"))
            elif checks.choice((*path, "accessory", "type"), accessory.get("type"), {BUTTON, THUMBNAIL}):
                if accessory["type"] == BUTTON:
                    self._button((*path, "accessory"), accessory)
                else:
                    self._counted((*path, "accessory"), accessory)
                    self._media((*path, "accessory"), accessory, "media")
        elif kind == GALLERY:
            for index, item in enumerate(
                checks.objects((*path, "items"), component.get("items"), rules.GALLERY_ITEMS)
            ):
                self._media((*path, "items", index), item, "media")
        elif kind == FILE:
            self._media(path, component, "file")
        elif kind == CONTAINER:
            inner = checks.objects((*path, "components"), component.get("components"), rules.V2_COMPONENTS)
            for index, child in enumerate(inner):
                self._block((*path, "components", index), child, IN_CONTAINER)

    def _text(self, path: Path, component: Wire) -> None:
        content = component.get("content")
        self.characters += len(content) if isinstance(content, str) else 0
        if not isinstance(content, str) or not content:
            self._checks.required((*path, "content"))

    def _media(self, path: Path, component: Wire, name: str) -> None:
        checks = self._checks
        checks.text((*path, "description"), component.get("description"), rules.MEDIA_DESCRIPTION)
        media = component.get(name)
        url = media.get("url") if isinstance(media, dict) else None
        if not isinstance(url, str) or not url:
            checks.required((*path, name, "url"))
        elif url.startswith("attachment://"):
            if url.removeprefix("attachment://") not in self._files:
                words = "The referenced attachment was not found"
                checks.add((*path, name, "url"), "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", words)
        elif name == "file" or not url.startswith(("http://", "https://")):
            checks.add((*path, name, "url"), "URL_TYPE_INVALID_URL", "Not a well formed URL.")

    def _row(self, path: Path, row: Wire) -> None:
        self._counted(path, row)
        checks, inner = self._checks, (*path, "components")
        children = checks.objects(inner, row.get("components"), rules.BUTTONS)
        alone = any(child.get("type") in SELECTS for child in children)
        for index, child in enumerate(children):
            place = (*inner, index)
            if not checks.choice((*place, "type"), child.get("type"), {BUTTON} | SELECTS):
                continue
            if alone and index >= rules.SELECT_ALONE.limit:
                words = "The specified component exceeds the maximum width"
                checks.add(place, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", words)
            if child["type"] == BUTTON:
                self._button(place, child)
            else:
                self._select(place, child, required=False)

    def _button(self, path: Path, button: Wire) -> None:
        self._counted(path, button)
        checks, style = self._checks, button.get("style")
        checks.text((*path, "label"), button.get("label"), rules.BUTTON_LABEL)
        self._emoji(path, button)
        if not checks.choice((*path, "style"), style, {1, 2, 3, 4, LINK, PREMIUM}) or style == PREMIUM:
            return
        if not button.get("label") and not button.get("emoji"):
            checks.add(path, "BUTTON_COMPONENT_MISSING_LABEL", "A button must have a label or an emoji")
        if style == LINK:
            if button.get("custom_id"):
                words = "A custom id and url cannot both be specified"
                checks.add((*path, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", words)
            url = checks.text((*path, "url"), button.get("url"), rules.BUTTON_URL, required=True)
            if url and not url.startswith(("http://", "https://", "discord://")):
                words = "Scheme must be one of ('http', 'https', 'discord')."
                checks.add((*path, "url"), "URL_TYPE_INVALID_SCHEME", words)
        else:
            if button.get("url"):
                words = "A url is only for link buttons"
                checks.add((*path, "url"), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", words)
            self._custom_id(path, button)

    def _select(self, path: Path, select: Wire, *, required: bool) -> None:
        self._counted(path, select)
        checks = self._checks
        self._custom_id(path, select)
        checks.text((*path, "placeholder"), select.get("placeholder"), rules.PLACEHOLDER)
        most = rules.SELECT_OPTIONS.limit
        checks.number((*path, "min_values"), select.get("min_values"), 0, most)
        checks.number((*path, "max_values"), select.get("max_values"), 1, most)
        if select.get("type") != STRING_SELECT:
            return
        options = self._options(path, select, rules.SELECT_OPTIONS)
        for name in ("min_values", "max_values"):
            value = select.get(name)
            if isinstance(value, int) and value > len(options):
                words = f"{name} must be less than or equal to the number of options"
                checks.add((*path, name), "SELECT_COMPONENT_VALUES_EXCEED_OPTIONS", words)
        if required and select.get("min_values") == 0:
            words = "A required select needs at least one value"
            checks.add((*path, "min_values"), "COMPONENT_REQUIRED_ZERO_MIN_VALUES", words)

    def _options(self, path: Path, component: Wire, rule: rules.Rule) -> list[Wire]:
        checks, values = self._checks, set()
        options = checks.objects((*path, "options"), component.get("options"), rule)
        for index, option in enumerate(options):
            place = (*path, "options", index)
            checks.text((*place, "label"), option.get("label"), rules.OPTION_LABEL, required=True)
            checks.text((*place, "description"), option.get("description"), rules.OPTION_DESCRIPTION)
            value = checks.text((*place, "value"), option.get("value"), rules.OPTION_VALUE, required=True)
            self._emoji(place, option)
            if value in values:
                words = "The specified option value is already used"
                checks.add((*place, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", words)
            values.add(value)
        return options

    def _emoji(self, path: Path, component: Wire) -> None:
        emoji = component.get("emoji")
        if not emoji:
            return
        name = emoji.get("name") if isinstance(emoji, dict) else None
        custom = isinstance(emoji, dict) and emoji.get("id")
        if not custom and (not name or EMOJI_WORD.search(str(name))):
            self._checks.add((*path, "emoji", "name"), "COMPONENT_INVALID_EMOJI", "Invalid emoji")

    def _custom_id(self, path: Path, component: Wire) -> None:
        checks = self._checks
        value = checks.text((*path, "custom_id"), component.get("custom_id"), rules.CUSTOM_ID, required=True)
        if value and value in self._custom_ids:
            words = "Component custom id cannot be duplicated"
            checks.add((*path, "custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", words)
        self._custom_ids.add(value)

    def _counted(self, path: Path, component: Wire) -> None:
        self.count += 1
        number = component.get("id")
        if number and number in self._numbers:
            self._checks.add((*path, "id"), "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated")
        if number:
            self._numbers.add(number)

    # -- modals ----------------------------------------------------------------------------------------------
    def modal(self, path: Path, components: Any) -> None:
        """The components of a modal: rows with one text input, labels, and text."""
        checks = self._checks
        for index, component in enumerate(checks.objects(path, components, rules.MODAL_PARTS)):
            place = (*path, index)
            if not checks.choice((*place, "type"), component.get("type"), {ROW, TEXT, LABEL}):
                continue
            self._counted(place, component)
            if component["type"] == TEXT:
                self._text(place, component)
            elif component["type"] == LABEL:
                checks.text((*place, "label"), component.get("label"), rules.MODAL_LABEL, required=True)
                checks.text((*place, "description"), component.get("description"), rules.MODAL_DESCRIPTION)
                self._field((*place, "component"), component.get("component"), IN_LABEL)
            else:
                inner = checks.objects((*place, "components"), component.get("components"), rules.SELECT_ALONE)
                if not inner:
                    checks.required((*place, "components"))
                for number, child in enumerate(inner):
                    self._field((*place, "components", number), child, {TEXT_INPUT}, labelled=True)

    def _field(self, path: Path, field: Any, allowed: set[int], *, labelled: bool = False) -> None:
        checks = self._checks
        if not isinstance(field, dict):
            checks.required(path)
            return
        if not checks.choice((*path, "type"), field.get("type"), allowed):
            return
        if field["type"] in SELECTS:
            self._select(path, field, required=bool(field.get("required", True)))
            return
        self._counted(path, field)
        self._custom_id(path, field)
        if field["type"] == TEXT_INPUT:
            self._input(path, field, labelled=labelled)
        elif field["type"] == RADIO:
            self._options(path, field, rules.RADIO_OPTIONS)
        elif field["type"] == CHECKBOXES:
            self._options(path, field, rules.CHECKBOX_OPTIONS)
        if field["type"] in {CHECKBOXES, UPLOAD}:
            most = rules.UPLOAD_FILES.limit
            checks.number((*path, "min_values"), field.get("min_values"), 0, most)
            checks.number((*path, "max_values"), field.get("max_values"), 1, most)

    def _input(self, path: Path, field: Wire, *, labelled: bool) -> None:
        checks, most = self._checks, rules.INPUT_TEXT.limit
        if labelled:
            checks.text((*path, "label"), field.get("label"), rules.MODAL_LABEL, required=True)
        elif field.get("label"):
            checks.add((*path, "label"), "COMPONENT_LABEL_NOT_ALLOWED", "A text input in a label has no label")
        checks.choice((*path, "style"), field.get("style"), {1, 2})
        checks.text((*path, "placeholder"), field.get("placeholder"), rules.INPUT_PLACEHOLDER)
        checks.number((*path, "min_length"), field.get("min_length"), 0, most)
        checks.number((*path, "max_length"), field.get("max_length"), 1, most)
        value = checks.text((*path, "value"), field.get("value"), rules.INPUT_TEXT)
        high = field.get("max_length")
        if value and isinstance(high, int) and len(value) > high:
            checks.add((*path, "value"), "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
