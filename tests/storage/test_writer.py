"""The writer: what it answers is kept, what fails fails alone, what is lost is said to be lost."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import col

from core.testing import SetClock
from storage.engine import Store
from storage.errors import StoreClosed, StoreUnavailable
from storage.log import Act
from storage.tables import Inbox, Participation, ParticipationDay, Watermark
from storage.tx import Tx
from storage.vault import Vault
from tests.postgres import Postgres

COMMUNITY, SPACE, MEMBER = uuid4(), uuid4(), uuid4()


def mark(source: str, value: int = 0) -> Callable[[Tx], None]:
    return lambda tx: tx.add(Watermark(source=source, value=value))


async def sources(store: Store) -> set[str]:
    async with store.session() as session:
        return set(await session.scalars(select(col(Watermark.source))))


async def count(store: Store, model: type[Any]) -> int:
    async with store.session() as session:
        return int((await session.scalar(select(func.count()).select_from(model))) or 0)


async def held(store: Store) -> tuple[threading.Event, asyncio.Future[None]]:
    """A unit that holds its lane until the event is set, so that what comes after it makes one group."""
    began, go = threading.Event(), threading.Event()

    def wait(tx: Tx) -> None:
        began.set()
        go.wait(10)

    waiting = asyncio.ensure_future(store.write(wait))
    await asyncio.to_thread(began.wait, 10)
    return go, waiting


def decide(tx: Tx, wanted: Sequence[str]) -> list[int]:
    """One row for all that were asked together, with how many they were."""
    if "bad" in wanted:
        raise ValueError("bad")
    tx.add(Watermark(source="+".join(wanted), value=len(wanted)))
    return [len(wanted)] * len(wanted)


def answer(tx: Tx) -> None:
    tx.participate(COMMUNITY, SPACE, MEMBER, "q", "answer", conversation=True, at=tx.now, at_source="received")


async def test_a_unit_answers_with_what_it_returns_and_is_kept(store: Store) -> None:
    def unit(tx: Tx) -> int:
        tx.add(Watermark(source="a", value=3))
        return int(tx.scalar("SELECT value + :more FROM watermark", {"more": 4}))

    assert await store.write(unit) == 7
    assert await sources(store) == {"a"}


async def test_the_answer_comes_after_the_commit(store: Store) -> None:
    """Read by another connection in the very moment of the answer."""
    seen: list[bool] = []
    for number in range(20):
        await store.write(mark(f"{number}"))
        seen.append(f"{number}" in await sources(store))
    assert all(seen)


async def test_a_group_is_one_transaction_and_a_failing_unit_is_rolled_back_alone(store: Store) -> None:
    transactions: set[str] = set()

    def unit(number: int) -> Callable[[Tx], int]:
        def run(tx: Tx) -> int:
            mark(f"{number}")(tx)
            answer(tx)
            if tx.dialect == "postgresql":
                transactions.add(str(tx.scalar("SELECT pg_current_xact_id()")))
            if number % 3 == 1:
                raise KeyError(number)
            return number

        return run

    go, waiting = await held(store)
    calls = [asyncio.ensure_future(store.write(unit(number))) for number in range(90)]
    await asyncio.sleep(0)
    go.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    await waiting
    for number, result in enumerate(results):
        assert isinstance(result, KeyError) if number % 3 == 1 else result == number
    assert await sources(store) == {f"{number}" for number in range(90) if number % 3 != 1}
    assert await count(store, Participation) == 60
    assert len(transactions) <= 1
    async with store.session() as session:
        day = (await session.scalars(select(ParticipationDay))).one()
        assert (day.count, day.conversations) == (60, 60)


async def test_a_database_error_in_one_unit_leaves_its_neighbours(store: Store) -> None:
    await store.write(mark("taken"))
    go, waiting = await held(store)
    names = ["a", "taken", "b", "taken", "c"]
    calls = [asyncio.ensure_future(store.write(mark(name))) for name in names]
    await asyncio.sleep(0)
    go.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    await waiting
    assert [type(result) for result in results] == [
        type(None),
        IntegrityError,
        type(None),
        IntegrityError,
        type(None),
    ]
    assert await sources(store) == {"taken", "a", "b", "c"}


async def test_a_nested_part_may_fail_by_itself(store: Store) -> None:
    def unit(tx: Tx) -> None:
        mark("a")(tx)
        try:
            with tx.nested():
                answer(tx)
                mark("b")(tx)
                mark("a")(tx)
        except IntegrityError:
            mark("c")(tx)

    await store.write(unit)
    assert await sources(store) == {"a", "c"}
    assert await count(store, Participation) == 0


async def test_a_hidden_database_error_never_passes_for_success(store: Store) -> None:
    def unit(tx: Tx) -> str:
        mark("a")(tx)
        try:
            mark("a")(tx)
        except IntegrityError:
            return "went on"
        return "?"

    go, waiting = await held(store)
    hiding, honest = asyncio.ensure_future(store.write(unit)), asyncio.ensure_future(store.write(mark("b")))
    await asyncio.sleep(0)
    go.set()
    results = await asyncio.gather(hiding, honest, return_exceptions=True)
    await waiting
    kept = await sources(store)
    assert "b" in kept
    # SQLite can go on after an error in a statement; PostgreSQL can't, and says so.
    assert (results[0] == "went on") == ("a" in kept)
    assert ("a" in kept) or isinstance(results[0], RuntimeError)


async def test_an_async_unit_is_refused_with_advice(store: Store) -> None:
    async def unit(tx: Tx) -> None:
        mark("a")(tx)

    with pytest.raises(TypeError, match="write `def`"):
        await store.write(unit)


async def test_returning_rows_that_nobody_reads_don_t_hold_up_the_commit(store: Store) -> None:
    def unit(tx: Tx) -> None:
        tx.execute("INSERT INTO watermark (source, value) VALUES ('a', 1), ('b', 2), ('c', 3) RETURNING source")

    await store.write(unit)
    assert await sources(store) == {"a", "b", "c"}


async def test_the_inbox_knows_repeats(store: Store) -> None:
    assert await store.write(lambda tx: (tx.seen("a", "1"), tx.seen("a", "1"), tx.seen("b", "1"))) == (
        False,
        True,
        False,
    )
    assert await store.write(lambda tx: tx.seen("a", "1")) is True
    assert await count(store, Inbox) == 2


async def test_add_if_new_leaves_what_is_there(store: Store) -> None:
    assert await store.write(lambda tx: tx.add_if_new(Watermark(source="a", value=1))) is True
    assert await store.write(lambda tx: tx.add_if_new(Watermark(source="a", value=2))) is False
    assert await store.write(lambda tx: tx.scalar("SELECT value FROM watermark")) == 1


async def test_acts_are_logged_with_their_rollup(store: Store, clock: SetClock) -> None:
    activity = uuid4()
    yesterday = clock.now() - timedelta(days=1)
    acts = [
        Act(
            COMMUNITY, SPACE, MEMBER, "q", "answer", True, clock.now(), "platform", activity, {"length": 3, "x": None}
        ),
        Act(COMMUNITY, SPACE, MEMBER, "q", "vote", False, clock.now(), "received"),
        Act(COMMUNITY, SPACE, MEMBER, "q", "answer", True, yesterday, "platform", activity),
    ]
    await store.log(acts)
    await store.log(acts[:1])
    await store.log([])
    async with store.session() as session:
        rows = (await session.scalars(select(Participation).order_by(col(Participation.id)))).all()
        days = (await session.scalars(select(ParticipationDay))).all()
    assert [tuple(getattr(row, name) for name in Act._fields) for row in rows] == [
        tuple(act) for act in [*acts, acts[0]]
    ]
    assert {(day.day, day.kind, day.conversations, day.count) for day in days} == {
        (clock.now().date(), "answer", 2, 2),
        (clock.now().date(), "vote", 0, 1),
        (yesterday.date(), "answer", 1, 1),
    }


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"at": None}, AttributeError),
        ({"at_source": "guess"}, ValueError),
        ({"features": {"said": "words"}}, TypeError),
        ({"member": "me"}, AttributeError),
    ],
)
async def test_a_bad_act_fails_its_own_unit(
    store: Store, clock: SetClock, change: dict[str, Any], error: type[Exception]
) -> None:
    good = Act(COMMUNITY, SPACE, MEMBER, "q", "answer", True, clock.now(), "platform")
    go, waiting = await held(store)
    bad, fine = (asyncio.ensure_future(store.log([good, act])) for act in (good._replace(**change), good))
    await asyncio.sleep(0)
    go.set()
    with pytest.raises(error):
        await bad
    await asyncio.gather(fine, waiting)
    assert await count(store, Participation) == 2


async def test_an_act_that_the_database_refuses_spoils_no_other(store: Store, clock: SetClock) -> None:
    """A NUL is found out by PostgreSQL when the whole group's log is written: the units are then run one by one."""
    good = Act(COMMUNITY, SPACE, MEMBER, "q", "answer", True, clock.now(), "platform")
    go, waiting = await held(store)
    calls = [asyncio.ensure_future(store.log([act])) for act in (good, good._replace(kind="a\0b"), good)]
    await asyncio.sleep(0)
    go.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    await waiting
    assert results[0] is None
    assert results[2] is None
    assert await count(store, Participation) == (3 if store.dialect == "sqlite" else 2)
    assert (results[1] is None) == (store.dialect == "sqlite")


