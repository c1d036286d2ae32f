"""Rules: at which local times something comes round. APScheduler's triggers do the reckoning.

A rule knows wall times alone, reckoned as if they were UTC; :mod:`core.timing` leaves out days off and attaches the
zone, once. Rules are frozen, so that what was reckoned for one holds for every schedule that has the same.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
    from apscheduler.triggers.calendarinterval import CalendarIntervalTrigger
    from apscheduler.triggers.cron import CronTrigger

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Days by name: numbers mean different days to different people and libraries."""
LAST = -1
"""The ``nth`` of the last weekday of a month."""
MOST_DAYS, MOST_WEEKS = 365, 52
"""The longest intervals: a year."""
KEPT_TRIGGERS = 4096
"""Making a trigger takes longer than asking it. There are 1440 minutes a day and few sets of weekdays."""

_MOMENT = timedelta(microseconds=1)


class ScheduleError(ValueError):
    """The schedule can't be kept; the text says why."""


class CronError(ScheduleError):
    """A part of a cron line can't be read. ``part`` is as it was written, ``place`` its number from 0, -1 for all."""

    def __init__(self, part: str, place: int) -> None:
        self.part, self.place = part, place
        super().__init__(f"can't read {part!r} in a cron line")


class NeverComes(ScheduleError):
    """There is no time at all that the schedule means: 31 February, or a date in the past."""


def _whole(at: time | datetime) -> None:
    if at.second or at.microsecond or at.tzinfo is not None:
        raise ScheduleError(f"a wall time has whole minutes and no zone, not {at.isoformat()}")


def _named(weekdays: tuple[str, ...]) -> None:
    if not weekdays or not set(weekdays) <= set(WEEKDAYS) or len(set(weekdays)) != len(weekdays):
        raise ScheduleError(f"weekdays are some of {', '.join(WEEKDAYS)}, each once")


def _counted(every: int, most: int, start: date) -> None:
    if not 1 <= every <= most:
        raise ScheduleError(f"an interval is 1 to {most}, not {every}")
    if not 1970 <= start.year < 9999:
        raise ScheduleError(f"{start} is too far to begin at")


@dataclass(frozen=True, slots=True)
class Once:
    """A single wall time."""

    kind: ClassVar[str] = "once"
    at: datetime

    def __post_init__(self) -> None:
        _whole(self.at)

    @property
    def spec(self) -> dict[str, Any]:
        """As JSON data."""
        return {"at": self.at.isoformat(timespec="minutes")}

    def after(self, wall: datetime) -> datetime | None:
        """The one slot, while it lies ahead."""
        return self.at if self.at > wall else None


@dataclass(frozen=True, slots=True)
class Daily:
    """Every day at a wall time, or on some weekdays alone (names of :data:`WEEKDAYS`)."""

    kind: ClassVar[str] = "daily"
    at: time
    weekdays: tuple[str, ...] = WEEKDAYS

    def __post_init__(self) -> None:
        _whole(self.at)
        _named(self.weekdays)

    @property
    def spec(self) -> dict[str, Any]:
        """As JSON data."""
        return {"at": self.at.strftime("%H:%M"), "weekdays": list(self.weekdays)}

    def after(self, wall: datetime) -> datetime | None:
        """The first slot strictly after a wall time."""
        return _first(_triggers(self), wall)


@dataclass(frozen=True, slots=True)
class EveryDays:
    """Every ``every`` days, counted from ``start``, which is the first."""

    kind: ClassVar[str] = "days"
    at: time
    every: int
    start: date

    def __post_init__(self) -> None:
        _whole(self.at)
        _counted(self.every, MOST_DAYS, self.start)

    @property
    def spec(self) -> dict[str, Any]:
        """As JSON data."""
        return {"at": self.at.strftime("%H:%M"), "every": self.every, "start": self.start.isoformat()}

    def after(self, wall: datetime) -> datetime | None:
        """The first slot strictly after a wall time."""
        return _interval(self.start, self.every, self.at, wall)


@dataclass(frozen=True, slots=True)
class EveryWeeks:
    """On some weekdays of every ``every``-th week, from ``start`` on, whose week is the first."""

    kind: ClassVar[str] = "weeks"
    at: time
    every: int
    weekdays: tuple[str, ...]
    start: date

    def __post_init__(self) -> None:
        _whole(self.at)
        _named(self.weekdays)
        _counted(self.every, MOST_WEEKS, self.start)

    @property
    def spec(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "at": self.at.strftime("%H:%M"),
            "every": self.every,
            "weekdays": list(self.weekdays),
            "start": self.start.isoformat(),
        }

    def after(self, wall: datetime) -> datetime | None:
        """The first slot strictly after a wall time."""
        monday = self.start - timedelta(days=self.start.weekday())
        wall = max(wall, datetime.combine(self.start, time()) - _MOMENT)
        days = (monday + timedelta(days=WEEKDAYS.index(name)) for name in self.weekdays)
        return min(_interval(day, 7 * self.every, self.at, wall) for day in days)


