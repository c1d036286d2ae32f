"""What a manager looks at, or may take back: kept until it is confirmed, undone or replaced by the next."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlmodel import col

from core.action import MAX_NUMBER
from plugins.question_of_the_day.tables import Pile
from storage.bulk import upsert_all
from storage.tx import Tx

IMPORT, FOUND, UNDO = "import", "found", "undo"
"""What is handed in, what a search found, and how it was before the last change of many."""
LIVES = timedelta(days=1)
"""How long each is good."""


def keep(tx: Tx, community_id: Any, kind: str, rows: Any) -> int:
    """Keep a pile instead of the last one of its kind; returns its number, for buttons."""
    number = secrets.randbelow(MAX_NUMBER) + 1
    row = {"community_id": community_id, "kind": kind, "number": number, "rows": rows, "made_at": tx.now}
    upsert_all(tx, Pile, ("community_id", "kind"), [row])
    return number


def take(tx: Tx, community_id: Any, kind: str, number: object) -> Any:
    """Take a pile away; its rows, or None when it is gone, too old or another one by now."""
    row = tx.execute(
        delete(Pile)
        .where(
            col(Pile.community_id) == community_id,
            col(Pile.kind) == kind,
            col(Pile.number) == (number if isinstance(number, int) else 0),
        )
        .returning(col(Pile.rows), col(Pile.made_at))
    ).first()
    return row.rows if row is not None and _fresh(row.made_at, tx.now) else None


def look(connection: Connection, community_id: Any, kind: str, now: datetime) -> tuple[int, Any] | None:
    """The number and rows of the newest pile of a kind, None where there is none that is good."""
    row = connection.execute(
        select(col(Pile.number), col(Pile.rows), col(Pile.made_at)).where(
            col(Pile.community_id) == community_id, col(Pile.kind) == kind
        )
    ).first()
    return (row.number, row.rows) if row is not None and _fresh(row.made_at, now) else None


def _fresh(made_at: datetime, now: datetime) -> bool:
    return made_at > now - LIVES
