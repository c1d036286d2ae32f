"""A survey on each platform, and one on all of them at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.acting import takes_words, until, write
from core.testing import SetClock
from plugins.surveys import drafts
from plugins.surveys.tables import Answer
from sandbox.control import MessageView, Outcome, OutcomeKind, Platform
from storage.tx import Tx
from storage.types import id_of
from tests.e2e.kit import OWNER, PEOPLE, SANDBOXES, Stage, hall, populated, seen

PLUGINS = ["question_of_the_day", "surveys"]
ANSWER = ("Answer", "Antworten", "Répondre")
SKIP = ("Skip", "Überspringen", "Passer")
MORE = ("More options", "Weitere Optionen", "Plus d’options")
ENOUGH = ("heard enough", "genug Menschen", "entendu assez")
TOML = """
title = "Harbour life"
intro = "A minute, please."
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
[[question]]
name = "length"
kind = "number"
ask = "How long is the {kinds}?"
when = "boat = 'Yes'"
least = 1
most = 99
[[question]]
name = "harbour"
kind = "single"
ask = "Which berth?"
options = [BERTHS]
[[question]]
name = "well"
kind = "nps"
ask = "Would you recommend it?"
[[question]]
name = "words"
kind = "long"
ask = "Anything else?"
required = false
""".replace("BERTHS", ", ".join(f'"Berth {number}"' for number in range(101)))
"""101 berths: paged on every platform."""


@pytest.fixture
async def stage(platform: Platform, clock: SetClock, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """A platform with people, and hallkeeper with surveys."""
    world, people = await populated(platform)
    async with hall([platform], sqlite_url, tmp_path, clock, plugins=PLUGINS) as house:
        yield Stage(world, house, clock, people)


async def choose(stage: Stage, name: str, shown: Outcome | MessageView, *labels: str) -> Outcome:
    """Pick options, whether they stand as buttons, in a select, or on a keyboard that keeps them."""
    message = shown if isinstance(shown, MessageView) else shown.message
    assert message is not None, shown
    if isinstance(shown, MessageView):
        await stage.settled()
    for control in message.controls:
        values = [value for value, label in control.options if label in labels]
        if values:
            return await stage.platform.pick(stage[name], message.id, control.id, values)
    outcome = await stage.press(name, shown, labels[0])
    for label in (*labels[1:], *(("✅",) if _finishes(message) else ())):
        outcome = await stage.press(name, Outcome(OutcomeKind.MESSAGE, message=_again(stage, message)), label)
    return outcome


def _finishes(message: MessageView) -> bool:
    return any(control.label == "✅" for control in message.controls)


def _again(stage: Stage, message: MessageView) -> MessageView:
    """The message as it stands now."""
    state = stage.platform.state(messages=1000)
    return next(one for channel in state.channels for one in channel.messages if one.id == message.id)


async def post_of(stage: Stage, words: str) -> MessageView:
    """The survey's post, as soon as it says so."""

    async def find() -> MessageView | None:
        posts = [post for post in stage.posts() if "Harbour life" in post.title + post.text]
        return posts[-1] if posts and words in posts[-1].text else None

    return await until(find, f"a survey that says {words!r} on {stage.name}", seconds=8.0)


async def begin(stage: Stage) -> Outcome:
    """Olga pastes the text; the draft."""
    started = await stage.command(OWNER, "survey")
    return await stage.write(OWNER, await stage.press(OWNER, started, "Paste a text"), TOML)


async def berth(stage: Stage, name: str, shown: Outcome, more: str, label: str) -> Outcome:
    """Find a berth on whichever page it stands."""
    for _page in range(6):
        message = shown.message
        assert message is not None, shown
        if any(label in (one.label, *(text for _value, text in one.options)) for one in message.controls):
            return await choose(stage, name, shown, label)
        shown = await stage.press(name, shown, more)
    raise AssertionError(f"{label} is on no page: {shown}")


