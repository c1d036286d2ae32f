"""A sampling drop, made by a manager and taken by members on each platform."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from app.acting import until
from core.testing import SetClock
from sandbox.control import MessageView, Outcome, Platform
from tests.e2e.kit import OWNER, Fill, Stage, hall, populated, seen

PLUGINS = ["question_of_the_day", "sampling_drops"]


@pytest.fixture
async def stage(platform: Platform, clock: SetClock, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """A platform with people, and hallkeeper that gives samples away."""
    world, people = await populated(platform)
    async with hall([platform], sqlite_url, tmp_path, clock, plugins=PLUGINS) as house:
        yield Stage(world, house, clock, people)


def answers(**by_label: str) -> Fill:
    """What to put into fields, by the beginning of their labels; nothing into others."""

    def choose(label: str, options: Sequence[str]) -> str:
        wanted = {word.replace("_", " "): value for word, value in by_label.items()}
        return next((value for word, value in wanted.items() if word in label), "")

    return choose


ESSENTIALS = answers(Product="Oat drink", Brand="Havre", What_is_given="A parcel by post", How_many="1")
ADDRESS = answers(Name="Mia Amundsen", Street="Quayside 7", Postcode="20459", City="Hamburg", Country="Germany")


async def card(stage: Stage, words: str) -> MessageView:
    """The drop's post, as soon as it says so."""

    async def find() -> MessageView | None:
        posts = [post for post in stage.posts() if "Havre" in post.title + post.text]
        return posts[-1] if posts and words in posts[-1].title + posts[-1].text else None

    return await until(find, f"a drop that says {words!r} on {stage.name}", seconds=8.0)


async def agree(stage: Stage, name: str, held: Outcome, label: str) -> Outcome:
    """Go on to the consent, and give it; the form for the address."""
    form = await stage.press(name, held, label)

    def yes(_label: str, options: Sequence[str]) -> str:
        return options[0] if options else "yes"

    return await stage.fill(name, form, yes)


async def test_a_drop_is_made_and_taken(stage: Stage) -> None:
    await stage.arrive()
    for name in ("Mia", "Jonas", "Amélie"):
        await stage.platform.private(stage[name])
    draft = await stage.fill(OWNER, await stage.open(OWNER, "drop"), ESSENTIALS)
    assert "It is ready" in seen(draft) + stage.told(OWNER)
    preview = await stage.press(OWNER, draft, "Preview")
    assert "all of it, as it stands here" in seen(preview) + stage.told(OWNER)
    draft = await stage.press(OWNER, preview, "Back to the draft")
    asked = await stage.press(OWNER, draft, "Publish …")
    await stage.press(OWNER, asked, "Publish")
    post = await card(stage, "1 of 1 left")
    assert "Free sample from Havre" in post.title + post.text

    held = await stage.press("Mia", post, "Get one")
    await stage.until_told("Mia", held, "handed on once")
    post = await card(stage, "All are spoken for")
    waits = await stage.press("Jonas", post, "Get one")
    await stage.until_told("Jonas", waits, "für andere reserviert")
    address = await agree(stage, "Mia", held, "Continue")
    if address.message is not None and any(one.label == "Continue" for one in address.message.controls):
        address = await stage.press("Mia", address, "Continue")
    done = await stage.fill("Mia", address, ADDRESS)
    await stage.until_told("Mia", done, "goes to the address")
    post = await card(stage, "are given away")
    none = await stage.press("Amélie", post, "Show mine")
    await stage.until_told("Amélie", none, "Tout est offert")
    [(given, held_now)] = await stage.rows("SELECT given, held FROM drop_sample")
    assert (given, held_now) == (1, 0)
    counted = await stage.counted()
    assert {kind: counted[kind] for kind in ("press", "screen", "consent", "given")} == {
        "press": 3,
        "screen": 1,
        "consent": 1,
        "given": 1,
    }


TOML = 'product = "Ten songs"\nbrand = "Spindle"\ngives = "code"\nlabel = "Ad: from Havre’s friends"\n'


async def test_a_code_is_seen_by_whoever_got_it_alone(stage: Stage) -> None:
    await stage.arrive()
    await stage.platform.private(stage["Mia"])
    listed = await stage.command(OWNER, "drops")
    draft = await stage.write(OWNER, await stage.press(OWNER, listed, "New from a text"), TOML)
    draft = await stage.write(OWNER, await stage.press(OWNER, draft, "Add codes"), "SONG-1\nSONG-2\nSONG-1")
    await stage.until_told(OWNER, draft, "was there already")
    asked = await stage.press(OWNER, draft, "Publish …")
    await stage.press(OWNER, asked, "Publish")
    post = await card(stage, "2 of 2 left")
    done = await agree(stage, "Mia", await stage.press("Mia", post, "Get one"), "Continue")
    await stage.until_told("Mia", done, "SONG-1")
    post = await card(stage, "1 of 2 left")
    again = await stage.press("Mia", post, "Get one")
    await stage.until_told("Mia", again, "SONG-1")
    assert not any("SONG" in one.text for one in stage.posts())
    assert "SONG" not in stage.told("Jonas") + stage.told(OWNER)
