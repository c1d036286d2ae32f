"""Rehearsals in small, with real processes; and that a rehearsal finds what isn't so."""

from __future__ import annotations

import logging
import re
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.acting import World
from app.rehearse import drop, party
from app.rehearse.bar import Bar
from app.rehearse.command import Rehearsed
from app.rehearse.drop import Held, Try, Word
from app.rehearse.party import Ballot
from app.rehearse.process import Hall
from app.rehearse.stage import Member, Stage, StageError
from plugins.listening_parties import ListeningParties
from plugins.sampling_drops import SamplingDrops
from sandbox.discord import DiscordSandbox
from tests.app.conftest import CommandLine
from tests.crash.child import LEASE
from tests.postgres import Postgres

QUIET = Bar(shown=False)
MEMBERS, UNITS = 60, 20
NOON = datetime.fromisoformat("2026-11-25T12:00:00+00:00")


@pytest.fixture(autouse=True)
def quiet() -> None:
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # killed callers leave half requests


# -- rehearsals ------------------------------------------------------------------------------------------------------
async def give(url: str, folder: Path) -> Rehearsed:
    """A drop, while processes are killed: all as it should be."""
    # A process that died is known for dead sooner than in earnest.
    hall = partial(Hall, environment={LEASE: "3.0"}, module="tests.crash.child")
    # By this seed the two kills come soon, while most are in the middle of it. Telegram takes a message a second in a
    # chat, and asks for an address in ten: the survey and the party are rehearsed under its limits.
    stage = Stage(SamplingDrops, url, MEMBERS, 48, folder, QUIET, hall, kills=2, limited=False)
    done = await drop.rehearse(stage, UNITS, crash=True, pace=0.1)
    assert done.findings == []
    figures = done.figures
    assert (figures["claimers"], figures["given"], figures["told_given"]) == (MEMBERS, UNITS, UNITS)
    assert (figures["doubled"], figures["told_wrong"], figures["refused"]) == (0, 0, MEMBERS - UNITS)
    assert figures["crashes"] >= 1
    assert figures["linked_pairs"] == 2
    return done


@pytest.mark.timeout(120)
async def test_a_drop_is_given_away_exactly_while_its_process_is_killed(tmp_path: Path) -> None:
    done = await give("", tmp_path)
    assert (done.figures["store"], done.figures["processes"]) == ("sqlite", 1)


@pytest.mark.timeout(180)
async def test_a_drop_of_two_processes_on_an_empty_postgresql(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.make()
    done = await give(url, tmp_path)
    assert (done.figures["store"], done.figures["processes"]) == ("postgresql", 2)
    with pytest.raises(StageError, match="holds something"):
        await give(url, tmp_path)
    postgres.drop(url)


@pytest.mark.timeout(120)
async def test_a_party_counts_each_vote_once_and_shows_the_same_everywhere(tmp_path: Path) -> None:
    hall = partial(Hall, module="tests.app.hasty")
    stage = Stage(ListeningParties, "", MEMBERS, 1, tmp_path, QUIET, hall)
    done = await party.rehearse(stage, crash=False, tracks=1, pace=0.3)
    assert done.findings == []
    figures = done.figures
    assert (figures["members"], figures["tracks"], figures["votes_wrong"]) == (MEMBERS, 1, 0)
    assert figures["votes_counted"] == MEMBERS - figures["linked_pairs"]
    assert figures["votes_sent"] > MEMBERS, "some changed their mind"
    assert all(one["edits"] for one in figures["platforms"].values())


async def test_a_store_that_holds_something_is_refused_in_one_line(hallkeeper: CommandLine) -> None:
    with closing(sqlite3.connect(hallkeeper.folder / "hall.db")) as store:
        store.execute("CREATE TABLE precious (id INTEGER)")
    ended = await hallkeeper(
        "rehearse", "drop", "--members", "3", "--store", f"sqlite:///{hallkeeper.folder}/hall.db"
    )
    assert (ended.code, ended.out) == (1, "")
    assert re.fullmatch(r"hallkeeper: The store at .* holds something: precious …\. .*\n", ended.err)


# -- what they find --------------------------------------------------------------------------------------------------
def member(number: int, person: int | None = None) -> Member:
    return Member(number, number if person is None else person, World(DiscordSandbox(), "", "", ""), str(number))


def held(claims: dict[UUID, str], persons: dict[UUID, UUID], accounts: dict[int, UUID]) -> Held:
    return Held(1, len(claims), claims, persons, accounts, NOON, NOON + timedelta(seconds=10))


def told(number: int, word: Word, *, at: float) -> Try:
    moment = NOON + timedelta(seconds=at)
    return Try(member(number), word, "", moment - timedelta(seconds=1), moment)


def test_whoever_was_told_what_is_not_so_is_found() -> None:
    owner, other, linked = uuid4(), uuid4(), uuid4()
    store = held(
        {owner: "given"},
        {owner: UUID(int=1), linked: UUID(int=1), other: UUID(int=2)},
        {0: owner, 1: linked, 2: other},
    )
    right = [
        told(0, Word.GIVEN, at=10),
        told(1, Word.OTHER, at=3),
        told(2, Word.SPOKEN_FOR, at=3),
        told(2, Word.SOLD_OUT, at=11),
    ]
    assert drop.judge(right, store) == []
    wrong = [
        told(0, Word.SOLD_OUT, at=11),  # they have it
        told(1, Word.GIVEN, at=10),  # their other account has it
        told(2, Word.OTHER, at=3),  # they have no other
        told(2, Word.SOLD_OUT, at=9),  # there was one left
        told(2, Word.SPOKEN_FOR, at=-1),  # it was free
        told(2, Word.SPOKEN_FOR, at=12),  # it was gone
        told(2, Word.NOTHING, at=11),
        told(3, Word.GIVEN, at=10),  # nobody knows them
    ]
    assert len(drop.judge(wrong, store)) == len(wrong)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("It’s yours\nOat drink\nIt goes to the address that you gave. You can", Word.GIVEN),
        ("All are given away. Others were a little quicker: good luck next time.", Word.SOLD_OUT),
        ("Your other account holds one right now. Go on there, or give it back there first.", Word.OTHER),
        ("One is held for you", Word.NOTHING),
        ("", Word.NOTHING),
    ],
)
def test_what_a_member_was_told_is_known_by_the_plugins_own_words(text: str, word: Word) -> None:
    assert drop.word_of(text) is word


@pytest.mark.parametrize(
    ("given", "stands", "right"),
    [
        ([(True, 1, 2, True)], [True], True),
        ([(True, 1, 2, True)], [], False),  # lost
        ([(True, 1, 2, True)], [False], False),
        ([(True, 1, 2, True)], [True, True], False),  # counted twice
        ([(True, 1, 2, True), (False, 3, 4, True)], [False], True),
        ([(True, 1, 2, True), (False, 3, 4, True)], [True], False),  # the change is lost
        ([(True, 1, 4, True), (False, 3, 5, True)], [True], True),  # two accounts in the same moment
        ([(True, 1, 2, False)], [], True),  # nobody said that it counts
        ([(True, 1, 2, False)], [True], True),
        ([], [True], False),  # out of nothing
    ],
)
def test_a_vote_that_does_not_stand_is_found(given: list[Any], stands: list[bool], right: bool) -> None:
    ballots = [Ballot(member(0), "Song 1", *one) for one in given]
    assert (party.judge(ballots, {(0, "Song 1"): stands} if stands else {}) == []) is right
