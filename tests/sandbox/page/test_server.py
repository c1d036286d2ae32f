"""The page's server: what it gives, to whom, and how it ends."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from sandbox.page import Page
from sandbox.page.guard import origin_of
from tests.sandbox.page.conftest import Shown

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def http(shown: Shown) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(shown.url) as session:
        yield session


async def events(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, object]]:
    async for line in response.content:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


async def test_the_page_and_its_files_are_there(shown: Shown, http: aiohttp.ClientSession) -> None:
    index = await (await http.get("/")).text()
    for name in ("page.css", "main.js", "icon.svg"):
        assert f"/static/{name}" in index
        assert (await http.get(f"/static/{name}")).status == 200
    assert "http://" not in index
    assert "https://" not in index, "nothing comes from elsewhere"
    about = await (await http.get("/page.json")).json()
    assert about == {"platforms": ["discord", "slack", "telegram"], "beside": ""}


async def test_every_answer_carries_the_policy(shown: Shown, http: aiohttp.ClientSession) -> None:
    for path in ("/", "/static/main.js", "/discord/state", "/nowhere"):
        headers = (await http.get(path)).headers
        rules = dict(rule.strip().split(" ", 1) for rule in headers["Content-Security-Policy"].split(";"))
        assert rules["default-src"] == "'none'"
        assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
        assert rules["frame-ancestors"] == rules["frame-src"] == "'none'"
        assert headers["X-Content-Type-Options"] == "nosniff"


async def test_the_managers_page_may_be_framed_by_its_origin(shown: Shown) -> None:
    links = (f"http://127.0.0.1:8123/community?key={number}" for number in itertools.count())
    page = Page([], beside=lambda: next(links))
    await page.start()
    async with aiohttp.ClientSession(page.url) as session, session.get("/page.json") as response:
        first = (await response.json())["beside"]
        again = await (await session.get("/page.json")).json()
        assert first != again["beside"], "each visit gets a link of its own"
        assert "frame-src http://127.0.0.1:8123;" in response.headers["Content-Security-Policy"]
    await page.stop()


@pytest.mark.parametrize("address", ["", "javascript:alert(1)", "/relative", "ftp://127.0.0.1/"])
async def test_only_web_addresses_have_an_origin(address: str) -> None:
    assert origin_of(address) == ""


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "localhost.evil", ""])
async def test_a_foreign_name_is_refused(host: str, shown: Shown, http: aiohttp.ClientSession) -> None:
    for path in ("/", "/slack/state", "/stream"):
        assert (await http.get(path, headers={"Host": host})).status == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:99", "LOCALHOST", "[::1]:80"])
async def test_this_machines_own_names_are_fine(host: str, shown: Shown, http: aiohttp.ClientSession) -> None:
    assert (await http.get("/slack/state", headers={"Host": host})).status == 200


async def test_only_the_page_itself_may_act(shown: Shown, http: aiohttp.ClientSession) -> None:
    ada = shown.slack.members["Ada Byron"]
    words = {"member": ada, "channel": shown.slack.channel, "text": "Hello"}
    own = shown.url.rstrip("/")
    foreign = [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": own.replace("http:", "https:")},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ]
    for headers in foreign:
        assert (await http.post("/slack/type", json=words, headers=headers)).status == 403
    said = [m.text for m in shown.slack.platform.state().channels[0].messages]
    assert "Hello" not in said
    for headers in ({"Origin": own, "Sec-Fetch-Site": "same-origin"}, {}):
        assert (await http.post("/slack/type", json=words, headers=headers)).status == 200
    said = [m.text for m in shown.slack.platform.state().channels[0].messages]
    assert said.count("Hello") == 2


async def test_the_stream_tells_of_changes_and_of_the_count(shown: Shown, http: aiohttp.ClientSession) -> None:
    async with http.get("/stream") as response, asyncio.timeout(10):
        assert response.headers["Content-Type"] == "text/event-stream"
        told = events(response)
        first = await anext(told)
        assert set(first) == {"revisions", "answered"}
        await shown.slack.platform.type(
            shown.slack.members["Ada Byron"], shown.slack.channel, "Tea", reply_to=shown.slack.question
        )
        async for event in told:
            if event["answered"] == {"discord": 0, "slack": 1, "telegram": 0}:
                break
        assert event["revisions"]["slack"] == shown.slack.platform.revision  # type: ignore[index]  # it is a mapping


async def test_a_count_that_fails_does_not_end_the_page(caplog: pytest.LogCaptureFixture, shown: Shown) -> None:
    broken = True

    async def answered() -> dict[str, int]:
        if broken:
            raise RuntimeError("no store")
        return {"discord": 4}

    page = Page([shown.discord.platform], answered=answered)
    await page.start()
    async with aiohttp.ClientSession(page.url) as session, session.get("/stream") as response, asyncio.timeout(10):
        told = events(response)
        assert (await anext(told))["answered"] is None
        broken = False
        shown.discord.platform.changed()
        async for event in told:
            if event["answered"] == {"discord": 4}:
                break
    await page.stop()
    assert "could not be counted" in caplog.text


async def test_it_stops_while_somebody_watches(shown: Shown) -> None:
    page = Page([shown.discord.platform])
    with pytest.raises(RuntimeError):
        _ = page.url
    await page.start()
    async with aiohttp.ClientSession(page.url) as session:
        streams = [await session.get("/stream"), await session.get("/discord/stream")]
        async with asyncio.timeout(5):
            await page.stop()
        for one in streams:
            one.close()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(page.url)
