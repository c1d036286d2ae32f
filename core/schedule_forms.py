"""The forms for a schedule: what every kind has in common first, then what this kind needs.

The limits of a form are the smallest platform's, so a schedule takes two; on a platform where one can't follow the
other at once, the hall puts "Continue" between.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from core import days_off
from core.action import Action
from core.days_off import NONE_OFF, OffError
from core.form import FieldKind, Form, FormField, Value
from core.message import Option, cut
from core.plugin import FormErrors
from core.schedule import LAST, MOST_DAYS, MOST_WEEKS, WEEKDAYS, CronError, NeverComes, ScheduleError
from core.schedule_draft import CHOSEN, DAILY, WORKDAYS, Draft
from core.schedule_words import day_name
from core.settling import unknown_zone
from core.texts import Domain, Phrase
from core.timing import next_due
from core.zones import UnknownZone, parse_time, zone

_ = Domain("core")

FARTHEST = timedelta(days=366 * 10)
"""How far ahead a date may lie: further is a slip of the finger."""
SHOWN = 40
"""Characters of what was typed that an error repeats."""

_KINDS: Mapping[str, Phrase] = {
    DAILY: _("Every day"),
    WORKDAYS: _("Monday to Friday"),
    CHOSEN: _("On some days of the week"),
    "weeks": _("Every second week, or more seldom"),
    "days": _("Every so many days"),
    "monthly": _("Once a month, on a weekday"),
    "once": _("Once"),
    "cron": _("By a cron line, for experts"),
}
_NTH: Mapping[int, Phrase] = {
    1: _("The first"),
    2: _("The second"),
    3: _("The third"),
    4: _("The fourth"),
    LAST: _("The last"),
}


def write_time() -> Phrase:
    """What to tell somebody whose time of day can't be read."""
    return _("Write a time of day, for example 9:00 or 18:30.")


def never() -> Phrase:
    """What to tell somebody whose schedule would never be due."""
    return _("Like this it would never be due. Look at the date, the last day and the days off.")


# -- the first form --------------------------------------------------------------------------------------------------
def first_form(action: Action, draft: Draft) -> Form:
    """Kind, time, zone, last day and days off, holding the draft's."""
    return Form(
        action,
        _("When it is due"),
        (
            FormField(
                FieldKind.CHOICE,
                "kind",
                _("How often"),
                value=(draft.kind,),
                options=tuple(Option(name, label) for name, label in _KINDS.items()),
            ),
            FormField(
                FieldKind.TEXT,
                "time",
                _("Time of day"),
                required=False,
                hint=_("For example 9:00 or 18:30. A cron line has its own"),
                value=draft.at.strftime("%H:%M") if draft.at else "",
                maximum=10,
            ),
            FormField(
                FieldKind.TEXT,
                "zone",
                _("Time zone"),
                hint=_("A city will do, for example Berlin or America/New_York"),
                value=draft.zone,
                maximum=64,
            ),
            FormField(
                FieldKind.DATE,
                "until",
                _("Last day"),
                required=False,
                hint=_("Leave it empty to go on. Year-month-day, for example 2027-03-31"),
                value=draft.until.isoformat() if draft.until else "",
            ),
            FormField(
                FieldKind.TEXT,
                "off",
                _("Not on holidays of, nor on"),
                required=False,
                hint=_("A country and dates: DE-BY, 2026-12-24 – 2027-01-02"),
                value=draft.days_off.text,
                maximum=300,
            ),
        ),
        submit=_("Go on"),
    )


def take_first(draft: Draft, values: Mapping[str, Value], language: str, now: datetime) -> Draft | FormErrors:
    """The draft with what was filled in, or what is wrong with it. May take a tenth of a second for holidays."""
    kind, at = _one(values["kind"]), None
    errors: dict[str, Phrase] = {}
    where, off = ZoneInfo("UTC"), NONE_OFF
    if kind != "cron":
        at = parse_time(str(values.get("time") or ""))
        if at is None:
            errors["time"] = write_time()
    try:
        where = zone(str(values["zone"]))
    except UnknownZone as error:
        errors["zone"] = unknown_zone(error)
    until = values.get("until")
    if isinstance(until, date) and (wrong := wrong_date(until, where, now)):
        errors["until"] = wrong
    try:
        off = days_off.read(str(values.get("off") or ""), language)
    except OffError as error:
        errors["off"] = _(
            "I can't read {what}. Write a country, if you like with its part, and dates: "
            "DE-BY, 2026-12-24 – 2027-01-02.",
            what=cut(error.part, SHOWN),
        )
    if errors:
        return FormErrors(errors)
    changed = draft.renewed(
        kind=kind,
        at=at,
        zone=where.key,
        until=until if isinstance(until, date) else None,
        days_off=off,
        parts=draft.parts if kind == draft.kind else {},
    )
    if second_fields(changed, language, now):
        return changed
    wrong = never_due(changed, now)
    return FormErrors({"until" if changed.until else "off": wrong}) if wrong else changed


# -- the second form -------------------------------------------------------------------------------------------------
def second_form(action: Action, draft: Draft, language: str, now: datetime) -> Form | None:
    """What the draft's kind needs besides; None where that is nothing."""
    fields = second_fields(draft, language, now)
    return Form(action, _KINDS[draft.kind], fields, submit=_("Show me")) if fields else None


