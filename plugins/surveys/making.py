"""The forms by which a survey is made as a whole: its words, where and until when, and all of it as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from core.action import Action
from core.context import Context
from core.form import MAX_TEXT, FieldKind, Form, FormField, Value
from core.message import Message, Option
from core.plugin import Answer, FormErrors
from core.posted_in import chosen_by
from core.texts import Domain
from core.timing import moment
from core.zones import parse_time
from plugins.surveys import drafts, pulses, toml_text, waves
from plugins.surveys.actions import named
from plugins.surveys.changing import Beside, attempt, change, read, told
from plugins.surveys.definition import MAX_INTRO, MAX_TITLE, Definition, Seen
from plugins.surveys.looking import SEEN, Look, survey_message
from plugins.surveys.taking import gone
from plugins.surveys.toml_text import Unreadable
from storage.tx import Tx

_ = Domain("surveys")

CLOSES = time(18)
"""The time of day when a survey closes where only a day was given."""
MAX_MOST, MAX_DAYS = 1_000_000, 365
NAMES, ANONYMOUS = "names", "anonymous"


async def begin(ctx: Context, text: str) -> Message:
    """Keep a new draft of a text that was read, and show it."""

    def unit(tx: Tx) -> UUID:
        return drafts.new_draft(tx, ctx.community_id, text, ctx.account(tx))

    return await survey_message(ctx, await ctx.write(unit))


# -- title and words -------------------------------------------------------------------------------------------------
def new_form(action: Action, language: str) -> Form:
    """What everything begins with: the fewest questions."""
    return Form(action, _("Survey"), _first(Definition("", language=language)), submit=_("Save"))


def words_form(action: Action, known: Definition) -> Form:
    """All that is said of a survey as a whole."""
    fields = (
        *_first(known),
        FormField(
            FieldKind.CHOICE,
            "results",
            _("Who sees the results"),
            value=(known.results.value,),
            options=tuple(Option(one.value, label) for one, label in SEEN.items()),
        ),
        FormField(
            FieldKind.TEXT,
            "language",
            _("Language of its words"),
            hint=_("For example en, de, fr"),
            value=known.language,
            maximum=10,
        ),
    )
    return Form(action, _("Survey"), fields, submit=_("Save"))


def _first(known: Definition) -> tuple[FormField, ...]:
    kinds = (Option(NAMES, _("With names")), Option(ANONYMOUS, _("Anonymous")))
    return (
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
            FieldKind.CHOICE, "names", _("Answers"), value=(ANONYMOUS if known.anonymous else NAMES,), options=kinds
        ),
    )


def words_taken(values: Mapping[str, Value], known: Definition) -> Definition:
    """The definition with the words that the form says."""
    results = values.get("results")
    return replace(
        known,
        title=" ".join(str(values["title"]).split()),
        intro=str(values.get("intro") or ""),
        anonymous=values["names"] == (ANONYMOUS,),
        results=Seen(results[0]) if isinstance(results, tuple) else known.results,
        language=str(values.get("language") or known.language),
    )


async def create(ctx: Context, values: Mapping[str, Value]) -> Answer:
    """Begin an empty draft."""
    return await begin(ctx, toml_text.write(words_taken(values, Definition("", language=ctx.place.language))))


async def change_words(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Change them."""
    beside = Beside("title", fields={"language": "language", "intro": "intro"})
    return await change(ctx, action, lambda definition: words_taken(values, definition), beside)


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
        beside=Beside("most"),
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
        beside=Beside("start"),
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
