"""Updates become events."""

from __future__ import annotations

from datetime import timedelta

from core.bot import Answering
from core.event import (
    Chosen,
    CommandInvoked,
    Edited,
    Event,
    Installed,
    Joined,
    Left,
    Pressed,
    Reacted,
    Removed,
    Replied,
    Said,
)
from core.message import Button, Choice, Message, Option
from tests.bots.telegram.conftest import LONGEST, SHORT, Town, number_of
from tests.bots.telegram.receiver import now


async def test_a_press_in_a_group(town: Town) -> None:
    sent = await town.bot.send(town.here, Message(text="Coffee?", controls=(Button("Yes", LONGEST),)), key="1")
    await town.press(town.ben, town.last(), "Yes", wait=0.2)
    (event,) = await town.hall.of(Pressed)
    assert event.action == LONGEST
    assert (event.form, event.message, event.at) == (False, sent.message, None)
    assert (event.where.space, event.where.channel, event.where.private) == (town.space, town.space, False)
    assert (event.who.platform, event.who.scope, event.who.external_id) == ("telegram", "", town.ben)
    assert (event.who.name, event.who.locale, event.who.human) == ("Ben", "de", True)
    assert event.id.startswith(f"{town.sandbox.bot}:")


async def test_an_option_says_its_value_where_it_fits_and_its_number_where_not(town: Town) -> None:
    options = (Option("tea", "Tea"), Option("a-very-long-value-of-an-option", "Coffee"))
    await town.bot.send(town.here, Message(text="?", controls=(Choice(LONGEST, options),)), key="1")
    await town.bot.send(town.here, Message(text="?", controls=(Choice(SHORT, options),)), key="2")
    long, short = town.messages()
    await town.press(town.ben, long, "Coffee", wait=0.2)
    await town.press(town.ben, short, "Coffee", wait=0.2)
    first, second = await town.hall.of(Chosen, 2)
    assert (first.action, first.values) == (LONGEST.with_pick(1), ("1",))
    assert (second.action, second.values) == (SHORT, ("a-very-long-value-of-an-option",))


async def test_several_options_are_toggled_in_private_and_sent_by_done(town: Town) -> None:
    channel = await town.private(town.ben)
    options = (Option("a", "Ann"), Option("b", "Bob"), Option("c", "Cid"))
    choice = Choice(LONGEST, options, maximum=3)
    await town.bot.send(town.here_for(town.ben), Message(text="Whom?", controls=(choice,)), key="1")
    for label in ("Ann", "Cid", "Bob", "✓ Ann"):
        await town.press(town.ben, town.last(channel), label)
    assert [control.label for control in town.last(channel).controls] == ["Ann", "✓ Bob", "✓ Cid", "✅"]
    await town.press(town.ben, town.last(channel), "✅", wait=0.2)
    (event,) = await town.hall.of(Chosen)
    assert event.values == ("b", "c")
    assert event.action == LONGEST
    assert event.where.private
    assert event.where.space == ""


async def test_a_choice_of_several_in_a_group_becomes_a_form_button(town: Town) -> None:
    choice = Choice(SHORT, (Option("a", "Ann"), Option("b", "Bob")), maximum=2, label="Whom?")
    await town.bot.send(town.here, Message(text="Vote", controls=(choice,)), key="1")
    (control,) = town.last().controls
    assert (control.kind, control.label) == ("link", "Whom?")
    assert control.url == f"https://t.me/{town.sandbox.username}?start={SHORT.encode()}"
    assert town.bot.health.losses == {"choice": 1}


async def test_commands(town: Town) -> None:
    name = town.sandbox.username
    for text in ("/hall", f"/hall@{name} Question  of the day ", "/hall nonsense", "/help", f"/privacy@{name}"):
        await town.sandbox.command(town.ben, town.space, text, wait=0)
    events = await town.hall.of(CommandInvoked, 5)
    assert [(event.name, event.text) for event in events] == [
        ("help", ""),
        ("question", "of the day"),
        ("help", ""),
        ("help", ""),
        ("privacy", ""),
    ]
    assert abs(events[0].at - now()) < timedelta(seconds=5)


