"""Surveys that come again: a schedule opens the same survey anew, as the next wave."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from core.action import Action
from core.form import FieldKind, Form, FormField, Value
from core.message import Option
from core.plugin import FormErrors
from core.schedule import EveryDays, NeverComes
from core.texts import Domain
from core.timetable import Plugins, add_schedule, change_schedule, end_schedule
from core.zones import parse_time
from plugins.surveys import drafts
from plugins.surveys.actions import CODE
from plugins.surveys.drafts import Refused
from plugins.surveys.looking import Look
from plugins.surveys.waves import CLOSED, DRAFT, OPEN
from storage.tx import Tx

_ = Domain("surveys")

NEVER = "never"
EVERY = {
    NEVER: _("Never by itself"),
    "7": _("Every week"),
    "14": _("Every two weeks"),
    "28": _("Every four weeks"),
    "91": _("Every 13 weeks"),
}
"""Days between waves: whole weeks, so that each opens on the same day of the week. `/hall schedules` knows more."""


def form(action: Action, found: Look, time_zone: str, now: datetime) -> Form:
    """How often it opens anew, and for how long."""
    row, schedule = found.row, found.schedule
    spec = schedule.spec if schedule is not None and schedule.kind == EveryDays.kind else {}
    every = str(spec.get("every", NEVER))
    return Form(
        action,
        _("Repeat"),
        (
            FormField(
                FieldKind.CHOICE,
                "every",
                _("How often"),
                value=(every if every in EVERY else NEVER,),
                options=tuple(Option(value, label) for value, label in EVERY.items()),
            ),
            FormField(
                FieldKind.DATE,
                "start",
                _("First on"),
                hint=_("Year-month-day, for example 2027-03-31"),
                value=spec.get("start") or now.astimezone(ZoneInfo(time_zone)).date().isoformat(),
            ),
            FormField(
                FieldKind.TEXT,
                "at",
                _("Time of day"),
                hint=_("On your community’s clocks, for example 9:00 or 18:30"),
                value=spec.get("at", "09:00"),
                maximum=10,
            ),
            FormField(
                FieldKind.NUMBER,
                "days",
                _("Days that a wave is open"),
                required=False,
                hint=_("Empty: until the next one"),
                value=str(row.days or ""),
                minimum=1,
                maximum=365,
            ),
        ),
        submit=_("Save"),
    )


def rule(values: Mapping[str, Value]) -> EveryDays | FormErrors | None:
    """The rule that the form says; None for never."""
    every, start = values["every"], values["start"]
    at = parse_time(str(values["at"]))
    if every == (NEVER,):
        return None
    if at is None:
        return FormErrors({"at": _("Write a time of day, for example 9:00 or 18:30.")})
    if not isinstance(start, date) or not isinstance(every, tuple) or not 1970 <= start.year < 9000:
        return FormErrors({"start": _("That day is too far away.")})
    return EveryDays(at, int(every[0]), start)


def keep(
    tx: Tx,
    community_id: UUID,
    survey_id: UUID,
    wanted: EveryDays | None,
    days: int | None,
    time_zone: str,
    now: datetime,
    plugins: Plugins,
) -> None:
    """Begin, change or end the schedule of a survey. Raises :class:`Refused`."""
    row = drafts.locked(tx, community_id, survey_id, DRAFT, OPEN, CLOSED)
    schedule_id = row.schedule_id
    if wanted is None:
        if schedule_id is not None:
            end_schedule(tx, community_id=community_id, schedule_id=schedule_id, now=now, plugins=plugins)
        drafts.put(tx, row, schedule_id=None, days=days)
        return
    try:
        if schedule_id is None:
            schedule_id, _first = add_schedule(
                tx, community_id=community_id, plugin=CODE, rule=wanted, time_zone=time_zone, now=now
            )
        else:
            change_schedule(
                tx,
                community_id=community_id,
                schedule_id=schedule_id,
                rule=wanted,
                time_zone=time_zone,
                now=now,
                plugins=plugins,
            )
    except NeverComes:
        raise Refused(_("That day is over. Choose a later one."), "start") from None
    drafts.put(tx, row, schedule_id=schedule_id, days=days)
