"""Before and after: one question asked twice, of the same people or of others."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from core.message import Button
from core.testing import FakeAnswering
from plugins.surveys.comparing import Change, compare, twin
from plugins.surveys.definition import Definition, Given, Kind, Option, Question, Section
from plugins.surveys.tables import Response
from plugins.surveys.tally import tally
from plugins.surveys.templates import template
from plugins.surveys.toml_text import known
from storage.tx import Tx
from storage.types import id_of
from tests.core.kit import one_store, rows, until
from tests.plugins.survey_crowd import answered
from tests.plugins.surveys import Town, choice, labels, town

__all__ = ["town"]

INTENT = known(template("intent_before", "en")).by_name["intent"]
AFTER = known(template("intent_after", "en")).by_name["intent"]
TEA = Question("tea", Kind.SINGLE, "Tea?", options=(Option("a", "A"), Option("b", "B"), Option("c", "C")))


def people(*answers: str, first: int = 0) -> dict[UUID, Given | None]:
    """What people say, each of them known by their number."""
    return {UUID(int=number): answer for number, answer in enumerate(answers, first)}


def same(*several: dict[UUID, Given | None]) -> dict[UUID, UUID]:
    """Responses of the same ids are the same people's."""
    return {one: one for answers in several for one in answers}


def one_change(
    question: Question, before: dict[UUID, Given | None], after: dict[UUID, Given | None], **more: object
) -> tuple[Change, int | None]:
    found = compare(tally(question, before), tally(question, after), before, after, **more)  # type: ignore[arg-type]  # people
    (change,) = found.changes
    return change, found.both


def test_different_people_are_compared_as_metrics_says() -> None:
    before = people(*["5"] * 40, *["4"] * 50, *["3"] * 110, *["2"] * 50, *["1"] * 50)
    after = people(*["5"] * 60, *["4"] * 60, *["3"] * 80, *["2"] * 50, *["1"] * 50)
    change, both = one_change(INTENT, before, after)
    assert both is None
    assert change.before is not None
    assert change.after is not None
    assert change.change is not None
    assert (change.before.value, change.after.value) == (0.3, 0.4)
    assert change.change.value == pytest.approx(0.1)
    assert change.change.interval == pytest.approx((0.0237, 0.1747), abs=5e-5)
    assert change.p == pytest.approx(0.0102, abs=5e-5)
    assert change.sure
    assert change.up


def test_the_same_people_are_paired() -> None:
    before = people(*["5"] * 20, *["3"] * 30, *["1"] * 10)
    after = people(*["5"] * 20, *["4"] * 12, *["3"] * 18, *["1"] * 10)
    change, both = one_change(INTENT, before, after, people=same(before, after))
    assert both == 60
    assert change.change is not None
    assert change.change.formula.name == "change of the same members"
    assert change.change.value == pytest.approx(12 / 60)
    assert change.test is not None
    assert change.test.name == "McNemar"
    assert change.p == pytest.approx(2 * 0.5**12)
    # The same counts of different people show nothing for sure.
    other, none = one_change(INTENT, before, after)
    assert none is None
    assert other.p > change.p


@pytest.mark.parametrize(
    ("lost", "gone", "new"),
    [(2, 0, 0), (0, 1, 0), (0, 0, 4), (0, 3, 1), (7, 4, 8)],
)
def test_a_pairing_that_would_tell_of_few_is_none(lost: int, gone: int, new: int) -> None:
    staying = 60 - lost - gone
    before = people(*["5"] * (20 + lost + gone), *["3"] * (staying - 20))
    after = people(*["5"] * 20, *["3"] * lost, *["4"] * 12, *["3"] * (staying - 32))
    after |= people(*["3"] * new, first=1000)
    # Who is gone said “5” before and nothing after: the numbers from 20 on shift, so leave them out by hand.
    for number in range(20 + lost, 20 + lost + gone):
        after[UUID(int=number)] = None
    change, both = one_change(INTENT, before, after, people=same(before, after))
    assert both is None
    assert change.change is not None
    assert change.change.formula.name == "difference"


def test_what_is_hidden_stays_hidden() -> None:
    before = people(*["5"] * 3, *["1"] * 40)
    after = people(*["5"] * 20, *["1"] * 20)
    change, _both = one_change(INTENT, before, after, people=same(before, after))
    assert (change.before, change.change) == (None, None)
    assert not change.sure


def test_many_answers_are_corrected_for_how_many_they_are() -> None:
    before, after = people(*"a" * 30, *"b" * 30, *"c" * 30), people(*"a" * 18, *"b" * 30, *"c" * 42)
    found = compare(tally(TEA, before), tally(TEA, after), before, after, same(before, after))
    assert found.both is None
    assert [one.test is not None for one in found.changes] == [True] * 3
    first, second, third = found.changes
    assert first.test is not None
    assert first.p == pytest.approx(3 * min(first.test.p, third.test.p if third.test else 1), rel=0.6)
    assert not second.sure
    assert second.p == 1.0


def test_a_twin_has_the_same_name_or_words_and_the_same_answers() -> None:
    def of(question: Question) -> Definition:
        return Definition("T", (Section((question,)),))

    assert twin(INTENT, of(AFTER)) == AFTER
    assert twin(TEA, of(replace(TEA, name="q7"))) is not None
    assert twin(TEA, of(replace(TEA, name="q7", ask="Coffee?"))) is None
    assert twin(TEA, of(replace(TEA, options=TEA.options[:2]))) is None
    assert twin(Question("n", Kind.NUMBER, "N"), of(Question("n", Kind.NUMBER, "N"))) is None


