"""What members say, taken for all who wait: one transaction locks their waves, and no quota is ever exceeded.

A quota counts finished responses. Whoever gives an answer whose quota is full is let go at once, of an anonymous wave
when they send; whoever finishes is counted under the lock, or let go if it filled meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from secrets import randbelow
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, delete, select
from sqlmodel import col

from core.deciding import Request
from core.once import Once
from plugins.surveys import anonymous, waves
from plugins.surveys.definition import TEXTS, Definition
from plugins.surveys.flow import Is, Said, Sheet, Step, Verb, step
from plugins.surveys.paths import Walk, filled, walk
from plugins.surveys.tables import Answer, Response, Taker, Waiting
from plugins.surveys.toml_text import known
from plugins.surveys.waves import FINISHED, LATER, RANK, SCREENED, UNDER_WAY, Live
from storage.bulk import insert_all, update_all
from storage.log import Act
from storage.prepared import PreparedForAll
from storage.tables import Account, Member
from storage.tx import Tx
from storage.types import Id

SEEDS = 2**31


class Wish(NamedTuple):
    """What a member says, about which wave."""

    wave_id: UUID
    said: Said


class Stands(StrEnum):
    """How it stands with a member."""

    UNKNOWN = "unknown"
    CLOSED = "closed"
    HAD = "had"
    """They, or another account of theirs, took part, and it can't be changed."""
    SCREENED = "screened"
    FINISHED = "finished"
    """Done before; it can be changed."""
    NOTED = "noted"
    """They will be reminded."""
    STEP = "step"
    """``step`` says it."""


class Told(NamedTuple):
    """What a member is told."""

    stands: Stands
    wave_id: UUID
    definition: Definition | None = None
    step: Step | None = None
    finished: bool = False
    """It was finished before, and this changes it."""


@dataclass(slots=True)
class _One:
    """A member's row, new, changed or to be erased."""

    id: UUID
    member_id: UUID
    account_id: UUID
    space_id: UUID
    state: str
    sheet: Sheet
    cells: list[int]
    finished_at: datetime | None
    started_at: datetime
    is_new: bool = False
    changed: bool = False
    erased: bool = False


@dataclass(slots=True)
class _Room:
    """A wave with those who are in it now."""

    wave: Live
    definition: Definition
    people: dict[UUID, _One] = field(default_factory=dict)
    took_part: set[UUID] = field(default_factory=set)
    once: Once | None = None
    requests: list[Request] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    takers: list[UUID] = field(default_factory=list)
    replaced: list[UUID] = field(default_factory=list)


def decide(tx: Tx, requests: Sequence[Request]) -> list[Told]:
    """Answer each of those who wait: a decider for :meth:`core.context.Context.decide`."""
    keys = {(one.community_id, one.said.wave_id) for one in requests}
    rooms = {key: _Room(wave, known(wave.definition)) for key, wave in waves.lock(tx, keys).items()}
    for one in requests:
        if (room := rooms.get((one.community_id, one.said.wave_id))) is not None:
            room.requests.append(one)
    _enter(tx, rooms, requests)
    acts: list[Act] = []
    told = []
    for one in requests:
        room = rooms.get((one.community_id, one.said.wave_id))
        if room is None:
            told.append(Told(Stands.UNKNOWN, one.said.wave_id))
        else:
            told.append(_Turn(tx, room, one, acts).take())
    for room in rooms.values():
        _write(tx, room)
    tx.participate_all(acts)
    waves.save(tx, [room.wave for room in rooms.values()])
    return told