async def test_commands_of_other_bots_are_let_be(town: Town) -> None:
    await town.sandbox.command(town.ben, town.space, "/hall@another_bot question", wait=0)
    await town.sandbox.command(town.ben, town.space, "/privacy", wait=0)
    await town.sandbox.command(town.ben, town.space, "/hall", wait=0)
    await town.hall.of(CommandInvoked)
    assert [type(event) for event in town.hall.events] == [CommandInvoked]


async def test_a_plain_reply_an_edit_and_other_talk(town: Town) -> None:
    sent = await town.bot.send(town.here, Message(text="How are you?"), key="1")
    view = town.last()
    await town.sandbox.type(town.ben, town.space, "Fine", reply_to=view.id)
    (reply,) = await town.hall.of(Replied)
    assert (reply.to, reply.text, reply.readable) == (sent.message, "Fine", True)
    mine = f"{town.space}:{reply.message}"
    await town.sandbox.edit(town.ben, mine, "Very well")
    (edit,) = await town.hall.of(Edited)
    assert (edit.to, edit.message, edit.text) == (sent.message, reply.message, "Very well")
    await town.sandbox.type(town.cleo, town.space, "Me too", reply_to=mine)
    (said,) = await town.hall.of(Said)
    assert said.text == "Me too"


async def test_topics_are_threads_and_chains_of_replies_are_not(town: Town) -> None:
    await town.bot.send(town.here, Message(text="In the group"), key="1")
    await town.sandbox.type(town.ben, town.space, "A reply", reply_to=town.last().id)
    topic = await town.sandbox.add_channel(town.space, "Games")
    await town.bot.send(town.here_in(topic), Message(text="In the topic"), key="2")
    await town.sandbox.type(town.ben, topic, "Another", reply_to=town.last(topic).id)
    first, second = await town.hall.of(Replied, 2)
    assert first.where.thread == ""
    assert (second.where.channel, second.where.thread) == (town.space, topic.partition("/")[2])


async def test_reactions_come_and_go(town: Town) -> None:
    sent = await town.bot.send(town.here, Message(text="Nice?"), key="1")
    await town.sandbox.react(town.ben, town.last().id, "👍")
    await town.sandbox.react(town.ben, town.last().id, "🔥")
    first, *both = await town.hall.of(Reacted, 3)
    assert (first.emoji, first.present, first.message) == ("👍", True, sent.message)
    assert {(event.emoji, event.present) for event in both} == {("👍", False), ("🔥", True)}
    assert len({event.id for event in (first, *both)}) == 3


async def test_members_join_and_leave(town: Town) -> None:
    dan = await town.sandbox.join(town.space, "Dan")
    await town.sandbox.leave(dan, town.space)
    joined = await town.hall.of(Joined)
    left = await town.hall.of(Left)
    assert {event.who.external_id for event in (*joined, *left)} == {dan}


async def test_the_bot_is_removed_and_comes_back(town: Town) -> None:
    greeted: list[str] = []

    async def greet(event: Event, answering: Answering) -> None:
        if isinstance(event, Installed):
            await answering.say(Message(text="Hello", controls=(Button("Set up", SHORT, form=True),)))
            greeted.append(event.name)

    town.hall.answer = greet
    await town.sandbox.remove(town.space, town.ada)
    await town.sandbox.install(town.space, town.cleo)
    (removed,) = await town.hall.of(Removed)
    (installed,) = await town.hall.of(Installed)
    assert (removed.who.external_id, removed.where.space) == (town.ada, town.space)
    assert (installed.who.external_id, installed.name) == (town.cleo, "The hall")
    await town.hall.wait(lambda: installed in town.hall.done)
    assert greeted == ["The hall"]
    assert town.last().text == "Hello"
    assert town.last().controls[0].url.endswith(SHORT.encode())
    assert number_of(town.last())
