"""People, as far as hallkeeper knows them: pseudonyms here, platform ids sealed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from storage.tables.base import Table
from storage.types import Id, Utc


class Person(Table, table=True):
    """The accounts that one human linked; an account alone is a person of one."""

    __tablename__ = "person"

    id: UUID = Field(sa_type=Id, primary_key=True)


class Account(Table, table=True):
    """One identity on one platform, over all communities. Its external id is sealed, and found by its fingerprint."""

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("platform", "scope", "lookup"),
        ForeignKeyConstraint(["person_id"], ["person.id"]),
    )

    id: UUID = Field(sa_type=Id, primary_key=True)
    platform: str
    scope: str
    lookup: bytes
    sealed: bytes
    person_id: UUID = Field(sa_type=Id, index=True)
    locale: str | None = None
    created_at: datetime = Field(sa_type=Utc)


class LinkCode(Table, table=True):
    """A code by which another account becomes the same person's. Kept as a hash; good once, until it expires."""

    __tablename__ = "link_code"

    code_hash: bytes = Field(primary_key=True)
    account_id: UUID = Field(sa_type=Id, index=True)
    expires_at: datetime = Field(sa_type=Utc)
    used_at: datetime | None = Field(default=None, sa_type=Utc)


class Once(Table, table=True):
    """That an account, or one that it was linked with, had what a subject gives once. Gone when nothing is given."""

    __tablename__ = "once"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["community.id"]),
        Index("ix_once_claim_id", "community_id", "subject_id", "claim_id"),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    subject_id: UUID = Field(sa_type=Id, primary_key=True)
    fingerprint: bytes = Field(primary_key=True, index=True)
    # The plugin's own row about it. Several where accounts that had theirs were linked afterwards.
    claim_id: UUID = Field(sa_type=Id, primary_key=True)


class Member(Table, table=True):
    """An account in a community. The id is a random UUID with no time in it: the pseudonym that the log holds."""

    __tablename__ = "member"
    __table_args__ = (
        UniqueConstraint("community_id", "account_id"),
        ForeignKeyConstraint(["community_id"], ["community.id"]),
    )

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    account_id: UUID = Field(sa_type=Id, index=True)
    created_at: datetime = Field(sa_type=Utc)


class RoleGrant(Table, table=True):
    """A right that a community gives to a platform's role in one of its spaces."""

    __tablename__ = "role_grant"
    __table_args__ = (ForeignKeyConstraint(["community_id", "space_id"], ["space.community_id", "space.id"]),)

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    space_id: UUID = Field(sa_type=Id, primary_key=True)
    role: str = Field(primary_key=True)
    right: str = Field(primary_key=True)


class Consent(Table, table=True):
    """Who allowed what, in which words, when, and when withdrawn."""

    __tablename__ = "consent"
    __table_args__ = (ForeignKeyConstraint(["community_id"], ["community.id"]),)

    community_id: UUID = Field(sa_type=Id, primary_key=True)
    id: UUID = Field(sa_type=Id, primary_key=True)
    account_id: UUID = Field(sa_type=Id, index=True)
    purpose: str
    words: str
    language: str
    given_at: datetime = Field(sa_type=Utc)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Utc)
