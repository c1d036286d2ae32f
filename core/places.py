"""Which community an event belongs to: the directory of spaces, asked once a minute and else from memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from core.clock import Clock
from core.rights import Right
from storage.engine import Store
from storage.tables import Community, RoleGrant, Space, SpaceRoute

BELIEVED = timedelta(seconds=60)
"""How long a place is believed, so that another process's set-up is seen within a minute."""


@dataclass(frozen=True, slots=True)
class Place:
    """A space and its community as handlers see them. ``community_id`` is None until the space is set up."""

    platform: str
    external_id: str
    community_id: UUID | None = None
    space_id: UUID | None = None
    name: str = ""
    language: str = "en"
    time_zone: str = "UTC"
    grants: dict[tuple[UUID, str], Right] = field(default_factory=dict)


class Places:
    """The directory, with a short memory."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._spaces: dict[tuple[str, str], tuple[datetime, Place]] = {}
        self._private: dict[tuple[str, UUID], tuple[datetime, tuple[Place, ...]]] = {}
        self._loading: dict[tuple[str, str], asyncio.Task[Place]] = {}

    async def of_space(self, platform: str, external_id: str) -> Place:
        """The place of a platform's space; without a community when it is not set up."""
        known = self.known(platform, external_id)
        if known is not None:
            return known
        now = self._clock.now()
        # Hundreds may ask in the moment when it is forgotten: one of them reads it for all.
        key = (platform, external_id)
        loading = self._loading.get(key)
        if loading is None:
            loading = self._loading[key] = asyncio.create_task(self._load(platform, external_id))
            loading.add_done_callback(lambda done: self._loaded(key, done))
        place = await asyncio.shield(loading)
        if place.community_id is not None:  # a space that is being set up is asked for every time
            self._spaces[platform, external_id] = (now + BELIEVED, place)
        return place

    def known(self, platform: str, external_id: str) -> Place | None:
        """The place of a platform's space if it is remembered."""
        known = self._spaces.get((platform, external_id))
        return known[1] if known is not None and known[0] > self._clock.now() else None

    async def of_community(self, platform: str, community_id: UUID) -> tuple[Place, ...]:
        """The community's spaces on a platform, for acts in private chats that belong to no space."""
        now = self._clock.now()
        known = self._private.get((platform, community_id))
        if known is not None and known[0] > now:
            return known[1]
        async with self._store.session() as session:
            ids = await session.scalars(
                select(col(Space.external_id)).where(
                    col(Space.community_id) == community_id,
                    col(Space.platform) == platform,
                    col(Space.removed_at).is_(None),
                )
            )
        places = tuple([await self.of_space(platform, external_id) for external_id in ids])
        self._private[platform, community_id] = (now + BELIEVED, places)
        return places

    def changed(self) -> None:
        """Something was set up here: look again."""
        self._spaces.clear()
        self._private.clear()
        self._loading.clear()

    async def settle(self) -> None:
        """Let what is being read come to its end: before the store closes."""
        await asyncio.gather(*self._loading.values(), return_exceptions=True)

    def _loaded(self, key: tuple[str, str], done: asyncio.Task[Place]) -> None:
        if self._loading.get(key) is done:
            del self._loading[key]

    async def _load(self, platform: str, external_id: str) -> Place:
        async with self._store.session() as session:
            route = await session.get(SpaceRoute, (platform, external_id))
            if route is None or route.community_id is None or route.space_id is None or route.removed_at is not None:
                return Place(platform, external_id, name=route.name if route else "")
            community = await session.get(Community, route.community_id)
            if community is None:
                return Place(platform, external_id, name=route.name)
            grants = await session.scalars(select(RoleGrant).where(col(RoleGrant.community_id) == route.community_id))
            return Place(
                platform=platform,
                external_id=external_id,
                community_id=route.community_id,
                space_id=route.space_id,
                name=route.name,
                language=community.language,
                time_zone=community.time_zone,
                grants={(grant.space_id, grant.role): Right[grant.right.upper()] for grant in grants},
            )
