"""What the hall asks about a server. Each works without the gateway's memory, for a process that only sends."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bots.discord.client import Client
from bots.discord.sending import again
from core.bot import ChannelInfo, SendRefused, Standing


def number(external_id: str) -> int:
    """An id of Discord's. Raises SendRefused for what is none."""
    if not external_id.isdecimal():
        raise SendRefused(f"{external_id!r} is no id of Discord's", gone=True)
    return int(external_id)


async def standing(client: Client, space: str, member: str) -> Standing:
    """Roles by their ids; ``owner`` and ``admin`` (who may manage the server) beside them. Raises SendError."""
    guild = client.get_guild(number(space))
    if guild is None or guild.unavailable:
        guild = await again(lambda: client.fetch_guild(number(space)))
    found = guild
    try:
        one = await again(lambda: found.fetch_member(number(member)))
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


async def channels(client: Client, space: str) -> list[ChannelInfo]:
    """Text channels that the bot sees, in the server's own order. Raises SendError."""
    guild = client.get_guild(number(space))
    if guild is not None and not guild.unavailable and guild.me is not None:
        return _listed(guild.text_channels, guild.me)
    me, several = await _fetched(client, space)
    return _listed([one for one in several if isinstance(one, discord.TextChannel)], me)


async def headcount(client: Client, space: str, channel: str) -> int:
    """About how many people are in the server, where all of them see the channel. Raises SendError.

    Who sees a channel that is for some roles alone would take the list of members, a privileged intent. Of bots those
    are left out that have a role of their own, which Discord gives to each that is invited with permissions.
    """
    guild = await again(lambda: client.fetch_guild(number(space), with_counts=True))
    try:
        found = await again(lambda: guild.fetch_channel(number(channel)))
    except discord.InvalidData as error:
        raise SendRefused(f"Discord shows no such channel there: {error}", gone=True) from error
    if isinstance(found, discord.Thread) or not found.permissions_for(guild.default_role).view_channel:
        raise SendRefused("not everybody in the server sees that channel, and Discord does not say how many do")
    if guild.approximate_member_count is None:
        raise SendRefused("Discord does not say how many are in the server")
    bots = sum(role.is_bot_managed() for role in guild.roles)
    return max(guild.approximate_member_count - bots, 0)


async def permissions(client: Client, space: str, channel: str) -> discord.Permissions:
    """What the bot may do in a channel, asked of Discord now. Raises SendError; ``gone`` where it sees none such."""
    me, several = await _fetched(client, space)
    for one in several:
        if str(one.id) == channel:
            return one.permissions_for(me)
    raise SendRefused("there is no such channel that the bot can see", gone=True)


async def _fetched(client: Client, space: str) -> tuple[discord.Member, Sequence[discord.abc.GuildChannel]]:
    guild = await again(lambda: client.fetch_guild(number(space)))
    me = await again(lambda: guild.fetch_member(client.user.id if client.user else 0))
    return me, await again(guild.fetch_channels)


def _listed(several: Sequence[discord.TextChannel], me: discord.Member) -> list[ChannelInfo]:
    found = []
    for channel in sorted(several, key=lambda one: (one.position, one.id)):
        may = channel.permissions_for(me)
        if may.view_channel:
            found.append(ChannelInfo(str(channel.id), channel.name, writable=may.send_messages))
    return found
