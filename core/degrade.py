"""Make a message fit a platform, and tell what was lost. Pure: the same in, the same out."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from core.capabilities import Capabilities
from core.markup import escape
from core.message import MAX_BUTTON_LABEL, Button, Choice, Control, Image, Message, Pair
from core.texts import Words

BESIDE = 4
"""Characters that stand around a field's name and value where a platform has no fields of its own."""
LEAST_FIELD = 12
"""Characters of a field below which it is no use to shorten it."""


class Loss(NamedTuple):
    """Something that could not be shown as it was meant. ``what`` is a short permanent name for logs and counts."""

    what: str
    detail: str = ""


def degrade(message: Message, capabilities: Capabilities) -> tuple[Message, tuple[Loss, ...]]:
    """The message as the platform can show it, and every loss. Works on spoken messages (plain strings)."""
    losses: list[Loss] = []
    fields = message.fields
    image, link = message.image, ""
    most = capabilities.max_text
    if image is not None and image.data and capabilities.images and capabilities.max_caption:
        most = min(most, capabilities.max_caption)
    title = _cut(message.title, min(capabilities.max_title, most), "title", losses)
    text = message.text
    room = most - len(title)
    if len(fields) > capabilities.max_fields or room < LEAST_FIELD * len(fields):
        losses.append(Loss("fields", f"{len(fields)} fields became text"))
        lines = [f"**{_plain(pair.name)}:** {_plain(pair.value)}" for pair in fields]
        text = "\n".join([_plain(text), *lines]).strip()
        fields = ()
    elif _length(fields) > room:
        fields = tuple(_shorter(pair, room // len(fields), losses) for pair in fields)
    if image is not None and not capabilities.images:
        losses.append(Loss("image"))
        link = _instead(image)
        image = None
    room -= _length(fields)
    if len(link) >= room:  # a link that is cut leads nowhere
        link = ""
    text = _cut(text, room - len(link) - 1 if link else room, "text", losses)
    text = f"{text}\n{link}".strip() if link else text
    if not (text or title or fields or image):
        text = "…"  # a picture without words was all there was
    if message.thread and not capabilities.threads:
        losses.append(Loss("thread"))
    if message.ping and not capabilities.pings:
        losses.append(Loss("ping"))
    if message.color and not capabilities.colors:
        losses.append(Loss("color"))
    controls = tuple(_control(control, message, capabilities, losses) for control in message.controls)
    if len(controls) > capabilities.max_controls:
        losses.append(Loss("controls", f"{len(controls) - capabilities.max_controls} left out"))
        controls = controls[: capabilities.max_controls]
    return (
        replace(
            message,
            text=text,
            title=title,
            fields=fields,
            image=image,
            controls=controls,
            thread=message.thread and capabilities.threads,
            ping=message.ping if capabilities.pings else "",
            color=message.color if capabilities.colors else 0,
        ),
        tuple(losses),
    )


def _instead(image: Image) -> str:
    """What stands where a picture can't: a link to it, or its words."""
    words = escape(_plain(image.alt) or image.url)
    return f"[{words}]({image.url.replace(')', '%29')})" if image.url else words


def _control(control: Control, message: Message, capabilities: Capabilities, losses: list[Loss]) -> Control:
    if isinstance(control, Button):
        return replace(control, label=_cut(control.label, capabilities.max_button_label, "label", losses))
    if control.maximum > 1 and not capabilities.shared_multiple_choice and message.audience == "everyone":
        losses.append(Loss("choice", "a choice of several became a form"))
        label = _plain(control.label) or " / ".join(_plain(option.label) for option in control.options)
        most = min(capabilities.max_button_label, MAX_BUTTON_LABEL)
        return Button(_cut(label, most, "label", losses), control.action, form=True)
    if len(control.options) > capabilities.max_options:
        losses.append(Loss("options", f"{len(control.options) - capabilities.max_options} left out"))
        kept = control.options[: capabilities.max_options]
        return Choice(
            control.action, kept, min(control.minimum, len(kept)), min(control.maximum, len(kept)), control.label
        )
    return control


def _shorter(pair: Pair, most: int, losses: list[Loss]) -> Pair:
    name = _cut(pair.name, (most - BESIDE) // 2, "field", losses)
    return Pair(name, _cut(pair.value, most - BESIDE - len(name), "field", losses))


def _cut(words: Words, most: int, what: str, losses: list[Loss]) -> str:
    text = _plain(words)
    if len(text) <= most:
        return text
    losses.append(Loss(what, f"{len(text) - most} characters over"))
    return text[: most - 1].rstrip() + "…" if most > 0 else ""


def _plain(words: Words) -> str:
    if not isinstance(words, str):
        raise TypeError("degrade works on spoken messages: put phrases into a language first")
    return words


def _length(fields: tuple[Pair, ...]) -> int:
    return sum(len(_plain(pair.name)) + len(_plain(pair.value)) + BESIDE for pair in fields)