async def test_a_survey_is_made_answered_changed_and_closed(stage: Stage) -> None:
    await stage.arrive()
    for name in (OWNER, "Mia", "Jonas"):
        await stage.platform.private(stage[name])
    draft = await begin(stage)
    await stage.until_told(OWNER, draft, "6. Anything else?")
    await stage.press(OWNER, draft, "Open it")
    post = await post_of(stage, "Do you have a boat?")

    asked = await choose(stage, "Mia", post, "Yes")
    await stage.until_told("Mia", asked, "2 of 6")
    asked = await choose(stage, "Mia", asked, "Sail", "Oars")
    await stage.until_told("Mia", asked, "How long is the Sail, Oars?")
    asked = await stage.write("Mia", await stage.press("Mia", asked, "Answer"), "7.5")
    await stage.until_told("Mia", asked, "Which berth?")
    asked = await berth(stage, "Mia", asked, "More options", "Berth 100")
    asked = await choose(stage, "Mia", asked, "9")
    await stage.until_told("Mia", asked, "Anything else?")
    done = await stage.press("Mia", asked, "Skip")
    await stage.until_told("Mia", done, "your answers count")

    asked = await choose(stage, "Jonas", await post_of(stage, "1 response"), "No")
    await stage.until_told("Jonas", asked, "2 von 4")
    resumed = await stage.press("Jonas", await post_of(stage, "1 response"), "Go on")
    await stage.until_told("Jonas", resumed, "Which berth?")
    asked = await berth(stage, "Jonas", resumed, "Weitere Optionen", "Berth 26")
    asked = await choose(stage, "Jonas", asked, "3")
    done = await stage.write("Jonas", await stage.press("Jonas", asked, "Antworten"), "Mehr Möwen 🐦")
    await stage.until_told("Jonas", done, "deine Antworten zählen")

    post = await post_of(stage, "2 responses")
    changed = await choose(stage, "Mia", post, "No")
    await stage.until_told("Mia", changed, "Changed.")
    order = "ORDER BY response_id, question, place"
    assert await stage.rows(f"SELECT question, option, number FROM survey_answer {order}") == [  # noqa: S608 - above
        ("boat", "No", None), ("harbour", "Berth 100", None), ("well", None, 9.0), ("words", None, None),
        ("boat", "No", None), ("harbour", "Berth 26", None), ("well", None, 3.0), ("words", None, None),
    ]  # fmt: skip
    # Somebody who never opened a private chat: what they pressed is kept, and they are told where it goes on.
    told = await choose(stage, "Amélie", post, "No")
    assert told.kind is not OutcomeKind.FAILED, told
    assert await stage.rows("SELECT count(*) FROM survey_response") == [(3,)]
    await stage.platform.private(stage["Amélie"])
    resumed = await stage.press("Amélie", await post_of(stage, "2 responses"), "Go on")
    await stage.until_told("Amélie", resumed, "Which berth?")
    # And somebody who leaves in the middle.
    await stage.platform.leave(stage["Amélie"], stage.world.space)
    shown = await stage.command(OWNER, "surveys")
    survey = await choose(stage, OWNER, shown, next(label for label in _labels(shown) if "Harbour life" in label))
    closed = await stage.press(OWNER, survey, "Close it")
    await stage.until_told(OWNER, closed, "Closed.")
    post = await post_of(stage, "Closed with 2 responses")
    assert not post.controls


def _labels(shown: Outcome) -> list[str]:
    assert shown.message is not None, shown
    return [label for one in shown.message.controls for label in (one.label, *(text for _v, text in one.options))]


