"""Where the questions go: many channels on three sandbox platforms, and the rows that make a question due in all."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col

from core.schedule import WEEKDAYS
from plugins.question_of_the_day.queue import CODE
from plugins.question_of_the_day.tables import Question, Series, SeriesChannel
from sandbox.control import Platform
from sandbox.discord import DiscordSandbox
from sandbox.slack import SlackSandbox
from sandbox.telegram import TelegramSandbox
from storage.tables import Channel, Community, Schedule, Space, SpaceRoute
from storage.tx import Tx

OWNER = "Olga"
A_SERVER = 25
"""Discord channels in one server."""
SEND = {"discord": "POST /channels/{channel}/messages", "slack": "chat.postMessage", "telegram": "sendMessage"}
"""The call that posts a message."""
FIND = {"discord": "GET /channels/{channel}/messages", "slack": "conversations.history", "telegram": "-"}
"""The call that looks whether one stands."""
HOSTS = ("127.0.0.1", "localhost")
"""Names of this machine, one for each process: by them the sandboxes know who calls."""
MARK = re.compile(r"Round (\d+)")
SETTINGS = {
    "discord": {"token": "discord-sandbox-token"},
    "slack": {"bot_token": "xoxb-sandbox", "app_token": "xapp-sandbox"},
    "telegram": {"token": "123456:telegram-sandbox-token"},
}


@dataclass(frozen=True, slots=True)
class Place:
    """A channel, in the platform's ids."""

    platform: str
    space: str
    channel: str


@dataclass(frozen=True, slots=True)
class Round:
    """A question that is due in every channel: of this community, in this slot."""

    number: int
    community: UUID
    slot: str


@dataclass
class Town:
    """The platforms with their channels, and the questions that were made due. All limits are the platforms' own but
    one: Slack allows a new connection a minute, and here a process starts every few seconds."""

    platforms: dict[str, Platform] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    home: UUID | None = None
    _read: dict[str, int] = field(default_factory=dict)
    _standing: dict[int, int] = field(default_factory=dict)

    async def build(self, stack: AsyncExitStack, channels: int) -> None:
        """Start the platforms, each with so many channels that the bot may write in."""
        connections = {"apps.connections.open": (1000, 60.0)}
        for platform in (DiscordSandbox(), SlackSandbox(rates=connections), TelegramSandbox()):
            await platform.start()
            stack.push_async_callback(platform.stop)
            self.platforms[platform.name] = platform
            share = {"discord": A_SERVER, "slack": channels, "telegram": 1}[platform.name]
            for first in range(0, channels, share):
                await self._space(platform, range(first, min(first + share, channels)))

    async def _space(self, platform: Platform, numbers: range) -> None:
        space = await platform.add_space(f"Hall {numbers[0]}", owner=OWNER)
        owner = next(
            one.id for one in platform.state(messages=0).members if one.role == "owner" and one.space == space
        )
        for number in numbers:
            channel = await platform.add_channel(space, f"channel-{number}")
            self.places.append(Place(platform.name, space, channel))
        await platform.install(space, owner)

    # -- rows --------------------------------------------------------------------------------------------------------
    def settle(self, tx: Tx) -> None:
        """The community that the spaces belong to: here members' acts are heard, and nobody is greeted."""
        self.home = self._community(tx, "Home")
        mine = select(col(Space.platform), col(Space.external_id), col(Space.id))
        for platform, space, space_id in tx.execute(mine.where(col(Space.community_id) == self.home)).all():
            route = {"community_id": self.home, "space_id": space_id, "name": space, "created_at": tx.now}
            tx.add(SpaceRoute(platform=platform, external_id=space, **route))

    def add(self, tx: Tx, at: datetime, community: UUID | None = None) -> Round:
        """A question is due ``at`` in every channel: of a new community, so that nothing is closed or edited for it;
        or the next one of ``community``, which closes the one before, and changes all its posts."""
        number = len(self.rounds)
        if community is None:
            community = self._community(tx, f"Hall {number}")
        series = tx.scalar(select(col(Series.id)).where(col(Series.community_id) == community))
        slot = at.replace(tzinfo=None, microsecond=0).isoformat()
        tx.add(
            Question(
                community_id=community,
                id=tx.new_id(),
                series_id=series,
                words=f"Round {number}: what made you smile?",
                language="en",
                created_at=tx.now,
            )
        )
        rule = {"at": at.strftime("%H:%M"), "weekdays": list(WEEKDAYS)}
        due = update(Schedule).where(col(Schedule.community_id) == community)
        tx.execute(due.values(spec=rule, next_at=at, next_slot=slot))
        return Round(number, community, slot)

    def _community(self, tx: Tx, name: str) -> UUID:
        """A community with every channel in it, its series, and a schedule of which nothing is due."""
        community, series, schedule = tx.new_id(), tx.new_id(), tx.new_id()
        key: dict[str, Any] = {"community_id": community, "created_at": tx.now}
        tx.add(Community(id=community, name=name, language="en", time_zone="Etc/UTC", created_at=tx.now))
        tx.add(Schedule(id=schedule, plugin=CODE, kind="daily", **key))
        tx.add(Series(id=series, schedule_id=schedule, **key))
        spaces: dict[tuple[str, str], UUID] = {}
        for place in self.places:
            where = (place.platform, place.space)
            if where not in spaces:
                spaces[where] = tx.new_id()
                tx.add(
                    Space(id=spaces[where], platform=place.platform, external_id=place.space, name=place.space, **key)
                )
            channel = tx.new_id()
            tx.add(
                Channel(
                    community_id=community,
                    id=channel,
                    space_id=spaces[where],
                    external_id=place.channel,
                    name=place.channel,
                )
            )
            tx.add(SeriesChannel(community_id=community, series_id=series, channel_id=channel))
        return community

    # -- what stands -------------------------------------------------------------------------------------------------
    def standing(self) -> dict[int, int]:
        """How many messages of each round were taken so far, by the platforms' records."""
        for name, platform in self.platforms.items():
            taken = platform.record.taken
            for one in taken[self._read.get(name, 0) :]:
                if found := MARK.search(one.text):
                    number = int(found[1])
                    self._standing[number] = self._standing.get(number, 0) + 1
            self._read[name] = len(taken)
        return self._standing

    def seen(self) -> dict[tuple[int, str, str], list[str]]:
        """The messages that people see now, by round, platform and channel."""
        found: dict[tuple[int, str, str], list[str]] = {}
        for name, platform in self.platforms.items():
            for channel in platform.state(messages=10_000).channels:
                for message in channel.messages:
                    if message.by_bot and (mark := MARK.search(message.text)):
                        found.setdefault((int(mark[1]), name, channel.id), []).append(message.id)
        return found
