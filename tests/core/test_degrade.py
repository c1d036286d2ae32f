"""Whatever a platform can, the message fits it, and every loss is told."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.action import Action
from core.capabilities import Capabilities
from core.degrade import degrade
from core.message import Button, Choice, Image, Message, Option, Pair
from core.testing.fake_bot import EVERYTHING
from core.testing.pictures import png
from core.texts import Domain
from tests.core.kit import quick

ACTION = Action("qd", "ask")
WORDS = st.text(alphabet="ab *_\\[]()\n", min_size=1, max_size=60)
CAPABILITIES = st.builds(
    replace,
    st.just(EVERYTHING),
    images=st.booleans(),
    threads=st.booleans(),
    pings=st.booleans(),
    colors=st.booleans(),
    shared_multiple_choice=st.booleans(),
    max_text=st.integers(1, 300),
    max_caption=st.integers(0, 200),
    max_title=st.integers(1, 80),
    max_fields=st.integers(0, 5),
    max_controls=st.integers(0, 5),
    max_button_label=st.integers(1, 80),
    max_options=st.integers(1, 8),
)
LABELS = st.text(alphabet="abc ", min_size=1, max_size=70)
BUTTONS = st.builds(Button, LABELS, st.just(ACTION), form=st.booleans())
OPTIONS = st.lists(LABELS, min_size=1, max_size=12).map(
    lambda labels: tuple(Option(f"o{number}", label) for number, label in enumerate(labels))
)


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    options = draw(OPTIONS)
    most = draw(st.integers(1, len(options)))
    return Choice(ACTION, options, draw(st.integers(0, most)), most, draw(st.just("") | LABELS))


MESSAGES = st.builds(
    Message,
    text=WORDS,
    title=st.just("") | WORDS,
    fields=st.lists(st.builds(Pair, WORDS, WORDS), max_size=6).map(tuple),
    image=st.none()
    | st.builds(Image, st.just("https://example.org/a_(b).png"), st.just("") | WORDS)
    | st.builds(Image, alt=st.just("") | WORDS, data=st.just(png())),
    controls=st.lists(BUTTONS | choices(), max_size=6).map(tuple),
    thread=st.booleans(),
    ping=st.sampled_from(("", "here")),
    color=st.sampled_from((0, 0x1A7F5A)),
)


def size(message: Message) -> int:
    return len(f"{message.title}{message.text}") + sum(len(f"{one.name}{one.value}") for one in message.fields)


@quick
@given(MESSAGES, CAPABILITIES)
def test_it_fits_and_a_second_time_changes_nothing(message: Message, can: Capabilities) -> None:
    shown, losses = degrade(message, can)
    captioned = can.max_caption if shown.image is not None and shown.image.data else 0
    assert size(shown) <= max(min(can.max_text, captioned or can.max_text), len(str(shown.title)))
    assert len(str(shown.title)) <= can.max_title
    assert len(shown.fields) <= can.max_fields
    assert len(shown.controls) <= can.max_controls
    assert can.images or shown.image is None
    assert can.threads or not shown.thread
    assert can.pings or not shown.ping
    assert can.colors or not shown.color
    for control in shown.controls:
        if isinstance(control, Button):
            assert len(str(control.label)) <= can.max_button_label
        else:
            assert len(control.options) <= can.max_options
    assert degrade(shown, can) == (shown, ())
    assert degrade(message, can) == (shown, losses)


@quick
@given(MESSAGES, CAPABILITIES)
def test_nothing_changes_without_a_word_about_it(message: Message, can: Capabilities) -> None:
    shown, losses = degrade(message, can)
    told = {loss.what for loss in losses}
    reasons: dict[str, set[str]] = {
        "text": {"text", "fields", "image"},
        "title": {"title"},
        "fields": {"fields", "field"},
        "image": {"image"},
        "thread": {"thread"},
        "ping": {"ping"},
        "color": {"color"},
        "controls": {"controls", "label", "choice", "options"},
    }
    changed: list[Any] = [
        one.name for one in fields(message) if getattr(message, one.name) != getattr(shown, one.name)
    ]
    for name in changed:
        assert told & reasons[name], name
    assert bool(changed) == bool(told)


@quick
@given(MESSAGES)
def test_where_all_can_be_shown_nothing_is_lost(message: Message) -> None:
    assert degrade(message, EVERYTHING) == (message, ())


def test_a_picture_becomes_a_link_that_is_never_cut() -> None:
    can = replace(EVERYTHING, images=False, max_text=100)
    image = Image("https://example.org/a_(b).png", "a [map]")
    shown, losses = degrade(Message(text="w" * 200, image=image), can)
    assert str(shown.text).endswith("…\n[a \\[map\\]](https://example.org/a_(b%29.png)")
    assert len(str(shown.text)) <= 100
    assert [loss.what for loss in losses] == ["image", "text"]


def test_a_picture_of_bytes_becomes_its_words_or_leaves_room_for_fewer() -> None:
    message = Message(text="w" * 200, image=Image(alt="a [map]", data=png()))
    shown, losses = degrade(message, replace(EVERYTHING, max_caption=100))
    assert (len(str(shown.text)), shown.image, [loss.what for loss in losses]) == (100, message.image, ["text"])
    shown, losses = degrade(message, replace(EVERYTHING, images=False, max_caption=100))
    assert (shown.text, shown.image) == ("w" * 200 + "\na \\[map\\]", None)
    assert [loss.what for loss in losses] == ["image"]
    shown, _losses = degrade(Message(image=Image(data=png())), replace(EVERYTHING, images=False))
    assert shown.text == "…"
    by_url = replace(message, image=Image("https://example.org/a.png"))
    assert degrade(by_url, replace(EVERYTHING, max_caption=100)) == (by_url, ())


def test_too_many_fields_become_text() -> None:
    message = Message(text="Hello", fields=(Pair("Tea", "3"), Pair("Milk", "4")))
    shown, losses = degrade(message, replace(EVERYTHING, max_fields=1))
    assert (shown.text, shown.fields) == ("Hello\n**Tea:** 3\n**Milk:** 4", ())
    assert [loss.what for loss in losses] == ["fields"]


def test_fields_that_are_too_long_are_shortened_each() -> None:
    message = Message(text="Hello", fields=(Pair("Tea", "t" * 300), Pair("Milk", "few")))
    shown, losses = degrade(message, replace(EVERYTHING, max_text=100))
    assert shown.fields == (Pair("Tea", "t" * 42 + "…"), Pair("Milk", "few"))
    assert shown.text == "Hello"
    assert [loss.what for loss in losses] == ["field"]


def test_a_shared_choice_of_several_becomes_a_form_button_for_all_and_stays_for_one() -> None:
    choice = Choice(ACTION, (Option("a", "A"), Option("b", "B")), 1, 2)
    can = replace(EVERYTHING, shared_multiple_choice=False)
    shown, losses = degrade(Message(text="?", controls=(choice,)), can)
    assert shown.controls == (Button("A / B", ACTION, form=True),)
    assert [loss.what for loss in losses] == ["choice"]
    from core.message import Audience

    alone = Message(text="?", controls=(choice,), audience=Audience.MEMBER)
    assert degrade(alone, can) == (alone, ())


def test_phrases_are_put_into_a_language_first() -> None:
    with pytest.raises(TypeError, match="spoken"):
        degrade(Message(text=Domain("core")("Hello")), EVERYTHING)
