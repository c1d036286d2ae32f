"""Days on which a schedule rests: a country's holidays, and ranges of dates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from core.schedule import ScheduleError

KEPT_YEARS = 2048
"""Years of a country's holidays remembered."""
MOST_RANGES = 20

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_BETWEEN = re.compile(r"\s*(?:-|–|—|\.\.|…|to|until|bis|au|à)\s*", re.IGNORECASE)


class OffError(ScheduleError):
    """A part of what was written as days off can't be read. ``part`` is as it was written."""

    def __init__(self, part: str) -> None:
        self.part = part
        super().__init__(f"can't read {part!r} as days off")


@dataclass(frozen=True, slots=True)
class DaysOff:
    """``country`` and ``subdivision`` are ISO 3166 codes, empty for none; ``ranges`` first and last days."""

    country: str = ""
    subdivision: str = ""
    ranges: tuple[tuple[date, date], ...] = ()

    def last(self, day: date) -> date | None:
        """The last day of the rest that ``day`` lies in, as far as one range or holiday goes; None for other days."""
        for first, last in self.ranges:
            if first <= day <= last:
                return last
        if self.country and day in _holidays(self.country, self.subdivision, day.year):
            return day
        return None

    @property
    def text(self) -> str:
        """As :func:`read` reads it."""
        parts = [f"{self.country}-{self.subdivision}" if self.subdivision else self.country] if self.country else []
        parts += [f"{one}" if one == last else f"{one} – {last}" for one, last in self.ranges]
        return ", ".join(parts)

    def to_data(self) -> dict[str, Any]:
        """As JSON data; empty where there are none."""
        data: dict[str, Any] = {}
        if self.country:
            data |= {"country": self.country, "subdivision": self.subdivision}
        if self.ranges:
            data["ranges"] = [[first.isoformat(), last.isoformat()] for first, last in self.ranges]
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> DaysOff:
        """Back from :meth:`to_data`. Raises ScheduleError for what this version can't read."""
        try:
            ranges = tuple(
                (date.fromisoformat(first), date.fromisoformat(last)) for first, last in data.get("ranges", ())
            )
        except (TypeError, ValueError) as error:
            raise ScheduleError(f"can't read days off: {error}") from error
        return cls(data.get("country", ""), data.get("subdivision", ""), ranges)


NONE_OFF = DaysOff()


def read(text: str, language: str) -> DaysOff:
    """What somebody wrote: ``DE-BY``, ``Germany``, dates and ranges ``2026-12-24 – 2027-01-02``, between commas.

    Countries go by their code or their name in English or ``language``; their parts by code or name behind a hyphen.
    Raises :class:`OffError` with the part that can't be read.
    """
    country, subdivision, ranges = "", "", []
    for part in filter(None, (one.strip() for one in re.split(r"[,;\n]", text))):
        dates = _DATE.findall(part)
        if dates:
            ranges.append(_range(part, dates))
        elif country:
            raise OffError(part)  # one country's holidays are enough to explain
        else:
            country, subdivision = _country(part, language)
    if len(ranges) > MOST_RANGES:
        raise OffError(text)
    return DaysOff(country, subdivision, tuple(sorted(ranges)))


def _range(part: str, dates: list[str]) -> tuple[date, date]:
    try:
        days = [date.fromisoformat(one) for one in dates]
    except ValueError:
        raise OffError(part) from None
    between = _DATE.split(part)
    if len(days) == 1 and part == dates[0]:
        return days[0], days[0]
    if len(days) == 2 and not between[0] and not between[2] and _BETWEEN.fullmatch(between[1]) and days[0] <= days[1]:
        return days[0], days[1]
    raise OffError(part)


def _country(part: str, language: str) -> tuple[str, str]:
    from holidays import list_supported_countries  # it takes a tenth of a second, and few schedules rest

    known = list_supported_countries(include_aliases=False)
    names = _names(language) | _names("en")
    code = names.get(part.casefold(), part.upper())
    if code in known:
        return code, ""
    head, _, tail = (piece.strip() for piece in part.replace("/", "-").partition("-"))
    code = names.get(head.casefold(), head.upper())
    if code in known:
        found = _subdivision(code, tail)
        if found:
            return code, found
    raise OffError(part)


def _subdivision(country: str, name: str) -> str:
    from holidays import country_holidays

    codes = {code.casefold(): code for code in country_holidays(country).subdivisions}
    aliases = {alias.casefold(): code for alias, code in country_holidays(country).subdivisions_aliases.items()}
    return codes.get(name.casefold(), "") or aliases.get(name.casefold(), "")


@lru_cache(16)
def _names(language: str) -> dict[str, str]:
    """Countries' codes by their names in a language."""
    from babel import Locale, UnknownLocaleError

    try:
        territories = Locale.parse(language, sep="-" if "-" in language else "_").territories
    except (UnknownLocaleError, ValueError):
        return {}
    return {name.casefold(): code for code, name in territories.items() if len(code) == 2 and code.isalpha()}


@lru_cache(KEPT_YEARS)
def _holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    from holidays import country_holidays

    try:
        return frozenset(country_holidays(country, subdiv=subdivision or None, years=year))
    except NotImplementedError as error:
        raise ScheduleError(f"no holidays are known for {country} {subdivision}".strip()) from error
