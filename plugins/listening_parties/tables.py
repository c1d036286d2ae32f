"""What listening parties keep."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlmodel import Field

from storage.tables import Table
from storage.types import Id, Utc

PREFIX = "party"


class Party(Table, table=True):
    """A party, and where its clock stands. Whoever changes it locks it first; cards show what stands here."""

    __tablename__ = "party_party"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["community.id"]),
        Index("ix_party_party_state", "community_id", "state"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    host_account_id: UUID | None = Field(default=None, sa_type=Id)  # null once the host was erased
    title: str
    theme: str = ""
    language: str  # of the two above
    turn: int  # tracks that a DJ plays before the first of the line moves up
    starts_at: datetime = Field(sa_type=Utc)
    state: str  # draft → announced → running → over
    announced_at: datetime | None = Field(default=None, sa_type=Utc)
    announced_id: UUID | None = Field(default=None, sa_type=Id)  # the activities whose cards show it
    reminder_id: UUID | None = Field(default=None, sa_type=Id)
    live_id: UUID | None = Field(default=None, sa_type=Id)
    recap_id: UUID | None = Field(default=None, sa_type=Id)
    # The clock. counting: the track begins at `began_at`; playing: it began then; waiting: no track since then.
    phase: str = ""
    track_id: UUID | None = Field(default=None, sa_type=Id)
    seconds: int = 0  # the track's length
    began_at: datetime | None = Field(default=None, sa_type=Utc)
    shown: int = 0  # counting: the step that is shown, 3, 2, 1; playing: the seconds into the track that are shown
    took_part: int = 0  # persons, once it is over
    ended_at: datetime | None = Field(default=None, sa_type=Utc)
    created_at: datetime = Field(sa_type=Utc)


class PartyChannel(Table, table=True):
    """A channel that a party is in."""

    __tablename__ = "party_channel"
    __table_args__ = (ForeignKeyConstraint(["community_id", "channel_id"], ["channel.community_id", "channel.id"]),)

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    party_id: UUID = Field(sa_type=Id, primary_key=True)
    channel_id: UUID = Field(sa_type=Id, primary_key=True)


class Guest(Table, table=True):
    """That somebody did something at a party, and when last. Personal data."""

    __tablename__ = "party_guest"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["community.id"]),
        Index("ix_party_guest_account", "account_id"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    party_id: UUID = Field(sa_type=Id, primary_key=True)
    account_id: UUID = Field(sa_type=Id, primary_key=True)
    seen_at: datetime = Field(sa_type=Utc)


class Coming(Table, table=True):
    """That somebody said that they come. Personal data."""

    __tablename__ = "party_coming"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["community.id"]),
        Index("ix_party_coming_account", "account_id"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    party_id: UUID = Field(sa_type=Id, primary_key=True)
    account_id: UUID = Field(sa_type=Id, primary_key=True)


class Dj(Table, table=True):
    """Somebody in the booth, in its line, or who was. The name that they are shown by is sealed. Personal data."""

    __tablename__ = "party_dj"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["community.id"]),
        Index("ix_party_dj_account", "account_id"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    party_id: UUID = Field(sa_type=Id, primary_key=True)
    account_id: UUID = Field(sa_type=Id, primary_key=True)
    space_id: UUID = Field(sa_type=Id)  # where they took their seat: who leaves it leaves the booth
    sealed: bytes  # the name, for the party's id
    standing: str  # seat | line | out
    place: int  # who comes sooner has the smaller one, in the seats as in the line
    played: int  # tracks in this turn


class Track(Table, table=True):
    """A track that waits or was played. Title, artist and link are sealed. Personal data until its DJ is erased.

    Without a DJ it is of the house's own list, or of somebody who was erased.
    """

    __tablename__ = "party_track"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["community.id"]),
        Index("ix_party_track_party", "community_id", "party_id", "state"),
        Index("ix_party_track_account", "account_id"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    party_id: UUID = Field(sa_type=Id)
    account_id: UUID | None = Field(default=None, sa_type=Id)
    sealed: bytes  # JSON, for the track's id
    seconds: int
    state: str  # waiting → playing → played or skipped; gone while its DJ is out
    rank: int  # a host's hand: below 0 it comes before all turns, else it orders a DJ's own tracks
    ups: int
    downs: int
    played_at: datetime | None = Field(default=None, sa_type=Utc)


class Vote(Table, table=True):
    """How an account voted on a track. Of a person's accounts one at most. Personal data."""

    __tablename__ = "party_vote"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["community.id"]),
        Index("ix_party_vote_account", "account_id"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    track_id: UUID = Field(sa_type=Id, primary_key=True)
    account_id: UUID = Field(sa_type=Id, primary_key=True)
    up: bool