# -- in chat ---------------------------------------------------------------------------------------------------------
async def closed(
    town: Town,
    name: str,
    sheets: list[dict[str, Given | None]],
    accounts: list[UUID] | None,
    *,
    anonymous: bool = False,
) -> UUID:
    """A template that so many answered, with these accounts, and that is closed; its wave."""
    text = template(name, "en")
    wave = await town.open(text.replace("anonymous = false", "anonymous = true") if anonymous else text)
    await answered(town.store, town.community, wave, sheets)

    def unit(tx: Tx) -> None:
        here = (col(Response.community_id) == town.community, col(Response.wave_id) == wave)
        ids = tx.execute(select(col(Response.id)).where(*here).order_by(col(Response.finished_at))).scalars().all()
        for response, account in zip(ids, accounts or [], strict=True):
            tx.execute(update(Response).where(*here, col(Response.id) == response).values(account_id=account))

    if accounts is not None:
        await town.store.write(unit)
    await town.bot.press(town.action("close", (await town.wave(wave)).survey_id), "olga")
    await town.look()
    town.time.pass_by(days=7)
    return wave


def sheets(*intent: str, **more: Given | None) -> list[dict[str, Given | None]]:
    return [{"intent": one, "why": None, **more} for one in intent]


async def press(town: Town, seen: FakeAnswering, label: str) -> FakeAnswering:
    return await town.bot.press(seen.button(label), "olga")


@one_store
async def test_purchase_intent_before_and_after_of_the_same_people(town: Town) -> None:
    accounts = [uuid4() for _person in range(60)]
    before = await closed(town, "intent_before", sheets(*["5"] * 20, *["3"] * 40, knows="no"), accounts)
    seen = await press(town, await town.press(before, "olga", "qw"), "Before and after")
    assert "No other wave asked this" in seen.text
    after = await closed(town, "intent_after", sheets(*["5"] * 20, *["4"] * 12, *["3"] * 28, tried="no"), accounts)
    listed = await town.bot.command("results", "olga")
    seen = await town.bot.choose(choice(listed).action, "olga", choice(listed).options[0].value)
    seen = await press(town, seen, "Before and after")
    assert seen.message is not None
    assert str(seen.message.title) == "Would you buy it, at its usual price?"
    assert "Before: Would you buy it? Before · 21 Nov 2026" in seen.text
    assert (
        "**Definitely or probably would buy**\n- 33% (23–46) → 53% (41–65)\n- +20 points (+10.3 to +20)" in seen.text
    )
    assert "It went up, by more than chance." in seen.text
    assert "the change is that of the 60 who answered both times" in seen.text
    assert "McNemar, p < 0.001" in seen.text
    drawn = await press(town, seen, "Picture")
    assert drawn.message is not None
    assert drawn.message.image is not None
    assert drawn.message.image.data.startswith(b"\x89PNG")
    assert "53% (41–65)" in str(drawn.message.image.alt)
    posts = len(town.bot.posts)
    assert "2 channels" in (await press(town, drawn, "Post it")).text
    await until(lambda: len(town.bot.posts) == posts + 1)
    assert "by more than chance" in str(town.bot.posts[-1].message.text)
    assert "already" in (await press(town, drawn, "Post it")).text
    # From the other side it is the same, and the earlier one stays the first.
    other = await press(town, await town.press(before, "olga", "qw"), "Before and after")
    assert other.text == seen.text
    for verb in ("qd", "qdd", "qdp", "qdo"):
        refused = await town.bot.press(town.action(verb, after, 1, 7), "mia")
        assert "Only those who manage" in refused.text
        assert "gone" in (await town.bot.press(town.action(verb, after, 99, 7), "olga")).text


@one_store
async def test_who_answers_with_another_account_of_theirs_is_the_same_person(town: Town) -> None:
    await town.link("mia", "mona")
    linked = "SELECT a.id, b.id FROM account a JOIN account b ON a.person_id = b.person_id AND a.id < b.id"
    [(mia, mona)] = await rows(town.store, linked)
    others = [uuid4() for _person in range(39)]
    before, after = sheets(*["5"] * 10, *["3"] * 30, knows="no"), sheets(*["4"] * 24, *["3"] * 16, tried="no")
    await closed(town, "intent_before", before, [id_of(mia), *others])
    wave = await closed(town, "intent_after", after, [id_of(mona), *others])
    seen = await press(town, await town.press(wave, "olga", "qw"), "Before and after")
    assert "the change is that of the 40 who answered both times" in seen.text
    await town.bot.command("unlink", "mia")
    seen = await press(town, await town.press(wave, "olga", "qw"), "Before and after")
    assert "reckoned as of different people" in seen.text


@one_store
async def test_anonymous_surveys_are_never_paired(town: Town) -> None:
    accounts = [uuid4() for _person in range(40)]
    await closed(town, "intent_before", sheets(*["5"] * 10, *["3"] * 30, knows="no"), accounts)
    after = await closed(town, "intent_after", sheets(*["4"] * 14, *["3"] * 26, tried="no"), None, anonymous=True)
    third = await closed(town, "intent_after", sheets(*["4"] * 4, tried="no"), None)
    seen = await press(town, await town.press(after, "olga", "qw"), "Before and after")
    assert len(choice(seen).options) == 2
    few = await town.bot.choose(choice(seen).action, "olga", choice(seen).options[0].value)
    assert "Fewer than 5" in few.text
    told = await town.bot.choose(choice(seen).action, "olga", choice(seen).options[1].value)
    assert "reckoned as of different people" in told.text
    assert "Too close to call: it may be chance." in told.text
    assert "only a rise of 30 points or more" in told.text
    assert "Picture" in labels(told)
    assert "Fewer than 5" in (await town.press(third, "olga", "qw")).text
    assert not any(isinstance(one, Button) and one.url for one in (told.message.controls if told.message else ()))
