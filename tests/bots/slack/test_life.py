"""Start, stop, coming back, the doctor, and what is asked of a workspace."""

from __future__ import annotations

import asyncio
import logging
import re

import pytest

from bots.slack import SlackBot, SlackSettings, manifest
from bots.slack.permissions import EVENTS, SCOPES
from core.bot import Answering, Bot, BotStartError, Severity
from core.event import Pressed, Said
from core.message import Button, Message
from sandbox.faults import Fault, FaultKind
from sandbox.slack import SlackSandbox
from tests.bots.slack.kit import ACTION, Place, RecordingReceiver, built, sandbox_for_us, settings, settle

PRESS = Message(text="?", controls=(Button("Press", ACTION),))


def test_it_is_a_bot() -> None:
    bot: Bot = SlackBot(SlackSettings())
    assert bot.platform == "slack"


async def test_stop_leaves_no_task(place: Place) -> None:
    def ours() -> list[str]:
        files = [getattr(task.get_coro(), "cr_code", None) for task in asyncio.all_tasks()]
        paths = [code.co_filename for code in files if code is not None]
        return [path for path in paths if "/slack" in path and "/tests/" not in path and "/sandbox/" not in path]

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
    press = asyncio.create_task(place.press(await place.post(PRESS)))
    await begun.wait()
    stop = asyncio.create_task(place.bot.stop())
    await asyncio.sleep(0)
    go.set()
    await stop
    outcome = await press
    assert outcome.message is not None
    assert outcome.message.text == "Just in time"


async def test_stop_waits_for_nobody_for_long(place: Place) -> None:
    async def answer(event: object, answering: Answering) -> None:
        await asyncio.sleep(3600)

    place.receiver.answer = answer
    press = asyncio.create_task(place.press(await place.post(PRESS), wait=0.1))
    await place.receiver.hear(Pressed)
    await asyncio.wait_for(place.bot.stop(), 5)
    await press
    assert "hearing.py" not in str(asyncio.all_tasks())


async def test_start_again(place: Place) -> None:
    with pytest.raises(RuntimeError):
        await place.bot.start(place.receiver)
    await place.bot.stop()
    await place.bot.start(place.receiver)
    await place.bot.listen()
    outcome = await place.press(await place.post(PRESS))
    assert outcome.message is not None


# -- what hinders a start ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"bot_token": ""}, "no bot token"),
        ({"app_token": ""}, "no app token"),
        ({"bot_token": "xapp-1", "app_token": "xoxb-1"}, "in the other's place"),
        ({"bot_token": "xoxb-wrong"}, r"refuses the bot token \(invalid_auth\).*OAuth & Permissions"),
        ({"app_token": "xapp-wrong"}, r"refuses the app token \(invalid_auth\).*connections:write"),
        ({"api_url": "http://127.0.0.1:9"}, "127.0.0.1:9 can't be reached"),
    ],
)
async def test_a_start_that_fails_says_what_to_do(more: dict[str, str], words: str) -> None:
    async with built(**more) as place:
        with pytest.raises(BotStartError, match=words) as failed:
            await _start_and_listen(place)
        assert "wrong" not in str(failed.value)
        assert not place.bot.health.connected
        await place.bot.stop()


async def _start_and_listen(place: Place) -> None:
    await place.bot.start(place.receiver)
    await place.bot.listen()


async def test_missing_scopes_are_named() -> None:
    scopes = [one.name for one in SCOPES if one.name not in ("commands", "users:read", "reactions:write")]
    async with built(sandbox=sandbox_for_us(scopes=scopes)) as place:
        with pytest.raises(BotStartError, match=r"commands .*users:read .*Reinstall") as failed:
            await place.bot.start(place.receiver)
        assert "reactions:write" not in str(failed.value)


async def test_an_optional_scope_hinders_no_start(caplog: pytest.LogCaptureFixture) -> None:
    scopes = [one.name for one in SCOPES if not one.optional]
    async with built(sandbox=sandbox_for_us(scopes=scopes)) as place:
        await place.bot.start(place.receiver)
        await place.bot.listen()
        assert "reactions:write" in caplog.text
        async with asyncio.timeout(5):
            await place.install()
        place.receiver.answer = _acknowledge
        root = await place.post(PRESS)
        await place.sandbox.type(place.member, place.channel, "I know", reply_to=root)
        await settle(lambda: place.calls("reactions.add") == 1)


