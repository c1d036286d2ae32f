"""Messages, replies, threads, reactions, pins, files and private chats, as the library does them."""

from __future__ import annotations

import io

import aiohttp
import discord
import pytest

from sandbox.control import ControlError, ImageView, OutcomeKind
from sandbox.faults import Fault, FaultKind
from tests.sandbox.discord.kit import Bot, Town, buttons, connected, text_channel, town

PNG = b"\x89PNG\r\n\x1a\n"


async def fetched(url: str) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 200
        return await answer.read()


async def test_send_change_read_and_delete(place: Town, bot: Bot) -> None:
    channel = text_channel(bot, place.channel)
    message = await channel.send("One", nonce="n1")
    assert (await channel.fetch_message(message.id)).content == "One"
    changed = await message.edit(content="Two", view=buttons("Go"))
    assert changed.edited_at is not None
    assert [m.content async for m in channel.history()] == ["Two"]
    taken = place.sandbox.record.taken[-1]
    assert (taken.message, taken.text, taken.key) == (str(message.id), "One", "n1")
    assert place.sandbox.record.calls["POST /channels/{channel}/messages"] == 1
    await message.delete()
    with pytest.raises(discord.NotFound) as caught:
        await channel.fetch_message(message.id)
    assert caught.value.code == 10008
    assert place.sandbox.state().channels[0].messages == ()


async def test_history_pages(place: Town, bot: Bot) -> None:
    for number in range(12):
        await place.sandbox.type(place.member, place.channel, str(number))
    channel = text_channel(bot, place.channel)
    assert [m.content async for m in channel.history(limit=3)] == ["11", "10", "9"]
    last = [m async for m in channel.history(limit=3)][-1]
    assert [m.content async for m in channel.history(limit=2, before=last)] == ["8", "7"]
    assert [m.content async for m in channel.history(limit=5, after=last)] == ["10", "11"]
    assert {m.content async for m in channel.history(limit=3, around=last)} == {"8", "9", "10"}


async def test_replies_and_mentions_by_name(place: Town, bot: Bot) -> None:
    sandbox = place.sandbox
    question = await text_channel(bot, place.channel).send(
        f"Hello <@{place.member}> in <#{place.channel}>, **well**?"
    )
    view = sandbox.state().channels[0].messages[-1]
    assert view.text == "Hello @Grace in #general, well?"
    assert '<span class="mention">@Grace</span>' in view.html
    assert "<strong>well</strong>" in view.html

    await sandbox.type(place.member, place.channel, "<b>fine</b>", reply_to=str(question.id))
    reply = (await bot.hear("message"))[0]
    while reply.author == bot.user:
        reply = (await bot.hear("message"))[0]
    assert reply.reference.message_id == question.id
    assert reply.reference.resolved.id == question.id
    answer = await reply.reply("Thanks", mention_author=False)
    views = sandbox.state().channels[0].messages
    assert views[-1].reply_to == str(reply.id)
    assert views[-2].html == "&lt;b&gt;fine&lt;/b&gt;"
    assert answer.mentions == []


async def test_a_typed_message_waits_for_its_answer(place: Town, bot: Bot) -> None:
    question = await text_channel(bot, place.channel).send("Question")

    async def on_message(message: discord.Message) -> None:
        if message.author != bot.user:
            await message.reply("Counted")

    bot.on_message = on_message  # type: ignore[attr-defined]  # how an event's handler is given
    outcome = await place.sandbox.type(place.member, place.channel, "My answer", reply_to=str(question.id), wait=5.0)
    assert (outcome.kind, outcome.text) == (OutcomeKind.MESSAGE, "Counted")
    bot.on_message = lambda _: None  # type: ignore[attr-defined]  # how an event's handler is given
    quiet = await place.sandbox.type(place.owner, place.channel, "Nobody answers", wait=0.05)
    assert quiet.kind is OutcomeKind.ACKNOWLEDGED


