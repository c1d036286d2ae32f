"""What goes wrong with a call to Slack, in the words of :mod:`core.bot`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from core.bot import SendError, SendFailed, SendRefused, SendUnknown

T = TypeVar("T")

GONE = frozenset({"channel_not_found", "message_not_found", "team_not_found", "user_not_found", "thread_not_found"})
"""Answers that say that what was meant is there no more."""
NOT_TAKEN = frozenset(
    {"ratelimited", "rate_limited", "message_limit_exceeded", "service_unavailable", "accesslimited"}
)
"""Answers that say: not now."""
PERHAPS_TAKEN = frozenset({"internal_error", "fatal_error", "request_timeout"})
"""Answers that leave it open: at ``fatal_error`` "some aspect of the operation" may have succeeded, Slack says."""
NO_HINT = 30.0
"""Seconds to wait where Slack asks to wait and does not say how long."""


SCOPE_MISSING = "missing_scope"
NOT_READY = "invalid slack file"
"""What Slack says for a second or two of a file that was just uploaded, and for good of one that is gone
(github.com/slackapi/python-slack-sdk/issues/1521 and /1658). The message was not taken."""


class PictureNotReady(SendFailed):
    """Slack does not show the message's picture yet, or no more."""


def code_of(error: SlackApiError) -> str:
    """Slack's own word for what went wrong, empty where it gave none."""
    data = getattr(error.response, "data", None)
    return str(data.get("error", "")) if isinstance(data, dict) else ""


def said(error: SlackApiError) -> str:
    """What Slack said, in one line; which scope is missing, which part of a message was refused."""
    data: Any = getattr(error.response, "data", None)
    if not isinstance(data, dict):
        return f"Slack answers {status_of(error)}"
    parts = [str(data.get("error", "")) or f"HTTP {status_of(error)}"]
    if needed := data.get("needed"):
        parts.append(f"needs the scope {needed}")
    parts += [str(one) for one in (data.get("response_metadata") or {}).get("messages", ())[:1]]
    return "Slack answers " + ": ".join(parts)


def status_of(error: SlackApiError) -> int:
    """The HTTP status."""
    return int(getattr(error.response, "status_code", 0) or getattr(error.response, "status", 0) or 0)


def retry_after(error: SlackApiError) -> float:
    """Seconds that Slack asks to wait."""
    headers = getattr(error.response, "headers", None) or {}
    try:
        return float(headers.get("Retry-After", NO_HINT))
    except ValueError:
        return NO_HINT


def as_send_error(error: Exception) -> SendError:
    """The error in the words of the seam: failed is only what was certainly not taken."""
    if isinstance(error, SendError):
        return error
    if isinstance(error, SlackApiError):
        status, code = status_of(error), code_of(error)
        if status == 429 or code in NOT_TAKEN:
            return SendFailed(said(error), retry_after=retry_after(error))
        if code == "invalid_blocks" and NOT_READY in str(error.response.data):
            return PictureNotReady(said(error))
        if status >= 500 or not code or code in PERHAPS_TAKEN:
            return SendUnknown(said(error))
        return SendRefused(said(error), gone=code in GONE)
    if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)):
        # No connection came about, so nothing was sent over it.
        return SendFailed(f"Slack can't be reached: {type(error).__name__}")
    return SendUnknown(f"the line to Slack broke: {type(error).__name__}")


TROUBLE = (SlackClientError, aiohttp.ClientError, OSError, TimeoutError, ValueError, AttributeError)
"""What a call of the library raises. The last two: an answer that is no JSON."""


async def once(call: Callable[[], Awaitable[T]]) -> T:
    """A call that must not be made twice. Raises as :meth:`core.bot.Bot.send`."""
    try:
        return await call()
    except TROUBLE as error:
        raise as_send_error(error) from error


async def again(call: Callable[[], Awaitable[T]]) -> T:
    """A call that may be made twice, an edit, a deletion or a question. Raises SendRefused or SendFailed."""
    try:
        return await once(call)
    except SendUnknown as error:
        raise SendFailed(str(error)) from error
