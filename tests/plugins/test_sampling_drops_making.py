"""Sampling drops, as a manager makes and runs them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from core.action import Action
from core.bot import ChannelInfo
from core.markup import plain
from core.message import Pair
from core.testing import FakeAnswering
from core.testing.fake_bot import EVERYTHING
from plugins.sampling_drops import toml_text
from plugins.sampling_drops.screener import Unclear, read, write
from tests.core.kit import kinds, one_store, rows, until
from tests.plugins.drops import ADDRESS, AGREED, COFFEE, OATS, VOUCHER, Town
from tests.plugins.drops import town as town

TOML = """product = "Oat drink"
brand = "Havre"
stock = 5
label = "Advertising: free sample"
closes = 2026-12-01T18:00:00

[[question]]
ask = "Do you drink coffee?"
options = ["Yes", "No"]
pass = ["Yes"]

[[question]]
ask = "How old are you?"
least = 18
"""


async def make(town: Town, **more: str) -> FakeAnswering:
    """What Olga sees after the first form."""
    opened = (await town.bot.command("drop", "olga")).opened
    assert opened
    values = {"product": "Oat drink", "brand": "Havre", "gives": "parcel", "stock": "2", **more}
    return await town.bot.submit(opened.action, "olga", values)


def fields(seen: FakeAnswering) -> dict[str, str]:
    assert seen.message
    return {str(pair.name): plain(str(pair.value)) for pair in seen.message.fields}


async def send(town: Town, seen: FakeAnswering, label: str, /, **values: str | list[str]) -> FakeAnswering:
    return await town.bot.submit(seen.button(label), "olga", values)


async def test_a_drop_is_made_by_forms_previewed_and_published(town: Town) -> None:
    seen = await make(town)
    assert "It is ready" in seen.text
    assert fields(seen)["Posted in"] == "#general (Hall), #general (Yard)", "where posts go already"
    seen = await send(town, seen, "Label and consent", label="Ad: _free_", consent="I *want* it.")
    seen = await send(town, seen, "Screener", q0="Do you drink coffee?\n+ Yes\n- No", q2="Your age?\n18+")
    seen = await send(
        town,
        seen,
        "Opens and closes",
        opens_on="",
        opens_at="",
        closes_on="2026-11-22",
        closes_at="20:30",
    )
    assert fields(seen) == {
        "Given away": "2 parcels",
        "Brand": "Havre",
        "Stands on every post": "Ad: _free_",
        "Opens": "when you publish it",
        "Closes": "2026-11-22 20:30",
        "Screener": "2 questions",
        "Consent": "in your words",
        "Posted in": "#general (Hall), #general (Yard)",
    }
    shown = await town.bot.press(seen.button("Preview"), "olga")
    assert "2 of 2 left" in shown.text
    assert "I \\*want\\* it." in shown.text
    assert "Your age?" in shown.text
    assert fields(shown) == {"Fake": "all of it, as it stands here", "Other": "all of it, as it stands here"}
    asked = await town.bot.press(seen.button("Publish …"), "olga")
    assert town.cards() == []
    done = await town.bot.press(asked.button("Publish"), "olga")
    assert "On its way" in done.text
    assert "Opens" not in fields(done), "it has opened"
    assert fields(done)["Closes"] == "2026-11-22 20:30"
    await town.until_card("2 of 2 left")
    await town.until_card("Ad: \\_free\\_")
    assert "published already" in (await town.bot.press(asked.button("Publish"), "olga")).text
    for label in ("Product and stock", "Screener", "Channels"):
        assert "It is published" in (await town.bot.press(seen.button(label), "olga", form=True)).text
    assert "0 of 2 given" in (await town.bot.command("drops", "olga")).text
    [(drop,)] = await rows(town.store, "SELECT id FROM drop_sample")
    drop = drop if isinstance(drop, UUID) else UUID(bytes=drop) if isinstance(drop, bytes) else UUID(str(drop))
    await town.press(drop, "mia")
    await town.fill(drop, "mia", "go", {**AGREED, "q0": "0", "q1": "18"})
    [(words,)] = await rows(town.store, "SELECT words FROM consent")
    assert words == "I *want* it."


@one_store
async def test_what_is_missing_or_wrong_is_said_and_nothing_is_lost(town: Town) -> None:
    bad = await make(town, stock="", picture="ftp://x")
    assert set(bad.errors) == {"stock", "picture"}
    again = await town.bot.press(bad.button("Try again"), "olga", form=True)
    assert again.opened
    assert again.opened.fields[0].value == "Oat drink"
    assert set((await make(town, stock="2.5")).errors) == {"stock"}
    seen = await make(town, gives="code", stock="")
    assert "Add the codes" in seen.text
    assert "Add the codes" in (await town.bot.press(seen.button("Publish …"), "olga")).text
    wrong = await send(town, seen, "Opens and closes", opens_on="", closes_on="2026-11-20", closes_at="9:00")
    assert set(wrong.errors) == {"closes_on"}
    wrong = await send(town, seen, "Opens and closes", opens_on="2026-11-25", closes_on="2026-11-24", closes_at="x")
    assert set(wrong.errors) == {"closes_at"}
    wrong = await send(town, seen, "Opens and closes", opens_on="2026-11-25", closes_on="2026-11-24")
    assert set(wrong.errors) == {"closes_on"}
    wrong = await send(town, seen, "Screener", q0="Coffee?\nYes\nNo", q1="Tea?", q2="Age?\n9-3")
    assert set(wrong.errors) == {"q0", "q1", "q2"}


@one_store
async def test_codes_are_taken_once_each(town: Town) -> None:
    seen = await make(town, gives="code", stock="")
    empty = await send(town, seen, "Add codes", codes="\n \n")
    assert "codes" in empty.errors
    long = await send(town, seen, "Add codes", codes=f"A1\n{'x' * 101}")
    assert "Line 2" in long.errors["codes"]
    done = await send(town, seen, "Add codes", codes="A1\n\nB2\nA1\n  C3  \n\n")
    for words in ("3 codes added", "1 was there already", "1 blank line", "There are 3 now"):
        assert words in done.text
    done = await send(town, seen, "Add codes", codes="C3\nD4")
    for words in ("1 code added", "1 was there already", "There are 4 now"):
        assert words in done.text
    asked = await town.bot.press(done.button("Publish …"), "olga")
    await town.bot.press(asked.button("Publish"), "olga")
    await town.until_card("4 of 4 left")
    more = await send(town, seen, "Add codes", codes="E5")
    assert "There are 5 now" in more.text
    await town.until_card("5 of 5 left")
    assert await rows(town.store, "SELECT count(*) FROM drop_code") == [(5,)]
    back = await make(town, gives="code", stock="")
    await send(town, back, "Add codes", codes="A1\nB2")
    parcels = await send(
        town, back, "Product and stock", product="Oat", brand="Havre", gives="parcel", stock="7", picture=""
    )
    assert fields(parcels)["Given away"] == "7 parcels"
    assert await rows(town.store, "SELECT count(*) FROM drop_code") == [(5,)]


@one_store
async def test_channels_are_chosen_in_every_space(town: Town) -> None:
    town.bot.rooms.append(ChannelInfo("deals", "deals"))
    town.other.rooms.append(ChannelInfo("shop", "shop"))
    town.other.rooms.append(ChannelInfo("locked", "locked", writable=False))
    seen = await make(town)
    opened = (await town.bot.press(seen.button("Channels"), "olga", form=True)).opened
    assert opened
    assert [(one.label, one.value) for one in opened.fields] == [("Hall", ("general",)), ("Yard", ("general",))]
    assert [option.label for option in opened.fields[1].options] == ["#general", "#shop"]
    here, there = (one.name for one in opened.fields)
    seen = await send(town, seen, "Channels", **{here: ["general", "deals"], there: ["shop"]})
    assert fields(seen)["Posted in"] == "#deals (Hall), #general (Hall), #shop (Yard)"
    seen = await send(town, seen, "Channels", **{here: [], there: []})
    assert "Choose the channels" in seen.text
    seen = await send(town, seen, "Channels", **{here: ["deals"], there: ["shop"]})
    asked = await town.bot.press(seen.button("Publish …"), "olga")
    await town.bot.press(asked.button("Publish"), "olga")
    await town.until_card("2 of 2 left")
    assert [post.address.channel for post in town.cards()] == ["deals", "shop"]


@one_store
async def test_the_preview_tells_what_a_platform_cannot_show(town: Town) -> None:
    town.other.capabilities = replace(EVERYTHING, images=False)
    seen = await make(town, picture="https://example.org/oats.png")
    shown = await town.bot.press(seen.button("Preview"), "olga")
    assert shown.message
    assert shown.message.image
    assert shown.message.fields == (
        Pair("Fake", "all of it, as it stands here"),
        Pair("Other", "the picture becomes a link"),
    )
    assert "to you in private" in (await town.bot.press(shown.button("Send it to me"), "olga")).text
    await town.link("olga", "olga-there")
    assert "2 accounts" in (await town.bot.press(shown.button("Send it to me"), "olga")).text
    await until(lambda: any(post.address.member == "olga-there" for post in town.other.posts))
    sent = next(post for post in town.other.posts if post.address.member == "olga-there")
    assert "2 of 2 left" in str(sent.message.text)
    assert "preview" in (await town.bot.press(sent.button("Get one"), "olga")).text
    assert await kinds(town.store) == {}


@one_store
async def test_a_drop_is_a_text_and_back(town: Town) -> None:
    listed = await town.bot.command("drops", "olga")
    assert "no drop yet" in listed.text
    seen = await send(town, listed, "New from a text", text=TOML)
    assert fields(seen)["Closes"] == "2026-12-01 18:00"
    opened = (await town.bot.press(seen.button("All as text"), "olga", form=True)).opened
    assert opened
    text = str(opened.fields[0].value)
    said = toml_text.read(text, "Europe/Berlin", "en")
    assert said == toml_text.read(TOML, "Europe/Berlin", "en")
    assert said.closes_at == datetime(2026, 12, 1, 17, tzinfo=UTC)
    seen = await send(town, seen, "All as text", text=text.replace("stock = 5", "stock = 6"))
    assert fields(seen)["Given away"] == "6 parcels"
    wrong = await send(town, seen, "All as text", text=text.replace("stock = 5", 'stock = "6"\ncolour = 1'))
    assert wrong.errors["text"].split("\n") == [
        "colour: there is no such key. There are: product, brand, gives, picture, label, consent, stock, opens, "
        "closes, question.",
        "stock: write a whole number, 0 to 1000000, without quotes.",
    ]
    broken = await send(town, seen, "All as text", text="product = Oat\nbrand = 3")
    assert broken.errors["text"].startswith("Line 1 can’t be read: product = Oat")
    again = await town.bot.press(broken.button("Try again"), "olga", form=True)
    assert again.opened
    assert again.opened.fields[0].value == "product = Oat\nbrand = 3"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("brand =", "# brand ="), "brand: this is needed"),
        (('pass = ["Yes"]', 'pass = ["Maybe"]'), "question 1: What passes must be"),
        (("pass =", "passes ="), "question 1, passes: there is no such key"),
        (("least = 18", 'least = "18"'), "question 2, least: write a whole number"),
        (("least = 18", "least = 18\nmost = 3"), "question 2: No number lies between 18 and 3"),
        (("closes = 2026-12-01T18:00:00", "closes = 2026-12-01T18:00:00Z"), "closes: write day and time"),
        (("stock = 5", 'stock = 5\ngives = "code"'), "stock: codes count themselves"),
        (("stock = 5", 'stock = 5\ngives = "money"'), "gives: write"),
        (("stock = 5", 'picture = "http://x"'), "picture: this is no link"),
        (("stock = 5", "opens = 2026-12-02T18:00:00"), "closes: it closes before"),
        (("[[question]]", "[question]"), "Line"),
        (('"Advertising: free sample"', f'"{"x" * 101}"'), "label: 101 characters, at most 100"),
    ],
)
def test_what_is_wrong_with_a_text_is_named(change: tuple[str, str], told: str) -> None:
    from core.testing.hall import catalogues_for
    from plugins.sampling_drops import SamplingDrops

    spoken = catalogues_for([SamplingDrops()])
    with pytest.raises(toml_text.Unreadable) as error:
        toml_text.read(TOML.replace(*change, 1), "Europe/Berlin", "en")
    assert any(spoken.say(one, "en").startswith(told) for one in error.value.problems), error.value.problems


def test_a_text_says_all_that_can_be_said() -> None:
    odd = replace(OATS, product='Say "oat" \\ \x7f', consent="One\nTwo", questions=(COFFEE,), language="de")
    said = toml_text.Said(odd, 9, datetime(2026, 12, 1, 17, tzinfo=UTC), None)
    assert toml_text.read(toml_text.write(said, "Asia/Tokyo"), "Asia/Tokyo", "de") == said
    assert toml_text.read(toml_text.write(toml_text.Said(VOUCHER, 0, None, None), "UTC"), "UTC", "en") == (
        VOUCHER,
        0,
        None,
        None,
    )


def test_the_guide_shows_a_drop_that_can_be_read() -> None:
    guide = Path(__file__).parents[2].joinpath("docs", "guides", "drops.md").read_text("utf-8")
    (text,) = (one for one in guide.split("```\n") if one.startswith("product ="))
    said = toml_text.read(text, "Europe/Berlin", "en")
    assert len(said.definition.questions) == 2
    (question,) = (one for one in guide.split("```\n") if one.startswith("Do you drink"))
    assert read(question) == said.definition.questions[0]


@pytest.mark.parametrize("text", ["Age?\n18+", "Cups?\n1-9", "Coffee?\n+ Yes\n- No\n+ Often"])
def test_a_question_is_typed_and_shown_alike(text: str) -> None:
    question = read(text)
    assert question
    assert write(question) == text


@pytest.mark.parametrize("text", ["Coffee?", "Coffee?\nYes\nNo", "A?\n- Yes\n- No", "A?\n+ Yes", "A?\n+ a\n- a"])
def test_a_question_that_nobody_can_answer_is_refused(text: str) -> None:
    with pytest.raises(Unclear):
        read(text)


async def test_stock_is_never_below_what_is_given_and_held(town: Town) -> None:
    drop = await town.open(stock=5)
    await town.take(drop, "mia")
    await town.press(drop, "jon")
    refused = await town.fill(drop, "olga", "stock", {"stock": "1"})
    assert "1 are given and 1 held" in refused.errors["stock"]
    assert (await town.row(drop)).stock == 5
    assert "2, and" in fields(await town.fill(drop, "olga", "stock", {"stock": "2"}))["Given"]
    await town.until_card("All are spoken for")
    await town.fill(drop, "olga", "stock", {"stock": "9"})
    await town.until_card("7 of 9 left")
    codes = await town.open(VOUCHER, codes=["A", "B"])
    assert "Codes count themselves" in (await town.fill(codes, "olga", "stock", {"stock": "9"})).errors["stock"]


@one_store
async def test_looks_and_closing_may_change_while_it_runs(town: Town) -> None:
    drop = await town.open()
    values = {"label": "Ad", "picture": "https://example.org/a.png", "closes_on": "2026-11-21", "closes_at": "8:00"}
    await town.fill(drop, "olga", "edit", values)
    await town.until_card("Open until [2026-11-21 08:00]")
    await town.until_card("Ad")
    late = await town.fill(drop, "olga", "edit", {**values, "closes_at": "6:00"})
    assert "closes_on" in late.errors
    await town.later(hours=1)
    assert (await town.row(drop)).state == "closed"
    assert "can’t be changed" in (await town.fill(drop, "olga", "edit", {**values, "closes_on": "2027-01-01"})).text


@one_store
async def test_drafts_and_what_is_over_can_be_deleted(town: Town) -> None:
    running = await town.open()
    assert "Only a draft" in (await town.press(running, "olga", "del")).text
    assert "can’t be changed" in (await town.press(running, "olga", "delete")).text
    await town.take(running, "mia")
    await town.press(running, "olga", "ended")
    asked = await town.press(running, "olga", "del")
    assert "1 parcel was not exported" in asked.text
    assert "Deleted" in (await town.bot.press(asked.button("Delete it"), "olga")).text
    for table in ("drop_sample", "drop_channel", "drop_claim", "drop_code"):
        assert await rows(town.store, f"SELECT count(*) FROM {table}") == [(0,)], table  # noqa: S608 - names above
    assert "no such sample" in (await town.press(running, "mia")).text
    draft = await town.draft()
    assert "Deleted" in (await town.press(draft, "olga", "delete")).text
    assert "gone" in (await town.press(draft, "olga", "show")).text


@one_store
async def test_another_communitys_drop_is_none(town: Town) -> None:
    drop = await town.open()
    await town.bot.arrive("olga", "elsewhere")
    greeting = town.bot.posts[-1]
    done = await town.bot.submit(
        greeting.button("Set me up"), "olga", {"language": "en", "zone": "UTC"}, space="elsewhere"
    )
    assert done.message
    async with town.store.session() as session:
        from sqlalchemy import select
        from sqlmodel import col

        from storage.tables import Community

        other = next(one for one in await session.scalars(select(col(Community.id))) if one != town.community)
    for verb in ("show", "view", "ready", "pub", "end", "ended", "del", "delete", "export", "mine"):
        said = await town.bot.press(Action("sd", verb, (drop,), other), "olga", space="elsewhere")
        assert said.text, verb
    for verb in ("stock", "edit", "ship", "base"):
        assert (await town.bot.press(Action("sd", verb, (drop,), other), "olga", form=True, space="elsewhere")).text
    said = await town.bot.press(Action("sd", "get", (drop,), other), "mia", space="elsewhere")
    assert "no such sample" in said.text
    assert (await town.row(drop)).state == "open"
    assert ADDRESS
