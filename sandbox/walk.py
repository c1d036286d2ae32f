"""One member's way through what the bot shows: press, fill in, answer a dialogue, until it asks no more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from random import Random

from sandbox.control import ControlView, MessageView, Outcome, OutcomeKind, Platform
from sandbox.filling import filled, worded
from sandbox.phrases import phrases, step

WRITING_SECONDS = 1.5
"""The median time before the next step of somebody who is at it, at pace 1."""
ACT_SECONDS = 10.0
"""How long a member waits for what comes of an act."""
TURNS = 16
"""After so many turns of a dialogue, and after a quarter as many refusals of a form, a member gives up."""
TRIES = 2
"""A press, or a form, that the platform shows as failed is sent once more, as people do."""
FOLLOWING_SECONDS = 2.0
"""How long a member looks for the next question where an act showed none."""
LOOK_SECONDS = 0.05


class Walk:
    """A member on the way. ``pause`` is a human delay around so many seconds, ``declines`` are labels of buttons that
    this member leaves alone.

    ``sent``: something went out that the bot may count. ``seen`` are the outcomes so far, in order.
    """

    def __init__(
        self,
        platform: Platform,
        member: str,
        locale: str,
        chance: Random,
        pause: Callable[[float], Awaitable[object]],
        declines: Collection[str] = (),
    ) -> None:
        self.sent = False
        self.seen: list[Outcome] = []
        self._platform = platform
        self._me = member
        self._locale = locale
        self._chance = chance
        self._pause = pause
        self._declines = declines

    async def act(self, message: MessageView, control: ControlView) -> Outcome:
        """Use a control of a message and go on to the end; what the member saw last.

        A way that does not end, and one that can't be gone on, end as failed.
        Raises ControlError for what this member can't do.
        """
        platform, me = self._platform, self._me
        outcome = Outcome(OutcomeKind.FAILED)
        for _ in range(TRIES):
            if control.kind == "select":
                self.sent = True
                values = filled(control.options, max(1, control.minimum), control.maximum, self._chance)
                outcome = self._saw(await platform.pick(me, message.id, control.id, values, wait=ACT_SECONDS))
            elif control.kind == "link":
                outcome = self._saw(await platform.follow(me, control.url, wait=ACT_SECONDS))
            else:
                outcome = self._saw(await platform.press(me, message.id, control.id, wait=ACT_SECONDS))
            if outcome.kind is not OutcomeKind.FAILED or self.sent:
                break
            await self._pause(WRITING_SECONDS)
        return await self.go_on(outcome)

    async def go_on(self, outcome: Outcome) -> Outcome:
        """From what came of an act to the end."""
        platform, me = self._platform, self._me
        refusals = 0
        while refusals < TURNS // 4:
            if outcome.kind in {OutcomeKind.FORM, OutcomeKind.INVALID} and outcome.form is not None:
                refusals += outcome.kind is OutcomeKind.INVALID
                await self._pause(WRITING_SECONDS)
                values = worded(outcome.form, phrases(self._locale), self._chance)
                self.sent = True
                outcome = self._saw(await platform.fill(me, outcome.form.id, values, wait=ACT_SECONDS))
            elif outcome.kind is OutcomeKind.LINK:
                outcome = self._saw(await platform.follow(me, outcome.url, wait=ACT_SECONDS))
                refusals += 1
            elif outcome.message is not None and self._usable(outcome.message) and self._is_mine(outcome.message):
                return await self._talk(outcome.message)
            else:
                self.sent = self.sent or outcome.kind is not OutcomeKind.FAILED
                return outcome
        return Outcome(OutcomeKind.FAILED)

    def _usable(self, message: MessageView) -> list[ControlView]:
        return [one for one in usable(message) if one.label not in self._declines]

    def _saw(self, outcome: Outcome) -> Outcome:
        self.seen.append(outcome)
        return outcome

    def _is_mine(self, message: MessageView) -> bool:
        if message.only_for:
            return message.only_for == self._me
        return self._platform.channel(message.channel, messages=0).member == self._me

    async def _talk(self, question: MessageView) -> Outcome:
        """A dialogue, question by question, until the bot stops asking."""
        platform, me = self._platform, self._me
        picked: set[str] = set()
        for _ in range(TURNS):
            await self._pause(WRITING_SECONDS)
            offered = {step(one.label): one for one in self._usable(question)}
            options = [one for one in self._usable(question) if not step(one.label) and one.id not in picked]
            if options and not (picked and "done" in offered):
                control = self._chance.choice(options)
                picked.add(control.id)
            elif picked and "done" in offered:
                control = offered["done"]
            elif question.only_for:
                break  # there is nothing to press, and nobody can write into what only they see
            else:
                control = None
            self.sent = True
            if control is None:
                words = phrases(self._locale).answer(self._chance)
                outcome = self._saw(await platform.type(me, question.channel, words, wait=ACT_SECONDS))
            else:
                outcome = self._saw(await platform.press(me, question.id, control.id, wait=ACT_SECONDS))
            if outcome.kind in {OutcomeKind.FORM, OutcomeKind.LINK}:
                return await self.go_on(outcome)
            if outcome.kind is OutcomeKind.FAILED:
                return outcome
            following = await self._following(question, outcome)
            if following is None:
                return outcome
            if following.id != question.id:
                picked = set()
            question = following
        return Outcome(OutcomeKind.FAILED)

    async def _following(self, question: MessageView, outcome: Outcome) -> MessageView | None:
        """The bot's next question, or None when it asks no more."""
        shown = outcome.message
        if shown is not None and shown.by_bot and shown.id != question.id:
            return shown if self._usable(shown) else None
        until = time.monotonic() + FOLLOWING_SECONDS
        while True:
            if question.only_for:  # what follows took its place; whatever else stands there is for others
                newest = self._platform.message(question.id)
            else:
                here = self._platform.channel(question.channel, messages=5).messages
                newest = next((one for one in reversed(here) if one.by_bot), question)
            if newest.id != question.id or self._usable(newest):
                return newest if self._usable(newest) else None
            if time.monotonic() > until:
                return None
            await asyncio.sleep(LOOK_SECONDS)


def usable(message: MessageView) -> list[ControlView]:
    """The controls that can be used, the one that stands out first."""
    found = [one for one in message.controls if not one.disabled]
    return sorted(found, key=lambda one: one.style not in {"primary", "success"})
