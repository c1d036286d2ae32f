"""How one interaction is answered within Discord's three seconds, however slow the hall is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import aiohttp
import discord

from bots.discord import forms
from bots.discord.words import AGREE, TOO_SLOW
from core.degrade import Loss
from core.form import Form
from core.message import Message

if TYPE_CHECKING:
    from bots.discord.bot import DiscordBot

logger = logging.getLogger(__name__)

DEFER_SECONDS = 1.5
"""An act that has no answer by then is deferred: half of the three seconds that Discord gives, so that the deferral
still has time on a slow line."""
FORM_SECONDS = 2.4
"""An act that wants a form can't be deferred (a modal must be the first answer), so it waits longer, and then says
that it took too long. Discord's own "interaction failed" would come 0.6 seconds later."""

UNKNOWN_INTERACTION, ALREADY_ANSWERED = 10062, 40060

ALONE = nullcontext()
"""Nobody else wants to speak."""


class Deadlines:
    """One timer for all answers that may take equally long: they come due in the order in which they began."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._waiting: dict[InteractionAnswering, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, answering: InteractionAnswering) -> None:
        """From now on it has :attr:`seconds`."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self.seconds
        self._waiting[answering] = due
        if self._timer is None:
            self._timer = loop.call_at(due, self._ring)

    def end(self, answering: InteractionAnswering) -> None:
        """It was answered."""
        self._waiting.pop(answering, None)

    def stop(self) -> None:
        """Forget them all."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        loop = asyncio.get_running_loop()
        now, waiting = loop.time(), self._waiting
        for answering in [one for one, due in waiting.items() if due <= now]:
            del waiting[answering]
            answering.late()
        self._timer = loop.call_at(next(iter(waiting.values())), self._ring) if waiting else None


class _Stage(Enum):
    NOTHING = auto()
    """Discord waits."""
    THINKING = auto()
    """Deferred: the member sees that we think."""
    SILENT = auto()
    """Deferred without a sign, on the only-you message that was pressed."""
    SORRY = auto()
    """Told that it took too long."""
    DONE = auto()


class InteractionAnswering:
    """Answers one interaction. Never raises for what Discord refuses: an only-you answer is best effort, and logged.

    A press on an only-you message changes that message, so that the steps of a set-up do not pile up. What follows a
    deferral replaces it by an edit, which can be repeated; a further message (rare) is the only thing that the
    library could send twice when Discord answers with 500.
    """

    __slots__ = ("_bot", "_deadlines", "_interaction", "_stage", "_turn", "_wants_form")

    def __init__(self, bot: DiscordBot, interaction: discord.Interaction, *, wants_form: bool = False) -> None:
        self._bot = bot
        self._interaction = interaction
        self._wants_form = wants_form
        self._stage = _Stage.NOTHING
        self._turn: AbstractAsyncContextManager[None] = ALONE
        self._deadlines = bot.form_deadlines if wants_form else bot.deadlines
        self._deadlines.begin(self)

    @property
    def over(self) -> bool:
        """It was answered: nothing is owed."""
        return self._stage is _Stage.DONE

    @property
    def _in_place(self) -> bool:
        """What was pressed is an only-you message."""
        message = self._interaction.message
        return message is not None and message.flags.ephemeral

    @property
    def can_open_form(self) -> bool:
        """Only as the first answer, and not after a form."""
        return self._stage is _Stage.NOTHING and self._interaction.type is not discord.InteractionType.modal_submit

    async def form(self, form: Form, language: str) -> None:
        """Open the modal."""
        async with self._turn:
            if not self.can_open_form:
                logger.warning("a form came too late", extra={"stage": self._stage.name})
                self._bot.lost([Loss("form", "too late")])
                return
            losses: list[Loss] = []
            modal = forms.modal(form.spoken(self._bot.spell), self._bot.receiver.say(AGREE, language), losses)
            self._bot.lost(losses)
            await self._first(lambda: self._interaction.response.send_modal(modal))

    async def say(self, message: Message) -> None:
        """An only-you message, or the pressed one changed."""
        rendered = self._bot.render(message)
        self._bot.lost(rendered.losses)
        async with self._turn:
            response = self._interaction.response
            match self._stage:
                case _Stage.NOTHING if self._in_place:
                    await self._first(lambda: response.edit_message(**rendered.another()))
                case _Stage.NOTHING:
                    await self._first(lambda: response.send_message(ephemeral=True, **rendered.new()))
                case _Stage.THINKING | _Stage.SILENT | _Stage.SORRY:
                    await self._quietly(lambda: self._interaction.edit_original_response(**rendered.another()))
                    self._stage = _Stage.DONE
                case _Stage.DONE:
                    await self._quietly(lambda: self._interaction.followup.send(ephemeral=True, **rendered.new()))

    async def invalid(self, errors: Mapping[str, str], message: Message) -> None:
        """Discord closes a form when it is sent, so the message says what is wrong."""
        await self.say(message)

    def acknowledge(self) -> Coroutine[Any, Any, None]:
        """Taken, and nothing to show."""
        if self._stage is _Stage.NOTHING and self._interaction.message is not None:
            return self._first(self._interaction.response.defer)  # by far the most: it need not wait for its turn
        return self._acknowledge()

    async def _acknowledge(self) -> None:
        async with self._turn:
            if self._stage is _Stage.NOTHING:  # a command has no silent answer: "thinking", and away with it
                await self._first(lambda: self._interaction.response.defer(ephemeral=True, thinking=True))
                await self._quietly(self._interaction.delete_original_response)
            elif self._stage is _Stage.THINKING:
                await self._quietly(self._interaction.delete_original_response)
            self._stage = _Stage.DONE

    async def finish(self) -> None:
        """The hall is done with the event: whatever it did, the member must not wait for Discord's deadline."""
        self._deadlines.end(self)
        if self._stage is not _Stage.DONE and self._stage is not _Stage.SORRY:
            await self.acknowledge()

    def late(self) -> None:
        """The time is over."""
        if self._stage is _Stage.NOTHING:
            self._turn = asyncio.Lock()  # from here on two may want to speak: the deferral and the answer
            self._bot.spawn(self._defer())

    async def _defer(self) -> None:
        async with self._turn:
            if self._stage is not _Stage.NOTHING:
                return
            response = self._interaction.response
            if self._wants_form:
                language = self._bot.receiver.language_of(self._bot.frames.who(self._interaction))
                sorry = self._bot.render(Message(text=self._bot.receiver.say(TOO_SLOW, language)))
                await self._first(lambda: response.send_message(ephemeral=True, **sorry.new()), _Stage.SORRY)
            elif self._in_place:
                await self._first(response.defer, _Stage.SILENT)
            else:
                await self._first(lambda: response.defer(ephemeral=True, thinking=True), _Stage.THINKING)

    def _first(self, call: Callable[[], Awaitable[Any]], stage: _Stage = _Stage.DONE) -> Coroutine[Any, Any, None]:
        """The first answer. That it is taken is noted at once, before anybody else can look."""
        self._deadlines.end(self)
        self._stage = stage
        return self._quietly(call)

    async def _quietly(self, call: Callable[[], Awaitable[Any]]) -> None:
        try:
            await call()
        except discord.HTTPException as error:
            if error.code == ALREADY_ANSWERED:  # the same event came twice, or a repeat of ours was taken before
                logger.debug("an interaction was answered already")
            elif error.code == UNKNOWN_INTERACTION:
                logger.warning("an answer came after Discord's deadline")
            else:
                logger.warning("Discord refused an answer: %s %s: %s", error.status, error.code, error.text)
        except discord.InteractionResponded:
            logger.warning("an interaction was answered twice", exc_info=True)
        except (aiohttp.ClientError, OSError, TimeoutError, RuntimeError) as error:
            logger.warning("an answer did not go out: %s", type(error).__name__)
