"""answerCallbackQuery."""

from __future__ import annotations

import re
import time
from typing import Any

from sandbox.telegram import rules
from sandbox.telegram.backend import Backend
from sandbox.telegram.methods.common import Method
from sandbox.telegram.params import Params
from sandbox.telegram.rules import MAX_ALERT, QUERY_SECONDS


def answer(backend: Backend, params: Params) -> Any:
    """Once, soon, with at most 200 characters; a url may only lead to this bot. Source: answerCallbackQuery."""
    text, url = params.text("text"), params.text("url")
    if len(text) > MAX_ALERT:
        raise rules.ALERT_LONG.error()
    bot = re.escape(backend.world.bot.username)
    if url and not re.match(
        rf"(https?://)?(t\.me|telegram\.me)/{bot}\?|tg://resolve\?domain={bot}&", url, re.IGNORECASE
    ):
        raise rules.URL_INVALID.error()
    press = backend.presses.pop(params.text("callback_query_id"), None)
    if press is None or time.monotonic() - press.at > QUERY_SECONDS:
        raise rules.QUERY_OLD.error()
    if not press.answer.done():
        press.answer.set_result({"text": text, "url": url, "alert": params.flag("show_alert")})
    return True


METHODS: dict[str, Method] = {"answerCallbackQuery": answer}
