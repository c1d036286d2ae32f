"""The HTTP side: tokens, faults, answers in the Bot API's shape, the webhook's posts."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from typing import Any

import aiohttp
from aiohttp import web

from sandbox.faults import CALL_FAULTS, FaultKind, Faults, Moment
from sandbox.pictures import media_type
from sandbox.record import Refused
from sandbox.telegram import rules
from sandbox.telegram.backend import Backend
from sandbox.telegram.errors import ApiError, DroppedError
from sandbox.telegram.methods import METHODS
from sandbox.telegram.methods.bot import note_webhook_error, remember_allowed
from sandbox.telegram.params import Params, read_params
from sandbox.telegram.wire import encode

_BY_NAME = {name.lower(): name for name in (*METHODS, "getUpdates")}
MAX_BODY = 60 * 1024 * 1024
"""Bytes of a request: the largest upload and its wrapping."""
WEBHOOK_RETRY_SECONDS = (0.2, 1.0, 5.0, 30.0)
"""When a refused webhook post is tried again; the last one repeats. The real times are not documented."""


class Server:
    """Answers one bot's calls."""

    def __init__(self, backend: Backend, token: str, faults: Faults) -> None:
        self._backend = backend
        self._token = token
        self._faults = faults
        self._runner: web.AppRunner | None = None
        self._webhook: asyncio.Task[None] | None = None
        self.port = 0

    async def start(self, port: int) -> None:
        """Listen on loopback."""
        application = web.Application(client_max_size=MAX_BODY)
        application.router.add_route("*", "/bot{token}/{method}", self._call)
        application.router.add_get("/file/bot{token}/{path:.+}", self._file)
        application.router.add_get("/media/{file}", self._media)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self._webhook = asyncio.create_task(self._post_updates())

    async def stop(self) -> None:
        """Close the open poll and every connection."""
        if self._webhook is not None:
            self._webhook.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._webhook
            self._webhook = None
        self._backend.updates.disconnect()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # -- calls
    async def _call(self, request: web.Request) -> web.StreamResponse:
        name = _BY_NAME.get(request.match_info["method"].lower(), "")
        try:
            if (refusal := self._refusal(request.match_info["token"], name)) is not None:
                raise refusal.error()
            self._backend.record.count(name)
            params = await read_params(request)
            self._faults.tell(Moment.ARRIVED, name, request.host)
            fault = self._faults.take(name, CALL_FAULTS)
            kind = fault.kind if fault is not None else None
            if kind is FaultKind.DROP:
                raise DroppedError
            if kind is FaultKind.SERVER_ERROR:
                raise rules.SERVER_ERROR.error()
            if fault is not None and kind is FaultKind.RATE_LIMIT:
                seconds = max(1, math.ceil(fault.seconds))
                raise rules.TOO_MANY.error(retry_after=seconds, seconds=seconds)
            if fault is not None and kind is FaultKind.LATE:
                await asyncio.sleep(fault.seconds)
            body = await self._answer(name, params)
            self._faults.tell(Moment.TAKEN, name, request.host)
            if kind is FaultKind.DROP_AFTER_TAKING:
                raise DroppedError
            if fault is not None and kind is FaultKind.SLOW:
                await asyncio.sleep(fault.seconds)
        except ApiError as error:
            if request.transport is None:  # The bot went away from its poll: nobody is refused anything.
                return web.Response()
            return self._refused(name or request.match_info["method"], error)
        except DroppedError:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return web.Response(body=body, content_type="application/json")

    def _refusal(self, token: str, name: str) -> rules.Rule | None:
        if token != self._token:
            number, _, secret = token.partition(":")
            return rules.UNAUTHORIZED if number.isdigit() and secret else rules.NOT_FOUND
        return None if name else rules.NOT_FOUND

    async def _answer(self, name: str, params: Params) -> bytes:
        if name == "getUpdates":
            updates = self._backend.updates
            remember_allowed(self._backend, params)
            if not updates.connected:
                self._backend.changed()
            return await updates.poll(
                params.integer("offset"), params.integer("limit", 100), params.integer("timeout")
            )
        result = METHODS[name](self._backend, params)
        return encode({"ok": True, "result": result}).encode()

    def _refused(self, name: str, error: ApiError) -> web.Response:
        self._backend.record.refused.append(Refused(time.time(), name, error.code, error.description))
        headers = {"Retry-After": str(error.retry_after)} if error.retry_after else None
        return web.json_response(error.body(), status=error.code, headers=headers)

    # -- files
    async def _file(self, request: web.Request) -> web.Response:
        if request.match_info["token"] != self._token:
            raise web.HTTPUnauthorized
        path = request.match_info["path"]
        stored = next((stored for stored in self._backend.files.values() if stored.path == path), None)
        if stored is None:
            raise web.HTTPNotFound
        return web.Response(body=stored.upload.content)

    async def _media(self, request: web.Request) -> web.Response:
        """What people see of an uploaded file; the page needs no token for it."""
        stored = self._backend.files.get(request.match_info["file"])
        if stored is None:
            raise web.HTTPNotFound
        kind = media_type(stored.upload.content) or "application/octet-stream"
        return web.Response(body=stored.upload.content, content_type=kind)

    # -- webhook
    async def _post_updates(self) -> None:
        """Post what waits to the webhook, for as long as one is set."""
        backend, updates = self._backend, self._backend.updates
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            failures = 0
            while True:
                if not updates.webhook:
                    backend.webhook_changed.clear()
                    await backend.webhook_changed.wait()
                    continue
                if not updates.pending:
                    updates.arrived.clear()
                    await updates.arrived.wait()
                    continue
                batch = updates.next_batch(backend.webhook_info["max_connections"])
                taken = await asyncio.gather(*(self._post(session, body) for _, body in batch))
                failed = [entry for entry, ok in zip(batch, taken, strict=True) if not ok]
                updates.put_back(failed)
                failures = failures + 1 if failed else 0
                if failures:
                    await asyncio.sleep(WEBHOOK_RETRY_SECONDS[min(failures, len(WEBHOOK_RETRY_SECONDS)) - 1])

    async def _post(self, session: aiohttp.ClientSession, body: bytes) -> bool:
        info: dict[str, Any] = self._backend.webhook_info
        headers = {"Content-Type": "application/json"}
        if info["secret"]:
            headers["X-Telegram-Bot-Api-Secret-Token"] = info["secret"]
        try:
            async with session.post(self._backend.updates.webhook, data=body, headers=headers) as response:
                if response.status < 300:
                    return True
                note_webhook_error(self._backend, f"Wrong response from the webhook: {response.status}")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            note_webhook_error(self._backend, str(error) or type(error).__name__)
        return False
