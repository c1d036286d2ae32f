"""What drops keep: sealed, told, erased; and parcels that leave once, for their shipper's eyes alone."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pyrage
import pytest
from sqlalchemy import select, update
from sqlmodel import col

from core.context import Viewer
from core.files import Desk, File
from core.testing import FakeAnswering
from plugins.sampling_drops import SamplingDrops, codes, drops, parcels
from plugins.sampling_drops.definition import Question
from plugins.sampling_drops.drafts import Refused
from plugins.sampling_drops.parcels import KEPT
from plugins.sampling_drops.tables import Claim
from storage.tx import Tx
from tests.core.kit import kinds, one_store, rows
from tests.plugins.drops import ADDRESS, AGREED, COFFEE, OATS, VOUCHER, Town
from tests.plugins.drops import town as town


def viewer(town: Town) -> Viewer:
    """Olga at her page."""
    return Viewer(
        town.community,
        "en",
        "Europe/Berlin",
        town.time.now(),
        lambda words: town.hall.say(words, "en"),
        town.store.vault,
    )


async def overview(town: Town) -> list[str]:
    """All that her page says of drops, the labels of its buttons included."""
    async with town.store.session() as session:
        shown = await SamplingDrops().overview(session, viewer(town))
    say = viewer(town).say
    return [
        f"{say(one.title)} {say(one.text)} {[say(pair.value) for pair in one.fields]} "
        f"{[say(button.label) for button in one.controls]}"
        for one in shown
    ]


async def files(town: Town) -> list[File]:
    """The exports that can be fetched."""
    found = []
    async with town.store.session() as session:
        for (export_id,) in await rows(town.store, "SELECT id FROM drop_export ORDER BY id"):
            as_id = export_id if isinstance(export_id, UUID) else UUID(bytes=export_id)  # type: ignore[arg-type]  # SQLite's way
            file = await parcels.file_of(session, viewer(town), as_id)
            found += [file] if file else []
    return found


async def ship(town: Town, drop: UUID, key: str) -> FakeAnswering:
    """Olga gives the shipper's key; what she is asked."""
    return await town.fill(drop, "olga", "ship", {"key": key})


async def test_parcels_leave_once_for_their_shipper_alone(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcels, "MOST_PARCELS", 2)
    drop = await town.open(stock=5)
    for who in ("mia", "jon", "zoe"):
        await town.take(drop, who)
    await town.fill(drop, "zoe", "addr", {**ADDRESS, "name": '=Zoe, "Z"'})
    await town.press(drop, "ada")
    shipper, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    for wrong in ("age1", "ssh-ed25519 AAAA", str(shipper.to_public())[:-1], str(shipper)):
        assert set((await ship(town, drop, wrong)).errors) == {"key"}
    assert "secret key" in (await ship(town, drop, str(shipper))).errors["key"]
    asked = await ship(town, drop, f" {shipper.to_public()} ")
    assert asked.message
    assert str(asked.message.title) == "Export 2 parcels?"
    assert "erased here at the same moment" in asked.text
    assert await files(town) == []
    done = await town.bot.press(asked.button("Export and erase"), "olga")
    assert "2 addresses left" in done.text
    assert "1 parcel waits" in done.text
    assert "1 address left" in (await town.press(drop, "olga", "export")).text
    assert "No parcel waits" in (await town.press(drop, "olga", "export")).text

    first, second = await files(town)
    table = [
        row
        for file in (first, second)
        for row in csv.DictReader(io.StringIO(pyrage.decrypt(file.data, [shipper]).decode()))
    ]
    assert [row["name"] for row in table] == ["mia Amundsen", "jon Amundsen", '\'=Zoe, "Z"']
    assert list(table[0]) == list(ADDRESS)
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(first.data, [other])
    assert await rows(town.store, "SELECT count(*) FROM drop_claim WHERE sealed IS NOT NULL") == [(0,)]
    assert "on its way" in (await town.press(drop, "mia")).text
    assert "on its way" in (await town.fill(drop, "mia", "addr", ADDRESS)).text
    assert (await town.figures(drop))["exported"] == 3
    assert (await kinds(town.store))["export"] == 2
    await town.true_counts(drop)

    assert "Parcels of 2026-11-21: 2, encrypted" in (await overview(town))[0]
    await town.later(seconds=KEPT.total_seconds())
    assert await files(town) == []
    assert await rows(town.store, "SELECT count(*), sum(parcels) FROM drop_export") == [(2, 3)]


