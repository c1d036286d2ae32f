"""The crowd takes part on every platform the way that platform lets people."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from sandbox.control import ControlView, FieldView, FormView
from sandbox.filling import filled, worded
from sandbox.members import Crowd, Tally
from sandbox.phrases import phrases, step
from tests.sandbox.page.fake import FakePlatform
from tests.sandbox.page.scene import Scene, three


async def take_part(crowd: Crowd, scenes: list[Scene], answers: int) -> None:
    """Let the crowd act until each platform has that many answers, then stop it."""

    async def enough() -> None:
        for one in scenes:
            while len(one.platform.answers) < answers:
                await one.platform.until(one.platform.revision, 5)
        crowd.stop()

    await asyncio.gather(crowd.run(), enough())


def crowd(scenes: list[Scene], **more: object) -> Crowd:
    settings: dict[str, object] = {"seed": 7, "pace": 0.002, "eager": 1.0, "replying": 0.0, **more}
    return Crowd([one.platform for one in scenes], **settings)  # type: ignore[arg-type]  # the test's own settings


async def test_members_answer_by_form_and_by_dialogue() -> None:
    scenes = await three()
    some = crowd(scenes)
    await take_part(some, scenes, 3)
    assert some.tallies == {one.platform.name: Tally(3, 3, 0) for one in scenes}
    for one in scenes:
        assert {member for member, _ in one.platform.answers} == set(one.members.values())


async def test_members_answer_by_plain_reply_and_see_the_mark() -> None:
    scenes = await three()
    some = crowd(scenes, replying=1.0)
    await take_part(some, scenes, 3)
    assert some.tallies["slack"] == Tally(3, 3, 0)
    replies = [m for m in scenes[1].platform.state().channels[0].messages if m.reply_to == scenes[1].question]
    assert len({message.text for message in replies}) == 3, "each has words of their own"


async def test_owners_are_left_to_whoever_watches() -> None:
    scenes = await three()
    some = crowd(scenes)
    await take_part(some, scenes, 3)
    for one in scenes:
        owner = next(member.id for member in one.platform.members.values() if member.role == "owner")
        assert not any(member == owner for member, _ in one.platform.answers)


async def test_the_same_seed_says_the_same() -> None:
    said = []
    for _ in range(2):
        scenes = await three()
        await take_part(crowd(scenes), scenes, 3)
        said.append([sorted(words for _, words in one.platform.answers) for one in scenes])
    assert said[0] == said[1]
    other = await three()
    await take_part(crowd(other, seed=8), other, 3)
    assert said[0] != [sorted(words for _, words in one.platform.answers) for one in other]


async def test_a_press_that_failed_is_tried_again_and_then_given_up() -> None:
    scenes = (await three())[:1]
    scenes[0].platform.mute = 1
    some = crowd(scenes)
    await take_part(some, scenes, 3)
    assert some.tallies["discord"] == Tally(3, 3, 0)

    scenes = (await three())[:1]
    scenes[0].platform.mute = 100
    some = crowd(scenes)
    running = asyncio.create_task(some.run())
    while some.tallies["discord"].failed < 3:
        await scenes[0].platform.until(-1, 0.01)
        await asyncio.sleep(0.01)
    some.stop()
    await running
    assert some.tallies["discord"] == Tally(0, 0, 3)


async def test_it_ends_when_the_clock_says_so() -> None:
    scenes = await three()
    now = 100.0
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await asyncio.Event().wait() if seconds < 50 else await asyncio.sleep(0.05)

    some = crowd(scenes, pace=1.0, clock=lambda: now, sleep=sleep)
    await some.run(now + 60.0)
    assert 60.0 in waited
    assert all(one.platform.answers == [] for one in scenes), "nobody had finished thinking"
    assert some.tallies["discord"] == Tally()


async def test_a_new_question_is_noticed_and_private_or_whispered_ones_are_not() -> None:
    scenes = (await three())[:1]
    platform = scenes[0].platform
    ada = scenes[0].members["Ada Byron"]
    button = ControlView("answer", "button", "Answer")
    platform.post(scenes[0].channel, "Only for you", only_for=ada, controls=(button,))
    platform.post(await platform.private(ada), "In private", controls=(button,))
    some = crowd(scenes)

    async def ask_again() -> None:
        while len(platform.answers) < 3:
            await platform.until(platform.revision, 5)
        platform.ask(scenes[0].channel, "And today?")

    await asyncio.gather(take_part(some, scenes, 6), ask_again())
    assert some.tallies["discord"] == Tally(6, 6, 0)


async def test_members_pick_where_a_question_is_a_select() -> None:
    platform = FakePlatform("discord")
    space = await platform.add_space("Hall", owner="Grace")
    channel = await platform.add_channel(space, "general")
    member = await platform.join(space, "Ada")
    options = (("a", "A"), ("b", "B"), ("c", "C"))
    platform.post(channel, "Which?", controls=(ControlView("which", "select", "", options=options, maximum=2),))
    one = Scene(platform, space, channel, "", {"Ada": member})
    some = crowd([one])
    await take_part(some, [one], 1)
    assert some.tallies["discord"] == Tally(1, 1, 0)
    assert set(platform.answers[0][1].split(",")) <= {"a", "b", "c"}


@pytest.mark.parametrize("seed", range(20))
def test_forms_are_filled_within_their_limits(seed: int) -> None:
    options = tuple((str(i), f"Option {i}") for i in range(5))
    form = FormView(
        "form",
        "All kinds",
        (
            FieldView("text", "text", "Short", maximum=12),
            FieldView("long", "long", "Long", minimum=200, maximum=4000),
            FieldView("one", "select", "One", options=options, maximum=1),
            FieldView("some", "select", "Some", options=options, minimum=2, maximum=3),
            FieldView("radio", "radio", "Radio", options=options),
            FieldView("boxes", "checkbox", "Boxes", options=options, maximum=5),
            FieldView("day", "date", "Day"),
            FieldView("number", "number", "Number", minimum=3, maximum=5),
        ),
    )
    values = worded(form, phrases("de-AT"), Random(seed))
    assert 1 <= len(values["text"]) <= 12
    assert 200 <= len(values["long"]) <= 4000
    assert values["one"] in dict(options)
    assert 2 <= len(values["some"]) <= 3
    assert values["radio"] in dict(options)
    assert 1 <= len(values["boxes"]) <= 5
    assert len(values["day"]) == 10
    assert 3 <= int(str(values["number"])) <= 5


def test_options_keep_their_order() -> None:
    options = [(str(i), "") for i in range(9)]
    picked = filled(options, 4, 6, Random(1))
    assert picked == sorted(picked)
    assert 4 <= len(picked) <= 6


def test_words_are_many_and_in_the_members_language() -> None:
    said = {locale: {phrases(locale).answer(Random(n)) for n in range(200)} for locale in ("en", "de", "fr")}
    assert all(len(answers) > 100 for answers in said.values())
    assert not said["en"] & said["de"]
    assert phrases("pt-BR") is phrases("en")


@pytest.mark.parametrize(
    ("label", "meaning"),
    [("← Back", "back"), ("Abbrechen", "cancel"), ("✓ Done", "done"), ("Non", "no"), ("Nothing", ""), ("🎧", "")],
)
def test_steps_of_a_dialogue_are_known_by_their_words(label: str, meaning: str) -> None:
    assert step(label) == meaning
