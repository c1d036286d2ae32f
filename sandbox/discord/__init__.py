"""The sandbox's Discord: REST and gateway v10 on loopback, strict, for the unchanged discord.py."""

from sandbox.discord.platform import DiscordSandbox

__all__ = ["DiscordSandbox"]
