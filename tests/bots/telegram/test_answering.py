"""How members see their answers: alerts, the private chat, and as little as possible in the group."""

from __future__ import annotations

import asyncio

import pytest

from bots.telegram import answering as module
from bots.telegram.desk import PUBLIC_A_MINUTE
from core.bot import Answering
from core.event import CommandInvoked, Event, Pressed, Replied
from core.form import FieldKind, Form, FormField
from core.message import Button, Image, Message, Pair
from core.testing.pictures import png
from sandbox.control import MessageView, OutcomeKind
from sandbox.faults import Fault, FaultKind
from tests.bots.telegram.conftest import LONGEST, SHORT, Town
from tests.bots.telegram.receiver import Answer

LONG = Message(text="word " * 100, title="All of it")
FORM = Form(SHORT, title="One thing", fields=(FormField(FieldKind.TEXT, "words", "Tell us"),))


def says(message: Message | Form | None, *, after: float = 0.0) -> Answer:
    async def answer(event: Event, answering: Answering) -> None:
        await asyncio.sleep(after)
        match message:
            case None:
                await answering.acknowledge()
            case Message():
                await answering.say(message)
            case Form():
                assert answering.can_open_form
                await answering.form(message, "en")

    return answer


async def post(town: Town) -> MessageView:
    await town.bot.send(town.here, Message(text="Coffee?", controls=(Button("Yes", LONGEST),)), key="1")
    return town.last()


async def test_a_short_answer_is_an_alert(town: Town) -> None:
    question = await post(town)
    town.hall.answer = says(Message(text="**Thank** you, _Ben_", fields=(Pair("Streak", "3"),)))
    seen = await town.press(town.ben, question, "Yes")
    assert seen.kind is OutcomeKind.MESSAGE
    assert seen.text == "Thank you, Ben\nStreak: 3"
    assert len(town.messages()) == 1


async def test_a_receipt_alone_ends_the_press(town: Town) -> None:
    question = await post(town)
    town.hall.answer = says(None)
    seen = await town.press(town.ben, question, "Yes", wait=0.3)
    assert seen.kind is OutcomeKind.ACKNOWLEDGED


async def test_a_press_that_nobody_answers_is_answered_all_the_same(town: Town) -> None:
    question = await post(town)
    seen = await town.press(town.ben, question, "Yes", wait=0.3)
    assert seen.kind is OutcomeKind.ACKNOWLEDGED


async def test_a_long_answer_comes_in_private_where_that_is_open(town: Town) -> None:
    question = await post(town)
    await town.private(town.cleo)
    town.hall.answer = says(LONG)
    seen = await town.press(town.cleo, question, "Yes")
    assert seen.text == "I wrote to you in our private chat."
    assert town.last(town.cleo).text.startswith("All of it\n\nword word")
    assert town.bot.health.losses == {}


async def test_a_long_answer_is_cut_to_an_alert_where_it_is_not(town: Town) -> None:
    question = await post(town)
    town.hall.answer = says(LONG)
    for _ in range(2):
        seen = await town.press(town.cleo, question, "Yes")
        assert len(seen.text) == 200
        assert seen.text.startswith("All of it\nword")
        assert seen.text.endswith("…\n\nTo read it all, open a private chat with me first.")
    assert town.sandbox.record.calls["sendMessage"] == 2  # the question, one try in private; the second was spared
    assert town.bot.health.losses == {"answer": 2}
    await town.private(town.cleo)
    seen = await town.press(town.cleo, question, "Yes")
    assert seen.text == "I wrote to you in our private chat."


async def test_a_picture_comes_in_private_or_as_its_words(town: Town) -> None:
    question = await post(town)
    town.hall.answer = says(Message(text="Yours", image=Image(alt="A cup of tea", data=png())))
    seen = await town.press(town.cleo, question, "Yes")
    assert seen.text == "Yours\nA cup of tea\n\nTo read it all, open a private chat with me first."
    assert town.bot.health.losses == {"answer": 1}
    await town.private(town.cleo)
    await town.press(town.cleo, question, "Yes")
    assert (town.last(town.cleo).text, len(town.last(town.cleo).images)) == ("Yours", 1)


