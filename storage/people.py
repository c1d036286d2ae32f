"""Who is who: accounts by the fingerprint of their external id, members by their account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, FromClause, LargeBinary, String, and_, bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError

from storage.bulk import insert_all, insert_new
from storage.prepared import Prepared, PreparedForAll
from storage.tables import Account, Member, Person, table_of
from storage.tx import Tx
from storage.types import Id
from storage.vault import Vault

_ACCOUNT = table_of(Account)
_MEMBER = table_of(Member)
_PERSON = table_of(Person)


def account_for(
    tx: Tx, vault: Vault, platform: str, scope: str, external_id: str, locale: str | None = None
) -> Account:
    """The account of one identity on one platform, made with a person of its own when it is new.

    :param scope: where the external id is unique: a workspace, or "" when that is the whole platform.
    :param locale: the language that the platform tells now; remembered when it changes.
    """
    lookup = lookup_of(vault, platform, scope, external_id)
    query = select(_ACCOUNT).where(
        _ACCOUNT.c.platform == platform, _ACCOUNT.c.scope == scope, _ACCOUNT.c.lookup == lookup
    )
    found = tx.execute(query).one_or_none()
    if found is None:
        account = Account(
            id=tx.new_id(),
            platform=platform,
            scope=scope,
            lookup=lookup,
            sealed=vault.seal(external_id.encode(), _context(platform, scope)),
            person_id=tx.new_id(),
            locale=locale,
            created_at=tx.now,
        )
        try:
            with tx.nested():
                tx.add(Person(id=account.person_id))
                tx.add(account)
        except IntegrityError:
            found = tx.execute(query).one()  # another process was first, and has committed by now
        else:
            return account
    account = Account(**found._mapping)
    if locale is not None and account.locale != locale:
        tx.execute(update(_ACCOUNT).where(_ACCOUNT.c.id == account.id).values(locale=locale))
        account.locale = locale
    return account


def member_for(tx: Tx, community_id: UUID, account_id: UUID) -> Member:
    """The account's membership of the community, made when it is new, with a random pseudonym."""
    query = select(_MEMBER).where(_MEMBER.c.community_id == community_id, _MEMBER.c.account_id == account_id)
    found = tx.execute(query).one_or_none()
    if found is None:
        # Version 4, so that no time in it tells when its holder came.
        member = Member(community_id=community_id, id=uuid4(), account_id=account_id, created_at=tx.now)
        if tx.add_if_new(member):
            return member
        found = tx.execute(query).one()  # as above
    return Member(**found._mapping)


def is_acting(account: FromClause = _ACCOUNT) -> ColumnElement[bool]:
    """Whether an account is the one that :func:`asked_for` has the parameters of."""
    return and_(
        account.c.platform == bindparam("platform"),
        account.c.scope == bindparam("scope"),
        account.c.lookup == bindparam("lookup"),
    )


WHO = Prepared(
    select(_ACCOUNT.c.id, _ACCOUNT.c.locale, _MEMBER.c.id)
    .select_from(
        _ACCOUNT.outerjoin(
            _MEMBER,
            and_(_MEMBER.c.account_id == _ACCOUNT.c.id, _MEMBER.c.community_id == bindparam("community_id")),
        )
    )
    .where(is_acting())
)


def member_id_for(
    tx: Tx,
    vault: Vault,
    community_id: UUID,
    platform: str,
    scope: str,
    external_id: str,
    locale: str | None = None,
) -> UUID:
    """The pseudonym of one identity in a community: :func:`account_for` and :func:`member_for` in one look.

    Every act does this, so it is the quick way.
    """
    lookup = lookup_of(vault, platform, scope, external_id)
    found = tx.run(WHO, community_id=community_id, platform=platform, scope=scope, lookup=lookup)
    if not found:
        account_id, person_id = tx.new_id(), tx.new_id()
        tx.insert(Person, id=person_id)
        is_new = tx.insert_if_new(
            Account,
            id=account_id,
            platform=platform,
            scope=scope,
            lookup=lookup,
            sealed=vault.seal(external_id.encode(), _context(platform, scope)),
            person_id=person_id,
            locale=locale,
            created_at=tx.now,
        )
        if not is_new:  # another process was first; its person is the one
            tx.execute(delete(_PERSON).where(_PERSON.c.id == person_id))
            account_id = account_for(tx, vault, platform, scope, external_id, locale).id
        return _new_member(tx, community_id, account_id)
    account_id, known_locale, member_id = found[0]
    if locale is not None and known_locale != locale:
        tx.execute(update(_ACCOUNT).where(_ACCOUNT.c.id == account_id).values(locale=locale))
    if member_id is None:
        return _new_member(tx, community_id, account_id)
    pseudonym: UUID = member_id
    return pseudonym


class Identity(NamedTuple):
    """One identity on one platform that acts in a community; see :func:`member_id_for`."""

    community_id: UUID
    platform: str
    scope: str
    external_id: str
    locale: str | None = None


class Known(NamedTuple):
    """Who that is."""

    account_id: UUID
    person_id: UUID
    member_id: UUID


