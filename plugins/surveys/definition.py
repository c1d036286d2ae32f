"""What a survey asks, as frozen data. Names and option keys are permanent: answers are kept under them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from random import Random

from core.texts import Domain, Words

_ = Domain("surveys")

MAX_QUESTIONS = 60
"""Of a survey: longer ones are not answered to the end."""
MAX_OPTIONS = 300
"""Of a question. What a platform can't show at once is paged."""
MAX_ASK = 900
"""Characters of a question, so that it and all around it fits every platform's message."""
MAX_LABEL = 75
"""Characters of an option (the smallest platform's button)."""
MAX_TITLE = 100
"""Characters of a survey's title and of a section's."""
MAX_INTRO = 1500
"""Characters of what stands above the first question, and of what is said at the end."""
MAX_SHORT, MAX_LONG = 300, 3000
"""Characters of a short and of a long text (the smallest platform's form)."""
MAX_KEY = 75
"""Characters of an option’s key, which is its label where no other is given."""
MAX_NAME = 40
"""Characters of a question’s name."""

PLACE = re.compile(r"\{([^{}|]*)(?:\|([^{}]*))?\}")
"""Where a text repeats an earlier answer: the question, and what is said where there is none."""
OTHER = "other"
"""The key of the option that asks for words."""
YES, NO = "yes", "no"
"""What a consent holds."""


class Kind(StrEnum):
    """What a question asks for."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    RATING = "rating"
    NPS = "nps"
    LIKERT = "likert"
    RANKING = "ranking"
    NUMBER = "number"
    DATE = "date"
    SHORT = "short"
    LONG = "long"
    CONSENT = "consent"


LISTED = frozenset({Kind.SINGLE, Kind.MULTIPLE, Kind.RANKING})
"""Kinds whose options the survey lists."""
SCALES = frozenset({Kind.RATING, Kind.NPS, Kind.LIKERT})
"""Kinds that are answered by a whole number out of few."""
TEXTS = frozenset({Kind.SHORT, Kind.LONG})
"""Kinds that are answered in words."""
WRITTEN = TEXTS | {Kind.NUMBER, Kind.DATE}
"""Kinds that are answered by a form."""

LIKERT: tuple[Words, ...] = (
    _("Strongly disagree"),
    _("Disagree"),
    _("Neither agree nor disagree"),
    _("Agree"),
    _("Strongly agree"),
)
"""The five points, 1 to 5, in the reader's language."""

Given = str | int | float | tuple[str, ...]
"""What was answered: an option's key, a point of a scale, a number, an ISO date, words; keys in order for several."""


@dataclass(frozen=True, slots=True)
class Option:
    """Something to pick. ``key`` is kept, ``label`` is read."""

    key: str
    label: Words


