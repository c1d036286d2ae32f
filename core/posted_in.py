"""Where what a plugin makes is posted: channels of several spaces, chosen by a manager, kept in a plugin's table."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, literal_column, select
from sqlmodel import col

from core.action import Action
from core.activity import Target
from core.bot import ChannelInfo
from core.context import Context
from core.form import MAX_FIELDS, MAX_LABEL, FieldKind, Form, FormField, Value
from core.message import Button, Message, Option, cut
from core.places import Place
from core.settling import channel_for
from core.texts import Domain, Words
from storage.bulk import insert_all
from storage.prepared import PreparedForAll
from storage.tables import Channel, Space, Table, table_of
from storage.tx import Tx
from storage.types import Id

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("core")

SPACES_A_FORM = MAX_FIELDS
"""Spaces that one form asks about: a field for each."""
MOST_PAGES = 4
"""Buttons for pages of spaces: further spaces keep what they have."""
MAX_CHANNEL = 75
"""Characters of a channel's name among the options (the smallest platform's)."""

Key = tuple[UUID, UUID]
"""A community and the id of something in it."""


class Spot(NamedTuple):
    """A space of the community, with the channels that the bot may write in."""

    place: Place
    space_id: UUID
    channels: Sequence[ChannelInfo]

    @property
    def field(self) -> str:
        """The name of its field: the same whichever spaces come and go while a form is open."""
        return f"s{self.space_id.hex[-24:]}"


class Chosen(NamedTuple):
    """The channels that were chosen, by space; a space of which none was chosen is there, too."""

    channels: Mapping[UUID, Sequence[ChannelInfo]]


class PostedIn:
    """A plugin's table of ``community_id``, the id of what is posted, and ``channel_id``."""

    def __init__(self, table: type[Table], owner: str) -> None:
        """``owner`` is the column that holds the id of what is posted. Where the table has a ``ping``, posts do."""
        self._table = table
        self._owner = owner
        kept = table_of(table).c
        ping: ColumnElement[Any] = kept.ping if "ping" in kept else literal_column("NULL")
        self._targets = PreparedForAll(
            {"community_id": Id(), "owner_id": Id()},
            lambda wanted: select(
                wanted.c.community_id,
                wanted.c.owner_id,
                col(Channel.space_id),
                col(Channel.id),
                col(Space.platform),
                ping,
            ).select_from(
                wanted.join(
                    table_of(table),
                    and_(kept.community_id == wanted.c.community_id, kept[owner] == wanted.c.owner_id),
                )
                .join(
                    Channel,
                    and_(col(Channel.community_id) == kept.community_id, col(Channel.id) == kept.channel_id),
                )
                .join(
                    Space,
                    and_(
                        col(Space.community_id) == col(Channel.community_id),
                        col(Space.id) == col(Channel.space_id),
                        col(Space.removed_at).is_(None),
                    ),
                )
            ),
        )

    def targets(self, tx: Tx, several: Sequence[Key]) -> dict[Key, list[Target]]:
        """The channels of many things, in spaces that the bot is in."""
        found: dict[Key, list[Target]] = {}
        for community_id, owner_id, space_id, channel_id, lane, ping in tx.run_all(self._targets, several):
            found.setdefault((community_id, owner_id), []).append(Target(space_id, channel_id, lane, ping or ""))
        return found

    def put(self, tx: Tx, community_id: UUID, owner_id: UUID, chosen: Chosen) -> None:
        """Post it in what was chosen, and in no other channel of those spaces."""
        kept = table_of(self._table).c
        here = select(col(Channel.id)).where(
            col(Channel.community_id) == community_id, col(Channel.space_id).in_(list(chosen.channels))
        )
        tx.execute(delete(self._table).where(*self._of(community_id, owner_id), kept.channel_id.in_(here)))
        rows = [
            {"channel_id": channel_for(tx, community_id, space_id, one), self._owner: owner_id}
            for space_id, channels in chosen.channels.items()
            for one in channels
        ]
        insert_all(tx, self._table, rows, community_id=community_id)

    async def form(
        self,
        ctx: Context,
        action: Action,
        owner_id: UUID,
        title: Words,
        submit: Words,
        *,
        one_a_space: bool = False,
    ) -> Form | Message:
        """A form that asks about each space of the action's page of them, holding what is chosen now."""
        kept = table_of(self._table).c
        spots = await _spots(ctx, page_of(action))
        async with ctx.session() as session:
            rows = await session.execute(
                select(col(Channel.space_id), col(Channel.external_id))
                .join(
                    self._table,
                    and_(kept.community_id == col(Channel.community_id), kept.channel_id == col(Channel.id)),
                )
                .where(*self._of(ctx.community_id, owner_id))
            )
            known = {(row[0], row[1]) for row in rows}
        fields = []
        for spot in spots:
            ids = [one.external_id for one in spot.channels]
            chosen = [one for one in ids if (spot.space_id, one) in known]
            most = 1 if one_a_space else len(ids)
            fields.append(
                FormField(
                    FieldKind.CHOICE,
                    spot.field,
                    cut(spot.place.name or spot.place.external_id, MAX_LABEL),
                    required=False,
                    value=tuple(chosen[:most]),
                    minimum=0,
                    maximum=most,
                    options=tuple(Option(one.external_id, cut(f"#{one.name}", MAX_CHANNEL)) for one in spot.channels),
                )
            )
        if not fields:
            return Message(text=_("There is no channel that I may write in. Let me in somewhere, then try again."))
        return Form(action, title, tuple(fields), submit=submit)

    def _of(self, community_id: UUID, owner_id: UUID) -> tuple[ColumnElement[bool], ...]:
        kept = table_of(self._table).c
        return (kept.community_id == community_id, kept[self._owner] == owner_id)


