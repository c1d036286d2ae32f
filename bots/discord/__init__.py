"""hallkeeper on Discord."""

from bots.discord.bot import DiscordBot
from bots.discord.permissions import invite_url, manifest
from bots.discord.settings import DiscordSettings

__all__ = ["DiscordBot", "DiscordSettings", "invite_url", "manifest"]
