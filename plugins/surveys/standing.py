"""A wave as the member who acts finds it: in one quick read, with their answers, whichever account gave them."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, select
from sqlmodel import col

from core.context import Context
from plugins.surveys.definition import Definition
from plugins.surveys.flow import Sheet
from plugins.surveys.tables import Response, Wave
from plugins.surveys.toml_text import known
from plugins.surveys.waves import OPEN, RANK
from storage.people import is_acting
from storage.prepared import Prepared
from storage.tables import Account, Member, table_of


class Standing(NamedTuple):
    """``state`` is that of the member's response, empty where they have none."""

    wave_id: UUID
    definition: Definition
    takes: bool
    state: str
    sheet: Sheet


_OWN = table_of(Account).alias()
_STANDING = Prepared(
    select(
        col(Wave.definition),
        col(Wave.state),
        col(Wave.closes_at),
        col(Response.id),
        col(Response.state),
        col(Response.seed),
        col(Response.sealed),
    )
    .select_from(Wave)
    .outerjoin(_OWN, is_acting(_OWN))
    .outerjoin(Account, col(Account.person_id) == _OWN.c.person_id)
    .outerjoin(
        Member,
        and_(col(Member.community_id) == col(Wave.community_id), col(Member.account_id) == col(Account.id)),
    )
    .outerjoin(
        Response,
        and_(
            col(Response.community_id) == col(Wave.community_id),
            col(Response.wave_id) == col(Wave.id),
            col(Response.member_id) == col(Member.id),
        ),
    )
    .where(col(Wave.community_id) == bindparam("community_id"), col(Wave.id) == bindparam("wave"))
    .order_by(col(Response.id))
)


async def standing(ctx: Context, wave_id: UUID | None) -> Standing | None:
    """The wave that a button names; None for any other id."""
    if wave_id is None:
        return None
    rows = await ctx.hall.store.rows(_STANDING, wave=wave_id, **ctx.acting)
    if not rows:
        return None
    # Of accounts that were linked later each may have begun: what stands furthest counts, as in the decider.
    definition, state, closes_at, response_id, mine, seed, sealed = max(rows, key=lambda row: RANK.get(row[4], -1))
    data = None if sealed is None else ctx.vault.open(sealed, response_id.bytes)
    return Standing(
        wave_id,
        known(definition),
        state == OPEN and _before(ctx.now, closes_at),
        mine or "",
        Sheet.of(seed or 0, data),
    )


def _before(now: datetime, end: datetime | None) -> bool:
    return end is None or now < end
