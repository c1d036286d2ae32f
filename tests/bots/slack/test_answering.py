"""Answers to acts, in time and in their place."""

from __future__ import annotations

import asyncio

import pytest

from bots.slack.forms import Spot
from core.action import Action
from core.bot import Address, Answering
from core.event import Chosen, CommandInvoked, Event, Pressed, Replied, Submitted
from core.form import FieldKind, Form, FormField
from core.message import Button, Choice, Message, Option
from sandbox.control import Outcome, OutcomeKind
from sandbox.faults import Fault, FaultKind
from tests.bots.slack.kit import ACTION, Handler, Place, settle, silent

PRESS = Message(text="?", controls=(Button("Press", ACTION), Button("Fill in", ACTION, form=True)))
FORM = Form(ACTION, "Tell us", (FormField(FieldKind.TEXT, "name", "Name"),))


def says(text: str, *controls: Button) -> Handler:
    async def answer(event: object, answering: Answering) -> None:
        await answering.say(Message(text=text, controls=controls))

    return answer


async def opens(event: Event, answering: Answering) -> None:
    """A form, then thanks."""
    if isinstance(event, Submitted):
        await answering.say(Message(text="Done"))
    else:
        await answering.form(FORM, "de")


@pytest.fixture
def hurried(place: Place) -> None:
    """Deadlines that a test can wait for."""
    hearing = place.line.hearing
    assert hearing is not None
    hearing.form_seconds, hearing.submit_seconds = 0.1, 0.1


async def filled(place: Place, opened: Outcome, value: str = "Grace", **more: float) -> Outcome:
    assert opened.form is not None
    return await place.sandbox.fill(place.member, opened.form.id, {"name": value}, **more)


async def test_only_the_member_sees_it(place: Place) -> None:
    place.receiver.answer = says("**Thank you**")
    outcome = await place.press(await place.post(PRESS))
    assert outcome.kind is OutcomeKind.MESSAGE
    assert outcome.text == ""
    assert outcome.message is not None
    assert (outcome.message.text, outcome.message.only_for) == ("Thank you", place.member)


async def test_an_only_you_message_changes_in_place(place: Place) -> None:
    place.receiver.answer = says("Step 1", Button("On", ACTION), Button("Form", ACTION, form=True))
    first = (await place.press(await place.post(PRESS))).message
    assert first is not None
    place.receiver.answer = says("Step 2", Button("Form", ACTION, form=True))
    second = (await place.press(first.id)).message
    assert second is not None
    assert (second.id, second.text) == (first.id, "Step 2")
    place.receiver.answer = opens
    done = (await filled(place, await place.press(first.id))).message
    assert done is not None
    assert (done.id, done.text, done.controls) == (first.id, "Done", ())


async def test_a_second_word_is_a_message_of_its_own(place: Place) -> None:
    place.receiver.answer = says("Step 1", Button("On", ACTION))
    first = (await place.press(await place.post(PRESS))).message
    assert first is not None

    async def answer(event: object, answering: Answering) -> None:
        await answering.say(Message(text="One"))
        await answering.say(Message(text="Two"))

    place.receiver.answer = answer
    await place.press(first.id)
    await settle(lambda: len(place.messages()) == 3)
    assert [(one.text, one.only_for) for one in place.messages()[1:]] == [
        ("One", place.member),
        ("Two", place.member),
    ]


async def test_an_answer_stands_in_the_thread_of_what_was_pressed(place: Place) -> None:
    root = await place.post(PRESS)
    sent = await place.bot.send(Address(place.space, place.channel, thread=root), PRESS, key="in-thread")
    for number, act in ((0, None), (1, opens)):
        if act is not None:
            place.receiver.answer = act
        outcome = await place.press(sent.message, number)
        if outcome.form is not None:
            outcome = await filled(place, outcome)
        assert outcome.message is not None
        assert (outcome.message.thread, outcome.message.only_for) == (root, place.member)
    assert place.receiver.of(Pressed)[0].where.thread == root


async def test_silence_is_acknowledged(place: Place) -> None:
    place.receiver.answer = silent
    message = await place.post(PRESS)
    assert (await place.press(message, wait=0.2)).kind is OutcomeKind.ACKNOWLEDGED
    outcome = await place.sandbox.command(place.member, place.channel, "/hall help", wait=0.2)
    assert outcome.kind is OutcomeKind.ACKNOWLEDGED
    assert len(place.messages()) == 1


