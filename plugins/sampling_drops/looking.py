"""A drop as its manager sees it: read, and put into messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import and_, select
from sqlmodel import col

from core.context import Context
from core.markup import escape
from core.message import Button, ButtonStyle, Message, Pair
from core.posted_in import choosing, count_spaces
from core.texts import Domain, Phrase, Words
from plugins.sampling_drops import drops, parcels
from plugins.sampling_drops.definition import CODE, PARCEL, Definition
from plugins.sampling_drops.drafts import Checked, problems
from plugins.sampling_drops.tables import Sample, SampleChannel
from plugins.sampling_drops.words import STATES, lines, wall
from storage.tables import Channel, Space

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("sampling_drops")

SHOWN = 10
"""Drops in a list, the newest."""


class Where(NamedTuple):
    """A channel that a drop is posted in."""

    platform: str
    space: str
    channel: str


class Look(NamedTuple):
    """A drop with what stands in other tables. ``waiting`` are parcels whose address was not exported yet."""

    row: Sample
    where: tuple[Where, ...]
    waiting: int
    spaces: int

    @property
    def definition(self) -> Definition:
        """What it says."""
        return Definition.from_data(self.row.definition)

    def missing(self, now: datetime) -> list[Phrase]:
        """What keeps it from being published."""
        row = self.row
        return problems(Checked(row.gives, row.stock, len(self.where), row.opens_at, row.closes_at), now)


async def look(session: AsyncSession, community_id: UUID, drop_id: UUID | None) -> Look | None:
    """The drop; None when there is none of that id."""
    row = await session.get(Sample, (community_id, drop_id)) if drop_id is not None else None
    if row is None or drop_id is None:
        return None
    where = await session.execute(
        select(col(Space.platform), col(Space.name), col(Channel.name))
        .join(
            Channel,
            and_(col(Channel.community_id) == col(Space.community_id), col(Channel.space_id) == col(Space.id)),
        )
        .join(
            SampleChannel,
            and_(
                col(SampleChannel.community_id) == col(Channel.community_id),
                col(SampleChannel.channel_id) == col(Channel.id),
            ),
        )
        .where(
            col(SampleChannel.community_id) == community_id,
            col(SampleChannel.drop_id) == drop_id,
            col(Space.removed_at).is_(None),
        )
        .order_by(col(Space.id), col(Channel.name))
    )
    waiting = await parcels.waiting(session, community_id, drop_id)
    spaces = await count_spaces(session, community_id)
    return Look(row, tuple(Where(*one) for one in where), int(waiting or 0), spaces)


async def newest(session: AsyncSession, community_id: UUID) -> Sequence[Sample]:
    """The newest drops."""
    found = await session.scalars(
        select(Sample).where(col(Sample.community_id) == community_id).order_by(col(Sample.id).desc()).limit(SHOWN)
    )
    return found.all()


async def drop_message(ctx: Context, drop_id: UUID | None, said: Words = "") -> Message:
    """The drop with what can be done about it now; ``said`` is what just came of something."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, drop_id)
    if found is None:
        return Message(text=_("That drop is gone."))
    if found.row.state == drops.DRAFT:
        return draft_message(ctx, found, said)
    return _running(ctx, found, said)


def draft_message(ctx: Context, found: Look, said: Words) -> Message:
    row, definition = found.row, found.definition
    missing = found.missing(ctx.now)
    text: list[Words] = [said] if said else []
    if missing:
        text.append(_("Before it can be published:"))
        text += [_("- {what}", what=one) for one in missing]
    else:
        text.append(_("It is ready. Look at the preview, then publish it."))

    def form(label: Words, verb: str, *more: int) -> Button:
        return Button(label, ctx.action(verb, row.id, *more), form=True)

    controls = [
        Button(_("Preview"), ctx.action("view", row.id)),
        Button(_("Publish …"), ctx.action("ready", row.id), style=ButtonStyle.PRIMARY),
        form(_("Product and stock"), "base"),
        form(_("Label and consent"), "texts"),
        form(_("Opens and closes"), "when"),
        form(_("Screener"), "ask"),
        *([form(_("Add codes"), "codes")] if row.gives == CODE else []),
        *choosing(ctx, "where", row.id, found.spaces),
        form(_("All as text"), "text"),
        Button(_("Delete …"), ctx.action("del", row.id)),
    ]
    return Message(
        title=_("Draft: {product}", product=escape(definition.product)),
        text=lines(text),
        fields=tuple(settings(found, ctx.place.time_zone)),
        controls=tuple(controls),
    )


