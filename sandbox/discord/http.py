"""HTTP on the way in and out: routes, calls, and answers in Discord's shape."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.discord.errors import FieldErrors, Refusal
from sandbox.discord.limits import OTHER_BUCKET
from sandbox.discord.world import Wire

Answer = tuple[int, Any]
"""A status and what is sent as JSON; None is an empty body."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart call."""

    filename: str
    content_type: str
    content: bytes


@dataclass(slots=True)
class Call:
    """One call of the API: the path's variable parts, the query, the JSON body and the files."""

    path: tuple[str, ...]
    query: dict[str, str]
    body: Any = None
    files: dict[int, Upload] = field(default_factory=dict)

    def id(self, index: int) -> int:
        """The path's variable part ``index`` as an id."""
        value = self.path[index]
        if not value.isdecimal():
            errors = FieldErrors()
            errors.add(("id",), "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
            errors.raise_any()
        return int(value)

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number of the query, refused when it is out of range."""
        value = self.query.get(name)
        if value is None:
            return default
        errors = FieldErrors()
        if not value.isdecimal():
            errors.add((name,), "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        elif int(value) > high:
            errors.add((name,), "NUMBER_TYPE_MAX", f"int value should be less than or equal to {high}.")
        elif int(value) < low:
            errors.add((name,), "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {low}.")
        errors.raise_any()
        return int(value)

    @property
    def fields(self) -> Wire:
        """The body as a JSON object."""
        if not isinstance(self.body, dict):
            errors = FieldErrors()
            errors.add((), "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
            errors.raise_any()
        body: Wire = self.body
        return body


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. ``name`` is the call's name in records and faults.

    ``open`` needs no bot token (its own token is in the path); ``interaction`` is exempt from the global limit.
    ``bucket`` and ``limit`` are its rate limit, counted for each value of the path's first variable part.
    """

    name: str
    handler: Callable[[Call], Awaitable[Answer]]
    open: bool = False
    interaction: bool = False
    bucket: str = ""
    limit: tuple[int, float] | None = OTHER_BUCKET


class Routes:
    """A tree of path parts: a step for each part, whatever the number of routes."""

    def __init__(self) -> None:
        self._root: dict[str, Any] = {}

    def add(self, route: Route) -> None:
        """Add a route by its name, ``"GET /channels/{channel}"``."""
        method, _, path = route.name.partition(" ")
        node = self._root
        for part in path.strip("/").split("/"):
            node = node.setdefault("{}" if part.startswith("{") else part, {})
        node["/" + method] = route

    def find(self, method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
        """The route of a path and the path's variable parts."""
        node = self._root
        variable = []
        for part in path.strip("/").split("/"):
            step = node.get(part)
            if step is None:
                step = node.get("{}")
                if step is None:
                    return None
                variable.append(part)
            node = step
        route: Route | None = node.get("/" + method)
        return None if route is None else (route, tuple(variable))


def json_response(status: int, data: Any, headers: dict[str, str]) -> web.Response:
    """An answer; discord.py wants the content type to be exactly ``application/json``."""
    if data is None:
        return web.Response(status=status, headers=headers)
    return web.Response(
        status=status, body=json.dumps(data).encode(), headers=headers, content_type="application/json"
    )


async def read(request: web.BaseRequest, call: Call) -> None:
    """Read a call's body: JSON, or multipart with ``payload_json`` and ``files[n]``."""
    if not request.can_read_body:
        return
    try:
        if request.content_type.startswith("multipart/"):
            form = await request.post()
            payload = form.get("payload_json", "{}")
            if isinstance(payload, web.FileField):
                payload = payload.file.read().decode()
            call.body = json.loads(str(payload))
            for name, value in form.items():
                if isinstance(value, web.FileField) and name.startswith("files["):
                    call.files[int(name[6:-1])] = Upload(value.filename, value.content_type, value.file.read())
        else:
            content = await request.read()
            call.body = json.loads(content) if content else None
    except ValueError as error:
        raise Refusal(400, 50109, "The request body contains invalid JSON.") from error
