"""Logs: people's form on a terminal, a JSON object a line otherwise. Libraries' own logs come the same way."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable
from datetime import UTC, datetime

from app.settings import LogSettings

NOISY = ("aiohttp.access", "discord", "slack_bolt", "slack_sdk", "telegram", "httpx", "alembic")
"""Libraries that tell at info what is only of use to their own authors."""

_EVERY = frozenset((*vars(logging.makeLogRecord({})), "values", "message", "asctime", "taskName"))
"""What each record has; whatever else it has is said by ``extra``."""
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_COLOURS = {"debug": "\x1b[2m", "info": "\x1b[32m", "warning": "\x1b[33m"}
_RED = "\x1b[31m"


class _Lines(logging.Formatter):
    """Writes a line without secrets, whoever put one there: a library tells its address, with the token in it."""

    def __init__(self, secrets: Iterable[str], people: bool, colours: bool) -> None:
        super().__init__()
        # The longest first: one may be a part of another.
        self._secrets = sorted({one for one in secrets if one}, key=len, reverse=True)
        self._people = people
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        values = {name: value for name, value in vars(record).items() if name not in _EVERY}
        values |= getattr(record, "values", {})
        line = self._for_people(record, values) if self._people else self._json(record, values)
        for secret in self._secrets:
            line = line.replace(secret, "***")
        return line

    def _json(self, record: logging.LogRecord, values: dict[str, object]) -> str:
        about = {"event": record.getMessage(), "level": record.levelname.lower(), "logger": record.name}
        trace = {"exception": self.formatException(record.exc_info)} if record.exc_info else {}
        return json.dumps({**values, **about, "timestamp": _time(record), **trace}, ensure_ascii=False, default=repr)

    def _for_people(self, record: logging.LogRecord, values: dict[str, object]) -> str:
        level, event = record.levelname.lower(), record.getMessage()
        shown = [f"{name}={value if isinstance(value, str) else repr(value)}" for name, value in values.items()]
        head = f"[{level:<8}]"
        if self._colours:
            head, event = f"{_COLOURS.get(level, _RED)}{head}{_PLAIN}", f"{_BOLD}{event}{_PLAIN}"
        line = " ".join((_time(record), head, f"{event:<30}", f"[{record.name}]", *shown))
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def set_up(settings: LogSettings, secrets: Iterable[str] = ()) -> None:
    """Make every logger of this process write to standard error. ``secrets`` never stand there."""
    people = settings.form == "people" or (settings.form == "auto" and sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines(secrets, people, colours=sys.stderr.isatty()))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    if settings.level != "debug":
        for name in NOISY:
            logging.getLogger(name).setLevel(logging.WARNING)
