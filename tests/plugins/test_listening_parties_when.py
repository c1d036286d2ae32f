"""When a party is, as people write it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from plugins.listening_parties.when import parse_when

NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
"""Seven in the evening in Berlin, a Saturday."""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("20:00", "2026-11-21T19:00"),
        ("18:30", "2026-11-22T17:30"),
        ("20 Uhr", "2026-11-21T19:00"),
        ("8 pm", "2026-11-21T19:00"),
        ("today 20:00", "2026-11-21T19:00"),
        ("morgen um 20:00", "2026-11-22T19:00"),
        ("Demain à 20h30", "2026-11-22T19:30"),
        ("tomorrow at 8 pm", "2026-11-22T19:00"),
        ("2026-12-24 20:00", "2026-12-24T19:00"),
        ("2026-12-24T20:00", "2026-12-24T19:00"),
        ("24.12. 20:00", "2026-12-24T19:00"),
        ("24/12/2026 20:00", "2026-12-24T19:00"),
        ("1.2. 20:00", "2027-02-01T19:00"),
        ("in 10 minutes", "2026-11-21T18:10"),
        ("In 10 Min.", "2026-11-21T18:10"),
        ("dans 2 heures", "2026-11-21T20:00"),
        ("in 2 Stunden", "2026-11-21T20:00"),
        ("2027-03-28 02:30", "2027-03-28T01:30"),  # an hour that does not exist goes forward
        ("2026-11-20 20:00", "2026-11-20T19:00"),  # that it has passed is said by whoever asked
    ],
)
def test_a_moment_is_understood(text: str, wanted: str) -> None:
    found = parse_when(text, NOW, ZoneInfo("Europe/Berlin"))
    assert found == datetime.fromisoformat(wanted).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "at",
        "soon",
        "in minutes",
        "in 1000000 minutes",
        "25:00",
        "tomorrow",
        "2026-13-01 20:00",
        "31.2. 20:00",
        "29.2. 20:00",
        "20:00 tomorrow evening",
    ],
)
def test_anything_else_is_not(text: str) -> None:
    assert parse_when(text, NOW, ZoneInfo("Europe/Berlin")) is None
