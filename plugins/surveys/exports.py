"""A wave's answers as files: a table as CSV and as Parquet, all of it as JSON, and a codebook of the columns.

Of an anonymous wave there is neither an id nor a moment in them, and the order of the rows is thrown anew each time.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, select
from sqlmodel import col

from core.context import Viewer
from core.files import File
from core.texts import Words
from plugins.surveys.answered import AT_ONCE, Looked, answers_of, enough, has_words, look, words_of
from plugins.surveys.definition import OTHER, SCALES, TEXTS, Kind, Question
from plugins.surveys.tables import Response, Wave
from plugins.surveys.tally import Result, Weights, results
from plugins.surveys.weighing import weigh
from storage.tables import Space

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

CSV, JSON, PARQUET = "text/csv", "application/json", "application/vnd.apache.parquet"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the begin of a text (OWASP, CSV Injection)."""

Value = str | int | float | None


class Column(NamedTuple):
    """A column of the table. ``key`` is the option that it is about, where it is about one."""

    name: str
    type: str
    question: Question | None = None
    key: str = ""
    of: str = ""
    """What it holds, in English."""


class Table(NamedTuple):
    """Rows and columns."""

    columns: tuple[Column, ...]
    rows: list[list[Value]]


async def csv_file(session: AsyncSession, viewer: Viewer, wave_id: UUID | None) -> File | None:
    """The table as CSV, in UTF-8 with a mark that spreadsheets know."""
    found = await _found(session, viewer, wave_id)
    if found is None:
        return None
    table = await _table(session, viewer, found)
    data = await asyncio.to_thread(_csv, table, safe=True)
    return File(f"{_name(found)}.csv", CSV, b"\xef\xbb\xbf" + data)


async def parquet_file(session: AsyncSession, viewer: Viewer, wave_id: UUID | None) -> File | None:
    """The table as Parquet, with types."""
    found = await _found(session, viewer, wave_id)
    if found is None:
        return None
    table = await _table(session, viewer, found)
    return File(f"{_name(found)}.parquet", PARQUET, await asyncio.to_thread(_parquet, table))


async def json_file(session: AsyncSession, viewer: Viewer, wave_id: UUID | None) -> File | None:
    """The questions, what came of each with its formulas, and all answers."""
    found = await _found(session, viewer, wave_id)
    if found is None:
        return None
    table = await _table(session, viewer, found)
    answers = await answers_of(session, found.wave, list(found.definition.by_name))
    weighed = await weigh(session, found)
    told = await asyncio.to_thread(results, found.definition, answers, weighed.weights)
    whole = {
        "survey": found.definition.title,
        "wave": found.wave.number,
        "anonymous": found.wave.anonymous,
        "finished": found.wave.finished,
        "questions": [_question(one, viewer) for one in found.definition.questions],
        "results": [_result(one, viewer) for one in told.values()],
        "columns": [one.name for one in table.columns],
        "answers": table.rows,
    }
    data = await asyncio.to_thread(json.dumps, whole, ensure_ascii=False, indent=1)
    return File(f"{_name(found)}.json", JSON, data.encode())


async def codebook_file(session: AsyncSession, viewer: Viewer, wave_id: UUID | None) -> File | None:
    """What each column is, and what stands for which answer."""
    found = await _found(session, viewer, wave_id)
    if found is None:
        return None
    rows: list[list[Value]] = [["column", "type", "holds", "question", "kind", "asked if", "answer", "means"]]
    for one in await _columns(session, found):
        question = one.question
        about: list[Value] = [one.name, one.type.lower(), one.of]
        about += ["", "", ""] if question is None else [question.ask, question.kind.value, question.when]
        listed = [(key.key, viewer.say(key.label)) for key in question.choices] if question and not one.key else []
        if question is not None and one.key:
            listed = [(one.key, viewer.say(question.label(one.key)))]
        rows += [[*about, key, label] for key, label in listed] or [[*about, "", ""]]
    return File(f"{_name(found)}-codebook.csv", CSV, b"\xef\xbb\xbf" + _csv_rows(rows))