async def test_a_caller_who_gave_up_disturbs_nobody(store: Store) -> None:
    go, waiting = await held(store)
    gone, stays = asyncio.ensure_future(store.write(mark("a"))), asyncio.ensure_future(store.write(mark("b")))
    await asyncio.sleep(0)
    gone.cancel()
    go.set()
    await asyncio.gather(stays, waiting)
    assert await sources(store) == {"a", "b"}


async def test_closing_writes_what_is_queued_and_takes_no_more(store_url: str, clock: SetClock, vault: Vault) -> None:
    store = await Store.open(store_url, clock=clock.now, vault=vault)
    calls = [asyncio.ensure_future(store.write(mark(f"{number}"), lane_key=uuid4())) for number in range(1200)]
    await asyncio.sleep(0)
    await store.close()
    assert all(call.done() for call in calls)
    await asyncio.gather(*calls)
    with pytest.raises(StoreClosed):
        await store.write(mark("late"))
    again = await Store.open(store_url, clock=clock.now, vault=vault)
    assert len(await sources(again)) == 1200
    await again.close()


async def test_sessions_only_read(store: Store) -> None:
    async with store.session() as session:
        with pytest.raises(DBAPIError, match=r"read-?only"):
            await session.execute(insert(Watermark).values(source="a", value=1))


