"""What Discord tells becomes events, over the wire."""

from __future__ import annotations

import pytest

from core.bot import Answering
from core.event import (
    Chosen,
    CommandInvoked,
    Deleted,
    Edited,
    Installed,
    Joined,
    Left,
    Pressed,
    Reacted,
    Removed,
    Replied,
    Said,
    Submitted,
)
from core.form import FieldKind, Form, FormField
from core.message import Button, Choice, Message, Option
from sandbox.control import OutcomeKind
from sandbox.faults import Fault, FaultKind
from tests.bots.discord.kit import ACTION, Place, running, settle

PRESS = Message(text="?", controls=(Button("Press", ACTION), Button("Fill in", ACTION, form=True)))
OPTIONS = tuple(Option(f"value {number}", f"Option {number}") for number in range(6))


async def test_a_press(place: Place) -> None:
    message = await place.post(PRESS)
    plain, form = place.seen(message).controls
    await place.sandbox.press(place.member, message, plain.id)
    pressed = await place.receiver.hear(Pressed)
    assert (pressed.action, pressed.form, pressed.message) == (ACTION, False, message)
    assert (pressed.who.external_id, pressed.who.name, pressed.who.locale) == (place.member, "Grace", "de")
    assert (pressed.where.space, pressed.where.channel, pressed.where.private) == (place.space, place.channel, False)
    assert pressed.id
    assert pressed.at is not None
    await place.sandbox.press(place.member, message, form.id)
    assert (await place.receiver.hear(Pressed, 2)).form


@pytest.mark.parametrize("options", [OPTIONS[:3], OPTIONS])
async def test_a_choice_is_the_same_as_buttons_and_as_a_select(place: Place, options: tuple[Option, ...]) -> None:
    message = await place.post(Message(text="?", controls=(Choice(ACTION, options),)))
    controls = place.seen(message).controls
    if len(controls) == 1:
        await place.sandbox.pick(place.member, message, controls[0].id, ["value 1"])
    else:
        await place.sandbox.press(place.member, message, controls[1].id)
    chosen = await place.receiver.hear(Chosen)
    assert (chosen.action, chosen.values, chosen.message) == (ACTION, ("value 1",), message)


async def test_several_picks(place: Place) -> None:
    message = await place.post(Message(text="?", controls=(Choice(ACTION, OPTIONS, 1, 3),)))
    await place.sandbox.pick(place.member, message, place.seen(message).controls[0].id, ["value 1", "value 4"])
    assert (await place.receiver.hear(Chosen)).values == ("value 1", "value 4")


async def test_a_form(place: Place) -> None:
    async def answer(event: object, answering: Answering) -> None:
        if isinstance(event, Pressed):
            assert answering.can_open_form
            fields = (
                FormField(FieldKind.LONG, "story", "Story"),
                FormField(FieldKind.CHOICE, "one", "One", value=("value 1",), options=OPTIONS[:3]),
                FormField(FieldKind.CHOICE, "some", "Some", value=("value 0", "value 2"), options=OPTIONS, maximum=3),
                FormField(FieldKind.CONSENT, "consent", "Consent"),
            )
            await answering.form(Form(ACTION, "Tell us", fields, text="Take your time."), "de")
        else:
            assert not answering.can_open_form
            await answering.say(Message(text="Thank you"))

    place.receiver.answer = answer
    message = await place.post(PRESS)
    opened = await place.sandbox.press(place.member, message, place.seen(message).controls[1].id)
    assert opened.kind is OutcomeKind.FORM
    assert opened.form is not None
    assert [one.label for one in opened.form.fields] == ["Story", "One", "Some", "Consent"]
    assert dict(opened.form.fields[3].options) == {"yes": "Ich stimme zu"}
    assert [one.value for one in opened.form.fields] == ["", "value 1", "value 0,value 2", ""]
    values: dict[str, str | list[str]] = {
        "story": "Once …", "one": "value 2", "some": ["value 0", "value 5"], "consent": ["yes"],
    }  # fmt: skip
    await place.sandbox.fill(place.member, opened.form.id, values)
    submitted = await place.receiver.hear(Submitted)
    assert submitted.action == ACTION
    assert dict(submitted.values) == {**values}


