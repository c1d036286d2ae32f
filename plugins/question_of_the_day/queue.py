"""The queue: what waits in a series, in which order. What writes runs inside a unit of work."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, and_, delete, func, select, update
from sqlmodel import col

from core.markup import plain
from core.texts import Words, words_from_data, words_to_data
from plugins.question_of_the_day.tables import Question, Series, Suggestion, Vote
from storage.bulk import insert_all, update_all
from storage.tables import Schedule
from storage.tx import Tx

CODE = "qd"
"""The plugin's permanent short code."""
MAX_QUESTION = 500
"""Characters of a question: what reads at a glance, and fits every platform with its answer button."""
MIN_QUESTION = 5
MAX_CATEGORY = 30
MAX_SPONSOR = 80
LIGHT, SERIOUS = "light", "serious"

Key = tuple[UUID, UUID]
"""A community and the id of something in it."""
Move = Callable[[int], int]
"""Where a question goes that stands at a place, counted from 0."""


class NewQuestion(NamedTuple):
    """A question to be put at the end of a queue. ``words`` are marked up."""

    words: Words
    language: str | None
    category: str = ""
    tone: str = ""
    sponsor: str | None = None
    source: str | None = None
    season: tuple[int, int] | None = None


class Kept(NamedTuple):
    """A question that waits or was asked. ``text`` is plain, in the community's language."""

    id: UUID
    series_id: UUID
    words: Any
    text: str
    category: str
    tone: str
    sponsor: str | None
    source: str | None
    asked_at: datetime | None
    place: int
    votes: int


class Run(NamedTuple):
    """A series as managers see it. ``state``: running, paused or ended."""

    id: UUID
    schedule_id: UUID
    title: str | None
    image: str | None
    color: int
    draw: str
    categories: str
    tone: str
    allows: str
    state: str


def category_of(text: str) -> str:
    """A category as it is compared: small letters, one blank between words, nothing that a filter is written with."""
    return " ".join("".join(" " if one in "|%_\\*[]()~`>" else one for one in text.lower()).split())[:MAX_CATEGORY]


def add_questions(tx: Tx, community_id: UUID, series_id: UUID, several: Sequence[NewQuestion]) -> int:
    """Put questions at the end of the queue; returns how many wait now."""
    rows = [
        {
            "id": question_id,
            "words": words_to_data(one.words),
            "language": one.language,
            "category": one.category,
            "tone": one.tone,
            "sponsor": one.sponsor,
            "source": one.source,
            "season_from": one.season[0] if one.season else None,
            "season_to": one.season[1] if one.season else None,
            "lot": a_lot(),
        }
        for question_id, one in zip(tx.new_ids(len(several)), several, strict=True)
    ]
    insert_all(
        tx, Question, rows, community_id=community_id, series_id=series_id, place=0, votes=0, created_at=tx.now
    )
    return waiting(tx, community_id, series_id)


def a_lot() -> int:
    """A place in a random order."""
    return random.getrandbits(30)


def shuffle(tx: Tx, community_id: UUID, series_id: UUID) -> None:
    """Give all that wait new lots, for a series that begins to draw at random."""
    ids = tx.execute(select(col(Question.id)).where(*_unasked(community_id, series_id))).scalars()
    rows = [{"community_id": community_id, "id": one, "lot": a_lot()} for one in ids]
    update_all(tx, Question, ("community_id", "id"), rows)


def waiting(tx: Tx, community_id: UUID, series_id: UUID) -> int:
    """How many questions wait."""
    count: int = tx.scalar(select(func.count()).select_from(Question).where(*_unasked(community_id, series_id)))
    return count


def move(tx: Tx, community_id: UUID, question_id: UUID, where: Move) -> bool:
    """Move a question in its queue; whether it still waits."""
    series_id = tx.scalar(
        select(col(Question.series_id)).where(
            col(Question.community_id) == community_id, col(Question.id) == question_id
        )
    )
    if series_id is None or series_of(tx, community_id, series_id=series_id) is None:  # locked, so that none is lost
        return False
    ids = list(
        tx.execute(
            select(col(Question.id))
            .where(*_unasked(community_id, series_id))
            .order_by(col(Question.place), col(Question.id))
        ).scalars()
    )
    if question_id not in ids:
        return False
    at = ids.index(question_id)
    del ids[at]
    ids.insert(max(where(at), 0), question_id)
    rows = [{"community_id": community_id, "id": one, "place": n - len(ids) + 1} for n, one in enumerate(ids)]
    update_all(tx, Question, ("community_id", "id"), rows)
    return True


