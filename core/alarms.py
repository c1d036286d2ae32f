"""Alarms: moments at which a plugin has something to do about an activity, such as an end or a hold that runs out.

An activity has one alarm of each name. It rings once, in the transaction that takes it away, so that what the plugin
does about it is done exactly once whatever dies; and it is never early, and late only while nobody could ring it.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    TextClause,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    text,
    tuple_,
    update,
)
from sqlmodel import col

from core import incidents
from core.incidents import Kind
from core.logs import Logger
from storage.prepared import Prepared
from storage.tables import Alarm
from storage.tx import Tx
from storage.types import Id, Utc

if TYPE_CHECKING:
    from core.plugin import Plugin

logger = Logger(__name__)

BATCH = 250
"""Alarms that ring in one unit: as many as schedules are planned in one."""
FIRST_BACKOFF, LONGEST_BACKOFF = timedelta(seconds=10), timedelta(hours=1)
"""How long an alarm rests whose plugin raised: doubled each time."""


class Ring(NamedTuple):
    """An alarm whose moment has come, as the plugin sees it."""

    community_id: UUID
    activity_id: UUID
    name: str
    at: datetime
    """The moment it was set to, in UTC."""
    now: datetime


def set_alarm(
    tx: Tx, community_id: UUID, activity_id: UUID, plugin: str, name: str, at: datetime, *, or_sooner: bool = False
) -> None:
    """Set an activity's alarm of that name, or move it.

    :param plugin: the code of the plugin whose :meth:`core.plugin.Plugin.ring` it rings.
    :param at: when, aware. In the past: at the next look.
    :param or_sooner: leave it where it is set to an earlier moment: one alarm for the first of many that run out.
    """
    values = {"community_id": community_id, "activity_id": activity_id, "name": name, "plugin": plugin, "at": at}
    tx.execute(_SET_SOONER if or_sooner else _SET, values)


def silence(tx: Tx, community_id: UUID, activity_id: UUID, name: str | None = None) -> None:
    """Take away an activity's alarm of that name, or all that it has."""
    here = [col(Alarm.community_id) == community_id, col(Alarm.activity_id) == activity_id]
    if name is not None:
        here.append(col(Alarm.name) == name)
    tx.execute(delete(Alarm).where(*here))


def ring(tx: Tx, plugins: Mapping[str, Plugin], now: datetime) -> int:
    """Ring one batch of what is due; returns how many there were."""
    by_plugin: dict[str, list[tuple[Ring, int]]] = {}
    rows = tx.run(_CLAIM, now=now)
    for community_id, activity_id, name, plugin, at, tries in rows:
        by_plugin.setdefault(plugin, []).append((Ring(community_id, activity_id, name, at, now), tries))
    for code, several in by_plugin.items():
        plugin = plugins.get(code)
        if plugin is None:  # it may come back
            tx.execute(update(Alarm).where(_those([one for one, _tries in several])).values(at=now + LONGEST_BACKOFF))
            continue
        try:
            _hear(tx, plugin, [one for one, _tries in several])
        except Exception as error:
            logger.info("alarms could not be rung together: each is tried alone", plugin=code, error=repr(error))
            for one, tries in several:
                _hear_alone(tx, plugin, one, tries)
    return len(rows)


def _hear(tx: Tx, plugin: Plugin, rings: Sequence[Ring]) -> None:
    """Take the alarms away and let the plugin hear them, all or none."""
    with tx.nested():
        tx.execute(delete(Alarm).where(_those(rings)))  # first: the plugin may set them again
        plugin.ring(tx, rings)


def _hear_alone(tx: Tx, plugin: Plugin, one: Ring, tries: int) -> None:
    """The same for one. When the plugin raises, it rings again later, and the manager is told once."""
    try:
        _hear(tx, plugin, (one,))
    except Exception:
        trace = secrets.token_hex(4)
        logger.exception("an alarm could not be rung", activity=str(one.activity_id), alarm=one.name, trace=trace)
        rest = min(FIRST_BACKOFF * 2 ** min(tries, 10), LONGEST_BACKOFF) * random.uniform(0.75, 1.25)
        tx.execute(update(Alarm).where(_those((one,))).values(at=one.now + rest, tries=tries + 1))
        if tries == 0:
            incidents.note(tx, Kind.STUMBLED, one.community_id, plugin=plugin.code, trace=trace)


def _those(rings: Sequence[Ring]) -> ColumnElement[bool]:
    keys = [(ring.community_id, ring.activity_id, ring.name) for ring in rings]
    return tuple_(col(Alarm.community_id), col(Alarm.activity_id), col(Alarm.name)).in_(keys)


def _upsert(where: str = "") -> TextClause:
    """In words that both databases know. SQLAlchemy has them for each apart, in modules that take time to load."""
    return text(
        "INSERT INTO alarm (community_id, activity_id, name, plugin, at, tries) "  # noqa: S608  our own words
        "VALUES (:community_id, :activity_id, :name, :plugin, :at, 0) "
        "ON CONFLICT (community_id, activity_id, name) "
        f"DO UPDATE SET at = excluded.at, plugin = excluded.plugin, tries = 0 {where}"
    ).bindparams(
        bindparam("community_id", type_=Id()), bindparam("activity_id", type_=Id()), bindparam("at", type_=Utc())
    )


_SET = _upsert()
_SET_SOONER = _upsert("WHERE alarm.at > excluded.at")
DUE = select(literal_column("1")).select_from(Alarm).where(col(Alarm.at) <= bindparam("now")).exists()
"""Whether any is due: read before claiming, which writes."""
NEXT = select(func.min(col(Alarm.at))).where(col(Alarm.at) > bindparam("now")).scalar_subquery()
"""When the next one rings that is not due yet."""
_CLAIM = Prepared(
    select(
        col(Alarm.community_id),
        col(Alarm.activity_id),
        col(Alarm.name),
        col(Alarm.plugin),
        col(Alarm.at),
        col(Alarm.tries),
    )
    .where(col(Alarm.at) <= bindparam("now"))
    .order_by(col(Alarm.at))
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)
