"""From being added to the first question, and who may do what then."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from app.acting import press
from core.testing import SetClock
from sandbox.control import Outcome, OutcomeKind, Platform
from tests.e2e.kit import OWNER, SANDBOXES, Stage, hall, populated, seen


async def test_two_presses_after_arrival_the_first_question_stands(stage: Stage) -> None:
    greeting, button = await stage.install()
    private = {one.id: one.member for one in stage.platform.state().channels}[greeting.channel]
    # Telegram lets no bot begin a private chat: there the group is greeted, and the button leads into the chat.
    assert private == ("" if stage.name == "telegram" else stage[OWNER])
    opened = await press(stage.world, stage[OWNER], (greeting, button))
    done = await stage.fill(OWNER, opened, choose)
    assert "lives in Europe/Berlin" in seen(done)
    assert "goes out on 2026-11-21 at 09:00" in seen(done)
    assert "On its way" in seen(await stage.press(OWNER, done, "Post the first one now"))
    question = await stage.until_question()
    assert "What made you smile this week?" in question.text
    assert [control.label for control in question.controls] == ["Answer"]
    assert await stage.rows("SELECT language, time_zone FROM community") == [("en", "Europe/Berlin")]
    await stage.settled()
    assert len(stage.posts()) == (2 if stage.name == "telegram" else 1)
    assert await stage.rows("SELECT state, count(*) FROM delivery GROUP BY state") == [("sent", 1)]


def choose(label: str, options: Sequence[str]) -> str:
    """The first of all options, and a city for the time zone."""
    return options[0] if options else "Berlin" if "Time zone" in label else ""


async def test_only_those_who_manage_set_it_up(stage: Stage) -> None:
    greeting = await stage.install()
    assert "I am not set up here yet. A manager can start" in seen(await stage.command("Mia", "help"))
    assert "Somebody who manages this space" in seen(await stage.command("Mia", "ask"))
    refused = await stage.command("Mia", "setup")
    if refused.message and refused.message.controls:  # Telegram's way to the private chat
        refused = await stage.press("Mia", refused, "Continue in private")
    assert "Only those who manage this space can set me up" in seen(refused)
    if stage.name == "telegram":  # where the greeting stands in the group, anybody can press it
        assert "Only those who manage" in seen(await press(stage.world, stage["Mia"], greeting))
    assert await stage.rows("SELECT count(*) FROM community") == [(0,)]


async def test_help_shows_what_this_person_may_do(stage: Stage) -> None:
    await stage.arrive()
    if stage.name == "telegram":  # what is long would else wait for a private chat
        for name in ("Mia", "Jonas"):
            await stage.platform.private(stage[name])
            await stage.until_told(name, Outcome(OutcomeKind.ACKNOWLEDGED), "/hall help")
    managing = {"answers", "ask", "code", "daily", "join", "page", "question", "questions", "schedules", "setup"}
    for_all = commands(seen(await stage.command("Mia", "help")))
    assert "help" in for_all
    assert not for_all & managing
    assert commands(seen(await stage.command(OWNER, "help"))) >= managing | for_all
    in_german = await stage.command("Jonas", "help")
    assert "Was du hier tun kannst" in seen(in_german)
    assert commands(seen(in_german)) == for_all
    if stage.name != "discord":  # whose app offers what there is, and nothing else
        assert commands(seen(await stage.command("Mia", "dance"))) == for_all
    for command in ("question", "daily"):
        assert "Only those who manage" in seen(await stage.command("Mia", command))
    assert "Only hosts" in seen(await stage.command("Mia", "answers"))
    await stage.platform.set_role(stage["Mia"], stage.world.space, "admin")
    stage.clock.pass_by(61)  # what a platform said about a member is believed for a minute
    assert commands(seen(await stage.command("Mia", "help"))) >= managing


def commands(text: str) -> set[str]:
    """The commands that a help names; on Discord some stand behind "more"."""
    return set(re.findall(r"/hall (?:more )?(\w+)", text))


@pytest.fixture
async def both(platform: Platform, clock: SetClock, sqlite_url: str, tmp_path: Path) -> AsyncIterator[list[Stage]]:
    """Another platform, where the community begins, and this one."""
    names = list(SANDBOXES)
    first = SANDBOXES[names[names.index(platform.name) - 1]]()
    await first.start()
    peopled = [await populated(one) for one in (first, platform)]
    async with hall([first, platform], sqlite_url, tmp_path, clock) as house:
        yield [Stage(world, house, clock, people) for world, people in peopled]
    await first.stop()


async def test_a_space_joins_by_a_code_and_its_answers_count_as_one(both: list[Stage]) -> None:
    first, second = both
    await first.begin()
    await second.install()
    code = next(word for word in seen(await first.command(OWNER, "code")).replace("`", " ").split() if "-" in word)
    assert "That code is wrong" in seen(await second.command(OWNER, "join AAAA-BBBB"))
    assert "Write the code behind it" in seen(await second.command(OWNER, "join"))
    assert "Only those who manage" in seen(await second.command("Mia", f"join {code}"))
    joined = await second.command(OWNER, f"join {code.lower()}")
    assert joined.kind is OutcomeKind.MESSAGE
    assert "part of the community now" in seen(joined)
    assert "already belongs" in seen(await second.command(OWNER, f"join {code}"))

    question, same = await first.ask(2), await second.until_question()
    assert question.text.split() == same.text.split()
    await first.answer("Mia", question, "The bakery at the corner")
    await second.answer("Mia", same, "The small harbour in the rain")
    for stage in both:
        await stage.until_shown("2 answers so far")
    shown = seen(await first.command(OWNER, "answers"))
    other = "lounge" if second.name == "telegram" else f"Harbour on {second.name}"
    for words in ("2 answers", "The bakery at the corner", f"someone in {other}: The small harbour"):
        assert words in shown
    assert await first.rows("SELECT count(*) FROM community") == [(1,)]
    spaces = "SELECT platform FROM participation JOIN space ON space.id = space_id WHERE kind = 'answer'"
    assert sorted(await first.rows(spaces)) == sorted([(first.name,), (second.name,)])
