"""Files that managers fetch from their page and hand in there: what no chat carries on every platform."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol, TypeVar
from uuid import UUID

from core.context import Viewer
from storage.tx import Tx

T = TypeVar("T")

MAX_FILE_BYTES = 1_000_000
"""Of a file that is handed in: some 20,000 lines, and still taken in memory at once."""


class File(NamedTuple):
    """A file as people know it. ``name`` has no path in it, ``media_type`` is as in ``text/csv``."""

    name: str
    media_type: str
    data: bytes

    @property
    def text(self) -> str:
        """It as text, whatever an editor put before or into it.

        :raises UnicodeDecodeError: it is no text in UTF-8.
        """
        return self.data.decode("utf-8-sig")


class Write(Protocol):
    """Commits a unit of work, as :meth:`core.context.Context.write`."""

    def __call__(self, unit: Callable[[Tx], T], /) -> Awaitable[T]: ...


class Desk(NamedTuple):
    """A manager at their page who hands something in."""

    viewer: Viewer
    write: Write
    account: Callable[[Tx], UUID | None]
    """The manager's account; None where the page was opened from the machine itself."""