async def test_a_press_leads_on_to_a_form(town: Town) -> None:
    question = await post(town)
    town.hall.answer = says(FORM)
    seen = await town.press(town.ben, question, "Yes")
    assert (seen.kind, seen.url) == (
        OutcomeKind.LINK,
        f"https://t.me/{town.sandbox.username}?start={SHORT.encode()}",
    )
    town.hall.answer = says(Message(text="Go on", controls=(Button("Continue", SHORT, form=True),)))
    seen = await town.press(town.ben, question, "Yes")
    assert seen.url.endswith(SHORT.encode())


async def test_a_slow_answer_is_acknowledged_in_time_and_comes_later(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ACK_SECONDS", 0.1)
    question = await post(town)
    await town.private(town.cleo)
    gate = asyncio.Event()

    async def answer(event: Event, answering: Answering) -> None:
        await gate.wait()
        await answering.say(Message(text="Here it is"))

    town.hall.answer = answer
    seen = await town.press(town.cleo, question, "Yes", wait=1)
    assert seen.kind is OutcomeKind.ACKNOWLEDGED
    gate.set()
    await town.hall.wait(lambda: len(town.hall.done) == 2)
    assert town.last(town.cleo).text == "Here it is"
    town.hall.answer = says(FORM, after=0.3)
    seen = await town.press(town.ben, question, "Yes", wait=1)
    await town.hall.wait(lambda: len(town.hall.done) == 3)
    assert town.last().controls[0].url.endswith(SHORT.encode())


async def test_an_answer_to_a_press_that_the_app_gave_up(town: Town) -> None:
    question = await post(town)

    async def answer(event: Event, answering: Answering) -> None:
        town.sandbox.backend.presses.clear()  # the app stopped waiting
        await answering.say(Message(text="Thank you"))

    town.hall.answer = answer
    await town.press(town.ben, question, "Yes", wait=0.3)
    assert town.last().text == "Thank you"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (LONGEST.encode()[:-1], "not one of mine"),
        ("!not base64", "not one of mine"),
        ("." + SHORT.encode()[1:], "not one of mine"),
        ("AgAA", "another version"),
        ("nonsense", "another version"),
    ],
)
async def test_a_forged_press_gets_a_kind_word(town: Town, data: str, words: str) -> None:
    question = await post(town)
    chat = next(iter(town.sandbox.backend.world.groups.values()))
    message = chat.messages[int(question.id.partition(":")[2])]
    message.markup["inline_keyboard"][0][0]["callback_data"] = data
    seen = await town.press(town.cleo, question, "Yes")
    assert words in seen.text
    assert not [event for event in town.hall.events if isinstance(event, Pressed)]


async def test_a_command_is_answered_in_private_where_that_is_open(town: Town) -> None:
    await town.private(town.cleo)
    town.hall.answer = says(Message(text="For you"))
    seen = await town.sandbox.command(town.cleo, town.space, "/hall")
    assert seen.text == "For you"
    assert seen.message.channel == town.cleo
    assert town.messages() == []


async def test_a_short_answer_to_a_command_stands_in_the_group_else(town: Town) -> None:
    town.hall.answer = says(Message(text="Only managers can do that."))
    seen = await town.sandbox.command(town.cleo, town.space, "/hall question")
    assert seen.text == "Only managers can do that."
    assert seen.message.channel == town.space
    assert seen.message.reply_to


async def test_a_long_answer_waits_for_the_private_chat(town: Town) -> None:
    town.hall.answer = says(LONG)
    seen = await town.sandbox.command(town.cleo, town.space, "/hall")
    assert "word" not in seen.text
    assert seen.text.startswith("I have something for you alone.")
    assert seen.message.controls[0].url == f"https://t.me/{town.sandbox.username}"


