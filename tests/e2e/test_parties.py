"""A listening party on each platform, and one on all of them at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from app.acting import until
from core.testing import SetClock
from sandbox.control import MessageView, Outcome, Platform
from tests.e2e.kit import OWNER, SANDBOXES, Stage, hall, populated, seen

PLUGINS = ["question_of_the_day", "listening_parties"]
NIGHT = "Krautrock night"
LINES = "Can – Vitamin C | 2:00 | https://example.org/c\nFaust – Jennifer\nNeu! – Hero | 4:00"


@pytest.fixture
async def stage(platform: Platform, clock: SetClock, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """A platform with people, and hallkeeper with parties, which nobody has added yet."""
    world, people = await populated(platform)
    async with hall([platform], sqlite_url, tmp_path, clock, plugins=PLUGINS) as house:
        yield Stage(world, house, clock, people)


def choose(label: str, options: Sequence[str]) -> str:
    """What Olga and the others put into the forms of a party."""
    answers = {
        "When": "in 60 minutes",
        "Tracks in": "3",
        "One track": LINES,
        "Title": NIGHT,
    }
    return next((answer for word, answer in answers.items() if word in label), next(iter(options), ""))


async def until_seen(stage: Stage, title: str, words: str = "") -> MessageView:
    """The newest post of a party with that in it."""

    async def find() -> MessageView | None:
        for post in reversed(stage.posts()):
            whole = post.title + "\n" + post.text
            if title in whole and words in whole:
                return post
        return None

    return await until(find, f"{title!r} with {words!r} on {stage.name}", seconds=8.0)


async def announce(stage: Stage) -> MessageView:
    """Olga plans a party in the channel and announces it; the post."""
    preview = await stage.fill(OWNER, await stage.open(OWNER, "party"), choose)
    assert NIGHT in seen(preview)
    assert "Announced." in seen(await stage.press(OWNER, preview, "Announce it"))
    return await until_seen(stage, "Listening party", "Begins")


async def paste(stage: Stage, name: str, post: MessageView) -> Outcome:
    """Somebody looks at the line and pastes a list."""
    line = await stage.press(name, post, "The line")
    return await stage.fill(name, await stage.press(name, line, "Paste a list"), choose)


async def lead(stage: Stage, label: str) -> Outcome:
    """Olga presses a button at her desk."""
    desk = await stage.press(OWNER, await stage.command(OWNER, "parties"), NIGHT)
    return await stage.press(OWNER, desk, label)


async def test_a_party_is_announced_joined_heard_and_recalled(stage: Stage) -> None:
    await stage.arrive()
    if stage.name == "telegram":  # what is for one alone waits for the private chat
        for name in (OWNER, "Mia", "Rui"):
            await stage.platform.private(stage[name])
    post = await announce(stage)
    await stage.until_told("Mia", await stage.press("Mia", post, "I'm coming"), "See you there")
    await until_seen(stage, "Listening party", "1 comes")
    pasted = await paste(stage, "Mia", post)
    await stage.until_told("Mia", pasted, "2 tracks added")
    await stage.until_told("Mia", pasted, "Line 2")
    assert "It begins" in seen(await lead(stage, "Start now"))
    card = await until_seen(stage, "Now at", "press play with me")
    assert "Can – Vitamin C" in card.text
    assert "from mia" in card.text.lower()
    stage.clock.pass_by(13)
    card = await until_seen(stage, "Now at", "/ 2:00")
    await stage.until_told("Rui", await stage.press("Rui", card, "👍 Up"), "👍")
    await until_seen(stage, "Now at", "👍 1 · 👎 0")
    stage.clock.pass_by(60)
    assert "1:0" in (await until_seen(stage, "Now at", "1:0")).text
    await lead(stage, "Skip")
    await until_seen(stage, "Now at", "Neu! – Hero")
    sure = await lead(stage, "End the party")
    assert "over" in seen(await stage.press(OWNER, sure, "End the party"))
    recap = await until_seen(stage, "That was")
    assert "Can – Vitamin C · 👍 1 · 👎 0" in recap.text
    assert recap.images
    assert not (await until_seen(stage, "Now at", "is over")).controls
    assert await stage.counted() == {
        "announce": 1, "rsvp": 1, "add": 1, "start": 1, "vote": 1, "skip": 1, "end": 1,
    }  # fmt: skip


async def test_one_party_in_three_spaces_shows_one_state_and_pools_its_votes(
    clock: SetClock, sqlite_url: str, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        stages: list[Stage] = []
        for name, make in SANDBOXES.items():
            made = make()
            await made.start()
            stack.push_async_callback(made.stop)
            world, people = await populated(made)
            stages.append(Stage(world, None, clock, people))  # type: ignore[arg-type]  # it comes below
            assert made.name == name
        platforms = [one.platform for one in stages]
        house = await stack.enter_async_context(hall(platforms, sqlite_url, tmp_path, clock, plugins=PLUGINS))
        for one in stages:
            one.house = house
        first, *others = stages
        await first.arrive()
        for one in others:
            words = seen(await first.command(OWNER, "code")).replace("`", " ").split()
            await one.install()
            joined = await one.command(OWNER, f"join {next(word for word in words if '-' in word)}")
            assert "part of the community now" in seen(joined)
        preview = await first.fill(OWNER, await first.open(OWNER, "party"), choose)
        preview = await first.fill(OWNER, await first.press(OWNER, preview, "Channels"), choose)
        for one in ("Harbour on discord", "Harbour on slack", "lounge"):
            assert f"#lounge ({one})" in seen(preview)
        await first.press(OWNER, preview, "Announce it")
        posts = [await until_seen(one, "Listening party", "Begins") for one in stages]
        await paste(first, "Mia", posts[0])
        await lead(first, "Start now")
        clock.pass_by(13)
        cards = [await until_seen(one, "Now at", "/ 2:00") for one in stages]
        for one, card in zip(stages, cards, strict=True):
            await one.press("Rui", card, "👍 Up")
            await one.press("Jonas", card, "👎 Down")
        for one in stages:
            await until_seen(one, "Now at", "👍 3 · 👎 3")
        assert await first.rows("SELECT ups, downs FROM party_track ORDER BY id LIMIT 1") == [(3, 3)]
        assert (await first.counted())["vote"] == 6
