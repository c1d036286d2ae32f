"""The doctor, beside the sandboxes and a hall that runs."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from app import settings
from app.doctor import report
from app.serve import open_store, running
from core.clock import SystemClock
from sandbox.control import OutcomeKind, Platform
from sandbox.discord import DiscordSandbox
from sandbox.slack import SlackSandbox
from sandbox.telegram import TelegramSandbox
from storage.tables import Channel, Community, Space, SpaceRoute

TOKENS = {
    "discord": {"token": "discord-sandbox-token"},
    "slack": {"bot_token": "xoxb-sandbox", "app_token": "xapp-sandbox"},
    "telegram": {"token": "123456:telegram-sandbox-token"},
}
WRONG = {
    "discord": {"token": "999999:geheim"},
    "slack": {"bot_token": "xoxb-geheim", "app_token": "xapp-geheim"},
    "telegram": {"token": "999999:geheim"},
}


@pytest.fixture(params=[DiscordSandbox, SlackSandbox, TelegramSandbox], ids=["discord", "slack", "telegram"])
async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[Platform]:
    """A platform on loopback."""
    made: Platform = request.param()
    await made.start()
    yield made
    await made.stop()


def deployed(folder: Path, sandbox: Platform | None = None, **more: Any) -> settings.Settings:
    """The settings of a deployment in a folder."""
    given: dict[str, Any] = {
        "store": {"url": f"sqlite:///{folder / 'hall.db'}"},
        "vault": {"key_file": folder / "master.key"},
        "web": {"port": 0},
    }
    if sandbox is not None:
        given[sandbox.name] = {"enabled": True, "api_url": sandbox.url, **TOKENS[sandbox.name]}
    return settings.load(None, **{**given, **more})


def made_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def said(to: settings.Settings, only: Sequence[str] = ()) -> tuple[int, str]:
    """The exit code, and all that the doctor said."""
    lines: list[str] = []
    code = await report(to, only, lines.append)
    return code, "\n".join(lines)


async def test_a_fresh_deployment_is_well_and_nothing_is_made(tmp_path: Path, sandbox: Platform) -> None:
    code, text = await said(deployed(tmp_path, sandbox))
    assert code == 0, text
    assert "• store: " in text
    assert "is empty. The first start makes the tables." in text
    assert "• master key: None at" in text
    assert re.search("✓ (bot )?token: ", text)
    assert "✓ languages: en, de, fr" in text
    assert text.splitlines()[-1].startswith("All is well")
    assert not made_in(tmp_path)


async def test_channels_are_looked_at_beside_a_hall_that_runs(tmp_path: Path, sandbox: Platform) -> None:
    to = deployed(tmp_path, sandbox)
    space = await sandbox.add_space("Harbour", owner="Olga")
    owner = next(one.id for one in sandbox.state().members if one.role == "owner")
    channel = await sandbox.add_channel(space, "lounge")
    async with running(to) as house:
        await sandbox.install(space, owner)
        # Set up by a command, as a manager would where the greeting was missed.
        opened = await sandbox.command(owner, channel, "/hall setup")
        assert opened.kind in (OutcomeKind.FORM, OutcomeKind.MESSAGE)
        await _settle(house.store, sandbox.name, space, channel)
        code, text = await said(deployed(tmp_path, sandbox, web={"port": int(house.web.url.rsplit(":", 1)[1])}))
        assert code == 0, text
        assert "hallkeeper runs here and is ready" in text
        assert "✓ seal: The store knows this key." in text
        assert "lounge" in text
        assert (await said(to, ["#lounge"]))[0] == 0
        code, text = await said(to, ["nowhere"])
        assert code == 1
        assert "✗ nowhere: The store knows no such channel. Known: #lounge." in text
        await sandbox.remove(space, owner)
        code, text = await said(to, ["lounge"])
        assert "✗" in text or "The store knows no such channel" in text
        assert code == 1


async def test_a_wrong_token_is_told_and_not_shown(tmp_path: Path, sandbox: Platform) -> None:
    section = {"enabled": True, "api_url": sandbox.url, **WRONG[sandbox.name]}
    code, text = await said(deployed(tmp_path, **{sandbox.name: section}))
    assert code == 1
    assert re.search("✗ (bot )?token: ", text)
    assert "geheim" not in text


async def test_a_platform_that_is_away_is_a_finding(tmp_path: Path) -> None:
    for name, tokens in TOKENS.items():
        section = {"enabled": True, "api_url": "http://127.0.0.1:9", **tokens}
        code, text = await said(deployed(tmp_path, **{name: section}))
        assert code == 1
        assert "can't be reached" in text
        assert not any(token in text for token in tokens.values())


async def test_a_lost_key_and_a_wrong_one_are_told(tmp_path: Path) -> None:
    to = deployed(tmp_path)
    await (await open_store(to, SystemClock())).close()
    (tmp_path / "master.key").rename(tmp_path / "elsewhere.key")
    code, text = await said(to)
    assert code == 1
    assert "✗ seal: The store was sealed with a key, and there is none at" in text
    (tmp_path / "master.key").write_bytes(b"A" * 43 + b"=\n")
    code, text = await said(to)
    assert code == 1
    assert "✗ seal: This store was sealed with another master key." in text
    (tmp_path / "master.key").write_bytes(b"nonsense")
    assert "✗ master key: " in (await said(to))[1]


async def test_a_key_that_others_may_read_is_told(tmp_path: Path) -> None:
    to = deployed(tmp_path)
    await (await open_store(to, SystemClock())).close()
    (tmp_path / "master.key").chmod(0o644)
    assert "• master key: Others on this machine may read it: chmod 600" in (await said(to))[1]


async def _settle(store: Any, platform: str, space: str, channel: str) -> None:
    """Put a space with its channel into a community, as the set-up form does."""

    def unit(tx: Any) -> None:
        community_id, here = tx.new_id(), (col(SpaceRoute.platform) == platform, col(SpaceRoute.external_id) == space)
        space_id = tx.scalar(select(col(SpaceRoute.space_id)).where(*here))
        tx.add(Community(id=community_id, name="H", language="en", time_zone="UTC", created_at=tx.now))
        tx.add(
            Space(
                community_id=community_id,
                id=space_id,
                platform=platform,
                external_id=space,
                name="Harbour",
                created_at=tx.now,
            )
        )
        tx.add(
            Channel(community_id=community_id, id=tx.new_id(), space_id=space_id, external_id=channel, name="lounge")
        )
        tx.execute(update(SpaceRoute).where(*here).values(community_id=community_id))

    await store.write(unit)