async def test_members_change_and_delete_their_messages(place: Town, bot: Bot) -> None:
    sandbox = place.sandbox
    await sandbox.type(place.member, place.channel, "teh")
    written = (await bot.hear("message"))[0]
    await sandbox.edit(place.member, str(written.id), "the")
    assert (await bot.hear("raw_message_edit"))[0].message.content == "the"
    with pytest.raises(ControlError):
        await sandbox.edit(place.owner, str(written.id), "mine")
    with pytest.raises(discord.Forbidden) as caught:
        await bot.http.edit_message(
            int(place.channel), written.id, params=discord.http.handle_message_parameters("mine")
        )
    assert caught.value.code == 50005
    with pytest.raises(discord.Forbidden):
        await written.delete()
    await sandbox.delete(place.member, str(written.id))
    assert (await bot.hear("raw_message_delete"))[0].message_id == written.id


async def test_reactions(place: Town, bot: Bot) -> None:
    sandbox = place.sandbox
    message = await text_channel(bot, place.channel).send("Like it?")
    await message.add_reaction("👍")
    await sandbox.react(place.member, str(message.id), "👍")
    event = (await bot.hear("raw_reaction_add"))[0]
    while event.user_id == bot.application_id:
        event = (await bot.hear("raw_reaction_add"))[0]
    assert (event.user_id, event.emoji.name, event.member.id) == (int(place.member), "👍", int(place.member))
    view = sandbox.state().channels[0].messages[-1]
    assert view.reactions == {"👍": (str(bot.application_id), place.member)}
    fetched = await message.fetch()
    assert fetched.reactions[0].count == 2
    assert fetched.reactions[0].me
    assert {user.id async for user in fetched.reactions[0].users()} == {bot.application_id, int(place.member)}
    await sandbox.react(place.member, str(message.id), "👍", present=False)
    assert (await bot.hear("raw_reaction_remove"))[0].user_id == int(place.member)
    with pytest.raises(discord.NotFound) as caught:
        await message.add_reaction("nonsense")
    assert caught.value.code == 10014


async def test_threads_with_and_without_a_message(place: Town, bot: Bot) -> None:
    sandbox, channel = place.sandbox, text_channel(bot, place.channel)
    message = await channel.send("Question")
    thread = await message.create_thread(name="Answers")
    assert thread.id == message.id
    await thread.send("Here")
    await sandbox.type(place.member, place.channel, "in the thread", thread=str(thread.id))
    heard = (await bot.hear("message"))[0]
    while heard.author == bot.user:
        heard = (await bot.hear("message"))[0]
    assert heard.channel.id == thread.id
    with pytest.raises(discord.HTTPException) as caught:
        await message.create_thread(name="Again")
    assert caught.value.code == 160004
    free = await channel.create_thread(name="Free", type=discord.ChannelType.public_thread)
    views = {c.name: c for c in sandbox.state().channels}
    assert views["Answers"].kind == views["Free"].kind == "thread"
    assert [m.text for m in views["Answers"].messages] == ["Here", "in the thread"]
    assert free.parent_id == channel.id


async def test_a_member_starts_a_thread(place: Town, bot: Bot) -> None:
    message = await text_channel(bot, place.channel).send("Question")
    await place.sandbox.type(place.member, place.channel, "let me explain", thread=str(message.id))
    heard = (await bot.hear("thread_create"))[0]
    assert (heard.id, heard.name, heard.owner_id) == (message.id, "Question", int(place.member))


async def test_files_and_their_addresses(place: Town, bot: Bot) -> None:
    file = discord.File(io.BytesIO(PNG), "cat.png", description="A cat")
    embed = discord.Embed(title="Cat of the day", description="It *purrs*").set_image(url="attachment://cat.png")
    embed.add_field(name="Age", value="3")
    message = await text_channel(bot, place.channel).send("Look", embed=embed, file=file)
    view = place.sandbox.state().channels[0].messages[-1]
    assert view.title == "Cat of the day"
    assert view.text == "Look\nIt purrs\nAge\n3"
    assert message.attachments == []  # the embed shows it
    assert view.images == (ImageView(str(message.embeds[0].image.url), "A cat"),)
    assert await fetched(view.images[0].url) == PNG
    embed.description = "It sleeps"
    kept = await message.edit(embed=embed.set_image(url="attachment://cat.png"))
    assert (kept.embeds[0].description, kept.embeds[0].image.url) == ("It sleeps", message.embeds[0].image.url)
    bare = await message.edit(embed=None)
    assert [(one.filename, one.description) for one in bare.attachments] == [("cat.png", "A cat")]
    assert await bare.attachments[0].read() == PNG
    changed = await message.edit(attachments=[])
    assert changed.attachments == []


