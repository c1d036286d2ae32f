"""Logs: what happened in a few words that stay the same, and what belongs to it by name.

Python's own logging underneath. ``app.log`` writes it for people or as JSON; a library for it took 2 % of a start.
"""

from __future__ import annotations

import logging


class Logger:
    """Tells what happens in a module: ``logger.info("a space was set up", platform=platform)``.

    ``exc_info=True`` adds the error that is being handled.
    """

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, /, **values: object) -> None:
        """What helps who looks for a fault."""
        self._tell(logging.DEBUG, event, values)

    def info(self, event: str, /, **values: object) -> None:
        """Something that is as it should be."""
        self._tell(logging.INFO, event, values)

    def warning(self, event: str, /, **values: object) -> None:
        """Something that is not, and is dealt with."""
        self._tell(logging.WARNING, event, values)

    def error(self, event: str, /, **values: object) -> None:
        """Something that somebody must look at."""
        self._tell(logging.ERROR, event, values)

    def exception(self, event: str, /, **values: object) -> None:
        """:meth:`error`, with the error that is being handled."""
        self._tell(logging.ERROR, event, {**values, "exc_info": True})

    def _tell(self, level: int, event: str, values: dict[str, object]) -> None:
        exc_info = bool(values.pop("exc_info", False))
        self._logger.log(level, event, exc_info=exc_info, extra={"values": values}, stacklevel=3)
