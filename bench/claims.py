"""Claims: 500 members want one of 300 things in the same moment, exactly, one a person.

``python -m bench.claims [--store sqlite --store postgresql] [--rounds 15]`` prints JSON. The two take turns, each
round with things of its own, so that a busy machine slows both; a ratio is the median of the rounds.

- ``ours``: the drop's own decider through ``store.decide``, with all that an act is there: repeats known, members
  looked up, one a person over linked accounts, participation logged, the card touched, the alarm set.
- ``raw``: a transaction for each claim and nothing else in it than a counter row that goes down while something is
  left, and a unique row of who got one. SQLite in one thread, synchronous as ours is; PostgreSQL by ten connections.
- ``same``: a transaction for each claim that keeps all that ours keeps, for what the grouping itself is worth.

Times are from the moment at which all ask until each one's answer, after its commit. Members are known, as they are
when they took part in anything before; ``newcomers`` is one round of ours whose 500 never did. Targets: 2 times on
SQLite, 10 times on PostgreSQL.

``whole_way`` is from the press to what the member sees, on SQLite over the sandbox: 500 who never did anything before
press the post of a drop of 300 at the same moment, all on one platform, then 500 over all three. The sandbox and its
members run here, hallkeeper as itself in a process of its own; ``cpu_ms_a_press`` is what it took of the processor,
which a busy machine changes least.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlmodel import col

from app import interpreter
from app.acting import find_control
from app.rehearse.bar import Bar
from app.rehearse.drop import BUTTON, publish
from app.rehearse.stage import Member, Stage
from bench.material import address
from bench.ways import by_hand
from bench.ways.by_hand import Claim, Thing, Way, Who
from core.clock import SystemClock
from core.deciding import Asked, Deciding
from core.dialogues import StoredDialogues
from core.registry import migrations_of
from plugins.sampling_drops.claims import Is, Verb, Wish, decide
from plugins.sampling_drops.definition import Definition
from plugins.sampling_drops.drops import OPEN, PLUGIN
from plugins.sampling_drops.plugin import SamplingDrops
from plugins.sampling_drops.tables import Sample
from sandbox.control import Outcome, OutcomeKind
from sandbox.telegram import TelegramSandbox
from storage.engine import Store
from storage.people import Identity, lookup_of
from storage.tables import Community, Space
from storage.tx import Tx
from storage.vault import Vault

CLAIMERS = 500
UNITS = 300
TARGETS = {"sqlite": 2.0, "postgresql": 10.0}
WAYS = {"raw": by_hand.bare, "same": by_hand.same}
CLOCK = SystemClock()


class Round(NamedTuple):
    """What came of one round."""

    given: int
    seconds: float
    times: Sequence[float]


async def rush(claim: Claim) -> Round:
    """All ask at once."""
    times: list[float] = []
    began = time.perf_counter()

    async def ask(member: int) -> bool:
        got = await claim(member)
        times.append(time.perf_counter() - began)
        return got

    given = sum(await asyncio.gather(*(ask(member) for member in range(CLAIMERS))))
    return Round(given, time.perf_counter() - began, times)


# -- ours ---------------------------------------------------------------------------------------------------------
class Ours:
    """A community with its members, and a new drop each round."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._deciding = Deciding(decide, store.vault, StoredDialogues(store, CLOCK))
        self._people = 0

    async def settle(self) -> None:
        self.community = await self._store.write(_community)

    async def round(self, *, newcomers: bool = False) -> Round:
        """A drop and its rush. The members are those of the last round, unless they are newcomers."""
        drop = await self._store.write(lambda tx: _drop(tx, self.community.id))
        if newcomers:
            self._people += 1
        rushed = await rush(lambda member: self._claim(drop, member))
        held = select(col(Sample.held)).where(col(Sample.id) == drop)
        assert await self._store.write(lambda tx: tx.scalar(held)) == UNITS
        return rushed

    async def _claim(self, drop: UUID, member: int) -> bool:
        asked = Asked(
            "sandbox",
            uuid4().hex,
            Identity(self.community.id, "sandbox", "", f"{self._people}-{member}", "en"),
            self.community.space,
            Wish(Verb.HOLD, drop),
            PLUGIN,
            CLOCK.now(),
            "platform",
            "",
        )
        told = await self._store.decide(self._deciding, asked, lane_key=self.community.id)
        assert told.what in (Is.HELD, Is.SPOKEN_FOR), told
        return told.what is Is.HELD

    async def thing(self) -> tuple[Thing, list[Who]]:
        """A further drop for who claims by hand, and the members as the store knows them."""
        vault = self._store.vault
        drop = await self._store.write(lambda tx: _drop(tx, self.community.id))
        lookups = [lookup_of(vault, "sandbox", "", f"{self._people}-{member}") for member in range(CLAIMERS)]
        thing = Thing(self.community.id, self.community.space, drop, CLOCK.now())
        return thing, [Who(one, vault.lookup(f"once\0{one.hex()}")) for one in lookups]


class Home(NamedTuple):
    """A community and its space."""

    id: UUID
    space: UUID


