"""The same event twice, to two processes, or in another order: counted once, and the member is told once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID

import pytest

from core.action import Action
from core.activity import open_activity
from core.event import Edited, Event, Pressed, Reacted, Replied, Submitted
from core.hall import Hall
from core.house import House
from core.registry import catalogues_for
from core.testing import FakeAnswering, FakeBot, SetClock
from plugins.question_of_the_day import QuestionOfTheDay
from plugins.question_of_the_day.queue import CODE
from storage.engine import Store
from storage.tables import Channel, Community, Delivery, Space, SpaceRoute
from storage.tx import Tx
from storage.vault import Vault
from tests.core.conftest import MIGRATIONS
from tests.core.kit import kinds, rows

POST = "m1"
ROUNDS = 12
"""Each event reaches both processes at the same moment so many times, from another member each time."""


@dataclass
class Two:
    """Two processes that hear the same platform, and a question that stands on it."""

    bots: Sequence[FakeBot]
    store: Store
    community: UUID
    activity: UUID

    @property
    def action(self) -> Action:
        """What the question's button says."""
        return Action(CODE, "answer", (self.activity,), self.community)

    async def both(self, event: Event) -> list[FakeAnswering]:
        """The event reaches both at once; what each shows."""
        return await asyncio.gather(*(bot.act(event) for bot in self.bots))

    async def answers(self) -> list[tuple[object, ...]]:
        """The rows of answers."""
        return await rows(self.store, "SELECT message FROM qotd_answer")


@pytest.fixture
async def two(opened: Store, store_url: str, time: SetClock, vault: Vault) -> AsyncIterator[Two]:
    """On PostgreSQL each has connections of its own; on SQLite, where one process works, they share its store."""
    async with AsyncExitStack() as stack:
        stores = [opened]
        if opened.dialect == "postgresql":
            stores.append(await Store.open(store_url, clock=time.now, vault=vault, plugins=MIGRATIONS))
            stack.push_async_callback(stores[1].close)
        community, activity = await opened.write(asked)
        bots = []
        for number in range(2):
            bot, plugins = FakeBot(), [House(), QuestionOfTheDay()]
            bot.receiver = Hall(
                store=stores[number % len(stores)],
                bots=[bot],
                plugins=plugins,
                catalogues=catalogues_for(plugins),
                clock=time,
            )
            bots.append(bot)
        yield Two(bots, opened, community, activity)


def asked(tx: Tx) -> tuple[UUID, UUID]:
    """A community with a question that stands; its ids."""
    community, space, channel = tx.new_id(), tx.new_id(), tx.new_id()
    tx.add(Community(id=community, name="Hall", language="en", time_zone="Europe/Berlin", created_at=tx.now))
    place = {"platform": "fake", "external_id": "hall", "name": "Hall", "created_at": tx.now}
    tx.add(Space(community_id=community, id=space, **place))
    tx.add(SpaceRoute(community_id=community, space_id=space, **place))
    tx.add(Channel(community_id=community, id=channel, space_id=space, external_id="general", name="general"))
    question = {"question": "What made you smile?", "language": "en"}
    activity = open_activity(tx, community_id=community, plugin=CODE, now=tx.now, data=question)
    tx.add(
        Delivery(
            community_id=community,
            id=tx.new_id(),
            activity_id=activity,
            space_id=space,
            channel_id=channel,
            lane="fake",
            state="sent",
            due_at=tx.now,
            card_plugin=CODE,
            wanted_revision=1,
            shown_revision=1,
            external_id=POST,
            created_at=tx.now,
        )
    )
    return community, activity


def told(seen: Sequence[FakeAnswering]) -> list[str]:
    """The words that a member was shown."""
    return [one.text for one in seen if one.text]


async def test_a_form_that_reaches_two_processes_counts_once_and_its_member_is_thanked_once(two: Two) -> None:
    for number in range(ROUNDS):
        where, who = two.bots[0].where(), two.bots[0].who(f"member {number}")
        event = Submitted(where=where, who=who, id=f"e{number}", action=two.action, values={"answer": "A walk"})
        first = told(await two.both(event))
        assert first == ["Thank you, your answer counts."]
        assert told(await two.both(event)) == [], "it was told again when the platform repeated itself"
    assert await kinds(two.store) == {"answer": ROUNDS}
    assert len(await two.answers()) == ROUNDS


async def test_a_reply_that_reaches_two_processes_counts_once(two: Two) -> None:
    for number in range(ROUNDS):
        where, who = two.bots[0].where(), two.bots[0].who(f"member {number}")
        event = Replied(where=where, who=who, id=f"e{number}", to=POST, message=f"r{number}", text="A walk")
        assert told(await two.both(event)) == []
        await two.both(event)
    assert await kinds(two.store) == {"answer": ROUNDS}
    assert sorted(await two.answers()) == sorted((f"r{number}",) for number in range(ROUNDS))