@dataclass(frozen=True, slots=True)
class Monthly:
    """The first to fourth or the last (:data:`LAST`) of a weekday in each month."""

    kind: ClassVar[str] = "monthly"
    at: time
    nth: int
    weekday: str

    def __post_init__(self) -> None:
        _whole(self.at)
        _named((self.weekday,))
        if self.nth not in (1, 2, 3, 4, LAST):
            raise ScheduleError("a month surely has a first to fourth and a last of each weekday, no other")

    @property
    def spec(self) -> dict[str, Any]:
        """As JSON data."""
        return {"at": self.at.strftime("%H:%M"), "nth": self.nth, "weekday": self.weekday}

    def after(self, wall: datetime) -> datetime | None:
        """The first slot strictly after a wall time."""
        return _first(_triggers(self), wall)


@dataclass(frozen=True, slots=True)
class Cron:
    """A crontab line: minute, hour, day of the month, month, weekday.

    It means what crontab(5) says: weekday 0 and 7 are Sunday and 1 is Monday, and where both days are limited, one of
    them is enough. Raises :class:`CronError` for what can't be read, :class:`NeverComes` for 31 February.
    """

    kind: ClassVar[str] = "cron"
    line: str

    def __post_init__(self) -> None:
        _triggers(self)

    @property
    def spec(self) -> dict[str, Any]:
        """As JSON data."""
        return {"line": self.line}

    def after(self, wall: datetime) -> datetime | None:
        """The first slot strictly after a wall time."""
        return _first(_triggers(self), wall)


Rule = Once | Daily | EveryDays | EveryWeeks | Monthly | Cron


def rule_from(kind: str, spec: Mapping[str, Any]) -> Rule:
    """A rule as its row keeps it. Raises :class:`ScheduleError` for one that this version can't read."""
    try:
        if kind == Once.kind:
            return Once(datetime.fromisoformat(spec["at"]))
        if kind == Cron.kind:
            return Cron(spec["line"])
        at = time.fromisoformat(spec["at"])
        match kind:
            case Daily.kind:
                return Daily(at, tuple(spec["weekdays"]))
            case EveryDays.kind:
                return EveryDays(at, spec["every"], date.fromisoformat(spec["start"]))
            case EveryWeeks.kind:
                return EveryWeeks(at, spec["every"], tuple(spec["weekdays"]), date.fromisoformat(spec["start"]))
            case Monthly.kind:
                return Monthly(at, spec["nth"], spec["weekday"])
    except ScheduleError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ScheduleError(f"can't read a schedule of the kind {kind!r}: {error}") from error
    raise ScheduleError(f"there is no schedule of the kind {kind!r}")


def kind_of(rule: Rule) -> str:
    """The name that a rule's row keeps."""
    return rule.kind


# -- reckoning -------------------------------------------------------------------------------------------------------
def _first(triggers: Iterable[CronTrigger], wall: datetime) -> datetime | None:
    # A trigger may answer with the very moment that it is asked for, so it is asked for the one after.
    now = wall.replace(tzinfo=UTC) + _MOMENT
    found = [one for trigger in triggers if (one := trigger.get_next_fire_time(None, now)) is not None]
    return min(found).replace(tzinfo=None) if found else None


def _interval(start: date, days: int, at: time, wall: datetime) -> datetime:
    # The trigger steps from one time to the next: it is shown the last one before, which saves it the way from the
    # start.
    trigger = _interval_trigger(start, days, at)
    passed = (wall - datetime.combine(start, at)) // timedelta(days=days)
    previous = datetime.combine(start, at, tzinfo=UTC) + timedelta(days=days * passed) if passed >= 0 else None
    found: datetime = trigger.get_next_fire_time(previous, wall.replace(tzinfo=UTC))
    return found.replace(tzinfo=None)


@lru_cache(KEPT_TRIGGERS)
def _interval_trigger(start: date, days: int, at: time) -> CalendarIntervalTrigger:
    from apscheduler.triggers.calendarinterval import CalendarIntervalTrigger  # here and below: no start needs it

    return CalendarIntervalTrigger(days=days, hour=at.hour, minute=at.minute, start_date=start, timezone=UTC)


