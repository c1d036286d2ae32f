"""Where a thing is posted: chosen by space, whatever the spaces are called and whichever come and go meanwhile."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from core.activity import Target
from core.bot import ChannelInfo
from core.hall import Hall
from core.posted_in import Chosen, PostedIn
from core.testing import FakeBot, install
from plugins.question_of_the_day.tables import SeriesChannel
from storage.tables import Channel, Community, Space
from storage.tx import Tx

POSTED = PostedIn(SeriesChannel, "series_id")


async def ids(hall: Hall) -> tuple[UUID, dict[str, UUID]]:
    """The community, and its spaces by platform."""
    async with hall.store.session() as session:
        community = (await session.scalars(select(col(Community.id)))).one()
        spaces = await session.execute(select(col(Space.platform), col(Space.id)))
        return community, {row[0]: row[1] for row in spaces}


async def test_what_is_chosen_in_one_space_leaves_the_others_and_who_is_out_gets_nothing(
    hall: Hall, bot: FakeBot
) -> None:
    await install(bot)
    community, spaces = await ids(hall)
    here = spaces["fake"]
    owner = UUID(int=5)

    def put(tx: Tx, *names: str) -> None:
        POSTED.put(tx, community, owner, Chosen({here: [ChannelInfo(name, name) for name in names]}))

    await hall.store.write(lambda tx: put(tx, "lab", "general"))
    await hall.store.write(lambda tx: POSTED.put(tx, community, owner, Chosen({})))  # nothing was asked
    await hall.store.write(lambda tx: put(tx, "lab", "den"))
    found = await hall.store.write(lambda tx: POSTED.targets(tx, [(community, owner), (community, UUID(int=6))]))
    async with hall.store.session() as session:
        known = {row[0]: row[1] for row in await session.execute(select(col(Channel.external_id), col(Channel.id)))}
    assert sorted(found) == [(community, owner)]
    assert set(found[community, owner]) == {Target(here, known[name], "fake") for name in ("lab", "den")}
    gone = "UPDATE space SET removed_at = '2026-01-01 00:00:00'"
    await hall.store.write(lambda tx: tx.execute(gone) and None)
    assert await hall.store.write(lambda tx: POSTED.targets(tx, [(community, owner)])) == {}
