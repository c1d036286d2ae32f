"""SQLite takes one process that works: it holds a lock beside the file, so a second one is refused at its start."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.errors import StoreTaken, StoreUnavailable
from storage.url import parse_url


@contextmanager
def alone(url: str) -> Iterator[bool]:
    """Whether this process is the only one that can work on the store, for as long as the context lasts.

    The lock goes with the process, however it ends. Readers, such as the doctor, need none.

    :raises StoreTaken: another process works on this file.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        yield False
        return
    path = Path(f"{parsed.database}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except OSError as error:
        raise StoreUnavailable(f"Nothing can be written beside {parsed.database}: {error.strerror}.") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreTaken(
                f"Another hallkeeper works on {parsed.database}. Stop it first; several at once need PostgreSQL."
            ) from None
        yield True
