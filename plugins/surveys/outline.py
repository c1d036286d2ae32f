"""A survey in lines: its sections, questions, quotas and endings, as its manager reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from core.markup import escape
from core.message import cut
from core.texts import Domain, Phrase, Words
from plugins.surveys.definition import Definition, Ending, Kind, Question, Quota, Section

_ = Domain("surveys")

Say = Callable[[Words], str]

MOST_OUTLINE = 3200
"""Characters: every platform's message holds them with what stands around."""
KINDS: dict[Kind, Phrase] = {
    Kind.SINGLE: _("Pick one"),
    Kind.MULTIPLE: _("Pick several"),
    Kind.RATING: _("Rate, 1 to 5 or 10"),
    Kind.NPS: _("Recommend, 0 to 10"),
    Kind.LIKERT: _("Agree or disagree"),
    Kind.RANKING: _("Put in order"),
    Kind.NUMBER: _("A number"),
    Kind.DATE: _("A day"),
    Kind.SHORT: _("A few words"),
    Kind.LONG: _("A longer text"),
    Kind.CONSENT: _("Agree to something"),
}


def outline(definition: Definition, say: Say) -> list[str]:
    """All of it, as marked-up lines."""
    return fitting(list(_lines(definition, say)), say)


def fitting(several: Sequence[str], say: Say) -> list[str]:
    """As many of the lines as every platform's message holds, and how many more there are."""
    lines: list[str] = []
    room = MOST_OUTLINE
    for at, line in enumerate(several):
        room -= len(line) + 1
        if room < 0:
            return [*lines, say(_("… and {n} more", n=len(several) - at))]
        lines.append(line)
    return lines


def _lines(definition: Definition, say: Say) -> Iterator[str]:
    number = 0
    for place, section in enumerate(definition.sections):
        if place or section.title or section.random:
            yield f"**{section_line(section, say)}**"
        for question in section.questions:
            number += 1
            yield question_line(number, question, say)
    if number and (definition.quotas or definition.endings):
        yield ""
    yield from (f"⚖️ {quota_line(one, definition, say)}" for one in definition.quotas)
    yield from (f"🏁 {ending_line(one, say)}" for one in definition.endings)


def section_line(section: Section, say: Say) -> str:
    """A section's title and order."""
    parts = [escape(section.title) or say(_("Section"))]
    if section.random:
        parts.append(say(_("in random order")))
    return " · ".join(parts)


def question_line(number: int, one: Question, say: Say) -> str:
    """A question in a list."""
    when = f" · _{escape(cut(one.when, 40))}_" if one.when else ""
    return f"{number}. {escape(cut(' '.join(one.ask.split()), 60))} · _{say(KINDS[one.kind])}_{when}"


def quota_line(one: Quota, definition: Definition, say: Say) -> str:
    """A quota: at most so many of whom."""
    return say(
        _(
            "At most {n} with {answers} to “{question}”",
            n=one.most,
            answers=escape(cut(answers_of(one, definition, say), 80)),
            question=escape(_ask(one, definition)),
        )
    )


def answers_of(one: Quota, definition: Definition, say: Say) -> str:
    """The answers that a quota counts, as they are read."""
    question = definition.by_name.get(one.question)
    return ", ".join(say(question.label(key)) if question else key for key in one.answers)


def ending_line(one: Ending, say: Say) -> str:
    """An ending, and to whom it is said."""
    words = escape(cut(" ".join(one.text.split()), 60))
    return f"{words} · _{escape(cut(one.when, 40))}_" if one.when else f"{words} · _{say(_('everybody else'))}_"


def _ask(one: Quota, definition: Definition) -> str:
    question = definition.by_name.get(one.question)
    return cut(question.plain, 40) if question else one.question
