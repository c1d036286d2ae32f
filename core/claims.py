"""What a lane may send now: deliveries are claimed in the store, within the pace that all processes keep together.

Each function is a part of one unit of work. Whoever claims a delivery may work on it while its process lives. What is
sent twice is worse than what is sent late: so a delivery that was ``sending`` when its process died is first looked
at by :func:`take_over`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, bindparam, literal_column, or_, select, update
from sqlmodel import col

from core.capabilities import Capabilities
from core.incidents import TOO_LATE, Kind
from core.pace import Paces
from core.telling import stuck
from storage import workers
from storage.bulk import update_all
from storage.people import external_id_of
from storage.prepared import Prepared
from storage.tables import Account, Channel, Community, Delivery, Space, table_of
from storage.tx import Tx
from storage.vault import Vault

AHEAD = 1.0
"""Seconds for which sends are reserved ahead: enough that none waits for the next look, and little to lose."""
BUSY = timedelta(milliseconds=50)
"""When to look again while another process claims in the same lane."""
WINDOW = timedelta(hours=6)
"""How late a post may still go out that says nothing else."""
CHECK_AFTER = 10.0
"""Seconds before a platform is asked whether a message arrived: one that was under way has landed by then. A process
that starts again at once after a crash waits for that, too."""
DIED = "the sender died while sending"

# Terms of the index on what is undone: they must stand as they stand there, or SQLite won't use it.
_UNDONE: ColumnElement[bool] = literal_column("delivery.state IN ('pending', 'sending', 'checking')")
_LEASED_BY = table_of(Delivery).c.leased_by
_BEHIND = col(Delivery.wanted_revision) > col(Delivery.shown_revision)
_READY = or_(col(Delivery.state) == literal_column("'pending'"), col(Delivery.state) == literal_column("'checking'"))


class Job(NamedTuple):
    """A claimed delivery with all that is needed to send, check or edit it."""

    community_id: UUID
    id: UUID
    activity_id: UUID | None
    state: str
    external_id: str | None
    wanted_revision: int
    shown_revision: int
    attempts: int
    checks: int
    sent_at: datetime | None
    """Where nobody knows whether it was sent: since when a sender that died may have."""
    created_at: datetime
    expires_at: datetime
    message: dict[str, Any]
    card_plugin: str | None
    space: str
    channel: str
    member: str
    language: str
    at: float
    """When it may go out, in seconds since 1970."""

    @property
    def next_revision(self) -> int:
        """What is shown after one more edit: never two further, even where two were wanted.

        While a card is two behind, a touch writes nothing (``touch_card``). One that comes after this job has read
        the state is only in the second edit.
        """
        return min(self.wanted_revision, self.shown_revision + 1)


class Claimed(NamedTuple):
    """What was claimed, and when it is worth looking again where the pace held something back."""

    jobs: Sequence[Job] = ()
    again_at: datetime | None = None


def _is_free() -> Any:
    return workers.free(_LEASED_BY, bindparam("now"))  # type: ignore[arg-type]  # a moment, later


DUE = Prepared(
    select(
        select(literal_column("1"))
        .select_from(Delivery)
        .where(
            col(Delivery.lane) == bindparam("lane"),
            col(Delivery.due_at) <= bindparam("now"),
            or_(and_(_UNDONE, _READY), and_(col(Delivery.state) == literal_column("'sent'"), _BEHIND)),
            _is_free(),
        )
        .exists(),
        select(literal_column("1"))
        .select_from(Delivery)
        .where(
            col(Delivery.lane) == bindparam("lane"),
            _UNDONE,
            col(Delivery.state) == literal_column("'sending'"),
            _is_free(),
        )
        .exists(),
    )
)
"""Whether a lane has something to send or edit, and whether somebody died while sending: read before claiming."""


def claim(
    tx: Tx, lane: str, worker: str, now: datetime, capabilities: Capabilities, vault: Vault, room: int
) -> Claimed:
    """Claim what is due in a lane, the longest due first, posts before edits, as far as the pace allows.

    :param room: how many at most.
    """
    workers.beat(tx, worker, now)
    paces = Paces.of_lane(tx, lane, capabilities.send_limits, capabilities.channel_limits)
    if paces is None:
        return Claimed(again_at=now + BUSY)
    moment = now.timestamp()
    if paces.whole.next(moment) > moment + AHEAD:
        return Claimed(again_at=_moment(paces.whole.next(moment) - AHEAD))
    rows = _sift(tx, _candidates(tx, lane, now, room, _UNDONE, _READY), now, capabilities)
    if len(rows) < room:
        rows += _candidates(tx, lane, now, room - len(rows), col(Delivery.state) == "sent", _BEHIND)
    paces.load(_place(row) for row in rows)
    jobs: list[Job] = []
    held: list[dict[str, Any]] = []
    again: float | None = None
    for row in rows:
        whole, place = paces.whole, paces.of(_place(row))
        free = place.next(moment)
        at = max(whole.next(moment), free)
        if free > moment + AHEAD:
            # Its channel is busy: out of the others' way until there is room.
            held.append({"community_id": row.community_id, "id": row.id, "due_at": _moment(free - AHEAD)})
            again = min(again or free, free)
            continue
        if at > moment + AHEAD:
            again = min(again or at, at)
            break
        whole.take(at)
        place.take(at)
        jobs.append(_job(row, at, vault))
    update_all(tx, Delivery, ("community_id", "id"), held)
    mine = [{"community_id": job.community_id, "id": job.id} for job in jobs]
    update_all(tx, Delivery, ("community_id", "id"), mine, leased_by=worker)
    paces.save(now)
    return Claimed(jobs, None if again is None else _moment(again - AHEAD))


def take_over(tx: Tx, lane: str, now: datetime, capabilities: Capabilities) -> int:
    """Find what processes that died were sending, and say how it goes on. How many there were.

    While the platform knows the key, counted from the first send of which nobody knows, it is safe to send once more.
    After that the platform is asked whether it arrived, where it can tell; else a person is.
    """
    rows = tx.execute(
        select(col(Delivery.community_id), col(Delivery.id), col(Delivery.sent_at), col(Delivery.channel_id))
        .where(
            col(Delivery.lane) == lane,
            _UNDONE,
            col(Delivery.state) == "sending",
            workers.free(_LEASED_BY, now),
        )
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        if _key_is_known(row.sent_at, now, capabilities):
            _set(tx, row, state="pending", leased_by=None, error=DIED, due_at=now)
        else:
            _doubt(tx, row, now, capabilities, DIED)
    return len(rows)


def let_go(tx: Tx, lane: str, worker: str, in_hand: Collection[UUID]) -> None:
    """Free what a claim of this worker's may have taken whose commit nobody saw."""
    tx.execute(
        update(Delivery)
        .where(
            col(Delivery.lane) == lane,
            or_(_UNDONE, _BEHIND),
            col(Delivery.leased_by) == worker,
            col(Delivery.id).not_in(in_hand),
        )
        .values(leased_by=None)
    )


