"""What the question of the day keeps."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from storage.tables import Table
from storage.types import Id, Json, Utc

PREFIX = "qotd"


class Series(Table, table=True):
    """A row of questions in a community, one a day by its schedule."""

    __tablename__ = "qotd_series"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["community.id"]),
        Index("ix_qotd_series_schedule", "community_id", "schedule_id"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    schedule_id: UUID = Field(sa_type=Id)
    keeper_id: UUID | None = Field(default=None, sa_type=Id)  # the account that is told when the queue runs dry
    activity_id: UUID | None = Field(default=None, sa_type=Id)  # the newest question, which the next one closes
    created_at: datetime = Field(sa_type=Utc)


class SeriesChannel(Table, table=True):
    """A channel that a series is posted in."""

    __tablename__ = "qotd_series_channel"
    __table_args__ = (ForeignKeyConstraint(["community_id", "channel_id"], ["channel.community_id", "channel.id"]),)

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    series_id: UUID = Field(sa_type=Id, primary_key=True)
    channel_id: UUID = Field(sa_type=Id, primary_key=True)


class Question(Table, table=True):
    """A question that waits or was asked. The id's order is the queue's."""

    __tablename__ = "qotd_question"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["community.id"]),
        Index("ix_qotd_question_queue", "community_id", "series_id", "asked_at"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    series_id: UUID = Field(sa_type=Id)
    words: Any = Field(sa_type=Json)  # a manager's own text, or the key of one of ours
    language: str | None = None  # of a manager's own text
    asked_at: datetime | None = Field(default=None, sa_type=Utc)
    created_at: datetime = Field(sa_type=Utc)


class Answer(Table, table=True):
    """A member's answer to a question, sealed. Personal data: exported and erased with the member."""

    __tablename__ = "qotd_answer"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "activity_id"], ["activity.community_id", "activity.id"]),
        UniqueConstraint("community_id", "activity_id", "member_id"),
        Index("ix_qotd_answer_message", "community_id", "space_id", "message"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    activity_id: UUID = Field(sa_type=Id)
    space_id: UUID = Field(sa_type=Id)
    member_id: UUID = Field(sa_type=Id)
    sealed: bytes
    message: str | None = None  # the platform's id of the reply that it was given by
    answered_at: datetime = Field(sa_type=Utc)


class Reaction(Table, table=True):
    """That a member put an emoji on a question: counted once, whatever comes and goes."""

    __tablename__ = "qotd_reaction"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "activity_id"], ["activity.community_id", "activity.id"]),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    activity_id: UUID = Field(sa_type=Id, primary_key=True)
    member_id: UUID = Field(sa_type=Id, primary_key=True)
    emoji: str = Field(primary_key=True)
    present: bool
