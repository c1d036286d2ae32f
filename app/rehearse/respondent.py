"""A person who answers a survey to the end, as it is shown to them, with both accounts where they are linked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from app.acting import ActingError, control_of, fill, press, takes_words, write
from app.rehearse.opinions import Opinions, counting
from app.rehearse.showing import Showing, keys_in, label, labels_of, legible
from app.rehearse.stage import Member, Stage, told
from app.rehearse.waits import Waits, pause_before
from plugins.surveys.conditions import read
from plugins.surveys.definition import WRITTEN, Definition, Given, Kind, Question
from sandbox.control import ControlError, ControlView, MessageView, Outcome, OutcomeKind

ARRIVALS_A_SECOND = 10.0
THINK_SECONDS = 3.0
"""The median time for an answer."""
PATIENCE_SECONDS = 3600.0
"""Whoever has not come to an end by then gives up, and the rehearsal failed."""
GOES_ON_ELSEWHERE = 0.3
"""The share of answers of a linked pair after which it goes on with its other account."""
TURNS, TURNS_HERE = 0.4, 0.5
"""The share of people who think better of an answer, and how likely it comes to them at a question."""
STUCK = 60
"""Acts without an answer being taken after which somebody gives up; besides two for each option of a question."""
STALE = 3
"""So often the post must lead to a question that was answered: less may be a message that was under way for long."""
LOOK_SECONDS = 1.0
"""How long they look for their next question beside what they pressed."""
TICKED, FINISHED = "✓ ", "✅"
"""Where several are picked by buttons: what stands before those, and the button that ends it."""
TICKS = 40
JUST_WRITE = "Just write your answer here."
"""What a message in a private chat says that waits for words."""


@dataclass
class Setting:
    """What all of them have in common. ``posts`` are the survey's, by platform."""

    stage: Stage
    definition: Definition
    pace: float
    showing: Showing
    waits: Waits
    answered: Callable[[int], None] = lambda _more: None
    """Told how many questions are done more."""
    posts: dict[str, str] = field(default_factory=dict)


@dataclass
class Way:
    """One person's way, with both accounts where they are linked. ``sent`` is what they sent in last, by question."""

    person: int
    devices: list[Member]
    sent: dict[str, Given | None] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    by: dict[str, str] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    """Questions whose answer was taken: what came next was shown."""
    standing: frozenset[str] = frozenset()
    """Of those the questions whose answers count in the end: a change may leave others out."""
    end: str = ""
    """``done``, ``turned away``, ``taken`` (the answer to the last act was lost, and either may be), or empty."""
    wrong: list[str] = field(default_factory=list)
    """What they were shown and should not have been."""
    again: int = 0
    turned: int = 0
    """How often they went back and changed an answer."""
    times: list[tuple[str, float]] = field(default_factory=list)
    last: str = ""


