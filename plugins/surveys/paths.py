"""The way through a survey: which question comes next, and which answers count. Pure and deterministic."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from core.markup import escape
from core.texts import Words
from plugins.surveys import conditions
from plugins.surveys.conditions import Answers
from plugins.surveys.definition import PLACE, Definition, Given, Kind, Question, Quota

Cells = Mapping[int, int]
"""How many finished responses are in each quota, by its number."""


class Walk(NamedTuple):
    """Where a member is. ``path`` are the questions that are asked of them, up to and with the next one.

    ``next`` is None at the end, and where ``full`` is the quota that leaves them out.
    """

    path: tuple[Question, ...]
    next: Question | None
    full: Quota | None
    answers: dict[str, Given | None]
    """The answers that count: those of questions on the path."""
    later: dict[str, Given | None]
    """Answers to questions beyond the next one, which may count once it is answered."""


def walk(definition: Definition, answers: Answers, seed: int, cells: Cells = {}) -> Walk:  # noqa: B006  never changed
    """Go from the first question as far as the answers reach.

    :param answers: what was answered; answers to questions that the logic leaves out now are dropped.
    :param seed: makes the order where it is random: the same for the same seed.
    :param cells: how far the quotas are filled.
    """
    kept: dict[str, Given | None] = {}
    path: list[Question] = []
    order = definition.order(seed)
    for at, question in enumerate(order):
        if not conditions.read(question.when).holds(kept):
            continue
        path.append(question)
        if question.name not in answers:
            later = {one.name: answers[one.name] for one in order[at + 1 :] if one.name in answers}
            return Walk(tuple(path), question, None, kept, later)
        kept[question.name] = answers[question.name]
        for number, quota in enumerate(definition.quotas):
            if (
                quota.question == question.name
                and cells.get(number, 0) >= quota.most
                and fills(quota, definition, kept)
            ):
                return Walk(tuple(path), None, quota, kept, {})
    return Walk(tuple(path), None, None, kept, {})


def fills(quota: Quota, definition: Definition, answers: Answers) -> bool:
    """Whether these answers count into a quota."""
    given = answers.get(quota.question)
    if given is None:
        return False
    if definition.by_name[quota.question].kind is Kind.NUMBER:
        return any(_within(one, given) for one in quota.answers)
    held = given if isinstance(given, tuple) else (str(given),)
    return any(one in quota.answers for one in held)


def filled(definition: Definition, answers: Answers) -> list[int]:
    """The numbers of the quotas that these answers count into."""
    return [number for number, quota in enumerate(definition.quotas) if fills(quota, definition, answers)]


def span(text: str) -> tuple[float, float] | None:
    """The ends of a quota's range for a number: ``18-24``, ``65-``, ``7``. None where it is none."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(-\s*(\d+(?:\.\d+)?)?)?\s*", text)
    if found is None:
        return None
    low = float(found.group(1))
    high = float(found.group(3)) if found.group(3) else (float("inf") if found.group(2) else low)
    return (low, high) if low <= high else None


def _within(text: str, given: Given) -> bool:
    ends = span(text)
    return ends is not None and isinstance(given, (int, float)) and ends[0] <= given <= ends[1]


def steps(definition: Definition, walked: Walk, at: Question) -> tuple[int, int]:
    """“3 of 12”: which question this is on the member's path, and how many there may be in all."""
    here = next((number for number, one in enumerate(walked.path, 1) if one.name == at.name), len(walked.path))
    known = {one.name for one in walked.path}
    names = set(walked.answers)
    ahead = 0
    for question in definition.questions:
        if question.name in known:
            continue
        asked = {test.name for test in conditions.tests(conditions.read(question.when))}
        if asked <= names and not conditions.read(question.when).holds(walked.answers):
            continue  # surely left out
        ahead += 1
    return here, len(walked.path) + (ahead if walked.next is not None else 0)


def ending(definition: Definition, answers: Answers) -> str:
    """What is said at the end to whoever answered so; empty for our own thanks."""
    return next((one.text for one in definition.endings if conditions.read(one.when).holds(answers)), "")


def places(text: str) -> list[str]:
    """The questions whose answers a text repeats."""
    return [found.group(1).strip() for found in PLACE.finditer(text)]


def piped(text: str, definition: Definition, answers: Answers, say: Callable[[Words], str]) -> str:
    """A manager's text as markup, with earlier answers in the places of ``{name}``, or what stands after the bar."""

    out, last = [], 0
    for found in PLACE.finditer(text):
        name, instead = found.group(1).strip(), found.group(2)
        question, given = definition.by_name.get(name), answers.get(name)
        if question is None:
            continue
        out.append(escape(text[last : found.start()]))
        out.append(escape((instead or "…") if given is None else shown(question, given, say)))
        last = found.end()
    return "".join([*out, escape(text[last:])])


def shown(question: Question, given: Given | None, say: Callable[[Words], str], other: str = "") -> str:
    """An answer as its member reads it. ``other`` are the words they added."""
    if given is None:
        return "–"
    if question.choices:
        keys = given if isinstance(given, tuple) else (str(given),)
        labels = [other if other and key == "other" else say(question.label(key)) for key in keys]
        return ", ".join(labels)
    return f"{given:.15g}" if isinstance(given, float) else str(given)
