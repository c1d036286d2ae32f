"""What runs, when it is due, and what is owed to whom."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from storage.tables.base import Table
from storage.types import Id, Json, Utc


class Activity(Table, table=True):
    """One run of a plugin in one community. A schedule makes one at most for each of its slots."""

    __tablename__ = "activity"
    __table_args__ = (
        UniqueConstraint("community_id", "schedule_id", "slot"),
        ForeignKeyConstraint(["community_id"], ["community.id"]),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    plugin: str  # its short code
    space_id: UUID | None = Field(default=None, sa_type=Id)
    schedule_id: UUID | None = Field(default=None, sa_type=Id)
    slot: str | None = None  # the nominal local time, ISO without a zone
    state: str
    data: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    created_at: datetime = Field(sa_type=Utc)
    closed_at: datetime | None = Field(default=None, sa_type=Utc)


class Schedule(Table, table=True):
    """When what is due, in the community's own time zone."""

    __tablename__ = "schedule"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["community.id"]),
        Index("ix_schedule_due", "next_at"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    plugin: str
    kind: str
    spec: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    time_zone: str | None = None  # null: the community's
    next_at: datetime | None = Field(default=None, sa_type=Utc)
    next_slot: str | None = None  # the nominal local time of next_at, ISO without a zone
    catch_up_seconds: int = 0  # 0: the planner's own window
    until: str | None = None  # the last local day, ISO
    not_before: str | None = None  # local slots up to this one are left out: "skip next", or a pause with an end
    days_off: dict[str, Any] = Field(default_factory=dict, sa_type=Json)  # holidays and ranges: core.schedule.DaysOff
    draft: dict[str, Any] | None = Field(default=None, sa_type=Json)  # what a manager looks at and has not saved
    paused_at: datetime | None = Field(default=None, sa_type=Utc)
    ended_at: datetime | None = Field(default=None, sa_type=Utc)
    planned_at: datetime | None = Field(default=None, sa_type=Utc)  # by which clock it was last planned
    tries: int = 0  # times in a row that its plugin raised; next_at is then when to try again
    created_at: datetime = Field(sa_type=Utc)


class Alarm(Table, table=True):
    """A moment at which a plugin has something to do about an activity. Gone once it has rung."""

    __tablename__ = "alarm"
    __table_args__ = (ForeignKeyConstraint(["community_id"], ["community.id"]),)

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    activity_id: UUID = Field(sa_type=Id, primary_key=True)
    name: str = Field(primary_key=True)
    plugin: str  # its short code
    at: datetime = Field(sa_type=Utc, index=True)
    tries: int = 0  # times in a row that its plugin raised


_UNDONE = text("state IN ('pending', 'sending', 'checking') OR wanted_revision > shown_revision")
_STUCK = text("state IN ('unknown', 'failed')")
_PRIVATE = text("account_id IS NOT NULL")


class Delivery(Table, table=True):
    """One message owed to one channel, or to one account in private."""

    __tablename__ = "delivery"
    __table_args__ = (
        # In private the channel is null, and nulls differ from each other: many may be owed.
        UniqueConstraint("community_id", "activity_id", "channel_id"),
        ForeignKeyConstraint(["community_id", "space_id"], ["space.community_id", "space.id"]),
        # Few rows of many are ever undone, so the index holds those alone.
        Index("ix_delivery_due", "lane", "due_at", sqlite_where=_UNDONE, info={"postgresql_where": _UNDONE}),
        Index("ix_delivery_external", "community_id", "space_id", "external_id"),
        # What a manager is asked about.
        Index("ix_delivery_stuck", "community_id", sqlite_where=_STUCK, info={"postgresql_where": _STUCK}),
        # What goes with an account that is erased.
        Index("ix_delivery_private", "account_id", sqlite_where=_PRIVATE, info={"postgresql_where": _PRIVATE}),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    activity_id: UUID | None = Field(default=None, sa_type=Id)
    space_id: UUID = Field(sa_type=Id)
    channel_id: UUID | None = Field(default=None, sa_type=Id)
    account_id: UUID | None = Field(default=None, sa_type=Id)  # a message in private
    lane: str  # a bot and its rate limit
    # pending → sending → sent, or → checking (did it arrive? the platform is asked) → sent, pending or unknown (a
    # person is asked); failed (will not be taken); cancelled.
    state: str = "pending"
    due_at: datetime = Field(sa_type=Utc)
    expires_at: datetime | None = Field(default=None, sa_type=Utc)  # what was not sent by then is too late
    message: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    card_plugin: str | None = None
    wanted_revision: int = 0
    shown_revision: int = 0
    external_id: str | None = None  # the platform's id of the message
    attempts: int = 0
    checks: int = 0  # how often the platform was asked whether it arrived
    error: str | None = None
    leased_by: str | None = None  # a worker; good while that worker is alive
    asked_at: datetime | None = Field(default=None, sa_type=Utc)  # a member is asked of our own accord: core.asks
    sent_at: datetime | None = Field(default=None, sa_type=Utc)
    headcount: int | None = None  # about how many could see it when it was sent: core.counting; null: not known
    created_at: datetime = Field(sa_type=Utc)
