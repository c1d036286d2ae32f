"""Messages. Source: docs.slack.dev/reference/methods/chat.postMessage and siblings."""

from __future__ import annotations

from typing import Any

from sandbox.slack import checks, rules
from sandbox.slack.methods.base import Arguments, Refusal, Tier, find_channel, find_message, method
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Channel


def content(workspace: Workspace, arguments: Arguments, *, longest: int) -> JSON:
    """Text, blocks, attachments and metadata of a message, checked. Refuses as Slack does."""
    text = arguments.text("text")
    blocks = arguments.nested("blocks", "invalid_blocks_format")
    attachments = arguments.nested("attachments", "invalid_attachments") or []
    metadata = arguments.nested("metadata", "invalid_metadata_format")
    markdown = arguments.text("markdown_text")
    if markdown:
        if text or blocks:
            raise Refusal("markdown_text_conflict")
        blocks = [{"type": "markdown", "text": markdown}]
    if not text and not blocks and not attachments:
        raise Refusal("no_text")
    if len(text) > longest:
        raise Refusal("msg_too_long")
    if blocks is not None:
        check_blocks(workspace, blocks)
    if metadata is not None:
        error = rules.check_metadata(metadata)
        if error:
            raise Refusal(error)
    return {"text": text, "blocks": blocks or [], "attachments": attachments, "metadata": metadata}


def check_blocks(workspace: Workspace, blocks: Any) -> None:
    """Refuse blocks that Slack refuses: ``invalid_blocks_format``, ``invalid_blocks``, ``msg_blocks_too_long``."""
    if not isinstance(blocks, list):
        raise Refusal("invalid_blocks_format")
    found = checks.check_blocks(blocks, workspace.uploads.shown)
    if found:
        messages = [f"[ERROR] {text}" for text in found]
        raise Refusal("invalid_blocks", errors=found, response_metadata={"messages": messages})
    if checks.text_length(blocks) > rules.BLOCKS_TEXT.limit:
        raise Refusal("msg_blocks_too_long")


def _open_to_bot(workspace: Workspace, channel: Channel) -> None:
    """Refuse where the bot may not write."""
    if channel.archived:
        raise Refusal("is_archived")
    if workspace.world.bot.id not in channel.members and "chat:write.public" not in workspace.scopes:
        raise Refusal("not_in_channel")
    if not channel.writable:
        raise Refusal("restricted_action_read_only_channel")


def _addressed(workspace: Workspace, name: str) -> Channel:
    """A channel, or a person's private chat when a user id stands in the channel's place."""
    user = workspace.world.users.get(name)
    if user is None:
        return find_channel(workspace, name)
    if not user.present or user.is_bot:
        raise Refusal("channel_not_found" if user.is_bot else "user_disabled")
    return workspace.world.open_im(user.id)


@method("chat.postMessage", Tier.POST, "chat:write")
async def chat_post_message(workspace: Workspace, arguments: Arguments) -> JSON:
    """The bot writes a message."""
    channel = _addressed(workspace, arguments.required("channel"))
    _open_to_bot(workspace, channel)
    made = content(workspace, arguments, longest=rules.MESSAGE_TEXT.limit)
    thread = arguments.text("thread_ts")
    if thread and not rules.THREAD_TS.match(thread):
        found = [f"[ERROR] {thread} is not a valid thread_ts"]
        raise Refusal("invalid_thread_ts", response_metadata={"messages": found})
    root = channel.messages.get(thread)
    if root is not None and root.only_for:
        raise Refusal("cannot_reply_to_message")
    message = workspace.bot_message(channel.id, made.pop("text"), thread_ts=thread, **made)
    workspace.post(message, "chat.postMessage")
    shape = workspace.shapes.message(message, metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shape}


@method("chat.postEphemeral", Tier.FOUR, "chat:write")
async def chat_post_ephemeral(workspace: Workspace, arguments: Arguments) -> JSON:
    """The bot writes a message that one person sees, until they reload."""
    channel = find_channel(workspace, arguments.required("channel"))
    user = workspace.world.users.get(arguments.required("user"))
    _open_to_bot(workspace, channel)
    if user is None or user.id not in channel.members:
        raise Refusal("user_not_in_channel")
    made = content(workspace, arguments, longest=rules.MESSAGE_TEXT.limit)
    thread = arguments.text("thread_ts")
    message = workspace.bot_message(channel.id, made.pop("text"), thread_ts=thread, only_for=user.id, **made)
    workspace.post(message, "chat.postEphemeral")
    return {"message_ts": message.ts}


@method("chat.update", Tier.THREE, "chat:write")
async def chat_update(workspace: Workspace, arguments: Arguments) -> JSON:
    """The bot changes a message of its own. Without ``blocks`` the old blocks go, as on Slack when text is given."""
    channel, message = find_message(workspace, arguments, error="message_not_found")
    if not message.by_bot:
        raise Refusal("cant_update_message")
    if channel.archived:
        raise Refusal("is_archived")
    made = content(workspace, arguments, longest=rules.UPDATE_TEXT.limit)
    if made["metadata"] is not None:
        message.metadata = made["metadata"]
    workspace.edit(message, made["text"], made["blocks"])
    shape = workspace.shapes.message(message, metadata=True)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shape}


@method("chat.delete", Tier.THREE, "chat:write")
async def chat_delete(workspace: Workspace, arguments: Arguments) -> JSON:
    """The bot deletes a message of its own."""
    channel, message = find_message(workspace, arguments, error="message_not_found")
    if not message.by_bot:
        raise Refusal("cant_delete_message")
    workspace.delete(message)
    return {"channel": channel.id, "ts": message.ts}


@method("chat.getPermalink", Tier.SPECIAL)
async def chat_get_permalink(workspace: Workspace, arguments: Arguments) -> JSON:
    """A message's address."""
    channel, message = find_message(workspace, arguments, ts="message_ts", error="message_not_found")
    path = f"archives/{channel.id}/p{message.ts.replace('.', '')}"
    thread = f"?thread_ts={message.thread_ts}&cid={channel.id}" if message.thread_ts else ""
    return {"channel": channel.id, "permalink": f"https://{workspace.world.domain}.slack.com/{path}{thread}"}
