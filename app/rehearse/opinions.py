"""What one made-up person answers to each question of a survey, the same however often they are asked."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import date, timedelta
from random import Random

from plugins.surveys.conditions import read, tests
from plugins.surveys.definition import SCALES, Definition, Given, Kind, Question

SKIPS = 0.2
"""The share of optional questions that are passed over."""
OTHERS = 10
"""So often they look for another answer."""
MORE = 3
"""Options that are picked at most beyond the fewest."""
WORDS = (
    "Möwen 🐦",
    "a slow coffee",
    "السلام عليكم",
    "mehr Ruhe, bitte",
    "“quotes” & <marks> *stars* _lines_",
    "日本",
    "so much to say: " + "and then some more, " * 60,
)


class Opinions:
    """Of one person. ``seed`` makes everybody's."""

    def __init__(self, definition: Definition, seed: int, person: int) -> None:
        self._definition = definition
        self._seed = seed
        self._person = person
        self._changes: dict[str, int] = {}

    def of(self, question: Question) -> tuple[str, ...]:
        """Keys of options, or words to type; empty to pass it over."""
        times = self._changes.get(question.name, 0)
        return _answer(question, Random(f"{self._seed} {self._person} {question.name} {times}"), self._person)

    def change(self, question: Question) -> None:
        """They think better of it, where there is anything else to say."""
        before = self.of(question)
        for times in range(1, OTHERS):
            self._changes[question.name] = times
            if self.of(question) != before:
                return

    def doubts(self, answered: Container[str]) -> str:
        """Of these questions the one whose answer they change: one that conditions look at, if there is one."""
        looked_at = {test.name for one in self._definition.questions for test in tests(read(one.when))}
        names = [one.name for one in self._definition.questions if one.name in answered]
        chance = Random(f"{self._seed} {self._person} doubts")
        return chance.choice([name for name in names if name in looked_at] or names or [""])

    def given(self, question: Question) -> Given | None:
        """The same as it is to be kept."""
        keys = self.of(question)
        if not keys:
            return None
        if question.kind in (Kind.MULTIPLE, Kind.RANKING):
            return keys
        return int(keys[0]) if question.kind in SCALES or question.kind is Kind.NUMBER else keys[0]

    def words(self, question: Question) -> str:
        """What they write beside “other”."""
        return f"Something else {self._person} at {question.name}"

    @property
    def count(self) -> int:
        """How many questions they will be asked, where no quota turns them away."""
        answers: dict[str, Given | None] = {}
        for question in self._definition.questions:
            if read(question.when).holds(answers):
                answers[question.name] = self.given(question)
        return len(answers)


def counting(definition: Definition, answers: Mapping[str, Given | None]) -> dict[str, Given | None]:
    """Those answers that the logic asks for: a later condition reads earlier answers that count themselves."""
    found: dict[str, Given | None] = {}
    for question in definition.questions:
        if question.name in answers and read(question.when).holds(found):
            found[question.name] = answers[question.name]
    return found


def _answer(question: Question, chance: Random, person: int) -> tuple[str, ...]:
    if not question.required and chance.random() < SKIPS:
        return ()
    keys = [one.key for one in question.choices]
    match question.kind:
        case Kind.NUMBER:
            low = 0 if question.least is None else question.least
            return (str(chance.randint(low, low + 100 if question.most is None else question.most)),)
        case Kind.DATE:
            return ((date(2020, 1, 1) + timedelta(days=chance.randrange(2000))).isoformat(),)
        case Kind.SHORT:
            return (f"{chance.choice(WORDS[:-1])} {person}",)
        case Kind.LONG:
            return (f"{chance.choice(WORDS)} {person}",)
        case Kind.RANKING:
            return tuple(chance.sample(keys, len(keys)))
        case Kind.MULTIPLE:
            most = min(question.picks, question.fewest + MORE)
            some = set(chance.sample(keys, chance.randint(question.fewest, most)))
            return tuple(one for one in keys if one in some)
    return (chance.choice(keys),)
