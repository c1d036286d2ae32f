"""Whether a message arrived, out of a conversation's history."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bots.slack import finding
from core.bot import Address, SendFailed, SendRefused
from core.clock import SystemClock
from core.message import Message
from sandbox.faults import Fault, FaultKind
from tests.bots.slack.kit import Place

HELLO = Message(text="Hello")


def now() -> datetime:
    """The sandbox's time: its messages' ids are times."""
    return SystemClock().now()


async def find(place: Place, key: str, since: datetime, **where: str) -> str | None:
    there = Address(place.space, **(where or {"channel": place.channel}))
    found = await place.bot.find(there, HELLO, key=key, since=since)
    return None if found is None else found.message


async def test_it_is_known_by_its_key_alone(place: Place) -> None:
    since = now()
    first, second = await place.post(HELLO, "one"), await place.post(HELLO, "two")
    assert [await find(place, key, since) for key in ("one", "two", "three")] == [first, second, None]


async def test_it_is_found_on_a_later_page(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "PAGE", 2)
    since = now()
    number = await place.post(HELLO)
    for text in "abcde":
        await place.sandbox.type(place.member, place.channel, text)
    assert await find(place, "key", since) == number
    monkeypatch.setattr(finding, "PAGES", 2)
    with pytest.raises(SendRefused, match="too much was written"):
        await find(place, "key", since)


@pytest.mark.parametrize("off", [timedelta(days=-3), timedelta(days=3)])
async def test_a_wrong_clock_makes_nothing_absent(place: Place, off: timedelta) -> None:
    number = await place.post(HELLO)
    await place.sandbox.type(place.member, place.channel, "Hello")
    assert await find(place, "key", now() + off) == number


async def test_another_apps_metadata_are_none_of_ours(place: Place) -> None:
    since = now()
    number = await place.post(HELLO)
    place.wire(number).metadata = {"event_type": "other", "event_payload": {"key": "key"}}
    assert await find(place, "key", since) is None


@pytest.mark.parametrize(("scope", "where"), [("im:write", "member"), ("im:history", "member")])
async def test_a_scope_that_is_missing_is_named(place: Place, scope: str, where: str) -> None:
    place.sandbox.workspace.scopes -= {scope}
    with pytest.raises(SendRefused, match=f"can't be told.*{scope}"):
        await find(place, "key", now(), **{where: place.member})


async def test_a_channel_that_it_was_taken_from(place: Place) -> None:
    since = now()
    await place.post(HELLO)
    await place.sandbox.remove(place.space, place.owner)
    with pytest.raises(SendRefused):
        await find(place, "key", since)


async def test_a_channel_that_is_gone(place: Place) -> None:
    await place.sandbox.delete_channel(place.channel)
    with pytest.raises(SendRefused) as refused:
        await find(place, "key", now())
    assert refused.value.gone


async def test_a_rate_limit_says_when(place: Place) -> None:
    await place.sandbox.fault(Fault(FaultKind.RATE_LIMIT, "conversations.history", seconds=3))
    with pytest.raises(SendFailed) as failed:
        await find(place, "key", now())
    assert failed.value.retry_after == 3
