"""What people do, as events."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from bots.slack.frames import Frames, chosen, invoked, readable
from bots.slack.people import MOST, People, Person
from core.action import Action
from core.bot import Address
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
    Where,
    Who,
)
from core.form import FieldKind, Form, FormField
from core.message import Button, Choice, Message, Option
from sandbox.faults import Fault, FaultKind
from tests.bots.slack.kit import ACTION, Place, built, running, sandbox_for_us, settle

PRESS = Message(text="?", controls=(Button("Press", ACTION), Button("Fill in", ACTION, form=True)))


def who(place: Place, member: str = "", locale: str = "") -> Who:
    return Who("slack", place.space, member or place.member, "", locale)


# -- acts ----------------------------------------------------------------------------------------------------------
async def test_a_press(place: Place) -> None:
    message = await place.post(PRESS)
    await place.press(message, 0)
    await place.press(message, 1)
    plain, wanting = place.receiver.of(Pressed)
    assert plain.where == Where("slack", place.space, place.channel)
    assert plain.who == Who("slack", place.space, place.member, "grace", "de-DE")
    assert (plain.action, plain.form, plain.message) == (ACTION, False, message)
    assert (wanting.action, wanting.form) == (ACTION, True)
    assert plain.at is not None
    assert abs((plain.at - datetime.fromtimestamp(place.seen(message).at, UTC)).total_seconds()) < 60
    assert plain.id
    assert plain.id != wanting.id


async def test_a_choice_of_few_is_buttons(place: Place) -> None:
    options = (Option("a", "Apple"), Option("p", "Pear"))
    message = await place.post(Message(text="?", controls=(Choice(ACTION, options, label="Fruit"),)))
    assert [one.label for one in place.seen(message).controls] == ["Apple", "Pear"]
    await place.press(message, 1)
    event = await place.receiver.hear(Chosen)
    assert (event.action, event.values, event.message) == (ACTION, ("p",), message)


@pytest.mark.parametrize(("maximum", "values"), [(1, ["o2"]), (3, ["o2", "o4"]), (3, [])])
async def test_a_choice_of_many_is_a_menu(place: Place, maximum: int, values: list[str]) -> None:
    options = tuple(Option(f"o{number}", f"Option {number}") for number in range(8))
    message = await place.post(Message(text="?", controls=(Choice(ACTION, options, 0, maximum, "Which"),)))
    control = place.seen(message).controls[0]
    assert control.maximum == maximum
    await place.sandbox.pick(place.member, message, control.id, values)
    event = await place.receiver.hear(Chosen)
    assert (event.action, event.values) == (ACTION, tuple(values))


@pytest.mark.parametrize(
    ("said", "name", "text"),
    [("/hall", "help", ""), ("/hall  Say  Hello  you", "say", "Hello  you"), ("/hall nonsense", "nonsense", "")],
)
async def test_a_command(place: Place, said: str, name: str, text: str) -> None:
    await place.sandbox.command(place.member, place.channel, said)
    event = await place.receiver.hear(CommandInvoked)
    assert (event.name, event.text, event.who.locale) == (name, text, "de-DE")
    assert event.where == Where("slack", place.space, place.channel)
    assert event.id


async def test_an_interaction_that_comes_twice_has_one_id(place: Place) -> None:
    message = await place.post(PRESS)
    await place.sandbox.fault(Fault(FaultKind.DUPLICATE, "block_actions"))
    await place.press(message)
    await place.receiver.hear(Pressed, 2)
    assert len({event.id for event in place.receiver.of(Pressed)}) == 1


# -- messages ------------------------------------------------------------------------------------------------------
async def test_a_reply_in_a_thread(place: Place) -> None:
    root = await place.post(PRESS)
    outcome = await place.sandbox.type(place.member, place.channel, "5 < 6 & so on, @hallkeeper", reply_to=root)
    assert outcome.message is not None
    event = await place.receiver.hear(Replied)
    assert (event.to, event.message, event.readable) == (root, outcome.message.id, True)
    assert event.text == f"5 < 6 & so on, @{place.sandbox.world.bot.id}"
    assert event.where == Where("slack", place.space, place.channel, root)
    assert event.who == who(place)
    assert event.at == datetime.fromtimestamp(float(outcome.message.id), UTC)
    assert not place.receiver.of(Said)


async def test_talk_is_said(place: Place) -> None:
    await place.sandbox.type(place.member, place.channel, "Good morning")
    event = await place.receiver.hear(Said)
    assert (event.text, event.where.thread, event.where.private) == ("Good morning", "", False)
    private = await place.sandbox.private(place.member)
    await place.sandbox.type(place.member, private, "Only you")
    event = await place.receiver.hear(Said, 2)
    assert event.where == Where("slack", place.space, private, private=True)


async def test_the_name_that_a_reply_begins_with_is_no_part_of_it(place: Place) -> None:
    root = await place.post(PRESS)
    await place.sandbox.type(place.member, place.channel, "@hallkeeper: A walk", reply_to=root)
    assert (await place.receiver.hear(Replied)).text == "A walk"


async def test_our_own_messages_are_no_talk(place: Place) -> None:
    root = await place.post(PRESS)
    sent = await place.bot.send(Address(place.space, place.channel, thread=root), PRESS, key="own")
    await place.bot.edit(sent, Message(text="Other"))
    await place.sandbox.type(place.member, place.channel, "Good morning")
    await place.receiver.hear(Said)
    assert not place.receiver.of(Replied)
    assert not place.receiver.of(Edited)


async def test_an_edit(place: Place) -> None:
    root = await place.post(PRESS)
    for number, reply_to in enumerate(("", root), 1):
        outcome = await place.sandbox.type(place.member, place.channel, "Befor", reply_to=reply_to)
        assert outcome.message is not None
        await place.sandbox.edit(place.member, outcome.message.id, "Before <b>")
        event = await place.receiver.hear(Edited, number)
        assert (event.message, event.text, event.to) == (outcome.message.id, "Before <b>", reply_to)
        assert event.who == who(place)


async def test_a_deletion(place: Place) -> None:
    root = await place.post(PRESS)
    outcome = await place.sandbox.type(place.member, place.channel, "Oops", reply_to=root)
    assert outcome.message is not None
    await place.sandbox.delete(place.member, outcome.message.id)
    event = await place.receiver.hear(Deleted)
    assert (event.message, event.who, event.where.thread) == (outcome.message.id, None, root)


async def test_a_reaction(place: Place) -> None:
    message = await place.post(PRESS)
    for present in (True, False):
        await place.sandbox.react(place.member, message, "👍", present=present)
    first, second = await place.receiver.hear(Reacted), await place.receiver.hear(Reacted, 2)
    assert (first.message, first.present, second.present) == (message, True, False)
    assert first.emoji == second.emoji
    assert first.emoji.strip(":").isascii()
    assert first.who == who(place)
    assert first.ours is True


async def test_reactions_to_what_members_write_are_told_too(place: Place) -> None:
    outcome = await place.sandbox.type(place.member, place.channel, "Good morning")
    assert outcome.message is not None
    await place.sandbox.react(place.owner, outcome.message.id, "👍")
    event = await place.receiver.hear(Reacted)
    assert (event.message, event.ours) == (outcome.message.id, False)


async def test_an_event_that_comes_again_has_the_same_id(place: Place) -> None:
    await place.sandbox.fault(Fault(FaultKind.DUPLICATE, "message"))
    await place.sandbox.type(place.member, place.channel, "Good morning")
    await place.receiver.hear(Said, 2)
    assert len({event.id for event in place.receiver.of(Said)}) == 1
    assert place.receiver.of(Said)[0].id


# -- people and the workspace --------------------------------------------------------------------------------------
async def test_the_bot_is_added(place: Place) -> None:
    event = place.receiver.of(Installed)[0]
    assert event.where == Where("slack", place.space, place.channel)
    assert event.who == who(place, place.owner, "fr-FR")
    assert (event.name, event.language) == ("Town hall", "fr-FR")


async def test_the_bot_was_added_while_it_was_away() -> None:
    async with built(sandbox=sandbox_for_us(redelivery=(), ack_seconds=0.01)) as place:
        await place.sandbox.install(place.space, place.owner)
        await asyncio.sleep(0.05)
        await place.bot.start(place.receiver)
        await place.bot.listen()
        assert not place.receiver.of(Installed)
        await asyncio.sleep(0.02)  # it waits by the clock now
        place.receiver.clock.pass_by(10)
        event = await place.receiver.hear(Installed)
        assert (event.where.channel, event.who, event.name) == (place.channel, None, "Town hall")


async def test_a_workspace_without_a_channel_for_the_bot_is_not_told_of() -> None:
    async with built() as place:
        await place.bot.start(place.receiver)
        await place.bot.listen()
        await asyncio.sleep(0.02)  # it waits by the clock now
        place.receiver.clock.pass_by(10)
        await settle(lambda: place.calls("users.conversations") == 1)
        await asyncio.sleep(0.02)
        assert not place.receiver.of(Installed)


async def test_members_come_and_go(place: Place) -> None:
    member = await place.sandbox.join(place.space, "Linus")
    await settle(lambda: len([one for one in place.receiver.of(Joined) if one.who.external_id == member]) == 2)
    joined = [one for one in place.receiver.of(Joined) if one.who.external_id == member]
    assert {one.where.channel for one in joined} == {"", place.channel}
    assert {one.where.space for one in joined} == {place.space}
    assert all(one.who.human for one in joined)
    await place.sandbox.leave(member, place.space)
    left = await place.receiver.hear(Left)
    assert (left.who.external_id, left.where.channel) == (member, place.channel)


async def test_the_bot_is_removed(place: Place) -> None:
    await place.sandbox.remove(place.space, place.owner)
    event = await place.receiver.hear(Removed)
    assert (event.where, event.who) == (Where("slack", place.space, ""), None)


async def test_the_bot_leaves_a_channel_and_is_no_less_in_the_workspace(place: Place) -> None:
    await place.sandbox.remove_bot(place.channel)
    await place.sandbox.invite_bot(place.channel, place.owner)
    await place.receiver.hear(Installed, 2)
    assert not place.receiver.of(Left)
    assert not place.receiver.of(Removed)


# -- languages -----------------------------------------------------------------------------------------------------
async def test_each_member_is_asked_about_once(place: Place) -> None:
    place.forget_people()
    before = place.calls("users.info")
    message = await place.post(PRESS)
    await asyncio.gather(*(place.press(message) for _ in range(5)))
    assert place.calls("users.info") - before == 1
    assert {event.who.locale for event in place.receiver.of(Pressed)} == {"de-DE"}


async def test_a_language_that_is_slow_to_know_holds_nobody_up(place: Place) -> None:
    place.forget_people()
    await place.sandbox.fault(Fault(FaultKind.SLOW, "users.info", seconds=0.6))
    message = await place.post(PRESS)
    outcome = await place.press(message)
    assert outcome.message is not None
    assert place.receiver.of(Pressed)[0].who.locale == ""
    await settle(lambda: place.line.people.known(place.member) is not None)
    await place.press(message)
    assert place.receiver.of(Pressed)[1].who.locale == "de-DE"


@pytest.mark.parametrize("kind", [FaultKind.RATE_LIMIT, FaultKind.SERVER_ERROR])
async def test_after_a_failure_nobody_is_asked_about_for_a_while(place: Place, kind: FaultKind) -> None:
    place.forget_people()
    before = place.calls("users.info")
    await place.sandbox.fault(Fault(kind, "users.info", seconds=60))
    message = await place.post(PRESS)
    for member in (place.member, place.owner, place.member):
        await place.press(message, member=member)
    assert [event.who.locale for event in place.receiver.of(Pressed)] == ["", "", ""]
    assert place.calls("users.info") - before == 1


async def test_without_the_scope_nobody_is_asked_about_twice() -> None:
    async with running(sandbox=sandbox_for_us()) as place:
        place.forget_people()
        place.sandbox.workspace.scopes = place.sandbox.workspace.scopes - {"users:read"}
        before = place.calls("users.info")
        message = await place.post(PRESS)
        await place.press(message)
        await place.press(message)
        assert place.calls("users.info") - before == 1


async def test_so_many_members_are_remembered() -> None:
    people = People(None)  # type: ignore[arg-type]  # nobody is asked about
    for number in range(MOST + 1):
        people.keep(f"U{number}", Person())
    assert people.known("U0") is None
    assert people.known("U1") is not None
    assert len(people._known) == MOST


# -- what the sandbox does not do ------------------------------------------------------------------------------------
FRAMES = Frames("T1", "U0")


@pytest.mark.parametrize(
    "event",
    [
        {"subtype": "channel_join", "user": "U1", "text": "joined"},
        {"subtype": "bot_message", "bot_id": "B1", "text": "beep"},
        {"user": "U1", "bot_id": "B1", "text": "beep"},
        {"text": "nobody"},
        {"subtype": "message_changed", "message": {"user": "U1", "ts": "1.0", "text": "see a preview"}},
        {
            "subtype": "message_changed",
            "message": {"user": "U1", "ts": "1.0", "text": "a preview", "edited": {"user": "U1", "ts": "2.0"}},
            "previous_message": {"user": "U1", "ts": "1.0", "text": "a", "edited": {"user": "U1", "ts": "2.0"}},
        },
        {"subtype": "message_deleted"},
    ],
)
def test_what_nobody_wrote(event: dict[str, object]) -> None:
    assert FRAMES.makers["message"]({"channel": "C1", "ts": "5.0", **event}, "Ev1") is None


def test_the_root_of_a_thread_answers_nothing() -> None:
    frame = {"channel": "C1", "user": "U1", "ts": "5.0", "thread_ts": "5.0", "text": "hello"}
    assert isinstance(FRAMES.makers["message"](frame, "Ev1"), Said)


def test_the_root_of_a_thread_is_deleted() -> None:
    gone = {"subtype": "tombstone", "user": "USLACKBOT", "ts": "1.0", "thread_ts": "1.0"}
    frame = {"subtype": "message_changed", "channel": "C1", "ts": "5.0", "event_ts": "5.0", "message": gone}
    event = FRAMES.makers["message"](frame, "Ev1")
    assert isinstance(event, Deleted)
    assert event.message == "1.0"


def test_a_members_own_token_is_none_of_ours() -> None:
    assert FRAMES.makers["tokens_revoked"]({"tokens": {"oauth": ["U1"], "bot": []}}, "Ev1") is None


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a &lt;b&gt; &amp;lt; c", "a <b> &lt; c"),
        ("<https://example.org/?a=1&amp;b=2>", "https://example.org/?a=1&b=2"),
        ("see <https://example.org|the page>", "see the page"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("<#C1|general> and <#C2>", "#general and #C2"),
        ("<@U1|grace> <@U2>", "@grace @U2"),
        ("<!here> <!subteam^S1|@folk> <!date^1^{time}|noon>", "@here @folk noon"),
        ("<> <|> < b", "<> <|> < b"),
    ],
)
def test_text_is_read_as_its_author_sees_it(text: str, read: str) -> None:
    assert readable(text) == read


def test_small_parts() -> None:
    assert invoked("  ") == ("help", "")
    assert chosen({"type": "static_select", "selected_option": None}) == ()
    assert Frames.spot({}).channel == ""


async def test_a_submission(place: Place) -> None:
    action = Action("qd", "form")
    form = Form(action, "T", (FormField(FieldKind.TEXT, "name", "Name"),))

    async def answer(event: object, answering: object) -> None:
        if isinstance(event, Pressed):
            await answering.form(form, "en")  # type: ignore[attr-defined]  # an Answering

    place.receiver.answer = answer
    opened = await place.press(await place.post(PRESS), 1)
    assert opened.form is not None
    await place.sandbox.fill(place.member, opened.form.id, {"name": "Grace"}, wait=0.1)
    event = await place.receiver.hear(Submitted)
    assert (event.action, event.values) == (action, {"name": "Grace"})
    assert event.where == Where("slack", place.space, place.channel)
    assert event.who == Who("slack", place.space, place.member, "grace", "de-DE")
    assert event.id not in ("", place.receiver.of(Pressed)[0].id)
