"""The Events API: what the app hears of, in the shapes that Slack sends.

An event reaches the app when it subscribed to its type, holds the scope that the type asks for, and where the event
happens in a channel, its bot is in it. Source of shapes and scopes: docs.slack.dev/reference/events.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sandbox.slack.socket_mode import SocketMode
from sandbox.slack.world import JSON, Channel, Message, User, World

SCOPES = {
    "app_mention": ("app_mentions:read",),
    "reaction_added": ("reactions:read",),
    "reaction_removed": ("reactions:read",),
    "member_joined_channel": ("channels:read",),
    "member_left_channel": ("channels:read",),
    "team_join": ("users:read",),
    "user_change": ("users:read",),
    "channel_created": ("channels:read",),
    "channel_deleted": ("channels:read",),
    "channel_archive": ("channels:read",),
}
"""The scopes that let an event through, any of them; a message's depend on its channel."""

SUBSCRIBED = (
    "app_mention", "message.channels", "message.im", "reaction_added", "reaction_removed", "member_joined_channel",
    "member_left_channel", "team_join", "channel_deleted", "app_home_opened", "app_uninstalled", "tokens_revoked",
)  # fmt: skip
"""What the sandbox's app subscribed to unless told otherwise."""


class Events:
    """Makes events and hands them to Socket Mode."""

    def __init__(
        self,
        world: World,
        socket: SocketMode,
        *,
        app_id: str,
        scopes: frozenset[str],
        subscribed: frozenset[str],
        shape: Callable[[Message], JSON],
        shape_user: Callable[[User], JSON],
    ) -> None:
        self._world = world
        self._socket = socket
        self._app_id = app_id
        self._scopes = scopes
        self._subscribed = subscribed
        self._shape = shape
        self._shape_user = shape_user
        self.active = True
        """Whether the app is in the workspace; taken out, it hears of nothing more."""

    def emit(self, event: JSON, *, channel: Channel | None = None, scopes: tuple[str, ...] | None = None) -> None:
        """Send one event if the app may hear of it."""
        kind = str(event["type"])
        name = kind
        if kind == "message" and channel is not None:
            name = "message.im" if channel.im_user else "message.channels"
            scopes = ("im:history",) if channel.im_user else ("channels:history",)
        needed = SCOPES.get(kind, ()) if scopes is None else scopes
        if not self.active or name not in self._subscribed or (needed and not self._scopes.intersection(needed)):
            return
        if channel is not None and self._world.bot.id not in channel.members:
            return
        world = self._world
        wrapper = {
            "token": "sandbox",
            "team_id": world.team_id,
            "context_team_id": world.team_id,
            "context_enterprise_id": None,
            "api_app_id": self._app_id,
            "event": event,
            "type": "event_callback",
            "event_id": world.new_id("Ev"),
            "event_time": int(time.time()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": world.team_id,
                    "user_id": world.bot.id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
            "event_context": f"4-{world.new_id('EC')}",
        }
        self._socket.emit(kind, wrapper)

    # -- messages ----------------------------------------------------------------------------------------------
    def said(self, message: Message, channel: Channel) -> None:
        """A message was written; the bot's own are told too, as Slack does."""
        shape = {**self._shape(message), "channel": channel.id, "event_ts": message.ts}
        shape["channel_type"] = "im" if channel.im_user else "channel"
        if message.thread_ts:
            root = channel.messages.get(message.thread_ts)
            shape["parent_user_id"] = root.user if root else ""
        self.emit(shape, channel=channel)
        if f"<@{self._world.bot.id}>" in message.text and not message.by_bot and not channel.im_user:
            mention = {key: value for key, value in shape.items() if key not in ("channel_type", "parent_user_id")}
            self.emit({**mention, "type": "app_mention"}, channel=channel)

    def changed(self, message: Message, before: JSON, channel: Channel) -> None:
        """A message was edited; ``before`` is its shape until then."""
        self._about_message("message_changed", channel, {"message": self._shape(message), "previous_message": before})

    def deleted(self, message: Message, channel: Channel) -> None:
        """A message was deleted."""
        more = {"deleted_ts": message.ts, "previous_message": self._shape(message)}
        self._about_message("message_deleted", channel, more)

    def _about_message(self, subtype: str, channel: Channel, more: JSON) -> None:
        now = self._world.now_ts()
        event = {
            "type": "message",
            "subtype": subtype,
            "hidden": True,
            **more,
            "channel": channel.id,
            "ts": now,
            "event_ts": now,
            "channel_type": "im" if channel.im_user else "channel",
        }
        self.emit(event, channel=channel)

    def reacted(self, user: str, name: str, message: Message, channel: Channel, *, present: bool) -> None:
        """An emoji was put on a message, or taken off."""
        event = {
            "type": "reaction_added" if present else "reaction_removed",
            "user": user,
            "reaction": name,
            "item": {"type": "message", "channel": channel.id, "ts": message.ts},
            "item_user": message.user,
            "event_ts": self._world.now_ts(),
        }
        self.emit(event, channel=channel)

    # -- people and channels -----------------------------------------------------------------------------------
    def joined_channel(self, user: str, channel: Channel, *, inviter: str = "") -> None:
        """Somebody joined a channel; the bot hears of its own joining in the same way."""
        event = {
            "type": "member_joined_channel",
            "user": user,
            "channel": channel.id,
            "channel_type": "C",
            "team": self._world.team_id,
            "event_ts": self._world.now_ts(),
        }
        if inviter:
            event["inviter"] = inviter
        self.emit(event, channel=channel)

    def left_channel(self, user: str, channel: Channel) -> None:
        """Somebody left a channel."""
        event = {
            "type": "member_left_channel",
            "user": user,
            "channel": channel.id,
            "channel_type": "C",
            "team": self._world.team_id,
            "event_ts": self._world.now_ts(),
        }
        self.emit(event, channel=channel)

    def joined_team(self, user: User) -> None:
        """Somebody joined the workspace."""
        self.emit({"type": "team_join", "user": self._shape_user(user), "event_ts": self._world.now_ts()})

    def changed_user(self, user: User) -> None:
        """Somebody's profile or standing changed; leaving the workspace shows as ``deleted``."""
        self.emit({"type": "user_change", "user": self._shape_user(user), "event_ts": self._world.now_ts()})

    def created_channel(self, channel: Channel) -> None:
        """A public channel was made."""
        about = {"id": channel.id, "name": channel.name, "created": channel.created, "creator": channel.creator}
        self.emit({"type": "channel_created", "channel": about, "event_ts": self._world.now_ts()})

    def about_channel(self, kind: str, channel: Channel, **more: object) -> None:
        """A channel was deleted or archived."""
        self.emit({"type": kind, "channel": channel.id, "event_ts": self._world.now_ts(), **more})

    def home_opened(self, user: str, channel: Channel) -> None:
        """Somebody opened the private chat with the bot."""
        self.emit(
            {
                "type": "app_home_opened",
                "user": user,
                "channel": channel.id,
                "tab": "messages",
                "event_ts": self._world.now_ts(),
            }
        )

    def uninstalled(self) -> None:
        """The app was taken out of the workspace, and its tokens with it."""
        self.tokens_revoked()
        self.emit({"type": "app_uninstalled"})
        self.active = False

    def tokens_revoked(self) -> None:
        """The bot's token is worth nothing any more."""
        self.emit({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [self._world.bot.id]}})
