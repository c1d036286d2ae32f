"""A spoken message as Telegram shows it: text with entities, never a parse mode, so nothing needs escaping.

Lengths and offsets count UTF-16 units, as the Bot API does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from telegram import InlineKeyboardMarkup, InputFile, LinkPreviewOptions, MessageEntity, User

from bots.telegram.keyboard import Row, keyboard
from core.capabilities import Capabilities, FormSupport, Limit
from core.degrade import Loss, degrade
from core.markup import Line, LineKind, Span, Style, parse
from core.message import Choice, Message

MAX_CAPTION = 1024
"""Characters under a picture. Source: Bot API, sendPhoto."""
MAX_ENTITIES = 100
"""Formatted runs in a message; Telegram leaves out the rest. Source: python-telegram-bot's MessageLimit."""

CAPABILITIES = Capabilities(
    form=FormSupport.DIALOGUE,
    form_after_form=True,
    form_errors=True,
    form_title=256,  # no limit of Telegram's: a title is the first line of a message
    form_label=256,  # the same
    ephemeral=False,  # alerts and the private chat; without either a short answer stands in the group
    threads=False,  # topics are made by people
    reactions=True,  # where the bot is an administrator
    edit=True,
    images=True,
    private_first=False,  # Bot API: "bot can't initiate conversation with a user"
    shared_multiple_choice=False,  # a keyboard is the same for all
    local_times=True,  # the date_time entity
    max_text=4096,  # Bot API, sendMessage
    max_title=256,  # none of Telegram's
    max_fields=25,
    max_controls=25,
    max_button_label=64,  # no documented limit; more is cut by the apps
    max_options=25,  # of 100 buttons in a keyboard
    max_caption=MAX_CAPTION,
    alert_text=200,  # Bot API, answerCallbackQuery
    edit_every=3.0,  # edits count like messages, 20 a minute in a group
    send_limits=(Limit(29, 1.0),),  # Bot API FAQ: about 30
    channel_limits=(Limit(1, 1.0), Limit(20, 60.0)),  # Bot API FAQ: one a second, 20 a minute in a group
)

_STYLES = (
    (Style.BOLD, MessageEntity.BOLD),
    (Style.ITALIC, MessageEntity.ITALIC),
    (Style.STRUCK, MessageEntity.STRIKETHROUGH),
)


class Rendered(NamedTuple):
    """For a call. ``photo`` is a picture's address, where the text fits under it; ``file`` one of bytes."""

    text: str
    entities: tuple[MessageEntity, ...] = ()
    markup: InlineKeyboardMarkup | None = None
    photo: str = ""
    file: InputFile | None = None
    preview: LinkPreviewOptions | None = None
    losses: tuple[Loss, ...] = ()


class _Writer:
    """Text that grows, with its entities."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.entities: list[MessageEntity] = []
        self.units = 0
        self._quote = -1

    def write(self, text: str) -> None:
        self.parts.append(text)
        self.units += units(text)

    def lines(self, lines: tuple[Line, ...], style: Style = Style.PLAIN) -> None:
        for number, line in enumerate(lines):
            if line.kind is not LineKind.QUOTE:
                self.end_quote()
            if number:
                self.write("\n")
            match line.kind:
                case LineKind.QUOTE:
                    if self._quote < 0:
                        self._quote = self.units
                case LineKind.ITEM:
                    self.write("• ")
                case LineKind.TEXT:
                    pass
            for span in line.spans:
                self.span(span, style)
        self.end_quote()

    def end_quote(self) -> None:
        if 0 <= self._quote < self.units:
            self.entities.append(MessageEntity(MessageEntity.BLOCKQUOTE, self._quote, self.units - self._quote))
        self._quote = -1

    def span(self, span: Span, style: Style) -> None:
        start, length = self.units, units(span.text)
        self.write(span.text)
        style |= span.style
        if Style.CODE in style:  # Bot API: code can't be combined with other formatting
            self.entities.append(MessageEntity(MessageEntity.CODE, start, length))
            return
        self.entities.extend(MessageEntity(kind, start, length) for flag, kind in _STYLES if flag in style)
        if span.link:
            self.link(span.link, span.text, start, length)

    def link(self, target: str, text: str, start: int, length: int) -> None:
        scheme, _, rest = target.partition(":")
        if scheme == "member":
            if rest.isdigit():
                user = User(int(rest), text, is_bot=False)
                self.entities.append(MessageEntity(MessageEntity.TEXT_MENTION, start, length, user=user))
        elif scheme == "time":
            try:
                moment = datetime.fromisoformat(rest)
            except ValueError:
                return  # the words stand there, which say the time as well
            if moment.tzinfo is not None:
                self.entities.append(
                    MessageEntity(
                        MessageEntity.DATE_TIME, start, length,
                        unix_time=moment.astimezone(UTC), date_time_format="wDt",
                    )
                )  # fmt: skip
        else:
            self.entities.append(MessageEntity(MessageEntity.TEXT_LINK, start, length, url=target))


def units(text: str) -> int:
    """UTF-16 units of a text."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def clip(text: str, most: int) -> str:
    """The text with an ellipsis where it is longer than ``most`` units; no character is cut in two."""
    if units(text) <= most:
        return text
    return text.encode("utf-16-le")[: (most - 1) * 2].decode("utf-16-le", "ignore") + "…"