async def _found(session: AsyncSession, viewer: Viewer, wave_id: UUID | None) -> Looked | None:
    found = await look(session, viewer.community_id, wave_id)
    return found if found is not None and enough(found) else None


async def _columns(session: AsyncSession, found: Looked) -> tuple[Column, ...]:
    weighed = await weigh(session, found)
    first = (
        [Column("row number", "BIGINT", of="nothing: rows are shuffled")]
        if found.wave.anonymous
        else [
            Column("response id", "VARCHAR", of="the response's id"),
            Column(
                "member id", "VARCHAR", of="the member's pseudonym in this community, the same in all its surveys"
            ),
            Column("space name", "VARCHAR", of="where it was answered"),
            Column("finished at", "TIMESTAMP", of="when it was finished first, UTC"),
        ]
    )
    if weighed.weights is not None:
        first.append(
            Column("weight by margins", "DOUBLE", of="by the margins; empty where not all that weighs was answered")
        )
    # No question's name has a space in it. Options that differ in capitals alone would be one column to a database.
    known: Counter[str] = Counter()
    for one in found.definition.questions:
        for column in _of(one):
            known[column.name.lower()] += 1
            again = known[column.name.lower()]
            first.append(column._replace(name=f"{column.name} {again}") if again > 1 else column)
    return tuple(first)


def _of(question: Question) -> Iterator[Column]:
    name = question.name
    match question.kind:
        case Kind.MULTIPLE:
            for one in question.choices:
                yield Column(f"{name}.{one.key}", "BIGINT", question, one.key, "1 picked, 0 not; empty: not answered")
        case Kind.RANKING:
            for one in question.choices:
                yield Column(f"{name}.{one.key}", "BIGINT", question, one.key, "the place, 1 the first")
        case Kind.NUMBER:
            yield Column(name, "DOUBLE", question, of="a number")
        case kind if kind in SCALES:
            yield Column(name, "BIGINT", question, of="a point of the scale")
        case Kind.DATE:
            yield Column(name, "DATE", question, of="a day")
        case kind if kind in TEXTS:
            yield Column(name, "VARCHAR", question, of="words")
        case _:
            yield Column(name, "VARCHAR", question, of="the answer’s key")
    if question.other:
        yield Column(f"{name}.{OTHER}.words", "VARCHAR", question, OTHER, "words beside “other”")


async def _table(session: AsyncSession, viewer: Viewer, found: Looked) -> Table:
    """A row for each response."""
    columns = await _columns(session, found)
    definition = found.definition
    answers = await answers_of(session, found.wave, list(definition.by_name))
    weights = (await weigh(session, found)).weights
    written: dict[tuple[UUID, str], str] = {}
    async for one in words_of(session, viewer.vault, found.wave, has_words(definition)):
        written[one.response_id, one.question] = one.text
    people = {} if found.wave.anonymous else await _people(session, found.wave)
    rows = await asyncio.to_thread(_rows, columns, answers, written, weights, people, found.wave.anonymous)
    return Table(columns, rows)


def _rows(
    columns: Sequence[Column],
    answers: Mapping[str, Mapping[UUID, Any]],
    written: Mapping[tuple[UUID, str], str],
    weights: Weights | None,
    people: Mapping[UUID, tuple[Value, ...]],
    anonymous: bool,
) -> list[list[Value]]:
    ids = sorted({response for given in answers.values() for response in given})
    if anonymous:
        SystemRandom().shuffle(ids)
    rows = []
    for number, response in enumerate(ids, 1):
        row: list[Value] = [number] if anonymous else [*people.get(response, (response.hex, "", "", None))]
        if weights is not None:
            row.append(weights.get(response))
        rows.append([*row, *(_cell(column, answers, written, response) for column in columns[len(row) :])])
    return rows