class _Turn:
    """One member's request in its wave."""

    def __init__(self, tx: Tx, room: _Room, request: Request, acts: list[Act]) -> None:
        self._tx = tx
        self._room = room
        self._request = request
        self._acts = acts
        self._said: Said = request.said.said

    def take(self) -> Told:
        """Take what was said."""
        room, request = self._room, self._request
        if not room.wave.takes(self._tx.now):
            return self._told(Stands.CLOSED)
        if request.person_id in room.took_part:
            return self._told(Stands.HAD)
        one = room.people.get(request.person_id)
        if one is None:
            if self._once().had(request) is not None:
                return self._told(Stands.HAD)
            one = room.people[request.person_id] = self._new()
        if one.state == SCREENED:
            return self._told(Stands.SCREENED)
        if self._said.verb is Verb.LATER:
            return self._told(Stands.FINISHED if one.state == FINISHED else Stands.NOTED)
        if one.state == FINISHED and self._said.verb in (Verb.START, Verb.SEND):
            walked = walk(room.definition, one.sheet.answers, one.sheet.seed)
            if walked.next is None:  # else a change brought a question that waits
                return self._told(Stands.FINISHED)
        if one.state == LATER:
            self._begin(one)
        return self._step(one)

    def _step(self, one: _One) -> Told:
        room, done = self._room, one.state == FINISHED
        others = room.wave.filled
        for number in one.cells:
            others[number] -= 1
        if room.wave.anonymous and not self._sends(one):
            others = {}  # whoever tries answers sees how full a quota is, and so what the one said who sent last
        found = step(room.definition, one.sheet, self._said, others, review=room.wave.anonymous)
        if found.what is Is.FULL and done:
            return self._told(Stands.STEP, found, finished=True)  # nothing is kept of a change that can't be
        if found.sheet != one.sheet:
            one.sheet, one.changed = found.sheet, True
        if found.what is Is.FULL:
            self._screen(one)
        elif found.what is Is.DONE or (found.what is Is.REVIEW and self._said.verb is Verb.SEND):
            if not done and self._once().had(self._request) is not None:
                one.erased = True
                room.took_part.add(self._request.person_id)
                return self._told(Stands.HAD)
            self._finish(one, found.walked, done)
            found = found._replace(what=Is.DONE)
        return self._told(Stands.STEP, found, finished=done)

    def _sends(self, one: _One) -> bool:
        """Whether they are done and send it: there is no way back from that."""
        walked = walk(self._room.definition, one.sheet.answers, one.sheet.seed)
        return self._said.verb is Verb.SEND and walked.next is None

    def _new(self) -> _One:
        request, tx = self._request, self._tx
        new_id, seed = tx.new_id(), randbelow(SEEDS)
        one = _One(
            new_id, request.member_id, request.account_id, request.space_id, LATER, Sheet(seed), [], None, tx.now
        )
        one.is_new = True
        return one

    def _begin(self, one: _One) -> None:
        one.state, one.changed, one.started_at = UNDER_WAY, True, self._tx.now
        self._room.wave.started += 1
        self._acts.append(self._request.act("start", activity_id=self._room.wave.id))

    def _screen(self, one: _One) -> None:
        """A quota leaves them out: nothing of what they said is kept."""
        room = self._room
        room.wave.screened += 1
        if room.wave.anonymous:  # that they were left out would tell what they answered
            self._took_part(one)
            return
        one.state, one.sheet, one.changed = SCREENED, Sheet(one.sheet.seed), True
        self._note(one.id)

    def _finish(self, one: _One, walked: Walk, done: bool) -> None:
        room, wave, vault = self._room, self._room.wave, self._request.vault
        cells = anonymous.cells_of(room.definition, walked.answers, one.sheet.words)
        counts = filled(room.definition, walked.answers)
        wave.count(one.cells, -1)
        wave.count(counts, 1)
        if not done:
            wave.finished += 1
        if wave.anonymous:
            room.waiting.append(anonymous.waiting_row(vault, cells))
            self._took_part(one)
        else:
            if done:
                room.replaced.append(one.id)
                room.answers = [row for row in room.answers if row["response_id"] != one.id]
            else:
                one.finished_at = self._tx.now
                self._note(one.id)
            one.state, one.cells, one.changed = FINISHED, counts, True
            room.answers += [anonymous.row_of(cell, one.id, vault) for cell in cells]
            words = any(
                walked.answers[name] for name in walked.answers if room.definition.by_name[name].kind in TEXTS
            ) or bool(one.sheet.words)
            kind = "change" if done else "response"
            self._acts.append(self._request.act(kind, activity_id=wave.id, conversation=words))
        if wave.most is not None and wave.finished >= wave.most:
            waves.close(self._tx, [wave])

    def _took_part(self, one: _One) -> None:
        """All that is kept of somebody in an anonymous wave."""
        one.erased = True
        self._room.took_part.add(self._request.person_id)
        self._room.takers.append(one.member_id)
        self._note(self._tx.new_id())

    def _note(self, claim_id: UUID) -> None:
        self._once().note(self._request, claim_id)

    def _once(self) -> Once:
        room = self._room
        if room.once is None:
            room.once = Once(self._tx, room.wave.community_id, room.wave.id, room.requests)
        return room.once

    def _told(self, stands: Stands, found: Step | None = None, *, finished: bool = False) -> Told:
        return Told(stands, self._room.wave.id, self._room.definition, found, finished)


