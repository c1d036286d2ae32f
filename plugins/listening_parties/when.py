"""When a party is, as people write it: ``in 10 minutes``, ``20:00``, ``tomorrow 20:00``, ``2026-11-28 20:00``."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.timing import moment
from core.zones import parse_time

_SPAN = re.compile(
    r"(?:in|dans)\s+(\d{1,3})\s*(m|min|minutes?|minuten?|h|hours?|heures?|std|stunden?)\.?", re.IGNORECASE
)
_DAYS = {"today": 0, "heute": 0, "aujourd'hui": 0, "aujourd’hui": 0, "tomorrow": 1, "morgen": 1, "demain": 1}
_BETWEEN = frozenset({"at", "um", "à", ","})


def parse_when(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The moment, in UTC; None for what is no moment. It may lie in the past: a time alone is the next one."""
    text = " ".join(text.replace(",", " ").split()).lower()
    if found := _SPAN.fullmatch(text):
        many = int(found[1])
        return now + (timedelta(minutes=many) if found[2].startswith("m") else timedelta(hours=many))
    words = [word for word in text.replace("t", " ", 1).split() if word] if _is_iso(text) else text.split()
    words = [word for word in words if word not in _BETWEEN]
    if not words:
        return None
    local = now.astimezone(zone)
    day = _day(words[0], local.date())
    if day is None:
        at = parse_time("".join(words))
        if at is None:
            return None
        found_at = moment(datetime.combine(local.date(), at), zone)
        return found_at if found_at > now else moment(datetime.combine(local.date() + timedelta(days=1), at), zone)
    at = parse_time("".join(words[1:]))
    return None if at is None else moment(datetime.combine(day, at), zone)


def _is_iso(text: str) -> bool:
    return re.match(r"\d{4}-\d{2}-\d{2}t\d", text) is not None


def _day(word: str, today: date) -> date | None:
    if word in _DAYS:
        return today + timedelta(days=_DAYS[word])
    try:
        if found := re.fullmatch(r"(\d{1,2})[./](\d{1,2})[./]?(\d{4})?", word):
            day = date(int(found[3] or today.year), int(found[2]), int(found[1]))
            return day if found[3] or day >= today else day.replace(year=day.year + 1)
        return date.fromisoformat(word) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", word) else None
    except ValueError:
        return None
