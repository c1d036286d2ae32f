"""A community whose managers look after posts that are stuck."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlmodel import col

from core.bot import Standing
from core.hall import Hall
from core.incidents import Kind, note
from core.message import Button
from core.testing import FakeAnswering, FakeBot, SetClock, install
from storage.tables import Activity, Channel, Delivery, Incident, Space
from storage.tx import Tx

REFUSED = "the platform says: not in this channel"


class Scene:
    """A community that Olga set up, and posts of it that are stuck."""

    def __init__(self, hall: Hall, bot: FakeBot, time: SetClock, community: UUID, space: UUID) -> None:
        self.hall, self.bot, self.time = hall, bot, time
        self.community, self.space = community, space

    async def stick(
        self, state: str, *, channel: str = "general", activity: UUID | None = None, lane: str = "idle", **more: Any
    ) -> UUID:
        """A post that is stuck; of a lane that nobody sends, so that it stays as it was left. Its id."""

        def unit(tx: Tx) -> UUID:
            where = (col(Channel.community_id) == self.community, col(Channel.external_id) == channel)
            channel_id = tx.scalar(select(col(Channel.id)).where(*where))
            if channel_id is None:
                channel_id = tx.new_id()
                here = {"community_id": self.community, "space_id": self.space}
                tx.add(Channel(**here, id=channel_id, external_id=channel, name=channel))
            values: dict[str, Any] = {
                "channel_id": channel_id,
                "error": REFUSED,
                "sent_at": tx.now,
                "due_at": tx.now,
                "expires_at": tx.now,
                "attempts": 3,
                "checks": 2,
                "wanted_revision": 2,
                "shown_revision": 0,
                "created_at": tx.now,
                "card_plugin": "qd",
                "activity_id": activity,
            }
            row = Delivery(
                community_id=self.community,
                id=tx.new_id(),
                space_id=self.space,
                lane=lane,
                state=state,
                **{**values, **more},
            )
            tx.add(row)
            return row.id

        return await self.hall.store.write(unit)

    async def ask(self, question: str = "What did you *cook*?", state: str = "open") -> UUID:
        """An activity; its id."""

        def unit(tx: Tx) -> UUID:
            row = Activity(
                community_id=self.community,
                id=tx.new_id(),
                plugin="qd",
                slot="2026-11-21T09:00:00",
                state=state,
                data={"question": question.replace("*", "\\*")},
                created_at=tx.now,
            )
            tx.add(row)
            return row.id

        return await self.hall.store.write(unit)

    async def note(self, kind: Kind, **more: Any) -> None:
        """An incident."""
        await self.hall.store.write(lambda tx: note(tx, kind, self.community, plugin="qd", **more))

    async def posts(self, member: str = "olga") -> FakeAnswering:
        """``/hall posts``."""
        return await self.bot.command("posts", member)

    async def row(self, delivery: UUID) -> Delivery:
        """A delivery as it is now."""
        async with self.hall.store.session() as session:
            found = await session.get(Delivery, (self.community, delivery))
        assert found is not None
        return found

    async def incidents(self) -> list[tuple[str, Any]]:
        """The kinds and details of all incidents."""
        async with self.hall.store.session() as session:
            rows = await session.execute(select(col(Incident.kind), col(Incident.detail)).order_by(col(Incident.id)))
            return [(row.kind, row.detail) for row in rows]


def labels(seen: FakeAnswering) -> list[str]:
    return [str(one.label) for one in seen.message.controls if isinstance(one, Button)] if seen.message else []


@pytest.fixture
async def scene(hall: Hall, bot: FakeBot, time: SetClock) -> Scene:
    """A hall with one space that Olga set up; Jon manages, too."""
    await install(bot)
    bot.standings["jon"] = Standing(present=True, roles=frozenset({"admin"}))
    async with hall.store.session() as session:
        community, space = (await session.execute(select(col(Space.community_id), col(Space.id)))).one()
    return Scene(hall, bot, time, community, space)
