"""Logging in: token, intents, what a fresh connection is told, and coming back."""

from __future__ import annotations

import asyncio

import discord
import pytest

from sandbox.control import OutcomeKind
from sandbox.faults import Fault, FaultKind
from tests.sandbox.discord.kit import WAIT, Bot, Town, buttons, connected, text_channel, town


async def test_the_client_learns_its_servers_and_members(place: Town, bot: Bot) -> None:
    guild = bot.get_guild(int(place.space))
    assert guild is not None
    assert bot.user is not None
    assert guild.owner_id == int(place.owner)
    assert {m.display_name for m in guild.members} == {"Ada", "Grace", "hallkeeper"}
    assert guild.me.guild_permissions.view_audit_log
    assert not guild.me.guild_permissions.manage_messages
    assert bot.application_id == bot.user.id
    assert place.sandbox.state().connected


async def test_a_wrong_token_is_refused(place: Town) -> None:
    client = Bot()
    with pytest.raises(discord.LoginFailure):
        await client.login("not-the-token")
    await client.close()
    assert place.sandbox.record.refused[-1].status == 401


async def test_a_wrong_token_is_refused_by_the_gateway(place: Town) -> None:
    client = Bot()
    await client.login(place.sandbox.token)
    client.http.token = "not-the-token"
    with pytest.raises(discord.ConnectionClosed) as caught:
        await client.connect()
    await client.close()
    assert caught.value.code == 4004


async def test_privileged_intents_must_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with town(monkeypatch, privileged=False) as place:
        client = Bot()
        with pytest.raises(discord.PrivilegedIntentsRequired):
            async with asyncio.timeout(WAIT):
                await client.start(place.sandbox.token)
        await client.close()
        async with connected(place, Bot(intents=discord.Intents.default())) as plain:
            assert plain.get_guild(int(place.space)) is not None


async def test_the_application_can_be_read(place: Town, bot: Bot) -> None:
    information = await bot.application_info()
    assert information.id == bot.application_id
    assert information.flags.gateway_message_content_limited
    _, url, limit = await bot.http.get_bot_gateway()
    assert url == place.sandbox.gateway_url
    assert limit["max_concurrency"] == 1


async def test_a_dropped_connection_resumes_and_misses_nothing(place: Town, bot: Bot) -> None:
    session = bot.ws.session_id
    await place.sandbox.fault(Fault(FaultKind.DISCONNECT))
    for number in range(20):
        await place.sandbox.type(place.member, place.channel, f"message {number}")
    await bot.hear("disconnect")
    heard = [(await bot.hear("message"))[0].content for _ in range(20)]
    assert heard == [f"message {number}" for number in range(20)]
    await bot.hear("resumed")
    assert bot.ws.session_id == session
    await place.sandbox.type(place.member, place.channel, "after")
    assert (await bot.hear("message"))[0].content == "after"


async def test_a_lost_session_starts_anew(place: Town, bot: Bot) -> None:
    session = bot.ws.session_id
    await place.sandbox.fault(Fault(FaultKind.LOSE_SESSION))
    await place.sandbox.type(place.member, place.channel, "nobody hears this")
    await bot.hear("ready")
    assert bot.ws.session_id != session
    await place.sandbox.type(place.member, place.channel, "but this")
    assert (await bot.hear("message"))[0].content == "but this"


async def test_events_can_come_twice_and_out_of_order(place: Town, bot: Bot) -> None:
    await place.sandbox.fault(Fault(FaultKind.DUPLICATE, match="MESSAGE_CREATE"))
    await place.sandbox.type(place.member, place.channel, "twice")
    first, second = (await bot.hear("message"))[0], (await bot.hear("message"))[0]
    assert first.id == second.id
    await place.sandbox.fault(Fault(FaultKind.REORDER, match="MESSAGE_CREATE"))
    await place.sandbox.type(place.member, place.channel, "one")
    await place.sandbox.type(place.member, place.channel, "two")
    assert [(await bot.hear("message"))[0].content for _ in range(2)] == ["two", "one"]


async def test_the_same_press_can_come_twice(place: Town, bot: Bot) -> None:
    heard: list[int] = []

    async def answer(interaction: discord.Interaction[Bot]) -> None:
        heard.append(interaction.id)
        if len(heard) == 1:
            await interaction.response.send_message("once", ephemeral=True)

    bot.answer = answer
    message = await text_channel(bot, place.channel).send("Press", view=buttons("Go"))
    await place.sandbox.fault(Fault(FaultKind.DUPLICATE, match="INTERACTION_CREATE"))
    outcome = await place.sandbox.press(place.member, str(message.id), "go")
    assert outcome.kind is OutcomeKind.MESSAGE
    while len(heard) < 2:
        await bot.hear("interaction")
    assert heard[0] == heard[1]


async def test_without_the_content_intent_only_pings_and_private_messages_are_read(place: Town) -> None:
    sandbox = place.sandbox
    async with connected(place, Bot(intents=discord.Intents.default())) as bot:
        assert bot.user is not None
        sent = await text_channel(bot, place.channel).send("Question")
        assert (await bot.hear("message"))[0].content == "Question"
        await sandbox.type(place.member, place.channel, "chatting")
        assert (await bot.hear("message"))[0].content == ""
        await sandbox.type(place.member, place.channel, f"hello <@{bot.user.id}>")
        assert (await bot.hear("message"))[0].content.startswith("hello")
        await sandbox.type(place.member, place.channel, "my answer", reply_to=str(sent.id))
        reply = (await bot.hear("message"))[0]
        assert reply.content == "my answer"
        assert reply.reference.message_id == sent.id
        assert bot.user.id in {user.id for user in reply.mentions}
        direct = await sandbox.private(place.member)
        await sandbox.type(place.member, direct, "in private")
        assert (await bot.hear("message"))[0].content == "in private"


async def test_shards_hear_their_own_servers(place: Town) -> None:
    number = (int(place.space) >> 22) % 2
    async with connected(place, Bot(shard_id=number, shard_count=2)) as own:
        assert own.get_guild(int(place.space)) is not None
    async with connected(place, Bot(shard_id=1 - number, shard_count=2)) as other:
        assert other.get_guild(int(place.space)) is None