async def test_a_form_survives_a_restart(place: Place) -> None:
    async def answer(event: object, answering: Answering) -> None:
        if isinstance(event, Pressed):
            await answering.form(Form(ACTION, "Tell us", (FormField(FieldKind.TEXT, "name", "Name"),)), "en")
        else:
            await answering.say(Message(text="Thank you"))

    place.receiver.answer = answer
    message = await place.post(PRESS)
    opened = await place.sandbox.press(place.member, message, place.seen(message).controls[1].id)
    assert opened.form is not None
    await place.bot.stop()
    place.bot = type(place.bot)(place.bot.settings)
    await place.bot.start(place.receiver)
    await place.bot.listen()
    await place.sandbox.fill(place.member, opened.form.id, {"name": "Grace"})
    assert (await place.receiver.hear(Submitted)).values == {"name": "Grace"}
    await place.sandbox.press(place.member, message, place.seen(message).controls[0].id)
    assert not (await place.receiver.hear(Pressed, 2)).form


async def test_commands(place: Place) -> None:
    await place.sandbox.command(place.member, place.channel, "/hall say Good morning, all")
    invoked = await place.receiver.hear(CommandInvoked)
    assert (invoked.name, invoked.text) == ("say", "Good morning, all")
    await place.sandbox.command(place.member, place.channel, "/hall help")
    assert (await place.receiver.hear(CommandInvoked, 2)).name == "help"
    private = await place.sandbox.private(place.member)
    await place.sandbox.command(place.member, private, "/hall help")
    where = (await place.receiver.hear(CommandInvoked, 3)).where
    assert (where.space, where.channel, where.private) == ("", private, True)


async def test_a_forged_press_is_answered_kindly(place: Place) -> None:
    message = await place.post(PRESS)
    outcome = await place.sandbox.forge(place.member, message, "anything")
    assert "Knopf" in outcome.text
    other = await place.sandbox.forge(place.member, message, "AnFk")
    assert "anderen Version" in other.text
    assert not place.receiver.of(Pressed)


async def test_a_reply_that_pings_is_read(place: Place) -> None:
    message = await place.post(PRESS)
    await place.sandbox.type(place.member, place.channel, "My answer", reply_to=message)
    replied = await place.receiver.hear(Replied)
    assert (replied.to, replied.text, replied.readable) == (message, "My answer", True)
    assert replied.at is not None
    assert replied.id == replied.message


async def test_what_is_not_for_us_is_not_told(place: Place) -> None:
    message = await place.post(PRESS)
    await place.sandbox.type(place.member, place.channel, "Just talking")
    other = (place.sandbox.state().channels[0].messages[-1]).id
    await place.sandbox.type(place.owner, place.channel, "An answer to Grace", reply_to=other)
    await place.sandbox.type(place.member, place.channel, "For you", reply_to=message)
    await place.receiver.hear(Replied)
    assert not place.receiver.of(Said)
    assert len(place.receiver.of(Replied)) == 1


async def test_a_mention_is_said_without_the_name(place: Place) -> None:
    await place.sandbox.type(place.member, place.channel, f"<@{place.sandbox.world.bot.id}> good morning")
    assert (await place.receiver.hear(Said)).text == "good morning"


async def test_a_thread_answers_the_message_it_hangs_on(place: Place) -> None:
    message = await place.post(Message(title="A question", text="?", thread=True))
    thread = place.seen(message).thread
    assert thread
    await place.sandbox.type(place.member, place.channel, "In the thread", thread=thread)
    replied = await place.receiver.hear(Replied)
    assert (replied.to, replied.readable, replied.text) == (message, False, "")
    assert (replied.where.channel, replied.where.thread) == (place.channel, thread)


