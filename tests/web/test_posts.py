"""What a manager says about posts on their page: over the real server, by hand and in the browser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
from playwright.async_api import BrowserContext

from core.bot import ChannelInfo, Standing
from core.stuck import mark_of
from tests.browser import NARROW, WIDE, window
from tests.web.conftest import Site
from web.sign_in import SESSION_LIVES, Guest

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def signed_in(site: Site, link: str = "") -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """A manager's browser without a window, and the token of their page."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as mine:
        await site.stick("failed")  # so that there is a form, with its token
        async with mine.get(link or site.link()) as answer:
            found = re.search(r'name="token" value="([^"]+)"', await answer.text())
        assert found is not None
        yield mine, found[1]


def form(site: Site, token: str, delivery: UUID, verdict: str, **more: Any) -> dict[str, str]:
    mark = str(mark_of(site.time.now()))
    return {"token": token, "about": str(delivery), "number": mark, "group": "0", "verdict": verdict, **more}


async def send(site: Site, mine: aiohttp.ClientSession, fields: dict[str, str], **headers: str) -> tuple[int, str]:
    """Post a form; the status, and what the page says afterwards."""
    where = f"{site.web.url}/manage/posts"
    async with mine.post(where, data=fields, headers=headers, allow_redirects=False) as answer:
        status = answer.status
    if status != 303:
        return status, ""
    async with mine.get(f"{site.web.url}/manage") as page:
        found = re.search(r'role="status">\s*<p>([^<]*)<', await page.text())
    return status, found[1] if found else ""


async def test_a_verdict_is_kept_and_told_once(site: Site) -> None:
    delivery = await site.stick("unknown")
    async with signed_in(site) as (mine, token):
        status, said = await send(site, mine, form(site, token, delivery, "there"))
        assert (status, said[:20]) == (303, "Noted: it is there. ")
        assert await site.state_of(delivery) == "sent"
        async with mine.get(f"{site.web.url}/manage") as page:
            assert 'role="status"' not in await page.text()
        assert "Somebody was quicker" in (await send(site, mine, form(site, token, delivery, "there")))[1]


async def test_two_managers_at_once(site: Site) -> None:
    delivery = await site.stick("failed")
    async with signed_in(site) as (one, token), signed_in(site) as (two, other):
        said = await asyncio.gather(
            send(site, one, form(site, token, delivery, "again")),
            send(site, two, form(site, other, delivery, "drop")),
        )
    assert sorted(status for status, _words in said) == [303, 303]
    assert sum("Somebody was quicker" in words for _status, words in said) == 1
    assert await site.state_of(delivery) in ("pending", "cancelled")


async def test_nobody_else_may_say_anything(site: Site) -> None:
    delivery = await site.stick("unknown")
    async with signed_in(site) as (mine, token), aiohttp.ClientSession() as stranger:
        good = form(site, token, delivery, "drop")
        assert (await send(site, stranger, good))[0] == 401
        assert (await send(site, mine, {**good, "token": "guessed"}))[0] == 403
        assert (await send(site, mine, {key: good[key] for key in good if key != "token"}))[0] == 403
        for whence in ("cross-site", "same-site"):
            assert (await send(site, mine, good, **{"Sec-Fetch-Site": whence}))[0] == 403
        async with signed_in(site) as (other, _token):
            assert (await send(site, other, good))[0] == 403, "another session's token"
        async with mine.get(f"{site.web.url}/manage/posts", params=good) as answer:
            assert answer.status == 405
        site.time.pass_by(seconds=SESSION_LIVES.total_seconds() + 1)
        assert (await send(site, mine, good))[0] == 401
    assert await site.state_of(delivery) == "unknown"


@pytest.mark.parametrize(
    "broken",
    [
        {"verdict": "burn"},
        {"verdict": ""},
        {"about": "1 OR 1=1"},
        {"number": "many"},
        {"about": ""},
        {"group": "9" * 5000, "number": "9" * 5000},
    ],
)
async def test_what_we_never_wrote_is_refused(site: Site, broken: dict[str, str]) -> None:
    delivery = await site.stick("unknown")
    async with signed_in(site) as (mine, token):
        assert (await send(site, mine, form(site, token, delivery, "drop") | broken))[0] == 400
    assert await site.state_of(delivery) == "unknown"


