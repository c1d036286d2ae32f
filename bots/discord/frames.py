"""What Discord tells, as events of ours. discord.py's objects in, plain data out; ``None`` for what is not for us.

Without the privileged intent Discord hides the words of messages, except in private chats and in messages that ping
the bot (a reply does, unless its author switches that off): those are all that is told on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

import discord
from discord.utils import snowflake_time

from core.event import Deleted, Edited, Installed, Joined, Left, Reacted, Removed, Replied, Said, Where, Who

PLATFORM = "discord"

_WRITTEN = frozenset({discord.MessageType.default, discord.MessageType.reply})
_FORUMS = frozenset({discord.ChannelType.forum, discord.ChannelType.media})


class Frames:
    """Translates for one bot. ``reads_all`` says that it has the message content intent."""

    def __init__(self, *, reads_all: bool) -> None:
        self._reads_all = reads_all
        self.me = 0
        self._ping = re.compile("")

    def login(self, me: int) -> None:
        """The bot's own id is known."""
        self.me = me
        self._ping = re.compile(rf"^\s*<@!?{me}>\s*")

    # -- who and where -------------------------------------------------------------------------------------------
    @staticmethod
    def who(interaction: discord.Interaction) -> Who:
        """The member who acted."""
        user = interaction.user
        return Who(PLATFORM, "", str(user.id), user.display_name, interaction.locale.value, not user.bot)

    @staticmethod
    def where(interaction: discord.Interaction) -> Where:
        """Where they did."""
        channel = interaction.channel
        parent = channel.parent_id if isinstance(channel, discord.Thread) else None
        return _spot(interaction.guild_id, None if channel is None else channel.id, parent)

    @staticmethod
    def at(interaction: discord.Interaction) -> datetime:
        """When, by Discord's clock: it is in the interaction's id."""
        return snowflake_time(interaction.id)

    # -- messages ------------------------------------------------------------------------------------------------
    def message(self, message: discord.Message) -> Replied | Said | None:
        """Something was written."""
        author = message.author
        if author.bot or message.webhook_id is not None or message.type not in _WRITTEN:
            return None
        where, to = self._place(message)
        readable = self._readable(message)
        if not to and not readable:
            return None
        who = Who(PLATFORM, "", str(author.id), author.display_name)
        number = str(message.id)
        text = self._ping.sub("", message.content) if readable else ""
        if to:
            return Replied(
                where=where, who=who, id=number, at=message.created_at, to=to, message=number, text=text,
                readable=readable,
            )  # fmt: skip
        return Said(where=where, who=who, id=number, at=message.created_at, message=number, text=text)

    def edited(self, raw: discord.RawMessageUpdateEvent) -> Edited | None:
        """Somebody changed what they wrote; not when Discord only added a preview to it."""
        message = raw.message
        if message.author.bot or message.edited_at is None or message.webhook_id is not None:
            return None
        if not self._readable(message):
            return None  # there are no words in it, and an empty text would blot out what was said
        where, to = self._place(message)
        number, at = str(message.id), message.edited_at
        who = Who(PLATFORM, "", str(message.author.id), message.author.display_name)
        text = self._ping.sub("", message.content)
        return Edited(
            where=where, who=who, id=f"{number}:{at.timestamp():.6f}", at=at, message=number, text=text, to=to
        )

    def _readable(self, message: discord.Message) -> bool:
        if self._reads_all or message.content or _space(message) is None:
            return True
        return any(user.id == self.me for user in message.mentions)

    def _place(self, message: discord.Message) -> tuple[Where, str]:
        """Where it stands, and the message of ours that it answers, else empty.

        A thread's id is the id of the message that it hangs on. Discord does not say whose message that is, so every
        thread's messages are told as replies to it: the hall knows its own. (A forum's never are.)
        """
        channel = message.channel
        if isinstance(channel, discord.Thread):
            where = _spot(_space(message), channel.id, channel.parent_id)
            parent = channel.parent
            if parent is None or parent.type not in _FORUMS:
                return where, where.thread
        else:
            where = _spot(_space(message), channel.id, None)
        reference = message.reference
        if reference is None or reference.message_id is None or message.type is not discord.MessageType.reply:
            return where, ""
        answered = reference.resolved
        if isinstance(answered, discord.Message) and answered.author.id != self.me:
            return where, ""
        return where, str(reference.message_id)

    @staticmethod
    def deleted(raw: discord.RawMessageDeleteEvent | discord.RawBulkMessageDeleteEvent) -> Iterator[Deleted]:
        """Messages are gone, anybody's."""
        numbers = raw.message_ids if isinstance(raw, discord.RawBulkMessageDeleteEvent) else {raw.message_id}
        where = _bare(raw.guild_id, raw.channel_id)
        return (Deleted(where=where, who=None, message=str(number)) for number in numbers)

    def reacted(self, raw: discord.RawReactionActionEvent, *, present: bool) -> Reacted | None:
        """A reaction came or went, to a message of ours or of a member's: the hall knows which it wants."""
        if raw.user_id == self.me:
            return None
        member = raw.member
        who = Who(
            PLATFORM,
            "",
            str(raw.user_id),
            "" if member is None else member.display_name,
            human=member is None or not member.bot,
        )
        where, author = _bare(raw.guild_id, raw.channel_id), raw.message_author_id  # None of one that goes
        ours = None if author is None else author == self.me
        return Reacted(
            where=where, who=who, message=str(raw.message_id), emoji=str(raw.emoji), present=present, ours=ours
        )

    # -- people and servers --------------------------------------------------------------------------------------
    @staticmethod
    def joined(member: discord.Member) -> Joined:
        """Somebody came in."""
        who = Who(PLATFORM, "", str(member.id), member.display_name, human=not member.bot)
        return Joined(where=_bare(member.guild.id, None), who=who, at=member.joined_at)

    @staticmethod
    def left(raw: discord.RawMemberRemoveEvent) -> Left:
        """Somebody went."""
        who = Who(PLATFORM, "", str(raw.user.id), raw.user.display_name, human=not raw.user.bot)
        return Left(where=_bare(raw.guild_id, None), who=who)

    @staticmethod
    def installed(guild: discord.Guild) -> Installed:
        """The bot is in a server. Who added it stands in the audit log alone, for which we don't ask: its owner is
        named instead. ``where.channel`` is where one may write when the owner takes no private messages."""
        locale = guild.preferred_locale.value
        owner = Who(PLATFORM, "", str(guild.owner_id), locale=locale) if guild.owner_id else None
        where = Where(PLATFORM, str(guild.id), _greeting_channel(guild))
        return Installed(where=where, who=owner, name=guild.name, language=locale)

    @staticmethod
    def removed(guild: discord.Guild) -> Removed:
        """The bot is in a server no more."""
        return Removed(where=_bare(guild.id, None), who=None)


def _greeting_channel(guild: discord.Guild) -> str:
    channels = [guild.system_channel, *guild.text_channels]
    me = guild.me
    for channel in channels:
        if channel is not None and me is not None and channel.permissions_for(me).send_messages:
            return str(channel.id)
    return ""


def _space(message: discord.Message) -> int | None:
    guild = message.guild or getattr(message.channel, "guild", None)
    if guild is not None:
        return int(guild.id)
    return getattr(message.channel, "guild_id", None)  # a channel that the library does not know


@lru_cache(maxsize=4096)
def _spot(guild: int | None, channel: int | None, parent: int | None) -> Where:
    """A place by its numbers, remembered: most of what happens, happens in a few."""
    space, number = "" if guild is None else str(guild), "" if channel is None else str(channel)
    if parent is not None:
        return Where(PLATFORM, space, str(parent), number)
    return Where(PLATFORM, space, number, private=guild is None)


def _bare(guild: int | None, channel: int | None) -> Where:
    return Where(
        PLATFORM, "" if guild is None else str(guild), "" if channel is None else str(channel), private=guild is None
    )
