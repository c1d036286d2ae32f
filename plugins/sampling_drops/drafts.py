"""A drop that is being made: kept, changed, published. Inside a unit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlmodel import col

from core.alarms import set_alarm, silence
from core.posted_in import Chosen
from core.texts import Domain, Phrase
from plugins.sampling_drops import drops
from plugins.sampling_drops.definition import CODE, PARCEL, Definition
from plugins.sampling_drops.tables import Claim, Code, Export, Sample, SampleChannel
from plugins.sampling_drops.toml_text import Said
from storage.bulk import insert_all
from storage.tables import Channel, Space
from storage.tx import Tx
from storage.vault import Vault

_ = Domain("sampling_drops")


class Refused(Exception):
    """What a manager wants can't be done; ``words`` say why. The unit writes nothing. ``field`` is the form's."""

    def __init__(self, words: Phrase, field: str = "") -> None:
        super().__init__(words.key)
        self.words = words
        self.field = field


class Checked(NamedTuple):
    """What a draft is checked for before it is published."""

    gives: str
    stock: int
    channels: int
    opens_at: datetime | None
    closes_at: datetime | None


def problems(what: Checked, now: datetime) -> list[Phrase]:
    """What is still missing."""
    found = []
    if what.channels == 0:
        found.append(_("Choose the channels that it is posted in."))
    if what.gives == CODE and what.stock == 0:
        found.append(_("Add the codes that are given away."))
    if what.gives == PARCEL and what.stock == 0:
        found.append(_("Say how many parcels there are."))
    if what.closes_at is not None and what.closes_at <= now:
        found.append(_("The time when it closes is over. Choose a later one."))
    if what.closes_at is not None and what.opens_at is not None and what.closes_at <= what.opens_at:
        found.append(_("It closes before it opens. Change one of the two."))
    return found


def new_draft(tx: Tx, vault: Vault, community_id: UUID, said: Said, keeper_id: UUID | None) -> UUID:
    """A new draft, with a key of its own, to be posted where this community's posts went last. Its id."""
    drop_id = tx.new_id()
    tx.add(
        Sample(
            community_id=community_id,
            id=drop_id,
            state=drops.DRAFT,
            gives=said.definition.gives,
            definition=said.definition.to_data(),
            stock=said.stock if said.definition.gives == PARCEL else 0,
            opens_at=said.opens_at,
            closes_at=said.closes_at,
            key=vault.new_key(),
            keeper_id=keeper_id,
            created_at=tx.now,
        )
    )
    known = tx.execute(
        select(col(Channel.space_id), col(Channel.id))
        .join(
            Space, (col(Space.community_id) == col(Channel.community_id)) & (col(Space.id) == col(Channel.space_id))
        )
        .where(col(Channel.community_id) == community_id, col(Space.removed_at).is_(None))
        .order_by(col(Channel.id))
    ).all()
    newest = {row.space_id: row.id for row in known}
    rows = [{"channel_id": channel_id} for channel_id in newest.values()]
    insert_all(tx, SampleChannel, rows, community_id=community_id, drop_id=drop_id)
    return drop_id


