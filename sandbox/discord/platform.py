"""The sandbox's Discord: one server, and all that people do on it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from sandbox.control import ChannelView, ControlError, ControlView, MessageView, Outcome, OutcomeKind, Platform, State
from sandbox.discord import commands, permissions
from sandbox.discord.fields import submitted
from sandbox.discord.gateway import Gateway
from sandbox.discord.interactions import DEADLINE_SECONDS, Callback, Form, Interaction, Interactions, Kind
from sandbox.discord.limits import GLOBAL_REQUESTS, MESSAGE_BUCKET
from sandbox.discord.messages import Messages, every
from sandbox.discord.rest import Rest
from sandbox.discord.rules import TEXT
from sandbox.discord.server import GATEWAY, Server
from sandbox.discord.views import Views
from sandbox.discord.wire import channel_wire, guild_create_wire, guild_wire, member_wire, user_wire
from sandbox.discord.world import TEXT as TEXT_CHANNEL
from sandbox.discord.world import THREADS, AuditEntry, Channel, Guild, Membership, Message, User, Wire, World
from sandbox.faults import Fault, FaultKind

DEFAULT_TOKEN = "discord-sandbox-token"  # noqa: S105 - the sandbox's own, no secret
BOT_ADD = 28
"""The audit log's action of adding a bot (Discord's reference, "Audit Log Events")."""


class DiscordSandbox(Platform):
    """A Discord on 127.0.0.1.

    ``privileged`` says whether the bot's application may ask for the privileged intents. ``permissions`` is what the
    bot is given when it is added. ``message_bucket`` (calls, seconds) and ``global_rate`` (calls a second) are
    Discord's own unless given; None lifts them for load tests. ``deadline`` is how long, in seconds, an interaction
    waits for its first answer.
    """

    name = "discord"

    def __init__(
        self,
        token: str = DEFAULT_TOKEN,
        *,
        bot_name: str = "Hallkeeper",
        privileged: bool = True,
        permissions: int = int(permissions.INVITE),
        message_bucket: tuple[int, float] | None = MESSAGE_BUCKET,
        global_rate: int | None = GLOBAL_REQUESTS,
        deadline: float = DEADLINE_SECONDS,
    ) -> None:
        super().__init__()
        self.token = token
        self.bot_permissions = permissions
        self.world = World(bot_name)
        self.gateway = Gateway(self.world, token, self.faults, privileged=privileged)
        self.messages = Messages(self.world, self.gateway, self.record, self.changed)
        self.interactions = Interactions(self.world, self.gateway, self.messages, self.changed, deadline)
        self.book = commands.Book()
        rest = Rest(
            self.world, self.gateway, self.messages, self.interactions, self.book, message_bucket=message_bucket
        )
        self._server = Server(
            self.world, self.gateway, rest, self.faults, self.record, token=token, global_rate=global_rate
        )
        self._views = Views(self.world)

    # -- life ------------------------------------------------------------------------------------------------
    async def start(self, port: int = 0) -> None:
        await self._server.start(port)
        self.gateway.url = f"ws://127.0.0.1:{self._server.port}{GATEWAY}"
        self.messages.files_url = self.url

    async def stop(self) -> None:
        await self._server.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def gateway_url(self) -> str:
        """Where the gateway listens, ``ws://127.0.0.1:PORT/gateway``."""
        return self.gateway.url

    # -- the world -------------------------------------------------------------------------------------------
    async def add_space(self, name: str, *, owner: str, locale: str = "en") -> str:
        user = self.world.user_named(owner, discord_locale(locale))
        guild = self.world.make_guild(name, user, discord_locale(locale))
        self.world.enter(guild, user, "owner")
        self.changed()
        return str(guild.id)

    async def add_channel(self, space: str, name: str, *, writable: bool = True) -> str:
        guild = self._guild(space)
        channel = self.world.make_channel(guild, name, writable=writable)
        self.gateway.tell("CHANNEL_CREATE", channel_wire(self.world, channel), guild)
        self.changed()
        return str(channel.id)

    async def join(self, space: str, name: str, *, role: str = "member", locale: str = "en") -> str:
        guild = self._guild(space)
        user = self.world.user_named(name, discord_locale(locale))
        known = guild.members.get(user.id)
        if known is not None and known.present:
            raise ControlError(f"{name} is in {guild.name} already")
        membership = self.world.enter(guild, user, role)
        data = member_wire(guild, membership) | {"guild_id": str(guild.id)}
        self.gateway.tell("GUILD_MEMBER_ADD", data, guild)
        self.changed()
        return str(user.id)

    async def leave(self, member: str, space: str) -> None:
        guild = self._guild(space)
        membership = self._membership(guild, member)
        if guild.owner == membership.user.id:
            raise ControlError("an owner can't leave the server")
        membership.present = False
        guild.present -= 1
        data = {"guild_id": str(guild.id), "user": user_wire(membership.user)}
        self.gateway.tell("GUILD_MEMBER_REMOVE", data, guild)
        self.changed()

    async def install(self, space: str, by: str) -> None:
        guild = self._guild(space)
        self._manager(guild, by)
        if guild.installed:
            raise ControlError(f"the bot is in {guild.name} already")
        guild.installed, guild.bot_joined_at = True, time.time()
        guild.bot_permissions = self.bot_permissions
        guild.audit.append(AuditEntry(self.world.ids.next(), BOT_ADD, int(by), self.world.bot.id))
        self.gateway.tell("GUILD_CREATE", guild_create_wire(self.world, guild), guild)
        self.changed()

    async def remove(self, space: str, by: str) -> None:
        guild = self._guild(space)
        self._manager(guild, by)
        if not guild.installed:
            raise ControlError(f"the bot is not in {guild.name}")
        guild.installed = False
        self.gateway.tell("GUILD_DELETE", {"id": str(guild.id)}, guild)
        self.changed()

    async def set_role(self, member: str, space: str, role: str) -> None:
        guild = self._guild(space)
        membership = self._membership(guild, member)
        if role not in {"owner", "admin", "member"}:
            raise ControlError(f"{role!r} is no role")
        membership.role = role
        if role == "owner":
            guild.owner = membership.user.id
            self.gateway.tell("GUILD_UPDATE", guild_wire(self.world, guild), guild)
        data = member_wire(guild, membership) | {"guild_id": str(guild.id)}
        self.gateway.tell("GUILD_MEMBER_UPDATE", data, guild)
        self.changed()

    async def delete_channel(self, channel: str) -> None:
        gone = self._channel(channel)
        wire = channel_wire(self.world, gone)
        self.world.remove_channel(gone)
        event = "THREAD_DELETE" if gone.type in THREADS else "CHANNEL_DELETE"
        self.gateway.tell(event, wire, gone.guild)
        self.changed()

    def close_direct(self, member: str, *, closed: bool = True) -> None:
        """A member takes no private messages from bots (error 50007), or takes them again."""
        self._user(member).accepts_direct = not closed

    # -- acts ------------------------------------------------------------------------------------------------
    async def press(self, member: str, message: str, control: str, *, wait: float = 5.0) -> Outcome:
        user, pressed = self._user(member), self._message(member, message)
        found = self._control(pressed, control)
        if found.kind == "link":
            return Outcome(OutcomeKind.LINK, url=found.url)
        if found.kind != "button":
            raise ControlError(f"{control!r} is no button")
        data = self._component(pressed, found)
        return await self._outcome(
            self.interactions.begin(Kind.COMPONENT, user, pressed.channel, data, message=pressed), wait
        )

    async def forge(self, member: str, message: str, custom_id: str, *, wait: float = 5.0) -> Outcome:
        """Press a button that is not there: what a changed client could try, with any ``custom_id``."""
        user, pressed = self._user(member), self._message(member, message)
        data = {"custom_id": custom_id, "component_type": 2, "id": 1}
        return await self._outcome(
            self.interactions.begin(Kind.COMPONENT, user, pressed.channel, data, message=pressed), wait
        )

    async def follow(self, member: str, url: str, *, wait: float = 5.0) -> Outcome:
        raise ControlError("Discord has no deep links into a bot's private chat")

    async def pick(self, member: str, message: str, control: str, values: list[str], *, wait: float = 5.0) -> Outcome:
        user, pressed = self._user(member), self._message(member, message)
        found = self._control(pressed, control)
        if found.kind != "select":
            raise ControlError(f"{control!r} is no select")
        known = {value for value, _ in found.options}
        if known and not set(values) <= known:
            raise ControlError(f"{sorted(set(values) - known)} can't be chosen")
        if not found.minimum <= len(values) <= found.maximum:
            raise ControlError(f"choose {found.minimum} to {found.maximum}")
        data = self._component(pressed, found) | {"values": values}
        return await self._outcome(
            self.interactions.begin(Kind.COMPONENT, user, pressed.channel, data, message=pressed), wait
        )

    async def fill(self, member: str, form: str, values: dict[str, str | list[str]], *, wait: float = 5.0) -> Outcome:
        user, opened = self._user(member), self.interactions.forms.get(form)
        if opened is None or opened.user is not user:
            raise ControlError("that form is not open")
        components, errors = submitted(opened, values)
        if errors:
            return Outcome(OutcomeKind.INVALID, form=self._views.form(opened, errors, dict(values)))
        data = {"custom_id": opened.custom_id, "components": components}
        interaction = self.interactions.begin(
            Kind.MODAL, user, opened.channel, data, message=opened.message, opened_by=opened.parent
        )
        outcome = await self._outcome(interaction, wait)
        if outcome.kind is not OutcomeKind.FAILED:  # After a failure the form stays open, to be sent again.
            self.interactions.forms.pop(form, None)
        return outcome

    async def type(
        self, member: str, channel: str, text: str, *, reply_to: str = "", thread: str = "", wait: float = 0.0
    ) -> Outcome:
        user = self._user(member)
        place = self._thread(user, thread) if thread else self._channel(channel)
        self._present(user, place)
        if not text.strip() or len(text) > TEXT.limit:
            raise ControlError(f"a message has 1 to {TEXT.limit} characters")
        reference = self._message(member, reply_to) if reply_to else None
        if reference is not None and reference.channel is not place:
            raise ControlError("a reply stands in the channel of its message")
        typed = self.messages.create(place, user, {"content": text}, reference=reference)
        return await self._next(user, typed, wait)

    async def command(self, member: str, channel: str, text: str, *, wait: float = 5.0) -> Outcome:
        user, place = self._user(member), self._channel(channel)
        self._present(user, place)
        guild = place.guild
        if guild is not None and not guild.installed:
            raise ControlError("the bot is not in this server")
        command, data = commands.invocation(self.book, text, 0 if guild is None else guild.id)
        needed = command.get("default_member_permissions")
        if guild is not None and needed is not None:
            allowed = permissions.of_member(guild, user.id)
            if not allowed & permissions.Permission.ADMINISTRATOR and (
                int(needed) == 0 or allowed & int(needed) != int(needed)
            ):
                raise ControlError(f"{user.name} does not see /{command['name']}")
        interaction = self.interactions.begin(Kind.COMMAND, user, place, data, extra={"name": command["name"]})
        return await self._outcome(interaction, wait)

    async def private(self, member: str) -> str:
        return str(self.world.direct(self._user(member)).id)

    async def react(self, member: str, message: str, emoji: str, *, present: bool = True) -> None:
        user, found = self._user(member), self._message(member, message)
        self._present(user, found.channel)
        if found.only_for:
            raise ControlError("nobody can react to a message that only one sees")
        self.messages.react(found, user, emoji, present=present)

    async def edit(self, member: str, message: str, text: str) -> None:
        found = self._message(member, message)
        if found.author is not self._user(member):
            raise ControlError("that message is somebody else's")
        if not text.strip() or len(text) > TEXT.limit:
            raise ControlError(f"a message has 1 to {TEXT.limit} characters")
        self.messages.edit(found, {"content": text})

    async def delete(self, member: str, message: str) -> None:
        found, user = self._message(member, message), self._user(member)
        guild = found.channel.guild
        manages = guild is not None and permissions.of_member(guild, user.id) & permissions.Permission.MANAGE_MESSAGES
        if found.author is not user and not manages and found.only_for != user.id:
            raise ControlError("that message is somebody else's")
        self.messages.delete(found)

    def state(self, *, messages: int = 50) -> State:
        return self._views.state(self.revision, self.gateway.connected, messages)

    def channel(self, channel: str, *, messages: int = 50) -> ChannelView:
        return self._views.channel(self._channel(channel), messages)

    def message(self, message: str) -> MessageView:
        found = self.world.messages.get(_number(message))
        if found is None:
            raise ControlError(f"there is no message {message!r}")
        return self._views.message(found)

    async def fault(self, fault: Fault) -> None:
        if fault.kind in {FaultKind.DISCONNECT, FaultKind.LOSE_SESSION}:
            await self.gateway.disconnect(lose=fault.kind is FaultKind.LOSE_SESSION)
        else:
            self.faults.add(fault)

    # -- what came of it -------------------------------------------------------------------------------------
    async def _outcome(self, interaction: Interaction, wait: float) -> Outcome:
        """Wait for the first answer until the deadline, then for something visible until ``wait`` is over."""
        # asyncio.wait leaves what it waits for alone and is cheaper than a shield under a timeout.
        await asyncio.wait((interaction.first,), timeout=self.interactions.deadline)
        if not interaction.first.done():
            return Outcome(OutcomeKind.FAILED, text="This interaction failed")
        first_ms = (interaction.first.result() - interaction.made) * 1000
        left = wait - (time.monotonic() - interaction.made)
        if not interaction.shown.done() and left > 0:
            await asyncio.wait((interaction.shown,), timeout=left)
        ms = (time.monotonic() - interaction.made) * 1000
        if interaction.shown.done():
            shown = interaction.shown.result()
            if isinstance(shown, Form):
                return Outcome(OutcomeKind.FORM, first_ms, ms, form=self._views.form(shown))
            return self._message_outcome(shown, first_ms, ms)
        if interaction.answer is Callback.DEFER_MESSAGE:
            return Outcome(OutcomeKind.DEFERRED, first_ms, ms)
        pressed = interaction.message
        if pressed is not None and pressed.edits > interaction.pressed_edits:
            return self._message_outcome(pressed, first_ms, ms)
        return Outcome(OutcomeKind.ACKNOWLEDGED, first_ms, ms)

    def _message_outcome(self, message: Message, first_ms: float, ms: float) -> Outcome:
        view = self._views.message(message)
        return Outcome(OutcomeKind.MESSAGE, first_ms, ms, message=view, text=view.text)

    async def _next(self, user: User, typed: Message, wait: float) -> Outcome:
        if wait <= 0:
            return Outcome(OutcomeKind.ACKNOWLEDGED)
        started, watch = time.monotonic(), self.messages.watch(user, typed)
        try:
            async with asyncio.timeout(wait):
                message = await watch.seen
        except TimeoutError:
            return Outcome(OutcomeKind.ACKNOWLEDGED, ms=(time.monotonic() - started) * 1000)
        finally:
            self.messages.unwatch(watch)
        ms = (time.monotonic() - started) * 1000
        outcome = self._message_outcome(message, ms, ms)
        return replace(outcome, kind=OutcomeKind.ACKNOWLEDGED) if message is typed else outcome

    # -- finding ---------------------------------------------------------------------------------------------
    def _guild(self, space: str) -> Guild:
        guild = self.world.guilds.get(_number(space))
        if guild is None:
            raise ControlError(f"there is no server {space!r}")
        return guild

    def _channel(self, channel: str) -> Channel:
        found = self.world.channels.get(_number(channel))
        if found is None:
            raise ControlError(f"there is no channel {channel!r}")
        return found

    def _user(self, member: str) -> User:
        user = self.world.users.get(_number(member))
        if user is None or user.bot:
            raise ControlError(f"there is no member {member!r}")
        return user

    def _membership(self, guild: Guild, member: str) -> Membership:
        membership = guild.members.get(_number(member))
        if membership is None or not membership.present:
            raise ControlError(f"{member!r} is not in {guild.name}")
        return membership

    def _manager(self, guild: Guild, member: str) -> None:
        self._membership(guild, member)
        if not permissions.of_member(guild, int(member)) & permissions.Permission.MANAGE_GUILD:
            raise ControlError("only owners and admins add or remove bots")

    def _present(self, user: User, channel: Channel) -> None:
        if channel.guild is not None:
            self._membership(channel.guild, str(user.id))
        elif channel.recipient is not user:
            raise ControlError("that is somebody else's private chat")

    def _message(self, member: str, message: str) -> Message:
        """A message that this member can see, in a channel that the member is in."""
        found = self.world.messages.get(_number(message))
        if found is None or (found.only_for and str(found.only_for) != member):
            raise ControlError(f"there is no message {message!r} to see")
        self._present(self._user(member), found.channel)
        return found

    def _thread(self, user: User, number: str) -> Channel:
        """The thread by its id or by its message's; a message without one gets one, started by this member."""
        found = self.world.channels.get(_number(number))
        if found is not None and found.type in THREADS:
            return found
        start = self._message(str(user.id), number)
        if start.channel.type != TEXT_CHANNEL or start.only_for:
            raise ControlError("no thread can start there")
        name = self._views.message(start).text[:100] or "Thread"
        thread = self.world.make_thread(start.channel, name, user, 1440, start)
        wire = channel_wire(self.world, thread) | {"newly_created": True}
        self.gateway.tell("THREAD_CREATE", wire, thread.guild)
        return thread

    def _control(self, message: Message, control: str) -> ControlView:
        for found in self._views.controls(message):
            if found.id == control:
                if found.disabled:
                    raise ControlError(f"{control!r} is disabled")
                return found
        raise ControlError(f"message {message.id} has no control {control!r}")

    @staticmethod
    def _component(message: Message, control: ControlView) -> Wire:
        """The interaction's data for a control."""
        part = next(c for c in every(message.components) if c.get("custom_id") == control.id)
        return {"custom_id": control.id, "component_type": part["type"], "id": part["id"]}


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def discord_locale(tag: str) -> str:
    """A BCP 47 tag as one of Discord's locales: English and a few others always name a country."""
    return {"en": "en-US", "es": "es-ES", "pt": "pt-BR", "sv": "sv-SE", "zh": "zh-CN"}.get(tag, tag)
