"""``python -m sandbox``: it tells where everything is, serves it, and ends when asked."""

from __future__ import annotations

import asyncio
import json
import signal
import sys

import aiohttp
import pytest

from sandbox.__main__ import arguments
from sandbox.town import settle
from tests.sandbox.page.fake import FakePlatform


async def test_it_serves_the_three_and_the_page_until_it_is_told_to_stop() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "--json", "--people", "2", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        told = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
        assert set(told) == {"page", "discord", "slack", "telegram"}
        assert told["slack"]["bot_token"].startswith("xoxb-")
        async with aiohttp.ClientSession() as http:
            for name in ("discord", "slack", "telegram"):
                state = await (await http.get(f"{told['page']}{name}/state")).json()
                assert len(state["members"]) == 3
                assert len(state["channels"]) >= 1
            me = await http.get(f"{told['telegram']['url']}/bot{told['telegram']['token']}/getMe")
            assert (await me.json())["result"]["is_bot"]
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0


def test_it_refuses_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments(["--discord-port", "high"])
    assert "--discord-port" in capsys.readouterr().err


async def test_a_town_has_as_many_people_as_asked_for_each_with_a_name() -> None:
    platform = FakePlatform("discord")
    town = await settle(platform, people=23, install=False)
    names = {member.name for member in platform.state().members}
    assert len(town.members) == 23
    assert len(names) == 24, "the owner and everybody else"
