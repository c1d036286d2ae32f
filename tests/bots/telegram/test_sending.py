"""Messages out: how they look, what is refused, what is unknown; the doctor; wrong tokens."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from bots.telegram import TelegramBot, TelegramSettings, permissions, transport
from bots.telegram.frames import ALLOWED_UPDATES
from core.bot import Address, BotStartError, SendError, SendFailed, SendRefused, SendUnknown, Sent, Severity, Standing
from core.markup import escape, mention
from core.message import Button, Choice, Image, Message, Option, Pair
from core.testing.pictures import large, png
from sandbox.faults import Fault, FaultKind
from tests.bots.telegram.conftest import SHORT, Town, settings


def wire(town: Town, sent: Sent) -> Any:
    """The message as the sandbox's Telegram keeps it."""
    return town.sandbox.backend.world.chats[int(sent.channel)].messages[int(sent.message)]


def runs(message: Any) -> list[tuple[str, str]]:
    """What is formatted, and how."""
    units = message.text.encode("utf-16-le")
    return [
        (one["type"], units[one["offset"] * 2 : (one["offset"] + one["length"]) * 2].decode("utf-16-le"))
        for one in message.entities
    ]


async def test_all_of_a_message(town: Town) -> None:
    message = Message(
        title="Día 🎉 one",
        text="**bold _both_** ~~gone~~ `a*b`\n> quoted\n> twice\n- item\n"
        f"[site](https://example.org) {mention('Ben', town.ben)} [soon](time:2026-11-22T09:00+00:00) "
        + escape("<b>*not* bold</b>"),
        fields=(Pair("Streak", "3 _days_"),),
        controls=(
            Button("Yes", SHORT),
            Button("Site", url="https://example.org"),
            Choice(SHORT, (Option("a", "Ann"), Option("b", "Bob")), label="Who?"),
        ),
    )
    sent = await town.bot.send(town.here, message, key="1")
    it = wire(town, sent)
    assert it.text == (
        "Día 🎉 one\n\nbold both gone a*b\nquoted\ntwice\n• item\nsite Ben soon <b>*not* bold</b>\n\nWho?\n\n"
        "Streak: 3 days"
    )
    found = runs(it)
    assert [run for run in found if run[0] == "bold"] == [
        ("bold", "Día 🎉 one"),
        ("bold", "bold "),
        ("bold", "both"),
        ("bold", "Who?"),
        ("bold", "Streak"),
    ]
    for run in (
        ("italic", "both"), ("strikethrough", "gone"), ("code", "a*b"), ("blockquote", "quoted\ntwice"),
        ("text_link", "site"), ("text_mention", "Ben"), ("date_time", "soon"), ("italic", "days"),
    ):  # fmt: skip
        assert run in found
    assert [control.label for control in town.last().controls] == ["Yes", "Site", "Ann", "Bob"]
    assert town.bot.health.losses == {}


async def test_a_long_text_is_cut_and_counted(town: Town) -> None:
    sent = await town.bot.send(town.here, Message(text="**" + "🎉" * 4000 + "**"), key="1")
    text = wire(town, sent).text
    assert len(text.encode("utf-16-le")) // 2 <= 4096
    assert text.endswith("🎉…")
    assert runs(wire(town, sent)) == [("bold", text)]
    assert town.bot.health.losses == {"text": 1}
    await town.bot.send(town.here, Message(text="y" * 5000, thread=True), key="2")
    assert town.bot.health.losses == {"text": 2, "thread": 1}


async def test_a_picture_with_a_short_and_with_a_long_text(town: Town) -> None:
    image = Image("https://example.org/cup.png", "A cup")
    sent = await town.bot.send(town.here, Message(text="**Coffee**", image=image), key="1")
    assert wire(town, sent).content["photo"]
    assert runs(wire(town, sent)) == [("bold", "Coffee")]
    await town.bot.edit(sent, Message(text="Tea", image=image))
    assert wire(town, sent).text == "Tea"
    await town.bot.edit(sent, Message(text="Water"))
    assert wire(town, sent).text == "Water"
    long = await town.bot.send(town.here, Message(text="z" * 2000, image=image), key="2")
    assert wire(town, long).extra["link_preview_options"]["url"] == image.url
    only = await town.bot.send(town.here, Message(image=image), key="3")
    assert wire(town, only).text == "A cup"


