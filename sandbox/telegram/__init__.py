"""A Telegram on loopback: the Bot API over HTTP, with groups, private chats and simulated members."""

from sandbox.telegram.platform import TelegramSandbox

__all__ = ["TelegramSandbox"]
