"""What members replied while nobody heard. Discord tells a new connection nothing of it, but keeps it to be read.

Its messages have numbers that rise. How far they were handled is written down every few seconds; and when a server
appears on a new connection it says of each channel which message is the newest there. So only channels are read in
which something was written since, and of those only the ones where a post of ours took replies.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING, NamedTuple

import discord
from discord.utils import snowflake_time

from bots.discord.frames import PLATFORM
from bots.discord.replying import TROUBLE, ReplyAnswering
from core.event import Replied

if TYPE_CHECKING:
    from bots.discord.bot import DiscordBot

logger = logging.getLogger(__name__)

NOTE_SECONDS = 5.0
"""How often it is written down how far messages were handled. After a crash those of twice that time are read again,
which the hall knows for repeats."""
FIRST_SECONDS = (0.5, 0.5)
"""The same after a connection: of the very first one nothing else would be known for long."""
MOST = 1000
"""Messages that are read in a channel, the oldest first: ten calls."""


class _Missed(NamedTuple):
    """Channels of a server in which something was written since a message."""

    guild: int
    channels: Sequence[discord.TextChannel | discord.Thread]
    since: int


class CatchingUp:
    """One bot's."""

    def __init__(self, bot: DiscordBot) -> None:
        self._bot = bot
        self._handled: int | None = None
        """All messages up to this one were handled; None when none ever was."""
        self._newest = 0
        self._noted: tuple[int, int] | None = None
        """The newest message at some moment, and a number above those of all that was being handled then."""
        self._since: int | None = None
        """Up to where they were handled when the session began."""
        self._seen: set[int] = set()
        """The servers that have appeared since: what came after that was heard."""
        self._gone: dict[int, int | None] = {}
        """Servers that Discord lost, and up to where all was handled then."""
        self._whole = False
        """Nothing is left out but what is being read: all servers have appeared, or the session was resumed."""
        self._to_read: deque[_Missed] = deque()
        self._reads = False
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Before a connection."""
        self._handled = await self._bot.receiver.watermarks.watermark(self._source)
        self._newest, self._noted, self._whole = self._handled or 0, None, False
        self._task = asyncio.create_task(self._run(), name="discord watermark")

    def stop(self) -> None:
        """The connection is left now. What is still to be read is left to the next one."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        if self._reads:
            self._to_read.clear()
            self._noted, self._whole = None, False

    async def end(self) -> None:
        """It is left, and all that it told is handled or has had its time."""
        for _ in range(2):  # note how far it is, and write that down if nothing is left
            await self._note()
        self._whole = False

    def heard(self, message: int) -> None:
        """A message came, anybody's."""
        self._newest = max(self._newest, message)

    def lost(self) -> None:
        """The connection broke: something may be missing from now on."""
        if self._task is not None:
            self._whole = False

    def began(self) -> None:
        """A new session: servers will appear."""
        self._since, self._noted = self._handled, None
        self._seen.clear()
        self._gone.clear()
        self._to_read.clear()

    def whole(self) -> None:
        """All servers have appeared, or Discord has repeated what was missed."""
        self._whole = True

    def gone(self, guild: discord.Guild) -> None:
        """Discord lost a server, and tells nothing of it until it appears again."""
        self._gone.setdefault(guild.id, self._handled)

    def server(self, guild: discord.Guild) -> None:
        """A server appeared: read what was replied there meanwhile."""
        if guild.id in self._seen and guild.id not in self._gone:
            return
        since = self._gone.pop(guild.id) if guild.id in self._seen else self._since
        self._seen.add(guild.id)
        channels: list[discord.TextChannel | discord.Thread] = [*guild.text_channels, *guild.threads]
        for one in channels:
            self.heard(one.last_message_id or guild.id)
        if since is None:
            return
        newer = [one for one in channels if (one.last_message_id or 0) > since]
        if newer:
            self._to_read.append(_Missed(guild.id, newer, since))
            if not self._reads:
                self._reads = True
                self._bot.spawn(self._read_all())

    async def _read_all(self) -> None:
        """One channel after the other: what is posted meanwhile goes first."""
        try:
            while self._to_read:
                try:
                    await self._read(*self._to_read.popleft())
                except Exception:  # the store is away, for example: other servers may go well
                    logger.exception("what was written meanwhile could not be read in a server")
        finally:
            self._reads = False

    async def _read(self, guild: int, newer: Sequence[discord.TextChannel | discord.Thread], since: int) -> None:
        posts = await self._bot.receiver.open_posts(PLATFORM, str(guild), snowflake_time(since))
        ours = {post.message for post in posts}
        wanted = {int(post.channel) for post in posts} | {int(post.message) for post in posts}  # or a post's thread
        for channel in newer:
            if channel.id not in wanted:
                continue
            try:
                async for message in channel.history(limit=MOST, after=discord.Object(since), oldest_first=True):
                    event = self._bot.frames.message(message)
                    if isinstance(event, Replied) and event.to in ours:
                        self._bot.tell(event, ReplyAnswering(self._bot, message))
            except TROUBLE:
                logger.warning("what was written meanwhile could not be read in a channel", exc_info=True)

    async def _run(self) -> None:
        for seconds in chain(FIRST_SECONDS, repeat(NOTE_SECONDS)):
            await asyncio.sleep(seconds)
            await self._note()

    async def _note(self) -> None:
        if self._noted is not None and self._bot.done_before(self._noted[1]):
            newest, self._noted = self._noted[0], None
            try:
                await self._bot.receiver.watermarks.advance(self._source, newest)
                self._handled = newest
            except Exception:  # the store is away: the next time
                logger.warning("how far messages were handled could not be written down", exc_info=True)
        if self._noted is None and self._whole and self._newest > (self._handled or 0):
            mark = self._bot.mark()
            self._noted = None if mark is None else (self._newest, mark)

    @property
    def _source(self) -> str:
        return f"{PLATFORM}:{self._bot.frames.me}"