async def test_slow_and_then_a_word(place: Place) -> None:
    go = asyncio.Event()

    async def answer(event: object, answering: Answering) -> None:
        await go.wait()
        await answering.say(Message(text="At last"))

    place.receiver.answer = answer
    act = asyncio.create_task(place.press(await place.post(PRESS)))
    await place.receiver.hear(Pressed)
    go.set()
    outcome = await act
    assert outcome.message is not None
    assert outcome.message.text == "At last"


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("act", ["press", "command"])
async def test_a_form_that_comes_too_late(place: Place, act: str) -> None:
    go = asyncio.Event()
    could: list[bool] = []

    async def answer(event: object, answering: Answering) -> None:
        await go.wait()
        could.append(answering.can_open_form)
        await answering.form(FORM, "de")

    place.receiver.answer = answer
    if act == "press":
        outcome = await place.press(await place.post(PRESS), 1)
    else:
        outcome = await place.sandbox.command(place.member, place.channel, "/hall question")
    assert outcome.message is not None
    assert "zu lange" in outcome.message.text
    go.set()
    await settle(lambda: place.bot.health.losses.get("form") == 1)
    assert could == [False]


@pytest.mark.usefixtures("hurried")
async def test_what_has_no_form_is_never_too_late(place: Place) -> None:
    go = asyncio.Event()

    async def answer(event: object, answering: Answering) -> None:
        await go.wait()

    place.receiver.answer = answer
    outcome = await place.press(await place.post(PRESS), wait=0.3)
    assert outcome.kind is OutcomeKind.ACKNOWLEDGED
    assert len(place.messages()) == 1
    go.set()


async def test_a_form_that_slack_does_not_open(place: Place) -> None:
    place.receiver.answer = opens
    await place.sandbox.fault(Fault(FaultKind.RATE_LIMIT, "views.open"))
    outcome = await place.press(await place.post(PRESS), 1)
    assert outcome.message is not None
    assert "zu lange" in outcome.message.text
    assert place.bot.health.losses == {"form": 1}


async def test_a_form_is_the_first_answer_or_none(place: Place) -> None:
    could: list[bool] = []

    async def answer(event: object, answering: Answering) -> None:
        could.append(answering.can_open_form)
        await answering.say(Message(text="A word"))
        could.append(answering.can_open_form)

    place.receiver.answer = answer
    await place.press(await place.post(PRESS), 1)
    await settle(lambda: could == [True, False])


# -- forms ---------------------------------------------------------------------------------------------------------
async def test_errors_stand_beside_their_fields(place: Place) -> None:
    async def answer(event: object, answering: Answering) -> None:
        if isinstance(event, Submitted) and event.values["name"] == "G":
            await answering.invalid({"name": "Too short"}, Message(text="never shown"))
        else:
            await opens(event, answering)  # type: ignore[arg-type]  # an event it is

    place.receiver.answer = answer
    opened = await place.press(await place.post(PRESS), 1)
    wrong = await filled(place, opened, "G")
    assert wrong.kind is OutcomeKind.INVALID
    assert wrong.form is not None
    assert [(one.error, one.value) for one in wrong.form.fields] == [("Too short", "G")]
    mended = await filled(place, opened, "Grace")
    assert mended.message is not None
    assert mended.message.text == "Done"


async def test_an_error_without_a_field_is_a_message(place: Place) -> None:
    async def answer(event: object, answering: Answering) -> None:
        if isinstance(event, Submitted):
            await answering.invalid({"name": "No", "other": "No"}, Message(text="Not saved"))
        else:
            await answering.form(FORM, "en")

    place.receiver.answer = answer
    outcome = await filled(place, await place.press(await place.post(PRESS), 1))
    assert outcome.message is not None
    assert outcome.message.text == "Not saved"


