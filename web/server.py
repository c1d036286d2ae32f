"""The web server: health for machines, pages for managers. Every route says who may call it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from web.files import MAX_REQUEST_BYTES, file_routes
from web.health import health_routes
from web.manager import manager_routes
from web.posts import post_routes
from web.sign_in import SignIn

if TYPE_CHECKING:
    from core.hall import Hall

CLOSE_SECONDS = 0.3
"""How long open requests may take when the process stops."""


class Web:
    """Pages and health of one hall."""

    def __init__(self, hall: Hall, *, host: str, port: int) -> None:
        self.sign_in = SignIn(hall.clock)
        self._host = host
        self._port = port
        self._application = web.Application(middlewares=[protect], client_max_size=MAX_REQUEST_BYTES)
        self._application.add_routes(health_routes(hall))
        self._application.add_routes(manager_routes(hall, self.sign_in))
        self._application.add_routes(post_routes(hall, self.sign_in))
        self._application.add_routes(file_routes(hall, self.sign_in))
        self._runner: web.AppRunner | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """The address, ``http://HOST:PORT``; empty before the start."""
        return self._url

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._runner = web.AppRunner(self._application, access_log=None, shutdown_timeout=CLOSE_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        port = self._runner.addresses[0][1]
        self._url = f"http://{self._host}:{port}"

    async def stop(self) -> None:
        """Stop listening. Idempotent."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


@web.middleware
async def protect(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Headers for every answer: nothing is cached (but pictures), guessed, or run from elsewhere."""
    try:
        response = await handler(request)
    except web.HTTPException as error:  # an answer, too
        _guard(error)
        raise
    _guard(response)
    return response


def _guard(response: web.StreamResponse) -> None:
    """Pictures come from us, or from the https address that a message of ours names: as a picture nothing can run."""
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' https:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors http://127.0.0.1:* http://localhost:*"
    )
