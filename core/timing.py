"""When a schedule is due: a rule, what is left out of it, and the community's zone.

Wall times are reckoned as if they were UTC and get the zone once, at the end: an hour that does not exist goes
forward, one that comes twice counts once, the first time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from core.days_off import NONE_OFF, DaysOff
from core.schedule import Rule, ScheduleError, kind_of, rule_from

HORIZON = timedelta(days=366 * 41)
"""How far is looked for a next time. 29 February falls on a given weekday within forty years (1 in 28, and 2100 has
none), so what is not found by then never comes."""
KEPT = 1 << 14
"""Next times remembered. At the top of an hour thousands of communities ask for the same few."""
MOST_MISSED = 20
"""Missed slots that are told one by one."""

_LONGEST_GAP = timedelta(hours=25)
"""The longest leap of a clock (Samoa left out a day in 2011), and a little."""
_MINUTE = timedelta(minutes=1)


class Slot(NamedTuple):
    """A time at which something is due: the nominal wall time, and the moment in UTC."""

    slot: datetime
    at: datetime


class Plan(Protocol):
    """What has next wall times: a rule, or a :class:`Timing`. Equal ones have the same."""

    def after(self, wall: datetime) -> datetime | None:
        """The first slot strictly after a wall time; None when none comes any more."""

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Timing:
    """A rule and its exceptions. Slots are whole minutes."""

    rule: Rule
    until: date | None = None
    """The last local day, itself included."""
    days_off: DaysOff = NONE_OFF
    not_before: datetime | None = None
    """Slots up to this wall time, itself included, are left out: the next one skipped, or a pause with an end."""

    def after(self, wall: datetime) -> datetime | None:
        """The first slot strictly after a wall time that is not left out."""
        horizon = wall + HORIZON
        if self.not_before is not None:
            wall = max(wall, self.not_before)
        while wall < horizon:
            slot = self.rule.after(wall)
            if slot is None or slot > horizon or (self.until is not None and slot.date() > self.until):
                return None
            off = self.days_off.last(slot.date())
            if off is None:
                return slot
            wall = datetime.combine(off, time.max)
        return None

    @property
    def columns(self) -> dict[str, Any]:
        """As a schedule's row keeps it."""
        return {
            "kind": kind_of(self.rule),
            "spec": self.rule.spec,
            "until": self.until.isoformat() if self.until else None,
            "days_off": self.days_off.to_data(),
            "not_before": self.not_before.isoformat() if self.not_before else None,
        }


def timing_from(
    kind: str,
    spec: Mapping[str, Any],
    until: str | None = None,
    days_off: Mapping[str, Any] | None = None,
    not_before: str | None = None,
) -> Timing:
    """Back from :attr:`Timing.columns`. Raises ScheduleError for what this version can't read."""
    try:
        last = date.fromisoformat(until) if until else None
        rest = datetime.fromisoformat(not_before) if not_before else None
    except (TypeError, ValueError) as error:
        raise ScheduleError(f"can't read a schedule's exceptions: {error}") from error
    return Timing(rule_from(kind, spec), last, DaysOff.from_data(days_off) if days_off else NONE_OFF, rest)


# -- from wall times to moments --------------------------------------------------------------------------------------
def moment(slot: datetime, where: ZoneInfo) -> datetime:
    """The moment in UTC of a wall time: the first of two, and past the gap where there is none."""
    return slot.replace(tzinfo=where, fold=0).astimezone(UTC)


def next_due(plan: Plan, where: ZoneInfo, now: datetime) -> Slot | None:
    """The next slot whose moment is strictly after ``now``; None when there is none any more.

    Remembered by the minute: slots are whole minutes, so within one the answer is the same.
    """
    return _next_due(plan, where, now.replace(second=0, microsecond=0))


@lru_cache(KEPT)
def _next_due(plan: Plan, where: ZoneInfo, now: datetime) -> Slot | None:
    local = now.astimezone(where)
    # Where the clocks went forward a moment ago, slots that were left out by that are still to come.
    leapt = _offset(local) - _offset((now - _LONGEST_GAP).astimezone(where))
    wall = local.replace(tzinfo=None, fold=0) - max(leapt, timedelta())
    found, stands = None, wall
    while (slot := plan.after(wall)) is not None and (found is None or slot <= stands):
        wall, at = slot, moment(slot, where)
        # A slot that does not exist may land on or behind a later one that does: that one is first, and counts.
        if at > now and (found is None or at <= found.at):
            found = Slot(slot, at)
            stands = at.astimezone(where).replace(tzinfo=None, fold=0)
    return found


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta()


def upcoming(plan: Plan, where: ZoneInfo, now: datetime, count: int = 5) -> list[Slot]:
    """The next ``count`` slots, for a preview."""
    found: list[Slot] = []
    while len(found) < count and (due := next_due(plan, where, now)) is not None:
        found.append(due)
        now = due.at
    return found


class Change(StrEnum):
    """What the clocks do to a slot."""

    MISSING = "missing"
    """Its wall time does not exist on that day: it goes forward."""
    TWICE = "twice"
    """Its wall time comes twice on that day: the first counts."""
    SINCE = "since"
    """The clocks were changed since the time before it."""


def change_at(due: Slot, where: ZoneInfo, before: datetime) -> Change | None:
    """What a manager should know of the clocks at a slot; ``before``: the moment of the one before it, or now."""
    local = due.at.astimezone(where)
    if local.replace(tzinfo=None, fold=0) != due.slot:
        return Change.MISSING
    if _offset(local.replace(fold=0)) != _offset(local.replace(fold=1)):
        return Change.TWICE
    return Change.SINCE if _offset(local) != _offset(before.astimezone(where)) else None


# -- after an outage -------------------------------------------------------------------------------------------------
class Turn(NamedTuple):
    """What a schedule that came due has to do now."""

    post: Slot | None
    """The newest slot within the window: it goes out, alone."""
    missed: tuple[Slot, ...]
    """The slots before it, the oldest first, :data:`MOST_MISSED` at most."""
    upcoming: Slot | None
    """The next one, after now. None: the schedule is over."""


def newest_due_and_next(plan: Plan, where: ZoneInfo, row_slot: datetime, now: datetime, catch_up: timedelta) -> Turn:
    """What became of the slots from ``row_slot`` until ``now``, and what comes next.

    :param row_slot: the slot that the row waits for; it is due.
    :param catch_up: how late a slot may still be posted.

    Costs one look-up where nothing was missed, and hardly more after a year's outage.
    """
    first = Slot(row_slot, moment(row_slot, where))
    following = next_due(plan, where, first.at)
    since = now - catch_up
    if following is None or following.at > now:
        return Turn(first, (), following) if first.at >= since else Turn(None, (first,), following)
    newest = _newest(plan, where, max(first.at, since - _MINUTE), now)
    if newest is not None and newest.at < since:
        newest = None
    missed = [first]
    end = newest.at if newest is not None else now + _MINUTE
    while following is not None and following.at < end and following.at <= now and len(missed) < MOST_MISSED:
        missed.append(following)
        following = next_due(plan, where, following.at)
    return Turn(newest, tuple(missed), next_due(plan, where, now))


def _newest(plan: Plan, where: ZoneInfo, since: datetime, now: datetime) -> Slot | None:
    """The last slot after ``since`` and up to ``now``: looked for backwards, in steps that double."""
    span = _MINUTE
    while True:
        start = max(since, now - span)
        newest, due = None, next_due(plan, where, start)
        while due is not None and due.at <= now:
            newest, due = due, next_due(plan, where, due.at)
        if newest is not None or start == since:
            return newest
        span *= 2
