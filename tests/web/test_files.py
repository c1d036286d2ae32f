"""Files on the manager's page: fetched and handed in, by whoever may and out of their own page alone."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext
from sqlalchemy.ext.asyncio import AsyncSession

from core.action import Action
from core.bot import Standing
from core.context import Viewer
from core.files import MAX_FILE_BYTES, Desk, File
from core.message import Button, Message
from core.plugin import Plugin, download, upload
from core.texts import Domain
from tests.browser import WIDE, window
from tests.web.conftest import Site, opened
from tests.web.test_posts import signed_in
from web.sign_in import Guest

pytestmark = pytest.mark.asyncio(loop_scope="session")

_ = Domain("shelf")


class Shelf(Plugin):
    """Holds one text."""

    name = "shelf"
    code = "sh"
    title = _("Shelf")

    def __init__(self) -> None:
        super().__init__()
        self.text = "one\ntwo\n"
        self.by: list[Any] = []

    async def overview(self, session: AsyncSession, viewer: Viewer) -> Sequence[Message]:
        get = Action(self.code, "get", (), viewer.community_id)
        put = Action(self.code, "put", (), viewer.community_id)
        chat = Button("Only in chat", Action(self.code, "talk", (), viewer.community_id))
        return (
            Message(title="List", text="Two lines", controls=(Button("Fetch", get), Button("New list", put), chat)),
        )

    @download("get")
    async def get(self, session: AsyncSession, viewer: Viewer, action: Action) -> File | None:
        if action.args:
            return None
        return File("Liste “ä”.csv", "text/csv", self.text.encode())

    @upload("put")
    async def put(self, desk: Desk, action: Action, file: File) -> Message:
        text = file.text
        self.by.append(await desk.write(desk.account))
        self.text = text
        return Message(title=_("Kept"), text=_("{n} lines of **{name}**", n=len(text.splitlines()), name=file.name))


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest_asyncio.fixture(loop_scope="session")
async def library(tmp_path: Path, shelf: Shelf) -> AsyncIterator[Site]:
    """A community with a shelf."""
    async with opened(tmp_path, shelf) as site:
        yield site


def path_of(site: Site, *args: int) -> str:
    return f"/manage/files/{Action('sh', 'get', args, site.community_id).encode()}"


def form(site: Site, token: str, data: bytes, *, verb: str = "put", community: Any = None) -> aiohttp.FormData:
    fields = aiohttp.FormData({"token": token})
    fields.add_field("action", Action("sh", verb, (), community or site.community_id).encode())
    fields.add_field("file", io.BytesIO(data), filename="list.txt", content_type="text/plain")
    return fields


async def test_a_manager_fetches_a_file_under_its_name(library: Site, shelf: Shelf) -> None:
    async with signed_in(library) as (mine, _token), mine.get(library.web.url + path_of(library)) as answer:
        assert await answer.read() == b"one\ntwo\n"
        assert answer.content_type == "text/csv"
        assert answer.content_disposition is not None
        assert answer.content_disposition.filename == "Liste “ä”.csv"
        assert answer.headers["Cache-Control"] == "no-store"


async def test_nobody_else_does_and_no_other_file(library: Site) -> None:
    async with aiohttp.ClientSession(library.web.url) as nobody, nobody.get(path_of(library)) as answer:
        assert answer.status == 401
    other = Action("sh", "get", (), uuid4()).encode()
    upload_only = Action("sh", "put", (), library.community_id).encode()
    async with signed_in(library) as (mine, _token):
        for path in (path_of(library, 1), *(f"/manage/files/{one}" for one in (other, upload_only, "x", "AAAA"))):
            async with mine.get(library.web.url + path) as answer:
                assert answer.status == 404, path


async def test_whoever_may_no_longer_manage_gets_and_gives_nothing(library: Site, shelf: Shelf) -> None:
    place = await library.hall.places.of_space("fake", library.bot.where().space)
    link = library.web.url + library.web.sign_in.link(library.community_id, Guest(place, library.bot.who("zoe")))
    library.bot.standings["zoe"] = Standing(present=True)
    async with signed_in(library, link) as (mine, token):
        async with mine.get(library.web.url + path_of(library)) as answer:
            assert answer.status == 403
        async with mine.post(library.web.url + "/manage/files", data=form(library, token, b"three")) as answer:
            assert "may still manage" in await answer.text()
    assert shelf.text == "one\ntwo\n"


async def test_what_is_handed_in_is_told_once(library: Site, shelf: Shelf) -> None:
    async with signed_in(library) as (mine, token):
        async with mine.post(
            library.web.url + "/manage/files", data=form(library, token, b"\xef\xbb\xbfa\nb")
        ) as answer:
            said = await answer.text()
        assert "<h3>Kept</h3>" in said
        assert "2 lines of <strong>list.txt</strong>" in said
        async with mine.get(library.web.url + "/manage") as answer:
            assert "Kept" not in await answer.text()
    assert shelf.text == "a\nb"
    assert shelf.by == [None]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b"x" * (MAX_FILE_BYTES + 1), "larger than 1 MB"),
        (b"x" * (MAX_FILE_BYTES * 2), "larger than 1 MB"),
    ],
)
async def test_bad_files_are_told_and_change_nothing(library: Site, shelf: Shelf, data: bytes, why: str) -> None:
    url = library.web.url + "/manage/files"
    async with signed_in(library) as (mine, token), mine.post(url, data=form(library, token, data)) as answer:
        assert why in await answer.text()
    assert shelf.text == "one\ntwo\n"


async def test_a_forged_form_is_refused(library: Site, shelf: Shelf) -> None:
    async with signed_in(library) as (mine, token):
        url = library.web.url + "/manage/files"
        for fields, status in (
            (form(library, "guessed", b"three"), 403),
            (form(library, token, b"three", verb="get"), 404),
            (form(library, token, b"three", community=uuid4()), 404),
        ):
            async with mine.post(url, data=fields) as answer:
                assert answer.status == status
        no_file = {"token": token, "action": Action("sh", "put", (), library.community_id).encode(), "file": "three"}
        async with mine.post(url, data=no_file) as answer:
            assert answer.status == 400
    assert shelf.text == "one\ntwo\n"


async def test_in_a_browser(library: Site, shelf: Shelf, browser: BrowserContext, tmp_path: Path) -> None:
    async with window(browser, library.link(), WIDE) as page:
        assert await page.get_by_text("Only in chat").count() == 0
        async with page.expect_download() as waiting:
            await page.get_by_role("link", name="Fetch").click()
        fetched = await waiting.value
        assert fetched.suggested_filename == "Liste “ä”.csv"
        assert (await asyncio.to_thread(Path(await fetched.path()).read_bytes)) == b"one\ntwo\n"
        (tmp_path / "new.txt").write_text("a\nb\nc")
        await page.get_by_label("New list").set_input_files(tmp_path / "new.txt")
        await page.wait_for_timeout(2500)  # the page refreshed itself meanwhile
        await page.get_by_role("button", name="Hand in").click()
        await page.get_by_text("3 lines of new.txt").wait_for()
        await page.screenshot(path=tmp_path / "files.png", full_page=True)
    assert shelf.text == "a\nb\nc"
