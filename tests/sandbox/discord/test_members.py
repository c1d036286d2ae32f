"""People and servers: joining, leaving, roles, adding and removing the bot."""

from __future__ import annotations

import discord
import pytest

from sandbox.control import ControlError
from tests.sandbox.discord.kit import Bot, Town, connected, text_channel, town


async def test_joins_leaves_and_coming_back(place: Town, bot: Bot) -> None:
    sandbox = place.sandbox
    linus = await sandbox.join(place.space, "Linus")
    joined = (await bot.hear("member_join"))[0]
    assert (joined.id, joined.display_name) == (int(linus), "Linus")
    await sandbox.leave(linus, place.space)
    assert (await bot.hear("raw_member_remove"))[0].user.id == int(linus)
    with pytest.raises(ControlError):
        await sandbox.type(linus, place.channel, "hello?")
    assert await sandbox.join(place.space, "Linus") == linus
    with pytest.raises(ControlError):
        await sandbox.join(place.space, "Linus")


async def test_one_name_is_one_user_in_all_servers(place: Town, bot: Bot) -> None:
    other = await place.sandbox.add_space("Second", owner="Ada")
    assert await place.sandbox.join(other, "Grace") == place.member
    spaces = [m.space for m in place.sandbox.state().members if m.id == place.member]
    assert spaces == [place.space, other]


async def test_without_the_members_intent_nobody_is_seen_coming(place: Town) -> None:
    async with connected(place, Bot(intents=discord.Intents.default())) as bot:
        await place.sandbox.join(place.space, "Linus")
        await place.sandbox.type(place.member, place.channel, "hi")
        await bot.hear("message")
        assert bot.silent("member_join")


async def test_members_are_found(place: Town, bot: Bot) -> None:
    guild = bot.get_guild(int(place.space))
    assert guild is not None
    fetched = await guild.fetch_member(int(place.member))
    assert fetched.joined_at is not None
    assert {m.name async for m in guild.fetch_members()} == {"ada", "grace", "hallkeeper"}
    assert [m.id for m in await guild.query_members("gra")] == [int(place.member)]
    assert [m.id for m in await guild.query_members(user_ids=[int(place.owner)])] == [int(place.owner)]
    with pytest.raises(discord.NotFound) as caught:
        await guild.fetch_member(1)
    assert caught.value.code == 10013
    full = await bot.fetch_guild(int(place.space))
    assert full.approximate_member_count == 3
    assert {role.name for role in await full.fetch_roles()} == {"@everyone", "Admin", "Hallkeeper"}
    assert [c.id for c in await full.fetch_channels()] == [int(place.channel)]


async def test_a_hidden_channel_is_hidden_from_everyone_and_not_from_the_bot(place: Town, bot: Bot) -> None:
    place.sandbox.world.channels[int(place.channel)].hidden = True
    guild = await bot.fetch_guild(int(place.space))
    channel = await guild.fetch_channel(int(place.channel))
    assert isinstance(channel, discord.TextChannel)
    me = await guild.fetch_member(place.sandbox.world.bot.id)
    assert not channel.permissions_for(guild.default_role).view_channel
    assert channel.permissions_for(me).view_channel
    assert [role.name for role in guild.roles if role.is_bot_managed()] == ["Hallkeeper"]


async def test_roles_change(place: Town, bot: Bot) -> None:
    await place.sandbox.set_role(place.member, place.space, "admin")
    after = (await bot.hear("member_update"))[1]
    assert after.guild_permissions.administrator
    await place.sandbox.set_role(place.member, place.space, "owner")
    assert (await bot.hear("guild_update"))[1].owner_id == int(place.member)


async def test_being_added_says_who_did_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with town(monkeypatch, install=False) as place, connected(place) as bot:
        assert list(bot.guilds) == []
        with pytest.raises(ControlError):
            await place.sandbox.install(place.space, place.member)
        await place.sandbox.install(place.space, place.owner)
        guild = (await bot.hear("guild_join"))[0]
        assert (guild.id, guild.member_count) == (int(place.space), 3)
        entries = [e async for e in guild.audit_logs(action=discord.AuditLogAction.bot_add)]
        assert [(e.user.id, e.target.id) for e in entries] == [(int(place.owner), bot.application_id)]


async def test_being_removed_and_coming_back(place: Town, bot: Bot) -> None:
    channel = text_channel(bot, place.channel)
    await place.sandbox.remove(place.space, place.owner)
    assert (await bot.hear("guild_remove"))[0].id == int(place.space)
    with pytest.raises(discord.Forbidden) as caught:
        await channel.send("Hello?")
    assert caught.value.code == 50001
    with pytest.raises(ControlError):
        await place.sandbox.command(place.member, place.channel, "/hall help")
    await place.sandbox.type(place.member, place.channel, "is it gone?")
    await place.sandbox.install(place.space, place.owner)
    await bot.hear("guild_join")
    await text_channel(bot, place.channel).send("Back")


async def test_the_audit_log_needs_its_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    async with town(monkeypatch, permissions=0) as place, connected(place) as bot:
        guild = bot.get_guild(int(place.space))
        assert guild is not None
        with pytest.raises(discord.Forbidden) as caught:
            [e async for e in guild.audit_logs()]
        assert caught.value.code == 50013