async def test_with_the_intent_all_is_read() -> None:
    async with running(read_all_replies=True) as place:
        message = await place.post(Message(text="?", thread=True))
        await place.sandbox.type(place.member, place.channel, "In it", thread=place.seen(message).thread)
        assert (await place.receiver.hear(Replied)).text == "In it"
        await place.sandbox.type(place.member, place.channel, "Just talking")
        assert (await place.receiver.hear(Said)).text == "Just talking"


async def test_private_words_are_said(place: Place) -> None:
    private = await place.sandbox.private(place.member)
    await place.sandbox.type(place.member, private, "Hello, bot")
    said = await place.receiver.hear(Said)
    assert (said.text, said.where.private, said.where.space, said.where.channel) == ("Hello, bot", True, "", private)


async def test_edits_and_deletions(place: Place) -> None:
    message = await place.post(PRESS)
    await place.sandbox.type(place.member, place.channel, "My answer", reply_to=message)
    reply = (await place.receiver.hear(Replied)).message
    await place.sandbox.edit(place.member, reply, "A better answer")
    edited = await place.receiver.hear(Edited)
    assert (edited.message, edited.to, edited.text) == (reply, message, "A better answer")
    assert edited.id not in ("", reply)
    await place.sandbox.delete(place.member, reply)
    assert (await place.receiver.hear(Deleted)).message == reply


async def test_reactions(place: Place) -> None:
    message = await place.post(PRESS)
    await place.sandbox.react(place.member, message, "👍")
    await place.sandbox.react(place.member, message, "👍", present=False)
    there, gone = await place.receiver.hear(Reacted), await place.receiver.hear(Reacted, 2)
    assert (there.message, there.emoji, there.present, there.who.external_id) == (message, "👍", True, place.member)
    assert (gone.emoji, gone.present) == ("👍", False)


async def test_servers_and_people() -> None:
    async with running(see_joins=True) as place:
        installed = await place.receiver.hear(Installed)
        assert (installed.where.space, installed.name, installed.language) == (place.space, "Town hall", "fr")
        assert installed.where.channel == place.channel
        assert installed.who is not None
        assert installed.who.external_id == place.owner
        newcomer = await place.sandbox.join(place.space, "Joan")
        assert (await place.receiver.hear(Joined)).who.external_id == newcomer
        await place.sandbox.leave(newcomer, place.space)
        assert (await place.receiver.hear(Left)).who.external_id == newcomer
        await place.sandbox.remove(place.space, place.owner)
        assert (await place.receiver.hear(Removed)).where.space == place.space
        await place.sandbox.install(place.space, place.owner)
        assert (await place.receiver.hear(Installed, 2)).where.space == place.space


async def test_an_event_that_comes_twice_has_one_id(place: Place) -> None:
    message = await place.post(PRESS)
    await place.sandbox.fault(Fault(FaultKind.DUPLICATE, "INTERACTION_CREATE"))
    await place.sandbox.press(place.member, message, place.seen(message).controls[0].id)
    first, second = await place.receiver.hear(Pressed), await place.receiver.hear(Pressed, 2)
    assert first.id == second.id


async def test_a_lost_connection_comes_back(place: Place) -> None:
    message = await place.post(PRESS)
    (session,) = place.sandbox.gateway.sessions.values()
    before = session.socket
    await place.sandbox.fault(Fault(FaultKind.DISCONNECT))
    await settle(lambda: session.socket not in (None, before))
    await settle(lambda: place.bot.health.connected)
    await place.sandbox.press(place.member, message, place.seen(message).controls[0].id)
    await place.receiver.hear(Pressed)


async def test_every_frame_counts_as_a_sign_of_life(place: Place) -> None:
    place.receiver.clock.pass_by(60)
    await place.sandbox.add_channel(place.space, "news")  # a frame that is no event of ours
    await settle(lambda: place.bot.health.last_frame == place.receiver.clock.now())
