"""Whether blocks and views are such as Slack takes; what it says of them where they are not.

Slack names each mistake with a pointer: ``must be less than 3001 characters [json-pointer:/blocks/0/text/text]``
(seen: github.com/yonicd/slackreprex/issues/3). Words that nobody was seen to get are made alike.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sandbox.slack import elements, rules
from sandbox.slack.rules import Rule
from sandbox.slack.world import JSON

_SELECTS = frozenset(
    f"{many}{kind}_select"
    for many in ("", "multi_")
    for kind in ("static", "external", "users", "conversations", "channels")
)
_PICKERS = frozenset({"datepicker", "timepicker", "datetimepicker"})
_FEW = frozenset({"radio_buttons", "checkboxes"})
IN_ACTIONS = (
    frozenset({"button", "overflow", "workflow_button"})
    | _PICKERS
    | _FEW
    | frozenset(kind for kind in _SELECTS if not kind.startswith("multi_"))
)
"""Documented: block-elements, each with the blocks it works in. A menu of many choices works in section and input
alone (seen: github.com/slackapi/python-slack-sdk/issues/1631)."""
IN_SECTION = IN_ACTIONS | _SELECTS | {"image"}
IN_INPUT = elements.TYPED | _SELECTS | _PICKERS | _FEW | {"file_input", "rich_text_input"}

Shown = Callable[[Any], JSON | None]
"""The file that a ``slack_file`` object names, None where it is none that can be shown."""


def no_file(_: Any) -> JSON | None:
    """Where nothing was uploaded."""
    return None


class Findings:
    """What is wrong, in Slack's words, gathered while walking."""

    def __init__(self, shown: Shown) -> None:
        self.found: list[str] = []
        self._shown = shown
        self._block_ids: set[str] = set()
        self._markdown = 0

    def say(self, what: str, at: str) -> None:
        """One mistake and where it is."""
        self.found.append(f"{what} [json-pointer:{at}]")

    def words(self, value: Any, rule: Rule, at: str, *, required: bool = True) -> None:
        """A string of limited length."""
        if value is None or value == "":
            if required:
                self.say("must be more than 0 characters" if value == "" else "missing required field", at)
        elif not isinstance(value, str):
            self.say("must provide a string", at)
        elif len(value) > rule.limit:
            self.say(f"must be less than {rule.limit + 1} characters", at)

    def text(self, value: Any, rule: Rule, at: str, *, plain: bool = False, required: bool = True) -> None:
        """A text object."""
        if value is None:
            if required:
                self.say("missing required field", at)
            return
        if not isinstance(value, dict):
            self.say("must provide an object", at)
            return
        before = len(self.found)
        kind = value.get("type")
        if kind not in ("plain_text", "mrkdwn") or (plain and kind != "plain_text"):
            self.say(f"unsupported type: {kind}", f"{at}/type")
        extra = set(value) - {"type", "text", "emoji" if kind == "plain_text" else "verbatim"}
        for name in sorted(extra):
            self.say(f"invalid additional property: {name}", at)
        self.words(value.get("text"), rule, f"{at}/text")
        if len(self.found) > before:
            self.found.insert(before, f"failed to match all allowed schemas [json-pointer:{at}]")

    def items(self, value: Any, rule: Rule, at: str, *, least: int = 1) -> list[Any]:
        """A list of limited length; empty when it is none."""
        if not isinstance(value, list):
            self.say("missing required field" if value is None else "must provide an array", at)
            return []
        if len(value) > rule.limit:
            self.say(f"no more than {rule.limit} items allowed", at)
        elif len(value) < least:
            self.say(f"no fewer than {least} items allowed", at)
        return value

    # -- blocks ------------------------------------------------------------------------------------------------
    def block(self, block: Any, at: str) -> None:
        """One block."""
        if not isinstance(block, dict):
            self.say("must provide an object", at)
            return
        check = _BLOCKS.get(str(block.get("type")))
        if check is None:
            self.say(f"unsupported type: {block.get('type')}", f"{at}/type")
            return
        block_id = block.get("block_id")
        self.words(block_id, rules.BLOCK_ID, f"{at}/block_id", required=False)
        if block_id and block_id in self._block_ids:
            self.say(f"`block_id` {json.dumps(block_id)} already exists for another block", f"{at}/block_id")
        if block_id:
            self._block_ids.add(str(block_id))
        check(self, block, at)

    def section(self, block: JSON, at: str) -> None:
        """A section: text, fields, one element beside it."""
        if block.get("fields") is not None:
            for index, text in enumerate(self.items(block["fields"], rules.SECTION_FIELDS, f"{at}/fields")):
                self.text(text, rules.SECTION_FIELD, f"{at}/fields/{index}")
        self.text(block.get("text"), rules.SECTION_TEXT, f"{at}/text", required=not block.get("fields"))
        if block.get("accessory") is not None:
            self.element(block["accessory"], f"{at}/accessory", IN_SECTION)

    def header(self, block: JSON, at: str) -> None:
        """A header."""
        self.text(block.get("text"), rules.HEADER_TEXT, f"{at}/text", plain=True)

    def context(self, block: JSON, at: str) -> None:
        """Small texts and pictures."""
        for index, item in enumerate(self.items(block.get("elements"), rules.CONTEXT_ELEMENTS, f"{at}/elements")):
            where = f"{at}/elements/{index}"
            if isinstance(item, dict) and item.get("type") == "image":
                self.image(item, where)
            else:
                self.text(item, rules.SECTION_TEXT, where)

    def image(self, block: JSON, at: str) -> None:
        """A picture."""
        if block.get("slack_file") is None:
            self.words(block.get("image_url"), rules.IMAGE_ADDRESS, f"{at}/image_url")
        elif block.get("image_url"):
            self.say("must provide either image_url or slack_file", at)
        elif self._shown(block["slack_file"]) is None:
            self.say(rules.SLACK_FILE, f"{at}/slack_file")
        self.words(block.get("alt_text"), rules.ALT_TEXT, f"{at}/alt_text")

    def actions(self, block: JSON, at: str) -> None:
        """Buttons and menus side by side."""
        seen: set[str] = set()
        for index, item in enumerate(self.items(block.get("elements"), rules.ACTIONS, f"{at}/elements")):
            self.element(item, f"{at}/elements/{index}", IN_ACTIONS)
            action = str(item.get("action_id") or "") if isinstance(item, dict) else ""
            if action and action in seen:
                self.say(f"`action_id` {json.dumps(action)} already exists", f"{at}/elements/{index}/action_id")
            seen.add(action)

    def input(self, block: JSON, at: str) -> None:
        """A field of a form."""
        self.text(block.get("label"), rules.LABEL_TEXT, f"{at}/label", plain=True)
        self.text(block.get("hint"), rules.HINT_TEXT, f"{at}/hint", plain=True, required=False)
        self.element(block.get("element"), f"{at}/element", IN_INPUT)

    def markdown(self, block: JSON, at: str) -> None:
        """Standard Markdown, limited in all blocks together."""
        self.words(block.get("text"), rules.MARKDOWN_TEXT, f"{at}/text")
        self._markdown += len(str(block.get("text") or ""))
        if self._markdown > rules.MARKDOWN_TEXT.limit >= len(str(block.get("text") or "")):
            self.say(f"must be less than {rules.MARKDOWN_TEXT.limit + 1} characters", f"{at}/text")

    def rich_text(self, block: JSON, at: str) -> None:
        """Rich text, whose insides are not looked at."""
        self.items(block.get("elements"), Rule(10_000, "none"), f"{at}/elements", least=0)

    def nothing(self, block: JSON, at: str) -> None:
        """A block in which nothing can be wrong."""

    # -- elements ----------------------------------------------------------------------------------------------
    def element(self, element: Any, at: str, allowed: frozenset[str]) -> None:
        """One interactive element."""
        if not isinstance(element, dict):
            self.say("missing required field" if element is None else "must provide an object", at)
            return
        kind = str(element.get("type"))
        if kind not in allowed:
            self.say(f"unsupported type: {element.get('type')}", f"{at}/type")
            return
        if kind == "image":
            self.image(element, at)
            return
        self.words(element.get("action_id"), rules.ACTION_ID, f"{at}/action_id", required=False)
        self.text(element.get("placeholder"), rules.PLACEHOLDER_TEXT, f"{at}/placeholder", plain=True, required=False)
        if kind == "button":
            self.button(element, at)
        elif kind in _FEW:
            self.options(element.get("options"), rules.FEW_OPTIONS, f"{at}/options", plain=False)
        elif kind == "overflow":
            self.options(element.get("options"), rules.OVERFLOW_OPTIONS, f"{at}/options", plain=True)
        elif kind in ("static_select", "multi_static_select"):
            self.menu(element, at)
        elif kind == "plain_text_input":
            self.typed(element, at)
        elif kind == "number_input" and not isinstance(element.get("is_decimal_allowed"), bool):
            self.say("missing required field", f"{at}/is_decimal_allowed")
        self.initial(element, at)

    def button(self, element: JSON, at: str) -> None:
        """A button."""
        self.text(element.get("text"), rules.BUTTON_TEXT, f"{at}/text", plain=True)
        self.words(element.get("value"), rules.BUTTON_VALUE, f"{at}/value", required=False)
        self.words(element.get("url"), rules.BUTTON_ADDRESS, f"{at}/url", required=False)
        if element.get("style") not in (None, "primary", "danger"):
            self.say("must be one of: primary, danger", f"{at}/style")

    def menu(self, element: JSON, at: str) -> None:
        """A menu of options, or of groups of them."""
        groups = element.get("option_groups")
        if groups is None:
            self.options(element.get("options"), rules.SELECT_OPTIONS, f"{at}/options", plain=True)
            return
        for index, group in enumerate(self.items(groups, rules.SELECT_OPTIONS, f"{at}/option_groups")):
            where = f"{at}/option_groups/{index}"
            self.text(group.get("label"), rules.OPTION_TEXT, f"{where}/label", plain=True)
            self.options(group.get("options"), rules.SELECT_OPTIONS, f"{where}/options", plain=True)

    def options(self, options: Any, rule: Rule, at: str, *, plain: bool) -> None:
        """Options, each with a text and a value of its own."""
        for index, option in enumerate(self.items(options, rule, at)):
            where = f"{at}/{index}"
            if not isinstance(option, dict):
                self.say("must provide an object", where)
                continue
            self.text(option.get("text"), rules.OPTION_TEXT, f"{where}/text", plain=plain)
            self.words(option.get("value"), rules.OPTION_VALUE, f"{where}/value")
            self.text(option.get("description"), rules.OPTION_TEXT, f"{where}/description", required=False)

    def typed(self, element: JSON, at: str) -> None:
        """A field to type in."""
        self.words(element.get("initial_value"), rules.TYPED_TEXT, f"{at}/initial_value", required=False)
        for name, least in (("min_length", 0), ("max_length", 1)):
            value = element.get(name)
            if value is not None and not (isinstance(value, int) and least <= value <= rules.TYPED_TEXT.limit):
                self.say(f"must be between {least} and {rules.TYPED_TEXT.limit}", f"{at}/{name}")

    def initial(self, element: JSON, at: str) -> None:
        """What is chosen from the start must be among the options, word for word."""
        offered = elements.options(element)
        chosen = element.get("initial_options") or []
        chosen = [*chosen, element["initial_option"]] if element.get("initial_option") else chosen
        if offered and any(option not in offered for option in chosen):
            self.say("initial option must match exactly one of the options", at)


