"""Which question is next in a series: by its queue, at random, by turns of its categories, or by what works here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Integer, and_, case, func, literal_column, or_, select
from sqlmodel import col

from core.crowds import STANDS
from plugins.question_of_the_day.tables import Answer, Asked, Question, Series
from storage.prepared import PreparedForAll, Statement
from storage.tables import Delivery, table_of
from storage.tx import Tx
from storage.types import Id

QUEUE, RANDOM, TURNS, WORKS = "queue", "random", "turns", "works"
DRAWS = (QUEUE, RANDOM, TURNS, WORKS)
"""How a series draws: in order; at random, none twice; each category in turn; the categories that work here."""
EXPLORE = 4
"""Where categories that work are drawn, each fourth question is of the one that was asked least: tastes change."""
LOOKED_AT = 60
"""The newest questions of a series by which it is told what works."""

Run = Callable[..., list[tuple[Any, ...]]]
"""Runs a statement that was prepared for many keys: :meth:`storage.tx.Tx.run_all`, or the same for a reader."""


class Place(NamedTuple):
    """A schedule that asks, on a local day as ``month * 100 + day``."""

    community_id: UUID
    schedule_id: UUID
    day: int


class Kind(NamedTuple):
    """What a category brought lately: questions and their answers; and of those questions of which it is known how
    many could see them (:mod:`core.crowds`) the same, with those people, a member once for each question."""

    asked: int = 0
    answers: int = 0
    counted: int = 0
    counted_answers: int = 0
    could: int = 0


class Next(NamedTuple):
    """A series whose time has come, with the question that it asks; ``question_id`` is None where none waits."""

    community_id: UUID
    schedule_id: UUID
    series_id: UUID
    keeper_id: UUID | None
    before: UUID | None
    """The activity of the question before, which this one closes."""
    title: str | None
    image: str | None
    color: int
    allows: str
    draw: str
    question_id: UUID | None
    words: Any
    language: str | None
    category: str
    sponsor: str | None

    @property
    def votes(self) -> bool:
        """Members vote for what comes next."""
        return "vote" in self.allows


_QUESTION = ("question_id", "words", "language", "category", "sponsor")


def day_of(moment: datetime, time_zone: str | None = None) -> int:
    """The day of a moment, in a zone, as seasons are written: 1224 is Christmas Eve. A wall time needs no zone."""
    local = moment.astimezone(ZoneInfo(time_zone)) if time_zone is not None else moment
    return local.month * 100 + local.day


def draw(tx: Tx, places: Sequence[Place]) -> list[Next]:
    """What each schedule's series asks next; the series are locked, so that one question at a time is asked."""
    return _draw(tx.run_all, _NEXT, places)


def look(connection: Connection, place: Place) -> Next | None:
    """What a series would ask next, read only."""

    def run(statement: PreparedForAll, keys: Sequence[tuple[Any, ...]], **params: Any) -> list[tuple[Any, ...]]:
        cursor = connection.connection.cursor()
        try:
            return statement.run_all(cursor, connection.dialect, keys, params)
        finally:
            cursor.close()

    return next(iter(_draw(run, _LOOK, [place])), None)


def _draw(run: Run, statement: PreparedForAll, places: Sequence[Place]) -> list[Next]:
    drawn = [Next(*row) for row in run(statement, places)]
    days = {(place.community_id, place.schedule_id): place.day for place in places}
    waits = [one for one in drawn if one.question_id is not None]

    def keys(several: Sequence[Next]) -> list[tuple[Any, ...]]:
        return [(one.community_id, one.series_id, days[one.community_id, one.schedule_id]) for one in several]

    able = [one for one in waits if one.draw == WORKS]
    sorted_ones = [one for one in waits if one.draw in (RANDOM, TURNS) or (one.votes and one.draw != WORKS)]
    instead: dict[UUID, tuple[Any, ...]] = {
        series_id: tuple(question) for series_id, *question in run(_FIRST, keys(sorted_ones))
    }
    if able:
        instead |= _working(run, keys(able))
    return [
        one._replace(**dict(zip(_QUESTION, instead[one.series_id], strict=True))) if one.series_id in instead else one
        for one in drawn
    ]


