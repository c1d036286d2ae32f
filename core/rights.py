"""Who may do what in a community, and how long that is believed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

from core.bot import SendError, Standing
from core.clock import Clock

BELIEVED_SECONDS = 60.0
"""How long a platform's word about a member is believed."""
REMEMBERED = 20_000
"""Standings kept in memory; the oldest go first."""


class Right(IntEnum):
    """What a member may do; each includes the ones before it."""

    NONE = 0
    """Not in the space."""
    ANSWER = 1
    HOST = 2
    MANAGE = 3
    OWN = 4


DEFAULT_GRANTS: Mapping[str, Right] = {"owner": Right.OWN, "admin": Right.MANAGE}
"""What a platform's own words for its owners and administrators grant; a community's grants add to it."""


class _Believed(NamedTuple):
    standing: Standing
    until: float


class Standings:
    """What platforms say about members, asked at most once in :data:`BELIEVED_SECONDS`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str, str], _Believed] = {}
        self._acted: dict[tuple[str, str, str], float] = {}

    async def of(
        self, platform: str, space: str, member: str, ask: Callable[[str, str], Awaitable[Standing]]
    ) -> Standing:
        """The member's standing in the space. When the platform does not answer, nobody is more than present."""
        key = (platform, space, member)
        now = self._clock.now().timestamp()
        known = self._known.get(key)
        if known is not None and known.until > now:
            return known.standing
        try:
            standing = await ask(space, member)
        except SendError:
            return Standing(present=True)
        self._known.pop(key, None)
        self._known[key] = _Believed(standing, now + BELIEVED_SECONDS)
        if len(self._known) > REMEMBERED:
            self._known.pop(next(iter(self._known)))
        return standing

    def acted(self, platform: str, space: str, member: str) -> None:
        """The member acts in the space, so they are in it: that is believed as long."""
        key = (platform, space, member)
        self._acted.pop(key, None)
        self._acted[key] = self._clock.now().timestamp() + BELIEVED_SECONDS
        if len(self._acted) > REMEMBERED:
            self._acted.pop(next(iter(self._acted)))

    def has_acted(self, platform: str, space: str, member: str) -> bool:
        """Whether they did so within the last :data:`BELIEVED_SECONDS`."""
        return self._acted.get((platform, space, member), 0.0) > self._clock.now().timestamp()

    def forget(self, platform: str, space: str, member: str) -> None:
        """Ask again next time."""
        self._known.pop((platform, space, member), None)
        self._acted.pop((platform, space, member), None)


def right_of(standing: Standing, grants: Mapping[tuple[UUID, str], Right], space_id: UUID | None) -> Right:
    """The highest right that a standing has: by the platform's own words or by the community's grants."""
    if not standing.present:
        return Right.NONE
    rights = [Right.ANSWER]
    for role in standing.roles:
        rights.append(DEFAULT_GRANTS.get(role, Right.NONE))
        if space_id is not None:
            rights.append(grants.get((space_id, role), Right.NONE))
    return max(rights)