def locked(tx: Tx, community_id: UUID, drop_id: UUID, *states: str) -> Sample:
    """The drop's row, locked. Raises :class:`Refused` when it is gone or in none of the states."""
    row = tx.execute(
        select(Sample).where(col(Sample.community_id) == community_id, col(Sample.id) == drop_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise Refused(_("That drop is gone."))
    if row.state not in states:
        raise Refused(_("That can’t be changed any more: look at it with `/hall drops`."))
    return Sample(**row._mapping)


def change(tx: Tx, community_id: UUID, drop_id: UUID, how: Callable[[Said], Said]) -> None:
    """Change what a draft says. Raises :class:`Refused` when it was published."""
    row = locked(tx, community_id, drop_id, drops.DRAFT)
    said = how(Said(Definition.from_data(row.definition), row.stock, row.opens_at, row.closes_at))
    stock = said.stock
    if said.definition.gives == CODE:
        stock = count_codes(tx, community_id, drop_id)
    elif row.gives == CODE:
        tx.execute(delete(Code).where(*_of(Code, community_id, drop_id)))
    _set(
        tx,
        row,
        gives=said.definition.gives,
        definition=said.definition.to_data(),
        stock=stock,
        opens_at=said.opens_at,
        closes_at=said.closes_at,
    )


def adjust(tx: Tx, community_id: UUID, drop_id: UUID, definition: Definition, closes_at: datetime | None) -> None:
    """Change what may be changed while it runs: looks, and when it closes."""
    row = locked(tx, community_id, drop_id, drops.WAITING, drops.OPEN)
    if closes_at is not None and closes_at <= max(tx.now, row.opens_at or tx.now):
        raise Refused(_("Choose a later time, or end it now with the button."), "closes_on")
    _set(tx, row, definition=definition.to_data(), closes_at=closes_at)
    if row.state == drops.OPEN:
        if closes_at is None:
            silence(tx, community_id, drop_id, drops.AT_CLOSING)
        else:
            set_alarm(tx, community_id, drop_id, drops.PLUGIN, drops.AT_CLOSING, closes_at)
    drops.show(tx, community_id, row.activity_id)


def restock(tx: Tx, community_id: UUID, drop_id: UUID, stock: int) -> None:
    """Have more or fewer parcels. Raises :class:`Refused` where that is fewer than are given and held."""
    row = locked(tx, community_id, drop_id, drops.WAITING, drops.OPEN, drops.DRAFT)
    if row.gives == CODE:
        raise Refused(_("Codes count themselves: add some instead."), "stock")
    if stock < row.given + row.held:
        raise Refused(
            _(
                "{given} are given and {held} held by people who are filling in the form: at least {least}, please.",
                given=row.given,
                held=row.held,
                least=row.given + row.held,
            ),
            "stock",
        )
    _set(tx, row, stock=stock)
    drops.show(tx, community_id, row.activity_id)


def post_in(tx: Tx, community_id: UUID, drop_id: UUID, chosen: Chosen) -> None:
    """Post it there."""
    locked(tx, community_id, drop_id, drops.DRAFT)
    drops.POSTED.put(tx, community_id, drop_id, chosen)


def publish(tx: Tx, community_id: UUID, drop_id: UUID) -> bool:
    """Open a draft, or let it wait for its moment. Whether it is open. Raises :class:`Refused`."""
    drop = drops.lock(tx, [(community_id, drop_id)]).get((community_id, drop_id))
    if drop is None or drop.state != drops.DRAFT:
        raise Refused(_("It is published already, or gone."))
    row = locked(tx, community_id, drop_id, drops.DRAFT)
    channels = tx.scalar(
        select(func.count()).select_from(SampleChannel).where(*_of(SampleChannel, community_id, drop_id))
    )
    missing = problems(Checked(row.gives, row.stock, channels, row.opens_at, row.closes_at), tx.now)
    if missing:
        raise Refused(missing[0])
    if row.opens_at is not None and row.opens_at > tx.now:
        drop.state = drops.WAITING
        set_alarm(tx, community_id, drop_id, drops.PLUGIN, drops.AT_OPENING, row.opens_at)
    else:
        drops.start(tx, [drop])
    drops.save(tx, [drop])
    return drop.state == drops.OPEN


def remove(tx: Tx, community_id: UUID, drop_id: UUID) -> None:
    """Erase a draft, or a drop that is over, with all that is kept of it. Raises :class:`Refused`."""
    locked(tx, community_id, drop_id, drops.DRAFT, drops.CLOSED)
    for table in (Export, Code, Claim, SampleChannel):
        tx.execute(delete(table).where(*_of(table, community_id, drop_id)))
    tx.execute(delete(Sample).where(col(Sample.community_id) == community_id, col(Sample.id) == drop_id))
    silence(tx, community_id, drop_id)


def count_codes(tx: Tx, community_id: UUID, drop_id: UUID) -> int:
    """How many codes it has."""
    found: int = tx.scalar(select(func.count()).select_from(Code).where(*_of(Code, community_id, drop_id)))
    return found


def _of(table: Any, community_id: UUID, drop_id: UUID) -> tuple[Any, ...]:
    return (col(table.community_id) == community_id, col(table.drop_id) == drop_id)


def _set(tx: Tx, row: Sample, **values: Any) -> None:
    drops.set_in(tx, row.community_id, row.id, **values)
