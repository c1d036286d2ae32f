"""Start, stop, the doctor, commands and what is asked of a server."""

from __future__ import annotations

import asyncio
import threading

import discord
import pytest
from discord import gateway
from discord.http import Route

from bots.discord import DiscordBot, DiscordSettings, client, invite_url, manifest
from bots.discord.commands import hall_command, invoked, same, told
from bots.discord.permissions import PERMISSIONS
from core.bot import Answering, Bot, BotStartError, CommandInfo, SendRefused, Severity
from core.event import Pressed
from core.message import Button, Message
from sandbox.discord import DiscordSandbox
from tests.bots.discord.kit import ACTION, COMMANDS, Place, built, running, settings, settle

POST = "POST /applications/{application}/commands"


def test_it_is_a_bot() -> None:
    bot: Bot = DiscordBot(DiscordSettings())
    assert bot.platform == "discord"


async def test_stop_leaves_no_task(place: Place) -> None:
    def ours() -> list[str]:
        files = [getattr(task.get_coro(), "cr_code", None) for task in asyncio.all_tasks()]
        paths = [code.co_filename for code in files if code is not None]
        return [path for path in paths if "/discord/" in path and "/tests/" not in path and "/sandbox/" not in path]

    assert ours()
    await place.bot.stop()
    await place.bot.stop()
    assert not ours()
    assert not place.bot.health.connected


async def test_stop_lets_what_is_handled_end(place: Place) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def answer(event: object, answering: Answering) -> None:
        begun.set()
        await go.wait()
        await answering.say(Message(text="Just in time"))

    place.receiver.answer = answer
    message = await place.post(Message(text="?", controls=(Button("Press", ACTION),)))
    control = place.seen(message).controls[0].id
    press = asyncio.create_task(place.sandbox.press(place.member, message, control))
    await begun.wait()
    stop = asyncio.create_task(place.bot.stop())
    await asyncio.sleep(0)
    go.set()
    await stop
    assert (await press).text == "Just in time"


async def test_a_wrong_token() -> None:
    async with built(token="wrong") as place:
        with pytest.raises(BotStartError, match="Reset Token") as error:
            await place.bot.start(place.receiver)
        assert "wrong" not in str(error.value)
        (finding,) = await place.bot.examine()
        assert finding.severity is Severity.BAD


async def test_no_token() -> None:
    async with built(token="") as place:
        with pytest.raises(BotStartError, match="no Discord token"):
            await place.bot.start(place.receiver)


async def test_a_missing_intent() -> None:
    async with built(sandbox=DiscordSandbox(privileged=False), read_all_replies=True) as place:
        await place.bot.start(place.receiver)
        with pytest.raises(BotStartError, match=r"Message Content.*discord\.read_all_replies"):
            await place.bot.listen()
        assert not place.bot.health.listening
        bad = [one for one in await place.bot.examine() if one.severity is Severity.BAD]
        assert [one.subject for one in bad] == ["Message Content Intent"]


