"""Where parcels go: handed on once, encrypted to whoever sends them, and erased here in the same moment."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlmodel import col

from core.alarms import Ring, set_alarm
from core.files import File
from core.texts import Domain
from plugins.sampling_drops import drops, sealing
from plugins.sampling_drops.drafts import Refused, locked
from plugins.sampling_drops.tables import Claim, Export
from plugins.sampling_drops.taking import ADDRESS
from storage.bulk import update_all
from storage.tx import Tx
from storage.vault import Vault

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from core.context import Viewer

_ = Domain("sampling_drops")

MOST_PARCELS = 1000
"""Parcels in a file: opening and encrypting them holds up a community's other units for some 50 ms."""
KEPT = timedelta(days=7)
"""How long a file can be fetched again."""


def recipient_of(text: str) -> str | None:
    """The age public key that was typed, None where it is none."""
    import pyrage  # 4 MB that only an export needs

    text = text.strip()
    try:
        pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        return None
    return text


def export(tx: Tx, vault: Vault, community_id: UUID, drop_id: UUID) -> tuple[int, UUID | None]:
    """Make the file and erase the addresses that are in it; how many, and of which activity.

    Raises :class:`Refused`.
    """
    row = locked(tx, community_id, drop_id, drops.OPEN, drops.CLOSING, drops.CLOSED)
    found = tx.execute(
        select(col(Claim.id), col(Claim.member_id), col(Claim.sealed))
        .where(*_waiting(community_id, drop_id))
        .order_by(col(Claim.id))
        .limit(MOST_PARCELS)
    ).all()
    if not found or not row.recipient:
        raise Refused(_("No parcel waits for its shipper."))
    own = sealing.of(vault, row.key)
    addresses = [sealing.open_address(own, one.sealed, one.member_id) for one in found]
    export_id = tx.new_id()
    tx.add(
        Export(
            community_id=community_id,
            id=export_id,
            drop_id=drop_id,
            parcels=len(found),
            recipient=row.recipient,
            file=_encrypted(addresses, row.recipient),
            made_at=tx.now,
        )
    )
    erased = [{"community_id": community_id, "id": one.id} for one in found]
    update_all(tx, Claim, ("community_id", "id"), erased, sealed=None, exported=True)
    drops.set_in(tx, community_id, drop_id, exported=row.exported + len(found))
    if row.state == drops.CLOSED:
        drops.shred(tx, list(drops.lock(tx, [(community_id, drop_id)]).values()))
    set_alarm(tx, community_id, drop_id, drops.PLUGIN, drops.PURGE, tx.now + KEPT, or_sooner=True)
    return len(found), row.activity_id


def purge(tx: Tx, rings: Sequence[Ring]) -> None:
    """Throw away the files that were kept long enough."""
    for one in rings:  # one a drop and week at most
        here = (col(Export.community_id) == one.community_id, col(Export.drop_id) == one.activity_id)
        tx.execute(update(Export).where(*here, col(Export.made_at) <= one.now - KEPT).values(file=None))
        first = tx.scalar(select(func.min(col(Export.made_at))).where(*here, col(Export.file).is_not(None)))
        if first is not None:
            set_alarm(tx, one.community_id, one.activity_id, drops.PLUGIN, drops.PURGE, first + KEPT)


def waiting(session_or_tx: Any, community_id: UUID, drop_id: UUID) -> Any:
    """How many parcels wait for their shipper."""
    return session_or_tx.scalar(select(func.count()).select_from(Claim).where(*_waiting(community_id, drop_id)))


async def file_of(session: AsyncSession, viewer: Viewer, export_id: object) -> File | None:
    """A file as it was made; None when it is gone."""
    if not isinstance(export_id, UUID):
        return None
    row = await session.get(Export, (viewer.community_id, export_id))
    if row is None or row.file is None:
        return None
    return File(f"parcels-{row.made_at:%Y-%m-%d}-{row.parcels}.csv.age", "application/octet-stream", row.file)


def _waiting(community_id: UUID, drop_id: UUID) -> tuple[Any, ...]:
    return (
        col(Claim.community_id) == community_id,
        col(Claim.drop_id) == drop_id,
        col(Claim.state) == "given",
        col(Claim.sealed).is_not(None),
    )


def _encrypted(addresses: Iterable[dict[str, str]], recipient: str) -> bytes:
    import pyrage  # as above

    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(ADDRESS)
    writer.writerows([_cell(address[name]) for name in ADDRESS] for address in addresses)
    encrypted: bytes = pyrage.encrypt(text.getvalue().encode(), [pyrage.x25519.Recipient.from_str(recipient)])
    return encrypted


def _cell(text: str) -> str:
    """A table must not take an address for a formula (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
