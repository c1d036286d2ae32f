"""The store knows its master key again, so that a wrong one is refused before anything is sealed with it."""

from __future__ import annotations

import hmac

from sqlalchemy import Connection, insert, inspect, select

from storage.errors import WrongMasterKey
from storage.tables import Keeper, table_of
from storage.vault import Vault

_NAME = "vault"
# The plain table: by its model, the first statement of a start would have SQLAlchemy wire up every model (11 ms).
_KEEPER = table_of(Keeper)


def check(connection: Connection, vault: Vault) -> bool:
    """Whether the store already remembers a key; it is then this vault's.

    :raises WrongMasterKey: the store remembers another one.
    """
    if not inspect(connection).has_table("keeper"):
        return False
    known = connection.execute(select(_KEEPER.c.value).where(_KEEPER.c.name == _NAME)).scalar()
    if known is None:
        return False
    if not hmac.compare_digest(known, vault.check):
        raise WrongMasterKey(
            "This store was sealed with another master key. Restore that key file from your backup; with this one "
            "the members' accounts could be neither found nor read. Nothing was changed."
        )
    return True


def remember(connection: Connection, vault: Vault) -> None:
    """Remember this vault's key, unless one is remembered already."""
    if not check(connection, vault):
        connection.execute(insert(_KEEPER).values(name=_NAME, value=vault.check))