def _candidates(tx: Tx, lane: str, now: datetime, room: int, *which: Any) -> list[Row[Any]]:
    query = (
        select(
            col(Delivery.community_id),
            col(Delivery.id),
            col(Delivery.activity_id),
            col(Delivery.space_id),
            col(Delivery.channel_id),
            col(Delivery.account_id),
            col(Delivery.state),
            col(Delivery.external_id),
            col(Delivery.wanted_revision),
            col(Delivery.shown_revision),
            col(Delivery.attempts),
            col(Delivery.checks),
            col(Delivery.sent_at),
            col(Delivery.created_at),
            col(Delivery.expires_at),
            col(Delivery.message),
            col(Delivery.card_plugin),
            col(Delivery.error),
            col(Space.external_id).label("space"),
            col(Channel.external_id).label("channel"),
            col(Account.platform),
            col(Account.scope),
            col(Account.sealed),
            col(Community.language),
        )
        .join(Community, col(Community.id) == col(Delivery.community_id))
        .join(
            Space,
            and_(col(Space.community_id) == col(Delivery.community_id), col(Space.id) == col(Delivery.space_id)),
        )
        .outerjoin(
            Channel,
            and_(
                col(Channel.community_id) == col(Delivery.community_id), col(Channel.id) == col(Delivery.channel_id)
            ),
        )
        .outerjoin(Account, col(Account.id) == col(Delivery.account_id))
        .where(
            col(Delivery.lane) == lane,
            col(Delivery.due_at) <= now,
            or_(col(Delivery.account_id).is_(None), col(Account.id).is_not(None)),  # else it was erased meanwhile
            *which,
            workers.free(_LEASED_BY, now),
        )
        .order_by(col(Delivery.due_at))
        .limit(room)
        .with_for_update(of=Delivery, skip_locked=True)
    )
    return list(tx.execute(query))


