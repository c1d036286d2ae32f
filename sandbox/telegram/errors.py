"""Telegram's own error answers."""

from __future__ import annotations

from typing import Any

_PREFIX = {
    400: "Bad Request: ",
    401: "",
    403: "Forbidden: ",
    404: "",
    409: "Conflict: ",
    429: "",
    500: "",
}


class ApiError(Exception):
    """A call is refused. ``retry_after`` is in whole seconds and goes out with 429 alone."""

    def __init__(self, code: int, text: str, *, retry_after: int = 0) -> None:
        self.code = code
        self.description = _PREFIX.get(code, "") + text
        self.retry_after = retry_after
        super().__init__(self.description)

    def body(self) -> dict[str, Any]:
        """The answer as the Bot API writes it."""
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.retry_after:
            body["parameters"] = {"retry_after": self.retry_after}
        return body


class DroppedError(Exception):
    """The connection is closed without an answer."""
