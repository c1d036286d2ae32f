"""Channels and private chats. Source: docs.slack.dev/reference/methods/conversations.info and siblings."""

from __future__ import annotations

from sandbox.slack.methods.base import Arguments, Refusal, Tier, find_channel, method, page
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Channel, Message

READ = ("channels:read", "groups:read", "im:read", "mpim:read")
HISTORY_LIMIT = 999
"""Messages a call of conversations.history (documented)."""


def _granted(workspace: Workspace, channel: Channel, what: str) -> None:
    """The scope depends on the kind of conversation. Refuses with ``missing_scope``."""
    needed = f"{'im' if channel.im_user else 'channels'}:{what}"
    if needed not in workspace.scopes:
        raise Refusal("missing_scope", needed=needed, provided=",".join(sorted(workspace.scopes)))


@method("conversations.open", Tier.THREE, "im:write", "channels:manage", "groups:write", "mpim:write")
async def conversations_open(workspace: Workspace, arguments: Arguments) -> JSON:
    """The private chat with one person."""
    world = workspace.world
    if arguments.text("channel"):
        channel = find_channel(workspace, arguments.text("channel"))
        return {"channel": {"id": channel.id}, "no_op": True, "already_open": True}
    users = arguments.names("users")
    if not users:
        raise Refusal("users_list_not_supplied")
    if len(users) > 1:
        raise Refusal("not_enough_users" if len(users) > 8 else "method_not_supported_for_channel_type")
    user = world.users.get(users[0])
    if user is None:
        raise Refusal("user_not_found")
    if not user.present:
        raise Refusal("user_disabled")
    if user.is_bot:
        raise Refusal("cannot_dm_bot")
    known = user.id in world.ims
    channel = world.open_im(user.id)
    shape = workspace.shapes.channel(channel) if arguments.flag("return_im") else {"id": channel.id}
    return {"channel": shape, **({"no_op": True, "already_open": True} if known else {})}


@method("conversations.info", Tier.THREE, *READ)
async def conversations_info(workspace: Workspace, arguments: Arguments) -> JSON:
    """One conversation."""
    channel = find_channel(workspace, arguments.required("channel"))
    _granted(workspace, channel, "read")
    locale, count = arguments.flag("include_locale"), arguments.flag("include_num_members")
    return {"channel": workspace.shapes.channel(channel, locale=locale, count=count)}


def _kinds(arguments: Arguments) -> set[str]:
    """The kinds of conversations that a list asks for. Refuses with ``invalid_types``."""
    kinds = set(arguments.names("types") or ["public_channel"])
    if kinds - {"public_channel", "private_channel", "mpim", "im"}:
        raise Refusal("invalid_types")
    return kinds


def _listed(workspace: Workspace, arguments: Arguments, *, of: str = "") -> list[Channel]:
    """Conversations of the kinds asked for, those that user ``of`` is in, or all."""
    kinds, drop = _kinds(arguments), arguments.flag("exclude_archived")
    return [
        channel
        for channel in workspace.world.channels.values()
        if ("im" if channel.im_user else "public_channel") in kinds
        and not (drop and channel.archived)
        and (not of or of in channel.members)
    ]


@method("conversations.list", Tier.TWO, *READ)
async def conversations_list(workspace: Workspace, arguments: Arguments) -> JSON:
    """Conversations of the kinds asked for, a page at a time."""
    channels = _listed(workspace, arguments)
    return page([workspace.shapes.channel(channel, count=True) for channel in channels], arguments, "channels")


@method("users.conversations", Tier.THREE, *READ)
async def users_conversations(workspace: Workspace, arguments: Arguments) -> JSON:
    """Conversations that somebody is in, the bot itself unless said otherwise, a page at a time."""
    user = arguments.text("user") or workspace.world.bot.id
    if user not in workspace.world.users:
        raise Refusal("user_not_found")
    shapes = [workspace.shapes.channel(channel) for channel in _listed(workspace, arguments, of=user)]
    for shape in shapes:
        shape.pop("is_member", None)  # documented: the answer leaves it out
    return page(shapes, arguments, "channels", most=999)


@method("conversations.members", Tier.FOUR, *READ)
async def conversations_members(workspace: Workspace, arguments: Arguments) -> JSON:
    """Who is in a conversation: ids, without the time they joined."""
    channel = find_channel(workspace, arguments.required("channel"))
    _granted(workspace, channel, "read")
    return page(list(channel.members), arguments, "members")


@method("conversations.join", Tier.THREE, "channels:join")
async def conversations_join(workspace: Workspace, arguments: Arguments) -> JSON:
    """The bot joins a public channel by itself."""
    channel = find_channel(workspace, arguments.required("channel"))
    if channel.im_user:
        raise Refusal("method_not_supported_for_channel_type")
    if channel.archived:
        raise Refusal("is_archived")
    known = workspace.world.bot.id in channel.members
    workspace.enter(workspace.world.bot.id, channel)
    more = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    return {"channel": workspace.shapes.channel(channel), **(more if known else {})}


def _readable(workspace: Workspace, arguments: Arguments) -> Channel:
    channel = find_channel(workspace, arguments.required("channel"))
    _granted(workspace, channel, "history")
    if workspace.world.bot.id not in channel.members:
        raise Refusal("not_in_channel")
    return channel


def _window(workspace: Workspace, arguments: Arguments, messages: list[Message]) -> JSON:
    """The messages between ``oldest`` and ``latest``, as a page."""
    oldest, latest = arguments.text("oldest", "0"), arguments.text("latest") or "9" * 12
    try:
        low, high = float(oldest), float(latest)
    except ValueError:
        raise Refusal("invalid_ts_oldest") from None
    ends = arguments.flag("inclusive")
    metadata = arguments.flag("include_all_metadata")
    kept = [
        message
        for message in messages
        if not message.only_for and (low < float(message.ts) < high or (ends and float(message.ts) in (low, high)))
    ]
    found = page(kept, arguments, "messages", most=HISTORY_LIMIT)
    found["messages"] = [workspace.shapes.message(message, metadata=metadata) for message in found["messages"]]
    return {**found, "has_more": bool(found["response_metadata"]["next_cursor"])}


@method("conversations.history", Tier.THREE, "channels:history", "groups:history", "im:history", "mpim:history")
async def conversations_history(workspace: Workspace, arguments: Arguments) -> JSON:
    """A conversation's messages, newest first, without the replies in threads."""
    channel = _readable(workspace, arguments)
    messages = [message for message in reversed(channel.messages.values()) if not message.thread_ts]
    return {**_window(workspace, arguments, messages), "pin_count": 0}


@method("conversations.replies", Tier.THREE, "channels:history", "groups:history", "im:history", "mpim:history")
async def conversations_replies(workspace: Workspace, arguments: Arguments) -> JSON:
    """A thread, its root first."""
    channel = _readable(workspace, arguments)
    root = channel.messages.get(arguments.required("ts"))
    if root is None or root.only_for:
        raise Refusal("thread_not_found")
    replies = [channel.messages[ts] for ts in channel.threads.get(root.ts, ())]
    return _window(workspace, arguments, [root, *replies])
