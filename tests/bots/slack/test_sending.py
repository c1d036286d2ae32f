"""Messages on their way out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from bots.slack import SlackBot, SlackSettings
from core.bot import Address, SendFailed, SendRefused, SendUnknown, Sent, Standing
from core.message import Message
from sandbox.faults import Fault, FaultKind
from tests.bots.slack.kit import Place, running, sandbox_for_us, settings, settle

HELLO = Message(text="Hello")


async def test_a_message_stands_with_its_key(place: Place) -> None:
    sent = await place.bot.send(Address(place.space, place.channel), HELLO, key="k1")
    assert place.seen(sent.message).text == "Hello"
    assert sent.channel == place.channel
    taken = place.sandbox.record.taken[-1]
    assert (taken.key, place.wire(sent.message).metadata["event_type"]) == ("k1", "hallkeeper")


async def test_to_a_thread(place: Place) -> None:
    root = await place.post(HELLO)
    sent = await place.bot.send(Address(place.space, place.channel, thread=root), HELLO, key="k")
    assert place.seen(sent.message).thread == root


async def test_to_a_member_who_never_wrote(place: Place) -> None:
    sent = await place.bot.send(Address(place.space, member=place.member), HELLO, key="k")
    assert sent.channel.startswith("D")
    assert place.seen(sent.message).channel == sent.channel
    await place.bot.edit(sent, Message(text="Other"))
    assert place.seen(sent.message).text == "Other"


async def test_edit_replaces_all(place: Place) -> None:
    sent = await place.bot.send(Address(place.space, place.channel), Message(text="A", title="T"), key="k")
    await place.bot.edit(sent, Message(text="B"))
    assert (place.seen(sent.message).text, place.seen(sent.message).title) == ("B", "")
    assert place.wire(sent.message).metadata["event_payload"] == {"key": "k"}


async def test_delete_and_delete_again(place: Place) -> None:
    sent = await place.bot.send(Address(place.space, place.channel), HELLO, key="k")
    await place.bot.delete(sent)
    await place.bot.delete(sent)
    assert not place.messages()
    with pytest.raises(SendRefused) as refused:
        await place.bot.edit(sent, HELLO)
    assert refused.value.gone


# -- what goes wrong -----------------------------------------------------------------------------------------------
async def _deleted(place: Place) -> None:
    await place.sandbox.delete_channel(place.channel)


async def _archived(place: Place) -> None:
    await place.sandbox.archive_channel(place.channel)


async def _out(place: Place) -> None:
    await place.sandbox.remove_bot(place.channel)


async def _uninstalled(place: Place) -> None:
    await place.sandbox.remove(place.space, place.owner)


@pytest.mark.parametrize(
    ("what", "word", "gone"),
    [
        (_deleted, "channel_not_found", True),
        (_archived, "is_archived", False),
        (_out, "not_in_channel", False),
        (_uninstalled, "account_inactive", False),
    ],
)
async def test_refused(place: Place, what: Callable[[Place], Awaitable[None]], word: str, gone: bool) -> None:
    await what(place)
    with pytest.raises(SendRefused, match=word) as refused:
        await place.post(HELLO)
    assert refused.value.gone is gone


async def test_a_missing_scope_is_named() -> None:
    async with running() as place:
        place.sandbox.workspace.scopes = frozenset()
        with pytest.raises(SendRefused, match="missing_scope: needs the scope chat:write"):
            await place.post(HELLO)


async def test_a_rate_limit_says_how_long() -> None:
    async with running(sandbox=sandbox_for_us(rate_limits=True)) as place:
        await place.sandbox.fault(Fault(FaultKind.RATE_LIMIT, "chat.postMessage", seconds=7))
        with pytest.raises(SendFailed) as failed:
            await place.post(HELLO)
        assert failed.value.retry_after == 7
        assert (await place.post(HELLO)) == place.messages()[-1].id


@pytest.mark.parametrize(
    ("kind", "stands"),
    [(FaultKind.DROP_AFTER_TAKING, 1), (FaultKind.DROP, 0), (FaultKind.SERVER_ERROR, 0)],
)
async def test_a_broken_line_is_unknown_and_nothing_is_sent_twice(place: Place, kind: FaultKind, stands: int) -> None:
    calls = place.calls("chat.postMessage")
    await place.sandbox.fault(Fault(kind, "chat.postMessage"))
    with pytest.raises(SendUnknown):
        await place.post(HELLO)
    assert len(place.messages()) == stands
    assert place.calls("chat.postMessage") == calls + 1


async def test_an_edit_on_a_broken_line_may_be_tried_again(place: Place) -> None:
    sent = await place.bot.send(Address(place.space, place.channel), HELLO, key="k")
    for call in (place.bot.edit(sent, HELLO), place.bot.delete(sent)):
        await place.sandbox.fault(Fault(FaultKind.DROP_AFTER_TAKING, "chat."))
        with pytest.raises(SendFailed):
            await call
    await place.bot.delete(sent)


async def test_a_bot_that_is_not_connected_has_sent_nothing(place: Place) -> None:
    await place.bot.stop()
    for call in (
        place.post(HELLO),
        place.bot.edit(Sent(place.channel, "1.0"), HELLO),
        place.bot.standing(place.space, place.member),
        place.bot.channels(place.space),
    ):
        with pytest.raises(SendFailed):
            await call


async def test_a_server_that_is_not_there(place: Place) -> None:
    await place.sandbox.stop()
    with pytest.raises((SendUnknown, SendFailed)):  # by a line that broke the message may have gone out
        await place.post(HELLO)
    with pytest.raises(SendFailed, match="can't be reached"):
        await place.post(HELLO)


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (200, "text/plain", "ok"),
        (200, "application/json", "[]"),
        (200, "application/json", "{broken"),
        (200, "text/html", "<p>"),
        (503, "text/html", "<p>"),
        (200, "application/json", '{"ok": false, "error": "fatal_error"}'),
        (200, "application/json", '{"ok": false}'),
        (200, "application/json", '{"ok": true}'),
    ],
)
async def test_an_answer_that_nobody_understands_is_unknown(place: Place, status: int, kind: str, body: str) -> None:
    """A proxy's page, half an answer: the message may stand."""

    async def odd(_: web.Request) -> web.Response:
        return web.Response(status=status, content_type=kind, text=body)

    application = web.Application()
    application.router.add_post("/api/chat.postMessage", odd)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        place.line.desk.web.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
        with pytest.raises(SendUnknown):
            await place.post(HELLO)
    finally:
        await runner.cleanup()


