"""What a manager says about posts on their page: the same verdicts as in the chat, over forms."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from aiohttp import web

from core.logs import Logger
from core.message import Message
from core.rights import Right
from core.stuck import Verdict, decide, decide_all
from core.texts import Domain, Words
from core.watch_words import all_became, became
from storage.errors import StoreError
from web.manager import signed_out
from web.sign_in import Session, SignIn, may, ours

if TYPE_CHECKING:
    from core.hall import Hall

logger = Logger(__name__)

_ = Domain("web")


def post_routes(hall: Hall, sign_in: SignIn) -> list[web.AbstractRouteDef]:
    """Where the forms of the section about posts go."""

    async def say(request: web.Request) -> web.StreamResponse:
        """Managers who came by a link and may manage still, out of a form of their own page.

        Leads back to the page, which tells what came of it. 401 without a session, 403 when the form is not ours,
        400 when nothing that we wrote is in it.
        """
        session = sign_in.session_of(request)
        if session is None:
            return signed_out(hall, request)
        fields = await request.post()
        if not ours(request, session, fields):
            raise web.HTTPForbidden
        session.said = Message(text=await _said(hall, session, fields))
        return web.Response(status=303, headers={"Location": "/manage"})

    return [web.post("/manage/posts", say)]


async def _said(hall: Hall, session: Session, fields: Mapping[str, object]) -> Words:
    try:
        verdict = Verdict(str(fields["verdict"]))
        about, number = UUID(str(fields["about"])), int(str(fields["number"]))
        group = str(fields["group"]) == "1"
    except (KeyError, ValueError):
        raise web.HTTPBadRequest from None
    if not await may(hall, session, Right.MANAGE):
        return _("I could not make sure that you may still manage this community. Please try again in a minute.")
    community_id = session.community_id
    try:
        if group:
            several = partial(
                decide_all, community_id=community_id, verdict=verdict, activity_id=about, reason=number
            )
            words = all_became(verdict, await hall.store.write(several, lane_key=community_id))
        else:
            one = partial(decide, community_id=community_id, verdict=verdict, delivery_id=about, mark=number)
            words = became(verdict, await hall.store.write(one, lane_key=community_id))
    except StoreError:
        logger.warning("a manager's verdict could not be kept", exc_info=True)
        return _("That could not be kept, and nothing was changed. Please try again in a minute.")
    hall.wake()
    return words