def _community(tx: Tx) -> Home:
    home = Home(tx.new_id(), tx.new_id())
    tx.add(Community(id=home.id, name="Hall", language="en", time_zone="UTC", created_at=tx.now))
    tx.add(
        Space(
            community_id=home.id,
            id=home.space,
            platform="sandbox",
            external_id="1",
            name="Hall",
            created_at=tx.now,
        )
    )
    return home


def _drop(tx: Tx, community_id: UUID) -> UUID:
    drop_id = tx.new_id()
    tx.add(
        Sample(
            community_id=community_id,
            id=drop_id,
            state=OPEN,
            gives="parcel",
            definition=Definition("Tea", "Leaf & Co").to_data(),
            stock=UNITS,
            closes_at=tx.now + timedelta(days=1),
            created_at=tx.now,
        )
    )
    return drop_id


# -- both ---------------------------------------------------------------------------------------------------------
async def measure(kind: str, rounds: int) -> dict[str, Any]:
    """All ways on a store of one kind, by turns."""
    async with AsyncExitStack() as stack:
        url = stack.enter_context(address(kind))
        migrations = migrations_of([SamplingDrops])
        store = await Store.open(url, clock=CLOCK.now, vault=Vault.generate(), plugins=migrations)
        stack.push_async_callback(store.close)
        hand = await stack.enter_async_context((by_hand.sqlite if kind == "sqlite" else by_hand.postgresql)(url))
        ours = Ours(store)
        await ours.settle()

        async def raw(way: Way) -> Round:
            return await rush(await hand.begin(way, *(await ours.thing()), UNITS))

        newcomers = await ours.round(newcomers=True)
        done: dict[str, list[Round]] = {"ours": [], "raw": [], "same": []}
        for number in range(rounds + 1):
            for name in done:
                rushed = await (ours.round() if name == "ours" else raw(WAYS[name]))
                assert rushed.given == UNITS
                if number:  # the first turn warms up
                    done[name].append(rushed)

    def ratio(name: str) -> float:
        turns = zip(done["ours"], done[name], strict=True)
        return round(statistics.median(theirs.seconds / mine.seconds for mine, theirs in turns), 2)

    return {
        **{name: figures(several) for name, several in done.items()},
        "ratio": ratio("raw"),
        "wanted": TARGETS[kind],
        "ratio_same": ratio("same"),
        "newcomers": figures([newcomers]),
    }


async def whole_way(only: str) -> dict[str, Any]:
    """500 presses at once, on one platform or on all, each until its answer stands in front of the member."""
    with tempfile.TemporaryDirectory(prefix="hallbench") as folder:
        async with AsyncExitStack() as stack:
            stage = Stage(SamplingDrops, "", CLAIMERS, 1, Path(folder), Bar(shown=False), only=only)
            await stage.build(stack)
            await publish(stage, UNITS)
            cards = {world.platform.name: await find_control(world, BUTTON) for world in stage.worlds}
            for world in stage.worlds:
                if isinstance(world.platform, TelegramSandbox):
                    world.platform.backend.limits.enabled = False  # they are the platform's time, not ours
            seen: list[Outcome] = []

            async def press(one: Member) -> None:
                card, button = cards[one.platform.name]
                seen.append(await one.platform.press(one.id, card.id, button.id))

            hall = stage.halls[0].process
            assert hall is not None
            before = cpu_ms(hall.pid)
            await stage.for_each(press)
            spent = cpu_ms(hall.pid) - before
    answered = [one for one in seen if one.kind in (OutcomeKind.MESSAGE, OutcomeKind.LINK)]
    times = sorted(one.ms for one in answered) or [0.0]
    return {
        "answered": len(answered),
        "p50_ms": round(statistics.median(times), 1),
        "p99_ms": round(times[int(0.99 * len(times)) - 1], 1),
        "max_ms": round(times[-1], 1),
        "cpu_ms_a_press": round(spent / CLAIMERS, 2),
    }


def cpu_ms(process: int) -> float:
    """What a process has had of the processor, in milliseconds. Linux tells it in hundredths of a second."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return 10.0 * (int(fields[11]) + int(fields[12]))


def figures(rounds: Sequence[Round]) -> dict[str, float]:
    """Claims a second at the median, and the p99 of all times."""
    times = sorted(one for each in rounds for one in each.times)
    return {
        "claims_a_second": round(statistics.median(CLAIMERS / one.seconds for one in rounds)),
        "p50_ms": round(statistics.median(times) * 1000, 1),
        "p99_ms": round(times[int(0.99 * len(times)) - 1] * 1000, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--store", action="append", choices=tuple(TARGETS))
    options = parser.parse_args()
    interpreter.set_up()  # as in the server
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    results: dict[str, Any] = {
        kind: asyncio.run(measure(kind, options.rounds)) for kind in options.store or TARGETS if options.rounds
    }
    if not options.store:
        names = ("discord", "slack", "telegram")
        results["whole_way"] = {name or "all": asyncio.run(whole_way(name)) for name in (*names, "")}
    json.dump({"bench": "claims", "claimers": CLAIMERS, "units": UNITS, **results}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
