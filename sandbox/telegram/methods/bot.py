"""The bot itself: who it is, its commands, its webhook."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import urlsplit

from sandbox.telegram import rules, wire
from sandbox.telegram.backend import Backend
from sandbox.telegram.methods.common import Method
from sandbox.telegram.params import Params

_SCOPES = frozenset({
        "default", "all_private_chats", "all_group_chats", "all_chat_administrators", "chat", "chat_administrators",
        "chat_member",
})  # fmt: skip


def get_me(backend: Backend, params: Params) -> Any:
    """Source: getMe."""
    return wire.user(backend.world.bot) | {
        "can_join_groups": True,
        "can_read_all_group_messages": not backend.privacy,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def _key(params: Params) -> tuple[str, str]:
    scope = params.data("scope") or {"type": "default"}
    if not isinstance(scope, dict) or scope.get("type") not in _SCOPES:
        raise rules.SCOPE_INVALID.error()
    name = ":".join(str(scope[part]) for part in ("type", "chat_id", "user_id") if part in scope)
    return name, params.text("language_code")


def set_commands(backend: Backend, params: Params) -> Any:
    """At most 100; names of a-z 0-9 _ up to 32, descriptions up to 256. Source: setMyCommands, BotCommand."""
    commands = params.data("commands") or []
    if len(commands) > 100:
        raise rules.COMMANDS_MANY.error()
    for command in commands:
        if not re.fullmatch(r"/?[a-z0-9_]{1,32}", str(command.get("command", ""))):
            raise rules.COMMAND_INVALID.error()
        if not 1 <= len(str(command.get("description", ""))) <= 256:
            raise rules.COMMAND_DESCRIPTION.error()
    backend.profile.commands[_key(params)] = commands
    return True


def get_commands(backend: Backend, params: Params) -> Any:
    """Exactly those of this scope and language. Source: getMyCommands."""
    return backend.profile.commands.get(_key(params), [])


def delete_commands(backend: Backend, params: Params) -> Any:
    """Source: deleteMyCommands."""
    backend.profile.commands.pop(_key(params), None)
    return True


def _setter(name: str, largest: int) -> Method:
    def set_text(backend: Backend, params: Params) -> Any:
        text = params.text(name)
        if len(text) > largest:
            raise rules.PROFILE_LONG.error(what=name.replace("_", " "))
        backend.profile.texts[name, params.text("language_code")] = text
        return True

    return set_text


def _getter(name: str) -> Method:
    def get_text(backend: Backend, params: Params) -> Any:
        texts = backend.profile.texts
        default = backend.world.bot.name if name == "name" else ""
        return {name: texts.get((name, params.text("language_code"))) or texts.get((name, "")) or default}

    return get_text


def set_webhook(backend: Backend, params: Params) -> Any:
    """An empty url takes it away. Real webhooks are HTTPS; the sandbox also posts to loopback. Source: setWebhook."""
    url = params.text("url")
    if not url:
        return delete_webhook(backend, params)
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}):
        raise rules.WEBHOOK_URL.error()
    secret = params.text("secret_token")
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
        raise rules.WEBHOOK_SECRET.error()
    remember_allowed(backend, params)
    if params.flag("drop_pending_updates"):
        backend.updates.clear()
    backend.webhook_info = {
        "secret": secret,
        "max_connections": min(max(params.integer("max_connections", 40), 1), 100),
        "last_error_date": 0,
        "last_error_message": "",
    }
    backend.updates.webhook = url
    backend.updates.conflict()
    backend.webhook_changed.set()
    return True


def delete_webhook(backend: Backend, params: Params) -> Any:
    """Source: deleteWebhook."""
    backend.updates.webhook = ""
    backend.webhook_changed.set()
    if params.flag("drop_pending_updates"):
        backend.updates.clear()
    return True


def get_webhook(backend: Backend, params: Params) -> Any:
    """Source: getWebhookInfo."""
    updates, info = backend.updates, backend.webhook_info
    body: dict[str, Any] = {
        "url": updates.webhook,
        "has_custom_certificate": False,
        "pending_update_count": updates.pending,
    }
    if updates.webhook:
        body["max_connections"] = info["max_connections"]
        if info["last_error_date"]:
            body["last_error_date"] = info["last_error_date"]
            body["last_error_message"] = info["last_error_message"]
    if updates.allowed:
        body["allowed_updates"] = sorted(updates.allowed)
    return body


def remember_allowed(backend: Backend, params: Params) -> None:
    """allowed_updates stays as it was when it is not given. Source: getUpdates."""
    if "allowed_updates" in params:
        backend.updates.allowed = frozenset(params.data("allowed_updates") or [])


def note_webhook_error(backend: Backend, message: str) -> None:
    """For getWebhookInfo."""
    backend.webhook_info["last_error_date"] = int(time.time())
    backend.webhook_info["last_error_message"] = message


def accept(backend: Backend, params: Params) -> Any:
    """Taken without an effect that anybody could see here."""
    return True


METHODS: dict[str, Method] = {
    "getMe": get_me,
    "setMyCommands": set_commands,
    "getMyCommands": get_commands,
    "deleteMyCommands": delete_commands,
    "setMyName": _setter("name", 64),
    "getMyName": _getter("name"),
    "setMyDescription": _setter("description", 512),
    "getMyDescription": _getter("description"),
    "setMyShortDescription": _setter("short_description", 120),
    "getMyShortDescription": _getter("short_description"),
    "setChatMenuButton": accept,
    "setMyDefaultAdministratorRights": accept,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook,
    "logOut": accept,
    "close": accept,
}
