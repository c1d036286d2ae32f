"""Calls to Telegram: messages out, answers to presses, and who can be written to in private."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from telegram import (
    Bot,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    LinkPreviewOptions,
    ReactionTypeEmoji,
    ReplyParameters,
)
from telegram import Message as Posted
from telegram.error import BadRequest, ChatMigrated, TelegramError

from bots.telegram.errors import as_send_error, refused
from bots.telegram.keyboard import Row, plainly
from bots.telegram.render import Rendered, markup, render, words
from bots.telegram.transport import Values
from core.bot import Health, SendFailed, SendRefused
from core.degrade import Loss
from core.logs import Logger
from core.message import Message

logger = Logger(__name__)

REMEMBERED_CLOSED = 10_000
"""Members whose private chat was found closed, kept so that it is not tried at every answer; the oldest go first."""
PATIENCE_SECONDS = 5.0
"""An answer in private waits this long for its rate limit at most."""
LATER_SECONDS = 0.5
"""How long tidying waits: people who wait for an answer come first."""
CLOSED_SECONDS = 600.0
"""How long a private chat is believed to be closed; pressing Start opens it at once."""
PUBLIC_A_MINUTE = 10
"""Short answers in one group within a minute: half of what Telegram allows there, the other half is for posts."""
_PHOTO_REFUSALS = (
    "web page content",
    "http url",
    "wrong file identifier",
    "wrong type of the",
    "photo_invalid",
    "image_process_failed",
    "webpage_",
    "not enough rights to send photos",
)
"""Parts of Telegram's refusals of a picture alone: it could not fetch it or draw it, or the group takes none."""

Result = TypeVar("Result")


