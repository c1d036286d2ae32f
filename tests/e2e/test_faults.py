"""Bad days of a network and a platform: nothing is lost, nothing stands twice, nothing counts twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from app.acting import until
from core.testing import SetClock
from sandbox.control import Platform
from sandbox.faults import Fault, FaultKind
from storage.tables import Community
from tests.e2e.kit import BEFORE_NINE, Stage, hall, populated

NINE = BEFORE_NINE + timedelta(minutes=30)
SEND = {"discord": "POST /channels/{channel}/messages", "slack": "chat.postMessage", "telegram": "sendMessage"}
"""The call that posts a message."""
REPLIED = {"discord": "MESSAGE_CREATE", "slack": "message", "telegram": "message"}
SUBMITTED = {"discord": "INTERACTION_CREATE", "slack": "view_submission", "telegram": "message"}
"""The events of a reply and of a form that was sent."""


async def after_nine(stage: Stage, fault: Fault) -> tuple[tuple[object, ...], int]:
    """It is nine, a failure befalls what is posted, and time passes until nothing is on its way any more.

    Returns what became of the one delivery, its state and error, and how often it was tried.
    """
    await stage.arrive()
    # Told before, so that nobody is told in private of a post that is stuck, which would be one send more.
    await stage.store.write(lambda tx: tx.execute(update(Community).values(told_at=NINE)) and None)
    await stage.platform.fault(fault)
    before = calls(stage)
    stage.clock.set(NINE)
    for _ in range(60):
        stage.house.hall.wake()
        await asyncio.sleep(0.1)
        found = await stage.rows("SELECT state, error FROM delivery WHERE channel_id IS NOT NULL")
        if found and found[0][0] not in ("pending", "sending", "checking"):
            return found[0], calls(stage) - before
        stage.clock.pass_by(1)
    pytest.fail(f"still on its way: {found}")


def calls(stage: Stage) -> int:
    """How often the call that posts was made."""
    return stage.platform.record.calls.get(SEND[stage.name], 0)


async def test_a_post_that_was_refused_for_now_is_sent_again(stage: Stage) -> None:
    fault = Fault(FaultKind.RATE_LIMIT, match=SEND[stage.name], count=2, seconds=0.2)
    (state, error), tried = await after_nine(stage, fault)
    assert (state, error, tried) == ("sent", None, 3)
    assert len(stage.questions()) == 1


@pytest.mark.parametrize("kind", [FaultKind.SERVER_ERROR, FaultKind.DROP, FaultKind.DROP_AFTER_TAKING])
async def test_a_post_of_which_nobody_knows_whether_it_was_taken_stands_once_at_most(
    stage: Stage, kind: FaultKind
) -> None:
    (state, error), tried = await after_nine(stage, Fault(kind, match=SEND[stage.name]))
    if stage.name == "discord":  # knows the post again by its nonce
        assert (state, error, tried) == ("sent", None, 2)
        assert len(stage.questions()) == 1
        assert await stage.answer("Mia", stage.questions()[0], "A walk")
        await stage.until_counted(answer=1)
        return
    if stage.name == "slack":  # shows what stands there
        assert (state, error, tried) == ("sent", None, 1 if kind is FaultKind.DROP_AFTER_TAKING else 2)
        assert len(stage.questions()) == 1
        return
    assert (state, tried) == ("unknown", 1), "a person is asked rather than a post made twice"
    assert error
    assert len(stage.questions()) == (1 if kind is FaultKind.DROP_AFTER_TAKING else 0)
    # The next day is as if nothing had been.
    stage.clock.set(NINE + timedelta(days=1))
    stage.house.hall.wake()
    await until(lambda: delivered(stage), "the next question")
    assert [
        row[0] for row in await stage.rows("SELECT state FROM delivery WHERE channel_id IS NOT NULL ORDER BY id")
    ] == ["unknown", "sent"]


async def delivered(stage: Stage) -> bool:
    return bool(await stage.rows("SELECT 1 FROM delivery WHERE channel_id IS NOT NULL AND state = 'sent'"))


async def test_an_event_that_comes_twice_counts_once(stage: Stage) -> None:
    question = await stage.begin()
    opened = await stage.press("Mia", question, "Answer")
    await stage.platform.fault(Fault(FaultKind.DUPLICATE, match=SUBMITTED[stage.name]))
    await stage.write("Mia", opened, "A walk")
    await stage.until_counted(answer=1)
    await stage.platform.fault(Fault(FaultKind.DUPLICATE, match=REPLIED[stage.name]))
    await stage.reply("Jonas", question, "Ein Spaziergang")
    await stage.until_counted(answer=2)
    await stage.reply("Amélie", question, "Une balade")
    await stage.until_shown("3 answers so far")
    assert await stage.counted() == {"answer": 3}
    assert not stage.told("Mia").count("Your answer was changed")


async def test_a_connection_that_breaks_comes_back_and_goes_on(stage: Stage) -> None:
    question = await stage.begin()
    await stage.platform.fault(Fault(FaultKind.DISCONNECT))
    await until(lambda: connected(stage), "the connection", seconds=15.0)
    await stage.answer("Mia", question, "A walk")
    await stage.until_shown("1 answer so far")
    await stage.ask(2)
    assert stage.house.hall.bots[stage.name].health.connected
    assert await stage.counted() == {"answer": 1}


async def connected(stage: Stage) -> bool:
    return stage.platform.state().connected and stage.house.hall.bots[stage.name].health.connected


async def test_a_reply_of_a_time_without_us_counts_when_we_are_back(
    platform: Platform, clock: SetClock, sqlite_url: str, tmp_path: Path
) -> None:
    world, people = await populated(platform)
    async with hall([platform], sqlite_url, tmp_path, clock) as house:
        stage = Stage(world, house, clock, people)
        question = await stage.begin()
        await stage.reply("Mia", question, "A walk by the sea")
        await stage.until_counted(answer=1)
        await asyncio.sleep(0.5)  # Discord's library takes its time until it has seen all servers
    await platform.type(people["Jonas"], question.channel, "A walk in the rain", reply_to=question.id)
    async with hall([platform], sqlite_url, tmp_path, clock) as house:
        stage = Stage(world, house, clock, people)
        await stage.until_counted(answer=2)
        await stage.until_shown("2 answers so far")
