"""The check that keeps platforms' names off the upper floors sees them, and only them."""

from pathlib import Path

import pytest

from tools.names import named


def put(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("text", ["import discord", "slack_user = 1", "class ForTelegram: ...", "# as on Slack"])
def test_a_name_in_a_text_is_found_with_its_line(tmp_path: Path, text: str) -> None:
    put(tmp_path, "core/hall.py", f"\n{text}\n")
    assert list(named(tmp_path)) == [f"core/hall.py:2: {text}"]


def test_a_name_in_a_file_name_is_found(tmp_path: Path) -> None:
    put(tmp_path, "web/telegram.png", "")
    assert list(named(tmp_path)) == ["web/telegram.png:1: its own name"]


def test_bots_and_other_words_are_left_alone(tmp_path: Path) -> None:
    put(tmp_path, "bots/discord/bot.py", "import discord")
    put(tmp_path, "core/queue.py", "# slackening the line, by telegraph")
    put(tmp_path, "plugins/asks/where.en.toml", 'ask = "Are you on Slack?"')
    assert list(named(tmp_path)) == []
