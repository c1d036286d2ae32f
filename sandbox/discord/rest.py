"""Discord's REST API, as far as the sandbox keeps it: every address, and what it does."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from sandbox.discord import checks, commands, permissions, rules
from sandbox.discord.answers import Answers
from sandbox.discord.errors import FieldErrors, Refusal, missing_access, missing_permissions, unknown
from sandbox.discord.gateway import Gateway, application_flags, sees_content
from sandbox.discord.http import Answer, Call, Route, Routes
from sandbox.discord.interactions import Interactions
from sandbox.discord.limits import MESSAGE_BUCKET, OTHER_BUCKET, REACTION_BUCKET
from sandbox.discord.messages import Messages
from sandbox.discord.permissions import Permission
from sandbox.discord.wire import (
    bot_member_wire,
    channel_wire,
    guild_wire,
    iso,
    member_wire,
    message_wire,
    roles_wire,
    user_wire,
)  # fmt: skip
from sandbox.discord.world import DM, THREADS, Channel, Guild, Membership, Message, User, Wire, World

CREATE = "POST /channels/{channel}/messages"


class Rest:
    """The endpoints over one world."""

    def __init__(
        self,
        world: World,
        gateway: Gateway,
        messages: Messages,
        interactions: Interactions,
        book: commands.Book,
        *,
        message_bucket: tuple[int, float] | None = MESSAGE_BUCKET,
    ) -> None:
        self._world = world
        self._gateway = gateway
        self._messages = messages
        self._book = book
        self.routes = Routes()
        plain = {
            "GET /gateway": self.gateway,
            "GET /gateway/bot": self.gateway,
            "GET /users/@me": self.me,
            "GET /users/@me/guilds": self.my_guilds,
            "POST /users/@me/channels": self.open_direct,
            "GET /users/{user}": self.user,
            "GET /applications/@me": self.application,
            "GET /oauth2/applications/@me": self.application,
            "GET /applications/{application}/commands": self.commands,
            "PUT /applications/{application}/commands": self.put_commands,
            "POST /applications/{application}/commands": self.post_command,
            "GET /applications/{application}/guilds/{guild}/commands": self.commands,
            "PUT /applications/{application}/guilds/{guild}/commands": self.put_commands,
            "GET /guilds/{guild}": self.guild,
            "GET /guilds/{guild}/channels": self.guild_channels,
            "GET /guilds/{guild}/roles": self.roles,
            "GET /guilds/{guild}/members": self.members,
            "GET /guilds/{guild}/members/{user}": self.member,
            "GET /guilds/{guild}/audit-logs": self.audit_log,
            "GET /guilds/{guild}/threads/active": self.active_threads,
            "DELETE /users/@me/guilds/{guild}": self.leave_guild,
            "GET /channels/{channel}": self.channel,
            "GET /channels/{channel}/messages": self.list_messages,
            "GET /channels/{channel}/messages/pins": self.pins,
            "GET /channels/{channel}/messages/{message}": self.get_message,
            "DELETE /channels/{channel}/messages/{message}": self.delete_message,
            "POST /channels/{channel}/typing": self.typing,
            "PUT /channels/{channel}/messages/pins/{message}": self.pin,
            "DELETE /channels/{channel}/messages/pins/{message}": self.unpin,
            "GET /channels/{channel}/messages/{message}/reactions/{emoji}": self.reaction_users,
            "DELETE /channels/{channel}/messages/{message}/reactions/{emoji}/{user}": self.unreact_other,
            "POST /channels/{channel}/threads": self.thread,
            "POST /channels/{channel}/messages/{message}/threads": self.thread_from,
        }
        for name, handler in plain.items():
            self.routes.add(Route(name, handler, limit=OTHER_BUCKET))
        mine = "/channels/{channel}/messages/{message}/reactions/{emoji}/@me"
        for name, handler in {f"PUT {mine}": self.react, f"DELETE {mine}": self.unreact}.items():
            self.routes.add(Route(name, handler, bucket="reaction", limit=REACTION_BUCKET))
        # Sending and changing are counted apart, as discord.py sees by the buckets' names.
        self.routes.add(Route(CREATE, self.create_message, limit=message_bucket))
        edit = "PATCH /channels/{channel}/messages/{message}"
        self.routes.add(Route(edit, self.edit_message, limit=message_bucket))
        for route in Answers(world, interactions).routes():
            self.routes.add(route)

    # -- finding, with Discord's refusals --------------------------------------------------------------------
    def _guild(self, call: Call) -> Guild:
        guild = self._world.guilds.get(call.id(0))
        if guild is None:
            raise unknown("Guild")
        if not guild.installed:
            raise missing_access()
        return guild

    def _channel(self, call: Call, *needed: Permission) -> Channel:
        """The channel of the path, if the bot is there and may do what is needed."""
        channel = self._world.channels.get(call.id(0))
        if channel is None:
            raise unknown("Channel")
        self._allow(channel, *needed)
        return channel

    def _allow(self, channel: Channel, *needed: Permission) -> None:
        guild = channel.guild
        if guild is None:
            return
        if not guild.installed:
            raise missing_access()
        granted = permissions.of_bot(guild, channel)
        for bit in needed:
            if bit is Permission.SEND_MESSAGES and channel.type in THREADS:
                bit = Permission.SEND_MESSAGES_IN_THREADS
            if not granted & bit:
                raise missing_permissions()

    def _message(self, channel: Channel, call: Call) -> Message:
        message = channel.messages.get(call.id(1))
        if message is None or message.only_for:
            raise unknown("Message")
        return message

    def _seen(self, message: Message) -> Wire:
        """A message as the application may read it: without the privileged intent, content stays hidden."""
        wire = message_wire(self._world, message)
        if not self._gateway.privileged and not sees_content(self._world, message):
            wire |= {"content": "", "embeds": [], "components": [], "attachments": []}
        return wire

    # -- the bot itself --------------------------------------------------------------------------------------
    async def gateway(self, call: Call) -> Answer:
        limit = {"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1}
        return 200, {"url": self._gateway.url, "shards": 1, "session_start_limit": limit}

    async def me(self, call: Call) -> Answer:
        return 200, user_wire(self._world.bot) | {"verified": True, "mfa_enabled": False, "email": None, "flags": 0}

    async def my_guilds(self, call: Call) -> Answer:
        found = [g for g in self._world.guilds.values() if g.installed]
        return 200, [
            {
                "id": str(g.id), "name": g.name, "icon": None, "banner": None, "owner": False, "features": [],
                "permissions": str(permissions.of_bot(g)),
            }
            for g in found
        ]  # fmt: skip

    async def leave_guild(self, call: Call) -> Answer:
        guild = self._guild(call)
        guild.installed = False
        self._gateway.tell("GUILD_DELETE", {"id": str(guild.id)}, guild)
        return 204, None

    async def user(self, call: Call) -> Answer:
        user = self._world.users.get(call.id(0))
        if user is None:
            raise unknown("User")
        return 200, user_wire(user)

    async def application(self, call: Call) -> Answer:
        world = self._world
        owner = next((world.users[g.owner] for g in world.guilds.values()), world.bot)
        return 200, {
            "id": str(world.application), "name": world.bot.name, "icon": None, "description": "", "summary": "",
            "verify_key": "0" * 64, "bot_public": True, "bot_require_code_grant": False, "rpc_origins": [],
            "flags": application_flags(self._gateway.privileged), "owner": user_wire(owner), "team": None,
            "bot": user_wire(world.bot), "redirect_uris": [], "interactions_endpoint_url": None,
            "approximate_guild_count": sum(g.installed for g in world.guilds.values()),
        }  # fmt: skip

    async def open_direct(self, call: Call) -> Answer:
        recipient = str(call.fields.get("recipient_id", ""))
        user = self._world.users.get(int(recipient)) if recipient.isdecimal() else None
        if user is None:
            raise unknown("User")
        if user is self._world.bot:
            raise Refusal(400, 50007, "Cannot send messages to this user")
        return 200, channel_wire(self._world, self._world.direct(user))

    # -- commands --------------------------------------------------------------------------------------------
    def _scope(self, call: Call) -> int:
        if call.id(0) != self._world.application:
            raise unknown("Application")
        if len(call.path) == 1:
            return 0
        guild = self._world.guilds.get(call.id(1))
        if guild is None or not guild.installed:
            raise missing_access()
        return guild.id

    async def commands(self, call: Call) -> Answer:
        return 200, self._book.of(self._scope(call))

    async def put_commands(self, call: Call) -> Answer:
        scope = self._scope(call)
        return 200, self._book.put(scope, commands.checked(call.body), self._world)

    async def post_command(self, call: Call) -> Answer:
        """One command more, in the place of the one with its name (documented)."""
        scope = self._scope(call)
        new = commands.checked([call.body])[0]
        same = (new["name"], new.get("type") or 1)
        others = [one for one in self._book.of(scope) if (one["name"], one["type"]) != same]
        return 201, self._book.put(scope, [*others, new], self._world)[-1]

    # -- servers ---------------------------------------------------------------------------------------------
    async def guild(self, call: Call) -> Answer:
        guild = self._guild(call)
        wire = guild_wire(self._world, guild)
        if call.query.get("with_counts") in {"1", "true", "True"}:
            wire |= {"approximate_member_count": guild.present + 1, "approximate_presence_count": guild.present + 1}
        return 200, wire

    async def guild_channels(self, call: Call) -> Answer:
        found = [c for c in self._guild(call).channels.values() if c.type not in THREADS]
        return 200, [channel_wire(self._world, c) for c in found]

    async def active_threads(self, call: Call) -> Answer:
        found = [c for c in self._guild(call).channels.values() if c.type in THREADS]
        return 200, {"threads": [channel_wire(self._world, c) for c in found], "members": []}

    async def roles(self, call: Call) -> Answer:
        return 200, roles_wire(self._world, self._guild(call))

    async def members(self, call: Call) -> Answer:
        guild = self._guild(call)
        if not self._gateway.privileged:
            raise missing_access()  # Documented: the list needs the privileged members intent.
        limit, after = call.number("limit", 1, 1, 1000), call.number("after", 0, 0, 1 << 63)
        wires = [(self._world.bot.id, bot_member_wire(self._world, guild))]
        wires += [(m.user.id, member_wire(guild, m)) for m in guild.members.values() if m.present]
        return 200, [wire for number, wire in sorted(wires, key=lambda pair: pair[0]) if number > after][:limit]

    def _member(self, guild: Guild, user: int) -> Membership:
        membership = guild.members.get(user)
        if membership is None or not membership.present:
            raise unknown("Member" if user in self._world.users else "User")
        return membership

    async def member(self, call: Call) -> Answer:
        guild, user = self._guild(call), call.id(1)
        if user == self._world.bot.id:
            return 200, bot_member_wire(self._world, guild)
        return 200, member_wire(guild, self._member(guild, user))

    async def audit_log(self, call: Call) -> Answer:
        guild = self._guild(call)
        if not permissions.of_bot(guild) & Permission.VIEW_AUDIT_LOG:
            raise missing_permissions()
        limit, action = call.number("limit", 50, 1, 100), call.number("action_type", 0, 0, 1000)
        before = call.number("before", 1 << 63, 0, 1 << 63)
        found = [e for e in reversed(guild.audit) if (not action or e.action == action) and e.id < before][:limit]
        users: dict[int, User] = {}
        for entry in found:
            users |= {
                each: self._world.users[each] for each in (entry.user, entry.target) if each in self._world.users
            }
        entries = [
            {
                "id": str(e.id),
                "user_id": str(e.user),
                "target_id": str(e.target),
                "action_type": e.action,
                "changes": [],
            }
            for e in found
        ]
        return 200, {
            "audit_log_entries": entries, "users": [user_wire(user) for user in users.values()],
            "application_commands": [], "auto_moderation_rules": [], "guild_scheduled_events": [], "integrations": [],
            "threads": [], "webhooks": [],
        }  # fmt: skip

    # -- channels and messages -------------------------------------------------------------------------------
    async def channel(self, call: Call) -> Answer:
        return 200, channel_wire(self._world, self._channel(call))

    async def typing(self, call: Call) -> Answer:
        self._channel(call, Permission.SEND_MESSAGES)
        return 204, None

    async def list_messages(self, call: Call) -> Answer:
        channel = self._channel(call)
        limit = call.number("limit", 50, 1, 100)
        if channel.guild is not None:
            may = permissions.of_bot(channel.guild, channel)
            if not may & Permission.READ_MESSAGE_HISTORY:
                return 200, []  # rules.HISTORY_UNSEEN
        before, after = call.number("before", 1 << 63, 0, 1 << 63), call.number("after", 0, 0, 1 << 63)
        around = call.number("around", 0, 0, 1 << 63)
        if around:
            ids = [m.id for m in channel.messages.values() if not m.only_for]
            place = sum(number < around for number in ids)
            start = max(0, place - limit // 2)
            found = [channel.messages[number] for number in reversed(ids[start : start + limit])]
        elif after:
            newer = (m for m in channel.messages.values() if m.id > after and not m.only_for)
            found = list(islice(newer, limit))[::-1]
        else:
            found = list(islice(_newest(channel, before), limit))
        return 200, [self._seen(message) for message in found]

    async def get_message(self, call: Call) -> Answer:
        channel = self._channel(call, Permission.READ_MESSAGE_HISTORY)
        return 200, self._seen(self._message(channel, call))

    async def create_message(self, call: Call) -> Answer:
        channel, body = self._channel(call, Permission.SEND_MESSAGES), call.fields
        if call.files:
            self._allow(channel, Permission.ATTACH_FILES)
        checks.check_message(body, call.files)
        checks.check_nonce(body)
        self._reachable(channel)
        known = self._messages.repeated(body)
        if known is not None:
            return 200, message_wire(self._world, known)
        body = self._without_unlinked_embeds(channel, body)
        reference = self._reference(channel, body)
        message = self._messages.create(channel, self._world.bot, body, call.files, call=CREATE, reference=reference)
        return 200, message_wire(self._world, message)

    def _reachable(self, channel: Channel) -> None:
        """A private chat takes a message only when the member lets it (errors 50007, 50278)."""
        if channel.type != DM or channel.recipient is None:
            return
        if not self._world.shares_guild(channel.recipient):
            raise Refusal(403, 50278, "Cannot send messages to this user due to having no mutual guilds")
        if not channel.recipient.accepts_direct:
            raise Refusal(403, 50007, "Cannot send messages to this user")

    def _without_unlinked_embeds(self, channel: Channel, body: Wire) -> Wire:
        """Without EMBED_LINKS the embeds are dropped in silence (documented with that permission)."""
        guild = channel.guild
        if guild is None or permissions.of_bot(guild, channel) & Permission.EMBED_LINKS or not body.get("embeds"):
            return body
        if not body.get("content") and not body.get("components"):
            raise missing_permissions()
        return body | {"embeds": []}

    def _reference(self, channel: Channel, body: Wire) -> Message | None:
        asked = body.get("message_reference")
        if not asked:
            return None
        self._allow(channel, Permission.READ_MESSAGE_HISTORY)
        number = str(asked.get("message_id", ""))
        message = channel.messages.get(int(number)) if number.isdecimal() else None
        if message is None and asked.get("fail_if_not_exists", True):
            errors = FieldErrors()
            errors.add(("message_reference",), "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
            errors.raise_any()
        return message

    def _own(self, message: Message) -> None:
        if message.author is not self._world.bot:
            raise Refusal(403, 50005, "Cannot edit a message authored by another user")

    async def edit_message(self, call: Call) -> Answer:
        channel = self._channel(call)
        message = self._message(channel, call)
        self._own(message)
        checks.check_message(call.fields, call.files, old=message)
        self._messages.edit(message, call.fields, call.files)
        return 200, message_wire(self._world, message)

    async def delete_message(self, call: Call) -> Answer:
        channel = self._channel(call)
        message = self._message(channel, call)
        if message.author is not self._world.bot:
            if channel.type == DM:
                raise Refusal(403, 50003, "Cannot execute action on a DM channel")
            self._allow(channel, Permission.MANAGE_MESSAGES)
        self._messages.delete(message)
        return 204, None

    async def pins(self, call: Call) -> Answer:
        channel = self._channel(call, Permission.READ_MESSAGE_HISTORY)
        pinned = sorted(channel.pins.items(), key=lambda pin: -pin[1])
        items = [{"pinned_at": iso(at), "message": self._seen(channel.messages[number])} for number, at in pinned]
        return 200, {"items": items, "has_more": False}

    async def pin(self, call: Call) -> Answer:
        channel = self._channel(call, Permission.PIN_MESSAGES)
        message = self._message(channel, call)
        if len(channel.pins) >= rules.PINS and message.id not in channel.pins:
            raise Refusal(400, 30003, f"Maximum number of pins reached ({rules.PINS})")
        self._messages.pin(message, present=True)
        return 204, None

    async def unpin(self, call: Call) -> Answer:
        channel = self._channel(call, Permission.PIN_MESSAGES)
        self._messages.pin(self._message(channel, call), present=False)
        return 204, None

    async def react(self, call: Call) -> Answer:
        channel = self._channel(call, Permission.READ_MESSAGE_HISTORY)
        message, emoji = self._message(channel, call), checks.checked_emoji(call.path[2])
        if emoji not in message.reactions:
            self._allow(channel, Permission.ADD_REACTIONS)
            if len(message.reactions) >= rules.REACTIONS:
                raise Refusal(400, 30010, f"Maximum number of reactions reached ({rules.REACTIONS})")
        self._messages.react(message, self._world.bot, emoji, present=True)
        return 204, None

    async def unreact(self, call: Call) -> Answer:
        message = self._message(self._channel(call), call)
        self._messages.react(message, self._world.bot, checks.checked_emoji(call.path[2]), present=False)
        return 204, None

    async def unreact_other(self, call: Call) -> Answer:
        channel = self._channel(call, Permission.MANAGE_MESSAGES)
        user = self._world.users.get(call.id(3))
        if user is None:
            raise unknown("User")
        self._messages.react(self._message(channel, call), user, checks.checked_emoji(call.path[2]), present=False)
        return 204, None

    async def reaction_users(self, call: Call) -> Answer:
        message = self._message(self._channel(call, Permission.READ_MESSAGE_HISTORY), call)
        limit, after = call.number("limit", 25, 1, 100), call.number("after", 0, 0, 1 << 63)
        users = sorted(message.reactions.get(checks.checked_emoji(call.path[2]), {}))
        return 200, [user_wire(self._world.users[user]) for user in users if user > after][:limit]

    # -- threads ---------------------------------------------------------------------------------------------
    async def thread(self, call: Call) -> Answer:
        channel = self._channel(call, Permission.CREATE_PUBLIC_THREADS)
        return 201, self._start_thread(channel, call.fields, None)

    async def thread_from(self, call: Call) -> Answer:
        channel = self._channel(call, Permission.CREATE_PUBLIC_THREADS)
        message = self._message(channel, call)
        if message.thread is not None:
            raise Refusal(400, 160004, "A thread has already been created for this message")
        return 201, self._start_thread(channel, call.fields, message)

    def _start_thread(self, channel: Channel, body: Wire, start: Message | None) -> Wire:
        if channel.type in THREADS or channel.type == DM:
            raise Refusal(400, 50024, "Cannot execute action on this channel type")
        checks.check_thread(body)
        minutes = int(body.get("auto_archive_duration") or 1440)
        thread = self._world.make_thread(channel, str(body["name"]), self._world.bot, minutes, start)
        wire = channel_wire(self._world, thread)
        self._gateway.tell("THREAD_CREATE", wire | {"newly_created": True}, channel.guild)
        if start is not None:
            self._gateway.tell_message("MESSAGE_UPDATE", start)
        return wire


def _newest(channel: Channel, before: int) -> Iterator[Message]:
    for message in reversed(channel.messages.values()):
        if message.id < before and not message.only_for:
            yield message
