"""The world as JSON objects of Discord's API v10 (Discord's reference; discord.py's types/ and parsers)."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.discord import permissions
from sandbox.discord.snowflake import time_of
from sandbox.discord.world import DM, THREADS, Channel, Guild, Membership, Message, User, Wire, World

EVERYONE_ROLE, MEMBER_OVERWRITE = 0, 1
FILE_LIMIT_BYTES = 10 * 1024 * 1024
"""10 MiB a file (documented)."""


def iso(at: float) -> str:
    """A time as Discord writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")


def user_wire(user: User) -> Wire:
    """A user object."""
    return {
        "id": str(user.id),
        "username": user.handle,
        "global_name": None if user.bot else user.name,
        "discriminator": "0000" if user.bot else "0",
        "avatar": None,
        "bot": user.bot,
        "public_flags": 0,
    }


def member_wire(guild: Guild, membership: Membership, *, with_user: bool = True) -> Wire:
    """A guild member object; messages carry it without its user."""
    wire: Wire = {
        "roles": [str(guild.admin_role)] if membership.role == "admin" else [],
        "joined_at": iso(membership.joined_at),
        "nick": None,
        "avatar": None,
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
        "communication_disabled_until": None,
    }
    if with_user:
        wire["user"] = user_wire(membership.user)
    return wire


def bot_member_wire(world: World, guild: Guild, *, with_user: bool = True) -> Wire:
    """The bot itself as a guild member."""
    wire = member_wire(guild, Membership(world.bot, "member", guild.bot_joined_at), with_user=with_user)
    wire["roles"] = [str(guild.bot_role)]
    return wire


def roles_wire(world: World, guild: Guild) -> list[Wire]:
    """The server's roles: everyone, one for admins, and the bot's own."""

    def role(role_id: int, name: str, bits: int, position: int) -> Wire:
        return {
            "id": str(role_id), "name": name, "permissions": str(bits), "position": position, "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False, "managed": False, "mentionable": False, "icon": None, "unicode_emoji": None, "flags": 0,
        }  # fmt: skip

    roles = [
        role(guild.id, "@everyone", int(permissions.EVERYONE), 0),
        role(guild.admin_role, "Admin", int(permissions.Permission.ADMINISTRATOR), 2),
    ]
    if guild.installed:
        own = role(guild.bot_role, world.bot.name, guild.bot_permissions, 1)
        own |= {"managed": True, "tags": {"bot_id": str(world.bot.id)}}
        roles.append(own)
    return roles


def channel_wire(world: World, channel: Channel) -> Wire:
    """A channel object of any type."""
    last = None if channel.last_message is None else str(channel.last_message)
    wire: Wire = {"id": str(channel.id), "type": channel.type, "last_message_id": last, "flags": 0}
    if channel.type == DM:
        assert channel.recipient is not None  # noqa: S101 - a private channel is made with its recipient
        return wire | {"recipients": [user_wire(channel.recipient)]}
    assert channel.guild is not None  # noqa: S101 - all others belong to a server
    wire |= {"guild_id": str(channel.guild.id), "name": channel.name, "rate_limit_per_user": 0}
    if channel.type in THREADS:
        assert channel.parent is not None  # noqa: S101 - threads are made below a channel
        made = iso(time_of(channel.id))
        return wire | {
            "parent_id": str(channel.parent.id),
            "owner_id": str(channel.owner),
            "message_count": channel.sent,
            "member_count": len(channel.users),
            "total_message_sent": channel.sent,
            "thread_metadata": {
                "archived": False,
                "auto_archive_duration": channel.archive_minutes,
                "archive_timestamp": made,
                "locked": False,
                "create_timestamp": made,
            },
        }
    overwrites = []
    denied, view = permissions.denied(channel), str(int(permissions.Permission.VIEW_CHANNEL))
    if channel.hidden:
        overwrites.append({"id": str(channel.guild.id), "type": EVERYONE_ROLE, "allow": "0", "deny": view})
    if denied or channel.hidden:
        allow = view if channel.hidden else "0"
        overwrites.append({"id": str(world.bot.id), "type": MEMBER_OVERWRITE, "allow": allow, "deny": str(denied)})
    return wire | {
        "position": 0, "permission_overwrites": overwrites, "nsfw": False, "topic": None, "parent_id": None,
    }  # fmt: skip