async def test_a_form_after_a_form(place: Place) -> None:
    second = Form(Action("qd", "more"), "And this", (FormField(FieldKind.TEXT, "name", "Colour"),))

    async def answer(event: object, answering: Answering) -> None:
        if isinstance(event, Submitted) and event.action.verb == "more":
            assert answering.can_open_form
            await answering.say(Message(text="Done"))
            assert not answering.can_open_form
        else:
            await answering.form(second if isinstance(event, Submitted) else FORM, "en")

    place.receiver.answer = answer
    following = await filled(place, await place.press(await place.post(PRESS), 1))
    assert following.kind is OutcomeKind.FORM
    assert following.form is not None
    assert following.form.title == "And this"
    done = await filled(place, following, "Blue")
    assert done.message is not None
    assert (done.message.text, done.message.channel) == ("Done", place.channel)
    assert place.receiver.of(Submitted)[1].values == {"name": "Blue"}


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("how", ["say", "invalid", "form"])
async def test_a_sent_form_that_the_hall_is_slow_with(place: Place, how: str) -> None:
    go = asyncio.Event()

    async def answer(event: object, answering: Answering) -> None:
        if not isinstance(event, Submitted):
            await answering.form(FORM, "en")
            return
        await go.wait()
        assert not answering.can_open_form
        if how == "say":
            await answering.say(Message(text="At last"))
        elif how == "invalid":
            await answering.invalid({"name": "Too short"}, Message(text="At last"))
        else:
            await answering.form(FORM, "en")

    place.receiver.answer = answer
    opened = await place.press(await place.post(PRESS), 1)
    assert (await filled(place, opened, wait=0.3)).kind is OutcomeKind.ACKNOWLEDGED
    go.set()
    if how == "form":
        await settle(lambda: place.bot.health.losses.get("form") == 1)
    else:
        await settle(lambda: [one.text for one in place.messages()[1:]] == ["At last"])
    assert all(one.only_for == place.member for one in place.messages()[1:])


async def test_a_sent_form_closes_in_silence(place: Place) -> None:
    place.line.hearing.submit_seconds = 3600  # it closes when the hall is done

    async def answer(event: object, answering: Answering) -> None:
        if not isinstance(event, Submitted):
            await answering.form(FORM, "en")

    place.receiver.answer = answer
    outcome = await filled(place, await place.press(await place.post(PRESS), 1), wait=0.3)
    assert outcome.kind is OutcomeKind.ACKNOWLEDGED


async def test_when_the_address_is_worn_out_it_is_an_ephemeral_message(place: Place) -> None:
    place.receiver.answer = opens
    opened = await place.press(await place.post(PRESS), 1)
    for hook in place.sandbox.workspace.tickets._hooks.values():
        hook.uses = 5
    done = await filled(place, opened)
    assert done.message is not None
    assert (done.message.text, done.message.only_for) == ("Done", place.member)
    assert place.calls("chat.postEphemeral") == 1


async def test_a_form_outlives_a_restart(place: Place) -> None:
    place.receiver.answer = opens
    opened = await place.press(await place.post(PRESS), 1)
    await place.bot.stop()
    await place.bot.start(place.receiver)
    await place.bot.listen()
    done = await filled(place, opened)
    assert done.message is not None
    assert done.message.text == "Done"
    submitted = place.receiver.of(Submitted)[0]
    assert (submitted.action, submitted.values, submitted.where.channel) == (ACTION, {"name": "Grace"}, place.channel)


# -- in private, replies, forgeries --------------------------------------------------------------------------------
async def test_in_private_an_answer_is_a_message_that_stays(place: Place) -> None:
    sent = await place.bot.send(Address(place.space, member=place.member), PRESS, key="private")
    for number in (0, 1):
        place.receiver.answer = opens if number else says("Done")
        outcome = await place.press(sent.message, number)
        if outcome.form is not None:
            outcome = await filled(place, outcome)
        assert outcome.message is not None
        assert (outcome.message.text, outcome.message.only_for) == ("Done", "")
        assert outcome.message.channel == sent.channel
    assert place.receiver.of(Pressed)[0].where.private
    assert place.receiver.of(Pressed)[0].where.space == place.space


async def test_where_the_bot_is_no_member_one_person_alone_sees_it(place: Place) -> None:
    """As in a private chat between two people, where a command works as well."""
    await place.sandbox.remove_bot(place.channel)
    outcome = await place.sandbox.command(place.member, place.channel, "/hall")
    assert outcome.message is not None
    assert (outcome.message.text, outcome.message.only_for) == ("Heard", place.member)