async def test_an_embed_draws_no_file_that_is_missing_or_no_picture(place: Town, bot: Bot) -> None:
    channel = text_channel(bot, place.channel)
    embed = discord.Embed(title="Cat").set_image(url="attachment://cat.txt")
    with_text = await channel.send(embed=embed, file=discord.File(io.BytesIO(b"cat"), "cat.txt"))
    without = await channel.send(embed=embed)
    assert [one.filename for one in with_text.attachments] == ["cat.txt"]
    assert [one.embeds[0].image.url for one in (with_text, without)] == [None, None]


async def test_components_of_version_two(place: Town, bot: Bot) -> None:
    view = discord.ui.LayoutView(timeout=None)
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    row.add_item(discord.ui.Button(label="Go", custom_id="go"))
    section: discord.ui.Section[discord.ui.LayoutView] = discord.ui.Section(
        "**Question** of the day", accessory=discord.ui.Button(label="Answer", custom_id="answer")
    )
    view.add_item(discord.ui.Container(discord.ui.TextDisplay("What now?"), section, row))
    message = await text_channel(bot, place.channel).send(view=view)
    seen = place.sandbox.state().channels[0].messages[-1]
    assert seen.text == "What now?\nQuestion of the day"
    assert [c.id for c in seen.controls] == ["answer", "go"]
    assert message.flags.components_v2
    with pytest.raises(discord.HTTPException) as caught:
        await message.edit(content="not any more")
    assert "In content:" in caught.value.text


async def test_pins(place: Town, bot: Bot) -> None:
    channel = text_channel(bot, place.channel)
    message = await channel.send("Keep me")
    await message.pin()
    assert [pinned.id async for pinned in channel.pins()] == [message.id]
    await message.unpin()
    assert [pinned.id async for pinned in channel.pins()] == []


async def test_private_messages_and_closed_ones(place: Town, bot: Bot) -> None:
    sandbox = place.sandbox
    member = await bot.fetch_user(int(place.member))
    sent = await member.send("Psst")
    private = await sandbox.private(place.member)
    assert sent.channel.id == int(private)
    view = next(c for c in sandbox.state().channels if c.kind == "private")
    assert (view.member, [m.text for m in view.messages]) == (place.member, ["Psst"])
    await sandbox.type(place.member, private, "Hm?")
    heard = (await bot.hear("message"))[0]
    while heard.author == bot.user:
        heard = (await bot.hear("message"))[0]
    assert heard.guild is None
    assert heard.content == "Hm?"
    sandbox.close_direct(place.member)
    with pytest.raises(discord.Forbidden) as caught:
        await member.send("Still there?")
    assert caught.value.code == 50007
    sandbox.close_direct(place.member, closed=False)
    await sandbox.leave(place.member, place.space)
    with pytest.raises(discord.Forbidden) as caught:
        await member.send("Still there?")
    assert caught.value.code == 50278


async def test_where_the_bot_may_not_write(place: Town, bot: Bot) -> None:
    sandbox = place.sandbox
    quiet = await sandbox.add_channel(place.space, "announcements", writable=False)
    await bot.hear("guild_channel_create")
    channel = text_channel(bot, quiet)
    assert channel.guild.me is not None
    assert not channel.permissions_for(channel.guild.me).send_messages
    with pytest.raises(discord.Forbidden) as caught:
        await channel.send("Hello?")
    assert caught.value.code == 50013
    assert [m.content async for m in channel.history()] == []


