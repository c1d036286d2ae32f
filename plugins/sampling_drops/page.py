"""Drops on the manager's page: figures, and files to fetch and to hand in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Row, select
from sqlmodel import col

from core.action import Action
from core.context import Viewer
from core.files import Desk, File
from core.markup import escape
from core.message import Button, Message
from core.texts import Domain
from plugins.sampling_drops import codes, drafts, drops, toml_text
from plugins.sampling_drops.definition import CODE, Definition
from plugins.sampling_drops.drafts import Refused
from plugins.sampling_drops.looking import funnel, newest
from plugins.sampling_drops.making import told
from plugins.sampling_drops.tables import Export, Sample
from plugins.sampling_drops.toml_text import Said, Unreadable
from plugins.sampling_drops.words import STATES, gone, named
from storage.tx import Tx

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("sampling_drops")


async def overview(session: AsyncSession, viewer: Viewer) -> Sequence[Message]:
    """Each of the newest drops, its figures and files; and where a new one is handed in."""
    rows = await newest(session, viewer.community_id)
    files: dict[UUID, list[Row[UUID, UUID, int, datetime]]] = {}
    exports = await session.execute(
        select(col(Export.id), col(Export.drop_id), col(Export.parcels), col(Export.made_at))
        .where(col(Export.community_id) == viewer.community_id, col(Export.file).is_not(None))
        .order_by(col(Export.id))
    )
    for one in exports:
        files.setdefault(one.drop_id, []).append(one)

    def action(verb: str, *about: UUID) -> Action:
        return Action(drops.PLUGIN, verb, about, viewer.community_id)

    shown = []
    for row in rows:
        buttons = [
            Button(
                _("Parcels of {day}: {count}, encrypted", day=f"{one.made_at:%Y-%m-%d}", count=one.parcels),
                action("file", one.id),
            )
            for one in files.get(row.id, ())
        ]
        if row.gives == CODE and row.state in (drops.DRAFT, drops.WAITING, drops.OPEN):
            buttons.append(Button(_("Add codes, one a line"), action("codes", row.id)))
        buttons.append(Button(_("This drop as TOML"), action("toml", row.id)))
        shown.append(
            Message(
                title=_(
                    "{product}: {state}",
                    product=escape(Definition.from_data(row.definition).product),
                    state=STATES[row.state],
                ),
                fields=funnel(row),
                controls=tuple(buttons),
            )
        )
    new = Button(_("A new drop, as TOML"), action("new"))
    shown.append(Message(text=_("`/hall drop` makes a drop, `/hall drops` shows them all."), controls=(new,)))
    return shown


async def text_file(session: AsyncSession, viewer: Viewer, action: Action) -> File | None:
    """A drop as TOML."""
    drop_id = named(action)
    row = await session.get(Sample, (viewer.community_id, drop_id)) if drop_id is not None else None
    if row is None:
        return None
    said = Said(Definition.from_data(row.definition), row.stock, row.opens_at, row.closes_at)
    return File("drop.toml", "application/toml", toml_text.write(said, viewer.time_zone).encode())


async def take_text(desk: Desk, file: File) -> Message:
    """Begin a draft that a file describes."""
    viewer = desk.viewer
    try:
        said = toml_text.read(file.text, viewer.time_zone, viewer.language)
    except Unreadable as error:
        return Message(title=_("Not taken"), text=told(error))

    def unit(tx: Tx) -> UUID:
        return drafts.new_draft(tx, viewer.vault, viewer.community_id, said, desk.account(tx))

    await desk.write(unit)
    return Message(
        text=_(
            "The draft of **{product}** is there. Look at it and publish it by `/hall drops`.",
            product=escape(said.definition.product),
        )
    )


async def take_codes(desk: Desk, action: Action, file: File) -> Message:
    """Add the codes in a file."""
    viewer, drop_id = desk.viewer, named(action)
    if drop_id is None:
        return gone()

    def key_of(tx: Tx) -> bytes | None:
        return drafts.locked(tx, viewer.community_id, drop_id, drops.DRAFT, drops.WAITING, drops.OPEN).key

    try:
        key = await desk.write(key_of)
        ready = await codes.sealed(viewer.vault, key, file.text, drop_id)
        taken = await desk.write(lambda tx: codes.keep(tx, viewer.community_id, drop_id, ready))
    except Refused as error:
        return Message(text=error.words)
    return Message(text=taken.words)
