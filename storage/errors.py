"""What can go wrong in the store, each with a message that says what to do next."""

from __future__ import annotations


class StoreError(Exception):
    """Anything the store itself refuses or can't do."""


class StoreUnavailable(StoreError):
    """The database could not be reached or the connection was lost. Nothing is known to be kept.

    Where it happened during the commit the unit may be in the store all the same: try again, the inbox spots repeats.
    """


class StoreClosed(StoreError):
    """The store is closing and takes no more work."""


class StoreAhead(StoreError):
    """The database was migrated by a newer hallkeeper than this one."""


class StoreBehind(StoreError):
    """The database lacks migrations that this hallkeeper needs."""


class UnknownStore(StoreError):
    """The address names no store that hallkeeper knows."""


class WrongMasterKey(StoreError):
    """The master key is not the one that this store was sealed with."""


class BadMasterKey(StoreError):
    """The master key is missing, or is not 32 bytes."""


class CannotOpenSeal(StoreError):
    """A sealed value is damaged, was sealed with another key, or belongs to another place."""


class StoreTaken(StoreError):
    """Another process works on a store that takes one alone."""
