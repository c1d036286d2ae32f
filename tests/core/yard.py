"""One community with one space and a channel, and halls over it whose workers move only when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select

from core.activity import Target, open_activity, owe_private, touch_card
from core.bot import Address, SendError, Sent
from core.context import Settlement
from core.delivery import Lane
from core.hall import Hall
from core.message import Image, Message
from core.registry import catalogues_for, with_core
from core.testing import FakeBot, SetClock
from storage.engine import Store
from storage.people import account_for
from storage.tables import Channel, Community, Delivery, Space, SpaceRoute
from storage.tx import Tx
from tests.core.kit import rows
from tests.core.probe import CODE, Probe


class SlowBot(FakeBot):
    """A platform whose sends wait until the test lets them go on. ``sending`` says how many are under way."""

    def __init__(self, posts: list[object] | None = None) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.go.set()
        self.sending = 0
        self.started = asyncio.Event()
        self.after: list[SendError] = []
        """Raised after the platform took the message."""

    async def send(self, address: Address, message: Message, *, key: str) -> Sent:
        self.sending += 1
        self.started.set()
        try:
            await self.go.wait()
            sent = await super().send(address, message, key=key)
            if self.after:
                raise self.after.pop(0)
            return sent
        finally:
            self.sending -= 1

    async def edit(self, sent: Sent, message: Message) -> None:
        self.started.set()
        await self.go.wait()
        await super().edit(sent, message)


@dataclass
class Yard:
    """The store, the clock and the ids of one community."""

    store: Store
    time: SetClock
    probe: Probe
    bot: SlowBot = field(default_factory=SlowBot)
    community: UUID = field(default_factory=lambda: UUID(int=0))
    space: UUID = field(default_factory=lambda: UUID(int=0))
    channels: list[UUID] = field(default_factory=list)

    async def build(self, channels: int = 1) -> None:
        def unit(tx: Tx) -> None:
            self.community, self.space = tx.new_id(), tx.new_id()
            self.channels = [tx.new_id() for _ in range(channels)]
            tx.add(
                Community(id=self.community, name="Hall", language="en", time_zone="Europe/Berlin", created_at=tx.now)
            )
            key = {"platform": "fake", "external_id": "hall"}
            tx.add(Space(community_id=self.community, id=self.space, name="Hall", created_at=tx.now, **key))
            route = {"community_id": self.community, "space_id": self.space, "name": "Hall", "created_at": tx.now}
            tx.add(SpaceRoute(**key, **route))
            for number, channel in enumerate(self.channels):
                where = {"space_id": self.space, "external_id": f"c{number}", "name": f"c{number}"}
                tx.add(Channel(community_id=self.community, id=channel, **where))

        await self.store.write(unit)
        for channel in self.channels:
            where = {"space_id": self.space, "channel_id": channel, "channel_name": "c"}
            settlement = Settlement(
                community_id=self.community,
                language="en",
                time_zone="Europe/Berlin",
                first=True,
                account_id=UUID(int=0),
                **where,  # type: ignore[arg-type]  # the ids above
            )
            self.probe.settlements.append(settlement)

    async def add_channels(self, count: int) -> None:
        """So many channels in all."""
        more = [self.store.ids.next(self.time.now()) for _ in range(len(self.channels), count)]

        def unit(tx: Tx) -> None:
            for number, channel in enumerate(more, len(self.channels)):
                where = {"space_id": self.space, "external_id": f"c{number}", "name": f"c{number}"}
                tx.add(Channel(community_id=self.community, id=channel, **where))

        await self.store.write(unit)
        self.channels.extend(more)

    @property
    def targets(self) -> list[Target]:
        return [Target(self.space, channel, "fake") for channel in self.channels]

    def hall(self, worker: str, bot: FakeBot | None = None, store: Store | None = None) -> Hall:
        """A hall that was not started."""
        plugins = with_core([self.probe])
        return Hall(
            store=store or self.store,
            bots=[bot or self.bot],
            plugins=plugins,
            catalogues=catalogues_for(plugins),
            clock=self.time,
            worker=worker,
        )

    def lane(self, worker: str = "a", bot: FakeBot | None = None, store: Store | None = None) -> Lane:
        """The lane of such a hall."""
        bot = bot or self.bot
        return Lane(self.hall(worker, bot, store), bot)

    async def owe(self, targets: Sequence[Target] | None = None) -> UUID:
        """Owe a card; returns the activity."""

        def unit(tx: Tx) -> UUID:
            where = self.targets if targets is None else targets
            return open_activity(tx, community_id=self.community, plugin=CODE, now=self.time.now(), targets=where)

        return await self.store.write(unit)

    async def owe_private(self, text: str, image: Image | None = None) -> None:
        """Owe a message to Mia in private."""

        def unit(tx: Tx) -> None:
            account = account_for(tx, self.store.vault, "fake", "", "mia", None)
            owe_private(
                tx,
                community_id=self.community,
                space_id=self.space,
                lane="fake",
                account_id=account.id,
                message=Message(text=text, image=image),
                now=self.time.now(),
            )

        await self.store.write(unit)

    async def touch(self, activity: UUID) -> None:
        """Another state, as an answer's unit brings it about."""
        self.probe.state += 1
        await self.store.write(lambda tx: touch_card(tx, self.community, activity), lane_key=self.community)

    async def deliveries(self) -> list[Delivery]:
        """All that was ever owed."""
        async with self.store.session() as session:
            return list(await session.scalars(select(Delivery).order_by(Delivery.id)))  # type: ignore[arg-type]  # SQLModel's columns

    async def delivery(self) -> Delivery:
        """The one that is owed."""
        (only,) = await self.deliveries()
        return only

    async def incidents(self) -> list[tuple[object, ...]]:
        """Kind and reason of each, or who did it."""
        query = "SELECT kind, coalesce(json_extract(detail, '$.reason'), json_extract(detail, '$.by')) FROM incident"
        if self.store.dialect == "postgresql":
            query = "SELECT kind, coalesce(detail->>'reason', detail->>'by') FROM incident"
        return await rows(self.store, f"{query} ORDER BY id")
