"""Steps of one thing in the private chat: one message that changes, and words that answer it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from core.action import Action
from core.bot import Answering
from core.event import Chosen, CommandInvoked, Event, Pressed, Submitted
from core.form import FieldKind, Form, FormField
from core.message import Button, Choice, Image, Message, Option
from sandbox.control import Outcome
from tests.bots.telegram.conftest import SHORT, Town, number_of

OPTIONS = (Option("1", "One"), Option("2", "Two"), Option("3", "Three"))
AGE = FormField(FieldKind.NUMBER, "age", "Your answer", maximum=99)


def step(number: int, *more: Button, **rest: object) -> Message:
    next_one = Button("Next", Action("qd", "next", (number + 1,)))
    return Message(text=f"Step {number}", controls=(next_one, *more), **rest)  # type: ignore[arg-type]  # a test's own


def asked(text: str = "How old are you?") -> Message:
    return Message(
        text=text,
        controls=(Button("Answer", SHORT, form=True, typed=True), Button("Skip", Action("qd", "next", (7,)))),
    )


@dataclass
class Flow:
    """Answers every act with the next of ``shown``; forms are ``form``."""

    shown: list[Message]
    form: Form = field(default_factory=lambda: Form(SHORT, title="Age", fields=(AGE,)))

    async def __call__(self, event: Event, answering: Answering) -> None:
        match event:
            case Pressed(form=True):
                await answering.form(self.form, "en")
            case CommandInvoked(name="question") | Pressed() | Chosen() | Submitted() if self.shown:
                await answering.say(self.shown.pop(0))


async def begin(town: Town, *shown: Message) -> Outcome:
    await town.private(town.cleo)
    town.hall.answer = Flow(list(shown))
    return await town.sandbox.command(town.cleo, town.cleo, "/hall question")


async def press(town: Town, outcome: Outcome, label: str) -> Outcome:
    assert outcome.message is not None
    return await town.press(town.cleo, town.sandbox.message(outcome.message.id), label)


async def test_every_step_takes_the_place_of_the_one_before(town: Town) -> None:
    toggles = Message(text="Step 2", controls=(Choice(SHORT, OPTIONS, maximum=3),))
    last = Message(title="Done", text="Thank you.")
    first = await begin(town, step(1), toggles, last)
    stood = len(town.messages(town.cleo))
    second = await press(town, first, "Next")
    assert first.message
    assert second.message
    assert second.message.id == first.message.id
    assert second.text == "Step 2"
    await press(town, second, "Two")
    assert "Thank you" in (await press(town, second, "✅")).text
    assert (await town.hall.of(Chosen))[-1].values == ("2",)
    assert len(town.messages(town.cleo)) == stood
    assert not town.last(town.cleo).controls


async def test_a_remark_leaves_the_step_where_it_is(town: Town) -> None:
    first = await begin(town, step(1), Message(text="Not now."), step(2))
    told = await press(town, first, "Next")
    assert told.text == "Not now."
    assert town.last(town.cleo).text == "Step 1"
    assert (await press(town, first, "Next")).text == "Step 2"


async def test_what_was_sent_unasked_and_what_is_secret_stays(town: Town) -> None:
    code = step(2, secret=True)
    await town.private(town.cleo)
    town.hall.answer = Flow([code, step(3)])
    await town.bot.send(town.here_for(town.cleo), step(1), key="1")
    reminder = Outcome(kind=None, message=town.last(town.cleo))  # type: ignore[arg-type]  # only its message counts
    second = await press(town, reminder, "Next")
    third = await press(town, second, "Next")
    assert third.text == "Step 3"
    assert [one.text for one in town.messages(town.cleo)[-3:]] == ["Step 1", "Step 2", "Step 3"]


async def test_a_picture_comes_and_goes_by_a_new_message(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bots.telegram.desk.LATER_SECONDS", 0.0)
    first = await begin(town, step(1), step(2, image=Image("https://example.org/a.png")), step(3), step(4))
    second = await press(town, first, "Next")
    third = await press(town, second, "Next")
    fourth = await press(town, third, "Next")
    assert [one.text for one in town.messages(town.cleo)[-3:]] == ["Step 1", "Step 2", "Step 4"]
    assert fourth.message
    assert third.message
    assert fourth.message.id == third.message.id
    for _ in range(100):
        if not any(one.controls for one in town.messages(town.cleo)[-3:-1]):
            break
        await town.sandbox.until(town.sandbox.revision, 0.1)
    assert not any(one.controls for one in town.messages(town.cleo)[-3:-1])


async def test_an_old_step_goes_on_where_it_stands_and_a_deleted_one_anew(town: Town) -> None:
    first = await begin(town, step(1), step(1), step(2), step(3))
    assert first.message
    again = await town.sandbox.command(town.cleo, town.cleo, "/hall question")
    assert again.message
    assert again.message.id != first.message.id
    assert (await press(town, first, "Next")).text == "Step 2"
    assert town.sandbox.message(again.message.id).text == "Step 1"
    control = town.control(again.message, "Next")
    chat = town.sandbox.backend.world.chats[int(town.cleo)]
    stands = chat.messages[int(number_of(again.message))]
    pressing = town.sandbox.backend.press(
        town.sandbox.backend.world.users[int(town.cleo)], stands, _data(stands, control)
    )
    del chat.messages[stands.id]
    await pressing.answer
    await town.hall.wait(lambda: sum(isinstance(one, Pressed) for one in town.hall.done) == 2)
    assert town.last(town.cleo).text == "Step 3"


def _data(message: object, control: str) -> str:
    row, _, place = control.partition(".")
    return message.markup["inline_keyboard"][int(row)][int(place)]["callback_data"]  # type: ignore[attr-defined, no-any-return]  # the sandbox's own


async def test_what_is_written_next_answers_the_step(town: Town) -> None:
    first = await begin(town, step(1), asked(), step(2), Message(text="nothing waits"))
    question = await press(town, first, "Next")
    assert "Just write your answer here." in question.text
    wrong = await town.sandbox.type(town.cleo, town.cleo, "a hundred", wait=5.0)
    assert "⚠️" in wrong.text
    right = await town.sandbox.type(town.cleo, town.cleo, "41", wait=5.0)
    assert right.text == "Step 2"
    (sent,) = await town.hall.of(Submitted)
    assert sent.values == {"age": "41"}
    assert sent.action == SHORT
    assert not town.hall.dialogues.states
    assert "/help" in (await town.sandbox.type(town.cleo, town.cleo, "42", wait=5.0)).text


async def test_words_that_do_at_once_are_submitted_with_no_dialogue(town: Town) -> None:
    await begin(town, asked(), asked("And your sister?"), step(3))
    stood = len(town.messages(town.cleo))
    assert "sister" in (await town.sandbox.type(town.cleo, town.cleo, "41", wait=5.0)).text
    assert (await town.sandbox.type(town.cleo, town.cleo, "38", wait=5.0)).text == "Step 3"
    assert len(town.messages(town.cleo)) == stood + 2
    assert [one.values["age"] for one in await town.hall.of(Submitted, 2)] == ["41", "38"]


async def test_a_step_that_is_passed_over_waits_for_no_words(town: Town) -> None:
    question = await begin(town, asked(), step(2))
    assert (await press(town, question, "Skip")).text == "Step 2"
    assert "/help" in (await town.sandbox.type(town.cleo, town.cleo, "41", wait=5.0)).text
    assert not [event for event in town.hall.events if isinstance(event, Submitted)]


async def test_a_dialogue_that_is_left_gives_the_step_back(town: Town) -> None:
    question = await begin(town, asked(), step(2))
    opened = await press(town, question, "Answer")
    assert opened.message
    assert question.message
    assert opened.message.id != question.message.id
    assert "Cancelled" in (await press(town, opened, "Cancel")).text
    assert (await town.sandbox.type(town.cleo, town.cleo, "41", wait=5.0)).text == "Step 2"


async def test_a_restart_waits_for_the_same_words(town: Town) -> None:
    await begin(town, asked(), step(2))
    await town.restart()
    assert (await town.sandbox.type(town.cleo, town.cleo, "41", wait=5.0)).text == "Step 2"
