"""Slack's limits: each with where it stands written, and whether the real platform was ever seen to keep it.

``source`` is "documented" with the page under docs.slack.dev/reference, or "read in slack_sdk". ``seen`` is a public
report that shows the real platform's answer, or empty: nobody here saw it. None was tried by ourselves.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from sandbox.slack.world import JSON


@dataclass(frozen=True)
class Rule:
    """At most ``limit``."""

    limit: int
    source: str
    seen: str = ""


_KIT = "documented: block-kit"
MESSAGE_TEXT = Rule(40_000, "documented: methods/chat.postMessage, which cuts longer text; the sandbox refuses it")
UPDATE_TEXT = Rule(4_000, "documented: methods/chat.update", "github.com/F3-Nation/archive-slackblast/issues/64")
BLOCKS_TEXT = Rule(13_200, "undocumented", "github.com/slackapi/bolt-js/issues/2509")
MESSAGE_BLOCKS = Rule(50, f"{_KIT}/blocks", "github.com/ryanrosello-og/playwright-slack-report/issues/180")
VIEW_BLOCKS = Rule(100, f"{_KIT}/blocks", "github.com/grafana-cold-storage/oncall/pull/210")
SECTION_TEXT = Rule(3000, f"{_KIT}/blocks/section-block", "github.com/yonicd/slackreprex/issues/3")
SECTION_FIELDS = Rule(10, f"{_KIT}/blocks/section-block")
SECTION_FIELD = Rule(2000, f"{_KIT}/blocks/section-block")
HEADER_TEXT = Rule(150, f"{_KIT}/blocks/header-block")
CONTEXT_ELEMENTS = Rule(10, f"{_KIT}/blocks/context-block")
MARKDOWN_TEXT = Rule(12_000, f"{_KIT}/blocks/markdown-block")
ACTIONS = Rule(25, f"{_KIT}/blocks/actions-block", "github.com/adobe/spacecat-api-service/issues/176")
LABEL_TEXT = Rule(2000, f"{_KIT}/blocks/input-block")
HINT_TEXT = Rule(2000, f"{_KIT}/blocks/input-block")
IMAGE_ADDRESS = Rule(3000, f"{_KIT}/blocks/image-block")
ALT_TEXT = Rule(2000, f"{_KIT}/blocks/image-block")
BLOCK_ID = Rule(255, f"{_KIT}/blocks")
ACTION_ID = Rule(255, f"{_KIT}/block-elements")
BUTTON_TEXT = Rule(75, f"{_KIT}/block-elements/button-element")
BUTTON_VALUE = Rule(2000, f"{_KIT}/block-elements/button-element")
BUTTON_ADDRESS = Rule(3000, f"{_KIT}/block-elements/button-element")
PLACEHOLDER_TEXT = Rule(150, f"{_KIT}/block-elements")
SELECT_OPTIONS = Rule(100, f"{_KIT}/block-elements/select-menu-element")
FEW_OPTIONS = Rule(
    10, f"{_KIT}/block-elements/radio-button-group-element", "github.com/crownheightsaid/mutual-aid-app/issues/53"
)
OVERFLOW_OPTIONS = Rule(5, f"{_KIT}/block-elements/overflow-menu-element")
OPTION_TEXT = Rule(
    75, f"{_KIT}/composition-objects/option-object", "github.com/rtCamp/frappe-slack-connector/issues/54"
)
OPTION_VALUE = Rule(150, f"{_KIT}/composition-objects/option-object; read in slack_sdk")
TYPED_TEXT = Rule(
    3000, f"{_KIT}/block-elements/plain-text-input-element", "github.com/slackapi/node-slack-sdk/issues/940"
)
VIEW_TITLE = Rule(24, "documented: views/modal-views", "github.com/jeremeamia/slack-block-kit/issues/3")
VIEW_BUTTON = Rule(24, "documented: views/modal-views")
PRIVATE_METADATA = Rule(3000, "documented: views/modal-views")
CALLBACK_ID = Rule(255, "documented: views/modal-views")
EXTERNAL_ID = Rule(255, "documented: views/modal-views")
VIEW_BYTES = Rule(250_000, "documented: methods/views.open, view_too_large, without a number")
SLACK_FILE = "invalid slack file"
"""Said of a ``slack_file`` that is unknown, not processed yet, no picture, or named twice (documented:
block-kit/composition-objects/slack-file-object; seen: github.com/slackapi/python-slack-sdk/issues/1658)."""
METADATA_BYTES = Rule(16_384, "documented: methods/chat.postMessage, metadata_too_large, without a number")

_EVENT_TYPE = re.compile(r"\w[\w.\-]*\Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
THREAD_TS = re.compile(r"\d{9,11}\.\d{1,6}\Z")
"""What a thread_ts looks like. One that names no message is taken, and its reply shows nowhere (seen:
github.com/slackapi/node-slack-sdk/issues/780); one of another shape is ``invalid_thread_ts`` (seen:
github.com/jenkinsci/slack-plugin/issues/584)."""


def check_metadata(metadata: Any) -> str:
    """The error for a message's metadata, empty when all is well. Documented: methods/chat.postMessage."""
    if not isinstance(metadata, dict) or set(metadata) - {"event_type", "event_payload", "entities"}:
        return "invalid_metadata_format"
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(kind, str) or not _EVENT_TYPE.match(kind) or not isinstance(payload, dict):
        return "invalid_metadata_format"
    if len(json.dumps(metadata)) > METADATA_BYTES.limit:
        return "metadata_too_large"
    return ""


def check_input(block: JSON, raw: str | list[str]) -> str:
    """What Slack's client says of a field before it sends the form, empty when all is well."""
    element = block["element"]
    kind = element.get("type")
    if not raw:
        return "" if block.get("optional") else "Please complete this required field."
    if isinstance(raw, list):
        most = int(element.get("max_selected_items") or len(raw))
        return f"Please choose {most} at most." if len(raw) > most else ""
    if kind == "plain_text_input":
        least, most = int(element.get("min_length") or 0), int(element.get("max_length") or TYPED_TEXT.limit)
        if len(raw) > most:
            return f"Please shorten this to {most} characters; it has {len(raw)}."
        if len(raw) < least:
            return f"Please write {least} characters at least."
    if kind == "number_input":
        return _check_number(element, raw)
    if kind == "datepicker" and not _DATE.match(raw):
        return "Please choose a date."
    return ""


def _check_number(element: JSON, raw: str) -> str:
    try:
        number = float(raw)
    except ValueError:
        return "Please enter a number."
    if not element.get("is_decimal_allowed") and not number.is_integer():
        return "Please enter a whole number."
    if element.get("min_value") and number < float(element["min_value"]):
        return f"Please enter a number from {element['min_value']}."
    if element.get("max_value") and number > float(element["max_value"]):
        return f"Please enter a number up to {element['max_value']}."
    return ""