async def test_one_community_keeps_its_order(store: Store) -> None:
    community = uuid4()
    order: list[int] = []
    await asyncio.gather(
        *(store.write(lambda tx, number=number: order.append(number), lane_key=community) for number in range(700))  # type: ignore[misc]
    )
    assert order == list(range(700))


def cut(postgres: Postgres, url: str) -> None:
    """Cut every connection to the database, as a restart of the server would."""
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608  ours


async def test_a_connection_lost_while_idle_is_replaced_unnoticed(
    postgres: Postgres, postgres_url: str, clock: SetClock, vault: Vault
) -> None:
    store = await Store.open(postgres_url, clock=clock.now, vault=vault)
    await store.write(mark("a"))
    cut(postgres, postgres_url)
    await store.write(mark("b"))
    assert await sources(store) == {"a", "b"}
    await store.close()


async def test_a_connection_lost_within_a_group_is_told_to_all_of_it(
    postgres: Postgres, postgres_url: str, clock: SetClock, vault: Vault
) -> None:
    store = await Store.open(postgres_url, clock=clock.now, vault=vault)

    def suicide(tx: Tx) -> None:
        mark("c")(tx)
        tx.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    go, waiting = await held(store)
    calls = [asyncio.ensure_future(store.write(unit)) for unit in (mark("b"), suicide, mark("d"))]
    await asyncio.sleep(0)
    go.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    await waiting
    assert [type(result) for result in results] == [StoreUnavailable] * 3
    await store.write(mark("e"))
    assert await sources(store) == {"e"}
    await store.close()


