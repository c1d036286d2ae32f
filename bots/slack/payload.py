"""What a control says when it is used: everything, in the at most 255 characters of an ``action_id``.

``ACTION`` a button or a menu; ``f:ACTION`` a button whose press wants a form; ``t:ACTION`` a field that answers such
a form without a press; ``c:ACTION`` one option of a choice that stands as buttons, its number in the action and its
value in the button's; ``u:`` a link, which Slack tells of as well. ``~2`` at the end tells controls apart that would
say the same.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from core.action import Action

_FORM, _TYPED, _OPTION, _LINK = "f:", "t:", "c:", "u:"


class Payload(NamedTuple):
    """A control's meaning. ``action`` is None for a link; ``option`` says that it is one option's button, ``typed``
    that it is a field."""

    action: Action | None
    form: bool = False
    option: bool = False
    typed: bool = False


class Ids:
    """Makes the ids of one message's controls, all different."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def button(self, action: Action, *, form: bool = False) -> str:
        """For a button or a menu."""
        return self._unique((_FORM if form else "") + action.encode())

    def typed(self, action: Action) -> str:
        """For a field of a message."""
        return self._unique(_TYPED + action.encode())

    def option(self, action: Action, number: int) -> str:
        """For an option as a button of its own."""
        return self._unique(_OPTION + action.with_pick(number).encode())

    def link(self) -> str:
        """For a link."""
        return self._unique(_LINK)

    def _unique(self, made: str) -> str:
        found, number = made, 1
        while found in self._used:
            number += 1
            found = f"{made}~{number}"
        self._used.add(found)
        return found


@lru_cache(maxsize=4096)
def read(action_id: str) -> Payload:
    """Back from an id. Raises :class:`core.action.ActionError` for one that we could not have made.

    Remembered (it depends on nothing else): a whole workspace presses the same few buttons.
    """
    said = action_id.partition("~")[0]
    if said == _LINK:
        return Payload(None)
    if said.startswith(_OPTION):
        return Payload(Action.decode(said[2:]).without_pick(), option=True)
    if said.startswith(_TYPED):
        return Payload(Action.decode(said[2:]), typed=True)
    if said.startswith(_FORM):
        return Payload(Action.decode(said[2:]), form=True)
    return Payload(Action.decode(said))
