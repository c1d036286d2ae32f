"""Whether a message arrived, out of a channel's history."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from bots.discord import finding
from core.action import Action
from core.bot import Address, SendRefused
from core.clock import SystemClock
from core.message import Button, Choice, Image, Message, Option, Pair
from tests.bots.discord.kit import ACTION, Place

TELLING = Action("qd", "answer", (UUID(int=7),))
CARD = Message(title="Question", text="Where to?", controls=(Button("Answer", TELLING, form=True),))
PLAIN = Message(
    title="Results", text="word " * 800, fields=(Pair("Sea", "**3**"),), image=Image("https://example.org/a.png", "A")
)


def now() -> datetime:
    """The sandbox's time: its ids tell it."""
    return SystemClock().now()


async def find(place: Place, message: Message, since: datetime, channel: str = "") -> str | None:
    found = await place.bot.find(Address(place.space, channel or place.channel), message, key="k", since=since)
    return None if found is None else found.message


@pytest.mark.parametrize(
    "message",
    [
        CARD,
        Message(text="?", controls=(Choice(TELLING, (Option("a", "A"), Option("b", "B"))),)),
        Message(text="?", controls=(Choice(TELLING, tuple(Option(f"{n}", f"{n}") for n in range(12))),)),
        Message(text="Only words"),
        Message(text="A link", controls=(Button("Page", url="https://example.org"),)),
        Message(text="No id", controls=(Button("Set me up", ACTION),)),
        PLAIN,
    ],
)
async def test_each_kind_of_message_is_known_again(place: Place, message: Message) -> None:
    since = now()
    number = await place.post(message)
    assert await find(place, message, since) == number


async def test_it_is_found_on_a_later_page(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "PAGE", 3)
    since = now()
    number = await place.post(CARD)
    for text in "abcdefg":
        await place.sandbox.type(place.member, place.channel, text)
    assert await find(place, CARD, since) == number
    monkeypatch.setattr(finding, "PAGES", 2)
    with pytest.raises(SendRefused, match="too much was written"):
        await find(place, CARD, since)


@pytest.mark.parametrize("off", [timedelta(days=-3), timedelta(days=3)])
async def test_a_wrong_clock_makes_nothing_absent(place: Place, off: timedelta) -> None:
    number = await place.post(CARD)
    await place.sandbox.type(place.member, place.channel, "Hello")
    assert await find(place, CARD, now() + off) == number


async def test_the_same_words_of_another_day_are_not_it(place: Place) -> None:
    await place.post(Message(text="Good morning"))
    assert await find(place, Message(text="Good morning"), now() + timedelta(days=1)) is None


async def test_what_nothing_tells_apart_is_left_open(place: Place) -> None:
    since = now()
    assert await find(place, Message(text="Closed"), since) is None
    await place.post(CARD)  # it may be the one, before it was closed
    with pytest.raises(SendRefused, match="nothing in this message"):
        await find(place, Message(text="Closed"), since)


async def test_an_answer_to_a_reply_is_no_post(place: Place) -> None:
    since = now()
    await place.sandbox.type(place.member, place.channel, "Hello")
    hello = next(reversed(place.sandbox.world.messages))
    channel = place.bot._live().get_partial_messageable(int(place.channel))
    await channel.send("Where to?", reference=channel.get_partial_message(hello))
    assert await find(place, Message(text="Where to?"), since) is None


async def test_a_channel_that_is_gone_or_none(place: Place) -> None:
    with pytest.raises(SendRefused):
        await find(place, CARD, now(), "no id")
    await place.sandbox.delete_channel(place.channel)
    with pytest.raises(SendRefused) as refused:
        await find(place, CARD, now())
    assert refused.value.gone


async def test_a_thread_is_opened_after_all(place: Place) -> None:
    """The process died between the message and its thread; and this one hears nothing."""
    since, asking = now(), Message(text="?", controls=CARD.controls, thread=True)
    number = await place.post(CARD)
    await place.bot.hush()
    assert await find(place, asking, since) == number
    assert place.seen(number).thread
    assert await find(place, asking, since) == number
    assert place.bot.health.losses == {}
