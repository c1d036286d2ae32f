"""The Telegram bot: its life, and what the hall asks of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel
from telegram import Bot, BotCommand, ChatMember
from telegram.error import TelegramError

from bots.telegram import doctor, words
from bots.telegram.connection import connect
from bots.telegram.desk import Desk
from bots.telegram.errors import as_send_error, refused
from bots.telegram.forms import Forms
from bots.telegram.frames import PLATFORM
from bots.telegram.hearing import Hearing
from bots.telegram.permissions import setup
from bots.telegram.polling import Polling
from bots.telegram.render import CAPABILITIES
from bots.telegram.settings import TelegramSettings
from core.bot import (
    Address,
    BotStartError,
    ChannelInfo,
    Finding,
    Health,
    Receiver,
    SendFailed,
    SendRefused,
    Sent,
    Standing,
)
from core.capabilities import Capabilities
from core.logs import Logger
from core.message import Message

logger = Logger(__name__)

LISTEN_SECONDS = 30.0
"""How long a first answer to a poll may take before it is given up with a word."""

_TERMS = ("privacy", "mydata", "forget")
"""Commands that stand in the menu by themselves: Telegram's terms ask for /privacy."""
_ROLES = {ChatMember.OWNER: frozenset({"owner", "admin"}), ChatMember.ADMINISTRATOR: frozenset({"admin"})}


