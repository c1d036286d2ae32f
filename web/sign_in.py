"""Signing in by a link: a code that is good once and for ten minutes, then a cookie that is good for a day.

Both live in memory alone: a restart signs everybody out, and there is nothing to steal from the store.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from aiohttp import web

from core.clock import Clock
from core.event import Who
from core.message import Message
from core.places import Place
from core.rights import Right

if TYPE_CHECKING:
    from core.hall import Hall

COOKIE = "hallkeeper"
CODE_LIVES = timedelta(minutes=10)
SESSION_LIVES = timedelta(days=1)
REMEMBERED = 10_000
"""Codes and sessions kept; the oldest go first."""


class Guest(NamedTuple):
    """Who asked for a link, and where: whether they still may manage is asked anew when they change something."""

    place: Place
    who: Who


@dataclass(slots=True)
class Session:
    """A manager who came by a link. ``guest`` is None where the link was made on the machine itself."""

    community_id: UUID
    until: datetime
    guest: Guest | None = None
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    """Stands in every form of the page: what comes without it was not sent from there."""
    said: Message | None = None
    """What to tell them at their next look."""


class SignIn:
    """Who may look at which community."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._codes: dict[str, Session] = {}
        self._sessions: dict[str, Session] = {}

    def link(self, community_id: UUID, guest: Guest | None = None) -> str:
        """The path of a link that signs a manager in, once. For the manager's eyes alone."""
        code = secrets.token_urlsafe(24)
        _remember(self._codes, code, Session(community_id, self._clock.now() + CODE_LIVES, guest))
        return f"/enter/{code}"

    def enter(self, code: str) -> str | None:
        """Spend a code; returns the session's secret, None when the code is wrong, spent or too old."""
        found = self._codes.pop(code, None)
        if found is None or found.until <= self._clock.now():
            return None
        secret = secrets.token_urlsafe(32)
        found.until = self._clock.now() + SESSION_LIVES
        _remember(self._sessions, secret, found)
        return secret

    def session_of(self, request: web.Request) -> Session | None:
        """The session that a request's cookie opens, None without a good one."""
        found = self._sessions.get(request.cookies.get(COOKIE, ""))
        return None if found is None or found.until <= self._clock.now() else found


def _remember(kept: dict[str, Session], key: str, one: Session) -> None:
    kept[key] = one
    if len(kept) > REMEMBERED:
        kept.pop(next(iter(kept)))


def ours(request: web.Request, session: Session, fields: Mapping[str, object]) -> bool:
    """Whether a form was sent from this session's page: its token, and what the browser says about whence it came."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    return hmac.compare_digest(str(fields.get("token", "")).encode(), session.token.encode())


async def may(hall: Hall, session: Session, right: Right) -> bool:
    """Whether whoever asked for the link still has a right, as the platform said within the last minute."""
    if session.guest is None:
        return True
    guest = session.guest
    place = await hall.places.of_space(guest.place.platform, guest.place.external_id)
    return place.community_id == session.community_id and await hall.right(place, guest.who) >= right
