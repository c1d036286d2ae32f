"""Messages as plugins make them: plain frozen data, checked when made, rendered by each bot in its own way."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from core.action import Action
from core.picture import PictureKind, kind_of, size_of
from core.texts import Words, words_from_data, words_to_data

MAX_BUTTONS = 25
"""Controls in a message (the smallest platform's five rows of five)."""
MAX_BUTTON_LABEL = 75
"""Characters on a button (the smallest platform's)."""
MAX_OPTION_VALUE = 100
"""Characters of an option's value (the smallest platform's)."""
MAX_FIELDS = 25
"""Name-and-value pairs in a message (the smallest platform's)."""
MAX_IMAGE_BYTES = 2_000_000
"""Bytes of a picture: our own prudence, as owed messages lie in the store (the smallest platform takes 10 MB)."""
MAX_IMAGE_SIDES = 10_000
"""Pixels of a picture's width and height together (the smallest platform's)."""
MAX_COLOR = 0xFFFFFF
"""Red, green and blue, a byte each."""
MAX_IMAGE_RATIO = 20
"""How many times longer one side of a picture may be than the other (the smallest platform's)."""


class ButtonStyle(StrEnum):
    """How much a button asks to be pressed."""

    PLAIN = "plain"
    PRIMARY = "primary"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press: an ``action`` of ours, or a ``url`` to follow, never both.

    ``form`` says that the press opens a form, which must be the bot's first answer on some platforms. ``typed`` says
    that the form's one field may be answered without the press as well, by what the member writes next, where forms
    are dialogues and nobody else writes: at most one button of a message.
    """

    label: Words
    action: Action | None = None
    url: str = ""
    form: bool = False
    style: ButtonStyle = ButtonStyle.PLAIN
    typed: bool = False

    def __post_init__(self) -> None:
        if (self.action is None) == (not self.url):
            raise ValueError("a button has an action or a url, and not both")
        if self.url and not self.url.startswith(("https://", "http://")):
            raise ValueError(f"a button's url begins with https://, not {self.url!r}")
        if self.form and self.action is None:
            raise ValueError("a button that opens a form needs an action")
        if self.typed and not self.form:
            raise ValueError("only what a form asks for can be typed")
        if isinstance(self.label, str) and not 1 <= len(self.label) <= MAX_BUTTON_LABEL:
            raise ValueError(f"a button's label has 1 to {MAX_BUTTON_LABEL} characters: {self.label!r}")


@dataclass(frozen=True, slots=True)
class Option:
    """One of several things to choose. ``value`` is ours and short, ``label`` is read."""

    value: str
    label: Words
    description: Words = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.value) <= MAX_OPTION_VALUE:
            raise ValueError(f"an option's value has 1 to {MAX_OPTION_VALUE} characters: {self.value!r}")
        if not self.label:
            raise ValueError(f"the option {self.value!r} has no label to read")

    def to_data(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "value": self.value,
            "label": words_to_data(self.label),
            "description": words_to_data(self.description),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Option:
        """Back from :meth:`to_data`."""
        return cls(data["value"], words_from_data(data["label"]), words_from_data(data["description"]))


@dataclass(frozen=True, slots=True)
class Choice:
    """Options to choose from, ``minimum`` to ``maximum`` of them; arrives as ``Chosen`` with their values.

    Where a platform can't let several members choose several options in one public message, the choice becomes a
    button with ``form=True`` and the same action: a plugin that posts such a choice answers ``form`` for it as well.
    """

    action: Action
    options: tuple[Option, ...]
    minimum: int = 1
    maximum: int = 1
    label: Words = ""

    def __post_init__(self) -> None:
        if not self.options:
            raise ValueError("a choice needs an option")
        if not 0 <= self.minimum <= self.maximum <= len(self.options):
            raise ValueError(f"choose {self.minimum} to {self.maximum} of {len(self.options)} options: not possible")
        if len({option.value for option in self.options}) != len(self.options):
            raise ValueError("two options share a value")
        self.action.must_hold_pick(len(self.options))  # every option must be able to ride in its own button


Control = Button | Choice


@dataclass(frozen=True, slots=True)
class Image:
    """A picture by its address or by its bytes, never both. ``alt`` is read aloud and shown where the picture is not.

    ``data`` is a PNG or a JPEG of at most ``MAX_IMAGE_BYTES``. A message that has such a picture keeps that same
    picture over all its edits, and a message without one never gets one by an edit: bots upload it once, when they
    send, and what shows another picture is another message. A picture by its address may change with an edit.
    """

    url: str = ""
    alt: Words = ""
    data: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if bool(self.url) == bool(self.data):
            raise ValueError("an image has a url or data, and not both")
        if self.url and not self.url.startswith(("https://", "http://")):
            raise ValueError(f"an image's url begins with https://, not {self.url!r}")
        if self.data:
            _check_picture(self.data)

    @property
    def kind(self) -> PictureKind:
        """What the bytes are. Only for a picture of bytes."""
        kind = kind_of(self.data)
        if kind is None:
            raise ValueError("an image by its url has no bytes to look at")
        return kind

    @property
    def name(self) -> str:
        """A file name that says what is in it: the same bytes have the same. Only for a picture of bytes."""
        return f"{hashlib.sha256(self.data).hexdigest()[:32]}.{self.kind}"

    def to_data(self) -> list[Any]:
        """As JSON data, the bytes as base64."""
        data = [self.url, words_to_data(self.alt)]
        return [*data, b64encode(self.data).decode()] if self.data else data

    @classmethod
    def from_data(cls, data: list[Any]) -> Image:
        """Back from :meth:`to_data`."""
        url, alt, *rest = data
        return cls(url, words_from_data(alt), b64decode(rest[0]) if rest else b"")


@dataclass(frozen=True, slots=True)
class Pair:
    """A name and its value, shown side by side where the platform can."""

    name: Words
    value: Words


class Audience(StrEnum):
    """Who may see a message."""

    EVERYONE = "everyone"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Message:
    """What people see. ``text`` and ``title`` are marked up as ``core.markup`` says.

    ``language`` is the language of a manager's own words in it, empty where there are none.
    ``thread`` asks for a thread under the message where the platform has them.
    ``ping`` is a role or a group that hears of the message, by the platform's own id, or ``here`` or ``everyone``.
    ``secret`` is an answer that nobody else may ever see, such as a code or a link that signs in: where a platform
    has no message for one member alone, it waits for the private chat, however short it is.
    ``color`` is an ornament, ``0xRRGGBB``; 0 where it has none.
    """

    text: Words = ""
    title: Words = ""
    fields: tuple[Pair, ...] = ()
    image: Image | None = None
    controls: tuple[Control, ...] = ()
    audience: Audience = Audience.EVERYONE
    thread: bool = False
    language: str = ""
    secret: bool = False
    ping: str = ""
    color: int = 0

    def __post_init__(self) -> None:
        if not (self.text or self.title or self.fields or self.image):
            raise ValueError("a message needs a text, a title, a field or an image")
        if len(self.controls) > MAX_BUTTONS:
            raise ValueError(f"a message has at most {MAX_BUTTONS} controls, this one {len(self.controls)}")
        if len(self.fields) > MAX_FIELDS:
            raise ValueError(f"a message has at most {MAX_FIELDS} fields, this one {len(self.fields)}")
        if not 0 <= self.color <= MAX_COLOR:
            raise ValueError(f"a colour is a number up to {MAX_COLOR:#x}")

    def to_data(self) -> dict[str, Any]:
        """As JSON data, small parts left out."""
        data: dict[str, Any] = {
            "text": words_to_data(self.text),
            "title": words_to_data(self.title),
            "fields": [[words_to_data(pair.name), words_to_data(pair.value)] for pair in self.fields],
            "image": self.image.to_data() if self.image else None,
            "controls": [_control_to_data(control) for control in self.controls],
            "audience": self.audience.value,
            "thread": self.thread,
            "language": self.language,
            "secret": self.secret,
            "ping": self.ping,
            "color": self.color,
        }
        return {key: value for key, value in data.items() if value}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Message:
        """Back from :meth:`to_data`."""
        image = data.get("image")
        return cls(
            text=words_from_data(data.get("text", "")),
            title=words_from_data(data.get("title", "")),
            fields=tuple(Pair(words_from_data(n), words_from_data(v)) for n, v in data.get("fields", ())),
            image=Image.from_data(image) if image else None,
            controls=tuple(_control_from_data(control) for control in data.get("controls", ())),
            audience=Audience(data.get("audience", "everyone")),
            thread=data.get("thread", False),
            language=data.get("language", ""),
            secret=data.get("secret", False),
            ping=data.get("ping", ""),
            color=data.get("color", 0),
        )

    def spoken(self, say: Callable[[Words], str]) -> Message:
        """The same message with every phrase put into a language by ``say``."""

        def control(one: Control) -> Control:
            if isinstance(one, Button):
                return replace(one, label=cut(say(one.label), MAX_BUTTON_LABEL))
            return replace(
                one, label=say(one.label), options=tuple(spoken_option(option, say) for option in one.options)
            )

        return replace(
            self,
            text=say(self.text),
            title=say(self.title),
            fields=tuple(Pair(say(pair.name), say(pair.value)) for pair in self.fields),
            image=replace(self.image, alt=say(self.image.alt)) if self.image else None,
            controls=tuple(control(one) for one in self.controls),
        )


def spoken_option(option: Option, say: Callable[[Words], str]) -> Option:
    """The option with its phrases put into a language."""
    return replace(option, label=say(option.label), description=say(option.description))


def cut(text: str, most: int) -> str:
    """The text with an ellipsis where it is longer than ``most`` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _check_picture(data: bytes) -> None:
    if kind_of(data) is None:
        raise ValueError("a picture is a PNG or a JPEG")
    if len(data) > MAX_IMAGE_BYTES:
        raise ValueError(f"a picture has at most {MAX_IMAGE_BYTES} bytes, this one {len(data)}")
    size = size_of(data)
    if size is None:
        raise ValueError("a picture says its width and height; this one is cut off or broken")
    if sum(size) > MAX_IMAGE_SIDES or max(size) > MAX_IMAGE_RATIO * min(size):
        raise ValueError(f"a picture of {size[0]} x {size[1]} pixels is too large or too narrow for some platforms")


def _control_to_data(control: Control) -> dict[str, Any]:
    if isinstance(control, Button):
        return {
            "button": words_to_data(control.label),
            "action": control.action.encode() if control.action else None,
            "url": control.url,
            "form": control.form,
            "style": control.style.value,
            **({"typed": True} if control.typed else {}),
        }
    return {
        "choice": words_to_data(control.label),
        "action": control.action.encode(),
        "options": [option.to_data() for option in control.options],
        "minimum": control.minimum,
        "maximum": control.maximum,
    }


def _control_from_data(data: Mapping[str, Any]) -> Control:
    if "button" in data:
        return Button(
            label=words_from_data(data["button"]),
            action=Action.decode(data["action"]) if data["action"] else None,
            url=data["url"],
            form=data["form"],
            style=ButtonStyle(data["style"]),
            typed=data.get("typed", False),
        )
    return Choice(
        action=Action.decode(data["action"]),
        options=tuple(Option.from_data(option) for option in data["options"]),
        minimum=data["minimum"],
        maximum=data["maximum"],
        label=words_from_data(data["choice"]),
    )
