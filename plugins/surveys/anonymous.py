"""Anonymous answers: sealed while they wait, then written down among others so that nothing leads to who gave them.

What is sent waits under a random id, sealed. Once five wait they are written down together, in a transaction of their
own, under new random ids and in the order of those: so neither an id nor a day, neither the order in the file nor the
transaction says more of a member than that they are one of the batch. The few that are left at the close are written
among others that were written before, which get new ids with them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from random import SystemRandom
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlmodel import col

from core.alarms import set_alarm
from plugins.surveys.actions import CODE
from plugins.surveys.definition import OTHER, SCALES, TEXTS, Definition, Given, Kind
from plugins.surveys.tables import Answer, Waiting
from storage.bulk import insert_all
from storage.tx import Tx
from storage.vault import Vault

LEAST = 5
"""Responses that are written down together at least, before the close."""
AMONG = 45
"""Of those that were written before, how many the last few are written among at most."""
WRITE = "write"
SOON = timedelta(minutes=1)
"""How long what was sent waits before it is looked whether there are enough."""


class Cell(NamedTuple):
    """An answer as it is kept, its words still open."""

    question: str
    place: int
    option: str | None = None
    number: float | None = None
    text: str | None = None


def cells_of(definition: Definition, answers: Mapping[str, Given | None], words: Mapping[str, str]) -> Iterator[Cell]:
    """The rows that a finished response becomes: one for each answer, or for a question that was passed over."""
    for name, given in answers.items():
        kind = definition.by_name[name].kind
        if given is None:
            yield Cell(name, 0)
        elif isinstance(given, tuple):
            for place, key in enumerate(given):
                yield Cell(name, place, key, None, words.get(name) if key == OTHER else None)
        elif kind in SCALES or kind is Kind.NUMBER:
            yield Cell(name, 0, None, float(given))
        elif kind in TEXTS:
            yield Cell(name, 0, None, None, str(given))
        else:
            yield Cell(name, 0, str(given), None, words.get(name) if given == OTHER else None)


def row_of(cell: Cell, response_id: UUID, vault: Vault, day: str | None = None) -> dict[str, Any]:
    """A row of ``survey_answer``, its words sealed."""
    return {
        "response_id": response_id,
        "question": cell.question,
        "place": cell.place,
        "option": cell.option,
        "number": cell.number,
        "sealed": None if cell.text is None else vault.seal(cell.text.encode(), response_id.bytes),
        "day": day,
    }


def waiting_row(vault: Vault, cells: Iterator[Cell]) -> dict[str, Any]:
    """A row of ``survey_waiting``."""
    new_id = uuid4()
    return {"id": new_id, "sealed": vault.seal(json.dumps(list(cells)).encode(), new_id.bytes)}


def look_soon(tx: Tx, community_id: UUID, wave_id: UUID) -> None:
    """Something waits."""
    set_alarm(tx, community_id, wave_id, CODE, WRITE, tx.now + SOON, or_sooner=True)


def write_down(tx: Tx, vault: Vault, community_id: UUID, wave_id: UUID, *, over: bool) -> None:
    """Write down what waits, if it is enough or the wave is over."""
    here = (col(Waiting.community_id) == community_id, col(Waiting.wave_id) == wave_id)
    found = tx.execute(select(col(Waiting.id), col(Waiting.sealed)).where(*here)).all()
    if not found or (len(found) < LEAST and not over):
        return
    responses = [[Cell(*one) for one in json.loads(vault.open(row.sealed, row.id.bytes))] for row in found]
    if len(found) < LEAST:
        responses += _taken_out(tx, vault, community_id, wave_id)
    day = tx.now.date().isoformat()
    rows: list[dict[str, Any]] = []
    for response_id, cells in sorted(zip((uuid4() for _one in responses), responses, strict=True)):
        rows += sorted(
            (row_of(cell, response_id, vault, day) for cell in cells), key=lambda row: (row["question"], row["place"])
        )
    insert_all(tx, Answer, rows, community_id=community_id, wave_id=wave_id)
    tx.execute(delete(Waiting).where(*here, col(Waiting.id).in_([row.id for row in found])))


def _taken_out(tx: Tx, vault: Vault, community_id: UUID, wave_id: UUID) -> list[list[Cell]]:
    """Some responses that were written before, out of the store."""
    here = (col(Answer.community_id) == community_id, col(Answer.wave_id) == wave_id)
    ids = sorted(tx.execute(select(col(Answer.response_id)).distinct().where(*here)).scalars())
    some = SystemRandom().sample(ids, min(AMONG, len(ids)))
    gone = (*here, col(Answer.response_id).in_(some))
    responses: dict[UUID, list[Cell]] = {one: [] for one in some}
    for row in tx.execute(select(Answer).where(*gone)).all():
        text = None if row.sealed is None else vault.open(row.sealed, row.response_id.bytes).decode()
        responses[row.response_id].append(Cell(row.question, row.place, row.option, row.number, text))
    tx.execute(delete(Answer).where(*gone))
    return list(responses.values())
