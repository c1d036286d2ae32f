"""A question as the member who is about to answer it finds it: in one read, their own earlier answer with it."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, select
from sqlmodel import col

from core.context import Context
from plugins.question_of_the_day.queue import CODE
from plugins.question_of_the_day.tables import Answer
from storage.people import is_acting
from storage.prepared import Prepared
from storage.tables import Account, Activity, Member


class Asked(NamedTuple):
    """``answer`` is what the member answered before, empty when they did not."""

    state: str
    data: dict[str, Any]
    answer: str


_ASKED = Prepared(
    select(col(Activity.plugin), col(Activity.state), col(Activity.data), col(Answer.id), col(Answer.sealed))
    .select_from(Activity)
    .outerjoin(Account, is_acting())
    .outerjoin(
        Member,
        and_(col(Member.community_id) == col(Activity.community_id), col(Member.account_id) == col(Account.id)),
    )
    .outerjoin(
        Answer,
        and_(
            col(Answer.community_id) == col(Activity.community_id),
            col(Answer.activity_id) == col(Activity.id),
            col(Answer.member_id) == col(Member.id),
        ),
    )
    .where(col(Activity.community_id) == bindparam("community_id"), col(Activity.id) == bindparam("activity"))
)


async def asked(ctx: Context, activity_id: object) -> Asked | None:
    """The question that a button names; None for any other id."""
    if not isinstance(activity_id, UUID):
        return None
    rows = await ctx.hall.store.rows(_ASKED, activity=activity_id, **ctx.acting)
    if not rows or rows[0][0] != CODE:
        return None
    _plugin, state, data, answer_id, sealed = rows[0]
    return Asked(state, data, ctx.unseal(sealed, answer_id) if sealed is not None else "")
