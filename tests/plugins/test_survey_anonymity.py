"""Anonymous answers: nobody who holds the whole store can say whose they are. Here somebody tries."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import inspect, select
from sqlalchemy import text as sql
from sqlalchemy.exc import OperationalError

from core.action import Action
from core.alarms import Ring
from plugins.surveys import anonymous, drafts, waves
from plugins.surveys.answered import enough, look, newest
from plugins.surveys.tables import Waiting
from storage.bulk import insert_all
from storage.tables import metadata
from storage.tx import Tx
from storage.types import Id
from tests.core.kit import kinds, one_store, rows
from tests.plugins.surveys import Town, labels, town

__all__ = ["town"]

SECRET = """
title = "How are you?"
anonymous = true
[[question]]
name = "well"
kind = "rating"
ask = "How well are you?"
[[question]]
name = "why"
kind = "short"
ask = "Why?"
required = false
[[quota]]
question = "well"
answers = ["1"]
most = 5
"""


async def send(town: Town, wave: UUID, name: str, point: int, words: str = "") -> None:
    """Somebody goes all the way."""
    await town.pick(wave, name, 0, point)
    seen = await town.write(wave, name, 1, words) if words else await town.press(wave, name, "s", 1)
    assert "nothing can be changed" in seen.text, "said before it is sent"
    assert "count" in (await town.press(wave, name, "send")).text


async def count(town: Town, table: str) -> int:
    """How many rows a table has."""
    return int(str((await rows(town.store, f"SELECT count(*) FROM {table}"))[0][0]))  # noqa: S608 - names from here


async def values_of(town: Town) -> dict[str, list[dict[str, Any]]]:
    """All that is in the store."""
    found = {}
    async with town.store.session() as session:
        for name, table in metadata.tables.items():
            found[name] = [dict(row._mapping) for row in await session.execute(select(table))]
    return found


async def close(town: Town, wave: UUID) -> None:
    """The manager closes it, and what waits is written down."""
    survey = await town.survey(wave)
    await town.store.write(lambda tx: drafts.close_now(tx, town.community, survey.id))
    await town.look()


async def test_no_id_time_or_order_leads_from_an_answer_to_a_member(town: Town) -> None:
    wave = await town.open(SECRET)
    names = ["mia", "jon", "ida", "ola", "rui", "eva"]
    for number, name in enumerate(names[:3]):
        await send(town, wave, name, number + 1, f"because of {name}")
    await town.later(minutes=2)
    assert (await count(town, "survey_waiting"), await count(town, "survey_answer")) == (3, 0), "too few to be hidden"
    await town.later(days=1)
    for name in names[3:5]:
        await send(town, wave, name, 2)
    await town.later(minutes=2)
    assert (await count(town, "survey_waiting"), await count(town, "survey_answer")) == (0, 10)
    before = {row["response_id"] for row in (await values_of(town))["survey_answer"]}
    await town.later(days=1)
    await send(town, wave, names[5], 4, "alone on this day")
    await close(town, wave)

    store = await values_of(town)
    answers = store.pop("survey_answer")
    assert len(answers) == 12
    assert store["survey_waiting"] == store["survey_response"] == []
    assert len(store["survey_taker"]) == 6
    ids = {row["response_id"] for row in answers}
    # Ids: random, new at each writing, and in no other table, in no column and in the middle of nothing.
    assert {one.version for one in ids} == {4}
    assert not ids & before
    everything = [value for several in store.values() for row in several for value in row.values()]
    assert not any(str(one) in str(value) or one.hex in str(value) for one in ids for value in everything)
    # Times: a day alone, and each stands by five responses or more.
    by_day: dict[str, set[UUID]] = {}
    for row in answers:
        by_day.setdefault(row["day"], set()).add(row["response_id"])
    assert all(len(one) == 10 and len(several) >= anonymous.LEAST for one, several in by_day.items())
    # What else is logged of who took part says when they began, and nothing of when they sent.
    assert await kinds(town.store) == {"start": 6}
    # Order and transactions.
    if town.store.dialect == "sqlite":
        for table in ("survey_answer", "survey_taker", "survey_waiting"):
            async with town.store.session() as session:
                with pytest.raises(OperationalError):
                    await session.execute(sql(f"SELECT rowid FROM {table}"))  # noqa: S608 - names above
        return
    where = await rows(town.store, "SELECT xmin::text, response_id, ctid::text FROM survey_answer ORDER BY ctid")
    by_batch: dict[str, list[UUID]] = {}
    for batch, response_id, _place in where:
        by_batch.setdefault(str(batch), []).append(response_id)  # type: ignore[arg-type]  # of PostgreSQL
    assert all(len(set(one)) >= anonymous.LEAST for one in by_batch.values())
    assert all(one == sorted(one) for one in by_batch.values()), "as they lie says what their random ids say"
    for name in store:
        if any(isinstance(column.type, Id) for column in metadata.tables[name].columns):
            found = await rows(town.store, f"SELECT DISTINCT xmin::text FROM {name}")  # noqa: S608 - from the metadata
            shared = {str(row[0]) for row in found} & by_batch.keys()
            assert not shared or name in {"survey_wave", "survey_survey", "alarm"}, f"{name} was written with answers"


async def test_who_sent_can_change_nothing_and_who_comes_again_is_told_why(town: Town) -> None:
    wave = await town.open(SECRET)
    await send(town, wave, "mia", 3)
    for verb, *numbers in (("go",), ("s", 1), ("send",), ("later",)):
        seen = await town.press(wave, "mia", str(verb), *map(int, numbers))
        assert "Nobody knows which answers are yours" in seen.text
    assert "Nobody knows" in (await town.pick(wave, "mia", 0, 0)).text
    await town.pick(wave, "jon", 0, 1)
    await town.press(wave, "jon", "s", 1)
    assert "That question is not asked of you now." in (await town.press(wave, "jon", "s", 7)).text
    assert (await town.wave(wave)).finished == 1, "nothing is sent before one says so"
    await town.link("mia", "maria")
    assert "Nobody knows" in (await town.press(wave, "maria", bot=town.other)).text
    told = (await town.bot.command("mydata", "mia")).text
    assert "How are you?" in told
    assert (await town.wave(wave)).finished == 1


async def test_that_somebody_was_left_out_by_a_quota_is_kept_nowhere(town: Town) -> None:
    wave = await town.open(SECRET)
    for number in range(5):
        await send(town, wave, f"m{number}", 0)
    await town.pick(wave, "mia", 0, 0)
    await town.press(wave, "mia", "s", 1)
    assert "heard enough" in (await town.press(wave, "mia", "send")).text
    store = await values_of(town)
    assert len(store["survey_taker"]) == 6
    assert store["survey_response"] == []
    assert len(store["survey_waiting"]) == 5
    assert await kinds(town.store) == {"start": 6}
    assert (await town.wave(wave)).screened == 1


@one_store
async def test_a_quota_does_not_tell_what_the_last_one_said(town: Town) -> None:
    wave = await town.open(SECRET)
    for number in range(4):
        await send(town, wave, f"m{number}", 0)

    async def try_it() -> list[str]:
        """Somebody tries the answer that is counted, and all that is short of sending it."""
        seen = [await town.pick(wave, "eve", 0, 0)]
        seen += [await town.press(wave, "eve"), await town.press(wave, "eve", "s", 1), await town.press(wave, "eve")]
        await town.pick(wave, "eve", 0, 2)
        return [one.text for one in seen]

    await town.pick(wave, "eve", 0, 0)
    early = (await town.press(wave, "eve", "send")).text
    await try_it()
    before = await try_it()
    await send(town, wave, "jon", 0)
    await town.pick(wave, "zoe", 0, 0)
    assert (await town.press(wave, "zoe", "send")).text == early, "it is not sent before it is done"
    assert await try_it() == before
    await town.pick(wave, "eve", 0, 0)
    assert "heard enough" in (await town.press(wave, "eve", "send")).text
    assert (await town.wave(wave)).cells == {"0": 5}, "never exceeded"


async def test_two_looks_at_the_results_never_differ_by_a_few(town: Town) -> None:
    wave = await town.open(SECRET)
    survey = await town.survey(wave)
    await send(town, wave, "mia", 3)
    await close(town, wave)
    await town.store.write(lambda tx: drafts.reopen(tx, town.community, survey.id))  # nothing was told yet
    for number in range(5):
        await send(town, wave, f"m{number}", 2)
    await town.later(minutes=2)
    await send(town, wave, "jon", 1)

    async def told() -> set[bool]:
        async with town.store.session() as session:
            found = [await look(session, town.community, wave), *await newest(session, town.community, 1)]
        return {one is not None and enough(one) for one in found}

    assert await told() == {False}
    await close(town, wave)
    assert await told() == {True}
    late = [{"id": uuid4(), "sealed": b"not written down yet"}]
    await town.store.write(lambda tx: insert_all(tx, Waiting, late, community_id=town.community, wave_id=wave))
    assert await told() == {False}, "it would come on top of what is told now"
    with pytest.raises(drafts.Refused):
        await town.store.write(lambda tx: drafts.reopen(tx, town.community, survey.id))
    shown = await town.bot.press(Action("sv", "show", (survey.id,), town.community), "olga")
    assert "Open the last wave again" not in labels(shown)


async def test_what_waits_is_sealed_and_survives_a_writing_that_breaks(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    wave = await town.open(SECRET)
    for number in range(5):
        await send(town, wave, f"m{number}", 2, "Xylophones at midnight")
    waiting = (await values_of(town))["survey_waiting"]
    assert len(waiting) == 5
    assert not any(b"ylophone" in bytes(row["sealed"]) for row in waiting)

    def breaks(*_args: Any, **_more: Any) -> None:
        raise RuntimeError("the lights went out")

    ring = Ring(town.community, wave, "write", town.time.now(), town.time.now(), town.store.vault)

    def write(tx: Tx) -> None:
        waves.ring(tx, [ring])

    with monkeypatch.context() as broken:
        broken.setattr(waves, "save", breaks)
        with pytest.raises(RuntimeError):
            await town.store.write(write)
    assert (await count(town, "survey_waiting"), await count(town, "survey_answer")) == (5, 0)
    await town.store.write(write)
    await town.store.write(write)
    assert (await count(town, "survey_waiting"), await count(town, "survey_answer")) == (0, 10)
    async with town.store.session() as session:
        sealed = [bytes(row["sealed"]) for row in (await values_of(town))["survey_answer"] if row["sealed"]]
        assert await session.run_sync(lambda one: inspect(one.connection()).has_table("survey_answer"))
    assert len(sealed) == 5
    assert not any(b"ylophone" in one for one in sealed)


async def test_what_too_few_answered_is_never_written_down(town: Town) -> None:
    wave = await town.open(SECRET)
    survey = await town.survey(wave)
    for number in range(3):
        await send(town, wave, f"m{number}", 3)
    await close(town, wave)
    await town.until_card("Closed with 3 responses")
    show = Action("sv", "show", (survey.id,), town.community)
    told = (await town.bot.command("results", "olga")).text
    assert "their answers stay sealed, and are erased 30 days" in told
    assert (await count(town, "survey_waiting"), await count(town, "survey_answer")) == (3, 0)
    await town.later(days=29)
    await town.bot.press(Action("sv", "reopen", (survey.id,), town.community), "olga")
    await send(town, wave, "jon", 2)
    assert "Nobody knows" in (await town.pick(wave, "m1", 0, 0)).text, "who had their turn is known still"
    await close(town, wave)
    await town.later(days=29)
    assert (await count(town, "survey_waiting"), await count(town, "survey_taker")) == (4, 4)
    assert "Open the last wave again" in labels(await town.bot.press(show, "olga"))
    await town.later(days=1, minutes=1)
    for table in ("survey_waiting", "survey_taker", "survey_answer", "once"):
        assert await count(town, table) == 0
    assert "Open the last wave again" not in labels(await town.bot.press(show, "olga"))
    late = await town.bot.press(Action("sv", "reopen", (survey.id,), town.community), "olga")
    assert "who took part is not known any more" in late.text


async def test_who_took_part_is_forgotten_and_what_was_said_is_kept(town: Town) -> None:
    wave = await town.open(SECRET)
    for number in range(5):
        await send(town, wave, f"m{number}", 3)
    await close(town, wave)
    await town.later(days=30, minutes=1)
    assert (await count(town, "survey_answer"), await count(town, "survey_taker")) == (10, 0)
