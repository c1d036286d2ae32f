"""How many could see a post is asked once, keeps no post waiting, and is never guessed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

import core.counting
from core.bot import SendFailed, SendRefused, SendUnknown
from core.crowds import Crowd, crowds, crowds_of, response
from core.delivery import Lane
from tests.core.kit import one_store
from tests.core.yard import SlowBot, Yard


class Asked(SlowBot):
    """Notes what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str]] = []
        self.hangs = False

    async def headcount(self, space: str, channel: str) -> int:
        self.asked.append((space, channel))
        if self.hangs:
            await asyncio.Event().wait()
        return await super().headcount(space, channel)


@pytest.fixture
async def lane(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lane]:
    monkeypatch.setattr(core.counting, "EVERY_SECONDS", 0.0)
    monkeypatch.setattr(core.counting, "PAUSE_SECONDS", 0.0)
    yard.bot = Asked()
    lane = yard.lane()
    yield lane
    await lane.stop()


async def counted(yard: Yard, lane: Lane, times: int) -> list[int | None]:
    """What is kept with each post, once so much was asked."""
    assert isinstance(yard.bot, Asked)
    async with asyncio.timeout(5):
        while len(yard.bot.asked) < times or not lane._counting._task or not lane._counting._task.done():  # noqa: ASYNC110 - a bot's list
            await asyncio.sleep(0.01)
    return [row.headcount for row in await yard.deliveries()]


async def test_each_post_is_counted_once_and_nothing_else(yard: Yard, lane: Lane) -> None:
    await yard.add_channels(2)
    yard.bot.crowds = {("hall", "c0"): 40, ("hall", "c1"): 60}
    activity = await yard.owe()
    await yard.owe_private("Psst")
    await lane.deliver()
    assert sorted(await counted(yard, lane, 2), key=str) == [40, 60, None]
    yard.bot.crowds = {("hall", "c0"): 1}
    await yard.touch(activity)
    yard.time.pass_by(5)
    assert await lane.deliver() == 2  # edits
    assert await counted(yard, lane, 2) == [40, 60, None]
    assert isinstance(yard.bot, Asked)
    assert sorted(yard.bot.asked) == [("hall", "c0"), ("hall", "c1")]
    async with yard.store.session() as session:
        found = crowds(await session.execute(crowds_of(yard.community, [activity])))
    assert found == {activity: Crowd(2, 2, 60)}  # one space, whose people see both


@one_store
async def test_trouble_with_counting_is_no_trouble_with_posts(yard: Yard, lane: Lane) -> None:
    assert isinstance(yard.bot, Asked)
    yard.bot.crowds = {("hall", "c0"): 40}
    yard.bot.uncounted = [SendFailed("busy", retry_after=0.01), SendUnknown("the line broke")]
    await yard.owe()
    await lane.deliver()
    assert await counted(yard, lane, 3) == [40]
    yard.bot.uncounted = [SendRefused("only some see it"), ValueError("a mistake"), *[SendFailed("down")] * 3]  # type: ignore[list-item]  # not what it may raise
    for _ in range(3):
        await yard.owe()
        await lane.deliver()
    assert await counted(yard, lane, 8) == [40, None, None, None]
    assert [row.state for row in await yard.deliveries()] == ["sent"] * 4


@one_store
async def test_who_is_counting_is_neither_waited_for_nor_left_behind(yard: Yard, lane: Lane) -> None:
    assert isinstance(yard.bot, Asked)
    yard.bot.hangs = True
    for _ in range(2):
        await yard.owe()
        await lane.deliver()
    assert [row.state for row in await yard.deliveries()] == ["sent", "sent"]
    assert len(yard.bot.asked) == 1  # one at a time
    await lane.stop()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("counting")]


def test_a_rate_says_what_it_is_made_of_or_why_it_is_not_known() -> None:
    def said(answered: int, crowd: Crowd) -> str:
        phrase = response(answered, crowd, "en")
        return phrase.key.format(**dict(phrase.args))

    assert said(30, Crowd(3, 3, 250)) == "12% of about 250 who could see it when it was posted (v1; 95%: 9% to 17%)"
    assert said(30, Crowd(3, 2, 250)) == "not known: the platforms did not say how many could see it (1 of 3 posts)"
    assert said(30, Crowd(1, 1, 20)) == "not known: 30 answered, and about 20 could see it when it was posted"
    assert said(0, Crowd()) == "not known: no post of it stands"
    for crowd in (Crowd(), Crowd(3, 2, 250), Crowd(1, 1, 0)):
        assert (crowd.members, crowd.rate(0)) == (None, None)
        assert said(0, crowd).startswith("not known")
