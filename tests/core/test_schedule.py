"""Local times: an hour that is missing goes forward, one that comes twice counts once."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.schedule import (
    WEEKDAYS,
    Daily,
    Once,
    Rule,
    ScheduleError,
    UnknownZone,
    kind_of,
    next_due,
    parse_time,
    rule_from,
    upcoming,
    zone,
)
from tests.core.kit import quick

BERLIN, NEW_YORK, LORD_HOWE, APIA = (
    ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia")
)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]  # year, month, day …


def moments(rule: Rule, where: ZoneInfo, now: datetime, count: int) -> list[str]:
    return [at.strftime("%m-%d %H:%M") for _slot, at in upcoming(rule, where, now, count)]


@pytest.mark.parametrize(
    ("where", "at", "now", "expected"),
    [
        # the hour that is missing: at two the clocks go to three
        (BERLIN, time(2, 30), utc(2027, 3, 26, 12), ["03-27 01:30", "03-28 01:30", "03-29 00:30"]),
        (NEW_YORK, time(2, 30), utc(2027, 3, 12, 12), ["03-13 07:30", "03-14 07:30", "03-15 06:30"]),
        (LORD_HOWE, time(2, 15), utc(2026, 10, 2, 20), ["10-03 15:45", "10-04 15:15"]),
        # the hour that comes twice: the first time alone
        (BERLIN, time(2, 30), utc(2027, 10, 29, 12), ["10-30 00:30", "10-31 00:30", "11-01 01:30"]),
        (NEW_YORK, time(1, 30), utc(2027, 11, 5, 12), ["11-06 05:30", "11-07 05:30", "11-08 06:30"]),
        (LORD_HOWE, time(1, 45), utc(2027, 4, 2, 20), ["04-03 14:45", "04-04 15:15"]),
        # a day that was left out altogether goes forward onto the next one, once
        (APIA, time(9, 0), utc(2011, 12, 29, 0), ["12-29 19:00", "12-30 19:00", "12-31 19:00"]),
    ],
)
def test_the_changes_of_the_clocks(where: ZoneInfo, at: time, now: datetime, expected: list[str]) -> None:
    assert moments(Daily(at), where, now, len(expected)) == expected


@pytest.mark.parametrize("minute", [0, 29, 30, 31, 59])
def test_asked_within_the_repeated_hour_it_does_not_come_again(minute: int) -> None:
    second_time = utc(2027, 10, 31, 1, minute)
    slot_and_moment = next_due(Daily(time(2, 30)), BERLIN, second_time)
    assert slot_and_moment == (datetime(2027, 11, 1, 2, 30), utc(2027, 11, 1, 1, 30))  # noqa: DTZ001 - a wall time


@quick
@given(
    st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE]),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)),  # noqa: DTZ001 - hypothesis wants them so
)
def test_each_day_has_one_slot_in_order(where: ZoneInfo, at: time, start: datetime) -> None:
    found = upcoming(Daily(at), where, start.replace(tzinfo=UTC), 4)
    days = [slot.date() for slot, _ in found]
    assert days == [days[0] + timedelta(days=number) for number in range(4)]
    assert all(slot.time() == at for slot, _ in found)
    moments_ = [moment for _, moment in found]
    assert moments_ == sorted(set(moments_))
    assert moments_[0] > start.replace(tzinfo=UTC)
    assert moments_[0] - start.replace(tzinfo=UTC) <= timedelta(hours=25, minutes=30)


def test_weekdays() -> None:
    weekend = Daily(time(10), ("sat", "sun"))
    found = upcoming(weekend, BERLIN, utc(2026, 11, 23), 3)
    assert [slot.strftime("%a") for slot, _ in found] == ["Sat", "Sun", "Sat"]
    for number, name in enumerate(WEEKDAYS):
        ((slot, _),) = upcoming(Daily(time(10), (name,)), BERLIN, utc(2026, 11, 23), 1)
        assert slot.weekday() == number
    for wrong in ((), ("monday",)):
        with pytest.raises(ScheduleError):
            Daily(time(10), wrong)


def test_once_is_once() -> None:
    at = datetime(2026, 12, 24, 18)  # noqa: DTZ001 - a wall time
    assert upcoming(Once(at), BERLIN, utc(2026, 11, 1)) == [(at, utc(2026, 12, 24, 17))]
    assert next_due(Once(at), BERLIN, utc(2026, 12, 24, 17)) is None


def test_the_moment_itself_is_over_when_it_is_now() -> None:
    now = utc(2026, 11, 21, 8)
    assert next_due(Daily(time(9)), BERLIN, now) == (datetime(2026, 11, 22, 9), utc(2026, 11, 22, 8))  # noqa: DTZ001 - a wall time


@pytest.mark.parametrize("rule", [Daily(time(9, 5), ("mon", "fri")), Once(datetime(2026, 12, 24, 18, 30))])  # noqa: DTZ001 - a wall time
def test_rules_survive_the_store(rule: Rule) -> None:
    assert rule_from(kind_of(rule), rule.spec) == rule
    with pytest.raises(ScheduleError, match="lunar"):
        rule_from("lunar", rule.spec)


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
