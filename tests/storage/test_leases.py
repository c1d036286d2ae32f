"""Leases: everything due is claimed once, by one."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import col

from core.testing import SetClock
from storage import leases
from storage.engine import Store
from storage.tables import Community, Delivery, Schedule, Space
from storage.tx import Tx

COMMUNITY, SPACE = uuid4(), uuid4()


@pytest.fixture
async def hall(store: Store, clock: SetClock) -> Store:
    """A store with a community and a space in it."""

    def unit(tx: Tx) -> None:
        tx.add(Community(id=COMMUNITY, name="Hall", language="en", time_zone="UTC", created_at=tx.now))
        tx.add(Space(community_id=COMMUNITY, id=SPACE, platform="p", external_id="1", name="S", created_at=tx.now))

    await store.write(unit)
    return store


async def add_schedules(store: Store, *values: dict[str, Any]) -> list[UUID]:
    def unit(tx: Tx) -> list[UUID]:
        made: list[UUID] = []
        for one in values:
            row = Schedule(
                **{"community_id": COMMUNITY, "id": tx.new_id(), "plugin": "q", "kind": "daily", "created_at": tx.now}
                | {"next_at": tx.now}
                | one
            )
            tx.add(row)
            made.append(row.id)
        return made

    return await store.write(unit)


async def add_delivery(store: Store, **values: Any) -> UUID:
    def unit(tx: Tx) -> UUID:
        row = Delivery(
            **{"community_id": COMMUNITY, "id": tx.new_id(), "space_id": SPACE, "lane": "a", "due_at": tx.now}
            | {"created_at": tx.now, "message": {"text": "Hello"}}
            | values
        )
        tx.add(row)
        return row.id

    return await store.write(unit)


async def claim(store: Store, table: type[Any], worker: str = "w", limit: int = 10, *where: Any) -> list[UUID]:
    rows = await store.write(lambda tx: leases.claim_due(tx, table, tx.now, worker, 30, limit, *where))
    return [row.id for row in rows]


async def test_what_is_due_is_claimed_the_longest_due_first(hall: Store, clock: SetClock) -> None:
    now = clock.now()
    later, sooner, _, _, _, _ = await add_schedules(
        hall,
        {"next_at": now},
        {"next_at": now - timedelta(hours=1)},
        {"next_at": now + timedelta(seconds=1)},
        {"next_at": None},
        {"paused_at": now},
        {"ended_at": now},
    )
    assert await claim(hall, Schedule, limit=1) == [sooner]
    assert await claim(hall, Schedule) == [later]
    assert await claim(hall, Schedule) == []


async def test_a_claimed_row_comes_whole(hall: Store) -> None:
    await add_delivery(hall)
    rows = await hall.write(lambda tx: leases.claim_due(tx, Delivery, tx.now, "w", 30, 10))
    assert rows[0].message == {"text": "Hello"}
    assert rows[0].leased_by == "w"


async def test_a_lease_that_ran_out_is_another_s(hall: Store, clock: SetClock) -> None:
    ids = await add_schedules(hall, {})
    rows = await hall.write(lambda tx: leases.claim_due(tx, Schedule, tx.now, "one", 30, 10))
    clock.pass_by(29)
    assert await claim(hall, Schedule, "two") == []
    assert await hall.write(lambda tx: leases.renew(tx, rows, tx.now, "one", 30)) == set(ids)
    clock.pass_by(29)
    assert await claim(hall, Schedule, "two") == []
    clock.pass_by(1)
    assert await claim(hall, Schedule, "two") == ids
    assert await hall.write(lambda tx: leases.renew(tx, rows, tx.now, "one", 30)) == set()
    assert await hall.write(lambda tx: leases.release(tx, rows, "one", next_at=None)) == set()
    assert await hall.write(lambda tx: leases.release(tx, rows, "two")) == set(ids)
    assert await claim(hall, Schedule, "three") == ids


async def test_a_delivery_in_the_middle_of_sending_is_never_simply_due(hall: Store, clock: SetClock) -> None:
    sent = await add_delivery(hall)
    rows = await hall.write(lambda tx: leases.claim_due(tx, Delivery, tx.now, "one", 30, 10))

    def sending(tx: Tx) -> None:
        tx.execute("UPDATE delivery SET state = 'sending'")

    await hall.write(sending)
    assert await hall.write(lambda tx: leases.claim_abandoned(tx, tx.now, "two", 30, 10)) == []
    clock.pass_by(31)
    assert await claim(hall, Delivery, "two") == []
    abandoned = await hall.write(lambda tx: leases.claim_abandoned(tx, tx.now, "two", 30, 10))
    assert [row.id for row in abandoned] == [sent]
    assert await hall.write(lambda tx: leases.release(tx, rows, "one", state="sent")) == set()
    assert await hall.write(lambda tx: tx.scalar("SELECT state FROM delivery")) == "sending"


async def test_edits_are_claimed_while_they_show_too_little(hall: Store) -> None:
    behind = await add_delivery(hall, state="sent", wanted_revision=3, shown_revision=2)
    await add_delivery(hall, state="sent", wanted_revision=3, shown_revision=3)
    await add_delivery(hall, state="pending", wanted_revision=1)
    edits = await hall.write(lambda tx: leases.claim_edits(tx, tx.now, "w", 30, 10))
    assert [row.id for row in edits] == [behind]
    await hall.write(lambda tx: leases.release(tx, edits, "w", shown_revision=3))
    assert await hall.write(lambda tx: leases.claim_edits(tx, tx.now, "w", 30, 10)) == []


async def test_lanes_are_claimed_apart(hall: Store) -> None:
    a, b = await add_delivery(hall, lane="a"), await add_delivery(hall, lane="b")
    assert await claim(hall, Delivery, "w", 10, col(Delivery.lane) == "b") == [b]
    assert await claim(hall, Delivery, "w", 10, col(Delivery.lane) == "a") == [a]


async def test_many_at_once_never_claim_the_same(hall: Store) -> None:
    ids = await add_schedules(hall, *({} for _ in range(300)))
    claimed = await asyncio.gather(
        *(
            hall.write(
                lambda tx, worker=f"{number}": leases.claim_due(tx, Schedule, tx.now, worker, 30, 7),  # type: ignore[misc]
                lane_key=uuid4(),
            )
            for number in range(60)
        )
    )
    everything = [row.id for rows in claimed for row in rows]
    assert sorted(everything) == sorted(ids)
    assert all(len({row.leased_by for row in rows}) <= 1 for rows in claimed)