def settings(found: Look, time_zone: str) -> list[Pair]:
    """What is set, as pairs."""
    row, definition = found.row, found.definition
    where = ", ".join(f"#{one.channel} ({one.space})" for one in found.where)
    questions = len(definition.questions)
    return [
        Pair(_("Given away"), stock_words(row)),
        Pair(_("Brand"), escape(definition.brand)),
        Pair(_("Stands on every post"), definition.disclosure),
        *times(row, time_zone),
        Pair(_("Screener"), _("{n} question", "{n} questions", n=questions) if questions else _("none")),
        Pair(_("Consent"), _("in your words") if definition.consent else _("in our words")),
        Pair(_("Posted in"), escape(where) or "–"),
    ]


def times(row: Sample, time_zone: str) -> list[Pair]:
    """From when to when. What opened when it was published says no more of that."""
    closes = Pair(_("Closes"), wall(row.closes_at, time_zone) if row.closes_at else _("when you end it"))
    if row.opens_at is None and row.state != drops.DRAFT:
        return [closes]
    return [Pair(_("Opens"), wall(row.opens_at, time_zone) if row.opens_at else _("when you publish it")), closes]


def stock_words(row: Sample) -> Words:
    """How many of what."""
    if row.gives == CODE:
        return _("{n} code", "{n} codes", n=row.stock)
    return _("{n} parcel", "{n} parcels", n=row.stock)


def _running(ctx: Context, found: Look, said: Words) -> Message:
    row = found.row
    text: list[Words] = [said] if said else []
    text.append(_("It is {state}.", state=STATES[row.state]))
    controls = []
    if row.state in (drops.WAITING, drops.OPEN):
        if row.gives == PARCEL:
            controls.append(Button(_("Change the stock"), ctx.action("stock", row.id), form=True))
        else:
            controls.append(Button(_("Add codes"), ctx.action("codes", row.id), form=True))
        controls.append(Button(_("Look and closing time"), ctx.action("edit", row.id), form=True))
        controls.append(Button(_("End it …"), ctx.action("end", row.id), style=ButtonStyle.DANGER))
    if found.waiting:
        text.append(
            _(
                "{n} parcel waits for its shipper.",
                "{n} parcels wait for their shipper.",
                n=found.waiting,
            )
        )
        controls.append(Button(_("Export parcels …"), ctx.action("ship", row.id), form=True))
    if row.exported:
        text.append(_("Exported files are on your page for 7 days: `/hall page`."))
    if row.state == drops.CLOSED:
        text.append(
            _("Who got one, and any address still here, is erased {n} days after the end.", n=drops.KEPT.days)
        )
        controls.append(Button(_("Delete …"), ctx.action("del", row.id)))
    controls.append(Button(_("All drops"), ctx.action("list")))
    return Message(
        title=_("Drop: {product}", product=escape(found.definition.product)),
        text=lines(text),
        fields=(*funnel(row), *times(row, ctx.place.time_zone)),
        controls=tuple(controls),
    )


def funnel(row: Sample) -> tuple[Pair, ...]:
    """How far people came, each figure with what it counts."""
    return (
        Pair(_("Seen"), _("not known")),
        Pair(_("Pressed"), _("{count}, every press", count=row.pressed)),
        Pair(_("Screened"), _("{count} sent the form, {away} turned away", count=row.screened, away=row.turned_away)),
        Pair(
            _("Given"), _("{count} of {stock}, and {held} held now", count=row.given, stock=row.stock, held=row.held)
        ),
        Pair(_("Exported"), _("{n} address", "{n} addresses", n=row.exported) if row.gives == PARCEL else "–"),
    )