async def test_two_processes_that_block_each_other_both_come_through(
    postgres_url: str, clock: SetClock, vault: Vault
) -> None:
    """A deadlock: the database gives up on one unit, which is run again."""
    one = await Store.open(postgres_url, clock=clock.now, vault=vault)
    other = await Store.open(postgres_url, clock=clock.now, vault=vault)
    await one.write(lambda tx: (mark("a")(tx), mark("b")(tx)))
    both = threading.Barrier(2)

    def unit(first: str, second: str) -> Callable[[Tx], None]:
        runs: list[int] = []

        def run(tx: Tx) -> None:
            runs.append(1)
            tx.execute("UPDATE watermark SET value = value + 1 WHERE source = :source", {"source": first})
            if len(runs) == 1:
                both.wait(10)
            tx.execute("UPDATE watermark SET value = value + 1 WHERE source = :source", {"source": second})

        return run

    await asyncio.gather(one.write(unit("a", "b")), other.write(unit("b", "a")))
    async with one.session() as session:
        assert set(await session.scalars(select(col(Watermark.value)))) == {2}
    await one.close()
    await other.close()


async def test_an_sqlite_that_another_process_holds_is_unavailable_then_available(
    sqlite_url: str, clock: SetClock, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.connect.BUSY_MILLISECONDS", 50)
    store = await Store.open(sqlite_url, clock=clock.now, vault=vault)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        await store.write(mark("a"))
    other.execute("ROLLBACK")
    other.close()
    await store.write(mark("b"))
    assert await sources(store) == {"b"}
    await store.close()


async def test_a_full_disk_is_told_and_passes(sqlite_url: str, clock: SetClock, vault: Vault) -> None:
    store = await Store.open(sqlite_url, clock=clock.now, vault=vault)
    pages = await store.write(lambda tx: tx.scalar("PRAGMA page_count"))
    await store.write(lambda tx: tx.execute(text(f"PRAGMA max_page_count = {pages + 2}")).close())
    great = Watermark(source="x" * 100_000, value=1)
    go, waiting = await held(store)
    calls = [asyncio.ensure_future(store.write(unit)) for unit in (mark("a"), lambda tx: tx.add(great), mark("b"))]
    await asyncio.sleep(0)
    go.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    await waiting
    kept = await sources(store)
    for name, result in zip(("a", great.source, "b"), results, strict=True):
        assert (name in kept) == (result is None), result
    assert great.source not in kept
    await store.close()


# -- deciding ----------------------------------------------------------------------------------------------------
async def test_requests_of_one_decider_are_decided_together(store: Store) -> None:
    go, waiting = await held(store)
    asked = [asyncio.ensure_future(store.decide(decide, name)) for name in "abc"]
    other = asyncio.ensure_future(store.write(mark("unit")))
    await asyncio.sleep(0)
    go.set()
    assert await asyncio.gather(*asked) == [3, 3, 3]
    await asyncio.gather(waiting, other)
    assert await sources(store) == {"a+b+c", "unit"}
    assert await store.decide(decide, "d") == 1


async def test_a_request_that_cannot_be_decided_spoils_no_other(store: Store) -> None:
    go, waiting = await held(store)
    asked = [asyncio.ensure_future(store.decide(decide, name)) for name in ("a", "bad", "c")]
    await asyncio.sleep(0)
    go.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    await waiting
    assert (answers[0], answers[2]) == (1, 1)
    assert isinstance(answers[1], ValueError)
    assert await sources(store) == {"a", "c"}


async def test_a_decider_that_forgets_one_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="1 requests were decided by 0 answers"):
        await store.decide(lambda tx, wanted: [], "a")


async def test_many_events_are_seen_at_once(store: Store) -> None:
    await store.write(lambda tx: tx.seen("p", "old"))
    events = [("p", "old"), ("p", "new"), ("q", "old"), ("p", "new")]
    assert await store.write(lambda tx: tx.seen_all(events)) == [True, False, False, True]
    assert await store.write(lambda tx: tx.seen_all(events)) == [True] * 4
    assert await count(store, Inbox) == 3
