"""``/hall`` as Discord knows it: one command, a subcommand for each of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import discord

from core.bot import CommandInfo
from core.message import cut

NAME = "hall"
TEXT_OPTION = "text"
MAX_SUBCOMMANDS = 25
MAX_DESCRIPTION = 100
"""Discord's reference, "Application Commands": subcommands of a command, characters of a description."""
SUBCOMMAND, STRING = 1, 3
SOURCE = "en"

Payload = dict[str, Any]


def hall_command(commands: Sequence[CommandInfo]) -> Payload:
    """The command that Discord is told of. Without any of ours it stands alone and means help."""
    payload: Payload = {
        "name": NAME,
        "type": 1,
        "description": "hallkeeper",
        "options": [_subcommand(command) for command in commands[:MAX_SUBCOMMANDS]],
        "integration_types": [0],  # installed in servers, not by people for themselves
        "contexts": [0, 1],  # offered in servers and in the private chat with the bot
    }
    return payload


def _subcommand(command: CommandInfo) -> Payload:
    title = command.titles.get(SOURCE) or next(iter(command.titles.values()), command.name)
    payload: Payload = {
        "type": SUBCOMMAND,
        "name": command.name,
        "description": cut(title, MAX_DESCRIPTION),
        "options": [],
    }
    if spoken := _localized(command.titles):
        payload["description_localizations"] = spoken
    if command.takes_text:
        payload["options"] = [{"type": STRING, "name": TEXT_OPTION, "description": "…", "required": False}]
    return payload


def _localized(titles: Mapping[str, str]) -> dict[str, str]:
    """Titles by Discord's locales: ``pt_BR`` for that one alone, ``es`` for all kinds of Spanish."""
    found: dict[str, str] = {}
    for locale in discord.Locale:
        tag = locale.value
        for language, title in titles.items():
            spelled = language.replace("_", "-")
            if language != SOURCE and title and spelled in (tag, tag.split("-")[0]):
                found[tag] = cut(title, MAX_DESCRIPTION)
                if spelled == tag:
                    break
    return found


def same(wanted: Payload, known: Payload) -> bool:
    """Whether Discord has it that way already. It adds defaults of its own, which say nothing new."""
    return _essence(wanted) == _essence(known)


def _essence(payload: Mapping[str, Any]) -> Payload:
    """Our fields alone, empty ones left out."""
    kept = {key: payload.get(key) for key in _FIELDS}
    kept["options"] = [_essence(option) for option in payload.get("options") or ()]
    return {key: value for key, value in kept.items() if value}


_FIELDS = ("name", "type", "description", "required", "integration_types", "contexts", "description_localizations")


def invoked(data: Mapping[str, Any]) -> tuple[str, str]:
    """The name of our command and the text that came with it, out of an interaction's data."""
    options = data.get("options") or ()
    if not options:
        return "help", ""
    given = {option["name"]: option.get("value", "") for option in options[0].get("options") or ()}
    return str(options[0]["name"]), str(given.get(TEXT_OPTION, ""))
