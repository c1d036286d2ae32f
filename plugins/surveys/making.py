"""The forms by which a survey is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from core.action import Action
from core.context import Context
from core.form import MAX_TEXT, FieldKind, Form, FormField, Value
from core.message import Message, Option
from core.plugin import Answer, FormErrors
from core.posted_in import chosen_by
from core.texts import Domain, Phrase, Words
from core.timing import moment
from core.zones import parse_time
from plugins.surveys import drafts, pulses, toml_text, waves
from plugins.surveys.actions import named, number
from plugins.surveys.definition import MAX_INTRO, MAX_TITLE, Definition, Section
from plugins.surveys.drafts import Refused
from plugins.surveys.looking import Look, look, question_message, survey_message, tag
from plugins.surveys.question_form import Mistake, question_form, taken
from plugins.surveys.taking import gone
from plugins.surveys.toml_text import Unreadable
from storage.tx import Tx

_ = Domain("surveys")

CLOSES = time(18)
"""The time of day when a survey closes where only a day was given."""
MAX_MOST, MAX_DAYS = 1_000_000, 365
SHOWN_PROBLEMS = 8
NAMES, ANONYMOUS = "names", "anonymous"


async def read(ctx: Context, action: Action) -> Look | Message:
    """The survey that a form is about, or what to tell when it is gone."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, named(action))
    return found or gone()


async def attempt(
    ctx: Context, unit: Callable[[Tx], Any], survey_id: UUID, said: Words = "", field: str = ""
) -> Answer | FormErrors:
    """Do something about a survey and show it as it is then, or say why it can't be done."""
    try:
        await ctx.write(unit)
    except Refused as error:
        where = error.field or field
        return FormErrors({where: error.words}) if where else Message(text=error.words)
    except Unreadable as error:
        return FormErrors({field: told(error)}) if field else Message(text=told(error))
    return await survey_message(ctx, survey_id, said)


async def change(
    ctx: Context, action: Action, how: Callable[[Definition], Definition], field: str = "", said: Words = ""
) -> Answer | FormErrors:
    """Change what a survey asks, and show it."""
    survey_id = named(action)
    if survey_id is None:
        return gone()
    return await attempt(ctx, lambda tx: drafts.change(tx, ctx.community_id, survey_id, how), survey_id, said, field)


async def begin(ctx: Context, text: str) -> Message:
    """Keep a new draft of a text that was read, and show it."""

    def unit(tx: Tx) -> UUID:
        return drafts.new_draft(tx, ctx.community_id, text, ctx.account(tx))

    return await survey_message(ctx, await ctx.write(unit))


# -- title and words -------------------------------------------------------------------------------------------------
def words_form(action: Action, definition: Definition | None = None) -> Form:
    """What everything begins with."""
    known = definition or Definition("")
    kinds = (Option(NAMES, _("With names")), Option(ANONYMOUS, _("Anonymous")))
    return Form(
        action,
        _("Survey"),
        (
            FormField(FieldKind.TEXT, "title", _("Title"), value=known.title, maximum=MAX_TITLE),
            FormField(
                FieldKind.LONG,
                "intro",
                _("What it is about"),
                required=False,
                hint=_("Stands above the first question"),
                value=known.intro,
                maximum=MAX_INTRO,
            ),
            FormField(
                FieldKind.CHOICE,
                "names",
                _("Answers"),
                value=(ANONYMOUS if known.anonymous else NAMES,),
                options=kinds,
            ),
            FormField(
                FieldKind.LONG,
                "full",
                _("To whom a quota lets go"),
                required=False,
                hint=_("Empty: our kind words"),
                value=known.full,
                maximum=MAX_INTRO,
            ),
        ),
        submit=_("Save"),
    )


def _words(values: Mapping[str, Value]) -> dict[str, Any]:
    return {
        "title": " ".join(str(values["title"]).split()),
        "intro": str(values.get("intro") or ""),
        "anonymous": values["names"] == (ANONYMOUS,),
        "full": str(values.get("full") or ""),
    }


async def create(ctx: Context, values: Mapping[str, Value]) -> Answer:
    """Begin an empty draft."""
    return await begin(ctx, toml_text.write(Definition(**_words(values), language=ctx.place.language)))


