"""Questions of a survey as a manager makes them: added, changed, moved, put into sections."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from uuid import UUID

from core.action import Action
from core.context import Context
from core.form import Form, Value
from core.message import Message
from core.plugin import Answer, FormErrors
from core.texts import Domain, Words
from plugins.surveys import drafts, sections
from plugins.surveys.actions import named, number
from plugins.surveys.changing import Beside, Mistake, attempt, change, read
from plugins.surveys.definition import Definition, Kind, Question, Section
from plugins.surveys.looking import question_message
from plugins.surveys.naming import renamed
from plugins.surveys.question_form import more_form, more_taken, question_form, taken
from plugins.surveys.sections import tag
from plugins.surveys.taking import gone
from storage.tx import Tx

_ = Domain("surveys")


async def edit_form(ctx: Context, action: Action) -> Form | Message:
    """The form of a question that is there."""
    question = await _question(ctx, action)
    return question if isinstance(question, Message) else question_form(action, question.kind, question)


async def more_form_of(ctx: Context, action: Action) -> Form | Message:
    """The form of what few questions need."""
    question = await _question(ctx, action)
    return question if isinstance(question, Message) else more_form(action, question)


async def _question(ctx: Context, action: Action) -> Question | Message:
    found = await read(ctx, action)
    if isinstance(found, Message):
        return found
    wanted = (one for one in found.definition.questions if tag(one.name) == number(action))
    return next(wanted, None) or Message(text=_("That question is gone."))


async def add(ctx: Context, action: Action, values: Mapping[str, Value], kind: Kind) -> Answer | FormErrors:
    """Put a new question at the end."""

    def how(definition: Definition) -> Definition:
        name = free_name(definition)
        question = taken(values, kind, name, None, _other(ctx, definition))
        if not definition.sections:
            return replace(definition, sections=(Section((question,)),))
        last = definition.sections[-1]
        return replace(
            definition, sections=(*definition.sections[:-1], replace(last, questions=(*last.questions, question)))
        )

    return await change(ctx, action, how, Beside("when", fields=_fields(values)))


def free_name(definition: Definition) -> str:
    """The name of the next question."""
    names = definition.by_name
    return next(name for name in (f"q{place}" for place in range(1, len(names) + 2)) if name not in names)


async def edit(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Change a question."""

    def how(definition: Definition) -> Definition:
        return _one(
            definition,
            number(action),
            lambda one: taken(values, one.kind, one.name, one, _other(ctx, definition)),
        )

    question = await _question(ctx, action)
    if isinstance(question, Message):
        return question
    elsewhere = _changed(question, values, _other(ctx, Definition("")))
    return await change(ctx, action, how, Beside("when", question.name, _fields(values), elsewhere))


def _fields(values: Mapping[str, Value]) -> dict[str, str]:
    """The form's fields by the keys that they are about."""
    limits = "limits" if "limits" in values else "most" if "most" in values else "ask"
    return {"ask": "ask", "options": "options", "least": limits, "most": limits}


def _changed(before: Question, values: Mapping[str, Value], other: str) -> str:
    """The field by which something else became wrong: what of the question it hangs on was changed there."""
    try:
        after = taken(values, before.kind, before.name, before, other)
    except Mistake:
        return ""
    if after.options != before.options:
        return "options"
    if after.other != before.other:
        return "flags"
    if (after.least, after.most) != (before.least, before.most):
        return _fields(values)["most"]
    return "when"


async def change_more(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Change what few questions need, its name among it."""
    survey_id, wanted = named(action), number(action)
    if survey_id is None:
        return gone()

    def unit(tx: Tx) -> None:
        asked = drafts.was_asked(tx, ctx.community_id, survey_id)

        def how(definition: Definition) -> Definition:
            before = next((one for one in definition.questions if tag(one.name) == wanted), None)
            if before is None:
                return definition
            changed = more_taken(values, before)
            if changed.name != before.name and asked:
                raise Mistake("name", _("Answers are kept under this name already, so it stays."))
            if changed.name != before.name and changed.name in definition.by_name:
                raise Mistake("name", _("two questions are called so"))
            definition = _one(definition, wanted, lambda _one: replace(changed, name=before.name))
            return renamed(definition, before.name, changed.name)

        drafts.change(tx, ctx.community_id, survey_id, how)

    beside = Beside("name", fields={"ask": "hint"})
    shown = partial(question_shown, wanted=tag(str(values["name"])))
    return await attempt(ctx, unit, survey_id, beside=beside, then=shown)


async def question_shown(ctx: Context, survey_id: UUID, _said: Words, wanted: int) -> Message:
    """A question as it is now."""
    return await question_message(ctx, survey_id, wanted, by_tag=True)


async def move(ctx: Context, action: Action, *, down: bool) -> Answer | FormErrors:
    """Move a question up or down, also into the section beside."""
    wanted = number(action)

    def how(definition: Definition) -> Definition:
        within = [list(section.questions) for section in definition.sections]
        for place, several in enumerate(within):
            at = next((at for at, one in enumerate(several) if tag(one.name) == wanted), None)
            if at is None:
                continue
            to = at + (1 if down else -1)
            if 0 <= to < len(several):
                several[at], several[to] = several[to], several[at]
            elif 0 <= (beside := place + (1 if down else -1)) < len(within):
                within[beside].insert(0 if down else len(within[beside]), several.pop(at))
            break
        return _with(definition, within)

    return await change(ctx, action, how, then=partial(question_shown, wanted=wanted))


async def take_out(ctx: Context, action: Action) -> Answer | FormErrors:
    """Remove a question."""
    wanted = number(action)
    return await change(
        ctx,
        action,
        lambda definition: _with(
            definition,
            [[one for one in section.questions if tag(one.name) != wanted] for section in definition.sections],
        ),
        said=_("Removed."),
    )


# -- sections --------------------------------------------------------------------------------------------------------
async def change_section(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Let a section as the form says begin with a question."""
    wanted = number(action)
    beside = Beside("flags")
    shown = partial(question_shown, wanted=wanted)
    return await change(ctx, action, lambda one: sections.begun(one, wanted, values), beside, then=shown)


async def join_section(ctx: Context, action: Action) -> Answer | FormErrors:
    """Let its questions belong to the section before."""
    wanted = number(action)
    shown = partial(question_shown, wanted=wanted)
    return await change(ctx, action, lambda one: sections.joined(one, wanted), then=shown)


def _other(ctx: Context, definition: Definition) -> str:
    """The label of an option that asks for words, in the survey's language."""
    return ctx.say(_("Something else"), definition.language)


def _one(definition: Definition, wanted: int, how: Callable[[Question], Question]) -> Definition:
    return _with(
        definition,
        [
            [how(one) if tag(one.name) == wanted else one for one in section.questions]
            for section in definition.sections
        ],
    )


def _with(definition: Definition, several: Sequence[Sequence[Question]]) -> Definition:
    """With other questions in its sections; a section goes with its last one."""
    return replace(
        definition,
        sections=tuple(
            replace(section, questions=tuple(questions))
            for section, questions in zip(definition.sections, several, strict=True)
            if questions
        ),
    )
