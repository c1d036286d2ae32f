"""The HTTP side: the Web API under /api/, Socket Mode under /link, response addresses, uploaded files."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Mapping

from aiohttp import web

from sandbox.faults import CALL_FAULTS, Fault, FaultKind, Faults, Moment
from sandbox.rates import Window
from sandbox.record import Refused
from sandbox.slack.hooks import answer_hook
from sandbox.slack.methods import METHODS, Arguments, Method, Refusal, Tier
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON

BODY_BYTES = 64 * 1024**2
POST_BURST = 5
"""Messages a channel takes at once; over any so many seconds it takes one a second. Slack names no number for its
"short bursts" (documented without one)."""
CONNECTION_BURST = 10
"""Tier 1 with a little burst: so many calls in so many minutes (documented without a number)."""


class Rates:
    """Rate limits per method and workspace, for posting per channel. ``lifted``: none at all.

    ``only`` sets a method's own limit as (calls, seconds).
    """

    def __init__(self, *, lifted: bool = False, only: Mapping[str, tuple[int, float]] | None = None) -> None:
        self._lifted = lifted
        self._only = {name: Window(*limit) for name, limit in (only or {}).items()}
        self._tiers = {
            Tier.ONE: Window(CONNECTION_BURST, 60.0 * CONNECTION_BURST),
            Tier.TWO: Window(Tier.TWO.value, 60.0),
            Tier.THREE: Window(Tier.THREE.value, 60.0),
            Tier.FOUR: Window(Tier.FOUR.value, 60.0),
            Tier.POST: Window(POST_BURST, float(POST_BURST)),
        }

    def take(self, method: Method, channel: str) -> float:
        """Count a call; the seconds to wait when it comes too early, else 0."""
        if self._lifted:
            return 0.0
        window = self._only.get(method.name) or self._tiers.get(method.tier)
        if window is None:
            return 0.0
        key = f"{method.name}/{channel}" if method.tier is Tier.POST else method.name
        return window.take(key, time.monotonic())


class Server:
    """Answers what a Slack library asks for."""

    def __init__(self, workspace: Workspace, faults: Faults, rates: Rates, *, bot_token: str, app_token: str) -> None:
        self._workspace = workspace
        self._faults = faults
        self._rates = rates
        self._bot_token = bot_token
        self._app_token = app_token

    def application(self) -> web.Application:
        """The routes."""
        application = web.Application(client_max_size=BODY_BYTES)
        application.router.add_route("*", "/api/{method}", self._api)
        application.router.add_get("/link", self._workspace.socket.serve)
        application.router.add_post("/hooks/{path}", self._hook)
        application.router.add_post("/upload/v1/{file}", self._upload)
        application.router.add_get("/files/{file}/{name}", self._file)
        return application

    # -- the Web API -------------------------------------------------------------------------------------------
    async def _api(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        self._workspace.record.count(name)
        self._faults.tell(Moment.ARRIVED, name, request.host)
        fault = self._faults.take(name, CALL_FAULTS)
        early = self._fail_early(name, fault, request)
        if early is not None:
            return early
        values = await self._values(request)
        if fault is not None and fault.kind is FaultKind.LATE:
            await asyncio.sleep(fault.seconds)
        response = await self._call(name, request, values)
        return await self._fail_late(fault, request, response)

    async def _call(self, name: str, request: web.Request, values: JSON | None) -> web.Response:
        workspace = self._workspace
        method = METHODS.get(name)
        try:
            if method is None:
                raise Refusal("unknown_method", req_method=name)
            if values is None:
                raise Refusal("invalid_json")
            self._authorise(method, request, values)
            arguments = Arguments(values)
            wait = self._rates.take(method, arguments.text("channel"))
            if wait > 0:
                return self._limited(name, wait)
            if method.scopes and not workspace.scopes.intersection(method.scopes):
                raise Refusal("missing_scope", needed=method.scopes[0], provided=",".join(sorted(workspace.scopes)))
            body: JSON = {"ok": True, **await method.handler(workspace, arguments)}
            self._faults.tell(Moment.TAKEN, name, request.host)
        except Refusal as refusal:
            self._refused(name, 200, refusal.error)
            body = {"ok": False, "error": refusal.error, **refusal.more}
        headers = {"x-oauth-scopes": ",".join(sorted(workspace.scopes))}
        if method is not None:
            headers["x-accepted-oauth-scopes"] = ",".join(method.scopes)
        return web.json_response(body, headers=headers)

    def _authorise(self, method: Method, request: web.Request, values: JSON) -> None:
        """Refuse a token that is missing, wrong, of the wrong kind or of a removed app."""
        header = request.headers.get("Authorization", "")
        token = header.removeprefix("Bearer ").strip() or str(values.get("token", ""))
        if not token:
            raise Refusal("not_authed")
        if token not in (self._bot_token, self._app_token):
            raise Refusal("invalid_auth")
        if method.app_token != (token == self._app_token):
            raise Refusal("not_allowed_token_type")
        if token == self._bot_token and self._workspace.shut:
            raise Refusal(self._workspace.shut)

    @staticmethod
    async def _values(request: web.Request) -> JSON | None:
        """Arguments out of the query and the body; None when the body says JSON and is none."""
        values: JSON = dict(request.query)
        if request.content_type == "application/json":
            try:
                body = json.loads(await request.read() or b"{}")
            except ValueError:
                return None
            if not isinstance(body, dict):
                return None
            values |= body
        elif request.can_read_body:
            values |= {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
        return values

    # -- failures ----------------------------------------------------------------------------------------------
    def _refused(self, name: str, status: int, error: str) -> None:
        self._workspace.record.refused.append(Refused(time.time(), name, status, error))

    def _limited(self, name: str, wait: float) -> web.Response:
        self._refused(name, 429, "ratelimited")
        return web.json_response(
            {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(max(1, math.ceil(wait)))}
        )

    def _fail_early(self, name: str, fault: Fault | None, request: web.Request) -> web.Response | None:
        """What a fault answers before anything is taken."""
        if fault is None:
            return None
        if fault.kind is FaultKind.RATE_LIMIT:
            return self._limited(name, fault.seconds)
        if fault.kind is FaultKind.SERVER_ERROR:
            self._refused(name, 500, "internal_error")
            return web.json_response({"ok": False, "error": "internal_error"}, status=500)
        if fault.kind is FaultKind.DROP:
            self._refused(name, 0, "dropped")
            return self._cut(request)
        return None

    async def _fail_late(self, fault: Fault | None, request: web.Request, response: web.Response) -> web.Response:
        """What a fault does to the answer of a call that was taken."""
        if fault is not None and fault.kind is FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind is FaultKind.DROP_AFTER_TAKING:
            return self._cut(request)
        return response

    @staticmethod
    def _cut(request: web.Request) -> web.Response:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    # -- the rest ----------------------------------------------------------------------------------------------
    async def _hook(self, request: web.Request) -> web.StreamResponse:
        name = "response_url"
        self._workspace.record.count(name)
        fault = self._faults.take(name, CALL_FAULTS)
        early = self._fail_early(name, fault, request)
        if early is not None:
            return early
        try:
            answer_hook(self._workspace, request.match_info["path"], await self._values(request))
            response = web.Response(text="ok", content_type="text/html")
        except Refusal as refusal:
            # Seen: 404 for blocks that it does not take, and nothing about which (slackapi/java-slack-sdk#1349).
            status = 404 if refusal.error in ("used_url", "expired_url", "invalid_blocks") else 400
            self._refused(name, status, refusal.error)
            response = web.json_response({"ok": False, "error": refusal.error}, status=status)
        return await self._fail_late(fault, request, response)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        self._workspace.record.count("upload")
        fault = self._faults.take("upload", CALL_FAULTS)
        early = self._fail_early("upload", fault, request)
        if early is not None:
            return early
        if fault is not None and fault.kind is FaultKind.LATE:
            await asyncio.sleep(fault.seconds)
        uploads = self._workspace.uploads
        file = uploads.files.get(request.match_info["file"])
        if file is None:
            return web.Response(status=404, text="not_found")
        if request.content_type == "multipart/form-data":  # documented beside the bare bytes
            parts = [one.file.read() for one in (await request.post()).values() if isinstance(one, web.FileField)]
            content = b"".join(parts)
        else:
            content = await request.read()
        if len(content) != file["size"]:
            return web.Response(status=400, text="length_mismatch")  # documented: length; the words are ours
        uploads.contents[file["id"]] = content
        return await self._fail_late(fault, request, web.Response(text=f"OK - {len(content)}"))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        file = request.match_info["file"]
        uploads = self._workspace.uploads
        content = uploads.contents.get(file)
        if content is None:
            return web.Response(status=404)
        return web.Response(body=content, content_type=uploads.files[file]["mimetype"])
