"""Messages are checked when made, survive the store, and speak a language in the end."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from core.action import Action
from core.message import (
    MAX_IMAGE_BYTES,
    Audience,
    Button,
    ButtonStyle,
    Choice,
    Image,
    Message,
    Option,
    Pair,
    cut,
)
from core.picture import size_of
from core.testing.pictures import jpeg, png
from core.texts import Domain, Words

_ = Domain("core")
ACTION = Action("qd", "ask")
OPTIONS = (Option("a", "A"), Option("b", _("B"), "why"))
FULL = Message(
    text=_("{n} answer", "{n} answers", n=2),
    title="Title",
    fields=(Pair(_("Name"), "Value"),),
    image=Image("https://example.org/x.png", _("A picture")),
    controls=(
        Button(_("Press"), ACTION, form=True, style=ButtonStyle.PRIMARY),
        Button("Follow", url="https://example.org"),
        Choice(ACTION, OPTIONS, 0, 2, _("Pick")),
    ),
    audience=Audience.MEMBER,
    thread=True,
    language="de",
)


def test_the_store_gives_back_what_it_was_given() -> None:
    assert Message.from_data(json.loads(json.dumps(FULL.to_data()))) == FULL
    small = Message(text="x")
    assert small.to_data() == {"text": "x", "audience": "everyone"}
    assert Message.from_data(small.to_data()) == small


@pytest.mark.parametrize(("data", "ending"), [(png(7, 9), ".png"), (jpeg(7, 9), ".jpg")])
def test_a_picture_of_bytes_survives_the_store_and_is_named_by_what_is_in_it(data: bytes, ending: str) -> None:
    message = Message(image=Image(data=data, alt=_("A picture")))
    back = Message.from_data(json.loads(json.dumps(message.to_data())))
    assert back == message
    assert back.image is not None
    assert back.image.name.endswith(ending)
    assert back.image.name == Image(data=data, alt="Another").name != Image(data=data + b"x").name
    assert size_of(data) == (7, 9)
    assert repr(data)[4:12] not in repr(message)


def test_spoken_messages_hold_no_phrases() -> None:
    def say(words: Words) -> str:
        return words if isinstance(words, str) else words.key.upper() * 20

    spoken = FULL.spoken(say)
    assert "domain" not in json.dumps(spoken.to_data())
    assert spoken.controls[0] == Button(("PRESS" * 20)[:74] + "…", ACTION, form=True, style=ButtonStyle.PRIMARY)


@pytest.mark.parametrize(
    "make",
    [
        Message,
        lambda: Message(text="x", controls=(Button("x", ACTION),) * 26),
        lambda: Message(text="x", fields=(Pair("a", "b"),) * 26),
        lambda: Button("x"),
        lambda: Button("x", ACTION, url="https://x.org"),
        lambda: Button("x", url="javascript:alert(1)"),
        lambda: Button("x", url="https://x.org", form=True),
        lambda: Button("", ACTION),
        lambda: Button("x" * 76, ACTION),
        lambda: Option("", "A"),
        lambda: Option("x" * 101, "A"),
        lambda: Option("a", ""),
        lambda: Choice(ACTION, ()),
        lambda: Choice(ACTION, OPTIONS, 2, 1),
        lambda: Choice(ACTION, OPTIONS, 0, 3),
        lambda: Choice(ACTION, (OPTIONS[0], OPTIONS[0])),
        lambda: Image("ftp://x", "alt"),
        lambda: Image(alt="neither"),
        lambda: Image("https://example.org/x.png", "both", png()),
        lambda: Image(data=b"GIF89a" + bytes(20)),
        lambda: Image(data=png()[:20]),
        lambda: Image(data=png() + bytes(MAX_IMAGE_BYTES)),
        lambda: Image(data=png(5001, 5000)),
        lambda: Image(data=jpeg(21, 1)),
        lambda: Image(data=jpeg(0, 1)),
        lambda: Image(data=jpeg(8, 8)[:10]),
    ],
)
def test_what_no_platform_could_show_is_refused_when_made(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        make()


def test_cut() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "ab…"