async def list_message(ctx: Context, said: Words = "") -> Message:
    """The newest drops, with a button for each."""
    async with ctx.session() as session:
        rows = await newest(session, ctx.community_id)
    new = (
        Button(_("New drop"), ctx.action("new"), form=True, style=ButtonStyle.PRIMARY),
        Button(_("New from a text"), ctx.action("paste"), form=True),
    )
    if not rows:
        return Message(text=lines([*([said] if said else []), _("There is no drop yet.")]), controls=new)
    text: list[Words] = [said] if said else []
    controls = []
    for number, row in enumerate(rows, 1):
        definition = Definition.from_data(row.definition)
        text.append(
            _(
                "**{number}. {product}**: {state}, {given} of {stock} given, {held} held, pressed {pressed} times",
                number=number,
                product=escape(definition.product),
                state=STATES[row.state],
                given=row.given,
                stock=row.stock,
                held=row.held,
                pressed=row.pressed,
            )
        )
        controls.append(Button(_("Open {number}", number=number), ctx.action("show", row.id)))
    return Message(title=_("Drops"), text=lines(text), controls=(*controls, *new))


async def ask_end(ctx: Context, drop_id: UUID | None) -> Message:
    """What ending does, and the button that does it."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, drop_id)
    if found is None or found.row.state not in (drops.WAITING, drops.OPEN):
        return Message(text=_("It has ended already, or is gone."))
    held = found.row.held
    text: Words = _("Nobody can take one any more.")
    if held:
        text = _(
            "Nobody new can take one any more. {n} person who is filling in the form may finish.",
            "Nobody new can take one any more. {n} people who are filling in the form may finish.",
            n=held,
        )
    end = Button(_("End it"), ctx.action("ended", found.row.id), style=ButtonStyle.DANGER)
    back = Button(_("Back"), ctx.action("show", found.row.id))
    return Message(title=_("End the drop?"), text=text, controls=(end, back))


async def ask_delete(ctx: Context, drop_id: UUID | None) -> Message:
    """What deleting does, and the button that does it."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, drop_id)
    if found is None or found.row.state not in (drops.DRAFT, drops.CLOSED):
        return Message(text=_("Only a draft, or a drop that is over, can be deleted."))
    text: list[Words] = [_("All that is kept of it goes, for good; its posts stay where they are.")]
    if found.waiting:
        text.append(
            _(
                "**{n} parcel was not exported: it would never be sent.**",
                "**{n} parcels were not exported: they would never be sent.**",
                n=found.waiting,
            )
        )
    if found.row.gives == CODE and found.row.given:
        text.append(_("Members can’t see their codes again then."))
    delete = Button(_("Delete it"), ctx.action("delete", found.row.id), style=ButtonStyle.DANGER)
    back = Button(_("Back"), ctx.action("show", found.row.id))
    return Message(title=_("Delete the drop?"), text=lines(text), controls=(delete, back))


async def confirm_export(ctx: Context, drop_id: UUID | None) -> Message:
    """What exporting does, and the button that does it."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, drop_id)
    if found is None or not found.waiting:
        return Message(text=_("No parcel waits for its shipper."))
    most = min(found.waiting, parcels.MOST_PARCELS)
    more: Words = ""
    if found.waiting > most:
        more = _("A file holds {most}: export again for the others.", most=most)
    return Message(
        title=_("Export {n} parcel?", "Export {n} parcels?", n=most),
        text=lines(
            [
                _(
                    "Their addresses are encrypted to `{key}` and **erased here at the same moment**. Neither you "
                    "nor I can open the file without that shipper’s key. It can be fetched from your page for 7 "
                    "days.",
                    key=found.row.recipient,
                ),
                *([more] if more else []),
            ]
        ),
        controls=(
            Button(_("Export and erase"), ctx.action("export", found.row.id), style=ButtonStyle.DANGER),
            Button(_("Another key"), ctx.action("ship", found.row.id), form=True),
        ),
    )
