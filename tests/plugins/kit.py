"""What the tests of the question of the day share."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from core.action import Action
from core.hall import Hall
from core.testing import FakeAnswering, FakeBot, install
from core.testing.fake_bot import Post
from plugins.question_of_the_day import asking, drawing, queue
from plugins.question_of_the_day.queue import NewQuestion
from plugins.question_of_the_day.tables import Question, Series
from storage.bulk import update_all
from storage.engine import Store
from storage.tx import Tx
from tests.core.kit import rows

MANAGER = "olga"


async def asked(hall: Hall, bot: FakeBot) -> Post:
    """A set-up space with a question in it, which the store knows to stand."""
    seen = await install(bot)
    await bot.press(seen.button("Post the first one now"), MANAGER)
    post = (await bot.until_posts(2))[1]
    await settled(hall)
    return post


async def next_post(hall: Hall, bot: FakeBot) -> Post:
    """The next question, as soon as the store knows that it stands."""
    count = len(bot.posts)
    await bot.press((await bot.command("ask", MANAGER)).button("Post it now"), MANAGER)
    post = (await bot.until_posts(count + 1))[count]
    await settled(hall)
    return post


async def settled(hall: Hall) -> None:
    """Wait until nothing that is owed is on its way."""
    owed = "SELECT 1 FROM delivery WHERE state IN ('pending', 'sending') OR wanted_revision > shown_revision"
    while await rows(hall.store, owed):  # noqa: ASYNC110 - a row, not an event
        await asyncio.sleep(0.005)


async def press(bot: FakeBot, seen: FakeAnswering | Post, label: str, who: str = MANAGER) -> FakeAnswering:
    """Press a button; where it opens a form, the form is open then."""
    message = seen.message
    assert message is not None
    form = any(str(one.label) == label and getattr(one, "form", False) for one in message.controls)
    return await bot.press(seen.button(label), who, form=form)


async def fill(bot: FakeBot, seen: FakeAnswering, values: dict[str, Any], who: str = MANAGER) -> FakeAnswering:
    """Fill the form that is open and send it. What is left out stays as it is prefilled."""
    assert seen.opened is not None, seen
    kept = {one.name: list(one.value) if isinstance(one.value, tuple) else one.value for one in seen.opened.fields}
    return await bot.submit(seen.opened.action, who, {**kept, **values})


async def the_series(store: Store) -> list[Series]:
    """All series, the oldest first."""
    async with store.session() as session:
        return list((await session.scalars(select(Series).order_by(col(Series.id)))).all())


async def refill(store: Store, series: Series, several: Sequence[NewQuestion], **settings: Any) -> None:
    """Put these questions into a series instead of what waits, and set it."""

    def unit(tx: Tx) -> None:
        mine = (col(Question.community_id) == series.community_id, col(Question.series_id) == series.id)
        queue.remove(tx, series.community_id, list(tx.execute(select(col(Question.id)).where(*mine)).scalars()))
        queue.add_questions(tx, series.community_id, series.id, several)
        if settings:
            queue.set_series(tx, series.community_id, series.id, **settings)

    await store.write(unit)


async def drawn(store: Store, series: Series, day: int = 1121, most: int = 99) -> list[str]:
    """What a series asks, one after another, until nothing is left or so many were asked."""

    def unit(tx: Tx) -> str | None:
        found = drawing.draw(tx, [drawing.Place(series.community_id, series.schedule_id, day)])[0]
        if found.question_id is None:
            return None
        asking.ask_all(tx, [asking.Ask(found)], tx.now)
        return str(found.words)

    said: list[str] = []
    while len(said) < most and (words := await store.write(unit)) is not None:
        said.append(words)
    return said


async def vote_counts(store: Store, series: Series, counts: dict[str, int]) -> None:
    """Give questions votes by their words."""

    def unit(tx: Tx) -> None:
        found = tx.execute(select(col(Question.id), col(Question.words))).all()
        new = [
            {"community_id": series.community_id, "id": row.id, "votes": counts[row.words]}
            for row in found
            if row.words in counts
        ]
        update_all(tx, Question, ("community_id", "id"), new)

    await store.write(unit)


def about(action: Action, *args: UUID | int) -> Action:
    """The same button for something else."""
    return Action(action.plugin, action.verb, args, action.community)
