"""The Bot API's methods by name. Source: core.telegram.org/bots/api#available-methods."""

from __future__ import annotations

from sandbox.telegram.methods import bot, callbacks, chats, editing, polls, sending
from sandbox.telegram.methods.common import Method

METHODS: dict[str, Method] = {
    **bot.METHODS,
    **callbacks.METHODS,
    **chats.METHODS,
    **editing.METHODS,
    **polls.METHODS,
    **sending.METHODS,
}