def _cell(
    column: Column,
    answers: Mapping[str, Mapping[UUID, Any]],
    written: Mapping[tuple[UUID, str], str],
    response: UUID,
) -> Value:
    question = column.question
    if question is None:
        return None
    given = answers[question.name].get(response)
    if column.type == "VARCHAR" and (question.kind in TEXTS or column.key == OTHER):
        return written.get((response, question.name))
    if given is None:
        return None
    if question.kind is Kind.MULTIPLE:
        return int(column.key in given)
    if question.kind is Kind.RANKING:
        return given.index(column.key) + 1 if column.key in given else None
    return int(given) if question.kind in SCALES else given


async def _people(session: AsyncSession, wave: Wave) -> dict[UUID, tuple[Value, ...]]:
    rows = await session.stream(
        select(col(Response.id), col(Response.member_id), col(Space.name), col(Response.finished_at))
        .outerjoin(
            Space,
            and_(col(Space.community_id) == col(Response.community_id), col(Space.id) == col(Response.space_id)),
        )
        .where(col(Response.community_id) == wave.community_id, col(Response.wave_id) == wave.id)
    )
    found: dict[UUID, tuple[Value, ...]] = {}
    async for part in rows.partitions(AT_ONCE):
        for response, member, space, finished in part:
            found[response] = (response.hex, member.hex, space or "", _moment(finished))
    return found


def _moment(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%d %H:%M:%S") if at else None


def _csv(table: Table, *, safe: bool) -> bytes:
    """``safe``: words that a spreadsheet would reckon with get a mark before them."""
    words = [number for number, one in enumerate(table.columns) if one.type == "VARCHAR"]
    rows: list[list[Value]] = [[one.name for one in table.columns]]
    for row in table.rows:
        row = list(row)
        for number in words if safe else ():
            if isinstance(text := row[number], str) and text.startswith(_FORMULA):
                row[number] = f"'{text}"
        rows.append(row)
    return _csv_rows(rows)


def _csv_rows(rows: Sequence[Sequence[Value]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _parquet(table: Table) -> bytes:
    import duckdb  # heavy, and no start needs it

    with TemporaryDirectory() as folder:
        source, target = Path(folder, "answers.csv"), Path(folder, "answers.parquet")
        source.write_bytes(_csv(table, safe=False))
        columns = {one.name: one.type for one in table.columns}
        with duckdb.connect(config={"threads": 1}) as database:
            read = database.read_csv(
                str(source), header=True, columns=columns, delimiter=",", quotechar='"', escapechar='"',
                auto_detect=False, max_line_size=MAX_LINE,
            )  # fmt: skip
            read.write_parquet(str(target))
        return target.read_bytes()


MAX_LINE = 2**24
"""Bytes of a row: many long texts."""


def _question(one: Question, viewer: Viewer) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind.value,
        "ask": one.ask,
        "when": one.when,
        "required": one.required,
        "answers": {choice.key: viewer.say(choice.label) for choice in one.choices},
    }


def _result(one: Result, viewer: Viewer) -> dict[str, Any]:
    def said(words: Words) -> str:
        return viewer.say(words)

    return {
        "question": one.question.name,
        "n": None if one.hidden else one.n,
        "hidden": one.hidden.value if one.hidden else None,
        "weighted": one.weighted.to_data() if one.weighted else None,
        "rows": [
            {
                "key": row.key,
                "label": said(row.label),
                "count": row.count,
                "figure": row.figure.to_data() if row.figure else None,
            }
            for row in one.rows
        ],
        "figures": [{"label": said(told.label), **told.figure.to_data()} for told in one.figures],
        "leaders": [row.key for row in one.leaders] if one.leaders else None,
        "too_close_to_call": one.close if one.leaders else None,
    }


def _name(found: Looked) -> str:
    """A file name that says which survey, in letters that every system takes."""
    words = re.sub(r"[^a-z0-9]+", "-", found.definition.title.lower()).strip("-")[:40]
    return f"{words or 'survey'}-{found.wave.number}"
