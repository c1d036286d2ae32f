"""What is kept about a member: they see it, they erase it, and no table with personal data is left out."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import LargeBinary, select
from sqlalchemy import Table as CoreTable
from sqlmodel import col

from core.action import Action
from core.activity import owe_private
from core.bot import Standing
from core.event import CommandInvoked, Reacted
from core.hall import Hall
from core.message import Message
from core.plugin import Plugin
from core.registry import with_core
from core.testing import FakeBot, install
from core.testing.fake_bot import EVERYTHING, Post
from plugins.listening_parties import ListeningParties
from plugins.question_of_the_day import QuestionOfTheDay
from plugins.sampling_drops import SamplingDrops
from plugins.surveys import Surveys
from storage.tables import Account, Consent, Member, metadata, table_of
from storage.tx import Tx
from storage.types import Id
from tests.core.kit import kinds, one_store, rows

LEADS = re.compile(r"member|account|person|keeper|owner|user|who|author|sealed|installed_by")
"""What a column's name says when it leads to a person; bytes are looked at as well, for they may be sealed."""
EXCEPT = {
    "participation": "append-only: its pseudonym leads to nobody once the member's row is gone",
    "drop_code": "a brand's codes, sealed; who got one stands in drop_claim, and goes with them",
    "drop_export": "addresses that only their shipper can read, for seven days; drops say so in keeps",
    "join_code": "the fingerprint of a code that belongs to a community",
    "keeper": "what the store remembers about its own key",
    "once": "keyed fingerprints that outlive a forget, until their subject is over; plugins say so in keeps",
    "qotd_nameless": "answers without a name, sealed, until they are written down; they lead to nobody",
    "survey_waiting": "anonymous answers, sealed, until they are written down; they lead to nobody",
    "person": "has nothing but an id, and goes with its last account",
}
"""Tables that look personal and take no part, and why."""


def personal(table: CoreTable) -> list[str]:
    """The columns that look as if they led to a person."""
    return [
        column.name
        for column in table.columns
        if LEADS.search(column.name) or (isinstance(column.type, LargeBinary) and not isinstance(column.type, Id))
    ]


def named(plugins: list[Plugin]) -> dict[str, Plugin]:
    """The tables that plugins say they tell of and erase."""
    return {table_of(model).name: plugin for plugin in plugins for model in plugin.personal}  # type: ignore[arg-type]  # all tables are ours


def test_every_table_that_leads_to_a_person_takes_part() -> None:
    plugins = with_core([QuestionOfTheDay(), ListeningParties(), SamplingDrops(), Surveys()])
    owners = named(plugins)
    for name, table in metadata.tables.items():
        columns = personal(table)
        assert not columns or name in owners or name in EXCEPT, f"{name} leads to people by {columns}: who erases it?"
        assert not (name in owners and name in EXCEPT)
    for name, plugin in owners.items():
        assert type(plugin).export is not Plugin.export, name
        assert type(plugin).forget is not Plugin.forget, name
        assert plugin.keeps, f"{plugin.name} keeps {name} and doesn't say so"
    assert set(EXCEPT) <= set(metadata.tables)


async def asked(hall: Hall, bot: FakeBot) -> Post:
    """A question that stands, asked by Olga."""
    seen = await install(bot)
    await bot.press(seen.button("Post the first one now"), "olga")
    post = (await bot.until_posts(2))[1]
    await sent(hall, 1)
    return post


async def sent(hall: Hall, count: int) -> None:
    """Wait until the store knows that so many posts stand."""
    while len(await rows(hall.store, "SELECT 1 FROM delivery WHERE state = 'sent'")) < count:  # noqa: ASYNC110 - a row, not an event
        await asyncio.sleep(0.005)


