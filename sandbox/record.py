"""What a sandbox platform took and refused: the witness that tests ask."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Taken:
    """A message that the platform took. ``key`` is the idempotency key that came with it (a nonce), or empty."""

    at: float
    call: str
    channel: str
    message: str
    text: str
    key: str = ""


@dataclass(frozen=True)
class Refused:
    """A call that the platform refused, in its own words."""

    at: float
    call: str
    status: int
    error: str


@dataclass
class Record:
    """Everything taken and refused since the start, and how often each call came. Times are Unix seconds."""

    taken: list[Taken] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)

    def count(self, call: str) -> None:
        """One more call by that name."""
        self.calls[call] = self.calls.get(call, 0) + 1
