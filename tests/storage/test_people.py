"""Accounts and members."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from sqlalchemy import func, select

from storage import people
from storage.engine import Store
from storage.tables import Account, Community, Member, Person
from storage.tx import Tx
from storage.vault import Vault


async def test_an_account_is_made_once_with_a_person_of_its_own(store: Store, vault: Vault) -> None:
    made = await store.write(lambda tx: people.account_for(tx, vault, "p", "s", "12345", "de"))
    found = await store.write(lambda tx: people.account_for(tx, vault, "p", "s", "12345"))
    assert (found.id, found.person_id, found.locale) == (made.id, made.person_id, "de")
    assert people.external_id_of(vault, found.platform, found.scope, found.sealed) == "12345"
    others = [("p", "s", "12346"), ("p", "t", "12345"), ("q", "s", "12345")]
    accounts = await store.write(lambda tx: [people.account_for(tx, vault, *other) for other in others])
    assert len({account.person_id for account in [made, *accounts]}) == 4
    assert len({account.lookup for account in [made, *accounts]}) == 4


async def test_a_new_locale_is_remembered(store: Store, vault: Vault) -> None:
    for locale, kept in (("de", "de"), (None, "de"), ("fr", "fr")):
        account = await store.write(
            lambda tx, locale=locale: people.account_for(tx, vault, "p", "", "1", locale)  # type: ignore[misc]
        )
        assert account.locale == kept
    assert await store.write(lambda tx: tx.scalar("SELECT locale FROM account")) == "fr"


async def test_the_external_id_is_nowhere_in_the_clear(store: Store, vault: Vault) -> None:
    await store.write(lambda tx: people.account_for(tx, vault, "p", "s", "external-one"))
    row = await store.write(lambda tx: tx.execute("SELECT * FROM account").one())
    assert b"external-one" not in b"".join(
        value if isinstance(value, bytes) else str(value).encode() for value in row._mapping.values()
    )


async def test_a_member_is_made_once_with_a_pseudonym_that_tells_no_time(store: Store) -> None:
    community, account = uuid4(), uuid4()

    def hall(tx: Tx) -> None:
        tx.add(Community(id=community, name="Hall", language="en", time_zone="UTC", created_at=tx.now))

    await store.write(hall)
    made = await store.write(lambda tx: people.member_for(tx, community, account))
    found = await store.write(lambda tx: people.member_for(tx, community, account))
    assert found == made
    assert made.id.version == 4
    assert made.id != account


async def test_many_at_once_find_the_same(store: Store, vault: Vault) -> None:
    community = uuid4()

    def hall(tx: Tx) -> None:
        tx.add(Community(id=community, name="Hall", language="en", time_zone="UTC", created_at=tx.now))

    def arrive(tx: Tx) -> None:
        account = people.account_for(tx, vault, "p", "s", "1")
        people.member_for(tx, community, account.id)

    await store.write(hall)
    await asyncio.gather(*(store.write(arrive, lane_key=uuid4()) for _ in range(40)))
    async with store.session() as session:
        for model in (Account, Person, Member):
            assert await session.scalar(select(func.count()).select_from(model)) == 1


async def test_many_are_known_at_once(store: Store, vault: Vault) -> None:
    one, other = uuid4(), uuid4()

    def halls(tx: Tx) -> None:
        for community in (one, other):
            tx.add(Community(id=community, name="Hall", language="en", time_zone="UTC", created_at=tx.now))

    await store.write(halls)
    old = await store.write(lambda tx: people.member_id_for(tx, vault, one, "p", "s", "1"))
    who = [
        people.Identity(one, "p", "s", "1"),
        people.Identity(one, "p", "s", "2"),
        people.Identity(other, "p", "s", "1"),
    ]
    first, second, elsewhere, again = await store.write(lambda tx: people.known_all(tx, vault, [*who, who[1]]))
    assert first.member_id == old
    assert second == again
    assert (first.account_id, first.person_id) == (elsewhere.account_id, elsewhere.person_id)
    assert len({first.member_id, second.member_id, elsewhere.member_id}) == 3
    assert await store.write(lambda tx: people.known_all(tx, vault, who)) == [first, second, elsewhere]
    assert await store.write(lambda tx: people.known_all(tx, vault, [])) == []


async def test_many_who_come_at_once_are_made_once(store: Store, vault: Vault) -> None:
    one, other = uuid4(), uuid4()

    def halls(tx: Tx) -> None:
        for community in (one, other):
            tx.add(Community(id=community, name="Hall", language="en", time_zone="UTC", created_at=tx.now))

    await store.write(halls)
    who = [people.Identity(community, "p", "s", f"{number}") for community in (one, other) for number in range(50)]
    orders = [who, who[::-1], who[::3], who[1::2][::-1]]
    found = await asyncio.gather(
        *(
            store.write(lambda tx, order=order: people.known_all(tx, vault, order), lane_key=uuid4())  # type: ignore[misc]
            for order in orders
        )
    )
    known = [dict(zip(order, ids, strict=True)) for order, ids in zip(orders, found, strict=True)]
    assert all(ids[one] == known[0][one] for ids in known for one in ids)
    async with store.session() as session:
        counts = [
            await session.scalar(select(func.count()).select_from(model)) for model in (Account, Person, Member)
        ]
    assert counts == [50, 50, 100]


async def test_odd_names_are_found_again(store: Store, vault: Vault) -> None:
    community = uuid4()
    odd = [
        "",
        "NULL",
        "null",
        '"',
        "\\",
        '\\"',
        "a,b",
        "{}",
        "{a}",
        " x ",
        "\n",
        "\t",
        "é😀",
        "'",
        "$1",
        "%s",
        "\\x00",
    ]

    def hall(tx: Tx) -> None:
        tx.add(Community(id=community, name="Hall", language="en", time_zone="UTC", created_at=tx.now))

    await store.write(hall)
    who = [people.Identity(community, one, two, "1", one or None) for one in odd for two in odd]
    made = await store.write(lambda tx: people.known_all(tx, vault, who))
    assert len({one.account_id for one in made}) == len(who)
    assert await store.write(lambda tx: people.known_all(tx, vault, who)) == made
    events = [(one, two) for one in odd for two in odd]
    assert not any(await store.write(lambda tx: tx.seen_all(events)))
    assert all(await store.write(lambda tx: tx.seen_all(events)))
    rows = await store.write(lambda tx: tx.execute("SELECT platform, scope, locale FROM account").all())
    assert {tuple(row) for row in rows} == {(one, two, one or None) for one in odd for two in odd}
