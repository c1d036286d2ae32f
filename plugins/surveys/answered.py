"""The answers of a wave, read from the store: in parts, so that the hall goes on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, select
from sqlmodel import col

from core.figures.privacy import TEAM, released
from plugins.surveys.definition import OTHER, TEXTS, Definition, Given, Kind
from plugins.surveys.tables import Answer, Response, Survey, Waiting, Wave
from plugins.surveys.tally import Result, Weights, needed, results
from plugins.surveys.toml_text import known
from plugins.surveys.waves import FINISHED, OPEN
from storage.vault import Vault

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

AT_ONCE = 1000
"""Rows that are taken in between two looks at what else there is to do."""


class Looked(NamedTuple):
    """A wave and its survey."""

    wave: Wave
    survey: Survey
    definition: Definition
    unwritten: bool
    """Anonymous answers still wait to be written down among others."""

    @property
    def open(self) -> bool:
        """Whether answers still come."""
        return self.wave.state == OPEN

    @property
    def waits(self) -> bool:
        """An anonymous wave tells nothing before all is written down: what came between two looks could be few."""
        return self.wave.anonymous and (self.open or self.unwritten)


class Words(NamedTuple):
    """What somebody wrote: to a question, or beside “other”."""

    response_id: UUID
    question: str
    text: str


async def look(session: AsyncSession, community_id: UUID, wave_id: UUID | None) -> Looked | None:
    """A wave; None for any other id."""
    if wave_id is None:
        return None
    found = await _looked(session, _waves(community_id).where(col(Wave.id) == wave_id))
    return found[0] if found else None


async def newest(session: AsyncSession, community_id: UUID, most: int, survey_id: UUID | None = None) -> list[Looked]:
    """The newest waves, of all surveys or of one."""
    query = _waves(community_id).order_by(col(Wave.id).desc()).limit(most)
    return await _looked(session, query if survey_id is None else query.where(col(Wave.survey_id) == survey_id))


async def answers_of(
    session: AsyncSession, wave: Wave, names: Collection[str], *, everything: bool = True
) -> dict[str, dict[UUID, Given | None]]:
    """What each response says to each of these questions.

    :param everything: else only what may be told to everybody while the wave runs: see :func:`released`.
    """
    definition = known(wave.definition)
    found: dict[str, dict[UUID, Given | None]] = {name: {} for name in names}
    columns = (
        col(Answer.response_id),
        col(Answer.question),
        col(Answer.option),
        col(Answer.number),
        col(Answer.sealed).is_not(None),
    )
    here = [*_of(wave), col(Answer.question).in_(list(names))]
    if not everything and wave.state == OPEN:
        first = (
            select(col(Response.id))
            .where(
                col(Response.community_id) == wave.community_id,
                col(Response.wave_id) == wave.id,
                col(Response.state) == FINISHED,
            )
            .order_by(col(Response.finished_at), col(Response.id))
            .limit(released(wave.finished, closed=False))
        )
        here.append(col(Answer.response_id).in_(first))
    rows = await session.stream(
        select(*columns).where(*here).order_by(col(Answer.response_id), col(Answer.question), col(Answer.place))
    )
    async for part in rows.partitions(AT_ONCE):
        for response_id, name, option, number, has_words in part:
            kind = definition.by_name[name].kind
            given: Given | None = option if number is None else number
            if kind in TEXTS:
                given = "" if has_words else None
            elif kind in (Kind.MULTIPLE, Kind.RANKING) and option is not None:
                before = found[name].get(response_id)
                given = (*before, option) if isinstance(before, tuple) else (option,)
            found[name][response_id] = given
    return found


async def result_of(
    session: AsyncSession, found: Looked, name: str, *, everything: bool = True, weights: Weights | None = None
) -> Result:
    """What came of a question."""
    names = needed(found.definition, name)
    answers = await answers_of(session, found.wave, names, everything=everything)
    return (await asyncio.to_thread(results, found.definition, answers, weights))[name]


async def words_of(session: AsyncSession, vault: Vault, wave: Wave, names: Collection[str]) -> AsyncGenerator[Words]:
    """What people wrote, to these questions, question by question. Close it where not all of it is taken."""
    here = [*_of(wave), col(Answer.sealed).is_not(None)]
    here.append(col(Answer.question).in_(list(names)))
    rows = await session.stream(
        select(col(Answer.response_id), col(Answer.question), col(Answer.sealed))
        .where(*here)
        .order_by(col(Answer.question), col(Answer.response_id))
    )
    try:
        async for part in rows.partitions(AT_ONCE):
            for response_id, name, sealed in part:
                if sealed is not None:
                    yield Words(response_id, name, vault.open(sealed, response_id.bytes).decode())
    finally:
        await rows.close()


def has_words(definition: Definition) -> list[str]:
    """The questions to which people may write."""
    return [one.name for one in definition.questions if one.kind in TEXTS or one.other]


async def readable(session: AsyncSession, found: Looked) -> list[str]:
    """The questions whose words may be read: of an anonymous wave, those to which at least five wrote."""
    names = has_words(found.definition)
    if not found.wave.anonymous:
        return names
    wanted = {one for name in names for one in needed(found.definition, name)}
    told = results(found.definition, await answers_of(session, found.wave, wanted))
    return [name for name in names if _wrote(told[name])]


def _wrote(result: Result) -> bool:
    if result.question.kind in TEXTS:
        return result.hidden is None
    return any(row.key == OTHER and row.count for row in result.rows)


def enough(found: Looked) -> bool:
    """Whether so many answered that anything may be told."""
    return not found.waits and found.wave.finished >= TEAM


def _waves(community_id: UUID) -> Select[Wave, Survey, bool]:
    unwritten = exists().where(
        col(Waiting.community_id) == col(Wave.community_id), col(Waiting.wave_id) == col(Wave.id)
    )
    return (
        select(Wave, Survey, unwritten)
        .join(Survey, and_(col(Survey.community_id) == col(Wave.community_id), col(Survey.id) == col(Wave.survey_id)))
        .where(col(Wave.community_id) == community_id)
    )


async def _looked(session: AsyncSession, query: Select[Wave, Survey, bool]) -> list[Looked]:
    rows = await session.execute(query)
    return [Looked(wave, survey, known(wave.definition), unwritten) for wave, survey, unwritten in rows]


def _of(wave: Wave) -> list[ColumnElement[bool]]:
    return [(col(Answer.community_id) == wave.community_id), (col(Answer.wave_id) == wave.id)]
