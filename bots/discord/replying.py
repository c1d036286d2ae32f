"""Answering somebody who wrote: Discord has no only-you message for that, so the answer is as small as it can be."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

import aiohttp
import discord

from core.degrade import Loss
from core.form import Form
from core.message import Button, ButtonStyle, Message

if TYPE_CHECKING:
    from bots.discord.bot import DiscordBot

logger = logging.getLogger(__name__)

TAKEN = "✅"
"""What the bot puts on a reply that it took."""
MOST_TICKS = 3
"""Ticks that may wait in one channel. Discord takes one reaction in a quarter of a second there, so in a burst the
rest would come late and hold each other up: the count on the post says sooner that all were taken."""
SHOWN_SECONDS = 20.0
"""How long an answer that was meant for one member stands where all can read it."""

TROUBLE = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError, RuntimeError)
"""What a call of the library raises; the last one where the session is closed."""


class ReplyAnswering:
    """Answers one written message: a tick, or a short-lived reply beside it. Best effort, never raises."""

    __slots__ = ("_bot", "_message")

    def __init__(self, bot: DiscordBot, message: discord.Message) -> None:
        self._bot = bot
        self._message = message

    over = True
    """Nothing is owed."""

    @property
    def can_open_form(self) -> bool:
        """Only interactions open forms."""
        return False

    async def form(self, form: Form, language: str) -> None:
        """A button that opens it."""
        title = form.title if isinstance(form.title, str) else "…"
        button = Button(title[:75], form.action, form=True, style=ButtonStyle.PRIMARY)
        await self.say(Message(text=title, controls=(button,)))

    async def say(self, message: Message) -> None:
        """A reply that goes away again."""
        rendered = self._bot.render(message)
        self._bot.lost([*rendered.losses, Loss("only-you", "an answer to a reply stood where all could read it")])
        try:
            await self._message.reply(delete_after=SHOWN_SECONDS, mention_author=True, **rendered.new())
        except TROUBLE:
            logger.info("a reply could not be answered", exc_info=True)

    async def invalid(self, errors: Mapping[str, str], message: Message) -> None:
        """There is no form to mend."""
        await self.say(message)

    async def acknowledge(self) -> None:
        """A tick on what was written, unless several wait there."""
        ticks, channel = self._bot.ticks, self._message.channel.id
        if ticks.get(channel, 0) >= MOST_TICKS:
            self._bot.lost([Loss("tick", "many replied at once, and the post's count stands for it")])
            return
        ticks[channel] = ticks.get(channel, 0) + 1
        try:
            await self._message.add_reaction(TAKEN)
        except TROUBLE:
            logger.info("a reply could not be ticked", exc_info=True)
        finally:
            ticks[channel] -= 1
            if not ticks[channel]:
                del ticks[channel]

    async def finish(self) -> None:
        """Nothing is owed."""
