"""A party on the manager's page: its list is handed in there, and what was played is fetched."""

from __future__ import annotations

import asyncio
import html
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from core.picture import PictureKind, kind_of
from plugins.listening_parties import ListeningParties
from tests.web.conftest import Site, opened
from tests.web.test_posts import signed_in

pytestmark = pytest.mark.asyncio(loop_scope="session")

LIST = "Can – Vitamin C | 2:00\nbroken\nNeu! – Hero | 4:00\n<b>Faust</b> – J*enn*ifer | 3:00"


@pytest_asyncio.fixture(loop_scope="session")
async def night(tmp_path: Path) -> AsyncIterator[Site]:
    """A community with parties."""
    async with opened(tmp_path, ListeningParties()) as site:
        yield site


async def until_shown(night: Site, mine: aiohttp.ClientSession, words: str) -> str:
    """The page, as soon as it has these words."""
    async with asyncio.timeout(5):
        while True:
            async with mine.get(f"{night.web.url}/manage") as answer:
                page = html.unescape(await answer.text())
            if words in page:
                return page
            await asyncio.sleep(0.05)


async def test_a_list_is_handed_in_and_what_was_played_is_fetched(night: Site) -> None:
    opened_form = (await night.bot.command("party", "olga")).opened
    assert opened_form is not None
    plan = {"title": "Krautrock & more", "theme": "", "when": "in 60 minutes", "turn": "2"}
    preview = await night.bot.submit(opened_form.action, "olga", plan)
    await night.bot.press(preview.button("Announce it"), "olga")
    async with signed_in(night) as (mine, token):
        page = await until_shown(night, mine, "Krautrock & more")
        [action] = re.findall(r'name="action" value="([\w-]+)">\s*<label>Add tracks from a file', page)
        fields = aiohttp.FormData({"token": token, "action": action})
        fields.add_field("file", io.BytesIO(LIST.encode()), filename="list.txt", content_type="text/plain")
        async with mine.post(f"{night.web.url}/manage/files", data=fields) as answer:
            said = html.unescape(await answer.text())
        assert "3 tracks added." in said
        assert "Line 2, “broken”" in said
        desk = await night.bot.press((await night.bot.command("parties", "olga")).button("Krautrock & more"), "olga")
        await night.bot.press(desk.button("Start now"), "olga")
        night.time.pass_by(60 * 3)
        night.hall.wake()
        page = await until_shown(night, mine, "Playlist (M3U)")
        links = re.findall(r'href="(/manage/files/[\w-]+)" download>([^<]+)<', page)
        files = {}
        for link, label in links:
            async with mine.get(night.web.url + link) as answer:
                assert answer.status == 200
                files[label] = (
                    answer.content_disposition.filename if answer.content_disposition else "",
                    await answer.read(),
                )
        assert files["Playlist (M3U)"][0] == "Krautrock-more.m3u8"
        assert b"#EXTINF:120,Can \xe2\x80\x93 Vitamin C\n" in files["Playlist (M3U)"][1]
        assert b"Can,Vitamin C,2:00,,,0,0,0" in files["Votes (CSV)"][1]
        assert kind_of(files["Picture (PNG)"][1]) is PictureKind.PNG
