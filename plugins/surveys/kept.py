"""What surveys keep about a member: told to them, and erased."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, select, update
from sqlmodel import col

from core.activity import touch_card
from core.context import Owner
from core.texts import Domain, words_to_data
from plugins.surveys import waves
from plugins.surveys.definition import Kind, Question
from plugins.surveys.flow import Sheet
from plugins.surveys.paths import shown
from plugins.surveys.tables import Answer, Response, Survey, Taker, Wave
from plugins.surveys.toml_text import known
from plugins.surveys.waves import FINISHED
from storage.tx import Tx

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("surveys")

SURVEYS, TITLE, AT, ANSWERS = _("surveys"), _("survey"), _("at"), _("answers")
DONE, TOOK_PART, DAY, MADE = (
    _("finished"),
    _("anonymous surveys that you took part in"),
    _("day"),
    _("surveys that you made"),
)


async def exported(session: AsyncSession, owner: Owner) -> dict[str, Any]:
    """A member's answers survey by survey, and the anonymous ones that they took part in."""
    of_wave = and_(col(Wave.community_id) == col(Response.community_id), col(Wave.id) == col(Response.wave_id))
    responses = await session.execute(
        select(Response, col(Wave.definition))
        .join(Wave, of_wave)
        .where(col(Response.community_id) == owner.community_id, col(Response.member_id) == owner.member_id)
        .order_by(col(Response.id))
    )
    found = []
    for response, text in responses:
        definition = known(text)
        data = None if response.sealed is None else owner.vault.open(response.sealed, response.id.bytes)
        sheet = Sheet.of(response.seed, data)
        answers = {
            question.ask: _told(question, sheet)
            for question in definition.questions
            if question.name in sheet.answers
        }
        found.append(
            {
                TITLE.key: definition.title,
                AT.key: response.finished_at or response.started_at,
                DONE.key: response.state == FINISHED,
                ANSWERS.key: answers,
            }
        )
    took_part = await session.execute(
        select(col(Taker.day), col(Wave.definition))
        .join(Wave, and_(col(Wave.community_id) == col(Taker.community_id), col(Wave.id) == col(Taker.wave_id)))
        .where(col(Taker.community_id) == owner.community_id, col(Taker.member_id) == owner.member_id)
        .order_by(col(Taker.day), col(Taker.wave_id))
    )
    made = await session.execute(
        select(col(Survey.definition))
        .where(col(Survey.community_id) == owner.community_id, col(Survey.keeper_id) == owner.account_id)
        .order_by(col(Survey.id))
    )
    return {
        SURVEYS.key: found,
        TOOK_PART.key: [{TITLE.key: known(row.definition).title, DAY.key: row.day} for row in took_part],
        MADE.key: [known(row.definition).title for row in made],
    }


def forgotten(tx: Tx, owner: Owner) -> None:
    """Erase a member's answers and that they took part. Of anonymous answers nobody can tell which are theirs."""
    theirs = (col(Response.community_id) == owner.community_id, col(Response.member_id) == owner.member_id)
    ids = tx.execute(select(col(Response.wave_id)).where(*theirs)).scalars()
    rooms = waves.lock(tx, {(owner.community_id, wave_id) for wave_id in ids})
    # Looked at once more: until the lock another process may have counted them.
    rows = tx.execute(
        select(col(Response.id), col(Response.wave_id), col(Response.state), col(Response.cells)).where(
            *theirs, col(Response.wave_id).in_([wave.id for wave in rooms.values()])
        )
    ).all()
    for row in rows:  # few
        wave = rooms[owner.community_id, row.wave_id]
        if row.state == FINISHED:
            wave.finished -= 1
            wave.count(row.cells, -1)
    tx.execute(
        delete(Answer).where(
            col(Answer.community_id) == owner.community_id,
            col(Answer.wave_id).in_([row.wave_id for row in rows]),
            col(Answer.response_id).in_([row.id for row in rows]),
        )
    )
    tx.execute(
        delete(Response).where(
            col(Response.community_id) == owner.community_id, col(Response.id).in_([row.id for row in rows])
        )
    )
    tx.execute(
        delete(Taker).where(col(Taker.community_id) == owner.community_id, col(Taker.member_id) == owner.member_id)
    )
    waves.save(tx, list(rooms.values()))
    for wave in rooms.values():
        touch_card(tx, wave.community_id, wave.id)
    kept = (col(Survey.community_id) == owner.community_id, col(Survey.keeper_id) == owner.account_id)
    tx.execute(update(Survey).where(*kept).values(keeper_id=None))


def _told(question: Question, sheet: Sheet) -> Any:
    """An answer for its member's own eyes; our words stay phrases, to be put into their language."""
    given = sheet.answers[question.name]
    if given is not None and question.kind in (Kind.LIKERT, Kind.CONSENT):
        return words_to_data(question.label(str(given)))
    return shown(question, given, str, sheet.words.get(question.name, ""))
