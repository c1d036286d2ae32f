"""Sends what is owed: claims deliveries at the pace of each platform, commits ``sending`` before each send, asks what
became of those of which nobody knows, and keeps cards up to date."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import random
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import and_, bindparam, literal_column, select, update
from sqlmodel import col

from core import claims, incidents
from core.activity import activity_by_id
from core.bot import Address, Bot, SendError, SendFailed, SendRefused, SendUnknown, Sent
from core.claims import Claimed, Job
from core.counting import Counting
from core.logs import Logger
from core.message import Message
from core.telling import stuck
from core.texts import Words
from core.workforce import boot_time
from storage import workers
from storage.errors import StoreClosed, StoreError
from storage.prepared import Prepared
from storage.tables import Delivery
from storage.tx import Tx

if TYPE_CHECKING:
    from core.hall import Hall

logger = Logger(__name__)

LOOK_SECONDS = 1.0
"""How often a lane asks the store for work that nobody woke it for."""
REST_SECONDS = 0.02
"""The least between two looks: a thousand answers a second must not be a thousand looks."""
IN_HAND = 100
"""Deliveries that a lane works on at the same time: two seconds of the quickest platform's pace."""
FIRST_BACKOFF = 1.0
"""Seconds before the second try; doubled each time, up to :data:`LONGEST_BACKOFF`, with jitter."""
LONGEST_BACKOFF = 300.0
MOST_CHECKS = 12
"""After so many questions without an answer (20 minutes, at that backoff) a person is asked."""
CHECK_FOR = timedelta(days=1)
"""For so long it is asked again when the platform says no more than to wait: it will answer. Then a person is."""
LATE = timedelta(minutes=5)
"""A post that is later than this goes into the incident log."""
LANDING_SECONDS = 1.0
"""How long an early reply waits for the id of what it may answer."""


def key_of(delivery_id: UUID) -> str:
    """The idempotency key of a delivery: the same at every try, 22 characters (25 is the least a platform takes)."""
    return base64.urlsafe_b64encode(delivery_id.bytes).rstrip(b"=").decode()


class Deliverer:
    """One a process, with a lane for each bot; any number of processes share the work by claims in the store."""

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

    async def landed(self, community_id: UUID, space_id: UUID) -> bool:
        """Wait for the sends to a space that are under way, in whatever process; whether there were any.

        People, and other bots sooner, see a post a moment before we know its id, and may answer it in that moment.
        """
        there = False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LANDING_SECONDS):
                while await self._hall.store.rows(_UNDER_WAY, community=community_id, space=space_id):
                    there = True
                    await asyncio.sleep(0.02)
        return there

    def wake(self) -> None:
        """Look now."""
        for lane in self._lanes.values():
            lane.woken.set()


_UNDER_WAY = Prepared(
    select(col(Delivery.id)).where(
        col(Delivery.community_id) == bindparam("community"),
        col(Delivery.space_id) == bindparam("space"),
        col(Delivery.external_id).is_(None),
        col(Delivery.state) == literal_column("'sending'"),
    )
)


