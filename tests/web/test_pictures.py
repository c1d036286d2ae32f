"""Pictures on the manager's page: seen by the managers of their community, whole and with their words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
from playwright.async_api import BrowserContext
from sqlalchemy.ext.asyncio import AsyncSession

from core.context import Viewer
from core.message import Image, Message
from core.plugin import Plugin
from core.testing.pictures import jpeg, large
from core.texts import Domain
from tests.browser import WIDE, window
from tests.web.conftest import opened
from tests.web.test_posts import signed_in
from web.sign_in import COOKIE

pytestmark = pytest.mark.asyncio(loop_scope="session")

_ = Domain("wall")
IMAGE = Image(alt=_('A "harbour"'), data=large())


class Wall(Plugin):
    """Shows pictures."""

    name = "wall"
    code = "wa"
    title = _("Wall")

    def __init__(self, *images: Image) -> None:
        super().__init__()
        self.images = images

    async def overview(self, session: AsyncSession, viewer: Viewer) -> Sequence[Message]:
        return [Message(title="Photo", image=image) for image in self.images]


async def test_managers_see_their_pictures_and_nobody_else_does(tmp_path: Path) -> None:
    small = Image(data=jpeg(9, 5))
    wall = Wall(IMAGE, small, Image("https://example.org/a.png"), Image("http://example.org/b.png"))
    async with opened(tmp_path, wall) as site, signed_in(site) as (session, _token):
        async with session.get(site.web.url + "/manage") as answer:
            said = await answer.text()
            policy = answer.headers["Content-Security-Policy"]
        assert "img-src 'self' https:;" in policy
        assert re.findall(r'<img class="picture" src="([^"]+)" alt="([^"]*)"', said) == [
            (f"/manage/pictures/{IMAGE.name}", "A &#34;harbour&#34;"),
            (f"/manage/pictures/{small.name}", ""),
            ("https://example.org/a.png", ""),
        ]
        assert 'width="9" height="5"' in said
        url = f"{site.web.url}/manage/pictures/{IMAGE.name}"
        async with session.get(url) as answer:
            assert (await answer.read(), answer.content_type) == (IMAGE.data, "image/png")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"].startswith("private")
        async with session.get(f"{site.web.url}/manage/pictures/other.png") as answer:
            assert answer.status == 404
        stranger = site.web.sign_in.enter(site.web.sign_in.link(uuid4()).rpartition("/")[2]) or ""
        for cookies, status in (({}, 401), ({COOKIE: "guessed"}, 401), ({COOKIE: stranger}, 404)):
            async with aiohttp.ClientSession(cookies=cookies) as other, other.get(url) as answer:
                assert answer.status == status


async def test_a_picture_is_drawn(tmp_path: Path, browser: BrowserContext) -> None:
    async with opened(tmp_path, Wall(IMAGE)) as site, window(browser, site.link(), WIDE) as page:
        image = page.get_by_alt_text('A "harbour"')
        await image.wait_for()
        await page.wait_for_function("document.querySelector('img.picture').naturalWidth === 40")
        await page.screenshot(path=tmp_path / "wall.png", full_page=True)
