"""Failures on purpose: what a network and a platform do to a bot on a bad day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What goes wrong."""

    RATE_LIMIT = "rate_limit"
    """A call is refused with 429 and the platform's own headers, nothing is taken."""
    SERVER_ERROR = "server_error"
    """A call is refused with 500, nothing is taken."""
    DROP = "drop"
    """The connection closes before the call is taken."""
    DROP_AFTER_TAKING = "drop_after_taking"
    """The call is taken (the message stands in the channel), then the connection closes without an answer."""
    SLOW = "slow"
    """The call is taken, and answered only after ``seconds``."""
    LATE = "late"
    """The call is taken only after ``seconds``, whether or not the caller is still there."""
    DUPLICATE = "duplicate"
    """An event is sent to the bot twice."""
    REORDER = "reorder"
    """An event is held back until the one after it was sent."""
    DISCONNECT = "disconnect"
    """The event connection closes; the library is expected to come back by itself."""
    LOSE_SESSION = "lose_session"
    """As DISCONNECT, and what was sent meanwhile is lost (Discord's invalid session)."""


CALL_FAULTS = frozenset(
    {
        FaultKind.RATE_LIMIT,
        FaultKind.SERVER_ERROR,
        FaultKind.DROP,
        FaultKind.DROP_AFTER_TAKING,
        FaultKind.SLOW,
        FaultKind.LATE,
    }
)
EVENT_FAULTS = frozenset({FaultKind.DUPLICATE, FaultKind.REORDER})


class Moment(StrEnum):
    """How far a call has come."""

    ARRIVED = "arrived"
    """The request is here, and nothing was decided: a failure that is arranged now still befalls it."""
    TAKEN = "taken"
    """All was done that it asked for, and its answer is not on its way yet."""


Watcher = Callable[[Moment, str, str], None]
"""Told of a call's moments with its name and the Host that it was addressed to: processes that reach the same server
by different names of this machine can be told apart."""


@dataclass
class Fault:
    """One arranged failure.

    ``match`` is a part of the call's name (``chat.postMessage``, ``POST /channels``) or of the event's type; empty
    matches all. It happens ``count`` times. ``seconds`` is how long, where that means something.
    """

    kind: FaultKind
    match: str = ""
    count: int = 1
    seconds: float = 1.0

    def __post_init__(self) -> None:
        self.kind = FaultKind(self.kind)


class Faults:
    """The failures that are arranged and have not happened yet."""

    def __init__(self) -> None:
        self.watcher: Watcher | None = None
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Arrange a failure."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """Forget what has not happened."""
        self._waiting.clear()

    def tell(self, moment: Moment, call: str, host: str) -> None:
        """Tell whoever watches how far a call has come."""
        if self.watcher is not None:
            self.watcher(moment, call, host)

    def take(self, name: str, kinds: frozenset[FaultKind]) -> Fault | None:
        """The failure that befalls the call or event ``name`` now, used up by one; None when all goes well."""
        for fault in self._waiting:
            if fault.kind in kinds and fault.match in name and fault.count > 0:
                fault.count -= 1
                if fault.count == 0:
                    self._waiting.remove(fault)
                return fault
        return None
