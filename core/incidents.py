"""Incidents: what did not go as planned, kept for managers to see."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from storage.tables import Incident
from storage.tx import Tx


class Kind(StrEnum):
    """What happened."""

    MISSED = "missed"
    """A slot was left out: it was past its schedule's window. ``late``: by how many seconds when that was seen."""
    LATE = "late"
    """A slot was planned, or a post sent, noticeably late. ``late``: seconds."""
    UNKNOWN = "unknown"
    """Nobody can tell whether a post arrived; a manager is asked. ``reason``: the platform's words or ours."""
    FAILED = "failed"
    """A post will not be taken. ``reason``."""
    RECOVERED = "recovered"
    """A post of which nobody knew was found or sent after all. ``by``: ``platform``, ``manager`` or ``worker``."""
    STUMBLED = "stumbled"
    """A plugin raised when its schedule came due; it is tried again. ``trace``: what the log has it under."""


def note(
    tx: Tx,
    kind: Kind,
    community_id: UUID,
    *,
    plugin: str = "",
    schedule_id: UUID | None = None,
    delivery_id: UUID | None = None,
    slot: str | None = None,
    **detail: str | float,
) -> None:
    """Note an incident in the unit of what caused it. ``detail``: what :class:`Kind` says; no personal data."""
    tx.add(
        Incident(
            community_id=community_id,
            id=tx.new_id(),
            kind=kind,
            at=tx.now,
            plugin=plugin,
            schedule_id=schedule_id,
            delivery_id=delivery_id,
            slot=slot,
            detail=detail,
        )
    )
