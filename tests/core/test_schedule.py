"""Rules: weekdays mean what is read, cron lines what crontab(5) says, and what never comes is refused."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from core.schedule import (
    LAST,
    WEEKDAYS,
    Cron,
    CronError,
    Daily,
    EveryDays,
    EveryWeeks,
    Monthly,
    NeverComes,
    Once,
    Rule,
    ScheduleError,
    kind_of,
    rule_from,
)

MONDAY = datetime(2026, 11, 23)  # noqa: DTZ001 - a wall time
NINE = time(9)


def slots(rule: Rule, count: int, wall: datetime = MONDAY) -> list[str]:
    found = []
    while len(found) < count and (slot := rule.after(wall)) is not None:
        found.append(slot.strftime("%a %m-%d %H:%M"))
        wall = slot
    return found


def days(rule: Rule, wall: datetime = MONDAY) -> set[str]:
    """The weekdays of two weeks' slots."""
    return {one[:3].lower() for one in slots(rule, 14, wall)}


@pytest.mark.parametrize("name", WEEKDAYS)
def test_weekdays_mean_what_is_read(name: str) -> None:
    number = WEEKDAYS.index(name)
    crontab = (number + 1) % 7  # 0 is Sunday
    for rule in (
        Daily(NINE, (name,)),
        EveryWeeks(NINE, 1, (name,), MONDAY.date()),
        Monthly(NINE, 1, name),
        Monthly(NINE, LAST, name),
        Cron(f"0 9 * * {crontab}"),
        Cron(f"0 9 * * {name.upper()}"),
    ):
        assert days(rule) == {name}, rule


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("0", "sun"), ("7", "sun"), ("1", "mon"), ("1-5", "mon tue wed thu fri"), ("0-2", "sun mon tue"),
        ("5-7", "fri sat sun"), ("0-7", "mon tue wed thu fri sat sun"), ("6,0", "sat sun"), ("sat,SUN", "sat sun"),
        ("fri-mon", "fri sat sun mon"), ("6-1", "sat sun mon"), ("*/2", "sun tue thu sat"), ("1-5/2", "mon wed fri"),
        ("1-7/3", "mon thu sun"), ("mon-fri/2", "mon wed fri"), ("2/2", "tue thu sat"), ("sun-tue", "sun mon tue"),
        ("fri-sun", "fri sat sun"), ("*", "mon tue wed thu fri sat sun"), ("*/7", "sun"),
    ],
)  # fmt: skip
def test_a_cron_lines_weekdays(field: str, expected: str) -> None:
    assert days(Cron(f"0 9 * * {field}")) == set(expected.split())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("30 18 * * *", ["Mon 11-23 18:30", "Tue 11-24 18:30"]),
        ("*/20 9 * * *", ["Mon 11-23 09:00", "Mon 11-23 09:20", "Mon 11-23 09:40", "Tue 11-24 09:00"]),
        ("50/5 9 * * *", ["Mon 11-23 09:50", "Mon 11-23 09:55", "Tue 11-24 09:50"]),
        ("0 22-2/2 * * *", ["Mon 11-23 02:00", "Mon 11-23 22:00", "Tue 11-24 00:00"]),
        ("0 9 1 jan-mar/2 *", ["Fri 01-01 09:00", "Mon 03-01 09:00"]),
        ("0 9 1,15 * *", ["Tue 12-01 09:00", "Tue 12-15 09:00", "Fri 01-01 09:00"]),
        ("0 9 30-2 * *", ["Mon 11-30 09:00", "Tue 12-01 09:00", "Wed 12-02 09:00", "Wed 12-30 09:00"]),
        # both days limited: either is enough
        ("0 9 25 * 1", ["Mon 11-23 09:00", "Wed 11-25 09:00", "Mon 11-30 09:00"]),
        # begun with a star: both must match
        ("0 9 */10 * mon", ["Mon 12-21 09:00", "Mon 01-11 09:00"]),
        ("0 9 31 2 mon", ["Mon 02-01 09:00", "Mon 02-08 09:00"]),
        ("0 9 29 2 *", ["Tue 02-29 09:00", "Sun 02-29 09:00"]),
    ],
)
def test_a_cron_line_means_what_crontab_says(line: str, expected: list[str]) -> None:
    assert slots(Cron(line), len(expected)) == expected


def test_the_rarest_day_of_all_is_found() -> None:
    """29 February on a Sunday: 2032, 2060, 2088, and because 2100 has none not before 2128."""
    rule, wall, years = Cron("0 9 29 2 */7"), MONDAY, []
    for _ in range(4):
        wall = rule.after(wall) or MONDAY
        years.append(wall.year)
    assert years == [2032, 2060, 2088, 2128]


