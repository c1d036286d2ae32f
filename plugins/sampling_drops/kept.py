"""What drops keep about a member: told, and erased."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlmodel import col

from core.context import Owner
from core.once import take_back
from core.texts import Domain, words_to_data
from plugins.sampling_drops import drops, sealing
from plugins.sampling_drops.definition import CODE
from plugins.sampling_drops.tables import Claim, Code, Sample
from storage.tx import Tx

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("sampling_drops")

SAMPLES, MADE = _("samples"), _("drops that you made")
PRODUCT, STANDS, ADDRESS, OWN_CODE = _("product"), _("how it stands"), _("address"), _("code")
STATES = {
    "held": _("held for you"),
    "given": _("given to you"),
    "turned_away": _("your answers did not fit"),
    "gone": _("left, or not taken in time"),
}


async def exported(session: AsyncSession, owner: Owner) -> dict[str, Any]:
    """A member's samples, with address and code as long as they are kept, and how many drops they made."""
    rows = await session.execute(
        select(Claim, Sample, col(Code.sealed))
        .join(
            Sample,
            and_(col(Sample.community_id) == col(Claim.community_id), col(Sample.id) == col(Claim.drop_id)),
        )
        .outerjoin(Code, and_(col(Code.community_id) == col(Claim.community_id), col(Code.id) == col(Claim.code_id)))
        .where(col(Claim.community_id) == owner.community_id, col(Claim.account_id) == owner.account_id)
        .order_by(col(Claim.id))
    )
    samples = []
    for claim, drop, code in rows:
        one: dict[str, Any] = {
            PRODUCT.key: drop.definition["product"],
            STANDS.key: words_to_data(_("its address was handed on") if claim.exported else STATES[claim.state]),
        }
        if claim.sealed is not None:
            address = sealing.open_address(sealing.of(owner.vault, drop.key), claim.sealed, claim.member_id)
            one[ADDRESS.key] = list(address.values())
        if code is not None:
            one[OWN_CODE.key] = sealing.open_code(sealing.of(owner.vault, drop.key), code, drop.id)
        samples.append(one)
    made = await session.scalars(
        select(col(Sample.definition))
        .where(col(Sample.community_id) == owner.community_id, col(Sample.keeper_id) == owner.account_id)
        .order_by(col(Sample.id))
    )
    return {SAMPLES.key: samples, MADE.key: [one["product"] for one in made]}


def forget(tx: Tx, owner: Owner) -> None:
    """Erase a member's part: what they hold goes back, and a parcel that has not left is not sent.

    That their address left, or that they saw a code, can't be undone: who had theirs stays known to the core, by a
    fingerprint, until the drop is over.
    """
    mine: tuple[ColumnElement[bool], ...] = (
        col(Claim.community_id) == owner.community_id,
        col(Claim.account_id) == owner.account_id,
    )
    ids = tx.execute(select(col(Claim.drop_id)).where(*mine)).scalars()
    locked = drops.lock(tx, {(owner.community_id, drop_id) for drop_id in ids})
    # One that they hold since we looked, by another process, is somebody's who is new here: it runs out by itself.
    mine = (*mine, col(Claim.drop_id).in_([drop.id for drop in locked.values()]))
    back: list[tuple[UUID, UUID]] = []
    for claim in tx.execute(select(Claim).where(*mine)).all():
        drop = locked[owner.community_id, claim.drop_id]
        if claim.state == "held":
            drop.held -= 1
        elif claim.state == "given" and drop.gives != CODE and not claim.exported:
            drop.given -= 1
        else:
            continue
        back.append((drop.id, claim.id))
    tx.execute(delete(Claim).where(*mine))
    for drop_id, claim_id in back:  # one a drop
        take_back(tx, owner.community_id, drop_id, [claim_id])
    several = list(locked.values())
    drops.finish(tx, [drop for drop in several if drop.state == drops.CLOSING and drop.held == 0])
    drops.shred(tx, [drop for drop in several if drop.state == drops.CLOSED])
    drops.save(tx, several)
    made = (col(Sample.community_id) == owner.community_id, col(Sample.keeper_id) == owner.account_id)
    tx.execute(update(Sample).where(*made).values(keeper_id=None))
