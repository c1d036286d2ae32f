"""``hallkeeper rehearse survey``: one survey in three spaces, answered as it is shown, and compared cell by cell."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from app.acting import ActingError, World, control_of, fill, press, until
from app.rehearse.command import Rehearsed
from app.rehearse.stage import Member, Stage, StageError, told
from core.form import MAX_TEXT
from plugins.surveys import drafts
from plugins.surveys.anonymous import Cell, cells_of
from plugins.surveys.definition import OTHER, PLACE, SCALES, WRITTEN, Definition, Given, Kind, Question
from plugins.surveys.paths import filled, walk
from plugins.surveys.tables import Answer, Response, Waiting, Wave
from plugins.surveys.toml_text import Unreadable, read
from plugins.surveys.waves import FINISHED
from sandbox.control import ControlError, ControlView, MessageView, Outcome, OutcomeKind
from storage.tx import Tx

TWELVE = Path(__file__).with_name("twelve.toml")
DISTRICTS = 30
"""More than a platform shows at once: they are paged."""
ARRIVALS_A_SECOND = 10.0
THINK_SECONDS = 3.0
"""The median time for an answer."""
PATIENCE_SECONDS = 1200.0
"""Whoever has not come to an end by then gives up, and the rehearsal failed."""
SKIPS, GOES_ON_ELSEWHERE = 0.2, 0.3
"""The shares of optional questions that are passed over, and of answers of a linked pair after which it goes on with
its other account."""
WORDS = ("Möwen 🐦", "a slow coffee", "السلام عليكم", "mehr Ruhe, bitte", "“quotes” & <marks>", "日本")
DIFFERENCES = 10


def text_of(file: Path | None, members: int) -> str:
    """The survey's text: a manager's, or ours with quotas that fill. Raises :class:`StageError`."""
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise StageError(f"{file} can't be read: {error}") from None
    else:
        districts = json.dumps([f"District {number + 1}" for number in range(DISTRICTS)])[1:-1]
        text = TWELVE.read_text(encoding="utf-8").replace("DISTRICTS", districts)
        text = text.replace("QUOTA", str(max(1, members // 6)))
    try:
        read(text)
    except Unreadable as error:
        raise StageError(f"That survey can't be taken: {error}") from None
    return text


@dataclass
class Way:
    """One person's way, with both accounts where they are linked. ``sent`` is what they sent in last, by question."""

    person: int
    devices: list[Member]
    sent: dict[str, Given | None] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    by: dict[str, str] = field(default_factory=dict)
    end: str = ""
    """``done``, ``turned away``, ``taken`` (the answer to the last act was lost, and either may be), or empty."""
    again: int = 0
    times: list[tuple[str, float]] = field(default_factory=list)
    last: str = ""


class Answering:
    """Everybody answers to the end."""

    def __init__(self, stage: Stage, definition: Definition, pace: float) -> None:
        self.stage = stage
        self.definition = definition
        self.pace = pace
        self.posts: dict[str, str] = {}
        people: dict[int, list[Member]] = {}
        for one in stage.members:
            people.setdefault(one.person, []).append(one)
        self.ways = [Way(person, devices) for person, devices in people.items()]
        self._asks = [(_pattern(one.ask), one) for one in definition.questions]

    async def run(self, crash: bool) -> float:
        """All of them; the seconds that it took."""
        began = time.monotonic()
        for world in self.stage.worlds:
            found = await until(lambda world=world: self._post(world), f"the survey on {world.platform.name}")  # type: ignore[misc]  # bound at once
            self.posts[world.platform.name] = found.id
        with self.stage.bar.count("people came to the end", len(self.ways)) as tick:
            async with self.stage.crashing(crash):

                async def one(way: Way) -> None:
                    await _Walker(self, way).go()
                    tick()

                await asyncio.gather(*(one(way) for way in self.ways))
                return time.monotonic() - began

    async def _post(self, world: World) -> MessageView | None:
        for channel in world.platform.state().channels:
            for message in reversed(channel.messages):
                labels = {one.label for one in message.controls}
                if channel.id == world.channel and not message.only_for and labels & {"Start", "Go on"}:
                    return message
        return None

    def question_in(self, text: str) -> Question | None:
        """The question that a message asks: the longest that stands in it."""
        flat = " ".join(text.split())
        found = [one for pattern, one in self._asks if pattern.search(flat)]
        return max(found, key=lambda one: len(one.ask), default=None)