async def test_the_environments_proxy_is_not_for_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    async with running() as place:
        await place.post(HELLO)
        await place.sandbox.command(place.member, place.channel, "/hall")
        assert [one.text for one in place.messages()] == ["Hello", "Heard"]


# -- asking --------------------------------------------------------------------------------------------------------
async def test_standing(place: Place) -> None:
    bot = place.bot
    assert await bot.standing(place.space, place.owner) == Standing(True, frozenset({"owner", "admin"}))
    assert await bot.standing(place.space, place.member) == Standing(True)
    await place.sandbox.set_role(place.member, place.space, "admin")
    assert await bot.standing(place.space, place.member) == Standing(True, frozenset({"admin"}))
    await place.sandbox.leave(place.member, place.space)
    assert await bot.standing(place.space, place.member) == Standing(False)
    assert await bot.standing(place.space, "UNOBODY") == Standing(False)


async def test_standing_when_slack_does_not_answer(place: Place) -> None:
    await place.sandbox.fault(Fault(FaultKind.SERVER_ERROR, "users.info"))
    with pytest.raises(SendFailed):
        await place.bot.standing(place.space, place.owner)


async def test_channels_are_those_that_the_bot_is_in(place: Place) -> None:
    other = await place.sandbox.add_channel(place.space, "other")
    archived = await place.sandbox.add_channel(place.space, "archived")
    await place.sandbox.invite_bot(archived, place.owner)
    await place.sandbox.archive_channel(archived)
    assert [one.external_id for one in await place.bot.channels(place.space)] == [place.channel]
    await place.sandbox.invite_bot(other, place.owner)
    assert [one.name for one in await place.bot.channels(place.space)] == ["general", "other"]


async def test_many_channels_are_many_pages(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bots.slack.doctor.A_PAGE", 2)
    for number in range(4):
        await place.sandbox.invite_bot(await place.sandbox.add_channel(place.space, f"room{number}"), place.owner)
    names = [one.name for one in await place.bot.channels(place.space)]
    assert names == ["general", "room0", "room1", "room2", "room3"]


async def test_two_bots_send_side_by_side(place: Place) -> None:
    """No state is shared between bots."""
    second = SlackBot(settings(place.sandbox))
    await second.start(place.receiver)
    try:
        here = Address(place.space, place.channel)
        await asyncio.gather(place.bot.send(here, HELLO, key="1"), second.send(here, HELLO, key="2"))
        await settle(lambda: len(place.messages()) == 2)
    finally:
        await second.stop()
    await place.bot.send(here, HELLO, key="3")


def test_no_token_is_shown() -> None:
    shown = repr(SlackSettings.model_validate({"bot_token": "xoxb-secret", "app_token": "xapp-secret"}))
    assert "secret" not in shown
