"""What the buttons of surveys say, and how it is read back."""

from __future__ import annotations

from uuid import UUID

from core.action import Action, Argument

CODE = "sv"
"""The plugin's permanent short code."""


def action(verb: str, community_id: UUID, *args: Argument) -> Action:
    """An action of this plugin."""
    return Action(CODE, verb, args, community_id)


def named(one: Action) -> UUID | None:
    """The survey or wave that an action names; None for nothing that we ever wrote."""
    return one.args[0] if one.args and isinstance(one.args[0], UUID) else None


def number(one: Action, place: int = 1) -> int:
    """A number that an action says, -1 where there is none."""
    found = one.args[place] if len(one.args) > place else None
    return found if isinstance(found, int) else -1
