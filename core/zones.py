"""Time zones and times of day, as people write them."""

from __future__ import annotations

import difflib
from datetime import time
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from core.schedule import ScheduleError

KEPT = 1024
"""Zones remembered by what was typed, more than there are: looking one up reads the system's list of them."""


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


@lru_cache(KEPT)
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
