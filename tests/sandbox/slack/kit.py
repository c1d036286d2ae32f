"""A real slack_bolt app on the sandbox, with the few blocks that tests are made of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.control import ChannelView, MessageView
from sandbox.slack import SlackSandbox

JSON = dict[str, Any]


class Hall:
    """A sandbox with one workspace, Olga who owns it, and #general; an app that is not connected yet."""

    def __init__(self, sandbox: SlackSandbox) -> None:
        self.sandbox = sandbox
        self.app: AsyncApp
        self.client: AsyncWebClient
        self.space = self.olga = self.general = ""
        self.events: asyncio.Queue[JSON] = asyncio.Queue()
        self.bodies: list[JSON] = []
        self._handlers: list[AsyncSocketModeHandler] = []
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        await self.sandbox.start()
        self.space = await self.sandbox.add_space("The Hall", owner="Olga")
        self.olga = self.sandbox.state().members[0].id
        self.general = await self.sandbox.add_channel(self.space, "general")
        self._session = aiohttp.ClientSession()
        url = self.sandbox.url + "/api/"
        self.client = AsyncWebClient(
            token=self.sandbox.bot_token, base_url=url, session=self._session, retry_handlers=[]
        )
        self.app = AsyncApp(client=self.client)
        self.app.use(self._keep)

    async def _keep(self, body: JSON, next: Any) -> None:  # noqa: A002 - bolt passes it by this name
        self.bodies.append(body)
        await next()

    def listen(self, *kinds: str) -> None:
        """Put every event of these types into ``events``."""

        async def keep(event: JSON) -> None:
            await self.events.put(event)

        for kind in kinds:
            self.app.event(kind)(keep)

    async def event(self) -> JSON:
        """The next event that was listened to."""
        return await asyncio.wait_for(self.events.get(), 5)

    async def connect(self) -> AsyncSocketModeHandler:
        handler = AsyncSocketModeHandler(self.app, self.sandbox.app_token, ping_interval=1)
        self._handlers.append(handler)
        await handler.connect_async()
        await until(lambda: self.sandbox.socket.connections >= len(self._handlers))
        return handler

    async def run(self) -> None:
        """Connect, and install the app."""
        await self.connect()
        await self.sandbox.install(self.space, self.olga)

    async def stop(self) -> None:
        for handler in self._handlers:
            await handler.close_async()
        await self.sandbox.stop()
        if self._session is not None:
            await self._session.close()

    # -- short forms -------------------------------------------------------------------------------------------
    async def post(self, *blocks: JSON, text: str = "hello", **more: Any) -> str:
        """The bot posts in #general; the message's ts."""
        answer = await self.client.chat_postMessage(channel=self.general, text=text, blocks=list(blocks), **more)
        return str(answer["ts"])

    def channel(self, channel: str = "") -> ChannelView:
        return next(item for item in self.sandbox.state().channels if item.id == (channel or self.general))

    def message(self, ts: str, channel: str = "") -> MessageView:
        return next(item for item in self.channel(channel).messages if item.id == ts)


async def until(what: Callable[[], bool]) -> None:
    """Wait until something is so."""
    for _ in range(500):
        if what():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("that did not come about")


async def refusal(call: Any) -> JSON:
    """Await a Web API call that must be refused; Slack's answer."""
    try:
        await call
    except SlackApiError as error:
        answer: JSON = dict(error.response.data)
        return answer
    raise AssertionError("the call was taken")


def plain(text: str) -> JSON:
    return {"type": "plain_text", "text": text}


def option(value: str, label: str = "") -> JSON:
    return {"text": plain(label or value), "value": value}


def button(action: str, **more: Any) -> JSON:
    return {"type": "button", "action_id": action, "text": plain("Press"), **more}


def actions(*elements: JSON, **more: Any) -> JSON:
    return {"type": "actions", "elements": list(elements), **more}


def field(block_id: str, element: JSON | None = None, **more: Any) -> JSON:
    element = element or {"type": "plain_text_input", "action_id": "typed"}
    return {"type": "input", "block_id": block_id, "label": plain("Label"), "element": element, **more}


def modal(*blocks: JSON, callback_id: str = "form", **more: Any) -> JSON:
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain("Title"),
        "submit": plain("Send"),
        "blocks": list(blocks),
        **more,
    }
