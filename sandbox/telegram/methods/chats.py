"""Chats and who is in them."""

from __future__ import annotations

from typing import Any

from sandbox.telegram import rules, wire
from sandbox.telegram.backend import Backend
from sandbox.telegram.methods.common import Method, the_chat
from sandbox.telegram.params import Params
from sandbox.telegram.rules import Rule
from sandbox.telegram.world import PRESENT, Chat


def _group(backend: Backend, params: Params, otherwise: Rule) -> Chat:
    chat = the_chat(backend, params)
    if chat.person is not None:
        raise otherwise.error()
    return chat


def get_chat(backend: Backend, params: Params) -> Any:
    """Source: getChat."""
    return wire.full_chat(the_chat(backend, params))


def get_member(backend: Backend, params: Params) -> Any:
    """Bots see anybody whose id they know, also who left. Source: getChatMember."""
    chat = the_chat(backend, params)
    user = backend.world.users.get(params.integer("user_id"))
    if user is None:
        raise rules.USER_NOT_FOUND.error()
    if chat.person is not None:
        return wire.member(user, "member")
    return wire.member(user, chat.status(user.id))


def get_administrators(backend: Backend, params: Params) -> Any:
    """Source: getChatAdministrators."""
    return wire.managers(_group(backend, params, rules.NO_GROUP), backend.world.users)


def get_count(backend: Backend, params: Params) -> Any:
    """Source: getChatMemberCount."""
    chat = the_chat(backend, params)
    return 2 if chat.person is not None else sum(status in PRESENT for status in chat.members.values())


def leave(backend: Backend, params: Params) -> Any:
    """The bot goes by itself. Source: leaveChat."""
    backend.set_status(_group(backend, params, rules.PRIVATE_LEAVE), backend.world.bot, "left", backend.world.bot)
    return True


METHODS: dict[str, Method] = {
    "getChat": get_chat,
    "getChatMember": get_member,
    "getChatAdministrators": get_administrators,
    "getChatMemberCount": get_count,
    "leaveChat": leave,
}
