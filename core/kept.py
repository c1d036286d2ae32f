"""What the core itself keeps about a member: told, and erased."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlmodel import col

from core.context import Owner
from core.texts import Domain
from storage.people import external_id_of
from storage.tables import (
    Account,
    Community,
    Consent,
    Delivery,
    LinkCode,
    Member,
    Pace,
    Participation,
    Person,
    SpaceRoute,
)
from storage.tx import Tx
from storage.types import uuid7_floor

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("core")

ACCOUNT, MEMBER, CONSENTS, ACTS = _("account"), _("member"), _("what you allowed"), _("what you did")
MESSAGES, KEEPER, BROUGHT = (
    _("private messages from me"),
    _("told of posts that need someone"),
    _("spaces I was added to by you"),
)
LINKED, CODES = _("linked with an account on"), _("codes to link an account")
PLATFORM, NUMBER, LANGUAGE, SINCE = _("platform"), _("id"), _("language"), _("since")
PURPOSE, WORDS, WITHDRAWN = _("for what"), _("words"), _("withdrawn")
INSTALLED_BY = b"installed_by"
"""What the seal of whoever added the bot is bound to."""
SKEW = timedelta(minutes=1)
"""An act's id may carry a moment shortly before its member's."""


async def kept(session: AsyncSession, owner: Owner) -> dict[str, Any]:
    """All of it, as :meth:`core.plugin.Plugin.export` says. Counting the acts reads the log since they came."""
    account = await session.get(Account, owner.account_id)
    if account is None:
        return {}
    number = external_id_of(owner.vault, account.platform, account.scope, account.sealed)
    told: dict[str, Any] = {
        ACCOUNT.key: {
            PLATFORM.key: account.platform,
            NUMBER.key: number,
            LANGUAGE.key: account.locale,
            SINCE.key: account.created_at,
        }
    }
    member = await session.get(Member, (owner.community_id, owner.member_id)) if owner.member_id else None
    if member is not None:
        told[MEMBER.key] = {SINCE.key: member.created_at}
        acts = await session.execute(
            select(col(Participation.kind), func.count())
            .where(
                col(Participation.id) >= uuid7_floor(member.created_at - SKEW),
                col(Participation.community_id) == owner.community_id,
                col(Participation.member) == member.id,
            )
            .group_by(col(Participation.kind))
            .order_by(col(Participation.kind))
        )
        told[ACTS.key] = {row[0]: row[1] for row in acts}
    consents = await session.scalars(select(Consent).where(*_of(Consent, owner)).order_by(col(Consent.id)))
    told[CONSENTS.key] = [
        {
            PURPOSE.key: one.purpose,
            WORDS.key: one.words,
            SINCE.key: one.given_at,
            WITHDRAWN.key: one.withdrawn_at,
        }
        for one in consents
    ]
    linked = await session.scalars(
        select(col(Account.platform))
        .where(col(Account.person_id) == account.person_id, col(Account.id) != account.id)
        .order_by(col(Account.id))
    )
    told[LINKED.key] = list(linked)
    told[CODES.key] = await session.scalar(
        select(func.count()).select_from(LinkCode).where(col(LinkCode.account_id) == account.id)
    )
    told[MESSAGES.key] = await session.scalar(select(func.count()).select_from(Delivery).where(*_of(Delivery, owner)))
    told[KEEPER.key] = bool(await session.scalar(select(exists().where(*_keeps(owner)))))
    routes = await session.execute(_ROUTES.where(_may_be_theirs(owner, account.platform)))
    told[BROUGHT.key] = sum(_is_by(owner, number, row.installed_by) for row in routes)
    return told


def erase(tx: Tx, owner: Owner) -> bool:
    """Erase all of it in the community. The log stays as it is: its pseudonym leads to nobody any more.

    Whether the account went with it, because no other community holds it.
    """
    account = tx.execute(
        select(col(Account.platform), col(Account.scope), col(Account.sealed), col(Account.person_id)).where(
            col(Account.id) == owner.account_id
        )
    ).first()
    if account is None:
        return False
    for table in (Consent, Delivery, Member):
        tx.execute(delete(table).where(*_of(table, owner)))
    tx.execute(update(Community).where(*_keeps(owner)).values(keeper_id=None, told_at=None))
    number = external_id_of(owner.vault, account.platform, account.scope, account.sealed)
    routes = tx.execute(_ROUTES.where(_may_be_theirs(owner, account.platform))).all()
    theirs = [row.external_id for row in routes if _is_by(owner, number, row.installed_by)]
    if theirs:
        here = (col(SpaceRoute.platform) == account.platform, col(SpaceRoute.external_id).in_(theirs))
        tx.execute(update(SpaceRoute).where(*here).values(installed_by=None))
    tx.execute(delete(LinkCode).where(col(LinkCode.account_id) == owner.account_id))
    held = or_(
        exists().where(col(Member.account_id) == owner.account_id),
        exists().where(col(Consent.account_id) == owner.account_id),
        exists().where(col(Community.keeper_id) == owner.account_id),
    )
    if tx.scalar(select(held)):
        return False
    # What another community told them in private, as somebody who never took part there.
    tx.execute(delete(Delivery).where(col(Delivery.account_id) == owner.account_id))
    tx.execute(delete(Pace).where(col(Pace.lane) == account.platform, col(Pace.place) == str(owner.account_id)))
    tx.execute(delete(Account).where(col(Account.id) == owner.account_id))
    alone = ~exists().where(col(Account.person_id) == account.person_id)
    tx.execute(delete(Person).where(col(Person.id) == account.person_id, alone))
    return True


_ROUTES = select(col(SpaceRoute.external_id), col(SpaceRoute.installed_by))


def _may_be_theirs(owner: Owner, platform: str) -> ColumnElement[bool]:
    """Spaces of the community, and those that belong to none: the seals have to be opened to know."""
    return and_(
        col(SpaceRoute.platform) == platform,
        or_(col(SpaceRoute.community_id) == owner.community_id, col(SpaceRoute.community_id).is_(None)),
        col(SpaceRoute.installed_by).is_not(None),
    )


def _is_by(owner: Owner, number: str, sealed: bytes) -> bool:
    return owner.vault.open(sealed, INSTALLED_BY) == number.encode()


def _of(table: type[Consent] | type[Delivery] | type[Member], owner: Owner) -> tuple[ColumnElement[bool], ...]:
    return (col(table.community_id) == owner.community_id, col(table.account_id) == owner.account_id)


def _keeps(owner: Owner) -> tuple[ColumnElement[bool], ...]:
    return (col(Community.id) == owner.community_id, col(Community.keeper_id) == owner.account_id)
