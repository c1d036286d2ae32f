"""What goes by itself, and what is made ahead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlmodel import col

from core.testing import SetClock
from storage import retention
from storage.engine import Store
from storage.log import Act
from storage.partitions import make_partitions
from storage.tables import Community, Delivery, Dialogue, Inbox, Incident, JoinCode, Pace, Space, Worker
from storage.tx import Tx
from storage.vault import Vault


async def test_the_inbox_forgets_after_an_hour(
    store: Store, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_BATCH", 4)
    await store.write(lambda tx: [tx.seen("a", f"{number}") for number in range(10)])
    clock.pass_by(minutes=59, seconds=59)
    await store.write(lambda tx: tx.seen("a", "new"))
    assert await retention.purge(store) == 0
    clock.pass_by(2)
    assert await retention.purge(store) == 10
    async with store.session() as session:
        assert (await session.scalars(select(col(Inbox.event_id)))).all() == ["new"]


async def test_what_expired_goes(store: Store, clock: SetClock) -> None:
    def unit(tx: Tx) -> None:
        for key, minutes in (("old", -1), ("new", 1)):
            at = tx.now + timedelta(minutes=minutes)
            tx.add(Dialogue(platform="p", key=key, sealed=b"", expires_at=at, updated_at=tx.now))
            tx.add(JoinCode(code_hash=key.encode(), community_id=uuid4(), expires_at=at))

    await store.write(unit)
    await retention.daily(store)
    async with store.session() as session:
        assert (await session.scalars(select(col(Dialogue.key)))).all() == ["new"]
        assert (await session.scalars(select(col(JoinCode.code_hash)))).all() == [b"new"]


async def test_incidents_paces_and_dead_workers_go_in_their_time(store: Store, clock: SetClock) -> None:
    def unit(tx: Tx) -> None:
        home = Community(id=tx.new_id(), name="", language="en", time_zone="UTC", created_at=tx.now)
        tx.add(home)
        for key, late in (("old", timedelta(seconds=-1)), ("new", timedelta(seconds=1))):
            at = tx.now + late
            tx.add(Pace(lane=key, place="", used_at=at - timedelta(hours=1)))
            tx.add(Worker(id=key, alive_until=at - timedelta(days=1), started_at=at - timedelta(days=2)))
            tx.add(Incident(community_id=home.id, id=tx.new_id(), kind=key, at=at - timedelta(days=90)))

    await store.write(unit)
    await retention.daily(store)
    async with store.session() as session:
        for column in (col(Pace.lane), col(Worker.id), col(Incident.kind)):
            assert (await session.scalars(select(column))).all() == ["new"]


async def partitions(store: Store) -> dict[str, int]:
    """Each partition of the log, with its rows."""

    def unit(tx: Tx) -> dict[str, int]:
        names = tx.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'participation'::regclass"
        )
        return {name: tx.scalar(f"SELECT count(*) FROM {name}") for (name,) in names.all()}  # noqa: S608  ours

    return await store.write(unit)


async def test_coming_months_have_partitions_and_rows_find_theirs(
    postgres_url: str, clock: SetClock, vault: Vault
) -> None:
    act = Act(uuid4(), uuid4(), uuid4(), "q", "answer", True, clock.now(), "platform")
    store = await Store.open(postgres_url, clock=clock.now, vault=vault)
    for moment in (
        datetime(2026, 11, 30, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 12, 1, tzinfo=UTC),
        datetime(2027, 2, 28, tzinfo=UTC),
        datetime(2027, 3, 1, tzinfo=UTC),
    ):
        clock.set(moment)
        await store.log([act])
    assert await partitions(store) == {
        "participation_default": 1,  # March, which nobody had made
        "participation_2026_11": 1,
        "participation_2026_12": 1,
        "participation_2027_01": 0,
        "participation_2027_02": 1,
    }
    await retention.daily(store)
    assert set(await partitions(store)) >= {"participation_2027_04", "participation_2027_05", "participation_2027_06"}
    assert (await partitions(store))["participation_default"] == 1
    assert await store.write(make_partitions) == []
    await store.close()


async def test_a_stuck_post_that_nobody_decides_about_is_let_go(store: Store, clock: SetClock) -> None:
    def unit(tx: Tx) -> None:
        home = Community(id=tx.new_id(), name="", language="en", time_zone="UTC", created_at=tx.now)
        space = Space(community_id=home.id, id=tx.new_id(), platform="p", external_id="1", name="", created_at=tx.now)
        tx.add(home)
        tx.add(space)
        for state, late in (("failed", -1), ("unknown", -1), ("failed", 1), ("sent", -1)):
            tx.add(
                Delivery(
                    community_id=home.id,
                    id=tx.new_id(),
                    space_id=space.id,
                    lane="p",
                    state=state,
                    wanted_revision=2,
                    due_at=tx.now,
                    message={},
                    created_at=tx.now - retention.INCIDENTS_KEPT + timedelta(seconds=late),
                )
            )

    await store.write(unit)
    await retention.daily(store)
    async with store.session() as session:
        found = await session.execute(
            select(col(Delivery.state), col(Delivery.wanted_revision) - col(Delivery.shown_revision)).order_by(
                col(Delivery.id)
            )
        )
        assert [tuple(row) for row in found] == [("cancelled", 0), ("cancelled", 0), ("failed", 2), ("sent", 2)]
