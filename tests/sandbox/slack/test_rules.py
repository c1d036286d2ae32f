"""Each of Slack's limits: the last that is taken, the first that is refused, and how."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from sandbox.slack import rules
from sandbox.slack.checks import check_blocks, check_view
from sandbox.slack.rules import Rule
from tests.sandbox.slack.kit import JSON, Hall, actions, button, field, modal, option, plain, refusal


def section(text: str = "x", **more: Any) -> JSON:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def select(count: int, kind: str = "static_select", **more: Any) -> JSON:
    return {"type": kind, "action_id": "s", "options": [option(str(number)) for number in range(count)], **more}


def of_length(make: Any) -> Any:
    return lambda length: make("x" * length)


BLOCKS: dict[str, tuple[Any, Rule, str]] = {
    "section": (of_length(lambda text: [section(text)]), rules.SECTION_TEXT, "/blocks/0/text/text"),
    "section field": (
        of_length(lambda text: [{"type": "section", "fields": [plain(text)]}]),
        rules.SECTION_FIELD,
        "/blocks/0/fields/0/text",
    ),
    "section fields": (
        lambda count: [{"type": "section", "fields": [plain("x")] * count}], rules.SECTION_FIELDS, "/blocks/0/fields",
    ),
    "header": (
        of_length(lambda text: [{"type": "header", "text": plain(text)}]), rules.HEADER_TEXT, "/blocks/0/text/text",
    ),
    "context": (
        lambda count: [{"type": "context", "elements": [plain("x")] * count}],
        rules.CONTEXT_ELEMENTS,
        "/blocks/0/elements",
    ),
    "markdown": (
        of_length(lambda text: [{"type": "markdown", "text": text}]), rules.MARKDOWN_TEXT, "/blocks/0/text",
    ),
    "blocks": (lambda count: [section()] * count, rules.MESSAGE_BLOCKS, "/blocks"),
    "actions": (
        lambda count: [actions(*(button(f"b{number}") for number in range(count)))],
        rules.ACTIONS,
        "/blocks/0/elements",
    ),
    "button text": (
        of_length(lambda text: [actions(button("b") | {"text": plain(text)})]),
        rules.BUTTON_TEXT,
        "/blocks/0/elements/0/text/text",
    ),
    "button value": (
        of_length(lambda text: [actions(button("b", value=text))]),
        rules.BUTTON_VALUE,
        "/blocks/0/elements/0/value",
    ),
    "action_id": (
        of_length(lambda text: [actions(button(text))]), rules.ACTION_ID, "/blocks/0/elements/0/action_id",
    ),
    "block_id": (of_length(lambda text: [section(block_id=text)]), rules.BLOCK_ID, "/blocks/0/block_id"),
    "select": (
        lambda count: [actions(select(count))], rules.SELECT_OPTIONS, "/blocks/0/elements/0/options",
    ),
    "radio": (
        lambda count: [actions(select(count, "radio_buttons"))], rules.FEW_OPTIONS, "/blocks/0/elements/0/options",
    ),
    "checkboxes": (
        lambda count: [section(accessory=select(count, "checkboxes"))],
        rules.FEW_OPTIONS,
        "/blocks/0/accessory/options",
    ),
    "option text": (
        of_length(lambda text: [actions(select(0, options=[option("v", text)]))]),
        rules.OPTION_TEXT,
        "/blocks/0/elements/0/options/0/text/text",
    ),
    "option value": (
        of_length(lambda text: [actions(select(0, options=[option(text, "x")]))]),
        rules.OPTION_VALUE,
        "/blocks/0/elements/0/options/0/value",
    ),
    "placeholder": (
        of_length(lambda text: [actions(select(1, placeholder=plain(text)))]),
        rules.PLACEHOLDER_TEXT,
        "/blocks/0/elements/0/placeholder/text",
    ),
}  # fmt: skip

VIEWS: dict[str, tuple[Any, Rule, str]] = {
    "title": (of_length(lambda text: modal(title=plain(text))), rules.VIEW_TITLE, "/view/title/text"),
    "submit": (of_length(lambda text: modal(submit=plain(text))), rules.VIEW_BUTTON, "/view/submit/text"),
    "close": (of_length(lambda text: modal(close=plain(text))), rules.VIEW_BUTTON, "/view/close/text"),
    "blocks": (lambda count: modal(*[section()] * count), rules.VIEW_BLOCKS, "/view/blocks"),
    "private_metadata": (
        of_length(lambda text: modal(private_metadata=text)), rules.PRIVATE_METADATA, "/view/private_metadata",
    ),
    "callback_id": (of_length(lambda text: modal(callback_id=text)), rules.CALLBACK_ID, "/view/callback_id"),
    "label": (
        of_length(lambda text: modal(field("a", label=plain(text)))), rules.LABEL_TEXT, "/view/blocks/0/label/text",
    ),
    "initial_value": (
        of_length(lambda text: modal(field("a", {"type": "plain_text_input", "initial_value": text}))),
        rules.TYPED_TEXT,
        "/view/blocks/0/element/initial_value",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BLOCKS)
def test_a_message_block_at_its_limit_and_over_it(name: str) -> None:
    make, rule, pointer = BLOCKS[name]
    assert check_blocks(make(rule.limit)) == []
    assert check_blocks(make(rule.limit + 1))[-1].endswith(f"[json-pointer:{pointer}]")


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_at_its_limit_and_over_it(name: str) -> None:
    make, rule, pointer = VIEWS[name]
    assert check_view(make(rule.limit)) == []
    assert check_view(make(rule.limit + 1))[-1].endswith(f"[json-pointer:{pointer}]")


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        ([{"type": "nonsense"}], "unsupported type: nonsense"),
        (["text"], "must provide an object"),
        ([actions()], "no fewer than 1 items allowed"),
        ([section("")], "must be more than 0 characters"),
        ([{"type": "section"}], "missing required field"),
        ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "unsupported type: mrkdwn"),
        ([section() | {"text": {"type": "mrkdwn", "text": "x", "emoji": True}}], "invalid additional property"),
        ([actions(button("a"), button("a"))], "`action_id` \"a\" already exists"),
        ([section(block_id="b"), section(block_id="b")], "`block_id` \"b\" already exists"),
        ([actions(select(1, "multi_static_select"))], "unsupported type: multi_static_select"),
        ([actions(button("a", style="loud"))], "must be one of: primary, danger"),
        ([actions(select(2, initial_option=option("9")))], "initial option must match"),
        ([{"type": "markdown", "text": "x" * 7000}] * 2, "must be less than 12001 characters"),
        ([{"type": "image", "image_url": "https://example.org/x.png"}], "missing required field"),
    ],
)  # fmt: skip
def test_other_mistakes_in_blocks(blocks: list[Any], said: str) -> None:
    assert any(said in found for found in check_blocks(blocks))


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (None, "must provide an object"),
        (modal() | {"type": "home"}, "unsupported type: home"),
        (modal() | {"title": None}, "missing required field"),
        (modal(field("a")) | {"submit": None}, "must define `submit`"),
        (modal(field("a", {"type": "button"})), "unsupported type: button"),
        (modal(field("a", {"type": "plain_text_input", "max_length": 3001})), "must be between 1 and 3000"),
        (modal(field("a", {"type": "number_input"})), "missing required field"),
    ],
)
def test_other_mistakes_in_views(view: Any, said: str) -> None:
    assert any(said in found for found in check_view(view))


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"event_type": "ok", "event_payload": {"key": "k"}}, ""),
        ("text", "invalid_metadata_format"),
        ({"event_type": "ok"}, "invalid_metadata_format"),
        ({"event_type": "not ok", "event_payload": {}}, "invalid_metadata_format"),
        ({"event_type": "ok", "event_payload": [1]}, "invalid_metadata_format"),
        ({"event_type": "ok", "event_payload": {"x": "y" * 20_000}}, "metadata_too_large"),
    ],
)
def test_metadata(metadata: Any, error: str) -> None:
    assert rules.check_metadata(metadata) == error


async def test_a_refusal_has_slacks_own_shape(hall: Hall) -> None:
    await hall.sandbox.install(hall.space, hall.olga)
    too_long = await refusal(hall.post(section("x" * 3001)))
    assert too_long == {
        "ok": False,
        "error": "invalid_blocks",
        "errors": [
            "failed to match all allowed schemas [json-pointer:/blocks/0/text]",
            "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        ],
        "response_metadata": {
            "messages": [
                "[ERROR] failed to match all allowed schemas [json-pointer:/blocks/0/text]",
                "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
            ]
        },
    }
    assert (await refusal(hall.post(*[section("x" * 3000)] * 5)))["error"] == "msg_blocks_too_long"
    wrong = hall.client.api_call("chat.postMessage", json={"channel": hall.general, "blocks": "[{"})
    assert (await refusal(wrong))["error"] == "invalid_blocks_format"
    assert hall.sandbox.record.taken == []


def test_every_rule_names_its_source() -> None:
    found = [value for value in vars(rules).values() if isinstance(value, Rule)]
    assert len(found) > 30
    for rule in found:
        assert rule.source.startswith(("documented", "undocumented"))
        assert rule.seen == "" or rule.seen.startswith("github.com/")
        assert {item.name for item in dataclasses.fields(rule)} == {"limit", "source", "seen"}
