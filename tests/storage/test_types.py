"""Ids and moments."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import StatementError

from core.testing import SetClock
from storage.engine import Store
from storage.tables import Watermark
from storage.types import Uuid7Source, uuid7, uuid7_floor, uuid7_time

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  made aware


@given(MOMENTS)
def test_an_id_tells_its_time_and_is_a_uuid_of_version_7(moment: datetime) -> None:
    made = Uuid7Source().next(moment)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert timedelta(0) <= moment - uuid7_time(made) < timedelta(milliseconds=1)
    assert uuid7_floor(moment) <= made < uuid7_floor(moment + timedelta(milliseconds=1))


def test_ids_rise_while_the_clock_stands_or_goes_back_a_little() -> None:
    source = Uuid7Source()
    moments = [NOON] * 3000 + [NOON - timedelta(seconds=9)] * 3000 + [NOON + timedelta(microseconds=1)] * 3000
    made = [source.next(moment) for moment in moments]
    assert made == sorted(set(made))


def test_many_ids_at_once_are_as_good(clock: SetClock) -> None:
    source = Uuid7Source()
    before = source.next(clock.now())
    made = [UUID(bytes=one) for one in source.next_bytes(clock.now(), 5000)]
    after = source.next(clock.now())
    assert [before, *made, after] == sorted({before, *made, after})
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}
    assert source.next_bytes(clock.now(), 0) == []


def test_a_clock_that_was_set_back_is_believed() -> None:
    source = Uuid7Source()
    source.next(NOON)
    assert uuid7_time(source.next(NOON - timedelta(days=30))) == NOON - timedelta(days=30)


def test_threads_never_get_the_same_or_a_lesser_id() -> None:
    source = Uuid7Source()
    made: list[list[UUID]] = [[] for _ in range(4)]

    def make(own: list[UUID]) -> None:
        own.extend(source.next(NOON) for _ in range(2000))

    threads = [threading.Thread(target=make, args=(own,)) for own in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.int >> 64 for own in made for one in own}) == 8000
    assert all(own == sorted(own) for own in made)


def test_what_has_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        uuid7(datetime(2026, 11, 21))  # noqa: DTZ001  that is the point
    with pytest.raises(ValueError, match="no UUIDv7"):
        uuid7_time(uuid4())


async def test_moments_come_back_in_utc_and_naive_ones_are_refused(store: Store) -> None:
    from sqlalchemy import select
    from sqlmodel import col

    from storage.tables import Inbox

    eastern = datetime(2026, 11, 21, 7, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-5)))
    await store.write(lambda tx: tx.add(Inbox(source="a", event_id="1", received_at=eastern)))
    async with store.session() as session:
        kept = (await session.scalars(select(col(Inbox.received_at)))).one()
        assert kept == eastern
        assert kept.tzinfo is UTC
        assert (await session.scalars(select(Inbox).where(col(Inbox.received_at) <= eastern))).one().event_id == "1"
    naive = Inbox(source="a", event_id="2", received_at=datetime(2026, 11, 21))  # noqa: DTZ001  that is the point
    with pytest.raises((StatementError, ValueError), match="aware"):
        await store.write(lambda tx: tx.add(naive))


async def test_great_numbers_are_kept_whole(store: Store) -> None:
    await store.write(lambda tx: tx.add(Watermark(source="a", value=2**62)))
    async with store.session() as session:
        found = await session.get(Watermark, "a")
        assert found is not None
        assert found.value == 2**62