async def test_one_survey_on_three_platforms_is_one_result(clock: SetClock, sqlite_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        stages: list[Stage] = []
        for make in SANDBOXES.values():
            made = make()
            await made.start()
            stack.push_async_callback(made.stop)
            world, people = await populated(made)
            stages.append(Stage(world, None, clock, people))  # type: ignore[arg-type]  # it comes below
        platforms = [one.platform for one in stages]
        house = await stack.enter_async_context(hall(platforms, sqlite_url, tmp_path, clock, plugins=PLUGINS))
        for one in stages:
            one.house = house
        first, *others = stages
        await first.arrive()
        for one in others:
            words = seen(await first.command(OWNER, "code")).replace("`", " ").split()
            await one.install()
            await one.command(OWNER, f"join {next(word for word in words if '-' in word)}")
        for one in stages:
            for name in PEOPLE:
                await one.platform.private(one[name])
        community = id_of((await first.rows("SELECT id FROM community"))[0][0])
        text = TOML + '[[quota]]\nquestion = "boat"\nanswers = ["Yes"]\nmost = 5\n'

        def unit(tx: Tx) -> None:
            survey = drafts.new_draft(tx, community, text, None)
            drafts.open_now(tx, community, survey)

        await house.store.write(unit)
        house.hall.wake()
        said: list[str] = []

        async def answer(one: Stage, name: str, boat: str) -> None:
            asked = await choose(one, name, await post_of(one, "Do you have a boat?"), boat)
            while not any(word in seen(asked) for word in ENOUGH):
                labels = _labels(asked)
                if "Motor" in labels:
                    asked = await choose(one, name, asked, "Motor")
                elif skip := next((label for label in labels if label in SKIP), None):
                    asked = await one.press(name, asked, skip)
                elif more := next((label for label in labels if label in MORE), None):
                    asked = await berth(one, name, asked, more, "Berth 77")
                elif write := next((label for label in labels if label in ANSWER), None):
                    asked = await one.write(name, await one.press(name, asked, write), "12")
                elif "8" in labels:
                    asked = await choose(one, name, asked, "8")
                else:
                    said.append(boat)
                    return

        async def platform(one: Stage) -> None:
            for number, name in enumerate(PEOPLE):
                await answer(one, name, "No" if number == 3 else "Yes")

        await asyncio.gather(*(platform(one) for one in stages))
        assert sorted(said) == ["No"] * 3 + ["Yes"] * 5
        rows = await first.rows("SELECT question, option, number, count(*) FROM survey_answer GROUP BY 1, 2, 3")
        assert sorted(rows, key=str) == [
            ("boat", "No", None, 3),
            ("boat", "Yes", None, 5),
            ("harbour", "Berth 77", None, 8),
            ("kinds", "Motor", None, 5),
            ("length", None, 12.0, 5),
            ("well", None, 8.0, 8),
            ("words", None, None, 8),
        ]
        assert await first.rows("SELECT started, finished, screened FROM survey_wave") == [(12, 8, 4)]


async def test_words_are_written_where_the_question_stands(stage: Stage) -> None:
    await stage.arrive()
    opened = await stage.press(OWNER, await stage.command(OWNER, "survey"), "Paste a text")
    kinds = (("who", "short", "Who"), ("age", "number", "How old"), ("free", "long", "Anything else"))
    text = 'title = "Harbour life"\nintro = "A minute, please."\n' + "".join(
        f'[[question]]\nname = "{name}"\nkind = "{kind}"\nask = "{ask}?"\n' for name, kind, ask in kinds
    )
    await stage.press(OWNER, await stage.write(OWNER, opened, text), "Open it")
    post = await post_of(stage, "A minute")
    await stage.platform.private(stage["Mia"])
    shown = await stage.press("Mia", post, "Start")
    assert shown.message is not None
    if not takes_words(shown.message):
        assert stage.name == "discord"  # where a window opens
        return
    asked = await write(stage.world, stage["Mia"], shown.message, "Mia *of* the sea")
    assert "How old?" in seen(asked)
    assert asked.message is not None
    wrong = await write(stage.world, stage["Mia"], asked.message, "very")
    assert "number" in seen(wrong)
    if stage.name == "telegram":
        asked = await stage.platform.type(stage["Mia"], stage["Mia"], "41", wait=5.0)
    else:
        asked = await stage.write("Mia", await stage.press("Mia", wrong, "Try again"), "41")
    assert "Anything else?" in seen(asked)
    assert asked.message is not None
    assert "Thank you" in seen(await write(stage.world, stage["Mia"], asked.message, "No, that’s all"))
    async with stage.store.session() as session:
        assert await session.scalar(select(func.count()).select_from(Answer)) == 3
