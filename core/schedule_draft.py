"""A schedule that a manager looks at and has not saved."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any

from core.action import MAX_NUMBER
from core.days_off import NONE_OFF, DaysOff
from core.schedule import WEEKDAYS, Cron, Daily, Once, Rule, kind_of, rule_from
from core.timing import Timing

DAILY, WORKDAYS, CHOSEN = "daily", "weekdays", "chosen"
"""What a manager picks, where a rule is always :class:`core.schedule.Daily`. The others are called as their rules."""
WORKING = WEEKDAYS[:5]


@dataclass(frozen=True, slots=True)
class Draft:
    """``number`` stands in the buttons below its preview, so that an older preview saves nothing else.

    ``parts`` is what its kind needs besides the time, as in the rule's spec. ``keeper`` is the code of the plugin
    whose ``save`` is pressed: the one that keeps ``more`` beside it.
    """

    number: int
    kind: str
    at: time | None
    zone: str
    until: date | None = None
    days_off: DaysOff = NONE_OFF
    parts: Mapping[str, Any] = field(default_factory=dict)
    keeper: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, timing: Timing, zone: str) -> Draft:
        """What is saved, to begin with."""
        rule = timing.rule
        kind, parts = kind_of(rule), dict(rule.spec)
        at = None if isinstance(rule, Cron) else rule.at
        if isinstance(rule, Once):
            parts["date"] = rule.at.date().isoformat()
            at = rule.at.time()
        elif isinstance(rule, Daily):
            kind = {WEEKDAYS: DAILY, WORKING: WORKDAYS}.get(rule.weekdays, CHOSEN)
        parts.pop("at", None)
        return cls(
            new_number(),
            kind,
            at if not isinstance(at, datetime) else None,
            zone,
            timing.until,
            timing.days_off,
            parts,
        )

    @property
    def rule(self) -> Rule:
        """The rule. Raises ScheduleError where something is missing or can't be."""
        at = self.at.strftime("%H:%M") if self.at is not None else None
        match self.kind:
            case "daily" | "weekdays":
                return rule_from("daily", {"at": at, "weekdays": WEEKDAYS if self.kind == DAILY else WORKING})
            case "chosen":
                return rule_from("daily", {"at": at, **self.parts})
            case "once":
                return rule_from("once", {"at": f"{self.parts.get('date')}T{at}"})
        return rule_from(self.kind, {"at": at, **self.parts})

    def timing(self, not_before: datetime | None) -> Timing:
        """The timing; a rest that goes on is the row's."""
        return Timing(self.rule, self.until, self.days_off, not_before)

    def renewed(self, **changes: Any) -> Draft:
        """With something changed, and another number."""
        return replace(self, number=new_number(), **changes)

    def to_data(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "number": self.number,
            "kind": self.kind,
            "at": self.at.strftime("%H:%M") if self.at else None,
            "zone": self.zone,
            "until": self.until.isoformat() if self.until else None,
            "days_off": self.days_off.to_data(),
            "parts": dict(self.parts),
            "keeper": self.keeper,
            "more": dict(self.more),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Draft:
        """Back from :meth:`to_data`."""
        return cls(
            number=data["number"],
            kind=data["kind"],
            at=time.fromisoformat(data["at"]) if data["at"] else None,
            zone=data["zone"],
            until=date.fromisoformat(data["until"]) if data["until"] else None,
            days_off=DaysOff.from_data(data["days_off"]),
            parts=data["parts"],
            keeper=data["keeper"],
            more=data["more"],
        )


def new_number() -> int:
    """A number that no other draft of the schedule has, as good as surely."""
    return secrets.randbelow(MAX_NUMBER) + 1
