"""The manager's page: what needs them, what was asked, who takes part, what is planned, what happened and was sent.

``/enter/CODE`` anybody with a code from the bot; ``/manage`` and ``/manage/now`` the managers whom it let in;
``/static`` everybody, as there is nothing about anybody in it. What a manager can say there is in :mod:`web.posts`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from aiohttp import web
from markupsafe import Markup
from sqlalchemy import and_, func, select
from sqlmodel import col

from core.context import Viewer
from core.doors import Doors
from core.markup import plain
from core.message import Button, Message
from core.moments import local
from core.stuck import FAILED, UNKNOWN
from core.texts import Domain, Words
from core.watch_words import Teller, more_words, rows, watched
from storage.tables import Channel, Community, Delivery, Member, ParticipationDay, Space
from web.html import html_of
from web.pictures import Picture, Pictures
from web.planned import planned
from web.sign_in import COOKIE, SESSION_LIVES, Session, SignIn

if TYPE_CHECKING:
    from jinja2 import Environment
    from sqlalchemy.ext.asyncio import AsyncSession

    from core.hall import Hall

_ = Domain("web")

HERE = Path(__file__).parent
SHOWN_DELIVERIES = 8
SHOWN_ASKINGS = 12
"""Of the unknown posts and of the failed ones each: as many as one looks through without losing heart."""
SHOWN_LINES = 12
DAYS = 30

STATES = {
    "pending": _("waiting"),
    "sending": _("being sent"),
    "checking": _("being looked for"),
    "sent": _("posted"),
    "cancelled": _("cancelled"),
}
"""A delivery's states in words."""


class Figures(NamedTuple):
    """How much took part. Counts of acts over days of UTC; ``members`` is everybody who ever took part."""

    today: int
    month: int
    conversations: int
    members: int


class FileUse(NamedTuple):
    """A file to fetch, or to hand in."""

    label: str
    action: str
    upload: bool


class Shown(NamedTuple):
    """What a plugin shows, with its files and its picture."""

    message: Message
    files: list[FileUse]
    picture: Picture | None


class Row(NamedTuple):
    """A delivery as the page shows it."""

    state: str
    words: str
    space: str
    channel: str
    when: str


def manager_routes(hall: Hall, sign_in: SignIn) -> list[web.AbstractRouteDef]:
    """The manager's pages."""
    doors, pictures = Doors(hall.bots, hall.clock), Pictures()

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
        return await _page(hall, sign_in, doors, pictures, request, "manage.html")

    async def now(request: web.Request) -> web.StreamResponse:
        """The same page's changing part, for managers who came by a link."""
        return await _page(hall, sign_in, doors, pictures, request, "now.html")

    return [
        web.get("/enter/{code}", enter),
        web.get("/manage", manage),
        web.get("/manage/now", now),
        web.static("/static", HERE / "static"),
        *pictures.routes(sign_in),
    ]


async def _page(
    hall: Hall, sign_in: SignIn, doors: Doors, pictures: Pictures, request: web.Request, template: str
) -> web.StreamResponse:
    signed_in = sign_in.session_of(request)
    if signed_in is None:
        return signed_out(hall, request)
    async with hall.store.session() as session:
        community = await session.get(Community, signed_in.community_id)
        if community is None:
            raise web.HTTPNotFound
        what = await _what(hall, session, community, pictures)
    what |= await _posts(hall, doors, community, what["say"])
    what |= {"token": signed_in.token, "said": _notice(signed_in, what["say"]) if template == "manage.html" else None}
    return web.Response(text=_templates().get_template(template).render(**what), content_type="text/html")


def signed_out(hall: Hall, request: web.Request) -> web.Response:
    """What anybody without a good session sees: how to come by one, in their browser's language."""
    language = hall.catalogues.nearest(request.headers.get("Accept-Language", "").split(",")[0].split(";")[0])
    template = _templates().get_template("signed_out.html")
    body = template.render(say=lambda words: hall.say(words, language), _=_, language=language)
    return web.Response(text=body, status=401, content_type="text/html")


def viewer_of(hall: Hall, community: Community) -> Viewer:
    """Somebody who looks at a community's page, which speaks the community's language."""

    def say(words: Words) -> str:
        return hall.say(words, community.language)

    return Viewer(community.id, community.language, community.time_zone, hall.clock.now(), say, hall.store.vault)


def _notice(session: Session, say: Callable[[Words], str]) -> Message | None:
    """What came of the form that was just sent: told once."""
    said, session.said = session.said, None
    return said.spoken(say) if said else None


def _shown(hall: Hall, pictures: Pictures, community_id: UUID, message: Message) -> Shown:
    files = []
    for control in message.controls:
        if isinstance(control, Button) and control.action is not None:
            key = (control.action.plugin, control.action.verb)
            if key in hall.routes.downloads or key in hall.routes.uploads:
                files.append(FileUse(str(control.label), control.action.encode(), key in hall.routes.uploads))
    return Shown(message, files, pictures.shown(community_id, message.image))


async def _posts(hall: Hall, doors: Doors, community: Community, say: Callable[[Words], str]) -> dict[str, Any]:
    teller = Teller(hall.routes.by_code, say, community.language, community.time_zone)
    found = await hall.store.read(partial(rows, community_id=community.id, lines=SHOWN_LINES))
    seen = await watched(teller, doors, found, unknown=SHOWN_ASKINGS, failed=SHOWN_ASKINGS)
    return {"posts": seen, "more_posts": more_words}


async def _what(hall: Hall, session: AsyncSession, community: Community, pictures: Pictures) -> dict[str, Any]:
    now = hall.clock.now()

    def say(words: Words) -> str:
        return hall.say(words, community.language)

    viewer = viewer_of(hall, community)
    shown: list[tuple[str, list[Shown]]] = []
    for plugin in hall.routes.plugins:
        messages = [
            _shown(hall, pictures, community.id, message.spoken(say))
            for message in await plugin.overview(session, viewer)
        ]
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
        "plain": plain,
        "html": lambda text: Markup(html_of(text)),  # noqa: S704 - html_of escapes all that people wrote
        "community": community,
        "spaces": [(row[0], row[1]) for row in spaces],
        "plugins": shown,
        "figures": await figures(session, community.id, now),
        "planned": await planned(session, community, hall.routes.by_code, say, now),
        "deliveries": await deliveries(session, community, say),
        "now": local(now, community.time_zone, community.language),
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
    """The newest posts and what became of them, but for those that a person is asked about."""
    rows = await session.execute(
        select(
            col(Delivery.state), col(Delivery.sent_at), col(Delivery.created_at), col(Space.name), col(Channel.name)
        )
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
        .where(col(Delivery.community_id) == community.id, col(Delivery.state).not_in((UNKNOWN, FAILED)))
        .order_by(col(Delivery.id).desc())
        .limit(SHOWN_DELIVERIES)
    )
    return [
        Row(
            state=state,
            words=say(STATES[state]),
            space=space,
            channel=channel or "",
            when=local(sent_at or created_at, community.time_zone, community.language),
        )
        for state, sent_at, created_at, space, channel in rows
    ]


@lru_cache(maxsize=1)
def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader, select_autoescape  # heavy, and no start needs it

    return Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=select_autoescape(), trim_blocks=True)