_BLOCKS: dict[str, Callable[[Findings, JSON, str], None]] = {
    "section": Findings.section,
    "header": Findings.header,
    "context": Findings.context,
    "image": Findings.image,
    "actions": Findings.actions,
    "input": Findings.input,
    "markdown": Findings.markdown,
    "rich_text": Findings.rich_text,
    "divider": Findings.nothing,
    "video": Findings.nothing,
    "file": Findings.nothing,
    "table": Findings.nothing,
}


def check_blocks(blocks: list[Any], shown: Shown = no_file) -> list[str]:
    """What is wrong with a message's blocks; an empty list when Slack would take them."""
    findings = Findings(shown)
    for index, block in enumerate(findings.items(blocks, rules.MESSAGE_BLOCKS, "/blocks", least=0)):
        findings.block(block, f"/blocks/{index}")
    return findings.found


def check_view(view: Any, shown: Shown = no_file) -> list[str]:
    """What is wrong with a modal."""
    findings = Findings(shown)
    if not isinstance(view, dict):
        findings.say("must provide an object", "/view")
        return findings.found
    if view.get("type") != "modal":
        findings.say(f"unsupported type: {view.get('type')}", "/view/type")
        return findings.found
    findings.text(view.get("title"), rules.VIEW_TITLE, "/view/title", plain=True)
    for name in ("submit", "close"):
        findings.text(view.get(name), rules.VIEW_BUTTON, f"/view/{name}", plain=True, required=False)
    findings.words(view.get("private_metadata"), rules.PRIVATE_METADATA, "/view/private_metadata", required=False)
    findings.words(view.get("callback_id"), rules.CALLBACK_ID, "/view/callback_id", required=False)
    findings.words(view.get("external_id"), rules.EXTERNAL_ID, "/view/external_id", required=False)
    blocks = findings.items(view.get("blocks"), rules.VIEW_BLOCKS, "/view/blocks", least=0)
    for index, block in enumerate(blocks):
        findings.block(block, f"/view/blocks/{index}")
    if not view.get("submit") and any(isinstance(item, dict) and item.get("type") == "input" for item in blocks):
        findings.say("must define `submit` to use an `input` block in modals", "/view")
    return findings.found


def too_large(view: JSON) -> bool:
    """Whether a view is over its size in bytes."""
    return len(json.dumps(view)) > rules.VIEW_BYTES.limit


def text_length(value: Any) -> int:
    """How many characters of text stand in blocks, all together."""
    if isinstance(value, dict):
        own = value.get("text")
        rest = sum(text_length(item) for key, item in value.items() if key != "text")
        return rest + (len(own) if isinstance(own, str) else text_length(own))
    if isinstance(value, list):
        return sum(text_length(item) for item in value)
    return 0