async def _acknowledge(event: object, answering: Answering) -> None:
    await answering.acknowledge()


async def test_a_connection_that_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library itself would try for ever."""
    monkeypatch.setattr("bots.slack.bot.START_SECONDS", 0.3)
    async with built() as place:
        place.sandbox.socket._tickets = frozenset()  # type: ignore[assignment]  # no ticket is good
        monkeypatch.setattr(place.sandbox.socket, "new_ticket", lambda: "never")
        logging.getLogger("slack_sdk.hallkeeper").disabled = True
        await place.bot.start(place.receiver)
        try:
            with pytest.raises(BotStartError, match="can't be reached in"):
                await place.bot.listen()
        finally:
            logging.getLogger("slack_sdk.hallkeeper").disabled = False
        assert not place.bot.health.listening
        assert (await place.bot.standing(place.space, place.owner)).present  # asking and sending go on


async def test_an_address_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ticket grows old while the line is down, and the library would go on with it."""
    monkeypatch.setattr("bots.slack.connection.ADDRESS_SECONDS", 0.2)
    async with built() as place:
        tickets = iter(["old"])
        good = place.sandbox.socket.new_ticket
        monkeypatch.setattr(place.sandbox.socket, "new_ticket", lambda: next(tickets, "") or good())
        logging.getLogger("slack_sdk.hallkeeper").disabled = True
        await place.bot.start(place.receiver)
        try:
            await place.bot.listen()
        finally:
            logging.getLogger("slack_sdk.hallkeeper").disabled = False
        assert place.bot.health.connected
        assert place.calls("apps.connections.open") == 2


async def test_a_stop_in_the_middle_of_a_start() -> None:
    async with built() as place:
        await place.sandbox.fault(Fault(FaultKind.SLOW, "auth.test", seconds=30))
        start = asyncio.create_task(place.bot.start(place.receiver))
        await settle(lambda: place.calls("auth.test") == 1)
        start.cancel()
        with pytest.raises(asyncio.CancelledError):
            await start
        assert place.bot._line is None


# -- staying connected ---------------------------------------------------------------------------------------------
async def test_health_knows_of_each_frame(place: Place) -> None:
    assert place.bot.health.connected
    place.receiver.clock.pass_by(60)
    await place.sandbox.type(place.member, place.channel, "Good morning")
    await place.receiver.hear(Said)
    assert place.bot.health.last_frame == place.receiver.clock.now()


async def test_health_knows_of_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bots.slack.connection.PING_SECONDS", 0.05)
    async with built() as place:
        await place.bot.start(place.receiver)
        await place.bot.listen()
        place.receiver.clock.pass_by(60)
        await settle(lambda: place.bot.health.last_frame == place.receiver.clock.now())


@pytest.mark.parametrize("how", ["disconnect", "refresh"])
async def test_the_line_breaks_and_comes_back(place: Place, how: str) -> None:
    message, before = await place.post(PRESS), place.line.connection.current_session
    if how == "disconnect":
        await place.sandbox.fault(Fault(FaultKind.DISCONNECT))
    else:
        await place.sandbox.refresh()
    await settle(lambda: place.line.connection.current_session is not before)
    await settle(lambda: place.sandbox.socket.connections == 1)
    assert place.calls("apps.connections.open") == 2
    outcome = await place.press(message)
    assert outcome.message is not None
    assert place.bot.health.connected


async def test_health_knows_of_a_broken_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bots.slack.connection.PING_SECONDS", 0.05)
    async with built() as place:
        await place.bot.start(place.receiver)
        await place.bot.listen()
        logging.getLogger("slack_sdk.hallkeeper").disabled = True
        try:
            await place.sandbox.stop()
            await settle(lambda: not place.bot.health.connected)
        finally:
            logging.getLogger("slack_sdk.hallkeeper").disabled = False


