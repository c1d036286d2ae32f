"""The few answers of which each person gives one: what shares, weights and cross-tables are made of."""

from __future__ import annotations

from core.figures.scales import DETRACTORS, PROMOTERS
from core.texts import Domain, Words
from plugins.surveys.definition import SCALES, Given, Kind, Question

_ = Domain("surveys")

GROUPED = frozenset({Kind.SINGLE, Kind.LIKERT, Kind.RATING, Kind.NPS, Kind.CONSENT})
"""Kinds to which each person gives one of a few answers."""
INTENT = ("5", "4", "3", "2", "1")
"""The keys by which a question of five options is known as purchase intent, from “definitely” to “definitely not”."""


def groups(question: Question) -> tuple[tuple[str, Words], ...]:
    """The answers, key and label."""
    if question.kind is Kind.NPS:
        return (
            ("up", _("9 and 10: would recommend")),
            ("middle", _("7 and 8: neither")),
            ("down", _("0 to 6: would not")),
        )
    return tuple((one.key, one.label) for one in question.choices)


def group_of(question: Question, given: Given | None) -> str | None:
    """Which one an answer is; None for none, and for kinds that have none."""
    if question.kind in SCALES:
        if not isinstance(given, (int, float)):
            return None
        if question.kind is Kind.NPS:
            return "up" if given in PROMOTERS else "down" if given in DETRACTORS else "middle"
        return str(int(given))
    return given if question.kind in GROUPED and isinstance(given, str) else None


def is_intent(question: Question) -> bool:
    """Whether it asks for purchase intent."""
    return question.kind is Kind.SINGLE and not question.other and {one.key for one in question.options} == {*INTENT}
