"""Discord's permission bits, and what a member or the bot may do (Discord's reference, "Permissions")."""

from __future__ import annotations

from enum import IntFlag

from sandbox.discord.world import Channel, Guild


class Permission(IntFlag):
    """The bits that the sandbox looks at, with Discord's values."""

    KICK_MEMBERS = 1 << 1
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    MANAGE_ROLES = 1 << 28
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    PIN_MESSAGES = 1 << 51


ALL = (1 << 53) - 1
"""What an owner and an administrator may do."""

P = Permission
EVERYONE = (
    P.ADD_REACTIONS
    | P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.USE_EXTERNAL_EMOJIS
    | P.USE_APPLICATION_COMMANDS
    | P.CREATE_PUBLIC_THREADS
    | P.SEND_MESSAGES_IN_THREADS
)
"""What a new server lets everyone do."""
INVITE = EVERYONE | P.VIEW_AUDIT_LOG | P.PIN_MESSAGES
"""What the bot is given when it is added, unless the sandbox is made with other permissions."""
IN_DM = EVERYONE & ~(P.CREATE_PUBLIC_THREADS | P.SEND_MESSAGES_IN_THREADS)
WRITING = P.SEND_MESSAGES | P.SEND_MESSAGES_IN_THREADS | P.CREATE_PUBLIC_THREADS


def denied(channel: Channel) -> int:
    """What a channel takes away from the bot."""
    return channel.denied | (0 if channel.writable else int(WRITING))


def of_bot(guild: Guild, channel: Channel | None = None) -> int:
    """What the bot may do in the server, and in ``channel`` where one is given."""
    return _in_channel(int(EVERYONE) | guild.bot_permissions, channel)


def of_member(guild: Guild, user: int) -> int:
    """What a human may do. The sandbox's channels take nothing away from humans."""
    membership = guild.members[user]
    return ALL if guild.owner == user or membership.role in {"owner", "admin"} else int(EVERYONE)


def _in_channel(granted: int, channel: Channel | None) -> int:
    if granted & P.ADMINISTRATOR:
        return ALL
    return granted if channel is None else granted & ~denied(channel)
