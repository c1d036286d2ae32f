"""Simulated members who take part: they see a question, think, and answer it the way their platform lets them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, TypeVar

from sandbox.control import ControlError, MemberView, MessageView, OutcomeKind, Platform, State
from sandbox.phrases import phrases
from sandbox.walk import ACT_SECONDS, Walk, usable

THINKING_SECONDS = 4.0
"""The median time before a member answers, at pace 1; some are three times as fast, some three times as slow."""
LOOK_SECONDS = 0.05
"""Between two looks at a busy platform."""
REACTIONS = ("👍", "❤", "🔥", "👏")

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass
class Tally:
    """What the crowd did on one platform.

    ``answered`` counts the answers that were sent, ``acknowledged`` those of them that the bot was seen to take,
    ``failed`` the attempts that ended otherwise, also those that failed before an answer could be sent. So what a
    store holds of them lies between ``acknowledged`` and ``answered``.
    """

    answered: int = 0
    acknowledged: int = 0
    failed: int = 0


class Crowd:
    """Members of the platforms' spaces, all by the same rules and each by their own chance, fixed by ``seed``.

    ``pace`` scales every human delay (0.1: ten times as fast). ``joins`` says who is simulated: plain members unless
    told otherwise, so that a person at the page has owners and admins to themselves. ``eager`` is the share of
    members that answers a question, ``replying`` the share of answers by plain reply. ``asks`` says which of the
    bot's messages are questions.
    """

    def __init__(
        self,
        platforms: Sequence[Platform],
        *,
        seed: int = 0,
        pace: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        joins: Callable[[MemberView], bool] = lambda member: member.role == "member",
        asks: Callable[[MessageView], bool] | None = None,
        eager: float = 0.8,
        replying: float = 0.2,
    ) -> None:
        self.tallies = {platform.name: Tally() for platform in platforms}
        self._sights = [_Sight(platform) for platform in platforms]
        self._seed = seed
        self._pace = pace
        self._clock = clock
        self._sleep = sleep
        self._joins = joins
        self._asks = asks or _asks
        self._eager = eager
        self._replying = replying
        self._enough = asyncio.Event()
        self._busy: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        """Nobody begins anything new; :meth:`run` returns when those who are at it have finished."""
        self._enough.set()

    async def run(self, until: float | None = None) -> None:
        """Take part until the clock says ``until``, or until :meth:`stop`."""
        looking = [asyncio.create_task(sight.look()) for sight in self._sights]
        looking += [asyncio.create_task(self._notice(sight)) for sight in self._sights]
        try:
            if until is None:
                await self._enough.wait()
            else:
                await self._pause(max(0.0, until - self._clock()))
                self._enough.set()
            if self._busy:
                await asyncio.wait(self._busy, timeout=2 * ACT_SECONDS)
        finally:
            for task in [*looking, *self._busy]:
                task.cancel()
            await asyncio.gather(*looking, *self._busy, return_exceptions=True)

    async def _pause(self, seconds: float) -> bool:
        """Wait, but not beyond the end; returns whether to go on."""
        if self._enough.is_set():
            return False
        tasks = [asyncio.ensure_future(self._sleep(seconds)), asyncio.ensure_future(self._enough.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        return not self._enough.is_set()

    async def _notice(self, sight: _Sight) -> None:
        """Give each new question to every member of its space."""
        seen: dict[str, int] = {}
        revision = -1
        while True:
            state = await sight.newer(revision)
            revision = state.revision
            for channel in state.channels:
                for message in () if channel.member else channel.messages:
                    if message.id in seen or not message.by_bot or message.only_for or not self._asks(message):
                        continue
                    seen[message.id] = len(seen)
                    for member in state.members:
                        if member.space == channel.space and member.present and self._joins(member):
                            chance = Random(f"{self._seed} {state.platform} {member.name} {seen[message.id]}")
                            guest = _Guest(self, sight, member, chance)
                            self._start(guest.take_part(message))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    async def think(self, chance: Random, median: float) -> bool:
        """A human delay around ``median`` seconds; returns whether to go on."""
        return await self._pause(median * self._pace * math.exp(chance.gauss(0.0, 0.55)))

    def shares(self) -> tuple[float, float]:
        """The shares of members that answer, and of answers by plain reply."""
        return self._eager, self._replying


class _Sight:
    """What can be seen on one platform, read once for all of its members."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self._state: State | None = None
        self._fresh = asyncio.Condition()

    async def look(self) -> None:
        """Keep looking, for ever."""
        revision = -1
        while True:
            now = await self.platform.until(revision, ACT_SECONDS)
            if now != revision:
                revision = now
                async with self._fresh:
                    self._state = self.platform.state(messages=80)
                    self._fresh.notify_all()
            await asyncio.sleep(LOOK_SECONDS)

    async def after(self, find: Callable[[State], T | None]) -> T:
        """What ``find`` finds in the next state that has it."""
        async with self._fresh:
            while True:
                await self._fresh.wait()
                if self._state is not None and (found := find(self._state)) is not None:
                    return found

    async def newer(self, revision: int) -> State:
        """A state other than that of ``revision``, the present one where it is."""
        async with self._fresh:
            while self._state is None or self._state.revision == revision:
                await self._fresh.wait()
            return self._state

    async def within(self, seconds: float, find: Callable[[State], T | None]) -> T | None:
        """The same in the state now or soon; None when ``seconds`` went by without."""
        if (found := find(self.platform.state(messages=80))) is not None:
            return found
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(self.after(find), seconds)
        return None


