"""What the pages say is so: links lead somewhere, snippets are in the code, commands, settings and limits exist."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import re
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.main import _parser
from app.settings import load
from bots.discord.permissions import PERMISSIONS
from core.plugin import Routes
from core.registry import bot_names, plugin_class, tools_of, with_core

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def fences(page: Path, language: str) -> list[str]:
    return [body for name, body in FENCE.findall(page.read_text("utf-8")) if name == language]


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pages
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


def test_the_plugin_guide_quotes_the_example_as_it_is() -> None:
    sources = [(ROOT / name).read_text("utf-8") for name in ("examples/mood.py", "tests/docs/test_example_plugin.py")]
    quoted = fences(ROOT / "docs" / "guides" / "plugin.md", "python")
    assert len(quoted) > 5
    for snippet in quoted:
        assert any(snippet in source for source in sources), snippet


@pages
def test_hall_commands_that_are_named_exist(page: Path) -> None:
    names = ("question_of_the_day", "listening_parties", "sampling_drops", str(ROOT / "examples" / "mood.py"))
    known = set(Routes(with_core([plugin_class(name)() for name in names])).commands)
    assert set(re.findall(r"/hall ([a-z]+)", page.read_text("utf-8"))) <= known


@pages
def test_shell_commands_that_are_named_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    text += "".join(f"`{line}`" for block in fences(page, "sh") for line in block.splitlines())
    (commands,) = (one for one in _parser(["run"])._actions if isinstance(one, argparse._SubParsersAction))
    ours = set(commands.choices)
    tools = {name: {tool.__name__ for tool in tools_of(name)} for name in bot_names()}
    for first, second in re.findall(r"(?:`|bin/)hallkeeper ([a-z]+)(?: ([a-z]+))?", text):
        assert first in ours or second in tools[first], f"hallkeeper {first} {second}"
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`|^    )make ([a-z-]+)", text, re.MULTILINE)) <= targets
    for module in re.findall(r"python -m ((?:bench|sandbox|tools)[\w.]*)", text):
        assert importlib.util.find_spec(module) is not None, module


@pages
def test_settings_that_are_shown_are_understood(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # a plugin's path counts from here
    for number, block in enumerate(fences(page, "toml")):
        if "project" in tomllib.loads(block):
            continue  # a plugin's own pyproject.toml
        config = tmp_path / f"{number}.toml"
        config.write_text(block)
        load(config)


def test_the_readme_names_each_permission_that_the_invitation_asks_for() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    named = {name.strip() for row in rows for name in row.split(",")}
    assert {asked.title for asked in PERMISSIONS} <= named


def limits() -> Iterator[tuple[str, str]]:
    """Each limit of the page, by the dotted path of its name, with its value."""
    text = (ROOT / "docs" / "limits.md").read_text("utf-8")
    for cells in (line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")):
        name = cells[0].strip("`")
        if "." in name:
            yield name, cells[1]
        else:
            for platform, value in zip(("discord", "slack", "telegram"), cells[2:], strict=True):
                yield f"bots.{platform}.render.CAPABILITIES.{name}", value


def written(value: Any) -> str:
    """A limit as the page writes it."""
    if isinstance(value, timedelta):
        if value >= timedelta(days=3):
            return f"{value.days} d"
        hours, rest = divmod(int(value.total_seconds()), 3600)
        return f"{hours} h" if not rest else f"{rest // 60} min" if not hours and not rest % 60 else f"{rest} s"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(f"{one.count} in {one.seconds:g} s" for one in value)
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)


def value_of(path: str) -> Any:
    module, _, rest = path.partition(".CAPABILITIES")
    if rest:
        return getattr(importlib.import_module(module).CAPABILITIES, rest.strip("."))
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_limits_are_those_of_the_code() -> None:
    found = list(limits())
    assert len(found) > 70
    assert [f"{name}: {written(value_of(name))}" for name, value in found if value != written(value_of(name))] == []