def second_fields(draft: Draft, language: str, now: datetime) -> tuple[FormField, ...]:
    """The fields of the second form, holding the draft's values or what is likely."""
    today = now.astimezone(zone(draft.zone)).date()
    parts = draft.parts
    match draft.kind:
        case "chosen":
            return (_weekdays_field(parts.get("weekdays", ()), language),)
        case "days":
            label = _("Every how many days")
            return (_every_field(label, parts.get("every", 2), 1, MOST_DAYS), _start_field(parts, today))
        case "weeks":
            return (
                _every_field(_("Every how many weeks"), parts.get("every", 2), 1, MOST_WEEKS),
                _weekdays_field(parts.get("weekdays", (WEEKDAYS[today.weekday()],)), language),
                _start_field(parts, today),
            )
        case "monthly":
            return (
                FormField(
                    FieldKind.CHOICE,
                    "nth",
                    _("Which of the month"),
                    value=(str(parts.get("nth", 1)),),
                    options=tuple(Option(str(nth), label) for nth, label in _NTH.items()),
                ),
                FormField(
                    FieldKind.CHOICE,
                    "weekday",
                    _("Day of the week"),
                    value=(parts.get("weekday", WEEKDAYS[0]),),
                    options=_weekday_options(language),
                ),
            )
        case "once":
            hint = _("Year-month-day, for example 2027-03-31")
            return (FormField(FieldKind.DATE, "date", _("On which day"), hint=hint, value=parts.get("date", "")),)
        case "cron":
            hint = _("Minute, hour, day, month, weekday: 0 9 * * 1-5")
            line = parts.get("line", "")
            return (FormField(FieldKind.TEXT, "line", _("Cron line"), hint=hint, value=line, maximum=100),)
    return ()


def take_second(draft: Draft, values: Mapping[str, Value], now: datetime) -> Draft | FormErrors:
    """The draft with what its kind needs, or what is wrong with it."""
    where = zone(draft.zone)
    parts: dict[str, Any] = {}
    for name, value in values.items():
        match value:
            case date() if wrong := wrong_date(value, where, now, allow_past=name == "start"):
                return FormErrors({name: wrong})
            case date():
                parts[name] = value.isoformat()
            case Decimal() if value != int(value):
                return FormErrors({name: _("Write a whole number, for example 2.")})
            case Decimal():
                parts[name] = int(value)
            case tuple() if name == "weekdays":
                parts[name] = [day for day in WEEKDAYS if day in value]
            case tuple():
                parts[name] = int(value[0]) if name == "nth" else value[0]
            case _:
                parts[name] = " ".join(str(value).split())
    changed = draft.renewed(parts=parts)
    wrong = never_due(changed, now)
    return FormErrors({next(iter(values)): wrong}) if wrong else changed


# -- parts -----------------------------------------------------------------------------------------------------------
def never_due(draft: Draft, now: datetime) -> Phrase | None:
    """What to say when the draft would never be due or can't be read; None when all is well."""
    try:
        if next_due(draft.timing(None), zone(draft.zone), now) is not None:
            return None
    except CronError as error:
        if error.place < 0:
            return _("A cron line has five parts: minute, hour, day, month, weekday. For example 0 9 * * 1-5.")
        return _(
            "I can't read {part} as the {place} of a cron line. Nine o'clock from Monday to Friday is 0 9 * * 1-5.",
            part=cut(error.part, SHOWN),
            place=_PLACES[error.place],
        )
    except NeverComes:
        return _("No month has that day, so it would never be due. Choose another day or month.")
    except ScheduleError:
        return never()
    if draft.kind == "once" and draft.until is None:
        return _("That is over already. Choose a later day, or begin again with a later time.")
    return never()


_PLACES = (_("minute"), _("hour"), _("day"), _("month"), _("weekday"))


def wrong_date(day: date, where: ZoneInfo, now: datetime, *, allow_past: bool = False) -> Phrase | None:
    today = now.astimezone(where).date()
    if day < today - (FARTHEST if allow_past else timedelta()):
        return _("{day} is over. Today is {today}: choose this day or a later one.", day=f"{day}", today=f"{today}")
    if day > today + FARTHEST:
        return _("{day} is more than ten years away. Look at the year.", day=f"{day}")
    return None


def _one(value: Value) -> str:
    return value[0] if isinstance(value, tuple) and value else ""


def _every_field(label: Phrase, every: int, least: int, most: int) -> FormField:
    return FormField(FieldKind.NUMBER, "every", label, value=str(every), minimum=least, maximum=most)


def _start_field(parts: Mapping[str, Any], today: date) -> FormField:
    hint = _("Counted from this day on. Year-month-day")
    return FormField(
        FieldKind.DATE, "start", _("First day"), hint=hint, value=parts.get("start") or today.isoformat()
    )


def _weekdays_field(chosen: tuple[str, ...], language: str) -> FormField:
    options = _weekday_options(language)
    return FormField(
        FieldKind.CHOICE,
        "weekdays",
        _("Days of the week"),
        value=tuple(chosen),
        maximum=len(options),
        options=options,
    )


def _weekday_options(language: str) -> tuple[Option, ...]:
    return tuple(Option(day, day_name(day, language)) for day in WEEKDAYS)
