"""``hallkeeper rehearse question``: two questions of the day in three spaces, and what everybody says to them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from app.acting import ActingError, World, ask_next, control_of, fill, is_question, press, until
from app.rehearse.command import Rehearsed
from app.rehearse.stage import Member, Stage, told
from app.rehearse.waits import Waits, pause_before
from plugins.question_of_the_day.tables import Answer, Asked
from sandbox.control import ControlError, MessageView, Outcome, OutcomeKind
from storage.tables import Member as StoredMember

QUESTIONS = 2
ARRIVALS_A_SECOND = 20.0
REPLIES, CHANGES = 0.4, 0.3
"""The shares of members who answer by a reply, and of the others who change their answer."""
WRITING_SECONDS = 3.0
TRIES = 60
"""How often somebody tries who was not told that their answer counts."""
REPLY_SECONDS = 10.0
"""How long somebody looks whether their reply is ticked. In a burst it may not be, and counts all the same."""
COUNTED = ("your answer counts", "Your answer was changed")


@dataclass
class Said:
    """What a member said to a question: ``words`` are those that must stand."""

    member: Member
    question: int
    words: str = ""
    sure: bool = False
    """They were told that it counts. A reply need not be ticked: it must count all the same, whoever hears when."""
    before: str = ""
    """What stood before a change of which nothing was heard."""
    again: int = 0
    times: list[float] = field(default_factory=list)


class Days:
    """The questions, one after the other."""

    def __init__(self, stage: Stage, pace: float) -> None:
        self.stage = stage
        self.pace = pace
        self.said: list[Said] = []
        self.posts: list[dict[str, str]] = []
        self.waits = Waits()

    async def ask(self, crash: bool) -> None:
        """The owner posts the next question; everybody answers it."""
        stage, number = self.stage, len(self.posts)
        await ask_next(stage.worlds[0])
        self.posts.append({})
        for world in stage.worlds:
            found = await until(lambda world=world: self._open(world), f"question {number + 1}", stage.settle_seconds)  # type: ignore[misc]  # bound at once
            self.posts[number][world.platform.name] = found.id
        what = f"members answered question {number + 1}"
        with stage.bar.count(what, len(stage.members), self.waits.words) as tick:
            async with stage.crashing(crash):
                await stage.for_each(lambda one: self._answer(one, number), tick)

    async def settle(self) -> None:
        """Wait for replies that are still on their way: the next question closes this one."""

        async def all_there() -> bool:
            return not judge(self.said, await kept(self.stage))

        with suppress(ActingError):
            await until(all_there, "", self.stage.settle_seconds)

    async def _open(self, world: World) -> MessageView | None:
        before = {one.get(world.platform.name) for one in self.posts}
        for channel in world.platform.state(messages=5000).channels:
            for message in reversed(channel.messages):
                if channel.id == world.channel and is_question(message) and not message.only_for:
                    return message if message.id not in before else None
        return None

    async def _answer(self, member: Member, number: int) -> None:
        """By a reply, or by the button and its form; some think better of it."""
        said = Said(member, number)
        self.said.append(said)
        chance = Random(f"{self.stage.seed} {member.number} {number}")

        async def pause(seconds: float) -> None:
            await asyncio.sleep(self.pace * seconds * chance.lognormvariate(0.0, 0.4))

        await asyncio.sleep(self.pace * chance.uniform(0.0, len(self.stage.members) / ARRIVALS_A_SECOND))
        await pause(WRITING_SECONDS)
        words = f"Answer {number} of {member.number}: Möwen 🐦, مرحبا"
        if chance.random() < REPLIES:
            await self._reply(said, words)
            return
        await self._by_form(said, words, pause)
        if said.sure and chance.random() < CHANGES:
            await pause(WRITING_SECONDS)
            said.before, said.sure = said.words, False
            await self._by_form(said, words + ", changed", pause)

    async def _reply(self, said: Said, words: str) -> None:
        member, platform = said.member, said.member.platform
        said.words, said.sure = words, True
        post = self.posts[said.question][platform.name]
        wait = REPLY_SECONDS * min(1.0, self.pace)
        await platform.type(member.id, member.world.channel, words, reply_to=post, wait=wait)

    async def _by_form(self, said: Said, words: str, pause: Any) -> None:
        member, number = said.member, said.question
        said.words = words
        for tries in range(TRIES):
            try:
                post = member.platform.message(self.posts[number][member.platform.name])
                shown = Outcome(OutcomeKind.MESSAGE, message=post)
                with self.waits.one(member.platform) as patience:
                    opened = await press(member.world, member.id, control_of(shown, "Answer"), wait=patience)
                if opened.form is not None or (opened.message is not None and opened.message.id != post.id):
                    said.times.append(opened.ms)
                    with self.waits.one(member.platform) as patience:
                        outcome = await fill(
                            member.world, member.id, opened, lambda _label, _options: words, wait=2 * patience
                        )
                    if any(one in told(outcome) for one in COUNTED):
                        said.sure, said.before = True, ""
                        return
            except (ControlError, ActingError):
                pass  # the act came to nothing here; as people do, once more
            said.again += 1
            await member.platform.private(member.id)
            with self.waits.again(member.platform):
                await pause(pause_before(tries))


async def kept(stage: Stage) -> dict[tuple[int, int], list[str]]:
    """The answers in the store, by question and member."""
    accounts = {account: number for number, account in (await stage.accounts()).items()}
    async with stage.store.session() as session:
        query = select(col(Asked.activity_id)).order_by(col(Asked.asked_at), col(Asked.activity_id))
        numbers = {one: number for number, one in enumerate((await session.execute(query)).scalars())}
        rows = await session.execute(
            select(col(Answer.activity_id), col(StoredMember.account_id), col(Answer.id), col(Answer.sealed)).join(
                StoredMember,
                (col(StoredMember.community_id) == col(Answer.community_id))
                & (col(StoredMember.id) == col(Answer.member_id)),
            )
        )
        found: dict[tuple[int, int], list[str]] = {}
        for activity_id, account_id, answer_id, sealed in rows:
            words = stage.store.vault.open(sealed, answer_id.bytes).decode()
            found.setdefault((numbers[activity_id], accounts[account_id]), []).append(words)
    return found


def judge(said: Sequence[Said], stored: Mapping[tuple[int, int], Sequence[str]]) -> list[str]:
    """What isn't so, each in a line."""
    findings = []
    for one in said:
        stands = stored.get((one.question, one.member.number), ())
        allowed = {one.words, one.before} - {""} if not one.sure else {one.words}
        if len(stands) != 1 or stands[0] not in allowed:
            findings.append(
                f"{one.member.platform.name} member {one.member.number} said {one.words!r} to question "
                f"{one.question + 1}; what stands: {list(stands)}"
            )
    known = {(one.question, one.member.number) for one in said}
    findings += [f"member {number} answers question {day + 1} and never did" for day, number in stored.keys() - known]
    return findings


