"""What this bot asks of Telegram and of a group, each with its reason."""

from __future__ import annotations

from typing import NamedTuple


class Permission(NamedTuple):
    """One thing that is asked for. ``optional``: without it something is missing, and ``reason`` says what."""

    name: str
    reason: str
    optional: bool = False


UPDATES = (
    Permission("message", "commands, replies to the bot's messages, and the private chat"),
    Permission("edited_message", "an answer that is changed counts as changed"),
    Permission("callback_query", "pressed buttons"),
    Permission("my_chat_member", "the bot is added or removed, and by whom"),
    Permission("chat_member", "members join and leave", optional=True),
    Permission("message_reaction", "reactions to the bot's messages and to replies that answer them", optional=True),
)
"""The kinds of update that are asked for. Nothing is sent for the last two unless the bot is an administrator."""

RIGHTS = (
    Permission("member", "posts questions, hears commands and replies to its own messages: privacy mode stays on"),
    Permission(
        "administrator",
        "sees reactions, and joins and leaves in big groups; needs none of the single rights",
        optional=True,
    ),
)
"""What the bot is in a group."""


def invite_url(username: str) -> str:
    """The link by which somebody who manages a group adds the bot to it, as a plain member."""
    return f"https://t.me/{username.removeprefix('@')}?startgroup=hall"


def manifest() -> str:
    """What to tell @BotFather, line by line."""
    lines = [
        "/newbot            make the bot; put its token into the settings",
        "/setjoingroups     Enable: it lives in groups",
        "/setprivacy        Enable: it hears commands and replies to its own messages, and nothing else",
        "",
        "What it asks for:",
    ]
    for one in (*UPDATES, *RIGHTS):
        lines.append(f"  {one.name:<18} {one.reason}{' (optional)' if one.optional else ''}")
    return "\n".join(lines) + "\n"


def setup() -> str:
    """What to tell @BotFather, and what the bot asks for, with reasons."""
    return manifest()
