"""The manager's page: what was asked, who takes part, what was sent. Read only.

``/enter/CODE`` anybody with a code from the bot; ``/manage`` and ``/manage/now`` the managers whom it let in;
``/static`` everybody, as there is nothing about anybody in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from aiohttp import web
from markupsafe import Markup
from sqlalchemy import and_, func, select
from sqlmodel import col

from core.context import Viewer
from core.message import Message
from core.texts import Domain, Words
from storage.tables import Channel, Community, Delivery, Member, ParticipationDay, Space
from web.html import html_of
from web.sign_in import COOKIE, SESSION_LIVES, SignIn

if TYPE_CHECKING:
    from jinja2 import Environment
    from sqlalchemy.ext.asyncio import AsyncSession

    from core.hall import Hall

_ = Domain("web")

HERE = Path(__file__).parent
SHOWN_DELIVERIES = 12
DAYS = 30

STATES = {
    "pending": _("waiting"),
    "sending": _("being sent"),
    "sent": _("posted"),
    "unknown": _("unknown"),
    "failed": _("failed"),
    "cancelled": _("cancelled"),
}
"""A delivery's states in words."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How much took part. Counts of acts over days of UTC; ``members`` is everybody who ever took part."""

    today: int
    month: int
    conversations: int
    members: int


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery as the page shows it."""

    state: str
    words: str
    space: str
    channel: str
    when: str
    error: str


def manager_routes(hall: Hall, sign_in: SignIn) -> list[web.AbstractRouteDef]:
    """The manager's pages."""

    async def enter(request: web.Request) -> web.StreamResponse:
        """Anybody with a code; one who is in already just goes on."""
        session = sign_in.enter(request.match_info["code"])
        response = web.Response(status=303, headers={"Location": "/manage"})
        if session is not None:
            response.set_cookie(
                COOKIE,
                session,
                max_age=int(SESSION_LIVES.total_seconds()),
                httponly=True,
                samesite="Lax",
                secure=request.secure,
            )
        return response

    async def manage(request: web.Request) -> web.StreamResponse:
        """Managers who came by a link."""
        return await _page(hall, sign_in, request, "manage.html")

    async def now(request: web.Request) -> web.StreamResponse:
        """The same page's changing part, for managers who came by a link."""
        return await _page(hall, sign_in, request, "now.html")

    return [
        web.get("/enter/{code}", enter),
        web.get("/manage", manage),
        web.get("/manage/now", now),
        web.static("/static", HERE / "static"),
    ]


async def _page(hall: Hall, sign_in: SignIn, request: web.Request, template: str) -> web.StreamResponse:
    community_id = sign_in.community_of(request)
    if community_id is None:
        language = hall.catalogues.nearest(request.headers.get("Accept-Language", "").split(",")[0].split(";")[0])
        signed_out = _templates().get_template("signed_out.html")
        body = signed_out.render(say=lambda words: hall.say(words, language), _=_, language=language)
        return web.Response(text=body, status=401, content_type="text/html")
    async with hall.store.session() as session:
        community = await session.get(Community, community_id)
        if community is None:
            raise web.HTTPNotFound
        what = await _what(hall, session, community)
    return web.Response(text=_templates().get_template(template).render(**what), content_type="text/html")


async def _what(hall: Hall, session: AsyncSession, community: Community) -> dict[str, Any]:
    now = hall.clock.now()

    def say(words: Words) -> str:
        return hall.say(words, community.language)

    viewer = Viewer(community.id, community.language, community.time_zone, now, say, hall.store.vault)
    shown: list[tuple[str, list[Message]]] = []
    for plugin in hall.routes.plugins:
        messages = [message.spoken(say) for message in await plugin.overview(session, viewer)]
        if messages:
            shown.append((say(plugin.title), messages))
    spaces = await session.execute(
        select(col(Space.name), col(Space.platform))
        .where(col(Space.community_id) == community.id, col(Space.removed_at).is_(None))
        .order_by(col(Space.created_at))
    )
    return {
        "say": say,
        "_": _,
        "html": lambda text: Markup(html_of(text)),  # noqa: S704 - html_of escapes all that people wrote
        "community": community,
        "spaces": [(row[0], row[1]) for row in spaces],
        "plugins": shown,
        "figures": await figures(session, community.id, now),
        "deliveries": await deliveries(session, community, say),
        "now": _local(now, community),
    }


async def figures(session: AsyncSession, community_id: UUID, now: datetime) -> Figures:
    """A community's counts out of the daily rollup, asked day by day as its key wants it."""
    today = now.date()
    days: list[date] = [today - timedelta(days=back) for back in range(DAYS)]
    here = and_(col(ParticipationDay.day).in_(days), col(ParticipationDay.community_id) == community_id)
    month = (
        await session.execute(
            select(
                func.coalesce(func.sum(col(ParticipationDay.count)), 0),
                func.coalesce(func.sum(col(ParticipationDay.conversations)), 0),
            ).where(here)
        )
    ).one()
    on_day = and_(col(ParticipationDay.day) == today, col(ParticipationDay.community_id) == community_id)
    count = await session.scalar(select(func.coalesce(func.sum(col(ParticipationDay.count)), 0)).where(on_day))
    members = await session.scalar(
        select(func.count()).select_from(Member).where(col(Member.community_id) == community_id)
    )
    return Figures(int(count or 0), int(month[0]), int(month[1]), int(members or 0))


async def deliveries(session: AsyncSession, community: Community, say: Any) -> list[Row]:
    """The newest posts and what became of them, those that need a person first."""
    rows = await session.execute(
        select(Delivery, col(Space.name), col(Channel.name))
        .join(
            Space,
            and_(col(Space.community_id) == col(Delivery.community_id), col(Space.id) == col(Delivery.space_id)),
        )
        .outerjoin(
            Channel,
            and_(
                col(Channel.community_id) == col(Delivery.community_id), col(Channel.id) == col(Delivery.channel_id)
            ),
        )
        .where(col(Delivery.community_id) == community.id)
        .order_by(col(Delivery.state).in_(("unknown", "failed")).desc(), col(Delivery.id).desc())
        .limit(SHOWN_DELIVERIES)
    )
    return [
        Row(
            state=row.state,
            words=say(STATES[row.state]),
            space=space,
            channel=channel or "",
            when=_local(row.sent_at or row.created_at, community),
            error=(row.error or "") if row.state in ("unknown", "failed") else "",
        )
        for row, space, channel in rows
    ]


def _local(moment: datetime, community: Community) -> str:
    from babel.dates import format_datetime  # heavy, and no start needs it

    local = moment.astimezone(ZoneInfo(community.time_zone))
    return format_datetime(local, "d MMM, HH:mm", locale=community.language)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader, select_autoescape  # heavy, and no start needs it

    return Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=select_autoescape(), trim_blocks=True)
