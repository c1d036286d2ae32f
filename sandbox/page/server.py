"""Serves the page and, under each platform's name, the control interface that the page acts through."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.control import STREAM_PING_SECONDS, Platform, control_application
from sandbox.page.guard import headers, origin_of, own_visitors

STATIC = Path(__file__).parent / "static"
STREAM_REST_SECONDS = 0.05
"""Between two events of one stream, so that a busy second is drawn some twenty times and not for every message."""
COUNT_REST_SECONDS = 0.2
"""Between two counts of the answers: a store that is busy taking them is not asked more often."""
STOP_SECONDS = 0.2
"""How long a stop waits for acts that are under way."""

log = logging.getLogger(__name__)


class Page:
    """The page, on loopback alone.

    ``beside`` gives the address of the manager's page for each visit, shown in a frame. ``answered`` gives how many
    answers count so far, by platform name; it is asked again after visible changes, so that the page never polls.
    """

    def __init__(
        self,
        platforms: Sequence[Platform],
        *,
        beside: Callable[[], str] | None = None,
        answered: Callable[[], Awaitable[Mapping[str, int]]] | None = None,
    ) -> None:
        self._platforms = tuple(platforms)
        self._beside = beside or (lambda: "")
        self._answered = answered
        self._counts: dict[str, int] | None = None
        self._dirty = asyncio.Event()
        self._wakes: set[asyncio.Event] = set()
        self._framed = ""
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []
        self._runner: web.AppRunner | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """The address, ``http://127.0.0.1:PORT/``. Raises :class:`RuntimeError` before the start."""
        if not self._url:
            raise RuntimeError("the page has no address before it was started")
        return self._url

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1, on ``port`` or a free one."""
        application = web.Application(middlewares=[own_visitors])
        application.on_response_prepare.append(self._protect)
        application.router.add_get("/", self._index)
        application.router.add_get("/page.json", self._about)
        application.router.add_get("/stream", self._stream)
        application.router.add_static("/static/", STATIC)
        for platform in self._platforms:
            application.add_subapp(f"/{platform.name}/", control_application(platform))
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=STOP_SECONDS)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self._url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        for platform in self._platforms:
            self._run(self._watch(platform))
        if self._answered is not None:
            self._dirty.set()
            self._run(self._count(self._answered))

    async def stop(self) -> None:
        """End every stream and stop listening."""
        self._stopping = True
        self._wake()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # -- what changes ------------------------------------------------------------------------------------------
    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work))

    async def _watch(self, platform: Platform) -> None:
        seen = platform.revision
        while True:
            now = await platform.until(seen, STREAM_PING_SECONDS)
            if now != seen:
                seen = now
                self._dirty.set()
                self._wake()

    async def _count(self, answered: Callable[[], Awaitable[Mapping[str, int]]]) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            try:
                counts = dict(await answered())
            except Exception:  # the figure is a guest here: whatever it stumbles over, the page goes on
                log.exception("the answers could not be counted")
            else:
                if counts != self._counts:
                    self._counts = counts
                    self._wake()
            await asyncio.sleep(COUNT_REST_SECONDS)

    def _wake(self) -> None:
        for wake in self._wakes:
            wake.set()

    def _now(self) -> dict[str, Any]:
        return {"revisions": {p.name: p.revision for p in self._platforms}, "answered": self._counts}

    # -- answers -----------------------------------------------------------------------------------------------
    async def _protect(self, _: web.Request, response: web.StreamResponse) -> None:
        images = tuple(origin for p in self._platforms if (origin := origin_of(_address(p))))
        response.headers.update(headers(self._frames(), images))

    def _frames(self) -> str:
        """Where the manager's page comes from. Its address may be made anew each time, a sign-in link; this stays."""
        if not self._framed:
            self._framed = origin_of(self._beside())
        return self._framed

    async def _index(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / "index.html")

    async def _about(self, _: web.Request) -> web.Response:
        return web.json_response({"platforms": [p.name for p in self._platforms], "beside": self._beside()})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """One stream for all platforms: a browser keeps few connections to one host, and acts need some too."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        wake = asyncio.Event()
        self._wakes.add(wake)
        shown: dict[str, Any] | None = None
        try:
            while not self._stopping:
                wake.clear()
                now = self._now()
                line = f"data: {json.dumps(now)}\n\n" if now != shown else ": still here\n\n"
                await response.write(line.encode())
                shown = now
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(wake.wait(), STREAM_PING_SECONDS)
                if not self._stopping:
                    await asyncio.sleep(STREAM_REST_SECONDS)
        except ConnectionResetError:
            pass  # the window was closed
        finally:
            self._wakes.discard(wake)
        return response


def _address(platform: Platform) -> str:
    """A platform's address, empty before its start: the page may be up first."""
    try:
        return platform.url
    except (RuntimeError, AttributeError):
        return ""
