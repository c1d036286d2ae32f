"""Application commands: how a bot registers them, and how a member's words become one.

Source: Discord's reference, "Application Commands".
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Any

from sandbox.control import ControlError
from sandbox.discord import rules
from sandbox.discord.rules import Checks, Path
from sandbox.discord.world import Wire, World

CHAT_INPUT = 1
NAME = re.compile(r"[-_'\w]{1,32}")
"""Names of slash commands and options: in lower case where letters have one (documented, with the Unicode flag)."""
LOCALES = frozenset(
    [
        "id",
        "da",
        "de",
        "en-GB",
        "en-US",
        "es-ES",
        "es-419",
        "fr",
        "hr",
        "it",
        "lt",
        "hu",
        "nl",
        "no",
        "pl",
        "pt-BR",
        "ro",
        "fi",
        "sv-SE",
        "vi",
        "tr",
        "cs",
        "el",
        "bg",
        "ru",
        "uk",
        "hi",
        "th",
        "zh-CN",
        "ja",
        "zh-TW",
        "ko",
    ]
)
"""Discord's locales (reference, "Locales")."""


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
    """The commands of a bulk put, refused as Discord refuses them."""
    checks = Checks()
    commands = checks.objects((), body, rules.COMMANDS)
    names: set[tuple[int, str]] = set()
    for index, command in enumerate(commands):
        kind = command.get("type") or CHAT_INPUT
        if checks.choice((index, "type"), kind, {CHAT_INPUT, 2, 3}):
            _check_command(checks, (index,), command, kind)
        key = (kind, str(command.get("name")))
        if key in names:
            words = "Application command names must be unique"
            checks.add((index, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", words)
        names.add(key)
    checks.raise_any()
    return commands


def _check_command(checks: Checks, path: Path, command: Wire, kind: int) -> None:
    if kind != CHAT_INPUT:
        checks.text((*path, "name"), command.get("name"), rules.COMMAND_NAME, required=True)
        if command.get("description"):
            words = "Context menu commands cannot have description"
            checks.add((*path, "description"), "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION", words)
        return
    _check_named(checks, path, command)
    _check_options(checks, (*path, "options"), command.get("options"), depth=0)
    if _size(command) > rules.COMMAND_TOTAL.limit:
        words = f"Command exceeds maximum size ({rules.COMMAND_TOTAL.limit})"
        checks.add(path, "APPLICATION_COMMAND_TOO_LARGE", words)


def _check_named(checks: Checks, path: Path, item: Wire) -> None:
    name = checks.text((*path, "name"), item.get("name"), rules.COMMAND_NAME, required=True)
    checks.text((*path, "description"), item.get("description"), rules.COMMAND_DESCRIPTION, required=True)
    localized = item.get("name_localizations") or {}
    for place, text in [
        ((*path, "name"), name),
        *(((*path, "name_localizations", k), v) for k, v in localized.items()),
    ]:
        if text and (not NAME.fullmatch(text) or text != text.lower()):
            checks.add(place, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    for language, text in (item.get("description_localizations") or {}).items():
        checks.text((*path, "description_localizations", language), text, rules.COMMAND_DESCRIPTION, required=True)
    for field in ("name_localizations", "description_localizations"):
        for language in item.get(field) or {}:
            if language not in LOCALES:
                words = "Value must be one of Discord's locales."
                checks.add((*path, field, language), "ENUM_TYPE_COERCE", words)


def _check_options(checks: Checks, path: Path, options: Any, *, depth: int) -> None:
    """Options of a command (depth 0), of a group (1) or of a subcommand (2)."""
    allowed = [set(Option), {Option.SUBCOMMAND}, set(Option) - {Option.SUBCOMMAND, Option.GROUP}][depth]
    names: set[str] = set()
    optional = False
    found = checks.objects(path, options, rules.COMMAND_OPTIONS)
    kinds = {option.get("type") in {Option.SUBCOMMAND, Option.GROUP} for option in found}
    if len(kinds) > 1:
        words = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        checks.add(path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", words)
    for index, option in enumerate(found):
        place, kind = (*path, index), option.get("type")
        if not checks.choice((*place, "type"), kind, {int(each) for each in allowed}):
            continue
        _check_named(checks, place, option)
        name = str(option.get("name"))
        if name in names:
            words = "Option names must be unique"
            checks.add((*place, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", words)
        names.add(name)
        if kind in {Option.SUBCOMMAND, Option.GROUP}:
            _check_options(checks, (*place, "options"), option.get("options"), depth=2 if kind == 1 else 1)
            continue
        if option.get("required") and optional:
            words = "Required options must be placed before non-required options"
            checks.add(place, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", words)
        optional = optional or not option.get("required")
        for number, choice in enumerate(
            checks.objects((*place, "choices"), option.get("choices"), rules.COMMAND_CHOICES)
        ):
            inner = (*place, "choices", number)
            checks.text((*inner, "name"), choice.get("name"), rules.OPTION_LABEL, required=True)
            if kind == Option.STRING:
                checks.text((*inner, "value"), choice.get("value"), rules.OPTION_VALUE, required=True)


def _size(item: Wire) -> int:
    """Characters of all names, descriptions and values (documented: at most 8000 together)."""
    own = sum(len(str(item.get(name) or "")) for name in ("name", "description", "value"))
    parts = [*(item.get("options") or []), *(item.get("choices") or [])]
    return own + sum(_size(part) for part in parts if isinstance(part, dict))


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