class Respondent:
    """Acts for one way."""

    def __init__(self, setting: Setting, way: Way) -> None:
        self._all = setting
        self._way = way
        self._definition = setting.definition
        self._showing = setting.showing
        self._chance = Random(f"{setting.stage.seed} {way.person}")
        self._opinions = Opinions(setting.definition, setting.stage.seed, way.person)
        self._device = way.devices[0]
        self._asked = ""
        self._ranked = 0
        self._fresh = False
        """What is shown was asked for anew: what was said last may have been lost."""
        self._stale = 0
        self._turns = self._chance.random() < TURNS
        self._going = self._back_to = ""
        """The question on the way back to which they are, and the one whose answer they change."""
        self._had: set[tuple[str, int]] = set()
        """Messages that stood there before the last act, and their edits."""
        self._counted = 0
        self._idle = 0
        """Acts since an answer was taken."""
        self._vain = 0
        """How often since then nothing was shown."""

    async def go(self) -> None:
        """From the post to the end."""
        way, pace = self._way, self._all.pace
        most = self._opinions.count
        await asyncio.sleep(pace * self._chance.uniform(0.0, len(self._all.stage.members) / ARRIVALS_A_SECOND))
        over = time.monotonic() + PATIENCE_SECONDS
        stuck = STUCK + 2 * max(len(one.choices) for one in self._definition.questions)
        shown = await self._first()
        while time.monotonic() < over and self._idle < stuck:
            self._idle += 1
            if shown is None:
                way.again += 1
                self._fresh = True
                with self._all.waits.again(self._device.platform):
                    await self._pause(pause_before(self._vain))
                self._vain += 1
                await self._device.platform.private(self._device.id)
                shown = await self._go_on(self._device)
            if shown is None:
                continue
            self._see(shown)
            self._count(most if way.end else min(len(way.answered), most))
            if way.end:
                break
            await self._pause(THINK_SECONDS)
            shown = await self._answer(shown)
        way.standing = frozenset(counting(self._definition, way.sent))
        if way.end in ("done", "turned away"):
            for other in way.devices:  # nobody twice, whichever account they come back with
                await self._go_on(other)

    def _count(self, done: int) -> None:
        self._all.answered(done - self._counted)
        self._counted = done

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(self._all.pace * seconds * self._chance.lognormvariate(0.0, 0.4))

    # -- the post --------------------------------------------------------------------------------------------------
    async def _first(self) -> Outcome | None:
        """The first question is pressed under the post if it stands there; linked people press with both at once."""
        devices = self._way.devices
        question = self._showing.question(told(Outcome(OutcomeKind.MESSAGE, message=self._post(devices[0]))))
        outcomes = await asyncio.gather(*(self._under_post(one, question) for one in devices))
        return outcomes[0]

    async def _under_post(self, device: Member, question: Question | None) -> Outcome | None:
        post = self._post(device)
        keys = self._opinions.of(question)[:1] if question is not None else ()
        if question is None or not keys or not keys_in(post, question):
            return await self._go_on(device)
        self._asked = question.name
        return await self._pick(device, post, question, keys)

    def _post(self, device: Member) -> MessageView:
        return device.platform.message(self._all.posts[device.platform.name])

    async def _go_on(self, device: Member) -> Outcome | None:
        post = self._post(device)
        found = next((one.label for one in reversed(post.controls) if one.label in ("Start", "Go on")), "")
        return await self._press(device, post, found, count=False) if found else None

    # -- acts ------------------------------------------------------------------------------------------------------
    async def _press(self, device: Member, message: MessageView, text: str, *, count: bool = True) -> Outcome | None:
        """Press a button; None where that showed nothing."""

        async def act(wait: float) -> Outcome:
            # As the message stands now: another question may have come into its place.
            now = Outcome(OutcomeKind.MESSAGE, message=device.platform.message(message.id))
            return await press(device.world, device.id, control_of(now, text), wait=wait)

        return await self._act(device, act, message, count=count)

    async def _act(
        self,
        device: Member,
        act: Callable[[float], Awaitable[Outcome]],
        on: MessageView | None,
        *,
        count: bool = True,
    ) -> Outcome | None:
        """Act and wait for what is shown; None where that is nothing that leads on."""
        self._had = {(on.id, on.edits)} if on is not None else set()
        if self._asked == "send":  # what it is thanked for by may read in any way
            self._had |= {(one.id, one.edits) for one in await self._in_private(device)}
        with self._all.waits.one(device.platform) as patience:
            began = time.monotonic()
            try:
                outcome = await act(patience)
            except (ControlError, ActingError):
                return None
            if outcome.kind is OutcomeKind.INVALID and outcome.form is not None:
                self._way.last = " ".join(one.error for one in outcome.form.fields)
            if outcome.kind in (OutcomeKind.INVALID, OutcomeKind.FAILED):
                return None
            message = outcome.message
            if message is not None and message.id == self._all.posts[device.platform.name]:
                message = None  # it changed meanwhile, by somebody else's answer
                outcome = replace(outcome, message=None)
            mine = bool(message or outcome.text)
            if outcome.kind is OutcomeKind.FORM or (mine and self._leads_on(outcome, shown=True)):
                if count:
                    self._way.times.append((device.platform.name, outcome.ms))
                return outcome
            # The post, or an older message, changed first; or nothing came in time.
            left = LOOK_SECONDS if mine else max(LOOK_SECONDS, patience - (time.monotonic() - began))
            found = await self._look(device, left)
            if found is not None:
                if count:
                    self._way.times.append((device.platform.name, (time.monotonic() - began) * 1000))
                return found
            return outcome if message is not None and outcome.kind is OutcomeKind.MESSAGE else None

    async def _look(self, device: Member, seconds: float) -> Outcome | None:
        """The newest message in private that leads on, new or changed."""
        over = time.monotonic() + seconds
        while True:
            for message in reversed(await self._in_private(device)):
                here = Outcome(OutcomeKind.MESSAGE, message=message)
                if (
                    message.by_bot
                    and (message.id, message.edits) not in self._had
                    and self._leads_on(here, shown=False)
                ):
                    return here
            if time.monotonic() > over:
                return None
            await asyncio.sleep(0.1)

    async def _in_private(self, device: Member) -> Sequence[MessageView]:
        return device.platform.channel(await device.platform.private(device.id), messages=10).messages

    def _leads_on(self, outcome: Outcome, *, shown: bool) -> bool:
        """Whether this is the end or asks something that waits; ``shown``: it came of the last act."""
        words = told(outcome)
        if self._showing.end(outcome, words) or self._asked == "send":
            return True
        if outcome.message is None or not outcome.message.controls:
            return False
        question = self._question(words)
        if question is None or "Send it?" in words:
            return shown or "Send it?" in words
        return question.name not in self._way.answered or bool(self._going or self._back_to)

    def _question(self, words: str) -> Question | None:
        """The question there. One that was answered by one act just now is not asked by what comes of it."""
        answered, asked = self._way.answered, self._definition.by_name.get(self._asked)
        said = asked is not None and asked.name in self._way.sent and not self._fresh
        if said and asked is not None and asked.kind not in (Kind.MULTIPLE, Kind.RANKING) and not asked.other:
            answered = answered | {asked.name}
        return self._showing.question(words, answered, self._way.sent)

    # -- seeing ----------------------------------------------------------------------------------------------------
    def _see(self, shown: Outcome) -> None:
        """Whether this is the end, and whether the last answer was taken."""
        way, words = self._way, told(shown)
        way.last = words
        question = self._question(words)
        sends = "Send it?" in words
        way.end = self._showing.end(shown, words)
        if not way.end and self._asked == "send" and not sends and question is None:
            way.end = "done"
        if self._asked in way.sent and not (self._fresh and self._back_to):
            other = question is not None and question.name not in {self._asked, *way.answered}
            if way.end or sends or (other and shown.form is None):
                way.answered.add(self._asked)
                self._stale = self._idle = self._vain = 0
                if self._back_to == self._asked:
                    self._back_to = ""

    def _compare(self, question: Question, words: str) -> None:
        """A question that is new to them: whether it should be asked, and reads as it must."""
        way = self._way
        answers = counting(self._definition, way.sent)
        if not read(question.when).holds(answers):
            way.wrong.append(f"was asked {question.name}, which {question.when!r} leaves out; answered {answers}")
        wanted = self._showing.as_asked(question, answers)
        if legible(wanted) not in legible(words):
            way.wrong.append(f"read {words[:200]!r}, and not {wanted!r}")
        if "⚠️" in words:
            way.wrong.append(f"was told {words[:200]!r}")

    # -- answering -------------------------------------------------------------------------------------------------
    async def _answer(self, shown: Outcome) -> Outcome | None:
        device, message, way, words = self._device, shown.message, self._way, told(shown)
        if shown.form is not None:
            return await self._write(shown, self._definition.by_name[self._asked])
        if message is None:
            return None
        labels = labels_of(message)
        sends = "Send it?" in words
        question = None if sends else self._question(words)
        dialogue = "Cancel" in labels and not (question and keys_in(message, question))  # in the place of a form
        if dialogue:
            question = question or self._definition.by_name.get(self._asked)
            labels = [one for one in labels if one != "Back"]  # which leads to another field, not to another question
        if question is None and "Continue" in labels:
            return await self._press(device, message, "Continue", count=False)
        if question is None and not sends:
            return None
        if (back := self._turns_back(question, labels)) is not None:
            return await self._press(device, message, "Back", count=False) if back else None
        if question is None:
            self._asked = "send"
            return await self._press(device, message, "Send")
        if question.name in way.answered:
            self._stale += 1
            if self._stale < STALE:
                return None
            way.wrong.append(f"was asked {question.name} again, and their answer was taken")
            way.answered.discard(question.name)
        if self._fresh and "Begin anew" in labels:
            self._fresh, self._ranked = False, 0
            return await self._press(device, message, "Begin anew", count=False)
        if question.name != self._asked:
            if question.name != self._back_to:
                self._compare(question, words)
            self._asked, self._ranked = question.name, 0
            if len(way.devices) > 1 and self._chance.random() < GOES_ON_ELSEWHERE:
                self._device = next(one for one in way.devices if one is not device)
                await self._device.platform.private(self._device.id)
                return await self._go_on(self._device)
        self._fresh = False
        if not self._opinions.of(question):
            self._note(question)
            return await self._press(device, message, "Skip")
        if dialogue:
            return await self._write(shown, question)
        if question.kind in WRITTEN and takes_words(message):
            self._note(question)
            text = self._opinions.of(question)[0]
            return await self._act(
                device, lambda wait: write(device.world, device.id, message, text, wait=wait), message
            )
        if question.kind in WRITTEN:
            field = next((one for one in message.controls if one.kind == "text"), None)
            if field is not None or JUST_WRITE in message.text:
                return await self._write_here(message, field, question)
            opened = await self._press(device, message, "Answer", count=False)
            return await self._write(opened, question) if opened is not None else None
        return await self._choose(device, message, question, labels)

    def _turns_back(self, question: Question | None, labels: Sequence[str]) -> bool | None:
        """Whether to press “Back” now; None where the question is to be answered."""
        name = question.name if question is not None else ""
        waits, back = name not in self._way.answered, "Back" in labels
        may = self._turns and waits and back and not self._fresh and name != self._asked
        if may and self._chance.random() < TURNS_HERE:
            self._turns, self._going = False, self._opinions.doubts(self._way.answered)
        if self._going:
            if back and name != self._going:
                return True
            self._going = ""
            if question is None or waits:
                return None
            self._opinions.change(question)
            self._way.answered.discard(name)
            self._way.turned += 1
            self._asked, self._back_to, self._ranked = "", name, 0
        if self._back_to and name != self._back_to:
            return back  # the change was lost: back to it
        return None

    async def _choose(
        self, device: Member, message: MessageView, question: Question, labels: Sequence[str]
    ) -> Outcome | None:
        target = self._opinions.of(question)
        here = keys_in(message, question)
        if question.kind is Kind.RANKING:
            wanted = [key for key in target[self._ranked : self._ranked + 1] if key in here]
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
        self._note(question)
        wanted = [label(question, key) for key in keys]
        for control in message.controls:
            values = [value for text in wanted for value, shown in control.options if shown == text]
            if values:
                return await self._act(
                    device,
                    lambda wait, control=control, values=values: device.platform.pick(  # type: ignore[misc]  # bound at once
                        device.id, message.id, control.id, values, wait=wait
                    ),
                    message,
                )
        if FINISHED not in labels_of(message):
            return await self._press(device, message, wanted[0])
        return await self._tick(device, message, question, wanted)

    async def _tick(
        self, device: Member, message: MessageView, question: Question, wanted: Sequence[str]
    ) -> Outcome | None:
        """Tick what is wanted, look whether it is ticked, and end it."""
        options = {label(question, one.key) for one in question.choices}
        for _ in range(TICKS):
            labels = labels_of(device.platform.message(message.id))
            ticked = {one.removeprefix(TICKED) for one in labels if one.startswith(TICKED)} & options
            wrong = [*(one for one in wanted if one not in ticked), *(ticked - set(wanted))]
            if not wrong:
                return await self._press(device, message, FINISHED)
            text = f"{TICKED}{wrong[0]}" if wrong[0] in ticked else wrong[0]
            if await self._press(device, message, text, count=False) is None:
                return None
        return None

    async def _write(self, opened: Outcome, question: Question) -> Outcome | None:
        """Fill in what opened: an answer in words, or the words beside “other”."""
        if question.kind in WRITTEN:
            words = self._opinions.of(question)[0]
            self._note(question)
        else:
            words = self._way.words[question.name] = self._opinions.words(question)
        device = self._device
        return await self._act(
            device,
            lambda wait: fill(device.world, device.id, opened, lambda _label, _options: words, wait=wait),
            opened.message,
        )

    async def _write_here(
        self, message: MessageView, field: ControlView | None, question: Question
    ) -> Outcome | None:
        """Write where the question stands: in its field, or in the private chat that waits for words."""
        device, words = self._device, self._opinions.of(question)[0]
        self._note(question)

        async def act(wait: float) -> Outcome:
            if field is not None:
                return await device.platform.pick(device.id, message.id, field.id, [words], wait=wait)
            return await device.platform.type(device.id, message.channel, words, wait=wait)

        return await self._act(device, act, message)

    def _note(self, question: Question) -> None:
        self._way.sent[question.name] = self._opinions.given(question)
        self._way.by[question.name] = self._device.platform.name
