"""What the logs look like, to people and as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest

from app import log
from app.settings import LogSettings
from core.logs import Logger

SECRETS = ("geheim", "geheimer")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)


def said(capsys: pytest.CaptureFixture[str], form: Literal["people", "json"]) -> str:
    """All that is logged of a warning, an error with its trace, and a library's own line."""
    log.set_up(LogSettings(form=form), SECRETS)
    Logger("core.hall").warning("an answer is late", platform="here", name="Mia", seconds=1.5, at=(1, 2))
    try:
        raise ValueError("the token is geheimer")
    except ValueError:
        Logger("core.hall").exception("it went wrong", trace="4711")
    logging.getLogger("library").warning("%s at %d", "geheim", 7, extra={"key": object})
    Logger("core.hall").debug("nobody asked")
    return capsys.readouterr().err


def test_json_is_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    late, wrong, library = map(json.loads, said(capsys, "json").splitlines())
    assert late.pop("timestamp").endswith("Z")
    assert late == {
        "event": "an answer is late",
        "level": "warning",
        "logger": "core.hall",
        "platform": "here",
        "name": "Mia",
        "seconds": 1.5,
        "at": [1, 2],
    }
    assert (wrong["event"], wrong["level"], wrong["trace"]) == ("it went wrong", "error", "4711")
    assert wrong["exception"].endswith("ValueError: the token is ***")
    assert (library["event"], library["logger"], library["key"]) == ("*** at 7", "library", "<class 'object'>")


def test_people_read_a_line_and_a_trace(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "people").splitlines()
    assert lines[0].endswith("[core.hall] platform=here name=Mia seconds=1.5 at=(1, 2)")
    assert "[warning ] an answer is late" in lines[0]
    assert "[error   ] it went wrong" in lines[1]
    assert lines[2] == "Traceback (most recent call last):"
    assert "ValueError: the token is ***" in lines
    assert "\x1b" not in "".join(lines)
