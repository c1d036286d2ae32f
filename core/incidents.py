"""Incidents: what did not go as planned, kept for managers to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, and_, select
from sqlmodel import col

from core.moments import span
from core.texts import Domain, Phrase
from storage.tables import Activity, Channel, Delivery, Incident, Space
from storage.tx import Tx

_ = Domain("core")

MOST = 300
"""Incidents read for one list: what befalls a fan-out to hundreds of channels is a few lines of it."""


TOO_LATE = "too late"
"""The reason of a delivery that could not go out within its window."""


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
    """A plugin raised when a schedule or alarm came due; it is tried again. ``trace``: what the log has it under."""


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


class Happened(NamedTuple):
    """One thing that happened, in as many places as it did. Of several the newest one speaks."""

    kind: str
    at: datetime
    plugin: str
    data: Mapping[str, Any]
    """The activity's, where there is one."""
    slot: str | None
    detail: Mapping[str, Any]
    state: str
    """What became of the post since: its delivery's state; empty where it was about none, or several differ."""
    private: bool
    places: tuple[tuple[str, str], ...]
    """Channels and their spaces, by name."""


def newest(connection: Connection, community_id: UUID, most: int) -> list[Happened]:
    """What happened lately in a community, the newest first; the same in many places is told once. One query."""
    rows = connection.execute(
        select(
            col(Incident.kind),
            col(Incident.at),
            col(Incident.plugin),
            col(Incident.slot),
            col(Incident.schedule_id),
            col(Incident.detail),
            col(Activity.id).label("activity_id"),
            col(Activity.plugin).label("activity_plugin"),
            col(Activity.data),
            col(Activity.slot).label("activity_slot"),
            col(Delivery.state),
            col(Delivery.account_id),
            col(Channel.name).label("channel"),
            col(Space.name).label("space"),
        )
        .outerjoin(
            Delivery,
            and_(
                col(Delivery.community_id) == col(Incident.community_id),
                col(Delivery.id) == col(Incident.delivery_id),
            ),
        )
        .outerjoin(
            Activity,
            and_(
                col(Activity.community_id) == col(Delivery.community_id),
                col(Activity.id) == col(Delivery.activity_id),
            ),
        )
        .outerjoin(
            Channel,
            and_(
                col(Channel.community_id) == col(Delivery.community_id), col(Channel.id) == col(Delivery.channel_id)
            ),
        )
        .outerjoin(
            Space,
            and_(col(Space.community_id) == col(Delivery.community_id), col(Space.id) == col(Delivery.space_id)),
        )
        .where(col(Incident.community_id) == community_id)
        .order_by(col(Incident.id).desc())
        .limit(MOST)
    )
    groups: dict[object, list[Any]] = {}
    for row in rows:
        by = row.detail.get("by")
        groups.setdefault((row.kind, row.plugin, row.schedule_id, row.slot, row.activity_id, by), []).append(row)
    return [_one(group) for group in list(groups.values())[:most]]


def _one(rows: Sequence[Any]) -> Happened:
    first = rows[0]
    states = {row.state or "" for row in rows}
    return Happened(
        kind=first.kind,
        at=first.at,
        plugin=first.plugin or first.activity_plugin or "",
        data=first.data or {},
        slot=first.slot or first.activity_slot,
        detail=first.detail,
        state=states.pop() if len(states) == 1 else "",
        private=first.account_id is not None,
        places=tuple(dict.fromkeys((row.channel, row.space) for row in rows if row.channel is not None)),
    )


def told(one: Happened, language: str) -> Phrase:
    """What happened, in words for managers."""
    late, reason = float(one.detail.get("late") or 0), str(one.detail.get("reason") or "")
    match one.kind:
        case Kind.MISSED:
            return _("Left out: it could only have come {span} late.", span=span(late, language))
        case Kind.LATE:
            return _("Came {span} late.", span=span(late, language))
        case Kind.UNKNOWN:
            return _("Nobody could tell whether it arrived.")
        case Kind.FAILED if reason == TOO_LATE:
            return _("Could not go out in time.")
        case Kind.FAILED if reason:
            return _("Was not taken: “{reason}”.", reason=reason)
        case Kind.FAILED:
            return _("Was not taken.")
        case Kind.RECOVERED if one.detail.get("by") == "platform":
            return _("Was there after all.")
        case Kind.RECOVERED if one.detail.get("by") == "manager":
            return _("A manager found it.")
        case Kind.RECOVERED:
            return _("Went out after all.")
        case Kind.STUMBLED:
            trace = str(one.detail.get("trace") or "?")
            return _("Could not be made, and is tried again. For whoever runs this bot: {trace}.", trace=trace)
    return _("Something that this version has no words for.")


def since(one: Happened) -> Phrase | None:
    """What became of it since, where that is worth saying."""
    if one.kind not in (Kind.UNKNOWN, Kind.FAILED):
        return None
    match one.state:
        case "sent":
            return _("It is posted by now.")
        case "cancelled":
            return _("It was let go.")
        case "pending" | "sending" | "checking":
            return _("It is on its way again.")
        case "unknown" | "failed" if not one.private:
            return _("It still needs you.")
    return None
