"""Sampling drops on the manager's page: their figures, and their files to fetch and to hand in."""

from __future__ import annotations

import io
from pathlib import Path

import aiohttp
import pytest

from core.action import Action
from plugins.sampling_drops import SamplingDrops
from tests.web.conftest import opened
from tests.web.test_posts import signed_in

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOML = b'product = "Ten <b>songs</b>"\nbrand = "Spindle"\ngives = "code"\n'


async def test_a_drop_is_handed_in_shown_and_fetched(tmp_path: Path) -> None:
    async with opened(tmp_path, SamplingDrops()) as site, signed_in(site) as (mine, token):

        async def hand_in(action: Action, data: bytes) -> str:
            fields = aiohttp.FormData({"token": token})
            fields.add_field("action", action.encode())
            fields.add_field("file", io.BytesIO(data), filename="drop.toml", content_type="text/plain")
            async with mine.post(f"{site.web.url}/manage/files", data=fields) as answer:
                assert answer.status == 200
                return await answer.text()

        page = await hand_in(Action("sd", "new", (), site.community_id), TOML)
        assert "The draft of <strong>Ten &lt;b&gt;songs&lt;/b&gt;</strong> is there" in page
        assert "Ten &lt;b&gt;songs&lt;/b&gt;: draft" in page
        drop = Action.decode(page.split('href="/manage/files/')[1].split('"')[0])
        taken = await hand_in(Action("sd", "codes", drop.args, site.community_id), b"A1\nB2\n\nA1\n")
        for words in ("2 codes added.", "1 was there already", "1 blank line", "0 of 2, and 0 held now"):
            assert words in taken
        async with mine.get(f"{site.web.url}/manage/files/{drop.encode()}") as answer:
            assert await answer.read() == TOML
        wrong = await hand_in(Action("sd", "new", (), site.community_id), TOML.replace(b"code", b"gold"))
        assert "gives: write" in wrong
