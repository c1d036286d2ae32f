"""Questions as files: a list or CSV handed in, looked through before anything is kept, and CSV handed out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from plugins.question_of_the_day.likeness import nearest, same
from plugins.question_of_the_day.queue import (
    LIGHT,
    MAX_QUESTION,
    MAX_SPONSOR,
    MIN_QUESTION,
    SERIOUS,
    Kept,
    category_of,
)

MOST_LINES = 2000
"""New questions that are taken at once: five years of one a day."""
NEARLY = 90.0
"""From this likeness on (0 to 100) a line is named as nearly one that is there; it is taken all the same."""
COLUMNS = ("question", "category", "tone", "sponsor")
_FORMULA = ("=", "+", "-", "@")


class Line(NamedTuple):
    """A line that can be taken. Plain words."""

    question: str
    category: str = ""
    tone: str = ""
    sponsor: str = ""


class Looked(NamedTuple):
    """What a list holds. Nothing of it is kept yet."""

    new: list[Line]
    doubled: list[str]
    too_long: list[str]
    too_short: list[str]
    nearly: list[tuple[str, str]]
    """New ones that are nearly one that is there, each with that one."""
    over: int
    """New ones beyond :data:`MOST_LINES`."""


class Unreadable(Exception):
    """CSV whose line of that number can't be read: a quotation mark opens a cell as long as a book, as a rule."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


def read(text: str) -> list[Line]:
    """The lines of CSV with a head that names the question's column, or else of a plain list, one question a line.

    :raises Unreadable: it is no CSV after all.
    """
    text = text.lstrip()
    first = next(iter(text.splitlines()), "")
    for mark in (",", ";", "\t"):
        names = [name.strip().strip('"').casefold() for name in first.split(mark)]
        if "question" in names:
            return [_line(row) for row in _rows(text, mark, names)]
    return [Line(_listed(one)) for one in text.splitlines() if one.strip()]


def _rows(text: str, mark: str, names: Sequence[str]) -> Iterator[dict[str, str]]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    begun = 1
    try:
        next(rows)
        for row in rows:
            if len(names) == 1:
                row = [mark.join(row)]  # a list with a heading, whose commas are the questions' own
            if any(cell.strip() for cell in row):
                yield dict(zip(names, row, strict=False))
            begun = rows.line_num + 1
    except csv.Error as error:
        raise Unreadable(begun) from error


def look(lines: Sequence[Line], known: Sequence[str]) -> Looked:
    """Which of the lines are new, doubled, too long or too short, held against the questions that are there."""
    looked, over = Looked([], [], [], [], [], 0), 0
    seen = {same(one) for one in known}
    for line in lines:
        if len(line.question) > MAX_QUESTION:
            looked.too_long.append(line.question)
        elif len(line.question) < MIN_QUESTION:
            looked.too_short.append(line.question)
        elif same(line.question) in seen:
            looked.doubled.append(line.question)
        elif len(looked.new) == MOST_LINES:
            over += 1
        else:
            seen.add(same(line.question))
            looked.new.append(line)
    near = nearest([line.question for line in looked.new], known, NEARLY)
    looked.nearly.extend(
        (line.question, known[place]) for line, place in zip(looked.new, near, strict=True) if place is not None
    )
    return looked._replace(over=over)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """CSV that every spreadsheet opens. What a spreadsheet would reckon as a formula is kept from it by a quote."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(head)
    for row in rows:
        writer.writerow([f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell for cell in row])
    return out.getvalue().encode("utf-8-sig")


def rows_of(questions: Iterable[Kept], titles: Mapping[UUID, str], when: Mapping[UUID, str]) -> list[list[str]]:
    """Questions as rows that :func:`read` takes back, with their series and when they were asked."""
    return [
        [one.text, one.category, one.tone, one.sponsor or "", titles.get(one.series_id, ""), when.get(one.id, "")]
        for one in questions
    ]


def _line(cells: Mapping[str, str]) -> Line:
    tone = _cell(cells, "tone").casefold()
    return Line(
        _cell(cells, "question"),
        category_of(_cell(cells, "category")),
        tone if tone in (LIGHT, SERIOUS) else "",
        _cell(cells, "sponsor")[:MAX_SPONSOR],
    )


def _cell(cells: Mapping[str, str], name: str) -> str:
    text = " ".join((cells.get(name) or "").split())
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def _listed(text: str) -> str:
    """A line of a list without the mark that it begins with."""
    text = " ".join(text.split())
    for mark in ("- ", "* ", "• "):
        text = text.removeprefix(mark)
    number, point, rest = text.partition(". ")
    return rest if point and number.isdecimal() else text
