"""Commands in this process: what they say, and how they end."""

from __future__ import annotations

import logging
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """``run("migrate")`` in an empty folder gives the exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    before, level = root.handlers, root.level

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["hallkeeper", *arguments])
        with pytest.raises(SystemExit) as end:
            main.main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err + said.out
        return int(end.value.code or 0), said.out, said.err

    yield command
    root.handlers, root.level = before, level


def test_the_help_teaches(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    for word in (
        "run",
        "demo",
        "doctor",
        "migrate",
        "plugins",
        "discord",
        "slack",
        "telegram",
        "config.example.toml",
    ):
        assert word in out
    for command in ("run", "demo", "doctor", "migrate"):
        _, out, _ = run(command, "--help")
        assert f"  hallkeeper {command}" in out, f"{command} has no example"


def test_says_its_version(run: Run) -> None:
    code, out, _ = run("--version")
    assert (code, out.split()[0]) == (0, "hallkeeper")


def test_lists_what_is_installed(run: Run) -> None:
    code, out, _ = run("plugins")
    assert code == 0
    assert "question_of_the_day" in out
    assert "telegram" in out


def test_a_platform_brings_commands_of_its_own(run: Run) -> None:
    code, out, _ = run("discord", "invite", "--application-id", "4711")
    assert code == 0
    assert out.startswith("https://discord.com/oauth2/authorize?client_id=4711&")
    assert "Send Messages: to post questions" in out
    assert run("discord", "invite")[0] == 2
    assert run("telegram", "setup")[0] == 0
    assert "socket_mode_enabled: true" in run("slack", "manifest")[1]


def test_a_missing_file_is_named(run: Run) -> None:
    code, _, err = run("run", "--config", "nowhere.toml")
    assert (code, err) == (1, "hallkeeper: There is no file nowhere.toml. Start from config.example.toml.\n")


def test_a_port_that_is_taken_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("HALLKEEPER_WEB__PORT", str(port))
        code, _, err = run("run")
    assert code == 1
    assert f"hallkeeper: Port {port} on 127.0.0.1 is taken." in err


def test_migrates_and_tells_what_is_missing(run: Run) -> None:
    code, out, _ = run("migrate", "--check")
    assert code == 1
    assert "core: at nothing" in out
    assert not Path("data/hall.db").exists()
    missing = [line for line in out.splitlines() if "needs" in line]
    assert run("migrate") == (0, "\n".join([*missing, "The store is up to date.\n"]), "")
    assert run("migrate", "--check") == (0, "The store is up to date.\n", "")


def test_a_store_that_is_ahead_is_refused(run: Run) -> None:
    run("migrate")
    with closing(sqlite3.connect("data/hall.db", isolation_level=None)) as store:
        store.execute("UPDATE alembic_version SET version_num = '9999'")
    for command in ("run", "migrate"):
        code, _, err = run(command)
        assert code == 1
        assert "was migrated by a newer hallkeeper (to 9999" in err


def test_a_store_that_is_none_is_told(run: Run) -> None:
    Path("data").mkdir()
    Path("data/hall.db").write_text("Dear diary, this is a text and no database at all." * 20)
    for command in ("run", "migrate", "doctor"):
        code, out, err = run(command)
        assert code == 1
        assert "is no SQLite database" in out + err


def test_a_store_that_is_away_is_told_without_its_password(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALLKEEPER_STORE__URL", "postgresql://hall:geheim@127.0.0.1:9/hall")
    for command in ("run", "migrate", "doctor"):
        code, out, err = run(command)
        assert code == 1
        assert "can't be reached" in out + err
        assert "geheim" not in out + err


def test_a_key_that_is_lost_or_wrong_is_refused_and_nothing_is_overwritten(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, store = Path("secrets/master.key"), Path("data/hall.db")
    with socket.socket() as taken:  # the store is open by the time that the port is found taken
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("HALLKEEPER_WEB__PORT", str(taken.getsockname()[1]))
        assert "is taken" in run("run")[2]
    right, before = key.read_bytes(), store.read_bytes()
    assert key.stat().st_mode & 0o077 == 0

    key.unlink()
    code, _, err = run("run")
    assert code == 1
    assert "There is no master key at secrets/master.key" in err
    assert not key.exists()

    wrong = b"A" * 43 + b"=\n"
    assert wrong != right
    key.write_bytes(wrong)
    code, _, err = run("run")
    assert code == 1
    assert "sealed with another master key" in err
    assert (key.read_bytes(), store.read_bytes()) == (wrong, before)


def test_a_fault_of_its_own_is_told_by_its_place_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("the token is geheim")

    monkeypatch.setattr("app.settings.load", fails)
    code, _, err = run("run")
    assert code == 1
    assert "A fault of hallkeeper itself (RuntimeError at " in err
    assert "geheim" not in err