class TelegramBot:
    """See :class:`core.bot.Bot`. Polls at least once; forms are dialogues in private."""

    platform: ClassVar[str] = PLATFORM
    settings_model: ClassVar[type[BaseModel]] = TelegramSettings
    capabilities: Capabilities = CAPABILITIES
    tools = (setup,)
    """See :func:`core.registry.tools_of`."""

    def __init__(self, settings: TelegramSettings) -> None:
        self.health = Health()
        self._settings = settings
        self._api: Bot | None = None
        self._receiver: Receiver | None = None
        self._desk: Desk | None = None
        self._polling: Polling | None = None
        self._chore: asyncio.Task[None] | None = None

    # -- life ------------------------------------------------------------------------------------------------------
    async def start(self, receiver: Receiver) -> None:
        """Ask who we are. Nothing is heard yet: of two processes that poll Telegram cuts one off."""
        if self._api is not None:
            raise RuntimeError("the Telegram bot is started already")
        api, polls = await connect(self._settings)
        self._api, self._desk, self._receiver = api, Desk(api, self.health), receiver
        hearing = Hearing(self._desk, Forms(self._desk, receiver), receiver)
        self._polling = Polling(api, polls, receiver, self.health, f"{PLATFORM}:{api.id}", hearing.handle)
        self._desk.let_go = self._polling.let_go

    async def listen(self) -> None:
        """Poll. Returns when Telegram answered, be it that another process polls: that is tried again."""
        api, polling, receiver = self._api, self._polling, self._receiver
        if api is None or polling is None or receiver is None:
            raise RuntimeError("start the Telegram bot first")
        if self.health.listening:
            return
        self.health.listening = True
        self._chore = asyncio.create_task(self._register_commands(api, receiver))
        try:
            async with asyncio.timeout(LISTEN_SECONDS):
                await polling.start()
        except TimeoutError:
            reason = f"Telegram can't be reached: {self.health.detail or 'no answer'}. Check the network."
            await self.hush()
            self.health.detail = reason
            raise BotStartError(reason) from None
        except BaseException as error:
            await self.hush()
            if isinstance(error, BotStartError):
                self.health.detail = str(error)
            raise

    async def hush(self) -> None:
        """Poll no more. What was heard is handled to its end, and answered."""
        self.health.listening = False
        chore, self._chore = self._chore, None
        if chore is not None:
            chore.cancel()
            await asyncio.gather(chore, return_exceptions=True)
        if self._polling is not None:
            await self._polling.hush()
        self.health.connected, self.health.detail = False, ""

    async def stop(self) -> None:
        """Leave cleanly."""
        api, self._api = self._api, None
        if api is None:
            return
        await self.hush()
        if self._polling is not None:
            await self._polling.stop()
        if self._desk is not None:
            await self._desk.close()
        await api.shutdown()
        self._desk = self._polling = None

    @staticmethod
    async def _register_commands(api: Bot, receiver: Receiver) -> None:
        """Tell Telegram what its menu lists, in every language. Nothing waits for it."""
        commands = [command for command in receiver.commands() if command.name in _TERMS]
        languages = {language for command in receiver.commands() for language in command.titles}
        try:
            for language in ("", *sorted(languages)):
                speak = language or "en"
                listed = [
                    BotCommand("hall", receiver.say(words.COMMAND_HALL, speak)),
                    BotCommand("help", receiver.say(words.COMMAND_HELP, speak)),
                    *(BotCommand(command.name, command.titles.get(speak, command.name)) for command in commands),
                ]
                # Telegram knows languages by two letters, without regions.
                await api.set_my_commands(listed, language_code=language[:2] or None)
        except TelegramError as error:
            logger.warning("the menu of commands could not be set", reason=str(error))

    # -- messages --------------------------------------------------------------------------------------------------
    async def send(self, address: Address, message: Message, *, key: str) -> Sent:
        """Send once. Telegram knows no idempotency key: a send that times out is unknown."""
        chat = _number(address.member or address.channel)
        posted = await self._at_work().post(chat, message, thread=_number(address.thread or "0"))
        return Sent(str(posted.chat.id), str(posted.message_id))

    async def find(self, address: Address, message: Message, *, key: str, since: datetime) -> Sent | None:
        """Nobody can tell: a bot sees no history."""
        raise SendRefused("it can't be told: Telegram shows a bot nothing of what was written")

    async def edit(self, sent: Sent, message: Message) -> None:
        """Replace a sent message."""
        await self._at_work().edit(_number(sent.channel), _number(sent.message), message)

    async def delete(self, sent: Sent) -> None:
        """Take a sent message back. Telegram allows it for 48 hours."""
        await self._at_work().delete(_number(sent.channel), _number(sent.message))

    def _at_work(self) -> Desk:
        if self._desk is None:
            raise SendFailed("the bot is not started")
        return self._desk

    # -- who and where ---------------------------------------------------------------------------------------------
    async def standing(self, space: str, member: str) -> Standing:
        """Whether somebody owns or administers a group, or is in it at all."""
        try:
            found = await self._at_work().api.get_chat_member(_number(space), _number(member))
        except TelegramError as error:
            if refused(error, "user not found") or refused(error, "participant_id_invalid"):
                return Standing(False)
            raise as_send_error(error) from None
        present = found.status not in (ChatMember.LEFT, ChatMember.BANNED) and getattr(found, "is_member", True)
        return Standing(bool(present), _ROLES.get(found.status, frozenset()))

    async def channels(self, space: str) -> Sequence[ChannelInfo]:
        """A group is its own and only channel."""
        try:
            title, me = await doctor.place_of(self._at_work().api, _number(space))
        except TelegramError as error:
            raise as_send_error(error) from None
        return [ChannelInfo(space, title, doctor.may_write(me))]

    async def headcount(self, space: str, channel: str) -> int:
        """Who is in the group, less the bot. Other bots are not told apart."""
        try:
            members = await self._at_work().api.get_chat_member_count(_number(channel or space))
        except TelegramError as error:
            raise as_send_error(error) from None
        return max(members - 1, 0)

    # -- the doctor ------------------------------------------------------------------------------------------------
    async def examine(self) -> Sequence[Finding]:
        """Token and settings at @BotFather."""
        return await doctor.examine(self._settings)

    async def examine_channel(self, space: str, channel: str) -> Sequence[Finding]:
        """What the bot may do in a group."""
        return await doctor.examine_channel(self._settings, _number(channel or space))


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise SendRefused(f"{text!r} is no id of Telegram's", gone=True) from None
