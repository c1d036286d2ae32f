"""Looking at the store from the command line, and bringing it up to date by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from app.settings import Settings
from core.registry import migrations_of
from storage import migrate
from storage.connect import passing
from storage.errors import StoreUnavailable, UnknownStore
from storage.url import parse_url, shown


@contextmanager
def reaching(url: URL) -> Iterator[None]:
    """Errors of the way to the store as StoreUnavailable or UnknownStore, with words that say what to do."""
    try:
        yield
    except DBAPIError as error:
        if passing(error):
            why = f"The store at {shown(url)} can't be reached. Check that it runs, its address, user and password."
            raise StoreUnavailable(why) from None
        if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            raise UnknownStore(f"{url.database} is no SQLite database. Set store.url to another file.") from None
        raise


def migrate_store(settings: Settings, check: bool, say: Callable[[str], None]) -> int:
    """Run the migrations that are missing, or with ``check`` only tell. Returns the exit code.

    Raises StoreAhead, StoreUnavailable or UnknownStore.
    """
    url = parse_url(settings.store.url.get_secret_value())
    sets = migrations_of(settings.plugins)
    with reaching(url):
        states = migrate.check_all(url, sets)
        migrate.refuse_ahead(url, states)
        behind = [state for state in states if state.behind]
        for state in behind:
            say(f"{state.name}: at {state.current or 'nothing'}, needs {state.head}")
        if behind and check:
            say("Back the store up, then run `hallkeeper migrate`.")
            return 1
        migrate.upgrade(url, sets)
    say("The store is up to date.")
    return 0
