"""What the question of the day keeps about a member: told to them, and erased."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, select, update
from sqlmodel import col

from core.activity import OPEN, touch_card
from core.context import Owner
from core.texts import Domain
from plugins.question_of_the_day.tables import Answer, Reaction, Series
from storage.tables import Activity
from storage.tx import Tx

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("question_of_the_day")

ANSWERS, REACTIONS, TOLD = _("answers"), _("reactions"), _("told when no question waits")
QUESTION, WORDS, AT, EMOJI = _("question"), _("words"), _("at"), _("emoji")


async def exported(session: AsyncSession, owner: Owner) -> dict[str, Any]:
    """A member's answers and reactions with their questions, and whether they are told when the queue runs dry."""
    answers = await session.execute(
        select(col(Answer.id), col(Answer.sealed), col(Answer.answered_at), col(Activity.data))
        .join(Activity, _of(Answer))
        .where(col(Answer.community_id) == owner.community_id, col(Answer.member_id) == owner.member_id)
        .order_by(col(Answer.id))
    )
    reactions = await session.execute(
        select(col(Reaction.emoji), col(Reaction.present), col(Activity.data))
        .join(Activity, _of(Reaction))
        .where(col(Reaction.community_id) == owner.community_id, col(Reaction.member_id) == owner.member_id)
        .order_by(col(Reaction.activity_id), col(Reaction.emoji))
    )
    told = await session.scalar(
        select(col(Series.id))
        .where(col(Series.community_id) == owner.community_id, col(Series.keeper_id) == owner.account_id)
        .limit(1)
    )
    return {
        ANSWERS.key: [
            {
                QUESTION.key: row.data.get("question"),
                WORDS.key: owner.unseal(row.sealed, row.id),
                AT.key: row.answered_at,
            }
            for row in answers
        ],
        REACTIONS.key: [{QUESTION.key: row.data.get("question"), EMOJI.key: row.emoji} for row in reactions],
        TOLD.key: told is not None,
    }


def forgotten(tx: Tx, owner: Owner) -> None:
    """Erase a member's answers and reactions, and tell them no more when the queue runs dry."""
    theirs = (col(Answer.community_id) == owner.community_id, col(Answer.member_id) == owner.member_id)
    shown = select(col(Activity.id)).join(Answer, _of(Answer)).where(*theirs, col(Activity.state) == OPEN)
    counted = tx.execute(shown).scalars().all()
    tx.execute(delete(Answer).where(*theirs))
    tx.execute(
        delete(Reaction).where(
            col(Reaction.community_id) == owner.community_id, col(Reaction.member_id) == owner.member_id
        )
    )
    for activity_id in counted:  # one, as a rule
        touch_card(tx, owner.community_id, activity_id)
    kept = (col(Series.community_id) == owner.community_id, col(Series.keeper_id) == owner.account_id)
    tx.execute(update(Series).where(*kept).values(keeper_id=None))


def _of(table: type[Answer] | type[Reaction]) -> Any:
    return and_(col(Activity.community_id) == col(table.community_id), col(Activity.id) == col(table.activity_id))
