"""What keeps arrivals in order: the inbox, watermarks, open dialogues, and the keeper of the key."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field

from storage.tables.base import Table
from storage.types import Utc


class Inbox(Table, table=True):
    """Events that were taken in, kept for an hour so that repeats are known."""

    __tablename__ = "inbox"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  SQLAlchemy's own way of saying it

    source: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    received_at: datetime = Field(sa_type=Utc, index=True)  # only ever grows, so the index costs little


class Watermark(Table, table=True):
    """How far a numbered source was taken in."""

    __tablename__ = "watermark"

    source: str = Field(primary_key=True)
    value: int = Field(sa_type=BigInteger)


class Dialogue(Table, table=True):
    """The one open private dialogue of one account, sealed: it holds what someone is about to say."""

    __tablename__ = "dialogue"

    platform: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    sealed: bytes
    expires_at: datetime = Field(sa_type=Utc)
    updated_at: datetime = Field(sa_type=Utc)


class Keeper(Table, table=True):
    """What the store remembers about itself: by ``vault`` it knows its master key again."""

    __tablename__ = "keeper"

    name: str = Field(primary_key=True)
    value: bytes
