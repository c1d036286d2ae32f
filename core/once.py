"""What a person may have once, such as one sample of a drop: on whichever platform, whatever they link or forget.

It is written down for every account that the person has linked at that moment, by a keyed fingerprint: taking an
account out again frees nothing, and neither does erasing one's data and coming back. When nothing is given any more
the rows go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, and_, delete, literal_column, select
from sqlmodel import col

from core.deciding import Request
from storage.bulk import insert_all
from storage.people import is_acting
from storage.prepared import Prepared, PreparedForAll
from storage.tables import Account, table_of
from storage.tables import Once as Row
from storage.tx import Tx
from storage.types import Id
from storage.vault import Vault

_OWN = table_of(Account).alias()


class Once:
    """Who of those that ask had what a subject gives: read for all at once, then kept up in memory.

    :ivar subject_id: what is given once, a drop's activity for example.
    """

    def __init__(self, tx: Tx, community_id: UUID, subject_id: UUID, requests: Sequence[Request]) -> None:
        """Read it for all ``requests``, which are one community's. Lock what is contended for before."""
        self.subject_id = subject_id
        self._tx = tx
        self._community_id = community_id
        self._new: list[dict[str, object]] = []
        self._back: list[UUID] = []
        self._prints: dict[UUID, list[bytes]] = {}
        vaults = {one.account_id: one.vault for one in requests}
        tx.guard(_LINKS, shared=True)
        for account_id, lookup in tx.run_all(_LINKED, [(one,) for one in vaults]):
            self._prints.setdefault(account_id, []).append(_print(vaults[account_id], lookup))
        keys = [(community_id, subject_id, one) for prints in self._prints.values() for one in prints]
        self._had: dict[bytes, list[UUID]] = {}
        for fingerprint, claim_id in tx.run_all(_HAD, keys):
            self._had.setdefault(bytes(fingerprint), []).append(claim_id)

    def had(self, request: Request) -> UUID | None:
        """The claim by which one of this person's accounts had theirs; None where none had."""
        return next(iter(self.claims(request)), None)

    def claims(self, request: Request) -> list[UUID]:
        """All claims by which this person's accounts had theirs: several where they were linked afterwards."""
        found = (claim_id for one in self._prints[request.account_id] for claim_id in self._had.get(one, ()))
        return list(dict.fromkeys(found))

    def note(self, request: Request, claim_id: UUID) -> None:
        """This person has theirs now, by that claim. Kept by :meth:`write`."""
        for fingerprint in self._prints[request.account_id]:
            self._had.setdefault(fingerprint, []).append(claim_id)
            self._new.append({"fingerprint": fingerprint, "claim_id": claim_id})

    def take_back(self, claim_id: UUID) -> None:
        """That claim came to nothing: whoever made it may ask again, also among these requests. Kept by
        :meth:`write`."""
        for several in self._had.values():
            if claim_id in several:
                several.remove(claim_id)
        self._new = [row for row in self._new if row["claim_id"] != claim_id]
        self._back.append(claim_id)

    def write(self) -> None:
        """Write what was noted and taken back."""
        if self._back:
            take_back(self._tx, self._community_id, self.subject_id, self._back)
            self._back = []
        insert_all(self._tx, Row, self._new, community_id=self._community_id, subject_id=self.subject_id)
        self._new = []


def take_back(tx: Tx, community_id: UUID, subject_id: UUID, claim_ids: Sequence[UUID]) -> None:
    """Claims came to nothing: whoever made them may ask again."""
    here = (col(Row.community_id) == community_id, col(Row.subject_id) == subject_id)
    tx.execute(delete(Row).where(*here, col(Row.claim_id).in_(claim_ids)))


