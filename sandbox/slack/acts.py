"""A member's act, followed until they see what came of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from sandbox.control import FormView, MessageView, Outcome, OutcomeKind
from sandbox.slack.socket_mode import Ack

SETTLE_SECONDS = 1.0
"""How long an act that shares its message with others waits for a surer answer after that message changed."""

Seen = tuple[OutcomeKind, float, FormView | None, MessageView | None, str]


class Act:
    """One thing a member did. ``origin`` is the message it was done on, ``typed`` the one it wrote."""

    def __init__(self, member: str, *, origin: str = "", typed: str = "", channel: str = "") -> None:
        self.member = member
        self.origin = origin
        self.typed = typed
        self.channel = channel
        self.started = time.monotonic()
        self._seen: asyncio.Future[Seen] = asyncio.get_running_loop().create_future()

    @property
    def done(self) -> bool:
        """Whether the member has seen something."""
        return self._seen.done()

    def see(
        self, kind: OutcomeKind, *, form: FormView | None = None, message: MessageView | None = None, text: str = ""
    ) -> None:
        """The member sees this now; what comes later is no part of the outcome."""
        if not self._seen.done():
            self._seen.set_result((kind, time.monotonic(), form, message, text))

    def see_later(self, seen: Seen) -> None:
        """The member may have seen this as an answer, if nothing surer comes within a moment."""

        def settle() -> None:
            if not self._seen.done():
                self._seen.set_result(seen)

        asyncio.get_running_loop().call_later(SETTLE_SECONDS, settle)

    async def outcome(self, ack: Ack | None, wait: float) -> Outcome:
        """What came of it within ``wait`` seconds of the start, given the app's acknowledgement."""
        if ack is None:
            passed = 1000 * (time.monotonic() - self.started)
            text = "This app did not respond in time."
            return Outcome(OutcomeKind.FAILED, first_ms=passed, ms=passed, text=text)
        first = 1000 * (ack.at - self.started)
        try:
            async with asyncio.timeout(max(0.0, self.started + wait - time.monotonic())):
                kind, at, form, message, text = await asyncio.shield(self._seen)
        except TimeoutError:
            return Outcome(OutcomeKind.ACKNOWLEDGED, first_ms=first, ms=first)
        return Outcome(kind, first, 1000 * (at - self.started), form, message, text)


class Acts:
    """The acts whose members still wait to see something, found by member and by message."""

    def __init__(self) -> None:
        self._by_member: dict[str, dict[Act, None]] = {}
        self._by_origin: dict[str, dict[Act, None]] = {}
        self._by_typed: dict[str, Act] = {}

    def begin(self, act: Act) -> Act:
        """Follow an act."""
        self._by_member.setdefault(act.member, {})[act] = None
        if act.origin:
            self._by_origin.setdefault(act.origin, {})[act] = None
        if act.typed:
            self._by_typed[act.typed] = act
        return act

    def end(self, act: Act) -> None:
        """Stop following it."""
        for index, key in ((self._by_member, act.member), (self._by_origin, act.origin)):
            if key in index:
                index[key].pop(act, None)
                if not index[key]:
                    del index[key]
        self._by_typed.pop(act.typed, None)

    def told(self, member: str, view: Callable[[], MessageView]) -> None:
        """The bot wrote something that this member alone sees: their oldest open act is answered."""
        for act in self._by_member.get(member, ()):
            if not act.done:
                act.see(OutcomeKind.MESSAGE, message=view())
                return

    def replied(self, thread: str, view: Callable[[], MessageView]) -> None:
        """The bot replied in the thread of a message that a member just wrote, or that they wrote in."""
        act = self._by_typed.get(thread)
        if act is not None:
            act.see(OutcomeKind.MESSAGE, message=view())

    def form_changed(self, member: str, form: FormView) -> None:
        """The form in front of a member shows something else."""
        for act in self._by_member.get(member, ()):
            if not act.done:
                act.see(OutcomeKind.FORM, form=form)
                return

    def marked(self, ts: str, view: Callable[[], MessageView]) -> None:
        """The bot put an emoji on a message that a member just wrote, which is what they see then."""
        act = self._by_typed.get(ts)
        if act is not None:
            act.see(OutcomeKind.ACKNOWLEDGED, message=view())

    def changed(self, ts: str, view: Callable[[], MessageView]) -> None:
        """The message that was acted on changed. When several acted on it nobody knows whose answer that is."""
        acts = [act for act in self._by_origin.get(ts, ()) if not act.done]
        if not acts:
            return
        message = view()
        if len(acts) == 1:
            acts[0].see(OutcomeKind.MESSAGE, message=message)
            return
        seen: Seen = (OutcomeKind.MESSAGE, time.monotonic(), None, message, "")
        for act in acts:
            act.see_later(seen)