def _sift(tx: Tx, rows: list[Row[Any]], now: datetime, capabilities: Capabilities) -> list[Row[Any]]:
    """Of what is due that which may be worked on; the rest is settled: too late, or of unknown fate by now."""
    kept = []
    for row in rows:
        late = _expires_at(row) <= now
        if row.state == "pending" and row.sent_at is None and late:
            _set(tx, row, state="failed", leased_by=None, error=TOO_LATE)
            _stuck(tx, Kind.FAILED, row, TOO_LATE)
        elif (
            row.state == "pending"
            and row.sent_at is not None
            and (late or not _key_is_known(row.sent_at, now, capabilities))
        ):
            _doubt(tx, row, now, capabilities, row.error or DIED)
        else:
            kept.append(row)
    return kept


def _key_is_known(sent_at: datetime | None, now: datetime, capabilities: Capabilities) -> bool:
    """Whether the platform still knows the key of a message that may have been sent then."""
    return sent_at is not None and now - sent_at < timedelta(seconds=capabilities.resend_seconds)


def _doubt(tx: Tx, row: Row[Any], now: datetime, capabilities: Capabilities, reason: str) -> None:
    """Nobody here knows whether it was sent: ask the platform, or else a person."""
    if capabilities.finds:
        _set(tx, row, state="checking", leased_by=None, error=reason, due_at=now + timedelta(seconds=CHECK_AFTER))
    else:
        _set(tx, row, state="unknown", leased_by=None, error=reason)
        _stuck(tx, Kind.UNKNOWN, row, reason)


def _stuck(tx: Tx, kind: Kind, row: Row[Any], reason: str) -> None:
    stuck(tx, kind, row.community_id, row.id, reason=reason, private=row.channel_id is None)


def _set(tx: Tx, row: Row[Any], **values: Any) -> None:
    here = and_(col(Delivery.community_id) == row.community_id, col(Delivery.id) == row.id)
    tx.execute(update(Delivery).where(here).values(**values))


def _expires_at(row: Row[Any]) -> datetime:
    found: datetime = row.expires_at or row.created_at + WINDOW
    return found


def _place(row: Row[Any]) -> str:
    """The channel or private chat whose pace counts. In private by our own id: the platform's is sealed."""
    return str(row.account_id) if row.account_id is not None else f"{row.space}/{row.channel}"


def _job(row: Row[Any], at: float, vault: Vault) -> Job:
    member = ""
    if row.account_id is not None:
        member = external_id_of(vault, row.platform, row.scope, row.sealed)
    return Job(
        community_id=row.community_id,
        id=row.id,
        activity_id=row.activity_id,
        state=row.state,
        external_id=row.external_id,
        wanted_revision=row.wanted_revision,
        shown_revision=row.shown_revision,
        attempts=row.attempts,
        checks=row.checks,
        sent_at=row.sent_at,
        created_at=row.created_at,
        expires_at=_expires_at(row),
        message=row.message,
        card_plugin=row.card_plugin,
        space=row.space,
        channel=row.channel or "",
        member=member,
        language=row.language,
        at=at,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
