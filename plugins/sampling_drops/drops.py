"""A drop while it runs: locked, opened, swept of holds that ran out, ended. Inside a unit, for many at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, func, null, select, tuple_, update
from sqlmodel import col

from core.activity import NewActivity, close_all, open_all, touch_card
from core.alarms import Ring, set_alarm, silence
from core.once import over, take_back
from core.posted_in import PostedIn
from plugins.sampling_drops.definition import PARCEL
from plugins.sampling_drops.tables import Claim, Code, Sample, SampleChannel
from storage.bulk import update_all
from storage.prepared import PreparedForAll
from storage.tx import Tx
from storage.types import Id

PLUGIN = "sd"
"""The plugin's permanent code."""
DRAFT, WAITING, OPEN, CLOSING, CLOSED = "draft", "waiting", "open", "closing", "closed"
"""What a drop is: being made; published and to open later; open; taking no new holds; over."""
AT_OPENING, AT_CLOSING, LAPSE, PURGE, ERASE = "open", "close", "lapse", "purge", "erase"
"""The alarms. They are kept by the drop's own id, which it has before there is an activity."""

KEPT = timedelta(days=90)
"""How long it is kept who got one, once a drop is over: for questions, and for a look at one's code."""

POSTED = PostedIn(SampleChannel, "drop_id")

_COUNTED = ("state", "stock", "held", "given", "pressed", "screened", "turned_away", "exported", "activity_id")