async def test_a_reaction_without_an_id_that_reaches_two_processes_counts_once(two: Two) -> None:
    for number in range(ROUNDS):
        where, who = two.bots[0].where(), two.bots[0].who(f"member {number}")
        await two.both(Reacted(where=where, who=who, message=POST, emoji="👍", present=True))
        await two.both(Reacted(where=where, who=who, message=POST, emoji="👍", present=True))
    assert await kinds(two.store) == {"reaction": ROUNDS}
    assert await rows(two.store, "SELECT count(*) FROM qotd_reaction WHERE present") == [(ROUNDS,)]


async def test_a_press_that_reaches_two_processes_opens_forms_and_writes_nothing(two: Two) -> None:
    where, who = two.bots[0].where(), two.bots[0].who("mia")
    seen = await two.both(Pressed(where=where, who=who, id="e", action=two.action, form=True))
    assert all(one.opened is not None for one in seen), "the second is refused by the platform, and harmless"
    assert await kinds(two.store) == {}


async def test_two_first_acts_of_a_member_on_two_processes_are_one_member(two: Two) -> None:
    for number in range(ROUNDS):
        where, who = two.bots[0].where(), two.bots[0].who(f"member {number}")
        reply = Replied(where=where, who=who, id=f"r{number}", to=POST, message=f"r{number}", text="A walk")
        thumb = Reacted(where=where, who=who, message=POST, emoji="👍", present=True)
        await asyncio.gather(two.bots[0].act(reply), two.bots[1].act(thumb))
    assert await kinds(two.store) == {"answer": ROUNDS, "reaction": ROUNDS}
    assert await rows(two.store, "SELECT count(*) FROM account") == [(ROUNDS,)]
    assert await rows(two.store, "SELECT count(*) FROM member") == [(ROUNDS,)]


async def test_two_answers_of_a_member_on_two_processes_are_one_answer_and_a_change(two: Two) -> None:
    for number in range(ROUNDS):
        where, who = two.bots[0].where(), two.bots[0].who(f"member {number}")
        events = [
            Submitted(where=where, who=who, id=f"{one}{number}", action=two.action, values={"answer": one})
            for one in ("a", "b")
        ]
        seen = await asyncio.gather(*(bot.act(event) for bot, event in zip(two.bots, events, strict=True)))
        assert sorted(told(seen)) == ["Thank you, your answer counts.", "Your answer was changed."]
    assert await kinds(two.store) == {"answer": ROUNDS, "change": ROUNDS}
    assert len(await two.answers()) == ROUNDS


async def test_an_edit_that_overtakes_its_reply_leaves_the_edited_words(two: Two) -> None:
    """Slack sends an event again that was not taken, and later ones go on meanwhile."""
    where, mia = two.bots[0].where(), two.bots[0].who("mia")
    edited = Edited(where=where, who=mia, id="e", message="r1", text="A walk in the rain", to=POST)
    replied = Replied(where=where, who=mia, id="r", to=POST, message="r1", text="A walk")
    await two.bots[0].act(edited)
    await two.bots[1].act(replied)
    opened = (await two.bots[0].press(two.action, "mia", form=True)).opened
    assert opened is not None
    assert opened.fields[0].value == "A walk in the rain"
    assert await kinds(two.store) == {"answer": 1}
    assert await two.answers() == [("r1",)]


async def test_an_edit_of_further_words_is_no_answer(two: Two) -> None:
    where, mia = two.bots[0].where(), two.bots[0].who("mia")
    for number, text in enumerate(("A walk", "And an ice cream")):
        await two.bots[0].act(
            Replied(where=where, who=mia, id=f"r{number}", to=POST, message=f"r{number}", text=text)
        )
    await two.bots[0].act(Edited(where=where, who=mia, id="e", message="r1", text="And two ice creams", to=POST))
    opened = (await two.bots[0].press(two.action, "mia", form=True)).opened
    assert opened is not None
    assert opened.fields[0].value == "A walk"
    assert await kinds(two.store) == {"answer": 1, "reply": 1}


async def test_a_reaction_that_goes_before_it_came_is_counted_once(two: Two) -> None:
    """Which of them was first nobody can tell without times: it is counted once, and the last one heard stands."""
    where, mia = two.bots[0].where(), two.bots[0].who("mia")
    for number, present in enumerate((False, True)):
        event = Reacted(where=where, who=mia, id=f"x{number}", message=POST, emoji="👍", present=present)
        await two.bots[number].act(event)
    assert await kinds(two.store) == {"reaction": 1}
