# ruff: noqa: S101 - a suite is made of asserts
"""What a bot must do with pictures that come as bytes. A part of :class:`core.testing.contract.BotContract`."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.bot import Address, Answering, SendError, SendFailed, SendRefused
from core.event import Event
from core.message import Image, Message
from core.testing.pictures import jpeg, large
from core.testing.rig import Rig, Seen, Trouble
from core.testing.sharing import QUESTION

HARBOUR = Image(alt="The harbour at night", data=large())
"""As large as what a manager's telephone makes, not as what a test would."""


class PictureContract:
    """The suite. ``rig`` is a fixture of the subclass's module."""

    async def test_a_picture_of_bytes_stays_over_all_edits(self, rig: Rig) -> None:
        sent = await rig.post(replace(QUESTION, image=HARBOUR))
        before = rig.seen(sent)
        assert await rig.drawn(before) == HARBOUR.data
        assert "Where to?" in before.text
        assert before.labels == ("Press", "Fill in")
        for text in ("Closed with 3 answers", "Closed with 4 answers"):
            await rig.bot.edit(sent, Message(text=text, image=HARBOUR))
            after = rig.seen(sent)
            assert text in after.text
            assert "Where to?" not in after.text
            # The same place as before: it was not uploaded again.
            assert (after.id, after.labels, after.images) == (before.id, (), before.images)
        assert await rig.drawn(after) == HARBOUR.data
        assert rig.bot.health.losses == {}

    async def test_a_picture_of_bytes_alone(self, rig: Rig) -> None:
        image = Image(alt="A small sea", data=jpeg())
        seen = rig.seen(await rig.post(Message(image=image)))
        assert await rig.drawn(seen) == image.data
        assert "A small sea" in seen.text

    async def test_a_long_text_beside_a_picture_is_cut_and_the_loss_counted(self, rig: Rig) -> None:
        can = rig.bot.capabilities
        message = Message(text="word " * 4000, image=HARBOUR, controls=QUESTION.controls)
        seen = rig.seen(await rig.post(message))
        assert await rig.drawn(seen) == HARBOUR.data
        assert seen.text.startswith("word word")
        assert "…" in seen.text
        assert not can.max_caption or len(seen.text) <= can.max_caption
        assert seen.labels == ("Press", "Fill in")
        assert rig.bot.health.losses["text"] == 1

    @pytest.mark.parametrize("seconds", [0.0, 1.7])
    async def test_an_only_you_picture(self, rig: Rig, seconds: float) -> None:
        """At once, and in place of the "thinking" that stands where an answer takes a while."""
        if not rig.bot.capabilities.ephemeral:
            await rig.open_private(rig.mia)

        async def answer(_event: Event, answering: Answering) -> None:
            await asyncio.sleep(seconds)
            await answering.say(Message(text="For your eyes", image=HARBOUR, controls=QUESTION.controls[:1]))

        rig.receiver.answer = answer
        await rig.press(rig.mia, rig.seen(await rig.post(QUESTION)), "Press")
        seen = await self._private(rig, "For your eyes")
        assert await rig.drawn(seen) == HARBOUR.data
        assert not any("eyes" in one.text for one in rig.visible(rig.jonas))

        async def again(_event: Event, answering: Answering) -> None:
            await answering.say(Message(text="Done"))

        rig.receiver.answer = again
        result = await rig.press(rig.mia, seen, "Press")
        assert result.text == "Done"
        if result.seen is not None and result.seen.id == seen.id:  # changed in place: then its picture is gone, too
            assert result.seen.images == ()

    async def test_a_message_with_a_picture_is_found(self, rig: Rig) -> None:
        since = rig.receiver.clock.now()
        there = Address(rig.space, rig.channel)
        for key, message in (("key-1", Message(text="A view", image=HARBOUR)), ("key-2", Message(image=HARBOUR))):
            sent = await rig.post(message, key=key)
            asked = rig.bot.find(there, message, key=key, since=since)
            if rig.bot.capabilities.finds:
                assert await asked == sent
            else:
                with pytest.raises(SendRefused, match="can't be told"):
                    await asked

    @pytest.mark.parametrize("trouble", list(Trouble))
    async def test_trouble_while_sending_a_picture_posts_nothing_twice(self, rig: Rig, trouble: Trouble) -> None:
        await rig.post(Message(image=HARBOUR), key="key-0")  # whatever must be uploaded before is there
        await rig.trouble(trouble)
        error: SendError | None = None
        try:
            await rig.post(replace(QUESTION, image=HARBOUR))
        except SendError as raised:
            error = raised
        standing = rig.visible(rig.mia)[1:]
        assert not isinstance(error, SendRefused)
        if isinstance(error, SendFailed):
            assert standing == []
        if error is None or trouble is Trouble.LOST_AFTER_TAKING:
            (seen,) = standing
            assert await rig.drawn(seen) == HARBOUR.data

    @staticmethod
    async def _private(rig: Rig, text: str) -> Seen:
        """Mia's message that says so, as soon as it is there."""
        async with asyncio.timeout(8):
            while True:
                for one in rig.visible(rig.mia):
                    if text in one.text and one.private:
                        return one
                await asyncio.sleep(0.02)


__all__ = ["HARBOUR", "PictureContract"]
