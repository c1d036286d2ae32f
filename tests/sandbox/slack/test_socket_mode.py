"""Connections: several, refreshed, lost, too many; and faults on events and calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.control import OutcomeKind
from sandbox.faults import Fault, FaultKind
from tests.sandbox.slack.kit import JSON, Hall, actions, button, refusal, until

Make = Callable[..., Awaitable[Hall]]


async def test_a_connection_needs_a_fresh_ticket(hall: Hall) -> None:
    url = str((await hall.client.apps_connections_open(app_token=hall.sandbox.app_token))["url"])
    assert url.startswith("ws://127.0.0.1")
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url) as socket:
            hello = await socket.receive_json()
            assert (hello["type"], hello["num_connections"]) == ("hello", 1)
            assert hello["connection_info"]["app_id"] == hall.sandbox.workspace.app_id
            assert hall.sandbox.state().connected
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)
    await until(lambda: not hall.sandbox.state().connected)


async def test_ten_connections_are_enough(hall: Hall) -> None:
    async with aiohttp.ClientSession() as session:
        sockets = []
        for number in range(11):
            url = str((await hall.client.apps_connections_open(app_token=hall.sandbox.app_token))["url"])
            sockets.append(await session.ws_connect(url))
            frame = await sockets[-1].receive_json()
            assert frame["type"] == ("hello" if number < 10 else "disconnect")
        assert frame["reason"] == "too_many_websockets"
        await asyncio.gather(*(socket.close() for socket in sockets))


async def test_each_envelope_goes_to_one_of_several_connections(hall: Hall) -> None:
    hall.listen("message")
    handlers = [await hall.connect(), await hall.connect()]
    counts = [0, 0]
    for index, handler in enumerate(handlers):

        async def count(_message: Any, index: int = index) -> None:
            counts[index] += 1

        handler.client.on_message_listeners.append(count)
    await hall.sandbox.install(hall.space, hall.olga)
    for number in range(10):
        await hall.sandbox.type(hall.olga, hall.general, f"m{number}")
    texts = {(await hall.event())["text"] for _ in range(10)}
    assert len(texts) == 10
    assert min(counts) >= 5


@pytest.mark.parametrize("how", ["refresh", "disconnect"])
async def test_bolt_comes_back(hall: Hall, how: str) -> None:
    hall.listen("message")
    await hall.run()
    first = hall.sandbox.socket._connections[0]
    if how == "refresh":
        await hall.sandbox.refresh()
    else:
        await hall.sandbox.fault(Fault(FaultKind.DISCONNECT))
    await hall.sandbox.type(hall.olga, hall.general, "while away")
    assert (await hall.event())["text"] == "while away"
    await until(lambda: hall.sandbox.socket.connections == 1 and first not in hall.sandbox.socket._connections)


async def test_a_lost_session_loses_what_was_said_meanwhile(hall: Hall) -> None:
    hall.listen("message")
    await hall.run()
    await hall.sandbox.fault(Fault(FaultKind.LOSE_SESSION))
    await hall.sandbox.type(hall.olga, hall.general, "lost")
    await until(lambda: hall.sandbox.socket.connected)
    await hall.sandbox.type(hall.olga, hall.general, "found")
    assert (await hall.event())["text"] == "found"


async def test_without_a_connection_an_act_fails_in_the_end(make_hall: Make) -> None:
    hall = await make_hall(ack_seconds=0.05)
    await hall.sandbox.install(hall.space, hall.olga)
    ts = await hall.post(actions(button("go")))
    assert (await hall.sandbox.press(hall.olga, ts, "go")).kind is OutcomeKind.FAILED


async def test_events_twice_and_out_of_order(hall: Hall) -> None:
    hall.listen("message")
    await hall.run()
    await hall.sandbox.fault(Fault(FaultKind.DUPLICATE, "message"))
    await hall.sandbox.type(hall.olga, hall.general, "twice")
    assert [(await hall.event())["text"] for _ in range(2)] == ["twice", "twice"]
    ids = [body["event_id"] for body in hall.bodies if body["event"]["type"] == "message"]
    assert len(set(ids)) == 1

    await hall.sandbox.fault(Fault(FaultKind.REORDER, "message", seconds=5))
    await hall.sandbox.type(hall.olga, hall.general, "first")
    await hall.sandbox.type(hall.olga, hall.general, "second")
    assert [(await hall.event())["text"] for _ in range(2)] == ["second", "first"]
    await hall.sandbox.fault(Fault(FaultKind.REORDER, "message", seconds=0.05))
    await hall.sandbox.type(hall.olga, hall.general, "alone")
    assert (await hall.event())["text"] == "alone"


async def test_a_press_twice(hall: Hall) -> None:
    pressed: asyncio.Queue[JSON] = asyncio.Queue()

    @hall.app.action("go")
    async def go(ack: Any, body: JSON) -> None:
        await ack()
        await pressed.put(body)

    await hall.run()
    ts = await hall.post(actions(button("go")))
    await hall.sandbox.fault(Fault(FaultKind.DUPLICATE, "block_actions"))
    await hall.sandbox.press(hall.olga, ts, "go", wait=0)
    first, second = await pressed.get(), await pressed.get()
    assert first["trigger_id"] == second["trigger_id"]


async def test_calls_fail_on_purpose(hall: Hall) -> None:
    await hall.sandbox.install(hall.space, hall.olga)
    post = hall.client.chat_postMessage

    async def taken() -> int:
        return len(hall.sandbox.record.taken)

    await hall.sandbox.fault(Fault(FaultKind.RATE_LIMIT, "chat.postMessage", seconds=7))
    with pytest.raises(SlackApiError) as limited:
        await post(channel=hall.general, text="x")
    assert limited.value.response.status_code == 429
    assert limited.value.response.headers["Retry-After"] == "7"
    assert limited.value.response["error"] == "ratelimited"

    await hall.sandbox.fault(Fault(FaultKind.SERVER_ERROR, "chat.postMessage"))
    with pytest.raises(SlackApiError) as broken:
        await post(channel=hall.general, text="x")
    assert broken.value.response.status_code == 500

    await hall.sandbox.fault(Fault(FaultKind.DROP, "chat.postMessage"))
    with pytest.raises(aiohttp.ClientError):
        await post(channel=hall.general, text="x")
    assert await taken() == 0

    await hall.sandbox.fault(Fault(FaultKind.DROP_AFTER_TAKING, "chat.postMessage"))
    with pytest.raises(aiohttp.ClientError):
        await post(channel=hall.general, text="there")
    assert await taken() == 1

    await hall.sandbox.fault(Fault(FaultKind.SLOW, "chat.postMessage", seconds=0.2))
    started = time.monotonic()
    await post(channel=hall.general, text="late")
    assert time.monotonic() - started >= 0.2
    assert [message.text for message in hall.channel().messages] == ["there", "late"]
    assert hall.sandbox.record.calls["chat.postMessage"] == 5


async def test_the_default_client_posts_twice_when_the_answer_is_lost(hall: Hall) -> None:
    await hall.sandbox.install(hall.space, hall.olga)
    await hall.sandbox.fault(Fault(FaultKind.DROP_AFTER_TAKING, "chat.postMessage"))
    default = AsyncWebClient(token=hall.sandbox.bot_token, base_url=hall.sandbox.url + "/api/")
    await default.chat_postMessage(channel=hall.general, text="twice")
    assert [taken.text for taken in hall.sandbox.record.taken] == ["twice", "twice"]


async def test_rates_are_kept(make_hall: Make) -> None:
    hall = await make_hall(rate_limits=True, rates={"users.info": (2, 60.0)})
    await hall.sandbox.install(hall.space, hall.olga)
    side = await hall.sandbox.add_channel(hall.space, "side")
    await hall.sandbox.invite_bot(side, hall.olga)
    for _ in range(5):
        await hall.post()
    with pytest.raises(SlackApiError) as limited:
        await hall.post()
    assert limited.value.response["error"] == "ratelimited"
    assert 1 <= int(limited.value.response.headers["Retry-After"]) <= 5
    await hall.client.chat_postMessage(channel=side, text="another channel")
    for _ in range(2):
        await hall.client.users_info(user=hall.olga)
    assert (await refusal(hall.client.users_info(user=hall.olga)))["error"] == "ratelimited"
    for _ in range(20):
        await hall.client.conversations_list()
    assert (await refusal(hall.client.conversations_list()))["error"] == "ratelimited"
