"""Socket Mode: envelopes out over WebSockets, acknowledgements back.

Source: docs.slack.dev/apis/events-api/using-socket-mode and slack_sdk.socket_mode. What a client does with an
envelope was read in slack_sdk.socket_mode.aiohttp.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.faults import EVENT_FAULTS, Fault, FaultKind, Faults
from sandbox.slack.world import JSON

ACK_SECONDS = 3.0
"""An envelope must be acknowledged within this time (documented)."""
REDELIVERY_SECONDS = (0.0, 60.0, 300.0)
"""An event that was not acknowledged comes again at once, after a minute and after five (documented)."""
CLOSE_SECONDS = 1.0
"""How long a closing WebSocket waits for the other side to agree."""
MOST_CONNECTIONS = 10
"""Open WebSockets per app (documented)."""


@dataclass(eq=False)
class Connection:
    """One WebSocket of the app, with the envelopes on it that wait to be acknowledged."""

    socket: web.WebSocketResponse
    waiting: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Ack:
    """An acknowledgement: when it came (monotonic) and what it carried."""

    at: float
    payload: JSON


class SocketMode:
    """All Socket Mode connections of one app. Each envelope goes to one of them, in turn."""

    def __init__(self, faults: Faults, *, app_id: str, ack_seconds: float, redelivery: tuple[float, ...]) -> None:
        self._faults = faults
        self._app_id = app_id
        self._ack_seconds = ack_seconds
        self._redelivery = redelivery
        self._tickets: set[str] = set()
        self._connections: list[Connection] = []
        self._turn = itertools.count()
        self._anyone = asyncio.Event()
        self._waiting: dict[str, asyncio.Future[Ack | None]] = {}
        self._held: list[tuple[str, JSON]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._losing = False

    @property
    def connected(self) -> bool:
        """Whether the app has a connection open."""
        return bool(self._connections)

    @property
    def connections(self) -> int:
        """How many connections the app has open."""
        return len(self._connections)

    # -- connections -------------------------------------------------------------------------------------------
    def new_ticket(self) -> str:
        """A ticket for one connection; apps.connections.open hands it out inside the address."""
        ticket = secrets.token_hex(16)
        self._tickets.add(ticket)
        return ticket

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Hold one connection until it closes."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=401, text="invalid_auth")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(timeout=CLOSE_SECONDS, compress=False)
        await socket.prepare(request)
        if len(self._connections) >= MOST_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets", "debug_info": {}})
            await socket.close()
            return socket
        connection = Connection(socket)
        await socket.send_json(
            {
                "type": "hello",
                "num_connections": len(self._connections) + 1,
                "debug_info": {"host": "applink-sandbox", "build_number": 1, "approximate_connection_time": 18060},
                "connection_info": {"app_id": self._app_id},
            }
        )
        self._connections.append(connection)
        self._losing = False
        self._anyone.set()
        try:
            async for frame in socket:
                if frame.type == WSMsgType.TEXT:
                    self._acknowledged(connection, json.loads(frame.data))
        finally:
            self._closed(connection)
        return socket

    def _acknowledged(self, connection: Connection, frame: JSON) -> None:
        envelope = str(frame.get("envelope_id", ""))
        connection.waiting.discard(envelope)
        future = self._waiting.pop(envelope, None)
        if future is not None and not future.done():
            payload = frame.get("payload")
            future.set_result(Ack(time.monotonic(), payload if isinstance(payload, dict) else {}))

    def _closed(self, connection: Connection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
        if not self._connections:
            self._anyone.clear()
        for envelope in connection.waiting:
            future = self._waiting.pop(envelope, None)
            if future is not None and not future.done():
                future.set_result(None)
        connection.waiting.clear()

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Ask every connection politely to be replaced, as Slack does every few hours, then close the old ones."""
        for connection in list(self._connections):
            await connection.socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {}})

    async def disconnect(self, *, lose: bool = False) -> None:
        """Close every connection without a word. With ``lose`` events are lost until somebody connects."""
        self._losing = lose
        closing = list(self._connections)
        for connection in closing:
            self._closed(connection)
        await asyncio.gather(*(connection.socket.close(code=1001) for connection in closing))

    async def stop(self) -> None:
        """Close every connection and forget what is under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.disconnect()

    # -- envelopes ---------------------------------------------------------------------------------------------
    async def interact(self, kind: str, name: str, payload: JSON) -> Ack | None:
        """Send an interaction or a slash command once; None when it was not acknowledged in time.

        Slack never sends these again. ``name`` is what a fault is matched with.
        """
        fault = self._faults.take(name, EVENT_FAULTS)
        if fault is not None and fault.kind is FaultKind.DUPLICATE:
            self._spawn(self._once(kind, payload))
        if fault is not None and fault.kind is FaultKind.REORDER:
            await asyncio.sleep(fault.seconds)
        return await self._attempt(kind, payload, {"accepts_response_payload": True})

    def emit(self, name: str, payload: JSON) -> None:
        """Send an event, and again until it is acknowledged or was tried often enough."""
        if self._losing:
            return
        fault = self._faults.take(name, EVENT_FAULTS)
        if fault is not None and fault.kind is FaultKind.REORDER:
            self._hold(fault, name, payload)
            return
        for _ in range(2 if fault is not None else 1):
            self._spawn(self._deliver(payload))
        held, self._held = self._held, []
        for _name, late in held:
            self._spawn(self._deliver(late))

    def _hold(self, fault: Fault, name: str, payload: JSON) -> None:
        """Keep an event back until the next was sent, or ``fault.seconds`` went by without one."""
        item = (name, payload)
        self._held.append(item)

        def release() -> None:
            if item in self._held:
                self._held.remove(item)
                self._spawn(self._deliver(payload))

        asyncio.get_running_loop().call_later(fault.seconds, release)

    async def _deliver(self, payload: JSON) -> None:
        reason = ""
        for attempt, delay in enumerate((0.0, *self._redelivery)):
            if delay:
                await asyncio.sleep(delay)
            more = {"accepts_response_payload": False, "retry_attempt": attempt, "retry_reason": reason}
            if await self._attempt("events_api", payload, more) is not None:
                return
            reason = "timeout"

    async def _once(self, kind: str, payload: JSON) -> None:
        await self._attempt(kind, payload, {"accepts_response_payload": True})

    async def _attempt(self, kind: str, payload: JSON, more: JSON) -> Ack | None:
        """Send on one connection, waiting for one to open; the acknowledgement, or None after the deadline."""
        envelope = secrets.token_hex(16)
        connection: Connection | None = None
        try:
            async with asyncio.timeout(self._ack_seconds):
                await self._anyone.wait()
                connection = self._connections[next(self._turn) % len(self._connections)]
                future: asyncio.Future[Ack | None] = asyncio.get_running_loop().create_future()
                self._waiting[envelope] = future
                connection.waiting.add(envelope)
                frame = {"envelope_id": envelope, "payload": payload, "type": kind, **more}
                await connection.socket.send_str(json.dumps(frame))
                return await future
        except (TimeoutError, ConnectionError):
            return None
        finally:
            self._waiting.pop(envelope, None)
            if connection is not None:
                connection.waiting.discard(envelope)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
