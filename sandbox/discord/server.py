"""The HTTP server: every call on its way through the token, the faults and the rate limits to its endpoint."""

from __future__ import annotations

import asyncio
import time

from aiohttp import web

from sandbox.discord.errors import Refusal, no_route, unauthorized
from sandbox.discord.gateway import Gateway
from sandbox.discord.http import Call, Route, json_response, read
from sandbox.discord.limits import GLOBAL_REQUESTS, Buckets
from sandbox.discord.rest import Rest
from sandbox.discord.world import World
from sandbox.faults import CALL_FAULTS, Fault, FaultKind, Faults, Moment
from sandbox.rates import Window
from sandbox.record import Record, Refused

API = "/api/v10"
GATEWAY = "/gateway"
FILES = "/attachments/"
MAX_BODY_BYTES = 110 * 1024 * 1024
"""More than ten files of 10 MiB; a single one that is too large is refused by rule."""


class Limited(Exception):
    """A call is refused with 429."""

    def __init__(self, seconds: float, headers: dict[str, str], *, everywhere: bool = False) -> None:
        super().__init__("You are being rate limited.")
        self.seconds = seconds
        self.everywhere = everywhere
        # discord.py raises at once when there is no Via header: that is how Cloudflare's own bans look (ran).
        self.headers = headers | {
            "Via": "1.1 google",
            "Retry-After": str(max(1, round(seconds))),
            "X-RateLimit-Scope": "global" if everywhere else "user",
        }
        if everywhere:
            self.headers["X-RateLimit-Global"] = "true"


class Server:
    """Listens on 127.0.0.1 and answers as Discord's API, its gateway and its file store."""

    def __init__(
        self,
        world: World,
        gateway: Gateway,
        rest: Rest,
        faults: Faults,
        record: Record,
        *,
        token: str,
        global_rate: int | None = GLOBAL_REQUESTS,
    ) -> None:
        self._world = world
        self._gateway = gateway
        self._rest = rest
        self._faults = faults
        self._record = record
        self._authorization = f"Bot {token}"
        self._buckets = Buckets()
        self._global = None if global_rate is None else Window(global_rate, 1.0)
        self._runner: web.ServerRunner | None = None
        self.port = 0

    async def start(self, port: int) -> None:
        """Listen on ``port``, or on a free one when it is 0."""
        loop = asyncio.get_running_loop()
        server = web.Server(
            self._handle,
            access_log=None,
            request_factory=lambda message, payload, protocol, writer, task: web.BaseRequest(
                message, payload, protocol, writer, task, loop, client_max_size=MAX_BODY_BYTES
            ),
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, backlog=2048)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        await self._gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.rel_url.raw_path
        if path.startswith(API):
            return await self._call(request, request.path[len(API) :])
        if path.rstrip("/") == GATEWAY:
            return await self._gateway.serve(request)
        if path.startswith(FILES):
            return self._file(path)
        return json_response(404, no_route().body, {})

    def _file(self, path: str) -> web.Response:
        number = path.split("/")[-2]
        attachment = self._world.attachments.get(int(number)) if number.isdecimal() else None
        if attachment is None:
            return web.Response(status=404)
        return web.Response(body=attachment.content, content_type=attachment.content_type)

    async def _call(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        name = f"{request.method} {path}"
        headers: dict[str, str] = {}
        fault: Fault | None = None
        try:
            found = self._rest.routes.find(request.method, path)
            if found is None:
                raise no_route()
            route, variable = found
            name = route.name
            self._record.count(name)
            if not route.open and request.headers.get("Authorization") != self._authorization:
                raise unauthorized()
            self._faults.tell(Moment.ARRIVED, name, request.host)
            fault = self._faults.take(name, CALL_FAULTS)
            if fault is not None:
                await self._befall(fault)
            headers = self._limit(route, variable)
            call = Call(variable, dict(request.query) if request.query_string else {})
            await read(request, call)
            status, data = await route.handler(call)
            self._faults.tell(Moment.TAKEN, name, request.host)
        except ConnectionAbortedError:
            return self._cut(request)
        except Limited as limited:
            self._refused(name, 429, str(limited))
            body = {"message": str(limited), "retry_after": limited.seconds, "global": limited.everywhere}
            return json_response(429, body, limited.headers)
        except Refusal as refusal:
            self._refused(name, refusal.status, str(refusal))
            return json_response(refusal.status, refusal.body, headers)
        if fault is not None and fault.kind is FaultKind.DROP_AFTER_TAKING:
            return self._cut(request)
        if fault is not None and fault.kind is FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
        return json_response(status, data, headers)

    async def _befall(self, fault: Fault) -> None:
        """What an arranged failure does before the call is taken."""
        if fault.kind is FaultKind.RATE_LIMIT:
            raise Limited(fault.seconds, {})
        if fault.kind is FaultKind.SERVER_ERROR:
            raise Refusal(500, 0, "500: Internal Server Error")
        if fault.kind is FaultKind.DROP:
            raise ConnectionAbortedError
        if fault.kind is FaultKind.LATE:
            await asyncio.sleep(fault.seconds)

    @staticmethod
    def _cut(request: web.BaseRequest) -> web.Response:
        """Close the connection without an answer; what is returned can't be written any more."""
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _limit(self, route: Route, variable: tuple[str, ...]) -> dict[str, str]:
        if self._global is not None and not route.interaction:
            wait = self._global.take("", time.monotonic())
            if wait:
                raise Limited(wait, {}, everywhere=True)
        if route.limit is None:
            return {}
        key = variable[1 if route.open else 0] if variable else ""
        decision = self._buckets.take(route.bucket or route.name, key, route.limit)
        if decision.retry_after:
            raise Limited(decision.retry_after, decision.headers)
        return decision.headers

    def _refused(self, name: str, status: int, error: str) -> None:
        self._record.refused.append(Refused(time.time(), name, status, error))
