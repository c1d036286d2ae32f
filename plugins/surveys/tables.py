"""What surveys keep.

For whoever reads results: a run of a survey is a wave, whose id is its activity's. ``survey_answer`` holds the
finished responses of all waves: a row for each answer, and one for each question that was asked and passed over, all
of whose values are null. A question that the logic left out has no row. ``response_id`` groups them. Where the survey
is not anonymous it is a row of ``survey_response``, which says who and when; where it is, it leads nowhere.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from storage.tables import Table
from storage.types import Id, Json, Utc

PREFIX = "survey"


class Survey(Table, table=True):
    """What is asked, and how it runs. Its waves keep the definition that they asked."""

    __tablename__ = "survey_survey"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["community.id"]),
        Index("ix_survey_survey_schedule", "community_id", "schedule_id"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    state: str  # draft → open → closed, and open again
    definition: str  # TOML: plugins.surveys.toml_text
    before: str | None = None  # what it said before the last change since it was opened
    closes_at: datetime | None = Field(default=None, sa_type=Utc)  # null: when a manager or the cap ends it
    days: int | None = None  # a wave that a schedule opens: how many days it stays open; null: until the next one
    most: int | None = None  # finished responses of a wave, after which it closes
    schedule_id: UUID | None = Field(default=None, sa_type=Id)  # opens the waves of a pulse
    wave_id: UUID | None = Field(default=None, sa_type=Id)  # the newest
    waves: int = 0
    keeper_id: UUID | None = Field(default=None, sa_type=Id)  # the account that made it
    created_at: datetime = Field(sa_type=Utc)


class SurveyChannel(Table, table=True):
    """A channel that a survey is posted in."""

    __tablename__ = "survey_channel"
    __table_args__ = (ForeignKeyConstraint(["community_id", "channel_id"], ["channel.community_id", "channel.id"]),)

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    survey_id: UUID = Field(sa_type=Id, primary_key=True)
    channel_id: UUID = Field(sa_type=Id, primary_key=True)


class Wave(Table, table=True):
    """One run of a survey; the id is its activity's. Whoever decides locks its row, so its counters are exact."""

    __tablename__ = "survey_wave"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "id"], ["activity.community_id", "activity.id"]),
        Index("ix_survey_wave_survey", "community_id", "survey_id", "number"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    survey_id: UUID = Field(sa_type=Id)
    number: int  # from 1
    state: str  # open → closed, and open again
    definition: str  # as it is asked in this wave
    anonymous: bool
    most: int | None = None
    closes_at: datetime | None = Field(default=None, sa_type=Utc)
    started: int = 0  # people who answered at least one question
    finished: int = 0
    screened: int = 0  # left out by a quota
    cells: dict[str, int] = Field(
        default_factory=dict, sa_type=Json
    )  # finished responses in each quota, by its number
    opened_at: datetime = Field(sa_type=Utc)
    closed_at: datetime | None = Field(default=None, sa_type=Utc)


class Response(Table, table=True):
    """A member's way through a wave. Personal data: exported and erased with the member.

    ``sealed`` are their answers as they stand; those of finished responses are in ``survey_answer`` as well. Of an
    anonymous survey there is a row only while its member is under way.
    """

    __tablename__ = "survey_response"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "wave_id"], ["survey_wave.community_id", "survey_wave.id"]),
        UniqueConstraint("community_id", "wave_id", "member_id"),
        Index("ix_survey_response_member_id", "community_id", "member_id"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    wave_id: UUID = Field(sa_type=Id)
    member_id: UUID = Field(sa_type=Id)
    account_id: UUID = Field(sa_type=Id)
    space_id: UUID = Field(sa_type=Id)
    state: str  # later (asked to be reminded) → under way → finished | screened
    seed: int  # of the random order
    sealed: bytes | None = None
    cells: list[int] = Field(default_factory=list, sa_type=Json)  # the quotas that a finished one counts into
    reminded: bool = False
    started_at: datetime = Field(sa_type=Utc)
    finished_at: datetime | None = Field(default=None, sa_type=Utc)  # when first


class Answer(Table, table=True):
    """One answer of a finished response, or that a question was passed over.

    ``option`` is a key, ``yes``/``no`` of a consent, or an ISO date; several options have a row each, ``place`` is
    their order (the rank of a ranking). ``number`` is a point of a scale or a number. ``sealed`` are words, of a text
    or beside the option ``other``, sealed for ``response_id``. Personal data where ``response_id`` leads to a member.
    """

    __tablename__ = "survey_answer"
    # Without rowids, which would tell the order of writing.
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "wave_id"], ["survey_wave.community_id", "survey_wave.id"]),
        {"sqlite_with_rowid": False},
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    wave_id: UUID = Field(sa_type=Id, primary_key=True)
    response_id: UUID = Field(sa_type=Id, primary_key=True)
    question: str = Field(primary_key=True)
    place: int = Field(primary_key=True)
    option: str | None = None
    number: float | None = None
    sealed: bytes | None = None
    day: str | None = None  # anonymous: on which its batch was written, ISO


class Taker(Table, table=True):
    """That a member took part in an anonymous wave, finished or left out by a quota. Nothing leads to the answers.

    Personal data: exported and erased with the member.
    """

    __tablename__ = "survey_taker"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "wave_id"], ["survey_wave.community_id", "survey_wave.id"]),
        Index("ix_survey_taker_member_id", "community_id", "member_id"),
        {"sqlite_with_rowid": False},
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    wave_id: UUID = Field(sa_type=Id, primary_key=True)
    member_id: UUID = Field(sa_type=Id, primary_key=True)
    day: str  # ISO


class Waiting(Table, table=True):
    """Anonymous answers that were sent and wait, sealed, for enough others to be written down among. Nobody's."""

    __tablename__ = "survey_waiting"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "wave_id"], ["survey_wave.community_id", "survey_wave.id"]),
        {"sqlite_with_rowid": False},
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    wave_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    sealed: bytes
