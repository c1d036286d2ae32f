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
    def add(self, tx: Tx, at: datetime) -> Round:
        """A new community of the same channels, whose question is due ``at``: nothing is closed or edited for it."""
        number = len(self.rounds)
        community, series, schedule = tx.new_id(), tx.new_id(), tx.new_id()
        tx.add(Community(id=community, name=f"Hall {number}", language="en", time_zone="Etc/UTC", created_at=tx.now))
        when: dict[str, Any] = {"next_at": at, "next_slot": _slot(at)}
        rule: dict[str, Any] = {"kind": "daily", "spec": {"at": at.strftime("%H:%M"), "weekdays": list(_DAYS)}}
        tx.add(Schedule(community_id=community, id=schedule, plugin=CODE, created_at=tx.now, **rule, **when))
        tx.add(Series(community_id=community, id=series, schedule_id=schedule, created_at=tx.now))
        self._ask(tx, community, series, number)
        spaces: dict[tuple[str, str], UUID] = {}
        for place in self.places:
            key = (place.platform, place.space)
            if key not in spaces:
                spaces[key] = self._known(tx, community, number, place)
            channel = tx.new_id()
            where: dict[str, Any] = {"space_id": spaces[key], "external_id": place.channel, "name": place.channel}
            tx.add(Channel(community_id=community, id=channel, **where))
            tx.add(SeriesChannel(community_id=community, series_id=series, channel_id=channel))
        return Round(number, community, _slot(at))

    def add_again(self, tx: Tx, before: Round, at: datetime) -> Round:
        """The next question of an earlier round's community: that one closes, and all its posts change."""
        number = len(self.rounds)
        series = tx.scalar(select(col(Series.id)).where(col(Series.community_id) == before.community))
        self._ask(tx, before.community, series, number)
        tx.execute(
            update(Schedule)
            .where(col(Schedule.community_id) == before.community)
            .values(next_at=at, next_slot=_slot(at))
        )
        return Round(number, before.community, _slot(at))

    def _known(self, tx: Tx, community: UUID, number: int, place: Place) -> UUID:
        """The community's row of a space. The first round's is where the space belongs, so that nobody is greeted."""
        space = tx.new_id()
        key: dict[str, Any] = {"platform": place.platform, "external_id": place.space, "name": place.space}
        tx.add(Space(community_id=community, id=space, created_at=tx.now, **key))
        if number == 0:
            tx.add(SpaceRoute(community_id=community, space_id=space, created_at=tx.now, **key))
        return space

    def _ask(self, tx: Tx, community: UUID, series: UUID, number: int) -> None:
        words = f"Round {number}: what made you smile?"
        tx.add(
            Question(
                community_id=community,
                id=tx.new_id(),
                series_id=series,
                words=words,
                language="en",
                created_at=tx.now,
            )
        )

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


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _slot(at: datetime) -> str:
    return at.replace(tzinfo=None, microsecond=0).isoformat()