class _Walker:
    def __init__(self, answering: Answering, way: Way) -> None:
        self._all = answering
        self._way = way
        self._definition = answering.definition
        self._chance = Random(f"{answering.stage.seed} {way.person}")
        self._device = way.devices[0]
        self._targets: dict[str, tuple[str, ...]] = {}
        self._ranked = 0
        self._fresh = False
        """The bot was asked anew: what was ranked before may have been lost."""
        self._asked = ""

    async def go(self) -> None:
        """From the post to the end."""
        way, pace = self._way, self._all.pace
        spread = len(self._all.ways) / ARRIVALS_A_SECOND
        await asyncio.sleep(pace * self._chance.uniform(0.0, spread))
        over = time.monotonic() + PATIENCE_SECONDS
        shown = await self._first()
        while time.monotonic() < over:
            if shown is None:
                way.again += 1
                self._fresh = True
                await self._pause(1.0)
                await self._device.platform.private(self._device.id)
                shown = await self._go_on(self._device)
            if shown is None:
                continue
            self._see(shown)
            if way.end:
                break
            await self._pause(THINK_SECONDS)
            shown = await self._answer(shown)
        if way.end in ("done", "turned away"):
            for other in way.devices:  # nobody twice, whichever account they come back with
                await self._go_on(other)

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(self._all.pace * seconds * self._chance.lognormvariate(0.0, 0.4))

    async def _first(self) -> Outcome | None:
        """The first question is pressed under the post if it stands there; linked people press with both at once."""
        devices = self._way.devices
        question = self._all.question_in(told(Outcome(OutcomeKind.MESSAGE, message=self._post(devices[0]))))
        outcomes = await asyncio.gather(*(self._under_post(one, question) for one in devices))
        return outcomes[0]

    async def _under_post(self, device: Member, question: Question | None) -> Outcome | None:
        post = self._post(device)
        if question is None or not any(one.label in _labels(question) for one in _flat(post)):
            return await self._go_on(device)
        self._asked = question.name
        key = self._target(question)[0]
        return await self._pick(device, post, question, [key])

    def _post(self, device: Member) -> MessageView:
        return device.platform.message(self._all.posts[device.platform.name])

    async def _go_on(self, device: Member) -> Outcome | None:
        post = self._post(device)
        label = next((one.label for one in post.controls if one.label in ("Start", "Go on")), "")
        if not label:
            return None
        return await self._press(device, post, label, count=False)

    async def _press(self, device: Member, message: MessageView, label: str, *, count: bool = True) -> Outcome | None:
        """Press a button; None where that showed nothing."""
        try:
            shown = Outcome(OutcomeKind.MESSAGE, message=message)
            outcome = await press(device.world, device.id, control_of(shown, label))
        except (ControlError, ActingError):
            return None
        return self._saw(device, outcome, count)

    def _saw(self, device: Member, outcome: Outcome, count: bool = True) -> Outcome | None:
        name = device.platform.name
        message = outcome.message
        if message is not None and message.id == self._all.posts[name]:
            return None  # the post changed meanwhile, by somebody else's answer
        if outcome.kind not in (OutcomeKind.MESSAGE, OutcomeKind.FORM):
            return None
        if count:
            self._way.times.append((name, outcome.ms))
        return outcome

    def _see(self, shown: Outcome) -> None:
        """Whether this is the end."""
        way, words = self._way, told(shown)
        way.last = words
        labels = {one.label for one in shown.message.controls} if shown.message else set()
        full = self._definition.full or "heard enough people"
        if "Change my answers" in labels:
            way.end = "done"
        elif full in words or "heard enough people" in words:
            way.end = "turned away"
        elif "have taken part already" in words:
            way.end = "taken"
        elif self._asked == "send" and "Send" not in labels and self._all.question_in(words) is None:
            way.end = "done"

    async def _answer(self, shown: Outcome) -> Outcome | None:
        device, message = self._device, shown.message
        if shown.form is not None:
            return await self._write(shown, self._definition.by_name[self._asked])
        if message is None:
            return None
        labels = [one.label for one in message.controls]
        if "Send" in labels:
            self._asked = "send"
            return await self._press(device, message, "Send")
        question = self._all.question_in(told(shown))
        if question is None:
            return None
        if self._fresh and "Begin anew" in labels:
            self._fresh, self._ranked = False, 0
            return await self._press(device, message, "Begin anew", count=False)
        if question.name != self._asked:
            self._asked, self._ranked = question.name, 0
            if len(self._way.devices) > 1 and self._chance.random() < GOES_ON_ELSEWHERE:
                self._device = next(one for one in self._way.devices if one is not device)
                await self._device.platform.private(self._device.id)
                return await self._go_on(self._device)
        self._fresh = False
        if not self._target(question):
            self._note(question, None)
            return await self._press(device, message, "Skip")
        if question.kind in WRITTEN:
            opened = await self._press(device, message, "Answer", count=False)
            return await self._write(opened, question) if opened is not None else None
        return await self._choose(device, message, question, labels)

    async def _choose(
        self, device: Member, message: MessageView, question: Question, labels: Sequence[str]
    ) -> Outcome | None:
        target = self._target(question)
        here = _keys(message, question)
        if question.kind is Kind.RANKING:
            wanted = [key for key in target[self._ranked :] if key in here][:1]
            if wanted != list(target[self._ranked : self._ranked + 1]):
                wanted = []
        else:
            wanted = [key for key in target if key in here]
        if wanted:
            picked = await self._pick(device, message, question, wanted)
            self._ranked += picked is not None
            return picked
        onwards = next((one for one in ("More options", "That’s all", "Begin anew") if one in labels), "")
        if onwards == "Begin anew":
            self._ranked = 0
        return await self._press(device, message, onwards, count=False) if onwards else None

    async def _pick(
        self, device: Member, message: MessageView, question: Question, keys: Sequence[str]
    ) -> Outcome | None:
        """Pick options that stand in a message: in its list, or as buttons, one by one where several are asked."""
        platform, target = device.platform, self._target(question)
        given: Given = target if question.kind in (Kind.MULTIPLE, Kind.RANKING) else target[0]
        self._note(question, int(target[0]) if question.kind in SCALES else given)
        wanted = [_labels(question, key) for key in keys]
        try:
            for control in message.controls:
                values = [value for label in wanted for value, text in control.options if text == label]
                if values:
                    return self._saw(device, await platform.pick(device.id, message.id, control.id, values))
            found = await self._press(device, message, str(wanted[0]))
            finishes = any(one.label == "✅" for one in message.controls)
            for label in (*wanted[1:], *(("✅",) if finishes else ())):
                found = await self._press(device, platform.message(message.id), str(label))
            return found
        except ControlError:
            return None

    async def _write(self, opened: Outcome, question: Question) -> Outcome | None:
        target = self._target(question)
        words = target[0] if question.kind in WRITTEN else f"Something else {self._way.person}"
        if question.kind in WRITTEN:
            self._note(question, int(words) if question.kind is Kind.NUMBER else words)
        else:
            self._way.words[question.name] = words
        try:
            outcome = await fill(self._device.world, self._device.id, opened, lambda _label, _options: words)
        except (ControlError, ActingError):
            return None
        return self._saw(self._device, outcome)

    def _note(self, question: Question, given: Given | None) -> None:
        self._way.sent[question.name] = given
        self._way.by[question.name] = self._device.platform.name

    def _target(self, question: Question) -> tuple[str, ...]:
        """What this person answers, the same however often they are asked; empty to pass it over."""
        if question.name not in self._targets:
            self._targets[question.name] = _target(
                question, Random(f"{self._all.stage.seed} {self._way.person} {question.name}"), self._way.person
            )
        return self._targets[question.name]


