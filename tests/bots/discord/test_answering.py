"""Answers to interactions, in time and in their place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from bots.discord.replying import MOST_TICKS
from core.bot import Answering
from core.event import CommandInvoked, Pressed, Replied, Submitted
from core.form import FieldKind, Form, FormField
from core.message import Button, Message
from sandbox.control import Outcome, OutcomeKind
from sandbox.discord.permissions import Permission
from tests.bots.discord.kit import ACTION, Handler, Place, settle, silent

PRESS = Message(text="?", controls=(Button("Press", ACTION), Button("Fill in", ACTION, form=True)))
FORM = Form(ACTION, "Tell us", (FormField(FieldKind.TEXT, "name", "Name"),))


def says(text: str, *controls: Button) -> Handler:
    async def answer(event: object, answering: Answering) -> None:
        await answering.say(Message(text=text, controls=controls))

    return answer


async def press(place: Place, message: str, number: int = 0, wait: float = 5.0) -> Outcome:
    return await place.sandbox.press(place.member, message, place.seen(message).controls[number].id, wait=wait)


@pytest.fixture
def hurried(place: Place) -> None:
    """Deadlines that a test can wait for."""
    place.bot.deadlines.seconds = 0.05
    place.bot.form_deadlines.seconds = 0.1


async def test_only_the_member_sees_it(place: Place) -> None:
    place.receiver.answer = says("**Thank you**")
    outcome = await press(place, await place.post(PRESS))
    assert outcome.kind is OutcomeKind.MESSAGE
    assert outcome.text == "Thank you"
    assert outcome.message is not None
    assert outcome.message.only_for == place.member


async def test_an_only_you_message_changes_in_place(place: Place) -> None:
    place.receiver.answer = says("Step 1", Button("On", ACTION), Button("Form", ACTION, form=True))
    first = (await press(place, await place.post(PRESS))).message
    assert first is not None
    place.receiver.answer = says("Step 2", Button("Form", ACTION, form=True))
    second = (await press(place, first.id)).message
    assert second is not None
    assert (second.id, second.text) == (first.id, "Step 2")

    async def form(event: object, answering: Answering) -> None:
        if isinstance(event, Pressed):
            await answering.form(FORM, "en")
        else:
            await answering.say(Message(text="Done"))

    place.receiver.answer = form
    opened = (await press(place, first.id)).form
    assert opened is not None
    done = (await place.sandbox.fill(place.member, opened.id, {"name": "Grace"})).message
    assert done is not None
    assert (done.id, done.text, done.controls) == (first.id, "Done", ())


async def test_a_second_word_is_a_message_of_its_own(place: Place) -> None:
    async def answer(event: object, answering: Answering) -> None:
        await answering.say(Message(text="One"))
        await answering.say(Message(text="Two"))

    place.receiver.answer = answer
    await press(place, await place.post(PRESS))
    await settle(lambda: len(place.sandbox.state().channels[0].messages) == 3)
    assert [one.text for one in place.sandbox.state().channels[0].messages[1:]] == ["One", "Two"]
    assert {one.only_for for one in place.sandbox.state().channels[0].messages[1:]} == {place.member}


async def test_silence_is_acknowledged(place: Place) -> None:
    place.receiver.answer = silent
    message = await place.post(PRESS)
    assert (await press(place, message, wait=0.2)).kind is OutcomeKind.ACKNOWLEDGED
    await place.sandbox.command(place.member, place.channel, "/hall help", wait=0.2)
    await place.receiver.hear(CommandInvoked)
    await settle(lambda: len(place.sandbox.state().channels[0].messages) == 1)  # no "thinking" is left standing


@pytest.mark.parametrize("acknowledges", [True, False])
@pytest.mark.usefixtures("hurried")
async def test_slow_and_then_a_word(place: Place, acknowledges: bool) -> None:
    go = asyncio.Event()

    async def answer(event: object, answering: Answering) -> None:
        await go.wait()
        assert not answering.can_open_form
        if acknowledges:
            await answering.acknowledge()
        else:
            await answering.say(Message(text="At last"))

    place.receiver.answer = answer
    message = await place.post(PRESS)
    outcome = await press(place, message, wait=0.2)
    assert outcome.kind is OutcomeKind.DEFERRED
    go.set()

    def words() -> list[str]:
        return [one.text for one in place.sandbox.state().channels[0].messages[1:]]

    await settle(lambda: words() == ([] if acknowledges else ["At last"]))


@pytest.mark.usefixtures("hurried")
async def test_slow_in_place(place: Place) -> None:
    place.receiver.answer = says("Step 1", Button("On", ACTION))
    first = (await press(place, await place.post(PRESS))).message
    assert first is not None
    go = asyncio.Event()

    async def answer(event: object, answering: Answering) -> None:
        await go.wait()
        await answering.say(Message(text="Step 2"))

    place.receiver.answer = answer
    assert (await press(place, first.id, wait=0.2)).kind is OutcomeKind.ACKNOWLEDGED
    go.set()
    await settle(lambda: place.seen(first.id).text == "Step 2")
    assert len(place.sandbox.state().channels[0].messages) == 2


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("act", ["press", "command"])
async def test_a_form_that_comes_too_late(place: Place, act: str) -> None:
    go = asyncio.Event()

    async def answer(event: object, answering: Answering) -> None:
        await go.wait()
        await answering.form(FORM, "de")

    place.receiver.answer = answer
    if act == "press":
        outcome = await press(place, await place.post(PRESS), 1)
    else:
        outcome = await place.sandbox.command(place.member, place.channel, "/hall question")
    assert outcome.kind is OutcomeKind.MESSAGE
    assert "zu lange" in outcome.text
    go.set()
    await settle(lambda: place.bot.health.losses.get("form") == 1)


async def test_a_form_with_errors_is_answered_by_a_message(place: Place) -> None:
    async def answer(event: object, answering: Answering) -> None:
        if isinstance(event, Submitted):
            await answering.invalid({"name": "Too short"}, Message(text="**Name**: Too short"))
        else:
            await answering.form(FORM, "en")

    place.receiver.answer = answer
    opened = (await press(place, await place.post(PRESS), 1)).form
    assert opened is not None
    outcome = await place.sandbox.fill(place.member, opened.id, {"name": "G"})
    assert outcome.text == "Name: Too short"


async def test_a_hall_that_raises_leaves_nobody_waiting(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    async def answer(event: object, answering: Answering) -> None:
        raise ValueError("a hall never does")

    place.receiver.answer = answer
    outcome = await press(place, await place.post(PRESS), wait=0.2)
    assert outcome.kind is OutcomeKind.ACKNOWLEDGED
    assert "could not be handled" in caplog.text


async def test_many_at_once(place: Place) -> None:
    place.receiver.answer = says("Thank you")
    message = await place.post(PRESS)
    people = [await place.sandbox.join(place.space, f"Member {number}") for number in range(50)]
    control: Callable[[], str] = lambda: place.seen(message).controls[0].id  # noqa: E731
    outcomes = await asyncio.gather(*(place.sandbox.press(one, message, control()) for one in people))
    assert {outcome.text for outcome in outcomes} == {"Thank you"}
    assert len(place.receiver.of(Pressed)) == 50


async def _acknowledges(event: object, answering: Answering) -> None:
    await answering.acknowledge()


def _ticked(place: Place) -> int:
    return sum("✅" in message.reactions for message in place.sandbox.world.messages.values())


async def test_in_a_burst_of_replies_no_ticks_pile_up(place: Place) -> None:
    place.receiver.answer = _acknowledges
    root = await place.post(PRESS)
    for number in range(40):
        await place.sandbox.type(place.member, place.channel, f"Answer {number}", reply_to=root)
    await place.receiver.hear(Replied, 40)
    await settle(lambda: not place.bot.ticks)
    ticked = _ticked(place)
    assert MOST_TICKS <= ticked < 40
    assert place.bot.health.losses["tick"] == 40 - ticked
    await place.sandbox.type(place.member, place.channel, "Later", reply_to=root)
    await settle(lambda: _ticked(place) == ticked + 1)


async def test_a_tick_that_is_refused_is_no_longer_waited_for(place: Place) -> None:
    place.receiver.answer = _acknowledges
    root, channel = await place.post(PRESS), place.sandbox.world.channels[int(place.channel)]
    channel.denied = int(Permission.ADD_REACTIONS)
    for number in range(MOST_TICKS):
        await place.sandbox.type(place.member, place.channel, f"Answer {number}", reply_to=root)
    await settle(lambda: len(place.sandbox.record.refused) == MOST_TICKS and not place.bot.ticks)
    channel.denied = 0
    await place.sandbox.type(place.member, place.channel, "Later", reply_to=root)
    await settle(lambda: _ticked(place) == 1)