async def test_a_frame_that_nobody_can_read_ends_nothing(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    hearing = place.line.hearing
    assert hearing is not None
    for body in (
        {"type": "event_callback", "event": {}, "event_id": "Ev1"},
        {"type": "event_callback", "event": {"type": "message"}, "event_id": "Ev1"},
        {"type": "block_actions"},
        {"type": "view_submission", "view": None, "user": {"id": "U1"}, "trigger_id": "1"},
        {"command": "/hall"},
    ):
        place.sandbox.socket._spawn(place.sandbox.socket._once("interactive", body))
    await settle(lambda: caplog.text.count("a frame could not be read") == 5)
    for kind in ("shortcut", "view_closed", "event_callback"):
        body = {"type": kind, "event": {"type": "app_mention"}, "event_id": "Ev1"}
        ack = await place.sandbox.socket.interact("interactive", kind, body)
        assert ack is not None  # what is not for us is taken, or it would come again
        assert ack.payload == {}


# -- the doctor ----------------------------------------------------------------------------------------------------
async def test_the_doctor_finds_nothing_wrong(place: Place) -> None:
    findings = await place.bot.examine()
    assert {one.severity for one in findings} == {Severity.GOOD}
    assert "hallkeeper in Town hall" in findings[0].text
    assert any("#general" in one.text for one in findings)


@pytest.mark.parametrize(
    ("more", "subject", "words"),
    [
        ({"bot_token": ""}, "bot token", "no bot token"),
        ({"bot_token": "xoxb-wrong"}, "bot token", "refuses the bot token"),
        ({"app_token": "xapp-wrong"}, "app token", "refuses the app token"),
        ({"api_url": "http://127.0.0.1:9"}, "bot token", "can't be reached"),
    ],
)
async def test_the_doctor_names_what_is_wrong(more: dict[str, str], subject: str, words: str) -> None:
    async with built(**more) as place:
        bad = [one for one in await place.bot.examine() if one.severity is Severity.BAD]
        assert [one.subject for one in bad] == [subject]
        assert words in bad[0].text


async def test_the_doctor_names_scopes_and_an_empty_workspace() -> None:
    scopes = [one.name for one in SCOPES if one.name not in ("commands", "reactions:write")]
    async with built(sandbox=sandbox_for_us(scopes=scopes)) as place:
        found = {one.subject: one for one in await place.bot.examine()}
        assert found["commands"].severity is Severity.BAD
        assert found["reactions:write"].severity is Severity.NOTE
        assert "/invite @hallkeeper" in found["channels"].text


async def test_the_doctor_looks_at_a_channel(place: Place) -> None:
    async def found(channel: str) -> tuple[Severity, str]:
        findings = await place.bot.examine_channel(place.space, channel)
        return findings[0].severity, findings[0].text

    assert (await found(place.channel))[0] is Severity.GOOD
    other = await place.sandbox.add_channel(place.space, "other")
    severity, text = await found(other)
    assert (severity, "/invite" in text) == (Severity.BAD, True)
    await place.sandbox.archive_channel(other)
    assert "archived" in (await found(other))[1]
    severity, text = await found("CNOTHERE")
    assert (severity, "no such channel" in text) == (Severity.BAD, True)
    await place.sandbox.stop()
    assert (await found(place.channel))[0] is Severity.BAD


# -- what is asked for ---------------------------------------------------------------------------------------------
def test_the_manifest_asks_for_each_thing_with_its_reason() -> None:
    text = manifest()
    for one in (*SCOPES, *EVENTS):
        assert re.search(rf'^      - "{re.escape(one.name)}" +# {re.escape(one.reason)}', text, re.MULTILINE)
    assert text.count("\n      - ") == len(SCOPES) + len(EVENTS)
    for line in ("socket_mode_enabled: true", "is_enabled: true", 'command: "/hall"', "connections:write"):
        assert line in text
    assert "\t" not in text


async def test_what_is_asked_for_is_what_is_needed() -> None:
    """All the other tests run with exactly this; here it is less than all that there is."""
    everything = SlackSandbox().workspace.scopes
    assert {one.name for one in SCOPES} < everything | {"commands"}
    bot = SlackBot(settings(sandbox_for_us()))
    assert bot.tools == (manifest,)
    assert RecordingReceiver().events == []