def guild_wire(world: World, guild: Guild) -> Wire:
    """A guild object, as REST answers it."""
    return {
        "id": str(guild.id), "name": guild.name, "icon": None, "splash": None, "discovery_splash": None,
        "banner": None, "description": None, "owner_id": str(guild.owner), "region": "deprecated",
        "afk_channel_id": None, "afk_timeout": 300, "verification_level": 0, "default_message_notifications": 0,
        "explicit_content_filter": 0, "mfa_level": 0, "nsfw_level": 0, "application_id": None,
        "system_channel_id": None, "system_channel_flags": 0, "rules_channel_id": None,
        "public_updates_channel_id": None, "safety_alerts_channel_id": None, "vanity_url_code": None,
        "premium_tier": 0, "premium_subscription_count": 0, "premium_progress_bar_enabled": False,
        "preferred_locale": guild.locale, "features": [], "emojis": [], "stickers": [],
        "max_members": 500_000, "max_presences": None, "max_video_channel_users": 25,
        "roles": roles_wire(world, guild),
    }  # fmt: skip


def guild_create_wire(world: World, guild: Guild) -> Wire:
    """The guild object of GUILD_CREATE. Without the presence intent its members are the bot alone (documented)."""
    channels = [channel_wire(world, c) for c in guild.channels.values() if c.type not in THREADS]
    threads = [channel_wire(world, c) for c in guild.channels.values() if c.type in THREADS]
    return guild_wire(world, guild) | {
        "joined_at": iso(guild.bot_joined_at),
        "large": guild.present + 1 > 250,
        "member_count": guild.present + 1,
        "members": [bot_member_wire(world, guild)],
        "channels": channels,
        "threads": threads,
        "voice_states": [], "presences": [], "stage_instances": [], "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }  # fmt: skip


def attachments_wire(message: Message) -> list[Wire]:
    """The files of a message, but for those that an embed shows (rules.EMBEDDED_FILES)."""
    embedded = {(embed.get(name) or {}).get("url") for embed in message.embeds for name in ("image", "thumbnail")}
    return [
        {
            "id": str(a.id), "filename": a.filename, "size": len(a.content), "url": a.url, "proxy_url": a.url,
            "content_type": a.content_type, **({"description": a.description} if a.description else {}),
        }
        for a in message.attachments
        if a.url not in embedded
    ]  # fmt: skip


def message_wire(world: World, message: Message, *, deep: bool = True) -> Wire:
    """A message object. ``deep`` adds the message that it replies to, as Discord does one level down."""
    channel = message.channel
    wire: Wire = {
        "id": str(message.id),
        "channel_id": str(channel.id),
        "type": message.type,
        "content": message.content,
        "author": user_wire(message.author),
        "timestamp": iso(message.at),
        "edited_timestamp": None if message.edited_at is None else iso(message.edited_at),
        "tts": False,
        "mention_everyone": message.mention_everyone,
        "mentions": [user_wire(user) for user in message.mentions.values()],
        "mention_roles": [str(role) for role in message.mention_roles],
        "attachments": attachments_wire(message),
        "embeds": message.embeds,
        "components": message.components,
        "pinned": message.pinned,
        "flags": message.flags,
    }
    if message.reactions:
        wire["reactions"] = reactions_wire(world, message)
    if message.key:
        wire["nonce"] = message.key
    if message.author.bot:
        wire["application_id"] = str(message.author.id)
    if message.reference_id:
        wire["message_reference"] = {
            "type": 0,
            "message_id": str(message.reference_id),
            "channel_id": str(channel.id),
        }
        if channel.guild is not None:
            wire["message_reference"]["guild_id"] = str(channel.guild.id)
        if deep:
            original = message.reference
            wire["referenced_message"] = None if original is None else message_wire(world, original, deep=False)
    if message.interaction is not None:
        wire["interaction_metadata"] = message.interaction
    if message.thread is not None:
        wire["thread"] = channel_wire(world, message.thread)
    return wire


def reactions_wire(world: World, message: Message) -> list[Wire]:
    """How often each emoji stands on a message."""
    bot = world.bot.id
    return [
        {
            "emoji": emoji_wire(emoji), "count": len(users), "me": bot in users, "me_burst": False,
            "burst_colors": [],
            "count_details": {"burst": 0, "normal": len(users)},
        }
        for emoji, users in message.reactions.items()
    ]  # fmt: skip


def emoji_wire(emoji: str) -> Wire:
    """A partial emoji: a Unicode one, or ``name:id``."""
    name, _, custom = emoji.partition(":")
    return {"id": custom or None, "name": name}


def event_wire(world: World, message: Message) -> Wire:
    """A message as MESSAGE_CREATE and MESSAGE_UPDATE carry it: with its server and its author's membership."""
    wire = message_wire(world, message)
    guild = message.channel.guild
    if guild is not None:
        wire["guild_id"] = str(guild.id)
        if message.author is world.bot:
            wire["member"] = bot_member_wire(world, guild, with_user=False)
        elif message.author.id in guild.members:
            wire["member"] = member_wire(guild, guild.members[message.author.id], with_user=False)
        for mentioned in wire["mentions"]:
            membership = guild.members.get(int(mentioned["id"]))
            if membership is not None:
                mentioned["member"] = member_wire(guild, membership, with_user=False)
    return wire
