"""What managers are told: what happened, and, without asking, that a post needs them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from core.action import Action
from core.activity import owe_private
from core.bot import SendError, SendRefused, SendUnknown
from core.hall import Hall
from core.incidents import Kind, note
from core.message import Message
from core.telling import tell_keeper
from core.testing import FakeBot, install
from storage.tables import Community, Delivery, Incident, Space
from storage.tx import Tx
from tests.core.kit import one_store
from tests.core.scene import Scene, labels


# -- what happened --------------------------------------------------------------------------------------------
async def test_what_happened_in_words_the_newest_first(scene: Scene) -> None:
    sent = await scene.stick("sent", activity=await scene.ask(), channel="lounge")
    await scene.note(Kind.MISSED, slot="2026-11-20T09:00:00", late=7 * 3600.0)
    await scene.note(Kind.LATE, slot="2026-11-21T09:00:00", late=725.0)
    await scene.note(Kind.STUMBLED, trace="c0ffee")
    scene.time.pass_by(minutes=5)
    await scene.note(Kind.FAILED, delivery_id=sent, reason="closed *here*")
    await scene.note(Kind.RECOVERED, delivery_id=sent, by="platform")
    text = (await scene.posts()).text
    assert "No post needs you now." in text
    lines = text.split("What happened")[1].splitlines()[1:]
    assert [line.split(": ", 1)[0] for line in lines] == [
        "- 21 Nov, 07:05 · Question of the day, for 21 Nov, 09:00 · #lounge · Hall"
    ] * 2 + [
        "- 21 Nov, 07:00 · Question of the day",
        "- 21 Nov, 07:00 · Question of the day, for 21 Nov, 09:00",
        "- 21 Nov, 07:00 · Question of the day, for 20 Nov, 09:00",
    ]


async def test_the_same_in_many_places_is_one_line(scene: Scene) -> None:
    activity = await scene.ask()
    for number in range(40):
        delivery = await scene.stick("unknown", channel=f"c{number}", activity=activity)
        await scene.note(Kind.UNKNOWN, delivery_id=delivery, reason=f"reset {number}")
    text = (await scene.posts()).text.split("What happened")[1]
    assert text.count("Nobody could tell whether it arrived. It still needs you.") == 1
    assert "and 35 more" in text


@one_store
async def test_another_community_s_incidents_are_its_own(scene: Scene) -> None:
    def unit(tx: Tx) -> None:
        other = Community(id=tx.new_id(), name="Annexe", language="en", time_zone="UTC", created_at=tx.now)
        tx.add(other)
        note(tx, Kind.STUMBLED, other.id, trace="c0ffee")

    await scene.hall.store.write(unit)
    assert (await scene.posts()).text == "All posts went out."
    async with scene.hall.store.session() as session:
        assert await session.scalar(select(func.count()).select_from(Incident)) == 1


@one_store
@pytest.mark.parametrize(("locale", "words"), [("de", "Ist angekommen"), ("fr", "Elle est là")])
async def test_managers_are_asked_in_their_language(scene: Scene, locale: str, words: str) -> None:
    await scene.stick("unknown", activity=await scene.ask())
    seen = await scene.bot.press(Action("wt", "list", (), scene.community), "olga", locale=locale)
    assert words in labels(seen)
    assert "21 Nov, 09:00" not in seen.text


# -- telling without being asked --------------------------------------------------------------------------------
async def test_whoever_set_it_up_is_told_once_a_day_and_not_a_hundred_times(scene: Scene) -> None:
    async def tell() -> list[str]:
        await scene.hall.store.write(lambda tx: [tell_keeper(tx, scene.community) for _number in range(3)])
        async with scene.hall.store.session() as session:
            rows = await session.scalars(select(Delivery).where(col(Delivery.account_id).is_not(None)))
            return [
                str(Message.from_data(row.message).spoken(lambda words: scene.hall.say(words, "en")).title)
                for row in rows
            ]

    assert await tell() == ["A post needs you"]
    scene.time.pass_by(hours=19)
    assert len(await tell()) == 1
    scene.time.pass_by(hours=5)
    assert len(await tell()) == 2


@pytest.mark.parametrize(
    ("trouble", "label"), [(SendRefused("closed"), "Try again"), (SendUnknown("the line broke"), "Post again")]
)
async def test_from_the_trouble_to_the_post(hall: Hall, bot: FakeBot, trouble: SendError, label: str) -> None:
    bot.capabilities = replace(bot.capabilities, finds=False)
    done = await install(bot)
    bot.failing = [trouble]
    await bot.press(done.button("Post the first one now"), "olga")
    notice = (await bot.until_posts(2))[-1]
    assert (notice.address.member, notice.message.title) == ("olga", "A post needs you")
    seen = await bot.press(notice.button("Show me"), "olga", private=True)
    assert "Question of the day: " in seen.text
    again = seen.button(label)
    told = await asyncio.gather(*(bot.press(again, "olga", private=True) for _number in range(5)))
    assert sum("On its way again." in one.text for one in told) == 1
    question = (await bot.until_posts(3))[-1]
    assert (question.address.channel, question.message.title) == ("general", "Question of the day")
    bot.failing = [trouble]
    assert "On its way" not in (await bot.press(again, "olga")).text
    await asyncio.sleep(0.1)
    assert len(bot.posts) == 3
    assert "It is posted by now." in (await bot.command("posts", "olga")).text


@one_store
async def test_a_private_message_that_is_refused_tells_nobody(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    async with hall.store.session() as session:
        community, keeper = (await session.execute(select(col(Community.id), col(Community.keeper_id)))).one()
        space = await session.scalar(select(col(Space.id)))
    bot.failing = [SendRefused("blocked")]
    letter = {"space_id": space, "lane": "fake", "account_id": keeper, "message": Message(text="Hello")}
    await hall.store.write(lambda tx: owe_private(tx, community_id=community, now=tx.now, **letter))
    hall.wake()
    async with asyncio.timeout(5):
        while not (said := (await bot.command("posts", "olga")).text).endswith("blocked”."):  # noqa: ASYNC110 - a row
            await asyncio.sleep(0.05)
    assert "in private" in said
    assert "No post needs you now." in said
    assert len(bot.posts) == 1


@one_store
async def test_nobody_is_told_where_the_bot_is_gone(scene: Scene) -> None:
    table = Space.__table__  # type: ignore[attr-defined]  # set on every model that is a table
    await scene.hall.store.write(lambda tx: tx.execute(table.update().values(removed_at=tx.now)) and None)
    await scene.hall.store.write(lambda tx: tell_keeper(tx, scene.community))
    async with scene.hall.store.session() as session:
        assert await session.scalar(select(func.count()).select_from(Delivery)) == 0