@dataclass(slots=True)
class Drop:
    """A drop whose row is locked; :func:`save` writes what changed in it."""

    community_id: UUID
    id: UUID
    gives: str
    definition: Mapping[str, Any]
    key: bytes | None
    closes_at: datetime | None
    state: str
    stock: int
    held: int
    given: int
    pressed: int
    screened: int
    turned_away: int
    exported: int
    activity_id: UUID | None
    before: tuple[Any, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        self.before = self.now_is()

    def now_is(self) -> tuple[Any, ...]:
        """What :func:`save` compares."""
        return tuple(getattr(self, name) for name in _COUNTED)

    @property
    def left(self) -> int:
        """Units that nobody holds or has."""
        return self.stock - self.held - self.given

    @property
    def shown_before(self) -> tuple[Any, ...]:
        """What its card shows, as it was when it was locked."""
        was = dict(zip(_COUNTED, self.before, strict=True))
        return (was["state"], was["stock"], was["held"], was["given"])


def lock(tx: Tx, keys: Collection[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Drop]:
    """The drops by community and id, locked until the unit ends. What is no drop is left out."""
    rows = tx.run_all(_LOCK, sorted(keys))
    return {(row[0], row[1]): Drop(*row) for row in rows}


def save(tx: Tx, drops: Sequence[Drop]) -> None:
    """Write what changed, and let the cards show it."""
    changed = [drop for drop in drops if drop.now_is() != drop.before]
    rows = [
        {"community_id": drop.community_id, "id": drop.id, **dict(zip(_COUNTED, drop.now_is(), strict=True))}
        for drop in changed
    ]
    update_all(tx, Sample, ("community_id", "id"), rows)
    for drop in changed:  # nearly always one
        if drop.activity_id is not None and drop.shown_before != (drop.state, drop.stock, drop.held, drop.given):
            touch_card(tx, drop.community_id, drop.activity_id)
        drop.before = drop.now_is()


def set_in(tx: Tx, community_id: UUID, drop_id: UUID, **values: Any) -> None:
    """Set some of its columns."""
    here = (col(Sample.community_id) == community_id, col(Sample.id) == drop_id)
    tx.execute(update(Sample).where(*here).values(**values))


def show(tx: Tx, community_id: UUID, activity_id: UUID | None) -> None:
    """Let its cards show it as it is now."""
    if activity_id is not None:
        touch_card(tx, community_id, activity_id)


def lapse(tx: Tx, drops: Sequence[Drop]) -> None:
    """Take back what was held for too long."""
    held = {drop.id: drop for drop in drops if drop.held}
    keys = [(drop.community_id, drop.id) for drop in held.values()]
    by_drop: dict[UUID, list[UUID]] = {}
    for drop_id, claim_id in tx.run_all(_LAPSE, keys, held="held", now=tx.now, gone="gone"):
        by_drop.setdefault(drop_id, []).append(claim_id)
    for drop_id, claim_ids in by_drop.items():
        drop = held[drop_id]
        drop.held -= len(claim_ids)
        take_back(tx, drop.community_id, drop.id, claim_ids)


def finish(tx: Tx, drops: Sequence[Drop]) -> None:
    """They are over: nothing is held and nothing is given any more. What never came to a gift is erased."""
    if not drops:
        return
    tx.run_all(_ERASE, [(drop.community_id, drop.id) for drop in drops], given="given")
    close_all(tx, [(drop.community_id, drop.activity_id) for drop in drops if drop.activity_id], tx.now)
    shred(tx, drops)
    for drop in drops:
        drop.state = CLOSED
        over(tx, drop.community_id, drop.id)
        for name in (AT_OPENING, AT_CLOSING, LAPSE):
            silence(tx, drop.community_id, drop.id, name)
        set_alarm(tx, drop.community_id, drop.id, PLUGIN, ERASE, tx.now + KEPT)


def shred(tx: Tx, drops: Sequence[Drop]) -> None:
    """Throw away the keys of those that give parcels and are over, once no address is left to be exported."""
    keys = [(drop.community_id, drop.id) for drop in drops if drop.gives == PARCEL]
    tx.run_all(_SHRED, keys)


def erase(tx: Tx, drops: Sequence[Drop]) -> None:
    """Erase who got one, and what; the counts stay."""
    keys = [(drop.community_id, drop.id) for drop in drops]
    for statement in (_ERASE_CLAIMS, _ERASE_CODES, _ERASE_KEYS):
        tx.run_all(statement, keys)


def end(tx: Tx, drops: Sequence[Drop]) -> None:
    """Take no new holds; those that are made keep their time."""
    for drop in drops:
        if drop.state in (WAITING, OPEN):
            drop.state = CLOSING
    finish(tx, [drop for drop in drops if drop.state == CLOSING and drop.held == 0])


def start(tx: Tx, drops: Sequence[Drop]) -> None:
    """Open them: an activity each, and its card owed to every channel."""
    targets = POSTED.targets(tx, [(drop.community_id, drop.id) for drop in drops])
    new = [
        NewActivity(
            drop.community_id,
            {"drop": drop.id.hex, "product": drop.definition["product"]},
            targets.get((drop.community_id, drop.id), ()),
            expires_at=drop.closes_at,
        )
        for drop in drops
    ]
    for drop, activity_id in zip(drops, open_all(tx, PLUGIN, new, tx.now), strict=True):
        drop.activity_id, drop.state = activity_id, OPEN
        if drop.closes_at is not None:
            set_alarm(tx, drop.community_id, drop.id, PLUGIN, AT_CLOSING, drop.closes_at)


def ring(tx: Tx, rings: Sequence[Ring]) -> None:
    """What is to be done at a moment."""
    drops = lock(tx, {(one.community_id, one.activity_id) for one in rings})
    due: dict[str, list[Drop]] = {}
    for one in rings:
        drop = drops.get((one.community_id, one.activity_id))
        if drop is not None:
            due.setdefault(one.name, []).append(drop)
    lapse(tx, list(drops.values()))
    start(tx, [drop for drop in due.get(AT_OPENING, ()) if drop.state == WAITING])
    end(tx, due.get(AT_CLOSING, ()))
    end(tx, [drop for drop in due.get(LAPSE, ()) if drop.state == CLOSING])
    erase(tx, [drop for drop in due.get(ERASE, ()) if drop.state == CLOSED])
    for drop_id, first in tx.run_all(_NEXT, [(drop.community_id, drop.id) for drop in drops.values()], held="held"):
        drop = next(one for one in drops.values() if one.id == drop_id)
        set_alarm(tx, drop.community_id, drop.id, PLUGIN, LAPSE, first)
    save(tx, list(drops.values()))


_LOCK = PreparedForAll(
    {"community_id": Id(), "id": Id()},
    lambda wanted: (
        select(
            col(Sample.community_id),
            col(Sample.id),
            col(Sample.gives),
            col(Sample.definition),
            col(Sample.key),
            col(Sample.closes_at),
            *(getattr(Sample, name) for name in _COUNTED),
        )
        .select_from(
            wanted.join(
                Sample, and_(col(Sample.community_id) == wanted.c.community_id, col(Sample.id) == wanted.c.id)
            )
        )
        .order_by(col(Sample.id))  # two that lock several wait for one another, and never in a ring
        .with_for_update(of=Sample)
    ),
)
_LAPSE = PreparedForAll(
    {"community_id": Id(), "drop_id": Id()},
    lambda wanted: (
        update(Claim)
        .where(
            col(Claim.community_id) == wanted.c.community_id,
            col(Claim.drop_id) == wanted.c.drop_id,
            col(Claim.state) == bindparam("held"),
            col(Claim.held_until) <= bindparam("now"),
        )
        .values(state=bindparam("gone"))
        .returning(col(Claim.drop_id), col(Claim.id))
    ),
)
_ERASE = PreparedForAll(
    {"community_id": Id(), "drop_id": Id()},
    lambda wanted: delete(Claim).where(
        tuple_(col(Claim.community_id), col(Claim.drop_id)).in_(select(wanted.c.community_id, wanted.c.drop_id)),
        col(Claim.state) != bindparam("given"),
    ),
)
_ERASE_CLAIMS, _ERASE_CODES = (
    PreparedForAll(
        {"community_id": Id(), "drop_id": Id()},
        lambda wanted, table=table: delete(table).where(  # type: ignore[misc]  # mypy knows no lambda's default
            tuple_(col(table.community_id), col(table.drop_id)).in_(select(wanted.c.community_id, wanted.c.drop_id))
        ),
    )
    for table in (Claim, Code)
)
_ERASE_KEYS = PreparedForAll(
    {"community_id": Id(), "id": Id()},
    lambda wanted: (
        update(Sample)
        .where(col(Sample.community_id) == wanted.c.community_id, col(Sample.id) == wanted.c.id)
        .values(key=null())
    ),
)
_SHRED = PreparedForAll(
    {"community_id": Id(), "id": Id()},
    lambda wanted: (
        update(Sample)
        .where(
            col(Sample.community_id) == wanted.c.community_id,
            col(Sample.id) == wanted.c.id,
            ~select(col(Claim.id))
            .where(
                col(Claim.community_id) == col(Sample.community_id),
                col(Claim.drop_id) == col(Sample.id),
                col(Claim.sealed).is_not(None),
            )
            .exists(),
        )
        .values(key=null())
    ),
)
_NEXT = PreparedForAll(
    {"community_id": Id(), "drop_id": Id()},
    lambda wanted: (
        select(col(Claim.drop_id), func.min(col(Claim.held_until)))
        .select_from(
            wanted.join(
                Claim,
                and_(
                    col(Claim.community_id) == wanted.c.community_id,
                    col(Claim.drop_id) == wanted.c.drop_id,
                    col(Claim.state) == bindparam("held"),
                ),
            )
        )
        .group_by(col(Claim.drop_id))
    ),
)
