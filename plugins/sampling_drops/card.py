"""What stands in the channels."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from core.action import Action
from core.activity import Activity
from core.markup import escape
from core.message import Button, ButtonStyle, Image, Message
from core.texts import Domain, Words
from plugins.sampling_drops.definition import Definition
from plugins.sampling_drops.drops import CLOSED, CLOSING, PLUGIN
from plugins.sampling_drops.tables import Sample

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("sampling_drops")


async def card(session: AsyncSession, activity: Activity) -> Message | None:
    """The drop as it stands now; None when it was deleted."""
    row = await session.get(Sample, (activity.community_id, UUID(activity.data["drop"])))
    return card_of(row) if row is not None else None


def card_of(row: Sample) -> Message:
    """The card of a drop. One that is not published yet is shown as it will be."""
    definition = Definition.from_data(row.definition)
    lines: list[Words] = [
        _("**{product}** from {brand}", product=escape(definition.product), brand=escape(definition.brand))
    ]
    over = row.state in (CLOSING, CLOSED)
    left = row.stock - row.given - row.held
    controls: tuple[Button, ...] = ()
    action = Action(PLUGIN, "get", (row.id,), row.community_id)
    if over:
        lines.append(_("_It is over: {n} was given away._", "_It is over: {n} were given away._", n=row.given))
        controls = (Button(_("Show mine"), action),) if row.given or row.held else ()
    elif left > 0:
        lines.append(_("{n} of {stock} left", "{n} of {stock} left", n=left, stock=row.stock))
        controls = (Button(_("Get one"), action, style=ButtonStyle.PRIMARY),)
    elif row.held:
        lines.append(_("_All are spoken for right now. Some may come back: try again in a few minutes._"))
        controls = (Button(_("Get one"), action),)
    else:
        lines.append(_("_All {stock} are given away._", stock=row.stock))
        controls = (Button(_("Show mine"), action),)
    if row.closes_at is not None and not over:
        lines.append(_("Open until {when}", when=_moment(row.closes_at)))
    text: Words = lines[0]
    for line in lines[1:]:
        text = _("{above}\n{below}", above=text, below=line)
    image = Image(definition.picture, escape(definition.product)) if definition.picture else None
    return Message(
        title=definition.disclosure, text=text, image=image, controls=controls, language=definition.language
    )


def _moment(moment: datetime) -> str:
    return f"[{moment:%Y-%m-%d %H:%M} UTC](time:{moment.isoformat(timespec='minutes')})"