_WHO_ALL = PreparedForAll(
    {"community_id": Id(), "platform": String(), "scope": String(), "lookup": LargeBinary()},
    lambda wanted: select(
        wanted.c.community_id, wanted.c.lookup, _ACCOUNT.c.id, _ACCOUNT.c.person_id, _MEMBER.c.id
    ).select_from(
        wanted.join(
            _ACCOUNT,
            and_(
                _ACCOUNT.c.platform == wanted.c.platform,
                _ACCOUNT.c.scope == wanted.c.scope,
                _ACCOUNT.c.lookup == wanted.c.lookup,
            ),
        ).join(
            _MEMBER,
            and_(_MEMBER.c.account_id == _ACCOUNT.c.id, _MEMBER.c.community_id == wanted.c.community_id),
        )
    ),
)


_ACCOUNTS = PreparedForAll(
    {"platform": String(), "scope": String(), "lookup": LargeBinary()},
    lambda wanted: select(wanted.c.platform, wanted.c.scope, wanted.c.lookup, _ACCOUNT.c.id).join(
        _ACCOUNT,
        and_(
            _ACCOUNT.c.platform == wanted.c.platform,
            _ACCOUNT.c.scope == wanted.c.scope,
            _ACCOUNT.c.lookup == wanted.c.lookup,
        ),
    ),
)


def known_all(tx: Tx, vault: Vault, identities: Sequence[Identity]) -> list[Known]:
    """Who all those are, in order; whoever is new is made a member. Up to 500 at a time."""
    keys = [
        (one.community_id, one.platform, one.scope, lookup_of(vault, one.platform, one.scope, one.external_id))
        for one in identities
    ]
    found = _known(tx, set(keys))
    new = {key: one for key, one in zip(keys, identities, strict=True) if (key[0], key[3]) not in found}
    if new:  # once in a member's life, and hundreds of them when something is given away
        _make_all(tx, vault, new)
        found |= _known(tx, new)
    return [found[key[0], key[3]] for key in keys]


_Key = tuple[UUID, str, str, bytes]


def _make_all(tx: Tx, vault: Vault, new: Mapping[_Key, Identity]) -> None:
    """Make members, and accounts of those that have none: :func:`member_id_for` for many, by a few statements."""
    # In one order in all processes, so that two who make the same accounts never wait for each other in a ring.
    wanted = {key[1:]: one for key, one in sorted(new.items())}
    accounts = _accounts(tx, wanted)
    unknown = {key: one for key, one in wanted.items() if key not in accounts}
    if unknown:
        people, ids = tx.new_ids(len(unknown)), tx.new_ids(len(unknown))
        insert_all(tx, Person, [{"id": person_id} for person_id in people])
        rows = [
            {
                "id": account_id,
                "platform": platform,
                "scope": scope,
                "lookup": lookup,
                "sealed": vault.seal(one.external_id.encode(), _context(platform, scope)),
                "person_id": person_id,
                "locale": one.locale,
            }
            for ((platform, scope, lookup), one), account_id, person_id in zip(
                unknown.items(), ids, people, strict=True
            )
        ]
        insert_new(tx, Account, rows, created_at=tx.now)
        accounts |= _accounts(tx, unknown)
        others = set(ids) - set(accounts.values())
        alone = [row["person_id"] for row in rows if row["id"] in others]
        if alone:  # another process was first; its persons are the ones
            tx.execute(delete(_PERSON).where(_PERSON.c.id.in_(alone)))
    # Version 4, so that no time in it tells when its holder came.
    members = [{"community_id": key[0], "id": uuid4(), "account_id": accounts[key[1:]]} for key in sorted(new)]
    insert_new(tx, Member, members, created_at=tx.now)


def _accounts(tx: Tx, keys: Iterable[tuple[str, str, bytes]]) -> dict[tuple[str, str, bytes], UUID]:
    rows = tx.run_all(_ACCOUNTS, list(keys))
    return {(platform, scope, bytes(lookup)): account_id for platform, scope, lookup, account_id in rows}


def _known(tx: Tx, keys: Iterable[tuple[UUID, str, str, bytes]]) -> dict[tuple[UUID, bytes], Known]:
    rows = tx.run_all(_WHO_ALL, list(keys))
    return {(community_id, bytes(lookup)): Known(*ids) for community_id, lookup, *ids in rows}


def asked_for(vault: Vault, community_id: UUID, platform: str, scope: str, external_id: str) -> dict[str, Any]:
    """The parameters of :data:`WHO`, which makes nobody: its rows are none, or account, locale and pseudonym.

    Likewise of statements with :func:`is_acting`.
    """
    lookup = lookup_of(vault, platform, scope, external_id)
    return {"community_id": community_id, "platform": platform, "scope": scope, "lookup": lookup}


def _new_member(tx: Tx, community_id: UUID, account_id: UUID) -> UUID:
    # Version 4, so that no time in it tells when its holder came.
    pseudonym = uuid4()
    values = {"community_id": community_id, "id": pseudonym, "account_id": account_id, "created_at": tx.now}
    return pseudonym if tx.insert_if_new(Member, **values) else member_for(tx, community_id, account_id).id


def external_id_of(vault: Vault, platform: str, scope: str, sealed: bytes) -> str:
    """The platform's own id of an account, unsealed: to send to it, and to export.

    :raises CannotOpenSeal: see :meth:`Vault.open`.
    """
    return vault.open(sealed, _context(platform, scope)).decode()


def lookup_of(vault: Vault, platform: str, scope: str, external_id: str) -> bytes:
    """The fingerprint that an account is found by. The same number on two platforms has two."""
    return vault.lookup(f"{platform}\0{scope}\0{external_id}")


def _context(platform: str, scope: str) -> bytes:
    return f"account\0{platform}\0{scope}".encode()
