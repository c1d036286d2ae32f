"""How processes share the work, and what did not go as planned."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint
from sqlmodel import Field

from storage.tables.base import Table
from storage.types import Id, Json, Utc


class Worker(Table, table=True):
    """A process that works on this store. All that it leased is its own while it is alive, and free afterwards."""

    __tablename__ = "worker"

    id: str = Field(primary_key=True)
    alive_until: datetime = Field(sa_type=Utc)
    started_at: datetime = Field(sa_type=Utc)


class Absence(Table, table=True):
    """A time in which no process worked on this store: we were ended, frozen, or cut off from it. Kept for good."""

    __tablename__ = "absence"

    since: datetime = Field(sa_type=Utc, primary_key=True)
    until: datetime = Field(sa_type=Utc)


class Lease(Table, table=True):
    """What one process does for all: hearing what a platform says, for example."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    worker: str


class Pace(Table, table=True):
    """When a lane, or one place of it, last sent: what all processes together keep to. Forgotten after an hour."""

    __tablename__ = "pace"

    lane: str = Field(primary_key=True)
    place: str = Field(primary_key=True)  # empty: the whole lane; else a channel or a private chat
    recent: list[float] = Field(default_factory=list, sa_type=Json)  # seconds since 1970, rising
    used_at: datetime = Field(sa_type=Utc, index=True)


class Incident(Table, table=True):
    """Something that a manager should know: a slot that was missed or late, a post of which nobody knows, …"""

    __tablename__ = "incident"
    __table_args__ = (ForeignKeyConstraint(["community_id"], ["community.id"]),)

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    kind: str  # missed | late | unknown | failed | recovered | stumbled
    at: datetime = Field(sa_type=Utc)
    plugin: str = ""
    schedule_id: UUID | None = Field(default=None, sa_type=Id)
    delivery_id: UUID | None = Field(default=None, sa_type=Id)
    slot: str | None = None  # the nominal local time, ISO without a zone
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=Json)  # seconds late, the platform's reason
