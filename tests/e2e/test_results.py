"""Results of a survey as people meet them on each platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from app.acting import until
from core.testing import SetClock
from plugins.surveys import drafts
from plugins.surveys.tables import Wave
from sandbox.control import MessageView, Outcome, Platform
from storage.tx import Tx
from storage.types import id_of
from tests.e2e.kit import OWNER, Stage, hall, populated, seen
from tests.plugins.survey_crowd import Sheet, answered

TOML = """
title = "Harbour life"
results = "live"
[[question]]
name = "boat"
kind = "single"
ask = "Do you have a boat?"
options = ["Sail", "Motor", "None"]
[[question]]
name = "well"
kind = "nps"
ask = "Would you recommend it?"
"""


@pytest.fixture
async def stage(platform: Platform, clock: SetClock, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """A platform with people, and hallkeeper with surveys."""
    world, people = await populated(platform)
    plugins = ["question_of_the_day", "surveys"]
    async with hall([platform], sqlite_url, tmp_path, clock, plugins=plugins) as house:
        yield Stage(world, house, clock, people)


async def test_a_result_is_looked_at_drawn_and_posted(stage: Stage) -> None:
    await stage.arrive()
    for name in (OWNER, "Mia"):
        await stage.platform.private(stage[name])
    community = id_of((await stage.rows("SELECT id FROM community"))[0][0])

    def open_it(tx: Tx) -> None:
        drafts.open_now(tx, community, drafts.new_draft(tx, community, TOML, None))

    await stage.store.write(open_it)
    wave = id_of((await stage.rows("SELECT id FROM survey_wave"))[0][0])
    crowd = [{"boat": "Sail", "well": 10.0}] * 20 + [{"boat": "Motor", "well": 8.0}] * 10
    await answered(stage.store, community, wave, [*crowd, *[{"boat": "None", "well": 2.0}] * 10])
    stage.house.hall.wake()
    # Everybody sees the first 35 on the post, in steps.
    post = await _post(stage, "Sail: 57%")
    told = await stage.press("Mia", post, "Results")
    await stage.until_told("Mia", told, "35 answers")

    shown = await stage.command(OWNER, "surveys")
    survey = await _choose(stage, shown, "Harbour life")
    await stage.press(OWNER, survey, "Close it")
    await _post(stage, "Sail: 50%")
    shown = await stage.command(OWNER, "results")
    result = await _choose(stage, shown, "1. Do you have a boat?")
    await stage.until_told(OWNER, result, "Sail: 50% (35–65) · 20")
    drawn = await stage.press(OWNER, result, "Picture")

    async def pictured() -> MessageView | None:
        pictures = [one for one in stage.written(OWNER) if one.images] + ([drawn.message] if drawn.message else [])
        return next((one for one in reversed(pictures) if one.images), None)

    preview = await until(pictured, "the picture")
    await stage.press(OWNER, preview, "Post it")

    async def posted() -> MessageView | None:
        return next((one for one in stage.posts() if one.images and "Harbour life" in one.title + one.text), None)

    await until(posted, "the picture in the channel", seconds=8.0)


@pytest.mark.parametrize("platform", ["telegram"], indirect=True)  # whose buttons have the least room
async def test_before_and_after_are_compared_and_posted(stage: Stage) -> None:
    await stage.arrive()
    await stage.platform.private(stage[OWNER])
    community = id_of((await stage.rows("SELECT id FROM community"))[0][0])
    for number, yes in enumerate((5, 20, 45)):
        text = TOML.replace("Harbour life", f"Harbour life {number}")

        def open_it(tx: Tx, text: str = text) -> UUID:
            return drafts.open_now(tx, community, drafts.new_draft(tx, community, text, None))

        wave = await stage.store.write(open_it)
        sail: Sheet = {"boat": "Sail", "well": 9.0}
        none: Sheet = {"boat": "None", "well": 9.0}
        await answered(stage.store, community, wave, [sail] * yes + [none] * (60 - yes))
        async with stage.store.session() as session:
            found = await session.get(Wave, (community, wave))
            assert found is not None
            survey = found.survey_id

        def close_it(tx: Tx, survey: UUID = survey) -> None:
            drafts.close_now(tx, community, survey)

        await stage.store.write(close_it)
        stage.house.hall.wake()
        await stage.settled()
        stage.clock.pass_by(minutes=1)
    shown = await _choose(stage, await stage.command(OWNER, "results"), "Harbour life 2")
    question = await _choose(stage, shown, "1. Do you have a boat?")
    listed = await stage.press(OWNER, question, "Before and after")
    told = await _choose(stage, listed, "Harbour life 1")
    await stage.until_told(OWNER, told, "33% (23–46) → 75% (63–84)")
    assert "More than chance: Sail ↑, None ↓." in stage.told(OWNER) + seen(told)
    drawn = await stage.press(OWNER, told, "Picture")

    async def pictured() -> MessageView | None:
        pictures = [one for one in stage.written(OWNER) if one.images] + ([drawn.message] if drawn.message else [])
        return next((one for one in reversed(pictures) if one.images), None)

    await stage.press(OWNER, await until(pictured, "the picture"), "Post it")

    async def posted() -> MessageView | None:
        return next((one for one in stage.posts() if one.images and "More than chance" in one.title + one.text), None)

    await until(posted, "the picture in the channel", seconds=8.0)


async def _choose(stage: Stage, shown: Outcome, label: str) -> Outcome:
    assert shown.message is not None, shown
    for control in shown.message.controls:
        for value, text in control.options:
            if label in text:
                return await stage.platform.pick(stage[OWNER], shown.message.id, control.id, [value])
        if label in control.label:
            return await stage.press(OWNER, shown, control.label)
    raise AssertionError(f"{label} is nowhere in {shown}")


async def _post(stage: Stage, *words: str) -> MessageView:
    async def find() -> MessageView | None:
        posts = [one for one in stage.posts() if "Harbour life" in one.title + one.text]
        return posts[-1] if posts and any(one in posts[-1].text for one in words) else None

    return await until(find, f"a post with {words[0]}", seconds=8.0)
