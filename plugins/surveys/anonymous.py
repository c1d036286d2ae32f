"""Anonymous responses, written down by :mod:`core.anonymous`: what a response's cells are, and how they are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import delete, select
from sqlmodel import col

from core import anonymous
from core.anonymous import LEAST, shuffled, some_of
from plugins.surveys.actions import CODE
from plugins.surveys.definition import OTHER, SCALES, TEXTS, Definition, Given, Kind
from plugins.surveys.tables import Answer
from plugins.surveys.tables import Waiting as Row
from storage.bulk import insert_all
from storage.tx import Tx
from storage.vault import Vault

WAITING = anonymous.Waiting(CODE, Row, "wave_id")


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
    return WAITING.row(vault, list(cells))


def look_soon(tx: Tx, community_id: UUID, wave_id: UUID) -> None:
    """Something waits."""
    WAITING.look_soon(tx, community_id, wave_id)


def write_down(tx: Tx, vault: Vault, community_id: UUID, wave_id: UUID, *, over: bool) -> None:
    """Write down what waits, if it is enough or the wave is over."""
    found = WAITING.take(tx, vault, community_id, wave_id, over=over)
    if not found:
        return
    responses = [[Cell(*one) for one in cells] for cells in found]
    if len(found) < LEAST:
        responses += _taken_out(tx, vault, community_id, wave_id)
    day = tx.now.date().isoformat()
    rows: list[dict[str, Any]] = []
    for response_id, cells in shuffled(responses):
        rows += sorted(
            (row_of(cell, response_id, vault, day) for cell in cells), key=lambda row: (row["question"], row["place"])
        )
    insert_all(tx, Answer, rows, community_id=community_id, wave_id=wave_id)


def _taken_out(tx: Tx, vault: Vault, community_id: UUID, wave_id: UUID) -> list[list[Cell]]:
    """Some responses that were written before, out of the store."""
    here = (col(Answer.community_id) == community_id, col(Answer.wave_id) == wave_id)
    some = some_of(tx.execute(select(col(Answer.response_id)).distinct().where(*here)).scalars())
    gone = (*here, col(Answer.response_id).in_(some))
    responses: dict[UUID, list[Cell]] = {one: [] for one in some}
    for row in tx.execute(select(Answer).where(*gone)).all():
        text = None if row.sealed is None else vault.open(row.sealed, row.response_id.bytes).decode()
        responses[row.response_id].append(Cell(row.question, row.place, row.option, row.number, text))
    tx.execute(delete(Answer).where(*gone))
    return list(responses.values())
