"""What is wrong with the connection to Discord, in words that say what to do next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
import discord

from bots.discord.client import Client, point_library
from bots.discord.permissions import MESSAGE_CONTENT, PERMISSIONS, SERVER_MEMBERS, Asked, invite_url
from bots.discord.settings import DiscordSettings
from core.bot import Finding, Severity

PORTAL = "https://discord.com/developers/applications"
EXAMINE_SECONDS = 15.0
"""How long the doctor waits for Discord."""


def why_not(error: BaseException, settings: DiscordSettings) -> str | None:
    """What to do about a start that failed; None for what is no fault of the set-up. Never holds the token."""
    match error:
        case discord.LoginFailure() if not settings.token.get_secret_value().strip():
            return f"There is no Discord token. Copy the bot's from {PORTAL} (Bot, Reset Token) to discord.token."
        case discord.LoginFailure():
            return f"Discord refuses the token. Make a new one at {PORTAL} (Bot, Reset Token) for discord.token."
        case discord.PrivilegedIntentsRequired():
            named = " and ".join(f"'{asked.title}'" for asked, _ in _privileged(settings))
            switches = " and ".join(switch for _, switch in _privileged(settings))
            return f"Switch on {named} at {PORTAL} (Bot, Privileged Gateway Intents), or {switches} off here."
        case discord.ConnectionClosed(code=4004):
            return f"Discord refuses the token. Make a new one at {PORTAL} (Bot, Reset Token) for discord.token."
        case discord.HTTPException():
            return f"Discord answers {error.status}: {error.text or 'nothing'}. Try again in a few minutes."
        case discord.GatewayNotFound() | aiohttp.ClientError() | OSError() | TimeoutError():
            where = settings.api_url or "Discord"
            return f"{where} can't be reached ({type(error).__name__}). Look at the network, a proxy or a firewall."
        case discord.ConnectionClosed():
            return f"Discord closed the connection with code {error.code}."
        case _:
            return None


def _privileged(settings: DiscordSettings) -> list[tuple[Asked, str]]:
    several = (
        (MESSAGE_CONTENT, "discord.read_all_replies", settings.read_all_replies),
        (SERVER_MEMBERS, "discord.see_joins", settings.see_joins),
    )
    return [(asked, switch) for asked, switch, wanted in several if wanted]


@asynccontextmanager
async def logged_in(settings: DiscordSettings) -> AsyncIterator[Client]:
    """A client of its own that asks by HTTP alone: the running bot, if there is one, is left in peace."""
    point_library(settings.api_url)
    client = Client(settings, {})
    try:
        async with asyncio.timeout(EXAMINE_SECONDS):
            token = settings.token.get_secret_value().strip()
            if not token:
                raise discord.LoginFailure("no token")
            await client.login(token)
            yield client
    finally:
        await client.close()


async def examine(settings: DiscordSettings) -> Sequence[Finding]:
    """Token, intents, servers."""
    try:
        async with logged_in(settings) as client:
            found = [Finding(Severity.GOOD, "token", f"The token is good: this is {client.user}.")]
            flags = (await client.application_info()).flags
            has = {
                MESSAGE_CONTENT: flags.gateway_message_content or flags.gateway_message_content_limited,
                SERVER_MEMBERS: flags.gateway_guild_members or flags.gateway_guild_members_limited,
            }
            for asked, switch in _privileged(settings):
                if has[asked]:
                    found.append(Finding(Severity.GOOD, asked.title, f"Switched on, as {switch} asks."))
                else:
                    what = f"Switch it on at {PORTAL} (Bot), or {switch} off here."
                    found.append(Finding(Severity.BAD, asked.title, what))
            guilds = [guild async for guild in client.fetch_guilds(limit=200)]
            if guilds:
                names = ", ".join(guild.name for guild in guilds[:5]) + (" …" if len(guilds) > 5 else "")
                found.append(Finding(Severity.GOOD, "servers", f"In {len(guilds)}: {names}"))
            elif client.application_id is not None:
                invite = f"In no server yet. Add it at {invite_url(client.application_id)}"
                found.append(Finding(Severity.NOTE, "servers", invite))
            return found
    except Exception as error:
        return [_bad("token" if isinstance(error, discord.LoginFailure) else "connection", error, settings)]


async def examine_channel(settings: DiscordSettings, space: str, channel: str) -> Sequence[Finding]:
    """The permissions that the bot asks for, one by one, in a channel."""
    try:
        async with logged_in(settings) as client:
            guild = await client.fetch_guild(int(space))
            me = await guild.fetch_member(client.user.id if client.user else 0)
            place = next((one for one in await guild.fetch_channels() if str(one.id) == channel), None)
            if place is None:
                gone = f"There is no such channel in {guild.name} that the bot can see. Choose another with /hall."
                return [Finding(Severity.BAD, channel, gone)]
            may, subject = place.permissions_for(me), f"#{place.name}"
            missing = [asked for asked in PERMISSIONS if not getattr(may, asked.name)]
            if not missing:
                return [Finding(Severity.GOOD, subject, "The bot may do here all that it needs to.")]
            return [
                Finding(Severity.BAD, subject, f"Allow the bot '{asked.title}' here: it needs it {asked.reason}.")
                for asked in missing
            ]
    except discord.NotFound:
        return [Finding(Severity.BAD, channel, "Discord knows no such server or channel.")]
    except discord.Forbidden:
        return [Finding(Severity.BAD, channel, "The bot is not in that server. Add it again by `discord invite`.")]
    except Exception as error:
        return [_bad(channel, error, settings)]


def _bad(subject: str, error: Exception, settings: DiscordSettings) -> Finding:
    reason = why_not(error, settings)
    if reason is None:
        raise error
    return Finding(Severity.BAD, subject, reason)