def _target(question: Question, chance: Random, person: int) -> tuple[str, ...]:
    if not question.required and chance.random() < SKIPS:
        return ()
    keys = [one.key for one in question.choices]
    match question.kind:
        case Kind.NUMBER:
            low = 0 if question.least is None else question.least
            return (str(chance.randint(low, low + 100 if question.most is None else question.most)),)
        case Kind.DATE:
            return ((date(2020, 1, 1) + timedelta(days=chance.randrange(2000))).isoformat(),)
        case Kind.SHORT | Kind.LONG:
            return (f"{chance.choice(WORDS)} {person}",)
        case Kind.RANKING:
            return tuple(chance.sample(keys, len(keys)))
        case Kind.MULTIPLE:
            some = set(chance.sample(keys, chance.randint(question.fewest, min(question.picks, question.fewest + 3))))
            return tuple(one for one in keys if one in some)
    return (chance.choice(keys),)


def _pattern(ask: str) -> re.Pattern[str]:
    parts, last = [], 0
    for found in PLACE.finditer(ask):
        parts.append(re.escape(" ".join(ask[last : found.start()].split())))
        last = found.end()
    parts.append(re.escape(" ".join(ask[last:].split())))
    return re.compile(r"\s?.*?\s?".join(parts))


def _labels(question: Question, key: str | None = None) -> Any:
    """A key's label as it is read in English, or all of them."""
    every = {one.key: str(getattr(one.label, "key", one.label)) for one in question.choices}
    return set(every.values()) if key is None else every[key]


