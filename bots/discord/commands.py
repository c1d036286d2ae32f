"""``/hall`` as Discord knows it: one command, a subcommand for each of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import discord

from core.bot import CommandInfo
from core.message import cut
from core.texts import Words

NAME = "hall"
TEXT_OPTION = "text"
MAX_SUBCOMMANDS = 25
MAX_DESCRIPTION = 100
"""Discord's reference, "Application Commands": subcommands of a command, characters of a description."""
SUBCOMMAND, GROUP, STRING = 1, 2, 3
MORE = "more"
"""The group that takes what does not fit beside the others: ``/hall more unlink``."""
SOURCE = "en"

Payload = dict[str, Any]


def hall_command(commands: Sequence[CommandInfo]) -> Payload:
    """The command that Discord is told of. Without any of ours it stands alone and means help.

    Where there are too many, those that are seldom wanted go into a group, and then the last ones.
    """
    beside = list(commands)
    if len(beside) > MAX_SUBCOMMANDS:
        beside = [one for one in commands if not one.seldom][: MAX_SUBCOMMANDS - 1]
    behind = [one for one in commands if one not in beside][:MAX_SUBCOMMANDS]
    options = [_subcommand(one) for one in beside]
    if behind:
        more = [_subcommand(one) for one in behind]
        options.append({"type": GROUP, "name": MORE, "description": "…", "options": more})
    payload: Payload = {
        "name": NAME,
        "type": 1,
        "description": "hallkeeper",
        "options": options,
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


def told(payload: Payload) -> int:
    """Of how many of our commands Discord is told."""
    return sum(len(one["options"]) if one["type"] == GROUP else 1 for one in payload["options"])


def same(wanted: Payload, known: Payload) -> bool:
    """Whether Discord has it that way already. It adds defaults of its own, which say nothing new."""
    return _essence(wanted) == _essence(known)


def _essence(payload: Mapping[str, Any]) -> Payload:
    """Our fields alone, empty ones left out."""
    kept = {key: payload.get(key) for key in _FIELDS}
    kept["options"] = [_essence(option) for option in payload.get("options") or ()]
    return {key: value for key, value in kept.items() if value}


class Spelling:
    """How a text names our commands here: what stands in the group is named with it, ``/hall more unlink``."""

    def __init__(self, payload: Payload) -> None:
        """:param payload: what :func:`hall_command` made."""
        groups = (one["options"] for one in payload["options"] if one["type"] == GROUP)
        self._behind = frozenset(one["name"] for several in groups for one in several)

    def __call__(self, words: Words) -> str:
        """The spoken words, spelled so."""
        return _NAMED.sub(self._one, str(words)) if self._behind else str(words)

    def _one(self, match: re.Match[str]) -> str:
        return f"/{NAME} {MORE} {match[1]}" if match[1] in self._behind else match[0]


_NAMED = re.compile(rf"(?<![\w/])/{NAME} ([a-z][a-z0-9-]*)")
_FIELDS = ("name", "type", "description", "required", "integration_types", "contexts", "description_localizations")


def invoked(data: Mapping[str, Any]) -> tuple[str, str]:
    """The name of our command and the text that came with it, out of an interaction's data."""
    options = data.get("options") or ()
    if not options:
        return "help", ""
    chosen = options[0]
    if chosen.get("type") == GROUP and chosen.get("options"):
        chosen = chosen["options"][0]
    given = {option["name"]: option.get("value", "") for option in chosen.get("options") or ()}
    return str(chosen["name"]), str(given.get(TEXT_OPTION, ""))
