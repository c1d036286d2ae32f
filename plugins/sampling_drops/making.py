"""The forms by which a drop is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from plugins.sampling_drops import drafts, drops, screener, toml_text
from plugins.sampling_drops.definition import (
    CODE,
    MAX_BRAND,
    MAX_CONSENT,
    MAX_LINK,
    MAX_PRODUCT,
    MAX_QUESTIONS,
    PARCEL,
    Definition,
)
from plugins.sampling_drops.definition import (
    MAX_LABEL as MAX_DISCLOSURE,
)
from plugins.sampling_drops.drafts import Refused
from plugins.sampling_drops.looking import Look, drop_message, look
from plugins.sampling_drops.toml_text import MAX_STOCK, Said, Unreadable
from plugins.sampling_drops.words import lines, named
from storage.tx import Tx

_ = Domain("sampling_drops")

MAX_QUESTION = 1000
"""Characters of a screener's question with all its options."""
OPENS, CLOSES = time(9), time(18)
"""The times of day when a window has only days."""
SHOWN_PROBLEMS = 5


async def read(ctx: Context, action: Action) -> Look | Message:
    """The drop that a form is about, or what to tell when it is gone."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, named(action))
    return found or Message(text=_("That drop is gone."))


async def draft(ctx: Context, action: Action) -> Look | Message:
    """The same, if it is still a draft."""
    found = await read(ctx, action)
    if isinstance(found, Look) and found.row.state != drops.DRAFT:
        return Message(text=_("It is published: look at it with `/hall drops`."))
    return found


async def change(ctx: Context, action: Action, how: Callable[[Said], Said]) -> Answer | FormErrors:
    """Change a draft, and show it."""
    drop_id = named(action)
    if drop_id is None:
        return Message(text=_("That drop is gone."))
    return await attempt(ctx, lambda tx: drafts.change(tx, ctx.community_id, drop_id, how), drop_id)


async def attempt(ctx: Context, unit: Callable[[Tx], Any], drop_id: UUID, said: Words = "") -> Answer | FormErrors:
    """Do something about a drop and show it as it is then, or say why it can't be done."""
    try:
        await ctx.write(unit)
    except Refused as error:
        return FormErrors({error.field: error.words}) if error.field else Message(text=error.words)
    return await drop_message(ctx, drop_id, said)


# -- product and stock -----------------------------------------------------------------------------------------------
def base_form(action: Action, definition: Definition | None = None, stock: int = 0) -> Form:
    """What everything begins with."""
    known = definition or Definition("", "")
    gives = (Option(PARCEL, _("A parcel by post")), Option(CODE, _("A code out of a list")))
    return Form(
        action,
        _("Sampling drop"),
        (
            FormField(FieldKind.TEXT, "product", _("Product"), value=known.product, maximum=MAX_PRODUCT),
            FormField(FieldKind.TEXT, "brand", _("Brand"), value=known.brand, maximum=MAX_BRAND),
            FormField(FieldKind.CHOICE, "gives", _("What is given"), value=(known.gives,), options=gives),
            FormField(
                FieldKind.NUMBER,
                "stock",
                _("How many parcels"),
                required=False,
                hint=_("Leave it empty for codes: they count themselves"),
                value=str(stock) if stock and known.gives == PARCEL else "",
                minimum=0,
                maximum=MAX_STOCK,
            ),
            FormField(
                FieldKind.TEXT,
                "picture",
                _("Link to a picture"),
                required=False,
                hint="https://…",
                value=known.picture,
                maximum=MAX_LINK,
            ),
        ),
        submit=_("Save"),
    )


def _base(values: Mapping[str, Value]) -> tuple[dict[str, Any], int] | FormErrors:
    """The values of the form above, or what is wrong with them."""
    gives, stock, picture = _gives(values), values.get("stock"), str(values.get("picture") or "")
    errors: dict[str, Phrase] = {}
    if isinstance(stock, Decimal) and stock != int(stock):
        errors["stock"] = _("Write a whole number, please.")
    if gives == PARCEL and not stock:
        errors["stock"] = _("Say how many parcels there are.")
    if picture and not toml_text.is_link(picture):
        errors["picture"] = toml_text.not_a_link()
    if errors:
        return FormErrors(errors)
    texts = {name: " ".join(str(values[name]).split()) for name in ("product", "brand")}
    return {**texts, "gives": gives, "picture": picture}, int(stock) if isinstance(stock, Decimal) else 0


def _gives(values: Mapping[str, Value]) -> str:
    chosen = values["gives"]
    return chosen[0] if isinstance(chosen, tuple) and chosen else PARCEL