class Desk:
    """What this bot sends, through python-telegram-bot. Raises :class:`core.bot.SendError` alone."""

    def __init__(self, api: Bot, health: Health) -> None:
        self.api = api
        self.health = health
        self._closed: dict[int, float] = {}
        self._later: set[asyncio.Task[None]] = set()
        self._public: dict[int, deque[float]] = {}
        self.let_go: Callable[[int], None] = lambda member: None
        """Told of each member whose answer has to wait."""

    def form_url(self, payload: str) -> str:
        """The deep link that opens the private chat and brings the payload along."""
        return f"https://t.me/{self.api.username}?start={payload}"

    @property
    def private_url(self) -> str:
        """The link that opens the private chat."""
        return f"https://t.me/{self.api.username}"

    # -- messages ------------------------------------------------------------------------------------------------
    async def post(
        self, chat: int, message: Message, *, thread: int = 0, reply_to: int = 0, step: bool = False
    ) -> Posted:
        """Send a message. A group that became a supergroup meanwhile is followed to its new id.

        ``step``: see :func:`bots.telegram.render.render`.
        """
        rendered = render(message, private=chat > 0, form_url=self.form_url, step=step)
        self.count(rendered.losses)
        try:
            return await self._post(chat, rendered, thread, reply_to)
        except ChatMigrated as error:
            return await self._told(self._post(error.new_chat_id, rendered, 0, 0))
        except TelegramError as error:
            if not (rendered.photo or rendered.file) or not _picture_refused(error):
                raise as_send_error(error) from None
        # Telegram took nothing: the words go out without the picture, with a link to it where it has one.
        if rendered.photo:
            self.count((Loss("image", "the platform could not fetch it"),))
            words = _linked(rendered)
        else:
            words = self._without_picture(chat, message, step=step)
            self.count(words.losses)
        return await self._told(self._post(chat, words, thread, reply_to))

    def _without_picture(self, chat: int, message: Message, *, step: bool = False) -> Rendered:
        return render(message, private=chat > 0, form_url=self.form_url, pictures=False, step=step)

    async def _post(self, chat: int, rendered: Rendered, thread: int, reply_to: int) -> Posted:
        more: dict[str, Any] = {"reply_markup": rendered.markup, "message_thread_id": thread or None}
        if reply_to:
            more["reply_parameters"] = ReplyParameters(reply_to, allow_sending_without_reply=True)
        if rendered.photo or rendered.file:
            return await self.api.send_photo(
                chat,
                rendered.file or rendered.photo,
                caption=rendered.text,
                caption_entities=rendered.entities,
                **more,
            )
        return await self.api.send_message(
            chat, rendered.text, entities=rendered.entities, link_preview_options=rendered.preview, **more
        )

    async def edit(self, chat: int, message_id: int, message: Message) -> None:
        """Replace a message. One that shows this already is left as it is."""
        rendered = render(message, private=chat > 0, form_url=self.form_url)
        self.count(rendered.losses)
        try:
            if rendered.photo:
                media = InputMediaPhoto(rendered.photo, caption=rendered.text, caption_entities=rendered.entities)
                await self.api.edit_message_media(media, chat, message_id, reply_markup=rendered.markup)
            elif rendered.file:
                await self._edit_caption(chat, message_id, rendered, message)
            else:
                await self._edit_text(chat, message_id, rendered)
        except TelegramError as error:
            if not refused(error, "not modified"):
                raise as_send_error(error) from None

    async def _edit_text(self, chat: int, message_id: int, rendered: Rendered) -> None:
        try:
            await self.api.edit_message_text(
                rendered.text, chat, message_id, entities=rendered.entities,
                link_preview_options=rendered.preview, reply_markup=rendered.markup,
            )  # fmt: skip
        except BadRequest as error:
            if not refused(error, "no text in the message"):
                raise
            await self._edit_caption(chat, message_id, rendered)

    async def _edit_caption(
        self, chat: int, message_id: int, rendered: Rendered, message: Message | None = None
    ) -> None:
        """The words under a picture, which stays. ``message`` is what they say, where perhaps no picture stands:
        the chat took none."""
        try:
            await self.api.edit_message_caption(
                chat, message_id, caption=rendered.text, caption_entities=rendered.entities,
                reply_markup=rendered.markup,
            )  # fmt: skip
        except BadRequest as error:
            if message is None or not refused(error, "no caption in the message"):
                raise
            await self._edit_text(chat, message_id, self._without_picture(chat, message))

    async def replace(self, chat: int, message_id: int, message: Message) -> bool:
        """Let an answer without a picture take the place of one in a private chat; False where that can't be: the
        member deleted it, or it has a picture."""
        rendered = render(message, private=True, form_url=self.form_url, step=True)
        self.count(rendered.losses)
        try:
            await self._call(
                "editMessageText", chat_id=chat, message_id=message_id, text=rendered.text,
                entities=[one.to_dict() for one in rendered.entities], reply_markup=plainly(rendered.markup),
                link_preview_options={"is_disabled": True},
            )  # fmt: skip
        except TelegramError as error:
            if refused(error, "not modified"):
                return True
            if refused(error, "to edit") or refused(error, "can't be edited"):
                return False
            raise as_send_error(error) from None
        return True

    async def delete(self, chat: int, message_id: int) -> None:
        """Take a message back."""
        await self._told(self.api.delete_message(chat, message_id))

    async def ask(self, chat: int, source: str, rows: Sequence[Row], *, message_id: int = 0) -> int:
        """Show a question of a dialogue, in place of the message ``message_id`` if given; return its message's id."""
        text, entities = words(source)
        keyboard = markup(list(rows))
        if message_id:
            try:
                await self.api.edit_message_text(text, chat, message_id, entities=entities, reply_markup=keyboard)
            except TelegramError as error:
                if refused(error, "not modified"):
                    return message_id
                if not refused(error, "to edit"):
                    raise as_send_error(error) from None
            else:
                return message_id
        sent = await self._told(
            self.api.send_message(
                chat, text, entities=entities, reply_markup=keyboard,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        )  # fmt: skip
        return sent.message_id

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that nobody waits for, a little later, when those who wait were served."""

        async def do() -> None:
            try:
                await asyncio.sleep(LATER_SECONDS)
            except asyncio.CancelledError:
                work.close()
                raise
            await work

        task = asyncio.create_task(do())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def close(self) -> None:
        """Let go of what was for later."""
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)

    async def show_keyboard(self, chat: int, message_id: int, keyboard: InlineKeyboardMarkup) -> None:
        """Change the buttons alone."""
        try:
            await self.api.edit_message_reply_markup(chat, message_id, reply_markup=keyboard)
        except TelegramError as error:
            if not refused(error, "not modified"):
                raise as_send_error(error) from None

    async def strip(self, chat: int, message_id: int) -> None:
        """Take the buttons from a message that is over. Only tidiness: a failure is let be."""
        try:
            await self.api.edit_message_reply_markup(chat, message_id)
        except TelegramError as error:
            logger.debug("an old keyboard stays", reason=str(error))

    async def react(self, chat: int, message_id: int, emoji: str) -> None:
        """Put an emoji on a member's message."""
        await self._told(self.api.set_message_reaction(chat, message_id, [ReactionTypeEmoji(emoji)]))

    async def answer(self, query: str, *, text: str = "", alert: bool = False, url: str = "") -> bool:
        """Answer a press. False when it is too late for that: the member's app has stopped waiting."""
        try:
            await self._call(
                "answerCallbackQuery", callback_query_id=query, text=text or None, show_alert=alert or None,
                url=url or None,
            )  # fmt: skip
        except TelegramError as error:
            if refused(error, "query is too old"):
                return False
            raise as_send_error(error) from None
        return True

    async def _call(self, method: str, **values: Any) -> None:
        """A call as the library makes it, without its objects: for what every press does. Raises the library's own
        errors."""
        url = f"{self.api.base_url}/{method}"
        await self.api.request.post(url, Values(values))  # type: ignore[arg-type]  # handed on to our transport as it is

    async def _told(self, call: Awaitable[Result]) -> Result:
        try:
            return await call
        except TelegramError as error:
            raise as_send_error(error) from None

    # -- private chats -------------------------------------------------------------------------------------------
    def opened(self, member: int) -> None:
        """The member wrote in private: the chat is open."""
        self._closed.pop(member, None)

    def closed(self, member: int) -> None:
        """The private chat refused a message, or the member blocked the bot."""
        self._closed[member] = time.monotonic() + CLOSED_SECONDS
        if len(self._closed) > REMEMBERED_CLOSED:
            self._closed.pop(next(iter(self._closed)))

    async def privately(self, member: int, send: Callable[[], Awaitable[object]]) -> bool:
        """Send something to a member's private chat; False when it is not open."""
        if self._closed.get(member, 0.0) > time.monotonic():
            return False
        try:
            await self.patiently(member, send)
        except SendRefused:
            self.closed(member)
            return False
        self._closed.pop(member, None)
        return True

    def may_answer_publicly(self, chat: int) -> bool:
        """Whether another short answer in a group leaves enough of its rate to posts; counts it when it does."""
        now = time.monotonic()
        recent = self._public.setdefault(chat, deque())
        while recent and recent[0] < now - 60.0:
            recent.popleft()
        if len(recent) >= PUBLIC_A_MINUTE:
            return False
        recent.append(now)
        return True

    async def patiently(self, member: int, send: Callable[[], Awaitable[Result]]) -> Result:
        """Send what answers a member, and again after the short waits that a rate limit asks for: fast acts come
        quicker than one a second, and many people's at once quicker than all chats together may.

        What they did is kept by then: nobody else's next act waits for it, see :attr:`let_go`.
        """
        waited = 0.0
        while True:
            try:
                return await send()
            except SendFailed as error:
                if error.retry_after is None or waited + error.retry_after > PATIENCE_SECONDS:
                    raise
                # Not all at the same moment: those who wait for the same limit would only meet there again.
                wait = error.retry_after * random.uniform(1.0, 1.5)
            waited += wait
            self.let_go(member)
            await asyncio.sleep(wait)

    # -- losses --------------------------------------------------------------------------------------------------
    def count(self, losses: Sequence[Loss]) -> None:
        """Count what could not be shown; each kind is logged the first time."""
        for loss in losses:
            if loss.what not in self.health.losses:
                logger.warning("something could not be shown as it was meant", what=loss.what, detail=loss.detail)
            self.health.losses[loss.what] = self.health.losses.get(loss.what, 0) + 1


def _picture_refused(error: TelegramError) -> bool:
    return isinstance(error, BadRequest) and any(part in str(error).lower() for part in _PHOTO_REFUSALS)


def _linked(rendered: Rendered) -> Rendered:
    text = f"{rendered.text}\n{rendered.photo}"
    return Rendered(text, rendered.entities, rendered.markup, preview=LinkPreviewOptions(url=rendered.photo))
