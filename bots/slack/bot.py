"""The Slack bot: its life, and what the hall asks of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import aiohttp
from pydantic import BaseModel
from slack_bolt.async_app import AsyncApp

from bots.slack import doctor
from bots.slack.client import LIBRARY, session, web_client
from bots.slack.connection import Connection
from bots.slack.desk import Desk
from bots.slack.errors import again
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
    """All that stands while the bot is connected."""

    session: aiohttp.ClientSession
    desk: Desk
    people: People
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
        """Try the tokens, connect. Returns at Slack's hello."""
        if self._line is not None:
            raise RuntimeError("the Slack bot is started already")
        over = session()
        web = web_client(self._settings, over)
        line = self._line = _Line(over, Desk(web, over, self.health), People(web))
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._connect(line, receiver)
        except TimeoutError as error:
            await self.stop()
            where = self._settings.api_url or "Slack"
            raise BotStartError(
                f"{where} can't be reached in {START_SECONDS:.0f} s. Look at the network, a proxy or a firewall."
            ) from error
        except BaseException:
            await self.stop()
            raise

    async def _connect(self, line: _Line, receiver: Receiver) -> None:
        web = line.desk.web
        login, address = await doctor.log_in(web, self._settings)
        for one in login.lacks:
            logger.warning("Slack did not grant a scope: %s, %s", one.name, one.reason)
        frames = Frames(login.team, login.user)
        line.hearing = Hearing(receiver, line.desk, line.people, frames, login.team_name)
        # What bolt does by itself behind the hearing, a look-up of the token at the first event, is never reached.
        app = AsyncApp(name=APP, logger=LIBRARY, client=web, signing_secret="", before_authorize=line.hearing)
        app_token = self._settings.app_token.get_secret_value().strip()
        connection = line.connection = Connection(app, web, app_token, self.health, receiver.clock.now)
        connection.wss_uri = address
        await connection.connect()
        await connection.ready.wait()
        line.here = asyncio.create_task(self._here(line.hearing, line.desk))

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

    async def listen(self) -> None:
        """Hear already."""

    async def hush(self) -> None:
        """Hear all the same."""

    async def find(self, address: Address, message: Message, *, key: str, since: datetime) -> Sent | None:
        """Nobody can tell."""
        raise SendRefused("it can't be told")

    async def stop(self) -> None:
        """Hear nothing more, let what is being handled end, close."""
        line, self._line = self._line, None
        if line is None:
            return
        if line.here is not None:
            line.here.cancel()
            await asyncio.gather(line.here, return_exceptions=True)
        if line.hearing is not None:
            await line.hearing.stop(STOP_SECONDS)
        if line.connection is not None:
            await line.connection.leave(STOP_SECONDS)
        await line.people.stop()
        await line.session.close()
        self.health.connected = False

    # -- messages --------------------------------------------------------------------------------------------------
    def _at_work(self) -> Desk:
        if self._line is None:
            raise SendFailed("not connected")
        return self._line.desk

    async def send(self, address: Address, message: Message, *, key: str) -> Sent:
        """Send once. ``key`` goes along as metadata; Slack makes no use of it, so a broken line is unknown."""
        channel = address.member or address.channel
        return await self._at_work().post(channel, message, key=key, thread=address.thread)

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

    async def examine(self) -> Sequence[Finding]:
        """Both tokens, scopes, channels."""
        return await doctor.examine(self._settings)

    async def examine_channel(self, space: str, channel: str) -> Sequence[Finding]:
        """Whether the bot is in a channel and may write there."""
        return await doctor.examine_channel(self._settings, channel)