async def create(ctx: Context, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Begin a draft."""
    taken = _base(values)
    if isinstance(taken, FormErrors):
        return taken
    parts, stock = taken
    return await begin(ctx, Said(Definition(**parts, language=ctx.place.language), stock, None, None))


async def begin(ctx: Context, said: Said) -> Message:
    """Keep a new draft and show it."""

    def unit(tx: Tx) -> UUID:
        return drafts.new_draft(tx, ctx.vault, ctx.community_id, said, ctx.account(tx))

    return await drop_message(ctx, await ctx.write(unit))


async def change_base(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Change product, brand, stock."""
    taken = _base(values)
    if isinstance(taken, FormErrors):
        return taken
    parts, stock = taken
    return await change(
        ctx, action, lambda said: said._replace(definition=replace(said.definition, **parts), stock=stock)
    )


# -- label and consent -----------------------------------------------------------------------------------------------
def texts_form(action: Action, definition: Definition) -> Form:
    """The disclosure label and the consent, in the manager's words or empty for ours."""
    return Form(
        action,
        _("Label and consent"),
        (
            FormField(
                FieldKind.TEXT,
                "label",
                _("Label on every post"),
                required=False,
                hint=_("Empty: Free sample from the brand"),
                value=definition.label,
                maximum=MAX_DISCLOSURE,
            ),
            FormField(
                FieldKind.LONG,
                "consent",
                _("What members agree to"),
                required=False,
                hint=_("Empty: our words, in each member’s language"),
                value=definition.consent,
                maximum=MAX_CONSENT,
            ),
        ),
        submit=_("Save"),
    )


async def change_texts(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Change them."""
    label, consent = " ".join(str(values.get("label") or "").split()), str(values.get("consent") or "")
    return await change(
        ctx,
        action,
        lambda said: said._replace(definition=replace(said.definition, label=label, consent=consent)),
    )


# -- the window ------------------------------------------------------------------------------------------------------
def _day_field(name: str, label: Phrase, hint: Phrase, at: datetime | None, where: ZoneInfo) -> FormField:
    value = at.astimezone(where).date().isoformat() if at else ""
    return FormField(FieldKind.DATE, name, label, required=False, hint=hint, value=value)


def _time_field(name: str, label: Phrase, at: datetime | None, where: ZoneInfo, default: time) -> FormField:
    value = (at.astimezone(where).time() if at else default).strftime("%H:%M")
    hint = _("On your community’s clocks, for example 9:00 or 18:30")
    return FormField(FieldKind.TEXT, name, label, required=False, hint=hint, value=value, maximum=10)


def closing_fields(at: datetime | None, where: ZoneInfo) -> tuple[FormField, FormField]:
    hint = _("Empty: when you end it. Year-month-day, for example 2027-03-31")
    return (
        _day_field("closes_on", _("Closes on"), hint, at, where),
        _time_field("closes_at", _("Closes at"), at, where, CLOSES),
    )


def window_form(action: Action, found: Look, time_zone: str) -> Form:
    """When it opens and closes."""
    where = ZoneInfo(time_zone)
    hint = _("Empty: when you publish it. Year-month-day, for example 2027-03-31")
    return Form(
        action,
        _("Opens and closes"),
        (
            _day_field("opens_on", _("Opens on"), hint, found.row.opens_at, where),
            _time_field("opens_at", _("Opens at"), found.row.opens_at, where, OPENS),
            *closing_fields(found.row.closes_at, where),
        ),
        submit=_("Save"),
    )


def moments_of(ctx: Context, values: Mapping[str, Value]) -> dict[str, datetime | None] | FormErrors:
    """The moments of a window's fields: those that are in the form."""
    errors: dict[str, Phrase] = {}
    found: dict[str, datetime | None] = {}
    where = ZoneInfo(ctx.place.time_zone)
    for name, default in (("opens", OPENS), ("closes", CLOSES)):
        if f"{name}_on" not in values:
            continue
        day, typed = values[f"{name}_on"], str(values.get(f"{name}_at") or "")
        at = parse_time(typed) if typed else default
        if at is None:
            errors[f"{name}_at"] = _("Write a time of day, for example 9:00 or 18:30.")
            continue
        found[name] = moment(datetime.combine(day, at), where) if isinstance(day, date) else None
    opens, closes = found.get("opens"), found.get("closes")
    if closes is not None and closes <= ctx.now:
        errors["closes_on"] = _("That is over already. Choose a later day or time.")
    elif closes is not None and opens is not None and closes <= opens:
        errors["closes_on"] = _("It closes before it opens. Change one of the two.")
    return FormErrors(errors) if errors else found


async def change_window(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Change it."""
    found = moments_of(ctx, values)
    if isinstance(found, FormErrors):
        return found
    opens, closes = found["opens"], found["closes"]
    return await change(ctx, action, lambda said: said._replace(opens_at=opens, closes_at=closes))


# -- the screener ----------------------------------------------------------------------------------------------------
def screener_form(action: Action, definition: Definition) -> Form:
    """Up to three questions, each with what may be answered."""
    known = [screener.write(one) for one in definition.questions]
    fields = tuple(
        FormField(
            FieldKind.LONG,
            f"q{number}",
            _("Question {number}", number=number + 1),
            required=False,
            hint=_("The question, then a line for each option: + Yes, - No. Or a range of numbers: 18+ or 1-10"),
            value=known[number] if number < len(known) else "",
            maximum=MAX_QUESTION,
        )
        for number in range(MAX_QUESTIONS)
    )
    text = _(
        "Whoever picks an option with a + , or a number in the range, may have the sample. It is not told which."
    )
    return Form(action, _("Screener"), fields, submit=_("Save"), text=text)


async def change_screener(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Change them."""
    questions, errors = [], {}
    for number in range(MAX_QUESTIONS):
        try:
            one = screener.read(str(values.get(f"q{number}") or ""))
        except screener.Unclear as error:
            errors[f"q{number}"] = error.words
        else:
            questions += [one] if one is not None else []
    if errors:
        return FormErrors(errors)
    return await change(
        ctx, action, lambda said: said._replace(definition=replace(said.definition, questions=tuple(questions)))
    )


# -- channels --------------------------------------------------------------------------------------------------------
async def channels_form(ctx: Context, action: Action) -> Form | Message:
    """A choice of channels for each space."""
    drop_id = named(action)
    if drop_id is None:
        return Message(text=_("That drop is gone."))
    return await drops.POSTED.form(ctx, action, drop_id, _("Where it is posted"), _("Save"))


async def change_channels(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Post it there."""
    drop_id = named(action)
    if drop_id is None:
        return Message(text=_("That drop is gone."))
    chosen = await chosen_by(ctx, action, values)
    return await attempt(ctx, lambda tx: drafts.post_in(tx, ctx.community_id, drop_id, chosen), drop_id)


# -- all as text -----------------------------------------------------------------------------------------------------
EXAMPLE = """product = "Oat drink, 1 litre"
brand = "Havre"
gives = "parcel"
stock = 300
picture = "https://example.org/oats.png"
closes = 2027-03-31T18:00:00

[[question]]
ask = "Do you drink coffee?"
options = ["Yes", "No"]
pass = ["Yes"]
"""
"""What an empty text begins with: the keys explain themselves."""


def text_form(action: Action, text: str) -> Form:
    """The drop as TOML."""
    field = FormField(
        FieldKind.LONG, "text", _("The drop as TOML"), hint=_("Times on your community’s clocks"), value=text
    )
    return Form(action, _("Drop as text"), (field,), submit=_("Save"))


def text_form_of(ctx: Context, action: Action, found: Look) -> Form | Message:
    """A draft as TOML, where it fits a form."""
    row = found.row
    text = toml_text.write(Said(found.definition, row.stock, row.opens_at, row.closes_at), ctx.place.time_zone)
    if len(text) > MAX_TEXT:
        return Message(text=_("It is too long for a form. Fetch it as a file from your page: `/hall page`."))
    return text_form(action, text)


def read_text(ctx: Context, text: str) -> Said | FormErrors:
    """What a text says, or what is wrong with it."""
    try:
        return toml_text.read(text, ctx.place.time_zone, ctx.place.language)
    except Unreadable as error:
        return FormErrors({"text": told(error)})


def told(error: Unreadable) -> Phrase:
    """All that is wrong, one below the other."""
    shown: list[Words] = [*error.problems[:SHOWN_PROBLEMS]]
    if len(error.problems) > len(shown):
        shown.append(_("… and {n} more", n=len(error.problems) - len(shown)))
    return _("{all}", all=lines(shown))


async def take_text(ctx: Context, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Begin a draft that a text describes."""
    said = read_text(ctx, str(values["text"]))
    return said if isinstance(said, FormErrors) else await begin(ctx, said)


async def change_text(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Let a draft be what a text describes."""
    said = read_text(ctx, str(values["text"]))
    return said if isinstance(said, FormErrors) else await change(ctx, action, lambda _before: said)