async def test_in_the_private_chat_of_two_others_one_person_alone_sees_it(place: Place) -> None:
    """A command works there, too, and the bot is no part of it."""
    hook = place.sandbox.workspace.tickets.new_hook(place.member, place.channel, None)
    spot = Spot("D0TWOOTHERS", private=True, hook=f"{place.sandbox.url}/hooks/{hook.path}")
    await place.line.desk.only_you(spot, place.member, Message(text="Psst"))
    assert [(one.text, one.only_for) for one in place.messages()] == [("Psst", place.member)]


async def test_a_reply_is_ticked_off(place: Place) -> None:
    async def answer(event: object, answering: Answering) -> None:
        assert not answering.can_open_form
        await answering.acknowledge()
        await answering.acknowledge()

    place.receiver.answer = answer
    root = await place.post(PRESS)
    outcome = await place.sandbox.type(place.member, place.channel, "I know", reply_to=root, wait=5)
    assert outcome.kind is OutcomeKind.ACKNOWLEDGED
    replied = await place.receiver.hear(Replied)
    assert list(place.seen(replied.message).reactions) == ["✅"]


async def test_a_reply_is_answered_to_its_author_alone(place: Place) -> None:
    place.receiver.answer = says("Closed")
    root = await place.post(PRESS)
    outcome = await place.sandbox.type(place.member, place.channel, "I know", reply_to=root, wait=5)
    assert outcome.message is not None
    assert (outcome.message.text, outcome.message.only_for) == ("Closed", place.member)
    assert outcome.message.thread == root


@pytest.mark.parametrize(
    ("forged", "words"), [("???", "verstehe"), ("f:AgpxYQ", "anderen Version"), ("c:!", "verstehe")]
)
async def test_a_forged_button_gets_a_kind_word(place: Place, forged: str, words: str) -> None:
    message = await place.post(PRESS)
    place.wire(message).blocks[1]["elements"][0]["action_id"] = forged
    outcome = await place.sandbox.press(place.member, message, forged)
    assert outcome.message is not None
    assert words in outcome.message.text
    assert not place.receiver.of(Pressed)


@pytest.mark.parametrize("metadata", ["", "[]", "{", '{"a":"???"}'])
async def test_a_forged_form_gets_a_kind_word(place: Place, metadata: str) -> None:
    place.receiver.answer = opens
    opened = await place.press(await place.post(PRESS), 1)
    assert opened.form is not None
    view = place.sandbox.workspace.views.get(opened.form.id)
    assert view is not None
    view.body["private_metadata"] = metadata
    outcome = await filled(place, opened)
    assert outcome.message is not None
    assert "verstehe" in outcome.message.text
    assert not place.receiver.of(Submitted)


async def test_a_link_that_is_followed_is_none_of_ours(place: Place) -> None:
    message = await place.post(Message(text="?", controls=(Button("Look", url="https://example.org"),)))
    outcome = await place.press(message)
    assert outcome.url == "https://example.org"
    await place.sandbox.command(place.member, place.channel, "/hall")
    await place.receiver.hear(CommandInvoked)
    assert not place.receiver.of(Pressed)


async def test_a_hall_that_raises_leaves_nobody_waiting(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.line.hearing.submit_seconds = 3600

    async def answer(event: object, answering: Answering) -> None:
        if isinstance(event, Submitted):
            raise ValueError("a hall never does")
        await answering.form(FORM, "en")

    place.receiver.answer = answer
    outcome = await filled(place, await place.press(await place.post(PRESS), 1), wait=0.3)
    assert outcome.kind is OutcomeKind.ACKNOWLEDGED
    assert "could not be handled" in caplog.text


async def test_many_at_once(place: Place) -> None:
    options = tuple(Option(f"o{number}", f"Option {number}") for number in range(3))
    message = await place.post(Message(text="?", controls=(Choice(ACTION, options),)))
    people = [await place.sandbox.join(place.space, f"Member {number}") for number in range(50)]
    outcomes = await asyncio.gather(*(place.press(message, 1, member=one) for one in people))
    assert {one.message.text for one in outcomes if one.message is not None} == {"Heard"}
    assert {one.message.only_for for one in outcomes if one.message is not None} == set(people)
    assert [one.values for one in place.receiver.of(Chosen)] == [("o1",)] * 50
