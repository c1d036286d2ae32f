"""``hallkeeper rehearse drop``: thousands want one of a few hundred things, and are asked what they were told."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.acting import ActingError, control_of, fill, find_control, press, until
from app.rehearse.command import Rehearsed
from app.rehearse.stage import Member, Stage, told
from core.clock import SystemClock
from core.markup import plain
from plugins.sampling_drops.claims import Is
from plugins.sampling_drops.tables import Claim, Sample
from plugins.sampling_drops.taking import STANDS
from sandbox.control import ControlError, ControlView, MessageView, Outcome, OutcomeKind
from sandbox.walk import Walk
from storage.tables import Account, Participation

DROP = """\
product = "Oat drink, 1 litre"
brand = "Havre"
gives = "parcel"
stock = {units}

[[question]]
ask = "How do you take it?"
options = ["In coffee", "Neat"]
pass = ["In coffee", "Neat"]
"""
"""What is given away. Whoever answers may have one, so all that can be given is given."""
BUTTON = "Get one"
DECLINES = frozenset({BUTTON, "Show mine", "I don’t want it", "Change the address"})
"""Buttons that our members leave alone once they are on their way."""
RUSH_SECONDS = 1.0
"""Within so long all have pressed for the first time, each at a moment of chance."""
AGAIN_SECONDS = 3.0
"""The median pause before somebody presses again who was told nothing."""
PATIENCE_SECONDS = 240.0
"""Whoever was told nothing for so long gives up, and the rehearsal failed."""


class Word(StrEnum):
    """What a member was told at last."""

    GIVEN = "given"
    SOLD_OUT = "sold out"
    SPOKEN_FOR = "spoken for"
    OTHER = "your other account"
    NOTHING = "nothing"


_GIVEN = ("goes to the address that you gave", "Your code:")
_SAYS = {
    Word.SOLD_OUT: (Is.SOLD_OUT,),
    Word.SPOKEN_FOR: (Is.SPOKEN_FOR,),
    Word.OTHER: (Is.OTHER_HOLDS, Is.OTHER_HAD),
}


def word_of(text: str) -> Word:
    """What a text tells, by the plugin's own words in English, which our members read."""
    for word, told_by in _WORDS.items():
        if any(one in text for one in told_by):
            return word
    return Word.NOTHING


_WORDS: Mapping[Word, Sequence[str]] = {
    Word.GIVEN: _GIVEN,
    **{word: [plain(str(getattr(STANDS[one], "key", STANDS[one]))) for one in many] for word, many in _SAYS.items()},
}


@dataclass
class Try:
    """What became of one member. ``pressed`` and ``told_at`` bracket the moment at which it was decided."""

    member: Member
    word: Word = Word.NOTHING
    words: str = ""
    pressed: datetime | None = None
    told_at: datetime | None = None
    unanswered: int = 0
    times: list[float] = field(default_factory=list)


@dataclass
class Rush:
    """Everybody presses, and goes on to the end."""

    stage: Stage
    pace: float = 1.0
    """Scales every human delay."""
    tries: list[Try] = field(default_factory=list)
    _clock: SystemClock = field(default_factory=SystemClock)

    cards: dict[str, tuple[MessageView, ControlView]] = field(default_factory=dict)

    async def run(self, crash: bool) -> float:
        """All at once; the seconds that it took until the last was told."""
        stage, began = self.stage, time.monotonic()
        cards = self.cards = {world.platform.name: await find_control(world, BUTTON) for world in stage.worlds}
        with stage.bar.count("members are told", len(stage.members)) as tick:
            async with stage.crashing(crash):
                await stage.for_each(lambda one: self._claim(one, *cards[one.platform.name]), tick)
                seconds = time.monotonic() - began
        return seconds

    async def _claim(self, member: Member, card: MessageView, button: ControlView) -> None:
        """Press, and press again as people do who are told nothing."""
        mine = Try(member)
        self.tries.append(mine)
        chance = Random(f"{self.stage.seed} {member.number}")

        async def pause(seconds: float) -> None:
            await asyncio.sleep(self.pace * seconds * chance.lognormvariate(0.0, 0.4))

        await asyncio.sleep(chance.uniform(0.0, RUSH_SECONDS))
        until = time.monotonic() + PATIENCE_SECONDS
        while mine.word is Word.NOTHING and time.monotonic() < until:
            walk = Walk(member.platform, member.id, "en", chance, pause, DECLINES)
            mine.pressed = self._clock.now()
            try:
                outcome = await walk.act(card, button)
            except ControlError as error:
                outcome = Outcome(OutcomeKind.FAILED, text=str(error))
            mine.told_at = self._clock.now()
            first = walk.seen[0] if walk.seen else outcome
            if first.kind in (OutcomeKind.MESSAGE, OutcomeKind.FORM, OutcomeKind.LINK) and not _is(first, card):
                mine.times.append(first.ms)
            else:
                mine.unanswered += 1
            mine.words = told(outcome)
            mine.word = word_of(mine.words)
            if mine.word is Word.NOTHING:
                await pause(AGAIN_SECONDS)


