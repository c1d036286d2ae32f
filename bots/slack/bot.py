"""The Slack bot: its life, and what the hall asks of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import aiohttp
from pydantic import BaseModel
from slack_bolt.async_app import AsyncApp

from bots.slack import doctor
from bots.slack.client import LIBRARY, session, web_client
from bots.slack.connection import Connection
from bots.slack.desk import Desk
from bots.slack.errors import again
from bots.slack.finding import find
from bots.slack.frames import PLATFORM, Frames
from bots.slack.hearing import Hearing
from bots.slack.people import People, person_of
from bots.slack.permissions import APP, manifest
from bots.slack.render import CAPABILITIES
from bots.slack.settings import SlackSettings
from core.bot import (
    Address,
    BotStartError,
    ChannelInfo,
    Finding,
    Health,
    Receiver,
    SendError,
    SendFailed,
    SendRefused,
    Sent,
    Standing,
)
from core.capabilities import Capabilities
from core.message import Message

logger = logging.getLogger(__name__)

START_SECONDS = 30.0
"""How long a start may take before it is given up with a word."""
STOP_SECONDS = 0.4
"""How long a stop waits for events that are being handled, and again for the connection to close."""
HERE_SECONDS = 5.0
"""How long after its start the bot says where it was added while it was away. Slack tells of that again within this
time, and names who did it, which is better."""


@dataclass(slots=True)
class _Line:
    """All that stands while the bot is started; ``connection`` and ``here`` while it listens."""

    session: aiohttp.ClientSession
    desk: Desk
    people: People
    receiver: Receiver
    hearing: Hearing | None = None
    connection: Connection | None = None
    here: asyncio.Task[None] | None = None


class SlackBot:
    """See :class:`core.bot.Bot`. Socket Mode; bolt stands before the hearing, so that HTTP can take its place."""

    platform: ClassVar[str] = PLATFORM
    settings_model: ClassVar[type[BaseModel]] = SlackSettings
    capabilities: Capabilities = CAPABILITIES
    tools = (manifest,)
    """See :func:`core.registry.tools_of`."""

    def __init__(self, settings: SlackSettings) -> None:
        self.health = Health()
        self._settings = settings
        self._line: _Line | None = None

    # -- life ------------------------------------------------------------------------------------------------------
    async def start(self, receiver: Receiver) -> None:
        """Try the bot's token. Nothing is heard yet."""
        if self._line is not None:
            raise RuntimeError("the Slack bot is started already")
        over = session()
        web = web_client(self._settings, over)
        line = self._line = _Line(over, Desk(web, over, self.health), People(web), receiver)
        await self._in_time(self._log_in(line), self.stop)

    async def listen(self) -> None:
        """Connect by Socket Mode. Returns at Slack's hello."""
        line = self._line
        if line is None:
            raise RuntimeError("start the Slack bot first")
        if self.health.listening:
            return
        self.health.listening = True
        await self._in_time(self._connect(line), self.hush)

    async def hush(self) -> None:
        """Leave Socket Mode. What was heard is handled to its end, and answered."""
        self.health.detail = ""
        if self._line is not None:
            await self._leave(self._line)

    async def stop(self) -> None:
        """Hear nothing more, let what is being handled end, close."""
        line, self._line = self._line, None
        if line is None:
            return
        await self._leave(line)
        if line.hearing is not None:
            await line.hearing.stop()
        await line.people.stop()
        await line.desk.stop()
        await line.session.close()

    async def _leave(self, line: _Line) -> None:
        """First let events end: what they owe to Slack goes out by the connection."""
        self.health.listening = False
        here, line.here = line.here, None
        connection, line.connection = line.connection, None
        if here is not None:
            here.cancel()
            await asyncio.gather(here, return_exceptions=True)
        if line.hearing is not None:
            await line.hearing.hush(STOP_SECONDS)
        if connection is not None:
            await connection.leave(STOP_SECONDS)
        self.health.connected = False

    async def _in_time(self, work: Coroutine[Any, Any, None], undo: Callable[[], Awaitable[None]]) -> None:
        """Do it in time, or undo it and say why in words that help."""
        try:
            async with asyncio.timeout(START_SECONDS):
                await work
        except TimeoutError as error:
            await undo()
            where = self._settings.api_url or "Slack"
            reason = f"{where} can't be reached in {START_SECONDS:.0f} s. Look at the network, a proxy or a firewall."
            self.health.detail = reason
            raise BotStartError(reason) from error
        except BaseException as error:
            await undo()
            if isinstance(error, BotStartError):
                self.health.detail = str(error)
            raise

    async def _log_in(self, line: _Line) -> None:
        login = await doctor.log_in(line.desk.web, self._settings)
        for one in login.lacks:
            logger.warning("Slack did not grant a scope: %s, %s", one.name, one.reason)
        frames = Frames(login.team, login.user)
        line.hearing = Hearing(line.receiver, line.desk, line.people, frames, login.team_name)

    async def _connect(self, line: _Line) -> None:
        hearing, web = line.hearing, line.desk.web
        if hearing is None:
            raise RuntimeError("start the Slack bot first")
        address = await doctor.new_address(web, self._settings)
        # What bolt does by itself behind the hearing, a look-up of the token at the first event, is never reached.
        app = AsyncApp(name=APP, logger=LIBRARY, client=web, signing_secret="", before_authorize=hearing)
        app_token = self._settings.app_token.get_secret_value().strip()
        connection = line.connection = Connection(app, web, app_token, self.health, line.receiver.clock.now)
        connection.wss_uri = address
        hearing.open()
        await connection.connect()
        await connection.ready.wait()
        if line.connection is not connection:
            raise BotStartError("The Slack bot was told to hear no more while it connected.")
        line.here = asyncio.create_task(self._here(hearing, line.desk))

    async def _here(self, hearing: Hearing, desk: Desk) -> None:
        """Say where the bot was added while it was away."""
        await hearing.receiver.clock.sleep(HERE_SECONDS)
        try:
            several = await doctor.channels(desk.web)
        except SendError as error:
            logger.info("Slack does not tell the bot's channels now: %s", error)
            return
        writable = [one for one in several if one.writable]
        if writable:
            await hearing.here(writable[0].external_id)

    # -- messages --------------------------------------------------------------------------------------------------
    def _at_work(self) -> Desk:
        if self._line is None:
            raise SendFailed("not connected")
        return self._line.desk

    async def send(self, address: Address, message: Message, *, key: str) -> Sent:
        """Send once. ``key`` goes along as metadata; Slack makes no use of it, so a broken line is unknown."""
        channel = address.member or address.channel
        return await self._at_work().post(channel, message, key=key, thread=address.thread)

    async def find(self, address: Address, message: Message, *, key: str, since: datetime) -> Sent | None:
        """Look for ``key`` in the metadata of what was written there."""
        return await find(self._at_work().web, address, key, since)

    async def edit(self, sent: Sent, message: Message) -> None:
        """All of the message is replaced."""
        await self._at_work().change(sent, message)

    async def delete(self, sent: Sent) -> None:
        """A message that is gone already is deleted."""
        await self._at_work().delete(sent)

    # -- asking ----------------------------------------------------------------------------------------------------
    async def standing(self, space: str, member: str) -> Standing:
        """Whether somebody owns or administers the workspace, or is in it at all."""
        web = self._at_work().web
        try:
            user = (await again(lambda: web.users_info(user=member, include_locale=True)))["user"]
        except SendRefused as error:
            if error.gone:
                return Standing(present=False)
            raise
        if user.get("deleted"):
            return Standing(present=False)
        if self._line is not None:
            self._line.people.keep(member, person_of(user))
        if user.get("is_owner") or user.get("is_primary_owner"):
            return Standing(present=True, roles=frozenset({"owner", "admin"}))
        return Standing(present=True, roles=frozenset({"admin"}) if user.get("is_admin") else frozenset())

    async def channels(self, space: str) -> Sequence[ChannelInfo]:
        """The public channels that the bot was added to."""
        return await doctor.channels(self._at_work().web)

    async def headcount(self, space: str, channel: str) -> int:
        """Who is in the channel, less the bot. Whoever else is in the workspace may open a public channel, and is not
        counted. Slack does not say which of those that it counts are apps."""
        web = self._at_work().web
        found = (await again(lambda: web.conversations_info(channel=channel, include_num_members=True)))["channel"]
        members = found.get("num_members")
        if not isinstance(members, int):
            raise SendRefused("Slack does not say how many are in that channel")
        return max(members - bool(found.get("is_member")), 0)

    async def examine(self) -> Sequence[Finding]:
        """Both tokens, scopes, channels."""
        return await doctor.examine(self._settings)

    async def examine_channel(self, space: str, channel: str) -> Sequence[Finding]:
        """Whether the bot is in a channel and may write there."""
        return await doctor.examine_channel(self._settings, channel)