async def test_another_community_s_post_and_a_wrong_state(site: Site) -> None:
    failed = await site.stick("failed")
    async with signed_in(site) as (mine, token):
        assert (await send(site, mine, form(site, token, uuid4(), "again")))[1] == "That post is gone."
        assert "stuck again" in (await send(site, mine, form(site, token, failed, "there")))[1]
        assert "stuck again" in (await send(site, mine, form(site, token, failed, "again", number="7")))[1]
        said = await send(site, mine, form(site, token, uuid4(), "again", group="1"))
        assert "none of them" in said[1]
        theirs = site.web.sign_in.link(uuid4())
        async with mine.get(site.web.url + theirs, allow_redirects=False) as answer:
            assert answer.status == 303
        assert (await send(site, mine, form(site, token, failed, "drop")))[0] == 403
    assert await site.state_of(failed) == "failed"


async def test_who_may_manage_no_more_is_told_so(site: Site) -> None:
    delivery = await site.stick("failed")
    seen = (await site.bot.command("page", "olga")).text
    assert "switched it off" in seen
    place, who = await site.hall.places.of_space("fake", "hall"), site.bot.who("olga")
    link = site.web.url + site.web.sign_in.link(site.community_id, Guest(place, who))
    async with signed_in(site, link) as (mine, token):
        site.bot.standings["olga"] = Standing(present=True)
        site.time.pass_by(seconds=61)
        fields = form(site, token, delivery, "again", number=str(mark_of(site.time.now()) - 61))
        assert "make sure that you may" in (await send(site, mine, fields))[1]
        assert await site.state_of(delivery) == "failed"
        site.bot.standings["olga"] = Standing(present=True, roles=frozenset({"admin"}))
        site.time.pass_by(seconds=61)
        assert "On its way again." in (await send(site, mine, fields))[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_a_manager_goes_through_what_needs_them(
    site: Site, browser: BrowserContext, tmp_path: Path, size: tuple[int, int], scheme: str
) -> None:
    unknown, failed = await site.stick("unknown"), await site.stick("failed")
    site.bot.rooms = [ChannelInfo("general", "general", writable=False)]
    async with window(browser, site.link(), size) as page:
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of two words
        assert await page.locator("#needs article").count() == 2
        assert "I may not write in #general" in await page.inner_text("#needs")
        assert await page.title() == "Hall · hallkeeper", "what people wrote is text"
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await page.evaluate(overflow) == 0
        await page.screenshot(path=tmp_path / f"{scheme}-{size[0]}.png", full_page=True)
        await page.get_by_role("button", name="It's there").click()
        await page.get_by_role("status").get_by_text("Noted: it is there.").wait_for()
        await page.get_by_role("button", name="Let it go").press("Enter")
        await page.get_by_text("No post needs").or_(page.get_by_text("Let go: it is not sent any more.")).wait_for()
        assert await page.locator("#needs").count() == 0
        assert "A manager found it." in await page.inner_text("#happened")
    assert (await site.state_of(unknown), await site.state_of(failed)) == ("sent", "cancelled")


async def test_what_one_is_about_to_press_stays_while_the_page_keeps_itself_fresh(
    site: Site, browser: BrowserContext
) -> None:
    await site.stick("unknown")
    async with window(browser, site.link()) as page:
        button = page.get_by_role("button", name="It's there")
        await button.focus()
        await site.stick("failed")
        question = next(post for post in site.bot.posts if post.message.title == "Question of the day")
        await site.bot.submit(question.button("Answer"), "noor", {"answer": "Coffee from the harbour"})
        await page.get_by_text("not in this channel").last.wait_for()  # in what happened
        assert await button.evaluate("one => one === document.activeElement")
        await button.evaluate("one => one.blur()")
        await page.get_by_role("button", name="Try again").wait_for()


async def test_nothing_needs_anybody_and_nothing_says_so_twice(site: Site, browser: BrowserContext) -> None:
    async with window(browser, site.link()) as page:
        await page.get_by_text("All posts went out.").wait_for()
        assert await page.locator("#needs").count() == 0
        assert "next 21 Nov, 09:00" in await page.inner_text("#planned")
