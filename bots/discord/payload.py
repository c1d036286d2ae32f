"""What a control says when it is used: everything, in the at most 100 characters of a ``custom_id``.

``ACTION`` a button or a select; ``f:ACTION`` a button whose press wants a form; ``c:ACTION:VALUE`` one option of a
choice that stands as buttons. ``~2`` after the action tells controls apart that would say the same (Discord refuses
two equal ids in one message).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from core.action import Action, ActionError

MAX_ID = 100
"""Characters of a custom_id (Discord's reference, "Component Object")."""

_FORM, _OPTION = "f:", "c:"


class Payload(NamedTuple):
    """A control's meaning. ``value`` is the option's of a choice, None for a button that is none."""

    action: Action
    form: bool = False
    value: str | None = None


class Ids:
    """Makes the ids of one message's controls, all different."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def button(self, action: Action, *, form: bool = False) -> str:
        """For a button."""
        return self._unique((_FORM if form else "") + action.encode())

    def option(self, action: Action, value: str) -> str | None:
        """For an option as a button of its own; None when its value does not fit."""
        made = self._unique(_OPTION + action.encode(), ":" + value)
        return made if len(made) <= MAX_ID else None

    def _unique(self, head: str, tail: str = "") -> str:
        made, number = head + tail, 1
        while made in self._used:
            number += 1
            made = f"{head}~{number}{tail}"
        self._used.add(made)
        return made


@lru_cache(maxsize=4096)
def read(custom_id: str) -> Payload:
    """Back from an id. Raises :class:`core.action.ActionError` for one that we could not have made.

    Remembered (it depends on nothing else): a whole server presses the same few buttons.
    """
    if custom_id.startswith(_OPTION):
        encoded, found, value = custom_id[2:].partition(":")
        if not found or not value:
            raise ActionError("an option without a value")
        return Payload(_action(encoded), value=value)
    if custom_id.startswith(_FORM):
        return Payload(_action(custom_id[2:]), form=True)
    return Payload(_action(custom_id))


def _action(text: str) -> Action:
    return Action.decode(text.partition("~")[0])