def _flat(message: MessageView) -> list[ControlView]:
    """Buttons, and options of lists as if they were."""
    lists = [ControlView(one.id, "option", label) for one in message.controls for _value, label in one.options]
    return [*message.controls, *lists]


def _keys(message: MessageView, question: Question) -> set[str]:
    shown = {one.label for one in _flat(message)}
    return {one.key for one in question.choices if _labels(question, one.key) in shown}


# -- the owner ------------------------------------------------------------------------------------------------------
async def open_survey(stage: Stage, text: str, title: str) -> None:
    """The owner pastes the text and opens it. What no form holds lies there as if sent by the page."""
    world = stage.worlds[0]

    async def command(words: str) -> Outcome:
        return await world.platform.command(world.owner, world.channel, f"/hall {words}")

    if len(text) <= MAX_TEXT:
        opened = await press(world, world.owner, control_of(await command("survey"), "Paste a text"))
        draft = await fill(world, world.owner, opened, lambda _label, _options: text)
    else:

        def unit(tx: Tx) -> None:
            drafts.new_draft(tx, stage.community_id, text, None)

        await stage.store.write(unit)
        draft = await _look(stage, await command("surveys"), title)
    await press(world, world.owner, control_of(draft, "Open it"))


async def _look(stage: Stage, shown: Outcome, title: str) -> Outcome:
    """The only survey there is, out of the list if it is one."""
    world, message = stage.worlds[0], shown.message
    for control in message.controls if message is not None else ():
        values = [value for value, label in control.options if title[:30] in label]
        if values and message is not None:
            return await world.platform.pick(world.owner, message.id, control.id, values[:1])
        if message is not None and title[:30] in control.label:
            return await press(world, world.owner, (message, control))
    return shown


async def _close(stage: Stage, title: str) -> None:
    world = stage.worlds[0]
    shown = await world.platform.command(world.owner, world.channel, "/hall surveys")
    await press(world, world.owner, control_of(await _look(stage, shown, title), "Close it"))

    async def written() -> bool:
        async with stage.store.session() as session:
            return not await session.scalar(select(func.count()).select_from(Waiting))

    await until(written, "the last anonymous answers", 90.0)


# -- the verdict ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Kept:
    """What the store holds: cells of all responses, and by response what it said."""

    cells: Counter[Cell]
    answers: Mapping[UUID, Mapping[str, Given | None]]
    wave: Wave
    twice: int
    """Finished responses beyond the first of a person; unknowable where they are anonymous."""


async def kept(stage: Stage, definition: Definition) -> Kept:
    """Read it."""
    accounts = {account: stage.members[number].person for number, account in (await stage.accounts()).items()}
    async with stage.store.session() as session:
        wave = (await session.execute(select(Wave))).scalars().one()
        rows = (await session.execute(select(Answer))).scalars().all()
        query = select(col(Response.account_id)).where(col(Response.state) == FINISHED)
        owners = Counter(accounts[one] for one in (await session.execute(query)).scalars())
    cells: Counter[Cell] = Counter()
    answers: dict[UUID, dict[str, Given | None]] = {}
    for row in sorted(rows, key=lambda row: row.place):
        text = None if row.sealed is None else stage.store.vault.open(row.sealed, row.response_id.bytes).decode()
        cells[Cell(row.question, row.place, row.option, row.number, text)] += 1
        given: Given | None = row.option if row.number is None else row.number
        kind = definition.by_name[row.question].kind
        mine = answers.setdefault(row.response_id, {})
        if kind in (Kind.MULTIPLE, Kind.RANKING) and row.option is not None:
            before = mine.get(row.question)
            given = (*(before if isinstance(before, tuple) else ()), row.option)
        mine[row.question] = given
    return Kept(cells, answers, wave, sum(count - 1 for count in owners.values()))


