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
    """A row of questions in a community, one each time by its schedule.

    What has a ``server_default`` came with a later version, and rows are written in bulk without it.
    """

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
    title: str | None = None  # a manager's own; null: ours
    image: str | None = None  # the address of a picture below each question
    color: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # 0xRRGGBB; 0: none
    draw: str = Field(default="queue", sa_column_kwargs={"server_default": "queue"})  # queue.DRAWS
    categories: str = Field(default="", sa_column_kwargs={"server_default": ""})  # "|music|games|"; empty: all
    tone: str = Field(default="", sa_column_kwargs={"server_default": ""})  # "light" or "serious"; empty: both
    allows: str = Field(default="", sa_column_kwargs={"server_default": ""})  # words of settings.ALLOWS
    created_at: datetime = Field(sa_type=Utc)


class SeriesChannel(Table, table=True):
    """A channel that a series is posted in."""

    __tablename__ = "qotd_series_channel"
    __table_args__ = (ForeignKeyConstraint(["community_id", "channel_id"], ["channel.community_id", "channel.id"]),)

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    series_id: UUID = Field(sa_type=Id, primary_key=True)
    channel_id: UUID = Field(sa_type=Id, primary_key=True)
    ping: str | None = None  # the role there that hears of each question, in the platform's own words


class Question(Table, table=True):
    """A question that waits or was asked. Its place in the queue is ``place``, then its id.

    Whoever moves one gives all that wait new places, up to 0: a question that comes later has 0 and the greatest id.
    """

    __tablename__ = "qotd_question"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["community.id"]),
        Index("ix_qotd_question_queue", "community_id", "series_id", "asked_at", "place", "id"),
        Index("ix_qotd_question_category", "community_id", "series_id", "category", "asked_at"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    series_id: UUID = Field(sa_type=Id)
    words: Any = Field(sa_type=Json)  # a manager's own text, or the key of one of ours
    language: str | None = None  # of a manager's own text
    asked_at: datetime | None = Field(default=None, sa_type=Utc)
    place: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    lot: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # its place in a random order
    votes: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    category: str = Field(default="", sa_column_kwargs={"server_default": ""})
    tone: str = Field(default="", sa_column_kwargs={"server_default": ""})
    sponsor: str | None = None
    source: str | None = None  # a deck's id and its question's: what was taken is known
    season_from: int | None = None  # month * 100 + day, inclusive; from after to: over New Year
    season_to: int | None = None
    created_at: datetime = Field(sa_type=Utc)


class Asked(Table, table=True):
    """That a question was asked, and what is counted of it."""

    __tablename__ = "qotd_asked"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "activity_id"], ["activity.community_id", "activity.id"]),
        Index("ix_qotd_asked_series", "community_id", "series_id", "asked_at"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    activity_id: UUID = Field(sa_type=Id, primary_key=True)
    series_id: UUID = Field(sa_type=Id)
    question_id: UUID = Field(sa_type=Id)
    category: str = Field(default="", sa_column_kwargs={"server_default": ""})
    asked_at: datetime = Field(sa_type=Utc)
    replies: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # further ones, beyond the answers
    best_id: UUID | None = Field(default=None, sa_type=Id)  # the answer to the question before that its post shows


class Answer(Table, table=True):
    """A member's answer to a question, sealed. Personal data: exported and erased with the member.

    One without a name has a random id, neither member nor space, and the day on which its batch was written: nothing
    in it leads to anybody.
    """

    __tablename__ = "qotd_answer"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "activity_id"], ["activity.community_id", "activity.id"]),
        UniqueConstraint("community_id", "activity_id", "member_id"),
        Index("ix_qotd_answer_message", "community_id", "space_id", "message"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    activity_id: UUID = Field(sa_type=Id)
    space_id: UUID | None = Field(default=None, sa_type=Id)  # null: without a name; it may have one member
    member_id: UUID | None = Field(default=None, sa_type=Id)  # null: without a name
    sealed: bytes
    message: str | None = None  # the platform's id of the reply that it was given by
    answered_at: datetime = Field(sa_type=Utc)


class Nameless(Table, table=True):
    """Answers without a name that wait, sealed, for enough others to be written down among. Nobody's."""

    __tablename__ = "qotd_nameless"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "activity_id"], ["activity.community_id", "activity.id"]),
        {"sqlite_with_rowid": False},
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    activity_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    sealed: bytes


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


class Liking(Table, table=True):
    """That a member put an emoji on somebody's reply that counts as an answer."""

    __tablename__ = "qotd_liking"
    __table_args__ = (ForeignKeyConstraint(["community_id"], ["community.id"]),)

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    answer_id: UUID = Field(sa_type=Id, primary_key=True)
    member_id: UUID = Field(sa_type=Id, primary_key=True)
    emoji: str = Field(primary_key=True)
    present: bool


class Suggestion(Table, table=True):
    """A question that a member suggests, sealed, until a manager has decided."""

    __tablename__ = "qotd_suggestion"
    __table_args__ = (ForeignKeyConstraint(["community_id"], ["community.id"]),)

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    series_id: UUID = Field(sa_type=Id)
    space_id: UUID = Field(sa_type=Id)
    account_id: UUID = Field(sa_type=Id)
    lane: str
    sealed: bytes
    suggested_at: datetime = Field(sa_type=Utc)


class Vote(Table, table=True):
    """Which question a member wants next."""

    __tablename__ = "qotd_vote"
    __table_args__ = (ForeignKeyConstraint(["community_id"], ["community.id"]),)

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    series_id: UUID = Field(sa_type=Id, primary_key=True)
    member_id: UUID = Field(sa_type=Id, primary_key=True)
    question_id: UUID = Field(sa_type=Id)


class Quiet(Table, table=True):
    """A member who wants no place on the leaderboard, and no answer of theirs shown again."""

    __tablename__ = "qotd_quiet"
    __table_args__ = (ForeignKeyConstraint(["community_id"], ["community.id"]),)

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    member_id: UUID = Field(sa_type=Id, primary_key=True)


class Pile(Table, table=True):
    """What a manager looks at and has not confirmed, or did and may take back: one of each kind a community."""

    __tablename__ = "qotd_pile"
    __table_args__ = (ForeignKeyConstraint(["community_id"], ["community.id"]),)

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    kind: str = Field(primary_key=True)  # "import", or "undo"
    number: int  # stands in the buttons about it, so that an older button does nothing
    rows: Any = Field(sa_type=Json)
    made_at: datetime = Field(sa_type=Utc)
