"""What stands in the channels."""

from __future__ import annotations

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
from plugins.sampling_drops.words import lines, product, timed
from storage.tables import Community

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("sampling_drops")


async def card(session: AsyncSession, activity: Activity) -> Message | None:
    """The drop as it stands now; None when it was deleted."""
    row = await session.get(Sample, (activity.community_id, UUID(activity.data["drop"])))
    community = await session.get(Community, activity.community_id)
    return card_of(row, community.time_zone) if row is not None and community is not None else None


def card_of(row: Sample, time_zone: str) -> Message:
    """The card of a drop. One that is not published yet is shown as it will be."""
    definition = Definition.from_data(row.definition)
    said: list[Words] = [product(definition)]
    over = row.state in (CLOSING, CLOSED)
    left = row.stock - row.given - row.held
    action = Action(PLUGIN, "get", (row.id,), row.community_id)
    button = Button(_("Get one"), action, style=ButtonStyle.PRIMARY)
    if over:
        said.append(_("_It is over: {n} was given away._", "_It is over: {n} were given away._", n=row.given))
        button = Button(_("Show mine"), action)
    elif left > 0:
        said.append(_("{left} of {stock} left", left=left, stock=row.stock))
    elif row.held:
        said.append(_("_All are spoken for right now. Some may come back: try again in a few minutes._"))
        button = Button(_("Get one"), action)
    else:
        said.append(_("_All {stock} are given away._", stock=row.stock))
        button = Button(_("Show mine"), action)
    if row.closes_at is not None and not over:
        said.append(_("Open until {when}", when=timed(row.closes_at, time_zone)))
    return Message(
        title=definition.disclosure,
        text=lines(said),
        image=Image(definition.picture, escape(definition.product)) if definition.picture else None,
        controls=(button,) if row.given or row.held or not over else (),
        language=definition.language,
    )
