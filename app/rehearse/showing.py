"""What a message shows of a survey, read as people read it."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any

from app.rehearse.opinions import counting
from plugins.surveys import conditions
from plugins.surveys.definition import PLACE, Definition, Given, Question
from plugins.surveys.paths import shown
from sandbox.control import ControlView, MessageView, Outcome

ALIKE = str.maketrans({"\u2217": "*", "\u02cd": "_", "\u223c": "~", "\u02cb": "`", "\u200b": None})
"""Look-alikes of marks, and a space without width."""
FULL = "heard enough people"
HAD = "have taken part already"


class Showing:
    """Reads messages about one survey."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self._asks = [(_pattern(one.ask), one) for one in definition.questions]

    def question(
        self,
        text: str,
        answered: Container[str] = (),
        sent: Mapping[str, Given | None] = {},
    ) -> Question | None:
        """The question that a text asks: the longest that stands in it; of several alike the one that comes next."""
        read = legible(text)
        found = [one for pattern, one in self._asks if pattern.search(read)]
        longest = max((len(one.ask) for one in found), default=0)
        found = [one for one in found if len(one.ask) == longest]
        if len(found) < 2:
            return found[0] if found else None
        answers = counting(self.definition, sent)
        waits = (one for one in found if one.name not in answered and conditions.read(one.when).holds(answers))
        return next(waits, found[-1])

    def end(self, outcome: Outcome, text: str) -> str:
        """``done``, ``turned away`` or ``taken`` where it is one of those, else empty."""
        labels = labels_of(outcome.message)
        if "Change my answers" in labels and self.question(text) is None:
            return "done"
        if FULL in text or (
            self.definition.full and " ".join(self.definition.full.split()) in " ".join(text.split())
        ):
            return "turned away"
        return "taken" if HAD in text else ""

    def as_asked(self, question: Question, answers: Mapping[str, Given | None]) -> str:
        """How a question must read for somebody who answered so."""

        def put(found: re.Match[str]) -> str:
            of, given = self.definition.by_name.get(found[1].strip()), answers.get(found[1].strip())
            if of is None:
                return found[0]
            return (found[2] or "…") if given is None else shown(of, given, english)

        return " ".join(PLACE.sub(put, question.ask).split())


def legible(text: str) -> str:
    """A text in one line, without what a platform puts in the place of marks that it can't escape."""
    return " ".join(text.translate(ALIKE).split())


def english(words: Any) -> str:
    """Words of ours or of a manager as they are read in English."""
    return str(getattr(words, "key", words))


def labels_of(message: MessageView | None) -> list[str]:
    """What can be pressed or followed."""
    return [one.label for one in message.controls] if message is not None else []


def label(question: Question, key: str) -> str:
    """An option as it is read."""
    return next(english(one.label) for one in question.choices if one.key == key)


def flat(message: MessageView) -> list[ControlView]:
    """Buttons, and options of lists as if they were."""
    lists = [ControlView(one.id, "option", text) for one in message.controls for _value, text in one.options]
    return [*message.controls, *lists]


def keys_in(message: MessageView, question: Question) -> set[str]:
    """The options that stand there."""
    there = {one.label for one in flat(message)}
    return {one.key for one in question.choices if english(one.label) in there}


def _pattern(ask: str) -> re.Pattern[str]:
    parts, last = [], 0
    for found in PLACE.finditer(ask):
        parts.append(re.escape(" ".join(ask[last : found.start()].split())))
        last = found.end()
    parts.append(re.escape(" ".join(ask[last:].split())))
    return re.compile(r"\s?.*?\s?".join(parts))
