"""Schedules in words, in a member's language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from core.days_off import DaysOff
from core.schedule import LAST, WEEKDAYS, Cron, Daily, EveryDays, EveryWeeks, Monthly, Once, Rule
from core.texts import Domain, Phrase, Words
from core.timing import Change, Slot, Timing, change_at

_ = Domain("core")

Say = Callable[[Words], str]


def day_name(weekday: str, language: str) -> str:
    """A weekday's name: ``Monday``."""
    from babel.dates import get_day_names  # here and below: heavy, and no start needs it

    return str(get_day_names("wide", "stand-alone", locale=language)[WEEKDAYS.index(weekday)])


def day_of(day: date, language: str) -> str:
    """A day, with its weekday: ``Sat, Nov 21, 2026``."""
    from babel.dates import format_skeleton

    return str(format_skeleton("yMMMEd", datetime.combine(day, time()), locale=language))


def when(slot: datetime, language: str) -> str:
    """A local time, with its day."""
    return f"{day_of(slot.date(), language)}, {slot:%H:%M}"


def rule_words(rule: Rule, language: str) -> Phrase:
    """When a rule comes round, from the middle of a sentence: ``every day at 09:00``."""
    from babel.lists import format_list

    def names(weekdays: Sequence[str]) -> str:
        return format_list([day_name(one, language) for one in weekdays], locale=language)

    if isinstance(rule, Once):
        return _("once, on {day} at {time}", day=day_of(rule.at.date(), language), time=f"{rule.at:%H:%M}")
    if isinstance(rule, Cron):
        return _("by the cron line `{line}`", line=rule.line)
    at = f"{rule.at:%H:%M}"
    match rule:
        case Daily(_, weekdays) if weekdays == WEEKDAYS:
            return _("every day at {time}", time=at)
        case Daily(_, weekdays) if weekdays == WEEKDAYS[:5]:
            return _("Monday to Friday at {time}", time=at)
        case Daily(_, weekdays) | EveryWeeks(_, 1, weekdays, _):
            return _("{days} at {time}", days=names(weekdays), time=at)
        case EveryDays(_, 1, _):
            return _("every day at {time}", time=at)
        case EveryDays(_, every, _):
            return _("every {n} days at {time}", n=every, time=at)
        case EveryWeeks(_, every, weekdays, _):
            return _("every {n} weeks on {days} at {time}", n=every, days=names(weekdays), time=at)
        case Monthly(_, nth, weekday):
            day = day_name(weekday, language)
            return _("each month on the {nth} {day} at {time}", nth=_NTH[nth], day=day, time=at)


_NTH = {1: _("first"), 2: _("second"), 3: _("third"), 4: _("fourth"), LAST: _("last")}


def timing_words(timing: Timing, zone: str, say: Say, language: str) -> str:
    """A timing, in a few lines: its rule, its zone, and what is left out."""
    rule = say(rule_words(timing.rule, language))
    lines = [f"**{rule[:1].upper()}{rule[1:]}** ({zone})"]
    if timing.until is not None:
        lines.append(say(_("Last day: {day}", day=day_of(timing.until, language))))
    if timing.days_off.country or timing.days_off.ranges:
        lines.append(say(_("Not on: {days}", days=off_words(timing.days_off, say, language))))
    return "\n".join(lines)


def off_words(days_off: DaysOff, say: Say, language: str) -> str:
    """What is left out, in words."""
    from babel.dates import format_date

    parts = []
    if days_off.country:
        place = f"{days_off.country}-{days_off.subdivision}" if days_off.subdivision else days_off.country
        parts.append(say(_("holidays in {place}", place=place)))
    for first, last in days_off.ranges:
        span = [format_date(day, "medium", locale=language) for day in ((first,) if first == last else (first, last))]
        parts.append(" – ".join(span))
    return ", ".join(parts)


def coming_words(coming: Sequence[Slot], where: ZoneInfo, now: datetime, say: Say, language: str) -> str:
    """The next times as items, in local time, marked where the clocks change."""
    lines, before = [], now
    for due in coming:
        line = f"- {when(due.slot, language)}"
        mark: Phrase | None = None
        match change_at(due, where, before):
            case Change.MISSING:
                mark = _("the clocks go forward, so it is {time}", time=f"{due.at.astimezone(where):%H:%M}")
            case Change.TWICE:
                mark = _("this hour comes twice, it goes out the first time")
            case Change.SINCE:
                mark = _("the clocks have changed by then")
        if mark is not None:
            line += f" · _{say(mark)}_"
        lines.append(line)
        before = due.at
    return "\n".join(lines)