async def test_channels_that_are_gone(place: Town, bot: Bot) -> None:
    channel = text_channel(bot, place.channel)
    await place.sandbox.delete_channel(place.channel)
    assert (await bot.hear("guild_channel_delete"))[0].id == channel.id
    with pytest.raises(discord.NotFound) as caught:
        await channel.send("Hello?")
    assert caught.value.code == 10003


async def test_the_same_nonce_posts_once(place: Town, bot: Bot) -> None:
    channel = text_channel(bot, place.channel)
    first = await channel.send("Once", nonce="slot-1")
    second = await channel.send("Once", nonce="slot-1")
    assert first.id == second.id
    assert len(place.sandbox.state().channels[0].messages) == 1
    await first.delete()
    with pytest.raises(discord.NotFound) as caught:
        await channel.send("Once", nonce="slot-1")
    assert caught.value.code == 10008
    with pytest.raises(discord.HTTPException):
        await channel.send("Once", nonce="x" * 26)


async def test_a_drop_after_taking_and_a_retry_with_the_nonce(place: Town, bot: Bot) -> None:
    channel = text_channel(bot, place.channel)
    await place.sandbox.fault(Fault(FaultKind.DROP_AFTER_TAKING, match="POST /channels"))
    with pytest.raises((OSError, aiohttp.ClientError)):
        await channel.send("Once", nonce="slot-2")
    assert (await channel.send("Once", nonce="slot-2")).content == "Once"
    assert [taken.key for taken in place.sandbox.record.taken] == ["slot-2"]
    await place.sandbox.fault(Fault(FaultKind.DROP, match="POST /channels"))
    with pytest.raises((OSError, aiohttp.ClientError)):
        await channel.send("Lost", nonce="slot-3")
    assert [taken.key for taken in place.sandbox.record.taken] == ["slot-2"]


async def test_server_errors_are_tried_again(place: Town, bot: Bot) -> None:
    await place.sandbox.fault(Fault(FaultKind.SERVER_ERROR, match="POST /channels"))
    await text_channel(bot, place.channel).send("Through")
    assert place.sandbox.record.refused[-1].status == 500
    assert len(place.sandbox.record.taken) == 1


async def test_an_arranged_429_is_waited_for(place: Town, bot: Bot) -> None:
    await place.sandbox.fault(Fault(FaultKind.RATE_LIMIT, match="POST /channels", seconds=0.05))
    await text_channel(bot, place.channel).send("Through")
    assert place.sandbox.record.refused[-1].status == 429


async def test_the_message_bucket_of_a_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    async with town(monkeypatch, message_bucket=(3, 0.3)) as place, connected(place) as bot:
        channel = text_channel(bot, place.channel)
        for number in range(7):
            await channel.send(str(number))
        assert not [
            r for r in place.sandbox.record.refused if r.status == 429
        ]  # The library keeps it by the headers.
        async with aiohttp.ClientSession() as session:
            url = f"{place.sandbox.url}/api/v10/channels/{place.channel}/messages"
            headers = {"Authorization": f"Bot {place.sandbox.token}"}
            answers = [await session.post(url, json={"content": "x"}, headers=headers) for _ in range(4)]
            limited = answers[-1]
            assert limited.status == 429
            assert limited.headers["Via"]
            assert limited.headers["Content-Type"] == "application/json"
            assert limited.headers["X-RateLimit-Limit"] == "3"
            assert limited.headers["X-RateLimit-Remaining"] == "0"
            assert 0 < (await limited.json())["retry_after"] <= 0.3


async def test_the_global_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    async with town(monkeypatch, global_rate=20) as place, connected(place) as bot:
        async with aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Bot {place.sandbox.token}"}
            url = f"{place.sandbox.url}/api/v10/users/@me"
            answers = [await session.get(url, headers=headers) for _ in range(25)]
            limited = next(a for a in answers if a.status == 429)
            assert limited.headers["X-RateLimit-Global"] == "true"
            assert (await limited.json())["global"]
        assert bot.user is not None