async def test_a_refused_connection_is_not_tried_at_once_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hall tries every few seconds, and of more than 1,000 a day Discord takes the token away."""
    async with built(sandbox=DiscordSandbox(privileged=False), read_all_replies=True) as place:
        identified: list[object] = []
        identify = gateway.DiscordWebSocket.identify

        async def counted(socket: gateway.DiscordWebSocket) -> None:
            identified.append(socket)
            await identify(socket)

        monkeypatch.setattr(gateway.DiscordWebSocket, "identify", counted)
        await place.bot.start(place.receiver)
        for _ in range(3):
            with pytest.raises(BotStartError, match="Message Content"):
                await place.bot.listen()
        assert len(identified) == 1
        assert "Message Content" in place.bot.health.detail
        place.sandbox.gateway.privileged = True
        place.bot._not_before = 0.0
        await place.bot.listen()
        assert place.bot.health.connected


async def test_sending_outlives_a_connection_that_the_library_gives_up(place: Place) -> None:
    for session in place.sandbox.gateway.sessions.values():
        assert session.socket is not None
        await session.socket.close(code=4004)
    await settle(lambda: bool(place.bot.health.detail))
    assert (place.bot.health.connected, place.bot.health.listening) == (False, True)
    message = await place.post(Message(text="?", controls=(Button("Press", ACTION),)))
    place.bot._not_before = 0.0
    await place.bot.listen()
    assert place.bot.health.connected
    pressed = await place.sandbox.press(place.member, message, place.seen(message).controls[0].id)
    assert pressed.text == "Heard"


async def test_a_stop_in_the_middle_of_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asyncio.Event()

    async def never(_: gateway.DiscordWebSocket) -> None:
        asked.set()
        await asyncio.sleep(3600)

    monkeypatch.setattr(gateway.DiscordWebSocket, "identify", never)
    async with built() as place:
        await place.bot.start(place.receiver)
        listen = asyncio.create_task(place.bot.listen())
        await asked.wait()
        await place.bot.stop()
        with pytest.raises(BotStartError, match="hear no more"):
            await listen
        await settle(lambda: not any("keep-alive" in one.name for one in threading.enumerate()))


async def test_by_default_no_intent_needs_approval() -> None:
    async with running(sandbox=DiscordSandbox(privileged=False)) as place:
        assert place.bot.health.connected


async def test_nobody_there() -> None:
    async with built() as place:
        await place.sandbox.stop()
        with pytest.raises(BotStartError, match="can't be reached"):
            await place.bot.start(place.receiver)
        (finding,) = await place.bot.examine()
        assert finding.subject == "connection"
        await place.sandbox.start()


async def test_the_doctor(place: Place) -> None:
    assert {one.severity for one in await place.bot.examine()} == {Severity.GOOD}
    (good,) = await place.bot.examine_channel(place.space, place.channel)
    assert (good.severity, good.subject) == (Severity.GOOD, "#general")
    closed = await place.sandbox.add_channel(place.space, "news", writable=False)
    bad = await place.bot.examine_channel(place.space, closed)
    assert any("'Send Messages'" in one.text for one in bad)
    assert {one.severity for one in bad} == {Severity.BAD}
    (gone,) = await place.bot.examine_channel(place.space, "1")
    assert gone.severity is Severity.BAD
    await place.sandbox.remove(place.space, place.owner)
    (out,) = await place.bot.examine_channel(place.space, place.channel)
    assert "not in that server" in out.text
    assert any("invite" in one.text or "oauth2" in one.text for one in await place.bot.examine())


async def test_commands_are_told_only_when_they_changed(place: Place) -> None:
    known = place.sandbox.book.of(0)
    assert [one["name"] for one in known[0]["options"]] == [one.name for one in COMMANDS]
    assert known[0]["options"][0]["description_localizations"] == {"de": "Was du hier darfst"}
    assert place.sandbox.record.calls[POST] == 1
    await place.bot.stop()
    place.bot = DiscordBot(settings(place.sandbox))
    await place.bot.start(place.receiver)
    await place.bot.listen()
    assert place.sandbox.record.calls[POST] == 1
    await place.bot.stop()
    place.receiver.registered = COMMANDS[:2]
    place.bot = DiscordBot(settings(place.sandbox))
    await place.bot.start(place.receiver)
    await place.bot.listen()
    assert place.sandbox.record.calls[POST] == 2


def test_a_changed_title_is_a_change() -> None:
    known = hall_command(COMMANDS)
    assert same(hall_command(COMMANDS), known | {"id": "1", "nsfw": False, "name_localizations": None})
    changed = CommandInfo("help", {"en": "What you may do here", "de": "Hilfe"})
    assert not same(hall_command((changed, *COMMANDS[1:])), known)


def test_more_than_25_commands_are_behind_a_group_and_49_all_there_is_room_for() -> None:
    many = [CommandInfo(f"c{number}", {"en": "C"}, seldom=number == 3) for number in range(60)]
    few = hall_command(many[:25])
    assert ([one["name"] for one in few["options"]], told(few)) == ([f"c{number}" for number in range(25)], 25)
    *beside, group = hall_command(many[:28])["options"]
    assert len(beside) == 24
    assert "c3" not in [one["name"] for one in beside]
    assert [one["name"] for one in group["options"]] == ["c3", "c25", "c26", "c27"]
    assert told(hall_command(many)) == 49
    option = {"type": 1, "name": "c3", "options": [{"type": 3, "name": "text", "value": "now"}]}
    assert invoked({"options": [{"type": 2, "name": "more", "options": [option]}]}) == ("c3", "now")


def test_languages_become_discords() -> None:
    (one,) = hall_command([CommandInfo("a", {"en": "A", "es": "E", "pt_BR": "P", "xx": "X"})])["options"]
    assert one["description_localizations"] == {"es-ES": "E", "es-419": "E", "pt-BR": "P"}


def test_the_invitation_asks_for_the_least() -> None:
    bits = discord.Permissions(int(invite_url(42).split("permissions=")[1].split("&")[0]))
    assert bits == discord.Permissions(**{asked.name: True for asked in PERMISSIONS})
    assert not bits.administrator
    assert "client_id=42" in invite_url(42)
    text = manifest()
    assert all(asked.title in text and asked.reason in text for asked in PERMISSIONS)
    assert "Message Content Intent" not in text
    assert "Message Content Intent" in manifest(DiscordSettings(read_all_replies=True))


def test_the_real_platform_is_the_default() -> None:
    client.point_library("http://127.0.0.1:1/")
    assert Route.BASE == "http://127.0.0.1:1/api/v10"
    client.point_library("")
    assert Route.BASE == "https://discord.com/api/v10"


async def test_nothing_is_kept_in_memory(place: Place) -> None:
    message = await place.post(Message(text="?", controls=(Button("Press", ACTION),)))
    await place.sandbox.press(place.member, message, place.seen(message).controls[0].id)
    await place.receiver.hear(Pressed)
    running_client = place.bot._client
    assert running_client is not None
    state = running_client._connection
    assert not state._view_store._views
    assert not state._view_store._modals
    assert not running_client.cached_messages
    assert [member.id for guild in running_client.guilds for member in guild.members] == [place.sandbox.world.bot.id]


async def test_who_sees_a_channel_that_is_for_few_is_not_known(place: Place) -> None:
    """Only the list of members would tell, which takes a privileged intent."""
    assert await place.bot.headcount(place.space, place.channel) == 2
    place.sandbox.world.channels[int(place.channel)].hidden = True
    with pytest.raises(SendRefused, match="not everybody"):
        await place.bot.headcount(place.space, place.channel)
    other = await place.sandbox.add_space("Elsewhere", owner="Ada")
    far = await place.sandbox.add_channel(other, "far")
    await place.sandbox.install(other, next(one.id for one in place.sandbox.state().members if one.space == other))
    with pytest.raises(SendRefused, match="no such channel"):
        await place.bot.headcount(place.space, far)
