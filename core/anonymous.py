"""Anonymous words: sealed while they wait, then written down among others so that nothing leads to who gave them.

What is sent waits under a random id, sealed. Once five wait they are written down together, in a transaction of their
own, under new random ids and in the order of those: so neither an id nor a day, neither the order in the file nor the
transaction says more of a member than that they are one of the batch. The few that are left at the end are written
among others that were written before, which get new ids with them.

Who took part is kept apart, by :mod:`core.once` for example. While words wait, the transaction that they came in
tells who holds both the store and its key whose they are: afterwards nothing does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from random import SystemRandom
from typing import Any, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select

from core.alarms import set_alarm
from storage.tables import Table, table_of
from storage.tx import Tx
from storage.vault import Vault

T = TypeVar("T")

LEAST = 5
"""Members' words that are written down together at least, before the end."""
AMONG = 45
"""Of those that were written before, how many the last few are written among at most."""
WRITE = "write"
"""The alarm by which a plugin writes down what waits."""
SOON = timedelta(minutes=1)
"""How long what was sent waits before it is looked whether there are enough."""


class Waiting:
    """A plugin's table of words that wait: community, what they are about, a random id, the sealed words.

    It has no rowid on SQLite, whose numbers would tell the order in which the words came.
    """

    def __init__(self, plugin: str, model: type[Table], about: str) -> None:
        """:param plugin: the plugin's code. :param about: the column that names what the words are about."""
        self._plugin = plugin
        self._table = table_of(model)
        self._about = self._table.c[about]

    @staticmethod
    def row(vault: Vault, data: Any) -> dict[str, Any]:
        """A row of the table, of what JSON can say."""
        new_id = uuid4()
        return {"id": new_id, "sealed": vault.seal(json.dumps(data).encode(), new_id.bytes)}

    def look_soon(self, tx: Tx, community_id: UUID, about_id: UUID) -> None:
        """Something waits: the alarm :data:`WRITE` rings for it."""
        set_alarm(tx, community_id, about_id, self._plugin, WRITE, tx.now + SOON, or_sooner=True)

    def take(self, tx: Tx, vault: Vault, community_id: UUID, about_id: UUID, *, over: bool) -> list[Any]:
        """Take out what waits, if it is enough or nothing more can come; else nothing."""
        here = (self._table.c.community_id == community_id, self._about == about_id)
        if not over and tx.scalar(select(func.count()).select_from(self._table).where(*here)) < LEAST:
            return []
        rows = tx.execute(delete(self._table).where(*here).returning(self._table.c.id, self._table.c.sealed))
        return [json.loads(vault.open(row.sealed, row.id.bytes)) for row in rows]


def some_of(ids: Iterable[UUID]) -> list[UUID]:
    """Of those that were written before, some to write the last few among."""
    known = sorted(ids)
    return SystemRandom().sample(known, min(AMONG, len(known)))


def shuffled(several: Sequence[T]) -> Iterator[tuple[UUID, T]]:
    """Each under a new random id, in the order of these: the order to write them in."""
    return iter(sorted(zip((uuid4() for _one in several), several, strict=True), key=lambda pair: pair[0]))
