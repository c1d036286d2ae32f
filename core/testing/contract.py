# ruff: noqa: S101 - a suite is made of asserts
"""What every bot must do, in people's terms: a bot's tests inherit :class:`BotContract` and give a fixture ``rig``.

Where a platform honestly can't, its capabilities say so, and what comes instead is asserted: nothing is skipped.
Needs pytest with pytest-asyncio in its auto mode.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.action import Action
from core.bot import Address, Answering, SendFailed, SendRefused, SendUnknown, Sent
from core.event import Chosen, CommandInvoked, Event, Joined, Left, Pressed, Reacted, Replied, Submitted
from core.form import FieldKind, Form, FormField
from core.markup import escape
from core.message import Button, Choice, Image, Message, Option
from core.testing.picturing import PictureContract
from core.testing.receiver import Handler
from core.testing.rig import Came, Rig, Seen, Trouble
from core.testing.sharing import ACTION, QUESTION, SharingContract

FORM = Form(
    ACTION,
    title="About you",
    fields=(
        FormField(FieldKind.TEXT, "name", "Your name", maximum=40),
        FormField(
            FieldKind.CHOICE,
            "drink",
            "Your drink",
            options=(Option("t", "Tea"), Option("c", "Coffee")),
        ),
    ),
    submit="Send",
)
FILLED = {"Your name": "Mia O'Neill", "Your drink": "Coffee"}
HOSTILE = "**bold** <@1> <!channel> @everyone [a](https://evil.example) `x` _y_ ~~z~~ &amp; <b>t</b> \\ * _ #x |s|"
UNICODE = "Ünïcode שלום مرحبا 你好 👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301"


def says(text: str, *controls: Button) -> Handler:
    """A hall that answers everything with a message."""

    async def answer(_event: Event, answering: Answering) -> None:
        await answering.say(Message(text=text, controls=controls))

    return answer


async def opens(event: Event, answering: Answering) -> None:
    """A hall that opens the form, and thanks for it."""
    if isinstance(event, Submitted):
        await answering.say(Message(text="Thank you"))
    else:
        await answering.form(FORM, "en")


async def silent(_event: Event, answering: Answering) -> None:
    """A hall that takes what comes and shows nothing."""
    await answering.acknowledge()


class BotContract(PictureContract, SharingContract):
    """The suite. ``rig`` is a fixture of the subclass's module."""

    # -- posting -------------------------------------------------------------------------------------------------
    async def test_a_post_stands_in_the_channel(self, rig: Rig) -> None:
        seen = rig.seen(await rig.post(QUESTION))
        assert "Question of the day" in seen.text
        assert "Where to?" in seen.text
        assert seen.labels == ("Press", "Fill in")
        assert [one.id for one in rig.visible(rig.mia)] == [one.id for one in rig.visible(rig.jonas)] == [seen.id]

    async def test_an_edit_changes_it_in_place(self, rig: Rig) -> None:
        sent = await rig.post(QUESTION)
        before = rig.seen(sent).id
        await rig.bot.edit(sent, Message(text="Closed with 3 answers"))
        seen = rig.seen(sent)
        assert (seen.id, seen.text, seen.labels) == (before, "Closed with 3 answers", ())
        assert len(rig.visible(rig.mia)) == 1
        await rig.bot.edit(sent, Message(text="Closed with 3 answers"))  # the same once more is no error

    async def test_a_deleted_post_is_gone(self, rig: Rig) -> None:
        sent = await rig.post(QUESTION)
        await rig.bot.delete(sent)
        assert rig.visible(rig.mia) == []
        with pytest.raises(SendRefused) as refused:
            await rig.bot.edit(sent, QUESTION)
        assert refused.value.gone

    async def test_a_picture_is_shown_with_its_words(self, rig: Rig) -> None:
        image = Image("https://example.org/harbour.png", "The harbour at night")
        seen = rig.seen(await rig.post(replace(QUESTION, image=image)))
        if rig.bot.capabilities.images:
            assert seen.images == (image.url,)
        else:
            assert image.url in seen.marked
            assert rig.bot.health.losses["image"] == 1
        assert seen.labels == ("Press", "Fill in")

    async def test_a_long_text_is_cut_and_the_loss_counted(self, rig: Rig) -> None:
        seen = rig.seen(await rig.post(Message(text="word " * 4000, controls=QUESTION.controls)))
        assert seen.text.startswith("word word")
        assert "…" in seen.text
        assert seen.labels == ("Press", "Fill in")
        assert rig.bot.health.losses["text"] == 1

    async def test_twenty_five_buttons(self, rig: Rig) -> None:
        buttons = tuple(Button(f"Door {number}", Action("qd", "door", (number,))) for number in range(25))
        rig.receiver.answer = says("Open")
        seen = rig.seen(await rig.post(Message(text="Which?", controls=buttons)))
        assert seen.labels == tuple(f"Door {number}" for number in range(25))
        await rig.press(rig.mia, seen, "Door 24")
        assert (await rig.receiver.hear(Pressed)).action == buttons[24].action

    async def test_all_scripts_and_emoji_arrive(self, rig: Rig) -> None:
        seen = rig.seen(await rig.post(Message(text=UNICODE, controls=(Button("👍 כן", ACTION),))))
        assert (seen.text, seen.labels) == (UNICODE, ("👍 כן",))

    async def test_peoples_words_are_never_markup(self, rig: Rig) -> None:
        seen = rig.seen(await rig.post(Message(text=escape(HOSTILE))))
        assert rig.as_written(seen.text) == HOSTILE
        assert ">a</a>" not in seen.marked  # apps make links of bare addresses by themselves
        assert not any(f"<{tag}>" in seen.marked for tag in ("b", "strong", "i", "em", "s", "del", "code"))

    async def test_markup_is_shown_or_at_least_gone(self, rig: Rig) -> None:
        text = "**bold** and _not so_\n> a quote\n- one\n[a link](https://example.org/x)"
        seen = rig.seen(await rig.post(Message(text=text)))
        assert "bold and not so" in seen.text
        assert "**" not in seen.text
        assert "https://example.org/x" in seen.marked

    async def test_a_thread_or_its_loss(self, rig: Rig) -> None:
        seen = rig.seen(await rig.post(replace(QUESTION, thread=True)))
        if not rig.bot.capabilities.threads:
            assert rig.bot.health.losses["thread"] == 1
        await rig.reply(rig.mia, seen, "In the thread")
        event = await rig.receiver.hear(Replied)
        assert (event.text, event.who.external_id) == ("In the thread", rig.mia)

    # -- pressing ------------------------------------------------------------------------------------------------
    async def test_a_press_says_what_was_pressed_by_whom(self, rig: Rig) -> None:
        sent = await rig.post(QUESTION)
        result = await rig.press(rig.jonas, rig.seen(sent), "Press")
        assert (result.came, result.text) == (Came.WORDS, "Heard")
        event = await rig.receiver.hear(Pressed)
        assert (event.action, event.form, event.message) == (ACTION, False, sent.message)
        assert (event.where.space, event.where.channel) == (rig.space, rig.channel)
        assert event.who.external_id == rig.jonas
        assert event.who.locale.startswith("de") or not event.who.locale
        assert event.id

    async def test_only_you_is_seen_by_nobody_else(self, rig: Rig) -> None:
        rig.receiver.answer = says("The code is 4711")
        result = await rig.press(rig.mia, rig.seen(await rig.post(QUESTION)), "Press")
        assert result.text == "The code is 4711"
        assert not any("4711" in one.text for one in rig.visible(rig.jonas))

    async def test_a_secret_is_seen_by_nobody_else(self, rig: Rig) -> None:
        """Not even in an answer to a command, for which some platforms have no message for one member alone."""

        async def answer(_event: Event, answering: Answering) -> None:
            await answering.say(Message(text="The code is 4711", secret=True))

        rig.receiver.answer = answer
        sent = rig.seen(await rig.post(QUESTION))
        for result in (await rig.command(rig.mia, "help"), await rig.press(rig.mia, sent, "Press")):
            assert result.came is Came.WORDS
            assert not any("4711" in one.text for one in rig.visible(rig.jonas))

    async def test_a_press_without_an_answer_is_acknowledged(self, rig: Rig) -> None:
        rig.receiver.answer = silent
        result = await rig.press(rig.mia, rig.seen(await rig.post(QUESTION)), "Press", seconds=0.5)
        assert result.came is Came.NOTHING
        assert len(rig.visible(rig.mia)) == 1

    async def test_a_slow_hall_fails_nobody(self, rig: Rig) -> None:
        async def slow(_event: Event, answering: Answering) -> None:
            await asyncio.sleep(3.2)  # longer than any platform's deadline for a first answer
            await answering.say(Message(text="At last"))

        rig.receiver.answer = slow
        seen = rig.seen(await rig.post(QUESTION))
        result = await rig.press(rig.mia, seen, "Press", seconds=2.5)
        assert result.came is not Came.FAILED
        await rig.receiver.until(lambda: bool(rig.receiver.done))
        async with asyncio.timeout(5):
            while not any("At last" in one.text for one in rig.visible(rig.mia)):  # noqa: ASYNC110 - a server's state
                await asyncio.sleep(0.02)

    async def test_a_forged_press_gets_a_kind_word(self, rig: Rig) -> None:
        seen = rig.seen(await rig.post(QUESTION))
        for payload in ("nonsense!", ACTION.encode()[:-1]):
            result = await rig.forge(rig.mia, seen, payload)
            assert result.came is Came.WORDS
            assert len(result.text.split()) > 3
        assert rig.receiver.of(Pressed) == []

    # -- forms ---------------------------------------------------------------------------------------------------
    async def test_a_form_opens_is_filled_and_thanked_for(self, rig: Rig) -> None:
        rig.receiver.answer = opens
        result = await rig.press(rig.mia, rig.seen(await rig.post(QUESTION)), "Fill in")
        assert result.came is Came.FORM
        assert (await rig.receiver.hear(Pressed)).form
        assert "Your name" in result.text
        result = await rig.fill(rig.mia, FILLED)
        assert result.text == "Thank you"
        event = await rig.receiver.hear(Submitted)
        assert event.action == ACTION
        assert FORM.check(event.values).values == {"name": "Mia O'Neill", "drink": ("c",)}
        assert event.who.external_id == rig.mia
        assert len(rig.receiver.of(Submitted)) == 1
        assert not any("Thank you" in one.text for one in rig.visible(rig.jonas))

    async def test_errors_of_a_form_reach_the_member(self, rig: Rig) -> None:
        async def refuses(event: Event, answering: Answering) -> None:
            if isinstance(event, Submitted):
                error = "That name is taken"
                again = Button("Try again", ACTION, form=True)
                await answering.invalid({"name": error}, Message(text=f"Your name: {error}", controls=(again,)))
            else:
                await answering.form(FORM, "en")

        rig.receiver.answer = refuses
        await rig.press(rig.mia, rig.seen(await rig.post(QUESTION)), "Fill in")
        result = await rig.fill(rig.mia, FILLED)
        assert "That name is taken" in result.text
        assert not any("taken" in one.text for one in rig.visible(rig.jonas))

    async def test_a_form_may_take_a_while_to_open(self, rig: Rig) -> None:
        async def slow(_event: Event, answering: Answering) -> None:
            await asyncio.sleep(1.7)  # longer than what makes a bot ask for time where no form is wanted
            await answering.form(FORM, "en")

        rig.receiver.answer = slow
        result = await rig.press(rig.mia, rig.seen(await rig.post(QUESTION)), "Fill in")
        assert result.came is Came.FORM

    async def test_a_form_after_a_form(self, rig: Rig) -> None:
        second = Form(Action("qd", "second"), "Second", (FormField(FieldKind.TEXT, "more", "Anything else"),))
        could: list[bool] = []

        async def chain(event: Event, answering: Answering) -> None:
            if isinstance(event, Submitted) and event.action == ACTION:
                could.append(answering.can_open_form)
                if answering.can_open_form:
                    await answering.form(second, "en")
                else:
                    await answering.say(Message(text="Go on", controls=(Button("Continue", ACTION, form=True),)))
            else:
                await answering.form(second if could else FORM, "en")

        rig.receiver.answer = chain
        await rig.press(rig.mia, rig.seen(await rig.post(QUESTION)), "Fill in")
        result = await rig.fill(rig.mia, FILLED)
        assert could == [rig.bot.capabilities.form_after_form]
        if not could[0]:
            assert result.seen is not None
            result = await rig.press(rig.mia, result.seen, "Continue")
        assert result.came is Came.FORM
        assert "Anything else" in result.text

    # -- choosing ------------------------------------------------------------------------------------------------
    @pytest.mark.parametrize("count", [3, 12])
    async def test_one_of_few_or_many(self, rig: Rig, count: int) -> None:
        options = tuple(Option(f"o{number}", f"Boat {number}") for number in range(count))
        seen = rig.seen(await rig.post(Message(text="Which?", controls=(Choice(ACTION, options),))))
        result = await rig.choose(rig.mia, seen, "Boat 1")
        assert result.text == "Heard"
        event = await rig.receiver.hear(Chosen)
        assert (event.action, event.values) == (ACTION, ("o1",))

    async def test_several_options(self, rig: Rig) -> None:
        options = tuple(Option(f"o{number}", f"Boat {number}") for number in range(4))
        field = FormField(FieldKind.CHOICE, "boats", "Which boats", options=options, maximum=3)

        async def answer(event: Event, answering: Answering) -> None:
            if isinstance(event, Pressed) and event.form:
                await answering.form(Form(ACTION, "Boats", (field,)), "en")
            else:
                await answering.say(Message(text="Noted"))

        rig.receiver.answer = answer
        choice = Choice(ACTION, options, 1, 3, "Your boats")
        seen = rig.seen(await rig.post(Message(text="Which?", controls=(choice,))))
        if rig.bot.capabilities.shared_multiple_choice:
            result = await rig.choose(rig.mia, seen, "Boat 0", "Boat 2")
            values: object = (await rig.receiver.hear(Chosen)).values
        else:
            assert rig.bot.health.losses["choice"] == 1
            await rig.press(rig.mia, seen, "Your boats")
            result = await rig.fill(rig.mia, {"Which boats": ["Boat 0", "Boat 2"]})
            values = field.check((await rig.receiver.hear(Submitted)).values["boats"])[0]
        assert values == ("o0", "o2")
        assert result.text == "Noted"

    # -- talking -------------------------------------------------------------------------------------------------
    async def test_a_reply_says_to_what(self, rig: Rig) -> None:
        sent = await rig.post(QUESTION)
        rig.receiver.answer = silent
        await rig.reply(rig.mia, rig.seen(sent), "To the **sea**, of course")
        event = await rig.receiver.hear(Replied)
        assert (event.to, event.who.external_id, event.readable) == (sent.message, rig.mia, True)
        assert event.text == "To the **sea**, of course"
        assert event.message
        assert event.id

    async def test_talk_is_no_reply_and_ours_is_none_at_all(self, rig: Rig) -> None:
        await rig.post(QUESTION)
        await rig.write(rig.mia, "Nice weather")
        await rig.reply(rig.mia, rig.seen(await rig.post(QUESTION, key="key-2")), "Yes")
        await rig.receiver.hear(Replied)
        assert {event.who.external_id for event in rig.receiver.events if event.who} == {rig.mia}

    async def test_a_command_and_its_words(self, rig: Rig) -> None:
        rig.receiver.answer = says("You may do this")
        result = await rig.command(rig.mia, "help")
        assert result.text == "You may do this"
        assert (await rig.receiver.hear(CommandInvoked)).name == "help"
        await rig.command(rig.mia, "say good morning")
        event = await rig.receiver.hear(CommandInvoked, 2)
        assert (event.name, event.text) == ("say", "good morning")

    async def test_a_command_opens_a_form(self, rig: Rig) -> None:
        rig.receiver.answer = opens
        result = await rig.command(rig.mia, "question")
        if result.came is Came.WORDS:  # where a form is a dialogue in private, the way there
            assert result.seen is not None
            result = await rig.press(rig.mia, result.seen, result.seen.labels[0])
        assert result.came is Came.FORM
        assert "Your name" in result.text

    async def test_a_private_message(self, rig: Rig) -> None:
        there = Address(rig.space, member=rig.mia)
        if not rig.bot.capabilities.private_first:
            with pytest.raises(SendRefused):
                await rig.bot.send(there, Message(text="Psst"), key="key-1")
            await rig.open_private(rig.mia)
        await rig.bot.send(there, Message(text="Psst", controls=(Button("Press", ACTION),)), key="key-2")
        (seen,) = [one for one in rig.visible(rig.mia) if one.text == "Psst"]
        assert seen.private
        assert not any("Psst" in one.text for one in rig.visible(rig.jonas))
        await rig.press(rig.mia, seen, "Press")
        event = await rig.receiver.hear(Pressed)
        assert event.where.private
        assert event.who.external_id == rig.mia

    async def test_reactions_come_and_go(self, rig: Rig) -> None:
        assert rig.bot.capabilities.reactions
        sent = await rig.post(QUESTION)
        await rig.react(rig.mia, rig.seen(sent), present=True)
        await rig.react(rig.mia, rig.seen(sent), present=False)
        await rig.receiver.hear(Reacted, 2)
        first, second = rig.receiver.of(Reacted)
        assert (first.present, second.present) == (True, False)
        assert first.emoji == second.emoji != ""
        assert first.message == second.message == sent.message
        assert first.who.external_id == rig.mia

    async def test_people_come_and_go(self, rig: Rig) -> None:
        kim = await rig.join("Kim")
        assert (await rig.receiver.hear(Joined)).who.external_id == kim
        await rig.leave(kim)
        left = await rig.receiver.hear(Left)
        assert (left.who.external_id, left.where.space) == (kim, rig.space)

    # -- when things go wrong ------------------------------------------------------------------------------------
    async def test_an_event_that_comes_twice_has_the_same_id(self, rig: Rig) -> None:
        seen = rig.seen(await rig.post(QUESTION))
        await rig.repeat_next_event()
        await rig.reply(rig.mia, seen, "Twice")
        await rig.receiver.hear(Replied)
        await rig.reply(rig.mia, seen, "Once")
        await rig.receiver.until(lambda: any(one.text == "Once" for one in rig.receiver.of(Replied)))
        repeats = [one for one in rig.receiver.of(Replied) if one.text == "Twice"]
        assert 1 <= len(repeats) <= 2
        assert len({one.id for one in repeats}) == 1
        assert len({one.id for one in rig.receiver.of(Replied)}) == 2

    async def test_it_comes_back_after_the_line_broke(self, rig: Rig) -> None:
        seen = rig.seen(await rig.post(QUESTION))
        await rig.disconnect()
        assert rig.bot.health.connected
        assert (await rig.press(rig.mia, seen, "Press")).text == "Heard"
        assert rig.seen(await rig.post(QUESTION, key="key-2"))

    @pytest.mark.parametrize("trouble", list(Trouble))
    async def test_trouble_while_sending_has_its_name_and_posts_nothing_twice(
        self, rig: Rig, trouble: Trouble
    ) -> None:
        await rig.trouble(trouble)
        sent: Sent | None = None
        error: Exception | None = None
        try:
            sent = await rig.post(QUESTION)
        except (SendFailed, SendUnknown) as raised:
            error = raised
        standing = len(rig.visible(rig.mia))
        if sent is not None:
            assert standing == 1
        elif isinstance(error, SendFailed):
            assert standing == 0  # what failed was certainly not taken
        if trouble is Trouble.BUSY and isinstance(error, SendFailed):
            assert error.retry_after
        if trouble is Trouble.LOST_AFTER_TAKING:
            assert standing == 1
            assert isinstance(error, SendUnknown) or sent is not None
        if rig.bot.capabilities.resend_seconds:
            again = await rig.post(QUESTION)
            assert len(rig.visible(rig.mia)) == 1
            assert sent in (None, again)

    async def test_the_same_key_posts_once_where_the_platform_knows_keys(self, rig: Rig) -> None:
        first, second = await rig.post(QUESTION), await rig.post(QUESTION)
        if rig.bot.capabilities.resend_seconds > 0:
            assert first == second
            assert len(rig.visible(rig.mia)) == 1
        else:
            assert first != second

    async def test_a_channel_that_is_gone_refuses(self, rig: Rig) -> None:
        sent = await rig.post(QUESTION)
        await rig.close_channel()
        for attempt in (rig.post(QUESTION, key="key-2"), rig.bot.edit(sent, Message(text="Over"))):
            with pytest.raises(SendRefused) as refused:
                await attempt
            assert refused.value.gone

    # -- life ----------------------------------------------------------------------------------------------------
    async def test_the_health_tells_when_the_platform_was_last_heard(self, rig: Rig) -> None:
        seen = rig.seen(await rig.post(QUESTION))
        assert rig.bot.health.connected
        before = rig.bot.health.last_frame
        await asyncio.sleep(0.01)
        await rig.press(rig.mia, seen, "Press")
        after = rig.bot.health.last_frame
        assert after is not None
        assert before is None or after > before

    async def test_the_owner_is_known_and_a_stranger_is_not(self, rig: Rig) -> None:
        owner = await rig.bot.standing(rig.space, rig.owner)
        assert owner.present
        assert "owner" in owner.roles
        mia = await rig.bot.standing(rig.space, rig.mia)
        assert mia.present
        assert not mia.roles & {"owner", "admin"}
        await rig.leave(rig.mia)
        assert not (await rig.bot.standing(rig.space, rig.mia)).present
        assert rig.channel in {one.external_id for one in await rig.bot.channels(rig.space)}

    async def test_the_people_who_can_see_a_channel_are_counted(self, rig: Rig) -> None:
        assert await rig.bot.headcount(rig.space, rig.channel) == 3  # the owner, Mia and Jonas, and not the bot
        await rig.join("Kim")
        other, _ = await rig.another()  # one that hears nothing can tell, too
        assert await other.headcount(rig.space, rig.channel) == 4
        await rig.leave(rig.mia)
        assert await rig.bot.headcount(rig.space, rig.channel) == 3
        await rig.close_channel()
        with pytest.raises(SendRefused):
            await rig.bot.headcount(rig.space, rig.channel)

    async def test_stopping_leaves_nothing_behind(self, rig: Rig) -> None:
        await rig.press(rig.mia, rig.seen(await rig.post(QUESTION)), "Press")
        assert any(_of_a_bot(task) for task in asyncio.all_tasks())
        await rig.bot.stop()
        await rig.bot.stop()
        assert not rig.bot.health.connected
        async with asyncio.timeout(5):
            while left := [task for task in asyncio.all_tasks() if _of_a_bot(task)]:
                await asyncio.wait(left, timeout=0.02)
        with pytest.raises(SendFailed):
            await rig.post(QUESTION, key="key-2")


def _of_a_bot(task: asyncio.Task[object]) -> bool:
    """Whether a task runs code of a bot, or of a library that is no server of the test's."""
    code = getattr(task.get_coro(), "cr_code", None)
    path = getattr(code, "co_filename", "")
    ours = ("/sandbox/", "/tests/", "/core/testing/", "/aiohttp/web", "/pytest", "/asyncio/")
    return not any(part in path for part in ours)


__all__ = ["BotContract", "Came", "Rig", "Seen", "Trouble"]
