"""What an interaction hands the app to answer with: a trigger for one modal, an address for a few messages."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from sandbox.slack.acts import Act

TRIGGER_SECONDS = 3.0
"""A trigger_id opens a view within this time, once (documented)."""
HOOK_SECONDS = 1800.0
"""A response_url works for half an hour (documented)."""
HOOK_USES = 5
"""and for so many messages (documented)."""
KEPT = 4096
"""How many triggers and addresses are remembered; older ones are forgotten, oldest first."""


@dataclass
class Trigger:
    """A trigger_id: who acted, when (monotonic), in which form's stack if any, and whether it was used."""

    id: str
    member: str
    made: float
    act: Act | None
    view: str = ""
    used: bool = False

    def origin(self) -> tuple[str, str]:
        """The message and channel that the act was done in, empty where there is none."""
        return (self.act.origin, self.act.channel) if self.act is not None else ("", "")


@dataclass
class Hook:
    """A response_url: for which member, channel and message, and how often it was used."""

    path: str
    member: str
    channel: str
    message: str
    thread: str
    made: float
    act: Act | None
    uses: int = 0


class Tickets:
    """All triggers and response addresses that were handed out."""

    def __init__(self) -> None:
        self._triggers: dict[str, Trigger] = {}
        self._hooks: dict[str, Hook] = {}

    def new_trigger(self, member: str, act: Act | None, *, view: str = "") -> Trigger:
        """A trigger for one act of this member."""
        number = time.time_ns() // 1_000_000
        trigger = Trigger(f"{number}.{number % 10**9}.{secrets.token_hex(16)}", member, time.monotonic(), act, view)
        self._triggers[trigger.id] = trigger
        if len(self._triggers) > KEPT:
            del self._triggers[next(iter(self._triggers))]
        return trigger

    def trigger(self, trigger_id: str) -> Trigger | None:
        """The trigger by its id."""
        return self._triggers.get(trigger_id)

    def new_hook(self, member: str, channel: str, act: Act | None, *, message: str = "", thread: str = "") -> Hook:
        """An address for messages in answer to one act of this member."""
        hook = Hook(secrets.token_hex(16), member, channel, message, thread, time.monotonic(), act)
        self._hooks[hook.path] = hook
        if len(self._hooks) > KEPT:
            del self._hooks[next(iter(self._hooks))]
        return hook

    def hook(self, path: str) -> Hook | None:
        """The address by the last part of its path."""
        return self._hooks.get(path)
