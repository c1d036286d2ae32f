"""The participation log, where most rows go: plain SQL, a whole group of units at once, and the rollup beside it."""

from __future__ import annotations

import json
import struct
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from storage.types import utc_text

AT_SOURCES = frozenset({"platform", "received"})

_COLUMNS = "id, community_id, space_id, activity_id, member, plugin, kind, conversation, at, at_source, features"
_ROLLUP = "day, community_id, plugin, kind, conversations, count"
_MERGE = (
    "ON CONFLICT (day, community_id, plugin, kind) DO UPDATE SET "
    "conversations = participation_day.conversations + excluded.conversations, "
    "count = participation_day.count + excluded.count"
)


class Act(NamedTuple):
    """One act of a member, to be logged. See :meth:`storage.tx.Tx.participate`."""

    community_id: UUID
    space_id: UUID
    member: UUID
    plugin: str
    kind: str
    conversation: bool
    at: datetime
    at_source: str
    activity_id: UUID | None = None
    features: Mapping[str, int | None] | None = None


class Log(ABC):
    """What a transaction will append. Rows are checked when they are added, so that a bad one fails its own unit."""

    @abstractmethod
    def add(self, acts: Iterable[Act], ids: Iterable[bytes]) -> None:
        """Take acts in.

        :raises ValueError: a moment is naive, a source is unknown.
        :raises TypeError: a feature is no number.
        """

    @abstractmethod
    def mark(self) -> int:
        """Where the log stands, for :meth:`cut`."""

    @abstractmethod
    def cut(self, mark: int) -> None:
        """Forget what was added since the mark."""

    @abstractmethod
    def flush(self, cursor: Any) -> None:
        """Write all of it, and the rollup in the order of its key, so that two processes never wait in a ring."""


def _check(at: datetime, at_source: str) -> None:
    if at.tzinfo is None:
        raise ValueError("An act needs an aware moment: give `at` its time zone, best UTC.")
    if at_source not in AT_SOURCES:
        raise ValueError(f"`at_source` says who told the time, `platform` or `received`, not {at_source!r}.")


def _features(features: Mapping[str, int | None]) -> str:
    if not all(value is None or isinstance(value, int) for value in features.values()):
        raise TypeError("Features are whole numbers: the log holds nothing that anyone wrote.")
    return json.dumps(dict(features), separators=(",", ":"))


