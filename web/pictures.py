"""Pictures of bytes on the manager's page, by an address of their own.

The page is drawn again every two seconds: as a part of it a picture would come along each time. What is shown is kept
in memory, the newest of it, by what is in it; so a browser asks once, and a picture that changed has another address.
``/manage/pictures/NAME`` the managers of the community on whose page it stands.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple
from uuid import UUID

from aiohttp import web

from core.message import Image
from core.picture import size_of
from web.sign_in import SESSION_LIVES, SignIn

KEPT = 32
"""Pictures kept for all pages together, at most 64 MB. One that is gone is back when its page is drawn again."""


class Picture(NamedTuple):
    """A picture as the page shows it; without ``width`` and ``height`` where nobody knows them before it is there."""

    src: str
    alt: str
    width: int = 0
    height: int = 0


class Pictures:
    """The pictures that pages show at the moment."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[UUID, str], Image] = OrderedDict()

    def shown(self, community_id: UUID, image: Image | None) -> Picture | None:
        """A spoken message's picture for its community's page. One by its address is shown by https alone."""
        if image is None:
            return None
        if image.url:
            return Picture(image.url, str(image.alt)) if image.url.startswith("https://") else None
        key = community_id, image.name
        self._kept[key] = image
        self._kept.move_to_end(key)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return Picture(f"/manage/pictures/{image.name}", str(image.alt), *(size_of(image.data) or ()))

    def routes(self, sign_in: SignIn) -> list[web.AbstractRouteDef]:
        """Where browsers get them."""

        async def picture(request: web.Request) -> web.StreamResponse:
            """Managers who came by a link, of what stands on their own community's page."""
            session = sign_in.session_of(request)
            if session is None:
                raise web.HTTPUnauthorized
            image = self._kept.get((session.community_id, request.match_info["name"]))
            if image is None:
                raise web.HTTPNotFound
            kept = f"private, max-age={int(SESSION_LIVES.total_seconds())}, immutable"
            return web.Response(body=image.data, content_type=image.kind.media_type, headers={"Cache-Control": kept})

        return [web.get("/manage/pictures/{name}", picture)]