@dataclass(frozen=True)
class Question:
    """One question. ``when`` is a condition of :mod:`plugins.surveys.conditions`, empty for always.

    ``least`` and ``most`` are how many options for ``multiple``, the value for ``number``, and the ends of a
    ``rating``. ``other`` is the label of an option that asks for words, empty for none. ``random`` shuffles the
    options but the last ``fixed``.
    """

    name: str
    kind: Kind
    ask: str
    hint: str = ""
    required: bool = True
    when: str = ""
    options: tuple[Option, ...] = ()
    other: str = ""
    random: bool = False
    fixed: int = 0
    least: int | None = None
    most: int | None = None
    image: str = ""

    @cached_property
    def choices(self) -> tuple[Option, ...]:
        """All that can be picked, in the order of the definition; empty where words or numbers are typed."""
        match self.kind:
            case Kind.SINGLE | Kind.MULTIPLE | Kind.RANKING:
                return (*self.options, Option(OTHER, self.other)) if self.other else self.options
            case Kind.LIKERT:
                return tuple(Option(str(number), label) for number, label in enumerate(LIKERT, 1))
            case Kind.RATING | Kind.NPS:
                return tuple(Option(str(number), str(number)) for number in range(self.low, self.high + 1))
            case Kind.CONSENT:
                no = () if self.required else (Option(NO, _("I don’t agree")),)
                return (Option(YES, _("I agree")), *no)
        return ()

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of :attr:`choices`."""
        return frozenset(one.key for one in self.choices)

    @cached_property
    def plain(self) -> str:
        """What it asks, for whoever reads the results: in one line, and with what stands for earlier answers."""
        return " ".join(PLACE.sub(lambda found: found.group(2) or "…", self.ask).split())

    @property
    def low(self) -> int:
        """The lowest point of a scale."""
        return 0 if self.kind is Kind.NPS else 1

    @property
    def high(self) -> int:
        """The highest point of a scale."""
        match self.kind:
            case Kind.NPS:
                return 10
            case Kind.LIKERT:
                return 5
        return self.most or 5

    @property
    def fewest(self) -> int:
        """How many options are to be picked at least."""
        if self.kind is Kind.RANKING:
            return len(self.choices)
        return max(self.least or 1, 1)

    @property
    def picks(self) -> int:
        """How many options may be picked."""
        match self.kind:
            case Kind.MULTIPLE:
                return min(self.most or len(self.choices), len(self.choices))
            case Kind.RANKING:
                return len(self.choices)
        return 1

    def label(self, key: str) -> Words:
        """What is read for a key; the key itself where it is none of the options."""
        return next((one.label for one in self.choices if one.key == key), key)

    def shuffled(self, seed: int) -> tuple[Option, ...]:
        """The choices in the order in which the member with that seed sees them."""
        if not self.random:
            return self.choices
        still = self.fixed + (1 if self.other else 0)
        loose = list(self.choices[: len(self.choices) - still])
        Random(f"{seed}/{self.name}").shuffle(loose)
        return (*loose, *self.choices[len(self.choices) - still :])


@dataclass(frozen=True, slots=True)
class Section:
    """Questions that belong together. ``random`` shuffles their order."""

    questions: tuple[Question, ...]
    title: str = ""
    random: bool = False


@dataclass(frozen=True, slots=True)
class Quota:
    """At most so many finished responses whose answer to ``question`` is, or has, one of ``answers``.

    For a number, an answer is a range: ``18-24``, ``65-``.
    """

    question: str
    answers: tuple[str, ...]
    most: int


@dataclass(frozen=True, slots=True)
class Ending:
    """What is said to whom it fits at the end; the first that fits."""

    text: str
    when: str = ""


class Seen(StrEnum):
    """Who sees what a survey comes to."""

    MANAGERS = "managers"
    AFTER = "after"
    """Who answered, and everybody once it is closed."""
    LIVE = "live"
    """Everybody, while it runs."""


@dataclass(frozen=True, slots=True)
class Margin:
    """How many of all, not only of those who answer, give each answer to ``question``.

    Shares may sum to anything; a key is that of an answer in :func:`plugins.surveys.groups.groups`.
    """

    question: str
    shares: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Definition:
    """A survey. ``language`` is that of its words. ``full`` is said to whom a quota leaves out.

    By ``margins`` the answers are weighted until they have them.
    """

    title: str
    sections: tuple[Section, ...] = ()
    intro: str = ""
    language: str = "en"
    anonymous: bool = False
    quotas: tuple[Quota, ...] = ()
    endings: tuple[Ending, ...] = ()
    full: str = ""
    results: Seen = Seen.MANAGERS
    margins: tuple[Margin, ...] = ()

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """All questions in the order of the definition; an action names one by its number here."""
        return tuple(question for section in self.sections for question in section.questions)

    @cached_property
    def by_name(self) -> dict[str, Question]:
        """The questions by name."""
        return {one.name: one for one in self.questions}

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The questions' numbers by name."""
        return {one.name: number for number, one in enumerate(self.questions)}

    def order(self, seed: int) -> tuple[Question, ...]:
        """The questions in the order in which the member with that seed meets them."""
        if not any(section.random for section in self.sections):
            return self.questions
        found: list[Question] = []
        for number, section in enumerate(self.sections):
            several = list(section.questions)
            if section.random:
                Random(f"{seed}/section {number}").shuffle(several)
            found += several
        return tuple(found)