@pytest.mark.parametrize("line", ["0 9 31 2 *", "0 9 30,31 feb *", "0 9 31 4,6,9,11 *", "0 9 31 4 */2", "0 9 30 2 *"])
def test_what_never_comes_is_refused(line: str) -> None:
    with pytest.raises(NeverComes):
        Cron(line)


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("", -1), ("0 9 * *", -1), ("0 9 * * 1 2026", -1), ("60 9 * * *", 0), ("-1 9 * * *", 0), ("*/0 9 * * *", 0),
        ("0 24 * * *", 1), ("0 9,, * * *", 1), ("0 9 0 * *", 2), ("0 9 32 * *", 2), ("0 9 L * *", 2),
        ("0 9 * 13 *", 3), ("0 9 * may-foo *", 3), ("0 9 * * 8", 4), ("0 9 * * mond", 4), ("0 9 * * 1/x", 4),
        ("0 ٩ * * *", 1), ("0 9 * * 1#2", 4), ("0 9 ? * *", 2), (f"{'1,' * 5000}x 9 * * *", 0),
    ],
)  # fmt: skip
def test_a_line_that_cant_be_read_knows_its_part(line: str, place: int) -> None:
    with pytest.raises(CronError) as error:
        Cron(line)
    assert error.value.place == place
    assert error.value.part == (line.split()[place] if place >= 0 else line)


def test_every_so_many_days_is_counted_from_the_first() -> None:
    rule = EveryDays(NINE, 3, date(2026, 11, 20))
    assert slots(rule, 3) == ["Mon 11-23 09:00", "Thu 11-26 09:00", "Sun 11-29 09:00"]
    assert slots(rule, 1, datetime(2026, 11, 23, 9)) == ["Thu 11-26 09:00"]  # noqa: DTZ001 - a wall time
    ahead = EveryDays(NINE, 3, date(2026, 12, 24))
    assert slots(ahead, 2) == ["Thu 12-24 09:00", "Sun 12-27 09:00"]


def test_every_so_many_weeks_is_counted_from_the_first_weeks_monday() -> None:
    rule = EveryWeeks(NINE, 2, ("mon", "fri"), date(2026, 11, 25))  # a Wednesday: that week's Monday is over
    assert slots(rule, 4) == ["Fri 11-27 09:00", "Mon 12-07 09:00", "Fri 12-11 09:00", "Mon 12-21 09:00"]


def test_the_nth_and_the_last_weekday_of_the_month() -> None:
    assert slots(Monthly(NINE, 2, "tue"), 3) == ["Tue 12-08 09:00", "Tue 01-12 09:00", "Tue 02-09 09:00"]
    assert slots(Monthly(NINE, 4, "mon"), 2) == ["Mon 11-23 09:00", "Mon 12-28 09:00"]
    assert slots(Monthly(NINE, LAST, "mon"), 3) == ["Mon 11-30 09:00", "Mon 12-28 09:00", "Mon 01-25 09:00"]


RULES: list[Rule] = [
    Daily(time(9, 5), ("mon", "fri")),
    Once(datetime(2026, 12, 24, 18, 30)),  # noqa: DTZ001 - a wall time
    EveryDays(NINE, 10, date(2026, 11, 21)),
    EveryWeeks(NINE, 2, ("sat", "sun"), date(2026, 11, 21)),
    Monthly(NINE, LAST, "fri"),
    Cron("0 9 * * 1-5"),
]


@pytest.mark.parametrize("rule", RULES, ids=kind_of)
def test_rules_survive_the_store(rule: Rule) -> None:
    assert rule_from(kind_of(rule), rule.spec) == rule
    with pytest.raises(ScheduleError, match="lunar"):
        rule_from("lunar", rule.spec)
    for key in rule.spec:
        for broken in ({**rule.spec, key: None}, {**rule.spec, key: "x"}, {**rule.spec, key: []}):
            with pytest.raises(ScheduleError):
                rule_from(kind_of(rule), broken)
        with pytest.raises(ScheduleError):
            rule_from(kind_of(rule), {name: value for name, value in rule.spec.items() if name != key})


def test_what_is_no_rule() -> None:
    start = date(2026, 11, 21)
    for make in (
        lambda: Daily(NINE, ()),
        lambda: Daily(NINE, ("monday",)),
        lambda: Daily(NINE, ("mon", "mon")),
        lambda: Daily(time(9, 0, 30)),
        lambda: EveryDays(NINE, 0, start),
        lambda: EveryDays(NINE, 366, start),
        lambda: EveryDays(NINE, 2, date.max),
        lambda: EveryWeeks(NINE, 53, ("mon",), start),
        lambda: EveryWeeks(NINE, 2, (), start),
        lambda: Monthly(NINE, 5, "mon"),
        lambda: Monthly(NINE, 0, "mon"),
    ):
        with pytest.raises(ScheduleError):
            make()  # type: ignore[no-untyped-call]  # each says what it is
