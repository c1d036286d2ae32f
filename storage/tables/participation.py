"""The log of what members did, and its rollup by day."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel import Field

from storage.tables.base import Table
from storage.types import Id, Json, Utc


class Participation(Table, table=True):
    """One act of a member. No text, and the member only by pseudonym.

    It only ever appends: the id begins with the time of receipt, and no other key or index exists, because at twenty
    million rows each random one costs more than all else together. Read communities through the rollup, or by a range
    of ids (:func:`storage.types.uuid7_floor`). On PostgreSQL it is partitioned by the month in the id.
    """

    __tablename__ = "participation"
    __table_args__ = {  # noqa: RUF012  SQLAlchemy's own way of saying it
        "sqlite_with_rowid": False,
        "info": {"postgresql_partition_by": "RANGE (id)"},
    }

    id: UUID = Field(sa_type=Id, primary_key=True)
    community_id: UUID = Field(sa_type=Id, primary_key=True)
    space_id: UUID = Field(sa_type=Id)
    activity_id: UUID | None = Field(default=None, sa_type=Id)
    member: UUID = Field(sa_type=Id)
    plugin: str
    kind: str
    conversation: bool
    at: datetime = Field(sa_type=Utc)
    at_source: str  # "platform" or "received"
    features: dict[str, int] | None = Field(default=None, sa_type=Json)


class ParticipationDay(Table, table=True):
    """How much of which kind happened in a community on a day of UTC, kept up in the log's own transactions.

    The day comes first so that new rows fall together; ask for a month as ``day IN (…) AND community_id = …``.
    """

    __tablename__ = "participation_day"
    __table_args__ = {  # noqa: RUF012  SQLAlchemy's own way of saying it
        "sqlite_with_rowid": False,
        # Room for a row's next state on its own page: PostgreSQL then leaves the key's index alone, and is quicker.
        "info": {"postgresql_with": {"fillfactor": 50}},
    }

    day: date = Field(primary_key=True)
    community_id: UUID = Field(sa_type=Id, primary_key=True)
    plugin: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    conversations: int
    count: int
