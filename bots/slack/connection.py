"""The Socket Mode connection: the library's, with an end to its trying, and bolt behind it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.client import LIBRARY
from bots.slack.errors import said
from core.bot import Health

PING_SECONDS = 5.0
"""Seconds between two pings; after four without an answer the library connects anew."""
ADDRESS_SECONDS = 15.0
"""How long one address is tried. It holds a ticket for one connection, and the library would try it for ever."""


class Connection(SocketModeClient):
    """One app's connection. Keeps ``health``; envelopes go through bolt, each in the task that the library made."""

    def __init__(
        self, app: AsyncApp, web: AsyncWebClient, app_token: str, health: Health, now: Callable[[], datetime]
    ) -> None:
        self._app = app
        self._health = health
        self._now = now
        self._pong: float | None = None
        self._busy: set[asyncio.Task[Any]] = set()
        self.ready = asyncio.Event()
        """Slack has said hello, it sends events from now on; or it never will, because this was left."""
        super().__init__(
            app_token=app_token,
            logger=LIBRARY,
            web_client=web,
            ping_interval=PING_SECONDS,
            on_message_listeners=[self._heard],
        )
        self.proxy = web.proxy
        self.message_listeners.append(self._hello)
        self.socket_mode_request_listeners.append(self._envelope)

    # -- health ----------------------------------------------------------------------------------------------------
    @property
    def last_ping_pong_time(self) -> float | None:
        """When the last ping that was answered went out; the library sets it at each pong."""
        return self._pong

    @last_ping_pong_time.setter
    def last_ping_pong_time(self, value: float | None) -> None:
        if value is not None and value != self._pong:
            self._health.last_frame = self._now()
        self._pong = value

    async def _heard(self, _: aiohttp.WSMessage) -> None:
        self._health.last_frame = self._now()

    async def _hello(self, _: AsyncBaseSocketModeClient, message: dict[str, Any], __: str | None = None) -> None:
        if message.get("type") == "hello":
            self.ready.set()
            self.message_listeners.clear()

    async def is_connected(self) -> bool:
        """Whether the line stands. The library asks every few seconds."""
        self._health.connected = await super().is_connected()
        return self._health.connected

    # -- life ------------------------------------------------------------------------------------------------------
    async def issue_new_wss_url(self) -> str:
        """The address for one connection."""
        try:
            return await super().issue_new_wss_url()
        except SlackApiError as error:
            self._health.detail = f"{said(error)}, asked for a connection with slack.app_token"
            raise

    async def connect(self) -> None:
        """Connect, with a new address now and then."""
        while not self.closed:
            try:
                async with asyncio.timeout(ADDRESS_SECONDS):
                    await super().connect()  # type: ignore[no-untyped-call]  # the library leaves it untyped
                    break
            except TimeoutError:
                self.wss_uri = None
        self._health.connected, self._health.detail = not self.closed, ""

    async def leave(self, seconds: float) -> None:
        """Close, within so many seconds, and leave no task behind."""
        self.ready.set()
        if self._busy:  # acknowledgements that are on their way out
            await asyncio.wait(self._busy, timeout=seconds / 2)
        tasks: list[asyncio.Future[Any] | None] = [*self._busy]
        with contextlib.suppress(TimeoutError, OSError, aiohttp.ClientError):
            async with asyncio.timeout(seconds / 2):
                await self.close()  # type: ignore[no-untyped-call]  # the same
        await self.aiohttp_client_session.close()
        tasks += [self.message_processor, self.current_session_monitor, self.message_receiver]
        left = [task for task in tasks if task is not None]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        self._health.connected = False

    # -- envelopes -------------------------------------------------------------------------------------------------
    async def _envelope(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._busy.add(task)
        try:
            response = await run_async_bolt_app(self._app, request)
            await send_async_response(client, request, response, 0.0)
        finally:
            if task is not None:
                self._busy.discard(task)
