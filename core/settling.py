"""Settling: a space gets its community once, by a set-up or by a code. What happens inside that one unit of work."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col

from core.bot import ChannelInfo
from core.context import Settlement
from core.texts import Domain, Phrase
from core.timetable import move_zone
from core.zones import UnknownZone
from storage.tables import Channel, Community, JoinCode, Space, SpaceRoute
from storage.tx import Tx

_ = Domain("core")


class CodeError(Exception):
    """The join code is wrong, used or too old."""


class Choices(NamedTuple):
    """What a manager chose: by the set-up form, or language and zone left empty where a code brings them."""

    language: str
    time_zone: str
    channel: ChannelInfo
    code: str


def settle(tx: Tx, route: SpaceRoute, choices: Choices, code_hash: bytes, account_id: UUID) -> Settlement:
    """Put a space into its community inside one unit. Raises :class:`CodeError`."""
    here = (col(SpaceRoute.platform) == route.platform, col(SpaceRoute.external_id) == route.external_id)
    space_id = route.space_id or tx.new_id()
    community_id: UUID | None = tx.scalar(select(col(SpaceRoute.community_id)).where(*here))
    known, first = community_id is not None, False
    if community_id is None and choices.code:
        row = tx.execute(
            update(JoinCode)
            .where(
                col(JoinCode.code_hash) == code_hash,
                col(JoinCode.used_at).is_(None),
                col(JoinCode.expires_at) > tx.now,
            )
            .values(used_at=tx.now)
            .returning(col(JoinCode.community_id))
        ).first()
        if row is None:
            raise CodeError
        community_id = row[0]
    elif community_id is None:
        first, community_id = True, tx.new_id()
        tx.add(
            Community(
                id=community_id,
                name=route.name,
                language=choices.language,
                time_zone=choices.time_zone,
                keeper_id=account_id,
                created_at=tx.now,
            )
        )
    else:
        tx.execute(
            update(Community)
            .where(col(Community.id) == community_id)
            .values(language=choices.language, keeper_id=account_id)
        )
        move_zone(tx, community_id, choices.time_zone, tx.now)
    if not known:
        tx.add(
            Space(
                community_id=community_id,
                id=space_id,
                platform=route.platform,
                external_id=route.external_id,
                name=route.name,
                created_at=tx.now,
            )
        )
        tx.execute(update(SpaceRoute).where(*here).values(community_id=community_id, space_id=space_id))
    community = tx.execute(
        select(col(Community.language), col(Community.time_zone)).where(col(Community.id) == community_id)
    ).one()
    return Settlement(
        community_id=community_id,
        space_id=space_id,
        channel_id=channel_for(tx, community_id, space_id, choices.channel),
        channel_name=choices.channel.name,
        language=community.language,
        time_zone=community.time_zone,
        first=first,
        account_id=account_id,
    )


def channel_for(tx: Tx, community_id: UUID, space_id: UUID, channel: ChannelInfo) -> UUID:
    """The id of a space's channel, made now if it is new."""
    row = Channel(
        community_id=community_id,
        id=tx.new_id(),
        space_id=space_id,
        external_id=channel.external_id,
        name=channel.name,
    )
    if tx.add_if_new(row):
        return row.id
    found: UUID = tx.scalar(
        select(col(Channel.id)).where(
            col(Channel.community_id) == community_id,
            col(Channel.space_id) == space_id,
            col(Channel.external_id) == channel.external_id,
        )
    )
    return found


def unknown_zone(error: UnknownZone) -> Phrase:
    """What to tell somebody who mistyped a time zone."""
    if error.nearest:
        return _("I don't know {zone}. Did you mean {nearest}?", zone=error.name, nearest=", ".join(error.nearest))
    return _("I don't know {zone}. Write a city, for example Berlin or New York.", zone=error.name)


def guess_zone(locale: str) -> str:
    """The time zone of a locale's country where it has hardly more than one; empty where a guess would be rude."""
    from babel import Locale, UnknownLocaleError
    from babel.core import get_global

    try:
        parsed = Locale.parse(locale.replace("-", "_")) if locale else None
    except (UnknownLocaleError, ValueError):
        parsed = None
    if parsed is None or (parsed.language == "en" and not parsed.territory):
        return ""
    territory = parsed.territory or get_global("likely_subtags").get(parsed.language, "").rsplit("_", 1)[-1]
    zones = get_global("territory_zones").get(territory, ())
    return zones[0] if 1 <= len(zones) <= 2 else ""