async def test_a_picture_of_bytes_stands_with_its_words_and_stays(town: Town) -> None:
    image = Image(alt="A cup", data=large())
    sent = await town.bot.send(town.here, Message(text="**Coffee**", image=image), key="1")
    (photo,) = wire(town, sent).content["photo"]
    assert (photo["width"], photo["height"], photo["file_size"]) == (40, 30, len(image.data))
    assert runs(wire(town, sent)) == [("bold", "Coffee")]
    for _ in range(2):  # the same once more is no error
        await town.bot.edit(sent, Message(text="Tea", image=image, controls=(Button("Yes", SHORT),)))
    assert (wire(town, sent).text, wire(town, sent).content["photo"]) == ("Tea", [photo])
    assert [control.label for control in town.last().controls] == ["Yes"]
    calls = town.sandbox.record.calls
    assert (calls["sendPhoto"], calls["editMessageCaption"]) == (1, 2)
    assert {"editMessageText", "editMessageMedia"}.isdisjoint(calls)
    assert town.bot.health.losses == {}


async def test_words_under_a_picture_of_bytes_are_fewer(town: Town) -> None:
    image = Image(data=png())
    sent = await town.bot.send(town.here, Message(text="🎉" * 1000, image=image), key="1")
    assert len(wire(town, sent).text.encode("utf-16-le")) // 2 <= 1024
    assert wire(town, sent).text.endswith("🎉…")
    assert town.bot.health.losses == {"text": 1}
    await town.bot.send(town.here, Message(text="y" * 1025, image=image), key="2")
    assert town.bot.health.losses == {"text": 2}
    await town.bot.send(town.here, Message(title="Coffee", text="y" * 1000, image=image), key="3")
    assert town.bot.health.losses == {"text": 2}


@pytest.mark.parametrize("broken", [False, True])
async def test_where_no_picture_is_taken_the_words_go_out(town: Town, broken: bool) -> None:
    data = png()[:-4] if broken else png()
    await town.sandbox.set_role(town.sandbox.bot, town.space, "member")
    town.sandbox.backend.world.groups[int(town.space)].photos = broken
    message = Message(text="w" * 2000, image=Image(alt="A cup", data=data), controls=(Button("Yes", SHORT),))
    sent = await town.bot.send(town.here, message, key="1")
    assert wire(town, sent).content == {}
    assert wire(town, sent).text == "w" * 2000 + "\nA cup"
    assert town.bot.health.losses["image"] == 1
    await town.bot.edit(sent, replace(message, text="Tea"))
    assert wire(town, sent).text == "Tea\nA cup"
    assert [control.label for control in town.last().controls] == ["Yes"]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.RATE_LIMIT, SendFailed),
        (FaultKind.SERVER_ERROR, SendUnknown),
        (FaultKind.DROP_AFTER_TAKING, SendUnknown),
    ],
)
async def test_what_went_wrong_while_sending_a_picture(town: Town, kind: FaultKind, error: type[SendError]) -> None:
    await town.sandbox.fault(Fault(kind, match="sendPhoto", seconds=7))
    with pytest.raises(error):
        await town.bot.send(town.here, Message(image=Image(data=large())), key="1")
    assert town.sandbox.record.calls["sendPhoto"] == 1
    assert len(town.messages()) == (kind is FaultKind.DROP_AFTER_TAKING)


async def test_edit_and_delete(town: Town) -> None:
    sent = await town.bot.send(town.here, Message(text="One", controls=(Button("Yes", SHORT),)), key="1")
    await town.bot.edit(sent, Message(text="Two"))
    await town.bot.edit(sent, Message(text="Two"))
    assert (town.last().text, town.last().controls) == ("Two", ())
    await town.bot.delete(sent)
    assert town.messages() == []
    with pytest.raises(SendRefused) as gone:
        await town.bot.edit(sent, Message(text="Three"))
    assert gone.value.gone
    with pytest.raises(SendRefused) as gone:
        await town.bot.delete(sent)
    assert gone.value.gone


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.RATE_LIMIT, SendFailed),
        (FaultKind.SERVER_ERROR, SendUnknown),
        (FaultKind.DROP, SendUnknown),
        (FaultKind.DROP_AFTER_TAKING, SendUnknown),
    ],
)
async def test_what_went_wrong_while_sending(town: Town, kind: FaultKind, error: type[SendError]) -> None:
    await town.sandbox.fault(Fault(kind, match="sendMessage", seconds=7))
    with pytest.raises(SendError) as caught:
        await town.bot.send(town.here, Message(text="Hello"), key="1")
    assert type(caught.value) is error
    assert town.sandbox.record.calls["sendMessage"] == 1  # never tried again in silence
    assert len(town.messages()) == (kind is FaultKind.DROP_AFTER_TAKING)
    if isinstance(caught.value, SendFailed):
        assert caught.value.retry_after == 7
    assert town.sandbox.token not in str(caught.value)


