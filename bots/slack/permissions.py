"""What the bot asks of a workspace, each with its reason, and nothing more."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

APP = "hallkeeper"
COMMAND = "/hall"


class Asked(NamedTuple):
    """One scope or event. Without an ``optional`` one something is missing, and ``reason`` says what."""

    name: str
    reason: str
    optional: bool = False


SCOPES = (
    Asked("chat:write", "to post questions, and answers that one member alone sees"),
    Asked("commands", "to offer /hall"),
    Asked(
        "channels:read",
        "to list the channels that it was added to, to count who is in one, and to see who comes and goes there",
    ),
    Asked(
        "channels:history", "to hear replies to its questions, and to look whether one arrived when the line broke"
    ),
    Asked("users:read", "to know who may manage it, and each member's language"),
    Asked("files:write", "to show pictures that it drew, or that you gave it", optional=True),
    Asked("im:history", "to hear answers in private", optional=True),
    Asked("im:write", "to look whether a private message arrived when the line broke", optional=True),
    Asked("reactions:read", "to count reactions to its messages", optional=True),
    Asked("reactions:write", "to tick off a reply that it took", optional=True),
)
"""Scopes of the bot's token."""

APP_SCOPE = Asked("connections:write", "to connect by Socket Mode, so that nothing of yours need be reachable")
"""The scope of the app's own token."""

EVENTS = (
    Asked("message.channels", "replies in the channels that it was added to"),
    Asked("message.im", "answers in private"),
    Asked("reaction_added", "reactions to its messages"),
    Asked("reaction_removed", "reactions that are taken back"),
    Asked("member_joined_channel", "it is added to a channel, and by whom; members come"),
    Asked("member_left_channel", "members go"),
    Asked("team_join", "somebody is new in the workspace"),
    Asked("app_uninstalled", "it is removed: nothing more is owed there"),
    Asked("tokens_revoked", "its token is taken back: the same"),
)
"""What Slack is to tell of."""


def missing(granted: Iterable[str]) -> tuple[Asked, ...]:
    """The scopes that were not granted."""
    have = set(granted)
    return tuple(scope for scope in SCOPES if scope.name not in have)


def manifest() -> str:
    """The app's manifest, to paste at https://api.slack.com/apps under Create New App, From a manifest, YAML.

    It says with each permission what it is for, and at its end how to go on.
    """
    return _MANIFEST.format(
        app=APP, command=COMMAND, scopes=_listed(SCOPES), events=_listed(EVENTS), app_scope=APP_SCOPE.name
    )


def _listed(several: Iterable[Asked]) -> str:
    width = max(len(json.dumps(one.name)) for one in several)
    return "\n".join(
        f"      - {json.dumps(one.name):<{width}}  # {one.reason}{' (optional)' if one.optional else ''}"
        for one in several
    )


_MANIFEST = """\
display_information:
  name: "{app}"
  description: "Keeps your hall talking: a question a day, and you see who takes part."
features:
  app_home:
    home_tab_enabled: false
    messages_tab_enabled: true
    messages_tab_read_only_enabled: false
  bot_user:
    display_name: "{app}"
    always_online: true
  slash_commands:
    - command: "{command}"
      description: "What you can do here"
      usage_hint: "help"
      should_escape: false
oauth_config:
  scopes:
    bot:
{scopes}
settings:
  event_subscriptions:
    bot_events:
{events}
  interactivity:
    is_enabled: true
  org_deploy_enabled: false
  socket_mode_enabled: true
  token_rotation_enabled: false

# Then:
# 1. Basic Information, App-Level Tokens: make one with the scope {app_scope}. It is slack.app_token.
# 2. Install App, Install to Workspace. The Bot User OAuth Token is slack.bot_token.
# 3. Start hallkeeper, and write /invite @{app} in a channel.
"""
