"""Zones and times of day as people write them."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.zones import UnknownZone, parse_time, zone
from tests.core.kit import quick


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"), ("berlin", "Europe/Berlin"), ("New York", "America/New_York"),
        ("america/new york", "America/New_York"), ("UTC", "UTC"), ("utc", "UTC"), (" Singapore ", "Asia/Singapore"),
    ],
)  # fmt: skip
def test_zones_by_name_or_city(typed: str, name: str) -> None:
    assert zone(typed).key == name


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [("Europe/Belrin", "Europe/Berlin"), ("Berln", "Europe/Berlin"), ("Nwe York", "America/New_York")],
)
def test_typos_know_their_neighbours(typed: str, nearest: str) -> None:
    with pytest.raises(UnknownZone) as unknown:
        zone(typed)
    assert nearest in unknown.value.nearest
    assert len(unknown.value.nearest) <= 3


@pytest.mark.parametrize("typed", ["", "Europe", "../etc/passwd", "/etc/localtime", "x" * 300, "a\0b", "🕰", "GMT+25"])
def test_what_is_no_zone_is_an_unknown_zone_and_no_other_error(typed: str) -> None:
    with pytest.raises(UnknownZone):
        zone(typed)


@pytest.mark.parametrize(
    ("typed", "hour", "minute"),
    [
        ("9", 9, 0), ("9:00", 9, 0), ("09.30", 9, 30), ("9h", 9, 0), ("9h15", 9, 15), ("9 Uhr", 9, 0),
        ("18 Uhr 30", 18, 30), ("9 am", 9, 0), ("9 p.m.", 21, 0), ("12 am", 0, 0), ("12:30pm", 12, 30),
        ("0:00", 0, 0), ("23:59", 23, 59),
    ],
)  # fmt: skip
def test_times_as_people_write_them(typed: str, hour: int, minute: int) -> None:
    assert parse_time(typed) == time(hour, minute)


@quick
@given(st.text(alphabet="0129²٣:.apmhuhr -", max_size=8))
def test_other_times_are_none_and_no_error(typed: str) -> None:
    found = parse_time(typed)
    assert found is None or found.second == 0


@pytest.mark.parametrize("typed", ["", "noon", "25", "9:60", "13 pm", "-1", "²", "9:00:00:00", "half nine", "pm"])
def test_what_is_no_time(typed: str) -> None:
    assert parse_time(typed) is None
