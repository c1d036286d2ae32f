"""What became of every post that was due: what people see on the platforms, beside what the store says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from storage.engine import Store
from storage.tables import Activity, Channel, Delivery, Incident, Schedule
from tests.crash.town import Town

MUST_KNOW = frozenset({"discord", "slack"})
"""Where it can always be told whether a post stands: one that does not, and is listed as unknown, is a lost one."""
UNDONE = ("pending", "sending", "checking")

Key = tuple[int, str, str]
"""A round, a platform, a channel."""


@dataclass
class Verdict:
    """Counts of one platform. ``wrong`` are posts of which the store says something else than the platform."""

    due: int = 0
    sent: int = 0
    lost: int = 0
    doubled: int = 0
    unknown: int = 0
    wrong: int = 0
    findings: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Nothing lost, nothing doubled, and the store knows how it is."""
        return not (self.lost or self.doubled or self.wrong)

    def weigh(self, key: Key, stand: list[str], row: Any, noted: set[UUID | None]) -> None:
        """One post that was due: the messages that stand, and its delivery."""
        state = "never planned" if row is None else row.state
        listed = state == "unknown"
        self.due += 1
        self.sent += bool(stand)
        self.unknown += listed
        problem = ""
        if len(stand) > 1:
            self.doubled += 1
            problem = "doubled"
        elif not stand and (not listed or key[1] in MUST_KNOW):
            self.lost += 1
            problem = "lost"
        elif listed and row.id not in noted:
            problem = "unknown, and no incident says so"
        elif not listed and (state != "sent" or row.external_id != stand[0].rpartition(":")[2]):
            problem = "stands, and the store does not know it"
        if problem:
            self.wrong += problem not in ("doubled", "lost")
            about = f"{row.attempts} tries, sent at {row.sent_at}, {row.error or 'no error'}" if row else ""
            self.findings.append(f"{problem}: round {key[0]}, {key[1]} {key[2]}; {stand} stand; {state} {about}")


async def judge(town: Town, store: Store) -> dict[str, Verdict]:
    """Every due post of every round, by platform."""
    numbers = {(one.community, one.slot): one.number for one in town.rounds}
    async with store.session() as session:
        found: Any = await session.execute(
            select(
                col(Activity.community_id), col(Activity.slot), col(Delivery.lane), col(Delivery.id),
                col(Delivery.state), col(Delivery.external_id), col(Delivery.attempts), col(Delivery.error),
                col(Delivery.sent_at), col(Channel.external_id).label("channel"),
            )
            .join(Delivery, col(Delivery.activity_id) == col(Activity.id))
            .join(Channel, col(Channel.id) == col(Delivery.channel_id))
        )  # fmt: skip
        owed = {
            (numbers[row.community_id, row.slot], row.lane, row.channel): row
            for row in found
            if (row.community_id, row.slot) in numbers
        }
        noted = set(await session.scalars(select(col(Incident.delivery_id)).where(col(Incident.kind) == "unknown")))
    seen = town.seen()
    verdicts = {name: Verdict() for name in town.platforms}
    for one in town.rounds:
        for place in town.places:
            key = (one.number, place.platform, place.channel)
            verdicts[place.platform].weigh(key, seen.get(key, []), owed.get(key), noted)
    return verdicts


async def under_way(store: Store, now: datetime) -> dict[str, int]:
    """What is not done yet, by state: posts, and questions that are due and not planned."""
    async with store.session() as session:
        found = await session.execute(
            select(col(Delivery.state), func.count())
            .where(col(Delivery.state).in_(UNDONE))
            .group_by(col(Delivery.state))
        )
        waiting = {state: int(count) for state, count in found}
        unplanned = await session.scalar(
            select(func.count()).select_from(Schedule).where(col(Schedule.next_at) <= now)
        )
    return waiting | ({"unplanned": int(unplanned)} if unplanned else {})


async def undone(store: Store, most: int = 10) -> list[str]:
    """What is under way, a line each."""
    columns = (
        col(Delivery.id), col(Delivery.lane), col(Delivery.state), col(Delivery.due_at), col(Delivery.attempts),
        col(Delivery.checks), col(Delivery.leased_by), col(Delivery.sent_at), col(Delivery.error),
    )  # fmt: skip
    async with store.session() as session:
        found = await session.execute(select(*columns).where(col(Delivery.state).in_(UNDONE)).limit(most))
        return [", ".join(f"{key} {value}" for key, value in row._mapping.items()) for row in found]
