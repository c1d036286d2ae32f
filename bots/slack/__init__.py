"""hallkeeper on Slack."""

from bots.slack.bot import SlackBot
from bots.slack.permissions import manifest
from bots.slack.settings import SlackSettings

__all__ = ["SlackBot", "SlackSettings", "manifest"]
