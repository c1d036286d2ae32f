"""Another name for a question, in all that speaks of it."""

from __future__ import annotations

from dataclasses import replace

from plugins.surveys import conditions
from plugins.surveys.definition import PLACE, Definition, Question


def renamed(definition: Definition, old: str, new: str) -> Definition:
    """The definition with the question under its new name: conditions, repeated answers, quotas, margins."""

    def words(text: str) -> str:
        return PLACE.sub(lambda found: _place(found[1], found[2], old, new), text)

    def question(one: Question) -> Question:
        return replace(
            one,
            name=new if one.name == old else one.name,
            ask=words(one.ask),
            hint=words(one.hint),
            when=conditions.renamed(one.when, old, new),
        )

    return replace(
        definition,
        sections=tuple(
            replace(section, questions=tuple(map(question, section.questions))) for section in definition.sections
        ),
        quotas=tuple(replace(one, question=new) if one.question == old else one for one in definition.quotas),
        endings=tuple(
            replace(one, text=words(one.text), when=conditions.renamed(one.when, old, new))
            for one in definition.endings
        ),
        margins=tuple(replace(one, question=new) if one.question == old else one for one in definition.margins),
    )


def _place(name: str, instead: str | None, old: str, new: str) -> str:
    shown = new if name.strip() == old else name
    return f"{{{shown}}}" if instead is None else f"{{{shown}|{instead}}}"
