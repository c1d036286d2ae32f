"""Logs: people's form on a terminal, a JSON object a line otherwise. Libraries' own logs come the same way."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import Any

import structlog

from app.settings import LogSettings

NOISY = ("aiohttp.access", "discord", "slack_bolt", "slack_sdk", "telegram", "httpx", "alembic")
"""Libraries that tell at info what is only of use to their own authors."""


class _Masking(structlog.stdlib.ProcessorFormatter):
    """Writes a line without secrets, whoever put one there: a library tells its address, with the token in it."""

    def __init__(self, secrets: Iterable[str], **options: Any) -> None:
        super().__init__(**options)
        # The longest first: one may be a part of another.
        self._secrets = sorted({one for one in secrets if one}, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, "***")
        return line


def set_up(settings: LogSettings, secrets: Iterable[str] = ()) -> None:
    """Make every logger of this process write to standard error. ``secrets`` never stand there."""
    people = settings.form == "people" or (settings.form == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Any] = (
        # The fancy form of a trace shows variables, and what is in them.
        [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)]
        if people
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _Masking(
            secrets,
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    if settings.level != "debug":
        for name in NOISY:
            logging.getLogger(name).setLevel(logging.WARNING)
