"""Looking whether a message arrived. Discord keeps no key of ours with it: it is known by what its controls say.

Nearly every control carries the id of its activity, of which a channel has one message. That is surer than the words,
which a card changes while members answer. A message without such a control is known by being the same all over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import discord
from discord.utils import time_snowflake

from bots.discord.asking import permissions
from bots.discord.client import Client
from bots.discord.payload import read
from bots.discord.render import ATTACHED, Rendered
from bots.discord.sending import again
from core.action import ActionError
from core.bot import Address, SendRefused, Sent

Wire = Mapping[str, Any]

BEFORE = timedelta(seconds=60)
"""How far two clocks may be apart. A wrong one is survived all the same: the newest page is read whatever it says."""
PAGE, PAGES = 100, 10
"""Messages a call (Discord's reference, "Get Channel Messages"), and calls before it is given up."""


async def find(client: Client, channel: int, address: Address, rendered: Rendered, since: datetime) -> Wire | None:
    """The message as Discord has it, None where it surely does not stand. Raises as :meth:`core.bot.Bot.find`."""
    me = client.user.id if client.user else 0
    telling, oldest = _telling(_ids(rendered)), time_snowflake(since - BEFORE)
    doubt, before = False, None
    for _ in range(PAGES):
        page = await _page(client, channel, before)
        for one in page:
            if int(one["author"]["id"]) != me or one.get("message_reference"):
                continue  # what answers a message is not what was owed
            recent = int(one["id"]) > oldest
            if (telling or recent) and is_that(one, rendered):
                return one
            doubt = doubt or (recent and not telling)
        if len(page) < PAGE or int(page[-1]["id"]) < oldest:
            break
        before = int(page[-1]["id"])
    else:
        raise SendRefused("it can't be told: too much was written there since")
    if doubt:
        raise SendRefused("it can't be told: nothing in this message tells it from others")
    if not page and before is None and not address.member:
        # Without the permission Discord shows an empty channel and no error (same page).
        may = await permissions(client, address.space, address.channel)
        if not may.read_message_history:
            raise SendRefused("it can't be told: the bot lacks 'Read Message History' there")
    return None


def sent(wire: Wire) -> Sent:
    """Where a message of Discord's stands."""
    return Sent(str(wire["channel_id"]), str(wire["id"]))


def is_that(wire: Wire, rendered: Rendered) -> bool:
    """Whether a message of ours in Discord's hands is the one that was to be sent."""
    ours, theirs = _ids(rendered), {*_custom_ids(wire.get("components") or ())}
    if telling := _telling(ours):
        return not telling.isdisjoint(theirs)
    embeds = [] if rendered.embed is None else [_words(rendered.embed.to_dict())]
    return (
        ours == theirs
        and wire.get("content", "") == (rendered.content or "")
        and [_words(one) for one in wire.get("embeds") or ()] == embeds
    )


def _ids(rendered: Rendered) -> set[str]:
    items = rendered.view.children if rendered.view is not None else ()
    buttons = {item.custom_id for item in items if isinstance(item, discord.ui.Button) and item.custom_id}
    return buttons | {item.custom_id for item in items if isinstance(item, discord.ui.Select)}


def _telling(ids: Iterable[str]) -> set[str]:
    """Those that carry an id of their own, an activity's."""
    found = set()
    for one in ids:
        try:
            action = read(one).action
        except ActionError:
            continue
        if any(isinstance(argument, UUID) for argument in action.args):
            found.add(one)
    return found


def _custom_ids(components: Iterable[Wire]) -> Iterable[str]:
    for component in components:
        if custom_id := component.get("custom_id"):
            yield str(custom_id)
        yield from _custom_ids(component.get("components") or ())


def _words(embed: Mapping[str, Any]) -> tuple[object, ...]:
    """What an embed says; Discord adds more to it."""
    pairs = tuple((one["name"], one["value"]) for one in embed.get("fields") or ())
    return embed.get("description"), pairs, _picture((embed.get("image") or {}).get("url") or "")


def _picture(url: str) -> str:
    """A picture's address; of one that we attached, to which Discord gives an address, the name of its file."""
    parts = urlsplit(url)
    if url.startswith(ATTACHED):
        return url.removeprefix(ATTACHED)
    # The host is left open: a proxy's stands there as well, and nobody else names files by what is in them.
    return parts.path.rpartition("/")[2] if parts.path.startswith("/attachments/") else url


async def _page(client: Client, channel: int, before: int | None) -> Sequence[Wire]:
    """The newest messages before an id, the newest first."""
    return await again(lambda: client.http.logs_from(channel, PAGE, before=before))
