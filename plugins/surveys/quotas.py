"""Quotas of a survey as a manager makes them: which answers count, how many at most, and what the others are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from core.action import Action
from core.context import Context
from core.form import MAX_OPTIONS, FieldKind, Form, FormField, Value
from core.markup import escape
from core.message import MAX_BUTTON_LABEL, Button, ButtonStyle, Message, Option, Pair, cut
from core.plugin import Answer, FormErrors
from core.texts import Domain, Words
from plugins.surveys.actions import number
from plugins.surveys.changing import Beside, Mistake, change, read
from plugins.surveys.definition import MAX_INTRO, TEXTS, Definition, Kind, Question, Quota
from plugins.surveys.drafts import Refused
from plugins.surveys.looking import back, look, paged, question_options
from plugins.surveys.outline import answers_of, fitting, quota_line
from plugins.surveys.question_form import option_line
from plugins.surveys.sections import tag
from plugins.surveys.taking import gone
from plugins.surveys.toml_text import MAX_MOST

_ = Domain("surveys")

BESIDE = Beside("answers")


def counts(question: Question) -> bool:
    """Whether its answers can be counted."""
    return question.kind not in TEXTS | {Kind.RANKING, Kind.DATE}


def tag_of(quota: Quota) -> int:
    """A quota in a button, by whom it counts."""
    return tag("\0".join((quota.question, *quota.answers)))


# -- looking ---------------------------------------------------------------------------------------------------------
async def quotas_message(ctx: Context, survey_id: UUID | None, said: Words = "", page: int = 0) -> Message:
    """All quotas."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, survey_id)
    if found is None or survey_id is None:
        return gone()
    definition, say = found.definition, ctx.say
    options = [
        Option(str(place), cut(f"{one.most}: {answers_of(one, definition, say)}", MAX_BUTTON_LABEL))
        for place, one in enumerate(definition.quotas)
    ]
    lines = [say(said), ""] if said else []
    lines += fitting([f"- {quota_line(one, definition, say)}" for one in definition.quotas], say)
    if not definition.quotas:
        lines.append(say(_("A quota lets so many in who give an answer, and kindly lets go who comes after them.")))
    new = Button(_("Add a quota"), ctx.action("capqs", survey_id), style=ButtonStyle.PRIMARY)
    return Message(
        title=_("Quotas"),
        text="\n".join(lines),
        controls=(*paged(ctx, "cap", "caps", survey_id, options, page), new, back(ctx, survey_id)),
    )


async def quotas_shown(ctx: Context, survey_id: UUID, said: Words) -> Message:
    """All of them after a change."""
    return await quotas_message(ctx, survey_id, said)


async def quota_message(ctx: Context, survey_id: UUID | None, place: int) -> Message:
    """One quota, by its number, with what can be done about it."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, survey_id)
    if found is None or survey_id is None:
        return gone()
    if not 0 <= place < len(found.definition.quotas):
        return await quotas_message(ctx, survey_id)
    one = found.definition.quotas[place]
    about = (survey_id, tag_of(one))
    told = escape(found.definition.full) or _("our kind words")
    return Message(
        title=_("Quota {n}", n=place + 1),
        text=quota_line(one, found.definition, ctx.say),
        fields=(Pair(_("The others are told"), told),),
        controls=(
            Button(_("Change"), ctx.action("capedt", *about), form=True, style=ButtonStyle.PRIMARY),
            Button(_("Remove"), ctx.action("capdel", *about), style=ButtonStyle.DANGER),
            Button(_("All quotas"), ctx.action("caps", survey_id)),
            back(ctx, survey_id),
        ),
    )


async def counted_message(ctx: Context, survey_id: UUID | None, page: int = 0) -> Message:
    """Which question to count."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, survey_id)
    if found is None or survey_id is None:
        return gone()
    all_of_them = question_options(found.definition.questions)
    several = [one for one, asked in zip(all_of_them, found.definition.questions, strict=True) if counts(asked)]
    if not several:
        return Message(
            text=_("A quota counts a question with options or a number. Add one first."),
            controls=(back(ctx, survey_id),),
        )
    return Message(
        text=_("Answers to which question?"),
        controls=(*paged(ctx, "capq", "capqs", survey_id, several, page), back(ctx, survey_id)),
    )


# -- the form --------------------------------------------------------------------------------------------------------
def quota_form(action: Action, question: Question, full: str, known: Quota | None = None) -> Form:
    """The form, empty or holding what is there."""
    fields = (
        _answers_field(question, known),
        FormField(
            FieldKind.NUMBER,
            "most",
            _("How many at most"),
            value=str(known.most) if known else "",
            minimum=1,
            maximum=MAX_MOST,
        ),
        FormField(
            FieldKind.LONG,
            "full",
            _("What the others are told"),
            required=False,
            hint=_("The same for all quotas. Empty: our kind words"),
            value=full,
            maximum=MAX_INTRO,
        ),
    )
    return Form(action, _("Quota"), fields, submit=_("Save"), text=escape(question.plain))


