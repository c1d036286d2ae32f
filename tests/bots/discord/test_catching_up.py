"""What was replied while nobody heard is heard all the same, and nothing else is read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from discord import TextChannel
from discord.http import HTTPClient

import bots.discord.bot
from bots.discord import catching_up
from bots.discord.bot import DiscordBot
from core.bot import Answering, Sent
from core.event import Replied
from core.message import Message
from tests.bots.discord.kit import Place, built, settings, settle


@pytest.fixture
async def place(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setattr(catching_up, "NOTE_SECONDS", 0.02)
    monkeypatch.setattr(catching_up, "FIRST_SECONDS", ())
    async with built(read_all_replies=True) as made:
        made.receiver.answer = tick
        await connect(made)
        yield made


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The channels whose history was read."""
    channels: list[str] = []
    real = HTTPClient.logs_from

    def logs_from(self: HTTPClient, channel: Any, *args: Any, **more: Any) -> Any:
        channels.append(str(channel))
        return real(self, channel, *args, **more)

    monkeypatch.setattr(HTTPClient, "logs_from", logs_from)
    return channels


async def tick(_event: object, answering: Answering) -> None:
    await answering.acknowledge()


async def connect(place: Place) -> None:
    """Another process, which knows what was written down and else nothing."""
    place.bot = DiscordBot(settings(place.sandbox, read_all_replies=True))
    await place.bot.start(place.receiver)
    await place.bot.listen()


async def asked(place: Place, *, thread: bool = False) -> str:
    """A post that takes replies."""
    post = await place.post(Message(text="What did you cook?", thread=thread), key=f"key{thread}")
    place.receiver.posts.append(Sent(place.channel, post))
    return post


def said(place: Place) -> list[tuple[str, str]]:
    return [(one.to, one.text) for one in place.receiver.of(Replied)]


async def reply(place: Place, post: str, words: str, who: str = "") -> str:
    """Its message."""
    await place.sandbox.type(who or place.member, place.channel, words, reply_to=post)
    return str(max(place.sandbox.world.messages))


async def noted(place: Place) -> None:
    """Wait until it is written down that all is handled."""
    marks: Any = place.receiver.watermarks
    await settle(lambda: max(place.sandbox.world.messages) in marks.values.values())


async def test_replies_of_a_time_without_us_are_heard_and_ticked(place: Place, read: list[str]) -> None:
    post, threaded = await asked(place), await asked(place, thread=True)
    other = await place.post(Message(text="Closed long ago"), key="other")
    elsewhere = await place.sandbox.add_channel(place.space, "elsewhere")
    await place.sandbox.add_channel(place.space, "quiet")
    await reply(place, post, "Rice")
    await settle(lambda: said(place) == [(post, "Rice")])
    await noted(place)
    await place.bot.stop()
    soup = await reply(place, post, "Soup", place.owner)
    await reply(place, other, "Too late")
    await place.sandbox.type(place.member, place.channel, "Something else")
    await place.sandbox.type(place.member, elsewhere, "Nobody's business")
    await place.sandbox.type(place.member, place.channel, "Stew", thread=threaded)
    await connect(place)
    await settle(lambda: len(said(place)) == 3)
    assert said(place)[1:] == [(post, "Soup"), (threaded, "Stew")]
    await settle(lambda: bool(place.seen(soup).reactions))
    assert set(read) == {place.channel, threaded}
    await place.sandbox.type(place.member, place.channel, "One more")
    await noted(place)
    await place.bot.stop()
    read.clear()
    await connect(place)
    await asyncio.sleep(0.4)  # the library waits 0.25 s for more servers
    assert (len(said(place)), read) == (3, []), "nothing was written since"


async def test_who_never_heard_anything_reads_nothing(read: list[str]) -> None:
    async with built(read_all_replies=True) as place:
        await place.sandbox.type(place.member, place.channel, "Long before")
        await connect(place)
        await place.sandbox.type(place.member, place.channel, "Now")
        await asyncio.sleep(0.4)
        assert read == []


