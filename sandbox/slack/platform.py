"""The Slack of the sandbox, as whoever runs it and its people use it."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any

from aiohttp import web

from sandbox.control import (
    ChannelView,
    ControlError,
    MemberView,
    MessageView,
    Outcome,
    OutcomeKind,
    Platform,
    State,
)
from sandbox.faults import Fault, FaultKind
from sandbox.slack import elements
from sandbox.slack.acts import Act
from sandbox.slack.elements import Raw
from sandbox.slack.emoji import name_of
from sandbox.slack.events import SUBSCRIBED
from sandbox.slack.interactions import Interactions
from sandbox.slack.methods import METHODS
from sandbox.slack.render import escape
from sandbox.slack.server import Rates, Server
from sandbox.slack.socket_mode import ACK_SECONDS, REDELIVERY_SECONDS, Ack, SocketMode
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import ROLES, Channel, Message, User, World

EVERY_SCOPE = frozenset(scope for method in METHODS.values() for scope in method.scopes) | {
    "commands", "app_mentions:read", "im:history",
}  # fmt: skip
"""All that the sandbox knows, granted unless told otherwise. Not ``chat:write.public``: it lifts a rule."""


class SlackSandbox(Platform):
    """One workspace with one app, over Slack's Web API and Socket Mode on loopback.

    ``scopes`` are the app's granted ones and ``events`` its subscriptions (``message.channels`` …). ``commands`` are
    the slash commands it registered. ``rate_limits`` False lifts them all; ``rates`` sets a method's own as
    (calls, seconds). ``redelivery`` are the seconds before an unacknowledged event comes again, ``ack_seconds`` the
    deadline for an acknowledgement. The bot's token is good from the start; :meth:`install` brings it into channels.
    """

    name = "slack"
    limit = "100 forms a minute of a bot"  # views.open: sandbox.slack.rules

    def __init__(
        self,
        *,
        bot_token: str = "xoxb-sandbox",  # noqa: S107 - opens nothing but this sandbox
        app_token: str = "xapp-sandbox",  # noqa: S107 - opens nothing but this sandbox
        signing_secret: str = "sandbox",  # noqa: S107 - opens nothing but this sandbox
        bot_name: str = "hallkeeper",
        commands: Iterable[str] = ("/hall",),
        scopes: Iterable[str] | None = None,
        events: Iterable[str] = SUBSCRIBED,
        rate_limits: bool = True,
        rates: Mapping[str, tuple[int, float]] | None = None,
        ack_seconds: float = ACK_SECONDS,
        redelivery: tuple[float, ...] = REDELIVERY_SECONDS,
    ) -> None:
        super().__init__()
        self.bot_token = bot_token
        self.app_token = app_token
        self.signing_secret = signing_secret
        self._commands = frozenset(commands)
        self.world = World(bot_name)
        app_id = self.world.new_id("A")
        self.socket = SocketMode(self.faults, app_id=app_id, ack_seconds=ack_seconds, redelivery=redelivery)
        self.workspace = Workspace(
            self.world,
            self.socket,
            self.record,
            app_id=app_id,
            scopes=frozenset(EVERY_SCOPE if scopes is None else scopes),
            subscribed=frozenset(events),
            changed=self.changed,
        )
        limits = Rates(lifted=not rate_limits, only=rates)
        self._server = Server(self.workspace, self.faults, limits, bot_token=bot_token, app_token=app_token)
        self._interactions = Interactions(self.workspace)
        self._runner: web.AppRunner | None = None
        self._url = ""

    # -- life --------------------------------------------------------------------------------------------------
    async def start(self, port: int = 0) -> None:
        self._runner = web.AppRunner(self._server.application(), access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self._url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.workspace.url = self._url

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.socket.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        return self._url

    # -- the world ---------------------------------------------------------------------------------------------
    async def add_space(self, name: str, *, owner: str, locale: str = "en") -> str:
        if self.world.name:
            raise ControlError("a Slack sandbox holds one workspace: its tokens belong to it")
        self.world.name = name
        self.world.domain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "sandbox"
        user = self.world.add_user(owner, "owner", locale)
        self.world.locale = user.locale
        self.changed()
        return self.world.team_id

    async def add_channel(self, space: str, name: str, *, writable: bool = True) -> str:
        self._space(space)
        if name in self.world.channel_names:
            raise ControlError(f"there is a channel {name!r} already")
        owner = next(self.world.people())
        channel = self.world.add_channel(name, creator=owner.id, writable=writable)
        self.workspace.events.created_channel(channel)
        self.changed()
        return channel.id

    async def invite_bot(self, channel: str, by: str) -> None:
        """Member ``by`` adds the bot to a channel."""
        self.workspace.enter(self.world.bot.id, self._channel(channel), inviter=self._member(by).id)

    async def remove_bot(self, channel: str) -> None:
        """The bot is taken out of a channel."""
        self.workspace.exit(self.world.bot.id, self._channel(channel))

    async def refresh(self) -> None:
        """Ask the app to replace its connections, as Slack does every few hours."""
        await self.socket.refresh()

    async def archive_channel(self, channel: str) -> None:
        """The channel is archived: sends to it answer ``is_archived``."""
        found = self._channel(channel)
        found.archived = True
        self.workspace.events.about_channel("channel_archive", found)
        self.changed()

    async def add_usergroup(self, handle: str, users: list[str]) -> str:
        """Make a user group of these members; return its id."""
        group = self.world.new_id("S")
        self.world.usergroups[group] = {
            "id": group,
            "team_id": self.world.team_id,
            "is_usergroup": True,
            "name": handle,
            "handle": handle,
            "date_delete": 0,
            "users": [self._member(user).id for user in users],
            "user_count": len(users),
        }
        return group

    async def join(self, space: str, name: str, *, role: str = "member", locale: str = "en") -> str:
        self._space(space)
        user = self.world.add_user(name, self._role(role), locale)
        self.workspace.events.joined_team(user)
        for channel in self.world.public_channels():
            self.workspace.events.joined_channel(user.id, channel)
        self.changed()
        return user.id

    async def leave(self, member: str, space: str) -> None:
        self._space(space)
        user = self._member(member)
        for channel in list(self.world.public_channels()):
            self.workspace.exit(user.id, channel)
        user.present = False
        self.workspace.views.clear(user.id)
        self.workspace.events.changed_user(user)
        self.changed()

    async def install(self, space: str, by: str) -> None:
        self._space(space)
        inviter = self._member(by)
        self.workspace.shut = ""
        self.workspace.events.active = True
        for channel in self.world.public_channels():
            if channel.writable and not channel.archived:
                self.workspace.enter(self.world.bot.id, channel, inviter=inviter.id)
        self.changed()

    async def remove(self, space: str, by: str) -> None:
        self._space(space)
        self._member(by)
        self.workspace.uninstall()

    async def set_role(self, member: str, space: str, role: str) -> None:
        self._space(space)
        user = self._member(member)
        user.role = self._role(role)
        self.workspace.events.changed_user(user)
        self.changed()

    async def set_zone(self, member: str, zone: str) -> None:
        """Set a member's time zone, an IANA name."""
        user = self._member(member)
        user.tz = zone
        self.workspace.events.changed_user(user)

    async def delete_channel(self, channel: str) -> None:
        found = self._channel(channel)
        self.workspace.events.about_channel("channel_deleted", found)
        self.world.drop_channel(found)
        self.changed()

    # -- finding -----------------------------------------------------------------------------------------------
    def _space(self, space: str) -> None:
        if space != self.world.team_id or not self.world.name:
            raise ControlError(f"there is no workspace {space!r}")

    def _role(self, role: str) -> str:
        if role not in ROLES:
            raise ControlError(f"there is no role {role!r}")
        return role

    def _member(self, member: str) -> User:
        user = self.world.users.get(member)
        if user is None or user.is_bot or not user.present:
            raise ControlError(f"there is no member {member!r}")
        return user

    def _channel(self, channel: str) -> Channel:
        found = self.world.channels.get(channel)
        if found is None:
            raise ControlError(f"there is no channel {channel!r}")
        return found

    def _message(self, user: User, message: str) -> Message:
        found = self.world.messages.get(message)
        if found is None or found.only_for not in ("", user.id):
            raise ControlError(f"there is no message {message!r}")
        if user.id not in self.world.channels[found.channel].members:
            raise ControlError(f"{user.name} is not in that channel")
        return found

    def _own(self, user: User, message: str) -> Message:
        found = self._message(user, message)
        if found.user != user.id:
            raise ControlError("that message is not theirs")
        return found

    # -- acts --------------------------------------------------------------------------------------------------
    async def press(self, member: str, message: str, control: str, *, wait: float = 5.0) -> Outcome:
        user = self._member(member)
        found = self._message(user, message)
        target = self.workspace.find_control(found, control)
        if target is None or target[1]["type"] != "button":
            raise ControlError(f"there is no button {control!r} in that message")
        block, element = target
        if element.get("url"):
            self._later(self._interactions.block_action(user, found, block, element, None, 0.0))
            return Outcome(OutcomeKind.LINK, url=str(element["url"]))
        return await self._interactions.block_action(user, found, block, element, None, wait)

    def _later(self, work: Coroutine[Any, Any, Outcome]) -> None:
        async def run() -> None:
            await work

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def follow(self, member: str, url: str, *, wait: float = 5.0) -> Outcome:
        raise ControlError("Slack has no deep links into a bot's private chat: use private()")

    async def pick(self, member: str, message: str, control: str, values: list[str], *, wait: float = 5.0) -> Outcome:
        user = self._member(member)
        found = self._message(user, message)
        target = self.workspace.find_control(found, control)
        if target is None or target[1]["type"] not in elements.STATEFUL:
            raise ControlError(f"there is no choice {control!r} in that message")
        block, element = target
        if block.get("type") == "input" and not block.get("dispatch_action"):
            raise ControlError(f"nobody is told of what is put into {control!r}")
        view = self.workspace.control(block, element)
        offered = {value for value, _ in view.options}
        if offered and set(values) - offered:
            raise ControlError(f"{control!r} offers no such choice as {sorted(set(values) - offered)}")
        if len(values) > max(1, view.maximum):
            raise ControlError(f"{control!r} takes {view.maximum} at most")
        raw: Raw = values if view.maximum > 1 else values[0] if values else ""
        return await self._interactions.block_action(user, found, block, element, raw, wait)

    async def fill(self, member: str, form: str, values: dict[str, str | list[str]], *, wait: float = 5.0) -> Outcome:
        user = self._member(member)
        view = self.workspace.views.get(form)
        if view is None or view.member != user.id or self.workspace.views.top(user.id) is not view:
            raise ControlError(f"no form {form!r} stands open in front of {user.name}")
        if not self._interactions.fill(view, values):
            self.changed()
            return Outcome(OutcomeKind.INVALID, form=self.workspace.views.form(view))
        return await self._interactions.submit(user, view, wait)

    async def close_form(self, member: str, form: str) -> None:
        """Close an open form without sending it."""
        user = self._member(member)
        view = self.workspace.views.get(form)
        if view is None or view.member != user.id:
            raise ControlError(f"no form {form!r} stands open in front of {user.name}")
        await self._interactions.close(user, view)

    # Nobody acknowledges a message to whoever wrote it: with ``wait`` 0 the outcome carries their own message.
    async def type(
        self, member: str, channel: str, text: str, *, reply_to: str = "", thread: str = "", wait: float = 0.0
    ) -> Outcome:
        user = self._member(member)
        found = self._writable(user, channel)
        message = Message(self.world.now_ts(), found.id, user.id, self._typed(text), thread_ts=thread or reply_to)
        act = self.workspace.acts.begin(Act(user.id, typed=message.ts, channel=found.id))
        try:
            self.workspace.post(message)
            if wait <= 0:
                return Outcome(OutcomeKind.ACKNOWLEDGED, message=self.workspace.view(message))
            outcome = await act.outcome(Ack(act.started, {}), wait)
            return dataclasses.replace(outcome, first_ms=outcome.ms)
        finally:
            self.workspace.acts.end(act)

    def _writable(self, user: User, channel: str) -> Channel:
        found = self._channel(channel)
        if user.id not in found.members:
            raise ControlError(f"{user.name} is not in that channel")
        if found.archived:
            raise ControlError("that channel is archived")
        return found

    def _typed(self, text: str) -> str:
        """What a person typed as Slack stores it: three characters escaped, ``@name`` as a mention."""
        text = escape(text)
        for user in self.world.users.values() if "@" in text else ():
            text = text.replace(f"&lt;@{user.id}&gt;", f"<@{user.id}>")
            text = re.sub(rf"@{re.escape(escape(user.name))}\b", f"<@{user.id}>", text)
        return text

    async def command(self, member: str, channel: str, text: str, *, wait: float = 5.0) -> Outcome:
        user = self._member(member)
        name, _, rest = text.strip().partition(" ")
        if name not in self._commands:
            raise ControlError(f"{name} is not a valid command")
        if "commands" not in self.workspace.scopes or not self.workspace.events.active:
            raise ControlError(f"{name} is not a valid command")
        found = self._writable(user, channel)
        return await self._interactions.command(user, found, name, rest.strip(), wait)

    async def private(self, member: str) -> str:
        user = self._member(member)
        channel = self.world.open_im(user.id)
        self.workspace.events.home_opened(user.id, channel)
        self.changed()
        return channel.id

    async def react(self, member: str, message: str, emoji: str, *, present: bool = True) -> None:
        user = self._member(member)
        found = self._message(user, message)
        name = name_of(emoji)
        if not name:
            raise ControlError(f"Slack has no name for {emoji!r} here")
        if found.only_for:
            raise ControlError("nobody can react to a message that only they see")
        if (user.id in found.reactions.get(name, {})) == present:
            raise ControlError("that emoji is there already" if present else "that emoji is not there")
        self.workspace.react(user.id, found, name, present=present)

    async def edit(self, member: str, message: str, text: str) -> None:
        found = self._own(self._member(member), message)
        self.workspace.edit(found, self._typed(text), [])

    async def delete(self, member: str, message: str) -> None:
        self.workspace.delete(self._own(self._member(member), message))

    # -- seeing ------------------------------------------------------------------------------------------------
    def state(self, *, messages: int = 50) -> State:
        team = self.world.team_id
        channels = tuple(self.channel(number, messages=messages) for number in self.world.channels)
        members = tuple(
            MemberView(user.id, team, user.name, user.role, user.locale, user.present) for user in self.world.people()
        )
        spaces = ((team, self.world.name),) if self.world.name else ()
        return State(self.name, self.revision, self.socket.connected, spaces, channels, members)

    def channel(self, channel: str, *, messages: int = 50) -> ChannelView:
        found = self._channel(channel)
        return ChannelView(
            found.id,
            self.world.team_id,
            found.name,
            "private" if found.im_user else "public",
            found.im_user,
            tuple(self.workspace.view(message) for message in found.newest(messages)),
        )

    def message(self, message: str) -> MessageView:
        found = self.world.messages.get(message)
        if found is None:
            raise ControlError(f"there is no message {message!r}")
        return self.workspace.view(found)

    async def fault(self, fault: Fault) -> None:
        if fault.kind in (FaultKind.DISCONNECT, FaultKind.LOSE_SESSION):
            await self.socket.disconnect(lose=fault.kind is FaultKind.LOSE_SESSION)
        else:
            self.faults.add(fault)
