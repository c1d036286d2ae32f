"""How a Web API method is written: a function, with the scopes it asks for and how often it may be called."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Channel, Message


class Tier(Enum):
    """Calls a minute, per method and workspace (documented: docs.slack.dev/apis/web-api/rate-limits)."""

    ONE = 1
    TWO = 20
    THREE = 50
    FOUR = 100
    POST = -1
    """About one a second in each channel, with a short burst."""
    SPECIAL = 0
    """Hundreds a minute: not limited here."""


class Refusal(Exception):
    """Slack's answer when it does not do what was asked: ``{"ok": false, "error": …}`` with HTTP 200."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more


class Arguments:
    """A call's arguments, from the query, a form or JSON: nested ones may come as JSON in a string."""

    def __init__(self, values: JSON) -> None:
        self.values = values

    def text(self, name: str, default: str = "") -> str:
        """An argument as text."""
        value = self.values.get(name)
        return default if value is None else str(value)

    def flag(self, name: str) -> bool:
        """An argument as yes or no: JSON's true, or "1", "true"."""
        return str(self.values.get(name, "")).lower() in ("1", "true")

    def number(self, name: str, default: int) -> int:
        """An argument as a number. Refuses with ``invalid_arguments``."""
        try:
            return int(self.values.get(name) or default)
        except (TypeError, ValueError):
            raise Refusal("invalid_arguments") from None

    def nested(self, name: str, error: str) -> Any:
        """A nested argument, or None. Refuses with ``error`` what is no JSON."""
        value = self.values.get(name)
        if isinstance(value, str) and value:
            try:
                return json.loads(value)
            except ValueError:
                raise Refusal(error) from None
        return value or None

    def names(self, name: str) -> list[str]:
        """A list that may come as commas in a string."""
        value = self.values.get(name)
        if isinstance(value, list):
            return [str(item) for item in value]
        return [item.strip() for item in str(value).split(",") if item.strip()] if value else []

    def required(self, name: str) -> str:
        """An argument that must be there. Refuses with ``invalid_arguments`` as Slack does."""
        value = self.text(name)
        if not value:
            message = f"[ERROR] missing required field: {name}"
            raise Refusal("invalid_arguments", response_metadata={"messages": [message]})
        return value


Handler = Callable[[Workspace, Arguments], Awaitable[JSON]]


@dataclass(frozen=True)
class Method:
    """One method. Any of ``scopes`` opens it, none asks for no scope. ``app_token``: it takes the app's own token."""

    name: str
    handler: Handler
    tier: Tier
    scopes: tuple[str, ...] = ()
    app_token: bool = False


METHODS: dict[str, Method] = {}
"""Filled by the decorator below while the methods' modules are imported, read only afterwards."""


def method(name: str, tier: Tier, *scopes: str, app_token: bool = False) -> Callable[[Handler], Handler]:
    """Make a function the Web API method ``name``."""

    def keep(handler: Handler) -> Handler:
        METHODS[name] = Method(name, handler, tier, scopes, app_token)
        return handler

    return keep


def find_channel(workspace: Workspace, name: str) -> Channel:
    """A channel by id or ``#name``. Refuses with ``channel_not_found``."""
    world = workspace.world
    channel = world.channels.get(name) or world.channels.get(world.channel_names.get(name.lstrip("#"), ""))
    if channel is None:
        raise Refusal("channel_not_found")
    return channel


def find_message(
    workspace: Workspace, arguments: Arguments, *, ts: str = "ts", error: str
) -> tuple[Channel, Message]:
    """The message that ``channel`` and ``ts`` name; ephemeral ones are found by nobody. Refuses with ``error``."""
    channel = find_channel(workspace, arguments.required("channel"))
    message = channel.messages.get(arguments.required(ts))
    if message is None or message.only_for:
        raise Refusal(error)
    return channel, message


def page(items: list[Any], arguments: Arguments, key: str, *, default: int = 100, most: int = 1000) -> JSON:
    """One page of a list with Slack's cursor to the next. Refuses with ``invalid_cursor`` or ``invalid_limit``."""
    limit = arguments.number("limit", default)
    cursor = arguments.text("cursor")
    if not 0 < limit <= most:
        raise Refusal("invalid_limit")
    if cursor and not cursor.isdigit():
        raise Refusal("invalid_cursor")
    start = int(cursor or 0)
    following = str(start + limit) if start + limit < len(items) else ""
    return {key: items[start : start + limit], "response_metadata": {"next_cursor": following}}
