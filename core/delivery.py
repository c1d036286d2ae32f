"""Sends what is owed: leases deliveries in batches, commits ``sending`` before each send, keeps cards up to date."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from sqlalchemy import and_, or_, select, update
from sqlmodel import col

from core.activity import activity_by_id
from core.bot import Address, Bot, SendFailed, SendRefused, SendUnknown, Sent
from core.message import Message
from core.texts import Words
from storage.errors import StoreError
from storage.leases import claim_due, claim_edits
from storage.people import external_id_of
from storage.tables import Account, Channel, Community, Delivery, Space
from storage.tx import Tx

if TYPE_CHECKING:
    from core.hall import Hall

logger = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
"""How often a lane asks the store for work that nobody woke it for."""
BATCH = 100
"""Deliveries leased at once by a lane."""
LEASE = timedelta(seconds=60)
"""How long another process leaves alone what this one leased."""
MOST_ATTEMPTS = 10
"""Tries before a delivery is given up and shown to the manager: with the backoff below about nine minutes."""
FIRST_BACKOFF = 1.0
"""Seconds before the second try; doubled each time, up to five minutes, with jitter."""
LANDING_SECONDS = 1.0
"""How long an early reply waits for the id of what it may answer."""
AT_ONCE = 8
"""Sends of one lane under way at the same time."""


def key_of(delivery_id: UUID) -> str:
    """The idempotency key of a delivery: the same at every try, 22 characters (25 is the least a platform takes)."""
    return base64.urlsafe_b64encode(delivery_id.bytes).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class _Job:
    """A leased delivery with what sending it needs."""

    community_id: UUID
    id: UUID
    activity_id: UUID | None
    external_id: str | None
    wanted_revision: int
    shown_revision: int
    attempts: int
    sent_at: datetime | None
    """Where nobody knows whether it was sent: since when a sender that died may have."""
    message: dict[str, Any]
    card_plugin: str | None
    space: str
    channel: str
    channel_key: str
    account: Account | None
    language: str

    @property
    def next_revision(self) -> int:
        """What is shown after one more edit: never two further, even where two were wanted.

        While a card is two behind, a touch writes nothing (``touch_card``). One that comes after this job has read
        the state is only in the second edit.
        """
        return min(self.wanted_revision, self.shown_revision + 1)


class Pace:
    """Spreads sends so that they stay under a rate: so many a second, a short burst allowed."""

    def __init__(self, rate: float, burst: int) -> None:
        self._gap = 1.0 / rate
        self._allowance = burst * self._gap
        self._next: dict[str, float] = {}

    async def wait(self, key: str) -> None:
        """Return when one more send by that key is allowed."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        at = max(self._next.get(key, 0.0), now - self._allowance)
        self._next[key] = at + self._gap
        if len(self._next) > 10_000:
            self._next = {name: due for name, due in self._next.items() if due > now - self._allowance}
        if at > now:
            await asyncio.sleep(at - now)


class Deliverer:
    """One a process, with a lane for each bot; any number of processes share the work by leases in the store."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._lanes: dict[str, Lane] = {}

    async def start(self) -> None:
        """Begin to deliver."""
        self._lanes = {name: Lane(self._hall, bot) for name, bot in self._hall.bots.items()}
        for lane in self._lanes.values():
            lane.start()

    async def stop(self) -> None:
        """Let sends under way end, then stop."""
        await asyncio.gather(*(lane.stop() for lane in self._lanes.values()))
        self._lanes = {}

    async def landed(self, platform: str, space: str) -> bool:
        """Wait for this process's sends to a space that are under way; whether there were any."""
        lane = self._lanes.get(platform)
        return lane is not None and await lane.landed(space)

    def wake(self) -> None:
        """Look now."""
        for lane in self._lanes.values():
            lane.woken.set()


