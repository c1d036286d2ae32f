"""One step of a member through a survey: what they said is checked and kept, and what comes next is found. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from core.texts import Domain, Phrase
from plugins.surveys.definition import OTHER, SCALES, WRITTEN, Definition, Given, Kind, Option, Question
from plugins.surveys.paths import Cells, Walk, walk

_ = Domain("surveys")

DIGITS = 15
"""Significant digits of a number: what a double keeps to the last one."""


class Verb(StrEnum):
    """What a member does."""

    START = "start"
    PICK = "pick"
    WRITE = "write"
    SKIP = "skip"
    ANEW = "anew"
    """Forget what was picked of this question so far."""
    SEND = "send"
    LATER = "later"


class Said(NamedTuple):
    """What a member says. ``question`` is its number, ``picks`` options by their numbers, ``page`` of so many options
    the one that they were shown on.
    """

    verb: Verb
    question: int = -1
    picks: tuple[int, ...] = ()
    value: str | Decimal | date | None = None
    page: int = 0
    page_size: int = 25


class Is(StrEnum):
    """Where a member is after a step."""

    ASKED = "asked"
    """A question waits: ``question``, at ``page``."""
    WORDS = "words"
    """The option “other” was picked: its words are asked for."""
    WRONG = "wrong"
    """What was said doesn’t do; ``why`` says it. The question waits still."""
    NOT_ASKED = "not asked"
    """That question is not asked of them."""
    REVIEW = "review"
    """Nothing is left but to send it."""
    DONE = "done"
    """Nothing is left."""
    FULL = "full"
    """A quota leaves them out."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A member's answers as they stand: ``words`` beside “other”, ``begun`` what is not all picked yet."""

    seed: int
    answers: Mapping[str, Given | None] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    begun: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """To be sealed."""
        return json.dumps([self.answers, self.words, self.begun], ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def of(cls, seed: int, data: bytes | None) -> Sheet:
        """Back from :meth:`to_bytes`."""
        if data is None:
            return cls(seed)
        answers, words, begun = json.loads(data)
        thawed = {name: tuple(given) if isinstance(given, list) else given for name, given in answers.items()}
        return cls(seed, thawed, words, {name: tuple(keys) for name, keys in begun.items()})

    @property
    def empty(self) -> bool:
        """Whether nothing was said yet."""
        return not self.answers and not self.begun


class Step(NamedTuple):
    """What came of it."""

    what: Is
    sheet: Sheet
    walked: Walk
    question: Question | None = None
    page: int = 0
    why: Phrase | None = None


def step(definition: Definition, sheet: Sheet, said: Said, cells: Cells, *, review: bool) -> Step:
    """Take what was said, and find what comes next.

    :param cells: how far the quotas are filled by others.
    :param review: the last step is a look at all of it, which is sent by itself.
    """
    if said.verb in (Verb.START, Verb.SEND, Verb.LATER):
        return stand(definition, sheet, cells, review=review)
    walked = walk(definition, sheet.answers, sheet.seed)
    question = _question(definition, said.question)
    if question is None or question not in walked.path:
        return stand(definition, sheet, cells, review=review)._replace(what=Is.NOT_ASKED)
    taken = _take(question, sheet, said)
    if not isinstance(taken, Sheet):
        return taken._replace(walked=walked)
    return stand(definition, taken, cells, review=review)


def stand(definition: Definition, sheet: Sheet, cells: Cells, *, review: bool) -> Step:
    """What comes next for these answers, those to questions that are not asked any more taken out."""
    walked = walk(definition, sheet.answers, sheet.seed, cells)
    answers = {**walked.answers, **walked.later}
    words = {name: words for name, words in sheet.words.items() if name in answers}
    sheet = replace(sheet, answers=answers, words=words)
    if walked.full is not None:
        return Step(Is.FULL, sheet, walked)
    if walked.next is None:
        return Step(Is.REVIEW if review else Is.DONE, sheet, walked)
    return Step(Is.ASKED, sheet, walked, walked.next)


def pages(question: Question, sheet: Sheet, page_size: int) -> list[tuple[Option, ...]]:
    """The options in the order in which this member sees them, as many at once as the platform shows."""
    options = question.shuffled(sheet.seed)
    if question.kind is Kind.RANKING:
        ranked = sheet.begun.get(question.name, ())
        options = tuple(one for one in options if one.key not in ranked)
    count = max(1, -(-len(options) // page_size))
    size = -(-len(options) // count)
    return [options[start : start + size] for start in range(0, len(options), size)]


_NOWHERE = Walk((), None, None, {}, {})


def _question(definition: Definition, number: int) -> Question | None:
    return definition.questions[number] if 0 <= number < len(definition.questions) else None


def _take(question: Question, sheet: Sheet, said: Said) -> Sheet | Step:
    """The sheet with the answer, or the step that is left to be done about this question."""
    if said.verb is Verb.ANEW:
        return Step(Is.ASKED, _begun(question, sheet, ()), _NOWHERE, question)
    if said.verb is Verb.SKIP:
        if question.required:
            return _wrong(question, sheet, _("This one is needed."))
        return _kept(question, sheet, None)
    if said.verb is Verb.WRITE:
        if question.kind in WRITTEN:
            return _written(question, sheet, said.value)
        picks = sheet.begun.get(question.name, ())
        if OTHER not in picks or not isinstance(said.value, str):
            return _wrong(question, sheet, _("Pick from the list first."))
        return _kept(question, sheet, picks if question.kind is Kind.MULTIPLE else OTHER, said.value)
    keys = [question.choices[number].key for number in said.picks if 0 <= number < len(question.choices)]
    if len(keys) < len(said.picks) or not question.choices:
        return _wrong(question, sheet, _("That is not one of the options. Pick from the list."))
    if question.kind is Kind.RANKING:
        return _ranked(question, sheet, keys)
    if question.kind is Kind.MULTIPLE:
        return _several(question, sheet, said, keys)
    if len(keys) != 1:
        return _wrong(question, sheet, _("Pick one."))
    if keys == [OTHER] and question.other:
        return Step(Is.WORDS, _begun(question, sheet, (OTHER,)), _NOWHERE, question)
    return _kept(question, sheet, int(keys[0]) if question.kind in SCALES else keys[0])


def _several(question: Question, sheet: Sheet, said: Said, keys: Sequence[str]) -> Sheet | Step:
    shown = pages(question, sheet, said.page_size)
    page = min(said.page, len(shown) - 1)
    here = {one.key for one in shown[page]}
    picked = {*(one for one in sheet.begun.get(question.name, ()) if one not in here and len(shown) > 1), *keys}
    picks = tuple(one.key for one in question.choices if one.key in picked)
    if page < len(shown) - 1:
        return Step(Is.ASKED, _begun(question, sheet, picks), _NOWHERE, question, page + 1)
    if len(picks) < question.fewest:
        return _wrong(question, _begun(question, sheet, picks), _("Pick at least {least}.", least=question.fewest))
    if len(picks) > question.picks:
        return _wrong(question, _begun(question, sheet, picks), _("Pick at most {most}.", most=question.picks))
    if OTHER in picks and question.other:
        return Step(Is.WORDS, _begun(question, sheet, picks), _NOWHERE, question)
    return _kept(question, sheet, picks)


def _ranked(question: Question, sheet: Sheet, keys: Sequence[str]) -> Sheet | Step:
    before = sheet.begun.get(question.name, ())
    ranked = (*before, *(key for key in keys if key not in before))
    left = [one.key for one in question.choices if one.key not in ranked]
    if len(left) <= 1:
        return _kept(question, sheet, (*ranked, *left))
    return Step(Is.ASKED, _begun(question, sheet, ranked), _NOWHERE, question)


def _written(question: Question, sheet: Sheet, value: str | Decimal | date | None) -> Sheet | Step:
    if value is None:
        return (
            _wrong(question, sheet, _("This one is needed.")) if question.required else _kept(question, sheet, None)
        )
    if isinstance(value, Decimal):
        if len(value.normalize().as_tuple().digits) > DIGITS:
            return _wrong(question, sheet, _("Write at most {n} digits.", n=DIGITS))
        return _kept(question, sheet, int(value) if value == value.to_integral_value() else float(value))
    return _kept(question, sheet, value.isoformat() if isinstance(value, date) else value)


def _kept(question: Question, sheet: Sheet, given: Given | None, words: str = "") -> Sheet:
    others = {name: text for name, text in sheet.words.items() if name != question.name}
    return replace(
        sheet,
        answers={**sheet.answers, question.name: given},
        words={**others, question.name: words} if words else others,
        begun={name: keys for name, keys in sheet.begun.items() if name != question.name},
    )


def _begun(question: Question, sheet: Sheet, keys: tuple[str, ...]) -> Sheet:
    return replace(sheet, begun={**sheet.begun, question.name: keys})


def _wrong(question: Question, sheet: Sheet, why: Phrase) -> Step:
    return Step(Is.WRONG, sheet, _NOWHERE, question, 0, why)
