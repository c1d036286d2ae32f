"""Application commands: how a bot registers them, and how a member's words become one.

Source: Discord's reference, "Application Commands".
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Any

from sandbox.control import ControlError
from sandbox.discord.world import Wire, World


class Option(IntEnum):
    """Option types."""

    SUBCOMMAND = 1
    GROUP = 2
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    USER = 6
    CHANNEL = 7
    ROLE = 8
    MENTIONABLE = 9
    NUMBER = 10
    ATTACHMENT = 11


class Book:
    """The commands that are registered, for each server and (scope 0) everywhere."""

    def __init__(self) -> None:
        self._scopes: dict[int, dict[str, Wire]] = {}

    def of(self, scope: int) -> list[Wire]:
        """The commands of one scope, as Discord answers them."""
        return list(self._scopes.get(scope, {}).values())

    def put(self, scope: int, wanted: list[Wire], world: World) -> list[Wire]:
        """Replace all commands of a scope. One that keeps its name and type keeps its id (documented)."""
        known = self._scopes.get(scope, {})
        kept: dict[str, Wire] = {}
        for command in wanted:
            kind = command.get("type", 1)
            key = f"{kind} {command['name']}"
            number = known[key]["id"] if key in known else str(world.ids.next())
            default: Wire = {
                "type": kind, "description": "", "options": [], "default_member_permissions": None, "nsfw": False,
                "dm_permission": True, "integration_types": [0], "contexts": None, "name_localizations": None,
                "description_localizations": None,
            }  # fmt: skip
            own: Wire = {"id": number, "application_id": str(world.application), "version": str(world.ids.next())}
            kept[key] = default | command | own | ({"guild_id": str(scope)} if scope else {})
        self._scopes[scope] = kept
        return list(kept.values())

    def named(self, name: str, scope: int) -> Wire | None:
        """The command that a member of a server (or of no server: 0) sees under a name."""
        key = f"1 {name}"
        found = self._scopes.get(scope, {}).get(key) if scope else None
        if found is None:
            found = self._scopes.get(0, {}).get(key)
            if found is not None and not scope and not _in_direct(found):
                return None
        return found


def _in_direct(command: Wire) -> bool:
    contexts = command.get("contexts")
    return bool(command.get("dm_permission", True)) if contexts is None else 1 in contexts


def checked(body: Any) -> list[Wire]:
    """The commands of a bulk put, when Discord would take them."""
    return list(body)


def invocation(book: Book, text: str, scope: int) -> tuple[Wire, Wire]:
    """The command that a member's words name, and the interaction's ``data``.

    After the name and its subcommands, ``option:value`` pairs are taken as such; other words go into the first
    string option. Raises ControlError for what Discord's client would not let a person send.
    """
    words = text.strip()
    if not words.startswith("/"):
        raise ControlError("a command begins with /")
    name, rest = _word(words[1:])
    command = book.named(name, scope)
    if command is None:
        raise ControlError(f"there is no command /{name} here")
    data: Wire = {"id": command["id"], "name": name, "type": 1}
    if command.get("guild_id"):
        data["guild_id"] = command["guild_id"]
    options, level = command.get("options") or [], data
    while any(o["type"] in {Option.SUBCOMMAND, Option.GROUP} for o in options):
        word, rest = _word(rest)
        chosen = next((o for o in options if o["name"] == word), None)
        if chosen is None:
            named = ", ".join(o["name"] for o in options)
            raise ControlError(f"/{name} needs one of: {named}; {word!r} is none of them")
        inner: Wire = {"name": word, "type": chosen["type"]}
        level["options"] = [inner]
        options, level = chosen.get("options") or [], inner
    level["options"] = _values(options, rest)
    return command, data


def _word(text: str) -> tuple[str, str]:
    word, _, rest = text.strip().partition(" ")
    return word, rest.strip()


def _values(options: list[Wire], text: str) -> list[Wire]:
    given: dict[str, str] = {}
    if options:
        names = "|".join(re.escape(o["name"]) for o in options)
        parts = re.split(rf"(?:^|\s)({names}):\s*", text)
        text = parts[0].strip()
        given = {name: value.strip() for name, value in zip(parts[1::2], parts[2::2], strict=True)}
    if text:
        free = next((o["name"] for o in options if o["type"] == Option.STRING and o["name"] not in given), None)
        if free is None:
            raise ControlError(f"the command takes no free text: {text!r}")
        given[free] = text
    values = []
    for option in options:
        if option["name"] in given:
            value = _value(option, given[option["name"]])
            values.append({"name": option["name"], "type": option["type"], "value": value})
        elif option.get("required"):
            raise ControlError(f"the option {option['name']!r} is required")
    return values


def _value(option: Wire, text: str) -> Any:
    name, kind = option["name"], option["type"]
    if option.get("choices"):
        for choice in option["choices"]:
            if text in {str(choice["name"]), str(choice["value"])}:
                return choice["value"]
        raise ControlError(f"{text!r} is no choice of {name!r}")
    try:
        if kind == Option.STRING:
            if not option.get("min_length", 0) <= len(text) <= option.get("max_length", 6000):
                raise ControlError(f"the option {name!r} is too short or too long")
            return text
        if kind in {Option.INTEGER, Option.NUMBER}:
            number = int(text) if kind == Option.INTEGER else float(text)
            if not option.get("min_value", number) <= number <= option.get("max_value", number):
                raise ControlError(f"the option {name!r} is out of range")
            return number
        if kind == Option.BOOLEAN:
            return {"true": True, "false": False}[text.lower()]
        found = re.fullmatch(r"(?:<(?:@!?|@&|#))?(\d+)>?", text)
        if found is None:
            raise ControlError(f"the option {name!r} wants a mention")
        return found.group(1)
    except (ValueError, KeyError) as error:
        raise ControlError(f"{text!r} does not fit the option {name!r}") from error