def render(
    message: Message, *, private: bool, form_url: Callable[[str], str], pictures: bool = True, step: bool = False
) -> Rendered:
    """The message for a group or a ``private`` chat. ``form_url`` makes the deep link of an encoded action.

    Without ``pictures`` words or a link stand for one: where a chat takes none. ``step`` says that it is an answer
    in a private chat: what comes of a press on it takes its place, but where it is secret.
    """
    can = _PRIVATE if private else CAPABILITIES  # toggles need a keyboard of one's own, and in private here it is
    message, losses = degrade(message, can if pictures else replace(can, images=False))
    lost = list(losses)
    photo = preview = file = None
    most = CAPABILITIES.max_text
    text, entities = _text(message)
    if message.image is not None:
        if message.image.data:
            file, most = InputFile(message.image.data, message.image.name), MAX_CAPTION
        elif units(text) <= MAX_CAPTION:
            photo = message.image.url
        else:  # a picture with a long text is a text with a large preview
            preview = LinkPreviewOptions(url=message.image.url, prefer_large_media=True, show_above_text=True)
    text, entities = fit(text, entities, most, lost)
    step = step and private and not message.secret
    rows = keyboard(message.controls, private=private, form_url=form_url, losses=lost, step=step)
    return Rendered(
        text=text,
        entities=entities,
        markup=markup(rows),
        photo=photo or "",
        file=file,
        preview=preview or LinkPreviewOptions(is_disabled=True),
        losses=tuple(lost),
    )


_PRIVATE = replace(CAPABILITIES, shared_multiple_choice=True)


def markup(rows: list[Row]) -> InlineKeyboardMarkup | None:
    """A keyboard, None without buttons."""
    return InlineKeyboardMarkup(rows) if rows else None


def words(source: str) -> tuple[str, tuple[MessageEntity, ...]]:
    """One marked-up text alone, cut to what fits."""
    writer = _Writer()
    writer.lines(parse(source))
    return fit("".join(writer.parts), tuple(writer.entities), CAPABILITIES.max_text, [])


def _text(message: Message) -> tuple[str, tuple[MessageEntity, ...]]:
    writer = _Writer()
    blocks = [(str(message.title), Style.BOLD), (str(message.text), Style.PLAIN)]
    for control in message.controls:
        if isinstance(control, Choice) and control.label:
            blocks.append((str(control.label), Style.BOLD))
    first = True
    for source, style in blocks:
        if source:
            if not first:
                writer.write("\n\n" if style is Style.BOLD or writer.parts else "\n")
            writer.lines(parse(source), style)
            first = False
    for number, pair in enumerate(message.fields):
        if not first:
            writer.write("\n" if number else "\n\n")
        writer.lines(parse(str(pair.name)), Style.BOLD)
        writer.write(": ")
        writer.lines(parse(str(pair.value)))
        first = False
    if first and message.image is not None:
        writer.write(str(message.image.alt))
    return "".join(writer.parts), tuple(writer.entities)


def fit(
    text: str, entities: tuple[MessageEntity, ...], most: int, losses: list[Loss]
) -> tuple[str, tuple[MessageEntity, ...]]:
    """The text cut to ``most`` units with an ellipsis, and the entities that are still in it."""
    if units(text) > most:
        losses.append(Loss("text", f"{units(text) - most} characters over"))
        text = clip(text, most)
        end = units(text)
        entities = tuple(
            one
            if one.offset + one.length <= end
            else MessageEntity(
                one.type, one.offset, end - one.offset, url=one.url, user=one.user,
                unix_time=one.unix_time, date_time_format=one.date_time_format,
            )
            for one in entities
            if one.offset < end
        )  # fmt: skip
    if len(entities) > MAX_ENTITIES:
        losses.append(Loss("formatting", f"{len(entities) - MAX_ENTITIES} runs left plain"))
        entities = entities[:MAX_ENTITIES]
    return text, entities
