"""What nobody knows is asked of the platform, and of a person where it can't tell."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.bot import SendError, SendFailed, SendRefused, SendUnknown
from core.claims import CHECK_AFTER
from core.delivery import CHECK_FOR, MOST_CHECKS
from tests.core.kit import one_store
from tests.core.yard import Yard


async def test_what_is_unknown_is_looked_for_and_found(yard: Yard) -> None:
    await yard.owe()
    yard.bot.after = [SendUnknown("the line broke")]
    lane = yard.lane()
    await lane.deliver()
    row = await yard.delivery()
    assert (row.state, row.due_at) == ("checking", yard.time.now() + timedelta(seconds=CHECK_AFTER))
    assert await lane.deliver() == 0
    yard.time.pass_by(CHECK_AFTER)
    assert await lane.deliver() == 1
    row = await yard.delivery()
    assert (row.state, row.external_id, row.error) == ("sent", "m1", None)
    assert await yard.incidents() == [("recovered", "platform")]
    assert await lane.deliver() == 1  # what it shows is not known for sure, so it is edited
    assert (yard.bot.posts[0].edits, len(yard.bot.posts)) == (1, 1)


async def test_what_is_not_found_is_sent_again(yard: Yard) -> None:
    await yard.owe()
    yard.bot.failing = [SendUnknown("the line broke")]
    lane = yard.lane()
    await lane.deliver()
    yard.time.pass_by(CHECK_AFTER)
    await lane.deliver()
    assert (await yard.delivery()).state == "pending"
    await lane.deliver()
    assert (await yard.delivery()).state == "sent"
    assert len(yard.bot.posts) == 1
    assert await yard.incidents() == [("recovered", "worker")]


@pytest.mark.parametrize("error", [SendRefused("may not read"), SendFailed("no line")])
@one_store
async def test_where_it_cannot_be_told_a_person_is_asked(
    yard: Yard, error: SendError, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def find(*_arguments: object, **_more: object) -> None:
        asked.append(yard.time.now())
        raise error

    monkeypatch.setattr(yard.bot, "find", find)
    await yard.owe()
    yard.bot.after = [SendUnknown("the line broke")]
    lane = yard.lane()
    for _ in range(30):
        await lane.deliver()
        yard.time.pass_by(400)
    assert (await yard.delivery()).state == "unknown"
    assert len(asked) == (1 if isinstance(error, SendRefused) else MOST_CHECKS)
    assert len(yard.bot.posts) == 1
    assert await yard.incidents() == [("unknown", str(error))]


@one_store
async def test_who_is_told_to_wait_asks_until_it_is_answered(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    find, asked = yard.bot.find, []

    async def busy(*_arguments: object, **_more: object) -> None:
        asked.append(yard.time.now())
        raise SendFailed("slow down", retry_after=5)

    monkeypatch.setattr(yard.bot, "find", busy)
    await yard.owe()
    yard.bot.after = [SendUnknown("the line broke")]
    lane = yard.lane()
    for _ in range(3 * MOST_CHECKS):
        await lane.deliver()
        yard.time.pass_by(20)
    assert len(asked) > 2 * MOST_CHECKS
    assert (await yard.delivery()).state == "checking"
    monkeypatch.setattr(yard.bot, "find", find)
    await lane.deliver()
    row = await yard.delivery()
    assert (row.state, row.external_id, len(yard.bot.posts)) == ("sent", "m1", 1)


@one_store
async def test_who_is_told_to_wait_for_a_day_asks_a_person(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(*_arguments: object, **_more: object) -> None:
        raise SendFailed("slow down", retry_after=5)

    monkeypatch.setattr(yard.bot, "find", busy)
    await yard.owe()
    yard.bot.after = [SendUnknown("the line broke")]
    lane = yard.lane()
    await lane.deliver()
    yard.time.pass_by(CHECK_FOR.total_seconds())
    await lane.deliver()
    assert (await yard.delivery()).state == "unknown"
    assert await yard.incidents() == [("unknown", "slow down")]