def _is(outcome: Outcome, card: MessageView) -> bool:
    """Nothing but the card itself changed in front of the member."""
    message = outcome.message
    return message is not None and message.id == card.id and outcome.text in ("", message.text)


# -- what the store holds -------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Held:
    """What the store holds at the end. Claims and persons are by account."""

    units: int
    given: int
    claims: Mapping[UUID, str]
    persons: Mapping[UUID, UUID]
    accounts: Mapping[int, UUID]
    all_held: datetime | None
    """When the last of the given ones was first held."""
    all_given: datetime | None


async def held(stage: Stage) -> Held:
    """Read it."""
    async with stage.store.session() as session:
        sample = (await session.execute(select(col(Sample.stock), col(Sample.given)))).one()
        claims = (await session.execute(select(col(Claim.account_id), col(Claim.state), col(Claim.id)))).all()
        persons = (await session.execute(select(col(Account.id), col(Account.person_id)))).all()
        gifts = (
            (await session.execute(select(col(Participation.id)).where(col(Participation.kind) == "given")))
            .scalars()
            .all()
        )
    given = [claim_id for _, state, claim_id in claims if state == "given"]
    return Held(
        sample.stock,
        sample.given,
        {account: state for account, state, _ in claims},
        dict(persons),
        await stage.accounts(),
        max(map(_moment, given), default=None),
        max(map(_moment, gifts), default=None),
    )


def _moment(made: UUID) -> datetime:
    """When an id was made: a UUIDv7 begins with its milliseconds."""
    return datetime.fromtimestamp((made.int >> 80) / 1000, SystemClock().now().tzinfo)


async def publish(stage: Stage, units: int) -> None:
    """Make the drop and publish it in all spaces, as the owner would."""
    world = stage.worlds[0]
    text = DROP.format(units=units)

    async def go_on(shown: Outcome, label: str) -> Outcome:
        return await press(world, world.owner, control_of(shown, label))

    shown = await world.platform.command(world.owner, world.channel, "/hall drops")
    draft = await fill(world, world.owner, await go_on(shown, "New from a text"), lambda _label, _options: text)
    where = await go_on(draft, "Channels")
    ready = await fill(world, world.owner, where, lambda _label, options: options[0] if options else "")
    await go_on(await go_on(ready, "Publish …"), "Publish")


async def _cards(rush: Rush, units: int) -> list[str]:
    """Cards that don't come to say that all is given away, each in a line. Edits have their platform's pace."""
    wanted = f"All {units} are given away"
    cards = [(world, rush.cards[world.platform.name][0]) for world in rush.stage.worlds]

    async def find() -> bool:
        return all(wanted in world.platform.message(card.id).text for world, card in cards)

    try:
        await until(find, "", rush.stage.settle_seconds)
    except ActingError:
        shown = {world.platform.name: world.platform.message(card.id).text for world, card in cards}
        return [f"the card on {name} says {text!r}" for name, text in shown.items() if wanted not in text]
    return []