@dataclass
class _Guest:
    """One member and one question."""

    crowd: Crowd
    sight: _Sight
    member: MemberView
    chance: Random
    sent: bool = False

    async def take_part(self, question: MessageView) -> None:
        """React, answer, chat: as this member's chance has it."""
        eager, replying = self.crowd.shares()
        answers, reacts, chats = self.chance.random() < eager, self.chance.random() < 0.2, self.chance.random() < 0.1
        by_reply = self.chance.random() < replying
        if not await self.crowd.think(self.chance, THINKING_SECONDS):
            return
        platform = self.sight.platform
        with contextlib.suppress(ControlError):
            if reacts:
                await platform.react(self.member.id, question.id, self.chance.choice(REACTIONS))
        if answers:
            await self._answer(question, by_reply)
        with contextlib.suppress(ControlError):
            if chats and await self.crowd.think(self.chance, THINKING_SECONDS):
                words = self.chance.choice(phrases(self.member.locale).chatter)
                await platform.type(self.member.id, question.channel, words)

    async def _answer(self, question: MessageView, by_reply: bool) -> None:
        tally = self.crowd.tallies[self.sight.platform.name]
        try:
            taken = await (self._reply(question) if by_reply or not usable(question) else self._act(question))
        except ControlError as error:
            log.debug("%s could not go on: %s", self.member.name, error)
            if not self.sent:
                return  # the question went away while they thought
            taken = False
        tally.answered += self.sent
        tally.acknowledged += taken
        tally.failed += not taken

    # -- by plain reply ----------------------------------------------------------------------------------------
    async def _reply(self, question: MessageView) -> bool:
        me, platform = self.member.id, self.sight.platform
        words = phrases(self.member.locale).answer(self.chance)
        before = {message.id for message in _messages(platform.state(messages=80))}
        self.sent = True
        await platform.type(me, question.channel, words, reply_to=question.id)

        def acknowledged(state: State) -> bool | None:
            own = [m for m in _messages(state) if m.author == me and m.id not in before]
            mine = {message.id for message in own}
            marked = any(who for message in own for who in message.reactions.values())
            answered = any(
                m.by_bot and m.id not in before and (m.only_for == me or m.reply_to in mine or m.thread in mine)
                for m in _messages(state)
            )
            in_private = any(
                m.by_bot and m.id not in before for c in state.channels if c.member == me for m in c.messages
            )
            return True if marked or answered or in_private else None

        return bool(await self.sight.within(ACT_SECONDS, acknowledged))

    # -- by what the message offers ----------------------------------------------------------------------------
    async def _act(self, question: MessageView) -> bool:
        walk = Walk(
            self.sight.platform,
            self.member.id,
            self.member.locale,
            self.chance,
            partial(self.crowd.think, self.chance),
        )
        try:
            outcome = await walk.act(question, usable(question)[0])
        finally:
            self.sent = walk.sent
        return outcome.kind in {OutcomeKind.MESSAGE, OutcomeKind.ACKNOWLEDGED}


def _messages(state: State) -> list[MessageView]:
    return [message for channel in state.channels for message in channel.messages]


def _asks(message: MessageView) -> bool:
    return bool(usable(message)) or message.text.rstrip().endswith("?")