def _working(run: Run, able: Sequence[tuple[Any, ...]]) -> dict[UUID, tuple[Any, ...]]:
    """The first question of the category that works, in each series."""
    first: dict[UUID, dict[str, tuple[Any, ...]]] = {}
    for series_id, *question in run(_FIRST_OF_EACH, able):
        first.setdefault(series_id, {})[question[_QUESTION.index("category")]] = tuple(question)
    kinds: dict[UUID, dict[str, Kind]] = {}
    asked: dict[UUID, int] = {}
    for series_id, category, in_all, *brought in run(_YIELDS, [key[:2] for key in able]):
        kinds.setdefault(series_id, {})[category] = Kind(*(int(one or 0) for one in brought))
        asked[series_id] = in_all
    return {
        series_id: waiting[that_works(kinds.get(series_id, {}), list(waiting), asked.get(series_id, 0))]
        for series_id, waiting in first.items()
    }


def that_works(kinds: Mapping[str, Kind], waiting: Sequence[str], asked: int) -> str:
    """The category to ask out of those that wait, by what each brought lately; ``asked`` is of the series, ever.

    Three of four times the one that :func:`worth` puts first. Each fourth time the one that was asked least.
    """
    if asked % EXPLORE == EXPLORE - 1:
        return min(waiting, key=lambda one: (kinds.get(one, Kind()).asked, one))
    brings = worth(kinds)
    return max(sorted(waiting), key=lambda one: brings(kinds.get(one, Kind())))


def worth(kinds: Mapping[str, Kind]) -> Callable[[Kind], float]:
    """How well a category does among these: its answers for each member who could see the questions, where that is
    known of at least half of them all; else its answers a question.

    Each is reckoned as if it had been asked once more with the average result, so that one lucky question decides
    nothing and a new category starts in the middle.
    """
    whole = Kind(*(sum(each) for each in zip(*kinds.values(), strict=True))) if kinds else Kind()
    if whole.could and 2 * whole.counted >= whole.asked:
        once, mean = whole.could / whole.counted, whole.counted_answers / whole.could
        return lambda kind: (kind.counted_answers + mean * once) / (kind.could + once)
    mean = whole.answers / whole.asked if whole.asked else 0.0
    return lambda kind: (kind.answers + mean) / (kind.asked + 1)


def fits(day: Any) -> ColumnElement[bool]:
    """A question waits that its series takes on that day."""
    start, end = col(Question.season_from), col(Question.season_to)
    return and_(
        col(Question.community_id) == col(Series.community_id),
        col(Question.series_id) == col(Series.id),
        col(Question.asked_at).is_(None),
        or_(col(Series.tone) == literal_column("''"), col(Series.tone) == col(Question.tone)),
        or_(
            col(Series.categories) == literal_column("''"),
            col(Series.categories).like(
                literal_column("'%|'").op("||")(col(Question.category)).op("||")(literal_column("'|%'"))
            ),
        ),
        or_(
            start.is_(None),
            and_(start <= end, day >= start, day <= end),
            and_(start > end, or_(day >= start, day <= end)),
        ),
    )


def order() -> tuple[Any, ...]:
    """What is first of what waits in a series."""
    earlier = table_of(Question).alias()
    turn = (
        select(func.max(earlier.c.asked_at))
        .where(
            earlier.c.community_id == col(Series.community_id),
            earlier.c.series_id == col(Series.id),
            earlier.c.category == col(Question.category),
            earlier.c.asked_at.is_not(None),
        )
        .correlate(Series, Question)
        .scalar_subquery()
    )
    voted = col(Series.allows).like(literal_column("'%vote%'"))
    zero: ColumnElement[Any] = literal_column("0")
    # A case's other ways are not reckoned, so a plain queue pays nothing for the turns.
    in_turn = case((col(Series.draw) == literal_column(f"'{TURNS}'"), turn))
    return (
        case((voted, col(Question.votes)), else_=zero).desc(),
        case((in_turn.is_(None), zero), else_=literal_column("1")),
        in_turn,
        case((col(Series.draw) == literal_column(f"'{RANDOM}'"), col(Question.lot)), else_=zero),
        col(Question.place),
        col(Question.id),
    )


def _next(*, lock: bool) -> PreparedForAll:
    def build(wanted: Any) -> Statement:
        # In the queue's order, which an index has: series that draw otherwise look again, by their own statements.
        first = (
            select(col(Question.id))
            .where(fits(wanted.c.day))
            .order_by(col(Question.place), col(Question.id))
            .limit(1)
            .correlate(Series, wanted)
            .scalar_subquery()
        )
        statement = (
            select(
                col(Series.community_id),
                col(Series.schedule_id),
                col(Series.id),
                col(Series.keeper_id),
                col(Series.activity_id),
                col(Series.title),
                col(Series.image),
                col(Series.color),
                col(Series.allows),
                col(Series.draw),
                col(Question.id),
                col(Question.words),
                col(Question.language),
                col(Question.category),
                col(Question.sponsor),
            )
            .join(
                wanted,
                and_(
                    col(Series.community_id) == wanted.c.community_id,
                    col(Series.schedule_id) == wanted.c.schedule_id,
                ),
            )
            .outerjoin(
                Question,
                and_(col(Question.community_id) == col(Series.community_id), col(Question.id) == first),
            )
        )
        return statement.with_for_update(of=Series) if lock else statement

    return PreparedForAll({"community_id": Id(), "schedule_id": Id(), "day": Integer()}, build)


