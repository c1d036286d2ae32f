"""Emoji and pins on messages. Source: docs.slack.dev/reference/methods/reactions.add and siblings."""

from __future__ import annotations

from sandbox.slack.emoji import name_of
from sandbox.slack.methods.base import Arguments, Refusal, Tier, find_message, method
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Channel, Message


def _target(workspace: Workspace, arguments: Arguments) -> tuple[Channel, Message]:
    channel, message = find_message(workspace, arguments, ts="timestamp", error="message_not_found")
    if workspace.world.bot.id not in channel.members:
        raise Refusal("not_in_channel")
    if channel.archived:
        raise Refusal("is_archived")
    return channel, message


@method("reactions.add", Tier.THREE, "reactions:write")
async def reactions_add(workspace: Workspace, arguments: Arguments) -> JSON:
    """The bot puts an emoji on a message."""
    name = name_of(arguments.required("name"))
    _, message = _target(workspace, arguments)
    if not name:
        raise Refusal("invalid_name")
    if workspace.world.bot.id in message.reactions.get(name, {}):
        raise Refusal("already_reacted")
    workspace.react(workspace.world.bot.id, message, name, present=True)
    return {}


@method("reactions.remove", Tier.TWO, "reactions:write")
async def reactions_remove(workspace: Workspace, arguments: Arguments) -> JSON:
    """The bot takes its emoji off."""
    name = name_of(arguments.required("name"))
    _, message = _target(workspace, arguments)
    if workspace.world.bot.id not in message.reactions.get(name, {}):
        raise Refusal("no_reaction")
    workspace.react(workspace.world.bot.id, message, name, present=False)
    return {}


@method("reactions.get", Tier.THREE, "reactions:read")
async def reactions_get(workspace: Workspace, arguments: Arguments) -> JSON:
    """A message with the emoji on it."""
    channel, message = find_message(workspace, arguments, ts="timestamp", error="message_not_found")
    return {"type": "message", "channel": channel.id, "message": workspace.shapes.message(message)}


@method("pins.add", Tier.TWO, "pins:write")
async def pins_add(workspace: Workspace, arguments: Arguments) -> JSON:
    """The bot pins a message."""
    _, message = _target(workspace, arguments)
    if message.pinned:
        raise Refusal("already_pinned")
    message.pinned = True
    workspace.changed()
    return {}
