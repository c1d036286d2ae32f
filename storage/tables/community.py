"""Communities, and where they meet."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field

from storage.tables.base import Table
from storage.types import Id, Utc


class Community(Table, table=True):
    """The people that a manager looks after: the tenant, its id in every key of what it owns."""

    __tablename__ = "community"

    id: UUID = Field(sa_type=Id, primary_key=True)
    name: str
    language: str
    time_zone: str
    keeper_id: UUID | None = Field(default=None, sa_type=Id)  # the account that set it up last, told what needs one
    told_at: datetime | None = Field(default=None, sa_type=Utc)  # when they were told
    asks_a_week: int = 3  # reminders and invitations to one member: core.asks
    created_at: datetime = Field(sa_type=Utc)


class SpaceRoute(Table, table=True):
    """Tells which community a platform's space belongs to. Global; the community is null until set-up."""

    __tablename__ = "space_route"

    platform: str = Field(primary_key=True)
    external_id: str = Field(primary_key=True)
    community_id: UUID | None = Field(default=None, sa_type=Id)
    space_id: UUID | None = Field(default=None, sa_type=Id, index=True)  # a button in private names the space by it
    name: str = ""
    installed_by: bytes | None = None  # sealed external id of whoever added the bot
    removed_at: datetime | None = Field(default=None, sa_type=Utc)
    created_at: datetime = Field(sa_type=Utc)


class Space(Table, table=True):
    """One server, workspace or group of a community's."""

    __tablename__ = "space"
    __table_args__ = (
        UniqueConstraint("community_id", "platform", "external_id"),
        ForeignKeyConstraint(["community_id"], ["community.id"]),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    platform: str
    external_id: str
    name: str
    language: str | None = None  # null: the community's
    removed_at: datetime | None = Field(default=None, sa_type=Utc)
    created_at: datetime = Field(sa_type=Utc)


class Channel(Table, table=True):
    """A place in a space that messages are posted to."""

    __tablename__ = "channel"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "space_id"], ["space.community_id", "space.id"]),
        UniqueConstraint("community_id", "space_id", "external_id"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    space_id: UUID = Field(sa_type=Id)
    external_id: str
    name: str


class JoinCode(Table, table=True):
    """A code by which a further space joins a community. Kept as a hash; good once, until it expires."""

    __tablename__ = "join_code"

    code_hash: bytes = Field(primary_key=True)
    community_id: UUID = Field(sa_type=Id)
    expires_at: datetime = Field(sa_type=Utc)
    used_at: datetime | None = Field(default=None, sa_type=Utc)
