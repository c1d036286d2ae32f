"""Ids and moments, the same on both stores.

UUIDs are native on PostgreSQL. On SQLite they are blobs of 16 bytes, half of what text takes in the log that grows
longest; in the sqlite3 shell ``lower(hex(id))`` reads them, and the view ``participation_legible`` reads the log so.
Moments are ``timestamptz`` on PostgreSQL and text in UTC on SQLite (``2026-11-21 09:00:00.000000``), which sorts.
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, SafeUUID

from sqlalchemy import JSON, DateTime, Dialect, LargeBinary
from sqlalchemy import Uuid as NativeUuid
from sqlalchemy.types import TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_PACK = struct.Struct(">QQ").pack
# A clock that goes back further than this was set, not corrected: its time is believed again.
_PATIENCE_TICKS = 10_000 << 12


def _ticks(moment: datetime) -> int:
    """The moment as 1/4096 of a millisecond since 1970: the first 60 bits of an id (RFC 9562, 6.2, method 3)."""
    if moment.tzinfo is None:
        raise ValueError("A moment needs its time zone: hand in an aware datetime, best in UTC.")
    return (((moment - _EPOCH) // _MICROSECOND) << 12) // 1000


def _number(ticks: int, random: int) -> int:
    return (ticks >> 12) << 80 | _VERSION_7 | (ticks & 0xFFF) << 64 | _VARIANT | random


class Uuid7Source:
    """Makes UUIDv7 that rise, whatever the clock does within ten seconds. Safe to share among threads."""

    def __init__(self) -> None:
        self._last = 0
        self._reckoned: tuple[datetime | None, int] = (None, 0)
        self._lock = threading.Lock()

    def next(self, now: datetime) -> UUID:
        """A new id of the moment ``now``, greater than those made before.

        :raises ValueError: ``now`` has no time zone.
        """
        return UUID(int=_number(self._reserve(now, 1), int.from_bytes(os.urandom(8), "big") >> 2))

    def next_bytes(self, now: datetime, count: int) -> list[bytes]:
        """So many ids at once, in their 16 bytes: a fraction of the work where thousands are made."""
        first = self._reserve(now, count)
        randoms = struct.unpack(f">{count}Q", os.urandom(8 * count))
        return [
            _PACK((ticks >> 12) << 16 | 0x7000 | ticks & 0xFFF, random >> 2 | 1 << 63)
            for ticks, random in zip(range(first, first + count), randoms, strict=True)
        ]

    def _reserve(self, now: datetime, count: int) -> int:
        """The first of so many ticks that are the caller's alone."""
        # A whole transaction has one moment, so it is reckoned once. Threads may race: the pair is swapped as one.
        moment, ticks = self._reckoned
        if moment is not now:
            ticks = _ticks(now)
            self._reckoned = (now, ticks)
        with self._lock:
            if ticks <= self._last and self._last - ticks < _PATIENCE_TICKS:
                ticks = self._last + 1
            self._last = ticks + count - 1
        return ticks


_source = Uuid7Source()


def uuid7(now: datetime) -> UUID:
    """A new UUIDv7 of the moment ``now``, greater than those this process made before it."""
    return _source.next(now)


def uuid7_time(id: UUID) -> datetime:  # noqa: A002  it is the id
    """When a UUIDv7 was made, to the millisecond.

    :raises ValueError: it is another kind of UUID, so that no time is in it.
    """
    if id.version != 7:
        raise ValueError(f"{id} is no UUIDv7, so no time can be read from it.")
    return _EPOCH + timedelta(milliseconds=id.int >> 80)


def uuid7_floor(moment: datetime) -> UUID:
    """The least UUIDv7 of ``moment``'s millisecond: where a range of ids by time begins."""
    return UUID(int=_number(_ticks(moment) & ~0xFFF, 0))


class Id(TypeDecorator[UUID]):
    """A UUID: native on PostgreSQL, a blob of 16 bytes on SQLite."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type on this store."""
        return dialect.type_descriptor(NativeUuid() if dialect.name == "postgresql" else LargeBinary(16))

    # The processors themselves, not what TypeDecorator makes of a method: that costs three calls a value.

    def bind_processor(self, dialect: Dialect) -> Callable[[UUID | None], Any] | None:
        """To the store."""
        return None if dialect.name == "postgresql" else _bytes_of

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], UUID | None] | None:
        """From the store."""
        return None if dialect.name == "postgresql" else _id_or_none


class Utc(TypeDecorator[datetime]):
    """An aware moment in UTC, to the microsecond. A naive one is refused: it could mean anything."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type on this store."""
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """To the store. What it makes raises ValueError for a moment without a time zone."""
        return _aware if dialect.name == "postgresql" else _text_of

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        """From the store: aware, in UTC."""
        return _in_utc if dialect.name == "postgresql" else _moment_of


def _bytes_of(value: UUID | None) -> bytes | None:
    return None if value is None else value.int.to_bytes(16)


def id_of(value: bytes) -> UUID:
    """The id of 16 bytes, made as pickle does it: UUID's own way checks what needs no check, and is slower."""
    made = _new(UUID)
    _set(made, "int", int.from_bytes(value))
    _set(made, "is_safe", _UNKNOWN)
    return made


def _id_or_none(value: bytes | None) -> UUID | None:
    return None if value is None else id_of(value)


_new, _set, _UNKNOWN = object.__new__, object.__setattr__, SafeUUID.unknown


def _aware(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise ValueError("The store keeps aware moments alone: give this datetime its time zone, best UTC.")
    return value


def _text_of(value: datetime | None) -> str | None:
    return None if _aware(value) is None or value is None else utc_text(value)


def _in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


def _moment_of(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


def utc_text(moment: datetime) -> str:
    """How :class:`Utc` looks in SQLite, for statements that go past SQLAlchemy."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(" ", "microseconds")[:26]


class JsonData(TypeDecorator[Any]):
    """JSON as data: JSONB on PostgreSQL, text on SQLite. None is NULL, not the JSON word."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type on this store."""
        if dialect.name != "postgresql":
            return dialect.type_descriptor(JSON(none_as_null=True))
        from sqlalchemy.dialects.postgresql import JSONB  # with its dialect 20 ms and 2 MB, for that store alone

        return dialect.type_descriptor(JSONB(none_as_null=True))


Json = JsonData()
