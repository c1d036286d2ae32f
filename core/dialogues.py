"""What must survive a restart between two acts of one member: open dialogues and what was typed in vain."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, or_, select, update
from sqlmodel import col

from core.clock import Clock
from core.event import Who
from storage.engine import Store
from storage.prepared import Prepared
from storage.tables import Dialogue, Watermark
from storage.tx import Tx

KEPT = timedelta(days=2)
"""How long an unfinished dialogue is kept. Long enough for a night and a weekend day, short enough to forget."""
DRAFT = "draft"
"""In the place of a platform: what was typed into a form in vain."""
WHOSE = "\0"
"""Stands in a key between whose it is and which of theirs."""


def drafts_of(who: Who) -> str:
    """Whose drafts, as their keys begin."""
    return f"{who.platform}:{who.scope}:{who.external_id}"


class StoredDialogues:
    """Open dialogues by platform and private chat, encrypted, in the store.

    A row's name is a fingerprint of whose it is, and behind it one of which.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def load(self, platform: str, key: str) -> dict[str, Any] | None:
        """The saved state; None when there is none or it is too old."""
        name = self._name(key)
        rows = await self._store.rows(_KEPT, platform=platform, key=name)
        if not rows or rows[0][1] <= self._clock.now():
            return None
        state: dict[str, Any] = json.loads(self._store.vault.open(rows[0][0], self._context(platform, name)))
        return state

    async def save(self, platform: str, key: str, state: Mapping[str, Any]) -> None:
        """Keep the state. Durable when it returns."""
        await self._store.write(self._keeping(platform, key, state))

    def keep(self, tx: Tx, platform: str, key: str, state: Mapping[str, Any]) -> None:
        """:meth:`save`, as a part of a unit."""
        self._keeping(platform, key, state)(tx)

    def forget(self, tx: Tx, platform: str, key: str) -> None:
        """:meth:`clear`, as a part of a unit."""
        tx.run(_FORGET, platform=platform, key=self._name(key))

    async def clear(self, platform: str, key: str) -> None:
        """Forget the state."""
        name = self._name(key)
        await self._store.write(lambda tx: tx.run(_FORGET, platform=platform, key=name))

    def forget_these(self, tx: Tx, platform: str, keys: Sequence[str]) -> None:
        """Drop many inside a unit of work."""
        if keys:
            names = [self._name(key) for key in keys]
            tx.execute(delete(Dialogue).where(col(Dialogue.platform) == platform, col(Dialogue.key).in_(names)))

    async def of(self, who: Who) -> list[dict[str, Any]]:
        """All that somebody began to say."""
        query = select(col(Dialogue.platform), col(Dialogue.key), col(Dialogue.sealed)).where(self._theirs(who))
        found = await self._store.read(lambda connection: connection.execute(query).all())
        return [json.loads(self._store.vault.open(row[2], self._context(row[0], row[1]))) for row in found]

    def forget_all(self, tx: Tx, who: Who) -> int:
        """Erase all that somebody began to say. How many rows went."""
        return len(tx.execute(delete(Dialogue).where(self._theirs(who)).returning(col(Dialogue.key))).all())

    def _keeping(self, platform: str, key: str, state: Mapping[str, Any]) -> Callable[[Tx], None]:
        now, name = self._clock.now(), self._name(key)
        sealed = self._store.vault.seal(json.dumps(state).encode(), self._context(platform, name))

        def unit(tx: Tx) -> None:
            tx.run(_FORGET, platform=platform, key=name)
            tx.insert(Dialogue, platform=platform, key=name, sealed=sealed, expires_at=now + KEPT, updated_at=now)

        return unit

    def _theirs(self, who: Who) -> ColumnElement[bool]:
        begun = ((who.platform, who.external_id), (DRAFT, drafts_of(who)))
        return or_(
            *(
                and_(col(Dialogue.platform) == platform, col(Dialogue.key).startswith(self._name(whose)))
                for platform, whose in begun
            )
        )

    def _name(self, key: str) -> str:
        whose, _, which = key.partition(WHOSE)
        name = self._store.vault.lookup(whose).hex()
        return name + self._store.vault.lookup(which).hex() if which else name

    @staticmethod
    def _context(platform: str, name: str) -> bytes:
        return f"dialogue:{platform}:{name}".encode()


_KEPT = Prepared(
    select(col(Dialogue.sealed), col(Dialogue.expires_at)).where(
        col(Dialogue.platform) == bindparam("platform"), col(Dialogue.key) == bindparam("key")
    )
)


_FORGET = Prepared(
    delete(Dialogue).where(col(Dialogue.platform) == bindparam("platform"), col(Dialogue.key) == bindparam("key"))
)


class StoredWatermarks:
    """How far numbered streams of events were handled."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def watermark(self, source: str) -> int | None:
        """The highest handled number, None at the very first start."""
        query = select(col(Watermark.value)).where(col(Watermark.source) == source)
        found: int | None = await self._store.read(lambda connection: connection.scalar(query))
        return found

    async def advance(self, source: str, value: int) -> None:
        """All up to ``value`` is handled."""

        def unit(tx: Tx) -> None:
            if not tx.add_if_new(Watermark(source=source, value=value)):
                higher = (col(Watermark.source) == source, col(Watermark.value) < value)
                tx.execute(update(Watermark).where(*higher).values(value=value))

        await self._store.write(unit)
