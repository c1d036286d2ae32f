"""What several parts say alike."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from core.action import Action
from core.markup import escape
from core.message import Message
from core.texts import Domain, Phrase, Words
from plugins.sampling_drops import drops
from plugins.sampling_drops.definition import Definition

_ = Domain("sampling_drops")

STATES: dict[str, Phrase] = {
    drops.DRAFT: _("draft"),
    drops.WAITING: _("opens later"),
    drops.OPEN: _("open"),
    drops.CLOSING: _("closing"),
    drops.CLOSED: _("over"),
}
"""A drop's states in words."""


def named(action: Action) -> UUID | None:
    """The drop that an action names."""
    found = action.args[0] if action.args else None
    return found if isinstance(found, UUID) else None


def gone() -> Message:
    """What to tell somebody who names no drop of this community."""
    return Message(text=_("There is no such sample here any more."))


def product(definition: Definition) -> Words:
    """What it is, marked up."""
    return _("**{product}** from {brand}", product=escape(definition.product), brand=escape(definition.brand))


def wall(moment: datetime, time_zone: str) -> str:
    """A moment on the community's own clocks, in no language: ``2026-12-24 18:00``."""
    return moment.astimezone(ZoneInfo(time_zone)).strftime("%Y-%m-%d %H:%M")


def timed(moment: datetime, time_zone: str) -> str:
    """The same, marked up so that platforms show it in each reader's own zone where they can."""
    return f"[{wall(moment, time_zone)}](time:{moment.isoformat(timespec='minutes')})"


def lines(several: list[Words]) -> Words:
    """One below the other."""
    text, *rest = several
    for one in rest:
        text = _("{above}\n{below}", above=text, below=one)
    return text
