"""A screener's question as people type it into a form: what is asked first, then what may be answered."""

from __future__ import annotations

import re

from core.texts import Domain, Phrase
from plugins.sampling_drops.definition import MAX_ANSWER, MAX_ASK, MAX_OPTIONS, Question

_ = Domain("sampling_drops")

_RANGE = re.compile(r"(\d{1,9})\s*(?:(\+)|(?:-|–|to|bis|à)\s*(\d{1,9}))")


class Unclear(ValueError):
    """The question can't be asked as it stands; ``words`` say why and what to do."""

    def __init__(self, words: Phrase) -> None:
        super().__init__(words.key)
        self.words = words


def checked(one: Question) -> Question:
    """The question, if it can be asked and somebody can pass. Raises :class:`Unclear`."""
    if not one.ask:
        raise Unclear(_("Write what is asked."))
    if len(one.ask) > MAX_ASK:
        raise Unclear(_("What is asked has {n} characters, at most {most} fit.", n=len(one.ask), most=MAX_ASK))
    if not one.options:
        if one.least is None and one.most is None:
            raise Unclear(
                _("Say what passes: options with a + before those that do, or numbers such as 18+ or 1-10.")
            )
        if one.least is not None and one.most is not None and one.least > one.most:
            raise Unclear(_("No number lies between {least} and {most}.", least=one.least, most=one.most))
        return one
    if not 2 <= len(one.options) <= MAX_OPTIONS:
        raise Unclear(_("A choice has 2 to {most} options, this one {n}.", most=MAX_OPTIONS, n=len(one.options)))
    if len(set(one.options)) < len(one.options):
        raise Unclear(_("Two options are the same."))
    long = next((option for option in one.options if not 1 <= len(option) <= MAX_ANSWER), None)
    if long is not None:
        raise Unclear(_("An option has 1 to {most} characters.", most=MAX_ANSWER))
    if not one.passing:
        raise Unclear(_("No option passes. Put a + before those that do."))
    if not set(one.passing) <= set(one.options):
        raise Unclear(_("What passes must be among the options."))
    return one


def read(text: str) -> Question | None:
    """The question that was typed, None for nothing. Raises :class:`Unclear`."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return None
    ask, *rest = lines
    if len(rest) == 1 and (found := _RANGE.fullmatch(rest[0])):
        least, open_, most = found.groups()
        return checked(Question(ask, least=int(least), most=None if open_ else int(most)))
    wrong = next((line for line in rest if line[0] not in "+-–"), None)
    if wrong is not None:
        raise Unclear(_("Begin each option with + if it passes and with - if not: {line}", line=wrong[:40]))
    options = tuple(line[1:].strip() for line in rest)
    passing = tuple(line[1:].strip() for line in rest if line[0] == "+")
    return checked(Question(ask, options, passing))


def write(one: Question) -> str:
    """Back from :func:`read`."""
    if one.options:
        rest = [f"{'+' if option in one.passing else '-'} {option}" for option in one.options]
    elif one.most is None:
        rest = [f"{one.least}+"]
    else:
        rest = [f"{one.least or 0}-{one.most}"]
    return "\n".join([one.ask, *rest])
