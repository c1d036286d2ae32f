"""Native polls. Source: core.telegram.org/bots/api#sendpoll."""

from __future__ import annotations

from typing import Any

from sandbox.telegram import rules, wire
from sandbox.telegram.backend import Backend
from sandbox.telegram.methods.common import Method, send, the_chat, writable_chat
from sandbox.telegram.params import Params

MAX_OPTIONS = 12
"""Options of a poll. Source: sendPoll."""


def send_poll(backend: Backend, params: Params) -> Any:
    """Anonymous unless asked otherwise: then poll_answer says who. Source: sendPoll."""
    writable_chat(backend, params, "polls")
    question = params.text("question").strip()
    if not question:
        raise rules.POLL_QUESTION.error()
    if len(question) > 300:
        raise rules.POLL_QUESTION_LONG.error()
    given = params.data("options") or []
    options = [str(option.get("text", "") if isinstance(option, dict) else option).strip() for option in given]
    if not 1 <= len(options) <= MAX_OPTIONS or not all(options):
        raise rules.POLL_OPTIONS.error(low=1, high=MAX_OPTIONS)
    if any(len(option) > 100 for option in options):
        raise rules.POLL_OPTION_LONG.error()
    number = str(5_300_000_000_000 + len(backend.polls))
    poll = {
        "id": number,
        "question": question,
        "options": [
            {"text": option, "voter_count": 0, "persistent_id": str(place)} for place, option in enumerate(options)
        ],
        "total_voter_count": 0,
        "is_closed": params.flag("is_closed"),
        "is_anonymous": params.flag("is_anonymous") if "is_anonymous" in params else True,
        "type": params.text("type", "regular"),
        "allows_multiple_answers": params.flag("allows_multiple_answers"),
        "allows_revoting": True,
        "members_only": False,
    }
    message = send(backend, params, "sendPoll", "polls", text="", entities=[], content={"poll": poll})
    backend.polls[number] = message
    return wire.message(message)


def stop_poll(backend: Backend, params: Params) -> Any:
    """Source: stopPoll."""
    message = the_chat(backend, params).messages.get(params.integer("message_id"))
    if message is None or "poll" not in message.content or message.sender is not backend.world.bot:
        raise rules.NO_POLL.error()
    poll: dict[str, Any] = message.content["poll"]
    if poll["is_closed"]:
        raise rules.POLL_CLOSED.error()
    poll["is_closed"] = True
    backend.edited(message)
    return poll


METHODS: dict[str, Method] = {"sendPoll": send_poll, "stopPoll": stop_poll}