def judge(definition: Definition, ways: Sequence[Way], store: Kept) -> tuple[list[str], int, int]:
    """What isn't so, by question; how many cells were lost, and how many are there too often."""
    sure: Counter[Cell] = Counter()
    maybe: Counter[Cell] = Counter()
    findings: list[str] = []
    for way in ways:
        words = {name: text for name, text in way.words.items() if OTHER in _several(way.sent.get(name))}
        if way.end in ("done", "taken"):
            (sure if way.end == "done" else maybe).update(cells_of(definition, way.sent, words))
        if not way.end:
            findings.append(f"person {way.person} came to no end; they saw last {way.last[:200]!r}")
        asked = {one.name for one in walk(definition, way.sent, 0).path}
        if way.end == "done" and asked != set(way.sent):
            findings.append(f"person {way.person} was asked {sorted(way.sent)}, and should be {sorted(asked)}")
        if way.end == "turned away" and not any(
            store.wave.cells.get(str(number), 0) >= definition.quotas[number].most
            for number in filled(definition, way.sent)
        ):
            findings.append(f"person {way.person} was turned away, and no quota of theirs is full")
    lost, more = sure - store.cells, store.cells - (sure + maybe)
    order = {name: number for number, name in enumerate(definition.by_name)}
    for cell in sorted({*lost, *more}, key=lambda one: (order[one.question], str(one)))[:DIFFERENCES]:
        value = cell.text if cell.text is not None else cell.option if cell.option is not None else cell.number
        findings.append(
            f"{cell.question}, {value!r} in place {cell.place}: sent in by {sure[cell]}, stored {store.cells[cell]}"
        )
    for number, quota in enumerate(definition.quotas):
        count = sum(number in filled(definition, one) for one in store.answers.values())
        if count > quota.most or count != store.wave.cells.get(str(number), 0):
            findings.append(f"quota {number + 1} holds {count}, counts {store.wave.cells}, and takes {quota.most}")
    ends = Counter(way.end for way in ways)
    for what, count, end in (
        ("finished", store.wave.finished, "done"),
        ("screened", store.wave.screened, "turned away"),
    ):
        if not ends[end] <= count <= ends[end] + ends["taken"]:
            findings.append(f"{what}: {count} in the store, {ends[end]} were told so")
    if store.twice:
        findings.append(f"{store.twice} finished responses beyond the first of a person")
    return findings, lost.total(), more.total()


def _several(given: Given | None) -> tuple[object, ...]:
    return given if isinstance(given, tuple) else (given,)


async def rehearse(stage: Stage, file: Path | None, *, crash: bool, pace: float = 1.0) -> Rehearsed:
    """Build the stage, have the survey answered, and compare what was sent in with the store."""
    text = text_of(file, stage.count)
    definition = read(text)
    async with AsyncExitStack() as stack:
        await stage.build(stack)
        stage.bar.say("The survey is opened")
        await open_survey(stage, text, definition.title)
        answering = Answering(stage, definition, pace)
        seconds = await answering.run(crash)
        stage.bar.say("What they sent in is compared with the store")
        if definition.anonymous:
            await _close(stage, definition.title)
        store = await kept(stage, definition)
        findings, lost, doubled = judge(definition, answering.ways, store)
        findings += stage.troubles
    ways = answering.ways
    by_platform = {world.platform.name: _figures(ways, world.platform.name) for world in stage.worlds}
    done = [way for way in ways if way.end == "done"]
    figures = {
        **_figures(ways, ""),
        "people": len(ways),
        "finished": len(done),
        "turned_away": sum(way.end == "turned away" for way in ways),
        "stored": sum(len(one) for one in store.answers.values()),
        "lost": lost,
        "doubled": doubled + store.twice,
        "quotas": [[store.wave.cells.get(str(number), 0), one.most] for number, one in enumerate(definition.quotas)],
        "seconds": round(seconds, 1),
        **stage.figures(),
        "platforms": by_platform,
    }
    words = (
        f"{len(ways)} people were asked {figures['asked']} questions; {len(done)} finished, "
        f"{figures['turned_away']} were turned away by a quota. They sent in {figures['answered']} answers, "
        f"{figures['stored']} are stored, {lost} lost, {figures['doubled']} doubled. From a press to what came next "
        f"{figures['p50_ms']:.0f} ms at the median, {figures['p99_ms']:.0f} ms at 99 %; {figures['again']} times "
        f"somebody saw nothing and went on from the post. {stage.crashes} processes were killed."
    )
    return Rehearsed(figures, words, findings)


def _figures(ways: Sequence[Way], platform: str) -> dict[str, Any]:
    """Of one platform, or of all: ``answered`` are the answers of those who came to the end."""
    times = sorted(ms for way in ways for name, ms in way.times if platform in ("", name)) or [0.0]
    asked = [(way, name) for way in ways for name, by in way.by.items() if platform in ("", by)]
    return {
        "members": sum(platform in ("", one.platform.name) for way in ways for one in way.devices),
        "asked": len(asked),
        "answered": sum(way.end == "done" for way, _name in asked),
        "again": sum(way.again for way in ways if platform in ("", way.devices[0].platform.name)),
        "p50_ms": round(times[len(times) // 2], 1),
        "p99_ms": round(times[min(len(times) - 1, int(0.99 * len(times)))], 1),
    }
