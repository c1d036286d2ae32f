"""Messages as Block Kit: the sandbox refuses what Slack would refuse, so what stands was within the limits."""

from __future__ import annotations

from typing import Any

import pytest

from bots.slack.payload import read
from bots.slack.render import CAPABILITIES, render
from core.message import Button, ButtonStyle, Choice, Control, Image, Message, Option, Pair
from core.texts import Domain
from sandbox.control import ImageView
from sandbox.slack.checks import check_blocks, text_length
from tests.bots.slack.kit import ACTION, Place

LONG = "word & <word> " * 1000


def blocks(message: Message) -> list[dict[str, Any]]:
    """The blocks, which Slack takes."""
    made = render(message)
    assert check_blocks(made.blocks) == []
    assert text_length(made.blocks) <= 13_200
    assert 0 < len(made.text) <= 4000
    return made.blocks


async def test_all_at_once_stands(place: Place) -> None:
    message = Message(
        title="A _title_",
        text="**Hello**\nthere",
        fields=(Pair("Colour", "_Blue_"), Pair("", "only a value")),
        image=Image("https://example.org/a.png", "A cat"),
        controls=(
            Button("Go", ACTION, style=ButtonStyle.PRIMARY),
            Button("Look", url="https://example.org"),
            Choice(ACTION, (Option("a", "Apple"), Option("b", "Pear"))),
        ),
    )
    seen = place.seen(await place.post(message))
    assert seen.text.startswith("A title")
    assert "Hello\nthere" in seen.text
    assert "Colour\nBlue" in seen.text
    assert "<b>Colour</b>" in seen.html
    assert seen.images == (ImageView("https://example.org/a.png", "A cat"),)
    assert [(one.label, one.style, one.url) for one in seen.controls] == [
        ("Go", "primary", ""),
        ("Look", "", "https://example.org"),
        ("Apple", "", ""),
        ("Pear", "", ""),
    ]
    assert render(message).text == "A _title_\n*Hello*\nthere"
    assert render(message).losses == ()


@pytest.mark.parametrize(
    "message",
    [
        Message(text=LONG),
        Message(title=LONG, text=LONG),
        Message(text="x", fields=tuple(Pair("n" * 300, "v & " * 1000) for _ in range(25))),
        Message(text=LONG, fields=tuple(Pair("name", "v" * 300) for _ in range(25))),
        Message(text="&" * 9000),
        Message(text="x" * 20_000),
        Message(text="\n" * 4000 + "x"),
    ],
    ids=["text", "title", "fields", "both", "escapes", "one word", "empty lines"],
)
async def test_what_is_too_long_is_cut_and_counted(place: Place, message: Message) -> None:
    blocks(message)
    await place.post(message)
    if "x" * 2 not in str(message.text)[:3] and message.text != "\n" * 4000 + "x":
        assert place.bot.health.losses


async def test_a_loss_is_logged_once(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        await place.post(Message(text="word " * 3000))
    assert place.bot.health.losses == {"text": 2}
    assert caplog.text.count("can't show a part") == 1


def test_long_text_loses_nothing_within_the_limit() -> None:
    text = "line of words\n" * 600
    made = render(Message(text=text))
    assert made.losses == ()
    assert len(made.blocks) > 1
    assert "\n".join(block["text"]["text"] for block in made.blocks).count("line of words") == 600


def test_slack_makes_no_mentions_of_what_looks_like_some() -> None:
    for block in blocks(Message(text="@channel #general", fields=(Pair("a", "@here"),))):
        for one in [block.get("text"), *block.get("fields", ())]:
            assert one is None or one["verbatim"] is True


@pytest.mark.parametrize("count", [1, 5, 6, 25])
@pytest.mark.parametrize("maximum", [1, 2])
async def test_choices(place: Place, count: int, maximum: int) -> None:
    options = tuple(Option(f"v{number}", "L" * 90, "D" * 90 if count > 20 else "") for number in range(count))
    if maximum > count:
        return
    choice = Choice(ACTION, options, 1, maximum, "Pick & choose")
    controls = place.seen(await place.post(Message(text="?", controls=(choice,)))).controls
    if count <= 5 and maximum == 1:
        assert len(controls) == count
        for control in controls:
            assert read(control.id).option
            assert len(control.label) == 75
            assert read(control.id).action == ACTION
    else:
        assert [len(one.options) for one in controls] == [count]
        assert controls[0].maximum == maximum
    assert place.bot.health.losses["label"] == count


@pytest.mark.parametrize(
    "controls",
    [
        tuple(Button(f"B{number}", ACTION) for number in range(25)),
        tuple(Choice(ACTION, (Option("a", "A"), Option("b", "B")), label="Label") for _ in range(25)),
        tuple(Choice(ACTION, tuple(Option(str(n), str(n)) for n in range(9)), 1, 3) for _ in range(25)),
        (Button("A", ACTION), Button("A", ACTION, form=True), Button("A", url="https://e.org/" + "a" * 4000)),
    ],
    ids=["buttons", "choices", "menus", "link"],
)
async def test_many_controls(place: Place, controls: tuple[Control, ...]) -> None:
    message = Message(text="?", title="T", fields=(Pair("a", "b"),), controls=controls)
    blocks(message)
    seen = place.seen(await place.post(message)).controls
    assert len({one.id for one in seen}) == len(seen)
    assert len(blocks(message)) <= 50


def test_controls_that_found_no_room_are_counted() -> None:
    few = tuple(Choice(ACTION, (Option("a", "A"), Option("b", "B")), label="Label") for _ in range(25))
    assert [loss.what for loss in render(Message(text="?", title="T", controls=few)).losses] == ["controls"]


def test_a_picture_alone_has_words_for_who_cannot_see_it() -> None:
    made = render(Message(image=Image("https://example.org/a.png", "")))
    assert made.text
    assert made.blocks[0]["alt_text"]
    assert render(Message(image=Image("https://example.org/a.png", "A cat"))).text == "A cat"
    assert render(Message(image=Image("https://e.org/" + "a" * 4000, "A cat"))).losses[0].what == "image"


def test_pairs_alone_have_words_for_notifications() -> None:
    assert render(Message(fields=(Pair("Colour", "Blue"),))).text == "Colour: Blue"


def test_words_must_be_spoken() -> None:
    with pytest.raises(TypeError):
        render(Message(text=Domain("bots")("Send")))


def test_a_threads_wish_costs_nothing() -> None:
    assert CAPABILITIES.threads
    assert render(Message(text="?", thread=True)).losses == ()
