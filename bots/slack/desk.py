"""Everything that the bot writes to Slack, by one client over one session."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.errors import TROUBLE, PictureNotReady, again, as_send_error, code_of, once
from bots.slack.finding import metadata
from bots.slack.forms import Spot
from bots.slack.pictures import Pictures
from bots.slack.render import JSON, Rendered, render
from core.bot import Health, SendError, SendRefused, SendUnknown, Sent
from core.degrade import Loss
from core.message import Message

logger = logging.getLogger(__name__)

T = TypeVar("T")

POST_SECONDS = 8.0
"""How long after its begin a post may still be put to Slack, its picture uploaded and ready by then; else it failed,
and the next try finds the picture. ``core.claims.CHECK_AFTER`` is when another process looks whether it landed."""
READY_SECONDS = 30.0
"""The same for what may be made twice or that nobody looks for: edits and answers."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 2.0
"""Seconds before the first such repeat, doubled each time up to the other."""

TAKEN = "white_check_mark"
"""The emoji that says that a reply was taken."""


class Desk:
    """Writes messages and opens forms."""

    def __init__(self, web: AsyncWebClient, session: aiohttp.ClientSession, health: Health) -> None:
        self.web = web
        self._session = session
        self._pictures = Pictures(web, session)
        self._health = health
        self._told: set[str] = set()
        """Kinds of losses that are in the log already."""

    async def stop(self) -> None:
        """Let go of pictures that are on their way."""
        await self._pictures.stop()

    async def _shown(self, message: Message, seconds: float, show: Callable[[Rendered], Awaitable[T]]) -> T:
        """Show a message as Slack takes it, its picture uploaded before; what is lost is counted."""
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + seconds, FIRST_PAUSE
        image = message.image if message.image is not None and message.image.data else None
        made = render(message, await self._pictures.file_of(image, until) if image is not None else "")
        self.lost(made.losses)
        while True:
            try:
                return await show(made)
            except PictureNotReady:
                if loop.time() + pause >= until:
                    if image is not None:
                        self._pictures.not_shown(image)
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def lost(self, losses: Sequence[Loss]) -> None:
        """Count what could not be shown, and log each kind once."""
        for loss in losses:
            self._health.losses[loss.what] = self._health.losses.get(loss.what, 0) + 1
            if loss.what not in self._told:
                self._told.add(loss.what)
                logger.warning("Slack can't show a part as it was meant: %s: %s", loss.what, loss.detail)

    # -- messages that are owed ------------------------------------------------------------------------------------
    async def post(self, channel: str, message: Message, *, key: str, thread: str = "") -> Sent:
        """A message to all in a channel, or to a member by their id. Raises as :meth:`core.bot.Bot.send`."""
        answer = await self._shown(
            message,
            POST_SECONDS,
            lambda made: once(
                lambda: self.web.chat_postMessage(
                    channel=channel,
                    thread_ts=thread or None,
                    metadata=metadata(key),
                    unfurl_links=False,
                    unfurl_media=False,
                    **made.content(),
                )
            ),
        )
        if not answer.get("ts"):
            raise SendUnknown("Slack does not say which message it took")
        return Sent(str(answer["channel"]), str(answer["ts"]))

    async def change(self, sent: Sent, message: Message) -> None:
        """All of a message is replaced."""
        await self._shown(
            message,
            READY_SECONDS,
            lambda made: again(lambda: self.web.chat_update(channel=sent.channel, ts=sent.message, **made.content())),
        )

    async def delete(self, sent: Sent) -> None:
        """A message that is gone already is deleted."""
        try:
            await again(lambda: self.web.chat_delete(channel=sent.channel, ts=sent.message))
        except SendRefused as error:
            if not error.gone:
                raise

    # -- answers, best effort: nothing here raises for what Slack refuses -------------------------------------------
    async def only_you(self, spot: Spot, member: str, message: Message, *, in_place: bool = False) -> None:
        """Show a message to one member: in their private chat, else by the act's own address, else as an ephemeral
        message. ``in_place`` changes the only-you message that was acted on."""
        try:
            await self._shown(
                message, READY_SECONDS, lambda made: self._to_one(spot, member, made, in_place=in_place)
            )
        except SendError as error:
            logger.warning("an answer did not reach its member: %s", error)

    async def _to_one(self, spot: Spot, member: str, made: Rendered, *, in_place: bool) -> None:
        if not spot.channel:
            await once(lambda: self.web.chat_postMessage(channel=member, **made.content()))
        elif spot.private:
            await self._private(spot, made)
        elif not await self._hook(spot, made, in_place=in_place):
            await once(
                lambda: self.web.chat_postEphemeral(
                    channel=spot.channel, user=member, thread_ts=spot.thread or None, **made.content()
                )
            )

    async def _private(self, spot: Spot, made: Rendered) -> None:
        try:
            await once(
                lambda: self.web.chat_postMessage(
                    channel=spot.channel, thread_ts=spot.thread or None, **made.content()
                )
            )
        except SendRefused:
            # A command in the private chat of two people, where the bot is not: one of them alone may see it.
            if not await self._hook(spot, made, in_place=False):
                raise

    async def _hook(self, spot: Spot, made: Rendered, *, in_place: bool) -> bool:
        """Answer by the act's own address; False when there is none or it is worn out (5 times, 30 minutes)."""
        if not spot.hook:
            return False
        body: JSON = {"response_type": "ephemeral", "replace_original": in_place, **made.content()}
        if spot.thread and not in_place:
            body["thread_ts"] = spot.thread
        try:
            async with self._session.post(spot.hook, json=body, proxy=self.web.proxy) as answer:
                if answer.status < 300:
                    return True
                reason = (await answer.text())[:200]
        except TROUBLE as error:
            raise as_send_error(error) from error
        if made.shows_file and "invalid_blocks" in reason:  # here Slack says no more than that
            raise PictureNotReady(f"Slack answers {reason}")
        logger.info("Slack's address for an answer is worn out: %s %s", answer.status, reason)
        return False

    async def open(self, trigger: str, view: JSON) -> bool:
        """Open a modal; False when Slack did not do it, be the time for it over or too many opened at once."""
        try:
            await once(lambda: self.web.views_open(trigger_id=trigger, view=view))
        except SendError as error:
            logger.warning("a form did not open: %s", error)
            return False
        return True

    async def tick_off(self, channel: str, message: str) -> None:
        """A member's message was taken. Whatever speaks against a reaction there is no harm."""
        try:
            await self.web.reactions_add(channel=channel, timestamp=message, name=TAKEN)
        except TROUBLE as error:
            reason = code_of(error) if isinstance(error, SlackApiError) else type(error).__name__
            if reason != "already_reacted":
                logger.info("a reply could not be ticked off: %s", reason)
