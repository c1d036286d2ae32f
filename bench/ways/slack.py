"""slack_bolt alone, and under our bot. Envelopes come as text, as out of the socket, into the library's own queue.

Both connections are to the same sandbox. Bare: an ``AsyncApp`` with one listener for each kind. Both send their
receipts, down to the socket.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from app.acting import World, find_control
from bench.ways.common import BURST, PLUGINS, Tally, Way, Ways, action_of, hall_of, store_with
from bots.slack import SlackBot, SlackSettings
from sandbox.slack import SlackSandbox

SAID = "A walk in the rain, with a dog"
EACH = 2
"""How often an envelope counts: by its handler and by its receipt."""


def _app(web: AsyncWebClient, tally: Tally) -> AsyncApp:
    """The library as its guide shows it, with listeners that do nothing."""
    app = AsyncApp(client=web)

    @app.action(action_of(0).encode())
    async def pressed(ack: Any) -> None:
        await ack()
        tally.one()

    @app.event("message")
    async def written() -> None:
        tally.one()

    return app


@asynccontextmanager
async def ways(tally: Tally, folder: Path) -> AsyncIterator[Ways]:
    """The bare app, and our bot with few and with many plugins."""
    sandbox = SlackSandbox(rate_limits=False)
    await sandbox.start()
    space = await sandbox.add_space("Harbour", owner="Olga")
    channel = await sandbox.add_channel(space, "lounge")
    member = await sandbox.join(space, "Mia", locale="de-DE")
    owner = next(one.id for one in sandbox.state().members if one.role == "owner")
    await sandbox.install(space, owner)
    store = await store_with(folder, "slack", space)
    settings = SlackSettings.model_validate(
        {"enabled": True, "bot_token": "xoxb-sandbox", "app_token": "xapp-sandbox", "api_url": sandbox.url}
    )
    bots = {str(count): SlackBot(settings) for count in PLUGINS}
    bot_web = AsyncWebClient("xoxb-sandbox", base_url=f"{sandbox.url}/api/")
    app_web = AsyncWebClient("xapp-sandbox", base_url=f"{sandbox.url}/api/")
    handler = AsyncSocketModeHandler(_app(bot_web, tally), "xapp-sandbox", web_client=app_web)
    bare = handler.client
    assert isinstance(bare, SocketModeClient)
    frames: list[dict[str, Any]] = []

    async def record(message: aiohttp.WSMessage) -> None:
        frames.append(json.loads(message.data))

    try:
        await handler.connect_async()
        bare.on_message_listeners.append(record)
        await bot_web.conversations_join(channel=channel)
        buttons = [
            {
                "type": "button",
                "text": {"type": "plain_text", "text": "Answer"},
                "action_id": action_of(0).encode(),
            }
        ]
        blocks = [
            {"type": "section", "text": {"type": "mrkdwn", "text": "*Question of the day*\nWhere do you walk?"}},
            {"type": "actions", "elements": buttons},
        ]
        await bot_web.chat_postMessage(channel=channel, text="Question of the day", blocks=blocks)
        shown, button = await find_control(World(sandbox, space, channel, owner), "Answer")
        await sandbox.press(member, shown.id, button.id, wait=0.2)
        await sandbox.type(member, channel, SAID)
        press, said = await _first(frames, _is_press), await _first(frames, _is_said)
        bare.on_message_listeners.clear()
        for count, bot in bots.items():
            await bot.start(hall_of(store, bot, int(count), tally))
            await bot.listen()
        lines: dict[str, Any] = {"bare": bare}
        lines |= {count: bot._line.connection for count, bot in bots.items() if bot._line}
        with patch.object(SocketModeClient, "send_message", _nowhere(tally)):
            yield {
                "press": {
                    name: _way(line, tally, _presses(press, 1 if name == "bare" else int(name)))
                    for name, line in lines.items()
                },
                "message": {name: _way(line, tally, _repeated(said)) for name, line in lines.items()},
            }
    finally:
        for bot in bots.values():
            await bot.stop()
        await handler.close_async()
        await store.close()
        await sandbox.stop()


def _is_press(payload: dict[str, Any]) -> bool:
    return payload.get("type") == "block_actions"


def _is_said(payload: dict[str, Any]) -> bool:
    event = payload.get("event", {})
    return event.get("type") == "message" and event.get("text") == SAID


async def _first(frames: list[dict[str, Any]], wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first frame of a kind, when it has come."""
    async with asyncio.timeout(5):
        while True:
            for frame in frames:
                if wanted(frame.get("payload") or {}):
                    return frame
            await asyncio.sleep(0.01)


def _nowhere(tally: Tally) -> Any:
    async def send_message(_client: SocketModeClient, _message: str) -> None:
        tally.one()

    return send_message


def _presses(frame: dict[str, Any], plugins: int) -> list[str]:
    """A burst of presses, spread over the plugins' buttons."""
    made = []
    for number in range(BURST):
        action = {**frame["payload"]["actions"][0], "action_id": action_of(number % plugins).encode()}
        payload = {**frame["payload"], "actions": [action], "trigger_id": f"{number}.1.a"}
        made.append(json.dumps({**frame, "envelope_id": f"e{number}", "payload": payload}))
    return made


def _repeated(frame: dict[str, Any]) -> list[str]:
    return [
        json.dumps({**frame, "envelope_id": f"e{n}", "payload": {**frame["payload"], "event_id": f"Ev{n}"}})
        for n in range(BURST)
    ]


def _way(line: Any, tally: Tally, frames: Sequence[str]) -> Way:
    async def run(count: int) -> None:
        for _ in range(count // BURST):
            due = tally.count + EACH * BURST
            for frame in frames:
                await line.enqueue_message(frame)
            await tally.until(due)

    return Way(run)