def _enter(tx: Tx, rooms: dict[tuple[UUID, UUID], _Room], requests: Sequence[Request]) -> None:
    """Who of them is in already, by any of their accounts."""
    vaults = {one.person_id: one.vault for one in requests}
    keys = list({(one.community_id, one.said.wave_id, one.person_id) for one in requests})
    keys = [key for key in keys if key[:2] in rooms]
    present = [row for row in tx.run_all(_PRESENT, keys) if row[7] is not None]
    for community_id, wave_id, person_id, state, seed, sealed, cells, *row in sorted(
        present, key=lambda row: row[7].bytes
    ):
        people = rooms[community_id, wave_id].people
        here = people.get(person_id)
        if here is not None and RANK[here.state] >= RANK[state]:
            continue
        response_id, member_id, account_id, space_id, finished_at, started_at = row
        data = None if sealed is None else vaults[person_id].open(sealed, response_id.bytes)
        people[person_id] = _One(
            response_id,
            member_id,
            account_id,
            space_id,
            state,
            Sheet.of(seed, data),
            list(cells),
            finished_at,
            started_at,
        )
    keys = [key for key in keys if rooms[key[:2]].wave.anonymous]
    for community_id, wave_id, person_id, member_id in tx.run_all(_TOOK_PART, keys):
        if member_id is not None:
            rooms[community_id, wave_id].took_part.add(person_id)


def _write(tx: Tx, room: _Room) -> None:
    """Write what came of it, by a few statements."""
    wave = room.wave
    common = {"community_id": wave.community_id, "wave_id": wave.id}
    vault = room.requests[0].vault
    people = list(room.people.values())

    def sealed(one: _One) -> bytes | None:
        return None if one.sheet.empty else vault.seal(one.sheet.to_bytes(), one.id.bytes)

    new = [
        {
            "id": one.id,
            "member_id": one.member_id,
            "account_id": one.account_id,
            "space_id": one.space_id,
            "state": one.state,
            "seed": one.sheet.seed,
            "sealed": sealed(one),
            "cells": one.cells,
            "started_at": one.started_at,
            "finished_at": one.finished_at,
        }
        for one in people
        if one.is_new and not one.erased
    ]
    insert_all(tx, Response, new, reminded=False, **common)
    changed = [
        {
            "community_id": wave.community_id,
            "id": one.id,
            "state": one.state,
            "sealed": sealed(one),
            "cells": one.cells,
            "finished_at": one.finished_at,
        }
        for one in people
        if one.changed and not one.is_new and not one.erased
    ]
    update_all(tx, Response, ("community_id", "id"), changed)
    if gone := [one.id for one in people if one.erased and not one.is_new]:
        tx.execute(
            delete(Response).where(col(Response.community_id) == wave.community_id, col(Response.id).in_(gone))
        )
    if room.replaced:
        tx.execute(
            delete(Answer).where(
                col(Answer.community_id) == wave.community_id,
                col(Answer.wave_id) == wave.id,
                col(Answer.response_id).in_(room.replaced),
            )
        )
    insert_all(tx, Answer, room.answers, **common)
    insert_all(tx, Waiting, room.waiting, **common)
    day = tx.now.date().isoformat()
    insert_all(tx, Taker, [{"member_id": one} for one in room.takers], day=day, **common)
    if room.waiting:
        anonymous.look_soon(tx, wave.community_id, wave.id)
    if room.once is not None:
        room.once.write()


# Outer joins, which SQLite takes in the order in which they stand: from the person to what is theirs. Free to choose,
# it reads all responses of the wave for each of them.
_OWN = {"community_id": Id(), "wave_id": Id(), "person_id": Id()}
_PRESENT = PreparedForAll(
    _OWN,
    lambda wanted: select(
        wanted.c.community_id,
        wanted.c.wave_id,
        wanted.c.person_id,
        col(Response.state),
        col(Response.seed),
        col(Response.sealed),
        col(Response.cells),
        col(Response.id),
        col(Response.member_id),
        col(Response.account_id),
        col(Response.space_id),
        col(Response.finished_at),
        col(Response.started_at),
    ).select_from(
        wanted.outerjoin(Account, col(Account.person_id) == wanted.c.person_id)
        .outerjoin(
            Member,
            and_(col(Member.account_id) == col(Account.id), col(Member.community_id) == wanted.c.community_id),
        )
        .outerjoin(
            Response,
            and_(
                col(Response.community_id) == wanted.c.community_id,
                col(Response.wave_id) == wanted.c.wave_id,
                col(Response.member_id) == col(Member.id),
            ),
        )
    ),
)
_TOOK_PART = PreparedForAll(
    _OWN,
    lambda wanted: select(
        wanted.c.community_id, wanted.c.wave_id, wanted.c.person_id, col(Taker.member_id)
    ).select_from(
        wanted.outerjoin(Account, col(Account.person_id) == wanted.c.person_id)
        .outerjoin(
            Member,
            and_(col(Member.account_id) == col(Account.id), col(Member.community_id) == wanted.c.community_id),
        )
        .outerjoin(
            Taker,
            and_(
                col(Taker.community_id) == wanted.c.community_id,
                col(Taker.wave_id) == wanted.c.wave_id,
                col(Taker.member_id) == col(Member.id),
            ),
        )
    ),
)