async def test_what_was_being_handled_at_a_crash_is_read_again(place: Place) -> None:
    post = await asked(place)
    await reply(place, post, "Rice")
    await settle(lambda: said(place) == [(post, "Rice")])
    await noted(place)
    stuck = asyncio.Event()

    async def never(_event: object, _answering: Answering) -> None:
        await stuck.wait()

    place.receiver.answer = never
    await reply(place, post, "Soup")
    await place.sandbox.type(place.member, place.channel, "And something else")
    await settle(lambda: len(said(place)) == 2)
    await asyncio.sleep(0.1)
    crashed = place.bot
    place.receiver.answer = tick
    await connect(place)
    await settle(lambda: len(said(place)) == 3)
    assert said(place)[1:] == [(post, "Soup")] * 2, "the hall knows the second for a repeat"
    stuck.set()
    await crashed.stop()


async def test_a_connection_that_can_t_be_resumed_is_caught_up_with(place: Place) -> None:
    post = await asked(place)
    await reply(place, post, "Rice")
    await settle(lambda: said(place) == [(post, "Rice")])
    await noted(place)
    (session,) = place.sandbox.gateway.sessions.values()
    place.sandbox.gateway.sessions.clear()
    await reply(place, post, "Soup")
    assert session.socket is not None
    await session.socket.close(code=4000)
    await place.receiver.until(lambda: len(said(place)) == 2, seconds=15)  # the library waits 5 before a new session
    assert said(place)[1] == (post, "Soup")


async def test_a_server_that_discord_lost_and_no_other_is_read_again(place: Place, read: list[str]) -> None:
    post = await asked(place)
    await noted(place)
    assert place.bot._client is not None
    (guild,) = place.bot._client.guilds
    channel = guild.get_channel(int(place.channel))
    assert isinstance(channel, TextChannel)

    async def appears(*events: str) -> list[str]:
        read.clear()
        await reply(place, post, "Soup")
        await settle(lambda: len(said(place)) > 0)
        channel.last_message_id = max(place.sandbox.world.messages)
        for event in events:
            place.bot._client.dispatch(event, guild)  # type: ignore[union-attr]  # asserted above
        await asyncio.sleep(0.1)
        return list(read)

    assert await appears("guild_available") == []
    assert await appears("guild_unavailable", "guild_available") == [place.channel]
    assert await appears("guild_available") == []


async def test_what_is_being_read_as_we_leave_is_read_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    post = await asked(place)
    await noted(place)
    await place.bot.stop()
    await reply(place, post, "Soup")
    begun, go_on = asyncio.Event(), asyncio.Event()
    real = HTTPClient.logs_from

    async def slowly(self: HTTPClient, *args: Any, **more: Any) -> Any:
        begun.set()
        await go_on.wait()
        return await real(self, *args, **more)

    with monkeypatch.context() as slow:
        slow.setattr(HTTPClient, "logs_from", slowly)
        await connect(place)
        await begun.wait()
        await asyncio.sleep(0.4)  # the library has seen all servers, and it was noted how far messages came
        asyncio.get_running_loop().call_later(0.1, go_on.set)
        await place.bot.stop()
    assert said(place) == [], "it came when nobody listened any more"
    await connect(place)
    await settle(lambda: said(place) == [(post, "Soup")])


async def test_what_waits_for_its_turn_as_we_leave_is_not_lost(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    post = await asked(place)
    await noted(place)
    monkeypatch.setattr(bots.discord.bot, "AT_ONCE", 1)
    go_on = asyncio.Event()

    async def slowly(_event: object, _answering: Answering) -> None:
        await go_on.wait()

    place.receiver.answer = slowly
    for words in ("First", "Second", "Third"):
        await reply(place, post, words)
    await settle(lambda: len(place.bot._waiting) == 2)
    asyncio.get_running_loop().call_later(0.1, go_on.set)
    await place.bot.stop()
    place.receiver.answer = tick
    await connect(place)
    await settle(lambda: {words for _to, words in said(place)} == {"First", "Second", "Third"})
