"""Days off as people write them, and as the store keeps them."""

from __future__ import annotations

from datetime import date

import pytest

from core.days_off import NONE_OFF, DaysOff, OffError, read

CHRISTMAS = (date(2026, 12, 24), date(2027, 1, 2))
MAY = (date(2027, 5, 5), date(2027, 5, 5))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", NONE_OFF), (" , ; ", NONE_OFF), ("DE", DaysOff("DE")), ("de", DaysOff("DE")),
        ("Germany", DaysOff("DE")), ("Deutschland", DaysOff("DE")), ("DE-BY", DaysOff("DE", "BY")),
        ("de-by", DaysOff("DE", "BY")), ("Germany - Bayern", DaysOff("DE", "BY")), ("DE/Bayern", DaysOff("DE", "BY")),
        ("Guinea-Bissau", DaysOff("GW")), ("US-CA", DaysOff("US", "CA")), ("United States", DaysOff("US")),
        ("2027-05-05", DaysOff(ranges=(MAY,))), ("2026-12-24 – 2027-01-02", DaysOff(ranges=(CHRISTMAS,))),
        ("2026-12-24-2027-01-02", DaysOff(ranges=(CHRISTMAS,))),
        ("2026-12-24 bis 2027-01-02", DaysOff(ranges=(CHRISTMAS,))),
        ("2026-12-24 to 2027-01-02", DaysOff(ranges=(CHRISTMAS,))),
        ("2026-12-24..2027-01-02", DaysOff(ranges=(CHRISTMAS,))),
        ("2027-05-05; DE-BY\n2026-12-24 au 2027-01-02", DaysOff("DE", "BY", (CHRISTMAS, MAY))),
    ],
)  # fmt: skip
def test_as_people_write_them(text: str, expected: DaysOff) -> None:
    found = read(text, "de")
    assert found == expected
    assert read(found.text, "fr") == found
    assert DaysOff.from_data(found.to_data()) == found


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Atlantis", "Atlantis"), ("DE-XX", "DE-XX"), ("DE-", "DE-"), ("DE, FR", "FR"), ("XX", "XX"),
        ("2026-13-01", "2026-13-01"), ("2027-01-02 – 2026-12-24", "2027-01-02 – 2026-12-24"),
        ("from 2026-12-24", "from 2026-12-24"), ("2026-12-24 2027-01-02", "2026-12-24 2027-01-02"),
        ("24.12.2026", "24.12.2026"), ("DE, 1 2026-12-24", "1 2026-12-24"), ("Deutschland", "Deutschland"),
        ("2026-01-01 – 2026-01-02 – 2026-01-03", "2026-01-01 – 2026-01-02 – 2026-01-03"), ("🎄", "🎄"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(text: str, part: str) -> None:
    with pytest.raises(OffError) as error:
        read(text, "fr")
    assert error.value.part == part


def test_too_many_ranges() -> None:
    with pytest.raises(OffError):
        read(",".join(f"2026-01-{day:02}" for day in range(1, 25)), "en")


def test_a_range_is_passed_over_in_one_go() -> None:
    off = DaysOff(ranges=(CHRISTMAS,))
    assert off.last(date(2026, 12, 30)) == CHRISTMAS[1]
    assert off.last(date(2026, 12, 23)) is None
    assert DaysOff("DE").last(date(2026, 12, 25)) == date(2026, 12, 25)