def remove(tx: Tx, community_id: UUID, ids: Sequence[UUID]) -> None:
    """Take questions that wait out of their queues, with the votes for them."""
    here = and_(col(Question.community_id) == community_id, col(Question.asked_at).is_(None))
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        tx.execute(delete(Question).where(here, col(Question.id).in_(some)))
        tx.execute(delete(Vote).where(col(Vote.community_id) == community_id, col(Vote.question_id).in_(some)))


def series_of(
    tx: Tx, community_id: UUID, schedule_id: UUID | None = None, *, series_id: UUID | None = None
) -> Series | None:
    """The community's first series, or the one with that schedule or id; locked: one question at a time is asked."""
    query = select(Series).where(col(Series.community_id) == community_id).with_for_update()
    if schedule_id is not None:
        query = query.where(col(Series.schedule_id) == schedule_id)
    if series_id is not None:
        query = query.where(col(Series.id) == series_id)
    row = tx.execute(query.order_by(col(Series.id)).limit(1)).first()
    return Series(**row._mapping) if row else None


def set_series(tx: Tx, community_id: UUID, series_id: UUID, **values: Any) -> None:
    """Change a series."""
    tx.execute(
        update(Series).where(col(Series.community_id) == community_id, col(Series.id) == series_id).values(**values)
    )


def all_series(connection: Connection, community_id: UUID) -> list[Run]:
    """A community's series, those that ended last."""
    rows = connection.execute(
        select(
            col(Series.id),
            col(Series.schedule_id),
            col(Series.title),
            col(Series.image),
            col(Series.color),
            col(Series.draw),
            col(Series.categories),
            col(Series.tone),
            col(Series.allows),
            col(Schedule.paused_at),
            col(Schedule.ended_at),
        )
        .join(
            Schedule,
            and_(
                col(Schedule.community_id) == col(Series.community_id),
                col(Schedule.id) == col(Series.schedule_id),
            ),
        )
        .where(col(Series.community_id) == community_id)
        .order_by(col(Schedule.ended_at).is_not(None), col(Series.id))
    )
    return [
        Run(*row[:9], state="ended" if row.ended_at else "paused" if row.paused_at else "running") for row in rows
    ]


def all_questions(
    connection: Connection,
    community_id: UUID,
    say: Callable[[Words], str],
    *,
    series_id: UUID | None = None,
    question_id: UUID | None = None,
) -> list[Kept]:
    """All questions of a community or a series, or just one; those that wait first and in order."""
    query = select(
        col(Question.id),
        col(Question.series_id),
        col(Question.words),
        col(Question.category),
        col(Question.tone),
        col(Question.sponsor),
        col(Question.source),
        col(Question.asked_at),
        col(Question.place),
        col(Question.votes),
    ).where(col(Question.community_id) == community_id)
    if series_id is not None:
        query = query.where(col(Question.series_id) == series_id)
    if question_id is not None:
        query = query.where(col(Question.id) == question_id)
    rows = connection.execute(
        query.order_by(
            col(Question.asked_at).is_not(None), col(Question.series_id), col(Question.place), col(Question.id)
        )
    )
    return [Kept(row.id, row.series_id, row.words, plain(say(words_from_data(row.words))), *row[3:]) for row in rows]


def suggested(connection: Connection, community_id: UUID) -> int:
    """How many suggestions of members wait."""
    count: int = connection.execute(
        select(func.count()).select_from(Suggestion).where(col(Suggestion.community_id) == community_id)
    ).scalar_one()
    return count


def found(questions: Iterable[Kept], text: str) -> list[Kept]:
    """The questions that hold all the words, in their text, category or sponsor."""
    wanted = text.casefold().split()
    return [
        one
        for one in questions
        if all(word in f"{one.text} {one.category} {one.tone} {one.sponsor or ''}".casefold() for word in wanted)
    ]


def _unasked(community_id: UUID, series_id: UUID) -> tuple[Any, ...]:
    return (
        col(Question.community_id) == community_id,
        col(Question.series_id) == series_id,
        col(Question.asked_at).is_(None),
    )
