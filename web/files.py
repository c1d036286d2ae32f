"""Files on the manager's page: fetched by a link, handed in by a form."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote
from uuid import UUID

from aiohttp import web

from core.action import Action, ActionError
from core.files import MAX_FILE_BYTES, Desk, File
from core.logs import Logger
from core.message import Message
from core.texts import Domain
from storage.errors import StoreError
from storage.people import account_for
from storage.tables import Community
from storage.tx import Tx
from web.manager import signed_out, viewer_of
from web.sign_in import Session, SignIn, may, ours

if TYPE_CHECKING:
    from core.hall import Hall
    from core.plugin import Route

logger = Logger(__name__)

_ = Domain("web")

T = TypeVar("T")

MAX_REQUEST_BYTES = MAX_FILE_BYTES + 64 * 1024
"""A file with the form around it: the most that this server takes in one request."""


def file_routes(hall: Hall, sign_in: SignIn) -> list[web.AbstractRouteDef]:
    """Where files are fetched and handed in."""

    async def fetch(request: web.Request) -> web.StreamResponse:
        """Managers who came by a link and still have the right that the file asks for.

        401 without a session, 403 without the right, 404 for what is no file of their community.
        """
        session = sign_in.session_of(request)
        if session is None:
            return signed_out(hall, request)
        action, route = _asked(hall, session, request.match_info["action"], upload=False)
        if not await may(hall, session, route.right):
            raise web.HTTPForbidden
        async with hall.store.session() as reading:
            community = await reading.get(Community, session.community_id)
            file = await route.method(reading, viewer_of(hall, community), action) if community else None
        if file is None:
            raise web.HTTPNotFound
        response = web.Response(body=file.data, content_type=file.media_type)
        response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
        return response

    async def hand_in(request: web.Request) -> web.StreamResponse:
        """Managers who came by a link and still have the right, out of a form of their own page.

        Leads back to the page, which tells what came of it. 401 without a session, 403 when the form is not ours,
        400 when no file is in it, 404 for what takes none.
        """
        session = sign_in.session_of(request)
        if session is None:
            return signed_out(hall, request)
        try:
            fields = await request.post()
        except web.HTTPRequestEntityTooLarge:
            session.said = _too_large()
            return web.Response(status=303, headers={"Location": "/manage"})
        if not ours(request, session, fields):
            raise web.HTTPForbidden
        action, route = _asked(hall, session, str(fields.get("action", "")), upload=True)
        field = fields.get("file")
        if not isinstance(field, web.FileField):
            raise web.HTTPBadRequest
        session.said = await _taken(
            hall, session, action, route, File(field.filename, field.content_type, field.file.read())
        )
        return web.Response(status=303, headers={"Location": "/manage"})

    return [web.get("/manage/files/{action}", fetch), web.post("/manage/files", hand_in)]


def _asked(hall: Hall, session: Session, text: str, *, upload: bool) -> tuple[Action, Route]:
    """What a link or a form is about. Raises HTTPNotFound for anything but a file of the session's community."""
    try:
        action = Action.decode(text)
    except ActionError:
        raise web.HTTPNotFound from None
    routes = hall.routes.uploads if upload else hall.routes.downloads
    route = routes.get((action.plugin, action.verb))
    if route is None or action.community != session.community_id:
        raise web.HTTPNotFound
    return action, route


async def _taken(hall: Hall, session: Session, action: Action, route: Route, file: File) -> Message:
    if not file.data:
        return Message(text=_("That file is empty. Nothing was changed."))
    if len(file.data) > MAX_FILE_BYTES:
        return _too_large()
    if not await may(hall, session, route.right):
        return Message(
            text=_("I could not make sure that you may still manage this community. Please try again in a minute.")
        )
    async with hall.store.session() as reading:
        community = await reading.get(Community, session.community_id)
    if community is None:
        raise web.HTTPNotFound
    guest = session.guest

    def account(tx: Tx) -> UUID | None:
        if guest is None:
            return None
        who = guest.who
        return account_for(tx, hall.store.vault, who.platform, who.scope, who.external_id, who.locale or None).id

    async def write(unit: Callable[[Tx], T]) -> T:
        return await hall.store.write(unit, lane_key=session.community_id)

    try:
        said: Message = await route.method(Desk(viewer_of(hall, community), write, account), action, file)
    except UnicodeDecodeError:
        return Message(
            text=_("That file holds no text in UTF-8. Save it as text, and try again. Nothing was changed.")
        )
    except StoreError:
        logger.warning("a file could not be kept", exc_info=True)
        return Message(text=_("That could not be kept, and nothing was changed. Please try again in a minute."))
    hall.wake()
    return said


def _too_large() -> Message:
    return Message(
        text=_(
            "That file is larger than {n} MB. Split it, and hand it in part by part. Nothing was changed.",
            n=MAX_FILE_BYTES // 1_000_000,
        )
    )
