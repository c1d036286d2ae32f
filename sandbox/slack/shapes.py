"""The JSON shapes in which Slack shows its objects to apps. Source: docs.slack.dev/reference/objects."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sandbox.slack.world import JSON, Channel, Message, User, World


class Shapes:
    """Shapes of one workspace's objects for one app."""

    def __init__(self, world: World, app_id: str, bot_id: str) -> None:
        self._world = world
        self._app_id = app_id
        self._bot_id = bot_id
        self._bot_profile = {
            "id": bot_id,
            "app_id": app_id,
            "user_id": world.bot.id,
            "name": world.bot.name,
            "icons": {},
            "deleted": False,
            "updated": 0,
            "team_id": world.team_id,
        }

    def message(self, message: Message, *, metadata: bool = False) -> JSON:
        """A message; its metadata only where the app asked for it."""
        shape: JSON = {
            "user": message.user,
            "type": "message",
            "ts": message.ts,
            "text": message.text,
            "team": self._world.team_id,
        }
        if message.by_bot:
            shape |= {"bot_id": self._bot_id, "app_id": self._app_id, "bot_profile": self._bot_profile}
        else:
            shape["client_msg_id"] = f"sandbox-{message.ts}"
        if message.subtype:
            shape["subtype"] = message.subtype
        if message.blocks:
            shape["blocks"] = message.blocks
        if message.attachments:
            shape["attachments"] = message.attachments
        if message.files:
            shape["files"] = message.files
        if message.edited_ts:
            shape["edited"] = {"user": message.user, "ts": message.edited_ts}
        if message.only_for:
            shape["is_ephemeral"] = True
        if message.reactions:
            shape["reactions"] = [
                {"name": name, "users": list(users), "count": len(users)} for name, users in message.reactions.items()
            ]
        if message.thread_ts:
            shape["thread_ts"] = message.thread_ts
        replies = self._world.channels[message.channel].threads.get(message.ts)
        if replies:
            shape |= {"thread_ts": message.ts, "reply_count": len(replies), "latest_reply": replies[-1]}
        if metadata and message.metadata:
            shape["metadata"] = message.metadata
        return shape

    def user(self, user: User, *, locale: bool = True) -> JSON:
        """A user."""
        now = datetime.now(ZoneInfo(user.tz))
        offset = now.utcoffset()
        shape: JSON = {
            "id": user.id,
            "team_id": self._world.team_id,
            "name": user.name.lower().replace(" ", "."),
            "deleted": not user.present,
            "real_name": user.name,
            "profile": {
                "real_name": user.name,
                "display_name": user.name,
                "real_name_normalized": user.name,
                "display_name_normalized": user.name,
                "team": self._world.team_id,
            },
            "is_bot": user.is_bot,
            "is_app_user": False,
            "updated": 0,
        }
        if user.present:
            shape |= {
                "tz": user.tz,
                "tz_label": now.tzname() or user.tz,
                "tz_offset": int(offset.total_seconds()) if offset is not None else 0,
                "is_admin": user.role in ("admin", "owner"),
                "is_owner": user.role == "owner",
                "is_primary_owner": user.role == "owner",
                "is_restricted": False,
                "is_ultra_restricted": False,
            }
        if user.is_bot:
            shape["profile"] |= {"bot_id": self._bot_id, "api_app_id": self._app_id}
        if locale:
            shape["locale"] = user.locale
        return shape

    def person(self, user: User) -> JSON:
        """A user as an interaction names them."""
        name = user.name.lower().replace(" ", ".")
        return {"id": user.id, "username": name, "name": name, "team_id": self._world.team_id}

    def channel(self, channel: Channel, *, locale: bool = False, count: bool = False) -> JSON:
        """A conversation."""
        shape: JSON = {
            "id": channel.id,
            "created": channel.created,
            "is_archived": channel.archived,
            "is_im": bool(channel.im_user),
            "is_org_shared": False,
            "context_team_id": self._world.team_id,
        }
        if channel.im_user:
            shape |= {"user": channel.im_user, "is_user_deleted": False, "priority": 0}
        else:
            shape |= {
                "name": channel.name,
                "name_normalized": channel.name,
                "is_channel": True,
                "is_group": False,
                "is_mpim": False,
                "is_private": False,
                "is_general": channel.is_general,
                "is_shared": False,
                "is_member": self._world.bot.id in channel.members,
                "creator": channel.creator,
                "topic": {"value": "", "creator": "", "last_set": 0},
                "purpose": {"value": "", "creator": "", "last_set": 0},
            }
        if locale:
            shape["locale"] = self._world.locale
        if count:
            shape["num_members"] = len(channel.members)
        return shape

    def team(self) -> JSON:
        """The workspace as an interaction names it."""
        return {"id": self._world.team_id, "domain": self._world.domain}
