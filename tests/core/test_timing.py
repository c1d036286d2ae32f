"""Local times: one that is missing goes forward, one that comes twice counts once, and what is left out stays out."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.days_off import NONE_OFF, DaysOff
from core.schedule import (
    LAST,
    WEEKDAYS,
    Cron,
    Daily,
    EveryDays,
    EveryWeeks,
    Monthly,
    NeverComes,
    Once,
    Rule,
    ScheduleError,
)
from core.timing import (
    MOST_MISSED,
    Change,
    Plan,
    Slot,
    Timing,
    change_at,
    moment,
    newest_due_and_next,
    next_due,
    timing_from,
    upcoming,
)
from tests.core.kit import quick

BERLIN, NEW_YORK, LORD_HOWE, APIA = (
    ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia")
)
HOURS = timedelta(hours=6)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]  # year, month, day …


def wall(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - a wall time


def moments(plan: Plan, where: ZoneInfo, now: datetime, count: int) -> list[str]:
    return [at.strftime("%m-%d %H:%M") for _slot, at in upcoming(plan, where, now, count)]


# -- the clocks ------------------------------------------------------------------------------------------------------
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


def rules_at(slot: datetime) -> dict[str, Rule]:
    """A rule of every kind that has this slot."""
    day, at, name = slot.date(), slot.time(), WEEKDAYS[slot.weekday()]
    nth = (day.day - 1) // 7 + 1
    return {
        "once": Once(slot),
        "daily": Daily(at),
        "weekdays": Daily(at, WEEKDAYS[:5] if slot.weekday() < 5 else WEEKDAYS[5:]),
        "chosen days": Daily(at, (name,)),
        "days": EveryDays(at, 3, day - timedelta(days=6)),
        "first of days": EveryDays(at, 3, day),
        "weeks": EveryWeeks(at, 2, (name,), day - timedelta(days=14)),
        "nth weekday": Monthly(at, nth if nth < 5 else LAST, name),
        "cron": Cron(f"{at.minute} {at.hour} {day.day} {day.month} *"),
        "hourly cron": Cron(f"{at.minute} * * * *"),
        "timing": Timing(Daily(at), until=day),  # type: ignore[dict-item]  # a plan like the others
    }


@pytest.mark.parametrize(
    ("where", "slot", "at", "change"),
    [
        (BERLIN, wall(2027, 3, 28, 2, 30), utc(2027, 3, 28, 1, 30), Change.MISSING),
        (BERLIN, wall(2027, 10, 31, 2, 30), utc(2027, 10, 31, 0, 30), Change.TWICE),
        (NEW_YORK, wall(2027, 3, 14, 2, 30), utc(2027, 3, 14, 7, 30), Change.MISSING),
        (NEW_YORK, wall(2027, 11, 7, 1, 30), utc(2027, 11, 7, 5, 30), Change.TWICE),
        (LORD_HOWE, wall(2026, 10, 4, 2, 15), utc(2026, 10, 3, 15, 45), Change.MISSING),
        (LORD_HOWE, wall(2027, 4, 4, 1, 45), utc(2027, 4, 3, 14, 45), Change.TWICE),
        (APIA, wall(2011, 12, 30, 9, 0), utc(2011, 12, 30, 19, 0), Change.MISSING),
    ],
    ids=lambda value: str(value) if isinstance(value, (ZoneInfo, Change)) else "",
)
@pytest.mark.parametrize("kind", rules_at(wall(2027, 3, 28)))
def test_what_is_missing_and_what_comes_twice_goes_out_once_by_every_kind(
    kind: str, where: ZoneInfo, slot: datetime, at: datetime, change: Change
) -> None:
    rule = rules_at(slot)[kind]
    found, now = [], at - timedelta(hours=30)
    while (due := next_due(rule, where, now)) is not None and due.at < at + timedelta(hours=30):
        found.append(due)
        now = due.at
    assert [due.at for due in found].count(at) == 1
    slots = [due.slot for due in found]
    assert len(set(slots)) == len(slots)
    assert slots.count(slot) <= 1
    # At any moment around, and to the second, the same comes next.
    for minutes in range(-200, 200, 7):
        now = at + timedelta(minutes=minutes, seconds=13)
        assert next_due(rule, where, now) == next((one for one in found if one.at > now), next_due(rule, where, now))
    ((_, posted),) = [due for due in found if due.at == at]
    assert posted == at
    if kind == "once":
        assert change_at(Slot(slot, at), where, at - timedelta(minutes=1)) is change


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # 02:15 and 02:45 don't exist and land on 03:15 and 03:45, which do
        ("15,45 2,3 28 3 *", ["03-28 01:15", "03-28 01:45"]),
        ("45 2 28 3 *", ["03-28 01:45"]),
        (
            "*/30 1-4 28 3 *",
            ["03-28 00:00", "03-28 00:30", "03-28 01:00", "03-28 01:30", "03-28 02:00", "03-28 02:30"],
        ),
        # each hour of the day that has 25 once by its name
        ("0 1-4 31 10 *", ["10-30 23:00", "10-31 00:00", "10-31 02:00", "10-31 03:00"]),
    ],
)
def test_several_slots_around_a_change(line: str, expected: list[str]) -> None:
    found = moments(Timing(Cron(line), until=date(2027, 12, 31)), BERLIN, utc(2027, 1, 1), 10)
    assert found == expected


def test_a_missing_slot_that_lands_behind_a_later_one_keeps_it() -> None:
    """02:40 lands on 03:40; 03:20 comes before it, though its wall time is later."""
    rule = Cron("40,20 2,3 28 3 *")
    found = upcoming(Timing(rule, until=date(2027, 3, 28)), BERLIN, utc(2027, 3, 28))
    assert [slot.strftime("%H:%M") for slot, _ in found] == ["03:20", "03:40"]
    only = Timing(Cron("40 2 28 3 *"), until=date(2027, 3, 28))
    assert [slot.strftime("%H:%M") for slot, _ in upcoming(only, BERLIN, utc(2027, 3, 28))] == ["02:40"]
    # asked when 03:20 has been and 03:40 has not
    assert next_due(only, BERLIN, utc(2027, 3, 28, 1, 25)) == (wall(2027, 3, 28, 2, 40), utc(2027, 3, 28, 1, 40))


@pytest.mark.parametrize("minute", [0, 29, 30, 31, 59])
def test_asked_within_the_repeated_hour_it_does_not_come_again(minute: int) -> None:
    second_time = utc(2027, 10, 31, 1, minute)
    assert next_due(Daily(time(2, 30)), BERLIN, second_time) == (wall(2027, 11, 1, 2, 30), utc(2027, 11, 1, 1, 30))


def test_a_preview_tells_what_the_clocks_do() -> None:
    found = upcoming(Daily(time(2, 30)), BERLIN, utc(2027, 3, 26, 12), 4)
    before = [utc(2027, 3, 26, 12), *(due.at for due in found)]
    marks = [change_at(due, BERLIN, earlier) for due, earlier in zip(found, before, strict=False)]
    assert marks == [None, Change.MISSING, None, None]
    found = upcoming(Daily(time(9)), BERLIN, utc(2027, 3, 26, 12), 3)
    before = [utc(2027, 3, 26, 12), *(due.at for due in found)]
    marks = [change_at(due, BERLIN, earlier) for due, earlier in zip(found, before, strict=False)]
    assert marks == [None, Change.SINCE, None]


def test_once_is_once() -> None:
    at = wall(2026, 12, 24, 18)
    assert upcoming(Once(at), BERLIN, utc(2026, 11, 1)) == [(at, utc(2026, 12, 24, 17))]
    assert next_due(Once(at), BERLIN, utc(2026, 12, 24, 17)) is None


def test_the_moment_itself_is_over_when_it_is_now() -> None:
    now = utc(2026, 11, 21, 8)
    assert next_due(Daily(time(9)), BERLIN, now) == (wall(2026, 11, 22, 9), utc(2026, 11, 22, 8))
    assert next_due(Daily(time(9)), BERLIN, now - timedelta(microseconds=1)) == (wall(2026, 11, 21, 9), now)


def test_weekdays() -> None:
    weekend = Daily(time(10), ("sat", "sun"))
    found = upcoming(weekend, BERLIN, utc(2026, 11, 23), 3)
    assert [slot.strftime("%a") for slot, _ in found] == ["Sat", "Sun", "Sat"]


# -- exceptions ------------------------------------------------------------------------------------------------------
def test_the_last_day_counts() -> None:
    timing = Timing(Daily(time(9)), until=date(2026, 11, 23))
    assert moments(timing, BERLIN, utc(2026, 11, 21, 12), 5) == ["11-22 08:00", "11-23 08:00"]


def test_holidays_and_ranges_are_left_out() -> None:
    off = DaysOff("DE", "BY", ((date(2026, 12, 28), date(2027, 1, 3)),))
    timing = Timing(Daily(time(9)), days_off=off)
    found = [slot.strftime("%m-%d") for slot, _ in upcoming(timing, BERLIN, utc(2026, 12, 23, 12), 6)]
    assert found == [
        "12-24",
        "12-27",
        "01-04",
        "01-05",
        "01-07",
        "01-08",
    ]  # 6 January rests in Bavaria, not in Berlin
    elsewhere = Timing(Daily(time(9)), days_off=DaysOff("DE", "BE"))
    assert "01-06" in moments(elsewhere, BERLIN, utc(2027, 1, 4, 12), 2)[1]


def test_up_to_and_including_not_before_is_left_out() -> None:
    timing = Timing(Daily(time(9)), not_before=wall(2026, 11, 23, 9))
    assert moments(timing, BERLIN, utc(2026, 11, 21, 12), 2) == ["11-24 08:00", "11-25 08:00"]


@pytest.mark.parametrize(
    "timing",
    [
        Timing(Cron("0 9 25 12 *"), days_off=DaysOff("DE")),
        Timing(Daily(time(9)), until=date(2026, 11, 20)),
        Timing(Daily(time(9)), days_off=DaysOff(ranges=((date(2020, 1, 1), date(9999, 12, 31)),))),
        Timing(Daily(time(9)), not_before=wall(9999, 12, 31)),
        Timing(Once(wall(2026, 11, 20, 9))),
        Timing(Once(wall(9999, 12, 31, 23, 59))),
        Timing(EveryDays(time(9), 1, date(9998, 12, 31))),
        Timing(EveryWeeks(time(9), 1, ("sun",), date(9998, 12, 31))),
    ],
)
def test_what_never_comes_has_an_end(timing: Timing) -> None:
    assert next_due(timing, NEW_YORK, utc(2026, 11, 21, 12)) is None


@pytest.mark.parametrize(
    "timing",
    [
        Timing(Daily(time(9))),
        Timing(Cron("0 9 * * 1"), date(2027, 1, 31), DaysOff("DE", "BY"), wall(2026, 12, 1, 9)),
        Timing(Daily(time(9)), days_off=DaysOff(ranges=((date(2026, 12, 24), date(2027, 1, 2)),))),
    ],
)
def test_timings_survive_the_store(timing: Timing) -> None:
    assert timing_from(**timing.columns) == timing
    assert hash(timing_from(**timing.columns)) == hash(timing)


@pytest.mark.parametrize(
    "columns",
    [
        {"until": "soon"},
        {"not_before": "x"},
        {"days_off": {"ranges": [["2026-12-24"]]}},
        {"days_off": {"ranges": "x"}},
    ],
)
def test_what_the_store_cannot_mean_is_a_schedule_error(columns: dict[str, object]) -> None:
    with pytest.raises(ScheduleError):
        timing_from("daily", {"at": "09:00", "weekdays": ["mon"]}, **columns)  # type: ignore[arg-type]  # broken on purpose


def test_a_country_without_known_holidays_is_a_schedule_error() -> None:
    with pytest.raises(ScheduleError):
        next_due(Timing(Daily(time(9)), days_off=DaysOff("XX")), BERLIN, utc(2026, 11, 21))


# -- all of them together --------------------------------------------------------------------------------------------
zones = st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE])
times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
days_ = st.dates(date(2026, 1, 1), date(2028, 1, 1))
names = st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True).map(tuple)
rules = st.one_of(
    st.builds(Daily, times, names),
    st.builds(EveryDays, times, st.integers(1, 30), days_),
    st.builds(EveryWeeks, times, st.integers(1, 4), names, days_),
    st.builds(Monthly, times, st.sampled_from([1, 2, 3, 4, LAST]), st.sampled_from(WEEKDAYS)),
    st.builds(
        Once, st.datetimes(wall(2026, 1, 1), wall(2028, 1, 1)).map(lambda at: at.replace(second=0, microsecond=0))
    ),
    st.builds(
        lambda minute, hour: Cron(f"{minute} {hour} * * *"),
        st.sampled_from(["0", "30", "*/30", "15,45"]),
        st.sampled_from(["*", "1-3", "0-23/2", "2"]),
    ),
)
ranges = st.lists(
    st.tuples(days_, st.integers(0, 20)).map(lambda one: (one[0], one[0] + timedelta(one[1]))), max_size=3
)
timings = st.builds(
    Timing,
    rules,
    st.none() | days_,
    st.builds(DaysOff, st.sampled_from(["", "DE"]), st.just(""), ranges.map(tuple)),
    st.none() | st.datetimes(wall(2026, 1, 1), wall(2028, 1, 1)).map(lambda at: at.replace(second=0, microsecond=0)),
)
starts = st.one_of(
    st.datetimes(wall(2026, 1, 1), wall(2028, 1, 1)),
    # around the changes of the clocks
    st.sampled_from([wall(2027, 3, 27), wall(2027, 10, 30), wall(2027, 3, 13), wall(2027, 11, 6), wall(2026, 10, 3)]),
).map(lambda at: at.replace(tzinfo=UTC))


@quick
@given(zones, timings, starts)
def test_slots_rise_and_keep_to_what_was_agreed(where: ZoneInfo, timing: Timing, start: datetime) -> None:
    found = upcoming(timing, where, start, 30)
    ats = [due.at for due in found]
    assert ats == sorted(set(ats))
    assert not ats or ats[0] > start
    for slot, at in found:
        assert at == moment(slot, where)
        assert timing.days_off.last(slot.date()) is None
        assert timing.until is None or slot.date() <= timing.until
        assert timing.not_before is None or slot > timing.not_before
    # Nothing is lost: the moments are those of the rule's own slots, less what is left out.
    at, expected = start.astimezone(where).replace(tzinfo=None) - timedelta(days=2), set()
    last = ats[-1] if ats else start
    while (slot_ := timing.rule.after(at)) is not None and moment(slot_, where) <= last + timedelta(days=2):
        at = slot_
        left_out = (
            timing.days_off.last(at.date()) is not None
            or (timing.until is not None and at.date() > timing.until)
            or (timing.not_before is not None and at <= timing.not_before)
        )
        if not left_out and start < moment(at, where) <= last:
            expected.add(moment(at, where))
    assert set(ats) == expected


@quick
@given(zones, times, starts)
def test_each_day_has_one_slot_in_order(where: ZoneInfo, at: time, start: datetime) -> None:
    found = upcoming(Daily(at), where, start, 4)
    days = [slot.date() for slot, _ in found]
    assert days == [days[0] + timedelta(days=number) for number in range(4)]
    assert all(slot.time() == at for slot, _ in found)
    assert found[0].at - start <= timedelta(hours=25, minutes=30)


# -- after an outage -------------------------------------------------------------------------------------------------
NINE = Daily(time(9))
FIRST = Slot(wall(2026, 11, 21, 9), utc(2026, 11, 21, 8))


def turn(late: timedelta, catch_up: timedelta = HOURS, plan: Plan = NINE) -> tuple[str | None, list[str], str | None]:
    found = newest_due_and_next(plan, BERLIN, FIRST.slot, FIRST.at + late, catch_up)

    def say(due: Slot | None) -> str | None:
        return due.slot.strftime("%m-%d %H:%M") if due else None

    return say(found.post), [due.slot.strftime("%m-%d %H:%M") for due in found.missed], say(found.upcoming)


def test_nothing_missed() -> None:
    assert turn(timedelta()) == ("11-21 09:00", [], "11-22 09:00")
    assert turn(HOURS) == ("11-21 09:00", [], "11-22 09:00")
    assert turn(timedelta(seconds=1), plan=Once(FIRST.slot)) == ("11-21 09:00", [], None)


def test_what_is_past_its_window_is_missed_and_the_newest_goes_out() -> None:
    assert turn(HOURS + timedelta(seconds=1)) == (None, ["11-21 09:00"], "11-22 09:00")
    missed = ["11-21 09:00", "11-22 09:00", "11-23 09:00"]
    assert turn(timedelta(days=3, hours=1)) == ("11-24 09:00", missed, "11-25 09:00")
    assert turn(timedelta(days=3, hours=6)) == ("11-24 09:00", missed, "11-25 09:00")
    assert turn(timedelta(days=3, hours=6, seconds=1)) == (None, [*missed, "11-24 09:00"], "11-25 09:00")
    assert turn(timedelta(days=3, hours=7), timedelta(days=2)) == ("11-24 09:00", missed, "11-25 09:00")


def test_a_long_outage_is_told_in_part() -> None:
    post, missed, following = turn(timedelta(days=900, hours=1))
    assert (post, following) == ("05-09 09:00", "05-10 09:00")
    assert len(missed) == MOST_MISSED
    assert missed[0] == "11-21 09:00"
    assert turn(timedelta(hours=30), plan=Cron("* * * * *"))[0] == "11-22 15:00"


@quick
@given(
    zones,
    timings,
    starts,
    st.timedeltas(timedelta(), timedelta(days=12)),
    st.sampled_from([HOURS, timedelta(days=2)]),
)
def test_after_any_outage_it_is_as_if_every_slot_had_been_looked_at(
    where: ZoneInfo, timing: Timing, start: datetime, late: timedelta, catch_up: timedelta
) -> None:
    first = next_due(timing, where, start)
    if first is None:
        return
    now = first.at + late
    due = [first]
    while (following := next_due(timing, where, due[-1].at)) is not None and following.at <= now:
        due.append(following)
    found = newest_due_and_next(timing, where, first.slot, now, catch_up)
    assert found.upcoming == following
    newest = due[-1] if now - due[-1].at <= catch_up else None
    assert found.post == newest
    missed = due[:-1] if newest else due
    assert list(found.missed) == missed[:MOST_MISSED]


def test_a_rule_that_can_never_be_made_says_so() -> None:
    with pytest.raises(NeverComes):
        Timing(Cron("0 9 31 2 *"))
    assert Timing(NINE).days_off is NONE_OFF