async def _posts(days: Days, stored: Mapping[tuple[int, int], Sequence[str]]) -> list[str]:
    """Posts that don't come to show how many answered, or that the first is closed; each in a line."""
    counts = Counter(question for question, _member in stored)
    wrong: list[str] = []

    async def right() -> bool:
        wrong.clear()
        for number, posts in enumerate(days.posts):
            last = number == len(days.posts) - 1
            for world in days.stage.worlds:
                post = world.platform.message(posts[world.platform.name])
                wanted = f"{counts[number]} answers so far" if last else f"Closed with {counts[number]} answers"
                if wanted not in post.text or is_question(post) is not last:
                    wrong.append(f"question {number + 1} on {world.platform.name} says {post.text!r}, not {wanted!r}")
        return not wrong

    try:
        await until(right, "", days.stage.settle_seconds)
    except ActingError:
        return wrong
    return []


async def rehearse(stage: Stage, *, crash: bool, pace: float = 1.0) -> Rehearsed:
    """Build the stage, ask and answer, and compare what was said with the store and the posts."""
    async with AsyncExitStack() as stack:
        await stage.build(stack)
        days = Days(stage, pace)
        began = time.monotonic()
        for _ in range(QUESTIONS):
            await days.ask(crash)
            await days.settle()
        seconds = time.monotonic() - began
        stage.bar.say("Answers are compared with the store")
        stored = await kept(stage)
        findings = judge(days.said, stored)
        findings += await _posts(days, stored)
        findings += stage.troubles
    by_platform = {
        world.platform.name: _figures([one for one in days.said if one.member.world is world], stored)
        for world in stage.worlds
    }
    figures = {
        **_figures(days.said, stored),
        "questions": len(days.posts),
        "seconds": round(seconds, 1),
        **stage.figures(),
        "platforms": by_platform,
    }
    words = (
        f"{len(stage.members)} members were asked {len(days.posts)} questions: {figures['answered']} answers, "
        f"{figures['stored']} stored, {figures['lost']} lost, {figures['doubled']} doubled. From a press to the form "
        f"{figures['p50_ms']:.0f} ms at the median, {figures['p99_ms']:.0f} ms at 99 %; {figures['again']} tries "
        f"came to nothing and were made again. {stage.crashes} processes were killed."
    )
    return Rehearsed(figures, words, findings)


def _figures(said: Sequence[Said], stored: Mapping[tuple[int, int], Sequence[str]]) -> dict[str, Any]:
    """``lost`` are answers that don't stand, ``doubled`` those beyond one a member and question."""
    times = sorted(ms for one in said for ms in one.times) or [0.0]
    stand = [(one, len(stored.get((one.question, one.member.number), ()))) for one in said]
    return {
        "members": len({one.member.number for one in said}),
        "asked": len(said),
        "answered": sum(bool(one.words) for one in said),
        "stored": sum(count for _one, count in stand),
        "lost": sum(not count for _one, count in stand),
        "doubled": sum(max(0, count - 1) for _one, count in stand),
        "again": sum(one.again for one in said),
        "p50_ms": round(times[len(times) // 2], 1),
        "p99_ms": round(times[min(len(times) - 1, int(0.99 * len(times)))], 1),
    }
