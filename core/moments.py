"""Moments and spans as people read them, in their language and their community's zone."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def local(moment: datetime, time_zone: str, language: str) -> str:
    """A moment in a zone: ``21 Nov, 09:00``."""
    return wall(moment.astimezone(ZoneInfo(time_zone)), language)


def dated(moment: datetime, time_zone: str, language: str) -> str:
    """The same with its year: ``21 Nov 2026, 09:00``."""
    from babel.dates import format_datetime  # heavy, and no start needs it

    return format_datetime(moment.astimezone(ZoneInfo(time_zone)), "d MMM y, HH:mm", locale=language)


def wall(slot: datetime, language: str) -> str:
    """A wall time as it stands."""
    from babel.dates import format_datetime  # heavy, and no start needs it

    return format_datetime(slot, "d MMM, HH:mm", locale=language)


def span(seconds: float, language: str) -> str:
    """A stretch of time, roughly: ``12 minutes``."""
    from babel.dates import format_timedelta  # as above

    # Up to a day and a half hours say more than days, up to one and a half hours minutes do.
    return format_timedelta(timedelta(seconds=seconds), threshold=1.5, locale=language)
