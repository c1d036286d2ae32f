"""A drop as the member who acts finds it: in one quick read, their own part in it with it."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, select
from sqlmodel import col

from core.context import Context
from plugins.sampling_drops.definition import Definition
from plugins.sampling_drops.tables import Claim, Sample
from storage.people import is_acting
from storage.prepared import Prepared
from storage.tables import Account, Member


class Standing(NamedTuple):
    """``claim`` is the state of the member's own claim, empty where they have none."""

    drop_id: UUID
    definition: Definition
    key: bytes | None
    member_id: UUID | None
    claim: str
    passed: bool
    sealed: bytes | None
    exported: bool


_STANDING = Prepared(
    select(
        col(Sample.id),
        col(Sample.state),
        col(Sample.definition),
        col(Sample.key),
        col(Member.id),
        col(Claim.state),
        col(Claim.passed),
        col(Claim.sealed),
        col(Claim.exported),
    )
    .select_from(Sample)
    .outerjoin(Account, is_acting())
    .outerjoin(
        Member,
        and_(col(Member.community_id) == col(Sample.community_id), col(Member.account_id) == col(Account.id)),
    )
    .outerjoin(
        Claim,
        and_(
            col(Claim.community_id) == col(Sample.community_id),
            col(Claim.drop_id) == col(Sample.id),
            col(Claim.account_id) == col(Account.id),
        ),
    )
    .where(col(Sample.community_id) == bindparam("community_id"), col(Sample.id) == bindparam("drop"))
)


async def standing(ctx: Context, drop_id: UUID | None) -> Standing | None:
    """The published drop that a button names; None for any other id."""
    if drop_id is None:
        return None
    rows = await ctx.hall.store.rows(_STANDING, drop=drop_id, **ctx.acting)
    if not rows or rows[0][1] == "draft":
        return None
    found, _state, definition, key, member_id, claim, passed, sealed, exported = rows[0]
    known = Definition.from_data(definition)
    return Standing(found, known, key, member_id, claim or "", bool(passed), sealed, bool(exported))
