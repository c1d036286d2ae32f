"""When something is due, in a community's own time.

Wall times are reckoned as if they were UTC and get the zone once, at the end: an hour that does not exist goes
forward, one that comes twice counts once, the first time. APScheduler's triggers do the reckoning.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from apscheduler.triggers.cron import CronTrigger

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Days by name: numbers mean different days to different people and libraries."""


class ScheduleError(ValueError):
    """The schedule can't be kept; the text says why."""


class UnknownZone(ScheduleError):
    """No such time zone. ``nearest`` has the names that look most like it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nearest = nearest_zones(name)
        super().__init__(f"there is no time zone {name!r}")


def nearest_zones(name: str, most: int = 3) -> tuple[str, ...]:
    """The zones whose names look most like what was typed, a city's name alone included."""
    wanted = name.strip().lower().replace(" ", "_")
    cities = _cities()
    found = difflib.get_close_matches(wanted, cities, n=most * 2, cutoff=0.55)
    return tuple(dict.fromkeys(cities[key] for key in found))[:most]


@lru_cache(maxsize=1)
def _cities() -> dict[str, str]:
    """Zones by what people type: the whole name or the city, in small letters."""
    cities: dict[str, str] = {}
    for name in sorted(available_timezones()):
        if not name.startswith(("Etc/", "posix/", "right/", "SystemV/", "Factory", "localtime", "posixrules")):
            cities.setdefault(name.rsplit("/", 1)[-1].lower(), name)
            if "/" in name:
                cities[name.lower()] = name
    return cities


def zone(name: str) -> ZoneInfo:
    """The zone by its IANA name, or by its city alone. Raises :class:`UnknownZone`, which knows the nearest names."""
    wanted = name.strip().replace(" ", "_")
    wanted = _cities().get(wanted.lower(), wanted)
    try:
        found = ZoneInfo(wanted)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownZone(name) from None
    if wanted not in available_timezones():
        raise UnknownZone(name)
    return found


@dataclass(frozen=True, slots=True)
class Daily:
    """Every day at a wall time, or on some weekdays alone (names of :data:`WEEKDAYS`)."""

    at: time
    weekdays: tuple[str, ...] = WEEKDAYS

    def __post_init__(self) -> None:
        if not self.weekdays or not set(self.weekdays) <= set(WEEKDAYS):
            raise ScheduleError(f"weekdays are some of {', '.join(WEEKDAYS)}")

    @property
    def spec(self) -> dict[str, Any]:
        """As JSON data."""
        return {"at": self.at.strftime("%H:%M"), "weekdays": list(self.weekdays)}

    def after(self, wall: datetime) -> datetime | None:
        """The first slot strictly after a wall time."""
        trigger = CronTrigger(
            hour=self.at.hour, minute=self.at.minute, day_of_week=",".join(self.weekdays), timezone=UTC
        )
        # A trigger may answer with the very moment it is asked for, so it is asked for the one after.
        found = trigger.get_next_fire_time(None, wall.replace(tzinfo=UTC) + timedelta(microseconds=1))
        return found.replace(tzinfo=None) if found else None


@dataclass(frozen=True, slots=True)
class Once:
    """A single wall time."""

    at: datetime

    @property
    def spec(self) -> dict[str, Any]:
        """As JSON data."""
        return {"at": self.at.isoformat(timespec="minutes")}

    def after(self, wall: datetime) -> datetime | None:
        """The one slot, while it lies ahead."""
        return self.at if self.at > wall else None


Rule = Daily | Once


def rule_from(kind: str, spec: dict[str, Any]) -> Rule:
    """A rule as its row keeps it. Raises :class:`ScheduleError` for a kind of another version."""
    match kind:
        case "daily":
            return Daily(time.fromisoformat(spec["at"]), tuple(spec["weekdays"]))
        case "once":
            return Once(datetime.fromisoformat(spec["at"]))
    raise ScheduleError(f"there is no schedule of the kind {kind!r}")


def kind_of(rule: Rule) -> str:
    """The name that a rule's row keeps."""
    return type(rule).__name__.lower()


def moment(slot: datetime, where: ZoneInfo) -> datetime:
    """The moment in UTC of a wall time: the first of two, and past the gap where there is none."""
    return slot.replace(tzinfo=where, fold=0).astimezone(UTC)


def next_due(rule: Rule, where: ZoneInfo, now: datetime) -> tuple[datetime, datetime] | None:
    """The next (slot, moment) strictly after ``now``; None when there is none any more."""
    # In a repeated hour the wall clock stands where it stood before: look from an hour earlier and pass what is over.
    wall = now.astimezone(where).replace(tzinfo=None) - timedelta(hours=3)
    while (slot := rule.after(wall)) is not None:
        at = moment(slot, where)
        if at > now:
            return slot, at
        wall = slot
    return None


def upcoming(rule: Rule, where: ZoneInfo, now: datetime, count: int = 5) -> list[tuple[datetime, datetime]]:
    """The next ``count`` slots and moments, for a preview."""
    found: list[tuple[datetime, datetime]] = []
    while len(found) < count and (due := next_due(rule, where, now)) is not None:
        found.append(due)
        now = due[1]
    return found


def parse_time(text: str) -> time | None:
    """A wall time as people write it: ``9:00``, ``09.00``, ``9h``, ``9 Uhr``, ``9 pm``. None for anything else."""
    cleaned = "".join(text.lower().split()).replace("a.m.", "am").replace("p.m.", "pm")
    cleaned = cleaned.replace(".", ":").replace("uhr", ":").replace("h", ":")
    shift = 0
    if cleaned.endswith(("am", "pm")):
        shift = 12 if cleaned.endswith("pm") else -12 if cleaned.startswith("12") else 0
        if cleaned.startswith("12") and cleaned.endswith("pm"):
            shift = 0
        cleaned = cleaned[:-2]
    hour, _, minute = cleaned.rstrip(":").partition(":")
    if not hour.isdecimal() or not (minute.isdecimal() or not minute):
        return None
    hours, minutes = int(hour) + shift, int(minute or 0)
    if not (0 <= hours < 24 and 0 <= minutes < 60):
        return None
    return time(hours, minutes)


@dataclass(frozen=True, slots=True)
class Due:
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
