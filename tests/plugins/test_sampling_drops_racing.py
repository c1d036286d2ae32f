"""Many at once: never more than there is, never two to a person, whichever process decides."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from core.hall import Hall
from core.testing import FakeBot, SetClock, hall_for
from plugins.sampling_drops import SamplingDrops
from storage.engine import Store
from storage.vault import Vault
from tests.core.conftest import MIGRATIONS
from tests.core.kit import kinds, rows
from tests.plugins.drops import ADDRESS, AGREED, VOUCHER, Town
from tests.plugins.drops import town as town
from tests.plugins.two_spaces import OtherBot

MEMBERS, UNITS, PAIRS = 60, 25, 6


async def through(town: Town, drop: object, who: str, bot: FakeBot, chance: random.Random) -> str:
    """Somebody hurries to a parcel or code, pressing too often; what they were told last."""
    text = ""
    for _again in range(chance.randint(1, 2)):
        text = (await town.press(drop, who, bot=bot)).text  # type: ignore[arg-type]  # an id
    if chance.random() < 0.15:
        await town.press(drop, who, "leave", bot=bot)  # type: ignore[arg-type]  # as above
        text = (await town.press(drop, who, bot=bot)).text  # type: ignore[arg-type]  # as above
    for verb, values in (("go", AGREED), ("addr", ADDRESS)):
        if "Your code" in text:
            break
        seen = await town.fill(drop, who, verb, values, bot)  # type: ignore[arg-type]  # as above
        text = seen.text or text
    return text


async def check(town: Town, drop: object, told: dict[str, str], pairs: dict[str, str]) -> None:
    """All that there is was given, nobody has two, and everybody was told the truth."""
    await town.true_counts(drop)  # type: ignore[arg-type]  # an id
    [(given,)] = await rows(town.store, "SELECT given FROM drop_sample")
    claims = await rows(
        town.store,
        "SELECT person_id, count(*) FROM drop_claim c JOIN account a ON a.id = c.account_id "
        "WHERE state = 'given' GROUP BY person_id",
    )
    assert len(claims) == given
    assert all(count == 1 for _person, count in claims)
    won = {who for who, text in told.items() if "goes to the address" in text or "Your code" in text}
    assert len(won) == given
    assert not any(who in won and other in won for who, other in pairs.items())
    assert (await kinds(town.store))["given"] == given


async def run(town: Town, halls: list[tuple[FakeBot, FakeBot]], drop: object) -> None:
    chance = random.Random(7)
    pairs = {f"a{number}": f"b{number}" for number in range(PAIRS)}
    for who, other in pairs.items():
        await town.link(who, other)
    told: dict[str, str] = {}

    async def one(who: str, platform: int) -> None:
        bot = chance.choice(halls)[platform]
        told[who] = await through(town, drop, who, bot, chance)

    people = [(f"a{number}", 0) for number in range(MEMBERS // 2)] + [
        (f"b{number}", 1) for number in range(MEMBERS // 2)
    ]
    chance.shuffle(people)
    await asyncio.gather(*(one(*person) for person in people))
    for _late in range(3):  # what others gave back is there for whoever presses again
        for who, platform in people:
            if "held for others" in told[who]:
                await one(who, platform)
    await check(town, drop, told, pairs)
    [(given,)] = await rows(town.store, "SELECT given FROM drop_sample")
    assert given == UNITS


async def test_many_hurry_for_parcels(town: Town) -> None:
    drop = await town.open(stock=UNITS)
    await run(town, [(town.bot, town.other)], drop)


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_two_processes_share_out_codes(town: Town, store_url: str, time: SetClock, vault: Vault) -> None:
    drop = await town.open(VOUCHER, codes=[f"CODE-{number}" for number in range(UNITS)])
    second = await Store.open(store_url, clock=time.now, vault=vault, plugins=MIGRATIONS)
    bots = FakeBot(beside=town.bot), OtherBot(beside=town.other)
    bots[1].where = town.other.where  # type: ignore[method-assign]  # its one space
    async with hall_for(second, time, bots, [SamplingDrops()]) as hall:
        assert isinstance(hall, Hall)
        for bot in bots:
            await bot.listen()
        await run(town, [(town.bot, town.other), bots], drop)
    await second.close()
    codes = await rows(town.store, "SELECT claim_id FROM drop_code")
    assert max(Counter(codes).values()) == 1
    assert None not in {one[0] for one in codes}


async def test_five_hundred_press_in_the_same_moment(town: Town) -> None:
    drop = await town.open(stock=300)
    seen = await asyncio.gather(*(town.press(drop, f"m{number}") for number in range(500)))
    assert sum("held for you" in one.text for one in seen) == 300
    assert sum("held for others" in one.text for one in seen) == 200
    await town.true_counts(drop)
