"""A survey with a section, a quota and an ending, made by forms alone on each platform, and answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from app.acting import Fill
from core.testing import SetClock
from plugins.surveys import toml_text
from plugins.surveys.definition import Definition, Ending, Kind, Option, Question, Quota, Section
from sandbox.control import Outcome, Platform
from tests.e2e.kit import OWNER, Stage, hall, populated, seen
from tests.e2e.test_surveys import PLUGINS, choose, post_of

SEVERAL = ("How", "Answers_that_count")
"""Fields of which several options can be picked."""


@pytest.fixture
async def stage(platform: Platform, clock: SetClock, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """A platform with people, and hallkeeper with surveys."""
    world, people = await populated(platform)
    async with hall([platform], sqlite_url, tmp_path, clock, plugins=PLUGINS) as house:
        yield Stage(world, house, clock, people)


def filled(wanted: dict[str, str | list[str]]) -> Fill:
    """What a person fills in, by a word of the label: the next of several, where a dialogue asks again."""
    picked: set[str] = set()

    def fill(label: str, options: Sequence[str]) -> str:
        word = next((word for word in wanted if word.replace("_", " ") in label), "")
        if not word:
            return ""
        value = wanted[word]
        value = value if isinstance(value, str) else value.pop(0)
        if not options:
            return value
        shown = next((option for option in options if value in option), value)  # in a dialogue with a tick
        if word in picked or (word in SEVERAL and shown != value):
            return "Done"
        picked.add(word)
        return shown

    return fill


async def test_a_survey_is_made_by_forms_alone(stage: Stage) -> None:
    await stage.arrive()
    for name in (OWNER, "Mia", "Jonas"):
        await stage.platform.private(stage[name])

    async def press(shown: Outcome, label: str) -> Outcome:
        return await stage.press(OWNER, shown, label)

    async def fill(opened: Outcome, **wanted: str | list[str]) -> Outcome:
        return await stage.fill(OWNER, opened, filled(wanted))

    async def pick(shown: Outcome, *labels: str) -> Outcome:
        return await choose(stage, OWNER, shown, *labels)

    opened = await press(await stage.command(OWNER, "survey"), "Empty")
    if opened.form is not None:
        assert [one.value for one in opened.form.fields] == ["", "", "names"]
    draft = await fill(opened, Title="Harbour life", Answers="With names")
    await stage.until_told(OWNER, draft, "Add a question first")
    opened = await pick(await press(draft, "Add a question"), "Pick one")
    draft = await fill(
        opened, The_question="Do you have a boat?", Options="yes = Yes\nNo", How="It has to be answered"
    )
    opened = await pick(await press(draft, "Add a question"), "A few words")
    draft = await fill(opened, The_question="What is its name?", Only_if="q1 = 'yes'")
    await stage.until_told(OWNER, draft, "2. What is its name?")

    question = await pick(await press(draft, "Change a question"), "2. What is its name?")
    question = await fill(await press(question, "Begin a section here"), Title="About the boat")
    question = await fill(await press(question, "More about it"), Below="No swearing", Short_name="boat_name")
    draft = await press(question, "Back to the survey")
    await stage.until_told(OWNER, draft, "About the boat")

    quotas = await press(draft, "Quotas")
    opened = await pick(await press(quotas, "Add a quota"), "1. Do you have a boat?")
    quotas = await fill(opened, Answers_that_count="Yes", at_most="1", the_others="Enough boats for today.")
    await stage.until_told(OWNER, quotas, "At most 1 with Yes to")
    endings = await press(await press(quotas, "Back to the survey"), "Endings")
    opened = await press(endings, "Add an ending")
    conditions = ["q1 = 'Yes'", "q1 = 'yes'"]
    endings = await fill(opened, said_at_the_end="Ahoy, {boat_name}!", Only_if=conditions)
    if conditions:  # a form came back with what is wrong; a dialogue asked again at once
        assert "is no option of" in seen(endings)
        endings = await again(stage, endings, conditions[0])
    else:
        assert "is no option of" in stage.told(OWNER)
    await stage.until_told(OWNER, endings, "Ahoy, {boat")
    draft = await press(endings, "Back to the survey")

    preview = await press(draft, "Preview")
    await stage.until_told(OWNER, preview, "Who comes after them reads: Enough boats for today.")
    [(kept,)] = await stage.rows("SELECT definition FROM survey_survey")
    boat = Question("q1", Kind.SINGLE, "Do you have a boat?", options=(Option("yes", "Yes"), Option("No", "No")))
    named = Question("boat_name", Kind.SHORT, "What is its name?", "No swearing", required=False, when="q1 = 'yes'")
    assert toml_text.read(kept) == Definition(
        "Harbour life",
        (Section((boat,)), Section((named,), "About the boat")),
        quotas=(Quota("q1", ("yes",), 1),),
        endings=(Ending("Ahoy, {boat_name}!", "q1 = 'yes'"),),
        full="Enough boats for today.",
    )

    await press(await press(preview, "Back to the survey"), "Open it")
    asked = await choose(stage, "Mia", await post_of(stage, "Do you have a boat?"), "Yes")
    await stage.until_told("Mia", asked, "About the boat")
    done = await stage.write("Mia", await stage.press("Mia", asked, "Answer"), "Gull")
    await stage.until_told("Mia", done, "Ahoy, Gull!")
    let_go = await choose(stage, "Jonas", await post_of(stage, "1 response"), "Yes")
    await stage.until_told("Jonas", let_go, "Enough boats for today.")
    assert await stage.rows("SELECT finished, screened FROM survey_wave") == [(1, 1)]


async def again(stage: Stage, wrong: Outcome, condition: str) -> Outcome:
    """Mend the condition alone: all else that was typed stands still."""
    if wrong.form is None:
        wrong = await stage.press(OWNER, wrong, "Try again")
    assert wrong.form is not None
    text, when = wrong.form.fields
    assert text.value == "Ahoy, {boat_name}!"
    return await stage.platform.fill(
        stage[OWNER], wrong.form.id, {text.id: text.value, when.id: condition}, wait=10.0
    )
