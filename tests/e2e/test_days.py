"""What the days bring: the schedule, a removal, a return."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from app.acting import until
from core.testing import SetClock
from tests.e2e.kit import BEFORE_NINE, OWNER, Stage

NINE = BEFORE_NINE + timedelta(minutes=30)
A_MOMENT = 0.2
"""Seconds in which nothing must happen; what does happen takes a twentieth of it."""


class TestBySchedule:
    """On a clock that stands still until it is moved."""

    @pytest.fixture
    def clock(self) -> SetClock:
        """Half past eight in Berlin."""
        return SetClock(BEFORE_NINE)

    async def test_a_question_goes_out_at_the_local_time_and_once(self, stage: Stage) -> None:
        await stage.arrive()
        await move(stage, NINE - timedelta(seconds=1))
        assert not stage.questions()
        await move(stage, NINE)
        await stage.until_question(1)
        for minutes in (0, 5, 600):
            await move(stage, NINE + timedelta(minutes=minutes))
        assert len(stage.questions()) == 1
        await move(stage, NINE + timedelta(days=1))
        assert "learned lately" in (await stage.until_question(2)).text
        assert await slots(stage) == ["2026-11-21T09:00:00", "2026-11-22T09:00:00"]

    @pytest.mark.parametrize("platform", ["discord"], indirect=True)
    async def test_the_time_is_the_local_one_when_clocks_change(self, stage: Stage) -> None:
        stage.clock.set(BEFORE_NINE.replace(month=3, day=28))
        await stage.arrive()
        await move(stage, NINE.replace(month=3, day=28))
        await stage.until_question(1)
        summer = NINE.replace(month=3, day=29, hour=7)  # an hour less from UTC: Berlin's clocks went forward
        await move(stage, summer - timedelta(seconds=1))
        assert len(stage.questions()) == 1
        await move(stage, summer)
        await stage.until_question(2)


async def test_a_removal_stops_it_and_a_return_brings_it_back(stage: Stage) -> None:
    first = await stage.begin()
    await stage.answer("Mia", first, "A walk")
    await stage.until_shown("1 answer so far")
    await stage.settled()
    await stage.platform.remove(stage.world.space, stage[OWNER])
    await until(lambda: removed(stage), "the removal")
    refusals = len(stage.platform.record.refused)
    await move(stage, NINE)
    assert len(stage.questions()) == 1
    assert await slots(stage) == [], "no question is used up where nobody sees it"
    assert len(stage.platform.record.refused) == refusals, "nothing was even tried"

    greetings = hellos(stage)
    await stage.platform.install(stage.world.space, stage[OWNER])
    await until(lambda: returned(stage), "the return")
    await move(stage, NINE + timedelta(days=1))
    question = await stage.until_question(2)
    await stage.answer("Mia", question, "Another walk")
    await stage.until_counted(answer=2)
    assert hellos(stage) == greetings, "it knows the space: nobody is asked to set it up again"


async def move(stage: Stage, moment: object) -> None:
    """Let it be that late, and give whoever is due the time to act."""
    stage.clock.set(moment)  # type: ignore[arg-type]  # a datetime
    stage.house.hall.wake()
    await asyncio.sleep(A_MOMENT)


async def slots(stage: Stage) -> list[str]:
    """The days that had their question."""
    return [slot for (slot,) in await stage.rows("SELECT slot FROM activity WHERE slot IS NOT NULL ORDER BY slot")]


async def removed(stage: Stage) -> bool:
    return await stage.rows("SELECT count(*) FROM space WHERE removed_at IS NOT NULL") == [(1,)]


async def returned(stage: Stage) -> bool:
    return not await removed(stage)


def hellos(stage: Stage) -> int:
    """How many greetings stand."""
    channels = stage.platform.state(messages=1000).channels
    return sum("Hello from" in message.title + message.text for one in channels for message in one.messages)
