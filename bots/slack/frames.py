"""What Slack tells, as events of ours. Its JSON in, plain data out; ``None`` for what is not for us."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from bots.slack.forms import Spot
from core.event import Deleted, Edited, Event, Joined, Left, Reacted, Removed, Replied, Said, Where, Who

PLATFORM = "slack"

JSON = Mapping[str, Any]

_WRITTEN = frozenset({"", "file_share", "thread_broadcast", "me_message"})
"""Subtypes of messages that people write; the others tell of joins, topics and the like."""
_REFERENCE = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
_DIRECT = "D"
"""What ids of private chats begin with."""


def at_of(ts: object) -> datetime | None:
    """The moment that one of Slack's timestamps names."""
    try:
        return datetime.fromtimestamp(float(str(ts)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def readable(text: str) -> str:
    """A message's text as its author sees it: addresses without brackets, three characters without escapes."""
    if "<" in text:
        text = _REFERENCE.sub(_reference, text)
    if "&" in text:
        text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return text


def _reference(match: re.Match[str]) -> str:
    target, label = match.groups()
    if target[0] in "@#":
        return target[0] + (label or target[1:])
    if target[0] == "!":
        return label or "@" + target[1:].partition("^")[0]
    return label or target.removeprefix("mailto:")


class Frames:
    """Translates for one bot in one workspace."""

    def __init__(self, team: str, me: str) -> None:
        self._team = team
        self._me = me
        self._ping = re.compile(rf"^\s*<@{re.escape(me)}(?:\|[^>]*)?>[\s:,]*")
        self.makers: Mapping[str, Callable[[JSON, str], Event | None]] = {
            "message": self._message,
            "reaction_added": self._reaction_added,
            "reaction_removed": self._reaction_removed,
            "member_left_channel": self._left,
            "app_uninstalled": self._removed,
            "tokens_revoked": self._revoked,
        }
        """By an event's type: out of the event and its id. What must be asked about first is made by the hearing."""

    # -- who and where -------------------------------------------------------------------------------------------
    def who(self, user: str, name: str = "", locale: str = "", *, human: bool = True) -> Who:
        """An account. Its ids are unique in the workspace."""
        return Who(PLATFORM, self._team, user, name, locale, human)

    def where(self, channel: str, thread: str = "") -> Where:
        """A place. Private chats belong to the workspace."""
        return Where(PLATFORM, self._team, channel, thread, channel.startswith(_DIRECT))

    def is_me(self, user: str) -> bool:
        """Whether that is the bot itself."""
        return user == self._me

    # -- messages ------------------------------------------------------------------------------------------------
    def _message(self, event: JSON, number: str) -> Event | None:
        subtype = event.get("subtype", "")
        if subtype in _WRITTEN:
            return self._written(event, number)
        if subtype == "message_changed":
            return self._changed(event, number)
        if subtype == "message_deleted":
            return self._deleted(event, str(event.get("deleted_ts", "")), number)
        return None

    def _written(self, event: JSON, number: str) -> Event | None:
        user, ts = event.get("user"), event["ts"]
        if user is None or "bot_id" in event or user == self._me:
            return None
        root = event.get("thread_ts") or ""
        who, text, at = self.who(user), self._text(event), at_of(ts)
        if root and root != ts:
            where = self.where(event["channel"], root)
            return Replied(where=where, who=who, id=number, at=at, to=root, message=ts, text=text)
        return Said(where=self.where(event["channel"]), who=who, id=number, at=at, message=ts, text=text)

    def _changed(self, event: JSON, number: str) -> Event | None:
        """Somebody changed what they wrote; not when Slack only added a preview, or counted a reply."""
        now, before = event.get("message") or {}, event.get("previous_message") or {}
        ts = str(now.get("ts", ""))
        if now.get("subtype") == "tombstone":  # the root of a thread is deleted, its replies stay
            return self._deleted(event, ts, number)
        user, edited = now.get("user"), now.get("edited")
        if user is None or "bot_id" in now or user == self._me or now.get("subtype", "") not in _WRITTEN:
            return None
        if not edited or edited == before.get("edited"):
            return None
        root = now.get("thread_ts") or ""
        root = root if root != ts else ""
        where, at = self.where(event["channel"], root), at_of(edited.get("ts"))
        return Edited(where=where, who=self.who(user), id=number, at=at, message=ts, text=self._text(now), to=root)

    def _deleted(self, event: JSON, ts: str, number: str) -> Event | None:
        if not ts:
            return None
        root = (event.get("previous_message") or {}).get("thread_ts") or ""
        where = self.where(event["channel"], root if root != ts else "")
        return Deleted(where=where, who=None, id=number, at=at_of(event.get("event_ts")), message=ts)

    def _text(self, event: JSON) -> str:
        return readable(self._ping.sub("", event.get("text") or ""))

    # -- reactions -----------------------------------------------------------------------------------------------
    def _reaction_added(self, event: JSON, number: str) -> Event | None:
        return self._reacted(event, number, present=True)

    def _reaction_removed(self, event: JSON, number: str) -> Event | None:
        return self._reacted(event, number, present=False)

    def _reacted(self, event: JSON, number: str, *, present: bool) -> Event | None:
        """A reaction came or went, to a message of ours or of a member's: the hall knows which it wants."""
        item, user, author = event.get("item") or {}, event.get("user", ""), event.get("item_user")
        if item.get("type") != "message" or user == self._me:
            return None
        return Reacted(
            where=self.where(item["channel"]),
            who=self.who(user),
            id=number,
            at=at_of(event.get("event_ts")),
            message=item["ts"],
            emoji=f":{event['reaction']}:",
            present=present,
            ours=author == self._me if author else None,  # a webhook's message has no author
        )

    # -- people and the workspace --------------------------------------------------------------------------------
    def joined(self, user: str, channel: str, number: str, at: datetime | None, *, human: bool) -> Joined:
        """Somebody came in: into the workspace, or into a channel of it."""
        return Joined(where=self.where(channel), who=self.who(user, human=human), id=number, at=at)

    def _left(self, event: JSON, number: str) -> Event | None:
        """Somebody left a channel. That the bot was taken out of one is seen when it next writes there."""
        if self.is_me(event["user"]):
            return None
        who, at = self.who(event["user"]), at_of(event.get("event_ts"))
        return Left(where=self.where(event["channel"]), who=who, id=number, at=at)

    def _removed(self, _event: JSON, number: str) -> Event | None:
        return Removed(where=self.where(""), who=None, id=number)

    def _revoked(self, event: JSON, number: str) -> Event | None:
        """Tokens are taken back; a member's own are none of ours."""
        return self._removed(event, number) if (event.get("tokens") or {}).get("bot") else None

    # -- acts ----------------------------------------------------------------------------------------------------
    @staticmethod
    def spot(body: JSON) -> Spot:
        """Where the answer to a press or a choice goes."""
        container = body.get("container") or {}
        channel = str(container.get("channel_id") or (body.get("channel") or {}).get("id") or "")
        root, ts = str(container.get("thread_ts") or ""), container.get("message_ts")
        return Spot(
            channel=channel,
            thread=root if root != ts else "",
            private=channel.startswith(_DIRECT),
            hook=str(body.get("response_url") or ""),
            ephemeral=bool(container.get("is_ephemeral")),
        )

    @staticmethod
    def command_spot(body: JSON) -> Spot:
        """Where the answer to a command goes."""
        channel = str(body.get("channel_id", ""))
        return Spot(channel=channel, private=channel.startswith(_DIRECT), hook=str(body.get("response_url") or ""))


def invoked(text: str) -> tuple[str, str]:
    """The name of our command and the text that came with it: ``/hall`` alone is help."""
    name, _, rest = text.strip().partition(" ")
    return name.lower() or "help", rest.strip()


def chosen(action: JSON) -> tuple[str, ...]:
    """The values of the options that are picked in a menu, or of the option whose button was pressed."""
    if "selected_options" in action:
        return tuple(str(one["value"]) for one in action["selected_options"] or ())
    if "selected_option" in action:
        picked = action["selected_option"]
        return (str(picked["value"]),) if picked else ()
    return (str(action.get("value", "")),)
