"""Looking whether a message arrived: each carries its key as metadata, which a channel's history shows again.

Reading needs no other scope than the messages themselves: ``metadata.message:read`` is for being told of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.errors import again
from core.bot import Address, SendRefused, Sent

JSON = dict[str, Any]

EVENT_TYPE = "hallkeeper"
"""The type of our messages' metadata."""
BEFORE = timedelta(seconds=60)
"""How far two clocks may be apart. A wrong one is survived all the same: the newest page is read whatever it says."""
PAGE, PAGES = 200, 10
"""Messages a call (Slack advises at most 200), and calls before it is given up."""


def metadata(key: str) -> JSON:
    """What a message is sent with, to be found by."""
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}


async def find(web: AsyncWebClient, address: Address, key: str, since: datetime) -> Sent | None:
    """See :meth:`core.bot.Bot.find`."""
    try:
        channel = address.channel
        if address.member:
            opened = await again(lambda: web.conversations_open(users=address.member))
            channel = str(opened["channel"]["id"])
        wanted = metadata(key)
        async for message in _written(web, channel, address.thread, since):
            if message.get("metadata") == wanted:
                return Sent(channel, str(message["ts"]))
    except SendRefused as error:
        raise SendRefused(f"it can't be told: {error}", gone=error.gone) from error
    return None


async def _written(web: AsyncWebClient, channel: str, thread: str, since: datetime) -> AsyncIterator[JSON]:
    """What was written since a send, and more. Raises SendRefused where that is more than can be read."""
    oldest, cursor = (since - BEFORE).timestamp(), ""
    for _ in range(PAGES):
        page = await again(lambda cursor=cursor: _page(web, channel, thread, cursor))  # type: ignore[misc]  # a default is no argument
        messages = page["messages"]
        for message in messages:
            yield message
        cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
        # A channel comes with its newest messages first, a thread with its oldest: that is read to its end.
        if not cursor or (not thread and messages and float(messages[-1]["ts"]) < oldest):
            return
    raise SendRefused("too much was written there since")


async def _page(web: AsyncWebClient, channel: str, thread: str, cursor: str) -> Any:
    more: JSON = {"include_all_metadata": True, "limit": PAGE, "cursor": cursor or None}
    if thread:
        return await web.conversations_replies(channel=channel, ts=thread, **more)
    return await web.conversations_history(channel=channel, **more)
