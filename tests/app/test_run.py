"""hallkeeper run, as a process of its own, against a sandbox."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing

import aiohttp
import pytest

from sandbox.control import OutcomeKind
from sandbox.telegram import TelegramSandbox
from tests.app.conftest import ROOT, CommandLine

TOKEN = "123456:telegram-sandbox-token"


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramSandbox]:
    """A Telegram on loopback."""
    sandbox = TelegramSandbox()
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
def configured(hallkeeper: CommandLine, telegram: TelegramSandbox) -> CommandLine:
    """hallkeeper with Telegram enabled."""
    hallkeeper.config(telegram={"enabled": True, "api_url": telegram.url, "token": TOKEN})
    return hallkeeper


async def test_runs_and_ends_at_a_signal_with_all_that_was_acknowledged_in_the_store(
    configured: CommandLine, telegram: TelegramSandbox
) -> None:
    space = await telegram.add_space("Friends", owner="Olga")
    owner = next(one.id for one in telegram.state().members if one.role == "owner")
    async with configured.started("run") as running:
        ready = await running.until("ready")
        assert ready["bots"] == "telegram"
        async with aiohttp.ClientSession(ready["web"]) as session:
            async with session.get("/livez") as answer:
                assert answer.status == 200
            async with session.get("/readyz") as answer:
                assert answer.status == 200
                said = await answer.json()
        assert said["store"] is True
        assert said["connections"]["telegram"]["connected"] is True
        await telegram.install(space, owner)
        outcome = await telegram.command(owner, telegram.state().channels[0].id, "/hall help")
        assert outcome.kind is OutcomeKind.MESSAGE
        ended = await running.end()
    assert ended.code == 0, ended.err
    assert ended.out == ""
    assert [line["event"] for line in ended.logs][-2:] == ["stopping", "stopped"]
    assert {line["level"] for line in ended.logs} == {"info"}
    assert not (configured.folder / "data" / "hall.db-wal").exists(), "the store was not closed"
    with closing(sqlite3.connect(configured.folder / "data" / "hall.db")) as store:
        assert store.execute("SELECT platform, external_id FROM space_route").fetchall() == [("telegram", space)]
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_a_second_process_on_an_sqlite_store_is_refused(configured: CommandLine) -> None:
    configured.environment["HALLKEEPER_WEB__PORT"] = "0"
    async with configured.started("run") as running:
        await running.until("ready")
        refused = await configured("run")
        assert refused.code == 1
        assert "Another hallkeeper works on" in refused.err
        assert (await running.end()).code == 0


async def test_a_wrong_token_is_told_and_not_shown(configured: CommandLine) -> None:
    configured.environment["HALLKEEPER_TELEGRAM__TOKEN"] = "999999:wrong-and-secret"
    configured.environment["HALLKEEPER_LOG__LEVEL"] = "debug"
    ended = await configured("run")
    assert ended.code == 1
    last = ended.err.splitlines()[-1]
    assert last.startswith("hallkeeper: ")
    assert "token" in last
    assert "Traceback" not in ended.err
    assert "wrong-and-secret" not in ended.err + ended.out
    assert "***" in ended.err, "the library did not tell its address: this test shows nothing"


async def test_a_signal_while_it_starts_ends_it(hallkeeper: CommandLine) -> None:
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        hallkeeper.config(telegram={"enabled": True, "api_url": f"http://127.0.0.1:{port}", "token": TOKEN})
        async with hallkeeper.started("run") as running:
            await asked.wait()
            ended = await running.end()
    assert ended.code == 0, ended.err
    assert [line["event"] for line in ended.logs] == ["stopping", "stopped"]


@pytest.mark.parametrize("platform", ["discord", "slack", "telegram"])
async def test_only_what_is_enabled_is_imported(hallkeeper: CommandLine, platform: str) -> None:
    libraries = {
        "discord": {"discord", "bots.discord"},
        "slack": {"slack_bolt", "slack_sdk", "bots.slack"},
        "telegram": {"telegram", "bots.telegram"},
    }
    hallkeeper.config(**{platform: {"enabled": True}})
    code = (
        "import sys; from pathlib import Path; from app import log, main, serve, settings; "
        "settings.load(Path('config.toml')); print(*sys.modules)"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        cwd=hallkeeper.folder,
        env={"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    modules = set(out.decode().split())
    assert libraries.pop(platform) <= modules
    assert not modules & set().union(*libraries.values())
    assert "sandbox" not in modules


async def test_without_its_key_nothing_starts_and_nothing_is_made(configured: CommandLine) -> None:
    configured.environment["HALLKEEPER_WEB__PORT"] = "0"
    async with configured.started("run") as running:
        await running.until("ready")
        assert (await running.end()).code == 0
    file = configured.folder / "secrets" / "master.key"
    key = file.read_text().strip()
    store = configured.folder / "data" / "hall.db"
    before = store.read_bytes()

    file.unlink()
    ended = await configured("run")
    assert (ended.code, file.exists()) == (1, False)
    assert "There is no master key at" in ended.err

    for wrong, why in (("A" * 43 + "=", "another master key"), ("c2hvcnQ=", "32 bytes"), ("?", "no master key")):
        configured.environment["HALLKEEPER_VAULT__KEY"] = wrong
        ended = await configured("run")
        assert (ended.code, file.exists()) == (1, False)
        assert why in ended.err
        assert wrong == "?" or wrong not in ended.err
    assert store.read_bytes() == before

    configured.environment["HALLKEEPER_VAULT__KEY"] = key
    async with configured.started("run") as running:
        await running.until("ready")
        assert (await running.end()).code == 0
    assert not file.exists()
