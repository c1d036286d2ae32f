"""The Discord bot: discord.py on one side, the hall on the other, and as little as possible between."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine, Sequence
from datetime import datetime
from typing import Any, ClassVar

import aiohttp
import discord
from pydantic import BaseModel

from bots.discord import doctor
from bots.discord.answering import DEFER_SECONDS, FORM_SECONDS, Deadlines, InteractionAnswering
from bots.discord.client import Client, point_library
from bots.discord.commands import NAME, hall_command, invoked, same
from bots.discord.forms import values_of
from bots.discord.frames import PLATFORM, Frames
from bots.discord.payload import read
from bots.discord.permissions import invite
from bots.discord.render import CAPABILITIES, render
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
"""How long a stop waits for events that are being handled, and again for the connection to close."""
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
        self._client: Client | None = None
        self._runner: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: deque[tuple[Event, InteractionAnswering | ReplyAnswering | None]] = deque()
        self._connected = asyncio.Event()
        self._hearing = False
        self._form_commands: frozenset[str] = frozenset()
        self._told: set[str] = set()
        """Kinds of losses that are in the log already."""

    # -- life ------------------------------------------------------------------------------------------------------
    async def start(self, receiver: Receiver) -> None:
        """Log in, tell Discord of the commands, connect. Returns at Discord's READY."""
        if self._client is not None:
            raise RuntimeError("the Discord bot is started already")
        self.receiver = receiver
        self._form_commands = frozenset(command.name for command in receiver.commands() if command.form)
        point_library(self.settings.api_url)
        self._client = Client(self.settings, self._handlers())
        self._connected.clear()
        self._hearing = True
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._connect(self._client)
        except BaseException as error:
            await self.stop()
            reason = doctor.why_not(error, self.settings)
            if reason is None:
                raise
            raise BotStartError(reason) from error

    async def _connect(self, client: Client) -> None:
        token = self.settings.token.get_secret_value().strip()
        if not token:
            raise discord.LoginFailure("no token")
        await client.login(token)
        if client.user is not None:
            self.frames.login(client.user.id)
        commands = asyncio.create_task(self._tell_commands(client))
        self._runner = asyncio.create_task(client.connect(), name="discord gateway")
        self._runner.add_done_callback(self._ended)
        ready = asyncio.create_task(self._connected.wait())
        try:
            await asyncio.wait((ready, self._runner), return_when=asyncio.FIRST_COMPLETED)
            if self._runner.done():
                self._runner.result()
            await commands
        finally:
            ready.cancel()
            commands.cancel()

    async def listen(self) -> None:
        """Hear already."""

    async def hush(self) -> None:
        """Hear all the same."""

    async def find(self, address: Address, message: Message, *, key: str, since: datetime) -> Sent | None:
        """Nobody can tell."""
        raise SendRefused("it can't be told")

    async def stop(self) -> None:
        """Hear nothing more, let what is being handled end, close."""
        client, self._client = self._client, None
        self._hearing = False
        if client is None:
            return
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
        self._waiting.clear()
        self.deadlines.stop()
        self.form_deadlines.stop()
        left = [*self._tasks, *([] if self._runner is None else [self._runner])]
        for task in self._tasks:
            task.cancel()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await client.close()
        except TimeoutError:
            await client.http.close()  # the gateway did not say goodbye; its socket goes with the session
        if self._runner is not None:
            self._runner.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        self._tasks.clear()  # one that was cancelled before it began could not take itself away
        self._runner = None
        self.health.connected = False

    def _ended(self, runner: asyncio.Task[None]) -> None:
        """The library gave the connection up: it does so for a revoked token and for intents alone."""
        self.health.connected = False
        if not runner.cancelled() and (error := runner.exception()) is not None:
            self.health.detail = doctor.why_not(error, self.settings) or type(error).__name__
            if self._connected.is_set():
                logger.error("the Discord connection ended: %s", self.health.detail)

    async def _tell_commands(self, client: Client) -> None:
        """Register ``/hall``, when Discord has it otherwise. Other commands of the application are left alone."""
        commands = self.receiver.commands()
        wanted = hall_command(commands)
        if len(commands) > len(wanted["options"]):
            self.lost([Loss("commands", f"{len(commands) - len(wanted['options'])} left out")])
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
        frames, tell = self.frames, self._tell
        return {
            "socket_raw_receive": self._heard,
            "connect": self._up,
            "resumed": self._up,
            "disconnect": self._down,
            "interaction": self._interaction,
            "message": lambda message: tell(frames.message(message), ReplyAnswering(self, message)),
            "raw_message_edit": lambda raw: tell(frames.edited(raw)),
            "raw_message_delete": lambda raw: [tell(one) for one in frames.deleted(raw)],
            "raw_bulk_message_delete": lambda raw: [tell(one) for one in frames.deleted(raw)],
            "raw_reaction_add": lambda raw: tell(frames.reacted(raw, present=True)),
            "raw_reaction_remove": lambda raw: tell(frames.reacted(raw, present=False)),
            "member_join": lambda member: tell(frames.joined(member)),
            "raw_member_remove": lambda raw: tell(frames.left(raw)),
            "guild_join": lambda guild: tell(frames.installed(guild)),
            "guild_available": lambda guild: tell(frames.installed(guild)),
            "guild_remove": lambda guild: tell(frames.removed(guild)),
        }

    def _heard(self, _: str) -> None:
        self.health.last_frame = self.receiver.clock.now()

    def _up(self) -> None:
        self.health.connected = True
        self._connected.set()

    def _down(self) -> None:
        self.health.connected = False

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
        self._tell(event, InteractionAnswering(self, interaction, wants_form=wants_form))

    async def _turn_away(self, interaction: discord.Interaction, words: Phrase) -> None:
        answering = InteractionAnswering(self, interaction)
        language = self.receiver.language_of(self.frames.who(interaction))
        await answering.say(Message(text=self.receiver.say(words, language)))

    def _tell(self, event: Event | None, answering: InteractionAnswering | ReplyAnswering | None = None) -> None:
        if event is None or not self._hearing:
            return
        if len(self._tasks) < AT_ONCE:
            self._tasks.add(asyncio.get_running_loop().create_task(self._handle(event, answering)))
        else:
            self._waiting.append((event, answering))

    async def _handle(self, event: Event, answering: InteractionAnswering | ReplyAnswering | None) -> None:
        try:
            await self.receiver.receive(event, answering)
        except Exception:
            logger.exception("an event could not be handled")
        finally:
            if answering is not None:
                await answering.finish()
            self._over()

    def _over(self) -> None:
        """The task that runs now is done. (A callback would cost another turn of the loop for each event.)"""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.discard(task)
        if self._waiting:
            self._tell(*self._waiting.popleft())

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the connection; it ends with the bot at the latest."""
        self._tasks.add(asyncio.get_running_loop().create_task(self._run(work)))

    async def _run(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            logger.exception("an answer could not be made")
        finally:
            self._over()

    def lost(self, losses: Sequence[Loss]) -> None:
        """Count what could not be shown, and log each kind once."""
        for loss in losses:
            self.health.losses[loss.what] = self.health.losses.get(loss.what, 0) + 1
            if loss.what not in self._told:
                self._told.add(loss.what)
                logger.warning("Discord can't show a part as it was meant: %s: %s", loss.what, loss.detail)

    # -- sending ---------------------------------------------------------------------------------------------------
    def _live(self) -> Client:
        if self._client is None or self._client.is_closed():
            raise SendFailed("not connected")
        return self._client

    async def send(self, address: Address, message: Message, *, key: str) -> Sent:
        """``key`` goes out as an enforced nonce: while Discord knows it, no repeat makes a second message."""
        client, rendered = self._live(), render(message)
        self.lost(rendered.losses)
        if address.member:
            where: discord.abc.Messageable = await once(lambda: client.create_dm(_object(address.member)))
        else:
            channel = _number(address.thread or address.channel)
            where = client.get_partial_messageable(channel, guild_id=_number(address.space))
        sent = await once(lambda: where.send(nonce=key, **rendered.new()))
        if message.thread and not address.member and not address.thread:
            await self._open_thread(sent, message)
        return Sent(str(sent.channel.id), str(sent.id))

    async def _open_thread(self, sent: discord.Message, message: Message) -> None:
        """A thread under a message. The message stands, so what goes wrong here is a loss and no error."""
        words = message.title or message.text
        name = " ".join(plain(words if isinstance(words, str) else "").split())
        try:
            await sent.create_thread(name=name[:THREAD_NAME] or "…")
        except discord.HTTPException as error:
            if error.code != THREAD_EXISTS:
                self.lost([Loss("thread", f"{error.status} {error.code}: {error.text}")])
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            self.lost([Loss("thread", type(error).__name__)])

    async def edit(self, sent: Sent, message: Message) -> None:
        """All of the message is replaced."""
        client, rendered = self._live(), render(message)
        self.lost(rendered.losses)
        stands = client.get_partial_messageable(_number(sent.channel)).get_partial_message(_number(sent.message))
        await again(lambda: stands.edit(**rendered.change()))

    async def delete(self, sent: Sent) -> None:
        """A message that is gone already is deleted."""
        client = self._live()
        stands = client.get_partial_messageable(_number(sent.channel)).get_partial_message(_number(sent.message))
        try:
            await again(stands.delete)
        except SendRefused as error:
            if not error.gone:
                raise

    # -- asking ----------------------------------------------------------------------------------------------------
    async def standing(self, space: str, member: str) -> Standing:
        """Roles by their ids; ``owner`` and ``admin`` (who may manage the server) beside them."""
        client = self._live()
        guild = client.get_guild(_number(space))
        if guild is None or guild.unavailable:
            guild = await again(lambda: client.fetch_guild(_number(space)))
        found = guild
        try:
            one = await again(lambda: found.fetch_member(_number(member)))
        except SendRefused as error:
            if isinstance(error.__cause__, discord.NotFound):
                return Standing(present=False)
            raise
        roles = {str(role.id) for role in one.roles if not role.is_default()}
        if found.owner_id == one.id:
            roles |= {"owner", "admin"}
        elif one.guild_permissions.administrator or one.guild_permissions.manage_guild:
            roles.add("admin")
        return Standing(present=True, roles=frozenset(roles))

    async def channels(self, space: str) -> Sequence[ChannelInfo]:
        """Text channels that the bot sees, in the server's own order."""
        client = self._live()
        guild = client.get_guild(_number(space))
        if guild is not None and not guild.unavailable and guild.me is not None:
            return _channels(guild.text_channels, guild.me)
        fetched = await again(lambda: client.fetch_guild(_number(space)))
        me = await again(lambda: fetched.fetch_member(client.user.id if client.user else 0))
        several = await again(fetched.fetch_channels)
        return _channels([one for one in several if isinstance(one, discord.TextChannel)], me)

    async def examine(self) -> Sequence[Finding]:
        """Token, intents, servers."""
        return await doctor.examine(self.settings)

    async def examine_channel(self, space: str, channel: str) -> Sequence[Finding]:
        """The permissions that the bot asks for, one by one."""
        return await doctor.examine_channel(self.settings, space, channel)


def _channels(several: Sequence[discord.TextChannel], me: discord.Member) -> list[ChannelInfo]:
    found = []
    for channel in sorted(several, key=lambda one: (one.position, one.id)):
        may = channel.permissions_for(me)
        if may.view_channel:
            found.append(ChannelInfo(str(channel.id), channel.name, writable=may.send_messages))
    return found


def _number(external_id: str) -> int:
    if not external_id.isdecimal():
        raise SendRefused(f"{external_id!r} is no id of Discord's", gone=True)
    return int(external_id)


def _object(external_id: str) -> discord.Object:
    return discord.Object(_number(external_id))
