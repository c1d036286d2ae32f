"""The clock that tests set."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from core.testing import SetClock


async def test_whoever_sleeps_wakes_when_their_time_has_passed_and_not_before() -> None:
    clock = SetClock()
    sleeper = asyncio.create_task(clock.sleep(60))
    await asyncio.sleep(0)
    clock.pass_by(59)
    await asyncio.sleep(0)
    assert not sleeper.done()
    clock.pass_by(minutes=1)
    await asyncio.wait_for(sleeper, 1)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        SetClock().set(datetime(2026, 11, 21))  # noqa: DTZ001 - the point
    assert SetClock().now() == datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
