"""Signing in by a link: a code that is good once and for ten minutes, then a cookie that is good for a day.

Both live in memory alone: a restart signs everybody out, and there is nothing to steal from the store.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from aiohttp import web

from core.clock import Clock

COOKIE = "hallkeeper"
CODE_LIVES = timedelta(minutes=10)
SESSION_LIVES = timedelta(days=1)
REMEMBERED = 10_000
"""Codes and sessions kept; the oldest go first."""


@dataclass(frozen=True, slots=True)
class _Pass:
    community_id: UUID
    until: datetime


class SignIn:
    """Who may look at which community."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._codes: dict[str, _Pass] = {}
        self._sessions: dict[str, _Pass] = {}

    def link(self, community_id: UUID) -> str:
        """The path of a link that signs a manager in, once. For the manager's eyes alone."""
        code = secrets.token_urlsafe(24)
        _remember(self._codes, code, _Pass(community_id, self._clock.now() + CODE_LIVES))
        return f"/enter/{code}"

    def enter(self, code: str) -> str | None:
        """Spend a code; returns the session's secret, None when the code is wrong, spent or too old."""
        found = self._codes.pop(code, None)
        if found is None or found.until <= self._clock.now():
            return None
        session = secrets.token_urlsafe(32)
        _remember(self._sessions, session, _Pass(found.community_id, self._clock.now() + SESSION_LIVES))
        return session

    def community_of(self, request: web.Request) -> UUID | None:
        """The community that a request's cookie opens, None without a good one."""
        found = self._sessions.get(request.cookies.get(COOKIE, ""))
        if found is None or found.until <= self._clock.now():
            return None
        return found.community_id


def _remember(kept: dict[str, _Pass], key: str, one: _Pass) -> None:
    kept[key] = one
    if len(kept) > REMEMBERED:
        kept.pop(next(iter(kept)))
