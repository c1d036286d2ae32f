"""A drop that is being made: kept, changed, published. Inside a unit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col

from core.alarms import set_alarm
from plugins.sampling_drops import drops, sealing
from plugins.sampling_drops.definition import PARCEL, Definition
from plugins.sampling_drops.tables import Sample, SampleChannel
from storage.bulk import insert_all
from storage.tx import Tx
from storage.vault import Vault


def new_draft(
    tx: Tx,
    vault: Vault,
    community_id: UUID,
    definition: Definition,
    *,
    stock: int = 0,
    opens_at: datetime | None = None,
    closes_at: datetime | None = None,
    keeper_id: UUID | None = None,
) -> Sample:
    """A new draft, with a key of its own."""
    row = Sample(
        community_id=community_id,
        id=tx.new_id(),
        state=drops.DRAFT,
        gives=definition.gives,
        definition=definition.to_data(),
        stock=stock if definition.gives == PARCEL else 0,
        opens_at=opens_at,
        closes_at=closes_at,
        key=sealing.new_key(vault),
        keeper_id=keeper_id,
        created_at=tx.now,
    )
    tx.add(row)
    return row


def post_in(tx: Tx, community_id: UUID, drop_id: UUID, channel_ids: Sequence[UUID]) -> None:
    """Post it in those channels and no others."""
    tx.execute(
        delete(SampleChannel).where(
            col(SampleChannel.community_id) == community_id, col(SampleChannel.drop_id) == drop_id
        )
    )
    rows = [{"channel_id": channel_id} for channel_id in dict.fromkeys(channel_ids)]
    insert_all(tx, SampleChannel, rows, community_id=community_id, drop_id=drop_id)


def publish(tx: Tx, community_id: UUID, drop_id: UUID, opens_at: datetime | None) -> bool:
    """Open a draft, or let it wait for its moment; False when it is no draft any more."""
    drop = drops.lock(tx, [(community_id, drop_id)]).get((community_id, drop_id))
    if drop is None or drop.state != drops.DRAFT:
        return False
    if opens_at is not None and opens_at > tx.now:
        drop.state = drops.WAITING
        set_alarm(tx, community_id, drop_id, drops.PLUGIN, drops.AT_OPENING, opens_at)
    else:
        drops.start(tx, [drop])
    drops.save(tx, [drop])
    return True
