"""Telegram: polling at least once, forms as dialogues in private."""

from bots.telegram.bot import TelegramBot
from bots.telegram.settings import TelegramSettings

__all__ = ["TelegramBot", "TelegramSettings"]
