"""Posts that need a person: what managers are asked, and what comes of what they say."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlmodel import col

from core.action import Action
from core.bot import ChannelInfo, Standing
from core.claims import WINDOW
from core.stuck import FRESH, Became, Verdict, decide, mark_of, reason_of
from storage.engine import Store
from storage.tables import Delivery, Space
from storage.tx import Tx
from storage.vault import Vault
from tests.core.conftest import MIGRATIONS
from tests.core.kit import one_store
from tests.core.scene import REFUSED, Scene, labels


# -- what is asked --------------------------------------------------------------------------------------------
@one_store
async def test_nothing_needs_anybody(scene: Scene) -> None:
    seen = await scene.posts()
    assert (seen.text, labels(seen)) == ("All posts went out.", [])


@one_store
async def test_members_are_not_asked(scene: Scene) -> None:
    delivery = await scene.stick("unknown")
    button = (await scene.posts()).button("Post again")
    assert "manage" in (await scene.posts("mia")).text
    assert "manage" in (await scene.bot.press(button, "mia")).text
    assert (await scene.row(delivery)).state == "unknown"


@one_store
async def test_an_unknown_post_says_which_where_and_when(scene: Scene) -> None:
    await scene.stick("unknown", activity=await scene.ask())
    seen = await scene.posts()
    assert labels(seen) == ["It's there", "Post again", "Let it go"]
    for words in (
        "Question of the day: What did you \\*cook\\*?",
        "general · Hall",
        "21 Nov, 09:00",
        "nobody can tell",
    ):
        assert words in seen.text


@one_store
async def test_a_failed_post_says_what_to_do_as_the_channel_is_now(scene: Scene) -> None:
    await scene.stick("failed")
    seen = await scene.posts()
    assert labels(seen) == ["Try again", "Let it go"]
    assert "not in this channel" in seen.text
    assert "worth another try" in seen.text
    scene.bot.rooms = [ChannelInfo("general", "general", writable=False)]
    scene.time.pass_by(seconds=21)
    assert "I may not write in #general: let me write there, then try again." in (await scene.posts()).text
    scene.bot.rooms = []
    scene.time.pass_by(seconds=21)
    assert "I don't see #general any more." in (await scene.posts()).text


@one_store
async def test_a_platform_that_is_silent_keeps_nobody_waiting(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_space: str) -> list[ChannelInfo]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr("core.doors.ANSWER_SECONDS", 0.01)
    monkeypatch.setattr(scene.bot, "channels", never)
    await scene.stick("failed")
    text = (await scene.posts()).text
    assert "not in this channel" in text
    assert "#general" not in text.split("not in this channel")[1]


@one_store
async def test_what_is_over_says_so(scene: Scene) -> None:
    await scene.stick("unknown", activity=await scene.ask(state="closed"))
    assert "closed by now" in (await scene.posts()).text


@one_store
async def test_many_fit_in_what_a_message_holds(scene: Scene) -> None:
    activity = await scene.ask()
    for number in range(9):
        await scene.stick("unknown", channel=f"u{number}", activity=activity)
        await scene.stick("failed", channel=f"n{number}", error=f"try in {number} s", activity=activity)
        await scene.stick("failed", channel="general", activity=await scene.ask(f"Question {number}?"))
    seen = await scene.posts()
    assert len(labels(seen)) == 4 * 3 + 6 * 2
    assert "1. It's there" in labels(seen)
    assert "10. Let it go" in labels(seen)
    assert len(seen.text) < 4000
    # four unknown ones, one question in nine channels, five of the others
    assert "9 more posts need you afterwards." in seen.text


@one_store
async def test_messages_in_private_are_nobody_else_s(scene: Scene) -> None:
    await scene.stick("failed", channel_id=None, account_id=uuid4())
    assert (await scene.posts()).text == "All posts went out."


@one_store
async def test_a_space_without_the_bot_asks_nobody(scene: Scene) -> None:
    await scene.stick("failed")
    table = Space.__table__  # type: ignore[attr-defined]  # set on every model that is a table
    await scene.hall.store.write(lambda tx: tx.execute(table.update().values(removed_at=tx.now)) and None)
    assert (await scene.posts()).text == "All posts went out."


# -- what is said ---------------------------------------------------------------------------------------------
async def test_it_is_there(scene: Scene) -> None:
    delivery = await scene.stick("unknown", activity=await scene.ask())
    seen = await scene.bot.press((await scene.posts()).button("It's there"), "olga")
    assert "it is there" in seen.text
    assert "can't change it" in seen.text
    row = await scene.row(delivery)
    assert (row.state, row.external_id, row.card_plugin, row.shown_revision) == ("sent", None, None, 2)
    assert await scene.incidents() == [("recovered", {"by": "manager"})]
    assert "A manager found it." in (await scene.posts()).text


@pytest.mark.parametrize(("state", "label"), [("unknown", "Post again"), ("failed", "Try again")])
async def test_again_is_a_fresh_start(scene: Scene, state: str, label: str) -> None:
    delivery = await scene.stick(state)
    scene.time.pass_by(hours=5)
    seen = await scene.bot.press((await scene.posts()).button(label), "olga")
    assert "On its way again." in seen.text
    row = await scene.row(delivery)
    assert (row.state, row.attempts, row.checks, row.sent_at, row.error) == ("pending", 0, 0, None, None)
    assert (row.due_at, row.expires_at) == (scene.time.now(), scene.time.now() + FRESH)


@one_store
@pytest.mark.parametrize("left", [None, timedelta(hours=3)])
async def test_again_takes_no_time_away(scene: Scene, left: timedelta | None) -> None:
    expires_at = None if left is None else scene.time.now() + left
    delivery = await scene.stick("failed", expires_at=expires_at)
    await scene.bot.press((await scene.posts()).button("Try again"), "olga")
    assert (await scene.row(delivery)).expires_at == (expires_at or scene.time.now() + WINDOW)


@one_store
async def test_let_go_is_not_sent(scene: Scene) -> None:
    delivery = await scene.stick("failed")
    assert "Let go" in (await scene.bot.press((await scene.posts()).button("Let it go"), "jon")).text
    assert (await scene.row(delivery)).state == "cancelled"


async def test_all_of_one_reason_go_again_and_no_other(scene: Scene) -> None:
    activity, other = await scene.ask(), await scene.ask("And you?")
    several = [await scene.stick("failed", channel=f"c{n}", activity=activity, error=f"in {n} s") for n in range(12)]
    odd = await scene.stick("failed", channel="odd", activity=activity, error="another reason")
    later = await scene.stick("failed", channel="c1", activity=other, error="in 1 s")
    unknown = await scene.stick("unknown", channel="u", activity=activity, error="in 1 s")
    seen = await scene.posts()
    assert "and 7 more" in seen.text
    button = next(one for one in labels(seen) if "Try all 12 again" in one)
    again = await scene.bot.press(seen.button(button), "olga")
    assert "12 posts are on their way again." in again.text
    assert {(await scene.row(one)).state for one in several} == {"pending"}
    assert [(await scene.row(one)).state for one in (odd, later, unknown)] == ["failed", "failed", "unknown"]
    assert "Somebody was quicker" in (await scene.bot.press(seen.button(button), "jon")).text


async def test_two_managers_at_once_and_one_is_told_what_became_of_it(scene: Scene) -> None:
    delivery = await scene.stick("unknown")
    seen = await scene.posts()
    there, again = seen.button("It's there"), seen.button("Post again")
    presses = [scene.bot.press(there if n % 2 else again, "olga" if n % 2 else "jon") for n in range(10)]
    told = [one.text for one in await asyncio.gather(*presses)]
    assert sum("Somebody was quicker" not in one for one in told) == 1
    row = await scene.row(delivery)
    assert row.state in ("pending", "sent")
    assert len(await scene.incidents()) == (row.state == "sent")
    became = "it is posted" if row.state == "sent" else "it is on its way again"
    assert sum(f"Somebody was quicker: {became}." in one for one in told) == 9


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_two_processes_decide_once(scene: Scene, store_url: str, vault: Vault) -> None:
    other = await Store.open(store_url, clock=scene.time.now, vault=vault, plugins=MIGRATIONS)
    mark = mark_of(scene.time.now())
    deliveries = [await scene.stick("unknown", channel=f"c{number}") for number in range(20)]
    done: list[Became] = await asyncio.gather(
        *(
            store.write(partial(decide, community_id=scene.community, verdict=verdict, delivery_id=one, mark=mark))
            for one in deliveries
            for store, verdict in ((scene.hall.store, Verdict.THERE), (other, Verdict.DROP))
        )
    )
    await other.close()
    assert sum(one.done for one in done) == len(deliveries)
    states = [(await scene.row(one)).state for one in deliveries]
    assert len(await scene.incidents()) == states.count("sent")


@one_store
async def test_a_button_of_an_earlier_time_does_nothing(scene: Scene) -> None:
    delivery = await scene.stick("unknown")
    button = (await scene.posts()).button("Post again")
    await scene.bot.press(button, "olga")
    scene.time.pass_by(seconds=30)
    table, now = Delivery.__table__, scene.time.now()  # type: ignore[attr-defined]  # set on every model
    await scene.hall.store.write(lambda tx: tx.execute(table.update().values(state="unknown", sent_at=now)) and None)
    assert "is stuck again" in (await scene.bot.press(button, "jon")).text
    assert (await scene.row(delivery)).state == "unknown"


async def test_forged_presses_change_nothing(scene: Scene) -> None:
    mark = mark_of(scene.time.now())
    delivery = await scene.stick("failed", activity=(activity := await scene.ask()))
    sent = await scene.stick("sent", channel="other")
    mine = scene.community
    for forged in (
        Action("wt", "there", (delivery, mark), mine),  # nobody can say that a refused post is there
        Action("wt", "again", (sent, mark), mine),
        Action("wt", "drop", (sent, mark), mine),
        Action("wt", "again", (delivery,), mine),
        Action("wt", "again", (mark, delivery), mine),
        Action("wt", "again", (uuid4(), mark), mine),
        Action("wt", "agains", (uuid4(), reason_of(REFUSED)), mine),
        Action("wt", "drops", (activity, 7), mine),
        Action("wt", "again", (delivery, mark), uuid4()),
    ):
        await scene.bot.press(forged, "olga")
    assert [(await scene.row(one)).state for one in (delivery, sent)] == ["failed", "sent"]
    assert await scene.incidents() == []


async def test_another_community_s_post_is_out_of_reach(scene: Scene) -> None:
    delivery = await scene.stick("failed")
    mark = mark_of(scene.time.now())
    await scene.bot.arrive("eve", "annexe")
    scene.bot.standings["eve"] = Standing(present=True, roles=frozenset({"owner"}))
    setup = scene.bot.posts[-1].button("Set me up")
    await scene.bot.submit(setup, "eve", {"language": "en", "zone": "Europe/Paris"}, space="annexe")
    async with scene.hall.store.session() as session:
        theirs = await session.scalar(select(col(Space.community_id)).where(col(Space.external_id) == "annexe"))
    assert theirs is not None
    seen = await scene.bot.press(Action("wt", "again", (delivery, mark), theirs), "eve", space="annexe")
    assert "That post is gone." in seen.text
    seen = await scene.bot.press(Action("wt", "again", (delivery, mark), scene.community), "eve", space="annexe")
    assert "no longer does anything" in seen.text
    assert (await scene.row(delivery)).state == "failed"


async def test_a_verdict_in_a_unit_that_fails_is_none(scene: Scene) -> None:
    delivery = await scene.stick("unknown")
    mark = mark_of(scene.time.now())

    def unit(tx: Tx) -> None:
        decide(tx, scene.community, Verdict.THERE, delivery, mark)
        raise RuntimeError("later in the same unit")

    with pytest.raises(RuntimeError):
        await scene.hall.store.write(unit)
    assert (await scene.row(delivery)).state == "unknown"
    assert await scene.incidents() == []


def test_marks_and_reasons_fit_an_action() -> None:
    assert mark_of(None) == 0
    for moment in (datetime(2026, 11, 21, 9, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)):
        assert 0 <= mark_of(moment) < 2**24
    action = Action("wt", "agains", (UUID(int=2**128 - 1), 2**24 - 1), UUID(int=2**128 - 1))
    assert len(action.encode()) <= 64
    assert reason_of("retry after 7 s") == reason_of("retry after 12 s") != reason_of("gone")