def choosing(ctx: Context, verb: str, owner_id: UUID, spaces: int) -> list[Button]:
    """Buttons that open :meth:`PostedIn.form`, one for each page of a community's so many spaces. The page is the
    action's second part: :func:`page_of`."""
    return [
        Button(
            _("Channels") if page == 0 else _("Channels, part {number}", number=page + 1),
            ctx.action(verb, owner_id, page),
            form=True,
        )
        for page in range(min(-(-spaces // SPACES_A_FORM), MOST_PAGES))
    ]


def page_of(action: Action) -> int:
    """The page that a button of :func:`choosing` means."""
    found = action.args[1] if len(action.args) > 1 else 0
    return found if isinstance(found, int) else 0


async def count_spaces(session: AsyncSession, community_id: UUID) -> int:
    """How many spaces a community has."""
    here = (col(Space.community_id) == community_id, col(Space.removed_at).is_(None))
    return int(await session.scalar(select(func.count()).select_from(Space).where(*here)) or 0)


async def chosen_by(ctx: Context, action: Action, values: Mapping[str, Value]) -> Chosen:
    """What came back by the form. A space that was not asked about keeps what it has."""
    channels: dict[UUID, Sequence[ChannelInfo]] = {}
    for spot in await _spots(ctx, page_of(action)):
        wanted = values.get(spot.field)
        if isinstance(wanted, tuple):
            channels[spot.space_id] = [one for one in spot.channels if one.external_id in wanted]
    return Chosen(channels)


async def _spots(ctx: Context, page: int) -> list[Spot]:
    """The community's spaces, as many as one form has fields; those with no channel to write in are left out."""
    async with ctx.session() as session:
        rows = await session.execute(
            select(col(Space.platform), col(Space.external_id), col(Space.id), col(Space.name))
            .where(col(Space.community_id) == ctx.community_id, col(Space.removed_at).is_(None))
            .order_by(col(Space.id))
            .offset(max(page, 0) * SPACES_A_FORM)
            .limit(SPACES_A_FORM)
        )
        places = [Place(row[0], row[1], ctx.community_id, row[2], row[3]) for row in rows]
    listed = await asyncio.gather(*(ctx.channels(place) for place in places))
    return [
        Spot(place, place.space_id, channels)
        for place, channels in zip(places, listed, strict=True)
        if channels and place.space_id is not None
    ]
