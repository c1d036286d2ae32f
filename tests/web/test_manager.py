"""The manager's page: who is let in, and that nothing that people wrote is more than text."""

from __future__ import annotations

import re
from pathlib import Path

import aiohttp
import pytest
from babel.messages.pofile import read_po
from playwright.async_api import BrowserContext

from tests.browser import NARROW, WIDE, window
from tests.web.conftest import XSS, Site
from web import manager
from web.sign_in import CODE_LIVES, COOKIE, SESSION_LIVES

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_link_lets_in_once_and_a_cookie_keeps_one_in(site: Site) -> None:
    link = site.link()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as mine:
        async with mine.get(link) as answer:
            assert (answer.status, answer.url.path) == (200, "/manage")
            assert "Hall" in await answer.text()
        async with mine.get(site.web.url + "/manage/now") as answer:
            assert answer.status == 200
        async with mine.get(site.link(), allow_redirects=False) as answer:
            assert answer.status == 303
            assert "HttpOnly" in answer.headers["Set-Cookie"]
            assert "SameSite=Lax" in answer.headers["Set-Cookie"]
        site.time.pass_by(seconds=SESSION_LIVES.total_seconds() + 1)
        async with mine.get(site.web.url + "/manage") as answer:
            assert answer.status == 401
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as other,
        other.get(link) as answer,
    ):
        assert answer.status == 401


async def test_a_link_grows_old(site: Site) -> None:
    link = site.link()
    site.time.pass_by(seconds=CODE_LIVES.total_seconds())
    async with aiohttp.ClientSession() as session, session.get(link) as answer:
        assert answer.status == 401


@pytest.mark.parametrize("path", ["/manage", "/manage/now", "/enter/guessed"])
async def test_nobody_else_sees_anything(site: Site, path: str) -> None:
    for cookies in ({}, {COOKIE: "guessed"}):
        async with aiohttp.ClientSession(site.web.url, cookies=cookies) as session:
            async with session.get(path) as answer:
                said = await answer.text()
                assert answer.status == 401
                assert "This link was used, or is too old" in said
                assert "Tea" not in said
            async with session.get(path, headers={"Accept-Language": "de-AT,de;q=0.9"}) as answer:
                assert '<html lang="de">' in (german := await answer.text())
                assert "Dieser Link wurde schon benutzt" in german


async def test_what_people_wrote_is_text(site: Site) -> None:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session, session.get(site.link()) as answer:
        said = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
    assert "&lt;script&gt;" in said
    assert "<img" not in said
    assert len(re.findall("<script", said)) == 1
    assert "unsafe-inline" not in policy


async def test_every_word_of_the_pages_is_translated() -> None:
    here = Path(manager.__file__).parent
    source = "".join(path.read_text("utf-8") for path in (*here.glob("*.py"), *here.glob("templates/*.html")))
    keys = {a or b for a, b in re.findall(r"""\b_\(\s*(?:"([^"]+)"|'([^']+)')\s*[,)]""", source)}
    assert len(keys) > 10
    for language in ("de", "fr"):
        with (here / "locale" / f"{language}.po").open("rb") as file:
            catalogue = read_po(file, locale=language)
        assert {message.id for message in catalogue if message.id} == keys
        assert all(message.string and not message.fuzzy for message in catalogue)


async def test_the_page_speaks_the_community_s_language(site: Site) -> None:
    await site.speak("de")
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session, session.get(site.link()) as answer:
        said = await answer.text()
    assert '<html lang="de">' in said
    assert "Aktionen heute" in said
    assert "Frage des Tages" in said


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_a_manager_looks_at_it(
    site: Site, browser: BrowserContext, tmp_path: Path, size: tuple[int, int], scheme: str
) -> None:
    async with window(browser, site.link(), size) as page:
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of two words
        await page.get_by_text("acts today").wait_for()
        assert await page.title() == "Hall · hallkeeper"
        assert XSS.split("**")[0].strip() in await page.inner_text("main")
        assert "**bold**" in await page.inner_text("main"), "a member marked a text up"
        assert await page.locator("article li strong").count() == 0
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await page.evaluate(overflow) == 0
        await page.screenshot(path=tmp_path / f"{scheme}-{size[0]}.png", full_page=True)


async def test_the_page_keeps_itself_fresh(site: Site, browser: BrowserContext) -> None:
    async with window(browser, site.link()) as page:
        question = next(post for post in site.bot.posts if post.message.title == "Question of the day")
        await site.bot.submit(question.button("Answer"), "noor", {"answer": "Coffee from the harbour"})
        await page.get_by_text("Coffee from the harbour").wait_for()