# -- the verdict ----------------------------------------------------------------------------------------------------
def judge(tries: Sequence[Try], store: Held) -> list[str]:
    """Who was told what isn't so, each in a line."""
    owners = {store.persons[account] for account, state in store.claims.items() if state == "given"}
    findings = []
    for one in tries:
        account = store.accounts.get(one.member.number)
        has = account is not None and store.claims.get(account) == "given"
        person_has = account is not None and store.persons[account] in owners
        true = {
            Word.GIVEN: has,
            Word.OTHER: person_has and not has,
            Word.SOLD_OUT: not has and _after(one.told_at, store.all_given),
            Word.SPOKEN_FOR: not has and _after(one.told_at, store.all_held) and _after(store.all_given, one.pressed),
            Word.NOTHING: False,
        }[one.word]
        if not true:
            state = store.claims.get(account, "no claim") if account is not None else "unknown"
            findings.append(
                f"{one.member.platform.name} member {one.member.number}: told “{one.word}” ({one.words[:120]!r}), "
                f"in the store: {state}"
            )
    return findings


def _after(moment: datetime | None, other: datetime | None) -> bool:
    """Whether a moment is not before another; ids know milliseconds alone."""
    return moment is not None and other is not None and (moment - other).total_seconds() > -0.002


def _figures(tries: Sequence[Try]) -> dict[str, Any]:
    times = sorted(ms for one in tries for ms in one.times) or [0.0]
    return {
        "claimers": len(tries),
        "told_given": sum(one.word is Word.GIVEN for one in tries),
        "refused": sum(one.word in (Word.SOLD_OUT, Word.SPOKEN_FOR, Word.OTHER) for one in tries),
        "unanswered": sum(one.unanswered for one in tries),
        "p50_ms": round(statistics.median(times), 1),
        "p99_ms": round(times[min(len(times) - 1, int(0.99 * len(times)))], 1),
    }


async def rehearse(stage: Stage, units: int, *, crash: bool, pace: float = 1.0) -> Rehearsed:
    """Build the stage, give so many away, and compare what everybody was told with what the store holds."""
    async with AsyncExitStack() as stack:
        await stage.build(stack)
        stage.bar.say("The drop is published")
        await publish(stage, units)
        rush = Rush(stage, pace)
        seconds = await rush.run(crash)
        stage.bar.say("What they were told is compared with the store")
        kept = await held(stage)
        findings = judge(rush.tries, kept)
        wrong = len(findings)
        findings += await _cards(rush, units) if units <= kept.given else []
        findings += stage.troubles
    owners = Counter(kept.persons[account] for account, state in kept.claims.items() if state == "given")
    given, doubled = sum(owners.values()), sum(count - 1 for count in owners.values())
    expected = min(units, len({one.person for one in stage.members}))
    told_given = sum(one.word is Word.GIVEN for one in rush.tries)
    counts = {"given": given, "counted in the store": kept.given, "told that they have one": told_given}
    findings = [
        *(f"{what}: {count}, and not {expected}" for what, count in counts.items() if count != expected),
        *([f"{doubled} more than one a person"] if doubled else []),
        *findings,
    ]
    figures = {
        **_figures(rush.tries),
        "units": units,
        "given": given,
        "doubled": doubled,
        "told_wrong": wrong,
        "seconds": round(seconds, 1),
        **stage.figures(),
        "platforms": {
            world.platform.name: _figures([one for one in rush.tries if one.member.world is world])
            for world in stage.worlds
        },
    }
    words = (
        f"{len(rush.tries)} members wanted one of {units}: {given} were given, {doubled} doubled, "
        f"{figures['refused']} refused, {wrong} told what isn’t so. The last was told after {seconds:.0f} s; from a "
        f"press to its answer {figures['p50_ms']:.0f} ms at the median, {figures['p99_ms']:.0f} ms at 99 %. "
        f"{figures['unanswered']} presses showed nothing in time and were pressed again; "
        f"{stage.crashes} processes were killed."
    )
    return Rehearsed(figures, words, findings)
