"""Who may talk to the page: a browser that opened it on this machine, and nobody through another website."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_READING = frozenset({"GET", "HEAD"})
_NEVER = {
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@web.middleware
async def own_visitors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse what comes through a foreign name or from a foreign page, with 403.

    A website that a person visits can send requests to loopback, and by a name of its own that points there (DNS
    rebinding) even read the answers. Without this check, it could act as a member.
    """
    if _hostname(request.host) not in LOOPBACK:
        raise web.HTTPForbidden(text="This page answers to 127.0.0.1 and localhost alone.\n")
    if request.method not in _READING:
        origin = request.headers.get("Origin")
        site = request.headers.get("Sec-Fetch-Site", "none")
        if origin not in (None, f"http://{request.host}") or site not in ("none", "same-origin"):
            raise web.HTTPForbidden(text="Only this page itself may act as a member.\n")
    return await handler(request)


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, as a policy names it; empty where there are none."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else ""


def policy(frames: str, images: tuple[str, ...]) -> str:
    """The Content-Security-Policy: our own files alone, the manager's page in its frame, and members' pictures.

    ``frames`` is the origin of the manager's page or empty, ``images`` the origins of the platform servers.
    Pictures from anywhere on https are let in too, as a message may show one; nothing else leaves the machine.
    """
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "img-src": " ".join(["'self'", "data:", "https:", *images]),
        "frame-src": frames or "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def headers(frames: str, images: tuple[str, ...]) -> dict[str, str]:
    """The headers that every answer of the page carries."""
    return {**_NEVER, "Content-Security-Policy": policy(frames, images)}