class Lane:
    """What one bot owes, sent at the pace that its platform allows."""

    def __init__(self, hall: Hall, bot: Bot) -> None:
        self._hall = hall
        self._bot = bot
        self.woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._in_hand: dict[asyncio.Task[None], UUID] = {}
        self._unsure = False
        """A claim's commit was not seen: it may have taken what nobody here works on."""
        self._cards: dict[tuple[UUID | None, int, str], asyncio.Future[Message | None]] = {}
        self._stopping = False
        self._counting = Counting(hall, bot)

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name=f"lane {self._bot.platform}")

    async def stop(self) -> None:
        """End after the sends that are under way."""
        self._stopping = True
        self.woken.set()
        left = [*self._in_hand, *([] if self._task is None else [self._task])]
        if left:
            _, late = await asyncio.wait(left, timeout=0.8)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        # A card is read for several posts, and goes on without any: the store must not close under it.
        reading = [card for card in self._cards.values() if not card.done()]
        for card in reading:
            card.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
        self._task = None
        await self._counting.stop()

    async def _run(self) -> None:
        while not self._stopping:
            self.woken.clear()
            wait = LOOK_SECONDS
            try:
                claimed = await self._look()
                if claimed.again_at is not None:
                    wait = (claimed.again_at - self._hall.clock.now()).total_seconds()
            except StoreError:
                logger.warning("a lane could not reach the store", lane=self._bot.platform, exc_info=True)
            except Exception:  # whatever it is, the lane must go on
                logger.exception("a lane stumbled", lane=self._bot.platform)
            await asyncio.sleep(REST_SECONDS)
            # Not wait_for: on Python 3.11 it loses a cancellation that comes together with a wake.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(max(wait, 0.0), LOOK_SECONDS)):
                    await self.woken.wait()

    async def _look(self) -> Claimed:
        """Claim what is due and set out to send it."""
        room = IN_HAND - len(self._in_hand)
        if room <= 0:
            return Claimed()
        now = self._hall.clock.now()
        ((due, lost),) = await self._hall.store.rows(claims.DUE, lane=self._bot.platform, now=now)
        if not due and not lost and not self._unsure:
            return Claimed()
        claimed = await self._claim(room)
        for job in claimed.jobs:
            task = asyncio.create_task(self._work(job))
            self._in_hand[task] = job.id
            task.add_done_callback(self._done)
        return claimed

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._in_hand[task]
        if len(self._in_hand) == IN_HAND - 1:
            self.woken.set()

    async def deliver(self) -> int:
        """Claim what is due and see all of it to its end; returns how much it was."""
        claimed = await self._claim(IN_HAND)
        await asyncio.gather(*(self._work(job) for job in claimed.jobs))
        return len(claimed.jobs)

    async def _claim(self, room: int) -> Claimed:
        since, now = boot_time(), self._hall.clock.now()
        unsure, self._unsure = self._unsure, True
        in_hand = tuple(self._in_hand.values()) if unsure else None
        claimed = await self._hall.store.write(partial(self._claim_unit, now=now, room=room, in_hand=in_hand))
        self._unsure = False
        self._hall.workforce.believe(since)
        return claimed

    def _claim_unit(self, tx: Tx, *, now: datetime, room: int, in_hand: Collection[UUID] | None) -> Claimed:
        lane, capabilities = self._bot.platform, self._bot.capabilities
        if in_hand is not None:
            claims.let_go(tx, lane, self._hall.worker, in_hand)
        claims.take_over(tx, lane, now, capabilities)
        return claims.claim(tx, lane, self._hall.worker, now, capabilities, self._hall.store.vault, room)

    # -- one delivery ------------------------------------------------------------------------------------------------
    async def _work(self, job: Job) -> None:
        wait = job.at - self._hall.clock.now().timestamp()
        if wait > 0:
            await asyncio.sleep(min(wait, claims.AHEAD))
        try:
            message = await self._message(job)
            if message is None:
                await self._settle(job, state="cancelled")
            elif job.state == "checking":
                await self._check(job, message)
            elif job.external_id is None:
                await self._send(job, message)
            else:
                await self._edit(job, message)
        except StoreError:
            logger.warning("a delivery waits for the store", delivery=str(job.id), exc_info=True)
            await self._settle(job, due_at=self._later(FIRST_BACKOFF))
        except Exception as error:
            logger.exception("a delivery can't be made", delivery=str(job.id))
            await self._fail(job, type(error).__name__)

    async def _message(self, job: Job) -> Message | None:
        if job.card_plugin is None:
            return self._spoken(Message.from_data(job.message), job.language)
        card = await self._shared_card(job)
        ping = job.message.get("ping")  # the channel's own, unlike the rest of the card
        return replace(card, ping=ping) if card is not None and ping else card

    async def _shared_card(self, job: Job) -> Message | None:
        if job.external_id is not None:
            return await self._card(job)
        # The same card for many channels. Not so for edits: each must show what is newest when it is made.
        key = (job.activity_id, job.wanted_revision, job.language)
        card = self._cards.get(key)
        if card is None:
            if len(self._cards) >= IN_HAND:
                self._cards = {known: one for known, one in self._cards.items() if not one.done()}
            card = self._cards[key] = asyncio.ensure_future(self._card(job))
            card.add_done_callback(lambda done: (done.cancelled() or done.exception()) and self._cards.pop(key, None))
        return await asyncio.shield(card)

    async def _card(self, job: Job) -> Message | None:
        plugin = self._hall.routes.by_code[job.card_plugin or ""]
        activity = await activity_by_id(self._hall.store, job.community_id, job.activity_id)
        if activity is None:
            return None
        async with self._hall.store.session() as session:
            message = await plugin.card(session, activity)
        return None if message is None else self._spoken(message, job.language)

    def _spoken(self, message: Message, language: str) -> Message:
        def say(words: Words) -> str:
            return self._hall.say(words, language)

        return message.spoken(say)

    async def _send(self, job: Job, message: Message) -> None:
        try:
            mine = await self._mine(job)
        except StoreError:  # perhaps it was committed: nothing was sent all the same
            await self._settle(job, state="pending", sent_at=job.sent_at, due_at=self._later(FIRST_BACKOFF))
            return
        if not mine:
            return
        if not self._hall.workforce.alive:  # last thing before the send: another may hold it by now
            await self._settle(job, state="pending", sent_at=job.sent_at)
            return
        try:
            sent = await self._bot.send(_address(job), message, key=key_of(job.id))
        except SendRefused as error:
            await self._fail(job, str(error))
        except SendUnknown as error:
            await self._doubt(job, str(error))
        except SendFailed as error:
            await self._again(job, error)
        else:
            await self._stands(job, sent, job.next_revision)

    async def _mine(self, job: Job) -> bool:
        """Commit that this delivery is being sent; False when the lease was lost meanwhile."""
        worker, now = self._hall.worker, self._hall.clock.now()
        here = (
            and_(col(Delivery.community_id) == job.community_id, col(Delivery.id) == job.id),
            col(Delivery.state) == "pending",
            col(Delivery.leased_by) == worker,
        )

        def unit(tx: Tx) -> bool:
            mine = (
                update(Delivery)
                .where(*here, workers.alive(worker, now))
                .values(state="sending", attempts=Delivery.attempts + 1, sent_at=job.sent_at or now)
                .returning(col(Delivery.id))
            )
            if tx.execute(mine).first() is not None:
                return True
            # This process counted as dead for a while, and nobody took it over: held on to, it would wait for ever.
            tx.execute(update(Delivery).where(*here).values(leased_by=None))
            return False

        return await self._hall.store.write(unit, lane_key=job.community_id)

    async def _check(self, job: Job, message: Message) -> None:
        """Ask the platform whether a message arrived of which nobody knows."""
        since = job.sent_at or job.created_at
        try:
            sent = await self._bot.find(_address(job), message, key=key_of(job.id), since=since)
        except SendRefused as error:
            await self._unknown(job, str(error))
        except SendError as error:
            told = isinstance(error, SendFailed) and error.retry_after is not None
            checks = job.checks if told else job.checks + 1
            if checks >= MOST_CHECKS or self._hall.clock.now() - since >= CHECK_FOR:
                await self._unknown(job, str(error))
            else:
                # Many may be told the same: who come back together are sent away together.
                wait = _wait(error, checks) * (random.uniform(1.0, 1.5) if told else 1.0)
                await self._settle(job, checks=checks, due_at=self._later(wait), error=str(error))
        else:
            if sent is not None:  # which state of its card it shows nobody knows: it is edited once more
                note = partial(self._note, job, incidents.Kind.RECOVERED, by="platform")
                await self._stands(job, sent, 0, note)
            else:
                note = partial(self._note, job, incidents.Kind.RECOVERED, by="worker")
                await self._settle(job, note, state="pending", sent_at=None, due_at=self._hall.clock.now())

    async def _edit(self, job: Job, message: Message) -> None:
        if not self._bot.capabilities.edit or not job.external_id:
            await self._settle(job, shown_revision=job.wanted_revision)
            return
        try:
            await self._bot.edit(Sent(job.channel, job.external_id), message)
        except SendRefused as error:
            await self._settle(job, shown_revision=job.wanted_revision, error=str(error))
        except (SendFailed, SendUnknown) as error:  # an edit may be repeated: it says the same
            await self._again(job, error, state="sent")
        else:
            due_at = self._later(self._bot.capabilities.edit_every)
            await self._settle(job, shown_revision=job.next_revision, due_at=due_at, attempts=0, error=None)

    # -- what became of it -------------------------------------------------------------------------------------------
    async def _stands(self, job: Job, sent: Sent, shown: int, note: Callable[[Tx], None] | None = None) -> None:
        now = self._hall.clock.now()
        late = now - job.created_at
        if note is None and late > LATE:
            note = partial(self._note, job, incidents.Kind.LATE, late=round(late.total_seconds()))
        await self._settle(
            job,
            note,
            state="sent",
            external_id=sent.message,
            shown_revision=shown,
            sent_at=now,
            attempts=0,
            error=None,
        )
        if job.card_plugin is not None and job.channel:
            self._counting.ask(job)

    async def _fail(self, job: Job, reason: str) -> None:
        note = partial(self._stuck, job, incidents.Kind.FAILED, reason)
        await self._settle(job, note, state="failed", error=reason)

    async def _unknown(self, job: Job, reason: str) -> None:
        note = partial(self._stuck, job, incidents.Kind.UNKNOWN, reason)
        await self._settle(job, note, state="unknown", error=reason)

    async def _doubt(self, job: Job, reason: str) -> None:
        if self._bot.capabilities.finds:
            await self._settle(job, state="checking", due_at=self._later(claims.CHECK_AFTER), error=reason)
        else:
            await self._unknown(job, reason)

    async def _again(self, job: Job, error: Exception, state: str = "pending") -> None:
        """Try again later: an edit for as long as it takes, a post until its window ends (``claims.claim``)."""
        wait = _wait(error, job.attempts)
        values = {"sent_at": job.sent_at} if state == "pending" else {"attempts": job.attempts + 1}
        await self._settle(job, state=state, due_at=self._later(wait), error=str(error), **values)

    def _later(self, seconds: float) -> datetime:
        return self._hall.clock.now() + timedelta(seconds=seconds)

    @staticmethod
    def _note(job: Job, kind: incidents.Kind, tx: Tx, **detail: Any) -> None:
        incidents.note(tx, kind, job.community_id, delivery_id=job.id, **detail)

    @staticmethod
    def _stuck(job: Job, kind: incidents.Kind, reason: str, tx: Tx) -> None:
        stuck(tx, kind, job.community_id, job.id, reason=reason, private=bool(job.member))

    async def _settle(self, job: Job, note: Callable[[Tx], None] | None = None, **values: Any) -> None:
        """Write what became of a delivery and let go of it, however long the store is away."""
        here = and_(col(Delivery.community_id) == job.community_id, col(Delivery.id) == job.id)
        worker = self._hall.worker

        def unit(tx: Tx) -> None:
            mine = (
                update(Delivery)
                .where(here, col(Delivery.leased_by) == worker)
                .values(leased_by=None, **values)
                .returning(col(Delivery.id))
            )
            if tx.execute(mine).first() is not None and note is not None:
                note(tx)

        await self._insist(lambda: self._hall.store.write(unit, lane_key=job.community_id))
        if "due_at" in values:
            delay = (values["due_at"] - self._hall.clock.now()).total_seconds()
            asyncio.get_running_loop().call_later(max(delay, 0.0) + 0.01, self.woken.set)

    async def _insist(self, write: Callable[[], Awaitable[None]]) -> None:
        """Write in the end. When this process ends before, the next one finds the delivery as it was left."""
        tries = 0
        while True:
            try:
                await write()
            except StoreClosed:
                return
            except StoreError:
                logger.warning("what became of a delivery waits for the store", lane=self._bot.platform)
                await asyncio.sleep(min(_backoff(tries), 5.0))
                tries += 1
            else:
                return


def _address(job: Job) -> Address:
    return Address(space=job.space, channel=job.channel, member=job.member)


def _wait(error: Exception, tries: int) -> float:
    """Seconds until the next try: what the platform said, else longer each time."""
    if isinstance(error, SendFailed) and error.retry_after is not None:
        return max(error.retry_after, 0.05)
    return _backoff(tries)


def _backoff(tries: int) -> float:
    return min(FIRST_BACKOFF * 2.0 ** min(tries, 16), LONGEST_BACKOFF) * random.uniform(0.75, 1.25)
