"""A card shows the latest state in the end, whenever its state changed."""

from __future__ import annotations

import asyncio

from core.bot import Sent
from core.hall import Hall
from core.message import Message
from core.testing import FakeBot, install


async def test_a_change_during_the_edit_that_shows_two_others_is_not_lost(hall: Hall, bot: FakeBot) -> None:
    seen = await install(bot)
    await bot.press(seen.button("Post the first one now"), "olga")
    post = (await bot.until_posts(2))[1]
    await asyncio.sleep(0.1)  # until the post is settled
    editing, go_on = asyncio.Event(), asyncio.Event()
    real = bot.edit

    async def edit(sent: Sent, message: Message) -> None:
        editing.set()
        await go_on.wait()
        await real(sent, message)

    bot.edit = edit  # type: ignore[method-assign]  # the wire is slow, so that something happens meanwhile
    bot.offline = True  # nothing is shown of these two until the line is back
    await bot.reply(post.id, "mia", "A walk by the sea")
    await bot.reply(post.id, "jon", "A walk in the rain")
    bot.offline = False
    hall.wake()
    await asyncio.wait_for(editing.wait(), 5)
    await bot.reply(post.id, "kim", "No walk at all, thank you")
    go_on.set()
    async with asyncio.timeout(5):
        while "3 answers so far" not in str(post.message.text):  # noqa: ASYNC110 - what is waited for is another's state
            await asyncio.sleep(0.01)
