"""The Discord bot: discord.py on one side, the hall on the other, and as little as possible between."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, ClassVar

import aiohttp
import discord
from pydantic import BaseModel

from bots.discord import asking, doctor, finding
from bots.discord.answering import DEFER_SECONDS, FORM_SECONDS, Deadlines, InteractionAnswering
from bots.discord.asking import number
from bots.discord.catching_up import CatchingUp
from bots.discord.client import Client, point_library
from bots.discord.commands import NAME, Spelling, hall_command, invoked, same, told
from bots.discord.forms import values_of
from bots.discord.frames import PLATFORM, Frames
from bots.discord.payload import read
from bots.discord.permissions import invite
from bots.discord.render import CAPABILITIES, Rendered, render
from bots.discord.replying import ReplyAnswering
from bots.discord.sending import again, once
from bots.discord.settings import DiscordSettings
from bots.discord.words import OTHER_VERSION, STRANGE
from core.action import ActionError, UnknownVersion
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
from core.degrade import Loss
from core.event import Chosen, CommandInvoked, Event, Pressed, Submitted
from core.markup import plain
from core.message import Message
from core.texts import Phrase

logger = logging.getLogger(__name__)

START_SECONDS = 30.0
"""How long a start may take before it is given up with a word."""
STOP_SECONDS = 0.4
"""How long leaving the gateway may take, and how long it is then waited for events that are being handled."""
AGAIN_SECONDS = 120.0
"""Seconds after a connection that Discord refused before the next: of more than 1,000 a day ("Identifying") it takes
the token away."""
AT_ONCE = 500
"""Events that are handled at the same time; more wait their turn. Interactions are deferred in time all the same."""
THREAD_NAME = 100
THREAD_EXISTS = 160004
"""Discord's reference, "Start Thread from Message"."""


