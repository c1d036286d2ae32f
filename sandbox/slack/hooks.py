"""Messages sent to a response_url. Source: docs.slack.dev/interactivity/handling-user-interaction."""

from __future__ import annotations

import time

from sandbox.control import OutcomeKind
from sandbox.slack import rules
from sandbox.slack.methods.base import Arguments, Refusal
from sandbox.slack.methods.chat import content
from sandbox.slack.tickets import HOOK_SECONDS, HOOK_USES, Hook
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Message


def answer_hook(workspace: Workspace, path: str, values: JSON | None) -> None:
    """Do what a post to a response_url says. Refuses with ``expired_url``, ``used_url``, or as for a message."""
    hook = workspace.tickets.hook(path)
    if hook is None or time.monotonic() - hook.made > HOOK_SECONDS:
        raise Refusal("expired_url")
    if hook.uses >= HOOK_USES:
        raise Refusal("used_url")
    if values is None:
        raise Refusal("invalid_payload")
    arguments = Arguments(values)
    original = workspace.world.messages.get(hook.message)
    if arguments.flag("delete_original"):
        if original is not None:
            workspace.delete(original)
        hook.uses += 1
        return
    made = content(workspace, arguments, longest=rules.MESSAGE_TEXT.limit)
    if workspace.world.channels.get(hook.channel) is None:
        raise Refusal("channel_not_found")
    hook.uses += 1
    if arguments.flag("replace_original") and original is not None:
        workspace.edit(original, made["text"], made["blocks"], quiet=bool(original.only_for))
        _answered(workspace, hook, original)
        return
    post_answer(workspace, hook, arguments, made)


def post_answer(
    workspace: Workspace, hook: Hook, arguments: Arguments, made: JSON, call: str = "response_url"
) -> None:
    """Post a new message in answer to an act: to whoever acted, or with ``in_channel`` to everybody."""
    only_for = "" if arguments.text("response_type") == "in_channel" else hook.member
    thread = arguments.text("thread_ts") or hook.thread
    message = workspace.bot_message(
        hook.channel,
        made["text"],
        blocks=made["blocks"],
        thread_ts=thread,
        only_for=only_for,
        metadata=made["metadata"],
        attachments=made["attachments"],
    )
    workspace.post(message, call)
    hook.message = hook.message or message.ts
    _answered(workspace, hook, message)


def _answered(workspace: Workspace, hook: Hook, message: Message) -> None:
    if hook.act is not None and not hook.act.done:
        hook.act.see(OutcomeKind.MESSAGE, message=workspace.view(message))