def _answers_field(question: Question, known: Quota | None) -> FormField:
    label, now = _("Answers that count"), known.answers if known else ()
    if question.kind is Kind.NUMBER:
        hint = _("For example 18-24, or several: 18-24, 65-")
        return FormField(FieldKind.TEXT, "answers", label, hint=hint, value=", ".join(now))
    if len(question.choices) > MAX_OPTIONS:
        lines = "\n".join(option_line(one) for one in question.choices if one.key in now)
        return FormField(FieldKind.LONG, "answers", _("Answers that count, one a line"), value=lines)
    options = tuple(Option(one.key, one.label) for one in question.choices)
    return FormField(
        FieldKind.CHOICE, "answers", label, value=tuple(now), minimum=1, maximum=len(options), options=options
    )


def taken(values: Mapping[str, Value], question: Question) -> Quota:
    """The quota that the form says. Raises :class:`Mistake`."""
    answers, most = values["answers"], values["most"]
    if isinstance(answers, str):
        lines = answers.split(",") if question.kind is Kind.NUMBER else answers.splitlines()
        several = [" ".join(one.split()) for one in lines if one.strip()]
        answers = tuple(several if question.kind is Kind.NUMBER else (_key(one, question) for one in several))
    return Quota(
        question.name, answers if isinstance(answers, tuple) else (), int(most) if isinstance(most, Decimal) else 1
    )


def _key(line: str, question: Question) -> str:
    for one in question.choices:
        if line in (option_line(one), one.key, one.label):
            return one.key
    raise Mistake("answers", _("“{text}” is none of its options", text=line[:40]))


# -- changes ---------------------------------------------------------------------------------------------------------
def put(definition: Definition, known: Quota | None, quota: Quota, full: str) -> Definition:
    """With a quota instead of one that is there, or beside those that are there. Raises :class:`Mistake`."""
    others = [one for one in definition.quotas if one is not known]
    if any((one.question, set(one.answers)) == (quota.question, set(quota.answers)) for one in others):
        raise Mistake("answers", _("another quota counts the same answers already"))
    several = tuple(quota if one is known else one for one in definition.quotas)
    return replace(definition, quotas=several if known else (*several, quota), full=full)


async def new_form(ctx: Context, action: Action) -> Form | Message:
    """The form of a new one."""
    found = await read(ctx, action)
    if isinstance(found, Message):
        return found
    question = _counted(found.definition, number(action))
    return gone_question() if question is None else quota_form(action, question, found.definition.full)


async def chosen(ctx: Context, survey_id: UUID | None, place: int) -> Form | Message:
    """The same for a question that was chosen by its number."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, survey_id)
    if found is None or survey_id is None:
        return gone()
    if not 0 <= place < len(found.definition.questions):
        return gone_question()
    question = found.definition.questions[place]
    return quota_form(ctx.action("capnew", survey_id, tag(question.name)), question, found.definition.full)


async def add(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Add one."""

    def how(definition: Definition) -> Definition:
        question = _counted(definition, number(action))
        if question is None:
            raise Refused(_("That question is gone."))
        return put(definition, None, taken(values, question), str(values.get("full") or ""))

    return await change(ctx, action, how, BESIDE, _("Saved."), quotas_shown)


async def edit_form(ctx: Context, action: Action) -> Form | Message:
    """The form of one that is there."""
    found = await read(ctx, action)
    if isinstance(found, Message):
        return found
    quota = _quota(found.definition, number(action))
    if quota is None:
        return Message(text=_("That quota is gone."))
    return quota_form(action, found.definition.by_name[quota.question], found.definition.full, quota)


async def edit(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Change one."""

    def how(definition: Definition) -> Definition:
        known = _quota(definition, number(action))
        if known is None:
            raise Refused(_("That quota is gone."))
        quota = taken(values, definition.by_name[known.question])
        return put(definition, known, quota, str(values.get("full") or ""))

    return await change(ctx, action, how, BESIDE, _("Saved."), quotas_shown)


async def remove(ctx: Context, action: Action) -> Answer | FormErrors:
    """Take one away."""

    def how(definition: Definition) -> Definition:
        known = _quota(definition, number(action))
        return replace(definition, quotas=tuple(one for one in definition.quotas if one is not known))

    return await change(ctx, action, how, said=_("Removed."), then=quotas_shown)


def gone_question() -> Message:
    """For a button of a question that is no more."""
    return Message(text=_("That question is gone."))


def _counted(definition: Definition, wanted: int) -> Question | None:
    return next((one for one in definition.questions if tag(one.name) == wanted and counts(one)), None)


def _quota(definition: Definition, wanted: int) -> Quota | None:
    return next((one for one in definition.quotas if tag_of(one) == wanted), None)