async def test_what_would_work_for_others_in_the_group_waits_for_the_private_chat(town: Town) -> None:
    controls = (Button("Change", LONGEST, form=True), Button("End", SHORT))
    town.hall.answer = says(Message(text="Every day at nine", controls=controls))
    seen = await town.sandbox.command(town.cleo, town.space, "/hall schedules")
    assert seen.text == "Every day at nine"
    assert [one.label for one in seen.message.controls] == ["Change", "Open our private chat"]
    assert seen.message.controls[1].url == f"https://t.me/{town.sandbox.username}"


@pytest.mark.parametrize("controls", [(), (Button("Open", url="https://hall.example/in"),)])
async def test_a_secret_never_stands_in_the_group(town: Town, controls: tuple[Button, ...]) -> None:
    secret = Message(text="ABCD-EFGH", controls=controls, secret=True)
    town.hall.answer = says(secret)
    seen = await town.sandbox.command(town.cleo, town.space, "/hall code")
    assert seen.text.startswith("I have something for you alone.")
    assert [one.label for one in seen.message.controls] == ["Open our private chat"]
    await town.private(town.cleo)
    seen = await town.sandbox.command(town.cleo, town.space, "/hall code")
    assert (seen.text, seen.message.channel) == ("ABCD-EFGH", town.cleo)


async def test_a_blocked_private_chat_is_closed(town: Town) -> None:
    await town.private(town.cleo)
    await town.sandbox.block(town.cleo)
    town.hall.answer = says(Message(text="For you"))
    seen = await town.sandbox.command(town.cleo, town.space, "/hall")
    assert seen.message.channel == town.space
    await town.sandbox.unblock(town.cleo)
    seen = await town.sandbox.command(town.cleo, town.space, "/hall")
    assert seen.message.channel == town.cleo


async def test_a_reply_is_acknowledged_by_a_reaction(town: Town) -> None:
    question = await post(town)
    town.hall.answer = says(None)
    seen = await town.sandbox.type(town.ben, town.space, "Yes!", reply_to=question.id, wait=5)
    assert seen.kind is OutcomeKind.ACKNOWLEDGED
    assert seen.message.reactions == {"👍": ("hallkeeper",)}


async def test_answers_to_many_replies_leave_room_for_posts(town: Town) -> None:
    question = await post(town)
    town.hall.answer = says(Message(text="Thanks!"))
    members = [await town.sandbox.join(town.space, f"M{number}") for number in range(PUBLIC_A_MINUTE + 2)]
    for member in members:
        await town.sandbox.type(member, town.space, "Yes", reply_to=question.id)
    await town.hall.of(Replied, len(members))
    await town.hall.wait(lambda: sum(isinstance(event, Replied) for event in town.hall.done) == len(members))
    assert [message.text for message in town.messages()].count("Thanks!") == PUBLIC_A_MINUTE
    seen = [message for message in town.sandbox.state(messages=200).channels[0].messages if "👀" in message.reactions]
    assert len(seen) == 2
    assert town.bot.health.losses == {"answer": 2}


async def test_a_group_without_room_gets_a_reaction(town: Town) -> None:
    town.hall.answer = says(Message(text="Thanks!"))
    await town.sandbox.command(town.ben, town.space, "/hall")
    await town.sandbox.fault(Fault(FaultKind.RATE_LIMIT, match="sendMessage"))
    seen = await town.sandbox.command(town.ben, town.space, "/hall", wait=2)
    assert seen.message.reactions == {"👀": ("hallkeeper",)}


async def test_plain_talk_in_private_gets_help(town: Town) -> None:
    await town.private(town.ben)
    seen = await town.sandbox.type(town.ben, town.ben, "Hallo?", wait=5)
    assert seen.text.startswith("Ich lese, was auf eine Frage von mir antwortet.")
    assert [type(event) for event in town.hall.events] == [CommandInvoked]


async def test_a_reply_in_private_is_a_reply(town: Town) -> None:
    await town.private(town.ben)
    await town.bot.send(town.here_for(town.ben), Message(text="How was it?"), key="1")
    await town.sandbox.type(town.ben, town.ben, "Good", reply_to=town.last(town.ben).id)
    (event,) = await town.hall.of(Replied)
    assert (event.text, event.where.private, event.where.space) == ("Good", True, "")
