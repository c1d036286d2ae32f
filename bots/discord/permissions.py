"""What the bot asks of a server and of Discord, each with its reason, and nothing more."""

from __future__ import annotations

from typing import NamedTuple

import discord

from bots.discord.settings import DiscordSettings


class Asked(NamedTuple):
    """One permission, scope or intent. ``name`` is discord.py's, ``title`` what Discord's own pages call it."""

    name: str
    title: str
    reason: str


SCOPES = (
    Asked("bot", "bot", "to be a member of the server at all"),
    Asked("applications.commands", "applications.commands", "to offer /hall"),
)
"""OAuth2 scopes of the invitation."""

PERMISSIONS = (
    Asked(
        "view_channel", "View Channels", "to hear replies to its questions and to list the channels to choose from"
    ),
    Asked("send_messages", "Send Messages", "to post questions"),
    Asked("embed_links", "Embed Links", "to show pictures, tables of results and texts over 2,000 characters"),
    Asked("attach_files", "Attach Files", "to show pictures that it drew, or that you gave it"),
    Asked("add_reactions", "Add Reactions", "to tick a reply that was taken as an answer"),
    Asked(
        "read_message_history",
        "Read Message History",
        "which Discord wants for that tick, to look whether a post arrived when the line broke, and to read what was "
        "replied to it meanwhile",
    ),
    Asked("create_public_threads", "Create Public Threads", "to open a thread under a question that asks for one"),
    Asked("send_messages_in_threads", "Send Messages in Threads", "to answer in such a thread"),
)
"""Permissions of the bot's role. Editing and deleting its own messages, commands and only-you answers need none,
nor does seeing reactions."""

INTENTS = (
    Asked("guilds", "Guilds", "to know its servers and their channels"),
    Asked("guild_messages", "Guild Messages", "to hear replies; without Message Content it reads those that ping it"),
    Asked("guild_reactions", "Guild Reactions", "to count reactions to its messages and to replies that answer them"),
    Asked("dm_messages", "Direct Messages", "to hear answers in private"),
)
"""Gateway intents that need no approval."""

MESSAGE_CONTENT = Asked(
    "message_content", "Message Content Intent", "read_all_replies: to read replies that do not ping the bot"
)
SERVER_MEMBERS = Asked("members", "Server Members Intent", "see_joins: to hear who joins and leaves")


def intents_of(settings: DiscordSettings) -> tuple[Asked, ...]:
    """The intents that these settings ask for, privileged ones only where a setting says so."""
    more = ((MESSAGE_CONTENT, settings.read_all_replies), (SERVER_MEMBERS, settings.see_joins))
    return (*INTENTS, *(asked for asked, wanted in more if wanted))


def permission_bits() -> int:
    """The permissions as Discord's number."""
    return discord.Permissions(**{asked.name: True for asked in PERMISSIONS}).value


def invite_url(application_id: int | str) -> str:
    """The address at which a manager adds the bot to a server."""
    return discord.utils.oauth_url(
        int(application_id),
        permissions=discord.Permissions(permission_bits()),
        scopes=[asked.name for asked in SCOPES],
    )


def manifest(settings: DiscordSettings | None = None) -> str:
    """What is asked for, one line each with its reason, as text for a terminal."""
    parts = (
        ("Scopes", SCOPES),
        ("Permissions", PERMISSIONS),
        ("Intents", intents_of(settings or DiscordSettings())),
    )
    return "\n".join(
        f"{heading}:\n" + "".join(f"  {asked.title}: {asked.reason}\n" for asked in several)
        for heading, several in parts
    )


def invite(*, application_id: int) -> str:
    """The address at which a manager adds the bot to a server, and what it asks for there, with reasons.

    The application id stands at https://discord.com/developers/applications, on your application's first page.
    """
    return f"{invite_url(application_id)}\n\n{manifest()}"
