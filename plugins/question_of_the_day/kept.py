"""What the question of the day keeps about a member: told to them, and erased."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, select, update
from sqlmodel import col

from core.activity import OPEN, touch_card
from core.context import Owner
from core.texts import Domain
from plugins.question_of_the_day.answering import touch_shown
from plugins.question_of_the_day.tables import Answer, Liking, Question, Quiet, Reaction, Series, Suggestion, Vote
from plugins.question_of_the_day.voting import count_votes
from storage.tables import Activity
from storage.tx import Tx

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("question_of_the_day")

ANSWERS, REACTIONS, TOLD = _("answers"), _("reactions"), _("told when no question waits")
LIKINGS, SUGGESTIONS, VOTES, QUIET = _("reactions to answers"), _("suggestions"), _("votes"), _("on no leaderboard")
QUESTION, WORDS, AT, EMOJI = _("question"), _("words"), _("at"), _("emoji")


async def exported(session: AsyncSession, owner: Owner) -> dict[str, Any]:
    """A member's answers, reactions, suggestions and votes, and what they are told or left out of."""
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
    likings = await session.execute(
        select(col(Liking.emoji), col(Activity.data))
        .join(
            Answer,
            and_(col(Answer.community_id) == col(Liking.community_id), col(Answer.id) == col(Liking.answer_id)),
        )
        .join(Activity, _of(Answer))
        .where(col(Liking.community_id) == owner.community_id, col(Liking.member_id) == owner.member_id)
        .order_by(col(Liking.answer_id), col(Liking.emoji))
    )
    suggestions = await session.scalars(
        select(Suggestion)
        .where(col(Suggestion.community_id) == owner.community_id, col(Suggestion.account_id) == owner.account_id)
        .order_by(col(Suggestion.id))
    )
    votes = await session.scalars(
        select(col(Question.words))
        .join(
            Vote,
            and_(col(Vote.community_id) == col(Question.community_id), col(Vote.question_id) == col(Question.id)),
        )
        .where(col(Vote.community_id) == owner.community_id, col(Vote.member_id) == owner.member_id)
        .order_by(col(Vote.series_id))
    )
    quiet = await session.scalar(
        select(col(Quiet.member_id)).where(
            col(Quiet.community_id) == owner.community_id, col(Quiet.member_id) == owner.member_id
        )
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
        LIKINGS.key: [{QUESTION.key: row.data.get("question"), EMOJI.key: row.emoji} for row in likings],
        SUGGESTIONS.key: [
            {WORDS.key: owner.unseal(row.sealed, row.id), AT.key: row.suggested_at} for row in suggestions
        ],
        VOTES.key: [{QUESTION.key: words} for words in votes],
        QUIET.key: quiet is not None,
        TOLD.key: told is not None,
    }


def forgotten(tx: Tx, owner: Owner) -> None:
    """Erase all of that, and tell them no more when the queue runs dry. Posts that show it are edited."""
    here = owner.community_id
    theirs = (col(Answer.community_id) == here, col(Answer.member_id) == owner.member_id)
    open_ones = select(col(Activity.id)).join(Answer, _of(Answer)).where(*theirs, col(Activity.state) == OPEN)
    counted = tx.execute(open_ones).scalars().all()
    gone = list(tx.execute(select(col(Answer.id)).where(*theirs)).scalars())
    for start in range(0, len(gone), 500):
        some = gone[start : start + 500]
        touch_shown(tx, here, some)
        tx.execute(delete(Liking).where(col(Liking.community_id) == here, col(Liking.answer_id).in_(some)))
    tx.execute(delete(Answer).where(*theirs))
    wanted = (col(Vote.community_id) == here, col(Vote.member_id) == owner.member_id)
    voted = set(tx.execute(delete(Vote).where(*wanted).returning(col(Vote.question_id))).scalars())
    if voted:
        count_votes(tx, {here}, voted)
    for table in (Reaction, Liking, Quiet):
        tx.execute(delete(table).where(col(table.community_id) == here, col(table.member_id) == owner.member_id))
    tx.execute(
        delete(Suggestion).where(col(Suggestion.community_id) == here, col(Suggestion.account_id) == owner.account_id)
    )
    for activity_id in counted:  # one, as a rule
        touch_card(tx, here, activity_id)
    kept = (col(Series.community_id) == here, col(Series.keeper_id) == owner.account_id)
    tx.execute(update(Series).where(*kept).values(keeper_id=None))


def _of(table: type[Answer] | type[Reaction]) -> Any:
    return and_(col(Activity.community_id) == col(table.community_id), col(Activity.id) == col(table.activity_id))
