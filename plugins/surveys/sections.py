"""Sections of a survey as a manager makes them: one begins with a question and goes on to the next section."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from zlib import crc32

from core.action import MAX_NUMBER, Action
from core.form import FieldKind, Form, FormField, Value
from core.message import Option
from core.texts import Domain
from plugins.surveys.definition import MAX_TITLE, Definition, Section

_ = Domain("surveys")

RANDOM = "random"


def tag(name: str) -> int:
    """A question in a button, by its name: an older button then never means another one."""
    return crc32(name.encode()) & MAX_NUMBER


def begins(definition: Definition, wanted: int) -> Section | None:
    """The section that begins with the question of that tag; none where it is the first and says nothing."""
    for place, section in enumerate(definition.sections):
        if section.questions and tag(section.questions[0].name) == wanted:
            return section if place or section.title or section.random else None
    return None


def section_form(action: Action, known: Section | None) -> Form:
    """The form of a section."""
    known = known or Section(())
    fields = (
        FormField(
            FieldKind.TEXT,
            "title",
            _("Title"),
            required=False,
            hint=_("Stands above each of its questions"),
            value=known.title,
            maximum=MAX_TITLE,
        ),
        FormField(
            FieldKind.CHOICE,
            "flags",
            _("Order"),
            required=False,
            value=(RANDOM,) if known.random else (),
            minimum=0,
            options=(Option(RANDOM, _("Its questions in random order")),),
        ),
    )
    return Form(action, _("Section"), fields, submit=_("Save"))


def begun(definition: Definition, wanted: int, values: Mapping[str, Value]) -> Definition:
    """With a section as the form says that begins with the question of that tag."""
    title, random = " ".join(str(values.get("title") or "").split()), bool(values.get("flags"))
    sections: list[Section] = []
    for section in definition.sections:
        at = next((at for at, one in enumerate(section.questions) if tag(one.name) == wanted), None)
        if at is None:
            sections.append(section)
            continue
        if at:
            sections.append(replace(section, questions=section.questions[:at]))
        sections.append(Section(section.questions[at:], title, random))
    return replace(definition, sections=tuple(sections))


def joined(definition: Definition, wanted: int) -> Definition:
    """Without the section that begins with the question of that tag: its questions belong to the one before."""
    sections: list[Section] = []
    for section in definition.sections:
        if not section.questions or tag(section.questions[0].name) != wanted:
            sections.append(section)
        elif sections:
            before = sections.pop()
            sections.append(replace(before, questions=before.questions + section.questions))
        else:
            sections.append(Section(section.questions))
    return replace(definition, sections=tuple(sections))
