"""Rehearsals of surveys and questions in small, with real processes; and that they find what isn't so."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from app.acting import World
from app.rehearse import question, survey
from app.rehearse.bar import Bar
from app.rehearse.command import ENDED_EARLY
from app.rehearse.process import Hall
from app.rehearse.question import Said
from app.rehearse.respondent import Way
from app.rehearse.stage import Member, Stage, StageError
from app.rehearse.verdict import Kept, judge
from plugins.question_of_the_day import QuestionOfTheDay
from plugins.surveys import Surveys
from plugins.surveys.anonymous import cells_of
from plugins.surveys.tables import Wave
from plugins.surveys.toml_text import read
from sandbox.discord import DiscordSandbox
from tests.app.broken import BREAK
from tests.app.conftest import CommandLine

QUIET = Bar(shown=False)
MEMBERS = 30
FIVE = """
title = "Five"
[[question]]
name = "boat"
kind = "single"
ask = "Do you have a boat?"
options = ["Yes", "No", "Soon"]
[[question]]
name = "kinds"
kind = "multiple"
ask = "Which?"
when = "boat = 'Yes'"
options = ["Sail", "Motor", "Oars"]
[[question]]
name = "stars"
kind = "rating"
ask = "How good is {boat|that} for you?"
when = "boat != 'No'"
[[question]]
name = "sea"
kind = "single"
ask = "Which sea?"
options = ["North", "South", "None"]
[[question]]
name = "mail"
kind = "consent"
ask = "May we write to you?"
required = false
[[quota]]
question = "sea"
answers = ["North"]
most = 6
"""
SHORT = """
title = "Boats"
[[question]]
name = "boat"
kind = "single"
ask = "Do you have a boat?"
options = ["Yes", "No"]
[[question]]
name = "kinds"
kind = "multiple"
ask = "Which?"
when = "boat = 'Yes'"
options = ["Sail", "Motor", "Oars"]
[[quota]]
question = "boat"
answers = ["Yes"]
most = 1
"""


@pytest.fixture(autouse=True)
def quiet() -> None:
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)


@pytest.mark.timeout(120)
async def test_a_survey_is_stored_as_it_was_sent_in(tmp_path: Path) -> None:
    file = tmp_path / "boats.toml"
    too_long_for_a_form = "# A line that explains something.\n" * 100
    file.write_text(too_long_for_a_form + SHORT.replace("most = 1", "most = 5"))
    done = await survey.rehearse(Stage(Surveys, "", MEMBERS, 1, tmp_path, QUIET), file, crash=False, pace=0.02)
    assert done.findings == []
    figures = done.figures
    assert (figures["members"], figures["people"], figures["lost"], figures["doubled"]) == (MEMBERS, 29, 0, 0)
    assert figures["stored"] == figures["answered"] > 0
    assert figures["finished"] + figures["turned_away"] == 29
    assert figures["turned_away"] > 0
    assert all(held <= most for held, most in figures["quotas"])


@pytest.mark.timeout(120)
async def test_questions_are_stored_as_they_were_answered(tmp_path: Path) -> None:
    stage = Stage(QuestionOfTheDay, "", MEMBERS, 1, tmp_path, QUIET, limited=False)
    done = await question.rehearse(stage, crash=False, pace=0.05)
    assert done.findings == []
    figures = done.figures
    assert [figures[name] for name in ("asked", "answered", "stored", "lost", "doubled")] == [60, 60, 60, 0, 0]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("broken", "anonymous", "settle", "findings"),
    [
        (
            "lost doubled over skipped piped unedited",
            False,
            2.0,
            (
                r"person \d+: mail, '(yes|no)' in place 0: sent in 1 times, stored 0",
                "somebody unknown: boat, '.*' in place 0: sent in 0 times",
                "quota 1 takes 6, and 7 are stored",
                "kinds, '.*' in place 0: sent in 0 times, stored 1",
                "read '.*How good is that for you.*', and not 'How good is (Yes|Soon) for you",
                "the post on slack says '.*', not 'Closed with",
            ),
        ),
        (
            "logic wrong thanked forgotten",
            False,
            60.0,
            (
                "was asked kinds, which .* leaves out",
                "boat, '.*' in place 0: sent in 0 times, stored 1",
                "came to the end and was not asked",
                "was asked boat again, and their answer was taken",
            ),
        ),
        ("mixed", True, 60.0, ("responses hold answers of different people",)),
    ],
)
async def test_a_broken_product_is_noticed(
    tmp_path: Path, broken: str, anonymous: bool, settle: float, findings: tuple[str, ...]
) -> None:
    file = tmp_path / "five.toml"
    file.write_text(f"anonymous = {str(anonymous).lower()}\n{FIVE}")
    hall = partial(Hall, environment={BREAK: broken}, module="tests.app.broken")
    stage = Stage(Surveys, "", MEMBERS, 1, tmp_path, QUIET, hall, only="slack", settle_seconds=settle)
    done = await survey.rehearse(stage, file, crash=False, pace=0.01)
    for one in findings:
        assert any(re.search(one, found, re.DOTALL) for found in done.findings), (one, done.findings)


@pytest.mark.timeout(120)
async def test_answers_that_a_broken_product_loses_or_changes_are_noticed(tmp_path: Path) -> None:
    hall = partial(Hall, environment={BREAK: "unheard swapped"}, module="tests.app.broken")
    stage = Stage(QuestionOfTheDay, "", 15, 1, tmp_path, QUIET, hall, only="discord", settle_seconds=2.0)
    done = await question.rehearse(stage, crash=False, pace=0.02)
    assert any(re.search(r"said 'Answer .*; what stands: \[\]", one) for one in done.findings)
    assert any(re.search(r"said 'Answer .*; what stands: \['.* rewsnA'\]", one) for one in done.findings)
    assert done.figures["lost"] > 0


def test_a_file_that_is_no_survey_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "survey.toml"
    with pytest.raises(StageError, match="can't be read"):
        survey.text_of(file, 3)
    file.write_text(SHORT.replace("multiple", "several"))
    with pytest.raises(StageError, match="can't be taken"):
        survey.text_of(file, 3)


def member(number: int) -> Member:
    return Member(number, number, World(DiscordSandbox(), "", "", ""), str(number))


@pytest.mark.parametrize(
    ("said", "end", "stands", "held", "findings"),
    [
        ({"boat": "Yes", "kinds": ("Sail",)}, "done", {"boat": "Yes", "kinds": ("Sail",)}, 1, 0),
        ({"boat": "Yes", "kinds": ("Sail",)}, "done", {"boat": "Yes", "kinds": ("Oars",)}, 1, 2),
        ({"boat": "No", "kinds": ("Sail",)}, "done", {"boat": "No"}, 0, 0),  # thought better of the boat
        ({"boat": "No"}, "done", {"boat": "No", "kinds": ("Sail",)}, 0, 1),  # skipped, and answered
        ({"boat": "Yes"}, "done", {"boat": "Yes"}, 1, 1),  # never asked what it should be
        ({"boat": "No"}, "done", {"boat": "No"}, 1, 1),  # the quota counts what is not there
        ({"boat": "No"}, "", {"boat": "No"}, 0, 3),  # came to no end, and yet counts
        ({"boat": "No"}, "taken", {"boat": "No"}, 0, 0),  # whether it was the end was not heard
    ],
)
def test_cells_that_are_not_as_sent_in_are_found(
    said: dict[str, object], end: str, stands: dict[str, object], held: int, findings: int
) -> None:
    definition, response = read(SHORT), uuid4()
    cells = list(cells_of(definition, stands, {}))  # type: ignore[arg-type]  # made up
    wave = Wave.model_construct(cells={"0": held}, finished=1, screened=0, anonymous=False)
    store = Kept({response: cells}, {response: stands}, wave, {response: 0})  # type: ignore[dict-item]  # made up
    way = Way(0, [member(0)], said, end=end)  # type: ignore[arg-type]  # made up
    assert len(judge(definition, [way], store).findings) == findings


@pytest.mark.parametrize(
    ("stands", "sure", "right"),
    [
        (["new"], True, True),
        (["old"], True, False),
        (["old"], False, True),
        ([], True, False),
        (["new"] * 2, True, False),
    ],
)
def test_an_answer_that_does_not_stand_is_found(stands: list[str], sure: bool, right: bool) -> None:
    said = Said(member(0), 0, "new", sure, "" if sure else "old")
    assert (question.judge([said], {(0, 0): stands} if stands else {}) == []) is right


def children(process: int) -> list[str]:
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


@pytest.mark.timeout(60)
async def test_a_rehearsal_that_is_told_to_end_leaves_no_process_behind(hallkeeper: CommandLine) -> None:
    async with hallkeeper.started("rehearse", "question", "--members", "10", "--json") as running:
        while not (started := children(running.process.pid)):  # noqa: ASYNC110 - another process's state
            await asyncio.sleep(0.05)
        ended = await running.end()
    assert ended.code == ENDED_EARLY
    for one in started:
        with pytest.raises(ProcessLookupError):
            os.kill(int(one), 0)
