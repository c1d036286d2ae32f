"""What a person has had of a drop, until the core keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_
from sqlalchemy import select
from sqlmodel import col

from core.deciding import Request
from plugins.sampling_drops.tables import Claim
from storage.prepared import PreparedForAll
from storage.tables import Account
from storage.tx import Tx
from storage.types import Id

_HAD = PreparedForAll(
    {"community_id": Id(), "drop_id": Id(), "person_id": Id()},
    lambda wanted: select(wanted.c.person_id, col(Claim.id)).select_from(
        wanted.join(Account, col(Account.person_id) == wanted.c.person_id).join(
            Claim,
            and_(
                col(Claim.community_id) == wanted.c.community_id,
                col(Claim.drop_id) == wanted.c.drop_id,
                col(Claim.account_id) == col(Account.id),
                col(Claim.state) != "gone",
            ),
        )
    ),
)


def had(tx: Tx, community_id: UUID, subject_id: UUID, requests: Sequence[Request]) -> list[UUID | None]:
    rows = dict(tx.run_all(_HAD, list({(community_id, subject_id, one.person_id) for one in requests})))
    return [rows.get(one.person_id) for one in requests]


def note(tx: Tx, community_id: UUID, subject_id: UUID, several: Sequence[tuple[Request, UUID]]) -> None:
    pass


def take_back(tx: Tx, community_id: UUID, subject_id: UUID, claim_ids: Sequence[UUID]) -> None:
    pass


def over(tx: Tx, community_id: UUID, subject_id: UUID) -> None:
    pass
