"""The parameters of one Bot API call, from a form, an upload, JSON or the query."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web

from sandbox.telegram import rules

LINKED = "text/uri-list"
"""The content type under which a file is kept that was named by its address: people's apps fetch it."""


@dataclass(frozen=True)
class Upload:
    """An uploaded file."""

    name: str
    content_type: str
    content: bytes


class Params:
    """Values by name. Forms carry everything as text, JSON bodies carry the types themselves: both are read."""

    def __init__(self, values: dict[str, Any], uploads: dict[str, Upload] | None = None) -> None:
        self._values = values
        self.uploads = uploads or {}

    def __contains__(self, name: str) -> bool:
        return name in self._values or name in self.uploads

    def text(self, name: str, default: str = "") -> str:
        """A text, or ``default``."""
        value = self._values.get(name, default)
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str, default: int = 0) -> int:
        """A whole number, or ``default``; what is none counts as absent, as on the real server."""
        try:
            return int(self._values.get(name, default))
        except (TypeError, ValueError):
            return default

    def flag(self, name: str) -> bool:
        """True for ``true``, ``yes`` and ``1``."""
        return str(self._values.get(name, "")).lower() in {"true", "yes", "1"}

    def data(self, name: str, *, what: str = "") -> Any:
        """A value that is written as JSON, None when it is absent or empty."""
        value = self._values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise rules.BAD_JSON.error(what=what or name.replace("_", " ")) from None


async def read_params(request: web.Request) -> Params:
    """All that came with a call; later sources win over the query."""
    values: dict[str, Any] = dict(request.query)
    uploads: dict[str, Upload] = {}
    kind = request.content_type
    if not request.can_read_body:
        return Params(values)
    if kind == "application/json":
        body = await request.json()
        if isinstance(body, dict):
            values.update(body)
    elif kind == "multipart/form-data":
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                continue
            content = bytes(await part.read())
            if part.filename is None:
                values[part.name] = content.decode()
            else:
                uploads[part.name] = Upload(part.filename, part.headers.get("Content-Type", ""), content)
    else:
        values.update(parse_qsl((await request.read()).decode(), keep_blank_values=True))
    return Params(values, uploads)
