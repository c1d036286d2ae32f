"""Keyboards under messages, checked strictly. Source: core.telegram.org/bots/api#inlinekeyboardmarkup."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sandbox.telegram import rules
from sandbox.telegram.params import Params
from sandbox.telegram.rules import MAX_BUTTONS, MAX_DATA_BYTES, MAX_PLACEHOLDER, MAX_ROW

_INLINE = (
    "url", "callback_data", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay",
)  # fmt: skip
_REPLY = ("keyboard", "remove_keyboard", "force_reply")


def read_markup(params: Params, *, private: bool, inline_only: bool = False) -> dict[str, Any] | None:
    """The call's reply_markup, None without one. Raises :class:`~sandbox.telegram.errors.ApiError`."""
    markup = params.data("reply_markup", what="reply keyboard markup")
    if not markup:
        return None
    if not isinstance(markup, dict):
        raise rules.MARKUP_TYPE.error()
    if "inline_keyboard" in markup:
        rows = _rows(markup["inline_keyboard"])
        for row in rows:
            for button in row:
                _check_inline(button, private)
        return {"inline_keyboard": rows} if rows else None
    if inline_only:
        raise rules.CANT_EDIT.error()
    if len(str(markup.get("input_field_placeholder", ""))) > MAX_PLACEHOLDER:
        raise rules.PLACEHOLDER_LONG.error()
    if "keyboard" in markup:
        rows = _rows(markup["keyboard"])
        keyboard = [[button if isinstance(button, dict) else {"text": str(button)} for button in row] for row in rows]
        return {**markup, "keyboard": keyboard}
    if any(markup.get(name) for name in _REPLY):
        return dict(markup)
    return None


def _rows(value: Any) -> list[list[Any]]:
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        raise rules.BAD_JSON.error(what="reply keyboard markup")
    rows = [row for row in value if row]
    if sum(len(row) for row in rows) > MAX_BUTTONS or any(len(row) > MAX_ROW for row in rows):
        raise rules.MARKUP_LONG.error()
    return rows


def _check_inline(button: Any, private: bool) -> None:
    if not isinstance(button, dict) or not button.get("text") or not isinstance(button["text"], str):
        raise rules.BUTTON_TEXT.error()
    kind = next((name for name in _INLINE if name in button), None)
    if kind is None:
        raise rules.BUTTON_PLAIN.error()
    if kind == "callback_data" and not 0 < len(str(button[kind]).encode()) <= MAX_DATA_BYTES:
        raise rules.BUTTON_DATA.error()
    if kind == "url":
        check_url(button[kind])
    if kind == "web_app":
        if not private:
            raise rules.BUTTON_TYPE.error()
        if urlsplit(str(button[kind].get("url", ""))).scheme != "https":
            raise rules.BUTTON_URL.error(url=button[kind].get("url", ""), why="Only HTTPS links are allowed")


def check_url(url: Any) -> None:
    """A link must be one that a member's app can open: a host without a dot, ``localhost`` too, is refused.

    Raises :class:`~sandbox.telegram.errors.ApiError`.
    """
    address = str(url)
    if "://" not in address:
        address = f"http://{address}"
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        raise rules.BUTTON_URL.error(url=url, why="Wrong HTTP URL") from None
    if parts.scheme in {"tg", "ton"}:
        return
    if parts.scheme not in {"http", "https"}:
        raise rules.BUTTON_URL.error(url=url, why="Unsupported URL protocol")
    if "." not in host.strip(".") or any(character.isspace() for character in address):
        raise rules.BUTTON_URL.error(url=url, why="Wrong HTTP URL")