async def lived(hall: Hall, bot: FakeBot, who: str) -> Post:
    """Somebody who set the community up has left something in every table that may hold it."""
    post = await asked(hall, bot)
    await bot.reply(post.id, who, "Xylophones at midnight", message="r1")
    for message in (post.id, "r1"):
        place, member = bot.where(), bot.who(who)
        await bot.act(Reacted(where=place, who=member, id=message, message=message, emoji="👍", present=True))
    await hall.store.write(lambda tx: tx.execute("UPDATE qotd_series SET allows = 'vote'") and None)
    [series] = [row[0] for row in await rows(hall.store, "SELECT id FROM qotd_series")]
    series_id = UUID(bytes=series) if isinstance(series, bytes) else series
    assert isinstance(series_id, UUID)
    ballot = await bot.press(Action("qd", "votes", (series_id,), post.button("Answer").community), who)
    await bot.press(ballot.button("1"), who)
    await bot.press((await bot.command("streaks", who)).button("Leave me out"), who)
    suggest = (await bot.command("suggest", who)).opened
    assert suggest is not None
    await bot.submit(suggest.action, who, {"question": "Quokkas or axolotls?"})
    await bot.command("link", who)
    refused = Action("qd", "add", (), post.button("Answer").community)
    await bot.submit(refused, who, {"question": "Zyx?"})
    async with hall.store.session() as session:
        member = (await session.scalars(select(Member))).one()

    def unit(tx: Tx) -> None:
        tx.add(
            Consent(
                community_id=member.community_id,
                id=tx.new_id(),
                account_id=member.account_id,
                purpose="a test",
                words="Yes, I allow it",
                language="en",
                given_at=tx.now,
            )
        )
        space_id = tx.scalar(select(metadata.tables["space"].c.id))
        owe_private(
            tx,
            community_id=member.community_id,
            space_id=space_id,
            lane="idle",
            account_id=member.account_id,
            message=Message(text="Between us"),
            now=tx.now,
        )

    await hall.store.write(unit)
    return post


async def leading_to(hall: Hall, ids: set[Any]) -> set[str]:
    """The tables with a row in which one of these stands, in a column of its own or in the middle of JSON."""
    found = set()
    async with hall.store.session() as session:
        for name, table in metadata.tables.items():
            for row in await session.execute(select(table)):
                if any(str(one) in str(value) for value in row for one in ids):
                    found.add(name)
    return found


async def filled(hall: Hall) -> set[str]:
    """The tables that plugins call personal, with a row that has something in a personal column."""
    found = set()
    async with hall.store.session() as session:
        for name in named(list(hall.routes.plugins)):
            table = metadata.tables[name]
            columns = [table.c[one] for one in personal(table)]
            for row in await session.execute(select(*columns)):
                if any(value is not None for value in row):
                    found.add(name)
    return found


async def test_all_is_shown_and_then_nothing_leads_to_them(hall: Hall, bot: FakeBot) -> None:
    await lived(hall, bot, "olga")
    everywhere = set(named(list(hall.routes.plugins)))
    assert await filled(hall) == everywhere  # or a table's erasure is not tried here
    async with hall.store.session() as session:
        account = (await session.scalars(select(Account))).one()
        member = (await session.scalars(select(Member))).one()
    ids = {account.id, account.person_id, member.id, account.lookup, account.sealed}
    before = await kinds(hall.store)

    seen = await bot.command("mydata", "olga")
    for words in (
        "id: olga",
        "answer: 1",
        "reaction: 1",
        "a test",
        "Yes, I allow it",
        "Xylophones at midnight",
        "👍",
        "private messages from me**: 2",
        "Quokkas or axolotls?",
        "reactions to answers",
        "votes",
        "on no leaderboard**: yes",
        "told of posts that need someone**: yes",
        "spaces I was added to by you**: 1",
        "codes to link an account**: 1",
        "told when no question waits**: yes",
        "Zyx?",
    ):
        assert words in seen.text
    assert "Xylophones" not in (await bot.command("mydata", "mia")).text

    sure = (await bot.command("forget", "olga")).button("Erase all of mine")
    assert "your account" in (await bot.press(sure, "olga")).text
    assert await leading_to(hall, ids) == {"participation"}
    assert await filled(hall) == set()
    assert await rows(hall.store, "SELECT count(*) FROM person") == [(0,)]
    assert await kinds(hall.store) == before  # what was counted stays counted

    assert "Nothing was kept" in (await bot.press(sure, "olga")).text
    assert "Nothing is kept" in (await bot.command("mydata", "olga")).text
    assert await rows(hall.store, "SELECT count(*) FROM account") == [(0,)]  # to ask makes nobody


async def test_who_answers_again_is_somebody_new(hall: Hall, bot: FakeBot) -> None:
    post = await lived(hall, bot, "olga")
    [(old,)] = await rows(hall.store, "SELECT id FROM member")
    await bot.press((await bot.command("forget", "olga")).button("Erase all of mine"), "olga")
    await bot.reply(post.id, "olga", "Another one entirely")
    [(new,)] = await rows(hall.store, "SELECT id FROM member")
    assert new != old
    assert (await kinds(hall.store))["answer"] == 2
    assert "Xylophones" not in (await bot.command("mydata", "olga")).text