class SqliteLog(Log):
    """With two ``executemany``."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, ...]] = []

    def add(self, acts: Iterable[Act], ids: Iterable[bytes]) -> None:
        append = self._rows.append
        last_at, at_text = None, ""
        for act, act_id in zip(acts, ids, strict=True):
            community, space, member, plugin, kind, conversation, at, at_source, activity, features = act
            if at is not last_at:  # acts of one moment often come together
                at_text = utc_text(at)
                last_at = at
            _check(at, at_source)
            append(
                (
                    act_id,
                    community.bytes,
                    space.bytes,
                    activity and activity.bytes,
                    member.bytes,
                    plugin,
                    kind,
                    conversation,
                    at_text,
                    at_source,
                    None if features is None else _features(features),
                )
            )

    def mark(self) -> int:
        return len(self._rows)

    def cut(self, mark: int) -> None:
        del self._rows[mark:]

    def flush(self, cursor: Any) -> None:
        if not self._rows:
            return
        tallies: dict[tuple[str, bytes, str, str], list[int]] = {}
        for row in self._rows:
            tally = tallies.setdefault((row[8][:10], row[1], row[5], row[6]), [0, 0])
            tally[0] += row[7]
            tally[1] += 1
        cursor.executemany(f"INSERT INTO participation ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)", self._rows)  # noqa: S608  constants
        cursor.executemany(
            f"INSERT INTO participation_day ({_ROLLUP}) VALUES (?,?,?,?,?,?) {_MERGE}",  # noqa: S608  constants
            [(*key, *tally) for key, tally in sorted(tallies.items())],
        )


# PostgreSQL's binary COPY (the manual's page on COPY, "Binary Format"): each field is its length and its bytes.
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = struct.pack(">h", -1)
_IDS = struct.Struct(">hi16si16si16si16si16s").pack
_IDS_NO_ACTIVITY = struct.Struct(">hi16si16si16sii16s").pack
_WHEN = struct.Struct(">ibiq").pack
_LENGTH = struct.Struct(">i").pack
_NULL = _LENGTH(-1)
_JSONB_VERSION = b"\x01"
_PG_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class PostgresLog(Log):
    """With binary COPY and one upsert."""

    def __init__(self) -> None:
        self._rows: list[bytes] = []
        self._acts: list[Act] = []
        self._words: dict[str, bytes] = {}

    def _word(self, word: str) -> bytes:
        # Plugins, kinds and sources are few: the same bytes serve again and again.
        packed = self._words.get(word)
        if packed is None:
            data = word.encode()
            packed = _LENGTH(len(data)) + data
            if len(self._words) < 4096:
                self._words[word] = packed
        return packed

    def add(self, acts: Iterable[Act], ids: Iterable[bytes]) -> None:
        append, word = self._rows.append, self._word
        for act, act_id in zip(acts, ids, strict=True):
            community, space, member, plugin, kind, conversation, at, at_source, activity, features = act
            _check(at, at_source)
            if activity is None:
                keys = _IDS_NO_ACTIVITY(11, 16, act_id, 16, community.bytes, 16, space.bytes, -1, 16, member.bytes)
            else:
                keys = _IDS(
                    *(11, 16, act_id, 16, community.bytes, 16, space.bytes, 16, activity.bytes, 16, member.bytes)
                )
            since: timedelta = at - _PG_EPOCH
            microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
            if features is None:
                packed = _NULL
            else:
                data = _JSONB_VERSION + _features(features).encode()
                packed = _LENGTH(len(data)) + data
            when = _WHEN(1, conversation, 8, microseconds)
            append(b"".join((keys, word(plugin), word(kind), when, word(at_source), packed)))
            self._acts.append(act)

    def mark(self) -> int:
        return len(self._rows)

    def cut(self, mark: int) -> None:
        del self._rows[mark:], self._acts[mark:]

    def flush(self, cursor: Any) -> None:
        if not self._rows:
            return
        with cursor.copy(f"COPY participation ({_COLUMNS}) FROM STDIN WITH (FORMAT BINARY)") as copy:
            copy.write(b"".join((_COPY_HEAD, *self._rows, _COPY_END)))
        # By bytes, which is how PostgreSQL orders UUIDs; Python compares UUIDs themselves ten times slower.
        tallies: dict[tuple[date, bytes, str, str], list[int]] = {}
        for act in self._acts:
            at = act.at
            day = (at if at.tzinfo is UTC else at.astimezone(UTC)).date()
            tally = tallies.setdefault((day, act.community_id.bytes, act.plugin, act.kind), [0, 0])
            tally[0] += act.conversation
            tally[1] += 1
        rows = [(*key, *tally) for key, tally in sorted(tallies.items())]
        days, communities, plugins, kinds, conversations, counts = zip(*rows, strict=True)
        cursor.execute(
            f"INSERT INTO participation_day ({_ROLLUP}) SELECT * FROM "  # noqa: S608  constants
            f"unnest(%s::date[], %s::uuid[], %s::text[], %s::text[], %s::bigint[], %s::bigint[]) {_MERGE}",
            (
                _array(day.isoformat() for day in days),
                _array(community.hex() for community in communities),
                list(plugins),
                list(kinds),
                _array(str(number) for number in conversations),
                _array(str(number) for number in counts),
            ),
        )


def _array(words: Iterable[str]) -> str:
    """An array's text, of words that need no quotes."""
    return f"{{{','.join(words)}}}"


def new_log(dialect: str) -> Log:
    """An empty log for a transaction on ``sqlite`` or ``postgresql``."""
    return SqliteLog() if dialect == "sqlite" else PostgresLog()