async def test_the_key_goes_when_nothing_is_left_that_it_sealed(town: Town) -> None:
    drop = await town.open()
    await town.take(drop, "mia")
    await town.press(drop, "olga", "ended")
    row = await town.row(drop)
    assert row.state == "closed"
    assert row.key is not None, "an address waits for its shipper"
    await ship(town, drop, str(pyrage.x25519.Identity.generate().to_public()))
    await town.press(drop, "olga", "export")
    assert (await town.row(drop)).key is None
    assert "on its way" in (await town.press(drop, "mia")).text
    empty = await town.open()
    await town.press(empty, "olga", "ended")
    assert (await town.row(empty)).key is None


async def test_who_got_one_is_erased_long_after_the_end(town: Town) -> None:
    parcel, code = await town.open(), await town.open(VOUCHER, codes=["AAA-111", "BBB-222"])
    await town.take(parcel, "mia")
    await town.press(code, "mia")
    await town.fill(code, "mia", "go", AGREED)
    for drop in (parcel, code):
        await town.press(drop, "olga", "ended")
    assert "erased 90 days after the end" in (await town.press(parcel, "olga", "show")).text
    await town.later(days=drops.KEPT.days - 1)
    assert "AAA-111" in (await town.press(code, "mia")).text
    await town.later(days=1)
    for table in ("drop_claim", "drop_code", "alarm"):
        assert await rows(town.store, f"SELECT count(*) FROM {table}") == [(0,)], table  # noqa: S608 - names above
    for drop in (parcel, code):
        row = await town.row(drop)
        assert (row.key, row.given) == (None, 1)
        assert "not given away now" in (await town.press(drop, "mia")).text
    assert "No parcel waits" in (await town.press(parcel, "olga", "export")).text


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_no_address_and_no_code_stands_readable(town: Town, sqlite_url: str) -> None:
    parcel = await town.open(replace(OATS, questions=(COFFEE, Question("Age?", least=18))))
    await town.press(parcel, "mia")
    await town.fill(parcel, "mia", "go", {**AGREED, "q0": "0", "q1": "34567"})
    refused = await town.fill(parcel, "mia", "addr", {**ADDRESS, "country": ""})
    assert refused.errors
    await town.fill(parcel, "mia", "addr", ADDRESS)
    code = await town.open(VOUCHER, codes=["SECRET-CODE-ONE", "SECRET-CODE-TWO"])
    await town.press(code, "mia")
    assert "SECRET-CODE-ONE" in (await town.fill(code, "mia", "go", AGREED)).text
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    stored = b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))
    assert b"Oat drink" in stored, "what is no secret is found this way"
    for secret in (*ADDRESS.values(), "SECRET-CODE", "mia", "34567"):
        assert secret.encode() not in stored, secret


async def test_a_member_sees_all_of_it_and_erases_it(town: Town) -> None:
    parcel, code = await town.open(stock=1), await town.open(VOUCHER, codes=["AAA-111", "BBB-222"])
    await town.take(parcel, "mia")
    await town.press(code, "mia")
    await town.fill(code, "mia", "go", AGREED)
    seen = (await town.bot.command("mydata", "mia")).text
    for words in ("Oat drink", "mia Amundsen", "Quayside 7", "given to you", "AAA\\-111", "Free sample: Ten songs"):
        assert words in seen, seen
    assert "Amundsen" not in (await town.bot.command("mydata", "jon")).text
    assert "fingerprint" in (await town.bot.command("privacy", "mia")).text
    await town.link("mia", "mia2")
    await town.bot.press((await town.bot.command("forget", "mia")).button("Erase all of mine"), "mia")
    assert await rows(town.store, "SELECT count(*) FROM drop_claim") == [(0,)]
    await town.until_card("1 of 2 left")
    assert (await town.figures(parcel)).get("given", 0) == 0, "a parcel that had not left is not sent"
    assert (await town.figures(code))["given"] == 1, "a code was seen"
    assert "had your turn" in (await town.press(code, "mia")).text
    assert "had your turn" in (await town.press(code, "mia2", bot=town.other)).text
    assert "goes to the address" in (await town.take(parcel, "mia")).text


async def test_what_is_held_goes_back_when_somebody_is_forgotten(town: Town) -> None:
    drop = await town.open(stock=1)
    await town.press(drop, "mia")
    await town.press(drop, "olga", "ended")
    assert (await town.row(drop)).state == "closing"
    await town.bot.press((await town.bot.command("forget", "mia")).button("Erase all of mine"), "mia")
    assert (await town.row(drop)).state == "closed"
    await town.true_counts(drop)
    assert await rows(town.store, "SELECT count(*) FROM once") == [(0,)]