_NEXT, _LOOK = _next(lock=True), _next(lock=False)


def _ranked(*, by_category: bool) -> Callable[[Any], Statement]:
    """The first question of each series, or of each of its categories, as the series draws."""

    def build(wanted: Any) -> Statement:
        groups = (col(Series.community_id), col(Series.id), *([col(Question.category)] if by_category else []))
        ranked = (
            select(
                col(Series.id).label("series_id"),
                col(Question.id).label("question_id"),
                col(Question.words).label("words"),
                col(Question.language).label("language"),
                col(Question.category).label("category"),
                col(Question.sponsor).label("sponsor"),
                func.row_number().over(partition_by=groups, order_by=order()).label("number"),
            )
            .select_from(wanted)
            .join(
                Series,
                and_(col(Series.community_id) == wanted.c.community_id, col(Series.id) == wanted.c.series_id),
            )
            .join(Question, fits(wanted.c.day))
            .subquery()
        )
        columns = [ranked.c.series_id, *(ranked.c[name] for name in _QUESTION)]
        return select(*columns).where(ranked.c.number == literal_column("1"))

    return build


_FIRST = PreparedForAll({"community_id": Id(), "series_id": Id(), "day": Integer()}, _ranked(by_category=False))
_FIRST_OF_EACH = PreparedForAll(
    {"community_id": Id(), "series_id": Id(), "day": Integer()}, _ranked(by_category=True)
)


def _yields(wanted: Any) -> Statement:
    """Of the newest questions of each series, by category: how many questions the series asked in all, and what a
    :class:`Kind` holds."""
    mine = (wanted.c.community_id, wanted.c.series_id)  # by Asked's, SQLite reads all that was ever asked
    numbered = (
        select(
            *mine,
            col(Asked.activity_id),
            col(Asked.category),
            func.row_number().over(partition_by=mine, order_by=col(Asked.asked_at).desc()).label("number"),
            func.count().over(partition_by=mine).label("asked"),
        )
        .select_from(wanted)
        .join(
            Asked,
            and_(col(Asked.community_id) == wanted.c.community_id, col(Asked.series_id) == wanted.c.series_id),
        )
        .subquery()
    )
    newest = select(numbered).where(numbered.c.number <= literal_column(str(LOOKED_AT))).subquery()
    # As core.crowds reckons them.
    spaces = (
        select(
            newest.c.community_id,
            newest.c.activity_id,
            (func.count() - func.count(col(Delivery.headcount))).label("unknown"),
            func.max(col(Delivery.headcount)).label("people"),
        )
        .join(
            Delivery,
            and_(
                col(Delivery.community_id) == newest.c.community_id,
                col(Delivery.activity_id) == newest.c.activity_id,
                STANDS,
            ),
        )
        .group_by(newest.c.community_id, newest.c.activity_id, col(Delivery.space_id))
        .subquery()
    )
    crowd = (
        select(spaces.c.community_id, spaces.c.activity_id, func.sum(spaces.c.people).label("people"))
        .group_by(spaces.c.community_id, spaces.c.activity_id)
        .having(func.sum(spaces.c.unknown) == literal_column("0"), func.sum(spaces.c.people) > literal_column("0"))
        .subquery()
    )
    answers = (
        select(func.count())
        .select_from(Answer)
        .where(col(Answer.community_id) == newest.c.community_id, col(Answer.activity_id) == newest.c.activity_id)
        .correlate(newest)
        .scalar_subquery()
    )
    each = (
        select(newest, answers.label("answers"), crowd.c.people)
        .outerjoin(
            crowd,
            and_(crowd.c.community_id == newest.c.community_id, crowd.c.activity_id == newest.c.activity_id),
        )
        .subquery()
    )
    return select(
        each.c.series_id,
        each.c.category,
        func.max(each.c.asked),
        func.count(),
        func.sum(each.c.answers),
        func.count(each.c.people),
        func.sum(case((each.c.people.is_not(None), each.c.answers))),
        func.sum(each.c.people),
    ).group_by(each.c.community_id, each.c.series_id, each.c.category)


_YIELDS = PreparedForAll({"community_id": Id(), "series_id": Id()}, _yields)