async def change_words(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Change them."""
    return await change(ctx, action, lambda definition: replace(definition, **_words(values)), "intro")


# -- questions -------------------------------------------------------------------------------------------------------
async def edit_form(ctx: Context, action: Action) -> Form | Message:
    """The form of a question that is there."""
    found = await read(ctx, action)
    if isinstance(found, Message):
        return found
    question = next((one for one in found.definition.questions if tag(one.name) == number(action)), None)
    if question is None:
        return Message(text=_("That question is gone."))
    return question_form(action, question.kind, question)


async def add(ctx: Context, action: Action, values: Mapping[str, Value], kind: Any) -> Answer | FormErrors:
    """Put a new question at the end."""

    def how(definition: Definition) -> Definition:
        names = {one.name for one in definition.questions}
        name = next(f"q{place}" for place in range(1, len(names) + 2) if f"q{place}" not in names)
        question = taken(values, kind, name, None, _other(ctx, definition))
        if not definition.sections:
            return replace(definition, sections=(Section((question,)),))
        last = definition.sections[-1]
        return replace(
            definition, sections=(*definition.sections[:-1], replace(last, questions=(*last.questions, question)))
        )

    try:
        return await change(ctx, action, how, "when")
    except Mistake as error:
        return FormErrors({error.field: error.words})


async def edit(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Change a question."""
    wanted = number(action)

    def how(definition: Definition) -> Definition:
        return _each(
            definition,
            lambda several: [
                taken(values, one.kind, one.name, one, _other(ctx, definition)) if tag(one.name) == wanted else one
                for one in several
            ],
        )

    try:
        return await change(ctx, action, how, "when")
    except Mistake as error:
        return FormErrors({error.field: error.words})


async def move(ctx: Context, action: Action, *, down: bool) -> Answer:
    """Move a question up or down, also into the section beside."""
    survey_id, wanted = named(action), number(action)

    def how(definition: Definition) -> Definition:
        sections = [list(section.questions) for section in definition.sections]
        for place, several in enumerate(sections):
            at = next((at for at, one in enumerate(several) if tag(one.name) == wanted), None)
            if at is None:
                continue
            to = at + (1 if down else -1)
            if 0 <= to < len(several):
                several[at], several[to] = several[to], several[at]
            elif 0 <= (beside := place + (1 if down else -1)) < len(sections):
                sections[beside].insert(0 if down else len(sections[beside]), several.pop(at))
            break
        return _with(definition, sections)

    if survey_id is None:
        return gone()
    try:
        await ctx.write(lambda tx: drafts.change(tx, ctx.community_id, survey_id, how))
    except (Refused, Unreadable) as error:
        return Message(text=error.words if isinstance(error, Refused) else told(error))
    return await question_message(ctx, survey_id, wanted, by_tag=True)


async def take_out(ctx: Context, action: Action) -> Answer | FormErrors:
    """Remove a question."""
    wanted = number(action)
    return await change(
        ctx,
        action,
        lambda definition: _each(definition, lambda several: [one for one in several if tag(one.name) != wanted]),
        said=_("Removed."),
    )


def _other(ctx: Context, definition: Definition) -> str:
    """The label of an option that asks for words, in the survey's language."""
    return ctx.say(_("Something else"), definition.language)


def _each(definition: Definition, how: Callable[[Sequence[Any]], list[Any]]) -> Definition:
    return _with(definition, [how(section.questions) for section in definition.sections])


def _with(definition: Definition, several: Sequence[Sequence[Any]]) -> Definition:
    return replace(
        definition,
        sections=tuple(
            replace(section, questions=tuple(questions))
            for section, questions in zip(definition.sections, several, strict=True)
        ),
    )


# -- until when, how many --------------------------------------------------------------------------------------------
def limits_form(action: Action, found: Look, time_zone: str) -> Form:
    """When it closes by itself."""
    row, where = found.row, ZoneInfo(time_zone)
    at = row.closes_at.astimezone(where) if row.closes_at else None
    fields = [
        FormField(
            FieldKind.DATE,
            "closes_on",
            _("Closes on"),
            required=False,
            hint=_("Empty: when you close it. Year-month-day, for example 2027-03-31"),
            value=at.date().isoformat() if at else "",
        ),
        FormField(
            FieldKind.TEXT,
            "closes_at",
            _("Closes at"),
            required=False,
            hint=_("On your community’s clocks, for example 9:00 or 18:30"),
            value=(at.time() if at else CLOSES).strftime("%H:%M"),
            maximum=10,
        ),
        FormField(
            FieldKind.NUMBER,
            "most",
            _("Responses at most"),
            required=False,
            hint=_("Empty: as many as come"),
            value=str(row.most or ""),
            minimum=1,
            maximum=MAX_MOST,
        ),
    ]
    return Form(action, _("Until when, how many"), tuple(fields), submit=_("Save"))


async def change_limits(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Change them, also while it is open."""
    survey_id, day = named(action), values.get("closes_on")
    typed = str(values.get("closes_at") or "")
    at = parse_time(typed) if typed else CLOSES
    if survey_id is None:
        return gone()
    if at is None:
        return FormErrors({"closes_at": _("Write a time of day, for example 9:00 or 18:30.")})
    closes_at = None
    if isinstance(day, date):
        closes_at = moment(datetime.combine(day, at), ZoneInfo(ctx.place.time_zone))
    most = values.get("most")
    return await attempt(
        ctx,
        lambda tx: drafts.limits(
            tx, ctx.community_id, survey_id, closes_at, int(most) if isinstance(most, Decimal) else None
        ),
        survey_id,
        field="most",
    )


# -- repeat ----------------------------------------------------------------------------------------------------------
async def repeat_form(ctx: Context, action: Action) -> Form | Message:
    """How often it opens anew."""
    found = await read(ctx, action)
    if isinstance(found, Message):
        return found
    if not found.definition.questions:
        return Message(text=_("Add a question first."))
    return pulses.form(action, found, ctx.place.time_zone, ctx.now)


async def change_repeat(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Begin, change or end it."""
    survey_id = named(action)
    if survey_id is None:
        return gone()
    rule = pulses.rule(values)
    if isinstance(rule, FormErrors):
        return rule
    days = values.get("days")
    plugins = ctx.hall.routes.by_code
    zone, now = ctx.place.time_zone, ctx.now
    return await attempt(
        ctx,
        lambda tx: pulses.keep(
            tx,
            ctx.community_id,
            survey_id,
            rule,
            int(days) if isinstance(days, Decimal) else None,
            zone,
            now,
            plugins,
        ),
        survey_id,
        field="start",
    )


# -- channels --------------------------------------------------------------------------------------------------------
async def channels_form(ctx: Context, action: Action) -> Form | Message:
    """A choice of channels for each space."""
    survey_id = named(action)
    if survey_id is None:
        return gone()
    return await waves.POSTED.form(ctx, action, survey_id, _("Where it is posted"), _("Save"))


async def change_channels(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Post it there."""
    survey_id = named(action)
    if survey_id is None:
        return gone()
    chosen = await chosen_by(ctx, action, values)
    return await attempt(ctx, lambda tx: drafts.post_in(tx, ctx.community_id, survey_id, chosen), survey_id)


# -- all as text -----------------------------------------------------------------------------------------------------
EXAMPLE = """title = "Our next meeting"
intro = "Five minutes, so that it fits you."
anonymous = false

[[question]]
name = "comes"
kind = "single"
ask = "Will you come?"
options = ["Yes", "Perhaps", "No"]

[[question]]
name = "why"
kind = "long"
ask = "What keeps you?"
required = false
when = "comes = 'No'"
"""
"""What an empty text begins with: the keys explain themselves."""


def text_form(action: Action, text: str) -> Form:
    """The survey as TOML."""
    field = FormField(FieldKind.LONG, "text", _("The survey as TOML"), value=text)
    return Form(action, _("Survey as text"), (field,), submit=_("Save"))


async def text_form_of(ctx: Context, action: Action) -> Form | Message:
    """A survey as TOML, where it fits a form."""
    found = await read(ctx, action)
    if isinstance(found, Message):
        return found
    if len(found.row.definition) > MAX_TEXT:
        return Message(text=_("It is too long for a form. Fetch it as a file from your page: `/hall page`."))
    return text_form(action, found.row.definition)


def told(error: Unreadable) -> Phrase:
    """All that is wrong, one below the other."""
    shown = error.problems[:SHOWN_PROBLEMS]
    words = shown[0]
    for one in shown[1:]:
        words = _("{above}\n{below}", above=words, below=one)
    if len(error.problems) > len(shown):
        words = _("{above}\n{below}", above=words, below=_("… and {n} more", n=len(error.problems) - len(shown)))
    return words


async def take_text(ctx: Context, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Begin a draft that a text describes."""
    text = str(values["text"])
    try:
        toml_text.read(text)
    except Unreadable as error:
        return FormErrors({"text": told(error)})
    return await begin(ctx, text)


async def change_text(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Let a survey be what a text describes."""
    survey_id, text = named(action), str(values["text"])
    if survey_id is None:
        return gone()
    try:
        toml_text.read(text)
    except Unreadable as error:
        return FormErrors({"text": told(error)})
    return await attempt(ctx, lambda tx: drafts.replace(tx, ctx.community_id, survey_id, text), survey_id)