@one_store
async def test_what_is_taken_while_somebody_is_forgotten_is_not_lost(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop, late = await town.open(stock=1), await town.open(stock=1)
    for one in (drop, late):
        await town.press(one, "mia")
    claim = select(col(Claim.account_id)).where(col(Claim.drop_id) == late)
    async with town.store.session() as session:
        mia = await session.scalar(claim)
    lock = drops.lock

    def hers(tx: Tx, account_id: UUID | None) -> None:
        tx.execute(update(Claim).where(col(Claim.drop_id) == late).values(account_id=account_id))

    def meanwhile(tx: Tx, keys: Any) -> Any:
        found = lock(tx, keys)
        hers(tx, mia)  # as if another process had just written it
        return found

    await town.store.write(lambda tx: hers(tx, uuid4()))
    monkeypatch.setattr(drops, "lock", meanwhile)
    await town.bot.press((await town.bot.command("forget", "mia")).button("Erase all of mine"), "mia")
    monkeypatch.undo()
    await town.true_counts(late)
    assert (await town.row(late)).held == 1
    await town.later(minutes=16)
    assert (await town.row(late)).held == 0


@one_store
async def test_an_exported_parcel_stays_counted_when_somebody_is_forgotten(town: Town) -> None:
    drop = await town.open(stock=2)
    await town.take(drop, "mia")
    await ship(town, drop, str(pyrage.x25519.Identity.generate().to_public()))
    await town.press(drop, "olga", "export")
    await town.bot.press((await town.bot.command("forget", "mia")).button("Erase all of mine"), "mia")
    assert "had your turn" in (await town.press(drop, "mia")).text
    figures = await town.figures(drop)
    assert (figures["given"], figures["exported"]) == (1, 1)


@one_store
async def test_who_made_a_drop_is_forgotten_too(town: Town) -> None:
    opened = (await town.bot.command("drop", "olga")).opened
    assert opened
    await town.bot.submit(
        opened.action, "olga", {"product": "Oats", "brand": "Havre", "gives": "parcel", "stock": "2"}
    )
    assert "drops that you made**: Oats" in (await town.bot.command("mydata", "olga")).text
    await town.bot.press((await town.bot.command("forget", "olga")).button("Erase all of mine"), "olga")
    assert await rows(town.store, "SELECT count(*) FROM drop_sample WHERE keeper_id IS NOT NULL") == [(0,)]


@one_store
async def test_a_file_hands_in_a_drop_and_its_codes(town: Town) -> None:
    plugin = SamplingDrops()

    async def write(unit: Any) -> Any:
        return await town.store.write(unit)

    desk = Desk(viewer(town), write, lambda tx: None)
    new = town.action("new", town.community)
    say = viewer(town).say
    text = 'product = "Songs"\nbrand = "Spindle"\ngives = "code"\n'
    wrong = await plugin.take_text(desk, new, File("a.toml", "", f"{text}colour = 3".encode()))
    assert say(wrong.text).startswith("colour: there is no such key")
    done = await plugin.take_text(desk, new, File("a.toml", "", f"\ufeff{text}".encode()))
    assert "The draft of **Songs**" in say(done.text)
    listed = await town.bot.command("drops", "olga")
    seen = await town.bot.press(listed.button("Open 1"), "olga")
    action = replace(seen.button("Add codes"))
    many = "\n".join(f"CODE-{number}" for number in range(2500))
    taken = await plugin.take_codes(desk, action, File("codes.csv", "", f"{many}\n\nCODE-7\n".encode()))
    assert [say(taken.text).split("\n")[0], say(taken.text).split("\n")[-1]] == [
        "2500 codes added.",
        "There are 2500 now.",
    ]
    again = await plugin.take_codes(desk, action, File("codes.csv", "", b"CODE-7\nNEW"))
    assert "1 code added" in say(again.text)
    async with town.store.session() as session:
        toml = await plugin.text_file(session, viewer(town), action)
        assert toml is not None
        assert toml.text == text
        assert await plugin.text_file(session, viewer(town), new) is None
        assert await plugin.parcels_file(session, viewer(town), action) is None
    shown = await overview(town)
    assert "Songs: draft" in shown[0]
    assert "Add codes, one a line" in shown[0]
    assert "A new drop, as TOML" in shown[-1]
    with pytest.raises(Refused):
        await codes.sealed(town.store.vault, (await town.row(action.args[0])).key, "x\n" * 10_001, action.args[0])  # type: ignore[arg-type]  # its drop