class DiscordBot:
    """See :class:`core.bot.Bot`."""

    platform: ClassVar[str] = PLATFORM
    settings_model: ClassVar[type[BaseModel]] = DiscordSettings
    capabilities: Capabilities = CAPABILITIES
    tools = (invite,)
    """See :func:`core.registry.tools_of`."""

    def __init__(self, settings: DiscordSettings) -> None:
        self.settings = settings
        self.health = Health()
        self.receiver: Receiver
        self.frames = Frames(reads_all=settings.read_all_replies)
        self.deadlines = Deadlines(DEFER_SECONDS)
        self.form_deadlines = Deadlines(FORM_SECONDS)
        self.ticks: dict[int, int] = {}
        """How many ticks are on their way in a channel."""
        self._client: Client | None = None
        self._tasks: dict[int, asyncio.Task[None]] = {}
        """What is being handled, by a number of ours: each takes itself away without asking who it is."""
        self._numbers = itertools.count()
        self._waiting: deque[tuple[Event, InteractionAnswering | ReplyAnswering | None]] = deque()
        self._connected = asyncio.Event()
        self._hearing = False
        self._not_before = 0.0
        """Until then no further connection is tried."""
        self._form_commands: frozenset[str] = frozenset()
        self.spell = Spelling(hall_command(()))
        """How texts name our commands."""
        self._catching_up = CatchingUp(self)
        self._told: set[str] = set()
        """Kinds of losses that are in the log already."""

    # -- life ------------------------------------------------------------------------------------------------------
    async def start(self, receiver: Receiver) -> None:
        """Log in over HTTP. Nothing is heard yet, and Discord's gateway is not asked."""
        if self._client is not None:
            raise RuntimeError("the Discord bot is started already")
        self.receiver = receiver
        self._form_commands = frozenset(command.name for command in receiver.commands() if command.form)
        self.spell = Spelling(hall_command(receiver.commands()))
        point_library(self.settings.api_url)
        self._client = Client(self.settings, self._handlers())
        await self._explained(self._log_in(self._client), self.stop)

    async def listen(self) -> None:
        """Tell Discord of the commands, connect to its gateway. Returns at READY."""
        client = self._client
        if client is None:
            raise RuntimeError("start the Discord bot first")
        if client.listens:
            return
        if asyncio.get_running_loop().time() < self._not_before:
            raise BotStartError(self.health.detail)
        await self._leave(client)  # of a gateway that the library gave up something is left
        await self._catching_up.begin()
        self.health.listening = self._hearing = True
        await self._explained(self._connect(client), self.hush)

    async def hush(self) -> None:
        """Leave the gateway. What was heard is handled to its end, and answered."""
        self.health.detail = ""
        if self._client is not None:
            await self._leave(self._client)

    async def stop(self) -> None:
        """Hear nothing more, let what is being handled end, close."""
        client, self._client = self._client, None
        if client is None:
            return
        await self._leave(client)
        self._waiting.clear()  # only now: what waits must not pass for handled
        self.deadlines.stop()
        self.form_deadlines.stop()
        left = list(self._tasks.values())
        for task in left:
            task.cancel()
        await client.close()
        await asyncio.gather(*left, return_exceptions=True)
        self._tasks.clear()  # one that was cancelled before it began could not take itself away

    async def _leave(self, client: Client) -> None:
        self.health.listening = False
        self._catching_up.stop()
        await client.hush(STOP_SECONDS)
        self._hearing = self.health.connected = False
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=STOP_SECONDS)
        await self._catching_up.end()

    async def _explained(self, work: Coroutine[Any, Any, None], undo: Callable[[], Awaitable[None]]) -> None:
        """Do it in time, or undo it and say why in words that help."""
        try:
            async with asyncio.timeout(START_SECONDS):
                await work
        except BaseException as error:
            await undo()
            reason = doctor.why_not(error, self.settings)
            if reason is None:
                raise
            self.health.detail = reason
            raise BotStartError(reason) from error

    async def _log_in(self, client: Client) -> None:
        token = self.settings.token.get_secret_value().strip()
        if not token:
            raise discord.LoginFailure("no token")
        await client.login(token)
        if client.user is not None:
            self.frames.login(client.user.id)

    async def _connect(self, client: Client) -> None:
        self._connected.clear()
        commands = asyncio.create_task(self._tell_commands(client))
        gateway = client.listen()
        gateway.add_done_callback(self._ended)
        ready = asyncio.create_task(self._connected.wait())
        try:
            await asyncio.wait((ready, gateway), return_when=asyncio.FIRST_COMPLETED)
            if gateway.cancelled():
                raise BotStartError("The Discord bot was told to hear no more while it connected.")
            if gateway.done():
                gateway.result()
            await commands
        finally:
            ready.cancel()
            commands.cancel()

    def _ended(self, runner: asyncio.Task[None]) -> None:
        """The library gave the connection up: it does so for a revoked token and for intents alone."""
        self.health.connected = False
        if not runner.cancelled() and (error := runner.exception()) is not None:
            self._not_before = asyncio.get_running_loop().time() + AGAIN_SECONDS
            self.health.detail = doctor.why_not(error, self.settings) or type(error).__name__
            if self._connected.is_set():
                logger.error("the Discord connection ended: %s", self.health.detail)

    async def _tell_commands(self, client: Client) -> None:
        """Register ``/hall``, when Discord has it otherwise. Other commands of the application are left alone."""
        commands = self.receiver.commands()
        wanted = hall_command(commands)
        if len(commands) > told(wanted):
            self.lost([Loss("commands", f"{len(commands) - told(wanted)} left out")])
        application = client.application_id
        if application is None:
            return
        try:
            known = await client.http.get_global_commands(application)
            if not any(one["name"] == NAME and same(wanted, dict(one)) for one in known):
                await client.http.upsert_global_command(application, wanted)  # type: ignore[arg-type]  # wants the answer's type
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            self.health.detail = "the command /hall could not be registered"
            logger.warning("%s: %s", self.health.detail, error)

    # -- hearing ---------------------------------------------------------------------------------------------------
    def _handlers(self) -> dict[str, Any]:
        frames, tell = self.frames, self.tell
        return {
            "socket_raw_receive": self._heard,
            "connect": self._began,
            "ready": self._catching_up.whole,
            "resumed": self._resumed,
            "disconnect": self._down,
            "interaction": self._interaction,
            "message": self._message,
            "raw_message_edit": lambda raw: tell(frames.edited(raw)),
            "raw_message_delete": lambda raw: [tell(one) for one in frames.deleted(raw)],
            "raw_bulk_message_delete": lambda raw: [tell(one) for one in frames.deleted(raw)],
            "raw_reaction_add": lambda raw: tell(frames.reacted(raw, present=True)),
            "raw_reaction_remove": lambda raw: tell(frames.reacted(raw, present=False)),
            "member_join": lambda member: tell(frames.joined(member)),
            "raw_member_remove": lambda raw: tell(frames.left(raw)),
            "guild_join": self._server,
            "guild_available": self._server,
            "guild_unavailable": self._catching_up.gone,
            "guild_remove": lambda guild: tell(frames.removed(guild)),
        }

    def _heard(self, _: str) -> None:
        self.health.last_frame = self.receiver.clock.now()

    def _up(self) -> None:
        self.health.connected = True
        self._connected.set()

    def _began(self) -> None:
        self._up()
        self._catching_up.began()

    def _resumed(self) -> None:
        self._up()
        self._catching_up.whole()

    def _down(self) -> None:
        self.health.connected = False
        self._catching_up.lost()

    def _message(self, message: discord.Message) -> None:
        self._catching_up.heard(message.id)
        self.tell(self.frames.message(message), ReplyAnswering(self, message))

    def _server(self, guild: discord.Guild) -> None:
        self.tell(self.frames.installed(guild))
        self._catching_up.server(guild)

    def _interaction(self, interaction: discord.Interaction) -> None:
        if not self._hearing:
            return  # no answer: Discord says so to the member, who presses again
        data: Any = interaction.data
        frames, kind = self.frames, interaction.type
        where, who, number, at = (
            frames.where(interaction),
            frames.who(interaction),
            str(interaction.id),
            frames.at(interaction),
        )
        event: Event
        wants_form = False
        try:
            if kind is discord.InteractionType.component:
                payload = read(data["custom_id"])
                message = "" if interaction.message is None else str(interaction.message.id)
                values = data.get("values")
                if payload.value is not None or values is not None:
                    chosen = tuple(map(str, values)) if payload.value is None else (payload.value,)
                    event = Chosen(
                        where=where, who=who, id=number, at=at, action=payload.action, values=chosen, message=message
                    )
                else:
                    wants_form = payload.form
                    event = Pressed(
                        where=where,
                        who=who,
                        id=number,
                        at=at,
                        action=payload.action,
                        form=wants_form,
                        message=message,
                    )
            elif kind is discord.InteractionType.modal_submit:
                action = read(data["custom_id"]).action
                filled = values_of(data["components"])
                event = Submitted(where=where, who=who, id=number, at=at, action=action, values=filled)
            elif kind is discord.InteractionType.application_command:
                name, text = invoked(data)
                wants_form = name in self._form_commands
                event = CommandInvoked(where=where, who=who, id=number, at=at, name=name, text=text)
            else:
                return
        except ActionError as error:
            words = OTHER_VERSION if isinstance(error, UnknownVersion) else STRANGE
            logger.info("a control says what we never wrote: %s", error)
            self.spawn(self._turn_away(interaction, words))
            return
        self.tell(event, InteractionAnswering(self, interaction, wants_form=wants_form))

    async def _turn_away(self, interaction: discord.Interaction, words: Phrase) -> None:
        answering = InteractionAnswering(self, interaction)
        language = self.receiver.language_of(self.frames.who(interaction))
        await answering.say(Message(text=self.receiver.say(words, language)))

    def tell(self, event: Event | None, answering: InteractionAnswering | ReplyAnswering | None = None) -> None:
        if event is None or not self._hearing:
            return
        if len(self._tasks) < AT_ONCE:
            self._begin(event, answering)
        else:
            self._waiting.append((event, answering))

    def _begin(self, event: Event, answering: InteractionAnswering | ReplyAnswering | None) -> None:
        key = next(self._numbers)
        self._tasks[key] = asyncio.get_running_loop().create_task(self._handle(event, answering, key))

    async def _handle(self, event: Event, answering: InteractionAnswering | ReplyAnswering | None, key: int) -> None:
        try:
            await self.receiver.receive(event, answering)
        except Exception:
            logger.exception("an event could not be handled")
        finally:
            if answering is not None and not answering.over:
                await answering.finish()
            self._over(key)

    def _over(self, key: int) -> None:
        """A task is done. (A callback would cost another turn of the loop for each event.)"""
        self._tasks.pop(key, None)
        if self._waiting:
            self._begin(*self._waiting.popleft())

    def mark(self) -> int | None:
        """A number above those of all that is being handled; None while something waits for its turn."""
        return None if self._waiting else next(self._numbers)

    def done_before(self, mark: int) -> bool:
        """Whether all that was being handled then is done."""
        return next(iter(self._tasks), mark) >= mark

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the connection; it ends with the bot at the latest."""
        key = next(self._numbers)
        self._tasks[key] = asyncio.get_running_loop().create_task(self._run(work, key))

    async def _run(self, work: Coroutine[Any, Any, None], key: int) -> None:
        try:
            await work
        except Exception:
            logger.exception("an answer could not be made")
        finally:
            self._over(key)

    def lost(self, losses: Sequence[Loss]) -> None:
        """Count what could not be shown, and log each kind once."""
        for loss in losses:
            self.health.losses[loss.what] = self.health.losses.get(loss.what, 0) + 1
            if loss.what not in self._told:
                self._told.add(loss.what)
                logger.warning("Discord can't show a part as it was meant: %s: %s", loss.what, loss.detail)

    def render(self, message: Message) -> Rendered:
        """A spoken message as it is shown here, commands named as they are typed here."""
        return render(message.spoken(self.spell))

    # -- sending ---------------------------------------------------------------------------------------------------
    def _live(self) -> Client:
        if self._client is None or self._client.is_closed():
            raise SendFailed("not connected")
        return self._client

    async def send(self, address: Address, message: Message, *, key: str) -> Sent:
        """``key`` goes out as an enforced nonce: while Discord knows it, no repeat makes a second message."""
        client, rendered = self._live(), self.render(message)
        self.lost(rendered.losses)
        if address.member:
            where: discord.abc.Messageable = await again(lambda: client.create_dm(_object(address.member)))
        else:
            channel = number(address.thread or address.channel)
            where = client.get_partial_messageable(channel, guild_id=number(address.space))
        stands = await once(lambda: where.send(nonce=key, **rendered.new()))
        sent = Sent(str(stands.channel.id), str(stands.id))
        await self._open_thread(client, address, sent, message)
        return sent

    async def find(self, address: Address, message: Message, *, key: str, since: datetime) -> Sent | None:
        """Look through the channel. Discord forgets ``key`` in minutes, so it is no help here."""
        client = self._live()
        channel = number(address.thread or address.channel or "0")
        if address.member:
            channel = (await again(lambda: client.create_dm(_object(address.member)))).id
        found = await finding.find(client, channel, address, self.render(message), since)
        if found is None:
            return None
        sent = finding.sent(found)
        if not found.get("thread"):
            await self._open_thread(client, address, sent, message)
        return sent

    async def _open_thread(self, client: Client, address: Address, sent: Sent, message: Message) -> None:
        """A thread under a message, where it asks for one. It stands, so what goes wrong is a loss and no error."""
        if not message.thread or address.member or address.thread:
            return
        words = message.title or message.text
        name = " ".join(plain(words if isinstance(words, str) else "").split())[:THREAD_NAME] or "…"
        channel, stands = int(sent.channel), int(sent.message)
        try:
            # Not by the message object: that wants a server which only the gateway tells of.
            await client.http.start_thread_with_message(channel, stands, name=name, auto_archive_duration=1440)
        except discord.HTTPException as error:
            if error.code != THREAD_EXISTS:
                self.lost([Loss("thread", f"{error.status} {error.code}: {error.text}")])
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self.lost([Loss("thread", type(error).__name__)])

    async def edit(self, sent: Sent, message: Message) -> None:
        """All of the message is replaced."""
        client, rendered = self._live(), self.render(message)
        self.lost(rendered.losses)
        stands = client.get_partial_messageable(number(sent.channel)).get_partial_message(number(sent.message))
        await again(lambda: stands.edit(**rendered.change()))

    async def delete(self, sent: Sent) -> None:
        """A message that is gone already is deleted."""
        client = self._live()
        stands = client.get_partial_messageable(number(sent.channel)).get_partial_message(number(sent.message))
        try:
            await again(stands.delete)
        except SendRefused as error:
            if not error.gone:
                raise

    # -- asking ----------------------------------------------------------------------------------------------------
    async def standing(self, space: str, member: str) -> Standing:
        """See :func:`bots.discord.asking.standing`."""
        return await asking.standing(self._live(), space, member)

    async def channels(self, space: str) -> Sequence[ChannelInfo]:
        """See :func:`bots.discord.asking.channels`."""
        return await asking.channels(self._live(), space)

    async def headcount(self, space: str, channel: str) -> int:
        """See :func:`bots.discord.asking.headcount`."""
        return await asking.headcount(self._live(), space, channel)

    async def examine(self) -> Sequence[Finding]:
        """Token, intents, servers."""
        return await doctor.examine(self.settings)

    async def examine_channel(self, space: str, channel: str) -> Sequence[Finding]:
        """The permissions that the bot asks for, one by one."""
        return await doctor.examine_channel(self.settings, space, channel)


def _object(external_id: str) -> discord.Object:
    return discord.Object(number(external_id))
