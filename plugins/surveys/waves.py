"""The waves of surveys: locked, opened, closed, opened again, and what is done at a moment. Inside a unit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, select, update
from sqlmodel import col

from core import once
from core.activity import NewActivity, close_all, open_all, reopen_activity, touch_card
from core.alarms import Ring, set_alarm, silence
from core.anonymous import LEAST
from core.asks import Ask, ask_all
from core.message import Button, ButtonStyle, Message
from core.posted_in import PostedIn
from core.schedule import Due
from core.texts import Domain
from plugins.surveys import anonymous
from plugins.surveys.actions import CODE, action
from plugins.surveys.tables import Response, Survey, SurveyChannel, Taker, Waiting, Wave
from plugins.surveys.toml_text import known
from storage.bulk import insert_all, update_all
from storage.prepared import PreparedForAll
from storage.tables import Account, Space
from storage.tx import Tx
from storage.types import Id

_ = Domain("surveys")

DRAFT, OPEN, CLOSED = "draft", "open", "closed"
LATER, UNDER_WAY, FINISHED, SCREENED = "later", "under way", "finished", "screened"
"""What a response is."""
RANK = {LATER: 0, UNDER_WAY: 1, SCREENED: 2, FINISHED: 3}
"""Of several responses of one person, whose accounts were linked later, the one that counts."""
AT_CLOSE, REMIND, WRITE, PURGE = "close", "remind", "write", "purge"
"""The alarms of a wave."""
REMIND_BEFORE = timedelta(days=1)
"""How long before the end those who began are reminded; of short waves when half of the time is over."""
PURGE_AFTER = timedelta(days=30)
"""How long after the close unfinished answers are kept, and those that too few gave without a name: so long it may be
opened again."""

POSTED = PostedIn(SurveyChannel, "survey_id")

Key = tuple[UUID, UUID]
"""A community and the id of something in it."""
_COUNTED = ("state", "closes_at", "started", "finished", "screened", "cells", "closed_at")


@dataclass(slots=True)
class Live:
    """A wave whose row is locked; :func:`save` writes what changed in it."""

    community_id: UUID
    id: UUID
    survey_id: UUID
    definition: str
    anonymous: bool
    most: int | None
    state: str
    closes_at: datetime | None
    started: int
    finished: int
    screened: int
    cells: dict[str, int]
    closed_at: datetime | None
    before: tuple[Any, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        self.cells = dict(self.cells)
        self.before = self.now_is()

    def now_is(self) -> tuple[Any, ...]:
        """What :func:`save` compares."""
        values = {name: getattr(self, name) for name in _COUNTED}
        return tuple({**values, "cells": dict(self.cells)}.values())

    def takes(self, now: datetime) -> bool:
        """Whether answers are taken: the alarm that closes it may be late."""
        return self.state == OPEN and (self.closes_at is None or now < self.closes_at)

    @property
    def filled(self) -> dict[int, int]:
        """How many finished responses are in each quota."""
        return {int(number): count for number, count in self.cells.items()}

    def count(self, cells: Collection[int], by: int) -> None:
        """Count a finished response into quotas, or out of them."""
        for number in cells:
            self.cells[str(number)] = self.cells.get(str(number), 0) + by


def lock(tx: Tx, keys: Collection[Key]) -> dict[Key, Live]:
    """The waves by community and id, locked until the unit ends. What is no wave is left out."""
    return {(row[0], row[1]): Live(*row) for row in tx.run_all(_LOCK, sorted(keys))}


def save(tx: Tx, waves: Sequence[Live]) -> None:
    """Write what changed, and let the cards show it."""
    changed = [wave for wave in waves if wave.now_is() != wave.before]
    rows = [
        {"community_id": wave.community_id, "id": wave.id, **dict(zip(_COUNTED, wave.now_is(), strict=True))}
        for wave in changed
    ]
    update_all(tx, Wave, ("community_id", "id"), rows)
    for wave in changed:  # nearly always one
        was = dict(zip(_COUNTED, wave.before, strict=True))
        if (was["state"], was["finished"], was["closes_at"]) != (wave.state, wave.finished, wave.closes_at):
            touch_card(tx, wave.community_id, wave.id)
        wave.before = wave.now_is()


def open_waves(tx: Tx, surveys: Sequence[tuple[Survey, datetime | None, Due | None]], now: datetime) -> list[UUID]:
    """Open a wave of each survey, which closes at the moment beside it, and post it in its channels. Their ids."""
    targets = POSTED.targets(tx, [(one.community_id, one.id) for one, _at, _due in surveys])
    new = [
        NewActivity(
            one.community_id,
            {"survey": one.id.hex, "title": known(one.definition).title, "wave": one.waves + 1},
            targets.get((one.community_id, one.id), ()),
            due.schedule_id if due else None,
            due.slot.isoformat() if due else None,
            due.expires_at if due else closes_at,
        )
        for one, closes_at, due in surveys
    ]
    ids = open_all(tx, CODE, new, now)
    rows = [
        {
            "community_id": one.community_id,
            "id": wave_id,
            "survey_id": one.id,
            "number": one.waves + 1,
            "definition": one.definition,
            "anonymous": known(one.definition).anonymous,
            "most": one.most,
            "closes_at": closes_at,
        }
        for (one, closes_at, _due), wave_id in zip(surveys, ids, strict=True)
    ]
    insert_all(tx, Wave, rows, state=OPEN, started=0, finished=0, screened=0, cells={}, opened_at=now)
    newest = [
        {"community_id": one.community_id, "id": one.id, "wave_id": wave_id, "waves": one.waves + 1}
        for (one, _at, _due), wave_id in zip(surveys, ids, strict=True)
    ]
    # The last change is not undone any more: answers are kept under the names that are asked now.
    update_all(tx, Survey, ("community_id", "id"), newest, state=OPEN, before=None)
    for (one, closes_at, _due), wave_id in zip(surveys, ids, strict=True):
        set_alarms(tx, one.community_id, wave_id, now, closes_at)
    return ids


def set_alarms(tx: Tx, community_id: UUID, wave_id: UUID, now: datetime, closes_at: datetime | None) -> None:
    """Close it at that moment, and remind before; None for neither."""
    if closes_at is None:
        silence(tx, community_id, wave_id, AT_CLOSE)
        silence(tx, community_id, wave_id, REMIND)
        return
    set_alarm(tx, community_id, wave_id, CODE, AT_CLOSE, closes_at)
    set_alarm(tx, community_id, wave_id, CODE, REMIND, closes_at - min(REMIND_BEFORE, (closes_at - now) / 2))


def close(tx: Tx, waves: Sequence[Live]) -> None:
    """They take no more answers."""
    waves = [wave for wave in waves if wave.state == OPEN]
    if not waves:
        return
    close_all(tx, [(wave.community_id, wave.id) for wave in waves], tx.now)
    tx.run_all(_CLOSE, [(wave.community_id, wave.id) for wave in waves], state=CLOSED)
    for wave in waves:
        wave.state, wave.closed_at = CLOSED, tx.now
        for name in (AT_CLOSE, REMIND):
            silence(tx, wave.community_id, wave.id, name)
        if wave.anonymous:
            set_alarm(tx, wave.community_id, wave.id, CODE, WRITE, tx.now)
        set_alarm(tx, wave.community_id, wave.id, CODE, PURGE, tx.now + PURGE_AFTER)


def reopen(tx: Tx, wave: Live, closes_at: datetime | None) -> None:
    """Take answers again, until that moment."""
    wave.state, wave.closed_at, wave.closes_at = OPEN, None, closes_at
    reopen_activity(tx, wave.community_id, wave.id)
    tx.run_all(_CLOSE, [(wave.community_id, wave.id)], state=OPEN)
    silence(tx, wave.community_id, wave.id, PURGE)
    set_alarms(tx, wave.community_id, wave.id, tx.now, closes_at)


def ring(tx: Tx, rings: Sequence[Ring]) -> None:
    """What is to be done at a moment."""
    waves = lock(tx, {(one.community_id, one.activity_id) for one in rings})
    for one in rings:
        wave = waves.get((one.community_id, one.activity_id))
        if wave is None:
            continue
        match one.name:
            case "close":
                if wave.closes_at is not None and wave.closes_at <= one.now:
                    close(tx, [wave])
            case "remind":
                if wave.state == OPEN:
                    _remind(tx, wave, one.now)
            case "write":
                over = wave.state == CLOSED and wave.finished >= LEAST  # fewer have nobody to hide among
                anonymous.write_down(tx, one.vault, wave.community_id, wave.id, over=over)
                touch_card(tx, wave.community_id, wave.id)  # it may show results
            case "purge":
                if wave.state == CLOSED:
                    _purge(tx, wave)
    save(tx, list(waves.values()))


def due(tx: Tx, dues: Sequence[Due]) -> None:
    """Open the next wave of each pulse that is due; the one before closes."""
    by_schedule = {(one.community_id, one.schedule_id): one for one in dues}
    rows = [Survey(**dict(zip(_SURVEY, row, strict=True))) for row in tx.run_all(_DUE, list(by_schedule))]
    rows = [one for one in rows if known(one.definition).questions]
    before = lock(tx, {(one.community_id, one.wave_id) for one in rows if one.wave_id is not None})
    close(tx, list(before.values()))
    save(tx, list(before.values()))
    now = dues[0].now
    opened = []
    for one in rows:
        ends = now + timedelta(days=one.days) if one.days else None
        opened.append((one, ends, by_schedule[one.community_id, one.schedule_id]))  # type: ignore[index]  # found by it
    open_waves(tx, opened, now)


def withdraw(tx: Tx, community_id: UUID, wave_id: UUID) -> None:
    """Nobody saw this wave: it never was."""
    survey_id = tx.scalar(
        select(col(Wave.survey_id)).where(col(Wave.community_id) == community_id, col(Wave.id) == wave_id)
    )
    silence(tx, community_id, wave_id)
    tx.execute(delete(Wave).where(col(Wave.community_id) == community_id, col(Wave.id) == wave_id))
    before = tx.execute(
        select(col(Wave.id))
        .where(col(Wave.community_id) == community_id, col(Wave.survey_id) == survey_id)
        .order_by(col(Wave.number).desc())
        .limit(1)
    ).scalar()
    here = (col(Survey.community_id) == community_id, col(Survey.id) == survey_id)
    values = {"wave_id": before, "waves": col(Survey.waves) - 1, "state": CLOSED if before else DRAFT}
    tx.execute(update(Survey).where(*here).values(**values))


def _remind(tx: Tx, wave: Live, now: datetime) -> None:
    """Remind those who began or asked for it, once."""
    here = (
        col(Response.community_id) == wave.community_id,
        col(Response.wave_id) == wave.id,
        col(Response.state).in_((LATER, UNDER_WAY)),
        col(Response.reminded).is_(False),
    )
    found = tx.execute(
        select(col(Response.account_id), col(Space.id), col(Account.platform))
        .join(Account, col(Account.id) == col(Response.account_id))
        .join(
            Space,
            and_(
                col(Space.community_id) == col(Response.community_id),
                col(Space.id) == col(Response.space_id),
                col(Space.removed_at).is_(None),
            ),
        )
        .where(*here)
    ).all()
    button = Button(_("Go on"), action("go", wave.community_id, wave.id), style=ButtonStyle.PRIMARY)
    title = known(wave.definition).title
    message = Message(
        text=_("The survey “{title}” closes soon. Your turn is not done yet.", title=title), controls=(button,)
    )
    asks = [Ask(wave.community_id, space, lane, account, message, wave.id) for account, space, lane in found]
    ask_all(tx, asks, now)
    tx.execute(update(Response).where(*here).values(reminded=True))


def forget(tx: Tx, community_id: UUID, wave_id: UUID) -> None:
    """Its survey is erased: no alarm rings, and who had their turn is not known any more."""
    silence(tx, community_id, wave_id)
    once.over(tx, community_id, wave_id)


def _purge(tx: Tx, wave: Live) -> None:
    """Nobody goes on any more: erase who had their turn, what was not finished, what too few said without a name."""
    tx.execute(
        delete(Response).where(
            col(Response.community_id) == wave.community_id,
            col(Response.wave_id) == wave.id,
            col(Response.state).in_((LATER, UNDER_WAY)),
        )
    )
    for table in (Taker, Waiting):
        tx.execute(delete(table).where(col(table.community_id) == wave.community_id, col(table.wave_id) == wave.id))
    once.over(tx, wave.community_id, wave.id)


_LOCK = PreparedForAll(
    {"community_id": Id(), "id": Id()},
    lambda wanted: (
        select(
            col(Wave.community_id),
            col(Wave.id),
            col(Wave.survey_id),
            col(Wave.definition),
            col(Wave.anonymous),
            col(Wave.most),
            *(getattr(Wave, name) for name in _COUNTED),
        )
        .select_from(
            wanted.join(Wave, and_(col(Wave.community_id) == wanted.c.community_id, col(Wave.id) == wanted.c.id))
        )
        .order_by(col(Wave.id))  # two that lock several wait for one another, and never in a ring
        .with_for_update(of=Wave)
    ),
)
_CLOSE = PreparedForAll(
    {"community_id": Id(), "wave_id": Id()},
    lambda wanted: (
        update(Survey)
        .where(col(Survey.community_id) == wanted.c.community_id, col(Survey.wave_id) == wanted.c.wave_id)
        .values(state=bindparam("state"))
    ),
)
_SURVEY = tuple(Survey.model_fields)
_DUE = PreparedForAll(
    {"community_id": Id(), "schedule_id": Id()},
    lambda wanted: (
        select(*(getattr(Survey, name) for name in _SURVEY))
        .select_from(
            wanted.join(
                Survey,
                and_(
                    col(Survey.community_id) == wanted.c.community_id,
                    col(Survey.schedule_id) == wanted.c.schedule_id,
                ),
            )
        )
        .order_by(col(Survey.id))
        .with_for_update(of=Survey)
    ),
)
