"""Forms as modals."""

from __future__ import annotations

from typing import Any

from bots.discord.forms import modal
from core.degrade import Loss
from core.form import FieldKind, Form, FormField
from core.message import Option
from tests.bots.discord.kit import ACTION

OPTIONS = tuple(Option(str(number), f"Option {number}") for number in range(3))
MANY = tuple(Option(str(number), f"Option {number}") for number in range(25))


def parts(*fields: FormField, losses: list[Loss] | None = None, **more: Any) -> list[dict[str, Any]]:
    made = modal(Form(ACTION, "Title", fields, **more), "I agree", [] if losses is None else losses)
    assert made.is_finished()  # so the library keeps nothing of it
    return made.to_dict()["components"]


async def test_the_action_rides_along() -> None:
    made = modal(Form(ACTION, "T" * 60, (FormField(FieldKind.TEXT, "a", "A"),)), "I agree", losses := [])
    assert made.custom_id == ACTION.encode()
    assert len(made.title) == 45
    assert [loss.what for loss in losses] == ["title"]


async def test_text() -> None:
    short, long = (
        part["component"]
        for part in parts(
            FormField(FieldKind.TEXT, "name", "Name", hint="As people call you", minimum=2, maximum=20),
            FormField(FieldKind.LONG, "story", "Story", required=False, value="Once"),
        )
    )
    assert (short["type"], short["style"], short["min_length"], short["max_length"]) == (4, 1, 2, 20)
    assert (long["style"], long["max_length"], long["value"], long["required"]) == (2, 3000, "Once", False)


async def test_what_was_typed_comes_back_whole() -> None:
    too_long, too_short = (
        part["component"]
        for part in parts(
            FormField(FieldKind.TEXT, "a", "A", maximum=3, value="abcdef"),
            FormField(FieldKind.TEXT, "b", "B", minimum=5, value="abc"),
        )
    )
    assert (too_long["value"], too_long["max_length"]) == ("abcdef", 6)
    assert too_short["value"] == "abc"
    assert not too_short.get("min_length")


async def test_choices() -> None:
    one, some, optional, many = (
        part["component"]
        for part in parts(
            FormField(FieldKind.CHOICE, "one", "One", options=OPTIONS, value="1"),
            FormField(FieldKind.CHOICE, "some", "Some", options=OPTIONS, maximum=2, value=("0", "2")),
            FormField(FieldKind.CHOICE, "optional", "Optional", options=OPTIONS, required=False),
            FormField(FieldKind.CHOICE, "many", "Many", options=MANY, minimum=2, maximum=4),
        )
    )
    assert (one["type"], [option.get("default", False) for option in one["options"]]) == (21, [False, True, False])
    assert (some["type"], some["min_values"], some["max_values"]) == (22, 1, 2)
    assert (optional["type"], optional["required"], optional["min_values"]) == (3, False, 0)
    assert (many["type"], many["min_values"], many["max_values"]) == (3, 2, 4)


async def test_consent_is_a_box() -> None:
    needed, free = (
        part["component"]
        for part in parts(
            FormField(FieldKind.CONSENT, "needed", "Needed"),
            FormField(FieldKind.CONSENT, "free", "Free", required=False),
        )
    )
    assert (needed["type"], needed["required"], needed["min_values"]) == (22, True, 1)
    assert [option["label"] for option in needed["options"]] == ["I agree"]
    assert (free["required"], free["min_values"]) == (False, 0)


async def test_an_introduction_stands_above_where_there_is_room() -> None:
    fields = tuple(FormField(FieldKind.TEXT, f"f{number}", "F") for number in range(5))
    first, *_ = parts(*fields[:4], text="**Hello**")
    assert (first["type"], first["content"]) == (10, "**Hello**")
    losses: list[Loss] = []
    assert len(parts(*fields, text="Hello", losses=losses)) == 5
    assert [loss.what for loss in losses] == ["form text"]


async def test_a_long_hint_is_a_loss() -> None:
    losses: list[Loss] = []
    (part,) = parts(FormField(FieldKind.TEXT, "a", "A", hint="h" * 101), losses=losses)
    assert len(part["description"]) == 100
    assert [loss.what for loss in losses] == ["hint"]
