# ruff: noqa: S101 - a suite is made of asserts
"""What a bot must do where several processes share a platform: hear by turns, send all the same, and find again what
nobody knows of. A part of :class:`core.testing.contract.BotContract`; a bot without members can be held to it alone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import pytest

from core.action import Action
from core.bot import Address, SendFailed, SendRefused, SendUnknown, Sent
from core.event import Pressed
from core.message import Button, Message
from core.testing.rig import Rig, Trouble

ACTION = Action("qd", "answer", (UUID(int=2**127 + 5),), UUID(int=2**126 + 3))
"""As large as a button's action usually is: one id and the community."""
QUESTION = Message(
    title="Question of the day",
    text="Where to?",
    controls=(Button("Press", ACTION), Button("Fill in", ACTION, form=True)),
)
OTHER = replace(QUESTION, controls=(Button("Press", Action("qd", "answer", (UUID(int=2**125),))),))
"""The same words about something else."""


class SharingContract:
    """The suite. ``rig`` is a fixture of the subclass's module."""

    # -- hearing -------------------------------------------------------------------------------------------------
    async def test_it_hears_while_it_listens_and_sends_always(self, rig: Rig) -> None:
        sent = await rig.post(QUESTION)
        await rig.bot.listen()  # it does already
        for _ in range(2):
            await rig.bot.hush()
            assert (rig.bot.health.connected, rig.bot.health.listening) == (False, False)
        assert rig.bot.health.detail == ""
        rig.receiver.events.clear()
        await rig.press(rig.mia, rig.seen(sent), "Press", seconds=0.3)
        await asyncio.sleep(0.1)
        assert rig.receiver.events == []
        await self._send_and_ask(rig, sent, "key-2")
        await rig.bot.listen()
        assert (rig.bot.health.connected, rig.bot.health.listening) == (True, True)
        result = await rig.press(rig.jonas, rig.seen(sent), "Press")
        assert result.text == "Heard"
        assert rig.jonas in _who(rig.receiver.of(Pressed))

    async def test_one_hears_and_the_other_sends_and_takes_over(self, rig: Rig) -> None:
        first, there = rig.bot, rig.receiver
        other, here = await rig.another()
        sent = await rig.post(QUESTION)
        await rig.press(rig.mia, rig.seen(sent), "Press")
        await there.hear(Pressed)
        assert here.events == []
        assert not other.health.listening
        rig.bot = other
        await self._send_and_ask(rig, sent, "key-2")
        assert first.health.connected
        await first.hush()
        await other.listen()
        there.events.clear()
        result = await rig.press(rig.jonas, rig.seen(sent), "Press")
        assert result.text == "Heard"
        assert _who(here.of(Pressed)) == [rig.jonas]
        assert there.events == []

    async def test_what_is_being_handled_is_answered_after_all(self, rig: Rig) -> None:
        begun, go = asyncio.Event(), asyncio.Event()
        answer = rig.receiver.answer

        async def waits(event: object, answering: object) -> None:
            begun.set()
            await go.wait()
            await answer(event, answering)  # type: ignore[arg-type]  # handed on as it came

        rig.receiver.answer = waits
        press = asyncio.create_task(rig.press(rig.mia, rig.seen(await rig.post(QUESTION)), "Press"))
        await begun.wait()
        hush = asyncio.create_task(rig.bot.hush())
        await asyncio.sleep(0.05)
        go.set()
        await hush
        assert (await press).text == "Heard"

    async def _send_and_ask(self, rig: Rig, standing: Sent, key: str) -> None:
        """All that goes without hearing."""
        second = await rig.post(Message(text="Meanwhile"), key=key)
        assert rig.seen(second).text == "Meanwhile"
        await rig.bot.edit(second, Message(text="A little later"))
        assert rig.seen(second).text == "A little later"
        await rig.bot.delete(second)
        assert (await rig.bot.standing(rig.space, rig.owner)).roles >= {"owner"}
        assert rig.channel in {one.external_id for one in await rig.bot.channels(rig.space)}
        assert rig.seen(standing)

    # -- finding -------------------------------------------------------------------------------------------------
    async def test_a_message_is_found_among_others(self, rig: Rig) -> None:
        since = rig.receiver.clock.now()
        await rig.post(OTHER, key="key-0")
        sent = await rig.post(QUESTION)
        await rig.post(OTHER, key="key-2")
        await rig.write(rig.mia, "Where to?")
        await self._finds(rig, sent, QUESTION, "key-1", since)
        card = replace(QUESTION, text="Where to?\n3 answers so far")  # while nobody knew of it, members answered
        await self._finds(rig, sent, card, "key-1", since)

    async def test_a_message_that_was_never_sent_is_absent(self, rig: Rig) -> None:
        since = rig.receiver.clock.now()
        await self._finds(rig, None, QUESTION, "key-1", since)
        await rig.post(OTHER, key="key-2")
        await rig.write(rig.mia, "Where to?")
        await self._finds(rig, None, QUESTION, "key-1", since)

    @pytest.mark.parametrize("trouble", [Trouble.LOST, Trouble.LOST_AFTER_TAKING, Trouble.BROKEN])
    async def test_what_became_of_a_send_is_found_out(self, rig: Rig, trouble: Trouble) -> None:
        since = rig.receiver.clock.now()
        await rig.trouble(trouble)
        with contextlib.suppress(SendUnknown, SendFailed):
            await rig.post(QUESTION)
        standing = [one.id for one in rig.visible(rig.mia)]
        if trouble is Trouble.LOST_AFTER_TAKING:
            assert len(standing) == 1
        if rig.bot.capabilities.finds:
            found = await rig.bot.find(Address(rig.space, rig.channel), QUESTION, key="key-1", since=since)
            assert [rig.seen(one).id for one in (found,) if one is not None] == standing
        else:
            await self._finds(rig, None, QUESTION, "key-1", since)

    async def test_a_private_message_is_found(self, rig: Rig) -> None:
        await rig.open_private(rig.mia)
        there, since = Address(rig.space, member=rig.mia), rig.receiver.clock.now()
        await self._finds(rig, None, QUESTION, "key-1", since, there)
        sent = await rig.bot.send(there, QUESTION, key="key-1")
        await self._finds(rig, sent, QUESTION, "key-1", since, there)

    async def test_a_message_in_a_thread_is_found(self, rig: Rig) -> None:
        if not rig.bot.capabilities.threads:
            return
        since = rig.receiver.clock.now()
        root = await rig.post(replace(OTHER, thread=True), key="key-0")
        there = Address(rig.space, rig.channel, thread=rig.seen(root).thread or root.message)
        await self._finds(rig, None, QUESTION, "key-1", since, there)
        sent = await rig.bot.send(there, QUESTION, key="key-1")
        await self._finds(rig, sent, QUESTION, "key-1", since, there)

    async def test_who_may_not_read_can_not_tell(self, rig: Rig) -> None:
        since = rig.receiver.clock.now()
        await rig.post(QUESTION)
        await rig.forbid_reading()
        for key, message in (("key-1", QUESTION), ("key-2", OTHER)):
            with pytest.raises(SendRefused, match="can't be told"):
                await rig.bot.find(Address(rig.space, rig.channel), message, key=key, since=since)

    @pytest.mark.parametrize("trouble", list(Trouble))
    async def test_trouble_while_looking_is_no_absence(self, rig: Rig, trouble: Trouble) -> None:
        since = rig.receiver.clock.now()
        sent = await rig.post(QUESTION)
        await rig.trouble_reading(trouble)
        failed: SendFailed | None = None
        try:
            await self._finds(rig, sent, QUESTION, "key-1", since)
        except SendFailed as error:
            failed = error
        assert failed is None or trouble is not Trouble.BUSY or failed.retry_after

    async def _finds(
        self,
        rig: Rig,
        expected: Sent | None,
        message: Message,
        key: str,
        since: datetime,
        there: Address | None = None,
    ) -> None:
        """That it is found, or surely absent; where a platform shows nothing of the past, that the bot says so."""
        asked = rig.bot.find(there or Address(rig.space, rig.channel), message, key=key, since=since)
        if rig.bot.capabilities.finds:
            assert await asked == expected
        else:
            with pytest.raises(SendRefused, match="can't be told"):
                await asked


def _who(events: Sequence[Pressed]) -> list[str]:
    return [event.who.external_id for event in events]


__all__ = ["ACTION", "QUESTION", "SharingContract"]