class Silent:
    """Whether one account, or one that it is linked with, had what a subject gives, and that it has now. Unlike
    :class:`Once` it makes nobody known to the store: whoever never did anything else leaves no trace but this one.

    Lock what is contended for before.
    """

    def __init__(self, tx: Tx, vault: Vault, subject_id: UUID, acting: Mapping[str, Any]) -> None:
        """:param acting: whose account in which community, as :func:`storage.people.asked_for` says it."""
        self._tx = tx
        who = dict(acting)
        community_id = who.pop("community_id")
        self._key = {"community_id": community_id, "subject_id": subject_id}
        tx.guard(_LINKS, shared=True)
        linked = [bytes(row[0]) for row in tx.run(_LINKED_WITH, **who)]
        self._prints = [_print(vault, one) for one in linked or [who["lookup"]]]
        self.had = bool(tx.run_all(_HAD, [(community_id, subject_id, one) for one in self._prints]))

    def note(self) -> None:
        """They have it now."""
        rows = [{"fingerprint": one} for one in self._prints]
        insert_all(self._tx, Row, rows, **self._key, claim_id=self._tx.new_id())


def begun(tx: Tx, subjects: Sequence[tuple[UUID, UUID]]) -> list[tuple[UUID, UUID]]:
    """Of these subjects, by community and id, those of which anybody had theirs."""
    return [(row[0], row[1]) for row in tx.run_all(_BEGUN, subjects)]


def over(tx: Tx, community_id: UUID, subject_id: UUID) -> None:
    """Nothing is given any more, so nobody need be known."""
    tx.execute(delete(Row).where(col(Row.community_id) == community_id, col(Row.subject_id) == subject_id))


def alone(tx: Tx) -> None:
    """Before accounts are linked: wait until everybody has decided who looked at who is linked with whom."""
    tx.guard(_LINKS)


def spread(tx: Tx, vault: Vault, person_id: UUID) -> None:
    """Accounts were just linked, :func:`alone`: what one of them had, the others had, too."""
    lookups = tx.execute(select(col(Account.lookup)).where(col(Account.person_id) == person_id)).scalars()
    prints = [_print(vault, lookup) for lookup in lookups]
    rows = tx.execute(select(Row).where(col(Row.fingerprint).in_(prints)).order_by(col(Row.claim_id))).all()
    for row in rows:
        for fingerprint in prints:
            one = {"community_id": row.community_id, "subject_id": row.subject_id, "claim_id": row.claim_id}
            tx.insert_if_new(Row, fingerprint=fingerprint, **one)


def _print(vault: Vault, lookup: bytes) -> bytes:
    """Another than the account's own, which a stolen store could be searched by once the account came back."""
    return vault.lookup(f"once\0{bytes(lookup).hex()}")


_LINKS = 0x6C696E6B
"""“link”: who is linked with whom."""
_LINKED = PreparedForAll(
    {"account_id": Id()},
    lambda wanted: select(wanted.c.account_id, col(Account.lookup)).select_from(
        wanted.join(_OWN, _OWN.c.id == wanted.c.account_id).join(Account, col(Account.person_id) == _OWN.c.person_id)
    ),
)
_LINKED_WITH = Prepared(
    select(col(Account.lookup)).join(_OWN, _OWN.c.person_id == col(Account.person_id)).where(is_acting(_OWN))
)
_BEGUN = PreparedForAll(
    {"community_id": Id(), "subject_id": Id()},
    lambda wanted: select(wanted.c.community_id, wanted.c.subject_id).where(
        select(literal_column("1"))
        .where(col(Row.community_id) == wanted.c.community_id, col(Row.subject_id) == wanted.c.subject_id)
        .exists()
    ),
)
_HAD = PreparedForAll(
    {"community_id": Id(), "subject_id": Id(), "fingerprint": LargeBinary()},
    lambda wanted: select(col(Row.fingerprint), col(Row.claim_id)).join(
        wanted,
        and_(
            col(Row.community_id) == wanted.c.community_id,
            col(Row.subject_id) == wanted.c.subject_id,
            col(Row.fingerprint) == wanted.c.fingerprint,
        ),
    ),
)