async def test_others_keep_theirs(hall: Hall, bot: FakeBot) -> None:
    post = await lived(hall, bot, "olga")
    await bot.reply(post.id, "mia", "A walk by the sea")
    await bot.press((await bot.command("forget", "olga")).button("Erase all of mine"), "olga")
    assert "A walk by the sea" in (await bot.command("mydata", "mia")).text
    assert await rows(hall.store, "SELECT count(*) FROM account") == [(1,)]


async def test_another_communitys_part_stays(hall: Hall, bot: FakeBot) -> None:
    post = await asked(hall, bot)
    await bot.reply(post.id, "mia", "A walk by the sea")
    bot.standings["olga"] = Standing(present=True, roles=frozenset({"owner"}))
    await bot.arrive("olga", "yard")
    action = (await bot.until_posts(3))[2].button("Set me up")
    seen = await bot.submit(action, "olga", {"language": "en", "zone": "Europe/Berlin"}, space="yard")
    await bot.press(seen.button("Post the first one now"), "olga", space="yard")
    other = (await bot.until_posts(4))[3]
    await sent(hall, 2)
    await bot.reply(other.id, "mia", "And in the yard", space="yard")
    said = (await bot.press((await bot.command("forget", "mia")).button("Erase all of mine"), "mia")).text
    assert "another community of yours stays" in said
    assert "Nothing is kept" not in (await bot.command("mydata", "mia", space="yard")).text
    here, there = (await bot.command("mydata", "mia")).text, (await bot.command("mydata", "mia", space="yard")).text
    assert "A walk" not in here
    assert "And in the yard" not in here
    assert "And in the yard" in there


@one_store
async def test_what_is_too_long_comes_in_parts(hall: Hall, bot: FakeBot) -> None:
    await lived(hall, bot, "olga")
    whole = (await bot.command("mydata", "olga")).text.split("\n")
    bot.capabilities = replace(EVERYTHING, max_text=500)
    seen = await bot.command("mydata", "olga")
    shown: list[str] = []
    while len(shown) < len(whole):
        assert len(seen.text) <= 500
        *lines, note = seen.text.split("\n")
        shown += lines if "did not fit" in note else [*lines, note]
        if "did not fit" in note:
            assert note == f"{len(whole) - len(shown)} line{'s' if len(whole) - len(shown) > 1 else ''} did not fit."
            seen = await bot.press(seen.button("Show the rest"), "olga")
    assert shown == whole


@one_store
async def test_what_is_kept_is_told_in_their_language(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    seen = await bot.command("privacy", "mia")
    for plugin in hall.routes.plugins:
        for one in plugin.keeps:
            assert hall.say(one, "en") in seen.text
    who = bot.who("mia", "de")
    german = await bot.act(CommandInvoked(where=bot.where(), who=who, id="g", name="privacy"))
    assert "verschlüsselt" in german.text


@one_store
@pytest.mark.parametrize("verb", ["mine", "erase", "ask"])
async def test_a_stranger_who_presses_finds_nothing(hall: Hall, bot: FakeBot, verb: str) -> None:
    await lived(hall, bot, "olga")
    async with hall.store.session() as session:
        community = (await session.scalars(select(col(Member.community_id)))).one()
    seen = await bot.press(Action("pv", verb, (), community), "zoe")
    assert "Xylophones" not in seen.text
    assert len(await rows(hall.store, "SELECT 1 FROM qotd_answer")) == 1


async def test_a_message_to_somebody_erased_holds_up_nobody(hall: Hall, bot: FakeBot) -> None:
    post = await asked(hall, bot)
    await bot.reply(post.id, "mia", "A walk by the sea")
    async with hall.store.session() as session:
        mia = (await session.scalars(select(Member))).one()

    def owe(tx: Tx, account_id: UUID, lane: str) -> None:
        owe_private(
            tx,
            community_id=mia.community_id,
            space_id=tx.scalar(select(metadata.tables["space"].c.id)),
            lane=lane,
            account_id=account_id,
            message=Message(text="Between us"),
            now=tx.now,
        )

    await hall.store.write(lambda tx: owe(tx, mia.account_id, "idle"))
    await bot.press((await bot.command("forget", "mia")).button("Erase all of mine"), "mia")
    assert await rows(hall.store, "SELECT 1 FROM delivery WHERE account_id IS NOT NULL") == []
    await hall.store.write(lambda tx: owe(tx, mia.account_id, "fake"))  # as if it had been owed at that very moment
    shown = await bot.command("ask", "olga")
    await bot.press(shown.button("Post it now"), "olga")
    assert len(await bot.until_posts(3)) == 3
