"""What drops keep."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from storage.tables import Table
from storage.types import Id, Json, Utc

PREFIX = "drop"


class Sample(Table, table=True):
    """A drop: what is given away in one community, and how far that has come.

    Its row is locked by whoever decides about it, so its counters are exact. ``key`` is the drop's own, wrapped; gone
    when nothing that it sealed is left.
    """

    __tablename__ = "drop_sample"
    __table_args__ = (ForeignKeyConstraint(["community_id"], ["community.id"]),)

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    state: str  # draft → waiting (published, opens later) → open → closing (the last holds) → closed
    gives: str  # parcel | code
    definition: dict[str, Any] = Field(default_factory=dict, sa_type=Json)  # plugins.sampling_drops.definition
    stock: int = 0  # of codes: how many there are
    opens_at: datetime | None = Field(default=None, sa_type=Utc)  # null: as soon as it is published
    closes_at: datetime | None = Field(default=None, sa_type=Utc)  # null: when a manager ends it
    key: bytes | None = None
    held: int = 0
    given: int = 0
    pressed: int = 0
    screened: int = 0
    turned_away: int = 0
    exported: int = 0
    activity_id: UUID | None = Field(default=None, sa_type=Id)  # null until it opens
    recipient: str = ""  # the shipper's age public key, as it was given last
    keeper_id: UUID | None = Field(default=None, sa_type=Id)  # the account that made it
    created_at: datetime = Field(sa_type=Utc)


class SampleChannel(Table, table=True):
    """A channel that a drop is posted in."""

    __tablename__ = "drop_channel"
    __table_args__ = (ForeignKeyConstraint(["community_id", "channel_id"], ["channel.community_id", "channel.id"]),)

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    drop_id: UUID = Field(sa_type=Id, primary_key=True)
    channel_id: UUID = Field(sa_type=Id, primary_key=True)


class Claim(Table, table=True):
    """A member's part in a drop. Personal data: exported and erased with the member.

    ``sealed`` is where their parcel goes, under the drop's key; it is erased as soon as the parcel is exported.
    """

    __tablename__ = "drop_claim"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "drop_id"], ["drop_sample.community_id", "drop_sample.id"]),
        UniqueConstraint("community_id", "drop_id", "account_id"),
        Index("ix_drop_claim_state", "community_id", "drop_id", "state", "held_until"),
        Index("ix_drop_claim_account_id", "community_id", "account_id"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    drop_id: UUID = Field(sa_type=Id)
    space_id: UUID = Field(sa_type=Id)
    account_id: UUID = Field(sa_type=Id)
    member_id: UUID = Field(sa_type=Id)
    state: str  # held → given, or turned_away (by the screener), or gone (left, ran out: may come again)
    held_until: datetime = Field(sa_type=Utc)
    passed: bool = False  # the screener, with consent: the address is what is left to say
    consent_id: UUID | None = Field(default=None, sa_type=Id)
    code_id: UUID | None = Field(default=None, sa_type=Id)
    sealed: bytes | None = None
    exported: bool = False


class Code(Table, table=True):
    """One of a drop's codes, sealed under the drop's key, and by its fingerprint there once."""

    __tablename__ = "drop_code"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "drop_id"], ["drop_sample.community_id", "drop_sample.id"]),
        UniqueConstraint("community_id", "drop_id", "fingerprint"),
        Index("ix_drop_code_free", "community_id", "drop_id", "claim_id", "id"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    drop_id: UUID = Field(sa_type=Id)
    fingerprint: bytes
    sealed: bytes
    claim_id: UUID | None = Field(default=None, sa_type=Id)  # null while it is free


class Export(Table, table=True):
    """Parcels that left for a shipper: the file as it was made, which only the shipper's key opens."""

    __tablename__ = "drop_export"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "drop_id"], ["drop_sample.community_id", "drop_sample.id"]),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    drop_id: UUID = Field(sa_type=Id)
    parcels: int
    recipient: str  # the age public key that it was encrypted to
    file: bytes | None = None  # null once it was kept long enough
    made_at: datetime = Field(sa_type=Utc)