async def test_a_send_that_is_not_answered_is_unknown(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "SEND_SECONDS", 0.2)
    monkeypatch.setattr("bots.telegram.connection.SEND_SECONDS", 0.2)
    await town.restart()
    await town.sandbox.fault(Fault(FaultKind.SLOW, match="sendMessage", seconds=2))
    with pytest.raises(SendUnknown):
        await town.bot.send(town.here, Message(text="Hello"), key="1")
    assert len(town.messages()) == 1


async def test_a_send_without_a_connection_certainly_failed(town: Town) -> None:
    await town.sandbox.stop()
    with pytest.raises(SendFailed):
        await town.bot.send(town.here, Message(text="Hello"), key="1")


async def test_where_it_may_not_write(town: Town) -> None:
    with pytest.raises(SendRefused, match=r"(?i)can't initiate"):
        await town.bot.send(town.here_for(town.cleo), Message(text="Hello"), key="1")
    for address in (Address("-5", "-5"), Address("x", "x")):
        with pytest.raises(SendRefused) as caught:
            await town.bot.send(address, Message(text="Hello"), key="1")
        assert caught.value.gone
    other = await town.sandbox.add_space("Closed", owner="Ada")
    await town.sandbox.add_channel(other, "Closed", writable=False)
    await town.sandbox.install(other, town.ada)
    with pytest.raises(SendRefused) as caught:
        await town.bot.send(Address(other, other), Message(text="Hello"), key="1")
    assert not caught.value.gone
    (finding, _) = await town.bot.examine_channel(other, other)
    assert finding.severity is Severity.BAD
    assert "may not write" in finding.text
    assert [channel.writable for channel in await town.bot.channels(other)] == [False]


async def test_standing_and_channels(town: Town) -> None:
    assert await town.bot.standing(town.space, town.ada) == Standing(True, frozenset({"owner", "admin"}))
    assert await town.bot.standing(town.space, town.ben) == Standing(True)
    await town.sandbox.set_role(town.ben, town.space, "admin")
    assert await town.bot.standing(town.space, town.ben) == Standing(True, frozenset({"admin"}))
    await town.sandbox.leave(town.cleo, town.space)
    assert await town.bot.standing(town.space, town.cleo) == Standing(False)
    assert await town.bot.standing(town.space, "77") == Standing(False)
    (channel,) = await town.bot.channels(town.space)
    assert (channel.external_id, channel.name, channel.writable) == (town.space, "The hall", True)


async def test_the_doctor(town: Town) -> None:
    found = await TelegramBot(settings(town.sandbox)).examine()
    assert {finding.severity for finding in found} <= {Severity.GOOD, Severity.NOTE}
    assert town.sandbox.username in found[0].text
    (finding,) = await town.bot.examine_channel(town.space, town.space)
    assert finding.severity is Severity.GOOD
    (finding, *_) = await town.bot.examine_channel("-5", "-5")
    assert finding.severity is Severity.BAD
    (finding,) = await TelegramBot(settings(town.sandbox, "123456:wrong")).examine()
    assert (finding.severity, finding.subject) == (Severity.BAD, "token")


async def test_a_bot_that_cannot_start_says_what_to_do(town: Town) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
        for token, url, part in (
            ("", town.sandbox.url, "no token"),
            ("123456:wrong-secret", town.sandbox.url, "does not know this token"),
            ("nonsense", town.sandbox.url, "does not know this token"),
            ("123456:some-secret", nowhere, "can't be reached"),
        ):
            bot = TelegramBot(TelegramSettings(token=SecretStr(token), api_url=url))
            with pytest.raises(BotStartError, match=part) as caught:
                await bot.start(town.hall)
            assert not token or token not in str(caught.value)
            assert caught.value.__cause__ is None
            await bot.stop()


async def test_the_menu_lists_the_commands_in_every_language(town: Town) -> None:
    commands = town.sandbox.backend.profile.commands
    async with asyncio.timeout(10):
        while len(commands) < 3:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)
    listed = {
        language: {one["command"]: one["description"] for one in menu} for (_, language), menu in commands.items()
    }
    assert listed[""] == {"hall": "What you can do here", "help": "Help", "privacy": "What is kept"}
    assert listed["de"]["hall"] == "Was du hier tun kannst"


def test_every_update_that_is_asked_for_has_its_reason() -> None:
    assert tuple(one.name for one in permissions.UPDATES) == ALLOWED_UPDATES
    assert all(one.reason in permissions.manifest() for one in (*permissions.UPDATES, *permissions.RIGHTS))
    assert permissions.invite_url("@hall_bot") == "https://t.me/hall_bot?startgroup=hall"