class Lane:
    """What one bot owes, sent at the pace that its platform allows."""

    def __init__(self, hall: Hall, bot: Bot) -> None:
        self._hall = hall
        self._bot = bot
        self.woken = asyncio.Event()
        self._all = Pace(bot.capabilities.send_rate, burst=5)
        self._each = Pace(bot.capabilities.channel_rate, burst=1)
        self._task: asyncio.Task[None] | None = None
        self._sending = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[UUID, tuple[str, asyncio.Future[None]]] = {}
        self._stopping = False

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name=f"lane {self._bot.platform}")

    async def stop(self) -> None:
        """End after the sends that are under way."""
        self._stopping = True
        self.woken.set()
        if self._task is not None:
            with contextlib.suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(self._task, 0.8)
            self._task = None

    async def _run(self) -> None:
        while not self._stopping:
            self.woken.clear()
            try:
                found = await self.deliver() if self._bot.health.connected else 0
            except StoreError:
                logger.warning("a lane could not reach the store", lane=self._bot.platform, exc_info=True)
                found = 0
            except Exception:  # whatever it is, the lane must go on
                logger.exception("a lane stumbled", lane=self._bot.platform)
                found = 0
            if found < BATCH and not self._stopping:
                # Not wait_for: on Python 3.11 it loses a cancellation that comes together with a wake.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self.woken.wait()

    async def deliver(self) -> int:
        """Send or edit one batch of what is due; returns how much was."""
        now = self._hall.clock.now()
        leased = await self._hall.store.write(lambda tx: self._lease(tx, now))
        if not leased:
            return 0
        jobs = await self._jobs(leased)
        await asyncio.gather(*(self._one(job) for job in jobs))
        return len(leased)

    def _lease(self, tx: Tx, now: datetime) -> list[UUID]:
        lane = col(Delivery.lane) == self._bot.platform
        free = or_(col(Delivery.leased_until).is_(None), col(Delivery.leased_until) <= now)
        # Whoever was sending when its lease ran out died. While the platform knows the key, counted from the first
        # send of which nobody knows, it is safe to send once more; after that a person is asked.
        lost = and_(col(Delivery.state) == "sending", col(Delivery.leased_until) <= now)
        doubtful = and_(col(Delivery.state) == "pending", col(Delivery.sent_at).is_not(None), free)
        since = now - timedelta(seconds=self._bot.capabilities.resend_seconds)
        tx.execute(
            update(Delivery)
            .where(lane, or_(lost, doubtful), col(Delivery.sent_at) <= since)
            .values(state="unknown", leased_by=None, leased_until=None, error="the sender died while sending")
        )
        tx.execute(update(Delivery).where(lane, lost).values(state="pending", leased_by=None, leased_until=None))
        worker, seconds = self._hall.worker, LEASE.total_seconds()
        rows = claim_due(tx, Delivery, now, worker, seconds, BATCH, lane)
        if len(rows) < BATCH:
            rows += claim_edits(tx, now, worker, seconds, BATCH - len(rows), lane)
        return [row.id for row in rows]

    async def _jobs(self, ids: Sequence[UUID]) -> list[_Job]:
        query = (
            select(
                Delivery,
                col(Space.external_id),
                col(Channel.external_id),
                Account,
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
                    col(Channel.community_id) == col(Delivery.community_id),
                    col(Channel.id) == col(Delivery.channel_id),
                ),
            )
            .outerjoin(Account, col(Account.id) == col(Delivery.account_id))
            .where(col(Delivery.id).in_(ids))
            .order_by(col(Delivery.due_at))
        )
        async with self._hall.store.session() as session:
            rows = (await session.execute(query)).all()
        return [
            _Job(
                community_id=row.community_id,
                id=row.id,
                activity_id=row.activity_id,
                external_id=row.external_id,
                wanted_revision=row.wanted_revision,
                shown_revision=row.shown_revision,
                attempts=row.attempts,
                sent_at=row.sent_at,
                message=row.message,
                card_plugin=row.card_plugin,
                space=space,
                channel=channel or "",
                channel_key=f"{space}/{channel or row.account_id}",
                account=account,
                language=language,
            )
            for row, space, channel, account, language in rows
        ]

    async def _one(self, job: _Job) -> None:
        await self._each.wait(job.channel_key)  # outside of the places: a busy channel must not take them from others
        async with self._sending:
            await self._all.wait("")
            try:
                message = await self._message(job)
                if message is None:
                    await self._settle(job, state="cancelled")
                elif job.external_id is None:
                    await self._send(job, message)
                else:
                    await self._edit(job, message)
            except StoreError:
                logger.warning("a delivery waits for the store", delivery=str(job.id), exc_info=True)
            except Exception as error:
                logger.exception("a delivery can't be made", delivery=str(job.id))
                await self._settle(job, state="failed", error=type(error).__name__)

    async def _message(self, job: _Job) -> Message | None:
        if job.card_plugin is None or job.activity_id is None:
            message: Message | None = Message.from_data(job.message)
        else:
            plugin = self._hall.routes.by_code[job.card_plugin]
            activity = await activity_by_id(self._hall.store, job.community_id, job.activity_id)
            if activity is None:
                return None
            async with self._hall.store.session() as session:
                message = await plugin.card(session, activity)
        if message is None:
            return None

        def say(words: Words) -> str:
            return self._hall.say(words, job.language)

        return message.spoken(say)

    async def landed(self, space: str) -> bool:
        """Wait for the sends to a space that are under way; whether there were any.

        People, and other bots sooner, see a post a moment before we know its id, and may answer it in that moment.
        """
        waiting = [done for where, done in self._under_way.values() if where == space]
        if waiting:
            await asyncio.wait(waiting, timeout=LANDING_SECONDS)
        return bool(waiting)

    async def _send(self, job: _Job, message: Message) -> None:
        if not await self._mine(job):
            return
        done = asyncio.get_running_loop().create_future()
        self._under_way[job.id] = (job.space, done)
        try:
            await self._try(job, message)
        finally:
            del self._under_way[job.id]
            done.set_result(None)

    async def _try(self, job: _Job, message: Message) -> None:
        address = Address(space=job.space, channel=job.channel, member=self._member(job))
        try:
            sent = await self._bot.send(address, message, key=key_of(job.id))
        except SendRefused as error:
            await self._settle(job, state="failed", error=str(error))
        except SendUnknown as error:
            await self._settle(job, state="unknown", error=str(error))
        except SendFailed as error:
            await self._again(job, error)
        else:
            await self._settle(
                job,
                state="sent",
                external_id=sent.message,
                shown_revision=job.next_revision,
                sent_at=self._hall.clock.now(),
                error=None,
            )

    async def _mine(self, job: _Job) -> bool:
        """Commit that this delivery is being sent; False when the lease was lost meanwhile."""
        worker, now = self._hall.worker, self._hall.clock.now()

        def unit(tx: Tx) -> bool:
            return (
                tx.execute(
                    update(Delivery)
                    .where(
                        and_(col(Delivery.community_id) == job.community_id, col(Delivery.id) == job.id),
                        col(Delivery.state) == "pending",
                        col(Delivery.leased_by) == worker,
                        col(Delivery.leased_until) > now,
                    )
                    .values(state="sending", attempts=Delivery.attempts + 1, sent_at=job.sent_at or now)
                    .returning(col(Delivery.id))
                ).first()
                is not None
            )

        return await self._hall.store.write(unit, lane_key=job.community_id)

    async def _edit(self, job: _Job, message: Message) -> None:
        if not self._bot.capabilities.edit or job.external_id is None:
            await self._settle(job, shown_revision=job.wanted_revision)
            return
        try:
            await self._bot.edit(Sent(job.channel, job.external_id), message)
        except SendRefused as error:
            await self._settle(job, shown_revision=job.wanted_revision, error=str(error))
        except (SendFailed, SendUnknown) as error:  # an edit may be repeated: it says the same
            await self._again(job, error, state="sent")
        else:
            pause = timedelta(seconds=self._bot.capabilities.edit_every)
            await self._settle(
                job, shown_revision=job.next_revision, due_at=self._hall.clock.now() + pause, error=None
            )

    async def _again(self, job: _Job, error: Exception, state: str = "pending") -> None:
        if job.attempts + 1 >= MOST_ATTEMPTS and state == "pending":
            await self._settle(job, state="failed", error=str(error))
            return
        wait = min(FIRST_BACKOFF * 2**job.attempts, 300.0) * random.uniform(0.75, 1.25)
        if isinstance(error, SendFailed) and error.retry_after is not None:
            wait = max(error.retry_after, 0.05)
        due_at = self._hall.clock.now() + timedelta(seconds=wait)
        await self._settle(job, state=state, due_at=due_at, error=str(error), sent_at=job.sent_at)

    async def _settle(self, job: _Job, **values: Any) -> None:
        """Write what became of a delivery and let go of its lease."""
        statement = (
            update(Delivery)
            .where(
                and_(col(Delivery.community_id) == job.community_id, col(Delivery.id) == job.id),
                col(Delivery.leased_by) == self._hall.worker,
            )
            .values(leased_by=None, leased_until=None, **values)
        )
        await self._hall.store.write(lambda tx: tx.execute(statement) and None, lane_key=job.community_id)
        if "due_at" not in values:
            return
        delay = (values["due_at"] - self._hall.clock.now()).total_seconds()
        asyncio.get_running_loop().call_later(max(delay, 0.0) + 0.01, self.woken.set)

    def _member(self, job: _Job) -> str:
        return external_id_of(self._hall.store.vault, job.account) if job.account else ""
