"""Forms as dialogues in private, over the wire."""

from __future__ import annotations

import asyncio

import pytest

from core.bot import Answering
from core.event import CommandInvoked, Event, Pressed, Submitted
from core.form import FieldKind, Form, FormField
from core.message import Button, Message, Option
from sandbox.control import Outcome, OutcomeKind
from sandbox.faults import Fault, FaultKind
from tests.bots.telegram.conftest import LONGEST, SHORT, Town

FORM = Form(
    LONGEST,
    title="About you",
    text="It takes a *minute*.",
    fields=(
        FormField(FieldKind.TEXT, "name", "Your name", maximum=5),
        FormField(FieldKind.NUMBER, "age", "Your age", required=False, hint="In years", minimum=18),
        FormField(
            FieldKind.CHOICE, "likes", "What do you like?", maximum=2,
            options=(Option("t", "Tea"), Option("c", "Coffee", "black"), Option("w", "Water")),
        ),
        FormField(FieldKind.CONSENT, "terms", "May we keep it?"),
    ),
)  # fmt: skip
ONE = Form(SHORT, title="One thing", fields=(FormField(FieldKind.LONG, "words", "Tell us"),))


class Plugin:
    """Opens ``form`` for every wish for one and answers a submission with ``reply``."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.replies: list[Message | dict[str, str] | None] = []
        self.language = "en"

    async def __call__(self, event: Event, answering: Answering) -> None:
        match event:
            case CommandInvoked(name="question") | Pressed(form=True):
                await answering.form(self.form, self.language)
            case Submitted():
                reply = self.replies.pop(0) if self.replies else Message(text="Thank you!")
                if reply is None:
                    await answering.acknowledge()
                elif isinstance(reply, Message):
                    await answering.say(reply)
                else:
                    await answering.invalid(reply, Message(text="Not saved"))
            case _:
                pass


async def open_by_link(town: Town, member: str) -> Outcome:
    """Press the form button of a post: a deep link into the private chat."""
    await town.bot.send(town.here, Message(text="Join", controls=(Button("Answer", LONGEST, form=True),)), key="1")
    outcome = await town.press(member, town.last(), "Answer")
    assert outcome.kind is OutcomeKind.LINK
    return await town.sandbox.follow(member, outcome.url)


async def test_a_question_that_the_limit_lets_not_through_is_asked_when_they_go_on(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    town.hall.answer = Plugin(FORM)
    first = await open_by_link(town, town.ben)
    assert first.message
    # Longer than anybody waits: what was typed is kept, and the next question does not come.
    await town.sandbox.fault(Fault(FaultKind.RATE_LIMIT, match="sendMessage", seconds=30.0))
    assert (await town.sandbox.type(town.ben, town.ben, "Ben", wait=0.5)).message is None
    again = await town.sandbox.type(town.ben, town.ben, "?", wait=5.0)
    assert "Your age" in again.text
    assert [record.levelname for record in caplog.records if "did not go out" in record.getMessage()] == ["WARNING"]


async def test_a_form_from_the_post_to_the_submission(town: Town) -> None:
    town.hall.answer = Plugin(FORM)
    first = await open_by_link(town, town.ben)
    chat = town.ben
    assert "About you" in first.text
    assert "minute" in first.text
    assert "1/4 · Your name" in first.text
    assert [control.label for control in first.message.controls] == ["Cancel"]
    wrong = await town.sandbox.type(town.ben, chat, "Benjamin", wait=5)
    assert "Too long: 8 characters, at most 5 fit." in wrong.text
    second = await town.sandbox.type(town.ben, chat, "Ben", wait=5)
    assert second.text == "2/4 · Your age\n\nIn years"
    assert [control.label for control in second.message.controls] == ["Back", "Skip", "Cancel"]
    third = await town.press(town.ben, second.message, "Skip")
    assert third.message.id == second.message.id
    assert "Coffee: black" in third.text
    for label in ("Tea", "Water", "✓ Tea", "Coffee"):
        await town.press(town.ben, town.last(chat), label)
    assert [control.label for control in town.last(chat).controls][:4] == ["Tea", "✓ Coffee", "✓ Water", "Done"]
    fourth = await town.press(town.ben, town.last(chat), "Done")
    assert [control.label for control in fourth.message.controls] == ["Agree", "No", "Back", "Cancel"]
    refused = await town.press(town.ben, town.last(chat), "No")
    assert "Please agree" in refused.text
    await town.press(town.ben, town.last(chat), "Agree")
    (event,) = await town.hall.of(Submitted)
    assert event.action == LONGEST
    assert dict(event.values) == {"name": "Ben", "age": "", "likes": ["w", "c"], "terms": "yes"}
    assert FORM.check(event.values).errors == {}
    assert (event.where.private, event.where.space, event.where.channel) == (True, "", town.ben)
    await town.hall.wait(lambda: event in town.hall.done)
    assert town.last(chat).text == "Thank you!"
    assert town.hall.dialogues.states == {}
    async with asyncio.timeout(5):  # the old buttons go when there is time
        while town.messages(chat)[-2].controls:  # noqa: ASYNC110 - the sandbox's state is what is waited for
            await asyncio.sleep(0.05)


async def test_back_keeps_what_was_answered(town: Town) -> None:
    town.hall.answer = Plugin(FORM)
    await open_by_link(town, town.ben)
    await town.sandbox.type(town.ben, town.ben, "Ben", wait=5)
    back = await town.press(town.ben, town.last(town.ben), "Back")
    assert "Your name" in back.text
    forward = await town.press(town.ben, town.last(town.ben), "Keep: Ben")
    assert "Your age" in forward.text


async def test_cancel_leaves_the_form(town: Town) -> None:
    town.hall.answer = Plugin(FORM)
    await open_by_link(town, town.ben)
    gone = await town.press(town.ben, town.last(town.ben), "Cancel")
    assert gone.text == "Cancelled. Nothing was saved."
    assert gone.message.controls == ()
    assert town.hall.dialogues.states == {}
    await open_by_link(town, town.cleo)
    typed = await town.sandbox.command(town.cleo, town.cleo, "/cancel")
    assert typed.text == "Cancelled. Nothing was saved."
    assert not [event for event in town.hall.events if isinstance(event, Submitted)]


async def test_a_restart_goes_on_where_it_was(town: Town) -> None:
    town.hall.answer = Plugin(FORM)
    await open_by_link(town, town.ben)
    await town.sandbox.type(town.ben, town.ben, "Ben", wait=5)
    await town.restart()
    third = await town.sandbox.type(town.ben, town.ben, "33", wait=5)
    assert third.text.startswith("3/4 · What do you like?")
    await town.restart()
    await town.press(town.ben, town.last(town.ben), "Tea")
    await town.press(town.ben, town.last(town.ben), "Done")
    await town.press(town.ben, town.last(town.ben), "Agree")
    (event,) = await town.hall.of(Submitted)
    assert dict(event.values) == {"name": "Ben", "age": "33", "likes": ["t"], "terms": "yes"}


async def test_a_repeat_of_a_step_shows_it_again_and_changes_nothing(town: Town) -> None:
    """The process died after a step was kept and before its update was confirmed."""
    town.hall.answer = Plugin(FORM)
    await open_by_link(town, town.ben)
    updates = town.sandbox.backend.updates
    await town.sandbox.type(town.ben, town.ben, "Ben", wait=5)
    likes = await town.sandbox.type(town.ben, town.ben, "40", wait=5)
    await town.press(town.ben, likes.message, "Tea")
    await town.bot.stop()
    town.hall.watermarks.values.clear()
    assert updates.pending == 1  # the last press was never confirmed
    await town.bot.start(town.hall)
    await town.bot.listen()
    while updates.pending:  # noqa: ASYNC110 - nobody tells when a poll confirms
        await asyncio.sleep(0.01)
    assert [control.label for control in town.last(town.ben).controls][:1] == ["✓ Tea"]


async def test_a_submission_that_was_not_confirmed_is_submitted_again_with_its_id(town: Town) -> None:
    class Interrupted(Plugin):
        async def __call__(self, event: Event, answering: Answering) -> None:
            if isinstance(event, Submitted):
                await asyncio.sleep(30)
            await super().__call__(event, answering)

    town.hall.answer = Interrupted(ONE)
    await open_by_link(town, town.ben)
    await town.sandbox.type(town.ben, town.ben, "Some words")
    await town.hall.of(Submitted)
    state = dict(town.hall.dialogues.states)
    await town.bot.stop()
    town.hall.dialogues.states = state  # as a killed process leaves it
    town.hall.answer = Plugin(ONE)
    await town.bot.start(town.hall)
    await town.bot.listen()
    first, again = await town.hall.of(Submitted, 2)
    assert (first.id, dict(first.values)) == (again.id, dict(again.values))
    await town.hall.wait(lambda: again in town.hall.done)
    assert town.last(town.ben).text == "Thank you!"


async def test_what_the_hall_refuses_is_asked_again(town: Town) -> None:
    plugin = Plugin(FORM)
    plugin.replies = [{"age": "Nobody is that old.", "name": "Not you again."}]
    town.hall.answer = plugin
    await open_by_link(town, town.ben)
    await town.sandbox.type(town.ben, town.ben, "Ben", wait=5)
    await town.sandbox.type(town.ben, town.ben, "999", wait=5)
    await town.press(town.ben, town.last(town.ben), "Tea")
    await town.press(town.ben, town.last(town.ben), "Done")
    again = await town.press(town.ben, town.last(town.ben), "Agree")
    await town.hall.of(Submitted)
    assert again.text == "⚠️ Not you again.\n\n1/2 · Your name"
    age = await town.sandbox.type(town.ben, town.ben, "Bo", wait=5)
    assert age.text.startswith("⚠️ Nobody is that old.\n\n2/2 · Your age")
    await town.sandbox.type(town.ben, town.ben, "99", wait=5)
    _, second = await town.hall.of(Submitted, 2)
    assert dict(second.values) == {"name": "Bo", "age": "99", "likes": ["t"], "terms": "yes"}


async def test_a_bare_receipt_says_that_it_went_out(town: Town) -> None:
    plugin = Plugin(ONE)
    plugin.replies = [None]
    town.hall.answer = plugin
    await open_by_link(town, town.ben)
    done = await town.sandbox.type(town.ben, town.ben, "Words", wait=5)
    assert done.text == "Gesendet. Danke!"
    later = await town.sandbox.type(town.ben, town.ben, "More words", wait=5)
    assert "/help" in later.text


async def test_buttons_of_an_older_question_do_nothing(town: Town) -> None:
    town.hall.answer = Plugin(FORM)
    await open_by_link(town, town.cleo)
    await town.sandbox.type(town.cleo, town.cleo, "Cleo", wait=5)
    chat = next(chat for chat in town.sandbox.backend.world.chats.values() if str(chat.id) == town.cleo)
    question = town.last(town.cleo)
    old = dict(chat.messages[int(question.id.partition(":")[2])].markup)
    await town.sandbox.type(town.cleo, town.cleo, "41", wait=5)
    chat.messages[int(question.id.partition(":")[2])].markup = old  # an app that did not hear of the change
    stale = await town.press(town.cleo, question, "Back")
    assert "This question is over" in stale.text
    assert town.last(town.cleo).text.startswith("3/4")


async def test_a_form_button_in_private_opens_the_form_at_once(town: Town) -> None:
    town.hall.answer = Plugin(ONE)
    await town.private(town.ben)
    await town.bot.send(
        town.here_for(town.ben), Message(text="Here", controls=(Button("Answer", LONGEST, form=True),)), key="1"
    )
    opened = await town.press(town.ben, town.last(town.ben), "Answer")
    (event,) = await town.hall.of(Pressed)
    assert (event.action, event.form) == (LONGEST, True)
    assert "One thing" in opened.text


async def test_a_command_in_a_group_leads_to_the_private_chat(town: Town) -> None:
    town.hall.answer = Plugin(ONE)
    asked = await town.sandbox.command(town.cleo, town.space, "/hall question")
    assert "One thing" in asked.text
    link = await town.press(town.cleo, asked.message, "Continue in private")
    assert link.url == f"https://t.me/{town.sandbox.username}?start={SHORT.encode()}"
    opened = await town.sandbox.follow(town.cleo, link.url)
    assert "Tell us" in opened.text


async def test_a_choice_may_be_typed_and_consent_too(town: Town) -> None:
    form = Form(
        SHORT,
        title="Typed",
        fields=(
            FormField(FieldKind.CHOICE, "one", "Which?", options=(Option("t", "Tea"), Option("c", "Coffee"))),
            FormField(FieldKind.DATE, "day", "When?"),
            FormField(FieldKind.CONSENT, "ok", "All right?", required=False),
        ),
    )
    town.hall.answer = Plugin(form)
    await open_by_link(town, town.ben)
    wrong = await town.sandbox.type(town.ben, town.ben, "milk", wait=5)
    assert "press one of the buttons" in wrong.text
    await town.sandbox.type(town.ben, town.ben, "coffee", wait=5)
    wrong = await town.sandbox.type(town.ben, town.ben, "tomorrow", wait=5)
    assert "2027-03-31" in wrong.text
    await town.sandbox.type(town.ben, town.ben, "2027-04-01", wait=5)
    await town.sandbox.type(town.ben, town.ben, "No", wait=5)
    (event,) = await town.hall.of(Submitted)
    assert dict(event.values) == {"one": ["c"], "day": "2027-04-01", "ok": "no"}


async def test_a_dialogue_speaks_the_language_it_was_opened_in(town: Town) -> None:
    plugin = Plugin(FORM)
    plugin.language = "de"
    town.hall.answer = plugin
    opened = await open_by_link(town, town.ben)
    assert [control.label for control in opened.message.controls] == ["Abbrechen"]


@pytest.mark.parametrize("payload", ["", "hello", "BBBB", SHORT.encode()[:-1], "AA"])
async def test_a_forged_deep_link_gets_a_kind_word(town: Town, payload: str) -> None:
    url = f"https://t.me/{town.sandbox.username}?start={payload}"
    outcome = await town.sandbox.follow(town.cleo, url, wait=5 if payload else 0)
    if payload:
        assert outcome.kind is OutcomeKind.MESSAGE
        assert "button" in outcome.text
    else:
        (event,) = await town.hall.of(CommandInvoked)
        assert event.name == "help"
    assert not [event for event in town.hall.events if isinstance(event, Pressed)]