@lru_cache(KEPT_TRIGGERS)
def _triggers(rule: Daily | Monthly | Cron) -> tuple[CronTrigger, ...]:
    from apscheduler.triggers.cron import CronTrigger

    match rule:
        case Daily(at, weekdays):
            return (
                CronTrigger(hour=at.hour, minute=at.minute, day_of_week=",".join(weekdays), second=0, timezone=UTC),
            )
        case Monthly(at, nth, weekday):
            day = f"{('1st', '2nd', '3rd', '4th')[nth - 1] if nth != LAST else 'last'} {weekday}"
            return (CronTrigger(day=day, hour=at.hour, minute=at.minute, second=0, timezone=UTC),)
        case Cron(line):
            return _cron_triggers(line)


# -- cron lines ------------------------------------------------------------------------------------------------------
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SUNDAY_FIRST = (*WEEKDAYS[-1:], *WEEKDAYS[:-1])
_PARTS: tuple[tuple[str, int, int, int, Mapping[str, int]], ...] = (
    ("minute", 0, 59, 60, {}),
    ("hour", 0, 23, 24, {}),
    ("day", 1, 31, 31, {}),
    ("month", 1, 12, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    ("day_of_week", 0, 7, 7, {name: number for number, name in enumerate(_SUNDAY_FIRST)}),
)
"""A cron line's parts, as crontab(5) has them: APScheduler's name, the least and the greatest value, how many there
are, and names."""
_LEAP = 2028


def _cron_triggers(line: str) -> tuple[CronTrigger, ...]:
    """The triggers of which the first to fire counts.

    Each part is written out as numbers, weekdays as names: APScheduler reads 1 as Tuesday and passes over what stands
    behind a name (``mon/2``).
    """
    from apscheduler.triggers.cron import CronTrigger

    parts = line.split()
    if len(parts) != len(_PARTS):
        raise CronError(line, -1)
    values = [_numbers(part, place) for place, part in enumerate(parts)]
    written = {
        name: "*" if len(numbers) == count else ",".join(map(str, numbers))
        for (name, _least, _most, count, _names), numbers in zip(_PARTS, values, strict=True)
    }
    if written["day_of_week"] != "*":
        written["day_of_week"] = ",".join(_SUNDAY_FIRST[value] for value in values[4])
    common = {name: written[name] for name in ("minute", "hour", "month")}
    days, weekdays = {"day": written["day"]}, {"day_of_week": written["day_of_week"]}
    days, weekdays = {"day": written["day"]}, {"day_of_week": written["day_of_week"]}
    never = values[2][0] > max(monthrange(_LEAP, month)[1] for month in values[3])
    # crontab(5): where both are limited, that is not begun with a star, either is enough.
    if not parts[2].startswith("*") and not parts[4].startswith("*"):
        choices = [weekdays] if never else [days, weekdays]
    elif never:
        raise NeverComes(f"no month of {parts[3]!r} has a day {parts[2]!r}")
    else:
        choices = [{**days, **weekdays}]
    return tuple(CronTrigger(second=0, timezone=UTC, **common, **choice) for choice in choices)


def _numbers(part: str, place: int) -> list[int]:
    """The values that a part of a line means: ``*``, ``5``, ``mon-fri``, ``22-2``, ``*/15``, and lists of them."""
    _name, least, most, count, names = _PARTS[place]
    found: set[int] = set()
    for one in part.lower().split(","):
        span, slash, step = one.partition("/")
        start, dash, end = span.partition("-")
        final = least + count - 1
        first = least if span == "*" else _number(start, names)
        last = final if span == "*" else _number(end, names) if dash else final if slash else first
        every = _number(step, {}) if slash else 1
        if every < 1 or not least <= first <= most or not least <= last <= most:
            raise CronError(part, place)
        if last < first:  # Friday to Monday, ten at night to two
            last += count
        found |= {least + (value - least) % count for value in range(first, last + 1, every)}
    return sorted(found)


def _number(text: str, names: Mapping[str, int]) -> int:
    if text in names:
        return names[text]
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 2 else -1


# -- what plugins are handed -----------------------------------------------------------------------------------------
class Due(NamedTuple):
    """A schedule's slot that has come, as the plugin that makes something of it sees it."""

    community_id: UUID
    schedule_id: UUID
    plugin: str
    slot: datetime
    """The nominal wall time, without a zone."""
    at: datetime
    """The moment it was due, in UTC."""
    now: datetime
    language: str
    """The community's."""
    expires_at: datetime
    """The end of the schedule's window: a post that could not go out by then never does."""

    @property
    def day(self) -> date:
        """The local day that the slot belongs to."""
        return self.slot.date()
